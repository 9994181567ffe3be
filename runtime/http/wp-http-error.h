/* wp-http-error.h - the errors for which a request is refused before it becomes a job: the status, the text
 * and the name of the counter of each. */
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
const char *wp_http_error_text (WpHttpError self); /* the body of the response, one line */

/* @status: from the parser of heads: 400, 414, 431 or 505. */
WpHttpError wp_http_error_of_head (guint status);
