#include <glib/gstdio.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-time.h"

typedef struct {
  char *name;
  gboolean loud;
  guint given;
} Part;

typedef struct {
  guint places;
  Part part;
} Options;

static gboolean
check_name (const char *value, GError **error)
{
  if (!g_str_equal (value, "bad"))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a name", value);
  return FALSE;
}

static const WpOption place_options[]
    = { { "places", 'p', WP_OPTION_COUNT, "N", WP_FIELD (Options, places), "how many", 1, 5000 },
        { "plazas", 0, WP_OPTION_COUNT, "N", WP_FIELD (Options, places), NULL, 1, 5000 },
        { NULL } };
static const WpOption part_options[]
    = { { "name", 'n', WP_OPTION_TEXT, "NAME", WP_FIELD (Part, name), "a name", .or_none = TRUE,
          .check = check_name, .given = 1 },
        { "loud", 0, WP_OPTION_FLAG, NULL, WP_FIELD (Part, loud), "shout", .given = 2 },
        { NULL } };
static const WpOptionGroup groups[]
    = { { "Places", place_options, 0, 0 },
        { "Parts", part_options, G_STRUCT_OFFSET (Options, part), G_STRUCT_OFFSET (Part, given) },
        { NULL, NULL, 0, 0 } };
static const WpCommandLine command_line = { "FILE", "Does nothing.", groups };

/* Parses "wp" and the words of @line; returns the message, or NULL. @left: (out): the parameters, with blanks
 * between */
static char *
parse (const char *line, Options *options, char **left)
{
  g_autofree char *whole = g_strconcat ("wp ", line, NULL);
  g_auto (GStrv) words = g_strsplit (whole, " ", -1);
  g_autoptr (GError) error = NULL;
  g_autofree char **parameters = wp_options_parse (&command_line, options, words, &error);

  g_assert_true (!parameters == !!error);
  *left = parameters ? g_strjoinv (" ", parameters) : NULL;
  return error ? g_strdup (error->message) : NULL;
}

static void
test_options_parse (void)
{
  static const struct {
    const char *line, *name, *message, *left;
  } cases[] = {
    { "--name=a", "a", NULL },
    { "a -nb - -- --name=c --", "b", NULL, "a - --name=c --" },
    { "--name=a --name=NONE", NULL, NULL },
    { "--name=", NULL, "--name: \"\" is empty" },
    { "--name", NULL, "Missing argument for --name" },
    { "x -n", NULL, "Missing argument for -n" },
    { "--loud=yes", NULL, "--loud: \"yes\" is not true or false" },
    { "-p 6k", NULL, "--places: \"6k\" is not a number from 1 to 5000" },
    { "--plazas=0", NULL, "--plazas: \"0\" is not a number from 1 to 5000" },
    { "--plazes=1", NULL, "unknown option --plazes; did you mean --places?" },
    { "--=x", NULL, "unknown option --; --help lists them all" },
    { "--name b", "b", NULL },
    { "-n c", "c", NULL },
    { "-n d --name=e", "e", NULL },
    { "-nd", "d", NULL },
    { "-n -nd", "-nd", NULL },
    { "--name -nd", "-nd", NULL },
    { "--loud -nd", "d", NULL },
    { "-n d -- -ne", "d", NULL, "-ne" },
    { "--name=caf\xc3\xa9", "caf\xc3\xa9", NULL }, /* in the C locale too */
    { "--name=\xff", "\xff", NULL },               /* a file name is bytes */
    { "--name bad", NULL, "--name: \"bad\" is not a name" },
    { "-n bad", NULL, "--name: \"bad\" is not a name" },
    { "--nane=x", NULL, "unknown option --nane; did you mean --name?" },
    { "--lou", NULL, "unknown option --lou; did you mean --loud?" },
    { "--zzzzzzzz", NULL, "unknown option --zzzzzzzz; --help lists them all" },
    { "-x", NULL, "unknown option -x; --help lists them all" },
    { "-\xc3\xa9=1", NULL, "unknown option -\xc3\xa9=1; --help lists them all" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Options options = { 0 };
      g_autofree char *left = NULL, *message = parse (cases[i].line, &options, &left),
                      *shown = g_strescape (cases[i].line, NULL);

      g_test_message ("%s", shown);
      g_assert_cmpstr (message, ==, cases[i].message);
      g_assert_cmpstr (options.part.name, ==, cases[i].name);
      if (!message)
        g_assert_cmpstr (left, ==, cases[i].left ? cases[i].left : "");
      wp_options_clear (&command_line, &options);
      g_assert_null (options.part.name);
    }
}

static char *
load (const char *text, Options *options)
{
  g_autofree char *folder = g_dir_make_tmp ("wp-options-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "wp.conf", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  wp_options_load (&command_line, options, path, &error);
  g_remove (path);
  g_rmdir (folder);
  if (!error)
    return NULL;
  g_assert_true (g_str_has_prefix (error->message, path));
  return g_strdup (error->message + strlen (path));
}

static void
test_options_load (void)
{
  static const struct {
    const char *text, *name, *message;
    gboolean loud;
    guint given;
  } cases[] = {
    { "# a comment\n\n name = x y \nloud=true\n", "x y", NULL, TRUE, 3 },
    { "loud = false", NULL, NULL, FALSE, 2 },
    { "loud = true\nloud = False\nplazas = 2k", NULL, NULL, FALSE, 2 },
    { "plazas = 6k", NULL, ":1: plazas: \"6k\" is not a number from 1 to 5000", FALSE },
    { "help = true", NULL, ":1: \"help\" is not an option; --help lists them all", FALSE },
    { "name=a\nname = bad\n", "a", ":2: name: \"bad\" is not a name", FALSE, 1 },
    { "nane = a", NULL, ":1: \"nane\" is not an option; --help lists them all", FALSE },
    { "name", NULL, ":1: \"name\" is not of the form key = value", FALSE },
    { "0123456789012345678901234567890123456789x", NULL,
      ":1: \"0123456789012345678901234567890123456789\" is not of the form key = value", FALSE },
    { "012345678901234567890123456789012345678\xc3\xa9\xc3\xa9", NULL,
      ":1: \"012345678901234567890123456789012345678\xc3\xa9\" is not of the form key = value", FALSE },
    { "\xef\xbb\xbfname = a\r\n", "a", NULL, FALSE, 1 },
    { "\n\xef\xbb\xbfname = a", NULL, ":2: \"\xef\xbb\xbfname\" is not an option; --help lists them all",
      FALSE },
    { "\n\nloud = yes", NULL, ":3: loud: \"yes\" is not true or false", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Options options = { 0 };
      g_autofree char *message = load (cases[i].text, &options);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpstr (message, ==, cases[i].message);
      g_assert_cmpstr (options.part.name, ==, cases[i].name);
      g_assert_cmpint (options.part.loud, ==, cases[i].loud);
      g_assert_cmpuint (options.part.given, ==, cases[i].given);
      wp_options_clear (&command_line, &options);
    }
}

typedef struct {
  guint64 bytes;
  double factor, share, some;
  gint64 time_ns, above_ns, until_ns;
  guint colour;
} Kinds;

static const char *const colours[] = { "red", "green", "blue", NULL };

#define KIND(name, kind, member) name, 0, kind, "X", WP_FIELD (Kinds, member), ""

static const WpOption kind_options[]
    = { { KIND ("size", WP_OPTION_SIZE, bytes), 65536, G_GUINT64_CONSTANT (1) << 40 },
        { KIND ("small", WP_OPTION_SIZE, bytes), 0, 512 << 20 },
        { KIND ("factor", WP_OPTION_FACTOR, factor) },
        { KIND ("share", WP_OPTION_SHARE, share) },
        { KIND ("some", WP_OPTION_SHARE, some), 1 },
        { KIND ("time", WP_OPTION_TIME, time_ns) },
        { KIND ("above", WP_OPTION_TIME, above_ns), 1 },
        { KIND ("until", WP_OPTION_TIME, until_ns), .or_none = TRUE },
        { KIND ("colour", WP_OPTION_CHOICE, colour), .names = colours, .what = "a colour" },
        { KIND ("paint", WP_OPTION_CHOICE, colour), .names = colours },
        { NULL } };
static const WpOptionGroup kind_groups[] = { { "Kinds", kind_options, 0, 0 }, { NULL, NULL, 0, 0 } };

static void
test_options_kinds (void)
{
  static const struct {
    const char *name, *value, *message;
    Kinds wanted;
  } cases[] = {
    { "size", "64k", NULL, { .bytes = 65536 } },
    { "size", "1024G", NULL, { .bytes = G_GUINT64_CONSTANT (1) << 40 } },
    { "size", "65535", "\"65535\" is not a size, such as 512k or 1m, of 64k to 1024g", { 0 } },
    { "small", "0", NULL, { 0 } },
    { "small", "513m", "\"513m\" is not a size, such as 512k or 1m, of at most 512m", { 0 } },
    { "small", "1kk", "\"1kk\" is not a size, such as 512k or 1m, of at most 512m", { 0 } },
    { "factor", "2.5", NULL, { .factor = 2.5 } },
    { "factor", "0", "\"0\" is not a number above 0", { 0 } },
    { "share", "2%", NULL, { .share = 0.02 } },
    { "share", "0", NULL, { 0 } },
    { "share", "1e-2", NULL, { .share = 0.01 } },
    { "share", "2", "\"2\" is not a share, such as 2% or 0.02", { 0 } },
    { "some", "0%", "\"0%\" is not a share above 0, such as 2% or 0.02", { 0 } },
    { "some", "1", NULL, { .some = 1 } },
    { "time", "0", NULL, { 0 } },
    { "time", "2ms", NULL, { .time_ns = 2 * WP_NS_PER_MS } },
    { "time", "none", "\"none\" is not a time, such as 500ms or 2s", { 0 } },
    { "above", "0s", "\"0s\" is not a time above 0", { 0 } },
    { "until", "None", NULL, { .until_ns = WP_TIME_NONE } },
    { "colour", "BLUE", NULL, { .colour = 2 } },
    { "colour", "blu", "\"blu\" is not a colour: red, green or blue", { 0 } },
    { "paint", "blu", "\"blu\" is not red, green or blue", { 0 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      Kinds kinds = { 0 };

      g_test_message ("%s=%s", cases[i].name, cases[i].value);
      g_assert_cmpint (wp_options_set (kind_groups, &kinds, cases[i].name, cases[i].value, &error), ==,
                       !cases[i].message);
      g_assert_cmpstr (error ? error->message : NULL, ==, cases[i].message);
      g_assert_cmpmem (&kinds, sizeof kinds, &cases[i].wanted, sizeof kinds);
    }
}

static const WpOption painted_options[] = {
  { "colour", 'c', WP_OPTION_CHOICE, "NAME", 0, 0,
    "a help so long that it does not fit into one line of a terminal, and is broken at a blank before column 110",
    .names = colours },
  { NULL }
};
static const WpOptionGroup all_groups[] = { { "Places", place_options, 0, 0 },
                                            { NULL, part_options, 0, 0 },
                                            { "Paint", painted_options, 0, 0 },
                                            { NULL, NULL, 0, 0 } };
static const WpCommandLine all = { "FILE", "Does nothing.", all_groups };

static void
test_options_help (void)
{
  g_autofree char *help = wp_options_format_help (&all);

  g_assert_cmpstr (
      help, ==,
      "Usage:\n  wp [OPTION...] FILE\n\nDoes nothing.\n\n"
      "Places:\n  -p, --places=N      how many\n  -n, --name=NAME     a name\n  --loud              shout\n\n"
      "Paint:\n  -c, --colour=NAME   a help so long that it does not fit into one line of a terminal, and is "
      "broken at a\n                      blank before column 110\n\n"
      "Help:\n  -h, --help          print this help\n  --version           print the version\n"
      "  --completion=SHELL  print a script that completes the options: bash, zsh or fish\n");
}

static void
test_options_numbers (void)
{
  guint64 value = 7;
  double real = 7;
  static const char *const bad[]
      = { "", "-1", "+1", " 1", "1 ", "0x10", "1e3", "11", "99999999999999999999" };
  static const char *const bad_reals[] = { "", "0", "-1", "inf", "nan", "1x", " 1", "0x1p3", "1e999" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (wp_options_parse_uint (bad[i], 0, 10, &value, NULL));
  g_assert_cmpuint (value, ==, 7);
  g_assert_true (wp_options_parse_uint ("10", 0, 10, &value, NULL));
  g_assert_cmpuint (value, ==, 10);

  for (guint i = 0; i < G_N_ELEMENTS (bad_reals); i++)
    g_assert_false (wp_options_parse_positive (bad_reals[i], &real, NULL));
  g_assert_cmpfloat (real, ==, 7);
  g_assert_true (wp_options_parse_positive ("2.5e-1", &real, NULL));
  g_assert_cmpfloat (real, ==, 0.25);
}

static void
test_options_counts (void)
{
  static const struct {
    const char *text;
    guint64 value;
  } good[] = { { "10", 10 },      { "10k", 10000 }, { "3K", 3000 },
               { "2m", 2000000 }, { "0M", 0 },      { "4294967k", 4294967000 } };
  static const char *const bad[] = { "",
                                     "k",
                                     "m",
                                     "1.5k",
                                     "1kk",
                                     "1km",
                                     "1g",
                                     " 1k",
                                     "1 k",
                                     "-1k",
                                     "4294968k",
                                     "4295m",
                                     "99999999999999999999k" };
  g_autoptr (GError) error = NULL;
  guint64 value = 7;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (wp_options_parse_count (bad[i], 0, G_MAXUINT32, &value, NULL));
  g_assert_cmpuint (value, ==, 7);
  g_assert_false (wp_options_parse_count ("1k", 1001, 2000, &value, &error));
  g_assert_cmpstr (error->message, ==, "\"1k\" is not a number from 1001 to 2000");
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (wp_options_parse_count (good[i].text, 0, G_MAXUINT32, &value, NULL));
      g_assert_cmpuint (value, ==, good[i].value);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_set_prgname ("wp");
  g_test_add_func ("/options/parse", test_options_parse);
  g_test_add_func ("/options/load", test_options_load);
  g_test_add_func ("/options/kinds", test_options_kinds);
  g_test_add_func ("/options/help", test_options_help);
  g_test_add_func ("/options/numbers", test_options_numbers);
  g_test_add_func ("/options/counts", test_options_counts);
  return g_test_run ();
}
