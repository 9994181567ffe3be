/* wp-hosts.h - the values of Host that a listener accepts, against DNS rebinding: a web page whose name was
 * made to resolve to this machine sends its own name in Host. */
#pragma once

#include "runtime/http/wp-request.h"

typedef struct _WpHosts WpHosts;

WpHosts *wp_hosts_new (void); /* addresses and localhost */
void wp_hosts_free (WpHosts *self);
gboolean wp_hosts_equal (const WpHosts *self, const WpHosts *other); /* the same names in the same order */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHosts, wp_hosts_free)

/* Adding a name twice is no error. Returns: FALSE with WP_ERROR_BAD_VALUE if @name is not a host name */
gboolean wp_hosts_add (WpHosts *self, const char *name, GError **error);

/* @host: value of Host, with or without a port. A request without Host is accepted: it is not HTTP/1.1, and
 * not from a browser. */
gboolean wp_hosts_admit (const WpHosts *self, WpSlice host);
