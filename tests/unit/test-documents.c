/* test-documents.c - the documents name files that exist, and the README is short. */
#include <string.h>

#include <glib.h>

#define MAX_README_LINES   120
#define MAX_README_COLUMNS 100

static char *
read_document (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), name, NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));

  return text;
}

/* Adds the names of all files below @path, without their folders. */
static void
collect_names (const char *path, GHashTable *names)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_file_test (file, G_FILE_TEST_IS_DIR))
        collect_names (file, names);
      else
        g_hash_table_add (names, g_strdup (name));
    }
}

static GHashTable *
source_names (void)
{
  static const char *const folders[] = { "sim", "runtime", "tests" };
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), folders[i], NULL);

      collect_names (path, names);
    }

  return names;
}

/* Whatever ends in .c or .h, such as `wp-channel.c`; not wp-database-NAME.c. */
static void
test_named_files_exist (void)
{
  static const char *const documents[] = { "README.md", "data/doc/architecture.md", "data/doc/hacking.md" };
  g_autoptr (GHashTable) names = source_names ();
  g_autoptr (GRegex) name = g_regex_new ("[a-z0-9-]+\\.[ch]\\b", 0, 0, NULL);
  g_autoptr (GString) missing = g_string_new (NULL);
  guint n_named = 0;

  for (guint i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autofree char *text = read_document (documents[i]);
      g_autoptr (GMatchInfo) match = NULL;

      for (g_regex_match (name, text, 0, &match); g_match_info_matches (match);
           g_match_info_next (match, NULL))
        {
          g_autofree char *file = g_match_info_fetch (match, 0);

          n_named++;
          if (!g_hash_table_contains (names, file))
            g_string_append_printf (missing, "%s names %s\n", documents[i], file);
        }
    }
  g_assert_cmpstr (missing->str, ==, "");
  g_assert_cmpuint (n_named, >, 50);
}

static void
test_links_resolve (void)
{
  g_autofree char *text = read_document ("README.md");
  g_autoptr (GRegex) link = g_regex_new ("\\]\\(([^):]+)\\)", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint n_links = 0;

  for (g_regex_match (link, text, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *target = g_match_info_fetch (match, 1),
                      *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), target, NULL);

      n_links++;
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        g_error ("README.md links to %s", target);
    }
  g_assert_cmpuint (n_links, >, 5);
}

static void
test_readme_length (void)
{
  g_autofree char *text = read_document ("README.md");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), <=, MAX_README_LINES + 1); /* the last one is empty */
  for (guint i = 0; lines[i]; i++)
    if (g_utf8_strlen (lines[i], -1) > MAX_README_COLUMNS)
      g_error ("README.md:%u has more than %u columns", i + 1, MAX_README_COLUMNS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/documents/named-files-exist", test_named_files_exist);
  g_test_add_func ("/documents/links-resolve", test_links_resolve);
  g_test_add_func ("/documents/readme-length", test_readme_length);

  return g_test_run ();
}
