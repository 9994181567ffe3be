/* wp-watch.h - an eye on the ledger: asks for /stats.json over and over, and fails the test where it does not
 * balance. */
#pragma once

#include <glib.h>

typedef struct _WpWatch WpWatch;

/* on a thread of its own, until the server has gone or the watch is freed */
WpWatch *wp_watch_new (guint16 admin_port);
guint wp_watch_free (WpWatch *self); /* how often it has looked */
