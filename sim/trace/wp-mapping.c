#include "sim/trace/wp-mapping.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-expr.h"
#include "sim/trace/wp-csv-fast.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-no-arrival.h"
#include "sim/base/wp-options.h"
#include "sim/trace/wp-request-cells.h"

typedef struct {
  WpColumn column;
  int field;              /* of a bare column; -1: arithmetic */
  int stamp;              /* of an arrival: the column that is a time of day or a clock's reading; -1: none */
  char *name;             /* of that column, or the expression, for errors */
  WpExpr *expr;           /* ours */
  const char *stamp_name; /* the format's */
} Binding;

struct _WpMapping {
  GArray *bindings;         /* of Binding */
  guint columns;            /* set of 1 << WpColumn */
  guint defaulted;          /* those of the defaults */
  WpDateCache dates;        /* of other columns */
  WpStamps stamps;          /* of the arrivals */
  WpRequestCells *requests; /* NULL: they are not read, or there are none */
};

static void
binding_clear (gpointer data)
{
  Binding *binding = data;

  g_free (binding->name);
  g_clear_pointer (&binding->expr, wp_expr_free);
}

static int
find_column (const char *name)
{
  for (int i = 0; i < WP_N_COLUMNS; i++)
    if (strcmp (wp_column_name ((WpColumn) i), name) == 0)
      return i;

  return -1;
}

static gboolean
fail_option (GError **error, const char *name, const char *problem)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "--columns: \"%s\" %s", name, problem);
}

static gboolean
fail_unknown (GError **error, const char *name)
{
  const char *names[WP_N_COLUMNS + 1] = { NULL };
  g_autofree char *all = NULL;

  for (int i = 0; i < WP_N_COLUMNS; i++)
    names[i] = wp_column_name ((WpColumn) i);
  all = g_strjoinv (", ", (char **) names);
  return wp_fail (error, WP_ERROR_BAD_VALUE, "--columns: \"%s\" is not a column of a trace: %s", name, all);
}

static gboolean
is_of_request (WpColumn column)
{
  return column == WP_COLUMN_METHOD || column == WP_COLUMN_PATH;
}

static gboolean
takes_arithmetic (WpColumn column)
{
  return column != WP_COLUMN_ID && column != WP_COLUMN_OUTCOME && column != WP_COLUMN_BLOCKED
         && !is_of_request (column) && column != WP_COLUMN_STATUS;
}

/* @item: name=EXPR; is cut in two. @only_new: a column that is there already keeps what it has. */
static gboolean
bind_item (WpMapping *self, char *item, const char *const *names, gboolean only_new, GError **error)
{
  char *text = strchr (item, '=');
  Binding binding = { .field = -1, .stamp = -1 };
  int column;

  if (text == NULL)
    return fail_option (error, item, "is not NAME=EXPRESSION");
  *text++ = '\0';
  g_strstrip (item);
  column = find_column (item);
  if (column < 0)
    return fail_unknown (error, item);
  if (self->columns & 1u << column)
    return only_new || fail_option (error, item, "is given twice");
  binding.column = (WpColumn) column;
  binding.expr = wp_expr_parse (text, names, error);
  if (binding.expr == NULL)
    {
      g_prefix_error (error, "--columns: %s: ", item);
      return FALSE;
    }
  binding.field = wp_expr_column (binding.expr);
  binding.stamp = wp_expr_stamp (binding.expr);
  binding.name = g_strdup (binding.field < 0 ? g_strstrip (text) : names[binding.field]);
  binding.stamp_name = binding.stamp >= 0 ? names[binding.stamp] : NULL;
  self->columns |= 1u << column;
  g_array_append_val (self->bindings, binding);

  return binding.field >= 0 || takes_arithmetic (binding.column)
         || fail_option (error, item, "takes a column, not arithmetic");
}

/* Returns the comma or NUL that ends the item at @text; names in quotes or brackets may hold commas. */
static char *
item_end (char *text)
{
  for (; *text != '\0' && *text != ','; text++)
    {
      char close = *text == '"' ? '"' : *text == '[' ? ']' : '\0';
      char *end = close != '\0' ? strchr (text + 1, close) : NULL;

      if (end != NULL)
        text = end;
    }

  return text;
}

/* Ends @item there; returns the next one, or NULL. */
static char *
cut_item (char *item)
{
  char *end = item_end (item);

  if (*end == '\0')
    return NULL;
  *end = '\0';

  return end + 1;
}

void
wp_mapping_find_unknown (const char *columns, const char *const *names, GPtrArray *unknown)
{
  g_autofree char *copy = g_strdup (columns);

  for (char *item = copy, *next; item != NULL; item = next)
    {
      const char *text;

      next = cut_item (item);
      if ((text = strchr (item, '=')) != NULL)
        wp_expr_find_unknown (text + 1, names, unknown);
    }
}

static gboolean
bind_option (WpMapping *self, const char *columns, const char *const *names, gboolean only_new,
             GError **error)
{
  g_autofree char *copy = g_strdup (columns);

  for (char *item = copy, *next; item != NULL; item = next)
    {
      next = cut_item (item);
      if (!bind_item (self, item, names, only_new, error))
        return FALSE;
    }

  return TRUE;
}

/* The column of that name; Arrival, Service and Response are ours too, unless a name is so exactly. */
static int
find_named (const char *const *names, const char *name)
{
  static const WpColumn columns[] = { WP_COLUMN_ARRIVAL, WP_COLUMN_SERVICE, WP_COLUMN_RESPONSE };
  int column = find_column (name);

  for (gsize i = 0; i < G_N_ELEMENTS (columns) && column < 0; i++)
    if (g_ascii_strcasecmp (name, wp_column_name (columns[i])) == 0
        && !g_strv_contains (names, wp_column_name (columns[i])))
      column = (int) columns[i];

  return column;
}

static gboolean
bind_names (WpMapping *self, const char *const *names, guint foreign, gboolean reads_requests, GError **error)
{
  guint mapped = self->columns;

  for (int i = 0; names[i] != NULL; i++)
    {
      int column = find_named (names, names[i]);
      Binding binding = { (WpColumn) column, i, i, NULL, NULL, names[i] };

      if (column < 0 || (mapped | foreign) & 1u << column || (!reads_requests && column >= WP_COLUMN_METHOD))
        continue;
      if (self->columns & 1u << column)
        return wp_fail (error, WP_ERROR_BAD_TRACE, "column \"%s\" is there twice", names[i]);
      self->columns |= 1u << column;
      binding.name = g_strdup (names[i]);
      g_array_append_val (self->bindings, binding);
    }

  return TRUE;
}

gboolean
wp_mapping_check_arrival (const char *const *names, GError **error)
{
  for (gsize i = 0; names[i] != NULL; i++)
    if (find_named (names, names[i]) == WP_COLUMN_ARRIVAL)
      return TRUE;

  return wp_trace_fail_no_arrival (names, error);
}

/* The cells of requests are read apart from the others. */
static void
bind_requests (WpMapping *self, const char *const *names, gboolean reads_requests)
{
  const guint columns = 1u << WP_COLUMN_METHOD | 1u << WP_COLUMN_PATH;
  int method = wp_mapping_field (self, WP_COLUMN_METHOD), path = wp_mapping_field (self, WP_COLUMN_PATH);

  for (guint i = self->bindings->len; i-- > 0;)
    if (is_of_request (g_array_index (self->bindings, Binding, i).column)
        || (!reads_requests && g_array_index (self->bindings, Binding, i).column == WP_COLUMN_STATUS))
      g_array_remove_index (self->bindings, i);
  self->columns &= reads_requests ? ~columns : ~(columns | 1u << WP_COLUMN_STATUS);
  self->requests = reads_requests ? wp_request_cells_new (names, method, path) : NULL;
  if (self->requests != NULL)
    self->columns |= columns;
}

WpMapping *
wp_mapping_new (const char *const *names, const char *columns, const char *defaults, guint foreign,
                gboolean reads_requests, GError **error)
{
  g_autoptr (WpMapping) self = g_new0 (WpMapping, 1);
  guint given;

  self->bindings = g_array_new (FALSE, FALSE, sizeof (Binding));
  g_array_set_clear_func (self->bindings, binding_clear);
  if ((columns != NULL && !bind_option (self, columns, names, FALSE, error))
      || !bind_names (self, names, foreign, reads_requests, error))
    return NULL;
  bind_requests (self, names, reads_requests);
  given = self->columns;
  if (defaults != NULL && !bind_option (self, defaults, names, TRUE, error))
    return NULL;
  self->defaulted = self->columns & ~given;

  return self->columns & 1u << WP_COLUMN_ARRIVAL || wp_trace_fail_no_arrival (names, error)
             ? g_steal_pointer (&self)
             : NULL;
}

void
wp_mapping_free (WpMapping *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->bindings);
  g_clear_pointer (&self->requests, wp_request_cells_free);
  g_free (self);
}

guint
wp_mapping_columns (const WpMapping *self)
{
  return self->columns;
}

guint
wp_mapping_default_columns (const WpMapping *self)
{
  return self->defaulted;
}

int
wp_mapping_field (const WpMapping *self, WpColumn column)
{
  for (guint i = 0; i < self->bindings->len; i++)
    if (g_array_index (self->bindings, Binding, i).column == column)
      return g_array_index (self->bindings, Binding, i).field;

  return -1;
}

static gboolean
read_bytes (WpField field, gint64 *bytes)
{
  gint64 value = 0;

  for (gsize i = 0; i < field.len; i++)
    if (!g_ascii_isdigit (field.text[i]) || __builtin_mul_overflow (value, 10, &value)
        || __builtin_add_overflow (value, field.text[i] - '0', &value))
      return FALSE;
  *bytes = value;

  return TRUE;
}

/* 0: none. Logs have all kinds of words for it. */
static gint16
read_status (WpField field)
{
  gint64 status;

  return read_bytes (field, &status) && status <= 999 ? (gint16) status : 0;
}

static gboolean
read_outcome (WpField field, WpOutcome *outcome)
{
  for (int i = WP_OUTCOME_STORED; i <= WP_OUTCOME_PASSED; i++)
    {
      const char *name = wp_outcome_name ((WpOutcome) i);

      *outcome = (WpOutcome) i;
      if (strlen (name) == field.len && memcmp (name, field.text, field.len) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Where the row keeps a time, WP_TIME_NONE if it has none; NULL: that column is no time. */
static gint64 *
find_time (WpColumn column, WpRow *row)
{
  switch (column)
    {
    case WP_COLUMN_ARRIVAL:
      return &row->arrival_ns;
    case WP_COLUMN_SERVICE:
      return &row->service_ns;
    case WP_COLUMN_ACCEPTED:
      return &row->accepted_ns;
    case WP_COLUMN_STARTED:
      return &row->started_ns;
    case WP_COLUMN_FINISHED:
      return &row->finished_ns;
    case WP_COLUMN_ENDED:
      return &row->ended_ns;
    case WP_COLUMN_RESPONSE:
      return &row->response_ns;
    case WP_COLUMN_ID:
    case WP_COLUMN_BYTES:
    case WP_COLUMN_OUTCOME:
    case WP_COLUMN_BLOCKED:
    case WP_COLUMN_METHOD:
    case WP_COLUMN_PATH:
    case WP_COLUMN_STATUS:
    case WP_N_COLUMNS:
      break;
    }

  return NULL;
}

static void
read_empty (WpColumn column, WpRow *row)
{
  gint64 *time = find_time (column, row);

  if (time != NULL)
    *time = WP_TIME_NONE;
  else if (column == WP_COLUMN_ID)
    row->id = NULL;
  else if (column == WP_COLUMN_BYTES)
    row->bytes = -1;
  else if (column == WP_COLUMN_OUTCOME)
    row->outcome = WP_OUTCOME_NONE;
  else if (column == WP_COLUMN_STATUS)
    row->status = 0;
  else
    row->blocked = -1;
}

/* A service or a response: a length of time, not a moment. */
static gboolean
is_duration (WpColumn column)
{
  return column == WP_COLUMN_SERVICE || column == WP_COLUMN_RESPONSE;
}

static const char *
read_duration (WpField field, gint64 *ns)
{
  if (!wp_field_parse_seconds (field, ns) && !wp_field_parse_amount (field, ns))
    return wp_time_is_far_seconds (field.text, field.len) ? "is more than 292 years"
                                                          : "is not a time in seconds";

  return *ns < 0 ? "is negative" : NULL;
}

/* Another time than the arrival. */
static gboolean
read_moment (WpMapping *self, WpField field, gint64 *ns)
{
  const char *unit;

  return wp_field_parse_seconds (field, ns) || wp_field_parse_date (field, &self->dates, ns)
         || wp_field_parse_epoch (field, ns, &unit);
}

/* Returns what is wrong with the cell, NULL if nothing is. */
static const char *
read_cell (WpMapping *self, WpColumn column, WpField field, WpRow *row)
{
  gint64 *time = find_time (column, row);

  if (is_duration (column))
    return read_duration (field, time);
  if (column == WP_COLUMN_ARRIVAL)
    {
      const char *problem = wp_stamps_read (&self->stamps, field);

      row->arrival_ns = self->stamps.stamp.ns;
      return problem;
    }
  if (time != NULL)
    return read_moment (self, field, time) ? NULL : wp_field_why_no_time (field);
  if (column == WP_COLUMN_BYTES)
    return read_bytes (field, &row->bytes) ? NULL : "is not a whole number of bytes";
  if (column == WP_COLUMN_STATUS)
    {
      row->status = read_status (field);
      return NULL;
    }
  if (column == WP_COLUMN_OUTCOME)
    return read_outcome (field, &row->outcome) ? NULL
                                               : "is not stored, rejected, timed_out, abandoned or failed";
  if (column == WP_COLUMN_ID)
    {
      row->id = field.text;
      return memchr (field.text, '\0', field.len) != NULL ? "has a NUL byte" : NULL;
    }
  row->blocked = *field.text - '0';

  return field.len != 1 || (row->blocked != 0 && row->blocked != 1) ? "is not 0 or 1" : NULL;
}

static gboolean
fits_ns (long double seconds)
{
  return fabsl (seconds * WP_NS_PER_S) < 0x1p63L;
}

/* @offset_ns: added to the value. */
static gboolean
put_value (const Binding *binding, long double value, gint64 offset_ns, WpRow *row, GError **error)
{
  gint64 *field = find_time (binding->column, row);
  char shown[G_ASCII_DTOSTR_BUF_SIZE];
  gboolean may_be_negative = field != NULL && !is_duration (binding->column);
  long double scaled = field != NULL ? value * WP_NS_PER_S : value;
  gint64 *place = field != NULL ? field : &row->bytes;

  if (fabsl (scaled) < 0x1p63L && (value >= 0 || may_be_negative)
      && !__builtin_add_overflow (offset_ns, llroundl (scaled), place) && *place != WP_TIME_NONE)
    return TRUE;
  value += (long double) offset_ns / WP_NS_PER_S;
  return wp_fail (error, WP_ERROR_BAD_TRACE, "column \"%s\": %s comes to %s, which is not a %s",
                  wp_column_name (binding->column), binding->name,
                  g_ascii_formatd (shown, sizeof shown, "%g", (double) value),
                  field != NULL ? "time" : "number of bytes");
}

/* The first summand is the stamp: exact where it is a column. */
static WpExprResult
read_stamp (WpMapping *self, const Binding *binding, const WpField *fields, WpRow *row, GError **error)
{
  const char *problem;
  WpExprResult result;
  long double value;

  if (binding->stamp >= 0)
    {
      WpField field = fields[binding->stamp];

      if ((problem = wp_stamps_read (&self->stamps, field)) == NULL)
        return WP_EXPR_VALUE;
      if (wp_field_is_missing (field))
        return WP_EXPR_MISSING;
      wp_field_fail (field, binding->stamp_name, problem, error);
      return WP_EXPR_ERROR;
    }
  result = wp_expr_eval_first (binding->expr, fields, &value, error);
  if (result != WP_EXPR_VALUE)
    return result;
  if (!fits_ns (value))
    return put_value (binding, value, 0, row, error) ? WP_EXPR_VALUE : WP_EXPR_ERROR;
  if ((problem = wp_stamps_compute (&self->stamps, value)) == NULL)
    return WP_EXPR_VALUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "column \"arrival\": %s %s", binding->name, problem);

  return WP_EXPR_ERROR;
}

/* A stamp is an integer of nanoseconds, to which the rest is added. */
static gboolean
read_arithmetic (WpMapping *self, const Binding *binding, const WpField *fields, WpRow *row, GError **error)
{
  static const long double zero = 0;
  gboolean is_arrival = binding->column == WP_COLUMN_ARRIVAL;
  WpExprResult result = is_arrival ? read_stamp (self, binding, fields, row, error) : WP_EXPR_VALUE;
  long double value;

  if (result == WP_EXPR_VALUE)
    result = wp_expr_eval (binding->expr, fields, is_arrival ? &zero : NULL, &value, error);
  if (result == WP_EXPR_MISSING)
    read_empty (binding->column, row);

  return result == WP_EXPR_MISSING
         || (result == WP_EXPR_VALUE
             && put_value (binding, value, is_arrival ? self->stamps.stamp.ns : 0, row, error));
}

gboolean
wp_mapping_read (WpMapping *self, const WpField *fields, WpRow *row, GError **error)
{
  for (guint i = 0; i < self->bindings->len; i++)
    {
      const Binding *binding = &g_array_index (self->bindings, Binding, i);
      const char *problem;

      if (binding->field < 0)
        {
          if (!read_arithmetic (self, binding, fields, row, error))
            return FALSE;
          continue;
        }
      if (fields[binding->field].len == 0)
        {
          read_empty (binding->column, row);
          continue;
        }
      problem = read_cell (self, binding->column, fields[binding->field], row);
      if (problem == NULL)
        continue;
      if (!wp_field_is_missing (fields[binding->field]))
        return wp_field_fail (fields[binding->field], binding->name, problem, error);
      read_empty (binding->column, row);
    }

  return self->requests == NULL || wp_request_cells_read (self->requests, fields, &row->request, error);
}

void
wp_mapping_fail_arrival (const WpMapping *self, const WpField *fields, GError **error)
{
  for (guint i = 0; i < self->bindings->len; i++)
    {
      const Binding *binding = &g_array_index (self->bindings, Binding, i);

      if (binding->column != WP_COLUMN_ARRIVAL)
        continue;
      if (binding->field >= 0)
        wp_field_fail (fields[binding->field], binding->name, "is not a time", error);
      else
        g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "column \"arrival\": %s has no value in this row",
                     binding->name);
    }
}

WpStamp
wp_mapping_stamp (const WpMapping *self)
{
  return self->stamps.stamp;
}

void
wp_mapping_restart (WpMapping *self)
{
  wp_stamps_restart (&self->stamps);
}

const char *
wp_mapping_request_line (const WpMapping *self)
{
  return self->requests != NULL ? wp_request_cells_line (self->requests) : NULL;
}

void
wp_mapping_append_notes (const WpMapping *self, GPtrArray *lines)
{
  wp_stamps_append_notes (&self->stamps, lines);
}
