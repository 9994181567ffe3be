/* wp-chunked.h - a chunked body, decoded strictly as it comes: hexadecimal sizes, CRLF alone ends a line, trailers are dropped.
 * Source: RFC 9112, 7.1. */
#pragma once

#include <glib.h>

typedef struct _WpChunked WpChunked;

typedef enum {
  WP_CHUNKED_MORE,           /* all bytes were taken, and more are needed */
  WP_CHUNKED_DONE,
  WP_CHUNKED_BAD,            /* malformed: 400 */
  WP_CHUNKED_TOO_LARGE       /* over @max_bytes, or more than 8 kB of extensions and trailers: 413 */
} WpChunkedState;

WpChunked *wp_chunked_new (guint64 max_bytes);
void wp_chunked_free (WpChunked *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpChunked, wp_chunked_free)

/* Takes bytes; *@used: how many, all of them unless DONE. */
WpChunkedState wp_chunked_feed (WpChunked *self, const char *bytes, gsize len, gsize *used);

gsize wp_chunked_size (const WpChunked *self);      /* bytes of the body so far */

/* Once DONE: (transfer full): the body; NULL: empty. */
GBytes *wp_chunked_steal_body (WpChunked *self);
