#include "runtime/database/wp-checkpointer.h"

#include "runtime/database/wp-sqlite-log.h"
#include "runtime/database/wp-sqlite-settings.h"
#include "sim/base/wp-error.h"

/* SQLite restarts the log when a commit begins and the whole log has been copied into the file. The writer
 * appends to the log while this thread copies the bulk; the writer then copies the small rest itself.
 * (Measured with 1 KB rows from 256 connections, where checkpoints had taken the writer 12 ms of each 100:
 * 2 to 10 % more rows/s, and a p99 of 14 to 17 ms instead of 19 to 22.) Rows are durable without the copy;
 * one that another program's lock prevents is made later. */
typedef enum { IDLE, COPIES, COPIED } State;

struct _WpCheckpointer {
  GThreadPool *pool; /* of one thread */
  sqlite3 *db;       /* used by the thread in state COPIES, else by the writer; NULL: not open */
  int copied_pages;  /* used by the writer: pages in the log at the last copy */
  GMutex mutex;
  GCond copied;
  State state;     /* guarded by mutex; the thread changes COPIES to COPIED, the writer does the rest */
  gboolean failed; /* guarded by mutex */
};

static void
copy_bulk (gpointer token, gpointer data)
{
  WpCheckpointer *self = data;
  gboolean ok = wp_sqlite_log_copy (self->db);

  g_mutex_lock (&self->mutex);
  self->state = COPIED;
  self->failed = !ok;
  g_cond_signal (&self->copied);
  g_mutex_unlock (&self->mutex);
}

WpCheckpointer *
wp_checkpointer_new (GError **error)
{
  WpCheckpointer *self = g_new0 (WpCheckpointer, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->copied);
  self->pool = g_thread_pool_new (copy_bulk, self, 1, TRUE, error);
  if (self->pool)
    return self;

  wp_checkpointer_free (self);
  return NULL;
}

void
wp_checkpointer_free (WpCheckpointer *self)
{
  wp_checkpointer_close (self);
  if (self->pool)
    g_thread_pool_free (self->pool, FALSE, TRUE);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->copied);
  g_free (self);
}

/* The first statement opens the log and its index by name. Those of another file would corrupt the writer's,
 * so the names are checked before and after. */
static gboolean
connect_file (WpCheckpointer *self, const WpSqliteFile *file)
{
  int moved = 1;

  if (sqlite3_open_v2 (wp_sqlite_file_get_path (file), &self->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                       NULL)
      != SQLITE_OK)
    return FALSE;
  sqlite3_busy_timeout (self->db, WP_SQLITE_BUSY_MS);
  sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);

  return !moved && wp_sqlite_file_is_in_place (file)
         && sqlite3_exec (self->db, WP_SQLITE_SETTINGS "SELECT count(*) FROM sqlite_master", NULL, NULL, NULL)
                == SQLITE_OK
         && wp_sqlite_file_is_in_place (file);
}

gboolean
wp_checkpointer_open (WpCheckpointer *self, const WpSqliteFile *file, GError **error)
{
  if (connect_file (self, file))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot open a second connection: %s",
               sqlite3_errcode (self->db) == SQLITE_OK ? "the file is being replaced"
                                                       : sqlite3_errmsg (self->db));
  wp_checkpointer_close (self);

  return FALSE;
}

void
wp_checkpointer_close (WpCheckpointer *self)
{
  g_mutex_lock (&self->mutex);
  while (self->state == COPIES)
    g_cond_wait (&self->copied, &self->mutex);
  self->state = IDLE;
  self->failed = FALSE;
  g_mutex_unlock (&self->mutex);
  self->copied_pages = 0;
  g_clear_pointer (&self->db, sqlite3_close);
}

/* Waits for a copy that is too far behind. While a reader keeps SQLite from restarting the log, one copy for
 * each WP_SQLITE_CHECKPOINT_PAGES is enough. Returns: the state before the call. */
static State
step (WpCheckpointer *self, int log_pages, gboolean *failed)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  State state;

  while (self->state == COPIES && log_pages >= WP_SQLITE_MAX_LOG_PAGES)
    g_cond_wait (&self->copied, &self->mutex);
  state = self->state;
  *failed = self->failed;
  if (state == COPIED)
    self->state = IDLE;
  else if (state == IDLE && log_pages >= self->copied_pages + WP_SQLITE_CHECKPOINT_PAGES)
    self->state = COPIES;

  return state;
}

gboolean
wp_checkpointer_after_commit (WpCheckpointer *self, sqlite3 *db, int log_pages)
{
  gboolean failed;
  State state;

  if (log_pages < self->copied_pages)
    self->copied_pages = 0; /* SQLite has restarted the log */
  state = step (self, log_pages, &failed);
  if (state == COPIED)
    {
      self->copied_pages = log_pages;
      return !failed && wp_sqlite_log_copy (db);
    }
  if (state == IDLE && log_pages >= self->copied_pages + WP_SQLITE_CHECKPOINT_PAGES)
    g_thread_pool_push (self->pool, self, NULL);

  return TRUE;
}
