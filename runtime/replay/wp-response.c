#include "runtime/replay/wp-response.h"

#include <string.h>

#define MAX_HEAD_BYTES (64 * 1024) /* of a head or of trailers, and so of a line too */
#define SWITCHING      101

void
wp_response_begin (WpResponse *self, gboolean to_head)
{
  wp_response_clear (self);
  *self = (WpResponse){ .to_head = to_head };
}

void
wp_response_clear (WpResponse *self)
{
  if (self->line)
    g_string_free (g_steal_pointer (&self->line), TRUE);
}

static WpResponseProgress
fail (WpResponse *self, const char *fault)
{
  self->fault = fault;
  return WP_RESPONSE_BAD;
}

/* The first bytes of a server that speaks HTTP/2 only: a frame of SETTINGS or GOAWAY (RFC 9113, 4.1). */
static gboolean
is_http2 (const char *bytes, gsize len)
{
  return bytes[0] == 0 && (len < 4 || bytes[3] == 4 || bytes[3] == 7);
}

/* A text that is no response may have no line end: its first bytes are enough. */
static WpResponseProgress
check_start (WpResponse *self, const char *bytes, gsize len)
{
  static const char start[] = "HTTP/1.";

  if (memcmp (bytes, start, MIN (len, strlen (start))) == 0)
    return WP_RESPONSE_MORE;
  return fail (self, is_http2 (bytes, len) || (len >= 6 && memcmp (bytes, "HTTP/2", 6) == 0)
                         ? "the server speaks HTTP/2 only"
                         : "the response is not HTTP/1.1");
}

static WpResponseProgress
take_status_line (WpResponse *self, const char *line, gsize len)
{
  const char *digits = line + strlen ("HTTP/1.x ");

  if (check_start (self, line, len) == WP_RESPONSE_BAD)
    return WP_RESPONSE_BAD;
  if (len < strlen ("HTTP/1.x 200") || !g_ascii_isdigit (line[7]) || line[8] != ' ' || digits[0] < '1'
      || !g_ascii_isdigit (digits[0]) || !g_ascii_isdigit (digits[1]) || !g_ascii_isdigit (digits[2])
      || (len > strlen ("HTTP/1.x 200") && digits[3] != ' '))
    return fail (self, "a bad status line");

  self->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  self->is_old = line[7] == '0';
  self->stage = WP_RESPONSE_HEADERS;
  return WP_RESPONSE_MORE;
}

static gboolean
is_name (const char *name, gsize len, const char *wanted)
{
  return len == strlen (wanted) && g_ascii_strncasecmp (name, wanted, len) == 0;
}

/* The next element of a list (RFC 9110, 5.6.1), without blanks around it; FALSE: there is none. */
static gboolean
next_element (const char **at, const char *end, const char **element, gsize *len)
{
  const char *comma;

  while (*at < end && (**at == ' ' || **at == '\t' || **at == ','))
    ++*at;
  if (*at == end)
    return FALSE;
  comma = memchr (*at, ',', (gsize) (end - *at));
  *element = *at;
  *at = comma ? comma : end;
  for (*len = (gsize) (*at - *element); (*element)[*len - 1] == ' ' || (*element)[*len - 1] == '\t'; --*len)
    ;
  return TRUE;
}

static gboolean
parse_number (const char *text, gsize len, guint base, guint64 *number)
{
  guint64 sum = 0;

  for (gsize i = 0; i < len; i++)
    {
      int digit = g_ascii_xdigit_value (text[i]);

      if (digit < 0 || (guint) digit >= base || __builtin_mul_overflow (sum, base, &sum)
          || __builtin_add_overflow (sum, (guint64) digit, &sum))
        return FALSE;
    }
  *number = sum;
  return len > 0;
}

/* Said twice it is the same, or a fault (RFC 9110, 8.6). */
static WpResponseProgress
take_length (WpResponse *self, const char *value, const char *end)
{
  const char *element;
  gsize len;

  while (next_element (&value, end, &element, &len))
    {
      guint64 length;

      if (!parse_number (element, len, 10, &length) || (self->has_length && length != self->left))
        return fail (self, "a bad Content-Length");
      self->has_length = TRUE;
      self->left = length;
    }
  return self->has_length ? WP_RESPONSE_MORE : fail (self, "a bad Content-Length");
}

static void
take_coding (WpResponse *self, const char *value, const char *end)
{
  const char *element;
  gsize len;

  self->is_coded = TRUE;
  while (next_element (&value, end, &element, &len))
    self->is_chunked = is_name (element, len, "chunked");
}

static void
take_connection (WpResponse *self, const char *value, const char *end)
{
  const char *element;
  gsize len;

  while (next_element (&value, end, &element, &len))
    if (is_name (element, len, "close"))
      self->says_close = TRUE;
    else if (is_name (element, len, "keep-alive"))
      self->says_keep = TRUE;
}

static gboolean
is_token (const char *text, gsize len)
{
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (text[i]) && !strchr ("!#$%&'*+-.^_`|~", text[i]))
      return FALSE;
  return len > 0;
}

static WpResponseProgress
take_field (WpResponse *self, const char *line, gsize len)
{
  const char *end = line + len, *colon = memchr (line, ':', len);
  gsize name_len = colon ? (gsize) (colon - line) : 0;

  if (!is_token (line, name_len) || memchr (line, '\0', len) || memchr (line, '\r', len))
    return fail (self, "a bad header line");
  if (is_name (line, name_len, "content-length"))
    return take_length (self, colon + 1, end);
  if (is_name (line, name_len, "transfer-encoding"))
    take_coding (self, colon + 1, end);
  else if (is_name (line, name_len, "connection"))
    take_connection (self, colon + 1, end);
  else if (is_name (line, name_len, "retry-after"))
    self->has_retry = TRUE;
  return WP_RESPONSE_MORE;
}

/* How the body ends (RFC 9112, 6.3). A body with both a coding and a length may be an attack: the bytes after
 * it are not trusted. */
static WpResponseProgress
end_head (WpResponse *self)
{
  if (self->status == SWITCHING)
    return fail (self, "it switches protocols (101), which nobody asked for");
  if (self->status < 200)
    {
      wp_response_begin (self, self->to_head);
      self->is_begun = TRUE;
      return WP_RESPONSE_MORE;
    }
  self->keeps = !self->says_close && (self->says_keep || !self->is_old);
  if (self->to_head || self->status == 204 || self->status == 304)
    return WP_RESPONSE_DONE;

  self->keeps = self->keeps && (self->is_coded ? self->is_chunked && !self->has_length : self->has_length);
  if (self->is_coded)
    self->stage = self->is_chunked ? WP_RESPONSE_CHUNK_SIZE : WP_RESPONSE_BODY_TO_END;
  else
    self->stage = self->has_length ? WP_RESPONSE_BODY : WP_RESPONSE_BODY_TO_END;
  return self->stage == WP_RESPONSE_BODY && self->left == 0 ? WP_RESPONSE_DONE : WP_RESPONSE_MORE;
}

/* Blanks after the size, which some servers pad it with, and an extension are passed over. */
static WpResponseProgress
take_chunk_size (WpResponse *self, const char *line, gsize len)
{
  gsize n_digits = 0;

  while (n_digits < len && g_ascii_isxdigit (line[n_digits]))
    n_digits++;
  if (!parse_number (line, n_digits, 16, &self->left) || (n_digits < len && !strchr (" \t;", line[n_digits]))
      || memchr (line, '\0', len))
    return fail (self, "a bad chunk size");

  self->stage = self->left > 0 ? WP_RESPONSE_CHUNK : WP_RESPONSE_TRAILERS;
  self->head_bytes = 0;
  return WP_RESPONSE_MORE;
}

/* @line without its end, which is CR LF or, from some servers, LF. */
static WpResponseProgress
take_line (WpResponse *self, const char *line, gsize len)
{
  if (len > 0 && line[len - 1] == '\r')
    len--;
  switch (self->stage)
    {
    case WP_RESPONSE_STATUS_LINE:
      return take_status_line (self, line, len);
    case WP_RESPONSE_HEADERS:
      return len == 0 ? end_head (self) : take_field (self, line, len);
    case WP_RESPONSE_CHUNK_SIZE:
      return take_chunk_size (self, line, len);
    case WP_RESPONSE_CHUNK_END:
      self->stage = WP_RESPONSE_CHUNK_SIZE;
      return len == 0 ? WP_RESPONSE_MORE : fail (self, "a chunk is longer than its size");
    case WP_RESPONSE_TRAILERS:
      return len == 0 ? WP_RESPONSE_DONE : WP_RESPONSE_MORE;
    case WP_RESPONSE_BODY:
    case WP_RESPONSE_BODY_TO_END:
    case WP_RESPONSE_CHUNK:
    default:
      g_assert_not_reached ();
    }
}

/* @len > 0 bytes, of which *@used are taken: a line, or what there is of one. */
static WpResponseProgress
take_part_of_line (WpResponse *self, const char *bytes, gsize len, gsize *used)
{
  const char *end = memchr (bytes, '\n', len);
  WpResponseProgress progress;

  *used = end ? (gsize) (end - bytes) + 1 : len;
  self->head_bytes += (guint) MIN (*used, MAX_HEAD_BYTES);
  if (self->head_bytes > MAX_HEAD_BYTES)
    return fail (self, "the response's head is too long");
  if (end && !self->line)
    return take_line (self, bytes, *used - 1);

  if (!self->line)
    self->line = g_string_new (NULL);
  g_string_append_len (self->line, bytes, (gssize) *used);
  if (end)
    {
      g_autoptr (GString) line = g_steal_pointer (&self->line);

      return take_line (self, line->str, line->len - 1);
    }
  progress = self->stage == WP_RESPONSE_STATUS_LINE ? check_start (self, self->line->str, self->line->len)
                                                    : WP_RESPONSE_MORE;
  return progress;
}

static WpResponseProgress
take_body (WpResponse *self, gsize len, gsize *used)
{
  *used = self->stage == WP_RESPONSE_BODY_TO_END ? len : MIN (len, self->left);
  if (self->stage == WP_RESPONSE_BODY_TO_END)
    return WP_RESPONSE_MORE;
  self->left -= *used;
  if (self->left > 0)
    return WP_RESPONSE_MORE;
  if (self->stage == WP_RESPONSE_BODY)
    return WP_RESPONSE_DONE;
  self->stage = WP_RESPONSE_CHUNK_END;
  self->head_bytes = 0;
  return WP_RESPONSE_MORE;
}

WpResponseProgress
wp_response_take (WpResponse *self, const char *bytes, gsize len, gsize *used)
{
  WpResponseProgress progress = WP_RESPONSE_MORE;

  self->is_begun = self->is_begun || len > 0;
  for (*used = 0; progress == WP_RESPONSE_MORE && *used < len;)
    {
      gboolean is_body = self->stage == WP_RESPONSE_BODY || self->stage == WP_RESPONSE_BODY_TO_END
                         || self->stage == WP_RESPONSE_CHUNK;
      gsize n;

      progress = is_body ? take_body (self, len - *used, &n)
                         : take_part_of_line (self, bytes + *used, len - *used, &n);
      *used += n;
    }
  return progress;
}

WpResponseProgress
wp_response_end (WpResponse *self)
{
  self->keeps = FALSE;
  if (self->stage == WP_RESPONSE_BODY_TO_END)
    return WP_RESPONSE_DONE;
  return fail (self, self->is_begun ? "the response was cut short"
                                    : "the connection was closed without a response");
}
