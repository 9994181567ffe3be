/* --ack=stored: nobody is told that a payload is stored before it is, or when it is not. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_answers_when_stored (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "3", "-w", "2", "--ack=stored",
                                                  "--record=record.csv", NULL);
  g_autoptr(WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
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

/* In each mode: 502, outcome failed, one line in the log; and service goes on once the table is back. */
static void
check_failure (const char *mode)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-m", mode, "--ack=stored", "--retries=0", "--record=record.csv", NULL);
  g_autoptr(WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  const WpRow *rows;
  gsize n_rows;

  wp_hold_execute (hold, "ALTER TABLE jobs RENAME TO moved");
  wp_hold_release (hold);
  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 502);
    }
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.failed"), ==, 3);
  wp_harness_await_log (server, "no such table: jobs");
  wp_hold_execute (hold, "ALTER TABLE moved RENAME TO jobs");
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
test_failure_is_told (void)
{
  check_failure ("Default");
  check_failure ("BufferedChannel");
  check_failure ("WorkerPool");
}

/* With --ack=accepted the client has its 200 already: the log and the books say what became of it. */
static void
test_failure_after_the_answer (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "--retries=1", "--retry-delay=1ms", NULL);
  g_autoptr(WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_hold_execute (hold, "DROP TABLE jobs");
  wp_hold_release (hold);
  wp_crowd_send (crowd, 50, NULL);
  wp_crowd_await (crowd, 50);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 50);
  wp_harness_await_stat (server, "ledger.failed", 50);
  wp_harness_await_log (server, "updates failed: no such table: jobs");
  wp_harness_await_log (server, "jobs given up: ");
  wp_harness_stop_after_loss (server, 50, "lost");
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 50);
}

/* In each mode: away for a while, and nobody notices but the counter. */
static void
check_tried_again (const char *mode)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-m", mode, "-w", "2", "--ack=stored", "--retries=1000", "--retry-delay=1ms", NULL);
  g_autoptr(WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  wp_hold_execute (hold, "ALTER TABLE jobs RENAME TO moved");
  wp_hold_release (hold);
  wp_crowd_send (crowd, 20, NULL);
  while (wp_harness_stat (server, "retries") < 5)
    ;
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 0);
  wp_hold_execute (hold, "ALTER TABLE moved RENAME TO jobs");
  wp_crowd_await (crowd, 20);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 20);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "failed"), ==, 0);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 20);
}

static void
test_tried_again (void)
{
  check_tried_again ("Default");
  check_tried_again ("BufferedChannel");
  check_tried_again ("WorkerPool");
}

/* The file is taken away under the server: it makes it anew, and no job goes to the one that has no name any more. */
static void
test_file_removed (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *path = wp_harness_path (server, "wp.db"), *away = wp_harness_path (server, "away.db");

  for (guint i = 0; i < 5; i++)
    {
      if (i == 2)
        g_assert_cmpint (g_unlink (path), ==, 0);
      if (i == 3)
        g_assert_cmpint (g_rename (path, away), ==, 0);
      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_harness_await_log (server, "sqlite:wp.db was removed or replaced, and is opened anew\n");
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 2);
}

static void
test_duplicates_are_counted (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", "X-Request-Id: same\r\n", "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.stored"), ==, 3);
  g_assert_cmpfloat (wp_harness_stat (server, "duplicates"), ==, 2);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1);
}

/* Every part of the request comes to its column, NUL bytes too. */
static void
test_payload_is_whole (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("--ack=stored", NULL);
  g_autoptr(WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_post (client, "/a/b%20c?x=1&y=%2F", "X-Request-Id: 7\r\nContent-Type: text/x-odd; a=b\r\n", "a\0b", 3);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = '7' AND method = 'POST' AND path = '/a/b%20c?x=1&y=%2F' AND "
                                          "content_type = 'text/x-odd; a=b' AND body = x'610062'"), ==, 1);
  wp_client_send (client, "PUT /put HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_client_get (client, "/get", NULL);
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db",
                                          "method = 'PUT' AND path = '/put' AND length(body) = 0 AND length(id) = 36"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "method = 'GET' AND path = '/get' AND content_type IS NULL"), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/database-down/answers-when-stored", test_answers_when_stored);
  g_test_add_func ("/database-down/failure-is-told", test_failure_is_told);
  g_test_add_func ("/database-down/failure-after-the-answer", test_failure_after_the_answer);
  g_test_add_func ("/database-down/tried-again", test_tried_again);
  g_test_add_func ("/database-down/file-removed", test_file_removed);
  g_test_add_func ("/database-down/duplicates-are-counted", test_duplicates_are_counted);
  g_test_add_func ("/database-down/payload-is-whole", test_payload_is_whole);

  return g_test_run ();
}
