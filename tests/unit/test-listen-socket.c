/* test-listen-socket.c - every address of a name; no port is shared with another server, in any order of
 * starts; and the file of a Unix socket. */
#include "runtime/http/wp-listen-socket.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define N_STARTS 4
#define N_ROUNDS 100

static const WpSocketAccess usual = { .mode = 0660 };

/* In the place of the system's: names with several addresses, which not every machine has. */
int
getaddrinfo (const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
  static const char *const names[][3] = { { "two.test", "127.0.0.1", "127.0.0.2" },
                                          { "partly.test", "240.0.0.1", "127.0.0.1" },
                                          { "absent.test", "240.0.0.1", "240.0.0.2" },
                                          { "same.test", "127.0.0.1", "127.0.0.1" } };
  typeof (getaddrinfo) *system = (typeof (getaddrinfo) *) dlsym (RTLD_NEXT, "getaddrinfo");

  for (guint i = 0; name && i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (name, names[i][0]))
      return system (names[i][1], service, hints, found) != 0
                 ? EAI_FAIL
                 : system (names[i][2], service, hints, &(*found)->ai_next);
  return system (name, service, hints, found);
}

static gboolean
can_connect (const char *host, guint port)
{
  struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *found;
  g_autofree char *service = g_strdup_printf ("%u", port);
  gboolean ok;
  int fd;

  g_assert_cmpint (getaddrinfo (host, service, &hints, &found), ==, 0);
  fd = socket (found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ok = fd >= 0 && connect (fd, found->ai_addr, found->ai_addrlen) == 0;
  if (fd >= 0)
    close (fd);
  freeaddrinfo (found);

  return ok;
}

static void
close_all (WpListenSocket *listen, guint n)
{
  for (guint i = 0; i < n * listen->n_addresses; i++)
    close (listen->fds[i]);
  wp_listen_socket_clear (listen);
}

static guint
port_of (const WpListenSocket *listen)
{
  return (guint) g_ascii_strtoull (strrchr (listen->bound[0], ':') + 1, NULL, 10);
}

static void
test_every_address (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *second = NULL;
  WpListenSocket listen;

  g_assert_true (wp_listen_socket_open (&listen, "two.test:0", 3, &usual, &error));
  second = g_strdup_printf ("127.0.0.2:%u", port_of (&listen));
  g_assert_cmpuint (listen.n_addresses, ==, 2);
  g_assert_cmpstr (listen.bound[1], ==, second);
  for (guint i = 0; i < 20; i++)
    g_assert_true (can_connect ("127.0.0.1", port_of (&listen))
                   && can_connect ("127.0.0.2", port_of (&listen)));
  close_all (&listen, 3);

  g_assert_true (wp_listen_socket_open (&listen, "same.test:0", 1, &usual, &error));
  g_assert_cmpuint (listen.n_addresses, ==, 1);
  close_all (&listen, 1);
}

/* "*" and "localhost" are what they are on this machine. */
static void
test_every_address_of_the_machine (void)
{
  static const char *const names[][3]
      = { { "*:0", "127.0.0.1", "::1" }, { "localhost:0", "127.0.0.1", "::1" } };
  static const char *const families[][2] = { { "127.0.0.1", "0.0.0.0" }, { "[::1]", "[::]" } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      WpListenSocket listen;
      guint n_met = 0;

      g_assert_true (wp_listen_socket_open (&listen, names[i][0], 2, &usual, &error));
      for (guint j = 0; j < G_N_ELEMENTS (families); j++)
        for (guint k = 0; k < listen.n_addresses; k++)
          if (g_str_has_prefix (listen.bound[k], families[j][0])
              || g_str_has_prefix (listen.bound[k], families[j][1]))
            {
              g_assert_true (can_connect (names[i][1 + j], port_of (&listen)));
              n_met++;
            }
      g_assert_cmpuint (n_met, ==, listen.n_addresses);
      close_all (&listen, 2);
    }
}

static void
test_absent_addresses (void)
{
  g_autoptr (GError) error = NULL;
  WpListenSocket listen;

  g_test_expect_message (NULL, G_LOG_LEVEL_MESSAGE,
                         "not listening on 240.0.0.1:0: Cannot assign requested address");
  g_assert_true (wp_listen_socket_open (&listen, "partly.test:0", 1, &usual, &error));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (listen.n_addresses, ==, 1);
  g_assert_true (g_str_has_prefix (listen.bound[0], "127.0.0.1:"));
  close_all (&listen, 1);

  g_test_expect_message (NULL, G_LOG_LEVEL_MESSAGE, "not listening on 240.0.0.2:0: *");
  g_assert_false (wp_listen_socket_open (&listen, "absent.test:0", 1, &usual, &error));
  g_test_assert_expected_messages ();
  g_assert_cmpstr (error->message, ==, "cannot listen on absent.test:0: Cannot assign requested address");
}

/* One of the addresses is another server's: none is taken, and the error says which. */
static void
test_one_address_taken (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL, *expected = NULL;
  WpListenSocket other, listen;

  g_assert_true (wp_listen_socket_open (&other, "127.0.0.2:0", 1, &usual, &error));
  text = g_strdup_printf ("two.test:%u", port_of (&other));
  expected = g_strdup_printf (
      "cannot listen on %s (127.0.0.2:%u): Address already in use; another server listens on this port", text,
      port_of (&other));
  g_assert_false (wp_listen_socket_open (&listen, text, 2, &usual, &error));
  g_assert_cmpstr (error->message, ==, expected);
  g_assert_false (can_connect ("127.0.0.1", port_of (&other)));
  close_all (&other, 1);
}

typedef struct {
  const char *address;
  pthread_barrier_t *barrier;
  WpListenSocket listen;
  gboolean ok;
  GError *error;
} Start;

static gpointer
start (gpointer data)
{
  Start *self = data;

  pthread_barrier_wait (self->barrier);
  self->ok = wp_listen_socket_open (&self->listen, self->address, 2, &usual, &self->error);
  return NULL;
}

/* @n_sockets: of the one that has it. */
static void
check_one_has_it (const char *address, guint n_sockets)
{
  pthread_barrier_t barrier;
  GThread *threads[N_STARTS];
  Start starts[N_STARTS];
  guint n_ok = 0;

  pthread_barrier_init (&barrier, NULL, N_STARTS);
  for (guint i = 0; i < N_STARTS; i++)
    {
      starts[i] = (Start){ .address = address, .barrier = &barrier };
      threads[i] = g_thread_new ("start", start, &starts[i]);
    }
  for (guint i = 0; i < N_STARTS; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < N_STARTS; i++)
    {
      n_ok += starts[i].ok;
      if (!starts[i].ok)
        g_assert_nonnull (strstr (starts[i].error->message, "; another server listens on "));
      g_clear_error (&starts[i].error);
      if (starts[i].ok)
        close_all (&starts[i].listen, n_sockets);
    }
  g_assert_cmpuint (n_ok, ==, 1);
  pthread_barrier_destroy (&barrier);
}

static void
test_port_is_never_shared (void)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *address = NULL;
      WpListenSocket listen;

      g_assert_true (wp_listen_socket_open (&listen, "127.0.0.1:0", 1, &usual, &error));
      address = g_strdup (listen.bound[0]);
      close_all (&listen, 1);
      check_one_has_it (address, 2);
    }
}

typedef struct {
  char *dir, *path, *address;
} Place;

static void
set_up (Place *self, gconstpointer data)
{
  self->dir = g_dir_make_tmp ("wp-listen-XXXXXX", NULL);
  self->path = g_build_filename (self->dir, "socket", NULL);
  self->address = g_strconcat ("unix:", self->path, NULL);
}

static void
tear_down (Place *self, gconstpointer data)
{
  g_assert_cmpint (g_rmdir (self->dir), ==, 0); /* nothing is left in it */
  g_free (self->dir);
  g_free (self->path);
  g_free (self->address);
}

/* As a dead server leaves it. */
static void
leave_stale (const Place *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, self->path, sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  close (fd);
}

static void
test_file_is_never_shared (Place *self, gconstpointer data)
{
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      if (i % 2)
        leave_stale (self);
      check_one_has_it (self->address, 1);
    }
}

/* Mode and group do not depend on the umask. */
static void
test_mode_and_group (Place *self, gconstpointer data)
{
  static const guint modes[] = { 0660, 0666, 0600, 0777 };
  mode_t before = umask (0077);
  gid_t groups[1] = { getgid () };
  struct stat status;

  if (geteuid () == 0)
    groups[0] = getgid () + 1; /* one's own, where one may give it to no other */
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;
      WpSocketAccess access = { modes[i], i % 2, groups[0] };
      WpListenSocket listen;

      umask (i % 2 ? 0077 : 0);
      g_assert_true (wp_listen_socket_open (&listen, self->address, 1, &access, &error));
      g_assert_cmpint (lstat (self->path, &status), ==, 0);
      g_assert_cmpuint (status.st_mode, ==, S_IFSOCK | modes[i]);
      g_assert_cmpuint (status.st_gid, ==, i % 2 ? groups[0] : getgid ());
      close_all (&listen, 1);
    }
  umask (before);
}

/* The file is another server's by now: it stays. */
static void
test_successor_keeps_its_file (Place *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  WpListenSocket old, new;

  g_assert_true (wp_listen_socket_open (&old, self->address, 1, &usual, &error));
  close (old.fds[0]); /* it accepts no more */
  g_assert_true (wp_listen_socket_open (&new, self->address, 1, &usual, &error));
  wp_listen_socket_clear (&old);
  g_assert_true (g_file_test (self->path, G_FILE_TEST_EXISTS));
  close_all (&new, 1);
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/listen-socket/every-address", test_every_address);
  g_test_add_func ("/listen-socket/every-address-of-the-machine", test_every_address_of_the_machine);
  g_test_add_func ("/listen-socket/absent-addresses", test_absent_addresses);
  g_test_add_func ("/listen-socket/one-address-taken", test_one_address_taken);
  g_test_add_func ("/listen-socket/port-is-never-shared", test_port_is_never_shared);
  g_test_add ("/listen-socket/file-is-never-shared", Place, NULL, set_up, test_file_is_never_shared,
              tear_down);
  g_test_add ("/listen-socket/mode-and-group", Place, NULL, set_up, test_mode_and_group, tear_down);
  g_test_add ("/listen-socket/successor-keeps-its-file", Place, NULL, set_up, test_successor_keeps_its_file,
              tear_down);

  return g_test_run ();
}
