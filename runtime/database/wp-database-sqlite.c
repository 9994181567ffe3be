/* wp-database-sqlite.c - stores each job as a row of an SQLite table, one transaction a batch. */
#include "runtime/database/wp-database.h"

#include "runtime/database/wp-batch-writer.h"
#include "runtime/database/wp-checkpointer.h"
#include "runtime/database/wp-sqlite-file.h"
#include "runtime/database/wp-sqlite-log.h"
#include "runtime/database/wp-sqlite-settings.h"
#include "sim/base/wp-error.h"

#define BUSY_AT_START_MS 5000 /* the server before us may be closing the file */
#define LOOK_PAGES       100  /* the log's size is read when it has changed by this many pages */
#define LONG_LOG_PAGES   (WP_SQLITE_MAX_LOG_PAGES * 3 / 2)
#define WAS_REPLACED     "%s or its log was removed or replaced"
/* a status of our own: the row was neither inserted nor found */
#define ROW_IGNORED (SQLITE_CONSTRAINT | 0xff00)

/* Once there is a writer, its thread owns the other members. */
typedef struct {
  WpDatabase base;
  char *name;         /* for messages: "sqlite:wp.db" */
  WpSqliteFile *file; /* open without statements: it was moved, and must be closed by close_moved() */
  sqlite3_stmt *begin, *insert, *find, *commit, *rollback;
  WpCheckpointer *checkpointer;
  WpBatchWriter *writer;
  int log_pages;    /* in the write-ahead log after the last commit */
  int seen_pages;   /* log_pages when the size of the log's file was read last */
  int warned_pages; /* log_pages at the last warning; 0: none */
} SqliteDatabase;

static sqlite3 *
db_of (const SqliteDatabase *self)
{
  return wp_sqlite_file_get_db (self->file);
}

static gboolean
prepare (SqliteDatabase *self, const char *sql, sqlite3_stmt **statement)
{
  return sqlite3_prepare_v3 (db_of (self), sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK;
}

static gboolean
prepare_all (SqliteDatabase *self, GError **error)
{
  if (prepare (self, WP_SQLITE_BEGIN, &self->begin) && prepare (self, WP_SQLITE_COMMIT, &self->commit)
      && prepare (self, "ROLLBACK", &self->rollback) && prepare (self, WP_SQLITE_INSERT, &self->insert)
      && prepare (self, "SELECT method = ? AND path = ? AND body IS ? FROM jobs WHERE id = ?", &self->find))
    return TRUE;
  g_set_error_literal (error, WP_ERROR, WP_ERROR_IO, sqlite3_errmsg (db_of (self)));
  return FALSE;
}

static void
finalize_all (SqliteDatabase *self)
{
  wp_checkpointer_close (self->checkpointer);
  g_clear_pointer (&self->begin, sqlite3_finalize);
  g_clear_pointer (&self->insert, sqlite3_finalize);
  g_clear_pointer (&self->find, sqlite3_finalize);
  g_clear_pointer (&self->commit, sqlite3_finalize);
  g_clear_pointer (&self->rollback, sqlite3_finalize);
}

static void
abandon (SqliteDatabase *self, gboolean distrusted)
{
  finalize_all (self);
  wp_sqlite_file_abandon (self->file, distrusted);
}

/* Replaces SQLite's own hook, which would copy the log into the file within the commit. */
static int
on_commit (void *data, sqlite3 *db, const char *name, int log_pages)
{
  ((SqliteDatabase *) data)->log_pages = log_pages;
  return SQLITE_OK;
}

static gboolean
open_file (SqliteDatabase *self, int busy_ms, GError **error)
{
  if (!wp_sqlite_file_open (self->file, busy_ms, error))
    return FALSE;
  self->seen_pages = -LOOK_PAGES;
  sqlite3_wal_hook (db_of (self), on_commit, self);
  if (wp_checkpointer_open (self->checkpointer, self->file, error) && prepare_all (self, error))
    return TRUE;

  finalize_all (self);
  wp_sqlite_file_close (self->file);
  return FALSE;
}

/* For a file that was moved or replaced, or has lost its log. */
static gboolean
reopen_moved (SqliteDatabase *self, GError **error)
{
  if (!wp_sqlite_file_close_moved (self->file, error) || !open_file (self, WP_SQLITE_BUSY_MS, error))
    return FALSE;
  g_warning (WAS_REPLACED ", and is reopened", self->name);
  return TRUE;
}

/* Opens the file if it is not open. */
static gboolean
make_ready (SqliteDatabase *self, char **reason)
{
  g_autoptr (GError) error = NULL;

  if (!self->insert
      && !(db_of (self) ? reopen_moved (self, &error) : open_file (self, WP_SQLITE_BUSY_MS, &error)))
    *reason = g_strdup (error->message);
  else if (!wp_sqlite_file_sync_new (self->file))
    {
      *reason = g_strdup ("the file cannot be synced");
      abandon (self, TRUE);
    }
  else
    return TRUE;

  return FALSE;
}

static int
run (sqlite3_stmt *statement)
{
  sqlite3_step (statement);
  return sqlite3_reset (statement); /* repeats the status of the step, or has a more specific one */
}

static void
bind_text (sqlite3_stmt *statement, int column, const char *text)
{
  sqlite3_bind_text (statement, column, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

static int
bind_body (sqlite3_stmt *statement, int column, const WpJob *job)
{
  gsize size = 0;
  const void *body = job->body ? g_bytes_get_data (job->body, &size) : NULL;

  return sqlite3_bind_blob64 (statement, column, body ? body : "", size, SQLITE_STATIC);
}

static void
set_conflict (WpJob *job)
{
  char *reason = g_ref_string_new ("id used with another payload");

  job->result = WP_RESULT_CONFLICT;
  wp_job_set_failure (job, reason);
  g_ref_string_release (reason);
}

/* The job's key is stored already: compares the payload. A key that we made is unique, and needs no
 * comparison.
 */
static int
compare (SqliteDatabase *self, WpJob *job)
{
  int status = SQLITE_ROW, is_same = 1;

  if (job->id)
    {
      bind_text (self->find, 1, job->method);
      bind_text (self->find, 2, job->path);
      bind_text (self->find, 4, job->id);
      status = bind_body (self->find, 3, job) == SQLITE_OK ? sqlite3_step (self->find) : SQLITE_TOOBIG;
      is_same = status == SQLITE_ROW && sqlite3_column_int (self->find, 0);
      sqlite3_reset (self->find);
    }
  if (status != SQLITE_ROW)
    return status == SQLITE_DONE ? ROW_IGNORED : status;
  if (!is_same)
    set_conflict (job);
  else
    job->result = job->offered ? WP_RESULT_STORED : WP_RESULT_DUPLICATE;

  return SQLITE_OK;
}

static int
insert (SqliteDatabase *self, WpJob *job)
{
  char received[WP_TIME_BUFFER];
  int status;

  bind_text (self->insert, 1, wp_job_key (job));
  bind_text (self->insert, 2, wp_time_format_iso8601 (received, wp_job_received_ns (job)));
  bind_text (self->insert, 3, job->method);
  bind_text (self->insert, 4, job->path);
  bind_text (self->insert, 5, job->content_type);
  status = bind_body (self->insert, 6, job);
  if (status == SQLITE_OK)
    status = run (self->insert);
  if (status == SQLITE_OK && sqlite3_changes (db_of (self)) == 0)
    return compare (self, job);
  job->result = WP_RESULT_STORED;

  return status;
}

static int
write_rows (SqliteDatabase *self, WpJob *const *jobs, guint n)
{
  int status = run (self->begin);

  for (guint i = 0; status == SQLITE_OK && i < n; i++)
    status = insert (self, jobs[i]);
  return status == SQLITE_OK ? run (self->commit) : status;
}

/* SQLITE_ERROR is the row's fault only if an insert can still be prepared; otherwise the table's. */
static gboolean
is_permanent (SqliteDatabase *self, int status)
{
  sqlite3_stmt *statement = NULL;

  switch (status & 0xff)
    {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
      return TRUE;
    case SQLITE_ERROR:
      status = prepare (self, WP_SQLITE_INSERT, &statement) ? SQLITE_OK : SQLITE_ERROR;
      sqlite3_finalize (statement);
      return status == SQLITE_OK;
    default:
      return FALSE;
    }
}

/* A connection whose sync has failed is kept: it writes the whole commit again, at the same place of the log.
 * A new connection would take the unsynced commit for stored. */
static WpResult
try_batch (SqliteDatabase *self, WpJob *const *jobs, guint n, char **reason)
{
  int status = write_rows (self, jobs, n);

  if (status == SQLITE_OK)
    return WP_RESULT_STORED;
  *reason = status == ROW_IGNORED ? g_strdup ("a trigger ignores it")
                                  : wp_sqlite_file_describe_error (db_of (self));
  if (!sqlite3_get_autocommit (db_of (self)))
    run (self->rollback);
  if (is_permanent (self, status))
    return WP_RESULT_PERMANENT;
  if ((status & 0xff) == SQLITE_NOTADB || (status & 0xff) == SQLITE_CORRUPT)
    abandon (self, FALSE);
  return WP_RESULT_TRANSIENT;
}

/* The commit may be in a file that has lost its name or its log: the jobs are written again. */
static void
prepare_rewrite (SqliteDatabase *self, WpJob *const *jobs, guint n)
{
  for (guint i = 0; i < n; i++)
    jobs[i]->offered = TRUE;
  finalize_all (self);
}

/* The names are checked after the commit, so that the rows of this commit are not lost. */
static WpResult
sqlite_store (WpDatabase *base, WpJob *const *jobs, guint n, char **reason)
{
  SqliteDatabase *self = (SqliteDatabase *) base;

  while (make_ready (self, reason))
    {
      WpResult result = try_batch (self, jobs, n, reason);

      if (result != WP_RESULT_STORED || wp_sqlite_file_is_in_place (self->file))
        return result;
      prepare_rewrite (self, jobs, n);
    }
  return WP_RESULT_TRANSIENT;
}

/* A log longer than a slow copy explains is kept from a restart by a reader. Warns once, and again each time
 * that the log has doubled. */
static void
watch_log (SqliteDatabase *self)
{
  guint64 bytes;

  if (ABS (self->log_pages - self->seen_pages) < LOOK_PAGES)
    return;
  self->seen_pages = self->log_pages;
  bytes = wp_sqlite_log_bytes (db_of (self));
  self->base.log_bytes = (gint64) bytes;
  if (self->log_pages < LONG_LOG_PAGES)
    self->warned_pages = 0;
  else if (self->log_pages >= 2 * self->warned_pages)
    {
      g_warning ("%s: its log %s-wal has %" G_GUINT64_FORMAT
                 " MB, and grows until no other program reads an old state of the database",
                 self->name, wp_sqlite_file_get_path (self->file), bytes >> 20);
      self->warned_pages = self->log_pages;
    }
}

static void
sqlite_after_commit (WpDatabase *base)
{
  SqliteDatabase *self = (SqliteDatabase *) base;

  if (wp_checkpointer_after_commit (self->checkpointer, db_of (self), self->log_pages))
    {
      watch_log (self);
      return;
    }
  g_warning ("%s: its log could not be copied into it; it is reopened, and the whole log is copied again",
             self->name);
  abandon (self, TRUE);
}

/* The name is opened again with the next job: the program that moved the file may be about to put another one
 * there. */
static gboolean
check_files (WpDatabase *base, char **reason)
{
  SqliteDatabase *self = (SqliteDatabase *) base;
  g_autoptr (GError) error = NULL;

  if (!db_of (self) || (self->insert && wp_sqlite_file_is_in_place (self->file)))
    return FALSE;
  finalize_all (self);
  if (wp_sqlite_file_close_moved (self->file, &error))
    g_warning (WAS_REPLACED ", and is closed until the next job", self->name);
  else
    *reason = g_strdup (error->message);

  return !error;
}

static void
sqlite_check_files (WpDatabase *base)
{
  wp_batch_writer_check_files (((SqliteDatabase *) base)->writer);
}

static gboolean
sqlite_update (WpDatabase *base, WpJob *job)
{
  wp_batch_writer_push (((SqliteDatabase *) base)->writer, job);
  return FALSE;
}

static void
sqlite_free (WpDatabase *base)
{
  SqliteDatabase *self = (SqliteDatabase *) base;

  g_clear_pointer (&self->writer, wp_batch_writer_free);
  if (self->checkpointer)
    finalize_all (self);
  wp_sqlite_file_free (self->file);
  g_clear_pointer (&self->checkpointer, wp_checkpointer_free);
  g_free (self->name);
  g_free (self);
}

static gboolean
start (SqliteDatabase *self, GError **error)
{
  static const WpBatchClass class = { sqlite_store, sqlite_after_commit, check_files };

  self->checkpointer = wp_checkpointer_new (error);
  if (!self->checkpointer)
    return FALSE;
  if (open_file (self, BUSY_AT_START_MS, error))
    self->writer = wp_batch_writer_new (&self->base, &class, self->name, error);

  return self->writer != NULL;
}

static gboolean
sqlite_check (const char *location, GError **error)
{
  if (*location)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "sqlite: the name of the file is missing");
}

static WpDatabase *
sqlite_open (const char *location, const WpDatabaseOptions *options, WpClock *clock, GError **error)
{
  SqliteDatabase *self = g_new0 (SqliteDatabase, 1);

  self->name = g_strconcat ("sqlite:", location, NULL);
  self->file = wp_sqlite_file_new (location);
  if (start (self, error))
    return &self->base;

  g_prefix_error (error, "cannot open the database %s: ", self->name);
  sqlite_free (&self->base);
  return NULL;
}

const WpDatabaseClass wp_sqlite_database_class = {
  .open = sqlite_open,
  .update = sqlite_update,
  .free = sqlite_free,
  .check = sqlite_check,
  .check_files = sqlite_check_files,
};
