#include "runtime/http/wp-request.h"

#include <arpa/inet.h>
#include <string.h>

enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8 };

/* What a byte may be part of: a token (RFC 9110, 5.6.2), a field value (5.5), a request target (RFC 3986's characters and those that
 * clients are known to leave unescaped, but no "#", and "%" apart), a host's name (RFC 3986, 3.2.2). */
static const guint8 classes[256] = {
#define VISIBLE (VALUE | TARGET)
  ['\t'] = VALUE, [' '] = VALUE,
  ['!'] = TOKEN | VISIBLE | HOST, ['"'] = VISIBLE, ['#'] = TOKEN | VALUE, ['$'] = TOKEN | VISIBLE | HOST, ['%'] = TOKEN | VALUE,
  ['&'] = TOKEN | VISIBLE | HOST, ['\''] = TOKEN | VISIBLE | HOST, ['('] = VISIBLE | HOST, [')'] = VISIBLE | HOST,
  ['*'] = TOKEN | VISIBLE | HOST, ['+'] = TOKEN | VISIBLE | HOST, [','] = VISIBLE | HOST, ['-'] = TOKEN | VISIBLE | HOST,
  ['.'] = TOKEN | VISIBLE | HOST, ['/'] = VISIBLE, ['0' ... '9'] = TOKEN | VISIBLE | HOST, [':'] = VISIBLE, [';'] = VISIBLE | HOST,
  ['<'] = VISIBLE, ['='] = VISIBLE | HOST, ['>'] = VISIBLE, ['?'] = VISIBLE, ['@'] = VISIBLE, ['A' ... 'Z'] = TOKEN | VISIBLE | HOST,
  ['['] = VISIBLE, ['\\'] = VISIBLE, [']'] = VISIBLE, ['^'] = TOKEN | VISIBLE, ['_'] = TOKEN | VISIBLE | HOST,
  ['`'] = TOKEN | VISIBLE, ['a' ... 'z'] = TOKEN | VISIBLE | HOST, ['{'] = VISIBLE, ['|'] = TOKEN | VISIBLE, ['}'] = VISIBLE,
  ['~'] = TOKEN | VISIBLE | HOST, [0x80 ... 0xff] = VALUE,
#undef VISIBLE
};

typedef struct {
  const char *at, *end;
  guint status;              /* 0: nothing wrong so far */
  gboolean other;            /* well formed, but libsoup's */
  gboolean has_length, has_encoding;
  WpSlice target, host;
} Parser;

static const char *
skip (const char *at, const char *end, guint8 class)
{
  while (at < end && (classes[(guint8) *at] & class))
    at++;
  return at;
}

static WpRequestKind
bad (Parser *self, guint status)
{
  self->status = status;
  return WP_REQUEST_BAD;
}

/* A line ends in CRLF alone. MORE where the text ends first. */
static WpRequestKind
parse_line_end (Parser *self)
{
  if (self->at < self->end && *self->at != '\r')
    return bad (self, 400);
  if (self->end - self->at < 2)
    return WP_REQUEST_MORE;
  if (self->at[1] != '\n')
    return bad (self, 400);
  self->at += 2;
  return WP_REQUEST_PLAIN;
}

static gboolean
is (WpSlice slice, const char *text)
{
  return slice.len == strlen (text) && g_ascii_strncasecmp (slice.bytes, text, slice.len) == 0;
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

/* What is of the form of a version is 505 where it is another; what is not is malformed. */
static WpRequestKind
check_version (Parser *self)
{
  static const char form[] = "HTTP/0.0";   /* 0: a digit */
  gsize have = MIN ((gsize) (self->end - self->at), strlen (form));

  for (gsize i = 0; i < have; i++)
    if (form[i] == '0' ? !g_ascii_isdigit (self->at[i]) : self->at[i] != form[i])
      return bad (self, 400);
  return have < strlen (form) ? WP_REQUEST_MORE : bad (self, 505);
}

static WpRequestKind
parse_version (Parser *self, WpRequest *request)
{
  static const char prefix[] = "HTTP/1.";

  if (self->end - self->at < 8 || memcmp (self->at, prefix, strlen (prefix)) != 0 || (self->at[7] != '0' && self->at[7] != '1'))
    return check_version (self);
  request->old = self->at[7] == '0';
  self->other |= request->old;
  self->at += 8;
  return parse_line_end (self);
}

/* "%" begins two hex digits (RFC 3986, 2.1). MORE where the text ends first. */
static WpRequestKind
parse_target (Parser *self)
{
  while ((self->at = skip (self->at, self->end, TARGET)) < self->end && *self->at == '%')
    {
      if (self->end - self->at < 3)
        return WP_REQUEST_MORE;
      if (!g_ascii_isxdigit (self->at[1]) || !g_ascii_isxdigit (self->at[2]))
        return bad (self, 400);
      self->at += 3;
    }
  return self->at == self->end ? WP_REQUEST_MORE : WP_REQUEST_PLAIN;
}

/* method SP target SP version CRLF, single spaces */
static WpRequestKind
parse_request_line (Parser *self, WpRequest *request)
{
  const char *start = self->at;
  WpSlice method = { start, skip (start, self->end, TOKEN) - start };
  WpRequestKind kind;

  self->at += method.len;
  if (self->at == self->end)
    return WP_REQUEST_MORE;
  if (method.len == 0 || *self->at++ != ' ')
    return bad (self, 400);
  request->method = known_method (method);
  request->is_head = method.len == 4 && memcmp (method.bytes, "HEAD", 4) == 0;
  self->other |= request->method == NULL;

  self->target.bytes = self->at;
  kind = parse_target (self);
  self->target.len = self->at - self->target.bytes;
  if (self->at - start > WP_REQUEST_MAX_LINE)
    return bad (self, 414);
  if (kind != WP_REQUEST_PLAIN)
    return kind;
  if (self->target.len == 0 || *self->at++ != ' ')
    return bad (self, 400);
  return parse_version (self, request);
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
      *length = *length * 10 + (value.bytes[i] - '0');
    }
  return TRUE;
}

static void
take_once (Parser *self, WpSlice *field, WpSlice value)
{
  self->other |= field->bytes != NULL;
  *field = value;
}

/* A list of tokens, of which only "close" concerns us (RFC 9110, 7.6.1). */
static void
take_connection (WpRequest *request, WpSlice value)
{
  const char *at = value.bytes, *end = value.bytes + value.len;

  while (at < end)
    {
      WpSlice token = { at, skip (at, end, TOKEN) - at };

      request->close |= is (token, "close");
      at += MAX (token.len, 1);
    }
}

/* What follows a host: nothing, or a port. */
static gboolean
is_port (const char *at, const char *end)
{
  if (at < end && *at++ != ':')
    return FALSE;
  while (at < end && g_ascii_isdigit (*at))
    at++;
  return at == end;
}

/* What is in brackets is an address of IPv6; nothing else was ever put there (RFC 3986, 3.2.2). */
static gboolean
is_address (const char *at, const char *close)
{
  char text[INET6_ADDRSTRLEN] = "";
  struct in6_addr address;

  if (!close || close - at >= (gssize) sizeof text)
    return FALSE;
  memcpy (text, at, close - at);
  return inet_pton (AF_INET6, text, &address) == 1;
}

/* A name, or an address in brackets, and a port (RFC 3986, 3.2.2 and 3.2.3). */
static gboolean
is_host (WpSlice value)
{
  const char *end = value.bytes + value.len, *at = skip (value.bytes, end, HOST), *close;

  if (value.len > 0 && *value.bytes == '[')
    {
      close = memchr (value.bytes, ']', value.len);
      return is_address (value.bytes + 1, close) && is_port (close + 1, end);
    }
  for (; at < end && *at == '%' && end - at >= 3 && g_ascii_isxdigit (at[1]) && g_ascii_isxdigit (at[2]); at = skip (at + 3, end, HOST))
    ;
  return at > value.bytes && is_port (at, end);
}

static gboolean
take_host (Parser *self, WpSlice value)
{
  gboolean first = self->host.bytes == NULL;

  self->host = value;
  return first && is_host (value);
}

static gboolean
take_encoding (Parser *self, WpRequest *request, WpSlice value)
{
  gboolean first = !self->has_encoding;

  self->has_encoding = request->chunked = TRUE;
  return first && !request->old && is (value, "chunked");
}

/* Upgrades are declined by answering in HTTP/1.1 (RFC 9110, 7.8). */
static gboolean
take_expectation (Parser *self, WpRequest *request, WpSlice value)
{
  if (!is (value, "100-continue"))
    request->expects_other = self->other = TRUE;
  else if (!request->old)   /* to be ignored there (RFC 9110, 10.1.1) */
    request->expects_continue = TRUE;
  return TRUE;
}

/* Several are none. */
static void
take_authorization (Parser *self, WpRequest *request, WpSlice value)
{
  if (request->authorization.bytes)
    value.len = 0;
  take_once (self, &request->authorization, value);
}

/* FALSE: the request is malformed by this field. */
static gboolean
take_field (Parser *self, WpRequest *request, WpSlice name, WpSlice value)
{
  gboolean first = FALSE;

  switch (name.len)
    {
    case 4:
      return !is (name, "Host") || take_host (self, value);
    case 6:
      return !is (name, "Expect") || take_expectation (self, request, value);
    case 10:
      if (is (name, "Connection"))
        take_connection (request, value);
      break;
    case 12:
      if (is (name, "Content-Type"))
        take_once (self, &request->content_type, value);
      else if (is (name, "X-Request-Id"))
        take_once (self, &request->id, value);
      else if (is (name, "X-WP-Service"))
        take_once (self, &request->service, value);
      break;
    case 13:
      if (is (name, "Authorization"))
        take_authorization (self, request, value);
      break;
    case 14:
      if (!is (name, "Content-Length"))
        break;
      first = !self->has_length;
      self->has_length = TRUE;
      return first && parse_length (value, &request->content_length);
    case 17:
      return !is (name, "Transfer-Encoding") || take_encoding (self, request, value);
    default:
      break;
    }
  return TRUE;
}

/* name ":" OWS value OWS CRLF, or the empty line; no folding, no blank before the colon */
static WpRequestKind
parse_field (Parser *self, WpRequest *request)
{
  WpSlice name = { self->at, skip (self->at, self->end, TOKEN) - self->at }, value;

  self->at += name.len;
  if (self->at == self->end)
    return WP_REQUEST_MORE;
  if (name.len == 0 || *self->at++ != ':')
    return bad (self, 400);
  while (self->at < self->end && (*self->at == ' ' || *self->at == '\t'))
    self->at++;
  value.bytes = self->at;
  self->at = skip (self->at, self->end, VALUE);
  value.len = self->at - value.bytes;
  while (value.len > 0 && (value.bytes[value.len - 1] == ' ' || value.bytes[value.len - 1] == '\t'))
    value.len--;
  if (parse_line_end (self) != WP_REQUEST_PLAIN)
    return self->status ? WP_REQUEST_BAD : WP_REQUEST_MORE;

  return take_field (self, request, name, value) ? WP_REQUEST_PLAIN : bad (self, 400);
}

static const char *
find_authority_end (const char *at, const char *end)
{
  while (at < end && *at != '/' && *at != '?')
    at++;
  return at;
}

/* Absolute form for the host that the Host field names (RFC 9112, 3.2.2) becomes origin form. */
static gboolean
take_absolute (Parser *self, WpRequest *request)
{
  static const char scheme[] = "http://";
  WpSlice *target = &self->target, authority;
  const char *end = target->bytes + target->len;

  if (request->old || target->len <= strlen (scheme) || g_ascii_strncasecmp (target->bytes, scheme, strlen (scheme)) != 0)
    return FALSE;
  authority.bytes = target->bytes + strlen (scheme);
  authority.len = find_authority_end (authority.bytes, end) - authority.bytes;
  if (authority.len != self->host.len || g_ascii_strncasecmp (authority.bytes, self->host.bytes, authority.len) != 0)
    return FALSE;
  target->bytes = authority.bytes + authority.len;
  target->len = end - target->bytes;

  return TRUE;
}

/* The asterisk and authority forms belong to methods that are not ours. */
static gboolean
check_target (Parser *self, WpRequest *request)
{
  return *self->target.bytes == '/' || take_absolute (self, request) || !request->method;
}

/* An absolute form may have no path, which is "/" then (RFC 9110, 4.2.3). */
static void
split_target (const Parser *self, WpRequest *request)
{
  static const char root[] = "/";
  const char *start = self->target.bytes, *end = start + self->target.len, *query = memchr (start, '?', self->target.len);

  if (!query)
    query = end;
  request->path = query > start ? (WpSlice) { start, query - start } : (WpSlice) { root, strlen (root) };
  request->query = (WpSlice) { query, end - query };
}

static WpRequestKind
parse_head (Parser *self, WpRequest *request)
{
  WpRequestKind kind;

  /* Empty lines before a request are left over from the one before (RFC 9112, 2.2). */
  while (self->at < self->end && *self->at == '\r')
    if ((kind = parse_line_end (self)) != WP_REQUEST_PLAIN)
      return kind;
  if ((kind = parse_request_line (self, request)) != WP_REQUEST_PLAIN)
    return kind;
  while (self->at == self->end || *self->at != '\r')
    if ((kind = parse_field (self, request)) != WP_REQUEST_PLAIN)
      return kind;
  if ((kind = parse_line_end (self)) != WP_REQUEST_PLAIN)
    return kind;

  if ((!self->host.bytes && !request->old) || (self->has_length && self->has_encoding) || !check_target (self, request))
    return bad (self, 400);
  /* libsoup 3.2.3 reads chunks too kindly, so none are passed on to make a job. */
  if (self->other && self->has_encoding && request->method)
    return bad (self, 400);
  split_target (self, request);
  request->host = self->host;
  return self->other ? WP_REQUEST_OTHER : WP_REQUEST_PLAIN;
}

WpRequestKind
wp_request_parse (const char *text, gsize len, WpRequest *request, guint *status)
{
  Parser parser = { .at = text, .end = text + MIN (len, WP_REQUEST_MAX_HEAD) };
  WpRequestKind kind;

  *request = (WpRequest) { NULL };
  kind = parse_head (&parser, request);
  if (kind == WP_REQUEST_MORE && len >= WP_REQUEST_MAX_HEAD)
    kind = bad (&parser, 431);
  *status = parser.status;
  request->head_len = parser.at - text;

  return kind;
}
