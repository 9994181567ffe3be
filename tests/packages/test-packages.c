/* The Debian packages of this tree: built, checked by lintian, installed in a root of their own, started as
 * the unit says, and removed. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#define CANNOT 77 /* exit status of a script that this system cannot run */

/* Runs @script of the source tree with two words. Its output is shown where it fails. FALSE: it cannot run
 * here */
static gboolean
run (const char *script, const char *first, const char *second)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), script, NULL), *output = NULL,
                  *errors = NULL;
  const char *argv[] = { "nice", path, first, second, NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status,
                &error);
  g_assert_no_error (error);
  if (WIFEXITED (status) && WEXITSTATUS (status) == CANNOT)
    return FALSE;
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s\n%s\n%s", script, error->message, output + MAX (0, (int) strlen (output) - 4000),
             errors);
  return TRUE;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  for (const char *name; dir && (name = g_dir_read_name (dir));)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

static char *
find_package (const char *folder, const char *ending)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ending))
      return g_build_filename (folder, name, NULL);
  g_error ("no package %s was built", ending);
}

static void
check_by_lintian (const char *folder)
{
  g_autofree char *changes = find_package (folder, ".changes"), *output = NULL;
  const char *argv[] = { "lintian", "--allow-root", "--fail-on=error", changes, NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("lintian: %s\n%s", error->message, output);
}

static void
test_packages (void)
{
  g_autofree char *dpkg = g_find_program_in_path ("dpkg-buildpackage"),
                  *lintian = g_find_program_in_path ("lintian");
  g_autofree char *folder = NULL;

  if (!dpkg || !lintian)
    {
      g_test_skip ("there is no dpkg-buildpackage or no lintian");
      return;
    }
  folder = g_dir_make_tmp ("wp-packages-XXXXXX", NULL);
  g_assert_true (run ("data/debian-packages", folder, NULL));
  check_by_lintian (folder);
  if (!run ("tests/packages/in-root", folder, g_getenv ("WP_SOURCE_ROOT")))
    g_test_skip ("packages were built, not installed: there is no root of one's own here");
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packages/built-installed-removed", test_packages);

  return g_test_run ();
}
