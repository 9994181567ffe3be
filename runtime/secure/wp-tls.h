/* wp-tls.h - the certificate and key that TLS sessions are made with; they can be exchanged while it serves. Any thread. */
#pragma once

#include <glib.h>

#include "runtime/secure/wp-tls-session.h"

typedef struct _WpTls WpTls;

/**
 * wp_tls_new:
 * @certificate: a PEM file: the server's certificate, then the chain up to its authority
 * @key: a PEM file: its private key, without a passphrase
 *
 * Returns: (nullable): NULL with WP_ERROR_IO and one line that names the file
 */
WpTls *wp_tls_new (const char *certificate, const char *key, GError **error);
void wp_tls_free (WpTls *self);

/* Reads both files again, for the sessions to come. FALSE: nothing has changed. */
gboolean wp_tls_reload (WpTls *self, GError **error);

/* A server's session over @fd, which is non-blocking and stays the caller's. */
WpTlsSession *wp_tls_accept (WpTls *self, int fd);
