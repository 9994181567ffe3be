#include "sim/trace/wp-trace-format.h"

#include <string.h>

#include "sim/base/wp-error.h"

#define SAMPLE_LINES    20
#define SAMPLE_BYTES    ((gsize) 64 * 1024)
#define CONTAINER_BYTES 48 /* of its prefix: a stamp to the nanosecond, and the stream */

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

/* Returns what follows the prefix; @line where it has none. */
static char *
skip_prefix (WpLinePrefix prefix, char *line, gsize len)
{
  static const char *const streams[] = { " stdout F ", " stderr F " };
  char *object = prefix == WP_LINE_PREFIX_OBJECT && *line != '{' ? memmem (line, len, " {\"", 3) : NULL;

  if (prefix == WP_LINE_PREFIX_CONTAINER && g_ascii_isdigit (*line))
    for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
      {
        char *stream = memmem (line, MIN (len, CONTAINER_BYTES), streams[i], strlen (streams[i]));

        if (stream != NULL)
          return stream + strlen (streams[i]);
      }

  return object != NULL ? object + 1 : line;
}

WpTraceFormat *
wp_trace_format_new (const WpTraceFormatKind *kind, WpReadBuffer *window, const WpTraceOptions *options,
                     GError **error)
{
  g_autoptr (WpTraceFormat) self = g_malloc0 (kind->size);

  self->kind = kind;
  self->title = kind->title;
  self->notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  wp_trace_moments_init (&self->moments);
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
  wp_trace_moments_clear (&self->moments);
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
      char *start, *end;

      self->row_line = window->line;
      end = memchr (window->at, '\n', (gsize) (window->end - window->at));
      if (end == NULL && !window->at_eof && !may_fill)
        return WP_TRACE_FORMAT_MORE;
      if (end == NULL && !(end = wp_read_buffer_find_line (window, error)))
        return WP_TRACE_FORMAT_ERROR;
      if (end == window->at && end == window->end) /* only now is it known that nothing follows */
        return WP_TRACE_FORMAT_END;
      self->is_cut = end == window->end;
      start = window->at;
      *len = (gsize) (end - start);
      window->at = end == window->end ? end : end + 1;
      window->line++;
      if (*len > 0 && start[*len - 1] == '\r')
        --*len;
      if (self->has_remarks && *start == '#')
        continue;
      *line = skip_prefix (self->prefix, start, *len);
      *len -= (gsize) (*line - start);
      if (!is_blank (*line, *len))
        return WP_TRACE_FORMAT_ROW;
    }
}

gboolean
wp_trace_format_peek (WpTraceFormat *self, gsize *at, char **line, gsize *len, GError **error)
{
  WpReadBuffer *window = &self->window;
  char *end;

  if (*at >= SAMPLE_BYTES)
    return FALSE;
  while ((end = memchr (window->at + *at, '\n', (gsize) (window->end - window->at) - *at)) == NULL
         && !window->at_eof)
    if (!wp_read_buffer_fill (window, error))
      return FALSE;
  *line = window->at + *at;
  *len = (gsize) ((end != NULL ? end : window->end) - *line);
  *at += *len + (end != NULL);
  if (*len > 0 && (*line)[*len - 1] == '\r')
    --*len;

  return end != NULL || *line < window->end;
}

/* The prefix of the first of them that has one. */
static void
find_prefix (WpTraceFormat *self)
{
  WpTraceFormatSample sample = { 0, 0, 0 };
  WpLinePrefix found = WP_LINE_PREFIX_NONE;
  char *line;
  gsize len;

  self->prefix = WP_LINE_PREFIX_NONE;
  while (found == WP_LINE_PREFIX_NONE && wp_trace_format_sample_line (self, &sample, &line, &len)
         && *line != '{')
    if (skip_prefix (WP_LINE_PREFIX_CONTAINER, line, len) > line)
      found = WP_LINE_PREFIX_CONTAINER;
    else if (line[len - 1] == '}' && skip_prefix (WP_LINE_PREFIX_OBJECT, line, len) > line)
      found = WP_LINE_PREFIX_OBJECT;
  self->prefix = found;
}

/* Are the first lines in the window? */
static gboolean
has_sample (const WpReadBuffer *window)
{
  guint n_lines = 0;

  for (char *p = window->at, *end; (end = memchr (p, '\n', (gsize) (window->end - p))) != NULL; p = end + 1)
    n_lines += *p != '#';

  return n_lines >= SAMPLE_LINES || (gsize) (window->end - window->at) >= SAMPLE_BYTES || window->at_eof;
}

gboolean
wp_trace_format_sample (WpTraceFormat *self, WpTraceFormatSample *sample, GError **error)
{
  WpReadBuffer *window = &self->window;
  WpTraceFormatStatus status;
  char *line;
  gsize len;

  *sample = (WpTraceFormatSample){ 0, 0 };
  self->prefix = WP_LINE_PREFIX_NONE;
  status = wp_trace_format_line (self, TRUE, &line, &len, error);
  if (status == WP_TRACE_FORMAT_END)
    wp_trace_format_fail (self, "an empty trace: it has no row", error);
  if (status != WP_TRACE_FORMAT_ROW)
    return FALSE;
  window->at = line; /* it comes again */
  window->line = self->row_line;
  while (!has_sample (window))
    if (!wp_read_buffer_fill (window, error))
      return FALSE;
  find_prefix (self);

  return TRUE;
}

gboolean
wp_trace_format_sample_line (WpTraceFormat *self, WpTraceFormatSample *sample, char **line, gsize *len)
{
  const WpReadBuffer *window = &self->window;
  gsize held = MIN ((gsize) (window->end - window->at), SAMPLE_BYTES);

  for (; sample->at < held && sample->n_rows < SAMPLE_LINES; sample->n_lines++)
    {
      char *start = window->at + sample->at;
      char *end = memchr (start, '\n', held - sample->at);

      if (end == NULL && held == SAMPLE_BYTES && sample->at > 0)
        return FALSE;
      self->is_cut = end == NULL;
      self->row_line = window->line + sample->n_lines;
      *len = end != NULL ? (gsize) (end - start) : held - sample->at;
      sample->at += *len + 1;
      if (*start == '#')
        continue;
      sample->n_rows++;
      if (*len > 0 && start[*len - 1] == '\r')
        --*len;
      if (is_blank (start, *len))
        continue;
      *line = skip_prefix (self->prefix, start, *len);
      *len -= (gsize) (*line - start);
      sample->n_lines++;
      return TRUE;
    }

  return FALSE;
}

guint
wp_trace_format_count (WpTraceFormat *self, WpTraceFormatSample sample, WpTraceFormatTest is_one,
                       gpointer data, guint *n_lines)
{
  guint n = 0;
  char *line;
  gsize len;

  *n_lines = 0;
  while (wp_trace_format_sample_line (self, &sample, &line, &len))
    {
      gboolean is = is_one (data, line, len);

      n += is;
      *n_lines += is || !self->is_cut;
    }

  return n;
}

gboolean
wp_trace_format_fail (WpTraceFormat *self, const char *problem, GError **error)
{
  self->is_bad_row = TRUE;
  g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, problem);
  wp_read_buffer_prefix (&self->window, self->row_line, error);

  return FALSE;
}
