/* --when-full=reject: a request that finds the queue full gets 503 with Retry-After at once. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"

/* The two places are taken; eight more are refused while nothing moves. */
static void
check_rejects (WpHarness *server)
{
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autoptr (WpClient) client = NULL;
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *again = NULL;
  const WpRow *rows;
  gsize n_rows;

  wp_crowd_send (crowd, 2, NULL);
  wp_crowd_await (crowd, 2);
  wp_crowd_send (crowd, 7, NULL);
  wp_crowd_await (crowd, 9);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 2);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503), ==, 7);
  client = wp_client_new (wp_harness_port (server));
  wp_client_post (client, "/", NULL, "x", 1);
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 503);
  again = wp_http_response_header (response, "Retry-After");
  g_assert_cmpstr (again, ==, "1");
  wp_harness_await_stat (server, "ledger.rejected", 8);
  wp_harness_await_stat (server, "ledger.parked", 0);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), ==, 0);

  /* The same connection has better luck later. */
  wp_hold_release (hold);
  wp_harness_await_stat (server, "ledger.stored", 2);
  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 3);
  g_assert_cmpuint (wp_harness_ledger (server, "rejected"), ==, 8);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 3);

  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 11);
  for (guint i = 2; i < 10; i++)
    {
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_REJECTED);
      g_assert_cmpint (rows[i].accepted_ns, ==, WP_TIME_NONE);
      g_assert_cmpint (rows[i].ended_ns, ==, rows[i].arrival_ns);
      g_assert_cmpint (rows[i].blocked, ==, 0);
    }
}

static void
test_reject (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "1", "--when-full=reject",
                                                   "--record=record.csv", NULL);

  check_rejects (server);
}

static void
test_block_timeout_of_nothing (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-q", "1", "-w", "1",
                                                   "--block-timeout=0", "--record=record.csv", NULL);

  check_rejects (server);
}

static void
test_rendezvous (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-q", "0", "-w", "2",
                                                   "--when-full=Reject", "--record=record.csv", NULL);

  check_rejects (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reject/when-full", test_reject);
  g_test_add_func ("/reject/block-timeout-of-nothing", test_block_timeout_of_nothing);
  g_test_add_func ("/reject/rendezvous", test_rendezvous);

  return g_test_run ();
}
