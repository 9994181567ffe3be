#include "sim/trace/wp-trace-format.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define SAMPLE_LINES 20
#define SAMPLE_BYTES ((gsize) 64 * 1024)

static const char nothing[WP_READ_BUFFER_SPARE_BYTES] = "";

const WpField wp_trace_format_no_field = { nothing, 0 };

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

static void
clear_sizes (gpointer sizes)
{
  g_free (((WpTraceSizes *) sizes)->sizes);
}

WpTraceFormat *
wp_trace_format_new (const WpTraceFormatKind *kind, WpReadBuffer *window, const WpTraceOptions *options,
                     GError **error)
{
  g_autoptr (WpTraceFormat) self = g_malloc0 (kind->size);

  self->kind = kind;
  self->title = kind->title;
  self->notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->sizes = g_array_new (FALSE, FALSE, sizeof (WpTraceSizes));
  g_array_set_clear_func (self->sizes, clear_sizes);
  self->window = *window;
  *window = (WpReadBuffer){ NULL };
  self->row_line = self->window.line;
  if (!kind->open (self, options, error))
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
  g_array_unref (self->sizes);
  g_strfreev (self->names);
  g_free (self->own_columns);
  g_free (self->own_title);
  g_free (self);
}

gboolean
wp_trace_format_rewind (WpTraceFormat *self, GError **error)
{
  return wp_read_buffer_rewind (&self->window, error) && wp_read_buffer_skip_bom (&self->window, error)
         && self->kind->rewind (self, error);
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
      self->is_cut = end == window->end;
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
wp_trace_format_sample (WpTraceFormat *self, WpTraceFormatSample *sample, GError **error)
{
  WpReadBuffer *window = &self->window;

  WpTraceFormatStatus status;
  char *line;
  gsize len;

  *sample = (WpTraceFormatSample){ 0, 0 };
  status = wp_trace_format_line (self, TRUE, &line, &len, error);
  if (status == WP_TRACE_FORMAT_END)
    wp_trace_format_fail (self, "an empty trace: it has no row", error);
  if (status != WP_TRACE_FORMAT_ROW)
    return FALSE;
  window->at = line; /* it comes again */
  window->line = self->row_line;
  for (;;)
    {
      gsize held = (gsize) (window->end - window->at);
      guint n_lines = 0;

      for (char *p = window->at; (p = memchr (p, '\n', (gsize) (window->end - p))) != NULL; p++)
        n_lines++;
      if (n_lines >= SAMPLE_LINES || held >= SAMPLE_BYTES || window->at_eof)
        return TRUE;
      if (!wp_read_buffer_fill (window, error))
        return FALSE;
    }
}

gboolean
wp_trace_format_sample_line (WpTraceFormat *self, WpTraceFormatSample *sample, char **line, gsize *len)
{
  const WpReadBuffer *window = &self->window;
  gsize held = MIN ((gsize) (window->end - window->at), SAMPLE_BYTES);

  while (sample->at < held && sample->n_lines++ < SAMPLE_LINES)
    {
      char *start = window->at + sample->at;
      char *end = memchr (start, '\n', held - sample->at);

      if (end == NULL && held == SAMPLE_BYTES && sample->at > 0)
        return FALSE;
      self->row_line = window->line + sample->n_lines - 1;
      *line = start;
      *len = end != NULL ? (gsize) (end - start) : held - sample->at;
      sample->at += *len + 1;
      if (*len > 0 && start[*len - 1] == '\r')
        --*len;
      if (!is_blank (start, *len))
        return TRUE;
    }

  return FALSE;
}

gboolean
wp_trace_format_fail (WpTraceFormat *self, const char *problem, GError **error)
{
  self->is_bad_row = TRUE;
  g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, problem);
  wp_read_buffer_prefix (&self->window, self->row_line, error);

  return FALSE;
}
