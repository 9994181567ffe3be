/* Both HTTP servers send the same responses, and store the same, for every request, however libsoup would
 * read it. */
#include "tests/e2e/wp-harness.h"

#include <string.h>

#define N_RANDOM 1500

typedef struct {
  WpHarness *fast, *soup;
} Servers;

static void
set_up (Servers *self, gconstpointer data)
{
  self->fast = wp_harness_start ("--http=fast", "--ack=stored", "--max-body=1000", NULL);
  self->soup = wp_harness_start ("--http=soup", "--ack=stored", "--max-body=1000", NULL);
}

static void
tear_down (Servers *self, gconstpointer data)
{
  wp_harness_free (self->fast);
  wp_harness_free (self->soup);
}

/* The statuses of all responses to it, and to one more request behind it. */
static char *
ask (WpHarness *server, const GString *request)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GString) statuses = g_string_new (NULL);
  gboolean bodiless = g_str_has_prefix (request->str, "HEAD "), asked = FALSE;
  WpHttpResponse *response;

  wp_client_send_bytes (client, request->str, request->len);
  while ((response = bodiless && !asked ? wp_client_read_head (client) : wp_client_read (client)))
    {
      g_string_append_printf (statuses, " %u", response->status);
      if (response->status >= 200 && !asked)
        wp_client_send (client, "GET /probe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      asked |= response->status >= 200;
      wp_http_response_free (response);
    }
  return g_string_free (g_steal_pointer (&statuses), FALSE);
}

/* All that is stored, in the order in which it came; names that the server gave are left out. */
static GPtrArray *
read_stored (const WpHarness *server)
{
  static const char sql[]
      = "SELECT CASE WHEN id LIKE '________-____-7___-____-____________' THEN 'none' ELSE hex(id) END || ' ' || method || ' ' || "
        "hex(path) || ' ' || iif(content_type IS NULL, 'none', hex(content_type)) || ' ' || hex(body) FROM jobs ORDER BY rowid";

  return wp_harness_read_rows (server, "wp.db", sql);
}

/* How libsoup 3.2.3 would read a request, if it saw its head. If @where does not hold for exactly one row,
 * something else was stored. */
static const struct {
  const char *request, *where; /* NULL: refused with 400 */
} cases[] = {
  { "POST /length HTTP/1.0\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nhello",
    "path = '/length' AND body = x'68656c6c6f'" },
  { "GET /id HTTP/1.0\r\nConnection: x-request-id\r\nX-Request-Id: kept\r\n\r\n",
    "path = '/id' AND id = 'kept'" },
  { "GET /1 HTTP/1.0\r\nX-Request-Id: \x80\r\n\r\n", NULL },
  { "GET /2 HTTP/1.0\r\nX-Request-Id: \xc3\xa4\r\n\r\n", "path = '/2' AND CAST(id AS BLOB) = x'c3a4'" },
  { "GET /%2f HTTP/1.0\r\n\r\n", "path = '/%2f'" },
  { "GET /%41 HTTP/1.1\r\nHost: a\r\n\r\n", "path = '/%41'" },
  { "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", "path = '/a/../b'" },
  { "GET http://a?query HTTP/1.1\r\nHost: a\r\n\r\n", "path = '/?query'" },
  { "GET /port HTTP/1.1\r\nHost: a:65536\r\n\r\n", "path = '/port'" },
  { "GET /type HTTP/1.1\r\nHost: a\r\nContent-Type: \x80\r\n\r\n", NULL },
  { "GET /type HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: \xc3\xa4\r\n\r\n",
    "path = '/type' AND CAST(content_type AS BLOB) = x'c3a4'" },
  { "POST /trailers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    "path = '/trailers' AND body = x'68656c6c6f'" },
  { "GET http://a/absolute HTTP/1.0\r\n\r\n", "path = '/absolute'" },
  { "GET /address HTTP/1.1\r\nHost: [::g]\r\n\r\n", NULL },
  { "GET /address HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n", NULL },
  { "GET /address HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "path = '/address'" },
};

static void
check_stored (WpHarness *server)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      g_autofree char *shown = g_strescape (cases[i].request, NULL);

      g_test_message ("%s", shown);
      wp_client_send (client, cases[i].request);
      g_assert_cmpuint (wp_client_read_status (client), ==, cases[i].where ? 200 : 400);
      if (cases[i].where)
        g_assert_cmpint (wp_harness_count_rows (server, "wp.db", cases[i].where), ==, 1);
    }
}

static void
test_stored_otherwise (Servers *servers, gconstpointer data)
{
  check_stored (servers->fast);
  check_stored (servers->soup);
}

static const char *
pick (const char *const *words, gsize n)
{
  return words[g_test_rand_int_range (0, (gint32) n)];
}

#define PICK(...)                                                                                            \
  pick ((const char *const[]){ __VA_ARGS__ }, sizeof ((const char *const[]){ __VA_ARGS__ }) / sizeof (char *))

static gboolean
chance (guint percent)
{
  return g_test_rand_int_range (0, 100) < (gint32) percent;
}

static void
add_some (GString *text, const char *letters, gint32 most)
{
  for (gint32 n = g_test_rand_int_range (0, most + 1); n > 0; n--)
    g_string_append_c (text, letters[g_test_rand_int_range (0, (gint32) strlen (letters))]);
}

static void
add_target (GString *text)
{
  if (chance (50))
    g_string_append (text,
                     PICK ("/", "/a?b", "/a?", "//a", "/./a", "/../a", "/a/..", "/%41", "/%2f", "/%00",
                           "/%ff", "/%zz", "*", "a", "http://a/", "http://a", "HTTP://a/b?c", "http://a?b",
                           "http://b/", "http://a:80/", "https://a/", "//a@b", "/a%2F%2e", "http://"));
  else
    {
      g_string_append (text, PICK ("/", "/", "/", "http://a"));
      add_some (text, "abz09-._~!$&'()*+,;=:@/?%[]\"<>\\^`{|} #\x80", 6);
    }
}

static void
add_host (GString *text)
{
  if (chance (50))
    g_string_append (text,
                     PICK ("a", "a:1", "a:", "a:65536", "[::1]", "[::1]:80", "[::g]", "[::1%25eth]",
                           "[::ffff:1.2.3.4]", "[1.2.3.4]", "[v1.a]", "%61", "%00", "%ff", "a%2fb", "a%zz",
                           "", "..", "-", "a b", "[", "[]", "a\t", "a@b", "a:18446744073709551617"));
  else
    add_some (text, "abz09-.:[]%/@_~!$&'()*+,;= \"<>\\^`{|}#?\x80", 6);
}

/* None that leaves more bytes to be awaited. */
static void
add_field (GString *text, guint i)
{
  const char *name = PICK ("A", "Content-Type", "X-Request-Id", "Range", "Connection", "Connection", "Expect",
                           "Upgrade", "Authorization", "X-WP-Service", "If-Match", "Transfer-Encoding",
                           "Content-Length", "Keep-Alive", "Trailer");

  g_string_append_printf (text, "%s:%s", name, PICK ("", " ", "\t", " \t "));
  if (g_str_equal (name, "Connection"))
    g_string_append (text,
                     PICK ("close", "keep-alive", "a, keep-alive", "close, a", "upgrade", "content-type",
                           "x-request-id", "content-length", "te, close", "", ",", "\"close\"", "host"));
  else if (g_str_equal (name, "X-Request-Id"))
    g_string_append_printf (text, "%s%u", PICK ("", "a", "a b", "\"a\"", "a\x80", "\xc3\xa9"), i);
  else if (g_str_equal (name, "Expect"))
    g_string_append (text, PICK ("100-continue", "100-Continue", "", "a", "100-continue, a"));
  else if (g_str_equal (name, "Transfer-Encoding"))
    g_string_append (text, PICK ("identity", "gzip", "", "chunked, chunked"));
  else if (g_str_equal (name, "Content-Length"))
    g_string_append (text, PICK ("+5", "5, 5", "", "a", "-1", "9999999999"));
  else
    add_some (text, "ab01 ,;=\"\\/:\t\x80\xc3\xa9", 6);
  g_string_append (text, PICK ("\r\n", "\r\n", " \r\n", "\t\r\n"));
}

/* Its framing, and its bytes. */
static const char *
add_body (GString *text, gboolean old)
{
  if (old || chance (50))
    {
      const char *body = PICK ("", "hello", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n");

      g_string_append_printf (text, "Content-Length: %zu\r\n", strlen (body));
      return body;
    }
  g_string_append (text, "Transfer-Encoding: chunked\r\n");
  return PICK ("0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
               "05\r\nhello\r\n00\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n",
               "a\r\nhellohello\r\n0\r\nContent-Length: 5\r\n\r\n", "5;a=\"b\"\r\nhello\r\n0\r\n\r\n",
               "5;\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\nE:\r\n\r\n",
               "5\r\nhello\r\n0\r\nX: y\r\nGET: / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static GString *
make_request (guint i)
{
  GString *text
      = g_string_new (chance (75) ? PICK ("GET", "POST", "PUT")
                                  : PICK ("HEAD", "OPTIONS", "get", "CONNECT", "TRACE", "A", "G!T"));
  gboolean old = chance (50);
  const char *body = "";

  g_string_append_c (text, ' ');
  add_target (text);
  g_string_append (text, old ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  if (chance (90))
    {
      g_string_append (text, "Host: ");
      if (chance (60))
        g_string_append_c (text, 'a');
      else
        add_host (text);
      g_string_append (text, "\r\n");
    }
  for (guint n = (guint) g_test_rand_int_range (0, 4); n > 1; n--)
    add_field (text, i);
  if (chance (40))
    body = add_body (text, old);
  g_string_append_printf (text, "\r\n%s", body);

  return text;
}

static void
test_random (Servers *servers, gconstpointer data)
{
  g_autoptr (GPtrArray) by_fast = NULL, by_soup = NULL;

  for (guint i = 0; i < N_RANDOM; i++)
    {
      g_autoptr (GString) request = make_request (i);
      g_autofree char *fast = ask (servers->fast, request), *soup = ask (servers->soup, request);

      if (!g_str_equal (fast, soup))
        {
          g_autofree char *shown = g_strescape (request->str, NULL);

          g_error ("%s by --http=fast, %s by --http=soup, to \"%s\"", fast, soup, shown);
        }
    }
  by_fast = read_stored (servers->fast);
  by_soup = read_stored (servers->soup);
  for (guint i = 0; i < MIN (by_fast->len, by_soup->len); i++)
    g_assert_cmpstr (by_fast->pdata[i], ==, by_soup->pdata[i]);
  g_assert_cmpuint (by_fast->len, ==, by_soup->len);
  g_test_message ("%d random requests, %u of them stored", N_RANDOM, by_fast->len);
  g_assert_cmpuint (by_fast->len, >, N_RANDOM / 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/protocols-differ/stored-otherwise", Servers, NULL, set_up, test_stored_otherwise, tear_down);
  g_test_add ("/protocols-differ/random", Servers, NULL, set_up, test_random, tear_down);

  return g_test_run ();
}
