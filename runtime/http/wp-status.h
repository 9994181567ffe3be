/* wp-status.h - the statuses of our answers (RFC 9110, 15). */
#pragma once

#include <glib.h>

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
