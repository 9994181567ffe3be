#include "runtime/database/wp-journal.h"

#include <libintl.h>

#include "runtime/queue/wp-wakeup-batch.h"
#include "sim/base/wp-error.h"

#define MAX_ROWS_PER_COMMIT 1000
#define MAX_ROWS_PER_TURN   256 /* rows read before pending writes get their turn */
#define ROW_BYTES           256 /* of a job without its body, roughly */
/* removals wait this long for an addition, so that they need no commit of their own */
#define LINGER_US      100000
#define PROBE_US       200000 /* how often a file that cannot be written is tried */
#define LOG_US         G_USEC_PER_SEC
#define LOOK_US        G_USEC_PER_SEC /* how often an idle journal checks its file */
#define LONG_LOG_BYTES (32u << 20)    /* more than a commit of large payloads adds to a short log */

/* A job's row number is its place in the order of arrival, after the rows of earlier runs. */
struct _WpJournal {
  char *path;
  WpJournalFile *file; /* used by the writer */
  gint64 base_row;
  const WpJournalListener *listener;
  gpointer data;
  GThread *writer;

  GMutex mutex; /* guards the following, and the row_state of every job */
  GCond changed;
  GPtrArray *adds;     /* (element-type WpJob): references that the writer takes over */
  GPtrArray *fails;    /* (element-type WpJob): references that the writer takes over */
  GArray *removals;    /* (element-type gint64): rows */
  gint64 removal_us;   /* when the first of the removals came */
  guint64 n_unwritten; /* fails and removals that are not in the file yet */
  gboolean read_on;    /* the listener may have room for a job of an earlier run */
  gint64 read_us;      /* do not read before; 0: at once */
  gboolean all_read;
  gboolean stopping; /* wp_journal_close() was called: no more changes are taken */
  gboolean ended;    /* the writer has ended */
  WpJournalCounts counts;

  /* Used by the writer: changes that it has taken and not written yet. */
  GPtrArray *taken_adds, *taken_over, *taken_fails;
  GArray *taken_removals;
  gint64 read_row; /* the last row of an earlier run that was read */
  guint64 n_recovered;
  gint64 probe_us; /* when to try the file next; 0: it can be written */
  gint64 logged_us;
  guint64 warned_bytes; /* size of the log at the last warning */
  gboolean logged_bad;  /* the log says that the file cannot be written */
};

static GPtrArray *
jobs_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
}

static gint64
row_of (const WpJournal *self, const WpJob *job)
{
  return job->row != 0 ? job->row : self->base_row + (gint64) job->seq;
}

WpJournal *
wp_journal_open (const char *path, guint64 max_bytes, GError **error)
{
  g_autoptr (WpJournalFile) file = wp_journal_file_open (path, TRUE, max_bytes, error);
  WpJournalFileCounts counts;
  WpJournal *self;

  if (!file || !wp_journal_file_count (file, &counts, error))
    return NULL;
  self = g_new0 (WpJournal, 1);
  self->path = g_strdup (path);
  self->file = g_steal_pointer (&file);
  self->base_row = counts.last_row + 1;
  self->counts.failed = (guint64) counts.failed;
  self->counts.backlog = (guint64) (counts.jobs - counts.failed);
  self->counts.writable = self->counts.readable = TRUE;
  self->read_on = TRUE;
  wp_journal_file_get_size (self->file, &self->counts.file_bytes, &self->counts.log_bytes);
  self->adds = g_ptr_array_new ();
  self->fails = g_ptr_array_new ();
  self->removals = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->taken_adds = jobs_new ();
  self->taken_over = jobs_new ();
  self->taken_fails = jobs_new ();
  self->taken_removals = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);

  return self;
}

void
wp_journal_free (WpJournal *self)
{
  wp_journal_close (self, WP_TIME_NONE, NULL);
  wp_journal_file_free (self->file);
  g_ptr_array_unref (self->adds);
  g_ptr_array_unref (self->fails);
  g_array_unref (self->removals);
  g_ptr_array_unref (self->taken_adds);
  g_ptr_array_unref (self->taken_over);
  g_ptr_array_unref (self->taken_fails);
  g_array_unref (self->taken_removals);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->path);
  g_free (self);
}

/* Returns: when to write: 0: now; G_MAXINT64: never; otherwise a time of the monotonic clock. */
static gint64
write_due_us_locked (const WpJournal *self)
{
  if (self->stopping || self->adds->len > 0)
    return 0;
  if (self->probe_us != 0)
    return self->probe_us;
  if (self->fails->len > 0 || self->removals->len >= MAX_ROWS_PER_COMMIT)
    return 0;
  return self->removals->len > 0 ? self->removal_us + LINGER_US : G_MAXINT64;
}

/* A job that is stored already needs no row, and is reported as written. */
static void
take_add_locked (WpJournal *self, WpJob *job)
{
  gboolean waits = job->row_state == WP_ROW_WAITING;

  if (waits)
    job->row_state = WP_ROW_WRITTEN;
  g_ptr_array_add (waits ? self->taken_adds : self->taken_over, job);
}

/* Returns: when to read the next job of an earlier run, as above. */
static gint64
read_due_us_locked (const WpJournal *self)
{
  return self->read_on && !self->all_read ? self->read_us : G_MAXINT64;
}

static void
take_locked (WpJournal *self)
{
  for (guint i = 0; i < self->adds->len; i++)
    take_add_locked (self, self->adds->pdata[i]);
  g_ptr_array_set_size (self->adds, 0);
  for (guint i = 0; i < self->fails->len; i++)
    g_ptr_array_add (self->taken_fails, self->fails->pdata[i]);
  g_ptr_array_set_size (self->fails, 0);
  g_array_append_vals (self->taken_removals, self->removals->data, self->removals->len);
  g_array_set_size (self->removals, 0);
}

typedef enum { READ = 1 << 0, WRITE = 1 << 1, END = 1 << 2, LOOK = 1 << 3 } Work;

/* Waits for work, and takes the pending changes. */
static Work
take (WpJournal *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 due_us, now_us, look_us = g_get_monotonic_time () + LOOK_US;
  Work work = 0;

  while ((due_us = MIN (MIN (write_due_us_locked (self), read_due_us_locked (self)), look_us))
         > (now_us = g_get_monotonic_time ()))
    g_cond_wait_until (&self->changed, &self->mutex, due_us);

  if (self->stopping)
    work |= END;
  else if (read_due_us_locked (self) <= now_us)
    work |= READ;
  if (write_due_us_locked (self) <= now_us)
    {
      work |= WRITE;
      take_locked (self);
    }
  return work == 0 ? LOOK : work;
}

/* One transaction: the first n of each kind of change. */
typedef struct {
  guint n_adds, n_fails, n_removals;
  gsize add_bytes;
} Batch;

static Batch
next_batch (const WpJournal *self)
{
  Batch batch = { 0, MIN (self->taken_fails->len, MAX_ROWS_PER_COMMIT),
                  MIN (self->taken_removals->len, 4 * MAX_ROWS_PER_COMMIT), 0 };
  gsize most_bytes = wp_journal_file_get_most_bytes (self->file);

  for (; batch.n_adds < self->taken_adds->len && batch.n_adds < MAX_ROWS_PER_COMMIT; batch.n_adds++)
    {
      const WpJob *job = self->taken_adds->pdata[batch.n_adds];
      gsize bytes = ROW_BYTES + (job->body ? g_bytes_get_size (job->body) : 0);

      if (batch.n_adds > 0 && batch.add_bytes + bytes > most_bytes)
        break;
      batch.add_bytes += bytes;
    }
  return batch;
}

static gboolean
write_rows (WpJournal *self, const Batch *batch)
{
  for (guint i = 0; i < batch->n_adds; i++)
    if (!wp_journal_file_insert (self->file, row_of (self, self->taken_adds->pdata[i]),
                                 self->taken_adds->pdata[i]))
      return FALSE;
  for (guint i = 0; i < batch->n_fails; i++)
    if (!wp_journal_file_fail (self->file, row_of (self, self->taken_fails->pdata[i]),
                               self->taken_fails->pdata[i]))
      return FALSE;
  for (guint i = 0; i < batch->n_removals; i++)
    if (!wp_journal_file_remove (self->file, g_array_index (self->taken_removals, gint64, i)))
      return FALSE;
  return TRUE;
}

static void
keep_locked (WpJob *job)
{
  if (job->row_state == WP_ROW_WRITTEN)
    job->row_state = WP_ROW_KEPT;
}

/* TRUE: the batch is durable, and its fails and removals are no longer pending. */
static gboolean
write_batch (WpJournal *self, const Batch *batch)
{
  gboolean ok = wp_journal_file_begin (self->file, batch->add_bytes) && write_rows (self, batch)
                && wp_journal_file_commit (self->file);

  if (!ok)
    return FALSE;
  if (batch->n_fails > 0)
    g_ptr_array_remove_range (self->taken_fails, 0, batch->n_fails);
  g_array_remove_range (self->taken_removals, 0, batch->n_removals);
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < batch->n_adds; i++)
    keep_locked (self->taken_adds->pdata[i]);
  self->n_unwritten -= batch->n_fails + batch->n_removals;
  self->counts.failed += batch->n_fails;
  self->counts.commits++;
  g_mutex_unlock (&self->mutex);

  return TRUE;
}

static void
note_written (WpJournal *self, guint n_refused)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  self->counts.refused += n_refused;
  wp_journal_file_get_size (self->file, &self->counts.file_bytes, &self->counts.log_bytes);
}

/* Warns each time that the log has doubled. It has a few megabytes unless a reader keeps it from a restart.
 */
static void
log_growth (WpJournal *self)
{
  guint64 file_bytes, log_bytes;

  wp_journal_file_get_size (self->file, &file_bytes, &log_bytes);
  if (log_bytes < LONG_LOG_BYTES)
    self->warned_bytes = LONG_LOG_BYTES / 2;
  else if (log_bytes >= 2 * self->warned_bytes)
    {
      g_warning ("the journal %s: its log has %" G_GUINT64_FORMAT
                 " MB, and grows until no other program reads an "
                 "old state of the journal",
                 self->path, log_bytes >> 20);
      self->warned_bytes = log_bytes;
    }
}

static void
log_health (WpJournal *self, gboolean ok, gint64 now_us)
{
  guint64 file_bytes, log_bytes;

  if (ok && self->logged_bad)
    g_message ("the journal %s can be written again", self->path);
  self->logged_bad = self->logged_bad && !ok;
  if (ok || (self->logged_us != 0 && now_us - self->logged_us < LOG_US))
    return;
  wp_journal_file_get_size (self->file, &file_bytes, &log_bytes);
  g_warning ("the journal %s cannot be written, requests get 503: %s (the file has %" G_GUINT64_FORMAT
             " kB, its log %" G_GUINT64_FORMAT " kB)",
             self->path, wp_journal_file_last_error (self->file), file_bytes >> 10, log_bytes >> 10);
  self->logged_us = now_us;
  self->logged_bad = TRUE;
}

static void
note_health (WpJournal *self, gboolean ok)
{
  gboolean was_ok = self->probe_us == 0;
  gint64 now_us = g_get_monotonic_time ();

  self->probe_us = ok ? 0 : now_us + PROBE_US;
  if (ok == was_ok)
    return;
  log_health (self, ok, now_us);
  g_mutex_lock (&self->mutex);
  self->counts.writable = ok;
  g_mutex_unlock (&self->mutex);
  self->listener->health (ok, self->data);
}

static void
notify (WpJournal *self, GPtrArray *jobs, guint n, gboolean ok)
{
  wp_wakeup_batch_hold ();
  for (guint i = 0; i < n; i++)
    self->listener->written (jobs->pdata[i], ok, self->data);
  wp_wakeup_batch_release ();
  if (n > 0)
    g_ptr_array_remove_range (jobs, 0, n);
}

/* If a batch cannot be written, its fails and removals are tried without its adds, since removals make room.
 */
static void
write_taken (WpJournal *self)
{
  gboolean ok;

  notify (self, self->taken_over, self->taken_over->len, TRUE);
  do
    {
      Batch batch = next_batch (self), rest = { 0, batch.n_fails, batch.n_removals, 0 };

      ok = write_batch (self, &batch);
      if (!ok && batch.n_adds > 0 && batch.n_fails + batch.n_removals > 0)
        write_batch (self, &rest);
      note_written (self, ok ? 0 : batch.n_adds);
      log_growth (self);
      note_health (self, ok && (self->probe_us == 0 || wp_journal_file_has_room (self->file)));
      notify (self, self->taken_adds, batch.n_adds, ok);
    }
  while (self->taken_adds->len > 0 || (ok && self->taken_fails->len + self->taken_removals->len > 0));
}

/* @job: the row that was read; NULL: there was none, or it could not be read (not @ok). */
static void
note_read (WpJournal *self, const WpJob *job, gboolean ok)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (!ok && self->counts.readable)
    g_warning (ngettext ("the journal %s cannot be read, %" G_GUINT64_FORMAT
                         " job of an earlier run waits in it: %s",
                         "the journal %s cannot be read, %" G_GUINT64_FORMAT
                         " jobs of an earlier run wait in it: %s",
                         self->counts.backlog),
               self->path, self->counts.backlog, wp_journal_file_last_error (self->file));
  else if (ok && !self->counts.readable)
    g_message ("the journal %s can be read again", self->path);
  self->counts.readable = ok;
  self->read_us = ok ? 0 : g_get_monotonic_time () + PROBE_US;
  self->counts.backlog = job ? self->counts.backlog - 1 : ok ? 0 : self->counts.backlog;
  self->all_read = ok && !job;
}

/* FALSE: no job was read, for now or for good. */
static gboolean
read_next (WpJournal *self)
{
  g_autoptr (WpJob) job = NULL;
  gboolean ok = wp_journal_file_next (self->file, self->read_row, self->base_row - 1, &job);

  note_read (self, job, ok);
  if (!ok)
    {
      wp_journal_resume (self);
      return FALSE;
    }
  if (job)
    self->read_row = job->row;
  else
    g_message (ngettext ("recovered %" G_GUINT64_FORMAT " job from %s",
                         "recovered %" G_GUINT64_FORMAT " jobs from %s", self->n_recovered),
               self->n_recovered, self->path);
  self->n_recovered += job != NULL;
  self->listener->recovered (job, self->data);

  return job != NULL;
}

/* A place that becomes free after has_place() is announced by wp_journal_resume(), which sets read_on again.
 */
static void
read_some (WpJournal *self)
{
  guint n = 0;

  g_mutex_lock (&self->mutex);
  self->read_on = FALSE;
  g_mutex_unlock (&self->mutex);
  while (self->listener->has_place (self->data) && read_next (self))
    if (++n == MAX_ROWS_PER_TURN)
      {
        wp_journal_resume (self);
        break;
      }
}

static void
check_file (WpJournal *self)
{
  gboolean ok = wp_journal_file_check_place (self->file);

  note_written (self, 0);
  note_health (self, ok);
}

static gpointer
run (gpointer data)
{
  WpJournal *self = data;
  Work work;

  do
    {
      work = take (self);
      if (work & READ)
        read_some (self);
      if (work & WRITE)
        write_taken (self);
      if ((work & LOOK) && self->probe_us == 0)
        check_file (self);
    }
  while (!(work & END));
  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);

  return NULL;
}

void
wp_journal_start (WpJournal *self, const WpJournalListener *listener, gpointer data)
{
  self->listener = listener;
  self->data = data;
  self->all_read = self->counts.backlog == 0;
  if (self->all_read)
    g_message ("recovered 0 jobs from %s", self->path);
  self->writer = g_thread_new ("wp-journal", run, self);
}

void
wp_journal_resume (WpJournal *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (!self->read_on)
    g_cond_signal (&self->changed);
  self->read_on = TRUE;
}

/* FALSE: the journal is closing. */
static gboolean
push_locked (WpJournal *self, GPtrArray *jobs, WpJob *job)
{
  if (self->stopping)
    return FALSE;
  g_ptr_array_add (jobs, wp_job_ref (job));
  if (jobs->len == 1)
    g_cond_signal (&self->changed);
  return TRUE;
}

void
wp_journal_add (WpJournal *self, WpJob *job)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (job->row_state == WP_ROW_NONE)
    job->row_state = WP_ROW_WAITING;
  push_locked (self, self->adds, job);
}

void
wp_journal_remove (WpJournal *self, WpJob *job)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 row = row_of (self, job);

  if ((job->row_state == WP_ROW_WRITTEN || job->row_state == WP_ROW_KEPT) && !self->stopping)
    {
      g_array_append_val (self->removals, row);
      self->n_unwritten++;
      if (self->removals->len == 1)
        self->removal_us = g_get_monotonic_time ();
      if (self->removals->len == 1 || self->removals->len == MAX_ROWS_PER_COMMIT)
        g_cond_signal (&self->changed);
    }
  job->row_state = WP_ROW_OVER;
}

void
wp_journal_fail (WpJournal *self, WpJob *job)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (push_locked (self, self->fails, job))
    self->n_unwritten++;
}

gboolean
wp_journal_has (WpJournal *self, const WpJob *job)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return job->row_state == WP_ROW_KEPT;
}

void
wp_journal_count (WpJournal *self, WpJournalCounts *counts)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  *counts = self->counts;
}

const char *
wp_journal_get_path (const WpJournal *self)
{
  return self->path;
}

/* FALSE: the writer did not end in time. */
static gboolean
stop_writer (WpJournal *self, gint64 deadline_ns)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gboolean in_time = TRUE;

  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->ended && in_time)
    if (deadline_ns == WP_TIME_NONE)
      g_cond_wait (&self->changed, &self->mutex);
    else
      in_time = g_cond_wait_until (&self->changed, &self->mutex, deadline_ns / WP_NS_PER_US);

  return self->ended;
}

gboolean
wp_journal_close (WpJournal *self, gint64 deadline_ns, GError **error)
{
  gboolean ended = !self->writer || stop_writer (self, deadline_ns);
  guint64 n_left;

  if (ended && self->writer)
    g_thread_join (g_steal_pointer (&self->writer));
  g_mutex_lock (&self->mutex);
  n_left = self->n_unwritten;
  g_mutex_unlock (&self->mutex);
  if (ended && n_left == 0)
    return TRUE;
  if (ended)
    g_set_error (
        error, WP_ERROR, WP_ERROR_IO,
        ngettext ("%s: %" G_GUINT64_FORMAT " change could not be written, and its job will run again: %s",
                  "%s: %" G_GUINT64_FORMAT " changes could not be written, and their jobs will run again: %s",
                  n_left),
        self->path, n_left, wp_journal_file_last_error (self->file));
  else if (n_left > 0)
    g_set_error (error, WP_ERROR, WP_ERROR_IO,
                 ngettext ("%s: %" G_GUINT64_FORMAT
                           " change could not be written in time, and its job will run again",
                           "%s: %" G_GUINT64_FORMAT
                           " changes could not be written in time, and their jobs will run again",
                           n_left),
                 self->path, n_left);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: it could not be closed in time", self->path);
  return FALSE;
}
