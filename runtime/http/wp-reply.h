/* wp-reply.h - answers as bytes, head and body in one piece; the usual one is made once a second. One
 * thread's. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 second; /* of date */
  char date[32]; /* IMF-fixdate (RFC 9110, 5.6.7) */
  char ok[160];  /* the whole 200 of this second */
  gsize ok_len;
  char ok_kept[192]; /* the same with WP_REPLY_KEEP_ALIVE */
  gsize ok_kept_len;
} WpReplyCache;

typedef enum {
  WP_REPLY_CLOSE = 1,      /* says that the connection ends with it */
  WP_REPLY_KEEP_ALIVE = 2, /* says that it does not, which HTTP/1.0 would take for granted otherwise */
  WP_REPLY_BODILESS = 4    /* to HEAD: the same head, and no body */
} WpReplyFlags;

#define WP_REPLY_CHALLENGE "Bearer realm=\"wp\"" /* WWW-Authenticate of a 401 (RFC 6750, 3) */

/* The body, a line for people, of the answer to a request that came as far as the queue: 200, 422, 502 or
 * 503. */
const char *wp_reply_text (guint status);

/* Appends the answer with this status and body. */
void wp_reply_append (WpReplyCache *cache, GString *out, guint status, const char *text, WpReplyFlags flags);
