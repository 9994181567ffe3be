#include "runtime/http/wp-front.h"

#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-stream.h"

#define MAX_KEPT 400             /* connections of libsoup */
#define LAST_WORDS_MS 1000       /* for answers to be written, then for streams to end, when the front is freed */

struct _WpFront {
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  SoupServer *server;
  WpGate *gate;
  WpMailbox *mailbox;
  WpFrontSetup setup;
  gpointer data;
  WpGateAccepted accepted;       /* the lane before libsoup's; NULL: none */
  gpointer accepted_data;
  GDestroyNotify accepted_destroy;
  guint n_soup, n_waiting;       /* connections that libsoup has, and those of them whose request waits; front's thread */
  GSocketAddress *local;         /* what libsoup takes for the server's address */
  int dummy_fd;                  /* other end of the listener that libsoup wants */
  gint draining, stopping;       /* atomic */
};

static GQuark
connection_quark (void)
{
  return g_quark_from_static_string ("wp-connection");
}

/* libsoup tells nothing of a message's stream, but keeps the address that it was given with it. */
WpConnection *
wp_front_get_connection (SoupServerMessage *message)
{
  return g_object_get_qdata (G_OBJECT (soup_server_message_get_remote_address (message)), connection_quark ());
}

static void
on_stream_gone (gpointer data, GObject *stream)
{
  ((WpFront *) data)->n_soup--;
}

void
wp_front_set_waiting (WpFront *self, gboolean waits)
{
  self->n_waiting += waits ? 1 : -1;
}

gboolean
wp_front_has_room (const WpFront *self)
{
  return self->n_soup - self->n_waiting <= MAX_KEPT;
}

void
wp_front_give_to_soup (WpFront *self, WpConnection *connection)
{
  g_autoptr(GIOStream) stream = wp_stream_new (connection);
  g_autoptr(GSocketAddress) remote = g_inet_socket_address_new_from_string ("127.0.0.1", 1);   /* nobody asks who it is */

  g_object_set_qdata (G_OBJECT (remote), connection_quark (), connection);
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, self);
  self->n_soup++;
  soup_server_accept_iostream (self->server, stream, self->local, remote, NULL);
}

static void
on_accepted (WpConnection *connection, gpointer data)
{
  WpFront *self = data;

  if (self->accepted)
    self->accepted (connection, self->accepted_data);
  else
    wp_front_give_to_soup (self, connection);
}

void
wp_front_set_lane (WpFront *self, WpGateAccepted accepted, gpointer data, GDestroyNotify destroy)
{
  self->accepted = accepted;
  self->accepted_data = data;
  self->accepted_destroy = destroy;
}

void
wp_front_set_tls (WpFront *self, WpTls *tls)
{
  wp_gate_set_tls (self->gate, tls);
}

static void
on_finished (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  WpConnection *connection = wp_front_get_connection (message);

  wp_connection_charge (connection, 0);
  wp_connection_enter (connection, WP_CONNECTION_IDLE);
}

/* Without a listener SoupServer 3.2.3 refuses keep-alive; this one never hears anything. */
static void
add_dummy_listener (WpFront *self)
{
  int fds[2];
  g_autoptr(GSocket) socket = NULL;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));
  socket = g_socket_new_from_fd (fds[0], NULL);
  self->dummy_fd = fds[1];
  soup_server_listen_socket (self->server, socket, 0, NULL);
}

static gpointer
run (gpointer data)
{
  WpFront *self = data;

  g_main_context_push_thread_default (self->context);
  self->server = soup_server_new ("raw-paths", TRUE, NULL);
  add_dummy_listener (self);
  g_signal_connect (self->server, "request-finished", G_CALLBACK (on_finished), self);
  self->setup (self, self->server, self->data);
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

/* The gate is made before its thread runs, so that connections already wait in its backlog. */
WpFront *
wp_front_new (const char *name, int listen_fd, const WpGateLimits *limits, WpFrontSetup setup, WpMailboxFunc deliver, gpointer data)
{
  WpFront *self = g_new0 (WpFront, 1);

  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->gate = wp_gate_new (self->context, listen_fd, limits, on_accepted, self);
  if (deliver)
    self->mailbox = wp_mailbox_new (self->context, deliver, data);
  self->setup = setup;
  self->data = data;
  self->local = g_inet_socket_address_new_from_string ("127.0.0.1", 80);
  self->thread = g_thread_new (name, run, self);

  return self;
}

static void
iterate_until_empty (WpFront *self)
{
  gint64 until_us = g_get_monotonic_time () + LAST_WORDS_MS * 1000;

  while (wp_gate_count (self->gate) > 0 && g_get_monotonic_time () < until_us)
    if (!g_main_context_iteration (self->context, FALSE))
      g_usleep (1000);
}

/* First the answers that are on their way, then the connections that have none coming. */
static gboolean
on_end (gpointer data)
{
  WpFront *self = data;

  wp_gate_stop (self->gate);
  iterate_until_empty (self);
  wp_gate_kill_all (self->gate);
  iterate_until_empty (self);
  g_main_loop_quit (self->loop);

  return G_SOURCE_REMOVE;
}

/* On the front's thread, even if that has not begun to run yet: g_main_context_invoke() would call from ours then. */
static void
call (WpFront *self, GSourceFunc func)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

typedef struct {
  WpFront *front;
  int fd;
} Handed;

static gboolean
on_handed (gpointer data)
{
  Handed *self = data;

  wp_gate_add (self->front->gate, self->fd);
  return G_SOURCE_REMOVE;
}

void
wp_front_hand (WpFront *self, int fd)
{
  g_autoptr(GSource) source = g_idle_source_new ();
  Handed *handed = g_new (Handed, 1);

  *handed = (Handed) { self, fd };
  wp_gate_expect (self->gate);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_handed, handed, g_free);
  g_source_attach (source, self->context);
}

void
wp_front_stop (WpFront *self)
{
  if (g_atomic_int_compare_and_exchange (&self->stopping, FALSE, TRUE))
    call (self, on_end);
}

void
wp_front_join (WpFront *self)
{
  wp_front_stop (self);
  if (self->thread)
    g_thread_join (g_steal_pointer (&self->thread));
}

void
wp_front_free (WpFront *self)
{
  wp_front_join (self);

  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_clear_pointer (&self->mailbox, wp_mailbox_free);
  wp_gate_free (self->gate);
  if (self->accepted_destroy)
    self->accepted_destroy (self->accepted_data);
  close (self->dummy_fd);
  g_object_unref (self->local);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_free (self);
}

void
wp_front_post (WpFront *self, gpointer item)
{
  wp_mailbox_post (self->mailbox, item);
}

static gboolean
on_drain (gpointer data)
{
  wp_gate_stop (((WpFront *) data)->gate);
  return G_SOURCE_REMOVE;
}

void
wp_front_drain (WpFront *self)
{
  g_atomic_int_set (&self->draining, TRUE);
  call (self, on_drain);
}

gboolean
wp_front_is_draining (WpFront *self)
{
  return g_atomic_int_get (&self->draining);
}

guint
wp_front_count_connections (WpFront *self)
{
  return wp_gate_count (self->gate);
}

void
wp_front_count_refusal (WpFront *self, WpRefusal why)
{
  wp_gate_count_refusal (self->gate, why);
}

void
wp_front_add_refusals (WpFront *self, guint64 *counts)
{
  wp_gate_add_refusals (self->gate, counts);
}
