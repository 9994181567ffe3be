#include "sim/trace/wp-csv.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-csv-dialect.h"
#include "sim/trace/wp-known-columns.h"

#define MAX_NOTES       1000
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

typedef struct {
  WpTraceFormat table;
  gsize n_names; /* 0: the header is not read yet, and a row may have any number of cells */
  WpField *fields;
  gsize cells_size;
  char separator; /* a comma; or a semicolon or a tab, where numbers may have decimal commas */
} WpCsv;

/* The result of one look at the start of the window; the row is complete if @next is not NULL. */
typedef struct {
  char *next; /* first byte of the next row */
  gsize n_fields;
  guint64 lines;
  gboolean doubled;    /* some cell has doubled quotes, not yet made single */
  const char *problem; /* in the row's form */
} Scan;

static void
put_cell (WpCsv *self, gsize i, char *text, char *end)
{
  if (i >= self->cells_size)
    {
      if (self->n_names > 0)
        return; /* too many: they are counted only */
      self->cells_size = MAX (16, 2 * self->cells_size);
      self->fields = g_renew (WpField, self->fields, self->cells_size);
    }
  self->fields[i] = (WpField){ text, (gsize) (end - text) };
}

static guint64
count_lines (const char *text, const char *end)
{
  guint64 n = 0;

  while ((text = memchr (text, '\n', (gsize) (end - text))) != NULL)
    {
      n++;
      text++;
    }

  return n;
}

/* @p: behind the opening quote. Returns the closing quote; NULL if it is not in the window. */
static char *
scan_quoted (const WpReadBuffer *window, Scan *scan, char *p)
{
  char *start = p;

  for (;;)
    {
      p = memchr (p, '"', (gsize) (window->end - p));
      if (p == NULL || (p + 1 == window->end && !window->at_eof))
        return NULL;
      if (p + 1 == window->end || p[1] != '"')
        break;
      scan->doubled = TRUE;
      p += 2;
    }
  scan->lines += count_lines (start, p);

  return p;
}

/* Returns the delimiter that ends the cell at @p (window->end where the input ends); NULL if the window ends
 * first. */
static char *
scan_cell (WpCsv *self, Scan *scan, char *p)
{
  WpReadBuffer *window = &self->table.window;
  char separator = self->separator;
  char *start = p;
  char *close;

  if (*p != '"' || p == window->end)
    {
      while (*p != separator && *p != '\n') /* ends at the sentinel at the latest */
        p++;
      put_cell (self, scan->n_fields++, start, *p == '\n' && p > start && p[-1] == '\r' ? p - 1 : p);
      return p == window->end && !window->at_eof ? NULL : p;
    }
  close = scan_quoted (window, scan, p + 1);
  if (close == NULL)
    {
      scan->problem = window->at_eof ? "a quote that is not closed" : NULL;
      return NULL;
    }
  put_cell (self, scan->n_fields++, start + 1, close);
  p = close + 1;
  if (p < window->end && *p == '\r')
    p++;
  if (p == window->end)
    return window->at_eof ? p : NULL;
  if (*p == '\n' || (*p == separator && p == close + 1))
    return p;
  scan->problem = "text after a closing quote";

  return NULL;
}

static void
scan_row (WpCsv *self, Scan *scan)
{
  char *p = self->table.window.at;

  *scan = (Scan){ .lines = 1 };
  while ((p = scan_cell (self, scan, p)) != NULL)
    {
      if (*p == '\n' || p == self->table.window.end)
        {
          scan->next = p == self->table.window.end ? p : p + 1;
          return;
        }
      p++;
    }
}

/* Writes into the window: once the row is whole and will not be looked at again. */
static void
finish_cells (WpCsv *self, const Scan *scan)
{
  for (gsize i = 0; i < MIN (scan->n_fields, self->cells_size); i++)
    {
      WpField *field = &self->fields[i];
      char *text = (char *) field->text;

      if (scan->doubled && text > self->table.window.at && text[-1] == '"')
        {
          gsize len = 0;

          for (gsize j = 0; j < field->len; j++, len++)
            {
              text[len] = text[j];
              j += text[j] == '"';
            }
          field->len = len;
        }
      text[field->len] = '\0';
      if (self->separator != ',')
        wp_csv_dialect_replace_comma (text, field->len);
    }
}

static WpTraceFormatStatus
fail_row (WpCsv *self, GError **error)
{
  wp_read_buffer_prefix (&self->table.window, self->table.row_line, error);

  return WP_TRACE_FORMAT_ERROR;
}

/* `# key: value`, in two; FALSE: a mere remark. */
static gboolean
split_note (const char *line, gsize len, char **key, char **value)
{
  const char *colon = memchr (line, ':', len);

  if (colon == NULL)
    return FALSE;
  *key = g_strstrip (g_strndup (line + 1, (gsize) (colon - line - 1)));
  *value = g_strstrip (g_strndup (colon + 1, (gsize) (line + len - colon - 1)));

  return TRUE;
}

/* The lines "# at=SECONDS ..." of a file that begins with notes. */
static gboolean
is_moment (const WpCsv *self, const char *line, gsize len)
{
  return wp_trace_moments_match (line, len) && g_hash_table_size (self->table.notes) > 0;
}

/* A record has its notes and its header once more where another program has cut it, and where its parts were
 * put together. */
static gboolean
repeats_note (const WpCsv *self, const char *line, gsize len)
{
  g_autofree char *key = NULL, *value = NULL;

  return *line == '#' && split_note (line, len, &key, &value)
         && g_strcmp0 (g_hash_table_lookup (self->table.notes, key), value) == 0;
}

static gboolean
repeats_header (const WpCsv *self, gsize n_fields)
{
  if (n_fields != self->n_names)
    return FALSE;
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *text = self->fields[i].text;

      if (i == 0 && g_str_has_prefix (text, BYTE_ORDER_MARK))
        text += strlen (BYTE_ORDER_MARK);
      if (!g_str_equal (text, self->table.names[i]))
        return FALSE;
    }

  return TRUE;
}

/* A header, but for the order of its columns. */
static gboolean
is_other_header (const WpCsv *self, gsize n_fields)
{
  if (!g_ascii_isalpha (*self->fields[0].text)) /* as in most rows */
    return FALSE;
  for (gsize i = 0; i < n_fields; i++)
    if (!g_strv_contains ((const char *const *) self->table.names, self->fields[i].text))
      return FALSE;

  return TRUE;
}

static WpTraceFormatStatus
check_cells (WpCsv *self, gsize n_fields, GError **error)
{
  if (self->n_names == 0 || (n_fields == self->n_names && !is_other_header (self, n_fields)))
    return WP_TRACE_FORMAT_ROW;
  if (n_fields == self->n_names)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE,
                           "the header again, in another order: give the parts as several files");
      return fail_row (self, error);
    }
  if (*self->fields[0].text == '#' && !self->table.is_cut)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE,
                           "a note that differs from those at the top: another trace begins here");
      return fail_row (self, error);
    }
  self->table.is_bad_row = TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE,
               "%" G_GSIZE_FORMAT " cell%s, the header has %" G_GSIZE_FORMAT, n_fields,
               n_fields == 1 ? "" : "s", self->n_names);

  return fail_row (self, error);
}

static gboolean
is_blank (const WpCsv *self, const Scan *scan)
{
  return scan->n_fields == 1 && self->fields[0].len == 0 && *self->fields[0].text != '"';
}

/* wp writes whole lines: one without its end was cut, as by SIGKILL or a full disk. */
static gboolean
is_cut (const WpCsv *self, const Scan *scan)
{
  const WpReadBuffer *window = &self->table.window;

  return scan->next != NULL && scan->next == window->end && window->at_eof && scan->next[-1] != '\n'
         && g_hash_table_size (self->table.notes) > 0;
}

/* @next: the end of its line. */
static gboolean
take_moment (WpCsv *self, char *next, GError **error)
{
  WpReadBuffer *window = &self->table.window;

  if (wp_trace_moments_add (&self->table.moments, window->at, (gsize) (next - window->at), error))
    return TRUE;
  self->table.is_bad_row = self->table.is_cut;
  window->at = next;

  return FALSE;
}

/* A row of any number of cells, in self->cells. */
static WpTraceFormatStatus
next_row (WpCsv *self, gboolean may_fill, gsize *n_fields, GError **error)
{
  WpReadBuffer *window = &self->table.window;
  Scan scan;

  for (;;)
    {
      if (window->at == window->end && window->at_eof)
        return WP_TRACE_FORMAT_END;
      self->table.row_line = window->line;
      scan_row (self, &scan);
      if (scan.problem != NULL)
        {
          g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, scan.problem);
          return fail_row (self, error);
        }
      self->table.is_cut = is_cut (self, &scan);
      if (scan.next != NULL && is_moment (self, window->at, (gsize) (scan.next - window->at)))
        {
          if (!take_moment (self, scan.next, error))
            return fail_row (self, error);
        }
      else if (scan.next != NULL && !is_blank (self, &scan)
               && !repeats_note (self, window->at, (gsize) (scan.next - window->at)))
        break;
      if (scan.next != NULL)
        {
          window->line++;
          window->at = scan.next;
        }
      else if (!may_fill)
        return WP_TRACE_FORMAT_MORE;
      else if (!wp_read_buffer_fill (window, error))
        return WP_TRACE_FORMAT_ERROR;
    }
  finish_cells (self, &scan);
  window->line += scan.lines;
  window->at = scan.next;
  *n_fields = scan.n_fields;

  return WP_TRACE_FORMAT_ROW;
}

static WpTraceFormatStatus
csv_next (WpTraceFormat *table, gboolean may_fill, const WpField **fields, GError **error)
{
  WpCsv *self = (WpCsv *) table;
  gsize n_fields;
  WpTraceFormatStatus status;

  do
    status = next_row (self, may_fill, &n_fields, error);
  while (status == WP_TRACE_FORMAT_ROW && repeats_header (self, n_fields));
  *fields = self->fields;

  return status == WP_TRACE_FORMAT_ROW ? check_cells (self, n_fields, error) : status;
}

/* @line is `# key: value`; without a colon it is a mere remark. */
static gboolean
take_note (WpCsv *self, const char *line, gsize len, GError **error)
{
  char *key, *value;

  if (is_moment (self, line, len))
    {
      if (wp_trace_moments_add (&self->table.moments, line, len, error))
        return TRUE;
      wp_read_buffer_prefix (&self->table.window, self->table.window.line, error);
      return FALSE;
    }
  if (!split_note (line, len, &key, &value))
    return TRUE;
  g_hash_table_replace (self->table.notes, key, value);
  if (g_hash_table_size (self->table.notes) > MAX_NOTES)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "more than %d notes", MAX_NOTES);
      wp_read_buffer_prefix (&self->table.window, self->table.window.line, error);
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_notes (WpCsv *self, GError **error)
{
  WpReadBuffer *window = &self->table.window;

  for (;;)
    {
      char *end = wp_read_buffer_find_line (window, error);

      if (end == NULL)
        return FALSE;
      if (end == window->end && end == window->at)
        return TRUE;
      if (*window->at != '#' && *window->at != '\n' && (*window->at != '\r' || end != window->at + 1)
          && !wp_csv_dialect_is_separator_line (window->at, (gsize) (end - window->at)))
        return TRUE;
      if (*window->at == '#' && !take_note (self, window->at, (gsize) (end - window->at), error))
        return FALSE;
      window->at = end == window->end ? end : end + 1;
      window->line++;
    }
}

/* The names are C strings from here on. */
static gboolean
has_nul (const WpField *fields, gsize n_fields)
{
  for (gsize i = 0; i < n_fields; i++)
    if (memchr (fields[i].text, '\0', fields[i].len))
      return TRUE;

  return FALSE;
}

/* By the header, which comes next. */
static gboolean
choose_separator (WpCsv *self, GError **error)
{
  char *end = wp_read_buffer_find_line (&self->table.window, error);
  const char *at = self->table.window.at, *title = NULL;

  self->separator = wp_csv_dialect_separator (at, end != NULL ? (gsize) (end - at) : 0, &title);
  self->table.has_commas = title == NULL;
  if (title != NULL)
    self->table.title = title;

  return end != NULL;
}

static gboolean
read_header (WpCsv *self, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gsize n_fields = 0;
  WpTraceFormatStatus status = next_row (self, TRUE, &n_fields, error);

  if (status == WP_TRACE_FORMAT_END)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, "an empty trace: it has no header");
      wp_read_buffer_prefix (&self->table.window, self->table.window.line, error);
    }
  if (status != WP_TRACE_FORMAT_ROW)
    return FALSE;
  if (has_nul (self->fields, n_fields))
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_TRACE, "the name of a column has a NUL byte");
      return fail_row (self, error) != WP_TRACE_FORMAT_ERROR;
    }
  for (gsize i = 0; i < n_fields; i++)
    g_ptr_array_add (names, g_strstrip (g_strndup (self->fields[i].text, self->fields[i].len)));
  g_ptr_array_add (names, NULL);
  if (self->table.names != NULL
      && !g_strv_equal ((const char *const *) self->table.names, (const char *const *) names->pdata))
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_IO, "the header has changed since it was read first");
      return fail_row (self, error) != WP_TRACE_FORMAT_ERROR;
    }
  if (self->table.names == NULL)
    self->table.names = (GStrv) g_ptr_array_free (g_steal_pointer (&names), FALSE);
  self->n_names = n_fields;
  self->cells_size = n_fields;
  self->fields = g_renew (WpField, self->fields, n_fields);
  self->table.header_line = self->table.row_line;

  return TRUE;
}

static gboolean
csv_open (WpTraceFormat *table, const WpTraceOptions *options, GError **error)
{
  WpCsv *self = (WpCsv *) table;

  if (!read_notes (self, error) || !choose_separator (self, error) || !read_header (self, error))
    return FALSE;
  wp_trace_set_known_columns (table, options, TRUE);

  return TRUE;
}

static gboolean
csv_rewind (WpTraceFormat *table, GError **error)
{
  WpCsv *self = (WpCsv *) table;

  g_hash_table_remove_all (table->notes);
  wp_trace_moments_clear (&table->moments);
  wp_trace_moments_init (&table->moments);
  self->n_names = 0;

  return read_notes (self, error) && read_header (self, error);
}

static void
csv_clear (WpTraceFormat *table)
{
  g_free (((WpCsv *) table)->fields);
}

const WpTraceFormatKind wp_csv_kind
    = { "csv", "CSV", sizeof (WpCsv), csv_open, csv_next, csv_rewind, csv_clear, NULL, 0 };
