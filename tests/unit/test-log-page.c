/* Runs every command of the pages of documentation that show output: it prints what the page shows. */
#include <string.h>

#include <gio/gio.h>

static char *
read_page (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);

  return text;
}

/* In the source folder, with the built programs first in PATH; both outputs. */
static char *
run_command (const char *command)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *path = g_strdup_printf ("%s/sim:%s", g_getenv ("WP_BUILD_ROOT"), g_getenv ("PATH"));
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  char *out = NULL;

  g_subprocess_launcher_set_cwd (launcher, g_getenv ("WP_SOURCE_ROOT"));
  g_subprocess_launcher_setenv (launcher, "PATH", path, TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, "/bin/sh", "-c", command, NULL);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, &error);
  g_assert_no_error (error);

  return out;
}

/* The page as its commands print it now: lines in a block with `$ `, and what follows them there. */
static char *
run_page (const char *page, guint *n_commands)
{
  g_auto (GStrv) lines = g_strsplit (page, "\n", -1);
  GString *text = g_string_new (NULL);
  gboolean is_output = FALSE;

  *n_commands = 0;
  for (char **line = lines; *line != NULL; line++)
    {
      if (g_str_has_prefix (*line, "    $ "))
        {
          g_autofree char *out = run_command (*line + strlen ("    $ "));
          g_auto (GStrv) printed = g_strsplit (out, "\n", -1);

          g_string_append_printf (text, "%s\n", *line);
          for (char **one = printed; *one != NULL && (one[0][0] != '\0' || one[1] != NULL); one++)
            g_string_append_printf (text, "%s%s\n", **one != '\0' ? "    " : "", *one);
          is_output = TRUE;
          ++*n_commands;
          continue;
        }
      /* an empty line between two of a block is the block's */
      if (is_output && (g_str_has_prefix (*line, "    ") || (**line == '\0' && line[1] && line[1][0] == ' ')))
        continue;
      is_output = FALSE;
      g_string_append_printf (text, "%s%s", *line, line[1] != NULL ? "\n" : "");
    }

  return g_string_free (text, FALSE);
}

static void
check_page (const char *name, guint least_commands)
{
  g_autofree char *page = read_page (name);
  guint n_commands;
  g_autofree char *now = run_page (page, &n_commands);

  g_assert_cmpuint (n_commands, >=, least_commands);
  if (strcmp (page, now) != 0 && g_getenv ("WP_WRITE_PAGE") != NULL)
    g_assert_true (g_file_set_contents (g_getenv ("WP_WRITE_PAGE"), now, -1, NULL));
  if (strcmp (page, now) != 0)
    g_test_message ("to take the new output: WP_WRITE_PAGE=%s/%s", g_getenv ("WP_SOURCE_ROOT"), name);
  g_assert_cmpstr (now, ==, page);
}

static void
test_logs (void)
{
  check_page ("data/doc/from-log-to-sizes.md", 10);
}

static void
test_scale (void)
{
  check_page ("data/doc/scale.md", 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log-page/from-log-to-sizes", test_logs);
  g_test_add_func ("/log-page/scale", test_scale);

  return g_test_run ();
}
