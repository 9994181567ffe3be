#include "sim/trace/wp-jsonl.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-json-scan.h"
#include "sim/trace/wp-known-columns.h"
#include "sim/trace/wp-mapping.h"
#include "sim/trace/wp-row.h"
#include "sim/trace/wp-where.h"

#define MAX_DEPTH 64

typedef struct {
  WpTraceFormat table;
  gsize n_names, n_known; /* the names from @n_known on are the options', and in none of the first lines */
  GHashTable *places;     /* of name, the table's own, to its place + 1 */
  guint64 *seen;          /* the row, counted from 1, in which each name was met last */
  guint64 row;
  gsize guess; /* keys come in the order of the row before, as a rule */
  WpField *fields;
  guint ours, foreign; /* sets of 1 << WpColumn: the first lines have some value of ours, or another */
  gboolean has_seconds, has_whole; /* request times with a point or a unit; and of 10 or more, without */
} WpJsonl;

/* A line that is being read. */
typedef struct {
  WpJsonl *self;    /* gets the cells; NULL: the names are collected */
  WpJsonl *sampler; /* of the names */
  GPtrArray *names; /* of char, or NULL */
  WpJsonScan scan;
  GString *path; /* "outer." of the object that we are in */
  int depth;
} Reader;

static gboolean read_object (Reader *reader);

static gboolean read_value (Reader *reader, WpField *field, gboolean *is_object);

static gboolean
read_array (Reader *reader, WpField *field)
{
  static const char shown[WP_READ_BUFFER_SPARE_BYTES] = "[...]";
  GPtrArray *names = g_steal_pointer (&reader->names); /* its content is checked, and not used */
  WpJsonl *self = g_steal_pointer (&reader->self);
  gboolean is_object;
  WpField item;

  if (!wp_json_take (&reader->scan, ']'))
    do
      {
        if (!read_value (reader, &item, &is_object))
          return FALSE;
        if (wp_json_take (&reader->scan, ']'))
          break;
        if (!wp_json_take (&reader->scan, ','))
          return wp_json_expect (&reader->scan, "a comma or ]");
      }
    while (TRUE);
  reader->names = names;
  reader->self = self;
  *field = (WpField){ shown, strlen (shown) };

  return TRUE;
}

static gboolean
read_value (Reader *reader, WpField *field, gboolean *is_object)
{
  gboolean done;

  wp_json_skip_blanks (&reader->scan);
  *is_object = FALSE;
  if (reader->scan.at == reader->scan.end)
    return wp_json_expect (&reader->scan, "a value");
  if (*reader->scan.at == '"')
    {
      reader->scan.at++;
      return wp_json_string (&reader->scan, field);
    }
  if (*reader->scan.at != '{' && *reader->scan.at != '[')
    return *reader->scan.at == '-' || g_ascii_isdigit (*reader->scan.at)
               ? wp_json_number (&reader->scan, field)
               : wp_json_word (&reader->scan, field);
  if (++reader->depth > MAX_DEPTH)
    return wp_json_fail (&reader->scan, "more than 64 objects and arrays inside one another");
  *is_object = *reader->scan.at++ == '{';
  done = *is_object ? read_object (reader) : read_array (reader, field);
  reader->depth--;

  return done;
}

/* Returns the name's place; -1 if it is none of ours. */
static gssize
find_name (WpJsonl *self, const char *name)
{
  gsize place;

  if (self->guess < self->n_names && strcmp (self->table.names[self->guess], name) == 0)
    return (gssize) self->guess++;
  place = GPOINTER_TO_SIZE (g_hash_table_lookup (self->places, name));
  if (place == 0)
    return -1;
  self->guess = place;

  return (gssize) place - 1;
}

/* Our columns of the same names hold times: a service may be the name of one, and a response its status. */
static void
look_at_value (WpJsonl *self, const char *name, WpField field)
{
  gboolean is_response = g_ascii_strcasecmp (name, wp_column_name (WP_COLUMN_RESPONSE)) == 0;
  gboolean is_service = g_ascii_strcasecmp (name, wp_column_name (WP_COLUMN_SERVICE)) == 0;
  gboolean is_status = field.len == 3 && *field.text >= '1' && *field.text <= '5'
                       && g_ascii_isdigit (field.text[1]) && g_ascii_isdigit (field.text[2]);
  gint64 ns;

  if ((!is_response && !is_service) || wp_field_is_missing (field))
    return;
  if ((wp_time_parse_seconds (field.text, field.len, &ns) || wp_field_parse_amount (field, &ns))
      && !(is_response && is_status))
    self->ours |= 1u << (is_response ? WP_COLUMN_RESPONSE : WP_COLUMN_SERVICE);
  else
    self->foreign |= 1u << (is_response ? WP_COLUMN_RESPONSE : WP_COLUMN_SERVICE);
}

static void
look_at_duration (WpJsonl *self, const char *name, WpField field)
{
  gboolean is_whole = field.len > 0;

  if (!g_str_equal (name, "request_time") && !g_str_equal (name, "duration"))
    return;
  for (gsize i = 0; i < field.len; i++)
    is_whole &= g_ascii_isdigit (field.text[i]);
  self->has_seconds |= field.len > 0 && !is_whole && !wp_field_is_missing (field);
  self->has_whole |= is_whole && field.len > 1; /* few requests take 10 s */
}

static gboolean
put_cell (Reader *reader, const char *name, WpField field)
{
  WpJsonl *self = reader->self;
  gssize place = self != NULL ? find_name (self, name) : -1;

  if (reader->names != NULL && !g_ptr_array_find_with_equal_func (reader->names, name, g_str_equal, NULL))
    g_ptr_array_add (reader->names, g_strdup (name));
  if (reader->names != NULL)
    {
      look_at_value (reader->sampler, name, field);
      look_at_duration (reader->sampler, name, field);
    }
  if (place < 0)
    return TRUE;
  if (self->seen[place] == self->row)
    return wp_json_fail (&reader->scan, "a key that is there twice");
  self->seen[place] = self->row;
  self->fields[place] = field;

  return TRUE;
}

/* Behind the colon of @key. Names are those of the cells: an object's are its keys'. */
static gboolean
read_member (Reader *reader, WpField key)
{
  gsize outer = reader->path->len;
  gboolean is_object, done;
  const char *name = key.text;
  WpField field;

  if (memchr (key.text, '\0', key.len) != NULL)
    return wp_json_fail (&reader->scan, "a key with a NUL character");
  ((char *) key.text)[key.len] = '\0';
  wp_json_skip_blanks (&reader->scan);
  if (outer > 0 || (reader->scan.at < reader->scan.end && *reader->scan.at == '{'))
    {
      g_string_append_len (reader->path, key.text, (gssize) key.len);
      g_string_append_c (reader->path, '.');
    }
  if (!read_value (reader, &field, &is_object))
    return FALSE;
  if (outer > 0 && !is_object)
    {
      g_string_truncate (reader->path, reader->path->len - 1);
      name = reader->path->str;
    }
  done = is_object || put_cell (reader, name, field);
  g_string_truncate (reader->path, outer);

  return done;
}

/* Behind {. */
static gboolean
read_object (Reader *reader)
{
  WpField key;

  if (wp_json_take (&reader->scan, '}'))
    return TRUE;
  for (;;)
    {
      if (!wp_json_take (&reader->scan, '"'))
        return wp_json_expect (&reader->scan, "a key in quotes");
      if (!wp_json_string (&reader->scan, &key))
        return FALSE;
      if (!wp_json_take (&reader->scan, ':'))
        return wp_json_expect (&reader->scan, "a colon");
      if (!read_member (reader, key))
        return FALSE;
      if (wp_json_take (&reader->scan, '}'))
        return TRUE;
      if (!wp_json_take (&reader->scan, ','))
        return wp_json_expect (&reader->scan, "a comma or }");
    }
}

static gboolean
read_line (Reader *reader)
{
  if (!wp_json_take (&reader->scan, '{'))
    return wp_json_expect (&reader->scan, "an object: {");
  if (!read_object (reader))
    return FALSE;
  wp_json_skip_blanks (&reader->scan);

  return reader->scan.at == reader->scan.end || wp_json_expect (&reader->scan, "nothing more in this line");
}

static gboolean
fail_line (WpJsonl *self, const Reader *reader, GError **error)
{
  g_autofree char *problem = wp_json_describe (&reader->scan);

  return wp_trace_format_fail (&self->table, problem, error);
}

/* @line is read into the cells, or its keys into @names. */
static gboolean
read_row (WpJsonl *self, GPtrArray *names, char *line, gsize len, GError **error)
{
  g_autoptr (GString) path = g_string_new (NULL);
  Reader reader
      = { names != NULL ? NULL : self, self, names, { line, line, line + len, NULL, NULL }, path, 0 };

  return read_line (&reader) || fail_line (self, &reader, error);
}

static gboolean
is_same_name (gconstpointer a, gconstpointer b)
{
  return g_ascii_strcasecmp (a, b) == 0;
}

static gboolean
has_name (GPtrArray *names, const char *name)
{
  return g_ptr_array_find_with_equal_func (names, name, is_same_name, NULL);
}

/* nginx and Caddy write seconds with a point; others write milliseconds under the same names. */
static gboolean
check_seconds (WpJsonl *self, GError **error)
{
  const char *name = self->table.columns != NULL ? strrchr (self->table.columns, '=') : NULL;
  g_autofree char *problem = NULL;

  if (name == NULL || self->has_seconds || !self->has_whole
      || (!g_str_equal (name, "=[request_time]") && !g_str_equal (name, "=[duration]")))
    return TRUE;
  name++;
  self->table.row_line = self->table.header_line;
  problem = g_strdup_printf ("%s has no point: is it seconds or milliseconds? Say it: --columns "
                             "'%.*s/1000,response=%s/1000', or without /1000",
                             name, (int) (strchr (self->table.columns, ',') - self->table.columns),
                             self->table.columns, name);
  wp_trace_format_fail (&self->table, problem, error);
  self->table.is_bad_row = FALSE;

  return FALSE;
}

/* Our own columns may be missing in the first object, but arrival is needed in all, and a caller that reads
 * response needs to know beforehand whether there is one. */
static void
add_own_names (GPtrArray *names)
{
  for (int i = 0; i < WP_N_COLUMNS; i++)
    if (i != WP_COLUMN_ARRIVAL && WP_COLUMNS_ALL & 1u << i
        && !has_name (names, wp_column_name ((WpColumn) i)))
      g_ptr_array_add (names, g_strdup (wp_column_name ((WpColumn) i)));
}

static GStrv
copy_names (GPtrArray *names)
{
  GStrv copy = g_new0 (char *, names->len + 1);

  for (guint i = 0; i < names->len; i++)
    copy[i] = g_strdup (g_ptr_array_index (names, i));

  return copy;
}

/* A key that --columns or --where names may come later than in the first lines. */
static void
add_asked_names (GPtrArray *names, const WpTraceOptions *options)
{
  g_autoptr (GPtrArray) unknown = g_ptr_array_new_with_free_func (g_free);
  const char *const *known;

  g_ptr_array_add (names, NULL);
  known = (const char *const *) names->pdata;
  if (options->columns != NULL)
    wp_mapping_find_unknown (options->columns, known, unknown);
  if (options->where != NULL)
    wp_where_find_unknown (options->where, known, unknown);
  g_ptr_array_set_size (names, (gint) names->len - 1);
  for (guint i = 0; i < unknown->len; i++)
    if (!g_ptr_array_find_with_equal_func (names, g_ptr_array_index (unknown, i), g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (g_ptr_array_index (unknown, i)));
}

/* The keys of the first lines. A line that is none is met again as a row. FALSE: none is one. */
static gboolean
sample_names (WpJsonl *self, GPtrArray *names, GError **error)
{
  g_autoptr (GError) first = NULL;
  WpTraceFormatSample sample;
  gboolean any = FALSE;
  char *line;
  gsize len;

  if (!wp_trace_format_sample (&self->table, &sample, error))
    return FALSE;
  while (wp_trace_format_sample_line (&self->table, &sample, &line, &len))
    {
      g_autofree char *copy = g_memdup2 (line, len);
      gboolean done = read_row (self, names, copy, len, first == NULL ? &first : NULL);

      if (done && !any)
        self->table.header_line = self->table.row_line;
      any |= done;
    }
  if (!any)
    g_propagate_error (error, g_steal_pointer (&first));

  return any;
}

static gboolean
jsonl_open (WpTraceFormat *table, const WpTraceOptions *options, GError **error)
{
  WpJsonl *self = (WpJsonl *) table;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *arrival = wp_column_name (WP_COLUMN_ARRIVAL);
  g_auto (GStrv) met = NULL;

  table->skips = table->has_remarks = TRUE;
  if (!sample_names (self, names, error))
    return FALSE;
  if (!has_name (names, arrival))
    table->foreign = self->foreign & ~self->ours;
  met = copy_names (names);
  add_own_names (names);
  self->n_known = names->len;
  add_asked_names (names, options);
  self->n_names = names->len;
  g_ptr_array_add (names, NULL);
  table->names = (GStrv) g_ptr_array_free (g_steal_pointer (&names), FALSE);
  self->places = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; i < self->n_names; i++)
    g_hash_table_insert (self->places, table->names[i], GSIZE_TO_POINTER (i + 1));
  self->seen = g_new0 (guint64, self->n_names);
  self->fields = g_new0 (WpField, self->n_names);
  wp_trace_set_known_columns (table, options, FALSE);
  if (!check_seconds (self, error))
    return FALSE;
  if (table->columns != NULL || (options->columns != NULL && strstr (options->columns, arrival) != NULL))
    return TRUE;

  return wp_mapping_check_arrival ((const char *const *) met, error)
         || (wp_read_buffer_prefix (&table->window, table->header_line, error), FALSE);
}

/* At the end: was each key that an option names in some line? */
static gboolean
check_asked_names (const WpJsonl *self, GError **error)
{
  g_autoptr (GPtrArray) met = g_ptr_array_new ();
  g_autofree char *there = NULL;
  const char *nearest;
  gsize missing = self->n_known;

  while (missing < self->n_names && (self->seen[missing] > 0 || self->row == 0))
    missing++;
  if (missing == self->n_names)
    return TRUE;
  for (gsize i = 0; i < self->n_names; i++)
    if (self->seen[i] > 0)
      g_ptr_array_add (met, self->table.names[i]);
  g_ptr_array_add (met, NULL);
  nearest = wp_options_nearest (self->table.names[missing], (const char *const *) met->pdata);
  there = nearest != NULL ? wp_field_quote ((WpField){ nearest, strlen (nearest) })
                          : wp_field_list_names ((const char *const *) met->pdata);
  return wp_fail (error, WP_ERROR_BAD_TRACE, "%s: no line has the key \"%s\"; %s %s%s",
                  wp_input_name (self->table.window.input), self->table.names[missing],
                  nearest != NULL ? "did you mean" : "the keys of the first lines are", there,
                  nearest != NULL ? "?" : "");
}

static WpTraceFormatStatus
jsonl_next (WpTraceFormat *table, gboolean may_fill, const WpField **fields, GError **error)
{
  WpJsonl *self = (WpJsonl *) table;
  char *line;
  gsize len;
  WpTraceFormatStatus status = wp_trace_format_line (table, may_fill, &line, &len, error);

  *fields = self->fields;
  if (status == WP_TRACE_FORMAT_END && !check_asked_names (self, error))
    return WP_TRACE_FORMAT_ERROR;
  if (status != WP_TRACE_FORMAT_ROW)
    return status;
  self->row++;
  self->guess = 0;
  for (gsize i = 0; i < self->n_names; i++)
    self->fields[i] = wp_trace_format_no_field;
  if (!read_row (self, NULL, line, len, error))
    return WP_TRACE_FORMAT_ERROR;
  for (gsize i = 0; i < self->n_names; i++)
    if (self->fields[i].text >= line && self->fields[i].text <= line + len)
      ((char *) self->fields[i].text)[self->fields[i].len] = '\0';

  return WP_TRACE_FORMAT_ROW;
}

static gboolean
jsonl_rewind (WpTraceFormat *table, GError **error)
{
  return TRUE;
}

static void
jsonl_clear (WpTraceFormat *table)
{
  WpJsonl *self = (WpJsonl *) table;

  g_clear_pointer (&self->places, g_hash_table_unref);
  g_free (self->seen);
  g_free (self->fields);
}

const WpTraceFormatKind wp_jsonl_kind
    = { "jsonl",     "JSON lines", sizeof (WpJsonl), jsonl_open, jsonl_next, jsonl_rewind,
        jsonl_clear, NULL,         WP_LOG_MAX_BAD };
