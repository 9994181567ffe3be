#include "tests/e2e/wp-child.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_USER 100000        /* of those that no system gives out */

struct _WpChild {
  GPid pid;
  int pid_fd;                /* -1: has ended */
  int status;                /* once it has ended */
};

static void
limit (int resource, guint64 value)
{
  const struct rlimit both = { value, value };

  if (value > 0)
    setrlimit (resource, &both);
}

typedef struct {
  WpChildLimits limits;
  uid_t user;                /* nobody else's, and the group's too */
  char *group_file;          /* to write one's own process into; NULL: no group */
} Setup;

/* 0 stands for who writes. */
static void
join (const char *group_file)
{
  int fd = open (group_file, O_WRONLY);

  if (fd < 0 || write (fd, "0", 1) != 1)
    _exit (127);
  close (fd);
}

/* Between fork and exec. To become another user clears the signal. */
static void
child_setup (gpointer data)
{
  const Setup *self = data;
  const WpChildLimits *limits = &self->limits;

  if (self->group_file)
    join (self->group_file);
  limit (RLIMIT_NOFILE, limits->files);
  limit (RLIMIT_AS, limits->address_bytes);
  limit (RLIMIT_NPROC, limits->processes);
  if (limits->processes > 0 && (setgroups (0, NULL) < 0 || setgid (self->user) < 0 || setuid (self->user) < 0))
    _exit (127);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static int
create (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  int fd = g_open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

char **
wp_child_wrapper (void)
{
  const char *words = g_getenv ("WP_WRAPPER");

  return g_strsplit (words ? words : "", " ", -1);
}

static char **
wrap (char **argv)
{
  g_auto(GStrv) words = wp_child_wrapper ();
  g_autoptr(GStrvBuilder) all = g_strv_builder_new ();

  g_strv_builder_addv (all, (const char **) words);
  g_strv_builder_addv (all, (const char **) argv);
  return g_strv_builder_end (all);
}

WpChild *
wp_child_new (const char *dir, char **argv, const WpChildLimits *limits)
{
  WpChild *self = g_new0 (WpChild, 1);
  Setup setup = { .user = FIRST_USER + (uid_t) getpid () };
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) wrapped = wrap (argv);
  g_autofree char *line = g_strjoinv (" ", argv);
  int out = create (dir, WP_CHILD_OUTPUT), err = create (dir, WP_CHILD_LOG);

  g_test_message ("%s", line);
  if (limits)
    setup.limits = *limits;
  if (setup.limits.group)
    setup.group_file = g_build_filename (setup.limits.group, "cgroup.procs", NULL);
  if (setup.limits.processes > 0)
    g_assert_cmpint (chown (dir, setup.user, setup.user), ==, 0);
  g_spawn_async_with_fds (dir, wrapped, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, child_setup, &setup, &self->pid, -1, out, err,
                          &error);
  g_assert_no_error (error);
  g_free (setup.group_file);
  close (out);
  close (err);
  self->pid_fd = pidfd_open (self->pid, 0);
  g_assert_cmpint (self->pid_fd, >=, 0);

  return self;
}

void
wp_child_free (WpChild *self)
{
  if (self->pid_fd >= 0)
    {
      wp_child_signal (self, SIGKILL);
      wp_child_wait (self, G_MAXINT64);
    }
  g_free (self);
}

void
wp_child_signal (WpChild *self, int number)
{
  g_assert_cmpint (kill (self->pid, number), ==, 0);
}

gboolean
wp_child_wait (WpChild *self, gint64 until_us)
{
  struct pollfd poller = { self->pid_fd, POLLIN, 0 };
  gint64 left_us = MAX (until_us - g_get_monotonic_time (), 0);
  int status;

  if (self->pid_fd < 0)
    return TRUE;
  if (poll (&poller, 1, (int) MIN (left_us / 1000 + 1, G_MAXINT)) <= 0)
    return FALSE;
  g_assert_cmpint (waitpid (self->pid, &status, 0), ==, self->pid);
  self->status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
  close (self->pid_fd);
  self->pid_fd = -1;

  return TRUE;
}

int
wp_child_status (const WpChild *self)
{
  return self->status;
}

int
wp_child_pid (const WpChild *self)
{
  return self->pid;
}

static char *
read_process_file (const WpChild *self, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", self->pid, name);
  char *text;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static guint
count_entries (const WpChild *self, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", self->pid, name);
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

guint
wp_child_count_threads (const WpChild *self)
{
  return count_entries (self, "task");
}

guint
wp_child_count_files (const WpChild *self)
{
  return count_entries (self, "fd");
}

gint64
wp_child_cpu_us (const WpChild *self)
{
  g_autofree char *text = read_process_file (self, "stat");
  const char *rest = strrchr (text, ')');   /* the name before it may hold anything */
  guint64 user, system;

  g_assert_cmpint (sscanf (rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                           &user, &system), ==, 2);
  return (gint64) ((user + system) * G_USEC_PER_SEC / (guint64) sysconf (_SC_CLK_TCK));
}

gint64
wp_child_memory_bytes (const WpChild *self)
{
  g_autofree char *text = read_process_file (self, "statm");
  guint64 pages;

  g_assert_cmpint (sscanf (text, "%*u %" G_GUINT64_FORMAT, &pages), ==, 1);
  return (gint64) pages * sysconf (_SC_PAGESIZE);
}
