/* wp-reply.h - answers as bytes, head and body in one piece; the usual one is made once a second. One thread's. */
#pragma once

#include <glib.h>

typedef struct {
  gint64 second;                 /* of date */
  char date[32];                 /* IMF-fixdate (RFC 9110, 5.6.7) */
  char ok[160];                  /* the whole 200 of this second */
  gsize ok_len;
} WpReplyCache;

#define WP_REPLY_CHALLENGE "Bearer realm=\"wp\""   /* WWW-Authenticate of a 401 (RFC 6750, 3) */

/* The body, a line for people, of the answer to a request that came as far as the queue: 200, 422, 502 or 503. */
const char *wp_reply_text (guint status);

/* Appends the answer with this status and body; @close: says that the connection ends with it. */
void wp_reply_append (WpReplyCache *cache, GString *out, guint status, const char *text, gboolean close);
