#include "runtime/secure/wp-openssl-session.h"

#include <errno.h>
#include <openssl/err.h>

typedef struct {
  WpTlsSession base;
  SSL *ssl;
  gboolean failed;      /* OpenSSL forbids all further calls */
  unsigned long reason; /* of the failure, as OpenSSL numbers them; 0: none is known */
} OpensslSession;

static void
session_free (WpTlsSession *base)
{
  OpensslSession *self = (OpensslSession *) base;

  SSL_free (self->ssl);
  g_free (self);
}

/* @result: <= 0, of an OpenSSL call. Clears the thread's error queue. */
static WpTlsProgress
progress_of (OpensslSession *self, int result)
{
  int reason = SSL_get_error (self->ssl, result);
  unsigned long error = ERR_peek_error ();
  gboolean http = ERR_GET_REASON (error) == SSL_R_HTTP_REQUEST;

  ERR_clear_error ();
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
    return WP_TLS_WAITS;
  if (reason == SSL_ERROR_ZERO_RETURN)
    return WP_TLS_DONE;
  self->failed = TRUE;
  self->reason = error;
  return http ? WP_TLS_PLAIN_HTTP : WP_TLS_FAILED;
}

static WpTlsProgress
session_handshake (WpTlsSession *base)
{
  OpensslSession *self = (OpensslSession *) base;
  int result = SSL_do_handshake (self->ssl);
  WpTlsProgress progress = result == 1 ? WP_TLS_DONE : progress_of (self, result);

  /* a close_notify during the handshake is a failure */
  return result != 1 && progress == WP_TLS_DONE ? WP_TLS_FAILED : progress;
}

/* @n bytes were transferred before a call failed. */
static gssize
outcome (gsize n, WpTlsProgress progress)
{
  if (n > 0)
    return (gssize) n;
  errno = progress == WP_TLS_WAITS ? EAGAIN : ECONNRESET;
  return -1;
}

/* One call reads at most one record. The socket may hold more, which an edge-triggered epoll would not report
 * again, so this reads until it has to wait. */
static gssize
session_read (WpTlsSession *base, void *buffer, gsize size)
{
  OpensslSession *self = (OpensslSession *) base;
  gsize n = 0, got;

  while (n < size && !self->failed)
    {
      int result = SSL_read_ex (self->ssl, (char *) buffer + n, size - n, &got);
      WpTlsProgress progress = result == 1 ? WP_TLS_DONE : progress_of (self, result);

      if (result != 1)
        return n == 0 && progress == WP_TLS_DONE ? 0 : outcome (n, progress);
      n += got;
    }
  errno = ECONNRESET;
  return n > 0 || size == 0 ? (gssize) n : -1;
}

/* Once the client has ended its side, OpenSSL reports a failed write as that end. */
static WpTlsProgress
progress_of_write (OpensslSession *self, int result)
{
  WpTlsProgress progress = progress_of (self, result);

  self->failed = progress != WP_TLS_WAITS;
  return progress;
}

static gssize
session_write (WpTlsSession *base, const void *buffer, gsize size)
{
  OpensslSession *self = (OpensslSession *) base;
  gsize n = 0, put;

  while (n < size && !self->failed)
    {
      int result = SSL_write_ex (self->ssl, (const char *) buffer + n, size - n, &put);

      if (result <= 0)
        return outcome (n, progress_of_write (self, result));
      n += put;
    }
  errno = ECONNRESET;
  return n > 0 || size == 0 ? (gssize) n : -1;
}

static gboolean
session_is_ended (WpTlsSession *base, gboolean *waits)
{
  OpensslSession *self = (OpensslSession *) base;
  char byte;
  int result = self->failed ? 0 : SSL_peek (self->ssl, &byte, 1);
  WpTlsProgress progress = self->failed || result > 0 ? WP_TLS_DONE : progress_of (self, result);

  *waits = progress == WP_TLS_WAITS;
  return result <= 0 && !*waits;
}

static void
session_send_close_notify (WpTlsSession *base)
{
  OpensslSession *self = (OpensslSession *) base;

  if (!self->failed && SSL_is_init_finished (self->ssl))
    SSL_shutdown (self->ssl);
  ERR_clear_error ();
}

WpTlsSession *
wp_openssl_session_new (SSL *ssl)
{
  static const WpTlsSessionClass class = { session_free,  session_handshake, session_read,
                                           session_write, session_is_ended,  session_send_close_notify };
  OpensslSession *self = g_new (OpensslSession, 1);

  *self = (OpensslSession){ { &class }, ssl, FALSE, 0 };
  return &self->base;
}

const char *
wp_openssl_session_explain (WpTlsSession *session)
{
  const OpensslSession *self = (const OpensslSession *) session;
  long verified = SSL_get_verify_result (self->ssl);
  const char *reason = self->reason ? ERR_reason_error_string (self->reason) : NULL;

  if (verified != X509_V_OK && (SSL_get_verify_mode (self->ssl) & SSL_VERIFY_PEER))
    return X509_verify_cert_error_string (verified);
  return reason ? reason : "the connection was closed";
}
