/* wp-load.h - eight clients that send one request after another, each with an id of its own; every one must
 * be answered with 200. */
#pragma once

#include <glib.h>

typedef struct _WpLoad WpLoad;

WpLoad *wp_load_new (guint16 port, gsize body_bytes);
void wp_load_await (WpLoad *self, guint n); /* waits for @n more answers */

/* Ends it after each client's next answer. Returns: (transfer full) (element-type utf8): the ids, all of
 * which were answered */
GPtrArray *wp_load_end (WpLoad *self);
