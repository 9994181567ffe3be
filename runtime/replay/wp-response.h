/* wp-response.h - the parser of one response in HTTP/1.1 or 1.0 (RFC 9112). It is given bytes as they come,
 * and keeps none of them but a line that is not whole yet. A plain value, zero at first. */
#pragma once

#include <glib.h>

typedef enum {
  WP_RESPONSE_MORE,
  WP_RESPONSE_DONE,
  WP_RESPONSE_BAD /* @fault says why; no further byte is taken */
} WpResponseProgress;

typedef enum {
  WP_RESPONSE_STATUS_LINE,
  WP_RESPONSE_HEADERS,
  WP_RESPONSE_BODY, /* of a known length */
  WP_RESPONSE_BODY_TO_END,
  WP_RESPONSE_CHUNK_SIZE,
  WP_RESPONSE_CHUNK,
  WP_RESPONSE_CHUNK_END,
  WP_RESPONSE_TRAILERS
} WpResponseStage;

typedef struct {
  WpResponseStage stage;
  guint16 status;      /* 200 to 999; 1xx are passed over */
  gboolean to_head;    /* the request was a HEAD */
  gboolean is_begun;   /* a byte has come */
  gboolean keeps;      /* the connection can carry a further request after it */
  gboolean is_old;     /* HTTP/1.0 */
  gboolean says_close; /* Connection */
  gboolean says_keep;
  gboolean has_retry;  /* Retry-After */
  gboolean has_length; /* Content-Length */
  gboolean is_coded;   /* Transfer-Encoding */
  gboolean is_chunked; /* its last coding */
  guint head_bytes;    /* of this head, or of the trailers */
  guint64 left;        /* bytes of the body, or of the chunk, that have not come */
  GString *line;       /* the result of one; NULL */
  const char *fault;   /* static */
} WpResponse;

void wp_response_begin (WpResponse *self, gboolean to_head);
void wp_response_clear (WpResponse *self);

/* @used: how many of @bytes belong to this response. To be called again only after MORE. */
WpResponseProgress wp_response_take (WpResponse *self, const char *bytes, gsize len, gsize *used);

/* The connection has ended, after MORE: DONE if it was the end that this body was waiting for, else BAD. */
WpResponseProgress wp_response_end (WpResponse *self);
