#include "runtime/http/wp-refusal.h"

static const struct {
  const char *name;
  guint status;
  const char *text;
} kinds[WP_N_REFUSALS] = {
  [WP_REFUSAL_MALFORMED] = { "malformed", 400, "The request is malformed.\n" },
  [WP_REFUSAL_VERSION] = { "version", 505, "The version of HTTP is not supported: only 1.0 and 1.1 are.\n" },
  [WP_REFUSAL_LINE_SIZE] = { "line_size", 414, "The request line is too long.\n" },
  [WP_REFUSAL_HEAD_SIZE] = { "head_size", 431, "The head of the request is too large.\n" },
  [WP_REFUSAL_BODY_SIZE] = { "body_size", 413, "The payload is too large.\n" },
  [WP_REFUSAL_HEAD_TIMEOUT] = { "head_timeout", 408, "The head of the request did not come in time.\n" },
  [WP_REFUSAL_BODY_TIMEOUT] = { "body_timeout", 408, "The payload did not come in time.\n" },
  [WP_REFUSAL_METHOD] = { "method", 405, "The method is not supported: only GET, POST and PUT are.\n" },
  [WP_REFUSAL_EXPECTATION]
  = { "expectation", 417, "The expectation is not supported: only 100-continue is.\n" },
  [WP_REFUSAL_SERVICE_TIME]
  = { "service_time", 400, "X-WP-Service is not a number of seconds from 0 to 3600.\n" },
  [WP_REFUSAL_UNAUTHORIZED] = { "unauthorized", 401, "A bearer token is needed.\n" },
  [WP_REFUSAL_PLAIN_HTTP] = { "plain_http", 400, "This port speaks TLS: ask by https.\n" },
  [WP_REFUSAL_MEMORY] = { "memory", 503, "The server's memory budget for pending requests is exhausted.\n" },
};

const char *
wp_refusal_name (WpRefusal self)
{
  return kinds[self].name;
}

guint
wp_refusal_status (WpRefusal self)
{
  return kinds[self].status;
}

const char *
wp_refusal_text (WpRefusal self)
{
  return kinds[self].text;
}

WpRefusal
wp_refusal_of_head (guint status)
{
  for (WpRefusal refusal = WP_REFUSAL_VERSION; refusal <= WP_REFUSAL_HEAD_SIZE; refusal++)
    if (kinds[refusal].status == status)
      return refusal;
  return WP_REFUSAL_MALFORMED;
}
