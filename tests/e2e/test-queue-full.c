/* The queue is full: exactly as many requests as it and the workers hold get a response, the rest wait, and
 * other clients are served. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"

/* @n clients one after another, so that they arrive in order. */
static void
send_in_order (WpHarness *server, WpCrowd *crowd, guint n)
{
  double received = wp_harness_stat (server, "ledger.received");

  for (guint i = 0; i < n; i++)
    {
      wp_crowd_send (crowd, 1, NULL);
      wp_harness_await_stat (server, "ledger.received", received + i + 1);
    }
}

/* While the database is held, exactly @places of @n are answered; then all, in order of arrival. */
static void
check_places (WpHarness *server, guint places, guint workers, guint n)
{
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  send_in_order (server, crowd, n);
  wp_crowd_await (crowd, places);
  wp_harness_await_stat (server, "ledger.in_service", workers);
  wp_harness_await_stat (server, "ledger.queued", places - workers);
  wp_harness_await_stat (server, "ledger.parked", n - places);
  wp_harness_await_stat (server, "blocked", n - places);
  g_assert_cmpuint (wp_crowd_look (crowd), ==, places);
  wp_hold_release (hold);
  wp_crowd_await (crowd, n);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (wp_crowd_answered (crowd, i), ==, i);

  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, n);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, n);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (rows[i].blocked, ==, i >= places);
      g_assert_cmpint (rows[i].accepted_ns == rows[i].arrival_ns, ==, i < places);
      g_assert_cmpint (rows[i].started_ns == rows[i].arrival_ns, ==, i < workers);
      if (i > 0)
        /* a commit has one stamp */
        g_assert_true (rows[i].accepted_ns >= rows[i - 1].accepted_ns
                       && rows[i].started_ns >= rows[i - 1].started_ns);
    }
}

static void
test_buffered_channel (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "20", "--record=record.csv", NULL);

  check_places (server, 21, 1, 60);
}

static void
test_worker_pool (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=1", "-m", "workerpool", "-q", "10", "-w", "5",
                                                   "--record=record.csv", NULL);

  check_places (server, 15, 5, 40);
}

static void
test_rendezvous (void)
{
  g_autoptr (WpHarness) channel
      = wp_harness_start ("--threads=1", "-m", "bufferedchannel", "-q", "0", "--record=record.csv", NULL);
  g_autoptr (WpHarness) pool = wp_harness_start ("--threads=1", "-m", "WORKERPOOL", "-q", "0", "-w", "3",
                                                 "--record=record.csv", NULL);

  check_places (channel, 1, 1, 10);
  check_places (pool, 3, 3, 10);
}

/* Two HTTP threads: the line is one, whichever of them a client came to. */
static void
test_two_threads_share_one_queue (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "3", "-w", "2",
                                                   "--record=record.csv", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  wp_crowd_send (crowd, 500, NULL);
  wp_crowd_await (crowd, 5);
  wp_harness_await_stat (server, "ledger.parked", 495);
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 5);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 500);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 500);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 500);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 500);
  for (guint i = 1; i < n_rows; i++)
    g_assert_true (rows[i].accepted_ns >= rows[i - 1].accepted_ns
                   && rows[i].started_ns >= rows[i - 1].started_ns);
}

/* Nor is there memory for it: that is another reason, and another response. */
static void
test_no_memory (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=1", "-m", "BufferedChannel", "-q", "0", "--max-pending=64k", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autofree char *body = g_strnfill (7500, 'b');
  guint n_refused = 0, n = 0;

  for (; n_refused == 0; n++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_post (clients->pdata[n], "/", NULL, body, 7500);
      while (n_refused == 0 && wp_harness_stat (server, "ledger.received") <= n)
        n_refused = (guint) wp_harness_stat (server, "refused.memory");
    }
  g_assert_cmpuint (n, >=, 7);
  g_assert_cmpuint (n, <=, 9);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (WpHttpResponse) response = wp_client_read (clients->pdata[n - 1]);
      g_autofree char *retry = NULL;

      g_assert_nonnull (response);
      g_assert_cmpuint (response->status, ==, 503);
      g_assert_cmpstr (response->body, ==, "The server's memory budget for pending requests is exhausted.\n");
      retry = wp_http_response_header (response, "Retry-After");
      g_assert_cmpstr (retry, ==, "1");
      /* a complete request ends no connection */
      wp_client_post (clients->pdata[n - 1], "/", NULL, body, 7500);
    }
  wp_harness_await_stat (server, "ledger.received", n - 1);
  wp_hold_release (hold);
  for (guint i = 0; i < n - 1; i++)
    g_assert_cmpuint (wp_client_read_status (clients->pdata[i]), ==, 200);
}

/* The dispatcher of old takes every job out of the queue: nobody ever waits. */
static void
test_spawning_never_blocks (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "WorkerPool", "-q", "1", "-w", "1", "--dispatcher=spawning", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_harness_await_log (server, "the queue limits nothing");
  wp_crowd_send (crowd, 300, NULL);
  wp_crowd_await (crowd, 300);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 300);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), ==, 0);
  wp_harness_await_stat (server, "ledger.in_service", 1);
  wp_hold_release (hold);
  wp_harness_stop (server);
}

static void
test_default_stops_at_max_jobs (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "Default", "--max-jobs=50", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_harness_await_log (server, "at most 50 jobs in service (--max-jobs)");
  wp_crowd_send (crowd, 80, NULL);
  wp_crowd_await (crowd, 80);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 50);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503), ==, 30);
  wp_hold_release (hold);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "rejected"), ==, 30);
}

/* With --when-full=reject the response comes at once, on the same two threads. */
static void
test_other_clients_are_served (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-m", "BufferedChannel", "-q", "1", "-d", "delay:1h", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 1002, NULL);
  wp_harness_await_stat (server, "ledger.parked", 1000);
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (WpClient) one = wp_client_new (wp_harness_port (server)),
                           two = wp_client_new (wp_harness_port (server));

      wp_client_send (one, "DELETE / HTTP/1.1\r\nHost: test\r\n\r\n");
      wp_client_send (two, "GET /\r\n\r\n");
      g_assert_cmpuint (wp_client_read_status (one), ==, 405);
      g_assert_cmpuint (wp_client_read_status (two), ==, 400);
    }
  g_assert_cmpfloat (wp_harness_stat (server, "connections"), >=, 1000);
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/queue-full/buffered-channel", test_buffered_channel);
  g_test_add_func ("/queue-full/worker-pool", test_worker_pool);
  g_test_add_func ("/queue-full/rendezvous", test_rendezvous);
  g_test_add_func ("/queue-full/two-threads-share-one-queue", test_two_threads_share_one_queue);
  g_test_add_func ("/queue-full/no-memory", test_no_memory);
  g_test_add_func ("/queue-full/spawning-never-blocks", test_spawning_never_blocks);
  g_test_add_func ("/queue-full/default-stops-at-max-jobs", test_default_stops_at_max_jobs);
  g_test_add_func ("/queue-full/other-clients-are-served", test_other_clients_are_served);

  return g_test_run ();
}
