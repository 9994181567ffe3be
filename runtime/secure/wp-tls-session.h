/* wp-tls-session.h - TLS on one non-blocking socket, with calls that behave as recv() and send() do. One thread's at a time.
 *
 * OpenSSL itself and not GTlsConnection: that one runs each handshake in a thread of a small pool, which a few dozen clients that
 * never finish theirs would fill. */
#pragma once

#include <glib.h>

typedef struct _WpTlsSession WpTlsSession;
typedef struct ssl_st SSL;

typedef enum {
  WP_TLS_DONE,
  WP_TLS_WAITS,              /* for the socket */
  WP_TLS_FAILED,
  WP_TLS_PLAIN_HTTP          /* the client speaks HTTP without TLS */
} WpTlsProgress;

WpTlsSession *wp_tls_session_new (SSL *ssl);         /* (transfer full) */
void wp_tls_session_free (WpTlsSession *self);

/* To be called until it no longer waits, then never again. */
WpTlsProgress wp_tls_session_handshake (WpTlsSession *self);

/* Fewer bytes than @size: the socket had no more, or will take no more; -1 with errno, which is EAGAIN, or ECONNRESET for any fault.
 * 0: the client has ended its side, with or without saying so. */
gssize wp_tls_session_read (WpTlsSession *self, void *buffer, gsize size);
gssize wp_tls_session_write (WpTlsSession *self, const void *buffer, gsize size);

/* Tells the client that no more will come, where that is possible without waiting. */
void wp_tls_session_say_goodbye (WpTlsSession *self);
