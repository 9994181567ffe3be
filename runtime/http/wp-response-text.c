#include "runtime/http/wp-response-text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define KEPT "Connection: keep-alive\r\n"

static const char success[] = "Success!!";

static const struct {
  guint status;
  const char *phrase;
} phrases[] = {
  { 200, "OK" },
  { 400, "Bad Request" },
  { 401, "Unauthorized" },
  { 403, "Forbidden" },
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

/* Not strftime(), which follows the locale. */
static void
format_date (char date[32], time_t now)
{
  static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
  static const char months[][4]
      = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  struct tm tm;

  gmtime_r (&now, &tm);
  g_snprintf (date, 32, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
              months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static gsize
format_ok (char *out, gsize size, const char *date, const char *fields)
{
  return (gsize) g_snprintf (out, size,
                             "HTTP/1.1 200 OK\r\nDate: %s\r\n%sContent-Type: text/plain\r\n"
                             "Content-Length: %zu\r\n\r\n%s",
                             date, fields, strlen (success), success);
}

static void
refresh (WpResponseTextCache *self)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec == self->second)
    return;
  self->second = now.tv_sec;
  format_date (self->date, now.tv_sec);
  self->ok_len = format_ok (self->ok, sizeof self->ok, self->date, "");
  self->ok_kept_len = format_ok (self->ok_kept, sizeof self->ok_kept, self->date, KEPT);
}

const char *
wp_response_text_body (guint status)
{
  switch (status)
    {
    case WP_STATUS_OK:
      return success;
    case WP_STATUS_UNPROCESSABLE:
      return "This X-Request-Id is stored with another payload.\n";
    case WP_STATUS_BAD_GATEWAY:
      return "The database failed; the payload is not stored.\n";
    default:
      return "The server cannot accept the request now: "
             "its queue is full, it cannot store, or it is stopping.\n";
    }
}

/* Extra fields of a status. */
static const char *
fields_of (guint status)
{
  switch (status)
    {
    case WP_STATUS_UNAUTHORIZED:
      return "WWW-Authenticate: " WP_RESPONSE_TEXT_CHALLENGE "\r\n";
    case WP_STATUS_METHOD_NOT_ALLOWED:
      return "Allow: GET, POST, PUT\r\n";
    case WP_STATUS_UNAVAILABLE:
      return "Retry-After: 1\r\n";
    default:
      return "";
    }
}

static const char *
connection_of (WpResponseTextFlags flags)
{
  return flags & WP_RESPONSE_TEXT_CLOSE        ? "Connection: close\r\n"
         : flags & WP_RESPONSE_TEXT_KEEP_ALIVE ? KEPT
                                               : "";
}

void
wp_response_text_append (WpResponseTextCache *self, GString *out, guint status, const char *text,
                         WpResponseTextFlags flags)
{
  refresh (self);
  if (status == WP_STATUS_OK && flags == 0)
    g_string_append_len (out, self->ok, (gssize) self->ok_len);
  else if (status == WP_STATUS_OK && flags == WP_RESPONSE_TEXT_KEEP_ALIVE)
    g_string_append_len (out, self->ok_kept, (gssize) self->ok_kept_len);
  else
    g_string_append_printf (out,
                            "HTTP/1.1 %u %s\r\nDate: %s\r\n%s%sContent-Type: text/plain\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            status, wp_status_phrase (status), self->date, connection_of (flags),
                            fields_of (status), strlen (text), flags & WP_RESPONSE_TEXT_BODILESS ? "" : text);
}
