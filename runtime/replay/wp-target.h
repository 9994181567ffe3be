/* wp-target.h - where the requests go: a URL, the one address of its host that answered, and the TLS that it
 * takes. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

#include "runtime/secure/wp-tls.h"

typedef struct _WpTarget WpTarget;

/* http:// or https://, perhaps a user and a password, a host, a port if not 80 or 443, path and query; else
 * NULL with WP_ERROR_USAGE. */
WpTarget *wp_target_new (const char *url, GError **error);

void wp_target_free (WpTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTarget, wp_target_free)

/**
 * wp_target_resolve:
 * @wait_ns: how long a server that is not there yet is waited for
 *
 * Resolves the host and connects once. Blocks.
 *
 * Returns: FALSE with WP_ERROR_IO: `cannot connect to 127.0.0.1:8080: Connection refused; is wp-server
 * running?`
 */
gboolean wp_target_resolve (WpTarget *self, gint64 wait_ns, GError **error);

/**
 * wp_target_load_tls:
 * @ca_path: certificates of authorities that are trusted; NULL: the system's
 * @verify: FALSE: any certificate will do
 *
 * To be called before a connection is opened. Does nothing for http.
 *
 * Returns: FALSE with WP_ERROR_IO
 */
gboolean wp_target_load_tls (WpTarget *self, const char *ca_path, gboolean verify, GError **error);

const char *wp_target_url (const WpTarget *self);           /* without the password */
const char *wp_target_path (const WpTarget *self);          /* "/in/put?a=1" */
const char *wp_target_authority (const WpTarget *self);     /* for Host: "localhost:8080" */
const char *wp_target_host (const WpTarget *self);          /* an IPv6 address without its brackets */
const char *wp_target_authorization (const WpTarget *self); /* of the URL's user: "Basic ..."; NULL: none */

/* After wp_target_resolve(). */
const struct sockaddr *wp_target_address (const WpTarget *self, socklen_t *len);

WpTlsClient *wp_target_tls (const WpTarget *self); /* NULL: http */
