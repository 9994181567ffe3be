/* A slow or silent client meets its deadline; a client that is fast enough is served. */
#include "tests/e2e/wp-harness.h"

#include <string.h>

/* Of deadlines of a second at most, within which a handshake of TLS is to be done too, on a busy machine: the
 * least of the defaults, 10 s, is more. */
#define SOON_US (8 * G_USEC_PER_SEC)
#define N_MANY  300 /* more than the server looks at in one go; a handshake takes up to 20 ms */

/* Sends @text; soon the response must be @status (0: none), and then the connection ends. */
static void
check_deadline (WpHarness *server, const char *text, guint status)
{
  gint64 since_us = g_get_monotonic_time ();
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  guint got;

  wp_client_send (client, text);
  got = wp_client_read_status (client);
  if (got != status)
    {
      g_autofree char *escaped = g_strescape (text, NULL);

      g_error ("%u, not %u, to \"%s\"", got, status, escaped);
    }
  g_assert_true (wp_client_read_end (client));
  g_assert_cmpint (g_get_monotonic_time () - since_us, <, SOON_US);
}

static void
test_head_never_ends (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=1s", NULL);

  check_deadline (server, "G", 408);
  check_deadline (server, "GET / HTTP/1.1\r\nHost: test\r\n", 408);
}

/* One byte now and then is no progress: the deadline is the whole head's. */
static void
test_head_drips (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=1s", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  guint n = 0;

  wp_client_send (client, "GET / HTTP/1.1\r\nA: ");
  while (wp_client_is_silent (client) && n++ < 500)
    {
      g_usleep (20000); /* the pace of the drip */
      wp_client_send (client, "a");
    }
  g_assert_cmpuint (n, <, 500);
  g_assert_cmpuint (wp_client_read_status (client), ==, 408);
}

static void
test_body_never_ends (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--body-timeout=300ms", NULL);

  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234", 408);
  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", 408);
  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                  408);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
}

/* Heads of a body of 900,000 bytes; of each HTTP server and each kind. */
static const char *const large_heads[] = {
  "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 900000\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\ndbba0\r\n",
  "POST / HTTP/1.0\r\nContent-Length: 900000\r\n\r\n",
};

/* Sends @size bytes of a body, @piece of them each 50 ms, until it is answered. Returns how many. @pause_us:
 * (out) (nullable): the longest between two of them, on a machine that has other things to do. */
static gsize
send_slowly (WpClient *client, gsize size, gsize piece, gint64 *pause_us)
{
  g_autofree char *bytes = g_malloc0 (piece);
  gint64 since_us = g_get_monotonic_time (), longest_us = 0;
  gsize sent = 0;

  while (sent < size && wp_client_is_silent (client))
    {
      if (!wp_client_send_bytes (client, bytes, piece))
        break;
      longest_us = MAX (longest_us, g_get_monotonic_time () - since_us);
      since_us = g_get_monotonic_time ();
      sent += piece;
      g_usleep (50000); /* the pace of the body */
    }
  if (pause_us)
    *pause_us = MAX (longest_us, g_get_monotonic_time () - since_us);
  return sent;
}

/* A client that sent its request within @within_us, counted from before it connected; a later one is replaced
 * by another. */
static WpClient *
ask_in_time (const WpHarness *server, gint64 within_us)
{
  for (guint i = 0; i < 100; i++)
    {
      gint64 since_us = g_get_monotonic_time ();
      WpClient *client = wp_client_new (wp_harness_port (server));

      if (wp_client_send (client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
          && g_get_monotonic_time () - since_us < within_us)
        return client;
      wp_client_free (client);
    }
  g_error ("no request of 100 was sent within %" G_GINT64_FORMAT " us", within_us);
}

/* Half of the minimum rate, without a pause that an idle timer would see. */
static void
test_body_trickles (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-d", "delay:0", "--body-timeout=500ms", "--body-min-rate=20000", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (large_heads); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      gsize sent;

      wp_client_send (client, large_heads[i]);
      sent = send_slowly (client, 900000, 500, NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 408);
      g_test_message ("cut after %" G_GSIZE_FORMAT " bytes", sent);
      g_assert_cmpuint (sent, <, 100000);
    }
  wp_harness_await_stat (server, "refused.body_timeout", G_N_ELEMENTS (large_heads));
}

/* Bytes that were sent fast buy no more time than the timeout. */
static void
test_body_stops_half_way (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-d", "delay:0", "--body-timeout=300ms", "--body-min-rate=1000", NULL);
  g_autofree char *bytes = g_malloc0 (500000);

  for (guint i = 0; i < G_N_ELEMENTS (large_heads); i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_send (client, large_heads[i]);
      g_assert_true (wp_client_send_bytes (client, bytes, 500000));
      g_assert_cmpuint (wp_client_read_status (client), ==, 408);
    }
}

/* Above the minimum rate, for many times the timeout: an honest upload over a thin line. One that was held up
 * is none. */
static void
test_body_is_steady (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--ack=stored", "--body-timeout=1s", "--body-min-rate=10000", NULL);
  gint64 pause_us = G_USEC_PER_SEC;
  guint status = 0;

  for (guint i = 0; i < 10 && status != 200 && pause_us > G_USEC_PER_SEC / 2; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 120000\r\n\r\n");
      send_slowly (client, 120000, 2000, &pause_us);
      status = wp_client_read_status (client);
    }
  g_assert_cmpuint (status, ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "length (body) = 120000"), ==, 1);
}

static void
test_body_without_a_rate (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-d", "delay:0", "--body-timeout=500ms", "--body-min-rate=0", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, large_heads[0]);
  g_assert_cmpuint (send_slowly (client, 900000, 2000, NULL), <, 900000);
  g_assert_cmpuint (wp_client_read_status (client), ==, 408);
}

/* CPU time of clients that send a head of so many fields, and then their bodies byte by byte. */
static gint64
cpu_of_single_bytes (WpHarness *server, guint n_fields)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (GString) head = g_string_new ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 500\r\n");
  gint64 before;

  for (guint i = 0; i < n_fields; i++)
    g_string_append (head, "A: b\r\n");
  g_string_append (head, "\r\n");
  for (guint i = 0; i < 20; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_send (clients->pdata[i], head->str);
    }
  wp_harness_await_stat (server, "connections", 20);
  before = wp_child_cpu_us (wp_harness_child (server));
  for (guint n = 0; n < 500; n++)
    {
      for (guint i = 0; i < clients->len; i++)
        wp_client_send_bytes (clients->pdata[i], "b", 1);
      g_usleep (1500); /* so that the bytes are read one by one */
    }
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
  before = wp_child_cpu_us (wp_harness_child (server)) - before;
  g_ptr_array_set_size (clients, 0);
  wp_harness_await_stat (server, "connections", 0);

  return before;
}

/* A head is read once, however large it is and in however many pieces its body comes. */
static void
test_head_is_read_once (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", "-d", "delay:0", NULL);
  gint64 small_us = cpu_of_single_bytes (server, 1), large_us = cpu_of_single_bytes (server, 5000);

  g_test_message ("%" G_GINT64_FORMAT " us behind small heads, %" G_GINT64_FORMAT " us behind large ones",
                  small_us, large_us);
  g_assert_cmpint (large_us, <, 2 * small_us + 100000);
}

/* The head of the next request, begun in the same packet, has its deadline too. */
static void
test_next_head_never_ends (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--header-timeout=1s", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "GET / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHos");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpuint (wp_client_read_status (client), ==, 408);
  g_assert_true (wp_client_read_end (client));
}

/* Nothing was asked, so nothing is answered. No other deadline is meant by that. */
static void
test_idle (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--idle-timeout=1s",
                                                   "--header-timeout=1h", "--body-timeout=1h", NULL);
  g_autoptr (WpClient) silent = wp_client_new (wp_harness_port (server)),
                       kept = ask_in_time (server, G_USEC_PER_SEC / 2);

  g_assert_cmpuint (wp_client_read_status (kept), ==, 200);
  g_assert_true (wp_client_read_end (kept));
  g_assert_true (wp_client_read_end (silent));
  wp_harness_await_stat (server, "connections", 0);
}

/* Nor is it ended by another: when those of a head and of a body are over, a connection on which nothing was
 * asked is there still. */
static void
test_idle_is_not_slow (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--idle-timeout=1h",
                                                   "--header-timeout=1s", "--body-timeout=1s", NULL);
  g_autoptr (WpClient) silent = wp_client_new (wp_harness_port (server)),
                       kept = wp_client_new (wp_harness_port (server));

  wp_client_get (kept, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (kept), ==, 200);
  check_deadline (server, "GET / HTTP/1.1\r\n", 408);
  check_deadline (server, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234", 408);
  wp_client_get (kept, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (kept), ==, 200);
  wp_client_get (silent, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (silent), ==, 200);
}

/* Connects @n clients, all of them within @within_us. FALSE: that took longer. */
static gboolean
connect_in_time (WpHarness *server, GPtrArray *clients, guint n, gint64 within_us)
{
  gint64 until_us = g_get_monotonic_time () + within_us;
  gboolean all = FALSE;

  g_ptr_array_set_size (clients, 0);
  wp_harness_await_stat (server, "connections", 0);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
  while (!all && g_get_monotonic_time () < until_us)
    all = wp_harness_stat (server, "connections") == n;
  return all && g_get_monotonic_time () < until_us;
}

/* The server had no time for them, but their requests were there, whole, before they had been silent or slow
 * for too long: of a third nothing had come, of a third half a head, of a third half a body. */
static void
test_request_in_time (void)
{
  static const char *const requests[][2] = {
    { "", "GET / HTTP/1.1\r\nHost: test\r\n\r\n" },
    { "GET / HTTP/1.1\r\nHo", "st: test\r\n\r\n" },
    { "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234", "56789" },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", "-d", "delay:0", "--idle-timeout=8s",
                                                   "--header-timeout=8s", "--body-timeout=8s", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);

  for (guint i = 0; !connect_in_time (server, clients, N_MANY, 6 * G_USEC_PER_SEC); i++)
    g_assert_cmpuint (i, <, 10);
  for (guint i = 0; i < clients->len; i++)
    wp_client_send (clients->pdata[i], requests[i % 3][0]);
  wp_harness_signal (server, SIGSTOP);
  for (guint i = 0; i < clients->len; i++)
    wp_client_send (clients->pdata[i], requests[i % 3][1]);
  g_usleep (8500000); /* their time passes, nothing is awaited */
  wp_harness_signal (server, SIGCONT);
  for (guint i = 0; i < clients->len; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
}

/* A request that waits has no deadline of the connection's: neither idle nor body time counts for it. */
static void
test_parked_is_not_idle (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:3s", "--idle-timeout=1s",
                          "--body-timeout=1s", "--header-timeout=1s", NULL);
  g_autoptr (WpClient) one = ask_in_time (server, G_USEC_PER_SEC / 2),
                       two = ask_in_time (server, G_USEC_PER_SEC / 2);

  g_assert_cmpuint (wp_client_read_status (one), ==, 200);
  g_assert_cmpuint (wp_client_read_status (two), ==, 200);
  g_assert_true (wp_client_read_end (one)); /* that one was idle */
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
  g_test_add_func ("/slow-client/head-is-read-once", test_head_is_read_once);
  g_test_add_func ("/slow-client/next-head-never-ends", test_next_head_never_ends);
  g_test_add_func ("/slow-client/idle", test_idle);
  g_test_add_func ("/slow-client/idle-is-not-slow", test_idle_is_not_slow);
  g_test_add_func ("/slow-client/request-in-time", test_request_in_time);
  g_test_add_func ("/slow-client/parked-is-not-idle", test_parked_is_not_idle);

  return g_test_run ();
}
