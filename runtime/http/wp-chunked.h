/* wp-chunked.h - a chunked body, decoded strictly as it comes: what two parsers could read differently does
 * not pass, trailers are read and thrown away. Source: RFC 9112, 7.1. */
#pragma once

#include <glib.h>

/* All zero at first but for @max_bytes; holds no memory. */
typedef struct {
  guint64 max_bytes;  /* of the body */
  guint64 body_bytes; /* of it so far */
  guint64 left_bytes; /* of this chunk */
  gsize extra_bytes;  /* noughts before sizes, extensions and trailers so far */
  int state;
} WpChunked;

typedef enum {
  WP_CHUNKED_MORE, /* all bytes were taken, and more are needed */
  WP_CHUNKED_DONE,
  WP_CHUNKED_BAD,      /* malformed: 400 */
  WP_CHUNKED_TOO_LARGE /* over @max_bytes, or more than 8 kB of extensions and trailers: 413 */
} WpChunkedState;

/* Takes bytes and decodes them where they are. *@used: how many were taken, all of them unless DONE;
 * *@n_body: how many bytes of the body are at @bytes now. */
WpChunkedState wp_chunked_feed (WpChunked *self, char *bytes, gsize len, gsize *used, gsize *n_body);
