/* --block-timeout: requests that were parked for so long are refused, in order; a place that frees earlier is
 * taken. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"

#define N_PARKED 20

static void
test_times_out (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "1", "-d", "delay:1h",
                          "--block-timeout=300ms", "--record=record.csv", "--drain-timeout=0", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  for (guint i = 0; i < N_PARKED + 2; i++)
    {
      wp_crowd_send (crowd, 1, NULL);
      wp_harness_await_stat (server, "ledger.received", i + 1);
    }
  wp_crowd_await (crowd, N_PARKED + 2);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 2);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503), ==, N_PARKED);
  for (guint i = 0; i < N_PARKED + 2; i++)
    g_assert_cmpuint (wp_crowd_answered (crowd, i), ==, i);
  wp_harness_await_stat (server, "ledger.timed_out", N_PARKED);
  wp_harness_await_stat (server, "ledger.parked", 0);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1); /* two are left inside */
  g_assert_cmpuint (wp_harness_ledger (server, "timed_out"), ==, N_PARKED);

  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, N_PARKED + 2);
  for (guint i = 2; i < n_rows; i++)
    {
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_TIMED_OUT);
      g_assert_cmpint (rows[i].blocked, ==, 1);
      g_assert_cmpint (rows[i].accepted_ns, ==, WP_TIME_NONE);
      g_assert_cmpint (rows[i].ended_ns - rows[i].arrival_ns, >=, 300 * WP_NS_PER_MS);
      g_assert_cmpint (rows[i].ended_ns, >=, rows[i - 1].ended_ns == WP_TIME_NONE ? 0 : rows[i - 1].ended_ns);
    }
}

static void
test_retry_after (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1h", "--block-timeout=10ms", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *again = NULL;

  wp_client_get (client, "/", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_get (client, "/", NULL);
  response = wp_client_read (client);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 503);
  again = wp_http_response_header (response, "Retry-After");
  g_assert_cmpstr (again, ==, "1");
}

/* Long before the time is over. */
static void
test_place_frees_before_timeout (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-q", "1", "-w", "1",
                                                   "--block-timeout=1h", "--record=record.csv", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 50, NULL);
  wp_harness_await_stat (server, "ledger.parked", 48);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 50);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 50);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 50);
}

/* Some requests get a place, some do not: each ends once, and its response and its row in the record
 * agree. */
static void
test_places_and_timeouts_at_once (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "-q", "2", "-w", "2", "-d", "delay:10ms",
                          "--block-timeout=50ms", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  wp_crowd_send (crowd, 300, NULL);
  wp_crowd_await (crowd, 300);
  wp_harness_stop (server);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 300);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, wp_crowd_count_status (crowd, 200));
  g_assert_cmpuint (wp_harness_ledger (server, "timed_out"), ==, wp_crowd_count_status (crowd, 503));
  for (guint i = 0; i < n_rows; i++)
    {
      g_assert_cmpuint (wp_crowd_status (crowd, (guint) g_ascii_strtoull (rows[i].id, NULL, 10)), ==,
                        rows[i].outcome == WP_OUTCOME_STORED ? 200 : 503);
      if (rows[i].accepted_ns != WP_TIME_NONE)
        g_assert_cmpint (rows[i].accepted_ns - rows[i].arrival_ns, <=, 50 * WP_NS_PER_MS);
    }
}

/* Even if the server itself is late: a place that frees after the timeout of the parked requests goes to a
 * later request. */
static void
test_late_server (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "1", "-d", "delay:200ms",
                                                   "--block-timeout=300ms", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  wp_crowd_send (crowd, 12, NULL);
  wp_harness_await_stat (server, "ledger.received", 12);
  wp_harness_signal (server, SIGSTOP);
  g_usleep (500000); /* the time that is to pass */
  wp_harness_signal (server, SIGCONT);
  wp_crowd_await (crowd, 12);
  wp_harness_stop (server);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 12);
  g_assert_cmpuint (wp_harness_ledger (server, "timed_out"), ==, wp_crowd_count_status (crowd, 503));
  /* 10; a machine that takes long until the signal lets some of those have a place before it. */
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503), >=, 5);
  for (guint i = 0; i < n_rows; i++)
    if (rows[i].accepted_ns != WP_TIME_NONE)
      g_assert_cmpint (rows[i].accepted_ns - rows[i].arrival_ns, <=, 300 * WP_NS_PER_MS);
    else
      g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_TIMED_OUT);
}

/* The longest wait that can be asked for ends not now, and costs nothing. */
static void
test_no_timeout (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1h",
                                                   "--block-timeout=36500d", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  gint64 cpu_us;

  wp_crowd_send (crowd, 3, NULL);
  wp_harness_await_stat (server, "ledger.received", 3);
  cpu_us = wp_child_cpu_us (wp_harness_child (server));
  g_usleep (300000); /* nothing is awaited here: it must not happen */
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.parked"), ==, 2);
  g_assert_cmpint (wp_child_cpu_us (wp_harness_child (server)) - cpu_us, <, 150000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/block-timeout/times-out", test_times_out);
  g_test_add_func ("/block-timeout/retry-after", test_retry_after);
  g_test_add_func ("/block-timeout/place-frees-before-timeout", test_place_frees_before_timeout);
  g_test_add_func ("/block-timeout/places-and-timeouts-at-once", test_places_and_timeouts_at_once);
  g_test_add_func ("/block-timeout/late-server", test_late_server);
  g_test_add_func ("/block-timeout/no-timeout", test_no_timeout);

  return g_test_run ();
}
