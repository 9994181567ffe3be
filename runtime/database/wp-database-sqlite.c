/* wp-database-sqlite.c - one row a job, group commit by one writer: it takes all that waits, and needs no timer. */
#include "runtime/database/wp-database.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "runtime/database/wp-checkpointer.h"
#include "runtime/database/wp-sqlite-settings.h"
#include "runtime/queue/wp-prompt.h"
#include "sim/base/wp-error.h"

#define MAX_ROWS_PER_COMMIT 1000
#define BUSY_TIMEOUT_MS 5000

/* Several writers on one file starve each other, so the pool has one thread; it is pushed to only when it is not at work. */
typedef struct {
  WpDatabase base;
  char *path;
  sqlite3 *db;               /* the writer's, once it is open; NULL: to be opened anew */
  gboolean unsettled;        /* it is a new file, and the disk may not have it yet */
  int log_pages;             /* the writer's: in the write-ahead log after the last commit */
  sqlite3_stmt *begin, *insert, *commit, *rollback;
  GAsyncQueue *waiting;      /* (element-type WpJob) */
  GThreadPool *writer;
  WpCheckpointer *checkpointer;
  gint at_work;              /* atomic: the writer runs or is about to */
  guint64 n_failed;          /* the writer's: since the last line of the log */
  char *reason;              /* the writer's: of the last that failed */
  gint64 logged_ns;          /* the writer's */
} SqliteDatabase;

static gboolean
prepare (SqliteDatabase *self, const char *sql, sqlite3_stmt **statement)
{
  return sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK;
}

/* A hook of SQLite's, in place of its own, which would copy the log to the file within the commit. */
static int
on_commit (void *data, sqlite3 *db, const char *name, int log_pages)
{
  SqliteDatabase *self = data;

  self->log_pages = log_pages;

  return SQLITE_OK;
}

static gboolean
open_file (SqliteDatabase *self)
{
  self->unsettled = TRUE;
  self->log_pages = 0;
  if (sqlite3_open_v2 (self->path, &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return FALSE;
  sqlite3_wal_hook (self->db, on_commit, self);

  return sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS) == SQLITE_OK &&
         sqlite3_exec (self->db, WP_SQLITE_SCHEMA, NULL, NULL, NULL) == SQLITE_OK &&
         prepare (self, WP_SQLITE_BEGIN, &self->begin) && prepare (self, WP_SQLITE_COMMIT, &self->commit) &&
         prepare (self, "ROLLBACK", &self->rollback) && prepare (self, WP_SQLITE_INSERT, &self->insert);
}

static gboolean
run (sqlite3_stmt *statement)
{
  int status = sqlite3_step (statement);

  sqlite3_reset (statement);
  return status == SQLITE_DONE;
}

static void
bind_text (sqlite3_stmt *statement, int column, const char *text)
{
  if (text)
    sqlite3_bind_text (statement, column, text, -1, SQLITE_STATIC);
  else
    sqlite3_bind_null (statement, column);
}

static gboolean
insert (SqliteDatabase *self, WpJob *job)
{
  char received[WP_TIME_BUFFER];
  gsize size = 0;
  const void *body = job->body ? g_bytes_get_data (job->body, &size) : NULL;

  bind_text (self->insert, 1, wp_job_key (job));
  bind_text (self->insert, 2, wp_time_format_iso8601 (received, wp_job_received_ns (job)));
  bind_text (self->insert, 3, job->method);
  bind_text (self->insert, 4, job->path);
  bind_text (self->insert, 5, job->content_type);
  if (sqlite3_bind_blob64 (self->insert, 6, body ? body : "", size, SQLITE_STATIC) != SQLITE_OK || !run (self->insert))
    return FALSE;
  job->result = sqlite3_changes (self->db) == 0 ? WP_RESULT_DUPLICATE : WP_RESULT_STORED;

  return TRUE;
}

static gboolean
insert_all (SqliteDatabase *self, GPtrArray *jobs)
{
  for (guint i = 0; i < jobs->len; i++)
    if (!insert (self, jobs->pdata[i]))
      return FALSE;
  return TRUE;
}

/* One line a second at most, @at_last whatever is left; every failure is counted in one of them. */
static void
log_failures (SqliteDatabase *self, gboolean at_last)
{
  gint64 now_ns = wp_time_monotonic ();

  if (self->n_failed == 0 || (!at_last && self->logged_ns != 0 && now_ns - self->logged_ns < WP_NS_PER_S))
    return;
  g_warning ("sqlite:%s: %" G_GUINT64_FORMAT " updates failed: %s", self->path, self->n_failed, self->reason);
  self->n_failed = 0;
  self->logged_ns = now_ns;
}

static void
close_file (SqliteDatabase *self)
{
  g_clear_pointer (&self->begin, sqlite3_finalize);
  g_clear_pointer (&self->insert, sqlite3_finalize);
  g_clear_pointer (&self->commit, sqlite3_finalize);
  g_clear_pointer (&self->rollback, sqlite3_finalize);
  g_clear_pointer (&self->db, sqlite3_close);
}

/* Rows that went to a file without a name are lost. Looked at after the commit, so that those of this one are not. */
static gboolean
has_moved (SqliteDatabase *self)
{
  int moved = 0;

  sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved;
}

/* Brings the file to the disk, without whose first page SQLite would not look at the log, and throw it away. The log itself, which holds the
 * rest of the schema, is synced by each commit, and its folder by the first. */
static gboolean
settle (SqliteDatabase *self)
{
  sqlite3_file *file = NULL;

  if (self->unsettled && sqlite3_file_control (self->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK)
    self->unsettled = file->pMethods && file->pMethods->xSync (file, SQLITE_SYNC_NORMAL) != SQLITE_OK;
  return !self->unsettled;
}

/* On failure @self->reason says why, and nothing was stored. */
static gboolean
write_rows (SqliteDatabase *self, GPtrArray *jobs)
{
  if ((self->db || open_file (self)) && settle (self) && run (self->begin) && insert_all (self, jobs) && run (self->commit))
    return TRUE;

  g_free (self->reason);
  self->reason = g_strdup (self->insert && self->unsettled ? "the file cannot be synced" : sqlite3_errmsg (self->db));
  if (!self->insert)
    close_file (self);   /* it did not open */
  else if (!sqlite3_get_autocommit (self->db))
    run (self->rollback);
  return FALSE;
}

static void
note_failures (SqliteDatabase *self, GPtrArray *jobs)
{
  char *reason = g_ref_string_new (self->reason);

  self->n_failed += jobs->len;
  for (guint i = 0; i < jobs->len; i++)
    {
      WpJob *job = jobs->pdata[i];

      job->result = WP_RESULT_PERMANENT;
      wp_job_set_failure (job, reason);
    }
  g_ref_string_release (reason);
}

static void
store (SqliteDatabase *self, GPtrArray *jobs)
{
  gboolean ok = write_rows (self, jobs);

  if (ok && has_moved (self))
    {
      g_warning ("sqlite:%s was removed or replaced, and is opened anew", self->path);
      close_file (self);
      ok = write_rows (self, jobs);
    }
  if (!ok)
    note_failures (self, jobs);
}

static void
take_waiting (SqliteDatabase *self, GPtrArray *jobs)
{
  WpJob *job;

  g_async_queue_lock (self->waiting);
  while (jobs->len < MAX_ROWS_PER_COMMIT && (job = g_async_queue_try_pop_unlocked (self->waiting)))
    g_ptr_array_add (jobs, job);
  g_async_queue_unlock (self->waiting);
}

/* Waits until a commit that began at @began_ns may be over. Returns: when the next one begins. Deadlines are absolute, so that lateness does not
 * add up while there is always something to write; the stamps remain clock readings. */
static gint64
keep_pace (SqliteDatabase *self, gint64 began_ns)
{
  gint64 over_ns = began_ns + self->base.pace_ns;
  struct timespec until = { over_ns / WP_NS_PER_S, over_ns % WP_NS_PER_S };

  if (wp_time_monotonic () >= over_ns)
    return wp_time_monotonic ();
  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    ;

  return over_ns;
}

static void
write_all (gpointer token, gpointer data)
{
  SqliteDatabase *self = data;
  g_autoptr(GPtrArray) jobs = g_ptr_array_new ();

  prctl (PR_SET_TIMERSLACK, 1);   /* the thread is the writer's own; 50 us otherwise */
  if (self->base.pace_ns > 0)
    wp_prompt_thread (WP_PROMPT_FRONT);   /* it sleeps more than it works, and has to wake on time */
  do
    {
      gint64 began_ns = wp_time_monotonic ();

      for (; take_waiting (self, jobs), jobs->len > 0; g_ptr_array_set_size (jobs, 0))
        {
          store (self, jobs);
          log_failures (self, FALSE);
          if (self->base.pace_ns > 0)
            began_ns = keep_pace (self, began_ns);
          self->base.done ((WpJob *const *) jobs->pdata, jobs->len, self->base.done_data);
          if (self->db)
            wp_checkpointer_look (self->checkpointer, self->db, self->log_pages);
        }
      g_atomic_int_set (&self->at_work, FALSE);
      /* A job that came between the last look and now has found us at work: look once more. */
    }
  while (g_async_queue_length (self->waiting) > 0 && g_atomic_int_compare_and_exchange (&self->at_work, FALSE, TRUE));
}

static gboolean
sqlite_update (WpDatabase *base, WpJob *job)
{
  SqliteDatabase *self = (SqliteDatabase *) base;

  g_async_queue_push (self->waiting, job);
  if (g_atomic_int_compare_and_exchange (&self->at_work, FALSE, TRUE))
    g_thread_pool_push (self->writer, self, NULL);

  return FALSE;
}

static void
sqlite_free (WpDatabase *base)
{
  SqliteDatabase *self = (SqliteDatabase *) base;

  if (self->writer)
    g_thread_pool_free (self->writer, FALSE, TRUE);
  g_clear_pointer (&self->checkpointer, wp_checkpointer_free);
  log_failures (self, TRUE);
  g_async_queue_unref (self->waiting);
  close_file (self);
  g_free (self->reason);
  g_free (self->path);
  g_free (self);
}

static void
start (SqliteDatabase *self, GError **error)
{
  self->checkpointer = wp_checkpointer_new (self->path, error);
  if (self->checkpointer)
    self->writer = g_thread_pool_new (write_all, self, 1, TRUE, error);
}

static gboolean
sqlite_check (const char *location, GError **error)
{
  if (*location)
    return TRUE;
  g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "sqlite: no file named");
  return FALSE;
}

static WpDatabase *
sqlite_open (const char *location, WpClock *clock, GError **error)
{
  SqliteDatabase *self = g_new0 (SqliteDatabase, 1);

  self->path = g_strdup (location);
  self->waiting = g_async_queue_new ();
  if (open_file (self))
    start (self, error);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot open the database sqlite:%s: %s", location, sqlite3_errmsg (self->db));
  if (!self->writer)
    {
      sqlite_free (&self->base);
      return NULL;
    }
  return &self->base;
}

const WpDatabaseClass wp_sqlite_database_class = { "sqlite", "sqlite:FILE", sqlite_open, sqlite_update, sqlite_free, sqlite_check };
