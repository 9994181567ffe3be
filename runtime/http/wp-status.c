#include "runtime/http/wp-status.h"

static const struct {
  guint status;
  const char *phrase;
} phrases[] = {
  { 200, "OK" },
  { 400, "Bad Request" },
  { 401, "Unauthorized" },
  { 405, "Method Not Allowed" },
  { 408, "Request Timeout" },
  { 413, "Content Too Large" },
  { 414, "URI Too Long" },
  { 417, "Expectation Failed" },
  { 421, "Misdirected Request" },
  { 422, "Unprocessable Content" },
  { 431, "Request Header Fields Too Large" },
  { 502, "Bad Gateway" },
  { 503, "Service Unavailable" },
  { 505, "HTTP Version Not Supported" },
};

const char *
wp_status_phrase (guint status)
{
  for (guint i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == status)
      return phrases[i].phrase;
  return "Unknown";
}
