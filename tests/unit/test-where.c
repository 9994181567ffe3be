#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-where.h"

static const char *const names[] = { "status", "path", "cs(User-Agent)", "time", "rt", "codes", NULL };

#define N_COLUMNS 6

/* @cells: of a row, one for each name. */
static gboolean
matches (const char *where, const char *const *cells)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpWhere) self = wp_where_parse (where, names, &error);
  WpField fields[N_COLUMNS];

  g_assert_no_error (error);
  for (gsize i = 0; i < N_COLUMNS; i++)
    fields[i] = (WpField){ cells[i], strlen (cells[i]) };

  return wp_where_matches (self, fields);
}

static void
test_rows (void)
{
  static const char *const cells[N_COLUMNS]
      = { "404", "/a||b&&c", "x \"y\"", "2026-01-02 03:04:05.5 +0100", "0.010, 0.014", "200, 404" };
  static const struct {
    const char *where;
    gboolean is_match;
  } cases[] = {
    { "status==404", TRUE },
    { "status==404.0", TRUE },
    { "[status] != 404", FALSE },
    { "\"status\" >= 404", TRUE },
    { "status<=403", FALSE },
    { "status<1e3", TRUE },
    { "status>403", TRUE },
    { "status~4??", TRUE },
    { "path==\"/a||b&&c\"", TRUE },
    { "path == '/a||b&&c' && status==404", TRUE },
    { "path~'/a||*'&&status==200", FALSE },
    { "[cs(User-Agent)]=='x \"y\"'", TRUE },
    { "status==404||status==200&&path==x", TRUE },
    { "status==200&&path==x||status==404", TRUE },
    { "status==200&&path==x||status==500||rt==1", FALSE },
    /* times and lengths of time */
    { "time>=2026-01-02T02:04:05.5Z", TRUE },
    { "time>'02/Jan/2026:03:04:05 +0100' && time<'2026-01-02 02:04:06'", TRUE },
    { "time<1767319445", FALSE },
    { "rt>20ms", TRUE },
    { "rt<=0.024", TRUE },
    { "rt>0.0241", FALSE },
    /* a list of statuses has no sum */
    { "codes>=500", FALSE },
    { "codes==604", FALSE },
    { "codes~*404*", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].where);
      g_assert_cmpint (matches (cases[i].where, cells), ==, cases[i].is_match);
    }
}

/* Any way to write it is no value, which is less and more than nothing. */
static void
test_no_value (void)
{
  static const char *const values[] = { "", "-", "\"-\"", "null", "N/A", "NaN", "-, -" };
  static const char *const matching[]
      = { "status==\"\"", "status==''", "status==-", "status==null", "status==N/A", "status!=200" };
  static const char *const others[]
      = { "status!=\"\"", "status!=null", "status==200", "status<1", "status>=0", "status<=0" };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      const char *cells[N_COLUMNS] = { values[i], "", "", "", "", "" };

      for (gsize k = 0; k < G_N_ELEMENTS (matching); k++)
        g_assert_true (matches (matching[k], cells));
      for (gsize k = 0; k < G_N_ELEMENTS (others); k++)
        g_assert_false (matches (others[k], cells));
    }
}

/* Dates in the units of a clock are found by their size, as an arrival is. */
static void
test_epochs (void)
{
  static const char *const times[]
      = { "1767319445.5", "1767319445500", "1767319445500000", "1767319445500000000" };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      const char *cells[N_COLUMNS] = { "", "", "", times[i], "", "" };

      g_assert_true (matches ("time>2026-01-02T02:04:05Z", cells));
      g_assert_false (matches ("time>2026-01-02T02:04:06Z", cells));
    }
}

static void
test_errors (void)
{
  static const struct {
    const char *where, *message;
  } cases[] = {
    { "", "\"\" is no comparison, such as status<500 or metric==http_req_duration" },
    { "status==200||", "\"\" is no comparison, such as status<500 or metric==http_req_duration" },
    { "&&status==200", "\"\" is no comparison, such as status<500 or metric==http_req_duration" },
    { "status===200", "\"status===200\" is no comparison, such as status<500 or metric==http_req_duration" },
    { "status<abc && rt>1",
      "\"status<abc\" has a value that is no number and no time: only these have an order" },
    { "status<>200", "\"status<>200\" has a value that is no number and no time: only these have an order" },
    { "status!=200 and rt>1",
      "\"status!=200 and rt>1\" joins comparisons otherwise than by && or ||; a value with such words stands "
      "in quotes" },
    { "status!=200 | rt>1",
      "\"status!=200 | rt>1\" joins comparisons otherwise than by && or ||; a value with such words stands in "
      "quotes" },
    { "path=='/a", "\"path=='/a\" has a quote that is not closed" },
    { "path=='/a' x", "\"path=='/a' x\" goes on after its value" },
    { "(status==200||status==404)&&rt>1",
      "parentheses are not read: && binds closer than ||, as in a==1&&c==3||b==2&&c==3" },
    { "stats==200",
      "no column \"stats\"; the columns are \"status\", \"path\", \"cs(User-Agent)\", \"time\", "
      "\"rt\", \"codes\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (wp_where_parse (cases[i].where, names, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

/* A message shows the beginning of what is too long. */
static void
test_long (void)
{
  g_autofree char *many = g_strnfill (10000, 'x');
  g_autofree char *name = g_strconcat (many, "==1", NULL), *value = g_strconcat ("status==", many, NULL);
  g_autoptr (GString) or = g_string_new ("status==0");
  const char *cells[N_COLUMNS] = { "7", "", "", "", "", "" };
  g_autoptr (GError) error = NULL;

  g_assert_null (wp_where_parse (name, names, &error));
  g_assert_cmpuint (strlen (error->message), <, 300);
  g_assert_false (matches (value, cells));
  for (int i = 0; i < 1000; i++)
    g_string_append (or, "||status==1");
  g_assert_false (matches (or->str, cells));
  g_string_append (or, "||status==7");
  g_assert_true (matches (or->str, cells));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/where/rows", test_rows);
  g_test_add_func ("/where/no-value", test_no_value);
  g_test_add_func ("/where/epochs", test_epochs);
  g_test_add_func ("/where/errors", test_errors);
  g_test_add_func ("/where/long", test_long);

  return g_test_run ();
}
