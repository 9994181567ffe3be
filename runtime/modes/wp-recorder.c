#include "runtime/modes/wp-recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/wp-error.h"
#include "sim/wp-trace-writer.h"

#define FLUSH_AFTER_US 200000
#define LAST_ROWS_US 1000000

/* What the threads of the server hand over, all of it one job's. */
typedef struct {
  guint64 seq;
  WpRow row;                 /* times still on the monotonic clock; its id is owned */
} Entry;

struct _WpRecorder {
  char *path;
  char **notes;
  GAsyncQueue *ended;        /* (element-type Entry) */
  gint reopen;               /* atomic */
  GThread *thread;

  /* The thread's own. */
  WpTraceWriter *writer;
  int fd;
  gint64 origin_ns;          /* WP_TIME_NONE before the first row */
  GPtrArray *early;          /* ring of a power of two: entries by seq that wait for one before them */
  guint64 next_seq;
  guint64 n_rows;            /* set before the last entry is pushed */
  GError *error;             /* the first */
};

static Entry last_entry;     /* its address says: no more */

static void
entry_free (Entry *self)
{
  g_free ((char *) self->row.id);
  g_free (self);
}

static gboolean
open_file (WpRecorder *self, GError **error)
{
  self->fd = open (self->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (self->fd < 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_IO, "cannot write the record %s: %s", self->path, g_strerror (errno));
      return FALSE;
    }
  self->writer = wp_trace_writer_new (self->fd, WP_COLUMNS_ALL);
  for (char **note = self->notes; note[0]; note += 2)
    wp_trace_writer_note (self->writer, note[0], note[1]);

  if (wp_trace_writer_flush (self->writer, error))
    return TRUE;
  g_prefix_error (error, "the record %s: ", self->path);
  return FALSE;
}

static void
close_file (WpRecorder *self)
{
  g_clear_pointer (&self->writer, wp_trace_writer_free);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
failed (WpRecorder *self, GError *error)
{
  g_prefix_error (&error, "the record %s: ", self->path);
  g_warning ("%s; recording stops", error->message);
  close_file (self);
  if (self->error)
    g_error_free (error);
  else
    self->error = error;
}

static void
shift (gint64 *time_ns, gint64 origin_ns)
{
  if (*time_ns != WP_TIME_NONE)
    *time_ns -= origin_ns;
}

static void
write_entry (WpRecorder *self, Entry *entry)
{
  WpRow row = entry->row;
  GError *error = NULL;

  if (self->origin_ns == WP_TIME_NONE)
    self->origin_ns = row.arrival_ns;
  shift (&row.arrival_ns, self->origin_ns);
  shift (&row.accepted_ns, self->origin_ns);
  shift (&row.started_ns, self->origin_ns);
  shift (&row.finished_ns, self->origin_ns);
  shift (&row.ended_ns, self->origin_ns);
  if (self->writer && !wp_trace_writer_row (self->writer, &row, &error))
    failed (self, error);
}

static void
flush (WpRecorder *self)
{
  GError *error = NULL;

  if (self->writer && !wp_trace_writer_flush (self->writer, &error))
    failed (self, error);
}

static gboolean
is_same_file (WpRecorder *self)
{
  struct stat named, ours;

  return self->fd >= 0 && stat (self->path, &named) == 0 && fstat (self->fd, &ours) == 0 && named.st_dev == ours.st_dev &&
         named.st_ino == ours.st_ino;
}

static void
reopen_if_asked (WpRecorder *self)
{
  GError *error = NULL;

  if (!g_atomic_int_compare_and_exchange (&self->reopen, TRUE, FALSE) || is_same_file (self))
    return;
  flush (self);
  close_file (self);
  if (!open_file (self, &error))
    failed (self, error);
}

static Entry **
slot (WpRecorder *self, guint64 seq)
{
  return (Entry **) &self->early->pdata[seq & (self->early->len - 1)];
}

static void
grow (WpRecorder *self, guint64 seq)
{
  g_autoptr(GPtrArray) old = self->early;
  guint len = old->len;

  while (seq - self->next_seq >= len)
    len *= 2;
  self->early = g_ptr_array_new ();
  g_ptr_array_set_size (self->early, len);
  for (guint i = 0; i < old->len; i++)
    if (old->pdata[i])
      *slot (self, ((Entry *) old->pdata[i])->seq) = old->pdata[i];
}

static void
take_entry (WpRecorder *self, Entry *entry)
{
  Entry *next;

  if (entry->seq >= self->next_seq && entry->seq - self->next_seq >= self->early->len)
    grow (self, entry->seq);
  if (entry->seq < self->next_seq || *slot (self, entry->seq))
    {
      entry_free (entry);
      return;
    }
  *slot (self, entry->seq) = entry;

  while ((next = *slot (self, self->next_seq)))
    {
      *slot (self, self->next_seq++) = NULL;
      write_entry (self, next);
      entry_free (next);
    }
}

/* A job ends a moment before its thread adds it here: waits for those, then writes what there is across the gaps. */
static void
take_last (WpRecorder *self)
{
  gint64 until_us = g_get_monotonic_time () + LAST_ROWS_US;
  guint64 n_lost = 0;

  while (self->next_seq < self->n_rows && g_get_monotonic_time () < until_us)
    {
      Entry *entry = g_async_queue_timeout_pop (self->ended, MAX (until_us - g_get_monotonic_time (), 1));

      if (entry)
        take_entry (self, entry);
    }
  for (; self->next_seq < self->n_rows; self->next_seq++)
    {
      Entry *entry = g_steal_pointer (slot (self, self->next_seq));

      n_lost += entry == NULL;
      if (!entry)
        continue;
      write_entry (self, entry);
      entry_free (entry);
    }
  flush (self);
  if (n_lost > 0)
    failed (self, g_error_new (WP_ERROR, WP_ERROR_IO, "%" G_GUINT64_FORMAT " rows are missing", n_lost));
}

static gpointer
run (gpointer data)
{
  WpRecorder *self = data;

  for (;;)
    {
      Entry *entry = g_async_queue_timeout_pop (self->ended, FLUSH_AFTER_US);

      reopen_if_asked (self);
      if (entry == &last_entry)
        break;
      if (entry)
        take_entry (self, entry);
      else
        flush (self);
    }
  take_last (self);
  return NULL;
}

WpRecorder *
wp_recorder_new (const char *path, const char *const *notes, GError **error)
{
  WpRecorder *self = g_new0 (WpRecorder, 1);

  self->path = g_strdup (path);
  self->notes = g_strdupv ((char **) notes);
  self->ended = g_async_queue_new ();
  self->origin_ns = WP_TIME_NONE;
  self->early = g_ptr_array_new ();
  g_ptr_array_set_size (self->early, 1024);
  if (!open_file (self, error))
    {
      wp_recorder_close (self, 0, NULL);
      wp_recorder_free (self);
      return NULL;
    }
  self->thread = g_thread_new ("wp-recorder", run, self);

  return self;
}

void
wp_recorder_add (WpRecorder *self, const WpJob *job)
{
  Entry *entry = g_new (Entry, 1);
  gboolean served = job->finished_ns != WP_TIME_NONE;

  entry->seq = job->seq;
  entry->row = (WpRow) {
    .arrival_ns = job->arrival_ns,
    .service_ns = served ? job->finished_ns - job->started_ns : job->asked_service_ns,
    .accepted_ns = job->accepted_ns, .started_ns = job->started_ns, .finished_ns = job->finished_ns, .ended_ns = job->ended_ns,
    .bytes = job->body ? (gint64) g_bytes_get_size (job->body) : 0,
    .id = g_strdup (job->id), .outcome = job->outcome, .blocked = job->blocked,
  };
  g_async_queue_push (self->ended, entry);
}

void
wp_recorder_reopen (WpRecorder *self)
{
  g_atomic_int_set (&self->reopen, TRUE);
}

gboolean
wp_recorder_close (WpRecorder *self, guint64 n_rows, GError **error)
{
  self->n_rows = n_rows;
  if (self->thread)
    {
      g_async_queue_push (self->ended, &last_entry);
      g_thread_join (self->thread);
    }
  close_file (self);
  if (!self->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

void
wp_recorder_free (WpRecorder *self)
{
  Entry *entry;

  while ((entry = g_async_queue_try_pop (self->ended)))
    entry_free (entry);
  for (guint i = 0; i < self->early->len; i++)
    if (self->early->pdata[i])
      entry_free (self->early->pdata[i]);
  g_ptr_array_unref (self->early);
  g_async_queue_unref (self->ended);
  g_strfreev (self->notes);
  g_free (self->path);
  g_free (self);
}
