/* Standard error that is not read: requests are served and stored all the same, and the server ends in
 * time. */
#include "tests/e2e/wp-child.h"
#include "tests/e2e/wp-client.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  char *dir, *database;
  WpChild *child;
  int read_fd, write_fd; /* of the pipe that is its standard error */
  guint16 port;
} Server;

/* Reads lines until one has @text; the rest is left unread. */
static char *
await_line (const Server *self, const char *text)
{
  g_autoptr (GString) all = g_string_new (NULL);
  char byte;

  do
    {
      g_assert_cmpint (read (self->read_fd, &byte, 1), ==, 1);
      g_string_append_c (all, byte);
    }
  while (byte != '\n' || !strstr (all->str, text));

  return g_string_free (g_steal_pointer (&all), FALSE);
}

/* The pipe takes no more after this. */
static void
fill (Server *self)
{
  char filler[4096];

  memset (filler, ' ', sizeof filler);
  g_assert_cmpint (fcntl (self->write_fd, F_SETFL, O_NONBLOCK), ==, 0); /* the server's too */
  while (write (self->write_fd, filler, sizeof filler) > 0)
    ;
  while (write (self->write_fd, filler, 1) > 0)
    ;
  g_assert_cmpint (errno, ==, EAGAIN);
  g_assert_cmpint (fcntl (self->write_fd, F_SETFL, 0), ==, 0);
  close (self->write_fd);
}

static void
server_start (Server *self, gconstpointer data)
{
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-server", NULL),
                  *hello = NULL;
  char *argv[]
      = { program, "--listen=127.0.0.1:0", "--admin=none", "--ack=stored", "--drain-timeout=1s", NULL };
  WpChildTerms terms = { 0 };
  guint port;
  int fds[2];

  self->dir = g_dir_make_tmp ("wp-log-XXXXXX", NULL);
  self->database = g_build_filename (self->dir, "wp.db", NULL);
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  self->read_fd = fds[0];
  self->write_fd = terms.log_fd = fds[1];
  self->child = wp_child_new (self->dir, argv, &terms);
  hello = await_line (self, "listening on");
  port = (guint) atoi (strstr (hello, "http://127.0.0.1:") + strlen ("http://127.0.0.1:"));
  self->port = (guint16) port;
}

static void
server_clear (Server *self, gconstpointer data)
{
  static const char *const names[]
      = { "wp.db", "wp.db-wal", "wp.db-shm", "away.db", WP_CHILD_LOG, WP_CHILD_OUTPUT };

  wp_child_free (self->child);
  close (self->read_fd);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (self->dir, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (self->dir);
  g_free (self->database);
  g_free (self->dir);
}

static void
post (const Server *self)
{
  g_autoptr (WpClient) client = wp_client_new (self->port);

  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* The thread that stores has something to say, and nobody listens. */
static void
store_and_say (Server *self)
{
  g_autofree char *away = g_build_filename (self->dir, "away.db", NULL);

  post (self);
  fill (self);
  g_assert_cmpint (g_rename (self->database, away), ==, 0);
  for (guint i = 0; i < 5; i++)
    post (self);
}

static int
end (const Server *self)
{
  wp_child_signal (self->child, SIGTERM);
  g_assert_true (wp_child_wait (self->child, g_get_monotonic_time () + WP_PATIENCE_US));
  return wp_child_status (self->child);
}

static void
test_never_read (Server *self, gconstpointer data)
{
  store_and_say (self);
  g_assert_cmpint (end (self), ==, 0);
}

static gpointer
read_all (gpointer data)
{
  const Server *self = data;
  GString *all = g_string_new (NULL);
  char block[4096];
  gssize n;

  while ((n = read (self->read_fd, block, sizeof block)) > 0)
    g_string_append_len (all, block, n);
  g_assert_cmpint (n, ==, 0);

  return g_string_free (all, FALSE);
}

/* It is read late, while the server ends: not a line is lost. */
static void
test_read_late (Server *self, gconstpointer data)
{
  g_autofree char *said = NULL;
  GThread *reader;

  store_and_say (self);
  wp_child_signal (self->child, SIGTERM);
  reader = g_thread_new ("reader", read_all, self);
  g_assert_true (wp_child_wait (self->child, g_get_monotonic_time () + WP_PATIENCE_US));
  g_assert_cmpint (wp_child_status (self->child), ==, 0);
  said = g_thread_join (reader);
  g_assert_nonnull (strstr (said, "was removed or replaced"));
  g_assert_nonnull (strstr (said, "draining for at most 1.00 s"));
  g_assert_nonnull (strstr (said, "ledger: received 6 + recovered 0 = stored 6 "));
  g_assert_nonnull (strstr (said, ": it balances"));
  g_assert_null (strstr (said, "were dropped here"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/log-unread/never-read", Server, NULL, server_start, test_never_read, server_clear);
  g_test_add ("/log-unread/read-late", Server, NULL, server_start, test_read_late, server_clear);

  return g_test_run ();
}
