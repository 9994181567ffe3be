/* A client that is slow, silent or odd: it meets its deadline, or is understood. */
#include "tests/e2e/wp-harness.h"

#include <string.h>

/* Sends @text; the answer must be @status (0: none), and then the connection ends. */
static void
check_deadline (WpHarness *server, const char *text, guint status)
{
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  guint got;

  wp_client_send (client, text);
  got = wp_client_read_status (client);
  if (got != status)
    {
      g_autofree char *escaped = g_strescape (text, NULL);

      g_error ("%u, not %u, to \"%s\"", got, status, escaped);
    }
  g_assert_true (wp_client_read_end (client));
}

static void
test_head_never_ends (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=300ms", NULL);

  check_deadline (server, "G", 408);
  check_deadline (server, "GET / HTTP/1.1\r\nHost: test\r\n", 408);
}

/* One byte now and then is no progress: the deadline is the whole head's. */
static void
test_head_drips (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=300ms", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  guint n = 0;

  wp_client_send (client, "GET / HTTP/1.1\r\nA: ");
  while (wp_client_is_silent (client) && n++ < 500)
    {
      g_usleep (20000);      /* the pace of the drip */
      wp_client_send (client, "a");
    }
  g_assert_cmpuint (n, <, 500);
  g_assert_cmpuint (wp_client_read_status (client), ==, 408);
}

static void
test_body_never_ends (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--body-timeout=300ms", NULL);

  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234", 408);
  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 408);
  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 408);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
}

/* Heads of a body of 900,000 bytes; each lane's, and each kind's. */
static const char *const large_heads[] = {
  "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\ndbba0\r\n",
  "POST / HTTP/1.0\r\nContent-Length: 900000\r\n\r\n",
};

/* Sends @size bytes of a body, @piece of them each 50 ms, until it is answered. Returns how many. */
static gsize
send_slowly (WpClient *client, gsize size, gsize piece)
{
  g_autofree char *bytes = g_malloc0 (piece);
  gsize sent = 0;

  while (sent < size && wp_client_is_silent (client))
    {
      if (!wp_client_send_bytes (client, bytes, piece))
        break;
      sent += piece;
      g_usleep (50000);      /* the pace of the body */
    }
  return sent;
}

/* Half of the minimum rate, without a pause that an idle timer would see. */
static void
test_body_trickles (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--body-timeout=500ms", "--body-min-rate=20000", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (large_heads); i++)
    {
      g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
      gsize sent;

      wp_client_send (client, large_heads[i]);
      sent = send_slowly (client, 900000, 500);
      g_assert_cmpuint (wp_client_read_status (client), ==, 408);
      g_test_message ("cut after %" G_GSIZE_FORMAT " bytes", sent);
      g_assert_cmpuint (sent, <, 100000);
    }
  g_assert_cmpfloat (wp_harness_stat (server, "refused.body_timeout"), ==, G_N_ELEMENTS (large_heads));
}

/* What was sent fast buys no more time than the timeout. */
static void
test_body_stops_half_way (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--body-timeout=300ms", "--body-min-rate=1000", NULL);
  g_autofree char *bytes = g_malloc0 (500000);

  for (guint i = 0; i < G_N_ELEMENTS (large_heads); i++)
    {
      g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_send (client, large_heads[i]);
      g_assert_true (wp_client_send_bytes (client, bytes, 500000));
      g_assert_cmpuint (wp_client_read_status (client), ==, 408);
    }
}

/* Above the minimum rate, for many times the timeout: an honest upload over a thin line. */
static void
test_body_is_steady (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", "--body-timeout=1s", "--body-min-rate=10000", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 120000\r\n\r\n");
  g_assert_cmpuint (send_slowly (client, 120000, 2000), ==, 120000);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "length (body) = 120000"), ==, 1);
}

static void
test_body_without_a_rate (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--body-timeout=500ms", "--body-min-rate=0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, large_heads[0]);
  g_assert_cmpuint (send_slowly (client, 900000, 2000), <, 900000);
  g_assert_cmpuint (wp_client_read_status (client), ==, 408);
}

/* The head of the next request, begun in the same packet, has its deadline too. */
static void
test_next_head_never_ends (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=300ms", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "GET / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHos");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 408);
  g_assert_true (wp_client_read_end (client));
}

/* Nothing was asked, so nothing is answered. */
static void
test_idle (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--idle-timeout=300ms", NULL);
  g_autoptr(WpClient) silent = wp_client_new (wp_harness_port (server)), kept = wp_client_new (wp_harness_port (server));

  wp_client_get (kept, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (kept), ==, 200);
  g_assert_true (wp_client_read_end (kept));
  g_assert_true (wp_client_read_end (silent));
  wp_harness_await_stat (server, "connections", 0);
}

/* The server had no time for them, but their requests were there before they had been idle for too long. */
static void
test_request_came_in_time (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=1", "-d", "delay:0", "--idle-timeout=3s", NULL);
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; i < 400; i++)
    g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
  wp_harness_await_stat (server, "connections", 400);
  wp_harness_signal (server, SIGSTOP);
  for (guint i = 0; i < clients->len; i++)
    wp_client_get (clients->pdata[i], "/", NULL);
  g_usleep (3500000);        /* their time passes, nothing is awaited */
  wp_harness_signal (server, SIGCONT);
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
}

/* A request that waits has no deadline of the connection's: neither idle nor body time counts for it. */
static void
test_parked_is_not_idle (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1500ms", "--idle-timeout=200ms",
                                                  "--body-timeout=200ms", "--header-timeout=200ms", NULL);
  g_autoptr(WpClient) one = wp_client_new (wp_harness_port (server)), two = wp_client_new (wp_harness_port (server));

  wp_client_get (one, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (one), ==, 200);
  wp_client_post (two, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (two), ==, 200);
  g_assert_true (wp_client_read_end (one));      /* that one was idle */
}

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
test_old_version (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "GET / HTTP/1.0\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_true (wp_client_read_end (client));
}

static void
test_asks_to_close (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_get (client, "/", "Connection: close\r\n");
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slow-client/head-never-ends", test_head_never_ends);
  g_test_add_func ("/slow-client/head-drips", test_head_drips);
  g_test_add_func ("/slow-client/body-never-ends", test_body_never_ends);
  g_test_add_func ("/slow-client/body-trickles", test_body_trickles);
  g_test_add_func ("/slow-client/body-stops-half-way", test_body_stops_half_way);
  g_test_add_func ("/slow-client/body-is-steady", test_body_is_steady);
  g_test_add_func ("/slow-client/body-without-a-rate", test_body_without_a_rate);
  g_test_add_func ("/slow-client/next-head-never-ends", test_next_head_never_ends);
  g_test_add_func ("/slow-client/idle", test_idle);
  g_test_add_func ("/slow-client/request-came-in-time", test_request_came_in_time);
  g_test_add_func ("/slow-client/parked-is-not-idle", test_parked_is_not_idle);
  g_test_add_func ("/slow-client/single-bytes", test_single_bytes);
  g_test_add_func ("/slow-client/chunked-is-whole", test_chunked_is_whole);
  g_test_add_func ("/slow-client/large-body-is-whole", test_large_body_is_whole);
  g_test_add_func ("/slow-client/range", test_range);
  g_test_add_func ("/slow-client/pipelined", test_pipelined);
  g_test_add_func ("/slow-client/pipelined-behind-a-parked-one", test_pipelined_behind_a_parked_one);
  g_test_add_func ("/slow-client/expects-to-be-asked", test_expects_to_be_asked);
  g_test_add_func ("/slow-client/old-version", test_old_version);
  g_test_add_func ("/slow-client/asks-to-close", test_asks_to_close);
  g_test_add_func ("/slow-client/half-closed-and-answered", test_half_closed_and_answered);

  return g_test_run ();
}
