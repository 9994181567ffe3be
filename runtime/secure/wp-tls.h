/* wp-tls.h - the certificate and key of TLS sessions; they can be replaced at run time. Any thread.
 *
 * OpenSSL takes 8 ms to load, and few servers need it, so it is in a module, wp-tls.so, with the symbol
 * wp_tls_class.
 */
#pragma once

#include <glib.h>

#include "runtime/secure/wp-tls-session.h"

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
