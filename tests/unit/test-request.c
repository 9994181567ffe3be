#include <string.h>

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-request.h"

#define LINE "GET /a?b HTTP/1.1\r\n"
#define HOST "Host: x:80\r\n"
#define END  "\r\n"

static const char *const kinds[] = { "more", "whole", "bad" };

/* RFC 9112 and 9110 by section; where they leave a choice, ours is the strict one. */
static const struct {
  const char *text;
  WpRequestKind kind;
  guint status;
} heads[] = {
  /* 9112, 2.1 and 2.2: message format, line ends */
  { LINE HOST END, WP_REQUEST_WHOLE, 0 },
  { "\r\n" LINE HOST END, WP_REQUEST_WHOLE, 0 },
  { "\n" LINE HOST END, WP_REQUEST_BAD, 400 },
  { "GET / HTTP/1.1\nHost: x\n\n", WP_REQUEST_BAD, 400 },
  { "GET / HTTP/1.1\r\nHost: x\n\r\n", WP_REQUEST_BAD, 400 },
  { "GET / HTTP/1.1\rHost: x\r\n\r\n", WP_REQUEST_BAD, 400 },
  { "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n", WP_REQUEST_BAD, 400 },
  { LINE " folded: x\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "\r\n", WP_REQUEST_MORE, 0 },
  { "\r", WP_REQUEST_MORE, 0 },
  { "", WP_REQUEST_MORE, 0 },
  /* 9112, 3: request line */
  { "GET  / HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /  HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET\t/ HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { " GET / HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET / HTTP/1.1 \r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /\r\n", WP_REQUEST_BAD, 400 },
  { "G(T / HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /\x01 HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /\x80 HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /#f HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /%41{x}|\"<> HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  { "DELETE / HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  { "get / HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  { "HEAD / HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  /* 9112, 2.3: version */
  { "GET / HTTP/1.0\r\n\r\n", WP_REQUEST_WHOLE, 0 },
  { "GET / HTTP/1.2\r\n" HOST END, WP_REQUEST_BAD, 505 },
  { "GET / HTTP/2.0\r\n" HOST END, WP_REQUEST_BAD, 505 },
  { "GET / HTTP/11\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET / http/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET / HTTQ/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", WP_REQUEST_BAD, 505 },
  /* 9112, 3.2: target */
  { "GET http://x:80/p HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  { "GET HTTP://X:80 HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  { "GET http://y/p HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET http:// HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET http:///p HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET https://x:80/p HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 }, /* without TLS */
  { "GET http://x/p HTTP/1.0\r\n" END, WP_REQUEST_WHOLE, 0 },
  { "GET http://x/p HTTP/1.0\r\nHost: y\r\n" END, WP_REQUEST_BAD, 400 },
  { "GET http://x@y/p HTTP/1.0\r\n" END, WP_REQUEST_BAD, 400 },
  { "GET /%4 HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET /% HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET ftp://x:80/ HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET * HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET x:80 HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET a/b HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "OPTIONS * HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  { "CONNECT x:80 HTTP/1.1\r\n" HOST END, WP_REQUEST_WHOLE, 0 },
  /* 9112, 3.2 and 9110, 7.2: host */
  { LINE END, WP_REQUEST_BAD, 400 },
  { LINE HOST HOST END, WP_REQUEST_BAD, 400 },
  { LINE HOST "host: y\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host:\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: a b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: a/b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: a@b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: [::1]:80\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE "Host: [::ffff:1.2.3.4]\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE "Host: [::g]\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: []\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: [1.2.3.4]\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: [00000000000000000000000000000000000000000000000000000000000000000000::1]\r\n" END,
    WP_REQUEST_BAD, 400 },
  { LINE "hOsT:x\r\n" END, WP_REQUEST_WHOLE, 0 },
  /* 9112, 5: field lines */
  { LINE HOST "A : b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST ": b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A b: c\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\r\n c\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\r\n\tc\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\x01\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\x7f\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A:\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "A: \t b c \t\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "A: \xc3\xa4\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "(: b\r\n" END, WP_REQUEST_BAD, 400 },
  /* 9112, 6.1 to 6.3: framing */
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END, WP_REQUEST_WHOLE, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, WP_REQUEST_WHOLE, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999999999999999\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END, WP_REQUEST_WHOLE, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n" END, WP_REQUEST_WHOLE, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END, WP_REQUEST_BAD,
    400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END, WP_REQUEST_BAD,
    400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
    WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "X-Request-Id: a\r\nX-Request-Id: b\r\nTransfer-Encoding: chunked\r\n" END,
    WP_REQUEST_BAD, 400 },
  /* 9110: expectations, upgrades, connection options */
  { "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n" END, WP_REQUEST_WHOLE, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 1\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "Connection: x, close\r\n" END, WP_REQUEST_WHOLE, 0 },
  /* ours */
  { LINE HOST "X-Request-Id: a\r\nX-Request-Id: a\r\nx-request-id:  a \r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "X-Request-Id: a\r\nX-Request-Id: b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "X-Request-Id: a\r\nX-Request-Id: ab\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "X-Request-Id: a\r\nX-Request-Id:\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "X-Request-Id: \xc3\xa4\r\nContent-Type: \xc3\xa4\r\n" END, WP_REQUEST_WHOLE, 0 },
  { LINE HOST "X-Request-Id: a\xe4\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "X-Request-Id: \xc0\x80\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "X-Request-Id: \xed\xa0\x80\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "Content-Type: text/x; a=\xe4\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "Content-Type: a/b\r\nContent-Type: c/d\r\n" END, WP_REQUEST_WHOLE, 0 },
};

/* The text is copied to its exact size, so that a sanitizer sees a read beyond its end. */
static WpRequestKind
parse (WpRequestParser *parser, const char *text, gsize len)
{
  g_autofree char *exact = g_memdup2 (text, MAX (len, 1));

  return wp_request_parse (parser, exact, len);
}

static void
check_head (const char *text, WpRequestKind expected, guint status)
{
  g_autofree char *escaped = g_strescape (text, NULL);
  WpRequestParser parser = { .secure = FALSE };
  WpRequestKind kind = parse (&parser, text, strlen (text));

  g_test_message ("%s", escaped);
  g_assert_cmpstr (kinds[kind], ==, kinds[expected]);
  g_assert_cmpuint (parser.status, ==, status);
  if (kind == WP_REQUEST_WHOLE)
    g_assert_cmpuint (parser.request.head_len, ==, strlen (text));
}

static void
test_heads (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    check_head (heads[i].text, heads[i].kind, heads[i].status);
}

/* Byte by byte, at another place each time: a good head is never refused, nor taken before its end; a bad one
 * is refused with the same status, and no later than in one piece. */
static void
test_pieces (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      WpRequestParser parser = { .secure = FALSE };
      WpRequestKind kind = WP_REQUEST_MORE;
      gsize len = 0;

      while (len < strlen (heads[i].text) && kind == WP_REQUEST_MORE)
        kind = parse (&parser, heads[i].text, ++len);
      g_assert_cmpstr (kinds[kind], ==, kinds[heads[i].kind]);
      g_assert_cmpuint (parser.status, ==, heads[i].status);
      if (kind == WP_REQUEST_WHOLE)
        g_assert_cmpuint (len, ==, strlen (heads[i].text));
    }
}

static void
assert_slice (WpSlice slice, const char *text)
{
  g_autofree char *copy = g_strndup (slice.bytes, slice.len);

  g_assert_cmpstr (copy, ==, text);
}

static void
test_fields (void)
{
  static const char text[]
      = "POST http://h/p?q=1 HTTP/1.1\r\nhost: H\r\nContent-Type: text/x \r\nX-Request-ID:\tab c\r\n"
        "x-wp-service: 0.5\r\nconnection: keep-alive , Close\r\nexpect: 100-Continue\r\ncontent-length: 017\r\n\r\nrest";
  WpRequestParser parser = { .secure = FALSE };
  const WpRequest *request = &parser.request;
  g_autofree char *moved = g_strdup (text);

  g_assert_cmpint (wp_request_parse (&parser, text, strlen (text)), ==, WP_REQUEST_WHOLE);
  wp_request_move (&parser, moved);
  g_assert_true (request->id.bytes > moved && request->id.bytes < moved + strlen (text));
  g_assert_cmpstr (request->method, ==, "POST");
  assert_slice (request->path, "/p");
  assert_slice (request->query, "?q=1");
  assert_slice (request->content_type, "text/x");
  assert_slice (request->id, "ab c");
  assert_slice (request->service, "0.5");
  g_assert_null (request->authorization.bytes);
  g_assert_true (request->close && request->expects_continue && !request->chunked && !request->old);
  g_assert_cmpuint (request->content_length, ==, 17);
  g_assert_cmpuint (request->head_len, ==, strlen (text) - strlen ("rest"));
}

/* The same path and query in whichever form they come. */
static void
test_target (void)
{
  static const struct {
    const char *target, *path, *query;
  } cases[] = {
    { "/", "/", "" },
    { "/p", "/p", "" },
    { "/?", "/", "?" },
    { "/p?q", "/p", "?q" },
    { "/p?q?r/s", "/p", "?q?r/s" },
    { "//x", "//x", "" },
    { "http://x:80", "/", "" },
    { "http://x:80?", "/", "?" },
    { "http://x:80?q/r", "/", "?q/r" },
    { "http://x:80/", "/", "" },
    { "http://x:80/p?q", "/p", "?q" },
    { "HTTP://X:80//p", "//p", "" },
    { "https://x:80/p", "/p", "" },
    { "https://x:80", "/", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\n" HOST END, cases[i].target);
      WpRequestParser parser = { .secure = TRUE };

      g_assert_cmpint (wp_request_parse (&parser, text, strlen (text)), ==, WP_REQUEST_WHOLE);
      assert_slice (parser.request.path, cases[i].path);
      assert_slice (parser.request.query, cases[i].query);
    }
}

/* Which connections stay open, by version and by the Connection field (RFC 9112, 9.3). */
static void
test_persistence (void)
{
  static const struct {
    const char *text;
    gboolean close;
  } cases[] = {
    { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", FALSE },
    { "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n", FALSE },
    { "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n", TRUE },
    { "GET / HTTP/1.0\r\n\r\n", TRUE },
    { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", FALSE },
    { "GET / HTTP/1.0\r\nConnection: x\r\nConnection: y, keep-alive\r\n\r\n", FALSE },
    { "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpRequestParser parser = { .secure = FALSE };

      g_assert_cmpint (wp_request_parse (&parser, cases[i].text, strlen (cases[i].text)), ==,
                       WP_REQUEST_WHOLE);
      g_assert_cmpint (parser.request.close, ==, cases[i].close);
    }
}

/* As long as a database can be asked to store, and one byte longer. */
static void
test_stored_sizes (void)
{
  static const char *const names[] = { "X-Request-Id", "Content-Type" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *value = g_strnfill (WP_REQUEST_MAX_STORED + 1, 'a');
      g_autofree char *fits = g_strdup_printf (LINE HOST "%s: %s\r\n" END, names[i], value + 1);
      g_autofree char *too_long = g_strdup_printf (LINE HOST "%s: %s\r\n" END, names[i], value);

      check_head (fits, WP_REQUEST_WHOLE, 0);
      check_head (too_long, WP_REQUEST_BAD, 400);
    }
}

/* A proxy may have seen either of two credentials. */
static void
test_two_authorizations (void)
{
  static const char text[]
      = "GET / HTTP/1.0\r\nAuthorization: Bearer a\r\nAuthorization: Bearer a\r\nExpect: x\r\n\r\n";
  WpRequestParser parser = { .secure = FALSE };
  const WpRequest *request = &parser.request;

  g_assert_cmpint (wp_request_parse (&parser, text, strlen (text)), ==, WP_REQUEST_WHOLE);
  assert_slice (request->authorization, "");
  g_assert_true (request->old && request->expects_other && !request->expects_continue && !request->is_head);
}

/* The same in one piece and byte by byte. */
static void
check_too_long (const GString *text, guint status)
{
  WpRequestParser whole = { .secure = FALSE }, pieces = { .secure = FALSE };
  WpRequestKind kind = WP_REQUEST_MORE;

  g_assert_cmpint (wp_request_parse (&whole, text->str, text->len), ==, WP_REQUEST_BAD);
  g_assert_cmpuint (whole.status, ==, status);
  for (gsize len = 1; len <= text->len && kind == WP_REQUEST_MORE; len++)
    kind = wp_request_parse (&pieces, text->str, len);
  g_assert_cmpint (kind, ==, WP_REQUEST_BAD);
  g_assert_cmpuint (pieces.status, ==, status);
}

static void
test_too_long (void)
{
  g_autoptr (GString) line = g_string_new ("GET /"), method = g_string_new (NULL),
                      head = g_string_new (LINE HOST), lines = g_string_new (NULL);

  while (line->len <= WP_REQUEST_MAX_LINE)
    g_string_append_c (line, 'a');
  check_too_long (line, 414);
  g_string_append (line, "\n%zz");
  check_too_long (line, 414);
  while (method->len <= WP_REQUEST_MAX_LINE)
    g_string_append_c (method, 'a');
  check_too_long (method, 414);

  while (head->len < WP_REQUEST_MAX_HEAD)
    g_string_append (head, "A: b\r\n");
  check_too_long (head, 431);
  g_string_append (head, "\n");
  check_too_long (head, 431);
  while (lines->len < WP_REQUEST_MAX_HEAD)
    g_string_append (lines, "\r\n");
  check_too_long (lines, 431);
}

/* The largest that may be. */
static void
test_just_fits (void)
{
  g_autoptr (GString) head = g_string_new ("GET / HTTP/1.1\r\nHost: x\r\nA: ");

  while (head->len < WP_REQUEST_MAX_HEAD - strlen ("\r\n\r\n"))
    g_string_append_c (head, 'a');
  g_string_append (head, "\r\n\r\n");
  check_head (head->str, WP_REQUEST_WHOLE, 0);
}

static const struct {
  const char *text;
  WpChunkedState state;
  const char *body;
} chunks[] = {
  { "0\r\n\r\n", WP_CHUNKED_DONE, "" },
  { "5\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_DONE, "hello" },
  { "5\r\nhello\r\n0006\r\n world\r\n0\r\n\r\n", WP_CHUNKED_DONE, "hello world" },
  { "A\r\n0123456789\r\n000\r\n\r\n", WP_CHUNKED_DONE, "0123456789" },
  { "5;x=\"y\"\r\nhello\r\n0\r\nTrailer: t\r\n\r\n", WP_CHUNKED_DONE, "hello" },
  { "5 ;x\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_DONE, "hello" },
  { "5\t; x \t= y ;z\r\nhello\r\n0;x\r\n\r\n", WP_CHUNKED_DONE, "hello" },
  { "5;x=\"\";y=\"a;b\\\"\\\\\xe4\t\" ;z=\"c\"\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_DONE, "hello" },
  { "5\r\nhello\r\n0\r\nA:\r\nB: c\r\nD:e\t\xe4\r\nPOST: /x HTTP/1.1\r\nHost: a\r\n\r\n", WP_CHUNKED_DONE,
    "hello" },
  { "5 \r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\t\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5 5\r\nhello", WP_CHUNKED_BAD, NULL },
  { "5;\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5; \r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;;x\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x \r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x y\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x= \r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;=y\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=y=z\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=y \r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x,y\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=\"y\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=\"y\\\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=\"y\"z\r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5;x=\"y\" \r\nhello\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\r\n0 \r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\r\n0;\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\r\n0\r\nGET / HTTP/1.1\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\r\n0\r\n: x\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhel", WP_CHUNKED_MORE, NULL },
  { "0\r\nTrailer\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "0\r\nTrailer : t\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "zz\r\n", WP_CHUNKED_BAD, NULL },
  { "-5\r\n", WP_CHUNKED_BAD, NULL },
  { "+5\r\n", WP_CHUNKED_BAD, NULL },
  { "0x5\r\n", WP_CHUNKED_BAD, NULL },
  { "\r\n", WP_CHUNKED_BAD, NULL },
  { " 5\r\n", WP_CHUNKED_BAD, NULL },
  { "5\nhello\n0\n\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhelloXX\r\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\rhello", WP_CHUNKED_BAD, NULL },
  { "5\r\nhelloX\n0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "5\r\nhello\rX0\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "0\r\n\rX", WP_CHUNKED_BAD, NULL },
  { "5;a\nhello\r\n", WP_CHUNKED_BAD, NULL },
  { "5;a\x01\r\nhello\r\n", WP_CHUNKED_BAD, NULL },
  { "0\r\n\n", WP_CHUNKED_BAD, NULL },
  { "0\r\n folded\r\n\r\n", WP_CHUNKED_BAD, NULL },
  { "0\r\nA: b\n\r\n", WP_CHUNKED_BAD, NULL },
  { "FFFFFFFFFFFFFFFFF\r\n", WP_CHUNKED_TOO_LARGE, NULL },
  { "10000000000000005\r\nhello", WP_CHUNKED_TOO_LARGE, NULL },
  { "65\r\n", WP_CHUNKED_TOO_LARGE, NULL },
};

/* In pieces of @step bytes. */
static void
check_chunks (const char *text, gsize step, WpChunkedState expected, const char *expected_body)
{
  WpChunked chunked = { .max_bytes = 100 };
  g_autoptr (GString) body = g_string_new (NULL);
  WpChunkedState state = WP_CHUNKED_MORE;
  gsize len = strlen (text), at = 0, used, n_body;

  while (at < len && state == WP_CHUNKED_MORE)
    {
      gsize n = MIN (step, len - at);
      g_autofree char *piece = g_memdup2 (text + at, n);

      state = wp_chunked_feed (&chunked, piece, n, &used, &n_body);
      g_assert_cmpuint (used, <=, n);
      g_assert_true (state != WP_CHUNKED_MORE || used == n);
      g_string_append_len (body, piece, (gssize) n_body);
      at += used;
    }
  g_assert_cmpint (state, ==, expected);
  if (state == WP_CHUNKED_DONE)
    {
      g_assert_cmpuint (at, ==, len);
      g_assert_cmpmem (body->str, body->len, expected_body, strlen (expected_body));
      g_assert_cmpuint (chunked.body_bytes, ==, body->len);
    }
}

static void
test_chunks (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (chunks); i++)
    for (gsize step = 1; step < 40; step++)
      {
        g_autofree char *escaped = g_strescape (chunks[i].text, NULL);

        g_test_message ("%s by %zu", escaped, step);
        check_chunks (chunks[i].text, step, chunks[i].state, chunks[i].body);
      }
}

/* The extras around the data have a limit too. */
static void
test_chunk_extras_never_end (void)
{
  g_autofree char *name = g_strnfill (10000, 'a'), *noughts = g_strnfill (10000, '0'),
                  *blanks = g_strnfill (10000, ' ');
  const char *const texts[][2] = { { "5;", name },       { "", noughts },   { "5", blanks },
                                   { "5;a=\"", blanks }, { "0\r\n", name }, { "0\r\nA:", name } };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = g_strconcat (texts[i][0], texts[i][1], NULL);

      check_chunks (text, 1000, WP_CHUNKED_TOO_LARGE, NULL);
      check_chunks (text, 1, WP_CHUNKED_TOO_LARGE, NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/request/heads", test_heads);
  g_test_add_func ("/request/pieces", test_pieces);
  g_test_add_func ("/request/fields", test_fields);
  g_test_add_func ("/request/target", test_target);
  g_test_add_func ("/request/persistence", test_persistence);
  g_test_add_func ("/request/stored-sizes", test_stored_sizes);
  g_test_add_func ("/request/just-fits", test_just_fits);
  g_test_add_func ("/request/two-authorizations", test_two_authorizations);
  g_test_add_func ("/request/too-long", test_too_long);
  g_test_add_func ("/request/chunks", test_chunks);
  g_test_add_func ("/request/chunk-extras-never-end", test_chunk_extras_never_end);
  return g_test_run ();
}
