/* wp-request.h - the head of a request under a strict grammar: what two parsers could read differently does
 * not pass. It is parsed as it comes: no byte is looked at twice, in however many pieces.
 *
 * Source: RFC 9112 (sections 2 to 6) and RFC 9110 (5.5, 5.6, 7.2, 8.6). Where they leave a server the choice,
 * it refuses. */
#pragma once

#include <glib.h>

#define WP_REQUEST_MAX_HEAD   32768 /* 431 beyond */
#define WP_REQUEST_MAX_LINE   8192  /* of the request line; 414 beyond */
#define WP_REQUEST_MAX_STORED 1024  /* of an id or a content type; 400 beyond */

/* Bytes of the head, not NUL-terminated; bytes NULL: not there. */
typedef struct {
  const char *bytes;
  gsize len;
} WpSlice;

typedef struct {
  const char *method;  /* "GET", "POST" or "PUT"; static; NULL: another */
  gboolean is_head;    /* the other is HEAD */
  gboolean old;        /* HTTP/1.0 */
  WpSlice path, query; /* of the target: "/" at least, static where an absolute form has no path; "?" and the
                          rest, or empty. Of another method the target may have any form */
  WpSlice host;        /* of the field Host, or of an absolute form, which names the same */
  WpSlice id;          /* of several, which are equal, the last */
  WpSlice service, content_type; /* of several the last */
  WpSlice authorization;         /* empty where there are several */
  guint64 content_length;
  gboolean chunked;          /* instead of a content length */
  gboolean expects_continue; /* the client waits for 100 before it sends its body */
  gboolean expects_other;    /* what we do not know */
  gboolean close;            /* the client wants no other answer on this connection */
  gsize head_len;            /* to the end of the empty line */
} WpRequest;

typedef enum {
  WP_REQUEST_MORE, /* the head is not whole yet; nothing wrong so far */
  WP_REQUEST_WHOLE,
  WP_REQUEST_BAD /* to be refused with @status */
} WpRequestKind;

/* Where a part of the head is. */
typedef struct {
  guint32 at, len;
} WpSpan;

/* All zero at first but for @secure. */
typedef struct {
  gboolean secure;   /* it came by TLS, so that "https" is our scheme too */
  guint status;      /* of a bad one: 400, 414, 431 or 505 */
  WpRequest request; /* of a whole one; of another, method and is_head as soon as they are known */

  /* The parser's own. */
  int state;
  guint32 at;   /* the next byte */
  guint32 mark; /* where what it is in began */
  gboolean has_host, has_length, has_encoding, has_authorization, keep_alive;
  WpSpan name, target, host, id, service, content_type, authorization;
} WpRequestParser;

/* @text: @len bytes from the start of a request: those of the last call, wherever they are now, and more.
 * Slices point into it once it is whole, but for a path that is not there. */
WpRequestKind wp_request_parse (WpRequestParser *self, const char *text, gsize len);

/* Of @len bytes that were parsed so far: nothing but empty lines, which may come before a request. */
gboolean wp_request_is_blank (const WpRequestParser *self, gsize len);

/* A whole head was moved to @text. */
void wp_request_move (WpRequestParser *self, const char *text);
