#include "runtime/http/wp-handshake.h"

/* Before the client has said anything OpenSSL is left alone: it would take its buffers. */
static WpTlsProgress
go_on (WpConnection *connection)
{
  if (connection->dead)
    return WP_TLS_FAILED;
  return connection->readable ? wp_tls_session_handshake (connection->tls) : WP_TLS_WAITS;
}

/* WpLane. Who speaks HTTP without TLS gets its answer as it can read it. */
static void
handshake_ready (WpConnection *connection)
{
  WpTlsProgress progress = go_on (connection);

  if (progress == WP_TLS_DONE)
    {
      wp_gate_agreed (connection->gate, connection);
      connection->readable = TRUE; /* OpenSSL may hold bytes already, of which epoll tells nothing */
      connection->lane->ready (connection);
    }
  else if (progress == WP_TLS_PLAIN_HTTP)
    {
      g_clear_pointer (&connection->tls, wp_tls_session_free);
      wp_connection_refuse (connection, WP_REFUSAL_PLAIN_HTTP);
    }
  else if (progress == WP_TLS_FAILED)
    {
      connection->dead = TRUE;
      wp_connection_release (connection);
    }
}

void
wp_handshake_begin (WpConnection *connection, WpTls *tls)
{
  static const WpLane lane = { handshake_ready };

  connection->tls = wp_tls_accept (tls, connection->fd);
  connection->lane = &lane;
  wp_connection_enter (connection, WP_CONNECTION_HANDSHAKE);
}
