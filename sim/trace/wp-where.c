#include "sim/trace/wp-where.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-number.h"

typedef enum { OP_EQUAL, OP_NOT_EQUAL, OP_AT_MOST, OP_AT_LEAST, OP_LESS, OP_MORE, OP_GLOB } Op;

/* In the order in which they are looked for. */
static const char *const signs[] = { "==", "!=", "<=", ">=", "<", ">", "~" };

typedef struct {
  int column;
  Op op;
  char *value;
  GPatternSpec *glob;
  gboolean is_number;
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

static char *
strip (char *text, char open, char close)
{
  gsize len;

  g_strstrip (text);
  len = strlen (text);
  if (len >= 2 && *text == open && text[len - 1] == close)
    {
      text[len - 1] = '\0';
      text++;
    }

  return text;
}

static gboolean
find_column (const char *name, const char *const *names, GPtrArray *unknown, int *column, GError **error)
{
  g_autofree char *there = NULL;

  for (*column = 0; names[*column] != NULL; ++*column)
    if (strcmp (names[*column], name) == 0)
      return TRUE;
  if (unknown != NULL)
    {
      g_ptr_array_add (unknown, g_strdup (name));
      return TRUE;
    }
  there = wp_field_list_names (names);
  return wp_fail (error, WP_ERROR_BAD_VALUE, "no column \"%s\"; the columns are %s", name, there);
}

/* @text: one comparison; is cut in two. */
static gboolean
add_comparison (WpWhere *self, char *text, gboolean begins_group, const char *const *names,
                GPtrArray *unknown, GError **error)
{
  Comparison comparison = { .begins_group = begins_group };
  char *sign = strpbrk (*text == '[' && strchr (text, ']') ? strchr (text, ']') : text, "=!<>~");
  char *value;
  gsize op = 0;

  while (sign != NULL && op < G_N_ELEMENTS (signs) && !g_str_has_prefix (sign, signs[op]))
    op++;
  if (sign == NULL || op == G_N_ELEMENTS (signs))
    return wp_fail (error, WP_ERROR_BAD_VALUE,
                    "\"%s\" is no comparison, such as status<500 or metric==http_req_duration", text);
  value = sign + strlen (signs[op]);
  if (*g_strchug (value) == '\0')
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" has no value; \"\" is an empty cell", text);
  *sign = '\0';
  if (!find_column (strip (text, '[', ']'), names, unknown, &comparison.column, error))
    return FALSE;
  comparison.op = (Op) op;
  comparison.value = g_strdup (strip (strip (value, '"', '"'), '\'', '\''));
  comparison.glob = comparison.op == OP_GLOB ? g_pattern_spec_new (comparison.value) : NULL;
  comparison.is_number = wp_number_parse (comparison.value, strlen (comparison.value), &comparison.number);
  g_array_append_val (self->comparisons, comparison);

  return TRUE;
}

static WpWhere *
parse (const char *text, const char *const *names, GPtrArray *unknown, GError **error)
{
  g_autoptr (WpWhere) self = g_new0 (WpWhere, 1);
  g_auto (GStrv) groups = g_strsplit (text, "||", -1);

  self->comparisons = g_array_new (FALSE, FALSE, sizeof (Comparison));
  g_array_set_clear_func (self->comparisons, comparison_clear);
  for (char **group = groups; *group != NULL; group++)
    {
      g_auto (GStrv) parts = g_strsplit (*group, "&&", -1);

      for (char **part = parts; *part != NULL; part++)
        if (!add_comparison (self, g_strstrip (*part), part == parts, names, unknown, error))
          return NULL;
    }

  return g_steal_pointer (&self);
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
  if (self->is_number && wp_number_parse (field.text, field.len, &number))
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
