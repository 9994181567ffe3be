/* wp-hosts.h - the names by which a listener answers: a page of another site, whose name was made to stand
 * for this machine's address (DNS rebinding), asks by that site's name. */
#pragma once

#include "runtime/http/wp-request.h"

typedef struct _WpHosts WpHosts;

WpHosts *wp_hosts_new (void); /* addresses and localhost */
void wp_hosts_free (WpHosts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHosts, wp_hosts_free)

/* FALSE with WP_ERROR_BAD_VALUE: @name is none. Twice is once. */
gboolean wp_hosts_add (WpHosts *self, const char *name, GError **error);

/* @host: of the field Host, with or without a port; bytes NULL: there was none, which HTTP/1.1 does not
 * allow, and no browser does. */
gboolean wp_hosts_admit (const WpHosts *self, WpSlice host);
