#include "sim/trace/wp-trace-format.h"

#include <string.h>

#include "sim/base/wp-error.h"

static const char nothing[WP_READ_BUFFER_SPARE_BYTES] = "";

const WpField wp_trace_format_no_field = { nothing, 0 };

WpTraceFormat *
wp_trace_format_new (const WpTraceFormatKind *kind, WpInput *input, gsize chunk_bytes, guint64 limit_rows,
                     GError **error)
{
  g_autoptr (WpTraceFormat) self = g_malloc0 (kind->size);

  self->kind = kind;
  self->notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  wp_read_buffer_init (&self->window, input, chunk_bytes);
  if (!wp_read_buffer_skip_mark (&self->window, error) || !self->kind->open (self, limit_rows, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
wp_trace_format_free (WpTraceFormat *self)
{
  if (self == NULL)
    return;
  if (self->kind->clear != NULL)
    self->kind->clear (self);
  wp_read_buffer_clear (&self->window);
  g_hash_table_unref (self->notes);
  g_strfreev (self->names);
  g_free (self);
}

gboolean
wp_trace_format_rewind (WpTraceFormat *self, GError **error)
{
  return wp_read_buffer_rewind (&self->window, error) && wp_read_buffer_skip_mark (&self->window, error)
         && self->kind->rewind (self, error);
}

static gboolean
is_blank (const char *line, gsize len)
{
  while (len > 0 && (*line == ' ' || *line == '\t'))
    {
      line++;
      len--;
    }

  return len == 0;
}

WpTraceFormatStatus
wp_trace_format_line (WpTraceFormat *self, gboolean may_fill, char **line, gsize *len, GError **error)
{
  WpReadBuffer *window = &self->window;

  for (;;)
    {
      char *end;

      self->row_line = window->line;
      end = memchr (window->at, '\n', (gsize) (window->end - window->at));
      if (end == NULL && !window->at_eof && !may_fill)
        return WP_TRACE_FORMAT_MORE;
      if (end == NULL && !(end = wp_read_buffer_find_line (window, error)))
        return WP_TRACE_FORMAT_ERROR;
      if (end == window->at && end == window->end) /* only now is it known that nothing follows */
        return WP_TRACE_FORMAT_END;
      *line = window->at;
      *len = (gsize) (end - window->at);
      window->at = end == window->end ? end : end + 1;
      window->line++;
      if (*len > 0 && (*line)[*len - 1] == '\r')
        --*len;
      if (!is_blank (*line, *len))
        return WP_TRACE_FORMAT_ROW;
    }
}

gboolean
wp_trace_format_fail (WpTraceFormat *self, const char *problem, GError **error)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, problem);
  wp_read_buffer_prefix (&self->window, self->row_line, error);

  return FALSE;
}
