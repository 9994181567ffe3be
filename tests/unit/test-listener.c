/* test-listener.c - connections are accepted while there are slots and descriptors; others wait, and none is
 * lost. */
#include "runtime/http/wp-listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-listen-socket.h"

#define N_CLIENTS 3

typedef struct {
  WpListener *listener;
  struct sockaddr_in address;
  int epoll_fd;
  int clients[N_CLIENTS];
  GArray *accepted; /* (element-type int) */
  WpSlots *slots;
} Fixture;

static void
on_accepted (gpointer data, int fd)
{
  Fixture *self = data;

  g_assert_true (fcntl (fd, F_GETFL) & O_NONBLOCK);
  g_array_append_val (self->accepted, fd);
}

static void
close_accepted (gpointer fd)
{
  close (*(int *) fd);
}

static void
connect_clients (Fixture *self)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      self->clients[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      g_assert_cmpint (connect (self->clients[i], (struct sockaddr *) &self->address, sizeof self->address),
                       ==, 0);
    }
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  socklen_t len = sizeof self->address;
  WpListenSocket listen;

  g_assert_true (wp_listen_socket_open (&listen, "127.0.0.1:0", 1, NULL, &error));
  g_assert_cmpint (getsockname (listen.fds[0], (struct sockaddr *) &self->address, &len), ==, 0);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->accepted = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (self->accepted, close_accepted);
  self->slots = wp_slots_new (GPOINTER_TO_UINT (data));
  self->listener = wp_listener_new (g_main_context_default (), self->epoll_fd, listen.fds[0], self->slots,
                                    on_accepted, self);
  wp_listen_socket_clear (&listen);
  connect_clients (self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_pointer (&self->listener, wp_listener_free);
  g_array_unref (self->accepted);
  for (guint i = 0; i < N_CLIENTS; i++)
    close (self->clients[i]);
  close (self->epoll_fd);
  wp_slots_free (self->slots);
}

/* Does the epoll report the listener now? */
static gboolean
is_told (const Fixture *self)
{
  struct epoll_event event = { .data.ptr = (gpointer) self };
  int n = epoll_wait (self->epoll_fd, &event, 1, 0);

  g_assert_cmpint (n, >=, 0);
  g_assert_true (n == 0 || event.data.ptr == NULL);
  return n > 0;
}

/* With one slot fewer than clients. */
static void
test_full (Fixture *self, gconstpointer data)
{
  g_assert_true (is_told (self));
  wp_listener_accept (self->listener);
  g_assert_cmpuint (self->accepted->len, ==, N_CLIENTS - 1);
  g_assert_false (is_told (self)); /* else the loop would spin as long as it is full */
  g_assert_false (g_main_context_iteration (NULL, FALSE));

  wp_slots_release (self->slots);
  while (self->accepted->len < N_CLIENTS)
    g_main_context_iteration (NULL, TRUE);
  /* It was the last slot, and the listener does not look for clients until it has another. */
  g_assert_false (is_told (self));
}

/* Nobody waits any more when its turn comes: the slot is the next one's, and the listener is looked at again.
 */
static void
test_slot_not_needed (Fixture *self, gconstpointer data)
{
  WpSlotTaker other = { NULL };

  wp_listener_accept (self->listener);
  g_assert_cmpuint (self->accepted->len, ==, N_CLIENTS);
  wp_listener_accept (self->listener); /* as if the epoll had reported a client that has left */
  wp_slots_release (self->slots);
  g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (self->accepted->len, ==, N_CLIENTS);
  g_assert_true (wp_slots_take (self->slots, &other));
}

static void
set_file_limit (rlim_t limit)
{
  struct rlimit files;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &files), ==, 0);
  files.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &files), ==, 0);
}

/* Out of descriptors it lets go of the epoll, says so once, and comes back by itself. */
static void
test_no_descriptors (Fixture *self, gconstpointer data)
{
  struct rlimit before;
  int next = dup (0);

  close (next);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  set_file_limit ((rlim_t) next);
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "cannot accept connections for now: *");
  wp_listener_accept (self->listener);
  wp_listener_accept (self->listener);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (self->accepted->len, ==, 0);
  g_assert_false (is_told (self));

  set_file_limit (before.rlim_cur);
  while (self->accepted->len < N_CLIENTS)
    g_main_context_iteration (NULL, TRUE);
}

/* A client that connected before the end is served; a later one is refused at once. */
static void
test_end (Fixture *self, gconstpointer data)
{
  int late = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  wp_listener_accept_backlog (self->listener);
  g_clear_pointer (&self->listener, wp_listener_free);
  g_assert_cmpuint (self->accepted->len, ==, N_CLIENTS);
  g_assert_false (is_told (self));
  g_assert_cmpint (connect (late, (struct sockaddr *) &self->address, sizeof self->address), <, 0);
  close (late);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/listener/full", Fixture, GUINT_TO_POINTER (N_CLIENTS - 1), set_up, test_full, tear_down);
  g_test_add ("/listener/slot-not-needed", Fixture, GUINT_TO_POINTER (N_CLIENTS), set_up,
              test_slot_not_needed, tear_down);
  g_test_add ("/listener/no-descriptors", Fixture, GUINT_TO_POINTER (N_CLIENTS), set_up, test_no_descriptors,
              tear_down);
  g_test_add ("/listener/end", Fixture, GUINT_TO_POINTER (N_CLIENTS + 1), set_up, test_end, tear_down);

  return g_test_run ();
}
