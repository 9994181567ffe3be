#include "runtime/http/wp-soup.h"

#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-stream.h"

#define MAX_KEPT 400 /* connections */

struct _WpSoup {
  SoupServer *server;
  WpReader *reader;
  WpResponseBuffer *responses;
  guint n_connections, n_waiting; /* connections of libsoup, and those of them whose request waits */
  GSocketAddress *local;          /* a dummy address of the server */
  int dummy_fd;                   /* other end of the dummy listener */
};

static GQuark
connection_quark (void)
{
  return g_quark_from_static_string ("wp-connection");
}

/* libsoup does not offer a message's stream, but keeps the address that was passed with it. */
WpConnection *
wp_soup_get_connection (SoupServerMessage *message)
{
  return g_object_get_qdata (G_OBJECT (soup_server_message_get_remote_address (message)),
                             connection_quark ());
}

static void
on_stream_gone (gpointer data, GObject *stream)
{
  ((WpSoup *) data)->n_connections--;
}

void
wp_soup_set_waiting (WpSoup *self, gboolean waits)
{
  self->n_waiting += waits ? 1 : -1;
}

gboolean
wp_soup_has_room (const WpSoup *self)
{
  return self->n_connections - self->n_waiting <= MAX_KEPT;
}

/* Passes the connection to libsoup, with the request in @input. */
static void
pass_on (WpSoup *self, WpConnection *connection, const WpSoupInput *input)
{
  g_autoptr (GIOStream) stream = wp_stream_new (connection, input);
  g_autoptr (GSocketAddress) remote = g_inet_socket_address_new_from_string ("127.0.0.1", 1); /* a dummy */

  g_object_set_qdata (G_OBJECT (remote), connection_quark (), connection);
  g_object_weak_ref (G_OBJECT (stream), on_stream_gone, self);
  self->n_connections++;
  soup_server_accept_iostream (self->server, stream, self->local, remote, NULL);
}

/* WpProtocol of a connection before its first complete request. libsoup does not get it yet, since it checks
 * each of its connections at every iteration. */
static void
first_request_ready (WpConnection *connection)
{
  WpSoup *self = connection->protocol_data;
  WpSoupInput input = { self->reader, self->responses };

  wp_soup_input_advance (&input, connection);
  if (input.serving)
    pass_on (self, connection, &input);
  else if (connection->dead || ((input.ended || connection->last) && connection->out_len == 0))
    wp_connection_release (connection);
}

void
wp_soup_adopt (WpSoup *self, WpConnection *connection)
{
  static const WpProtocol protocol = { first_request_ready };

  connection->protocol = &protocol;
  connection->protocol_data = self;
}

static void
on_finished (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  WpConnection *connection = wp_soup_get_connection (message);

  wp_stream_finish_request (connection);
  wp_connection_set_state (connection, WP_CONNECTION_IDLE);
}

/* Without a listener SoupServer 3.2.3 refuses keep-alive. */
static void
add_dummy_listener (WpSoup *self)
{
  int fds[2];
  g_autoptr (GSocket) socket = NULL;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));
  socket = g_socket_new_from_fd (fds[0], NULL);
  self->dummy_fd = fds[1];
  soup_server_listen_socket (self->server, socket, 0, NULL);
}

WpSoup *
wp_soup_new (WpHttpThread *http_thread, WpSoupSetup setup, gpointer data)
{
  WpSoup *self = g_new0 (WpSoup, 1);
  WpReaderRules rules;

  self->local = g_inet_socket_address_new_from_string ("127.0.0.1", 80);
  self->server = soup_server_new ("raw-paths", TRUE, NULL);
  add_dummy_listener (self);
  g_signal_connect (self->server, "request-finished", G_CALLBACK (on_finished), self);
  rules = setup (http_thread, self->server, data);
  self->reader = wp_reader_new (&rules);
  self->responses = wp_response_buffer_new (http_thread);

  return self;
}

void
wp_soup_free (WpSoup *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  wp_reader_free (self->reader);
  wp_response_buffer_free (self->responses);
  g_object_unref (self->local);
  close (self->dummy_fd);
  g_free (self);
}
