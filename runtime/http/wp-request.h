/* wp-request.h - a strict incremental parser of request heads: it rejects input that two parsers could read
 * differently, and reads each byte once, however the input is split.
 *
 * Source: RFC 9112 (sections 2 to 6) and RFC 9110 (5.5, 5.6, 7.2, 8.6). Where they leave the choice to the
 * server, the parser rejects. */
#pragma once

#include <glib.h>

#define WP_REQUEST_MAX_HEAD   32768 /* 431 beyond */
#define WP_REQUEST_MAX_LINE   8192  /* of the request line; 414 beyond */
#define WP_REQUEST_MAX_STORED 1024  /* of an id or a content type; 400 beyond */

/* Bytes of the head, not NUL-terminated; bytes NULL: missing. */
typedef struct {
  const char *bytes;
  gsize len;
} WpSlice;

typedef struct {
  const char *method;  /* "GET", "POST" or "PUT"; static; NULL: another */
  gboolean is_head;    /* the method is HEAD */
  gboolean old;        /* HTTP/1.0 */
  WpSlice path, query; /* of the target: at least "/", static for an absolute form without a path; "?" and the
                          rest, or empty. With another method the target may have any form */
  WpSlice host;        /* of the field Host, or of an absolute form, which is equal */
  WpSlice id;          /* the last of several equal ones */
  WpSlice service, content_type; /* the last of several */
  WpSlice authorization;         /* empty if there are several */
  guint64 content_length;
  gboolean chunked;          /* instead of a content length */
  gboolean expects_continue; /* the client waits for 100 before it sends its body */
  gboolean expects_other;    /* an unsupported expectation */
  gboolean close;            /* the connection must close after the response */
  gsize head_len;            /* including the empty line */
} WpRequest;

typedef enum {
  WP_REQUEST_MORE, /* the head is incomplete, and valid so far */
  WP_REQUEST_WHOLE,
  WP_REQUEST_BAD /* refuse it with @status */
} WpRequestKind;

/* Position of a part of the head. */
typedef struct {
  guint32 pos, len;
} WpSpan;

/* Initially all zero except @secure. */
typedef struct {
  gboolean secure;   /* received over TLS, so that "https" is accepted too */
  guint status;      /* if BAD: 400, 414, 431 or 505 */
  WpRequest request; /* valid if WHOLE; method and is_head as soon as they are parsed */

  /* Private. */
  int state;
  guint32 pos;  /* the next byte */
  guint32 mark; /* begin of the current part */
  gboolean has_host, has_length, has_encoding, has_authorization, keep_alive;
  WpSpan name, target, host, id, service, content_type, authorization;
} WpRequestParser;

/* @text: @len bytes from the start of a request: those of the last call, perhaps moved, and more. The slices
 * of a WHOLE request point into it. */
WpRequestKind wp_request_parse (WpRequestParser *self, const char *text, gsize len);

/* Returns: TRUE if the @len bytes that were parsed so far are empty lines. */
gboolean wp_request_is_blank (const WpRequestParser *self, gsize len);

/* Updates the slices of a WHOLE request after its head was moved to @text. */
void wp_request_move (WpRequestParser *self, const char *text);
