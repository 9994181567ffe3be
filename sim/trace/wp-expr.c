#include "sim/trace/wp-expr.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"
#include "sim/trace/wp-field-time.h"
#include "sim/trace/wp-number.h"

#define TOO_MANY_SECONDS 1e11L /* for a time: it is one in another unit, since 1970 */

#define MAX_DEPTH 64 /* operators that wait for their second operand, and nested parentheses */

typedef enum { OP_NUMBER, OP_COLUMN, OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_NEGATE } OpKind;

typedef struct {
  OpKind kind;
  int column;
  long double number;
  gboolean is_factor; /* it is part of a product, whose other factors make seconds of it */
} Op;

struct _WpExpr {
  GArray *ops;   /* of Op, operands before operators */
  guint n_first; /* so many of them are the first summand's */
  GStrv names;   /* of the columns, for errors */
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
      return push (parser, (Op){ OP_COLUMN, 0, 0, FALSE }, error);
    }
  if (column < 0)
    return fail_unknown (parser, name, error);
  if (find_name (parser->names + column + 1, name) >= 0)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "column \"%s\" is there twice", name);

  return push (parser, (Op){ OP_COLUMN, column, 0, FALSE }, error);
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
    return parse_nested (parser, '\0', parse_factor, error)
           && push (parser, (Op){ OP_NEGATE, -1, 0, FALSE }, error);
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

  return push (parser, (Op){ OP_NUMBER, -1, number, FALSE }, error);
}

static gboolean
parse_product (Parser *parser, GError **error)
{
  guint start = parser->ops->len;

  if (!parse_factor (parser, error))
    return FALSE;
  for (;;)
    {
      OpKind kind = take (parser, '*') ? OP_MULTIPLY : take (parser, '/') ? OP_DIVIDE : OP_NUMBER;

      if (kind == OP_NUMBER)
        return TRUE;
      if (!parse_factor (parser, error) || !push (parser, (Op){ kind, -1, 0, FALSE }, error))
        return FALSE;
      for (guint i = start; i < parser->ops->len; i++)
        g_array_index (parser->ops, Op, i).is_factor = TRUE;
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
      if (!parse_product (parser, error) || !push (parser, (Op){ kind, -1, 0, FALSE }, error))
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

static gboolean
has_column (const GArray *ops, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    if (g_array_index (ops, Op, i).kind == OP_COLUMN)
      return TRUE;

  return FALSE;
}

/* A product's last operator leaves one operand, as the first operand is: then come sums. A column that is
 * added before anything is subtracted belongs to the first summand: date+time, sec+usec/1e6. */
static guint
measure_first (const GArray *ops)
{
  gboolean is_factor, may_add = TRUE;
  guint n = 1;
  int held = 1;

  for (guint i = 1; i < ops->len; i++)
    {
      OpKind kind = g_array_index (ops, Op, i).kind;

      if (kind == OP_NUMBER || kind == OP_COLUMN)
        held++;
      else if (kind != OP_NEGATE)
        held--;
      if (held != 1)
        continue;
      is_factor = kind != OP_ADD && kind != OP_SUBTRACT;
      may_add = is_factor || (may_add && kind == OP_ADD);
      if (is_factor || (may_add && has_column (ops, n, i)))
        n = i + 1;
    }

  return n;
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
  self->n_first = measure_first (self->ops);

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

  return self->n_first == 1 && first->kind == OP_COLUMN ? first->column : -1;
}

static gboolean
read_operand (const Op *op, WpField field, long double *value, const char **problem)
{
  const char *unit;
  gint64 ns;

  *problem = "is not a number";
  if (wp_field_parse_date_part (field, &ns))
    {
      *value = (long double) ns / WP_NS_PER_S;
      return TRUE;
    }
  if (!wp_field_parse_value (field, value))
    return FALSE;
  if (op->is_factor || *value < TOO_MANY_SECONDS)
    return TRUE;
  *problem = wp_field_why_no_time (field);
  if (!wp_field_parse_epoch (field, &ns, &unit))
    return FALSE;
  *value = (long double) ns / WP_NS_PER_S;

  return TRUE;
}

/* The operations from @from up to @to; stack[0] has the result of those before @from. */
static WpExprResult
eval (const WpExpr *self, const WpField *fields, guint from, guint to, long double *stack, GError **error)
{
  int top = from > 0 ? 0 : -1;

  for (guint i = from; i < to; i++)
    {
      const Op *op = &g_array_index (self->ops, Op, i);
      const char *problem;

      if (op->kind == OP_NUMBER)
        stack[++top] = op->number;
      else if (op->kind == OP_NEGATE)
        stack[top] = -stack[top];
      else if (op->kind != OP_COLUMN)
        {
          top--;
          apply (op->kind, &stack[top], stack[top + 1]);
        }
      else if (!read_operand (op, fields[op->column], &stack[++top], &problem))
        {
          if (wp_field_is_missing (fields[op->column]))
            return WP_EXPR_MISSING;
          wp_field_fail (fields[op->column], self->names[op->column], problem, error);
          return WP_EXPR_ERROR;
        }
    }

  return WP_EXPR_VALUE;
}

WpExprResult
wp_expr_eval (const WpExpr *self, const WpField *fields, const long double *first, long double *value,
              GError **error)
{
  long double stack[MAX_DEPTH + 1] = { first != NULL ? *first : 0 };
  WpExprResult result = eval (self, fields, first != NULL ? self->n_first : 0, self->ops->len, stack, error);

  *value = stack[0];

  return result;
}

WpExprResult
wp_expr_eval_first (const WpExpr *self, const WpField *fields, long double *value, GError **error)
{
  long double stack[MAX_DEPTH + 1] = { 0 };
  WpExprResult result = eval (self, fields, 0, self->n_first, stack, error);

  *value = stack[0];

  return result;
}
