/* wp-chunked.h - a strict incremental decoder of chunked bodies: it rejects input that two parsers could read
 * differently, and discards trailers. Source: RFC 9112, 7.1. */
#pragma once

#include <glib.h>

/* Initially all zero except @max_bytes; owns no memory. */
typedef struct {
  guint64 max_bytes;  /* limit of the body */
  guint64 body_bytes; /* of the body so far */
  guint64 left_bytes; /* of this chunk */
  gsize extra_bytes;  /* leading zeros, extensions and trailers so far */
  int state;
} WpChunked;

typedef enum {
  WP_CHUNKED_MORE, /* all bytes were consumed, and more are needed */
  WP_CHUNKED_DONE,
  WP_CHUNKED_BAD,      /* malformed: 400 */
  WP_CHUNKED_TOO_LARGE /* over @max_bytes, or more than 8 kB of extensions and trailers: 413 */
} WpChunkedState;

/* Decodes @bytes in place. @used: (out): bytes consumed, all of them unless DONE; @n_body: (out): bytes of
 * the body, now at @bytes */
WpChunkedState wp_chunked_feed (WpChunked *self, char *bytes, gsize len, gsize *used, gsize *n_body);
