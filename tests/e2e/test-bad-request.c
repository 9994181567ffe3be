/* Requests that are malformed, too slow or endless: each gets its 4xx and makes no job, and other clients are
 * unaffected. */
#include "tests/e2e/wp-harness.h"

#include <string.h>

/* Sends @size bytes; wants a response of @status, and the end of the connection where @closes. */
static void
check_bytes (WpHarness *server, const char *bytes, gsize size, guint status, gboolean closes)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *shown = g_strndup (bytes, MIN (size, 200));
  g_autofree char *escaped = g_strescape (shown, NULL);
  guint got;

  g_assert_true (wp_client_send_bytes (client, bytes, size));
  got = wp_client_read_status (client);
  if (got != status)
    {
      g_test_message ("WRONG: %u, not %u, to \"%s\"", got, status, escaped);
      g_test_fail ();
    }
  else if (closes && !wp_client_read_end (client))
    {
      g_test_message ("WRONG: no orderly end after %u to \"%s\"", status, escaped);
      g_test_fail ();
    }
}

static void
check (WpHarness *server, const char *text, guint status, gboolean closes)
{
  check_bytes (server, text, strlen (text), status, closes);
}

/* None of that made a job, and all is well. */
static void
check_unharmed (WpHarness *server)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "connections", 1);
}

#define CHUNKED "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"

static void
test_malformed (void)
{
  static const char *const bad[] = {
    "GET /\r\n\r\n",
    "garbage\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: test\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET / http/1.1\r\nHost: test\r\n\r\n",
    "GET noslash HTTP/1.1\r\nHost: test\r\n\r\n",
    "G\x01T / HTTP/1.1\r\nHost: test\r\n\r\n",
    "GET /\x01 HTTP/1.1\r\nHost: test\r\n\r\n",
    "\x16\x03\x01\x02\x01\x01\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: one\r\nHost: two\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nno colon\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nBad Name: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\n: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\n folded: x\r\n\r\n",
    "GET / HTTP/1.1\r\n Host: test\r\n\r\n",
    "GET / HTTP/1.1\nHost: test\n\n",
    "GET / HTTP/1.1\r\nHost: test\r\nA: b\rc\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: -5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: +5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: five\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length:\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5x\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0x5\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 18446744073709551621\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5, 6\r\n\r\nhello!",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
    "0\r\n\r\n",
    CHUNKED "zz\r\nhello\r\n0\r\n\r\n",
    CHUNKED "-5\r\nhello\r\n0\r\n\r\n",
    CHUNKED "+5\r\nhello\r\n0\r\n\r\n",
    CHUNKED "0x5\r\nhello\r\n0\r\n\r\n",
    CHUNKED "\r\nhello\r\n0\r\n\r\n",
    CHUNKED "5\r\nhelloXX\r\n0\r\n\r\n",
    CHUNKED "5 \r\nhello\r\n0\r\n\r\n",
    CHUNKED "5;\r\nhello\r\n0\r\n\r\n",
    CHUNKED "5;a b\r\nhello\r\n0\r\n\r\n",
    CHUNKED "5;a=\"b\r\nhello\r\n0\r\n\r\n",
    CHUNKED "5\r\nhello\r\n0\r\nA: b\r\nno colon\r\n\r\n",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nX-Request-Id: \xe4\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\nContent-Type: \xe4\r\n\r\n",
    CHUNKED "5\nhello\n0\n\n",
    CHUNKED "5 5\r\nhello\r\n0\r\n\r\n",
    CHUNKED "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
  };
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", NULL);
  static const char nul[] = "GET / HTTP/1.1\r\nHost: test\r\nA: \0b\r\n\r\n";

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    check (server, bad[i], 400, TRUE);
  check_bytes (server, nul, sizeof nul - 1, 400, TRUE);
  check_unharmed (server);
}

static void
test_unsupported_version (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  check (server, "GET / HTTP/2.0\r\nHost: test\r\n\r\n", 505, TRUE);
  check (server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, TRUE);
  check (server, "GET / HTTP/9.9\r\nHost: test\r\n\r\n", 505, TRUE);
  check_unharmed (server);
}

static void
test_head_too_large (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autofree char *long_text = g_strnfill (200000, 'a');
  g_autofree char *path = g_strdup_printf ("GET /%s HTTP/1.1\r\nHost: test\r\n\r\n", long_text);
  g_autofree char *header = g_strdup_printf ("GET / HTTP/1.1\r\nHost: test\r\nA: %s\r\n\r\n", long_text);
  g_autoptr (GString) many = g_string_new ("GET / HTTP/1.1\r\nHost: test\r\n");

  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (many, "A%u: b\r\n", i);
  g_string_append (many, "\r\n");
  check (server, path, 414, TRUE);
  check (server, header, 431, TRUE);
  check (server, many->str, 431, TRUE);
  check_unharmed (server);
}

static void
test_method (void)
{
  static const char *const methods[]
      = { "DELETE /", "HEAD /", "PATCH /a", "OPTIONS /", "OPTIONS *", "BREW /", "get /" };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autofree char *text = g_strdup_printf ("%s HTTP/1.1\r\nHost: test\r\n\r\n", methods[i]);
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      g_autoptr (WpHttpResponse) response = NULL;
      g_autofree char *allow = NULL;

      wp_client_send (client, text);
      response
          = g_str_has_prefix (methods[i], "HEAD") ? wp_client_read_head (client) : wp_client_read (client);
      g_assert_nonnull (response);
      g_assert_cmpuint (response->status, ==, 405);
      allow = wp_http_response_header (response, "Allow");
      g_assert_cmpstr (allow, ==, "GET, POST, PUT");
    }
  check_unharmed (server);
}

static void
test_body_too_large (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", "--max-body=1k", NULL);
  g_autofree char *body = g_strnfill (1 << 20, 'b');
  g_autofree char *large
      = g_strdup_printf ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1048576\r\n\r\n%s", body);
  g_autofree char *one_more
      = g_strdup_printf ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1025\r\n\r\n%.1025s", body);
  g_autofree char *chunks = g_strdup_printf (CHUNKED "400\r\n%.1024s\r\n1\r\nb\r\n0\r\n\r\n", body);
  g_autofree char *large_chunk = g_strdup_printf (CHUNKED "100000\r\n%s\r\n0\r\n\r\n", body);

  check (server, large, 413, TRUE);
  check (server, one_more, 413, TRUE);
  check (server, chunks, 413, TRUE);
  check (server, large_chunk, 413, TRUE);
  check (server, CHUNKED "FFFFFFFFFFFF\r\nb", 413, TRUE);
  check (server, CHUNKED "FFFFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", 413, TRUE);
  check (server, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 999999999999999999\r\n\r\n", 413, TRUE);
  check (server, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n", 413,
         TRUE);
  check_unharmed (server);
}

/* A chunk size with endless zeros is refused. */
static void
test_endless_chunk_size (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *noughts = g_strnfill (1000, '0');
  guint n = 0;

  wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  while (n < 100 && wp_client_is_silent (client) && wp_client_send (client, noughts))
    n++;
  g_assert_cmpuint (wp_client_read_status (client), ==, 413);
  wp_client_read_end (client);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
}

/* Exactly as large as allowed, both ways. */
static void
test_body_just_fits (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--max-body=1k", NULL);
  g_autofree char *body = g_strnfill (1024, 'b'),
                  *chunks = g_strdup_printf (CHUNKED "3ff\r\n%.1023s\r\n1\r\nb\r\n0\r\n\r\n", body);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, body, 1024);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  check (server, chunks, 200, FALSE);
  check (server, CHUNKED "0\r\n\r\n", 200, FALSE);
  wp_harness_await_stat (server, "ledger.stored", 3);
}

/* The client goes away in the midst of its request: there is no job without a whole one. */
static void
test_client_leaves_within_request (void)
{
  static const char *const bad[] = {
    "",
    "G",
    "GET / HTTP/1.1\r\nHost: test\r\n",
    "GET / HTTP/1.1\r\nHost: test\r\n\r",
    "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234",
    CHUNKED,
    CHUNKED "5\r\nhel",
    CHUNKED "5\r\nhello\r\n",
    CHUNKED "5\r\nhello\r\n0\r\n",
    CHUNKED "5\r\nhello\r\n0",
  };
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_send (client, bad[i]);
      wp_client_half_close (client);
      wp_client_read_end (client);
    }
  check_unharmed (server);
}

static void
test_requested_service (void)
{
  static const char *const bad[]
      = { "abc", "-1", "3600.000000001", "nan", "inf", "1e400", "1s", "0x10", "1,5" };
  static const char *const good[] = { "0", "0.001", " 1e-3 ", "3600" };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:request", NULL);
  g_autoptr (WpHarness) other = wp_harness_start ("-d", "delay:0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text
          = g_strdup_printf ("GET / HTTP/1.1\r\nHost: test\r\nX-WP-Service: %s\r\n\r\n", bad[i]);

      check (server, text, 400, FALSE);
      check (other, text, 200, FALSE); /* where nobody asks for it, it says nothing */
    }
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *text
          = g_strdup_printf ("GET / HTTP/1.1\r\nHost: test\r\nX-WP-Service: %s\r\n\r\n", good[i]);

      check (server, text, 200, FALSE);
    }
}

/* The response to HEAD has no body, whatever its status, once the method was read. The connection sends
 * nothing more. */
static void
test_no_body_for_head (void)
{
  static const struct {
    const char *text;
    guint status;
  } cases[] = {
    { "HEAD / HTTP/1.1\r\n\r\n", 400 },
    { "HEAD /\x01", 400 },
    { "HEAD / HTTP/3.0\r\n", 505 },
    { "HEAD / HTTP/1.1\r\nHost:", 408 },
    { "HEAD / HTTP/1.1\r\nHost: test\r\nContent-Length: 9999999\r\nConnection: close\r\n\r\n", 405 },
    { "HEAD / HTTP/1.0\r\nExpect: tea\r\n\r\n", 405 },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=1s", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      g_autoptr (WpHttpResponse) response = NULL;

      g_test_message ("%s", cases[i].text);
      wp_client_send (client, cases[i].text);
      response = wp_client_read_head (client);
      g_assert_nonnull (response);
      g_assert_cmpuint (response->status, ==, cases[i].status);
      g_assert_true (wp_client_read_end (client));
    }
}

/* HEAD looks whether the server answers: it is none of the requests that were refused, which are counted. */
static void
check_head (WpHarness *server)
{
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_send (client, "HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
  response = wp_client_read_head (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 405);
}

/* Each is one response that says why and, where the gate gives it, that the connection ends; and is counted
 * by that reason alone. */
static void
test_counted (void)
{
  g_autofree char *long_text = g_strnfill (40000, 'a');
  g_autofree char *line = g_strdup_printf ("GET /%.9000s HTTP/1.1\r\n", long_text);
  g_autofree char *head = g_strdup_printf ("GET / HTTP/1.1\r\nHost: test\r\nA: %s", long_text);
  const struct {
    const char *reason, *text;
    guint status;
    gboolean closes;
  } refusals[] = {
    { "malformed", "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n", 400, TRUE },
    { "malformed", CHUNKED "zz\r\n", 400, TRUE },
    { "version", "GET / HTTP/2.0\r\n", 505, TRUE },
    { "line_size", line, 414, TRUE },
    { "head_size", head, 431, TRUE },
    { "body_size", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1025\r\n\r\n", 413, TRUE },
    { "head_timeout", "GET / HTTP/1.1\r\nHost:", 408, TRUE },
    { "body_timeout", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhell", 408, TRUE },
    { "method", "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n", 405, FALSE },
    { "method", "DELETE / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\n", 405, TRUE },
    { "expectation", "GET / HTTP/1.1\r\nHost: test\r\nExpect: tea\r\n\r\n", 417, FALSE },
    { "service_time", "GET / HTTP/1.1\r\nHost: test\r\nX-WP-Service: soon\r\n\r\n", 400, FALSE },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:request", "--max-body=1k",
                                                   "--header-timeout=1s", "--body-timeout=300ms", NULL);
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *name = g_strconcat ("refused.", refusals[i].reason, NULL), *connection = NULL,
                      *date = NULL;
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, refusals[i].reason)) + 1;
      g_autoptr (WpHttpResponse) response = NULL;

      g_test_message ("%s", refusals[i].reason);
      g_hash_table_insert (counts, (gpointer) refusals[i].reason, GUINT_TO_POINTER (n));
      wp_client_send (client, refusals[i].text);
      response = wp_client_read (client);
      g_assert_nonnull (response);
      date = wp_http_response_header (response, "Date");
      g_assert_nonnull (date);
      g_assert_true (g_str_has_prefix (response->head, "HTTP/1.1 "));
      connection = wp_http_response_header (response, "Connection");
      g_assert_cmpuint (response->status, ==, refusals[i].status);
      g_assert_true (response->size > 10 && response->size < 80 && g_str_has_suffix (response->body, ".\n"));
      g_assert_cmpint (g_strcmp0 (connection, "close") == 0, ==, refusals[i].closes);
      g_assert_true (!refusals[i].closes || wp_client_read_end (client));
      wp_harness_await_stat (server, name, n);
    }
  check_unharmed (server);
  check_head (server);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *name = g_strconcat ("refused.", refusals[i].reason, NULL);

      wp_harness_await_stat (server, name,
                             GPOINTER_TO_UINT (g_hash_table_lookup (counts, refusals[i].reason)));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bad-request/malformed", test_malformed);
  g_test_add_func ("/bad-request/unsupported-version", test_unsupported_version);
  g_test_add_func ("/bad-request/head-too-large", test_head_too_large);
  g_test_add_func ("/bad-request/method", test_method);
  g_test_add_func ("/bad-request/body-too-large", test_body_too_large);
  g_test_add_func ("/bad-request/endless-chunk-size", test_endless_chunk_size);
  g_test_add_func ("/bad-request/body-just-fits", test_body_just_fits);
  g_test_add_func ("/bad-request/client-leaves-within-request", test_client_leaves_within_request);
  g_test_add_func ("/bad-request/requested-service", test_requested_service);
  g_test_add_func ("/bad-request/no-body-for-head", test_no_body_for_head);
  g_test_add_func ("/bad-request/counted", test_counted);

  return g_test_run ();
}
