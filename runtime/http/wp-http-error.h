/* wp-http-error.h - why a request was turned away before it could make a job: how it is answered, and the
 * name it is counted by. */
#pragma once

#include <glib.h>

typedef enum {
  WP_HTTP_ERROR_MALFORMED,
  WP_HTTP_ERROR_VERSION,
  WP_HTTP_ERROR_LINE_SIZE,
  WP_HTTP_ERROR_HEAD_SIZE,
  WP_HTTP_ERROR_BODY_SIZE,
  WP_HTTP_ERROR_HEAD_TIMEOUT,
  WP_HTTP_ERROR_BODY_TIMEOUT,
  WP_HTTP_ERROR_METHOD,
  WP_HTTP_ERROR_EXPECTATION,
  WP_HTTP_ERROR_SERVICE_TIME,
  WP_HTTP_ERROR_UNAUTHORIZED,
  WP_HTTP_ERROR_PLAIN_HTTP,
  WP_HTTP_ERROR_MEMORY,
  WP_N_HTTP_ERRORS
} WpHttpError;

const char *wp_http_error_name (WpHttpError self); /* "malformed" and the like */
guint wp_http_error_status (WpHttpError self);
const char *wp_http_error_text (WpHttpError self); /* one line for people, the body of the answer */

/* What the parser of heads means by @status: 400, 414, 431 or 505. */
WpHttpError wp_http_error_of_head (guint status);
