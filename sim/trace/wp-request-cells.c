#include "sim/trace/wp-request-cells.h"

#include <string.h>

#include "sim/trace/wp-field-time.h"

struct _WpRequestCells {
  const char *const *names;
  int method, path, query, line; /* columns; -1: none */
  GStringChunk *texts;
  GString *text; /* of the last row */
};

/* Of nginx and Apache (--log-format), W3C, Caddy, Traefik, k6. */
static const char *const method_names[]
    = { "method",         "request_method", "req_method",       "cs-method", "http_method",
        "request.method", "RequestMethod",  "data.tags.method", NULL };
static const char *const path_names[] = { "path",        "request_uri", "cs-uri-stem",   "uri", "request.uri",
                                          "RequestPath", "url",         "data.tags.url", NULL };
static const char *const query_names[] = { "cs-uri-query", "args", NULL };
static const char *const line_names[] = { "request", "http_request", NULL };

static int
find (const char *const *names, const char *const *wanted)
{
  for (guint i = 0; wanted[i]; i++)
    for (int column = 0; names[column]; column++)
      if (strcmp (names[column], wanted[i]) == 0)
        return column;
  return -1;
}

/* The stem alone: the other columns have the query in them. */
static gboolean
needs_query (const char *path)
{
  return strcmp (path, "cs-uri-stem") == 0 || strcmp (path, "uri") == 0;
}

WpRequestCells *
wp_request_cells_new (const char *const *names, int method, int path)
{
  WpRequestCells found = { names, method, path, -1, -1, NULL, NULL };

  if (method < 0)
    found.method = find (names, method_names);
  if (path < 0)
    found.path = find (names, path_names);
  if (path < 0 && found.path >= 0 && needs_query (names[found.path]))
    found.query = find (names, query_names);
  if (found.path < 0 && method < 0 && (found.line = find (names, line_names)) >= 0)
    found.method = -1;
  if (found.method < 0 && found.path < 0 && found.line < 0)
    return NULL;
  found.texts = g_string_chunk_new (4096);
  found.text = g_string_new (NULL);

  return g_memdup2 (&found, sizeof found);
}

void
wp_request_cells_free (WpRequestCells *self)
{
  g_string_chunk_free (self->texts);
  g_string_free (self->text, TRUE);
  g_free (self);
}

static gboolean
is_token (WpField field)
{
  for (gsize i = 0; i < field.len; i++)
    if (!g_ascii_isalnum (field.text[i]) && !memchr ("!#$%&'*+-.^_`|~", field.text[i], 15))
      return FALSE;
  return field.len > 0;
}

/* CONNECT makes a tunnel of its connection, which is no request with a response. */
static gboolean
is_method (WpField field)
{
  return is_token (field) && !(field.len == 7 && memcmp (field.text, "CONNECT", 7) == 0);
}

/* In the origin form of RFC 9112, 3.2.1, or the asterisk of OPTIONS. */
static gboolean
is_target (WpField field)
{
  for (gsize i = 0; i < field.len; i++)
    if (field.text[i] <= ' ' || field.text[i] > '~' || field.text[i] == '#')
      return FALSE;
  return field.len > 0 && (field.text[0] == '/' || (field.len == 1 && field.text[0] == '*'));
}

/* Of an absolute target what follows the host; "" then stands for "/". */
static WpField
skip_origin (WpField field)
{
  static const char *const schemes[] = { "http://", "https://" };

  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (field.len >= strlen (schemes[i])
        && g_ascii_strncasecmp (field.text, schemes[i], strlen (schemes[i])) == 0)
      {
        gsize at = strlen (schemes[i]);

        while (at < field.len && field.text[at] != '/' && field.text[at] != '?')
          at++;
        return (WpField){ field.text + at, field.len - at };
      }
  return field;
}

static void
append (GString *text, WpField field)
{
  g_string_append_len (text, field.text, (gssize) field.len);
}

static gboolean
append_method (WpRequestCells *self, WpField field, const char *column, GError **error)
{
  if (!is_method (field))
    return wp_field_fail (field, column, "is not a method such as GET", error);
  append (self->text, field);
  return TRUE;
}

static gboolean
append_target (WpRequestCells *self, WpField field, WpField query, const char *column, GError **error)
{
  gsize from = self->text->len;
  WpField path = skip_origin (field);

  if (path.text != field.text && (path.len == 0 || path.text[0] == '?'))
    g_string_append_c (self->text, '/');
  append (self->text, path);
  if (query.len > 0 && query.text[0] != '?')
    g_string_append_c (self->text, '?');
  append (self->text, query);
  return is_target ((WpField){ self->text->str + from, self->text->len - from })
         || wp_field_fail (field, column, "is not a request target such as /in/put?a=1", error);
}

/* METHOD TARGET HTTP/1.1, or without the version. */
static gboolean
append_line (WpRequestCells *self, WpField line, GError **error)
{
  static const WpField none = { "", 0 };
  const char *column = self->names[self->line];
  const char *blank = memchr (line.text, ' ', line.len);
  const char *end
      = blank ? memmem (blank + 1, line.len - (gsize) (blank + 1 - line.text), " HTTP/", 6) : NULL;

  if (!blank)
    return wp_field_fail (line, column, "is not a request such as GET / HTTP/1.1", error);
  if (!end)
    end = line.text + line.len;
  if (!append_method (self, (WpField){ line.text, (gsize) (blank - line.text) }, column, error))
    return FALSE;
  g_string_append_c (self->text, ' ');
  return append_target (self, (WpField){ blank + 1, (gsize) (end - blank - 1) }, none, column, error);
}

static WpField
get (const WpField *fields, int column)
{
  static const WpField none = { "", 0 };

  return column < 0 || wp_field_is_missing (fields[column]) ? none : fields[column];
}

gboolean
wp_request_cells_read (WpRequestCells *self, const WpField *fields, const char **request, GError **error)
{
  WpField method = get (fields, self->method), path = get (fields, self->path);
  WpField line = get (fields, self->line);

  *request = NULL;
  g_string_truncate (self->text, 0);
  if (line.len > 0 && !append_line (self, line, error))
    return FALSE;
  if (method.len > 0 && !append_method (self, method, self->names[self->method], error))
    return FALSE;
  if (method.len > 0 || path.len > 0)
    g_string_append_c (self->text, ' ');
  if (path.len > 0 && !append_target (self, path, get (fields, self->query), self->names[self->path], error))
    return FALSE;
  if (self->text->len > 0)
    *request = g_string_chunk_insert_const (self->texts, self->text->str);
  return TRUE;
}

const char *
wp_request_cells_line (const WpRequestCells *self)
{
  return self->line >= 0 ? self->names[self->line] : NULL;
}
