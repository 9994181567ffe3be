#include "runtime/http/wp-request.h"

#include <arpa/inet.h>
#include <string.h>

#include "runtime/http/wp-octets.h"

enum { EMPTY_LINES, METHOD, TARGET, VERSION, FIELD, NAME, BLANKS, VALUE, WHOLE };

/* The text to parse. Each function below takes one part of the head, and returns WHOLE if that is complete.
 */
typedef struct {
  const char *text, *pos, *end;
} Input;

static WpRequestKind
bad (WpRequestParser *self, guint status)
{
  self->status = status;
  return WP_REQUEST_BAD;
}

static WpRequestKind
enter (WpRequestParser *self, const Input *input, int state)
{
  self->state = state;
  self->mark = (guint32) (input->pos - input->text);
  return WP_REQUEST_WHOLE;
}

static WpSpan
span_of (const Input *input, WpSlice slice)
{
  return (WpSpan){ (guint32) (slice.bytes - input->text), (guint32) slice.len };
}

static WpSlice
slice_of (const char *text, WpSpan span)
{
  return (WpSlice){ text + span.pos, span.len };
}

/* From the mark. */
static WpSlice
so_far (const WpRequestParser *self, const Input *input)
{
  return (WpSlice){ input->text + self->mark, input->pos - input->text - self->mark };
}

/* A line ends in CRLF only. */
static WpRequestKind
parse_line_end (WpRequestParser *self, Input *input)
{
  if (input->pos < input->end && *input->pos != '\r')
    return bad (self, 400);
  if (input->end - input->pos < 2)
    return WP_REQUEST_MORE;
  if (input->pos[1] != '\n')
    return bad (self, 400);
  input->pos += 2;
  return WP_REQUEST_WHOLE;
}

/* Compares without case. @text: lower case, of letters, digits, ":", "/" and "-". Only their own other case
 * becomes these bytes by the bit 0x20, apart from control bytes, which are rejected before. */
static inline gboolean
is (WpSlice slice, const char *text)
{
  gsize len = strlen (text);

  if (slice.len != len)
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if ((slice.bytes[i] | 0x20) != text[i])
      return FALSE;
  return TRUE;
}

static const char *
known_method (WpSlice method)
{
  static const char *const names[] = { "GET", "POST", "PUT" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (method.len == strlen (names[i]) && memcmp (method.bytes, names[i], method.len) == 0)
      return names[i];
  return NULL;
}

/* Empty lines before a request (RFC 9112, 2.2). */
static WpRequestKind
parse_empty_lines (WpRequestParser *self, Input *input)
{
  WpRequestKind kind;

  while (input->pos < input->end && *input->pos == '\r')
    if ((kind = parse_line_end (self, input)) != WP_REQUEST_WHOLE)
      return kind;
  return input->pos == input->end ? WP_REQUEST_MORE : enter (self, input, METHOD);
}

static WpRequestKind
parse_method (WpRequestParser *self, Input *input)
{
  WpSlice method;

  input->pos = wp_octets_skip (input->pos, input->end, WP_OCTET_TOKEN);
  method = so_far (self, input);
  if (method.len > WP_REQUEST_MAX_LINE)
    return bad (self, 414);
  if (input->pos == input->end)
    return WP_REQUEST_MORE;
  if (method.len == 0 || *input->pos++ != ' ')
    return bad (self, 400);
  self->request.method = known_method (method);
  self->request.is_head = method.len == 4 && memcmp (method.bytes, "HEAD", 4) == 0;
  self->target.pos = (guint32) (input->pos - input->text);
  self->state = TARGET; /* the mark stays where the line begins */

  return WP_REQUEST_WHOLE;
}

/* "%" and two hex digits (RFC 3986, 2.1). */
static WpRequestKind
parse_escape (WpRequestParser *self, Input *input)
{
  for (guint i = 1; i <= 2; i++)
    {
      if (input->pos + i == input->end)
        return WP_REQUEST_MORE;
      if (!g_ascii_isxdigit (input->pos[i]))
        return bad (self, 400);
    }
  input->pos += 3;
  return WP_REQUEST_WHOLE;
}

static WpRequestKind
parse_target (WpRequestParser *self, Input *input)
{
  WpRequestKind kind;

  for (;;)
    {
      input->pos = wp_octets_skip (input->pos, input->end, WP_OCTET_TARGET);
      if (so_far (self, input).len > WP_REQUEST_MAX_LINE)
        return bad (self, 414);
      if (input->pos == input->end)
        return WP_REQUEST_MORE;
      if (*input->pos != '%')
        break;
      if ((kind = parse_escape (self, input)) != WP_REQUEST_WHOLE)
        return kind;
    }
  self->target.len = (guint32) (input->pos - input->text) - self->target.pos;
  if (self->target.len == 0 || *input->pos++ != ' ')
    return bad (self, 400);
  return enter (self, input, VERSION);
}

/* Another version is 505; text that is not a version is malformed. */
static WpRequestKind
check_version (WpRequestParser *self, const Input *input)
{
  static const char form[] = "HTTP/0.0"; /* 0: a digit */
  gsize have = MIN ((gsize) (input->end - input->pos), strlen (form));

  for (gsize i = 0; i < have; i++)
    if (form[i] == '0' ? !g_ascii_isdigit (input->pos[i]) : input->pos[i] != form[i])
      return bad (self, 400);
  return have < strlen (form) ? WP_REQUEST_MORE : bad (self, 505);
}

/* The version and the end of the line. */
static WpRequestKind
parse_version (WpRequestParser *self, Input *input)
{
  static const char prefix[] = "HTTP/1.";
  const char *version = input->pos;
  WpRequestKind kind;

  if (input->end - version < 8 || memcmp (version, prefix, strlen (prefix)) != 0
      || (version[7] != '0' && version[7] != '1'))
    return check_version (self, input);
  input->pos += 8;
  if ((kind = parse_line_end (self, input)) != WP_REQUEST_WHOLE)
    {
      input->pos = version;
      return kind;
    }
  self->request.old = version[7] == '0';
  return enter (self, input, FIELD);
}

static gboolean
parse_length (WpSlice value, guint64 *length)
{
  if (value.len == 0 || value.len > 18)
    return FALSE;
  *length = 0;
  for (gsize i = 0; i < value.len; i++)
    {
      if (!g_ascii_isdigit (value.bytes[i]))
        return FALSE;
      *length = *length * 10 + (guint64) (value.bytes[i] - '0');
    }
  return TRUE;
}

/* A list of tokens; only "close" and "keep-alive" matter (RFC 9110, 7.6.1; RFC 9112, 9.3). */
static void
take_connection (WpRequestParser *self, WpSlice value)
{
  const char *pos = value.bytes, *end = value.bytes + value.len;

  while (pos < end)
    {
      WpSlice token = { pos, wp_octets_skip (pos, end, WP_OCTET_TOKEN) - pos };

      self->request.close |= is (token, "close");
      self->keep_alive |= is (token, "keep-alive");
      pos += MAX (token.len, 1);
    }
}

/* Nothing, or a colon and a port. */
static gboolean
is_port (const char *pos, const char *end)
{
  if (pos < end && *pos++ != ':')
    return FALSE;
  while (pos < end && g_ascii_isdigit (*pos))
    pos++;
  return pos == end;
}

/* Brackets contain an IPv6 address; no other use was ever defined (RFC 3986, 3.2.2). */
static gboolean
is_address (const char *pos, const char *close)
{
  char text[INET6_ADDRSTRLEN] = "";
  struct in6_addr address;

  if (!close || close - pos >= (gssize) sizeof text)
    return FALSE;
  memcpy (text, pos, close - pos);
  return inet_pton (AF_INET6, text, &address) == 1;
}

/* A name, or an address in brackets, and a port (RFC 3986, 3.2.2 and 3.2.3). */
static gboolean
is_host (WpSlice value)
{
  const char *end = value.bytes + value.len, *pos = wp_octets_skip (value.bytes, end, WP_OCTET_HOST), *close;

  if (value.len > 0 && *value.bytes == '[')
    {
      close = memchr (value.bytes, ']', value.len);
      return is_address (value.bytes + 1, close) && is_port (close + 1, end);
    }
  while (end - pos >= 3 && *pos == '%' && g_ascii_isxdigit (pos[1]) && g_ascii_isxdigit (pos[2]))
    pos = wp_octets_skip (pos + 3, end, WP_OCTET_HOST);
  return pos > value.bytes && is_port (pos, end);
}

static gboolean
take_host (WpRequestParser *self, const Input *input, WpSlice value)
{
  gboolean first = !self->has_host;

  self->has_host = TRUE;
  self->host = span_of (input, value);
  return first && is_host (value);
}

static gboolean
is_ascii (WpSlice value)
{
  guint8 all = 0;

  for (gsize i = 0; i < value.len; i++)
    all |= (guint8) value.bytes[i];
  return all < 0x80;
}

/* Some databases reject text that is not UTF-8. */
static gboolean
is_storable (WpSlice value)
{
  return value.len <= WP_REQUEST_MAX_STORED
         && (is_ascii (value) || g_utf8_validate_len (value.bytes, value.len, NULL));
}

/* Proxies may add a second id: all must be equal. */
static gboolean
take_id (WpRequestParser *self, const Input *input, WpSlice value)
{
  WpSlice before = slice_of (input->text, self->id);
  gboolean first = self->id.pos == 0;

  self->id = span_of (input, value);
  return is_storable (value)
         && (first || (before.len == value.len && memcmp (before.bytes, value.bytes, value.len) == 0));
}

static gboolean
take_content_type (WpRequestParser *self, const Input *input, WpSlice value)
{
  self->content_type = span_of (input, value);
  return is_storable (value);
}

static gboolean
take_length (WpRequestParser *self, WpSlice value)
{
  gboolean first = !self->has_length;

  self->has_length = TRUE;
  return first && parse_length (value, &self->request.content_length);
}

static gboolean
take_encoding (WpRequestParser *self, WpSlice value)
{
  gboolean first = !self->has_encoding;

  self->has_encoding = self->request.chunked = TRUE;
  return first && !self->request.old && is (value, "chunked");
}

static gboolean
take_expectation (WpRequestParser *self, WpSlice value)
{
  if (!is (value, "100-continue"))
    self->request.expects_other = TRUE;
  else if (!self->request.old) /* HTTP/1.0: ignored (RFC 9110, 10.1.1) */
    self->request.expects_continue = TRUE;
  return TRUE;
}

/* Several fields count as none: a proxy may have checked another one. */
static void
take_authorization (WpRequestParser *self, const Input *input, WpSlice value)
{
  if (self->has_authorization)
    value.len = 0;
  self->has_authorization = TRUE;
  self->authorization = span_of (input, value);
}

/* FALSE: the field makes the request malformed. */
static gboolean
take_field (WpRequestParser *self, const Input *input, WpSlice name, WpSlice value)
{
  switch (name.len)
    {
    case 4:
      return !is (name, "host") || take_host (self, input, value);
    case 6:
      return !is (name, "expect") || take_expectation (self, value);
    case 10:
      if (is (name, "connection"))
        take_connection (self, value);
      break;
    case 12:
      if (is (name, "content-type"))
        return take_content_type (self, input, value);
      if (is (name, "x-request-id"))
        return take_id (self, input, value);
      if (is (name, "x-wp-service"))
        self->service = span_of (input, value);
      break;
    case 13:
      if (is (name, "authorization"))
        take_authorization (self, input, value);
      break;
    case 14:
      return !is (name, "content-length") || take_length (self, value);
    case 17:
      return !is (name, "transfer-encoding") || take_encoding (self, value);
    default:
      break;
    }
  return TRUE;
}

static WpRequestKind
parse_name (WpRequestParser *self, Input *input)
{
  WpSlice name;

  input->pos = wp_octets_skip (input->pos, input->end, WP_OCTET_TOKEN);
  name = so_far (self, input);
  if (input->pos == input->end)
    return WP_REQUEST_MORE;
  if (name.len == 0 || *input->pos++ != ':')
    return bad (self, 400);
  self->name = span_of (input, name);
  self->state = BLANKS;

  return WP_REQUEST_WHOLE;
}

static WpRequestKind
parse_blanks (WpRequestParser *self, Input *input)
{
  while (input->pos < input->end && (*input->pos == ' ' || *input->pos == '\t'))
    input->pos++;
  return input->pos == input->end ? WP_REQUEST_MORE : enter (self, input, VALUE);
}

static WpRequestKind
parse_value (WpRequestParser *self, Input *input)
{
  WpRequestKind kind;
  WpSlice value;

  input->pos = wp_octets_skip (input->pos, input->end, WP_OCTET_VALUE);
  value = so_far (self, input);
  if ((kind = parse_line_end (self, input)) != WP_REQUEST_WHOLE)
    return kind;
  while (value.len > 0 && (value.bytes[value.len - 1] == ' ' || value.bytes[value.len - 1] == '\t'))
    value.len--;
  return take_field (self, input, slice_of (input->text, self->name), value) ? enter (self, input, FIELD)
                                                                             : bad (self, 400);
}

static const char *
find_authority_end (const char *pos, const char *end)
{
  while (pos < end && *pos != '/' && *pos != '?')
    pos++;
  return pos;
}

/* Converts the absolute form (RFC 9112, 3.2.2) to origin form. Its host must equal the Host field, since two
 * servers could each use a different one. "https" is refused without TLS (RFC 9110, 7.4). */
static gboolean
take_absolute (WpRequestParser *self, const Input *input)
{
  static const char schemes[][9] = { "http://", "https://" };
  WpSlice target = slice_of (input->text, self->target), host = slice_of (input->text, self->host), authority;

  for (guint i = 0; i < (self->secure ? 2 : 1); i++)
    {
      gsize len = strlen (schemes[i]);

      if (target.len <= len || !is ((WpSlice){ target.bytes, len }, schemes[i]))
        continue;
      authority.bytes = target.bytes + len;
      authority.len = find_authority_end (authority.bytes, target.bytes + target.len) - authority.bytes;
      self->target.pos += len + authority.len;
      self->target.len -= len + authority.len;
      self->host = span_of (input, authority);
      return is_host (authority)
             && (!self->has_host
                 || (authority.len == host.len
                     && g_ascii_strncasecmp (authority.bytes, host.bytes, host.len) == 0));
    }
  return FALSE;
}

/* The asterisk and authority forms belong to methods that we do not support. */
static gboolean
check_target (WpRequestParser *self, const Input *input)
{
  return input->text[self->target.pos] == '/' || take_absolute (self, input) || !self->request.method;
}

/* An absolute form without a path means "/" (RFC 9110, 4.2.3). */
static void
split_target (WpRequest *request, WpSlice target)
{
  static const char root[] = "/";
  const char *start = target.bytes, *end = start + target.len, *query = memchr (start, '?', target.len);

  if (!query)
    query = end;
  request->path = query > start ? (WpSlice){ start, query - start } : (WpSlice){ root, strlen (root) };
  request->query = (WpSlice){ query, end - query };
}

/* A span at 0 means that the field is missing. */
static WpSlice
field_of (const char *text, WpSpan span)
{
  return span.pos > 0 ? slice_of (text, span) : (WpSlice){ NULL };
}

void
wp_request_move (WpRequestParser *self, const char *text)
{
  WpRequest *request = &self->request;

  request->host = field_of (text, self->host);
  request->id = field_of (text, self->id);
  request->service = field_of (text, self->service);
  request->content_type = field_of (text, self->content_type);
  request->authorization = field_of (text, self->authorization);
  split_target (request, slice_of (text, self->target));
}

static WpRequestKind
finish (WpRequestParser *self, const Input *input)
{
  WpRequest *request = &self->request;

  if ((!self->has_host && !request->old) || (self->has_length && self->has_encoding)
      || !check_target (self, input))
    return bad (self, 400);
  request->close |= request->old && !self->keep_alive;
  request->head_len = input->pos - input->text;
  self->state = WHOLE;
  wp_request_move (self, input->text);

  return WP_REQUEST_WHOLE;
}

/* A field, or the empty line that ends the head. Folded lines are malformed. */
static WpRequestKind
parse_field (WpRequestParser *self, Input *input)
{
  WpRequestKind kind;

  if (input->pos == input->end)
    return WP_REQUEST_MORE;
  if (*input->pos != '\r')
    return enter (self, input, NAME);
  kind = parse_line_end (self, input);
  return kind == WP_REQUEST_WHOLE ? finish (self, input) : kind;
}

static WpRequestKind
step (WpRequestParser *self, Input *input)
{
  switch (self->state)
    {
    case EMPTY_LINES:
      return parse_empty_lines (self, input);
    case METHOD:
      return parse_method (self, input);
    case TARGET:
      return parse_target (self, input);
    case VERSION:
      return parse_version (self, input);
    case FIELD:
      return parse_field (self, input);
    case NAME:
      return parse_name (self, input);
    case BLANKS:
      return parse_blanks (self, input);
    default:
      return parse_value (self, input);
    }
}

gboolean
wp_request_is_blank (const WpRequestParser *self, gsize len)
{
  return self->state == EMPTY_LINES && self->pos == len;
}

WpRequestKind
wp_request_parse (WpRequestParser *self, const char *text, gsize len)
{
  Input input = { text, text + self->pos, text + MIN (len, WP_REQUEST_MAX_HEAD) };
  WpRequestKind kind = WP_REQUEST_WHOLE;

  while (kind == WP_REQUEST_WHOLE && self->state != WHOLE)
    kind = step (self, &input);
  self->pos = (guint32) (input.pos - text);
  if (kind == WP_REQUEST_MORE && len >= WP_REQUEST_MAX_HEAD)
    kind = bad (self, 431);

  return kind;
}
