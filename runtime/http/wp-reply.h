/* wp-reply.h - formats answers, head and body in one piece; the usual 200 is cached for a second. For one
 * thread.
 */
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
  WP_REPLY_CLOSE = 1,      /* Connection: close */
  WP_REPLY_KEEP_ALIVE = 2, /* Connection: keep-alive, for HTTP/1.0 */
  WP_REPLY_BODILESS = 4    /* to HEAD: the same head without the body */
} WpReplyFlags;

#define WP_REPLY_CHALLENGE "Bearer realm=\"wp\"" /* WWW-Authenticate of a 401 (RFC 6750, 3) */

/* Returns: the body of the answer to a request that became a job: 200, 422, 502 or 503. */
const char *wp_reply_text (guint status);

/* @text: the body */
void wp_reply_append (WpReplyCache *cache, GString *out, guint status, const char *text, WpReplyFlags flags);

/* The statuses of our answers (RFC 9110, 15). */
typedef enum {
  WP_STATUS_OK = 200,
  WP_STATUS_BAD_REQUEST = 400,
  WP_STATUS_UNAUTHORIZED = 401,
  WP_STATUS_METHOD_NOT_ALLOWED = 405,
  WP_STATUS_MISDIRECTED = 421,
  WP_STATUS_UNPROCESSABLE = 422,
  WP_STATUS_BAD_GATEWAY = 502,
  WP_STATUS_UNAVAILABLE = 503
} WpStatus;

/* "Not Found" and the like. */
const char *wp_status_phrase (guint status);
