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
                                       "--quiet", "--tags", "devel,wpsim,typelib", "--destdir", self->root,
                                       NULL }));
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
assert_example (char **envp, const char *program)
{
  g_autofree char *command = g_strdup_printf ("printf '0 1\\n0 1\\n0 1\\n' | %s 1 1", program);
  g_autofree char *output = run (envp, (const char *[]){ "sh", "-c", command, NULL });

  g_assert_cmpstr (
      output, ==,
      "workers 1, queue 1: depth 0.67 on average, 1 at most; wait p50 1.000 s, p99 2.000 s; 1 of 3 blocked\n"
      "workers 2, queue 1: depth 0.50 on average, 1 at most; wait p50 0.000 s, p99 1.000 s; 0 of 3 blocked\n"
      "workers 1, queue 2: depth 1.00 on average, 2 at most; wait p50 1.000 s, p99 2.000 s; 0 of 3 blocked");
}

static void
test_example (Installed *self, gconstpointer data)
{
  g_autofree char *pc = find_folder (self->root, "wpsim.pc");
  g_auto (GStrv) envp = g_environ_setenv (g_get_environ (), "PKG_CONFIG_PATH", pc, TRUE);
  g_autofree char *program = build (self, envp);

  assert_example (envp, program);
}

/* What the test's environment has for @name, after @path. */
static char **
prepend_path (char **envp, const char *name, const char *path)
{
  const char *before = g_environ_getenv (envp, name);
  g_autofree char *value = g_strjoin (":", path, before, NULL);

  return g_environ_setenv (envp, name, value, TRUE);
}

static void
test_python (Installed *self, gconstpointer data)
{
  g_autofree char *lib = find_folder (self->root, "libwpsim.so.0"),
                  *typelib = find_folder (self->root, "Wpsim-0.typelib");
  g_autofree char *program = g_strdup_printf ("%s %s/data/examples/what-if.py", g_getenv ("WP_PYTHON"),
                                              g_getenv ("WP_SOURCE_ROOT"));
  g_auto (GStrv) envp = prepend_path (g_get_environ (), "LD_LIBRARY_PATH", lib);

  envp = prepend_path (envp, "GI_TYPELIB_PATH", typelib);
  assert_example (envp, program);
}

/* A program in C++ builds, with what a link with static libraries needs too. */
static void
test_cplusplus (Installed *self, gconstpointer data)
{
  g_autofree char *pc = find_folder (self->root, "wpsim.pc");
  g_auto (GStrv) envp = g_environ_setenv (g_get_environ (), "PKG_CONFIG_PATH", pc, TRUE);
  g_autofree char *include = folder (self, envp, "includedir"), *lib = folder (self, envp, "libdir");
  g_autofree char *flags
      = run (envp, (const char *[]){ "pkg-config", "--static", "--cflags", "--libs", "wpsim", NULL });
  g_autofree char *program = g_build_filename (self->root, "program", NULL);
  g_autofree char *command = g_strdup_printf (
      "echo '#include <wpsim/wpsim.h>\n"
      "int main () { WpsimResult result;\n"
      "  WpsimModel *model = wpsim_model_new (WPSIM_MODE_WORKER_POOL, 2, WPSIM_MAX_QUEUE, nullptr);\n"
      "  return model && wpsim_model_finish (model, &result, nullptr) && result.requests == 0 && "
      "result.wait.p99 == WPSIM_NONE ? 0 : 1; }' | "
      "c++ -x c++ -std=c++11 -pedantic -Wall -Wextra -Werror -I%s -L%s -Wl,-rpath,%s -o %s - %s",
      include, lib, lib, program, flags);

  g_free (run (envp, (const char *[]){ "sh", "-c", command, NULL }));
  g_free (run (envp, (const char *[]){ program, NULL }));
}

/* Of what the library takes from others: nothing that ends the program, prints or handles signals. */
static void
assert_quiet (const char *library)
{
  g_autofree char *text = run (NULL, (const char *[]){ "nm", "-D", "--undefined-only", library, NULL });
  g_autoptr (GRegex) loud = g_regex_new (" (_?exit|abort|signal|sigaction|f?puts|f?printf|std(out|err)"
                                         "|g_print(err)?|g_log\\w*|g_set_prgname)(@|$)",
                                         G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (g_regex_match (loud, text, 0, &match))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);

      g_error ("libwpsim calls %s", name);
    }
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
  if (g_getenv ("WP_AS_SHIPPED")) /* sanitizers print, and end the program */
    assert_quiet (library);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/wpsim-installed/example", Installed, NULL, set_up, test_example, tear_down);
  if (g_getenv ("WP_PYTHON"))
    g_test_add ("/wpsim-installed/python", Installed, NULL, set_up, test_python, tear_down);
  if (g_getenv ("WP_AS_SHIPPED"))
    g_test_add ("/wpsim-installed/c++", Installed, NULL, set_up, test_cplusplus, tear_down);
  g_test_add ("/wpsim-installed/symbols", Installed, NULL, set_up, test_symbols, tear_down);

  return g_test_run ();
}
