#include "sim/trace/wp-w3c.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-field-time.h"

typedef struct {
  WpTraceFormat table;
  char *fields_line; /* behind #Fields: */
  gsize date;        /* the place of the first half of time; G_MAXSIZE: none */
  gsize n_values;    /* of a line */
  gsize *places; /* of each value but that half, among the names; NO_PLACE: #Fields: did not name it at first
                  */
  gboolean is_iis;
  WpField *values, *fields;
} WpW3c;

#define NO_PLACE G_MAXSIZE
#define DURATION "time-taken"

static gboolean
starts_with (const char *line, gsize len, const char *word)
{
  return len >= strlen (word) && g_ascii_strncasecmp (line, word, strlen (word)) == 0;
}

/* Takes the line as the one of the rows that follow; the names of its values, of which date and time are one.
 */
static GStrv
take_names (WpW3c *self, const char *line, gsize len)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) words = NULL;

  g_free (self->fields_line);
  self->fields_line = g_strndup (line, len);
  words = g_strsplit_set (self->fields_line, " \t", -1);
  self->date = G_MAXSIZE;
  self->n_values = 0;
  for (gsize i = 0; words[i] != NULL; i++)
    {
      gboolean is_date = self->date == G_MAXSIZE && g_str_equal (words[i], "date") && words[i + 1] != NULL
                         && g_str_equal (words[i + 1], "time"); /* once: all other values have a name */

      if (*words[i] == '\0')
        continue;
      if (is_date)
        self->date = self->n_values;
      else
        g_ptr_array_add (names, g_strdup (words[i]));
      self->n_values++;
    }
  g_ptr_array_add (names, NULL);

  return (GStrv) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static gsize
find_name (const WpW3c *self, const char *name)
{
  for (gsize i = 0; self->table.names[i] != NULL; i++)
    if (g_str_equal (self->table.names[i], name))
      return i;

  return NO_PLACE;
}

/* The names are those of the first line; the later ones may have others, and another order. */
static gboolean
set_names (WpW3c *self, const char *line, gsize len, GError **error)
{
  g_auto (GStrv) names = take_names (self, line, len);

  if (*names == NULL)
    return wp_trace_format_fail (&self->table, "#Fields: names no columns", error);
  if (self->table.names == NULL)
    {
      self->table.header_line = self->table.row_line;
      self->table.names = g_strdupv (names);
      self->fields = g_new0 (WpField, g_strv_length (names));
    }
  self->values = g_renew (WpField, self->values, self->n_values);
  self->places = g_renew (gsize, self->places, self->n_values);
  for (gsize i = 0; names[i] != NULL; i++)
    self->places[i] = find_name (self, names[i]);
  if (!g_strv_contains ((const char *const *) names, DURATION) || find_name (self, DURATION) != NO_PLACE)
    return TRUE;
  wp_trace_format_fail (&self->table, "#Fields: names " DURATION ", and does not above: split the log here",
                        error);
  self->table.is_bad_row = FALSE;

  return FALSE;
}

/* A line of #. */
static gboolean
take_directive (WpW3c *self, const char *line, gsize len, GError **error)
{
  const char fields[] = "#Fields:";

  if (starts_with (line, len, "#Software:") && memmem (line, len, "Internet Information", 20) != NULL)
    self->is_iis = TRUE;
  if (!starts_with (line, len, fields))
    return TRUE;
  line += strlen (fields);
  len -= strlen (fields);

  return (self->fields_line != NULL && strlen (self->fields_line) == len
          && memcmp (self->fields_line, line, len) == 0)
         || set_names (self, line, len, error);
}

/* The next line that is no directive. */
static WpTraceFormatStatus
next_line (WpW3c *self, gboolean may_fill, char **line, gsize *len, GError **error)
{
  WpTraceFormatStatus status;

  while ((status = wp_trace_format_line (&self->table, may_fill, line, len, error)) == WP_TRACE_FORMAT_ROW
         && **line == '#')
    if (!take_directive (self, *line, *len, error))
      return WP_TRACE_FORMAT_ERROR;

  return status;
}

/* Returns how many values the line has, of which the first n_values are taken. */
static gsize
split (WpW3c *self, char *line, gsize len)
{
  char *p = line, *end = line + len;
  char separator = memchr (line, '\t', len) != NULL ? '\t' : ' ';
  gsize n = 0;

  while (p < end)
    {
      gboolean quoted = *p == '"';
      char *start = p + quoted;
      char *stop = quoted ? memchr (start, '"', (gsize) (end - start)) : NULL;

      if (stop == NULL)
        stop = memchr (start, separator, (gsize) (end - start));
      if (stop == NULL)
        stop = end;
      if (n < self->n_values)
        self->values[n] = (WpField){ start, (gsize) (stop - start) };
      n++;
      p = stop + (stop < end && *stop == '"');
      p += p < end;
      while (separator == ' ' && p < end && *p == ' ')
        p++;
    }

  return n;
}

/* Where the values of the @place-th column stand in a line; NO_PLACE: the latest #Fields: does not name it.
 */
static gsize
find_place (const WpW3c *self, gsize place)
{
  for (gsize i = 0; i + (self->date != G_MAXSIZE) < self->n_values; i++)
    if (self->places[i] == place)
      return i + (i >= self->date); /* two values are one column */

  return NO_PLACE;
}

/* The first value of the @place-th column in the first lines; nothing if there is none. */
static WpField
find_value (WpW3c *self, gsize place, WpTraceFormatSample sample)
{
  char *line;
  gsize len;

  place = find_place (self, place);
  if (place == NO_PLACE)
    return wp_trace_format_no_field;
  while (wp_trace_format_sample_line (&self->table, &sample, &line, &len))
    if (*line != '#' && split (self, line, len) == self->n_values
        && !wp_field_is_missing (self->values[place]))
      return self->values[place];

  return wp_trace_format_no_field;
}

/* The columns: date and time that are not side by side are added, or come in another order. */
static const char *
name_stamp (const WpW3c *self)
{
  if (self->date != G_MAXSIZE)
    return "time";

  return find_name (self, "date") != NO_PLACE && find_name (self, "time") != NO_PLACE ? "[date]+[time]"
                                                                                      : NULL;
}

static char *
make_columns (const char *stamp, const char *divisor)
{
  return g_strdup_printf ("arrival=%s-[time-taken]%s,response=[time-taken]%s", stamp, divisor, divisor);
}

/* IIS counts milliseconds. Elsewhere only a point says that it is seconds. */
static gboolean
set_columns (WpW3c *self, const char *given, GError **error)
{
  const char *stamp = name_stamp (self);
  gsize place = given == NULL ? find_name (self, DURATION) : NO_PLACE;
  g_autofree char *columns = NULL, *problem = NULL;
  WpTraceFormatSample sample;
  WpField taken = wp_trace_format_no_field;
  gboolean has_point;

  if (stamp == NULL || (given != NULL && strstr (given, "arrival") != NULL))
    return TRUE;
  if (place != NO_PLACE && !wp_trace_format_sample (&self->table, &sample, error))
    return FALSE;
  if (place != NO_PLACE)
    taken = find_value (self, place, sample);
  has_point = memchr (taken.text, '.', taken.len) != NULL;
  columns = taken.len > 0 ? make_columns (stamp, self->is_iis || !has_point ? "/1000" : "")
                          : g_strconcat ("arrival=", stamp, NULL);
  if (taken.len == 0 || self->is_iis || has_point)
    {
      self->table.columns = self->table.own_columns = g_steal_pointer (&columns);
      return TRUE;
    }
  problem
      = g_strdup_printf ("time-taken has no point: is it seconds or milliseconds? Say it: --columns '%s', "
                         "or without /1000",
                         columns);

  return wp_trace_format_fail (&self->table, problem, error);
}

static gboolean
w3c_open (WpTraceFormat *table, const WpTraceOptions *options, GError **error)
{
  WpW3c *self = (WpW3c *) table;
  char *line;
  gsize len;
  WpTraceFormatStatus status = next_line (self, TRUE, &line, &len, error);

  if (status == WP_TRACE_FORMAT_END)
    return wp_trace_format_fail (table, "an empty trace: it has no row", error);
  if (status != WP_TRACE_FORMAT_ROW)
    return FALSE;
  if (self->fields_line == NULL)
    return wp_trace_format_fail (table, "no line #Fields: before the first row", error);
  table->window.at = line; /* it comes again */
  table->window.line = table->row_line;
  if (self->is_iis)
    table->title = "W3C extended log of IIS";

  return set_columns (self, options->columns, error);
}

static gboolean
w3c_rewind (WpTraceFormat *table, GError **error)
{
  return TRUE;
}

static WpTraceFormatStatus
w3c_next (WpTraceFormat *table, gboolean may_fill, const WpField **fields, GError **error)
{
  WpW3c *self = (WpW3c *) table;
  char *line;
  gsize len, n, n_names = 0;
  WpTraceFormatStatus status = next_line (self, may_fill, &line, &len, error);

  *fields = self->fields;
  if (status != WP_TRACE_FORMAT_ROW)
    return status;
  n = split (self, line, len);
  if (n != self->n_values)
    {
      g_autofree char *problem
          = g_strdup_printf ("%" G_GSIZE_FORMAT " values, #Fields: names %" G_GSIZE_FORMAT, n,
                             self->n_values);

      return wp_trace_format_fail (table, problem, error) ? WP_TRACE_FORMAT_ROW : WP_TRACE_FORMAT_ERROR;
    }
  for (gsize i = 0; table->names[i] != NULL; i++)
    self->fields[i] = wp_trace_format_no_field;
  for (gsize i = 0; i < n; i++)
    {
      WpField *value = &self->values[i];

      if (i == self->date)
        {
          char *between = (char *) value->text + value->len;

          *between = ' '; /* it may be a tab */
          value[1] = (WpField){ value->text, (gsize) (value[1].text + value[1].len - value->text) };
          continue;
        }
      ((char *) value->text)[value->len] = '\0';
      if (self->places[n_names] != NO_PLACE)
        self->fields[self->places[n_names]] = *value;
      n_names++;
    }

  return WP_TRACE_FORMAT_ROW;
}

static void
w3c_clear (WpTraceFormat *table)
{
  WpW3c *self = (WpW3c *) table;

  g_free (self->fields_line);
  g_free (self->values);
  g_free (self->places);
  g_free (self->fields);
}

const WpTraceFormatKind wp_w3c_kind
    = { "w3c",      "W3C extended log", sizeof (WpW3c), w3c_open,      w3c_next,
        w3c_rewind, w3c_clear,          NULL,           WP_LOG_MAX_BAD };
