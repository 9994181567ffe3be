#include "runtime/database/wp-journal-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/database/wp-sqlite-log.h"
#include "sim/base/wp-error.h"

#define APPLICATION_ID   "0x77706a6c" /* "wpjl", in the file's header; see file(1) */
#define VERSION          1
#define BUSY_TIMEOUT_MS  2000 /* another program may read the file, such as sqlite3(1) */
#define PAGE_BYTES       4096
#define LOG_PAGES        1000       /* the log is copied into the file from here on: SQLite's own default */
#define LOG_BYTES        (16 << 20) /* size to which a log is truncated after a burst */
#define ROOM_BYTES       (256 * 1024)
#define MAX_COMMIT_BYTES (8u << 20)

struct _WpJournalFile {
  char *path;
  int lock_fd; /* -1: not locked. Closed last: closing any descriptor of the file drops SQLite's own locks */
  guint64 max_bytes;   /* of file and log; 0: no limit */
  sqlite3 *db;         /* NULL: closed; the next transaction opens it */
  WpFileId log;        /* the log that is open */
  gboolean is_suspect; /* a write failed: the log may not be on the disk */
  guint64 file_bytes;  /* as of the last commit, including pages that are only in the log */
  sqlite3_stmt *begin, *insert, *fail, *remove, *commit, *rollback, *page_count, *next;
  char *why;
};

static const char schema[]
    = "BEGIN;"
      "CREATE TABLE jobs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, received TEXT NOT NULL, method TEXT "
      "NOT NULL, path TEXT NOT NULL,"
      " content_type TEXT, service_ns INTEGER, body BLOB, failed TEXT, updates INTEGER, reason TEXT);"
      "CREATE INDEX failed ON jobs (failed) WHERE failed IS NOT NULL;"
      "PRAGMA application_id=" APPLICATION_ID ";"
      "PRAGMA user_version=" G_STRINGIFY (VERSION) ";"
                                                   "COMMIT;";

/* The file is limited to 13/16 of the limit, so that the log always has some of it. */
#define PRAGMAS                                                                                              \
  "PRAGMA page_size=%d; PRAGMA max_page_count=%" G_GUINT64_FORMAT                                            \
  "; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"                                                      \
  "PRAGMA journal_size_limit=%" G_GUINT64_FORMAT "; PRAGMA wal_autocheckpoint=%" G_GUINT64_FORMAT

static gboolean
set_error (GError **error, const char *path, const char *what)
{
  return wp_fail (error, WP_ERROR_IO, "%s: %s", path, what);
}

/* flock() keeps out other servers; a lock of SQLite's would keep out all readers. */
static gboolean
lock (WpJournalFile *self, gboolean create, GError **error)
{
  self->lock_fd = open (self->path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
  if (self->lock_fd < 0)
    return set_error (error, self->path, g_strerror (errno));
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  return set_error (error, self->path,
                    errno == EWOULDBLOCK ? "another wp-server uses this journal" : g_strerror (errno));
}

/* A file with SQLite's signature is a database, perhaps a damaged one. */
static gboolean
has_signature (const WpJournalFile *self)
{
  static const char signature[16] = "SQLite format 3";
  char begin[sizeof signature];

  return pread (self->lock_fd, begin, sizeof begin, 0) == (gssize) sizeof begin
         && memcmp (begin, signature, sizeof begin) == 0;
}

static gboolean
set_damaged (WpJournalFile *self, const char *how, GError **error)
{
  return wp_fail (error, WP_ERROR_IO,
                  "%s is damaged: %s; restore it from a copy, or move it away to start with a new one",
                  self->path, how);
}

/* SQLite would remove the log of an empty database, with the jobs in it. */
static gboolean
check_not_emptied (WpJournalFile *self, GError **error)
{
  g_autofree char *log = g_strconcat (self->path, "-wal", NULL);
  struct stat file, log_file;

  return fstat (self->lock_fd, &file) != 0 || file.st_size > 0 || stat (log, &log_file) != 0
         || log_file.st_size == 0 || set_damaged (self, "it is empty, and its write-ahead log is not", error);
}

/* Explains SQLite's last error to the operator who starts the server. */
static gboolean
set_read_error (WpJournalFile *self, GError **error)
{
  int code = sqlite3_errcode (self->db);
  const char *message = sqlite3_errmsg (self->db);

  if (code == SQLITE_CORRUPT || (code == SQLITE_NOTADB && has_signature (self)))
    set_damaged (self, message, error);
  else if (code == SQLITE_NOTADB)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s is not a journal of wp-server: %s", self->path, message);
  else
    set_error (error, self->path, message);
  return FALSE;
}

static gboolean
query_number (WpJournalFile *self, const char *sql, gint64 *number, GError **error)
{
  sqlite3_stmt *statement = NULL;
  gboolean ok = sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL) == SQLITE_OK
                && sqlite3_step (statement) == SQLITE_ROW;

  if (ok)
    *number = sqlite3_column_int64 (statement, 0);
  else
    set_read_error (self, error);
  sqlite3_finalize (statement);

  return ok;
}

/* Does not write: the file may be another program's. */
static gboolean
check_kind (WpJournalFile *self, gboolean *is_new, GError **error)
{
  gint64 application, n_tables, version;

  if (!query_number (self, "PRAGMA application_id", &application, error)
      || !query_number (self, "SELECT count(*) FROM sqlite_master", &n_tables, error)
      || !query_number (self, "PRAGMA user_version", &version, error))
    return FALSE;
  *is_new = application == 0 && n_tables == 0;
  if (!*is_new && application != g_ascii_strtoll (APPLICATION_ID, NULL, 0))
    g_set_error (error, WP_ERROR, WP_ERROR_IO,
                 "%s is not a journal of wp-server, but another program's database", self->path);
  else if (!*is_new && version != VERSION)
    g_set_error (error, WP_ERROR, WP_ERROR_IO,
                 "%s is a journal of version %" G_GINT64_FORMAT "; this wp-server supports version %d",
                 self->path, version, VERSION);
  else
    return TRUE;
  return FALSE;
}

static gboolean
prepare (WpJournalFile *self, const char *sql, sqlite3_stmt **statement)
{
  return sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK;
}

/* An existing row must be of the same job, which has failed meanwhile; a row of another job is not changed.
 */
static gboolean
prepare_all (WpJournalFile *self)
{
  return prepare (self, "BEGIN IMMEDIATE", &self->begin) && prepare (self, "COMMIT", &self->commit)
         && prepare (self, "ROLLBACK", &self->rollback)
         && prepare (self, "PRAGMA page_count", &self->page_count)
         && prepare (self,
                     "INSERT INTO jobs VALUES (?,?,?,?,?,?,?,?,NULL,NULL,NULL) ON CONFLICT (seq) DO UPDATE"
                     " SET failed = failed WHERE id = excluded.id",
                     &self->insert)
         && prepare (
             self,
             "INSERT INTO jobs VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (seq) DO UPDATE"
             " SET failed = excluded.failed, updates = excluded.updates, reason = excluded.reason WHERE "
             "id = excluded.id",
             &self->fail)
         && prepare (self, "DELETE FROM jobs WHERE seq = ?", &self->remove)
         && prepare (self,
                     "SELECT seq, id, received, method, path, content_type, service_ns, body FROM jobs"
                     " WHERE seq > ? AND seq <= ? AND failed IS NULL ORDER BY seq LIMIT 1",
                     &self->next);
}

static gboolean
set_up (WpJournalFile *self)
{
  guint64 share = self->max_bytes / 16, n_pages = MAX (13 * share / PAGE_BYTES, 10);
  g_autofree char *text = NULL;

  if (self->max_bytes == 0)
    text = g_strdup_printf (PRAGMAS, PAGE_BYTES, (guint64) 0xfffffffe, (guint64) LOG_BYTES,
                            (guint64) LOG_PAGES);
  else
    text = g_strdup_printf (PRAGMAS, PAGE_BYTES, n_pages, MIN (LOG_BYTES, share),
                            CLAMP (share / PAGE_BYTES, 1, LOG_PAGES));

  return sqlite3_exec (self->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

static gboolean
open_file (WpJournalFile *self)
{
  if (sqlite3_open_v2 (self->path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return FALSE;
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);

  return TRUE;
}

static void
measure (WpJournalFile *self)
{
  if (sqlite3_step (self->page_count) == SQLITE_ROW)
    self->file_bytes = (guint64) sqlite3_column_int64 (self->page_count, 0) * PAGE_BYTES;
  sqlite3_reset (self->page_count);
}

static gboolean
open_database (WpJournalFile *self, GError **error)
{
  gboolean is_new;

  if (!open_file (self))
    return set_error (error, self->path, sqlite3_errmsg (self->db));
  if (!check_kind (self, &is_new, error))
    return FALSE;
  if (!set_up (self) || (is_new && sqlite3_exec (self->db, schema, NULL, NULL, NULL) != SQLITE_OK)
      || !prepare_all (self))
    return set_read_error (self, error);
  measure (self);

  return wp_sqlite_log_find (&self->log, self->path)
         || set_error (error, self->path, "it has no write-ahead log");
}

static void
close_database (WpJournalFile *self)
{
  sqlite3_stmt **const statements[] = { &self->begin,  &self->insert,   &self->fail,       &self->remove,
                                        &self->commit, &self->rollback, &self->page_count, &self->next };

  for (guint i = 0; i < G_N_ELEMENTS (statements); i++)
    g_clear_pointer (statements[i], sqlite3_finalize);
  g_clear_pointer (&self->db, sqlite3_close);
}

/* The system's limit of file sizes (ulimit -f) applies too: at this limit the file could not be shortened. */
static guint64
with_system_limit (guint64 max_bytes)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
    return max_bytes;
  return max_bytes == 0 ? limit.rlim_cur : MIN (max_bytes, limit.rlim_cur);
}

WpJournalFile *
wp_journal_file_open (const char *path, gboolean create, guint64 max_bytes, GError **error)
{
  g_autoptr (WpJournalFile) self = g_new0 (WpJournalFile, 1);

  self->path = g_strdup (path);
  self->lock_fd = -1;
  self->max_bytes = with_system_limit (max_bytes);
  if (!lock (self, create, error) || !check_not_emptied (self, error) || !open_database (self, error))
    return NULL;
  if (!wp_journal_file_check_place (self))
    {
      set_error (error, self->path, self->why);
      return NULL;
    }

  return g_steal_pointer (&self);
}

gboolean
wp_journal_file_count (WpJournalFile *self, WpJournalFileCounts *counts, GError **error)
{
  return query_number (self, "SELECT ifnull(max(seq), 0) FROM jobs", &counts->last_row, error)
         && query_number (self, "SELECT count(*) FROM jobs WHERE failed IS NOT NULL", &counts->failed, error)
         && query_number (self, "SELECT count(*) FROM jobs", &counts->jobs, error);
}

/* Rolls back the transaction, if there is one. */
static gboolean
fail_with (WpJournalFile *self, const char *why)
{
  g_free (self->why);
  self->why = g_strdup (why);
  if (self->db && sqlite3_errcode (self->db) == SQLITE_IOERR)
    self->is_suspect = TRUE;
  if (self->db && !sqlite3_get_autocommit (self->db))
    {
      sqlite3_step (self->rollback);
      sqlite3_reset (self->rollback);
    }
  return FALSE;
}

static gboolean
run (WpJournalFile *self, sqlite3_stmt *statement)
{
  int status = sqlite3_step (statement);

  sqlite3_reset (statement);
  return status == SQLITE_DONE || fail_with (self, sqlite3_errmsg (self->db));
}

/* The statement must have written one row. */
static gboolean
run_for_row (WpJournalFile *self, sqlite3_stmt *statement)
{
  return run (self, statement)
         && (sqlite3_changes (self->db) == 1 || fail_with (self, "another job has the row already"));
}

static void
bind_text (sqlite3_stmt *statement, int column, const char *text)
{
  sqlite3_bind_text (statement, column, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

/* Binds the columns that both inserts begin with. @received must live until the statement has run. */
static gboolean
bind_job (sqlite3_stmt *statement, gint64 row, WpJob *job, char received[WP_TIME_BUFFER])
{
  gsize size = 0;
  const void *body = job->body ? g_bytes_get_data (job->body, &size) : NULL;

  sqlite3_bind_int64 (statement, 1, row);
  bind_text (statement, 2, wp_job_key (job));
  bind_text (statement, 3, wp_time_format_iso8601 (received, wp_job_received_ns (job)));
  bind_text (statement, 4, job->method);
  bind_text (statement, 5, job->path);
  bind_text (statement, 6, job->content_type);
  if (job->asked_service_ns != WP_TIME_NONE)
    sqlite3_bind_int64 (statement, 7, job->asked_service_ns);
  else
    sqlite3_bind_null (statement, 7);

  return sqlite3_bind_blob64 (statement, 8, body ? body : "", size, SQLITE_STATIC) == SQLITE_OK;
}

static guint64
share_of_limit (const WpJournalFile *self)
{
  return self->max_bytes / 16;
}

/* May the log grow by @add_bytes? One share of the limit is reserved for changes that make room: the rows of
 * jobs that are stored or have failed. */
static gboolean
has_log_room (WpJournalFile *self, gsize add_bytes)
{
  guint64 share = share_of_limit (self), most = 15 * share, log_bytes = wp_sqlite_log_bytes (self->db);

  most
      = MAX (most > self->file_bytes ? most - self->file_bytes : 0, 2 * share) + (add_bytes == 0 ? share : 0);
  return self->max_bytes == 0 || log_bytes == 0 || log_bytes + add_bytes <= most;
}

/* SQLite restarts a copied log by itself, but does not shorten it. */
static gboolean
make_log_room (WpJournalFile *self, gsize add_bytes)
{
  if (has_log_room (self, add_bytes))
    return TRUE;
  sqlite3_busy_timeout (self->db, 0);
  wp_sqlite_log_write_back (self->db);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);

  return has_log_room (self, add_bytes)
         || fail_with (self,
                       "its write-ahead log cannot be shortened while another program reads the journal");
}

static gboolean
is_in_place (const WpJournalFile *self)
{
  WpFileId named, locked;

  return wp_file_id_of_descriptor (&locked, self->lock_fd) && wp_file_id_of_path (&named, self->path)
         && wp_file_id_equal (&named, &locked);
}

static gboolean
has_its_log (const WpJournalFile *self)
{
  WpFileId log;

  return wp_sqlite_log_find (&log, self->path) && wp_file_id_equal (&log, &self->log);
}

/* After a failed write, or if the next start would not find the log: copies the whole log into the file,
 * syncs and closes it. A moved file is then complete, and its log is removed from beside its successor. */
static gboolean
write_back_and_close (WpJournalFile *self)
{
  self->is_suspect = TRUE;
  if (!wp_sqlite_log_write_back (self->db))
    return fail_with (self, sqlite3_errmsg (self->db));
  close_database (self);
  if (!is_in_place (self))
    wp_sqlite_log_remove (self->path, &self->log);
  self->is_suspect = FALSE;

  return TRUE;
}

static gboolean
open_again (WpJournalFile *self)
{
  if (!is_in_place (self))
    return fail_with (self, "the file was removed or replaced");
  if (open_file (self) && set_up (self) && prepare_all (self) && wp_sqlite_log_find (&self->log, self->path))
    return TRUE;
  fail_with (self, sqlite3_errmsg (self->db));
  close_database (self);

  return FALSE;
}

gboolean
wp_journal_file_begin (WpJournalFile *self, gsize add_bytes)
{
  if (self->db && self->is_suspect && !write_back_and_close (self))
    return FALSE;
  return (self->db || open_again (self)) && make_log_room (self, add_bytes) && run (self, self->begin);
}

gboolean
wp_journal_file_insert (WpJournalFile *self, gint64 row, WpJob *job)
{
  char received[WP_TIME_BUFFER];

  return bind_job (self->insert, row, job, received) ? run_for_row (self, self->insert)
                                                     : fail_with (self, sqlite3_errmsg (self->db));
}

gboolean
wp_journal_file_fail (WpJournalFile *self, gint64 row, WpJob *job)
{
  char received[WP_TIME_BUFFER], failed[WP_TIME_BUFFER];

  bind_text (self->fail, 9, wp_time_format_iso8601 (failed, g_get_real_time () * WP_NS_PER_US));
  /* a conflict is one attempt: it is not repeated */
  sqlite3_bind_int64 (self->fail, 10, MAX (job->n_failures, 1));
  bind_text (self->fail, 11, job->failure);

  return bind_job (self->fail, row, job, received) ? run_for_row (self, self->fail)
                                                   : fail_with (self, sqlite3_errmsg (self->db));
}

gboolean
wp_journal_file_remove (WpJournalFile *self, gint64 row)
{
  sqlite3_bind_int64 (self->remove, 1, row);
  return run (self, self->remove);
}

/* Creates a table and drops it. If the drop fails, the next call repeats it; the table of jobs is unaffected.
 */
gboolean
wp_journal_file_has_room (WpJournalFile *self)
{
  guint bytes = self->max_bytes > 0 ? (guint) MIN (share_of_limit (self), ROOM_BYTES) : ROOM_BYTES;
  g_autofree char *fill
      = g_strdup_printf ("DROP TABLE IF EXISTS room; CREATE TABLE room AS SELECT zeroblob (%u) AS bytes;",
                         bytes);

  return wp_journal_file_begin (self, bytes)
         && (sqlite3_exec (self->db, fill, NULL, NULL, NULL) == SQLITE_OK
             || fail_with (self, sqlite3_errmsg (self->db)))
         && wp_journal_file_commit (self)
         && (sqlite3_exec (self->db, "DROP TABLE room", NULL, NULL, NULL) == SQLITE_OK
             || fail_with (self, sqlite3_errmsg (self->db)));
}

gboolean
wp_journal_file_check_place (WpJournalFile *self)
{
  gboolean has_log;

  if (!self->db)
    return TRUE;
  has_log = has_its_log (self);
  if (has_log && is_in_place (self))
    return TRUE;
  if (!has_log)
    g_warning ("the write-ahead log of the journal %s was removed or replaced; the log is copied into "
               "the journal",
               self->path);

  return write_back_and_close (self)
         && (is_in_place (self) || fail_with (self, "the file was removed or replaced"));
}

/* A log that stays beside another file would be copied into it by the next open. */
void
wp_journal_file_free (WpJournalFile *self)
{
  if (self->db && !is_in_place (self))
    write_back_and_close (self);
  close_database (self);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->why);
  g_free (self->path);
  g_free (self);
}

gboolean
wp_journal_file_commit (WpJournalFile *self)
{
  measure (self);
  return run (self, self->commit) && wp_journal_file_check_place (self);
}

gsize
wp_journal_file_get_most_bytes (const WpJournalFile *self)
{
  return self->max_bytes > 0 ? MIN (share_of_limit (self), MAX_COMMIT_BYTES) : MAX_COMMIT_BYTES;
}

void
wp_journal_file_get_size (const WpJournalFile *self, guint64 *file_bytes, guint64 *log_bytes)
{
  *file_bytes = self->file_bytes;
  *log_bytes = self->db ? wp_sqlite_log_bytes (self->db) : 0;
}

const char *
wp_journal_file_last_error (const WpJournalFile *self)
{
  return self->why;
}

static char *
column_text (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *) sqlite3_column_text (statement, column));
}

/* FALSE: no memory. */
static gboolean
take_body (WpJob *job, const void *bytes, gsize size)
{
  gpointer copy = size > 0 ? g_try_malloc (size) : NULL;

  if (size == 0)
    return TRUE;
  if (!bytes || !copy)
    {
      g_free (copy);
      return FALSE;
    }
  memcpy (copy, bytes, size);
  job->body = g_bytes_new_take (copy, size);

  return TRUE;
}

/* NULL: a column cannot be read, perhaps for lack of memory. */
static WpJob *
make_job (sqlite3_stmt *row)
{
  g_autoptr (WpJob) job = wp_job_new ();
  const char *received = (const char *) sqlite3_column_text (row, 2),
             *method = (const char *) sqlite3_column_text (row, 3),
             *path = (const char *) sqlite3_column_text (row, 4);

  job->row = sqlite3_column_int64 (row, 0);
  job->row_state = WP_ROW_KEPT;
  job->id = column_text (row, 1);
  if (method && path)
    wp_job_set_request (job, method, path);
  job->content_type = column_text (row, 5);
  if (!received || !job->id || !job->path
      || !take_body (job, sqlite3_column_blob (row, 7), (gsize) sqlite3_column_bytes (row, 7)))
    return NULL;
  if (!wp_time_parse_iso8601 (received, strlen (received), &job->received_ns))
    job->received_ns = WP_TIME_NONE;
  if (sqlite3_column_type (row, 6) != SQLITE_NULL)
    job->asked_service_ns = sqlite3_column_int64 (row, 6);

  return g_steal_pointer (&job);
}

gboolean
wp_journal_file_next (WpJournalFile *self, gint64 after_row, gint64 last_row, WpJob **job)
{
  int status;

  *job = NULL;
  if (!self->db && !open_again (self))
    return FALSE;
  sqlite3_bind_int64 (self->next, 1, after_row);
  sqlite3_bind_int64 (self->next, 2, last_row);
  status = sqlite3_step (self->next);
  if (status == SQLITE_ROW)
    *job = make_job (self->next);
  sqlite3_reset (self->next);

  return *job || status == SQLITE_DONE
         || fail_with (self, status == SQLITE_ROW ? "a row cannot be read" : sqlite3_errmsg (self->db));
}

gint64
wp_journal_file_requeue (WpJournalFile *self, GError **error)
{
  if (sqlite3_exec (self->db,
                    "UPDATE jobs SET failed = NULL, updates = NULL, reason = NULL WHERE failed IS NOT NULL",
                    NULL, NULL, NULL)
      == SQLITE_OK)
    return sqlite3_changes64 (self->db);
  set_error (error, self->path, sqlite3_errmsg (self->db));
  return -1;
}

static void
list_row (sqlite3_stmt *row, WpFailedJobFunc func, gpointer data)
{
  const WpFailedJob job = {
    .id = (const char *) sqlite3_column_text (row, 0),
    .received = (const char *) sqlite3_column_text (row, 1),
    .method = (const char *) sqlite3_column_text (row, 2),
    .path = (const char *) sqlite3_column_text (row, 3),
    .failed = (const char *) sqlite3_column_text (row, 4),
    .reason = (const char *) sqlite3_column_text (row, 5),
    .bytes = sqlite3_column_int64 (row, 6),
    .updates = sqlite3_column_int64 (row, 7),
  };

  func (&job, data);
}

gboolean
wp_journal_file_list_failed (const char *path, guint max, WpFailedJobFunc func, gpointer data, GError **error)
{
  static const char sql[]
      = "SELECT substr(id, 1, 200), received, method, substr(path, 1, 200), failed, reason, length(body), "
        "updates FROM jobs WHERE failed IS NOT NULL ORDER BY failed DESC, seq DESC LIMIT ?";
  sqlite3_stmt *statement = NULL;
  sqlite3 *db = NULL;
  int status = sqlite3_open_v2 (path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

  if (status == SQLITE_OK)
    status = sqlite3_prepare_v2 (db, sql, -1, &statement, NULL);
  if (status == SQLITE_OK)
    {
      sqlite3_bind_int64 (statement, 1, max);
      while ((status = sqlite3_step (statement)) == SQLITE_ROW)
        list_row (statement, func, data);
    }
  if (status != SQLITE_DONE)
    set_error (error, path, sqlite3_errmsg (db));
  sqlite3_finalize (statement);
  sqlite3_close (db);

  return status == SQLITE_DONE;
}
