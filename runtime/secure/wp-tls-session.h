/* wp-tls-session.h - TLS on one non-blocking socket, with calls that behave as recv() and send() do. One
 * thread's at a time.
 *
 * OpenSSL itself and not GTlsConnection: that one runs each handshake in a thread of a small pool, which a
 * few dozen clients that never finish theirs would fill. */
#pragma once

#include <glib.h>

typedef struct _WpTlsSession WpTlsSession;

typedef enum {
  WP_TLS_DONE,
  WP_TLS_WAITS, /* for the socket */
  WP_TLS_FAILED,
  WP_TLS_PLAIN_HTTP /* the client speaks HTTP without TLS */
} WpTlsProgress;

typedef struct {
  void (*free) (WpTlsSession *self);

  /* To be called until it no longer waits, then never again. */
  WpTlsProgress (*handshake) (WpTlsSession *self);

  /* Fewer bytes than @size: the socket had no more, or will take no more; -1 with errno, which is EAGAIN, or
   * ECONNRESET for any fault. 0: the client has ended its side, with or without saying so. */
  gssize (*read) (WpTlsSession *self, void *buffer, gsize size);
  gssize (*write) (WpTlsSession *self, const void *buffer, gsize size);

  /* Has the client ended its side, with or without saying so, and sent nothing before that? Reads ahead, but
   * takes nothing. @waits: nothing has come that the socket would not report. */
  gboolean (*is_ended) (WpTlsSession *self, gboolean *waits);

  /* Tells the client that no more will come, where that is possible without waiting. */
  void (*say_goodbye) (WpTlsSession *self);
} WpTlsSessionClass;

/* The head of what the module knows more of. */
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
wp_tls_session_say_goodbye (WpTlsSession *self)
{
  self->class->say_goodbye (self);
}
