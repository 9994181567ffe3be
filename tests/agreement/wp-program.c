#include "tests/agreement/wp-program.h"

#include <gio/gio.h>
#include <string.h>

int
wp_program_run (const char *program, const char *const *words, char **output, char **errors)
{
  GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | (errors ? G_SUBPROCESS_FLAGS_STDERR_PIPE : 0);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *path = strchr (program, '/') ? g_build_filename (g_getenv ("WP_BUILD_ROOT"), program, NULL)
                                                : g_strdup (program);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (argv, path);
  for (; *words; words++)
    g_ptr_array_add (argv, (gpointer) *words);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const char *const *) argv->pdata, flags, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, output, errors, &error);
  g_assert_no_error (error);

  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : -1;
}

double
wp_program_seconds (const char *text, const char *what)
{
  const char *at = text ? strstr (text, what) : NULL;
  char *unit;
  double value;

  g_assert_nonnull (at);
  value = g_ascii_strtod (at + strlen (what), &unit);
  unit += *unit == ' ';

  return value
         * (g_str_has_prefix (unit, "ns")   ? 1e-9
            : g_str_has_prefix (unit, "us") ? 1e-6
            : g_str_has_prefix (unit, "ms") ? 1e-3
                                            : 1);
}
