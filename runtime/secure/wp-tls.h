/* wp-tls.h - the certificate and key that TLS sessions are made with; they can be exchanged while it serves.
 * Any thread.
 *
 * OpenSSL takes 8 ms to load, and few servers need it: it is in a module, wp-tls.so, whose symbol is
 * wp_tls_class. */
#pragma once

#include <glib.h>

#include "runtime/secure/wp-tls-session.h"

typedef struct _WpTls WpTls;

typedef struct {
  /* @certificate: a PEM file: the server's certificate, then the chain up to its authority. @key: a PEM file:
   * its private key, without a passphrase, which others cannot read. What is not valid today is taken, and
   * reported. Returns: (nullable): NULL with WP_ERROR_IO and one line that names the option and the file */
  WpTls *(*new) (const char *certificate, const char *key, GError **error);
  void (*free) (WpTls *self);

  /* Reads both files again, for the sessions to come. FALSE: nothing has changed. */
  gboolean (*reload) (WpTls *self, GError **error);

  /* A server's session over @fd, which is non-blocking and stays the caller's. */
  WpTlsSession *(*accept) (WpTls *self, int fd);
} WpTlsClass;

/* The head of what the module knows more of. */
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
