/* Figures as people read them. */
#include "sim/report/wp-format.h"

#include <math.h>

static void
test_numbers (void)
{
  static const struct {
    double value;
    const char *text;
  } numbers[] = {
    { 0, "0.00" },
    { 0.0004, "0.000" },
    { 0.0006, "0.001" },
    { 0.9994, "0.999" },
    { 0.9996, "1.00" },
    { 1.234, "1.23" },
    { 9.994, "9.99" },
    { 9.996, "10.0" },
    { 12.34, "12.3" },
    { 99.94, "99.9" },
    { 99.96, "100" },
    { 123.4, "123" },
    { 999.4, "999" },
    { 999.6, "1,000" },
    { 1234.4, "1,234" },
    { 1234567, "1,234,567" },
    { 1e15, "1,000,000,000,000,000" },
  };
  char cell[WP_FORMAT_CELL];

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_assert_cmpstr (wp_format_number (cell, numbers[i].value), ==, numbers[i].text);
}

static void
test_units (void)
{
  static const struct {
    WpUnit unit;
    double value;
    const char *text;
  } values[] = {
    { WP_UNIT_REQUESTS, 12345, "12,345" },
    { WP_UNIT_JOBS, 0, "0" },
    { WP_UNIT_MEAN_JOBS, 12.345, "12.3" },
    { WP_UNIT_SHARE, 0.98765, "98.8 %" },
    { WP_UNIT_SHARE, 1, "100 %" },
    { WP_UNIT_RATE, 338.4, "338/s" },
    { WP_UNIT_TIME, 0, "0 s" },
    { WP_UNIT_TIME, 12.345e-6, "12.3 us" },
    { WP_UNIT_TIME, 0.0123, "12.3 ms" },
    { WP_UNIT_TIME, 2, "2.00 s" },
    { WP_UNIT_TIME, NAN, "-" },
    { WP_UNIT_JOBS, NAN, "-" },
  };
  char cell[WP_FORMAT_CELL];

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    g_assert_cmpstr (wp_format_value (cell, values[i].unit, values[i].value), ==, values[i].text);
}

/* Enough digits to distinguish a figure from others, and no more. */
static void
test_apart (void)
{
  static const struct {
    WpUnit unit;
    double value, other;
    const char *text;
  } pairs[] = {
    { WP_UNIT_TIME, 1.0001, 2, "1.00 s" },           { WP_UNIT_TIME, 1.0001, 1, "1.0001 s" },
    { WP_UNIT_TIME, 0.0010001, 0.001, "1.0001 ms" }, { WP_UNIT_SHARE, 0.70004, 0.7, "70.004 %" },
    { WP_UNIT_RATE, 12.3456, 12.3457, "12.3456/s" }, { WP_UNIT_MEAN_JOBS, 5, 5, "5.00" },
    { WP_UNIT_MEAN_JOBS, 5, NAN, "5.00" },           { WP_UNIT_JOBS, 7, 8, "7" },
  };
  char cell[WP_FORMAT_CELL];

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    g_assert_cmpstr (wp_format_distinct (cell, pairs[i].unit, pairs[i].value, &pairs[i].other, 1), ==,
                     pairs[i].text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/format/numbers", test_numbers);
  g_test_add_func ("/format/units", test_units);
  g_test_add_func ("/format/apart", test_apart);

  return g_test_run ();
}
