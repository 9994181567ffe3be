/* wp-server under a service manager: notifications of ready, watchdog and stop; inherited sockets and Unix
 * sockets. */
#include "tests/e2e/wp-client.h"
#include "tests/e2e/wp-manager.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FEW 100 /* descriptors */

static void
test_notifies_manager (void)
{
  g_autoptr (WpManager) server = wp_manager_start (NULL, "--listen=127.0.0.1:0", "-d", "delay:0", NULL);

  wp_manager_await_told (server, "READY=1\nSTATUS=Default");
  wp_manager_await_told (server, "WATCHDOG=1");
  wp_manager_await_told (server, "WATCHDOG=1");
  wp_manager_signal (server, SIGHUP);
  wp_manager_await_told (server, "RELOADING=1\nMONOTONIC_USEC=");
  wp_manager_await_told (server, "READY=1");
  wp_manager_signal (server, SIGTERM);
  wp_manager_await_told (server, "STOPPING=1");
  g_assert_cmpint (wp_manager_wait (server), ==, 0);
}

/* So often that a manager which waits for 200 ms is content: by the best of ten, since the machine may be
 * busy. */
static void
test_watchdog (void)
{
  g_autoptr (WpManager) server = wp_manager_start (NULL, "--listen=127.0.0.1:0", "-d", "delay:0", NULL);
  gint64 least_us = G_MAXINT64, told_us;

  wp_manager_await_told (server, "WATCHDOG=1");
  told_us = g_get_monotonic_time ();
  for (guint i = 0; i < 10; i++)
    {
      wp_manager_await_told (server, "WATCHDOG=1");
      least_us = MIN (least_us, g_get_monotonic_time () - told_us);
      told_us = g_get_monotonic_time ();
    }
  g_assert_cmpint (least_us, <, 200000);
}

/* Each line has its priority; lines below --log-level are left out; client input is never in them. */
static void
test_log_priorities (void)
{
  g_autoptr (WpManager) all
      = wp_manager_start (NULL, "--listen=127.0.0.1:0", "-d", "delay:0", "--log-level=debug", NULL);
  g_autoptr (WpManager) few
      = wp_manager_start (NULL, "--listen=127.0.0.1:0", "-d", "delay:0", "--log-level=warning", NULL);
  g_autofree char *much = NULL, *little = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 2; i++)
    {
      wp_manager_await_told (i ? few : all, "READY=1");
      wp_manager_signal (i ? few : all, SIGTERM);
      g_assert_cmpint (wp_manager_wait (i ? few : all), ==, 0);
    }
  much = wp_manager_log (all);
  little = wp_manager_log (few);
  lines = g_strsplit (g_strchomp (much), "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), >=, 3);
  for (char **line = lines; *line; line++)
    g_assert_true (g_str_has_prefix (*line, "<6>") || g_str_has_prefix (*line, "<7>"));
  g_assert_cmpstr (little, ==, "");
}

static int
listen_on_port (guint16 *port)
{
  int fd = wp_child_bind_port (port);

  g_assert_cmpint (listen (fd, 1000), ==, 0);
  return fd;
}

/* Clients that connected before the start are served too, and the socket is left open at the end: later
 * clients wait. */
static void
test_socket_handed_over (void)
{
  guint16 port;
  int fd = listen_on_port (&port), kept = dup (fd);
  g_autoptr (WpClient) early = wp_client_new (port), late = NULL;
  g_autoptr (WpManager) server = NULL, next = NULL;

  wp_client_get (early, "/", NULL);
  server = wp_manager_start (&(WpChildTerms){ .socket_fd = fd }, "--threads=3", "-d", "delay:0", NULL);
  g_assert_cmpuint (wp_client_read_status (early), ==, 200);
  for (guint i = 0; i < 100; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (port);

      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_manager_signal (server, SIGTERM);
  g_assert_cmpint (wp_manager_wait (server), ==, 0);
  wp_manager_await_log (server, "received 101 ");
  late = wp_client_new (port);
  wp_client_get (late, "/", NULL);
  next = wp_manager_start (&(WpChildTerms){ .socket_fd = kept }, "-d", "delay:0", NULL);
  g_assert_cmpuint (wp_client_read_status (late), ==, 200);
}

/* From SIGTERM on, a client that comes is the next one's, however long this one takes to end. */
static void
test_socket_queues_during_drain (void)
{
  guint16 port;
  int fd = listen_on_port (&port), kept = dup (fd);
  g_autoptr (WpClient) early = wp_client_new (port), late = NULL;
  g_autoptr (WpManager) server
      = wp_manager_start (&(WpChildTerms){ .socket_fd = fd }, "-d", "delay:1h", "--drain-timeout=1h", NULL),
      next = NULL;

  wp_client_get (early, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (early), ==, 200);
  wp_manager_signal (server, SIGTERM);
  g_assert_true (wp_client_read_end (early)); /* by then it drains */
  late = wp_client_new (port);
  wp_client_get (late, "/", NULL);
  wp_manager_await_told (server, "STOPPING=1");
  wp_manager_await_told (server, "WATCHDOG=1");
  wp_manager_signal (server, SIGTERM);
  g_assert_cmpint (wp_manager_wait (server), ==, 1);
  g_assert_true (wp_client_is_silent (late));
  next = wp_manager_start (&(WpChildTerms){ .socket_fd = kept }, "-d", "delay:0", NULL);
  g_assert_cmpuint (wp_client_read_status (late), ==, 200);
}

/* All of its connections are taken; it goes on when they come back. */
static void
test_socket_of_a_full_server (void)
{
  guint16 port;
  int fd = listen_on_port (&port);
  g_autoptr (WpManager) server = wp_manager_start (&(WpChildTerms){ .socket_fd = fd }, "--threads=3",
                                                   "--max-connections=4", "-d", "delay:0", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

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

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  wp_manager_start_in_vain (fds[0], "descriptor 3 (http) from systemd is not a listening stream socket\n",
                            "-d", "delay:0", NULL);
  close (fds[1]);
}

typedef struct {
  char *dir, *path, *option;
} UnixSocket;

static void
unix_socket_init (UnixSocket *self)
{
  self->dir = g_dir_make_tmp ("wp-unix-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "socket", NULL);
  self->option = g_strconcat ("--listen=unix:", self->path, NULL);
}

static void
unix_socket_clear (UnixSocket *self)
{
  g_assert_cmpint (g_rmdir (self->dir), ==, 0); /* the server has taken it away */
  g_free (self->dir);
  g_free (self->path);
  g_free (self->option);
}

/* -1: refused */
static int
try_unix (const UnixSocket *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, self->path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

static WpClient *
connect_unix (const UnixSocket *self)
{
  int fd = try_unix (self);

  g_assert_cmpint (fd, >=, 0);
  return wp_client_new_on (fd);
}

/* By ::1; NULL: this machine has no IPv6. */
static WpClient *
connect_v6 (guint16 port)
{
  struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0)
    return NULL;
  address.sin6_port = htons (port);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return wp_client_new_on (fd);
}

/* Connections on the fullest of @child's epolls, each a thread's. */
static guint
count_fullest (WpChild *child)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fdinfo", wp_child_pid (child));
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint most = 0;
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)))
    {
      g_autofree char *file = g_build_filename (path, name, NULL), *text = NULL;
      guint n = 0;

      if (g_file_get_contents (file, &text, NULL, NULL))
        for (const char *at = text; (at = strstr (at, "tfd:")); at++)
          n++;
      most = MAX (most, n);
    }
  return most;
}

/* One thread accepts, and gives each connection to the thread that has the fewest. */
static void
test_connections_are_shared_out (void)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpManager) server = NULL;
  UnixSocket place;

  unix_socket_init (&place);
  server = wp_manager_start (NULL, place.option, "--threads=4", "-d", "delay:0", NULL);
  wp_manager_await_told (server, "READY=1");
  for (guint i = 0; i < 40; i++)
    {
      WpClient *client = connect_unix (&place);

      g_ptr_array_add (clients, client);
      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  g_assert_cmpuint (count_fullest (wp_manager_child (server)), ==, 10);
  g_ptr_array_set_size (clients, 0);
  wp_manager_signal (server, SIGTERM);
  g_assert_cmpint (wp_manager_wait (server), ==, 0);
  unix_socket_clear (&place);
}

static void
test_unix_socket (void)
{
  UnixSocket place;
  g_autofree char *said = NULL;

  unix_socket_init (&place);
  said = g_strconcat ("listening on unix:", place.path, NULL);
  for (guint round = 0; round < 2; round++) /* the second finds the file that a dead one left */
    {
      g_autoptr (WpManager) server
          = wp_manager_start (NULL, place.option, "--threads=2", "-d", "delay:0", NULL);

      wp_manager_await_told (server, "READY=1");
      wp_manager_await_log (server, said);
      for (guint i = 0; i < 50; i++)
        {
          g_autoptr (WpClient) client = connect_unix (&place);

          wp_client_get (client, "/", NULL);
          g_assert_cmpuint (wp_client_read_status (client), ==, 200);
        }
      wp_manager_start_in_vain (-1, "another server listens on it", place.option, "-d", "delay:0", NULL);
      wp_manager_signal (server, round ? SIGTERM : SIGKILL);
      g_assert_cmpint (wp_manager_wait (server), ==, round ? 0 : -SIGKILL);
    }
  g_assert_false (g_file_test (place.path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (place.path, "mine", -1, NULL));
  wp_manager_start_in_vain (-1, "it is not a socket", place.option, "-d", "delay:0", NULL);
  g_assert_cmpint (g_unlink (place.path), ==, 0);
  unix_socket_clear (&place);
}

/* Connections are accepted no more. */
static void
await_refusal (const UnixSocket *place)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  int fd;

  while ((fd = try_unix (place)) >= 0)
    {
      close (fd);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
}

/* A server starts while its predecessor still drains, and has the socket when that ends. */
static void
test_unix_socket_of_a_successor (void)
{
  g_autoptr (WpManager) old = NULL, new = NULL;
  g_autoptr (WpClient) held = NULL, client = NULL;
  UnixSocket place;

  unix_socket_init (&place);
  old = wp_manager_start (NULL, place.option, "-d", "delay:request", NULL);
  wp_manager_await_told (old, "READY=1");
  held = connect_unix (&place);
  wp_client_get (held, "/", "X-WP-Service: 1\r\n");
  g_assert_cmpuint (wp_client_read_status (held), ==, 200);
  wp_manager_signal (old, SIGTERM);
  wp_manager_await_told (old, "STOPPING=1");
  await_refusal (&place);
  new = wp_manager_start (NULL, place.option, "-d", "delay:0", NULL);
  wp_manager_await_told (new, "READY=1");
  g_assert_cmpint (wp_manager_wait (old), ==, 0);
  client = connect_unix (&place);
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_manager_signal (new, SIGTERM);
  g_assert_cmpint (wp_manager_wait (new), ==, 0);
  unix_socket_clear (&place);
}

static guint
mode_of (const UnixSocket *place)
{
  struct stat status;

  g_assert_cmpint (g_stat (place->path, &status), ==, 0);
  return status.st_mode & 07777;
}

/* By default the server's group may connect, and nobody else, under any umask. */
static void
test_unix_socket_modes (void)
{
  static const struct {
    const char *option;
    guint mode;
  } modes[] = { { "--log-level=info", 0660 }, { "--socket-mode=0606", 0606 } };
  mode_t before = umask (0077);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (WpManager) server = NULL;
      g_autofree char *admin = NULL;
      UnixSocket place;

      unix_socket_init (&place);
      admin = g_strconcat ("--admin=unix:", place.path, NULL);
      server = wp_manager_start (NULL, i % 2 ? admin : place.option,
                                 i % 2 ? "--listen=127.0.0.1:0" : "--admin=none", modes[i / 2].option, "-d",
                                 "delay:0", NULL);
      wp_manager_await_told (server, "READY=1");
      g_assert_cmpuint (mode_of (&place), ==, modes[i / 2].mode);
      wp_manager_signal (server, SIGTERM);
      g_assert_cmpint (wp_manager_wait (server), ==, 0);
      unix_socket_clear (&place); /* an admin's socket is gone, too */
    }
  umask (before);
}

/* One of three that start at the same moment has the port. */
static void
test_starts_at_once (void)
{
  for (guint round = 0; round < 10; round++)
    {
      g_autofree char *option = NULL;
      WpManager *servers[3];
      guint16 port;
      guint n_serving = 0;
      int fd = wp_child_bind_port (&port);

      option = g_strdup_printf ("--listen=127.0.0.1:%u", port);
      for (guint i = 0; i < 3; i++)
        servers[i] = wp_manager_start (NULL, option, "--threads=2", "-d", "delay:0", NULL);
      for (guint i = 0; i < 3; i++)
        {
          gboolean serves = FALSE;

          while (!serves && !wp_child_wait (wp_manager_child (servers[i]), g_get_monotonic_time () + 1000))
            {
              g_autofree char *log = wp_manager_log (servers[i]);

              serves = strstr (log, "listening on ") != NULL;
            }
          n_serving += serves;
        }
      for (guint i = 0; i < 3; i++)
        wp_manager_free (servers[i]);
      close (fd);
      g_assert_cmpuint (n_serving, ==, 1);
    }
}

/* By every address of a name, on each of its threads. */
static void
test_every_address (void)
{
  g_autoptr (WpManager) server
      = wp_manager_start (NULL, "--listen=*:0", "--threads=2", "-d", "delay:0", NULL);
  g_autofree char *log = NULL;
  const char *first;
  guint port;

  wp_manager_await_log (server, "http://0.0.0.0:");
  log = wp_manager_log (server);
  first = strstr (log, "http://0.0.0.0:");
  g_assert_true (first && sscanf (first, "http://0.0.0.0:%u/", &port) == 1);
  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (WpClient) client = i % 2 ? connect_v6 ((guint16) port) : NULL;

      if (!client)
        client = wp_client_new ((guint16) port);
      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_manager_signal (server, SIGTERM);
  g_assert_cmpint (wp_manager_wait (server), ==, 0);
}

/* Clients that had connected at SIGTERM, and were not accepted yet, are served. */
static void
test_unix_backlog_is_served (void)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpManager) server = NULL;
  UnixSocket place;

  unix_socket_init (&place);
  server = wp_manager_start (NULL, place.option, "--threads=2", "-d", "delay:0", "--drain-timeout=90s", NULL);
  wp_manager_await_told (server, "READY=1");
  wp_manager_signal (server, SIGSTOP);
  for (guint i = 0; i < 200; i++)
    {
      g_ptr_array_add (clients, connect_unix (&place));
      wp_client_get (clients->pdata[i], "/", NULL);
    }
  wp_manager_signal (server, SIGTERM);
  wp_manager_signal (server, SIGCONT);
  for (guint i = 0; i < 200; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  g_assert_cmpint (wp_manager_wait (server), ==, 0);
  unix_socket_clear (&place);
}

/* More have come than it has descriptors for, and @late is one more: it sleeps until some leave, and nobody
 * is lost. */
static void
check_without_descriptors (WpManager *server, GPtrArray *clients, WpClient *late)
{
  gint64 cpu_us;

  for (guint i = 0; i < 20; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  wp_manager_await_log (server, "cannot accept connections for now: Too many open files");
  cpu_us = wp_child_cpu_us (wp_manager_child (server));
  g_usleep (G_USEC_PER_SEC); /* a second is watched, not awaited */
  g_assert_cmpint (wp_child_cpu_us (wp_manager_child (server)) - cpu_us, <, 300000);
  g_assert_true (wp_client_is_silent (late));
  g_ptr_array_remove_range (clients, 0, 2 * FEW - 20);
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  g_assert_cmpuint (wp_client_read_status (late), ==, 200);
}

static void
test_socket_without_descriptors (void)
{
  guint16 port;
  int fd = listen_on_port (&port);
  g_autoptr (WpManager) server
      = wp_manager_start (&(WpChildTerms){ .socket_fd = fd, .files = FEW }, "--threads=2",
                          "--max-connections=1000", "-d", "delay:0", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpClient) late = NULL;

  wp_manager_await_told (server, "READY=1");
  for (guint i = 0; i < 2 * FEW; i++)
    {
      g_ptr_array_add (clients, wp_client_new (port));
      wp_client_get (clients->pdata[i], "/", NULL);
    }
  late = wp_client_new (port);
  wp_client_get (late, "/", NULL);
  check_without_descriptors (server, clients, late);
}

static void
test_unix_socket_without_descriptors (void)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpManager) server = NULL;
  g_autoptr (WpClient) late = NULL;
  UnixSocket place;

  unix_socket_init (&place);
  server = wp_manager_start (&(WpChildTerms){ .files = FEW }, place.option, "--threads=2",
                             "--max-connections=1000", "-d", "delay:0", NULL);
  wp_manager_await_told (server, "READY=1");
  for (guint i = 0; i < 2 * FEW; i++)
    {
      g_ptr_array_add (clients, connect_unix (&place));
      wp_client_get (clients->pdata[i], "/", NULL);
    }
  late = connect_unix (&place);
  wp_client_get (late, "/", NULL);
  check_without_descriptors (server, clients, late);
  wp_manager_signal (server, SIGTERM);
  g_assert_cmpint (wp_manager_wait (server), ==, 0);
  unix_socket_clear (&place);
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
  g_test_add_func ("/systemd/notifies-manager", test_notifies_manager);
  g_test_add_func ("/systemd/watchdog", test_watchdog);
  g_test_add_func ("/systemd/log-priorities", test_log_priorities);
  g_test_add_func ("/systemd/socket-handed-over", test_socket_handed_over);
  g_test_add_func ("/systemd/socket-of-a-full-server", test_socket_of_a_full_server);
  g_test_add_func ("/systemd/socket-queues-during-drain", test_socket_queues_during_drain);
  g_test_add_func ("/systemd/not-a-listening-socket", test_not_a_listening_socket);
  g_test_add_func ("/systemd/socket-without-descriptors", test_socket_without_descriptors);
  g_test_add_func ("/systemd/unix-socket", test_unix_socket);
  g_test_add_func ("/systemd/connections-are-shared-out", test_connections_are_shared_out);
  g_test_add_func ("/systemd/unix-socket-of-a-successor", test_unix_socket_of_a_successor);
  g_test_add_func ("/systemd/unix-socket-modes", test_unix_socket_modes);
  g_test_add_func ("/systemd/starts-at-once", test_starts_at_once);
  g_test_add_func ("/systemd/every-address", test_every_address);
  g_test_add_func ("/systemd/unix-backlog-is-served", test_unix_backlog_is_served);
  g_test_add_func ("/systemd/unix-socket-without-descriptors", test_unix_socket_without_descriptors);
  g_test_add_func ("/systemd/unit-is-tight", test_unit_is_tight);

  return g_test_run ();
}
