/* wp-tls-client.h - TLS sessions of a client, which verifies the server's certificate. For one thread at a
 * time.
 *
 * In the module wp-tls.so, with the symbol wp_tls_client_class. */
#pragma once

#include <glib.h>

#include "runtime/secure/wp-tls-session.h"

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
