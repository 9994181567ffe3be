#include "runtime/http/wp-http-error.h"

static const struct {
  const char *name;
  guint status;
  const char *text;
} kinds[WP_N_HTTP_ERRORS] = {
  [WP_HTTP_ERROR_MALFORMED] = { "malformed", 400, "The request is malformed.\n" },
  [WP_HTTP_ERROR_VERSION] = { "version", 505, "The HTTP version is not supported: only 1.0 and 1.1 are.\n" },
  [WP_HTTP_ERROR_LINE_SIZE] = { "line_size", 414, "The request line is too long.\n" },
  [WP_HTTP_ERROR_HEAD_SIZE] = { "head_size", 431, "The request head is too large.\n" },
  [WP_HTTP_ERROR_BODY_SIZE] = { "body_size", 413, "The payload is too large.\n" },
  [WP_HTTP_ERROR_HEAD_TIMEOUT] = { "head_timeout", 408, "The request head did not arrive in time.\n" },
  [WP_HTTP_ERROR_BODY_TIMEOUT] = { "body_timeout", 408, "The payload did not arrive in time.\n" },
  [WP_HTTP_ERROR_METHOD] = { "method", 405, "The method is not supported: only GET, POST and PUT are.\n" },
  [WP_HTTP_ERROR_EXPECTATION]
  = { "expectation", 417, "The expectation is not supported: only 100-continue is.\n" },
  [WP_HTTP_ERROR_SERVICE_TIME]
  = { "service_time", 400, "X-WP-Service is not a number of seconds from 0 to 3600.\n" },
  [WP_HTTP_ERROR_UNAUTHORIZED] = { "unauthorized", 401, "A valid bearer token is required.\n" },
  [WP_HTTP_ERROR_PLAIN_HTTP] = { "plain_http", 400, "This port requires TLS: use https.\n" },
  [WP_HTTP_ERROR_MEMORY]
  = { "memory", 503, "The server's memory budget for pending requests is exhausted.\n" },
};

const char *
wp_http_error_name (WpHttpError self)
{
  return kinds[self].name;
}

guint
wp_http_error_status (WpHttpError self)
{
  return kinds[self].status;
}

const char *
wp_http_error_text (WpHttpError self)
{
  return kinds[self].text;
}

WpHttpError
wp_http_error_of_head (guint status)
{
  for (WpHttpError http_error = WP_HTTP_ERROR_VERSION; http_error <= WP_HTTP_ERROR_HEAD_SIZE; http_error++)
    if (kinds[http_error].status == status)
      return http_error;
  return WP_HTTP_ERROR_MALFORMED;
}
