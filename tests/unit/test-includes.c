/* test-includes.c - no include runs up, and no files include each other in a circle. It reads the sources. */
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

/* The rooms that each room may include beside itself, directly; their own rooms are allowed too. */
typedef struct {
  const char *room;
  const char *below;
} Room;

static const Room rooms[] = {
  { "sim/base", "" },
  { "sim/trace", "sim/base" },
  { "sim/stats", "sim/base" },
  { "sim/model", "sim/trace sim/stats" },
  { "sim/wpsim", "sim/model" },
  { "sim/plan", "sim/model" },
  { "sim/run", "sim/plan" },
  { "sim/compare", "sim/run" },
  { "sim/report", "sim/compare" },
  { "sim/plot", "sim/report" },
  { "sim", "sim/plot" },
  { "runtime/queue", "sim/base" },
  { "runtime/secure", "sim/base" },
  { "runtime/database", "runtime/queue runtime/secure" },
  { "runtime/engine", "runtime/database sim/trace" },
  { "runtime/forecast", "runtime/engine sim/wpsim" },
  { "runtime/http", "runtime/forecast" },
  { "runtime/server", "runtime/http" },
  { "runtime/replay", "sim/plot runtime/queue runtime/secure" },
  { "runtime", "runtime/server runtime/replay" },
};

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

static const Room *
find_room (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (rooms); i++)
    if (g_str_equal (rooms[i].room, name))
      return &rooms[i];
  return NULL;
}

static gboolean
may_include (const char *room, const char *other)
{
  g_auto (GStrv) below = NULL;

  if (g_str_equal (room, other))
    return TRUE;
  below = g_strsplit (find_room (room)->below, " ", -1);
  for (guint i = 0; below[i] && *below[i]; i++)
    if (may_include (below[i], other))
      return TRUE;
  return FALSE;
}

/* Adds the files of @folder, below @root, each with a list of the project's files that it includes. */
static void
scan (const char *root, const char *folder, GTree *files)
{
  g_autoptr (GRegex) include
      = g_regex_new ("^#include \"((?:sim|runtime)/[^\"]+)\"", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *path = g_build_filename (root, folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (folder, name, NULL);
      g_autofree char *full = g_build_filename (root, file, NULL);

      if (g_file_test (full, G_FILE_TEST_IS_DIR))
        scan (root, file, files);
      else if (g_str_has_suffix (name, ".c") || g_str_has_suffix (name, ".h"))
        {
          g_autoptr (GMatchInfo) match = NULL;
          g_autofree char *text = NULL;
          GPtrArray *included = g_ptr_array_new_with_free_func (g_free);

          g_assert_true (g_file_get_contents (full, &text, NULL, NULL));
          for (g_regex_match (include, text, 0, &match); g_match_info_matches (match);
               g_match_info_next (match, NULL))
            g_ptr_array_add (included, g_match_info_fetch (match, 1));
          g_tree_insert (files, g_steal_pointer (&file), included);
        }
    }
}

static GTree *
read_tree (const char *root)
{
  GTree *files = g_tree_new_full (compare, NULL, g_free, (GDestroyNotify) g_ptr_array_unref);

  scan (root, "sim", files);
  scan (root, "runtime", files);

  return files;
}

typedef struct {
  GTree *files;
  GTree *units; /* name to a set: what it includes, with the line that says which file does */
  GHashTable *entered, *left;
  GPtrArray *chain; /* of the units entered and not left, and the lines between them */
  GString *problems;
} Check;

/* Adds a line for each include of @file that its room may not have. Generated headers are no files here. */
static gboolean
check_file (gpointer file, gpointer included, gpointer data)
{
  Check *self = data;
  g_autofree char *room = g_path_get_dirname (file);
  GPtrArray *headers = included;

  if (!find_room (room))
    g_string_append_printf (self->problems, "%s: the room %s is not in the table\n", (char *) file, room);
  for (guint i = 0; find_room (room) && i < headers->len; i++)
    {
      g_autofree char *other = g_path_get_dirname (headers->pdata[i]);

      if (g_tree_lookup (self->files, headers->pdata[i]) && !may_include (room, other))
        g_string_append_printf (self->problems, "%s includes %s: %s may not include %s\n", (char *) file,
                                (char *) headers->pdata[i], room, other);
    }

  return FALSE;
}

/* A source file and its headers, -private and -inline too, are one unit. */
static char *
unit_of (const char *file)
{
  char *unit = g_strndup (file, strlen (file) - 2);

  for (guint i = 0; i < 2; i++)
    {
      const char *suffix = i == 0 ? "-private" : "-inline";

      if (g_str_has_suffix (unit, suffix))
        unit[strlen (unit) - strlen (suffix)] = '\0';
    }

  return unit;
}

static gboolean
add_unit (gpointer file, gpointer included, gpointer data)
{
  Check *self = data;
  g_autofree char *unit = unit_of (file);
  GTree *others = g_tree_lookup (self->units, unit);
  GPtrArray *headers = included;

  if (!others)
    {
      others = g_tree_new_full (compare, NULL, g_free, g_free);
      g_tree_insert (self->units, g_strdup (unit), others);
    }
  for (guint i = 0; i < headers->len; i++)
    {
      g_autofree char *other = unit_of (headers->pdata[i]);

      if (!g_str_equal (unit, other))
        g_tree_insert (others, g_steal_pointer (&other),
                       g_strdup_printf ("  %s includes %s\n", (char *) file, (char *) headers->pdata[i]));
    }

  return FALSE;
}

static void
report_circle (Check *self, const char *unit)
{
  guint from = self->chain->len;

  while (!g_str_equal (self->chain->pdata[from - 2], unit))
    from -= 2;
  g_string_append (self->problems, "a circle:\n");
  for (guint i = from - 1; i < self->chain->len; i += 2)
    g_string_append (self->problems, self->chain->pdata[i]);
}

static gboolean visit (gpointer unit, gpointer others, gpointer data);

static gboolean
follow (gpointer unit, gpointer line, gpointer data)
{
  Check *self = data;
  GTree *others = g_tree_lookup (self->units, unit);

  g_ptr_array_add (self->chain, line);
  if (g_hash_table_contains (self->entered, unit) && !g_hash_table_contains (self->left, unit))
    report_circle (self, unit);
  else if (others)
    visit (unit, others, self);
  g_ptr_array_set_size (self->chain, (gint) self->chain->len - 1);

  return FALSE;
}

/* Depth first. */
static gboolean
visit (gpointer unit, gpointer others, gpointer data)
{
  Check *self = data;

  if (!g_hash_table_add (self->entered, unit))
    return FALSE;
  g_ptr_array_add (self->chain, unit);
  g_tree_foreach (others, follow, self);
  g_ptr_array_set_size (self->chain, (gint) self->chain->len - 1);
  g_hash_table_add (self->left, unit);

  return FALSE;
}

/* Returns: a line for each problem of the tree at @root. */
static char *
check_tree (const char *root)
{
  g_autoptr (GTree) files = read_tree (root);
  g_autoptr (GTree) units = g_tree_new_full (compare, NULL, g_free, (GDestroyNotify) g_tree_unref);
  g_autoptr (GHashTable) entered = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) left = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  Check self = { files, units, entered, left, chain, g_string_new (NULL) };

  g_tree_foreach (files, check_file, &self);
  g_tree_foreach (files, add_unit, &self);
  g_tree_foreach (units, visit, &self);

  return g_string_free (self.problems, FALSE);
}

static void
test_the_sources (void)
{
  g_autofree char *problems = check_tree (g_getenv ("WP_SOURCE_ROOT"));

  g_assert_cmpstr (problems, ==, "");
}

/* A tree of our own, of one line a file, is removed when the test ends. */
static void
write_file (const char *root, const char *file, const char *included)
{
  g_autofree char *path = g_build_filename (root, file, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = g_strdup_printf ("#include \"%s\"\n", included);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      remove_tree (file);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
assert_problems (const char *const *files_and_includes, const char *expected)
{
  g_autofree char *root = g_dir_make_tmp ("wp-includes-XXXXXX", NULL);
  g_autofree char *problems = NULL;

  write_file (root, "runtime/wp-program.c", "glib.h");
  write_file (root, "sim/wp-program.c", "glib.h");
  for (guint i = 0; files_and_includes[i]; i += 2)
    write_file (root, files_and_includes[i], files_and_includes[i + 1]);
  problems = check_tree (root);
  remove_tree (root);
  g_assert_cmpstr (problems, ==, expected);
}

static void
test_finds_an_upward_include (void)
{
  const char *const up[] = { "sim/base/wp-a.h", "sim/model/wp-b.h", "sim/model/wp-b.h", "glib.h", NULL };
  const char *const aside[]
      = { "runtime/secure/wp-a.c", "runtime/queue/wp-b.h", "runtime/queue/wp-b.h", "glib.h", NULL };
  const char *const far_down[]
      = { "runtime/http/wp-a.c", "runtime/queue/wp-b.h", "runtime/queue/wp-b.h", "glib.h", NULL };
  const char *const unknown[] = { "sim/attic/wp-a.c", "glib.h", NULL };

  assert_problems (up, "sim/base/wp-a.h includes sim/model/wp-b.h: sim/base may not include sim/model\n");
  assert_problems (aside, "runtime/secure/wp-a.c includes runtime/queue/wp-b.h: "
                          "runtime/secure may not include runtime/queue\n");
  assert_problems (far_down, "");
  assert_problems (unknown, "sim/attic/wp-a.c: the room sim/attic is not in the table\n");
}

static void
test_finds_a_circle (void)
{
  const char *const three[] = { "sim/base/wp-a.h",
                                "sim/base/wp-b.h",
                                "sim/base/wp-b.c",
                                "sim/base/wp-c.h",
                                "sim/base/wp-c.c",
                                "sim/base/wp-a.h",
                                NULL };
  const char *const own[]
      = { "sim/base/wp-a.c", "sim/base/wp-a-private.h", "sim/base/wp-a-private.h", "sim/base/wp-a.h", NULL };

  assert_problems (three, "a circle:\n"
                          "  sim/base/wp-a.h includes sim/base/wp-b.h\n"
                          "  sim/base/wp-b.c includes sim/base/wp-c.h\n"
                          "  sim/base/wp-c.c includes sim/base/wp-a.h\n");
  assert_problems (own, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/includes/the-sources", test_the_sources);
  g_test_add_func ("/includes/finds-an-upward-include", test_finds_an_upward_include);
  g_test_add_func ("/includes/finds-a-circle", test_finds_a_circle);

  return g_test_run ();
}
