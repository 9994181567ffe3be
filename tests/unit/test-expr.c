#include <float.h>
#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-expr.h"

static const char *const names[]
    = { "a", "b", "GeneratedTokens", "time-local", "two words", "x,y", "twice", "twice", NULL };

static const WpField cells[] = {
  { "3", 1 }, { "0.5", 3 }, { "20", 2 }, { "1700162223979", 13 },
  { "7", 1 }, { "11", 2 },  { "1", 1 },  { "2", 1 },
};

static void
test_values (void)
{
  static const struct {
    const char *text;
    double value;
  } cases[] = {
    { "1+2*3", 7 },
    { "(1+2)*3", 9 },
    { "10-4-3", 3 },
    { "100/10/5", 2 },
    { "-a", -3 },
    { "--a", 3 },
    { "2*-3", -6 },
    { "2--3", 5 },
    { "a*b", 1.5 },
    { " 0.030 + 0.020 * GeneratedTokens ", 0.43 },
    { "[two words]*2", 14 },
    { "\"x,y\"-1", 10 },
    { "[time-local]/1000", 1700162223.979 },
    { "1e3", 1000 },
    { "1.5e-3*2", 0.003 },
    { ".5", 0.5 },
    { "a-b", 2.5 },
    { "((((a))))+0", 3 },
    { "-(a+b)*2", -7 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (WpExpr) expr = wp_expr_parse (cases[i].text, names, &error);
      long double value = NAN;

      g_assert_no_error (error);
      g_assert_cmpint (wp_expr_column (expr), ==, -1);
      g_assert_cmpint (wp_expr_eval (expr, cells, NULL, &value, &error), ==, WP_EXPR_VALUE);
      g_assert_cmpfloat_with_epsilon ((double) value, cases[i].value, fabs (cases[i].value) * 1e-15);
    }
}

static void
test_bare_columns (void)
{
  static const struct {
    const char *text;
    int column;
  } cases[] = {
    { "a", 0 },          { " GeneratedTokens ", 2 },
    { "time-local", 3 }, { "two words", 4 },
    { "[x,y]", 5 },      { "\"b\"", 1 },
    { "(a)", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (WpExpr) expr = wp_expr_parse (cases[i].text, names, &error);

      g_assert_no_error (error);
      g_assert_cmpint (wp_expr_column (expr), ==, cases[i].column);
    }
}

static void
test_errors (void)
{
  static const struct {
    const char *text, *message;
  } cases[] = {
    { "", "\"\" ends too early" },
    { "1+", "\"1+\" ends too early" },
    { "(a", "\"(a\" ends too early" },
    { "a b", "\"a b\" cannot be read from \"b\" on" },
    { "a)", "\"a)\" cannot be read from \")\" on" },
    { "2*$x", "\"2*$x\" cannot be read from \"$x\" on" },
    { "[a", "\"[a\" cannot be read from \"[a\" on" },
    { "1e400*2e", "\"1e400*2e\" cannot be read from \"e\" on" },
    { "GeneratdTokens*2", "no column \"GeneratdTokens\"; did you mean \"GeneratedTokens\"?" },
    { "zzzzzzzzzzzzzzz",
      "no column \"zzzzzzzzzzzzzzz\"; the columns are \"a\", \"b\", \"GeneratedTokens\", \"time-local\", \"two words\", \"x,y\", \"twice\", \"twice\"" },
    { "twice", "column \"twice\" is there twice" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (wp_expr_parse (cases[i].text, names, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
test_nested_too_deeply (void)
{
  static const char *const patterns[] = { "(", "-", "1+(", "1-(2*(" };

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GError) error = NULL;

      for (int j = 0; j < 100000; j++)
        g_string_append (text, patterns[i]);
      g_assert_null (wp_expr_parse (text->str, names, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
      g_assert_true (g_str_has_suffix (error->message, " is nested too deeply"));
    }
}

static void
test_bad_cells (void)
{
  static const WpField bad[]
      = { { "abc", 3 }, { "inf", 3 }, { "-, x", 4 }, { "0x10", 4 }, { "1e5000", 6 }, { "1 2", 3 } };
  g_autoptr (WpExpr) expr = wp_expr_parse ("a*2", names, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *message = g_strdup_printf ("column \"a\": \"%s\" is not a number", bad[i].text);
      long double value;

      g_assert_cmpint (wp_expr_eval (expr, &bad[i], NULL, &value, &error), ==, WP_EXPR_ERROR);
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
      g_assert_cmpstr (error->message, ==, message);
    }
}

/* A row without the value has no sum either. */
static void
test_missing_cells (void)
{
  static const WpField missing[]
      = { { "", 0 },     { " ", 1 },    { "-", 1 },       { "\"-\"", 3 }, { "null", 4 },
          { "NULL", 4 }, { "N/A", 3 },  { "NaN", 3 },     { "None", 4 },  { "NA", 2 },
          { "\\N", 2 },  { "-, -", 4 }, { "- : null", 8 } };
  g_autoptr (WpExpr) expr = wp_expr_parse ("1+a*2", names, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_autoptr (GError) error = NULL;
      long double value;

      g_assert_cmpint (wp_expr_eval (expr, &missing[i], NULL, &value, &error), ==, WP_EXPR_MISSING);
      g_assert_no_error (error);
    }
}

static void
test_times_are_seconds (void)
{
  static const struct {
    const char *cell;
    double value;
  } cases[] = { { "12ms", 0.012 },
                { "1.5s", 1.5 },
                { "30us", 30e-6 },
                { "30\xc2\xb5s", 30e-6 },
                { "7ns", 7e-9 },
                { "0.010, 0.014", 0.024 },
                { "0.010, -, 0.014", 0.024 },
                { "0.010 : 0.5", 0.51 },
                { "1970-01-01T00:01:00,5 +0000", 60.5 },
                { "[01/Jan/1970:00:00:02 +0000]", 2 },
                { "01/Jan/1970:01:00:02.25 +0100", 2.25 } };
  g_autoptr (WpExpr) expr = wp_expr_parse ("a+0", names, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpField cell = { cases[i].cell, strlen (cases[i].cell) };
      g_autoptr (GError) error = NULL;
      long double value = 0;

      wp_expr_eval (expr, &cell, NULL, &value, &error);
      g_assert_no_error (error);
      g_assert_cmpfloat_with_epsilon ((double) value, cases[i].value, 1e-12);
    }
}

static void
test_stamp (void)
{
  static const struct {
    const char *text;
    int stamp;
  } cases[] = { { "a", 0 },        { "a-b", 0 }, { "a - b*2 + 1", 0 }, { "a*2-b", -1 }, { "a/1000", -1 },
                { "(a-b)*2", -1 }, { "-a", -1 }, { "5+a", -1 },        { "(a)", 0 },    { "a-(b-a)", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (WpExpr) expr = wp_expr_parse (cases[i].text, names, NULL);

      g_assert_nonnull (expr);
      g_assert_cmpint (wp_expr_stamp (expr), ==, cases[i].stamp);
    }
}

static void
test_division_by_zero (void)
{
  g_autoptr (WpExpr) expr = wp_expr_parse ("1/(a-3)", names, NULL);
  long double value = 0;

  g_assert_cmpint (wp_expr_eval (expr, cells, NULL, &value, NULL), ==, WP_EXPR_VALUE);
  g_assert_false (isfinite (value));
}

static void
test_big_times_are_exact (void)
{
  g_autoptr (WpExpr) expr = wp_expr_parse ("[time-local]/1000", names, NULL);
  long double value = 0;

  if (LDBL_MANT_DIG < 64)
    g_test_skip ("long double is no wider than double here");
  g_assert_cmpint (wp_expr_eval (expr, cells, NULL, &value, NULL), ==, WP_EXPR_VALUE);
  g_assert_cmpint (llroundl (value * 1000000000), ==, G_GINT64_CONSTANT (1700162223979000000));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expr/values", test_values);
  g_test_add_func ("/expr/bare-columns", test_bare_columns);
  g_test_add_func ("/expr/errors", test_errors);
  g_test_add_func ("/expr/nested-too-deeply", test_nested_too_deeply);
  g_test_add_func ("/expr/bad-cells", test_bad_cells);
  g_test_add_func ("/expr/missing-cells", test_missing_cells);
  g_test_add_func ("/expr/times-are-seconds", test_times_are_seconds);
  g_test_add_func ("/expr/stamp", test_stamp);
  g_test_add_func ("/expr/division-by-zero", test_division_by_zero);
  g_test_add_func ("/expr/big-times-are-exact", test_big_times_are_exact);

  return g_test_run ();
}
