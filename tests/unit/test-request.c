#include <string.h>

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-request.h"

#define LINE "GET /a?b HTTP/1.1\r\n"
#define HOST "Host: x:80\r\n"
#define END "\r\n"

static const char *const kinds[] = { "more", "plain", "other", "bad" };

/* RFC 9112 and 9110 by section; where they leave a choice, ours is the strict one. */
static const struct {
  const char *text;
  WpRequestKind kind;
  guint status;
} heads[] = {
  /* 9112, 2.1 and 2.2: message format, line ends */
  { LINE HOST END, WP_REQUEST_PLAIN, 0 },
  { "\r\n" LINE HOST END, WP_REQUEST_PLAIN, 0 },
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
  { "GET /%41{x}|\"<> HTTP/1.1\r\n" HOST END, WP_REQUEST_PLAIN, 0 },
  { "DELETE / HTTP/1.1\r\n" HOST END, WP_REQUEST_OTHER, 0 },
  { "get / HTTP/1.1\r\n" HOST END, WP_REQUEST_OTHER, 0 },
  { "HEAD / HTTP/1.1\r\n" HOST END, WP_REQUEST_OTHER, 0 },
  /* 9112, 2.3: version */
  { "GET / HTTP/1.0\r\n\r\n", WP_REQUEST_OTHER, 0 },
  { "GET / HTTP/1.2\r\n" HOST END, WP_REQUEST_BAD, 505 },
  { "GET / HTTP/2.0\r\n" HOST END, WP_REQUEST_BAD, 505 },
  { "GET / HTTP/11\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET / http/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET / HTTQ/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", WP_REQUEST_BAD, 505 },
  /* 9112, 3.2: target */
  { "GET http://x:80/p HTTP/1.1\r\n" HOST END, WP_REQUEST_PLAIN, 0 },
  { "GET HTTP://X:80 HTTP/1.1\r\n" HOST END, WP_REQUEST_PLAIN, 0 },
  { "GET http://y/p HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET http:// HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET ftp://x:80/ HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET * HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET x:80 HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "GET a/b HTTP/1.1\r\n" HOST END, WP_REQUEST_BAD, 400 },
  { "OPTIONS * HTTP/1.1\r\n" HOST END, WP_REQUEST_OTHER, 0 },
  { "CONNECT x:80 HTTP/1.1\r\n" HOST END, WP_REQUEST_OTHER, 0 },
  /* 9112, 3.2 and 9110, 7.2: host */
  { LINE END, WP_REQUEST_BAD, 400 },
  { LINE HOST HOST END, WP_REQUEST_BAD, 400 },
  { LINE HOST "host: y\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host:\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: a b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: a/b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: a@b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: [::1]:80\r\n" END, WP_REQUEST_PLAIN, 0 },
  { LINE "Host: [::ffff:1.2.3.4]\r\n" END, WP_REQUEST_PLAIN, 0 },
  { LINE "Host: [::g]\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: []\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: [1.2.3.4]\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "Host: [00000000000000000000000000000000000000000000000000000000000000000000::1]\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE "hOsT:x\r\n" END, WP_REQUEST_PLAIN, 0 },
  /* 9112, 5: field lines */
  { LINE HOST "A : b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST ": b\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A b: c\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\r\n c\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\r\n\tc\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\x01\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A: b\x7f\r\n" END, WP_REQUEST_BAD, 400 },
  { LINE HOST "A:\r\n" END, WP_REQUEST_PLAIN, 0 },
  { LINE HOST "A: \t b c \t\r\n" END, WP_REQUEST_PLAIN, 0 },
  { LINE HOST "A: \xc3\xa4\r\n" END, WP_REQUEST_PLAIN, 0 },
  { LINE HOST "(: b\r\n" END, WP_REQUEST_BAD, 400 },
  /* 9112, 6.1 to 6.3: framing */
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END, WP_REQUEST_PLAIN, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, WP_REQUEST_PLAIN, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 9999999999999999999\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END, WP_REQUEST_PLAIN, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n" END, WP_REQUEST_PLAIN, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END, WP_REQUEST_BAD, 400 },
  { "POST / HTTP/1.1\r\n" HOST "X-Request-Id: a\r\nX-Request-Id: b\r\nTransfer-Encoding: chunked\r\n" END, WP_REQUEST_BAD, 400 },
  /* 9110: expectations, upgrades, connection options */
  { "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n" END, WP_REQUEST_PLAIN, 0 },
  { "POST / HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 1\r\n" END, WP_REQUEST_OTHER, 0 },
  { LINE HOST "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n" END, WP_REQUEST_PLAIN, 0 },
  { LINE HOST "Connection: x, close\r\n" END, WP_REQUEST_PLAIN, 0 },
  /* ours */
  { LINE HOST "X-Request-Id: a\r\nX-Request-Id: b\r\n" END, WP_REQUEST_OTHER, 0 },
};

/* The text is copied to its exact size, so that a sanitizer sees a look past its end. */
static WpRequestKind
parse (const char *text, gsize len, WpRequest *request, guint *status)
{
  g_autofree char *exact = g_memdup2 (text, MAX (len, 1));

  return wp_request_parse (exact, len, request, status);
}

static void
test_heads (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      g_autofree char *escaped = g_strescape (heads[i].text, NULL);
      WpRequest request;
      guint status;
      WpRequestKind kind = parse (heads[i].text, strlen (heads[i].text), &request, &status);

      g_test_message ("%s", escaped);
      g_assert_cmpstr (kinds[kind], ==, kinds[heads[i].kind]);
      g_assert_cmpuint (status, ==, heads[i].status);
      if (kind == WP_REQUEST_PLAIN)
        g_assert_cmpuint (request.head_len, ==, strlen (heads[i].text));
    }
}

/* However few bytes have come, a good head is never refused, and never taken before its end; what is bad by then stays bad. */
static void
test_prefixes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      gboolean was_bad = FALSE;

      for (gsize len = 0; len < strlen (heads[i].text); len++)
        {
          WpRequest request;
          guint status;
          WpRequestKind kind = parse (heads[i].text, len, &request, &status);

          g_assert_true (kind == WP_REQUEST_MORE || (kind == WP_REQUEST_BAD && heads[i].kind == WP_REQUEST_BAD));
          g_assert_false (was_bad && kind != WP_REQUEST_BAD);
          was_bad = kind == WP_REQUEST_BAD;
        }
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
  static const char text[] = "POST http://h/p?q=1 HTTP/1.1\r\nhost: H\r\nContent-Type: text/x \r\nX-Request-ID:\tab c\r\n"
                             "x-wp-service: 0.5\r\nconnection: keep-alive , Close\r\nexpect: 100-Continue\r\ncontent-length: 017\r\n\r\nrest";
  WpRequest request;
  guint status;

  g_assert_cmpint (wp_request_parse (text, strlen (text), &request, &status), ==, WP_REQUEST_PLAIN);
  g_assert_cmpstr (request.method, ==, "POST");
  assert_slice (request.path, "/p");
  assert_slice (request.query, "?q=1");
  assert_slice (request.content_type, "text/x");
  assert_slice (request.id, "ab c");
  assert_slice (request.service, "0.5");
  g_assert_true (request.close && request.expects_continue && !request.chunked);
  g_assert_cmpuint (request.content_length, ==, 17);
  g_assert_cmpuint (request.head_len, ==, strlen (text) - strlen ("rest"));
}

/* The same path and query in whichever form they come. */
static void
test_target (void)
{
  static const struct { const char *target, *path, *query; } cases[] = {
    { "/", "/", "" }, { "/p", "/p", "" }, { "/?", "/", "?" }, { "/p?q", "/p", "?q" }, { "/p?q?r/s", "/p", "?q?r/s" }, { "//x", "//x", "" },
    { "http://x:80", "/", "" }, { "http://x:80?", "/", "?" }, { "http://x:80?q/r", "/", "?q/r" }, { "http://x:80/", "/", "" }, { "http://x:80/p?q", "/p", "?q" },
    { "HTTP://X:80//p", "//p", "" },
  };
  WpRequest request;
  guint status;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\n" HOST END, cases[i].target);

      g_assert_cmpint (wp_request_parse (text, strlen (text), &request, &status), ==, WP_REQUEST_PLAIN);
      assert_slice (request.path, cases[i].path);
      assert_slice (request.query, cases[i].query);
    }
}

/* Which of two credentials a front saw is not known. */
static void
test_two_authorizations (void)
{
  static const char text[] = "GET / HTTP/1.0\r\nAuthorization: Bearer a\r\nAuthorization: Bearer a\r\nExpect: x\r\n\r\n";
  WpRequest request;
  guint status;

  g_assert_cmpint (wp_request_parse (text, strlen (text), &request, &status), ==, WP_REQUEST_OTHER);
  assert_slice (request.authorization, "");
  g_assert_true (request.old && request.expects_other && !request.expects_continue && !request.is_head);
}

static void
test_too_long (void)
{
  g_autoptr(GString) line = g_string_new ("GET /"), head = g_string_new (LINE HOST);
  WpRequest request;
  guint status;

  while (line->len <= WP_REQUEST_MAX_LINE)
    g_string_append_c (line, 'a');
  g_assert_cmpint (wp_request_parse (line->str, line->len, &request, &status), ==, WP_REQUEST_BAD);
  g_assert_cmpuint (status, ==, 414);

  while (head->len < WP_REQUEST_MAX_HEAD)
    g_string_append (head, "A: b\r\n");
  g_assert_cmpint (wp_request_parse (head->str, head->len, &request, &status), ==, WP_REQUEST_BAD);
  g_assert_cmpuint (status, ==, 431);
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
  { "5\r\nhel", WP_CHUNKED_MORE, NULL },
  { "5 5\r\nhello", WP_CHUNKED_BAD, NULL },
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
  g_autoptr(WpChunked) chunked = wp_chunked_new (100);
  WpChunkedState state = WP_CHUNKED_MORE;
  gsize len = strlen (text), at = 0, used;

  while (at < len && state == WP_CHUNKED_MORE)
    {
      gsize n = MIN (step, len - at);

      state = wp_chunked_feed (chunked, text + at, n, &used);
      g_assert_cmpuint (used, <=, n);
      at += used;
    }
  g_assert_cmpint (state, ==, expected);
  if (state == WP_CHUNKED_DONE)
    {
      g_autoptr(GBytes) body = wp_chunked_steal_body (chunked);

      g_assert_cmpuint (at, ==, len);
      g_assert_cmpmem (body ? g_bytes_get_data (body, NULL) : "", body ? g_bytes_get_size (body) : 0, expected_body, strlen (expected_body));
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

/* What is read over beside the data has a limit too. */
static void
test_chunk_extension_never_ends (void)
{
  g_autofree char *name = g_strnfill (10000, 'a'), *text = g_strconcat ("5;", name, NULL);

  check_chunks (text, 1000, WP_CHUNKED_TOO_LARGE, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/request/heads", test_heads);
  g_test_add_func ("/request/prefixes", test_prefixes);
  g_test_add_func ("/request/fields", test_fields);
  g_test_add_func ("/request/target", test_target);
  g_test_add_func ("/request/two-authorizations", test_two_authorizations);
  g_test_add_func ("/request/too-long", test_too_long);
  g_test_add_func ("/request/chunks", test_chunks);
  g_test_add_func ("/request/chunk-extension-never-ends", test_chunk_extension_never_ends);
  return g_test_run ();
}
