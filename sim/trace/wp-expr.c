#include "sim/trace/wp-expr.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-number.h"

#define MAX_DEPTH 64 /* operators that wait for their second operand, and nested parentheses */

typedef enum { OP_NUMBER, OP_COLUMN, OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_NEGATE } OpKind;

typedef struct {
  OpKind kind;
  int column;
  long double number;
} Op;

struct _WpExpr {
  GArray *ops; /* of Op, operands before operators */
  GStrv names; /* of the columns, for errors */
};

typedef struct {
  const char *at;   /* the next token */
  const char *text; /* all of it, for errors */
  const char *const *names;
  GPtrArray *unknown; /* gets names of no column, which are no error then; or NULL */
  GArray *ops;
  int nested;
  int held; /* operands on the stack where we are */
} Parser;

static gboolean parse_sum (Parser *parser, GError **error);

static gboolean
is_name_start (char c)
{
  return g_ascii_isalpha (c) || c == '_' || (guchar) c >= 0x80;
}

static gboolean
fail (const Parser *parser, GError **error)
{
  if (*parser->at == '\0')
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" ends too early", parser->text);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" cannot be read from \"%s\" on", parser->text,
                 parser->at);

  return FALSE;
}

static gboolean
push (Parser *parser, Op op, GError **error)
{
  if (op.kind == OP_NUMBER || op.kind == OP_COLUMN)
    parser->held++;
  else if (op.kind != OP_NEGATE)
    parser->held--;
  g_array_append_val (parser->ops, op);
  if (parser->held <= MAX_DEPTH)
    return TRUE;
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is nested too deeply", parser->text);
}

static int
find_name (const char *const *names, const char *name)
{
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], name) == 0)
      return i;

  return -1;
}

/* The nearest name comes from a file: it may hold anything. */
static gboolean
fail_unknown (const Parser *parser, const char *name, GError **error)
{
  const char *nearest = wp_options_nearest (name, parser->names);
  g_autofree char *shown = nearest != NULL ? wp_field_quote ((WpField){ nearest, strlen (nearest) }) : NULL;

  if (shown != NULL)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "no column \"%s\"; did you mean %s?", name, shown);
  else
    {
      g_autofree char *there = wp_field_list_names (parser->names);

      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "no column \"%s\"; the columns are %s", name,
                   *there != '\0' ? there : "none");
    }

  return FALSE;
}

static gboolean
push_column (Parser *parser, const char *name, GError **error)
{
  int column = find_name (parser->names, name);

  if (column < 0 && parser->unknown != NULL)
    {
      g_ptr_array_add (parser->unknown, g_strdup (name));
      return push (parser, (Op){ OP_COLUMN, 0, 0 }, error);
    }
  if (column < 0)
    return fail_unknown (parser, name, error);
  if (find_name (parser->names + column + 1, name) >= 0)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "column \"%s\" is there twice", name);

  return push (parser, (Op){ OP_COLUMN, column, 0 }, error);
}

static void
skip_blanks (Parser *parser)
{
  while (*parser->at == ' ' || *parser->at == '\t')
    parser->at++;
}

static gboolean
take (Parser *parser, char c)
{
  skip_blanks (parser);
  if (*parser->at != c || c == '\0')
    return FALSE;
  parser->at++;

  return TRUE;
}

static gboolean
parse_quoted (Parser *parser, char close, GError **error)
{
  const char *end = strchr (parser->at + 1, close);
  g_autofree char *name = NULL;

  if (end == NULL)
    return fail (parser, error);
  name = g_strndup (parser->at + 1, (gsize) (end - parser->at - 1));
  parser->at = end + 1;

  return push_column (parser, name, error);
}

static gboolean
parse_name (Parser *parser, GError **error)
{
  const char *start = parser->at;
  g_autofree char *name = NULL;

  while (is_name_start (*parser->at) || g_ascii_isdigit (*parser->at) || *parser->at == '.')
    parser->at++;
  name = g_strndup (start, (gsize) (parser->at - start));

  return push_column (parser, name, error);
}

static gboolean
parse_nested (Parser *parser, char after, gboolean (*parse) (Parser *parser, GError **error), GError **error)
{
  if (++parser->nested > MAX_DEPTH)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is nested too deeply", parser->text);
  if (!parse (parser, error))
    return FALSE;
  parser->nested--;

  return after == '\0' || take (parser, after) || fail (parser, error);
}

static gboolean
parse_factor (Parser *parser, GError **error)
{
  long double number;
  const char *after;

  if (take (parser, '-'))
    return parse_nested (parser, '\0', parse_factor, error) && push (parser, (Op){ OP_NEGATE, -1, 0 }, error);
  if (take (parser, '('))
    return parse_nested (parser, ')', parse_sum, error);
  if (*parser->at == '"' || *parser->at == '[')
    return parse_quoted (parser, *parser->at == '"' ? '"' : ']', error);
  if (is_name_start (*parser->at))
    return parse_name (parser, error);
  after = wp_number_scan (parser->at, parser->at + strlen (parser->at), &number);
  if (after == parser->at)
    return fail (parser, error);
  parser->at = after;

  return push (parser, (Op){ OP_NUMBER, -1, number }, error);
}

static gboolean
parse_product (Parser *parser, GError **error)
{
  if (!parse_factor (parser, error))
    return FALSE;
  for (;;)
    {
      OpKind kind = take (parser, '*') ? OP_MULTIPLY : take (parser, '/') ? OP_DIVIDE : OP_NUMBER;

      if (kind == OP_NUMBER)
        return TRUE;
      if (!parse_factor (parser, error) || !push (parser, (Op){ kind, -1, 0 }, error))
        return FALSE;
    }
}

static gboolean
parse_sum (Parser *parser, GError **error)
{
  if (!parse_product (parser, error))
    return FALSE;
  for (;;)
    {
      OpKind kind = take (parser, '+') ? OP_ADD : take (parser, '-') ? OP_SUBTRACT : OP_NUMBER;

      if (kind == OP_NUMBER)
        return TRUE;
      if (!parse_product (parser, error) || !push (parser, (Op){ kind, -1, 0 }, error))
        return FALSE;
    }
}

static gboolean
parse_all (Parser *parser, GError **error)
{
  if (find_name (parser->names, parser->text) >= 0)
    return push_column (parser, parser->text, error);
  if (!parse_sum (parser, error))
    return FALSE;
  skip_blanks (parser);

  return *parser->at == '\0' || fail (parser, error);
}

static WpExpr *
parse (const char *text, const char *const *names, GPtrArray *unknown, GError **error)
{
  g_autoptr (WpExpr) self = g_new0 (WpExpr, 1);
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  Parser parser = { trimmed, trimmed, names, unknown, NULL, 0, 0 };

  self->ops = parser.ops = g_array_new (FALSE, FALSE, sizeof (Op));
  self->names = g_strdupv ((GStrv) names);
  if (!parse_all (&parser, error))
    return NULL;

  return g_steal_pointer (&self);
}

WpExpr *
wp_expr_parse (const char *text, const char *const *names, GError **error)
{
  return parse (text, names, NULL, error);
}

void
wp_expr_find_unknown (const char *text, const char *const *names, GPtrArray *unknown)
{
  wp_expr_free (parse (text, names, unknown, NULL));
}

void
wp_expr_free (WpExpr *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->ops);
  g_strfreev (self->names);
  g_free (self);
}

int
wp_expr_column (const WpExpr *self)
{
  const Op *first = &g_array_index (self->ops, Op, 0);

  return self->ops->len == 1 && first->kind == OP_COLUMN ? first->column : -1;
}

static void
apply (OpKind kind, long double *left, long double right)
{
  switch (kind)
    {
    case OP_ADD:
      *left += right;
      break;
    case OP_SUBTRACT:
      *left -= right;
      break;
    case OP_MULTIPLY:
      *left *= right;
      break;
    case OP_DIVIDE:
      *left = right == 0 ? (long double) NAN : *left / right;
      break;
    case OP_NUMBER:
    case OP_COLUMN:
    case OP_NEGATE:
      g_assert_not_reached ();
    }
}

int
wp_expr_stamp (const WpExpr *self)
{
  const Op *first = &g_array_index (self->ops, Op, 0);
  int top = 0;

  if (first->kind != OP_COLUMN)
    return -1;
  for (guint i = 1; i < self->ops->len; i++)
    {
      OpKind kind = g_array_index (self->ops, Op, i).kind;

      if (kind == OP_NUMBER || kind == OP_COLUMN)
        top++;
      else if (kind != OP_NEGATE)
        top--;
      if (top == 0 && kind != OP_ADD && kind != OP_SUBTRACT)
        return -1;
    }

  return first->column;
}

WpExprResult
wp_expr_eval (const WpExpr *self, const WpField *fields, const long double *first, long double *value,
              GError **error)
{
  long double stack[MAX_DEPTH + 1];
  int top = -1;

  for (guint i = 0; i < self->ops->len; i++)
    {
      const Op *op = &g_array_index (self->ops, Op, i);

      if (op->kind == OP_NUMBER)
        stack[++top] = op->number;
      else if (op->kind == OP_NEGATE)
        stack[top] = -stack[top];
      else if (op->kind != OP_COLUMN)
        {
          top--;
          apply (op->kind, &stack[top], stack[top + 1]);
        }
      else if (i == 0 && first != NULL)
        stack[++top] = *first;
      else if (!wp_field_parse_value (fields[op->column], &stack[++top]))
        {
          if (wp_field_is_missing (fields[op->column]))
            return WP_EXPR_MISSING;
          wp_field_fail (fields[op->column], self->names[op->column], "is not a number", error);
          return WP_EXPR_ERROR;
        }
    }
  *value = stack[0];

  return WP_EXPR_VALUE;
}
