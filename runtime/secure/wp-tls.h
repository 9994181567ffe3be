/* wp-tls.h - the certificate and key of TLS sessions; they can be replaced at run time. Any thread.
 *
 * OpenSSL takes 8 ms to load, and few servers need it, so it is in a module, wp-tls.so, with the symbol
 * wp_tls_class.
 */
#pragma once

#include <glib.h>

/* TLS on a non-blocking socket, with calls that behave like recv() and send(). For one thread at a time.
 *
 * It uses OpenSSL directly: GTlsConnection runs each handshake in a small thread pool, which a few dozen
 * clients could block by never completing theirs. */
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

typedef struct _WpTls WpTls;

typedef struct {
  /* @certificate: a PEM file: the server's certificate, then its chain. @key: a PEM file: the private key
   * without a passphrase, which others cannot read. A certificate that is not valid today is used with a
   * warning. Returns: (nullable): NULL with WP_ERROR_IO and one line that names the option and the file */
  WpTls *(*new) (const char *certificate, const char *key, GError **error);
  void (*free) (WpTls *self);

  /* Reads both files again, for new sessions. FALSE with an error: the old ones stay in use. */
  gboolean (*reload) (WpTls *self, GError **error);

  /* Returns: a server session over @fd, which is non-blocking and not owned. */
  WpTlsSession *(*accept) (WpTls *self, int fd);
} WpTlsClass;

/* The base of the module's type. */
struct _WpTls {
  const WpTlsClass *class;
};

extern const WpTlsClass wp_tls_class;

static inline void
wp_tls_free (WpTls *self)
{
  self->class->free (self);
}

static inline gboolean
wp_tls_reload (WpTls *self, GError **error)
{
  return self->class->reload (self, error);
}

static inline WpTlsSession *
wp_tls_accept (WpTls *self, int fd)
{
  return self->class->accept (self, fd);
}

/* TLS sessions of a client, which verifies the server's certificate. For one thread at a time. In the module
 * too, with the symbol wp_tls_client_class. */
typedef struct _WpTlsClient WpTlsClient;

typedef struct {
  /* @ca_path: a PEM file of the authorities that are trusted; NULL: the system's. @verify: FALSE: any
   * certificate will do. Returns: (nullable): NULL with WP_ERROR_IO and one line that names the option and
   * the file */
  WpTlsClient *(*new) (const char *ca_path, gboolean verify, GError **error);
  void (*free) (WpTlsClient *self);

  /* A client's session over @fd, which is non-blocking and stays the caller's. @host: the name or address
   * that the certificate must be for. */
  WpTlsSession *(*connect) (WpTlsClient *self, int fd, const char *host);

  /* Why the handshake of @session failed: "hostname mismatch". Static. */
  const char *(*explain) (WpTlsSession *session);
} WpTlsClientClass;

/* The base of the module's type. */
struct _WpTlsClient {
  const WpTlsClientClass *class;
};

extern const WpTlsClientClass wp_tls_client_class;

static inline void
wp_tls_client_free (WpTlsClient *self)
{
  self->class->free (self);
}

static inline WpTlsSession *
wp_tls_client_connect (WpTlsClient *self, int fd, const char *host)
{
  return self->class->connect (self, fd, host);
}

static inline const char *
wp_tls_client_explain (WpTlsClient *self, WpTlsSession *session)
{
  return self->class->explain (session);
}
