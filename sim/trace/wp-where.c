#include "sim/trace/wp-where.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-number.h"

#define NO_COMPARISON "is no comparison, such as status<500 or metric==http_req_duration"

typedef enum { OP_EQUAL, OP_NOT_EQUAL, OP_AT_MOST, OP_AT_LEAST, OP_LESS, OP_MORE, OP_GLOB } Op;

/* Of which each matches any cell without a value. */
static const char *const no_values[] = { "", "-", "null", "N/A", NULL };

/* In the order in which they are looked for. */
static const char *const signs[] = { "==", "!=", "<=", ">=", "<", ">", "~" };

typedef struct {
  int column;
  Op op;
  char *value;
  GPatternSpec *glob;
  gboolean is_missing; /* it is no value */
  gboolean is_number;  /* or a time, in seconds */
  gboolean is_date;    /* a time since 1970 */
  long double number;
  gboolean begins_group; /* || stands before it */
} Comparison;

struct _WpWhere {
  GArray *comparisons;
};

static void
comparison_clear (gpointer data)
{
  Comparison *self = data;

  g_free (self->value);
  g_clear_pointer (&self->glob, g_pattern_spec_free);
}

static const char *
skip_blanks (const char *at)
{
  while (*at == ' ' || *at == '\t')
    at++;

  return at;
}

/* && or || */
static gboolean
is_joint (const char *at)
{
  return (*at == '&' || *at == '|') && at[1] == *at;
}

/* What stands between @open and @close at *@at, which moves behind it. NULL: it does not stand there. */
static char *
take_enclosed (const char **at, char open, char close)
{
  const char *end = **at == open ? strchr (*at + 1, close) : NULL;
  char *text;

  if (end == NULL)
    return NULL;
  text = g_strndup (*at + 1, (gsize) (end - *at - 1));
  *at = end + 1;

  return text;
}

/* Up to the next && or ||, or one of @ends. */
static char *
take_plain (const char **at, const char *ends)
{
  const char *start = *at;

  while (**at != '\0' && strchr (ends, **at) == NULL && !is_joint (*at))
    ++*at;

  return g_strchomp (g_strndup (start, (gsize) (*at - start)));
}

/* @text: begins with the comparison. */
static gboolean
fail_comparison (const char *text, const char *problem, GError **error)
{
  g_autofree char *comparison = take_plain (&text, "");
  g_autofree char *shown = wp_field_quote ((WpField){ comparison, strlen (comparison) });

  return wp_fail (error, WP_ERROR_BAD_VALUE, "%s %s", shown, problem);
}

static gboolean
find_column (const char *name, const char *const *names, GPtrArray *unknown, int *column, GError **error)
{
  g_autofree char *there = NULL, *shown = NULL;

  for (*column = 0; names[*column] != NULL; ++*column)
    if (strcmp (names[*column], name) == 0)
      return TRUE;
  if (unknown != NULL)
    {
      g_ptr_array_add (unknown, g_strdup (name));
      return TRUE;
    }
  if (*name == '(')
    return wp_fail (error, WP_ERROR_BAD_VALUE,
                    "parentheses are not read: && binds closer than ||, as in a==1&&c==3||b==2&&c==3");
  there = wp_field_list_names (names);
  shown = wp_field_quote ((WpField){ name, strlen (name) });
  return wp_fail (error, WP_ERROR_BAD_VALUE, "no column %s; the columns are %s", shown, there);
}

/* "status!=200 and n>5" is one comparison, with a text that no row has. */
static gboolean
joins_otherwise (const char *value)
{
  static const char *const words[] = { " & ", " | ", " and ", " or ", " AND ", " OR " };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (value, words[i]) != NULL)
      return TRUE;

  return FALSE;
}

/* @start: of the comparison, whose value stands at *@at. */
static char *
take_value (const char *start, const char **at, GError **error)
{
  char quote = **at;
  char *value;

  if (quote != '"' && quote != '\'')
    {
      value = take_plain (at, "");
      if (*value != '\0' && *value != '=' && !joins_otherwise (value))
        return value;
      fail_comparison (start,
                       *value == '\0'  ? "has no value; \"\" is an empty cell"
                       : *value == '=' ? NO_COMPARISON
                                       : "joins comparisons otherwise than by && or ||; a value with such "
                                         "words stands in quotes",
                       error);
      g_free (value);
      return NULL;
    }
  value = take_enclosed (at, quote, quote);
  *at = skip_blanks (*at);
  if (value != NULL && (**at == '\0' || is_joint (*at)))
    return value;
  fail_comparison (start, value == NULL ? "has a quote that is not closed" : "goes on after its value",
                   error);
  g_free (value);

  return NULL;
}

/* Takes the value of @self, which has its operator. */
static gboolean
set_value (Comparison *self, const char *start, char *value, GError **error)
{
  WpField field = { value, strlen (value) };
  gint64 ns;

  self->value = value;
  self->is_missing = g_strv_contains (no_values, value);
  self->glob = self->op == OP_GLOB ? g_pattern_spec_new (value) : NULL;
  self->is_date = wp_field_parse_date (field, NULL, &ns);
  self->is_number = wp_field_parse_value (field, &self->number);

  return self->is_number || self->op == OP_EQUAL || self->op == OP_NOT_EQUAL || self->op == OP_GLOB
         || fail_comparison (start, "has a value that is no number and no time: only these have an order",
                             error);
}

/* Takes the comparison at *@at. */
static gboolean
take_comparison (Comparison *self, const char **at, const char *const *names, GPtrArray *unknown,
                 GError **error)
{
  const char *start = *at = skip_blanks (*at);
  g_autofree char *name = take_enclosed (at, '[', ']');
  char *value;
  gsize op = 0;

  if (name == NULL)
    name = take_enclosed (at, '"', '"');
  if (name == NULL)
    name = take_plain (at, "=!<>~");
  *at = skip_blanks (*at);
  while (op < G_N_ELEMENTS (signs) && !g_str_has_prefix (*at, signs[op]))
    op++;
  if (op == G_N_ELEMENTS (signs))
    return fail_comparison (start, NO_COMPARISON, error);
  self->op = (Op) op;
  *at = skip_blanks (*at + strlen (signs[op]));

  return (value = take_value (start, at, error)) != NULL && set_value (self, start, value, error)
         && find_column (name, names, unknown, &self->column, error);
}

static WpWhere *
parse (const char *text, const char *const *names, GPtrArray *unknown, GError **error)
{
  g_autoptr (WpWhere) self = g_new0 (WpWhere, 1);
  gboolean begins_group = TRUE;

  self->comparisons = g_array_new (FALSE, FALSE, sizeof (Comparison));
  g_array_set_clear_func (self->comparisons, comparison_clear);
  for (;;)
    {
      Comparison comparison = { .begins_group = begins_group };
      gboolean done = take_comparison (&comparison, &text, names, unknown, error);

      g_array_append_val (self->comparisons, comparison);
      if (!done)
        return NULL;
      if (*text == '\0')
        return g_steal_pointer (&self);
      begins_group = *text == '|';
      text += 2;
    }
}

WpWhere *
wp_where_parse (const char *text, const char *const *names, GError **error)
{
  return parse (text, names, NULL, error);
}

void
wp_where_find_unknown (const char *text, const char *const *names, GPtrArray *unknown)
{
  wp_where_free (parse (text, names, unknown, NULL));
}

void
wp_where_free (WpWhere *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->comparisons);
  g_free (self);
}

static gboolean
is_ordered (Op op, int order)
{
  switch (op)
    {
    case OP_EQUAL:
      return order == 0;
    case OP_NOT_EQUAL:
      return order != 0;
    case OP_AT_MOST:
      return order <= 0;
    case OP_AT_LEAST:
      return order >= 0;
    case OP_LESS:
      return order < 0;
    case OP_MORE:
      return order > 0;
    case OP_GLOB:
      break;
    }

  return FALSE;
}

/* Of a list of times the sum; a list of whole numbers has statuses, and no value. */
static gboolean
read_number (const Comparison *self, WpField field, long double *number)
{
  const char *unit;
  gint64 ns;

  if (self->is_date && wp_field_parse_epoch (field, &ns, &unit))
    {
      *number = (long double) ns / WP_NS_PER_S;
      return TRUE;
    }
  if (wp_number_parse (field.text, field.len, number))
    return TRUE;
  if (memchr (field.text, ' ', field.len) != NULL && memchr (field.text, '.', field.len) == NULL
      && !wp_field_parse_date (field, NULL, &ns))
    return FALSE;

  return wp_field_parse_value (field, number);
}

static gboolean
compare (const Comparison *self, WpField field)
{
  long double number;
  gboolean is_equal;

  if (self->op == OP_GLOB)
    {
      g_autofree char *text = g_strndup (field.text, field.len);

      return g_pattern_spec_match_string (self->glob, text);
    }
  if (self->is_missing)
    return wp_field_is_missing (field) == (self->op == OP_EQUAL);
  if (self->is_number && read_number (self, field, &number))
    return is_ordered (self->op, (number > self->number) - (number < self->number));
  is_equal = strlen (self->value) == field.len && memcmp (self->value, field.text, field.len) == 0;

  return self->op == OP_EQUAL ? is_equal : self->op == OP_NOT_EQUAL && !is_equal;
}

gboolean
wp_where_matches (const WpWhere *self, const WpField *fields)
{
  gboolean matches = FALSE;

  for (guint i = 0; i < self->comparisons->len; i++)
    {
      const Comparison *comparison = &g_array_index (self->comparisons, Comparison, i);

      if (comparison->begins_group && matches)
        return TRUE;
      matches = (comparison->begins_group || matches) && compare (comparison, fields[comparison->column]);
    }

  return matches;
}
