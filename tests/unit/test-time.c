#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

static void
test_duration (void)
{
  static const struct {
    const char *text;
    gint64 ns;
  } cases[] = {
    { "500ms", 500 * WP_NS_PER_MS },
    { "1.5s", 1500 * WP_NS_PER_MS },
    { "2", 2 * WP_NS_PER_S },
    { "0", 0 },
    { "7ns", 7 },
    { "3us", 3000 },
    { "1m", 60 * WP_NS_PER_S },
    { "1.5min", 90 * WP_NS_PER_S },
    { "2h", 7200 * WP_NS_PER_S },
    { "1d", 86400 * WP_NS_PER_S },
    { " 20 ms ", 20 * WP_NS_PER_MS },
    { ".5s", 500 * WP_NS_PER_MS },
    { "1e-3", WP_NS_PER_MS },
    { "0.4ns", 0 },
    { "0.5ns", 1 },
    { "36500d", WP_DURATION_MAX },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 ns = -1;

      g_assert_true (wp_time_parse_duration (cases[i].text, &ns, &error));
      g_assert_no_error (error);
      g_assert_cmpint (ns, ==, cases[i].ns);
    }
}

static void
test_bad_duration (void)
{
  static const char *const cases[] = {
    "",     " ",     "abc",  "-1s", "1x", "1 s s", "inf", "nan",
    "0x10", "1e400", "1,5s", "ms",  ".",  "1.5.2", "1ss", "9223372037",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *message = g_strdup_printf ("\"%s\" is not a time, such as 500ms or 2s", cases[i]);
      gint64 ns;

      g_assert_false (wp_time_parse_duration (cases[i], &ns, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
      g_assert_cmpstr (error->message, ==, message);
    }
}

static void
test_long_duration (void)
{
  g_autoptr (GError) error = NULL;
  gint64 ns;

  g_assert_false (wp_time_parse_duration ("36501d", &ns, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
  g_assert_cmpstr (error->message, ==, "\"36501d\" is over 100 years");
}

static void
test_seconds (void)
{
  static const struct {
    const char *text;
    gint64 ns;
  } cases[] = {
    { "0", 0 },
    { "-0", 0 },
    { "1", WP_NS_PER_S },
    { "+1", WP_NS_PER_S },
    { "-1.5", -1500 * WP_NS_PER_MS },
    { "0.000000001", 1 },
    { "0.0000000005", 1 },
    { "0.00000000049999999999999999999999999", 0 },
    { "-0.0000000005", -1 },
    { " 2.5\t", 2500 * WP_NS_PER_MS },
    { "1e3", 1000 * WP_NS_PER_S },
    { "1E-9", 1 },
    { "12e-1", 1200 * WP_NS_PER_MS },
    { "1.e2", 100 * WP_NS_PER_S },
    { "9223372036.854775807", G_MAXINT64 },
    { "-9223372036.854775807", -G_MAXINT64 },
    { "1e-400", 0 },
    { "0e400", 0 },
    { "0000000000000000000000000000000000000000000001", WP_NS_PER_S },
    { "1700162223.979960000", G_GINT64_CONSTANT (1700162223979960000) },
    { "1.00000000000000000000000000000000000000000000", WP_NS_PER_S },
    { "100000000000000000000000000000e-29", WP_NS_PER_S },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 ns = -1;

      g_assert_true (wp_time_parse_seconds (cases[i].text, strlen (cases[i].text), &ns));
      g_assert_cmpint (ns, ==, cases[i].ns);
    }
}

static void
test_bad_seconds (void)
{
  static const char *const cases[] = {
    "",      " ",    ".",     "+",   "-",  "e5",  "1e",  "1e+",
    "inf",   "-inf", "nan",   "0x1", "1s", "1 2", "1,5", "9223372036.854775808",
    "1e400", "--1",  "1.2.3",
  };
  gint64 ns;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_false (wp_time_parse_seconds (cases[i], strlen (cases[i]), &ns));
  g_assert_false (wp_time_parse_seconds ("1\0", 2, &ns));
}

static void
test_iso8601 (void)
{
  static const struct {
    const char *text;
    gint64 ns;
  } cases[] = {
    { "1970-01-01T00:00:00Z", 0 },
    { "1970-01-01 00:00:00", 0 },
    { "1969-12-31T23:59:59.999999999Z", -1 },
    { "2023-11-16 18:17:03.9799600", G_GINT64_CONSTANT (1700158623979960000) },
    { "2023-11-16T19:17:03.97996+01:00", G_GINT64_CONSTANT (1700158623979960000) },
    { "2023-11-16t13:47:03.97996-0430", G_GINT64_CONSTANT (1700158623979960000) },
    { "2023-11-16T20:17:03.97996+02", G_GINT64_CONSTANT (1700158623979960000) },
    { "2024-02-29T00:00:00Z", G_GINT64_CONSTANT (1709164800000000000) },
    { "2000-02-29 00:00:00", G_GINT64_CONSTANT (951782400000000000) },
    { "1678-01-01T00:00:00Z", G_GINT64_CONSTANT (-9214560000000000000) },
    { "2023-11-16 18:17:03,97996 UTC", G_GINT64_CONSTANT (1700158623979960000) },
    { "2023-11-16 19:17:03.97996 +0100", G_GINT64_CONSTANT (1700158623979960000) },
    { "2023-11-16 18:17:03.97996 gmt", G_GINT64_CONSTANT (1700158623979960000) },
    { "2016-12-31T23:59:60Z", G_GINT64_CONSTANT (1483228800000000000) },
    { "2261-12-31T23:59:59Z", G_GINT64_CONSTANT (9214646399000000000) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 ns = 7;

      g_assert_true (wp_time_parse_iso8601 (cases[i].text, strlen (cases[i].text), &ns));
      g_assert_cmpint (ns, ==, cases[i].ns);
    }
}

static void
test_bad_iso8601 (void)
{
  static const char *const cases[] = {
    "",
    "2023",
    "2023-11-16",
    "2023-11-16T18:17",
    "2023-02-29T00:00:00",
    "1900-02-29T00:00:00",
    "2023-13-01T00:00:00",
    "2023-00-01T00:00:00",
    "2023-01-00T00:00:00",
    "2023-01-32T00:00:00",
    "2023-01-01T24:00:00",
    "2023-01-01T00:60:00",
    "2023-01-01T00:00:61",
    "1677-12-31T00:00:00",
    "2262-01-01T00:00:00",
    "2023-01-01T00:00:00.",
    "2023-01-01T00:00:00.1234567890",
    "2023-01-01T00:00:00+",
    "2023-01-01T00:00:00+1",
    "2023-01-01T00:00:00+01:",
    "2023-01-01T00:00:00+24:00",
    "2023-01-01T00:00:00+01:60",
    "2023-01-01T00:00:00Zx",
    "2023-01-01X00:00:00",
    "2023-1-01T00:00:00",
    "+2023-01-01T00:00:00",
    "2023-01-01T00:00:00,",
    "2023-01-01T00:00:00 CET",
    "2023-01-01T00:00:00  UTC",
  };
  gint64 ns;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    if (wp_time_parse_iso8601 (cases[i], strlen (cases[i]), &ns))
      g_error ("%s was taken", cases[i]);
}

static gint64
random_time (void)
{
  guint64 bits = (guint64) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();

  return (gint64) (bits >> g_test_rand_int_range (1, 64)) * (g_test_rand_bit () ? 1 : -1);
}

static void
test_round_trip (void)
{
  for (int i = 0; i < 20000; i++)
    {
      char buffer[WP_TIME_BUFFER];
      gint64 ns = random_time (), back = 0;

      wp_time_format_seconds (buffer, ns);
      g_assert_true (wp_time_parse_seconds (buffer, strlen (buffer), &back));
      g_assert_cmpint (back, ==, ns);
      if (ABS (ns / WP_NS_PER_S) > G_GINT64_CONSTANT (9214000000))
        continue; /* outside the years 1678 to 2261 */
      wp_time_format_iso8601 (buffer, ns);
      g_assert_true (wp_time_parse_iso8601 (buffer, strlen (buffer), &back));
      g_assert_cmpint (back, ==, ns);
    }
}

static void
test_iso8601_agrees_with_glib (void)
{
  for (int i = 0; i < 5000; i++)
    {
      gint64 seconds = (gint64) g_test_rand_double_range (-9.2e9, 9.2e9);
      g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
      g_autofree char *text = g_date_time_format_iso8601 (time);
      gint64 ns;

      g_assert_true (wp_time_parse_iso8601 (text, strlen (text), &ns));
      g_assert_cmpint (ns, ==, seconds * WP_NS_PER_S);
    }
}

static void
test_format_seconds (void)
{
  char buffer[WP_TIME_BUFFER];

  g_assert_cmpstr (wp_time_format_seconds (buffer, 0), ==, "0.000000000");
  g_assert_cmpstr (wp_time_format_seconds (buffer, WP_NS_PER_S / 2), ==, "0.500000000");
  g_assert_cmpstr (wp_time_format_seconds (buffer, -1), ==, "-0.000000001");
  g_assert_cmpstr (wp_time_format_seconds (buffer, G_MAXINT64), ==, "9223372036.854775807");
  g_assert_cmpstr (wp_time_format_seconds (buffer, WP_TIME_NONE), ==, "");
  g_assert_cmpstr (wp_time_format_iso8601 (buffer, -1), ==, "1969-12-31T23:59:59.999999999Z");
}

static void
test_format_for_people (void)
{
  static const struct {
    gint64 ns;
    const char *text;
  } cases[] = {
    { 0, "0 s" },
    { WP_TIME_NONE, "-" },
    { 1, "1 ns" },
    { 870, "870 ns" },
    { 1000, "1.00 us" },
    { 12345678, "12.3 ms" },
    { 999600, "1.00 ms" },
    { 999499, "999 us" },
    { 1500 * WP_NS_PER_MS, "1.50 s" },
    { -12345678, "-12.3 ms" },
    { 99950, "100 us" },
    { G_GINT64_CONSTANT (59940000000), "59.9 s" },
    { G_GINT64_CONSTANT (59960000000), "1 min 0 s" },
    { 125 * WP_NS_PER_S, "2 min 5 s" },
    { 12000 * WP_NS_PER_S, "3 h 20 min" },
    { G_GINT64_CONSTANT (3599600000000), "1 h 0 min" },
    { 86400 * WP_NS_PER_S, "1 d 0 h" },
    { G_MAXINT64, "106752 d 0 h" },
  };
  char buffer[WP_TIME_BUFFER];

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (wp_time_format_people (buffer, cases[i].ns), ==, cases[i].text);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/time/duration", test_duration);
  g_test_add_func ("/time/bad-duration", test_bad_duration);
  g_test_add_func ("/time/long-duration", test_long_duration);
  g_test_add_func ("/time/seconds", test_seconds);
  g_test_add_func ("/time/bad-seconds", test_bad_seconds);
  g_test_add_func ("/time/iso8601", test_iso8601);
  g_test_add_func ("/time/bad-iso8601", test_bad_iso8601);
  g_test_add_func ("/time/round-trip", test_round_trip);
  g_test_add_func ("/time/iso8601-agrees-with-glib", test_iso8601_agrees_with_glib);
  g_test_add_func ("/time/format-seconds", test_format_seconds);
  g_test_add_func ("/time/format-for-people", test_format_for_people);

  return g_test_run ();
}
