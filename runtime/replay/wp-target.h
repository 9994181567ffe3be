/* wp-target.h - where the requests go: a URL, and the one address of its host that answered a knock. */
#pragma once

#include <glib.h>
#include <sys/socket.h>

typedef struct _WpTarget WpTarget;

/* http:// or https://, a host, a port if not 80 or 443, path and query; else NULL with WP_ERROR_USAGE. */
WpTarget *wp_target_new (const char *url, GError **error);

void wp_target_free (WpTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTarget, wp_target_free)

/**
 * wp_target_probe:
 *
 * Resolves the host and connects once, so that a server that is not there is one line before the run and not
 * a failure a request. Blocks, 5 s at most an address.
 *
 * Returns: FALSE with WP_ERROR_IO: `cannot connect to 127.0.0.1:8080: Connection refused; is wp-server
 * running?`
 */
gboolean wp_target_probe (WpTarget *self, GError **error);

const char *wp_target_url (const WpTarget *self); /* as given */

/* After the probe: "host:port:address", so that one look-up does for all requests; NULL for an IPv6 address,
 * which needs none. */
const char *wp_target_resolved (const WpTarget *self);

/* After the probe: the address that answered. */
const struct sockaddr *wp_target_address (const WpTarget *self, socklen_t *len);
