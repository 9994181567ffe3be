#include "sim/trace/wp-read-buffer.h"

#include <string.h>

#include "sim/base/wp-error.h"

static void
empty (WpReadBuffer *self)
{
  self->at = self->end = self->buffer;
  self->at_eof = FALSE;
  self->line = 1;
  *self->end = '\n';
}

void
wp_read_buffer_init (WpReadBuffer *self, WpInput *input, gsize chunk_bytes)
{
  self->input = input;
  self->chunk_bytes = chunk_bytes;
  self->buffer_bytes = chunk_bytes + MIN (chunk_bytes, 4096); /* a partial row before a chunk */
  self->buffer = g_malloc0 (self->buffer_bytes + WP_READ_BUFFER_SPARE_BYTES);
  empty (self);
}

void
wp_read_buffer_clear (WpReadBuffer *self)
{
  g_clear_pointer (&self->buffer, g_free);
  g_clear_pointer (&self->input, wp_input_free);
}

void
wp_read_buffer_prefix (const WpReadBuffer *self, guint64 line, GError **error)
{
  g_prefix_error (error, "%s:%" G_GUINT64_FORMAT ": ", wp_input_name (self->input), line);
}

static void
make_room (WpReadBuffer *self, gsize held)
{
  if (held + self->chunk_bytes <= self->buffer_bytes)
    {
      memmove (self->buffer, self->at, held);
    }
  else
    {
      gsize bytes = MAX (2 * self->buffer_bytes, held + self->chunk_bytes);
      char *buffer = g_malloc0 (bytes + WP_READ_BUFFER_SPARE_BYTES);

      memcpy (buffer, self->at, held);
      g_free (self->buffer);
      self->buffer = buffer;
      self->buffer_bytes = bytes;
    }
  self->at = self->buffer;
  self->end = self->buffer + held;
}

gboolean
wp_read_buffer_fill (WpReadBuffer *self, GError **error)
{
  gsize held = (gsize) (self->end - self->at);
  gssize n;

  if (held > WP_READ_BUFFER_ROW_BYTES)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, "a row of more than 1 MiB");
      wp_read_buffer_prefix (self, self->line, error);
      return FALSE;
    }
  make_room (self, held);
  n = wp_input_read (self->input, self->end, self->chunk_bytes, error);
  if (n < 0)
    {
      g_prefix_error (error, "at byte %" G_GSIZE_FORMAT ": ", held + 1);
      wp_read_buffer_prefix (self, self->line, error);
      return FALSE;
    }
  self->end += n;
  *self->end = '\n';
  self->at_eof = n == 0;

  return TRUE;
}

gboolean
wp_read_buffer_rewind (WpReadBuffer *self, GError **error)
{
  empty (self);

  return wp_input_rewind (self->input, error);
}

char *
wp_read_buffer_find_line (WpReadBuffer *self, GError **error)
{
  for (;;)
    {
      char *end = memchr (self->at, '\n', (gsize) (self->end - self->at));

      if (end != NULL || self->at_eof)
        return end != NULL ? end : self->end;
      if (!wp_read_buffer_fill (self, error))
        return NULL;
    }
}

gboolean
wp_read_buffer_skip_bom (WpReadBuffer *self, GError **error)
{
  while (self->end - self->at < 3 && !self->at_eof)
    if (!wp_read_buffer_fill (self, error))
      return FALSE;
  if (self->end - self->at >= 3 && memcmp (self->at, "\xef\xbb\xbf", 3) == 0)
    self->at += 3;

  return TRUE;
}
