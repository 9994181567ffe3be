/* wp-tls-session.h - TLS on a non-blocking socket, with calls that behave like recv() and send(). For one
 * thread at a time.
 *
 * It uses OpenSSL directly: GTlsConnection runs each handshake in a small thread pool, which a few dozen
 * clients could block by never completing theirs. */
#pragma once

#include <glib.h>

typedef struct _WpTlsSession WpTlsSession;

typedef enum {
  WP_TLS_DONE,
  WP_TLS_WAITS, /* until the socket is ready */
  WP_TLS_FAILED,
  WP_TLS_PLAIN_HTTP /* the client sent plain HTTP */
} WpTlsProgress;

typedef struct {
  void (*free) (WpTlsSession *self);

  /* Call it until it no longer returns WAITS. */
  WpTlsProgress (*handshake) (WpTlsSession *self);

  /* Returns: fewer bytes than @size if the socket has or takes no more; -1 with EAGAIN, or with ECONNRESET
   * for any error; 0: the client has ended its side, with or without close_notify. */
  gssize (*read) (WpTlsSession *self, void *buffer, gsize size);
  gssize (*write) (WpTlsSession *self, const void *buffer, gsize size);

  /* Returns: TRUE if the client has ended its side, with or without close_notify, and no data is left to
   * read. Reads ahead, but consumes nothing. @waits: (out): the socket will report any further input. */
  gboolean (*is_ended) (WpTlsSession *self, gboolean *waits);

  /* Sends close_notify, if that is possible without blocking. */
  void (*send_close_notify) (WpTlsSession *self);
} WpTlsSessionClass;

/* The base of the module's type. */
struct _WpTlsSession {
  const WpTlsSessionClass *class;
};

static inline void
wp_tls_session_free (WpTlsSession *self)
{
  self->class->free (self);
}

static inline WpTlsProgress
wp_tls_session_handshake (WpTlsSession *self)
{
  return self->class->handshake (self);
}

static inline gssize
wp_tls_session_read (WpTlsSession *self, void *buffer, gsize size)
{
  return self->class->read (self, buffer, size);
}

static inline gssize
wp_tls_session_write (WpTlsSession *self, const void *buffer, gsize size)
{
  return self->class->write (self, buffer, size);
}

static inline gboolean
wp_tls_session_is_ended (WpTlsSession *self, gboolean *waits)
{
  return self->class->is_ended (self, waits);
}

static inline void
wp_tls_session_send_close_notify (WpTlsSession *self)
{
  self->class->send_close_notify (self);
}
