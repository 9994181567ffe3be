/* test-wpsim-installed.c - the example builds against the installed library by pkg-config alone, and works.
 */
#include <glib.h>
#include <string.h>

typedef struct {
  char *root; /* the library is installed below */
} Installed;

/* Runs @argv with @input; returns its output. */
static char *
run (char **envp, const char *const *argv)
{
  g_autofree char *problems = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, envp, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &problems, &status,
                &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s: %s%s", argv[0], output, problems);
  return g_strstrip (output);
}

static void
set_up (Installed *self, gconstpointer data)
{
  self->root = g_dir_make_tmp ("wp-wpsim-XXXXXX", NULL);
  g_free (run (NULL, (const char *[]){ "meson", "install", "-C", g_getenv ("WP_BUILD_ROOT"), "--no-rebuild",
                                       "--quiet", "--tags", "devel,wpsim", "--destdir", self->root, NULL }));
}

static void
tear_down (Installed *self, gconstpointer data)
{
  g_free (run (NULL, (const char *[]){ "rm", "-rf", self->root, NULL }));
  g_free (self->root);
}

/* A folder of wpsim.pc, below the root. */
static char *
folder (const Installed *self, char **envp, const char *variable)
{
  g_autofree char *argument = g_strdup_printf ("--variable=%s", variable);
  g_autofree char *path = run (envp, (const char *[]){ "pkg-config", argument, "wpsim", NULL });

  return g_strconcat (self->root, path, NULL);
}

/* The file that holds @name, below @folder. */
static char *
find_folder (const char *root, const char *name)
{
  g_autofree char *path = run (NULL, (const char *[]){ "find", root, "-name", name, NULL });

  g_assert_cmpstr (path, !=, "");
  return g_path_get_dirname (path);
}

/* The flags of pkg-config, after the folders in which it was installed for this test. */
static char *
build (const Installed *self, char **envp)
{
  g_autofree char *source = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "data/examples/what-if.c", NULL);
  g_autofree char *include = folder (self, envp, "includedir"), *lib = folder (self, envp, "libdir");
  g_autofree char *flags = run (envp, (const char *[]){ "pkg-config", "--cflags", "--libs", "wpsim", NULL });
  g_autofree char *program = g_build_filename (self->root, "what-if", NULL);
  g_autofree char *command
      = g_strdup_printf ("%s -Wall -Wextra -Werror -I%s -L%s -Wl,-rpath,%s %s -o %s %s",
                         g_getenv ("WP_COMPILER"), include, lib, lib, source, program, flags);

  g_free (run (envp, (const char *[]){ "sh", "-c", command, NULL }));
  return g_steal_pointer (&program);
}

/* Three requests at once, of 1 s each; one worker and one place: the second waits for 1 s, the third is
 * parked for 1 s and waits for 2 s. */
static void
test_example (Installed *self, gconstpointer data)
{
  g_autofree char *pc = find_folder (self->root, "wpsim.pc");
  g_auto (GStrv) envp = g_environ_setenv (g_get_environ (), "PKG_CONFIG_PATH", pc, TRUE);
  g_autofree char *program = build (self, envp);
  g_autofree char *command = g_strdup_printf ("printf '0 1\\n0 1\\n0 1\\n' | %s 1 1", program);
  g_autofree char *output = run (envp, (const char *[]){ "sh", "-c", command, NULL });

  g_assert_cmpstr (
      output, ==,
      "workers 1, queue 1: depth 0.67 on average, 1 at most; wait p50 1.000 s, p99 2.000 s; 1 of 3 blocked\n"
      "workers 2, queue 1: depth 0.50 on average, 1 at most; wait p50 0.000 s, p99 1.000 s; 0 of 3 blocked\n"
      "workers 1, queue 2: depth 1.00 on average, 2 at most; wait p50 1.000 s, p99 2.000 s; 0 of 3 blocked");
}

/* The soname, and no symbol but wpsim_*. */
static void
test_symbols (Installed *self, gconstpointer data)
{
  g_autofree char *folder = find_folder (self->root, "libwpsim.so.0");
  g_autofree char *library = g_build_filename (folder, "libwpsim.so.0", NULL);
  g_autofree char *text = run (NULL, (const char *[]){ "nm", "-D", "--defined-only", library, NULL });
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_cmpuint (g_strv_length (lines), >=, 9);
  for (char **line = lines; *line; line++)
    {
      const char *name = strrchr (*line, ' ') + 1;

      if (!g_str_has_prefix (name, "wpsim_") && !g_str_has_prefix (name, "LIBWPSIM_"))
        g_error ("libwpsim exports %s", name);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/wpsim-installed/example", Installed, NULL, set_up, test_example, tear_down);
  g_test_add ("/wpsim-installed/symbols", Installed, NULL, set_up, test_symbols, tear_down);

  return g_test_run ();
}
