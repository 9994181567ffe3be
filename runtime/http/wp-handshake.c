#include "runtime/http/wp-handshake.h"

/* OpenSSL would allocate its buffers, so it is not called before the client has sent something. */
static WpTlsProgress
advance (WpConnection *connection)
{
  if (connection->dead)
    return WP_TLS_FAILED;
  return connection->readable ? wp_tls_session_handshake (connection->tls) : WP_TLS_WAITS;
}

/* WpProtocol. Plain HTTP on a TLS port is answered 400 in plain HTTP. */
static void
handshake_ready (WpConnection *connection)
{
  WpTlsProgress progress = advance (connection);

  if (progress == WP_TLS_DONE)
    {
      connection->host->class->handshake_done (connection->host, connection);
      connection->readable = TRUE; /* OpenSSL may hold bytes already, which epoll does not report */
      connection->protocol->ready (connection);
    }
  else if (progress == WP_TLS_PLAIN_HTTP)
    {
      g_clear_pointer (&connection->tls, wp_tls_session_free);
      wp_connection_refuse (connection, WP_HTTP_ERROR_PLAIN_HTTP);
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
  static const WpProtocol protocol = { handshake_ready };

  connection->tls = wp_tls_accept (tls, connection->fd);
  connection->protocol = &protocol;
  wp_connection_set_state (connection, WP_CONNECTION_HANDSHAKE);
}
