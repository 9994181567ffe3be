/* Unusual but valid requests are understood. */
#include "tests/e2e/wp-harness.h"

#include <time.h>

static void
test_single_bytes (void)
{
  static const char plain[]
      = "POST /plain HTTP/1.1\r\nHost: test\r\nX-Request-Id: plain\r\nContent-Length: 5\r\n\r\nhello";
  static const char chunked[]
      = "POST /chunked HTTP/1.1\r\nHost: test\r\nX-Request-Id: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nTrailer: x\r\n\r\n";
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) one = wp_client_new (wp_harness_port (server)),
                       two = wp_client_new (wp_harness_port (server));

  for (guint i = 0; plain[i]; i++)
    g_assert_true (wp_client_send_bytes (one, &plain[i], 1));
  g_assert_cmpuint (wp_client_read_status (one), ==, 200);
  for (guint i = 0; chunked[i]; i++)
    {
      g_assert_true (wp_client_send_bytes (two, &chunked[i], 1));
      if (i % 16 == 0)
        g_usleep (1000); /* so that the bytes are read one by one, too */
    }
  g_assert_cmpuint (wp_client_read_status (two), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "body = x'68656c6c6f'"), ==, 2);
}

/* A large body in chunks of odd sizes comes to the database as it was. */
static void
test_chunked_body (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GString) text
      = g_string_new ("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  g_autoptr (GString) where = g_string_new ("body = x'");

  for (guint i = 0; i < 400; i++)
    {
      guint size = 1 + i * 7919 % 1000;

      g_string_append_printf (text, i % 2 ? "%X\r\n" : "%x;note=\"a\"\r\n", size);
      for (guint j = 0; j < size; j++)
        {
          guchar byte = (guchar) g_test_rand_int_range (0, 256);

          g_string_append_c (text, (char) byte);
          g_string_append_printf (where, "%02x", byte);
        }
      g_string_append (text, "\r\n");
    }
  g_string_append (text, "0\r\nTrailer: x\r\n\r\n");
  g_string_append (where, "'");
  g_assert_true (wp_client_send_bytes (client, text->str, text->len));
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", where->str), ==, 1);
}

/* Nearly as large as may be, in pieces as the network makes them, and the next request at its heels. */
static void
test_large_body (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GString) where = g_string_new ("body = x'");

  for (guint i = 0; i < 400000; i++)
    {
      guint8 byte = (guint8) g_test_rand_int_range (0, 256);

      g_byte_array_append (body, &byte, 1);
      g_string_append_printf (where, "%02x", byte);
    }
  g_string_append (where, "'");
  wp_client_post (client, "/", NULL, body->data, body->len);
  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", where->str), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 2);
}

/* Where a body ends is no matter of taste: libsoup 3.2.3 ends one after the first trailer, so that the next
 * began a request. */
static void
test_trailers (void)
{
  static const char *const trailers[] = {
    "",
    "X: y\r\n",
    "X: y\r\nPOST: /x HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n",
    "A: b\r\nC: d\r\nE: f\r\nG: h\r\nI: j\r\n",
  };
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (trailers); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      g_autofree char *text = g_strdup_printf (
          "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"
          "POST /evil HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n%s\r\n"
          "GET /victim HTTP/1.1\r\nHost: a\r\n\r\n",
          trailers[i]);

      wp_client_send (client, text);
      g_assert_cmpuint (wp_client_read_status (client), ==, 405);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "path = '/evil' AND body = x'68656c6c6f'"), ==,
                   G_N_ELEMENTS (trailers));
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "path = '/victim' AND length (body) = 0"), ==,
                   G_N_ELEMENTS (trailers));
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 2 * G_N_ELEMENTS (trailers));
}

/* Kept alive as requested, and the response says so. */
static void
test_http_1_0_keep_alive (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *connection = NULL;
      g_autoptr (WpHttpResponse) response = NULL;

      wp_client_send (client, "POST / HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello");
      response = wp_client_read (client);
      g_assert_nonnull (response);
      connection = wp_http_response_header (response, "Connection");
      g_assert_cmpuint (response->status, ==, 200);
      g_assert_cmpstr (connection, ==, "keep-alive");
    }
  wp_client_send (client, "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "body = x'68656c6c6f'"), ==, 4);
}

/* A refused request without a body does not end its connection; the next request is served. */
static void
test_served_after_refusal (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) head = NULL;

  wp_client_send (client,
                  "HEAD / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\nExpect: tea\r\n\r\n"
                  "OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n");
  head = wp_client_read_head (client);
  g_assert_nonnull (head);
  g_assert_cmpuint (head->status, ==, 405);
  g_assert_cmpuint (wp_client_read_status (client), ==, 417);
  g_assert_cmpuint (wp_client_read_status (client), ==, 405);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* The payload of a request that is refused is no request. */
static void
test_refused_with_a_body (void)
{
  static const char *const heads[] = {
    "DELETE / HTTP/1.1\r\nHost: test\r\n",
    "POST / HTTP/1.1\r\nHost: test\r\nExpect: tea\r\n",
    "PROPFIND / HTTP/1.0\r\nConnection: keep-alive\r\n",
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      g_autofree char *text
          = g_strconcat (heads[i], "Content-Length: 33\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
                         NULL);

      wp_client_send (client, text);
      g_assert_cmpuint (wp_client_read_status (client), ==, i == 1 ? 417 : 405);
      g_assert_true (wp_client_read_end (client));
    }
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
}

/* A client that has sent much, and the end of its side with it: an orderly end follows the last
 * response, and no reset, which could overtake it. */
static void
test_last_response_and_half_closed (void)
{
  static const struct {
    const char *request;
    guint status;
  } cases[] = {
    { "bad\r\n\r\n", 400 },
    { "GET / HTTP/1.0\r\n\r\n", 200 },
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n", 413 },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autofree char *more = g_strnfill (20000, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_hold_back (client, TRUE); /* the end comes with the rest */
      g_assert_true (wp_client_send (client, cases[i].request));
      g_assert_true (wp_client_send (client, more));
      wp_client_half_close (client);
      g_assert_cmpuint (wp_client_read_status (client), ==, cases[i].status);
      g_assert_true (wp_client_read_end (client));
    }
}

/* An empty line behind a payload, as old clients send it, begins no request: the connection is idle. */
static void
test_empty_line_after_request (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-d", "delay:0", "--header-timeout=100ms", "--idle-timeout=1s", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, "hello", 5);
  g_assert_true (wp_client_send (client, "\r\n\r\n"));
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
  g_assert_cmpfloat (wp_harness_stat (server, "refused.head_timeout"), ==, 0);
}

/* Proxies add their own to a client's. */
static void
test_duplicate_id (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_get (client, "/", "X-Request-Id: a\r\nx-request-id: a\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_get (client, "/", "X-Request-Id: b\r\nX-Request-Id: c\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 400);
  g_assert_true (wp_client_read_end (client));
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = 'a'"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1);
}

/* For our own host, which is where it came; "https" where that is spoken. */
static void
test_absolute_form (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  gboolean tls = g_getenv ("WP_HTTP_TLS") != NULL;
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server)),
                       secure = wp_client_new (wp_harness_port (server));

  wp_client_send (
      client,
      "GET http://Test/a?b HTTP/1.1\r\nHost: test\r\n\r\nGET http://test?c HTTP/1.1\r\nHost: test\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_send (client, "GET http://other/ HTTP/1.1\r\nHost: test\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 400);
  wp_client_send (secure, "GET https://test/d HTTP/1.1\r\nHost: test\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (secure), ==, tls ? 200 : 400);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "path IN ('/a?b', '/?c')"), ==, 2);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "path = '/d'"), ==, tls ? 1 : 0);
}

static void
test_range (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (client, "/", "Range: bytes=0-2\r\n");
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);
  g_assert_cmpstr (response->body, ==, "Success!!");
}

/* Responses come in the order of the requests, whatever their statuses. */
static void
test_pipelined (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:request", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (
        text, "POST /%u HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nX-WP-Service: %s\r\n\r\nabc", i,
        i * i % 7 == 2 ? "none" : "0");
  g_string_append (text,
                   "PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  wp_client_send (client, text->str);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (wp_client_read_status (client), ==, i * i % 7 == 2 ? 400 : 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* The second request of a connection waits while the first is parked, and is then served. */
static void
test_pipelined_behind_parked (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:300ms", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 5; i++)
    g_string_append (text, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  wp_client_send (client, text->str);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "blocked", 4);
  wp_harness_await_stat (server, "parked_peak", 1);
}

static void
test_expect_100_continue (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client,
                  "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 100);
  wp_client_send (client, "hello");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

static void
test_last_request (gconstpointer request)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, request);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
}

/* Bytes behind the last request are read and discarded: a reset could overtake the response. */
static void
test_bytes_after_last_request (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GString) text = g_string_new ("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");

  for (guint i = 0; i < 20000; i++)
    g_string_append (text, "more");
  g_assert_true (wp_client_send (client, text->str));
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
}

/* The Date of a response is that of its second, and goes on. */
static void
test_date (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < 2; i++)
    {
      time_t before = time (NULL), after;
      g_autoptr (WpHttpResponse) response = NULL;
      g_autofree char *date = NULL;
      struct tm tm = { 0 };

      wp_client_get (client, "/", NULL);
      response = wp_client_read (client);
      after = time (NULL);
      g_assert_nonnull (response);
      date = wp_http_response_header (response, "Date");
      g_assert_nonnull (date);
      g_assert_nonnull (strptime (date, "%a, %d %b %Y %H:%M:%S GMT", &tm));
      g_assert_cmpint (timegm (&tm), >=, before - 1); /* by the kernel's coarse clock */
      g_assert_cmpint (timegm (&tm), <=, after);
      g_usleep (i == 0 ? 2100000 : 0); /* the time that is to pass */
    }
}

/* Half a connection is enough to be answered on, where nothing has to be waited for. */
static void
test_half_closed_and_answered (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, "x", 1);
  wp_client_half_close (client);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
}

/* If the request has to wait, a half-closed connection counts as a client that left: its job does not run,
 * and the client gets 503. */
static void
test_half_closed_and_parked (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1h", "--drain-timeout=0", NULL);
  g_autoptr (WpClient) first = wp_client_new (wp_harness_port (server)),
                       client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *connection = NULL;

  wp_client_get (first, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  wp_client_post (client, "/", NULL, "x", 1);
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_client_half_close (client);
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 503);
  connection = wp_http_response_header (response, "Connection");
  g_assert_cmpstr (connection, ==, "close");
  g_assert_true (wp_client_read_end (client));
  wp_harness_await_stat (server, "ledger.abandoned", 1);
}

/* The memory that a connection was charged for is released with the response, not only at the end of the
 * connection. */
static void
test_memory_is_released (void)
{
  static const char *const pieces[][3] = {
    { "POST / HTTP/1.1\r\nHo", "st: test\r\nContent-Length: 5\r\n\r\n", "hello" },
    { "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe", "ll", "o" },
    { "PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "c\r\n2\r\nde\r\n",
      "0\r\nT: x\r\n\r\n" },
    { "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HTTP/1.1\r\nHost: test\r\n", "\r\n" },
    { "DELETE / HTTP/1.1\r\nHo", "st: te", "st\r\n\r\n" },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  WpClient *clients[G_N_ELEMENTS (pieces)];

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    clients[i] = wp_client_new (wp_harness_port (server));
  for (guint j = 0; j < 3; j++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
        wp_client_send (clients[i], pieces[i][j]);
      while (j < 2 && wp_harness_stat (server, "pending_bytes") <= 0)
        ;
    }
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    g_assert_cmpuint (wp_client_read_status (clients[i]), ==, i < 4 ? 200 : 405);
  g_assert_cmpuint (wp_client_read_status (clients[3]), ==, 200);
  wp_harness_await_stat (server, "pending_bytes", 0);
  wp_harness_await_stat (server, "connections", G_N_ELEMENTS (pieces));
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    wp_client_free (clients[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/odd-client/single-bytes", test_single_bytes);
  g_test_add_func ("/odd-client/chunked-body", test_chunked_body);
  g_test_add_func ("/odd-client/large-body", test_large_body);
  g_test_add_func ("/odd-client/trailers", test_trailers);
  g_test_add_func ("/odd-client/http-1.0-keep-alive", test_http_1_0_keep_alive);
  g_test_add_func ("/odd-client/served-after-refusal", test_served_after_refusal);
  g_test_add_func ("/odd-client/refused-with-a-body", test_refused_with_a_body);
  g_test_add_func ("/odd-client/last-response-and-half-closed", test_last_response_and_half_closed);
  g_test_add_func ("/odd-client/empty-line-after-request", test_empty_line_after_request);
  g_test_add_func ("/odd-client/duplicate-id", test_duplicate_id);
  g_test_add_func ("/odd-client/absolute-form", test_absolute_form);
  g_test_add_func ("/odd-client/range", test_range);
  g_test_add_func ("/odd-client/pipelined", test_pipelined);
  g_test_add_func ("/odd-client/pipelined-behind-parked", test_pipelined_behind_parked);
  g_test_add_func ("/odd-client/expect-100-continue", test_expect_100_continue);
  g_test_add_data_func ("/odd-client/http-1.0", "GET / HTTP/1.0\r\n\r\n", test_last_request);
  g_test_add_data_func ("/odd-client/connection-close",
                        "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", test_last_request);
  g_test_add_func ("/odd-client/bytes-after-last-request", test_bytes_after_last_request);
  g_test_add_func ("/odd-client/date", test_date);
  g_test_add_func ("/odd-client/half-closed-and-answered", test_half_closed_and_answered);
  g_test_add_func ("/odd-client/half-closed-and-parked", test_half_closed_and_parked);
  g_test_add_func ("/odd-client/memory-is-released", test_memory_is_released);

  return g_test_run ();
}
