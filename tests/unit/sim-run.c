#include "tests/unit/sim-run.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

SimRun *
sim_run_new (void)
{
  SimRun *self = g_new0 (SimRun, 1);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("wp-sim-test-XXXXXX", &error);
  g_assert_no_error (error);

  return self;
}

/* Calls @each with every path in the folder. */
static guint
for_each_file (SimRun *self, int (*each) (const char *path))
{
  g_autoptr (GDir) folder = g_dir_open (self->folder, 0, NULL);
  const char *name;
  guint n = 0;

  for (; (name = g_dir_read_name (folder)); n++)
    if (each)
      {
        g_autofree char *path = g_build_filename (self->folder, name, NULL);

        each (path);
      }

  return n;
}

void
sim_run_free (SimRun *self)
{
  for_each_file (self, g_unlink);
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->out);
  g_free (self->err);
  g_free (self);
}

guint
sim_run_count_files (SimRun *self)
{
  return for_each_file (self, NULL);
}

void
sim_run_write (SimRun *self, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

char *
sim_run_read (SimRun *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  g_assert_nonnull (text);

  return text;
}

static char **
make_command (const char *arguments)
{
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "sim", "wp-sim", NULL);
  g_auto (GStrv) words = g_strsplit (arguments, " ", -1);
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();

  g_strv_builder_add (command, program);
  if (*arguments)
    g_strv_builder_addv (command, (const char **) words);

  return g_strv_builder_end (command);
}

GPid
sim_run_start (SimRun *self, const char *arguments, int *input, int *output, int *errors)
{
  g_auto (GStrv) command = make_command (arguments);
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_spawn_async_with_pipes (self->folder, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, input,
                            output, errors, &error);
  g_assert_no_error (error);

  return pid;
}

GPid
sim_run_start_on (SimRun *self, const char *arguments, int errors)
{
  g_auto (GStrv) command = make_command (arguments);
  int nowhere = open ("/dev/null", O_RDWR | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_spawn_async_with_fds (self->folder, command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, nowhere,
                          nowhere, errors, &error);
  g_assert_no_error (error);
  close (nowhere);

  return pid;
}

/* From a file, so that neither side waits for the other. */
static void
redirect_input (gpointer file)
{
  dup2 (GPOINTER_TO_INT (file), STDIN_FILENO);
}

static int
open_input (const char *input)
{
  g_autofree char *path = NULL;
  int file = g_file_open_tmp ("wp-sim-input-XXXXXX", &path, NULL);

  g_assert_cmpint (file, >=, 0);
  g_unlink (path);
  g_assert_cmpint (write (file, input, strlen (input)), ==, (gssize) strlen (input));
  lseek (file, 0, SEEK_SET);

  return file;
}

void
sim_run_go (SimRun *self, const char *arguments, const char *input)
{
  g_auto (GStrv) command = make_command (arguments);
  g_autoptr (GError) error = NULL;
  int file = open_input (input ? input : "");
  int status;

  g_clear_pointer (&self->out, g_free);
  g_clear_pointer (&self->err, g_free);
  g_spawn_sync (self->folder, command, NULL, G_SPAWN_LEAVE_DESCRIPTORS_OPEN | G_SPAWN_CHILD_INHERITS_STDIN,
                redirect_input, GINT_TO_POINTER (file), &self->out, &self->err, &status, &error);
  g_assert_no_error (error);
  close (file);
  self->status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

JsonObject *
sim_run_json (SimRun *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = json_from_string (self->out, &error);

  g_assert_no_error (error);
  g_assert_nonnull (root); /* nothing was printed */

  return json_object_ref (json_node_get_object (root));
}

SimRun *
sim_run_on (const char *trace, const char *arguments)
{
  SimRun *run = sim_run_new ();

  sim_run_write (run, "trace.csv", trace);
  sim_run_go (run, arguments, NULL);

  return run;
}
