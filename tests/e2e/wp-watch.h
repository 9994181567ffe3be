/* wp-watch.h - watches the ledger: requests /stats.json over and over, and fails the test if it does not
 * balance. */
#pragma once

#include <glib.h>

typedef struct _WpWatch WpWatch;

/* on a thread of its own, until the server has gone or the watch is freed */
WpWatch *wp_watch_new (guint16 admin_port);
guint wp_watch_free (WpWatch *self); /* how often it has looked */
