#include "sim/trace/wp-trace-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/wp-error.h"

#define BUFFER_BYTES (64 * 1024)
#define ROW_BYTES    512  /* the most a row has, but for its id */
#define TAIL_BYTES   4096 /* a row has less, but for an id of more than a kilobyte and a half */
/* within one write: more are no other program's, but a file system's that knows no ends of files */
#define MAX_CUTS 8

struct _WpTraceWriter {
  int fd; /* not ours */
  guint columns;
  WpColumn renamed;
  const char *name; /* of that column; NULL: its own */
  guint digits_cut; /* of the nine */
  GString *head;    /* the start of the file: notes, the header once there is a row or a flush, the state */
  gsize state_at;   /* end of the header */
  gboolean has_header;
  gboolean has_head; /* the file has it */
  gboolean is_file;
  off_t end; /* where the last write ended; -1: none yet */
  int failed_errno;
  char *buffer;
  gsize buffer_bytes;
  gsize used;
  guint64 n_buffered, n_written; /* rows */
};

WpTraceWriter *
wp_trace_writer_new (int fd, guint columns)
{
  WpTraceWriter *self;
  struct stat status;

  g_return_val_if_fail ((columns & WP_COLUMNS_ALL) != 0, NULL);
  self = g_new0 (WpTraceWriter, 1);
  self->fd = fd;
  self->columns = columns & WP_COLUMNS_ALL;
  self->head = g_string_new (NULL);
  self->is_file = fstat (fd, &status) == 0 && S_ISREG (status.st_mode);
  self->end = -1;
  self->buffer_bytes = BUFFER_BYTES;
  self->buffer = g_malloc (self->buffer_bytes);

  return self;
}

void
wp_trace_writer_free (WpTraceWriter *self)
{
  if (self == NULL)
    return;
  g_string_free (self->head, TRUE);
  g_free (self->buffer);
  g_free (self);
}

void
wp_trace_writer_set_digits (WpTraceWriter *self, guint digits)
{
  g_return_if_fail (digits >= 1 && digits <= 9);

  self->digits_cut = 9 - digits;
}

void
wp_trace_writer_append (WpTraceWriter *self)
{
  self->has_head = TRUE;
  self->end = lseek (self->fd, 0, SEEK_END);
}

void
wp_trace_writer_repeat_head (WpTraceWriter *self)
{
  if (!self->is_file)
    self->has_head = FALSE;
}

guint64
wp_trace_writer_rows (const WpTraceWriter *self)
{
  return self->n_written;
}

/* Takes away what was written last, such as the torn row that a full disk leaves, where the file allows it.
 */
static void
undo_write (int fd, gsize written)
{
  off_t at = lseek (fd, 0, SEEK_CUR), start = MAX (at - (off_t) written, 0);

  if (at >= 0 && ftruncate (fd, start) == 0)
    (void) lseek (fd, start, SEEK_SET);
}

/* Returns how much went out; less than @n: self->failed_errno. */
static gsize
write_bytes (WpTraceWriter *self, const char *bytes, gsize n)
{
  gsize written = 0;

  while (written < n && self->failed_errno == 0)
    {
      gssize some = write (self->fd, bytes + written, n - written);

      if (some >= 0)
        written += (gsize) some;
      else if (errno == EAGAIN)
        {
          struct pollfd waiting = { .fd = self->fd, .events = POLLOUT };
          (void) poll (&waiting, 1, -1);
        }
      else if (errno != EINTR)
        self->failed_errno = errno;
    }

  return written;
}

/* The head where the file has none, and the rows. Returns how much went out. */
static gsize
write_all (WpTraceWriter *self)
{
  gsize written = self->has_head ? 0 : write_bytes (self, self->head->str, self->head->len);

  written += write_bytes (self, self->buffer, self->used);
  if (self->failed_errno != 0 && written > 0)
    undo_write (self->fd, written);
  self->has_head = TRUE;

  return written;
}

/* Is the file shorter than we have written it? Another program has truncated it: logrotate's copytruncate
 * does. */
static gboolean
was_cut (const WpTraceWriter *self, off_t end)
{
  off_t at = lseek (self->fd, 0, SEEK_CUR);

  return self->failed_errno == 0 && self->is_file && at < end;
}

/* The cut may lie within a row: removes the rest of it. Returns the file's end. */
static off_t
end_last_row (int fd)
{
  off_t end = lseek (fd, 0, SEEK_END), from = MAX (end - TAIL_BYTES, 0);
  char name[32], tail[TAIL_BYTES];
  gssize n = -1;
  int read_fd;

  g_snprintf (name, sizeof name, "/proc/self/fd/%d", fd); /* this one may be written only */
  read_fd = open (name, O_RDONLY | O_CLOEXEC);
  if (read_fd >= 0)
    n = pread (read_fd, tail, sizeof tail, from);
  if (read_fd >= 0)
    close (read_fd);
  for (; n > 0 && tail[n - 1] != '\n'; n--)
    ;
  if (n >= 0 && from + n < end && (n > 0 || from == 0))
    (void) !ftruncate (fd, from + n);

  return lseek (fd, 0, SEEK_END);
}

/* Looked at after the write, so that there is no moment at which the file could be cut unseen. */
static void
write_out (WpTraceWriter *self)
{
  off_t before = self->end;
  gsize written = write_all (self);

  for (guint i = 0; i < MAX_CUTS && before >= 0 && was_cut (self, before + (off_t) written); i++)
    {
      undo_write (self->fd, written);
      before = end_last_row (self->fd);
      self->has_head = FALSE;
      written = write_all (self);
    }
  self->end = lseek (self->fd, 0, SEEK_CUR);
  if (self->failed_errno == 0)
    self->n_written += self->n_buffered;
  self->n_buffered = 0;
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
  return wp_fail (error, WP_ERROR_IO, "writing the trace: %s", g_strerror (self->failed_errno));
}

static void
put_header (WpTraceWriter *self)
{
  if (self->has_header)
    return;
  self->has_header = TRUE;
  for (int i = 0, n = 0; i < WP_N_COLUMNS; i++)
    if (self->columns & 1u << i)
      g_string_append_printf (self->head, "%s%s", n++ > 0 ? "," : "",
                              self->name && self->renamed == (WpColumn) i ? self->name
                                                                          : wp_column_name ((WpColumn) i));
  g_string_append_c (self->head, '\n');
  self->state_at = self->head->len;
}

void
wp_trace_writer_rename (WpTraceWriter *self, WpColumn column, const char *name)
{
  self->renamed = column;
  self->name = name;
}

void
wp_trace_writer_note (WpTraceWriter *self, const char *key, const char *value)
{
  gsize start = self->head->len;

  g_return_if_fail (!self->has_header);
  g_string_append_printf (self->head, "# %s: %s", key, value);
  g_strdelimit (self->head->str + start, "\r\n", ' ');
  g_string_append_c (self->head, '\n');
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
    case WP_COLUMN_RESPONSE:
    case WP_COLUMN_METHOD:
    case WP_COLUMN_PATH:
    case WP_COLUMN_STATUS:
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
  self->n_buffered++;

  return report (self, error);
}

static gsize
put_moment (WpTraceWriter *self, gint64 at_ns, const char *state)
{
  char at[WP_TIME_BUFFER];
  int n;

  put_header (self);
  reserve (self, ROW_BYTES);
  n = g_snprintf (self->buffer + self->used, ROW_BYTES, "# at=%s %s\n", wp_time_format_seconds (at, at_ns),
                  state);
  self->used += (gsize) MIN (n, ROW_BYTES - 1);

  return (gsize) MIN (n, ROW_BYTES - 1);
}

gboolean
wp_trace_writer_moment (WpTraceWriter *self, gint64 at_ns, const char *state, GError **error)
{
  put_moment (self, at_ns, state);

  return report (self, error);
}

gboolean
wp_trace_writer_state (WpTraceWriter *self, gint64 at_ns, const char *state, GError **error)
{
  gsize len = put_moment (self, at_ns, state);

  g_string_truncate (self->head, self->state_at);
  g_string_append_len (self->head, self->buffer + self->used - len, (gssize) len);
  if (!self->has_head)
    self->used -= len; /* the head has it */

  return report (self, error);
}

gboolean
wp_trace_writer_flush (WpTraceWriter *self, GError **error)
{
  put_header (self);
  write_out (self);

  return report (self, error);
}
