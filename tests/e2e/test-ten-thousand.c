/* The experiment of the design: 10,000 requests at once from one client all get a response, in each mode; of
 * 15,000 to a channel of 10,000, 10,001 get one at once and the rest wait. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"

#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define JUDGES_ORDER FALSE
#define DRAIN_TIMEOUT                                                                                        \
  "--drain-timeout=15s" /* the rows of all that are refused have to be written by then                       \
                         */
#else
#define JUDGES_ORDER  TRUE
#define DRAIN_TIMEOUT "--drain-timeout=5s"
#endif
#define MANY    10000
#define MORE    15000
#define RESERVE 200 /* descriptors of the server's own */

/* FALSE: skipped. */
static gboolean
has_room (guint n)
{
  if (wp_crowd_has_room (n + RESERVE))
    return TRUE;
  g_test_skip ("the hard limit of descriptors is too low");
  return FALSE;
}

static guint
ask_admin (const WpHarness *server, const char *path)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (admin, path, NULL);
  return wp_client_read_status (admin);
}

static void
test_default (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;

  if (!has_room (MANY))
    return;
  server = wp_harness_start ("--threads=2", "-d", "delay:500ms", NULL);
  crowd = wp_crowd_new (wp_harness_port (server));
  wp_crowd_send_in_parts (crowd, server, MANY, NULL);
  wp_crowd_await (crowd, MANY);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, MANY);
  wp_harness_await_stat (server, "ledger.stored", MANY);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), ==, 0);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, MANY);
}

static void
test_worker_pool (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;

  if (!has_room (MANY))
    return;
  server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-d", "delay:500ms", NULL);
  crowd = wp_crowd_new (wp_harness_port (server));
  wp_crowd_send_in_parts (crowd, server, MANY, NULL);
  wp_crowd_await (crowd, MANY);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, MANY);
  wp_harness_await_stat (server, "ledger.stored", MANY);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), ==, 0);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, MANY);
}

/* One processor at half a second a job: the queue takes them all, and most are in it still when the server is
 * stopped. */
static void
test_buffered_channel (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;

  if (!has_room (MANY))
    return;
  server = wp_harness_start ("--threads=2", "-m", "BufferedChannel", "-d", "delay:500ms",
                             "--drain-timeout=1s", NULL);
  crowd = wp_crowd_new (wp_harness_port (server));
  wp_crowd_send_in_parts (crowd, server, MANY, NULL);
  wp_crowd_await (crowd, MANY);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, MANY);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), ==, 0);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, MANY);
}

/* Four of the parked, in their order; a place frees every half second. Returns: how many were answered in
 * all. */
static guint
watch_some (WpHarness *server, WpCrowd *crowd)
{
  guint before = wp_crowd_look (crowd), n_responses;

  wp_crowd_await (crowd, before + 4);
  n_responses = wp_crowd_look (crowd);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, n_responses);
  wp_harness_await_stat (server, "ledger.queued", MANY);
  wp_harness_await_stat (server, "ledger.in_service", 1);

  return n_responses;
}

/* How many jobs were done before @row arrived: on a slow machine 10,001 requests take longer than half a
 * second to come in. */
static guint
count_done_before (const WpRow *rows, const WpRow *row)
{
  guint n = 0;

  while (rows[n].finished_ns != WP_TIME_NONE && rows[n].finished_ns <= row->arrival_ns)
    n++;
  return n;
}

/* Parked requests with a response were accepted, in their order, half a second apart. On a slow machine a
 * late response to a request that was not parked may come between; and under a sanitizer an HTTP thread is
 * busy with libsoup for longer than that, while another one responds. */
static void
check_order (WpCrowd *crowd, guint n_responses, const WpRow *rows, guint first)
{
  g_autofree guint *row_of = g_new0 (guint, MORE);
  guint n = 0;

  for (guint i = 0; i < MORE; i++)
    row_of[g_ascii_strtoull (rows[i].id, NULL, 10)] = i;
  for (guint i = 0; i < n_responses; i++)
    {
      guint row = row_of[wp_crowd_answered (crowd, i)];

      if (row < first)
        continue;
      g_assert_cmpint (rows[row].accepted_ns, !=, WP_TIME_NONE);
      if (JUDGES_ORDER)
        g_assert_cmpuint (row, ==, first + n);
      n++;
    }
  g_assert_cmpuint (n, >=, 4);
}

/* The record agrees with the responses: exactly as many find a place as there are, and the others are
 * accepted in order of arrival, each when a job is done. */
static void
check_record (WpHarness *server, WpCrowd *crowd, guint n_responses)
{
  gsize n_rows;
  const WpRow *rows = wp_harness_record (server, "record.csv", &n_rows);
  guint n_done, first = 0;

  g_assert_cmpuint (n_rows, ==, MORE);
  while (first < MORE && !rows[first].blocked)
    first++;
  g_assert_cmpuint (first, <, MORE);
  n_done = count_done_before (rows, &rows[first]);
  g_assert_cmpuint (first, ==, MANY + 1 + n_done);
  for (guint i = first; i < MORE; i++)
    {
      g_assert_cmpint (rows[i].blocked, ==, 1);
      if (rows[i].accepted_ns == WP_TIME_NONE)
        continue;
      g_assert_cmpint (rows[i].accepted_ns, ==, rows[i - MANY - 1].finished_ns);
      g_assert_cmpint (rows[i].accepted_ns, >, rows[i - 1].accepted_ns);
    }
  check_order (crowd, n_responses, rows, first);
}

static void
test_first_come_first_served (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;
  guint n_responses;

  if (!has_room (MORE))
    return;
  server = wp_harness_start ("--threads=2", "-m", "BufferedChannel", "-d", "delay:500ms",
                             "--record=record.csv", DRAIN_TIMEOUT, NULL);
  crowd = wp_crowd_new (wp_harness_port (server));
  wp_crowd_send_in_parts (crowd, server, MORE, NULL);
  wp_crowd_await (crowd, MANY + 1);
  wp_harness_await_stat (server, "ledger.received", MORE);
  g_assert_cmpuint (ask_admin (server, "/healthz"), ==, 200);
  g_assert_cmpuint (ask_admin (server, "/readyz"), ==, 200);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), >, 0);
  g_assert_cmpfloat (wp_harness_stat (server, "blocked"), <=, MORE - MANY - 1);
  n_responses = watch_some (server, crowd);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, MORE);
  check_record (server, crowd, n_responses);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ten-thousand/default", test_default);
  g_test_add_func ("/ten-thousand/worker-pool", test_worker_pool);
  g_test_add_func ("/ten-thousand/buffered-channel", test_buffered_channel);
  g_test_add_func ("/ten-thousand/first-come-first-served", test_first_come_first_served);

  return g_test_run ();
}
