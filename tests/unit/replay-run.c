#include "tests/unit/replay-run.h"

#include <glib/gstdio.h>
#include <signal.h>

struct _ReplayRun {
  char *dir;
  GSubprocess *process;
  char *out;
  char *err;
  JsonParser *parser;
};

static GPtrArray *
command_line (const char *script, const char *url, va_list more)
{
  const char *build = g_getenv ("WP_BUILD_ROOT");
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  const char *word;

  g_assert_nonnull (build);
  if (script)
    {
      g_ptr_array_add (argv, g_strdup ("/bin/sh"));
      g_ptr_array_add (argv, g_strdup ("-c"));
      g_ptr_array_add (argv, g_strdup (script));
    }
  g_ptr_array_add (argv, g_build_filename (build, "runtime", "wp-replay", NULL));
  g_ptr_array_add (argv, g_strdup ("trace.csv"));
  g_ptr_array_add (argv, g_strdup (url));
  while ((word = va_arg (more, const char *)))
    g_ptr_array_add (argv, g_strdup (word));
  g_ptr_array_add (argv, NULL);

  return argv;
}

static ReplayRun *
start (const char *script, const char *trace, const char *url, va_list more)
{
  ReplayRun *self = g_new0 (ReplayRun, 1);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GPtrArray) argv = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  self->dir = g_dir_make_tmp ("wp-test-replay-XXXXXX", &error);
  g_assert_no_error (error);
  path = replay_run_path (self, "trace.csv");
  g_assert_true (g_file_set_contents (path, trace, -1, NULL));
  argv = command_line (script, url, more);
  g_subprocess_launcher_set_cwd (launcher, self->dir);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, &error);
  g_assert_no_error (error);

  return self;
}

ReplayRun *
replay_run_start (const char *trace, const char *url, ...)
{
  ReplayRun *self;
  va_list more;

  va_start (more, url);
  self = start (NULL, trace, url, more);
  va_end (more);

  return self;
}

ReplayRun *
replay_run_start_by (const char *script, const char *trace, const char *url, ...)
{
  ReplayRun *self;
  va_list more;

  va_start (more, url);
  self = start (script, trace, url, more);
  va_end (more);

  return self;
}

void
replay_run_free (ReplayRun *self)
{
  g_autoptr (GDir) dir = g_dir_open (self->dir, 0, NULL);
  const char *name;

  if (!self->out)
    g_subprocess_force_exit (self->process);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *path = replay_run_path (self, name);

      g_remove (path);
    }
  g_rmdir (self->dir);
  g_clear_object (&self->parser);
  g_object_unref (self->process);
  g_free (self->out);
  g_free (self->err);
  g_free (self->dir);
  g_free (self);
}

void
replay_run_signal (ReplayRun *self, int number)
{
  g_subprocess_send_signal (self->process, number);
}

int
replay_run_wait (ReplayRun *self)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8 (self->process, NULL, NULL, &self->out, &self->err, &error);
  g_assert_no_error (error);
  if (self->err[0])
    g_test_message ("%s", self->err);

  return g_subprocess_get_if_exited (self->process) ? g_subprocess_get_exit_status (self->process)
                                                    : -g_subprocess_get_term_sig (self->process);
}

const char *
replay_run_out (const ReplayRun *self)
{
  return self->out;
}

const char *
replay_run_err (const ReplayRun *self)
{
  return self->err;
}

JsonObject *
replay_run_json (ReplayRun *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->parser)
    {
      self->parser = json_parser_new ();
      json_parser_load_from_data (self->parser, self->out, -1, &error);
      g_assert_no_error (error);
    }
  return json_node_get_object (json_parser_get_root (self->parser));
}

char *
replay_run_path (const ReplayRun *self, const char *name)
{
  return g_build_filename (self->dir, name, NULL);
}

char *
replay_run_read (const ReplayRun *self, const char *name)
{
  g_autofree char *path = replay_run_path (self, name);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}
