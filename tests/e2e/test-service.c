/* What a service manager sees: when it is ready, that it lives, that it stops; and sockets that are handed over or are files. */
#include "tests/e2e/wp-child.h"
#include "tests/e2e/wp-client.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
  char *dir;
  char *log;                 /* path of its standard error */
  int notify_fd;             /* where it tells its manager */
  GSubprocess *process;
} Service;

static char *
read_log (const Service *self)
{
  char *text = NULL;

  g_assert_true (g_file_get_contents (self->log, &text, NULL, NULL));
  return text;
}

static void
await_log (const Service *self, const char *words)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      g_autofree char *text = read_log (self);

      if (strstr (text, words))
        return;
      if (g_get_monotonic_time () > until_us)
        g_error ("\"%s\" is not said, but: %s", words, text);
      g_usleep (1000);       /* a file that grows cannot be waited for */
    }
}

static int
listen_at (const char *dir, int type)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, type | SOCK_CLOEXEC, 0);

  snprintf (address.sun_path, sizeof address.sun_path, "%s/notify", dir);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static void
set_environment (GSubprocessLauncher *launcher, const Service *self, gboolean in_vain)
{
  g_autofree char *notify = g_build_filename (self->dir, "notify", NULL), *journal = NULL, *sanitizer = NULL;
  struct stat status;

  g_assert_cmpint (g_stat (self->log, &status), ==, 0);
  journal = g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) status.st_dev, (guint64) status.st_ino);
  g_subprocess_launcher_setenv (launcher, "NOTIFY_SOCKET", notify, TRUE);
  g_subprocess_launcher_setenv (launcher, "WATCHDOG_USEC", "200000", TRUE);
  sanitizer = g_strconcat (g_getenv ("ASAN_OPTIONS") ? g_getenv ("ASAN_OPTIONS") : "", ":detect_leaks=0", NULL);
  if (in_vain)
    g_subprocess_launcher_setenv (launcher, "ASAN_OPTIONS", sanitizer, TRUE);   /* one that is refused its start frees nothing */
  g_subprocess_launcher_setenv (launcher, "JOURNAL_STREAM", journal, TRUE);
}

/* @fd: a listening socket that it inherits as systemd would hand it over, taken; -1: none. The shell knows its own process id, and
 * stays that process. */
static Service *
launch (gboolean in_vain, int fd, const char *option, va_list more)
{
  static const char script[] = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec \"$@\"";
  Service *self = g_new0 (Service, 1);
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-server", NULL);
  g_auto(GStrv) wrapper = wp_child_wrapper ();
  g_autoptr(GError) error = NULL;

  self->dir = g_dir_make_tmp ("wp-service-XXXXXX", NULL);
  self->log = g_build_filename (self->dir, "log", NULL);
  g_assert_true (g_file_set_contents (self->log, "", 0, NULL));
  self->notify_fd = listen_at (self->dir, SOCK_DGRAM);
  for (guint i = 0; fd >= 0 && i < 4; i++)
    g_ptr_array_add (argv, (gpointer) ((const char *[]) { "/bin/sh", "-c", script, "sh" })[i]);
  for (char **word = wrapper; *word; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, (gpointer) "--admin=none");
  for (; option; option = va_arg (more, const char *))
    g_ptr_array_add (argv, (gpointer) option);
  g_ptr_array_add (argv, NULL);
  set_environment (launcher, self, in_vain);
  g_subprocess_launcher_set_cwd (launcher, self->dir);
  g_subprocess_launcher_set_stderr_file_path (launcher, self->log);
  if (fd >= 0)
    g_subprocess_launcher_take_fd (launcher, fd, 3);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, &error);
  g_assert_no_error (error);

  return self;
}

static Service *
start (int fd, const char *option, ...)
{
  Service *self;
  va_list more;

  va_start (more, option);
  self = launch (FALSE, fd, option, more);
  va_end (more);

  return self;
}

/* One that will be refused its start. */
static Service *
start_in_vain (int fd, const char *option, ...)
{
  Service *self;
  va_list more;

  va_start (more, option);
  self = launch (TRUE, fd, option, more);
  va_end (more);

  return self;
}

static int
wait_for_end (Service *self)
{
  g_subprocess_wait (self->process, NULL, NULL);
  return g_subprocess_get_if_exited (self->process) ? g_subprocess_get_exit_status (self->process) : -1;
}

static void
service_free (Service *self)
{
  g_autofree char *notify = g_build_filename (self->dir, "notify", NULL);

  g_subprocess_force_exit (self->process);
  wait_for_end (self);
  g_object_unref (self->process);
  close (self->notify_fd);
  g_unlink (self->log);
  g_unlink (notify);
  g_assert_cmpint (g_rmdir (self->dir), ==, 0);      /* it leaves nothing */
  g_free (self->log);
  g_free (self->dir);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Service, service_free)

/* Reads what it tells until @word comes; returns how many other words of the watchdog came before. */
static guint
await_told (const Service *self, const char *word)
{
  guint n_watchdog = 0;

  for (;;)
    {
      struct pollfd poller = { self->notify_fd, POLLIN, 0 };
      char text[1024] = "";

      if (poll (&poller, 1, WP_PATIENCE_US / 1000) != 1)
        g_error ("%s is not told", word);
      g_assert_cmpint (recv (self->notify_fd, text, sizeof text - 1, 0), >, 0);
      if (g_str_has_prefix (text, word))
        return n_watchdog;
      n_watchdog += g_str_has_prefix (text, "WATCHDOG=1");
    }
}

static void
test_tells_its_manager (void)
{
  g_autoptr(Service) service = start (-1, "--listen=127.0.0.1:0", "-d", "delay:0", NULL);

  await_told (service, "READY=1\nSTATUS=Default");
  await_told (service, "WATCHDOG=1");
  await_told (service, "WATCHDOG=1");
  g_subprocess_send_signal (service->process, SIGHUP);
  await_told (service, "RELOADING=1\nMONOTONIC_USEC=");
  await_told (service, "READY=1");
  g_subprocess_send_signal (service->process, SIGTERM);
  await_told (service, "STOPPING=1");
  g_assert_cmpint (wait_for_end (service), ==, 0);
}

/* Each line has its priority; what is less grave than asked for is not there; what clients send is not either. */
static void
test_lines_for_the_journal (void)
{
  g_autoptr(Service) all = start (-1, "--listen=127.0.0.1:0", "-d", "delay:0", "--log-level=debug", NULL);
  g_autoptr(Service) few = start (-1, "--listen=127.0.0.1:0", "-d", "delay:0", "--log-level=warning", NULL);
  g_autofree char *much = NULL, *little = NULL;
  g_auto(GStrv) lines = NULL;

  for (guint i = 0; i < 2; i++)
    {
      await_told (i ? few : all, "READY=1");
      g_subprocess_send_signal ((i ? few : all)->process, SIGTERM);
      g_assert_cmpint (wait_for_end (i ? few : all), ==, 0);
    }
  much = read_log (all);
  little = read_log (few);
  lines = g_strsplit (g_strchomp (much), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >=, 3);
  for (char **line = lines; *line; line++)
    g_assert_true (g_str_has_prefix (*line, "<6>") || g_str_has_prefix (*line, "<7>"));
  g_assert_cmpstr (little, ==, "");
}

static int
listen_on_port (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, len), ==, 0);
  g_assert_cmpint (listen (fd, 100), ==, 0);
  getsockname (fd, (struct sockaddr *) &address, &len);
  *port = ntohs (address.sin_port);
  return fd;
}

/* Clients that came before the server are served too, and in the end the socket is left as it was: those who come then wait. */
static void
test_socket_handed_over (void)
{
  guint16 port;
  int fd = listen_on_port (&port), kept = dup (fd);
  g_autoptr(WpClient) early = wp_client_new (port), late = NULL;
  g_autoptr(Service) service = NULL, next = NULL;

  wp_client_get (early, "/", NULL);
  service = start (fd, "--threads=3", "-d", "delay:0", NULL);
  g_assert_cmpuint (wp_client_read_status (early), ==, 200);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr(WpClient) client = wp_client_new (port);

      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  g_subprocess_send_signal (service->process, SIGTERM);
  g_assert_cmpint (wait_for_end (service), ==, 0);
  await_log (service, "received 101 ");
  late = wp_client_new (port);
  wp_client_get (late, "/", NULL);
  next = start (kept, "-d", "delay:0", NULL);
  g_assert_cmpuint (wp_client_read_status (late), ==, 200);
}

/* From SIGTERM on, a client that comes is the next one's, however long this one takes to end. */
static void
test_socket_left_while_draining (void)
{
  guint16 port;
  int fd = listen_on_port (&port), kept = dup (fd);
  g_autoptr(WpClient) early = wp_client_new (port), late = NULL;
  g_autoptr(Service) service = start (fd, "-d", "delay:1h", "--drain-timeout=1h", NULL), next = NULL;

  wp_client_get (early, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (early), ==, 200);
  g_subprocess_send_signal (service->process, SIGTERM);
  g_assert_true (wp_client_read_end (early));        /* by then it drains */
  late = wp_client_new (port);
  wp_client_get (late, "/", NULL);
  await_told (service, "STOPPING=1");
  await_told (service, "WATCHDOG=1");
  g_subprocess_send_signal (service->process, SIGTERM);
  g_assert_cmpint (wait_for_end (service), ==, 1);
  g_assert_true (wp_client_is_silent (late));
  next = start (kept, "-d", "delay:0", NULL);
  g_assert_cmpuint (wp_client_read_status (late), ==, 200);
}

/* All of its connections are taken; it goes on when they come back. */
static void
test_socket_of_a_full_server (void)
{
  guint16 port;
  int fd = listen_on_port (&port);
  g_autoptr(Service) service = start (fd, "--threads=1", "--max-connections=4", "-d", "delay:0", NULL);
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 6; i++)
    {
      g_ptr_array_add (clients, wp_client_new (port));
      wp_client_get (clients->pdata[i], "/", NULL);
    }
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  g_assert_true (wp_client_is_silent (clients->pdata[4]));
  g_ptr_array_remove_range (clients, 0, 4);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
}

static void
test_not_a_listening_socket (void)
{
  int fds[2];
  g_autoptr(Service) service = NULL;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  service = start_in_vain (fds[0], "-d", "delay:0", NULL);
  g_assert_cmpint (wait_for_end (service), ==, 2);
  await_log (service, "descriptor 3 (http) from systemd is not a listening stream socket\n");
  close (fds[1]);
}

/* Its status; 0: nobody answers. */
static guint
ask_at (const char *path)
{
  static const char request[] = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[1024] = "";
  guint status = 0;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0 && send (fd, request, strlen (request), MSG_NOSIGNAL) > 0 &&
      recv (fd, answer, sizeof answer - 1, 0) > 0)
    sscanf (answer, "HTTP/1.1 %u", &status);
  close (fd);

  return status;
}

static void
test_unix_socket (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-unix-XXXXXX", NULL), *path = g_build_filename (dir, "socket", NULL);
  g_autofree char *option = g_strconcat ("--listen=unix:", path, NULL), *said = g_strconcat ("listening on unix:", path, NULL);

  for (guint round = 0; round < 2; round++)      /* the second finds the file that a dead one left */
    {
      g_autoptr(Service) service = start (-1, option, "--threads=2", "-d", "delay:0", NULL), second = NULL;

      await_told (service, "READY=1");
      await_log (service, said);
      for (guint i = 0; i < 50; i++)
        g_assert_cmpuint (ask_at (path), ==, 200);
      second = start_in_vain (-1, option, "-d", "delay:0", NULL);
      g_assert_cmpint (wait_for_end (second), ==, 2);
      await_log (second, "another server has it");
      g_subprocess_send_signal (service->process, round ? SIGTERM : SIGKILL);
      if (round)
        await_told (service, "STOPPING=1");      /* what it told meanwhile is read, or it would wait for that, as sd_notify() does */
      g_assert_cmpint (wait_for_end (service), ==, round ? 0 : -1);
    }
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  {
    g_autoptr(Service) service = start_in_vain (-1, option, "-d", "delay:0", NULL);

    g_assert_cmpint (wait_for_end (service), ==, 2);
    await_log (service, "it is no socket");
  }
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_rmdir (dir);
}

/* Exposure of at most 2.0 of 10, says systemd of the unit. */
static void
test_unit_is_tight (void)
{
  g_autofree char *program = g_find_program_in_path ("systemd-analyze"), *output = NULL;
  g_autofree char *unit = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "data", "wp-server.service", NULL);
  const char *argv[] = { program, "security", "--offline=true", "--no-pager", "--threshold=20", unit, NULL };
  int status;

  if (!program)
    {
      g_test_skip ("no systemd-analyze");
      return;
    }
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, &output, NULL, &status, NULL));
  g_test_message ("%s", strrchr (g_strchomp (output), '\n') + 1);
  g_assert_cmpint (status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/service/tells-its-manager", test_tells_its_manager);
  g_test_add_func ("/service/lines-for-the-journal", test_lines_for_the_journal);
  g_test_add_func ("/service/socket-handed-over", test_socket_handed_over);
  g_test_add_func ("/service/socket-of-a-full-server", test_socket_of_a_full_server);
  g_test_add_func ("/service/socket-left-while-draining", test_socket_left_while_draining);
  g_test_add_func ("/service/not-a-listening-socket", test_not_a_listening_socket);
  g_test_add_func ("/service/unix-socket", test_unix_socket);
  g_test_add_func ("/service/unit-is-tight", test_unit_is_tight);

  return g_test_run ();
}
