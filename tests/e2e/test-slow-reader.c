/* A client sends more and more and does not read: its own responses wait, no other client gets them, and no
 * more of its requests are taken. */
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-hold.h"

#include <string.h>

#define N_REQUESTS 50000
#define MAX_TAKEN  5000 /* as many as fill the buffers of both kernels with their responses */
#define N_UNREAD   40

/* A few more requests, as many as the server takes without waiting. FALSE: it takes no more. */
static gboolean
pour (WpClient *client, const char *requests, gsize size, gsize *sent)
{
  gssize n = wp_client_offer (client, requests + *sent, size - *sent);

  *sent += n > 0 ? (gsize) n : 0;
  return n > 0;
}

/* @request again and again, by a client that reads nothing until no more can be sent, while another client's
 * request must get its own response. */
static void
check_reader (WpHarness *server, const char *request)
{
  g_autoptr (WpClient) slow = wp_client_new_narrow (wp_harness_port (server)),
                       other = wp_client_new (wp_harness_port (server));
  g_autoptr (GString) requests = g_string_new (NULL);
  gint64 before = wp_child_memory_bytes (wp_harness_child (server));
  double last = 0;
  guint quiet = 0; /* rounds in which nothing was received */
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
  g_assert_cmpfloat (last, <, MAX_TAKEN);

  wp_client_widen (slow);
  /* Now it reads: one response for each of its requests, and the server goes on taking them. */
  for (guint i = 0; i < N_REQUESTS; i++)
    {
      if (sent < requests->len)
        pour (slow, requests->str, requests->len, &sent);
      g_assert_cmpuint (wp_client_read_status (slow), ==, 200);
    }
  g_assert_true (wp_client_is_silent (slow));
  wp_harness_await_stat (server, "ledger.received", N_REQUESTS);
  /* of responses that waited too, with the connection open */
  wp_harness_await_stat (server, "pending_bytes", 0);
}

static void
test_parked_requests (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0", "-d",
                                                   "delay:request", "--idle-timeout=10m", NULL);

  check_reader (server, "GET / HTTP/1.1\r\nHost: a\r\nX-WP-Service: 0.00002\r\n\r\n");
}

static void
test_immediate_responses (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-d", "delay:request", "--idle-timeout=10m", NULL);

  check_reader (server, "GET / HTTP/1.1\r\nHost: a\r\nX-WP-Service: 0\r\n\r\n");
}

/* A client that reads no response within the idle timeout is disconnected. */
static void
test_reads_no_response (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--idle-timeout=300ms", NULL);
  g_autoptr (WpClient) client = NULL;
  g_autoptr (GString) requests = g_string_new (NULL);
  gint64 until_us;
  gsize sent = 0;

  for (guint i = 0; i < 200000; i++)
    g_string_append (requests, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client = wp_client_new_narrow (wp_harness_port (server)); /* now: it is not to be idle */
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

/* Unread responses take memory too. When the budget is exhausted, connections with unread responses are
 * closed, the largest first, except those on which a request waits for its response. */
static void
test_too_many_responses (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0",
                                                   "--max-pending=64k", "--idle-timeout=10m", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) served = wp_client_new (wp_harness_port (server)),
                       parked = wp_client_new (wp_harness_port (server));
  g_autoptr (GPtrArray) unread = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (GString) requests = g_string_new (NULL);
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  wp_client_get (served, "/", NULL);
  wp_harness_await_stat (server, "ledger.in_service", 1);
  wp_client_send (parked, "GET / HTTP/1.1\r\nHost: a\r\n\r\nOPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
  wp_harness_await_stat (server, "ledger.parked", 1);
  for (guint i = 0; i < 2000; i++)
    g_string_append (requests, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n");
  for (guint i = 0; i < N_UNREAD; i++)
    g_ptr_array_add (unread, wp_client_new_narrow (wp_harness_port (server)));
  wp_harness_await_stat (server, "connections", N_UNREAD + 2);
  while (wp_harness_stat (server, "connections") > N_UNREAD)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      for (guint i = 0; i < N_UNREAD; i++)
        wp_client_offer (unread->pdata[i], requests->str, requests->len);
      g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), <, 128 << 10);
    }
  g_ptr_array_set_size (unread, 0);
  wp_hold_release (hold);
  g_assert_cmpuint (wp_client_read_status (served), ==, 200);
  g_assert_cmpuint (wp_client_read_status (parked), ==, 200);
  g_assert_cmpuint (wp_client_read_status (parked), ==, 405);
}

/* Nor is a connection with pipelined bytes behind a waiting request: bytes without memory for them are
 * refused after the response. */
static void
test_too_many_requests (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0", "--max-pending=64k", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpClient) served = wp_client_new (wp_harness_port (server));
  g_autofree char *body = g_strnfill (7000, 'b');
  g_autofree char *text = g_strdup_printf (
      "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7000\r\n\r\n%s", body);
  guint n_refused = 0;

  wp_client_get (served, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (served), ==, 200);
  for (guint i = 0; i < 30; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_send (clients->pdata[i], text);
      wp_harness_await_stat (server, "ledger.received", i + 2);
      g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), <=, 64 << 10);
    }
  g_assert_cmpfloat (wp_harness_stat (server, "pending_bytes"), >, 48 << 10);
  wp_hold_release (hold);
  for (guint i = 0; i < clients->len; i++)
    {
      guint status;

      g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
      status = wp_client_read_status (clients->pdata[i]);
      g_assert_true (status == 200 || status == 503);
      n_refused += status == 503;
    }
  g_assert_cmpuint (n_refused, >=, 20);
  g_assert_cmpuint (n_refused, <, 30);
  wp_harness_await_stat (server, "refused.memory", n_refused);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slow-reader/parked-requests", test_parked_requests);
  g_test_add_func ("/slow-reader/immediate-responses", test_immediate_responses);
  g_test_add_func ("/slow-reader/reads-no-response", test_reads_no_response);
  g_test_add_func ("/slow-reader/too-many-responses", test_too_many_responses);
  g_test_add_func ("/slow-reader/too-many-requests", test_too_many_requests);

  return g_test_run ();
}
