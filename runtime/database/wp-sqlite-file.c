#include "runtime/database/wp-sqlite-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/database/wp-sqlite-log.h"
#include "runtime/database/wp-sqlite-settings.h"
#include "sim/base/wp-error.h"

struct _WpSqliteFile {
  char *path;                  /* absolute, so that SQLite does not take it for a URI */
  char *log_path, *index_path; /* beside the file that @path leads to; NULL before the first open */
  sqlite3 *db;
  gboolean unsynced; /* a new file that may not be on the disk yet */
  gboolean distrusted;
  WpFileId main, log, index; /* the files that were opened */
};

static gboolean
fail (GError **error, const char *why)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_IO, why);
  return FALSE;
}

char *
wp_sqlite_file_describe_error (sqlite3 *db)
{
  int system_errno = sqlite3_system_errno (db), status = sqlite3_errcode (db) & 0xff;

  if (system_errno == 0 || (status != SQLITE_CANTOPEN && status != SQLITE_IOERR))
    return g_strdup (sqlite3_errmsg (db));
  return g_strdup_printf ("%s: %s", sqlite3_errmsg (db), g_strerror (system_errno));
}

static gboolean
fail_by_sqlite (GError **error, sqlite3 *db)
{
  g_autofree char *why = wp_sqlite_file_describe_error (db);

  return fail (error, why);
}

static gboolean
is_at (const WpFileId *id, const char *path)
{
  WpFileId now;

  return wp_file_id_of_path (&now, path) && wp_file_id_equal (&now, id);
}

static gboolean
execute (sqlite3 *db, const char *sql)
{
  return sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static gboolean
query_number (sqlite3 *db, const char *sql, gint64 *number)
{
  sqlite3_stmt *statement = NULL;
  gboolean ok = sqlite3_prepare_v2 (db, sql, -1, &statement, NULL) == SQLITE_OK
                && sqlite3_step (statement) == SQLITE_ROW;

  if (ok)
    *number = sqlite3_column_int64 (statement, 0);
  return sqlite3_finalize (statement) == SQLITE_OK && ok;
}

static gboolean
count_tables (sqlite3 *db, gint64 *n)
{
  return query_number (db, "SELECT count(*) FROM sqlite_master", n);
}

WpSqliteFile *
wp_sqlite_file_new (const char *path)
{
  WpSqliteFile *self = g_new0 (WpSqliteFile, 1);

  self->path = g_canonicalize_filename (path, NULL);
  return self;
}

void
wp_sqlite_file_free (WpSqliteFile *self)
{
  wp_sqlite_file_close (self);
  g_free (self->index_path);
  g_free (self->log_path);
  g_free (self->path);
  g_free (self);
}

/* SQLite would discard the rows of a log without its file. */
static gboolean
check_no_stray_log (const WpSqliteFile *self, GError **error)
{
  g_autofree char *log_path = g_strconcat (self->path, "-wal", NULL);
  struct stat status;

  if (stat (log_path, &status) != 0 || status.st_size == 0)
    return TRUE;
  return wp_fail (
      error, WP_ERROR_IO,
      "the file is missing, but its log %s exists: move the file back beside its log, or remove the log",
      log_path);
}

/* SQLite gives the log and its index the mode of this file. */
static gboolean
create (const WpSqliteFile *self, GError **error)
{
  struct stat status;
  int fd;

  if (stat (self->path, &status) == 0 && status.st_size > 0)
    return TRUE;
  if (!check_no_stray_log (self, error))
    return FALSE;
  if (stat (self->path, &status) == 0)
    return TRUE;
  fd = open (self->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail (error, g_strerror (errno));
  fchmod (fd, 0600);
  close (fd);

  return TRUE;
}

/* Until the file is known to be ours, closing the connection must not copy a log into it. */
static gboolean
connect_file (WpSqliteFile *self, int busy_ms, GError **error)
{
  if (sqlite3_open_v2 (self->path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return fail_by_sqlite (error, self->db);
  sqlite3_busy_timeout (self->db, busy_ms);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  if (sqlite3_db_readonly (self->db, "main") == 1)
    return fail (error, "it is read-only");
  return TRUE;
}

static gboolean
fail_as_foreign (GError **error, const char *why)
{
  return wp_fail (error, WP_ERROR_IO, "it is another program's database: %s", why);
}

/* Does not write. */
static gboolean
check_kind (const WpSqliteFile *self, gboolean *is_new, GError **error)
{
  gint64 application, n_tables;
  g_autofree char *id = NULL;

  if (!query_number (self->db, "PRAGMA application_id", &application) || !count_tables (self->db, &n_tables))
    return fail_by_sqlite (error, self->db);
  id = g_strdup_printf ("its application_id is 0x%08x", (guint32) application);
  if (application != 0 && application != WP_SQLITE_APPLICATION_ID)
    return fail_as_foreign (error, id);
  *is_new = n_tables == 0;

  return TRUE;
}

static gboolean
check_table (const WpSqliteFile *self, GError **error)
{
  sqlite3_stmt *statement = NULL;
  int status = sqlite3_prepare_v2 (self->db, WP_SQLITE_INSERT, -1, &statement, NULL);

  sqlite3_finalize (statement);
  if (status == SQLITE_OK)
    return TRUE;
  if (status == SQLITE_ERROR)
    return fail_as_foreign (error, sqlite3_errmsg (self->db));
  return fail_by_sqlite (error, self->db);
}

/* The file is ours; afterwards it has a log. A process that died before it synced the file may have left a
 * log: as much of it is copied as readers allow. */
static gboolean
set_up (WpSqliteFile *self, gboolean is_new, GError **error)
{
  gint64 n_tables;

  self->unsynced = is_new;
  if ((!is_new || execute (self->db, WP_SQLITE_SCHEMA)) && execute (self->db, WP_SQLITE_SETTINGS)
      && execute (self->db, "PRAGMA journal_mode=WAL") && count_tables (self->db, &n_tables)
      && (is_new || wp_sqlite_log_copy (self->db)))
    return TRUE;
  return fail_by_sqlite (error, self->db);
}

gboolean
wp_sqlite_file_sync_new (WpSqliteFile *self)
{
  sqlite3_file *file = NULL;

  if (!self->unsynced)
    return TRUE;
  if (sqlite3_file_control (self->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK)
    self->unsynced = file->pMethods->xSync (file, SQLITE_SYNC_NORMAL) != SQLITE_OK;
  return !self->unsynced;
}

/* Remembers the open files, and checks that their names lead to them. A log that stays beside another file
 * would be copied into it by the next open: it is emptied. */
static gboolean
note_files (WpSqliteFile *self, GError **error)
{
  const char *main_path = sqlite3_db_filename (self->db, "main");
  int moved = 1;

  g_free (self->log_path);
  g_free (self->index_path);
  self->log_path = g_strdup (sqlite3_filename_wal (main_path));
  self->index_path = g_strconcat (main_path, "-shm", NULL);
  if (!wp_file_id_of_path (&self->main, self->path) || !wp_file_id_of_path (&self->log, self->log_path)
      || !wp_file_id_of_path (&self->index, self->index_path))
    fail (error, "it has no write-ahead log");
  else if (sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && !moved)
    return TRUE;
  else
    fail (error, "the file is being replaced");
  wp_sqlite_log_write_back (self->db);

  return FALSE;
}

/* While any process has the log's index open, a checkpoint continues where the last one ended, synced or not.
 * An exclusive connection rebuilds the index and begins at the start of the log. */
static gboolean
copy_all (WpSqliteFile *self, GError **error)
{
  gint64 n_tables;

  if (!is_at (&self->main, self->path))
    return fail (error, "the file was replaced before its whole log was copied into it");
  return connect_file (self, WP_SQLITE_BUSY_MS, error)
         && ((execute (self->db, "PRAGMA locking_mode=EXCLUSIVE;" WP_SQLITE_SETTINGS)
              && count_tables (self->db, &n_tables) && wp_sqlite_log_write_back (self->db))
             || fail_by_sqlite (error, self->db));
}

static gboolean
regain_trust (WpSqliteFile *self, GError **error)
{
  gboolean ok = copy_all (self, error);

  g_clear_pointer (&self->db, sqlite3_close);
  self->distrusted = !ok;
  return ok;
}

static gboolean
open_own (WpSqliteFile *self, int busy_ms, GError **error)
{
  gboolean is_new = FALSE;

  return create (self, error) && connect_file (self, busy_ms, error) && check_kind (self, &is_new, error)
         && (is_new || check_table (self, error)) && set_up (self, is_new, error) && note_files (self, error);
}

gboolean
wp_sqlite_file_open (WpSqliteFile *self, int busy_ms, GError **error)
{
  if (self->distrusted && !regain_trust (self, error))
    return FALSE;
  if (!open_own (self, busy_ms, error))
    {
      g_clear_pointer (&self->db, sqlite3_close);
      return FALSE;
    }
  sqlite3_busy_timeout (self->db, WP_SQLITE_BUSY_MS);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);

  return TRUE;
}

sqlite3 *
wp_sqlite_file_get_db (const WpSqliteFile *self)
{
  return self->db;
}

const char *
wp_sqlite_file_get_path (const WpSqliteFile *self)
{
  return self->path;
}

gboolean
wp_sqlite_file_is_in_place (const WpSqliteFile *self)
{
  return is_at (&self->main, self->path) && is_at (&self->log, self->log_path)
         && is_at (&self->index, self->index_path);
}

/* If only the log has lost its place, the rest is left to SQLite: other programs may have it open. */
static void
remove_beside (const WpSqliteFile *self)
{
  int moved = 0;

  sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (!moved)
    return;
  if (is_at (&self->log, self->log_path))
    unlink (self->log_path);
  if (is_at (&self->index, self->index_path))
    unlink (self->index_path);
}

gboolean
wp_sqlite_file_close_moved (WpSqliteFile *self, GError **error)
{
  if (!wp_sqlite_log_write_back (self->db))
    {
      fail_by_sqlite (error, self->db);
      g_prefix_error (error, "the file was removed or replaced, and its log cannot be copied into it: ");
      return FALSE;
    }
  remove_beside (self);
  g_clear_pointer (&self->db, sqlite3_close);

  return TRUE;
}

void
wp_sqlite_file_close (WpSqliteFile *self)
{
  if (self->db && !wp_sqlite_file_is_in_place (self))
    wp_sqlite_file_close_moved (self, NULL);
  g_clear_pointer (&self->db, sqlite3_close);
}

void
wp_sqlite_file_abandon (WpSqliteFile *self, gboolean distrusted)
{
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  g_clear_pointer (&self->db, sqlite3_close);
  self->distrusted = distrusted;
}
