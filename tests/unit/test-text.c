/* Foreign text stays on its line and in its order, and cannot control a terminal. */
#include <string.h>

#include "sim/base/wp-text.h"

static void
test_known (void)
{
  static const char *const cases[][2] = {
    { "", "" },
    { "plain, \"quoted\" and \\back\\", "plain, \"quoted\" and \\back\\" },
    { "caf\u00e9 \u65e5\u672c \U0001f600", "caf\u00e9 \u65e5\u672c \U0001f600" },
    { "a\nb\r\nc\td", "a\\nb\\r\\nc\\td" },
    { "\x1b[31mred\x07\x7f", "\\x1b[31mred\\x07\\x7f" },
    { "\xc2\x9b"
      "31m\xc2\x85",
      "\\u009b31m\\u0085" }, /* controls of eight bits */
    { "\u202eevil\u202c \u2066x\u2069 \u200e\u200f\u061c",
      "\\u202eevil\\u202c \\u2066x\\u2069 \\u200e\\u200f\\u061c" },
    { "\u2028\u2029\ufeff\u200b\u00ad", "\\u2028\\u2029\\ufeff\\u200b\\u00ad" },
    { "\U000e0041", "\\U000e0041" }, /* a tag: no width */
    { "\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *shown = wp_text_escape (cases[i][0]);

      g_assert_cmpstr (shown, ==, cases[i][1]);
    }
}

static void
test_appends (void)
{
  g_autoptr (GString) line = g_string_new ("id ");

  wp_text_append (line, "a\nb");
  wp_text_append (line, NULL);
  g_assert_cmpstr (line->str, ==, "id a\\nb");
}

static void
test_quote (void)
{
  static const char *const cases[][2] = { { "--columns=a,b=c/1000", "--columns=a,b=c/1000" },
                                          { "", "''" },
                                          { "my log", "'my log'" },
                                          { "it's", "'it'\\''s'" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *quoted = wp_text_quote (cases[i][0]);

      g_assert_cmpstr (quoted, ==, cases[i][1]);
    }
}

/* Any bytes: the result is UTF-8, printable, and unchanged by a second pass. */
static void
test_any_bytes (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      char bytes[16] = { 0 };
      g_autofree char *shown = NULL, *again = NULL;

      for (gint32 n = g_test_rand_int_range (0, 16); n-- > 0;)
        bytes[n] = (char) g_test_rand_int_range (1, 256);
      shown = wp_text_escape (bytes);
      g_assert_true (g_utf8_validate (shown, -1, NULL));
      for (const char *at = shown; *at; at = g_utf8_next_char (at))
        g_assert_true (g_unichar_isprint (g_utf8_get_char (at)));
      again = wp_text_escape (shown);
      g_assert_cmpstr (again, ==, shown);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/known", test_known);
  g_test_add_func ("/text/appends", test_appends);
  g_test_add_func ("/text/quote", test_quote);
  g_test_add_func ("/text/any-bytes", test_any_bytes);
  return g_test_run ();
}
