#include "runtime/engine/wp-recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/engine/wp-pressure.h"
#include "runtime/engine/wp-row-order.h"
#include "sim/base/wp-error.h"
#include "sim/trace/wp-trace-writer.h"

#define TURN_US      50000 /* interval of the thread; waking it for every job would cost more than the row */
#define LAST_ROWS_US 1000000
#define FRONT_COLUMNS                                                                                        \
  (WP_COLUMNS_ALL & ~(1u << WP_COLUMN_SERVICE | 1u << WP_COLUMN_STARTED | 1u << WP_COLUMN_FINISHED))

/* What is so from a moment on, for the recorder's thread. */
typedef struct {
  gint64 at_ns;
  char *state;
  gboolean is_sizes; /* each file that is opened later has the last ones */
} Change;

/* A job that has ended, for the recorder's thread. */
typedef struct {
  guint64 seq;
  WpRow row; /* with times of the monotonic clock; its id is owned */
} Entry;

struct _WpRecorder {
  char *path;
  char **notes;
  WpRecordKind kind;
  gint reopen; /* atomic */
  GThread *thread;

  GMutex mutex; /* guards the following */
  GCond stop;
  GArray *ended;   /* (element-type Entry): added since the thread's last turn */
  GArray *changes; /* (element-type Change): not written yet */
  gint64 first_ns; /* the first arrival; WP_TIME_NONE before */
  gint64 last_us;  /* deadline of the last rows; set together with @stopping */
  gboolean stopping, stopped;

  /* Used by the thread. */
  WpTraceWriter *writer;
  int fd;
  gint64 origin_ns; /* WP_TIME_NONE before the first row */
  GArray *taken;    /* (element-type Entry): swapped with @ended at each turn */
  WpRowOrder *order;
  gboolean late_reported;
  guint64 n_rows; /* set before the thread is stopped */
  WpPressure pressure;
  gint64 apart_ns, apart_written_ns; /* least time from publish to arrival; as the file has it */
  Change now;                        /* the last sizes that were written; @state NULL: none */
  guint64 n_given, n_written;        /* rows passed to write_row(), and rows in files that were closed */
  guint64 n_lost_reported;
  GError *error; /* the first */
};

static void
entry_clear (gpointer entry)
{
  g_free ((char *) ((Entry *) entry)->row.id);
}

static void
change_clear (gpointer change)
{
  g_free (((Change *) change)->state);
}

static GArray *
changes_new (void)
{
  GArray *self = g_array_new (FALSE, FALSE, sizeof (Change));

  g_array_set_clear_func (self, change_clear);
  return self;
}

static GArray *
entries_new (void)
{
  GArray *self = g_array_new (FALSE, TRUE, sizeof (Entry));

  g_array_set_clear_func (self, entry_clear);
  return self;
}

/* A new file has mode 0600, whatever the umask. Opening a FIFO does not block, and rows are appended even if
 * another program has truncated the file. */
static int
open_path (const char *path)
{
  const int flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CREAT | O_CLOEXEC;
  int fd = open (path, flags | O_EXCL, 0600);

  if (fd >= 0)
    (void) fchmod (fd, 0600);
  else if (errno == EEXIST)
    fd = open (path, flags, 0600);

  return fd;
}

/* Opens and locks the file: two servers that write one record would spoil it. */
static gboolean
take_file (WpRecorder *self, struct stat *file, GError **error)
{
  self->fd = open_path (self->path);
  if (self->fd >= 0 && fstat (self->fd, file) == 0
      && (!S_ISREG (file->st_mode) || flock (self->fd, LOCK_EX | LOCK_NB) == 0))
    return TRUE;
  return wp_fail (error, WP_ERROR_IO, "cannot write the record %s: %s", self->path,
                  errno == EWOULDBLOCK ? "another server writes to it"
                  : errno == ENXIO     ? "no program reads this FIFO; start its reader first"
                                       : g_strerror (errno));
}

/* @truncate: removes the contents; otherwise rows are appended. */
static gboolean
open_file (WpRecorder *self, gboolean truncate, GError **error)
{
  struct stat file;

  if (!take_file (self, &file, error))
    return FALSE;
  self->writer
      = wp_trace_writer_new (self->fd, self->kind == WP_RECORD_FRONT ? FRONT_COLUMNS : WP_COLUMNS_ALL);
  self->apart_written_ns = G_MAXINT64;
  if (self->kind == WP_RECORD_WORKER)
    wp_trace_writer_rename (self->writer, WP_COLUMN_ACCEPTED, "enqueued");
  for (char **note = self->notes; note[0]; note += 2)
    wp_trace_writer_note (self->writer, note[0], note[1]);
  if (truncate && S_ISREG (file.st_mode) && ftruncate (self->fd, 0) < 0)
    return wp_fail (error, WP_ERROR_IO, "cannot truncate the record %s: %s", self->path, g_strerror (errno));
  if (!truncate && S_ISREG (file.st_mode) && file.st_size > 0)
    wp_trace_writer_append (self->writer);

  if (wp_trace_writer_flush (self->writer, error))
    return TRUE;
  g_prefix_error (error, "the record %s: ", self->path);
  return FALSE;
}

static void
close_file (WpRecorder *self)
{
  if (self->writer)
    self->n_written += wp_trace_writer_rows (self->writer);
  g_clear_pointer (&self->writer, wp_trace_writer_free);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
keep_error (WpRecorder *self, GError *error)
{
  if (self->error)
    g_error_free (error);
  else
    self->error = error;
}

static void
failed (WpRecorder *self, GError *error)
{
  g_warning ("%s; recording stops until SIGHUP", error->message);
  close_file (self);
  keep_error (self, error);
}

static void
write_failed (WpRecorder *self, GError *error)
{
  g_prefix_error (&error, "the record %s: ", self->path);
  failed (self, error);
}

static void
shift (gint64 *time_ns, gint64 origin_ns)
{
  if (*time_ns != WP_TIME_NONE)
    *time_ns -= origin_ns;
}

static void
write_row (const WpRow *absolute, gpointer data)
{
  WpRecorder *self = data;
  WpRow row = *absolute;
  GError *error = NULL;

  self->n_given++;
  if (self->origin_ns == WP_TIME_NONE)
    self->origin_ns = row.arrival_ns;
  if (self->kind == WP_RECORD_WORKER && row.accepted_ns != WP_TIME_NONE)
    self->apart_ns = MIN (self->apart_ns, row.arrival_ns - row.accepted_ns);
  shift (&row.arrival_ns, self->origin_ns);
  shift (&row.accepted_ns, self->origin_ns);
  shift (&row.started_ns, self->origin_ns);
  shift (&row.finished_ns, self->origin_ns);
  shift (&row.ended_ns, self->origin_ns);
  if (self->writer && !wp_trace_writer_row (self->writer, &row, &error))
    write_failed (self, error);
}

static void
flush (WpRecorder *self)
{
  GError *error = NULL;

  if (self->writer && !wp_trace_writer_flush (self->writer, &error))
    write_failed (self, error);
}

/* How busy the machine was in the last second, where there were rows in it. */
static void
write_pressure (WpRecorder *self)
{
  gint64 now_ns = wp_time_monotonic ();
  char state[32], share[G_ASCII_DTOSTR_BUF_SIZE];
  GError *error = NULL;
  double waited;

  if (!self->writer || self->origin_ns == WP_TIME_NONE || now_ns < self->origin_ns
      || !wp_pressure_look (&self->pressure, now_ns, &waited))
    return;
  g_snprintf (state, sizeof state, "pressure=%s", g_ascii_formatd (share, sizeof share, "%.3f", waited));
  if (!wp_trace_writer_moment (self->writer, now_ns - self->origin_ns, state, &error))
    write_failed (self, error);
}

static void
write_apart (WpRecorder *self)
{
  char state[64], apart[WP_TIME_BUFFER];
  GError *error = NULL;

  if (!self->writer || self->apart_ns >= self->apart_written_ns)
    return;
  self->apart_written_ns = self->apart_ns;
  g_snprintf (state, sizeof state, "clocks-apart=%s", wp_time_format_seconds (apart, self->apart_ns));
  if (!wp_trace_writer_moment (self->writer, wp_time_monotonic () - self->origin_ns, state, &error))
    write_failed (self, error);
}

/* A change before the first request is one at its arrival. */
static void
write_sizes (WpRecorder *self)
{
  GError *error = NULL;

  if (self->writer && self->now.state
      && !wp_trace_writer_state (self->writer, MAX (0, self->now.at_ns - self->origin_ns), self->now.state,
                                 &error))
    write_failed (self, error);
}

static void
write_change (WpRecorder *self, Change *change)
{
  GError *error = NULL;

  if (change->is_sizes)
    {
      change_clear (&self->now);
      self->now = (Change){ change->at_ns, g_steal_pointer (&change->state), TRUE };
      write_sizes (self);
    }
  else if (self->writer
           && !wp_trace_writer_moment (self->writer, MAX (0, change->at_ns - self->origin_ns), change->state,
                                       &error))
    write_failed (self, error);
}

/* Once the first request has come. */
static void
write_changes (WpRecorder *self)
{
  g_autoptr (GArray) changes = NULL;

  if (self->origin_ns == WP_TIME_NONE)
    return;
  g_mutex_lock (&self->mutex);
  if (self->changes->len > 0)
    changes = g_steal_pointer (&self->changes);
  if (changes)
    self->changes = changes_new ();
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; changes && i < changes->len; i++)
    write_change (self, &g_array_index (changes, Change, i));
}

/* Call it after close_file(), which counts the written rows. */
static void
report_lost (WpRecorder *self)
{
  guint64 n_lost = self->n_given - self->n_written;

  if (n_lost > self->n_lost_reported)
    g_message (
        ngettext ("the record %s continues without %" G_GUINT64_FORMAT " row that could not be written",
                  "the record %s continues without %" G_GUINT64_FORMAT " rows that could not be written",
                  n_lost - self->n_lost_reported),
        self->path, n_lost - self->n_lost_reported);
  self->n_lost_reported = n_lost;
}

static gboolean
is_same_file (WpRecorder *self)
{
  struct stat named, ours;

  return self->fd >= 0 && stat (self->path, &named) == 0 && fstat (self->fd, &ours) == 0
         && named.st_dev == ours.st_dev && named.st_ino == ours.st_ino;
}

static void
reopen_if_asked (WpRecorder *self)
{
  GError *error = NULL;

  if (!g_atomic_int_compare_and_exchange (&self->reopen, TRUE, FALSE))
    return;
  if (is_same_file (self))
    {
      wp_trace_writer_repeat_head (self->writer);
      return;
    }
  flush (self);
  close_file (self);
  if (open_file (self, FALSE, &error))
    {
      write_sizes (self);
      report_lost (self);
    }
  else
    failed (self, error);
}

/* Reports the first late row. */
static void
report_late (WpRecorder *self)
{
  if (self->late_reported || wp_row_order_count_late (self->order) == 0)
    return;
  self->late_reported = TRUE;
  g_message (
      "the record %s: %u requests came after one that has not ended yet; such a row comes late, out of "
      "order of arrival",
      self->path, WP_RECORDER_SPAN);
}

/* Waits for the next turn and takes the rows that were added. FALSE: the recorder is stopping. */
static gboolean
take_ended (WpRecorder *self)
{
  gint64 until_us = g_get_monotonic_time () + TURN_US;
  GArray *taken;
  gboolean stopping;

  g_mutex_lock (&self->mutex);
  while (!self->stopping && g_cond_wait_until (&self->stop, &self->mutex, until_us))
    ;
  stopping = self->stopping;
  taken = self->ended;
  self->ended = self->taken;
  self->taken = taken;
  if (self->origin_ns == WP_TIME_NONE)
    self->origin_ns = self->first_ns;
  g_mutex_unlock (&self->mutex);

  reopen_if_asked (self);
  for (guint i = 0; i < taken->len; i++)
    {
      Entry *entry = &g_array_index (taken, Entry, i);

      wp_row_order_add (self->order, entry->seq, &entry->row);
    }
  write_changes (self);
  if (taken->len > 0)
    {
      write_pressure (self);
      write_apart (self);
      flush (self);
    }
  report_late (self);
  g_array_set_size (taken, 0);

  return !stopping;
}

/* A job ends shortly before its thread adds it: waits for such jobs, then writes all rows, with or without
 * gaps.
 */
static void
take_last (WpRecorder *self)
{
  guint64 n_lost;

  while (wp_row_order_count_missing (self->order, self->n_rows) > 0
         && g_get_monotonic_time () < self->last_us)
    {
      g_usleep (1000);
      take_ended (self);
    }
  n_lost = wp_row_order_end (self->order, self->n_rows);
  write_changes (self);
  write_apart (self);
  flush (self);
  if (n_lost > 0)
    keep_error (self, g_error_new (WP_ERROR, WP_ERROR_IO,
                                   ngettext ("the record %s: %" G_GUINT64_FORMAT " row is missing",
                                             "the record %s: %" G_GUINT64_FORMAT " rows are missing", n_lost),
                                   self->path, n_lost));
}

static gpointer
run (gpointer data)
{
  WpRecorder *self = data;

  while (take_ended (self))
    ;
  take_last (self);
  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  g_cond_signal (&self->stop);
  g_mutex_unlock (&self->mutex);

  return NULL;
}

WpRecorder *
wp_recorder_new (const char *path, const char *const *notes, WpRecordKind kind, GError **error)
{
  WpRecorder *self = g_new0 (WpRecorder, 1);

  self->path = g_strdup (path);
  self->notes = g_strdupv ((char **) notes);
  self->kind = kind;
  self->apart_ns = G_MAXINT64;
  self->ended = entries_new ();
  self->taken = entries_new ();
  self->changes = changes_new ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->stop);
  self->origin_ns = self->first_ns = WP_TIME_NONE;
  self->order = wp_row_order_new (WP_RECORDER_SPAN, write_row, self);
  if (!open_file (self, TRUE, error))
    {
      wp_recorder_close (self, 0, WP_TIME_NONE, NULL);
      wp_recorder_free (self);
      return NULL;
    }
  self->thread = g_thread_new ("wp-recorder", run, self);

  return self;
}

void
wp_recorder_begin (WpRecorder *self, gint64 first_ns)
{
  g_mutex_lock (&self->mutex);
  self->first_ns = first_ns;
  g_mutex_unlock (&self->mutex);
}

/* Returns: the publish by the monotonic clock. */
static gint64
enqueued_at (const WpJob *job)
{
  if (job->enqueued_ns == WP_TIME_NONE)
    return WP_TIME_NONE;
  return job->enqueued_ns - (g_get_real_time () * WP_NS_PER_US - wp_time_monotonic ());
}

/* The job's key is the publisher's until it is confirmed. */
static void
as_front (WpRow *row, const WpJob *job)
{
  gboolean confirmed = row->outcome == WP_OUTCOME_STORED;

  row->accepted_ns = confirmed ? row->finished_ns : WP_TIME_NONE;
  if (!confirmed)
    return;
  row->outcome = WP_OUTCOME_PASSED;
  if (!row->id)
    row->id = g_strdup (job->key);
}

void
wp_recorder_add (WpRecorder *self, const WpJob *job)
{
  gboolean served = job->finished_ns != WP_TIME_NONE;
  Entry entry = { job->seq,
                  {
                      .arrival_ns = job->arrival_ns,
                      .service_ns = served ? job->finished_ns - job->started_ns : job->asked_service_ns,
                      .accepted_ns = self->kind == WP_RECORD_WORKER ? enqueued_at (job) : job->accepted_ns,
                      .started_ns = job->started_ns,
                      .finished_ns = job->finished_ns,
                      .ended_ns = job->ended_ns,
                      .bytes = job->body ? (gint64) g_bytes_get_size (job->body) : 0,
                      .id = g_strdup (job->id),
                      .outcome = job->outcome,
                      .blocked = job->blocked,
                  } };

  if (self->kind == WP_RECORD_FRONT)
    as_front (&entry.row, job);
  g_mutex_lock (&self->mutex);
  g_array_append_val (self->ended, entry);
  g_mutex_unlock (&self->mutex);
}

static void
note (WpRecorder *self, gint64 at_ns, const char *state, gboolean is_sizes)
{
  Change change = { at_ns, g_strdup (state), is_sizes };

  g_mutex_lock (&self->mutex);
  g_array_append_val (self->changes, change);
  g_mutex_unlock (&self->mutex);
}

void
wp_recorder_note (WpRecorder *self, gint64 at_ns, const char *state)
{
  note (self, at_ns, state, FALSE);
}

void
wp_recorder_note_sizes (WpRecorder *self, gint64 at_ns, const char *sizes)
{
  note (self, at_ns, sizes, TRUE);
}

void
wp_recorder_reopen (WpRecorder *self)
{
  g_atomic_int_set (&self->reopen, TRUE);
}

/* FALSE: the thread did not end in time, for instance because no program reads the FIFO. */
static gboolean
stop_thread (WpRecorder *self, gint64 deadline_us)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_us = g_get_monotonic_time ();

  self->last_us = now_us + MIN (LAST_ROWS_US, (deadline_us - now_us) / 2);
  self->stopping = TRUE;
  g_cond_signal (&self->stop);
  while (!self->stopped && g_cond_wait_until (&self->stop, &self->mutex, deadline_us))
    ;

  return self->stopped;
}

gboolean
wp_recorder_close (WpRecorder *self, guint64 n_rows, gint64 deadline_ns, GError **error)
{
  self->n_rows = n_rows;
  if (self->thread
      && !stop_thread (self, deadline_ns == WP_TIME_NONE ? G_MAXINT64 : deadline_ns / WP_NS_PER_US))
    return wp_fail (error, WP_ERROR_IO, "%s: its last rows could not be written in time", self->path);
  if (self->thread)
    g_thread_join (g_steal_pointer (&self->thread));
  close_file (self);
  if (!self->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  if (self->n_given > self->n_written)
    g_prefix_error (error,
                    ngettext ("%" G_GUINT64_FORMAT " row could not be written: ",
                              "%" G_GUINT64_FORMAT " rows could not be written: ",
                              self->n_given - self->n_written),
                    self->n_given - self->n_written);
  return FALSE;
}

void
wp_recorder_free (WpRecorder *self)
{
  g_array_unref (self->ended);
  g_array_unref (self->taken);
  g_array_unref (self->changes);
  change_clear (&self->now);
  wp_row_order_free (self->order);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->stop);
  g_strfreev (self->notes);
  g_free (self->path);
  g_free (self);
}
