#include "sim/trace/wp-trace-writer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

#define BUFFER_BYTES (64 * 1024)
#define ROW_BYTES 512          /* the most a row has, but for its id */

struct _WpTraceWriter {
  int fd;                      /* not ours */
  guint columns;
  guint digits_cut;            /* of the nine */
  gboolean has_header;         /* the header is in the buffer, or written */
  int failed_errno;
  char *buffer;
  gsize buffer_bytes;
  gsize used;
};

const char *
wp_column_name (WpColumn column)
{
  static const char *const names[] = {
    "arrival", "service", "id", "bytes", "accepted", "started", "finished", "ended", "outcome", "blocked"
  };

  g_return_val_if_fail ((guint) column < G_N_ELEMENTS (names), "");

  return names[column];
}

WpTraceWriter *
wp_trace_writer_new (int fd, guint columns)
{
  WpTraceWriter *self;

  g_return_val_if_fail ((columns & WP_COLUMNS_ALL) != 0, NULL);
  self = g_new0 (WpTraceWriter, 1);
  self->fd = fd;
  self->columns = columns & WP_COLUMNS_ALL;
  self->buffer_bytes = BUFFER_BYTES;
  self->buffer = g_malloc (self->buffer_bytes);

  return self;
}

void
wp_trace_writer_free (WpTraceWriter *self)
{
  if (self == NULL)
    return;
  g_free (self->buffer);
  g_free (self);
}

void
wp_trace_writer_set_digits (WpTraceWriter *self, guint digits)
{
  g_return_if_fail (digits >= 1 && digits <= 9);

  self->digits_cut = 9 - digits;
}

/* Takes away the torn row that a full disk leaves, where the file allows it. */
static void
undo_write (int fd, gsize written)
{
  off_t at = lseek (fd, 0, SEEK_CUR);

  if (at >= (off_t) written && ftruncate (fd, at - (off_t) written) == 0)
    (void) lseek (fd, at - (off_t) written, SEEK_SET);
}

static void
write_out (WpTraceWriter *self)
{
  gsize written = 0;

  while (written < self->used && self->failed_errno == 0)
    {
      gssize n = write (self->fd, self->buffer + written, self->used - written);

      if (n >= 0)
        written += (gsize) n;
      else if (errno == EAGAIN)
        {
          struct pollfd waiting = { .fd = self->fd, .events = POLLOUT };
          (void) poll (&waiting, 1, -1);
        }
      else if (errno != EINTR)
        self->failed_errno = errno;
    }
  if (self->failed_errno != 0 && written > 0)
    undo_write (self->fd, written);
  self->used = 0;
}

/* Makes room for @bytes more, in whole rows. */
static void
reserve (WpTraceWriter *self, gsize bytes)
{
  if (self->buffer_bytes - self->used >= bytes)
    return;
  write_out (self);
  if (self->buffer_bytes < bytes)
    {
      self->buffer_bytes = bytes;
      self->buffer = g_realloc (self->buffer, self->buffer_bytes);
    }
}

static gboolean
report (const WpTraceWriter *self, GError **error)
{
  if (self->failed_errno == 0)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_IO, "writing the trace: %s", g_strerror (self->failed_errno));

  return FALSE;
}

static void
put_header (WpTraceWriter *self)
{
  gboolean first = TRUE;

  if (self->has_header)
    return;
  self->has_header = TRUE;
  reserve (self, ROW_BYTES);
  for (int i = 0; i < WP_N_COLUMNS; i++)
    {
      const char *name = wp_column_name ((WpColumn) i);

      if (!(self->columns & 1u << i))
        continue;
      if (!first)
        self->buffer[self->used++] = ',';
      first = FALSE;
      memcpy (self->buffer + self->used, name, strlen (name));
      self->used += strlen (name);
    }
  self->buffer[self->used++] = '\n';
}

void
wp_trace_writer_note (WpTraceWriter *self, const char *key, const char *value)
{
  g_autofree char *line = g_strdup_printf ("# %s: %s", key, value);

  g_return_if_fail (!self->has_header);
  g_strdelimit (line, "\r\n", ' ');
  reserve (self, strlen (line) + 1);
  memcpy (self->buffer + self->used, line, strlen (line));
  self->used += strlen (line);
  self->buffer[self->used++] = '\n';
}

static char *
put_text (char *at, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL)
    return stpcpy (at, text);
  *at++ = '"';
  for (; *text != '\0'; text++)
    {
      if (*text == '"')
        *at++ = '"';
      *at++ = *text;
    }
  *at++ = '"';

  return at;
}

static char *
put_count (char *at, gint64 count)
{
  char digits[20];
  int n = 0;

  do
    digits[n++] = (char) ('0' + count % 10);
  while ((count /= 10) > 0);
  while (n > 0)
    *at++ = digits[--n];

  return at;
}

static char *
put_time (char *at, guint digits_cut, gint64 ns)
{
  return ns == WP_TIME_NONE ? at : at + strlen (wp_time_format_seconds (at, ns)) - digits_cut;
}

static char *
put_cell (char *at, WpColumn column, guint digits_cut, const WpRow *row)
{
  switch (column)
    {
      case WP_COLUMN_ARRIVAL:
        return put_time (at, digits_cut, row->arrival_ns);
      case WP_COLUMN_SERVICE:
        return put_time (at, digits_cut, row->service_ns);
      case WP_COLUMN_ID:
        return row->id != NULL ? put_text (at, row->id) : at;
      case WP_COLUMN_BYTES:
        return row->bytes >= 0 ? put_count (at, row->bytes) : at;
      case WP_COLUMN_ACCEPTED:
        return put_time (at, digits_cut, row->accepted_ns);
      case WP_COLUMN_STARTED:
        return put_time (at, digits_cut, row->started_ns);
      case WP_COLUMN_FINISHED:
        return put_time (at, digits_cut, row->finished_ns);
      case WP_COLUMN_ENDED:
        return put_time (at, digits_cut, row->ended_ns);
      case WP_COLUMN_OUTCOME:
        return stpcpy (at, wp_outcome_name (row->outcome));
      case WP_COLUMN_BLOCKED:
        return row->blocked >= 0 ? put_count (at, row->blocked) : at;
      case WP_N_COLUMNS:
        break;
    }
  g_assert_not_reached ();
}

gboolean
wp_trace_writer_row (WpTraceWriter *self, const WpRow *row, GError **error)
{
  char *at;

  put_header (self);
  reserve (self, ROW_BYTES + (row->id != NULL ? 2 * strlen (row->id) : 0));
  at = self->buffer + self->used;
  for (int i = 0; i < WP_N_COLUMNS; i++)
    if (self->columns & 1u << i)
      {
        at = put_cell (at, (WpColumn) i, self->digits_cut, row);
        *at++ = ',';
      }
  at[-1] = '\n';
  self->used = (gsize) (at - self->buffer);

  return report (self, error);
}

gboolean
wp_trace_writer_flush (WpTraceWriter *self, GError **error)
{
  put_header (self);
  write_out (self);

  return report (self, error);
}
