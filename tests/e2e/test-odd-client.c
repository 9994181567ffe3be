/* A client that says what may be said, but not as most do: it is understood. */
#include "tests/e2e/wp-harness.h"

static void
test_single_bytes (void)
{
  static const char plain[] = "POST /plain HTTP/1.1\r\nHost: test\r\nX-Request-Id: plain\r\nContent-Length: 5\r\n\r\nhello";
  static const char chunked[] = "POST /chunked HTTP/1.1\r\nHost: test\r\nX-Request-Id: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nTrailer: x\r\n\r\n";
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr(WpClient) one = wp_client_new (wp_harness_port (server)), two = wp_client_new (wp_harness_port (server));

  for (guint i = 0; plain[i]; i++)
    g_assert_true (wp_client_send_bytes (one, &plain[i], 1));
  g_assert_cmpuint (wp_client_read_status (one), ==, 200);
  for (guint i = 0; chunked[i]; i++)
    {
      g_assert_true (wp_client_send_bytes (two, &chunked[i], 1));
      if (i % 16 == 0)
        g_usleep (1000);     /* so that the bytes are read one by one, too */
    }
  g_assert_cmpuint (wp_client_read_status (two), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "body = x'68656c6c6f'"), ==, 2);
}

/* A large body in chunks of odd sizes comes to the database as it was. */
static void
test_chunked_is_whole (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr(GString) text = g_string_new ("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
  g_autoptr(GString) where = g_string_new ("body = x'");

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
test_large_body_is_whole (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr(GByteArray) body = g_byte_array_new ();
  g_autoptr(GString) where = g_string_new ("body = x'");

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

static void
test_range (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr(WpAnswer) answer = NULL;

  wp_client_get (client, "/", "Range: bytes=0-2\r\n");
  answer = wp_client_read (client);
  g_assert_nonnull (answer);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (answer->body, ==, "Success!!");
}

/* Answers come in the order of the requests, whatever each of them is. */
static void
test_pipelined (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:request", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr(GString) text = g_string_new (NULL);

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (text, "POST /%u HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nX-WP-Service: %s\r\n\r\nabc", i,
                            i * i % 7 == 2 ? "none" : "0");
  g_string_append (text, "PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  wp_client_send (client, text->str);
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (wp_client_read_status (client), ==, i * i % 7 == 2 ? 400 : 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* The second request of a connection waits while the first is parked, and is then served. */
static void
test_pipelined_behind_a_parked_one (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:100ms", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < 5; i++)
    wp_client_get (client, "/", NULL);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), ==, 4);
  g_assert_cmpfloat (wp_harness_stat (server, "parked_peak"), ==, 1);
}

static void
test_expects_to_be_asked (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 100);
  wp_client_send (client, "hello");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

static void
test_last_request (gconstpointer request)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, request);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
}

/* Half a connection is enough to be answered on, where nothing has to be waited for. */
static void
test_half_closed_and_answered (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, "x", 1);
  wp_client_half_close (client);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
}

/* Where it has to be waited for, half a connection has left: its job does not run, and whoever still reads is told so. */
static void
test_half_closed_and_parked (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1h", "--drain-timeout=0", NULL);
  g_autoptr(WpClient) first = wp_client_new (wp_harness_port (server)), client = wp_client_new (wp_harness_port (server));
  g_autoptr(WpAnswer) answer = NULL;
  g_autofree char *connection = NULL;

  wp_client_get (first, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (first), ==, 200);
  wp_client_post (client, "/", NULL, "x", 1);
  wp_harness_await_stat (server, "ledger.parked", 1);
  wp_client_half_close (client);
  answer = wp_client_read (client);
  g_assert_nonnull (answer);
  g_assert_cmpuint (answer->status, ==, 503);
  connection = wp_answer_header (answer, "Connection");
  g_assert_cmpstr (connection, ==, "close");
  g_assert_true (wp_client_read_end (client));
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.abandoned"), ==, 1);
}

/* What a connection was charged for is given back with the answer, and not only when it ends. */
static void
test_memory_is_given_back (void)
{
  static const char *const pieces[][3] = {
    { "POST / HTTP/1.1\r\nHo", "st: test\r\nContent-Length: 5\r\n\r\n", "hello" },
    { "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhe", "ll", "o" },
    { "PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "c\r\n2\r\nde\r\n", "0\r\nT: x\r\n\r\n" },
    { "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "GET / HTTP/1.1\r\nHost: test\r\n", "\r\n" },
    { "DELETE / HTTP/1.1\r\nHo", "st: te", "st\r\n\r\n" },
  };
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
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
  g_assert_cmpfloat (wp_harness_stat (server, "connections"), ==, G_N_ELEMENTS (pieces));
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    wp_client_free (clients[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/odd-client/single-bytes", test_single_bytes);
  g_test_add_func ("/odd-client/chunked-is-whole", test_chunked_is_whole);
  g_test_add_func ("/odd-client/large-body-is-whole", test_large_body_is_whole);
  g_test_add_func ("/odd-client/range", test_range);
  g_test_add_func ("/odd-client/pipelined", test_pipelined);
  g_test_add_func ("/odd-client/pipelined-behind-a-parked-one", test_pipelined_behind_a_parked_one);
  g_test_add_func ("/odd-client/expects-to-be-asked", test_expects_to_be_asked);
  g_test_add_data_func ("/odd-client/old-version", "GET / HTTP/1.0\r\n\r\n", test_last_request);
  g_test_add_data_func ("/odd-client/asks-to-close", "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", test_last_request);
  g_test_add_func ("/odd-client/half-closed-and-answered", test_half_closed_and_answered);
  g_test_add_func ("/odd-client/half-closed-and-parked", test_half_closed_and_parked);
  g_test_add_func ("/odd-client/memory-is-given-back", test_memory_is_given_back);

  return g_test_run ();
}
