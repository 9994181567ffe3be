#include <glib/gstdio.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

typedef struct {
  char *name;
  gboolean loud;
} Options;

static gboolean
on_name (const char *option, const char *value, gpointer data, GError **error)
{
  Options *self = data;

  if (g_str_equal (value, "bad"))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a name", value);
      return FALSE;
    }
  g_free (self->name);
  self->name = g_strdup (value);
  return TRUE;
}

static gboolean
on_loud (const char *option, const char *value, gpointer data, GError **error)
{
  ((Options *) data)->loud = TRUE;
  return TRUE;
}

static const GOptionEntry entries[] = {
  { "name", 'n', 0, G_OPTION_ARG_CALLBACK, on_name, "a name", "NAME" },
  { "loud", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_loud, "shout", NULL },
  { NULL }
};
static const GOptionEntry *const tables[] = { entries, NULL };

/* Parses "wp" and the words of @line; returns the message, or NULL. */
static char *
parse (const char *line, Options *options)
{
  g_autofree char *whole = g_strconcat ("wp ", line, NULL);
  g_auto(GStrv) words = g_strsplit (whole, " ", -1);
  g_autofree char **left = g_memdup2 (words, (g_strv_length (words) + 1) * sizeof *words);
  char **argv = left;
  int argc = g_strv_length (words);
  g_autoptr(GError) error = NULL;

  wp_options_parse ("", "", tables, options, &argc, &argv, &error);
  return error ? g_strdup (error->message) : NULL;
}

static void
test_options_parse (void)
{
  static const struct {
    const char *line, *name, *message;
  } cases[] = {
    { "--name=a", "a", NULL },
    { "--name b", "b", NULL },
    { "-n c", "c", NULL },
    { "-n d --name=e", "e", NULL },
    { "-nd", "d", NULL },
    { "-n -nd", "-nd", NULL },
    { "--name -nd", "-nd", NULL },
    { "--loud -nd", "d", NULL },
    { "-n d -- -ne", "d", NULL },
    { "--name=caf\xc3\xa9", "caf\xc3\xa9", NULL },   /* in the C locale too */
    { "--name=\xff", "\xff", NULL },                   /* a file name is bytes */
    { "--name bad", NULL, "--name: \"bad\" is not a name" },
    { "-n bad", NULL, "--name: \"bad\" is not a name" },
    { "--nane=x", NULL, "unknown option --nane; did you mean --name?" },
    { "--lou", NULL, "unknown option --lou; did you mean --loud?" },
    { "--zzzzzzzz", NULL, "unknown option --zzzzzzzz; --help lists them all" },
    { "-x", NULL, "unknown option -x; --help lists them all" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Options options = { NULL, FALSE };
      g_autofree char *message = parse (cases[i].line, &options), *shown = g_strescape (cases[i].line, NULL);

      g_test_message ("%s", shown);
      g_assert_cmpstr (message, ==, cases[i].message);
      g_assert_cmpstr (options.name, ==, cases[i].name);
      g_free (options.name);
    }
}

static char *
load (const char *text, Options *options)
{
  g_autofree char *folder = g_dir_make_tmp ("wp-options-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "wp.conf", NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  wp_options_load (path, tables, options, &error);
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
  } cases[] = {
    { "# a comment\n\n name = x y \nloud=true\n", "x y", NULL, TRUE },
    { "loud = false", NULL, NULL, FALSE },
    { "name=a\nname = bad\n", "a", ":2: name: \"bad\" is not a name", FALSE },
    { "nane = a", NULL, ":1: \"nane\" is not an option; --help lists them all", FALSE },
    { "name", NULL, ":1: \"name\" is not of the form key = value", FALSE },
    { "0123456789012345678901234567890123456789x", NULL, ":1: \"0123456789012345678901234567890123456789\" is not of the form key = value", FALSE },
    { "012345678901234567890123456789012345678\xc3\xa9\xc3\xa9", NULL,
      ":1: \"012345678901234567890123456789012345678\xc3\xa9\" is not of the form key = value", FALSE },
    { "\xef\xbb\xbfname = a\r\n", "a", NULL, FALSE },
    { "\n\xef\xbb\xbfname = a", NULL, ":2: \"\xef\xbb\xbfname\" is not an option; --help lists them all", FALSE },
    { "\n\nloud = yes", NULL, ":3: loud: \"yes\" is not true or false", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Options options = { NULL, FALSE };
      g_autofree char *message = load (cases[i].text, &options);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpstr (message, ==, cases[i].message);
      g_assert_cmpstr (options.name, ==, cases[i].name);
      g_assert_cmpint (options.loud, ==, cases[i].loud);
      g_free (options.name);
    }
}

static void
test_options_numbers (void)
{
  guint64 value = 7;
  double real = 7;
  static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x10", "1e3", "11", "99999999999999999999" };
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
  } good[] = { { "10", 10 }, { "10k", 10000 }, { "3K", 3000 }, { "2m", 2000000 }, { "0M", 0 }, { "4294967k", 4294967000 } };
  static const char *const bad[] = { "", "k", "m", "1.5k", "1kk", "1km", "1g", " 1k", "1 k", "-1k", "4294968k", "4295m", "99999999999999999999k" };
  g_autoptr(GError) error = NULL;
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
  g_test_add_func ("/options/parse", test_options_parse);
  g_test_add_func ("/options/load", test_options_load);
  g_test_add_func ("/options/numbers", test_options_numbers);
  g_test_add_func ("/options/counts", test_options_counts);
  return g_test_run ();
}
