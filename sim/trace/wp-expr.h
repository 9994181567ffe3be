/* wp-expr.h - arithmetic on the columns of a table, as --columns takes it: "0.030+0.020*GeneratedTokens". */
#pragma once

#include "sim/trace/wp-field.h"

typedef struct _WpExpr WpExpr;

/**
 * wp_expr_parse:
 * @text: numbers, columns, + - * / ( ) and unary minus. A column's name that is not letters, digits, _ and .
 * (with no digit first) stands in "double quotes" or [brackets], unless it is the whole expression
 * @names: of the table's columns, NULL-terminated; not kept
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE: `no column "Tokens"; did you mean "GeneratedTokens"?`
 */
WpExpr *wp_expr_parse (const char *text, const char *const *names, GError **error);

/* Adds to @unknown (of char, its own) the columns of @text that are none of @names, as far as it can be read.
 */
void wp_expr_find_unknown (const char *text, const char *const *names, GPtrArray *unknown);

void wp_expr_free (WpExpr *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpExpr, wp_expr_free)

/* The place in @names if the expression is a bare column, which may hold any text; -1 if it is arithmetic. */
int wp_expr_column (const WpExpr *self);

/* The place of the column that is the first summand, `a` of a-b+2: where the expression is an arrival, that
 * is the stamp of a log's line. -1: it is no bare column, as `a/1000` of a/1000-b, or `a+b` of a+b-c: columns
 * that are added before anything is subtracted are one summand. */
int wp_expr_stamp (const WpExpr *self);

typedef enum {
  WP_EXPR_ERROR,
  WP_EXPR_VALUE,
  WP_EXPR_MISSING /* a column has no value in this row: neither has the expression */
} WpExprResult;

/**
 * wp_expr_eval:
 * @cells: a row, in the order of the names; dates and times with a unit are seconds, and so are summands
 * since 1970 in other units, known by their size
 * @first: instead of the first summand; or NULL
 *
 * In long double (64 bits of mantissa on x86-64): milliseconds since 1970 divided by 1000 are still exact to
 * the nanosecond.
 *
 * Returns: an error is WP_ERROR_BAD_TRACE: `column "GeneratedTokens": "abc" is not a number`. The value may
 * be infinite or NaN (x/0).
 */
WpExprResult wp_expr_eval (const WpExpr *self, const WpField *fields, const long double *first,
                           long double *value, GError **error);

/* The same of the first summand. */
WpExprResult wp_expr_eval_first (const WpExpr *self, const WpField *fields, long double *value,
                                 GError **error);
