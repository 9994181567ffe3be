#include "tests/e2e/wp-child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/wp-client.h"

#define FIRST_USER   100000 /* of those that no system gives out */
#define NO_PID       "0000000000"
#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */

struct _WpChild {
  GPid pid;
  int pid_fd; /* -1: has ended */
  int status; /* once it has ended */
};

static void
limit (int resource, guint64 value)
{
  const struct rlimit both = { value, value };

  if (value > 0)
    setrlimit (resource, &both);
}

typedef struct {
  WpChildTerms terms;
  uid_t user;         /* nobody else's, and the group's too */
  char *group_file;   /* to write one's own process into; NULL: no group */
  char **environment; /* NULL: the test's */
  char *own_pid;      /* room for it in there; NULL: nobody asks */
} Setup;

/* 0 stands for the calling process. */
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
  const WpChildTerms *terms = &self->terms;

  if (self->group_file)
    join (self->group_file);
  if (self->own_pid)
    g_snprintf (self->own_pid, strlen (NO_PID) + 1, "%d", getpid ());
  limit (RLIMIT_NOFILE, terms->files);
  limit (RLIMIT_AS, terms->address_bytes);
  limit (RLIMIT_FSIZE, terms->file_bytes);
  limit (RLIMIT_NPROC, terms->processes);
  if (terms->processes > 0 && (setgroups (0, NULL) < 0 || setgid (self->user) < 0 || setuid (self->user) < 0))
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

static void
set_environment (Setup *self)
{
  if (!self->terms.environment && self->terms.socket_fd <= 0)
    return;
  self->environment = g_get_environ ();
  for (const char *const *word = self->terms.environment; word && *word; word++)
    {
      g_auto (GStrv) pair = g_strsplit (*word, "=", 2);

      self->environment = g_environ_setenv (self->environment, pair[0], pair[1], TRUE);
    }
  if (self->terms.socket_fd <= 0)
    return;
  self->environment = g_environ_setenv (self->environment, "LISTEN_FDS", "1", TRUE);
  self->environment = g_environ_setenv (self->environment, "LISTEN_FDNAMES", "http", TRUE);
  self->environment = g_environ_setenv (self->environment, "LISTEN_PID", NO_PID, TRUE);
  self->own_pid = (char *) g_environ_getenv (self->environment, "LISTEN_PID");
}

static char **
wrap (char **argv)
{
  const char *wrapper = g_getenv ("WP_WRAPPER");
  g_auto (GStrv) words = g_strsplit (wrapper ? wrapper : "", " ", -1);
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

  g_strv_builder_addv (all, (const char **) words);
  g_strv_builder_addv (all, (const char **) argv);
  return g_strv_builder_end (all);
}

WpChild *
wp_child_new (const char *dir, char **argv, const WpChildTerms *terms)
{
  WpChild *self = g_new0 (WpChild, 1);
  Setup setup = { .terms = terms ? *terms : (WpChildTerms){ 0 }, .user = FIRST_USER + (uid_t) getpid () };
  const int first_socket = FIRST_SOCKET;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) wrapped = wrap (argv);
  g_autofree char *line = g_strjoinv (" ", argv);
  int out = create (dir, WP_CHILD_OUTPUT), err = create (dir, WP_CHILD_LOG),
      log = setup.terms.log_fd > 0 ? setup.terms.log_fd : err;

  g_test_message ("%s", line);
  set_environment (&setup);
  if (setup.terms.group)
    setup.group_file = g_build_filename (setup.terms.group, "cgroup.procs", NULL);
  if (setup.terms.processes > 0)
    g_assert_cmpint (chown (dir, setup.user, setup.user), ==, 0);
  g_spawn_async_with_pipes_and_fds (dir, (const char *const *) wrapped,
                                    (const char *const *) setup.environment,
                                    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, child_setup, &setup, -1,
                                    out, log, &setup.terms.socket_fd, &first_socket,
                                    setup.terms.socket_fd > 0, &self->pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_free (setup.group_file);
  g_strfreev (setup.environment);
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
  /* once: MAX() looks twice, and may find less than 0 then */
  gint64 left_us = until_us - g_get_monotonic_time ();
  int status;

  if (self->pid_fd < 0)
    return TRUE;
  if (poll (&poller, 1, (int) CLAMP (left_us / 1000 + 1, 0, G_MAXINT)) <= 0)
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
wp_child_bind_port (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), ==, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, len), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &len), ==, 0);
  *port = ntohs (address.sin_port);

  return fd;
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
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
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
  const char *rest = strrchr (text, ')'); /* the name before it may hold anything */
  guint64 user, system;

  g_assert_nonnull (rest);
  g_assert_cmpint (
      sscanf (rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
              &user, &system),
      ==, 2);
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

void
wp_child_await_log (const char *dir, const char *text)
{
  g_autofree char *path = g_build_filename (dir, WP_CHILD_LOG, NULL);
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      g_autofree char *log = NULL;

      g_assert_true (g_file_get_contents (path, &log, NULL, NULL));
      if (strstr (log, text))
        return;
      if (g_get_monotonic_time () > until_us)
        g_error ("\"%s\" is not said, but: %s", text, log);
      g_usleep (1000); /* a file that grows cannot be waited for */
    }
}

void
wp_child_remove_dir (const char *dir)
{
  g_autoptr (GDir) folder = g_dir_open (dir, 0, NULL);
  const char *name;

  while (folder && (name = g_dir_read_name (folder)))
    {
      g_autofree char *file = g_build_filename (dir, name, NULL);

      if (g_file_test (file, G_FILE_TEST_IS_DIR) && !g_file_test (file, G_FILE_TEST_IS_SYMLINK))
        wp_child_remove_dir (file);
      else
        g_unlink (file);
    }
  g_rmdir (dir);
}
