/* wp-request.h - the head of a request under a strict grammar: what two parsers could read differently does not pass.
 *
 * Source: RFC 9112 (sections 2 to 6) and RFC 9110 (5.5, 5.6, 7.2, 8.6). Where they leave a server the choice, it refuses. */
#pragma once

#include <glib.h>

#define WP_REQUEST_MAX_HEAD 32768    /* 431 beyond */
#define WP_REQUEST_MAX_LINE 8192     /* of the request line; 414 beyond */

/* Bytes of the head, not NUL-terminated; bytes NULL: not there. */
typedef struct {
  const char *bytes;
  gsize len;
} WpSlice;

typedef struct {
  const char *method;            /* "GET", "POST" or "PUT"; static; NULL: another */
  gboolean is_head;              /* the other is HEAD */
  gboolean old;                  /* HTTP/1.0 */
  WpSlice path, query;           /* of the target: "/" at least, static where an absolute form has no path; "?" and the rest, or empty. Of
                                    another method the target may have any form */
  WpSlice host;                  /* of the field Host; an absolute form names the same */
  WpSlice id, service, content_type;   /* of several the last */
  WpSlice authorization;         /* empty where there are several */
  guint64 content_length;
  gboolean chunked;              /* instead of a content length */
  gboolean expects_continue;     /* the client waits for 100 before it sends its body */
  gboolean expects_other;        /* what we do not know; only libsoup answers that */
  gboolean close;                /* the client wants no other answer on this connection */
  gsize head_len;                /* to the end of the empty line */
} WpRequest;

typedef enum {
  WP_REQUEST_MORE,               /* the head is not whole yet; nothing wrong so far */
  WP_REQUEST_PLAIN,              /* plain ingest: all fields are set */
  WP_REQUEST_OTHER,              /* whole and well formed, but not for the fast lane */
  WP_REQUEST_BAD                 /* to be refused with *@status: 400, 414, 431 or 505 */
} WpRequestKind;

/* @text: @len bytes from the start of a request. Slices point into it, but for a path that is not there. */
WpRequestKind wp_request_parse (const char *text, gsize len, WpRequest *request, guint *status);
