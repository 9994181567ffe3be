/* A database that is slow, rejects rows or is down: no client gets a 200 for a payload that is not stored
 * (--ack=stored), and jobs that can wait do wait. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <string.h>

#define MEGABYTE 1000000

static void
test_answers_when_stored (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "3", "-w", "2",
                                                   "--ack=stored", "--record=record.csv", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  wp_crowd_send (crowd, 20, NULL);
  wp_harness_await_stat (server, "ledger.parked", 15);
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 0);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 20);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 20);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 20);
  wp_harness_stop (server);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 20);
  for (guint i = 0; i < n_rows; i++)
    g_assert_cmpint (rows[i].outcome, ==, WP_OUTCOME_STORED);
}

/* In each mode: 502, outcome failed, one line in the log; and service goes on once rows are taken again. */
static void
check_failure (const char *mode)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", mode, "--ack=stored", "--retries=0", "--record=record.csv", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  wp_hold_execute (hold, WP_HOLD_SPOIL);
  wp_hold_release (hold);
  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 502);
    }
  wp_harness_await_stat (server, "ledger.failed", 3);
  wp_harness_await_log (server, " failed: spoilt");
  wp_hold_execute (hold, WP_HOLD_UNSPOIL);
  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_clear_pointer (&client, wp_client_free);

  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 3);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 1);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 4);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_cmpint (rows[i].outcome, ==, i < 3 ? WP_OUTCOME_FAILED : WP_OUTCOME_STORED);
      g_assert_cmpint (rows[i].finished_ns, !=, WP_TIME_NONE);
    }
}

static void
test_failure_is_reported (void)
{
  check_failure ("Default");
  check_failure ("BufferedChannel");
  check_failure ("WorkerPool");
}

/* With --ack=accepted the client has its 200 already: the log and the ledger report the failure. */
static void
test_failure_after_the_response (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "--retries=1", "--retry-delay=1ms", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_hold_execute (hold, WP_HOLD_SPOIL);
  wp_hold_release (hold);
  wp_crowd_send (crowd, 50, NULL);
  wp_crowd_await (crowd, 50);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 50);
  wp_harness_await_stat (server, "ledger.failed", 50);
  wp_harness_await_log (server, " failed: spoilt");
  wp_harness_await_log (server, "jobs failed: ");
  wp_harness_stop_after_loss (server, 50, "lost");
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 50);
}

/* In each mode: no row is taken for a while, and nobody notices but the counter. */
static void
check_tried_again (const char *mode)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", mode, "-w", "2", "--ack=stored", "--retries=1000", "--retry-delay=1ms", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  wp_hold_execute (hold, WP_HOLD_SPOIL);
  wp_hold_release (hold);
  wp_crowd_send (crowd, 20, NULL);
  while (wp_harness_stat (server, "retries") < 5)
    ;
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 0);
  wp_hold_execute (hold, WP_HOLD_UNSPOIL);
  wp_crowd_await (crowd, 20);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 20);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 0);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 20);
}

static void
test_retried (void)
{
  check_tried_again ("Default");
  check_tried_again ("BufferedChannel");
  check_tried_again ("WorkerPool");
}

static char *
ask_admin (const WpHarness *server, const char *path, guint *status)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (admin, path, NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  *status = response->status;

  return g_strndup (response->body, response->size);
}

static void
check_ready (const WpHarness *server, guint expected, const char *text)
{
  guint status;
  g_autofree char *body = ask_admin (server, "/readyz", &status);

  g_assert_cmpstr (body, ==, text);
  g_assert_cmpuint (status, ==, expected);
}

static void
check_metric (const WpHarness *server, const char *line)
{
  guint status;
  g_autofree char *body = ask_admin (server, "/metrics", &status), *whole = g_strdup_printf ("\n%s\n", line);

  g_assert_nonnull (strstr (body, whole));
}

/* Down for longer than all tries would take: requests are taken while there is room, parked beyond; nothing
 * fails; what was accepted is stored. It is not ready once it has been down for a second and there is no
 * room, and says that it is down at once. */
static void
check_outage (const char *mode)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", mode, "-q", "5", "-w", "2", "--max-jobs=12", "--retries=0", NULL);
  gboolean is_default = g_str_equal (mode, "Default");
  guint n_inside = is_default                         ? 12
                   : g_str_equal (mode, "WorkerPool") ? 7
                                                      : 6,
        n_parked = is_default ? 0 : 12 - n_inside;
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  check_metric (server, "wp_database_up 1");
  wp_crowd_send (crowd, 1, NULL);
  wp_harness_await_stat (server, "database_up", 0);
  check_metric (server, "wp_database_up 0");
  check_ready (server, 200, "ready, but database down: jobs wait\n");
  wp_crowd_send (crowd, 11, NULL);
  wp_harness_await_stat (server, "ledger.received", 12);
  wp_harness_await_stat (server, "ledger.parked", n_parked);
  wp_harness_await_stat (server, "ready", 0);
  check_ready (server, 503, "database down: database is locked\n");
  check_metric (server, "wp_ready 0");
  wp_harness_await_log (server, "sqlite:wp.db is down, its jobs wait: database is locked\n");
  wp_hold_release (hold);
  wp_crowd_await (crowd, 12);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 12);
  wp_harness_await_stat (server, "ledger.stored", 12);
  check_ready (server, 200, "ready\n");
  wp_harness_await_log (server, "sqlite:wp.db is up again, after ");
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 0);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 12);
}

/* However long it has been down: while there is room, requests are taken. */
static void
test_outage_with_room (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "5", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 3, NULL);
  wp_crowd_await (crowd, 3);
  wp_harness_await_stat (server, "database_up", 0);
  g_usleep (1200000); /* the time that is to pass */
  check_ready (server, 200, "ready, but database down: jobs wait\n");
  wp_crowd_send (crowd, 3, NULL);
  wp_crowd_await (crowd, 6);
  wp_harness_await_stat (server, "ready", 0);
}

static void
test_outage (void)
{
  check_outage ("Default");
  check_outage ("BufferedChannel");
  check_outage ("WorkerPool");
}

/* --retry-for: given up in the end, and the client hears of it. */
static void
test_outage_outlasts_retries (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--ack=stored", "--retry-for=100ms", "--retries=1000", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 502);
  wp_harness_await_log (server, "jobs failed: 1; not stored: database is locked\n");
  g_assert_cmpfloat (wp_harness_stat (server, "retries"), ==, 0);
  g_clear_pointer (&client, wp_client_free);
  wp_hold_release (hold);
  wp_harness_signal (server, SIGTERM);
  wp_harness_wait (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 1);
}

/* A drain ends in time all the same; jobs that the database did not store are unfinished, and a journal keeps
 * them. */
static void
test_drain_in_an_outage (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--journal=jobs.journal", "--drain-timeout=300ms", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 10, NULL);
  wp_crowd_await (crowd, 10);
  wp_harness_await_stat (server, "database_up", 0);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_await_log (
      server, "10 accepted jobs were not finished: 0 queued, 10 in service; they are kept in jobs.journal\n");
  wp_hold_release (hold);
  wp_harness_start_again (server, "--journal=jobs.journal", NULL);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "recovered"), ==, 10);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 10);
}

/* One bad row among many of a commit: the clients beside it have their 200. */
static void
test_one_bad_row (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", "--retries=0", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  WpClient *clients[40];

  wp_hold_execute (hold, "CREATE TRIGGER spoil BEFORE INSERT ON jobs WHEN new.id = '23' "
                         "BEGIN SELECT raise (ABORT, 'spoilt'); END");
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *header = g_strdup_printf ("X-Request-Id: %u\r\n", i);

      clients[i] = wp_client_new (wp_harness_port (server));
      wp_client_post (clients[i], "/", header, "x", 1);
    }
  wp_harness_await_stat (server, "ledger.in_service", G_N_ELEMENTS (clients));
  wp_hold_release (hold);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_assert_cmpuint (wp_client_read_status (clients[i]), ==, i == 23 ? 502 : 200);
      wp_client_free (clients[i]);
    }
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id != '23'"), ==, G_N_ELEMENTS (clients) - 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, G_N_ELEMENTS (clients) - 1);
}

static void
post_megabyte (WpClient *client, const char *body)
{
  wp_client_post (client, "/", NULL, body, MEGABYTE);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* Another program reads an old state of the database, and stays: the log grows, which is reported and
 * counted; it shrinks again afterwards. */
static void
test_reader_stays (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpHold) reader = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *body = g_strnfill (MEGABYTE, 'x');
  guint n_rows = 0;

  wp_hold_release (reader);
  wp_hold_execute (reader, "BEGIN; SELECT count(*) FROM jobs");
  for (; n_rows < 110; n_rows++)
    post_megabyte (client, body);
  wp_harness_await_log (server, "/wp.db-wal has 9");
  wp_harness_await_log (server, " MB, and grows until no other program reads an old state of the database\n");
  g_assert_cmpfloat (wp_harness_stat (server, "database_log_bytes"), >, 100 * MEGABYTE);
  wp_hold_execute (reader, "COMMIT");
  /* It is copied while rows come in, as fast as the disk is. */
  for (; wp_harness_stat (server, "database_log_bytes") > 64 * MEGABYTE; n_rows++)
    post_megabyte (client, body);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, n_rows);
}

/* An id that comes again with another method, path or body is a conflict. With --ack=stored its client hears
 * of it. */
static void
test_conflict (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", "--journal=jobs.journal", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  static const struct {
    const char *path, *body;
    guint status;
  } requests[] = {
    { "/a", "1", 200 }, { "/a", "1", 200 }, { "/a", "2", 422 },
    { "/b", "1", 422 }, { "/a", "", 422 },  { "/a", "1", 200 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      wp_client_post (client, requests[i].path, "X-Request-Id: same\r\n", requests[i].body,
                      strlen (requests[i].body));
      g_assert_cmpuint (wp_client_read_status (client), ==, requests[i].status);
    }
  wp_client_send (client,
                  "PUT /a HTTP/1.1\r\nHost: test\r\nX-Request-Id: same\r\nContent-Length: 1\r\n\r\n1");
  g_assert_cmpuint (wp_client_read_status (client), ==, 422);
  wp_harness_await_stat (server, "duplicates", 2);
  wp_harness_await_stat (server, "conflicts", 4);
  wp_harness_await_stat (server, "ledger.failed", 4);
  check_metric (server, "wp_conflicts_total 4");
  g_assert_cmpfloat (wp_harness_stat (server, "journal.failed"), ==, 0); /* their clients know */
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (
      wp_harness_count_rows (server, "wp.db", "method = 'POST' AND path = '/a' AND body = x'31'"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 0);
}

/* With --ack=accepted the reply has gone out: the job is kept as failed. */
static void
test_conflict_after_the_response (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", "--retries=1000", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *list = NULL;
  guint status;

  for (guint i = 0; i < 2; i++)
    {
      wp_client_post (client, "/", "X-Request-Id: same\r\n", i == 0 ? "1" : "2", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_harness_await_stat (server, "journal.failed", 1);
  wp_harness_await_stat (server, "conflicts", 1);
  g_assert_cmpfloat (wp_harness_stat (server, "retries"), ==, 0);
  list = ask_admin (server, "/failed.json", &status);
  g_assert_cmpuint (status, ==, 200);
  g_assert_nonnull (strstr (list, "\"reason\" : \"id used with another payload\""));
  g_assert_nonnull (strstr (list, "\"updates\" : 1"));
  wp_harness_await_log (server, "kept as failed in jobs.journal: id used with another payload\n");
  g_clear_pointer (&client, wp_client_free);
  wp_harness_signal (server, SIGTERM);
  wp_harness_wait (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "body = x'31'"), ==, 1);
}

static void
test_duplicates_are_counted (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", "X-Request-Id: same\r\n", "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_harness_await_stat (server, "ledger.stored", 3);
  wp_harness_await_stat (server, "duplicates", 2);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1);
}

/* Every part of the request comes to its column, NUL bytes too. */
static void
test_payload_is_whole (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/a/b%20c?x=1&y=%2F", "X-Request-Id: 7\r\nContent-Type: text/x-odd; a=b\r\n",
                  "a\0b", 3);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db",
                                          "id = '7' AND method = 'POST' AND path = '/a/b%20c?x=1&y=%2F' AND "
                                          "content_type = 'text/x-odd; a=b' AND body = x'610062'"),
                   ==, 1);
  wp_client_send (client, "PUT /put HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_get (client, "/get", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (
      wp_harness_count_rows (server, "wp.db",
                             "method = 'PUT' AND path = '/put' AND length(body) = 0 AND length(id) = 36"),
      ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db",
                                          "method = 'GET' AND path = '/get' AND content_type IS NULL"),
                   ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/database-down/answers-when-stored", test_answers_when_stored);
  g_test_add_func ("/database-down/failure-is-reported", test_failure_is_reported);
  g_test_add_func ("/database-down/failure-after-the-response", test_failure_after_the_response);
  g_test_add_func ("/database-down/retried", test_retried);
  g_test_add_func ("/database-down/outage", test_outage);
  g_test_add_func ("/database-down/outage-with-room", test_outage_with_room);
  g_test_add_func ("/database-down/outage-outlasts-retries", test_outage_outlasts_retries);
  g_test_add_func ("/database-down/drain-in-an-outage", test_drain_in_an_outage);
  g_test_add_func ("/database-down/one-bad-row", test_one_bad_row);
  g_test_add_func ("/database-down/reader-stays", test_reader_stays);
  g_test_add_func ("/database-down/conflict", test_conflict);
  g_test_add_func ("/database-down/conflict-after-the-response", test_conflict_after_the_response);
  g_test_add_func ("/database-down/duplicates-are-counted", test_duplicates_are_counted);
  g_test_add_func ("/database-down/payload-is-whole", test_payload_is_whole);

  return g_test_run ();
}
