/* A client sends and sends and does not read: its own answers wait, nobody else gets them, and no more of its requests are taken. */
#include "tests/e2e/wp-harness.h"

#include <string.h>

#define N_REQUESTS 50000

/* A few more requests, as many as the server takes without waiting. FALSE: it takes no more. */
static gboolean
pour (WpClient *client, const char *requests, gsize size, gsize *sent)
{
  gssize n = wp_client_offer (client, requests + *sent, size - *sent);

  *sent += n > 0 ? (gsize) n : 0;
  return n > 0;
}

/* @request again and again, by one who reads nothing until no more can be sent, while another asks for what it will not get, and must
 * get just that. */
static void
check_reader (WpHarness *server, const char *request)
{
  g_autoptr(WpClient) slow = wp_client_new_narrow (wp_harness_port (server)), other = wp_client_new (wp_harness_port (server));
  g_autoptr(GString) requests = g_string_new (NULL);
  gint64 before = wp_child_memory_bytes (wp_harness_child (server));
  double last = 0;
  guint quiet = 0;           /* rounds in which nothing was received */
  gsize sent = 0;

  for (guint i = 0; i < N_REQUESTS; i++)
    g_string_append (requests, request);
  while (quiet < 20)
    {
      double received = wp_harness_stat (server, "ledger.received");

      quiet = received == last ? quiet + 1 : 0;
      last = received;
      while (pour (slow, requests->str, requests->len, &sent))
        ;
      for (guint i = 0; i < 20; i++)
        {
          wp_client_get (other, "/", "X-WP-Service: none\r\n");
          g_assert_cmpuint (wp_client_read_status (other), ==, 400);
          g_assert_true (wp_client_is_silent (other));
        }
    }
  g_test_message ("%g of %d requests taken, memory grew by %" G_GINT64_FORMAT, last, N_REQUESTS,
                  wp_child_memory_bytes (wp_harness_child (server)) - before);
  g_assert_cmpfloat (last, <, N_REQUESTS);       /* the answers that fit the kernel's buffers, 4 MB at most */

  wp_client_widen (slow);
  /* Now it reads: one answer for each of its requests, and the server goes on taking them. */
  for (guint i = 0; i < N_REQUESTS; i++)
    {
      if (sent < requests->len)
        pour (slow, requests->str, requests->len, &sent);
      g_assert_cmpuint (wp_client_read_status (slow), ==, 200);
    }
  g_assert_true (wp_client_is_silent (slow));
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, N_REQUESTS);
}

static void
test_each_is_parked (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0", "-d", "delay:request", "--idle-timeout=10m", NULL);

  check_reader (server, "GET / HTTP/1.1\r\nHost: a\r\nX-WP-Service: 0.00002\r\n\r\n");
}

static void
test_each_is_answered_at_once (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=1", "-d", "delay:request", "--idle-timeout=10m", NULL);

  check_reader (server, "GET / HTTP/1.1\r\nHost: a\r\nX-WP-Service: 0\r\n\r\n");
}

/* Whoever takes no answer for the idle time is let go. */
static void
test_takes_no_answer (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", "--idle-timeout=300ms", NULL);
  g_autoptr(WpClient) client = NULL;
  g_autoptr(GString) requests = g_string_new (NULL);
  gint64 until_us;
  gsize sent = 0;

  for (guint i = 0; i < 200000; i++)
    g_string_append (requests, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client = wp_client_new_narrow (wp_harness_port (server));   /* now: it is not to be idle */
  until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  pour (client, requests->str, requests->len, &sent);
  while (wp_harness_stat (server, "ledger.received") == 0)
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
  while (wp_harness_stat (server, "connections") > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      if (sent < requests->len)
        pour (client, requests->str, requests->len, &sent);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slow-reader/each-is-parked", test_each_is_parked);
  g_test_add_func ("/slow-reader/each-is-answered-at-once", test_each_is_answered_at_once);
  g_test_add_func ("/slow-reader/takes-no-answer", test_takes_no_answer);

  return g_test_run ();
}
