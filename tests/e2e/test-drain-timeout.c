/* SIGTERM with more jobs than the timeout allows: parked requests are refused in time, unfinished jobs are
 * counted, and a second signal ends the server. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define N_PARKED 1000 /* libsoup takes half a minute for more there; the plain build has them all */
#else
#define N_PARKED 5000
#endif

/* @n more clients, all of them inside when it returns. */
static void
enter (WpHarness *server, WpCrowd *crowd, guint n)
{
  double expected = wp_harness_stat (server, "ledger.received") + n;

  wp_crowd_send (crowd, n, NULL);
  while (wp_harness_stat (server, "ledger.received") < expected)
    wp_crowd_look (crowd);
}

/* The number of connections that it reports to have closed. */
static guint
count_cut (const WpHarness *server)
{
  g_autofree char *log = wp_harness_log (server);
  const char *said = strstr (log, " connections were closed, perhaps before their responses\n");

  if (!said)
    said = strstr (log, " connection was closed, perhaps before its response\n");
  while (said && said > log && g_ascii_isdigit (said[-1]))
    said--;
  return said ? (guint) atoi (said) : 0;
}

/* A machine may be too slow for the time that there is. */
static gboolean
says_incomplete (const WpHarness *server)
{
  g_autofree char *log = wp_harness_log (server);

  return strstr (log, "the record is not complete: ") != NULL;
}

static void
test_timeout (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", "-q", "1", "-d", "delay:1h",
                                                   "--drain-timeout=100ms", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autofree char *record = NULL;
  const WpRow *rows;
  gsize n_rows;

  for (guint i = 0; i < 4; i++)
    enter (server, crowd, 1);
  wp_crowd_expect_cuts (crowd);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_crowd_await (crowd, 4);
  for (guint i = 0; i < 4; i++)
    if (i < 2)
      g_assert_cmpuint (wp_crowd_status (crowd, i), ==, 200);
    else if (wp_crowd_status (crowd, i) != WP_CROWD_CUT)
      g_assert_cmpuint (wp_crowd_status (crowd, i), ==, 503);
  g_assert_cmpuint (wp_crowd_count_status (crowd, WP_CROWD_CUT), <=, count_cut (server));
  wp_harness_await_log (server, "2 accepted jobs were not finished: 1 queued, 1 in service");
  g_assert_cmpuint (wp_harness_ledger (server, "rejected"), ==, 2);
  g_assert_cmpuint (wp_harness_ledger (server, "queued"), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (server, "in_service"), ==, 1);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, 4);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (rows[i].outcome, ==, i < 2 ? WP_OUTCOME_NONE : WP_OUTCOME_REJECTED);
  g_assert_cmpint (rows[0].started_ns, ==, rows[0].arrival_ns);
  g_assert_cmpint (rows[1].started_ns, ==, WP_TIME_NONE);
  record = wp_harness_read_file (server, "record.csv");
  g_assert_nonnull (strstr (record, " refusing=true\n")); /* they were not refused for a full queue */
}

/* Jobs whose clients wait for the end still end while the server gives up, when no response can be sent. */
static void
test_timeout_while_jobs_end (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "500", "-w", "10", "-d", "delay:20ms",
                          "--ack=stored", "--drain-timeout=10ms", "--record=record.csv", NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  const WpRow *rows;
  gsize n_rows;
  int status;
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  for (guint i = 0; i < 500; i++)
    {
      g_ptr_array_add (clients, wp_client_new (wp_harness_port (server)));
      wp_client_get (clients->pdata[i], "/", NULL);
    }
  wp_harness_await_stat (server, "ledger.received", 500);
  wp_harness_signal (server, SIGTERM);
  status = wp_harness_wait (server);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  g_assert_cmpint (status, >=, 0);
  g_assert_cmpint (status, ==, wp_harness_ledger (server, "stored") < 500);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 500);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  if (!says_incomplete (server))
    g_assert_cmpuint (n_rows, ==, 500);
  for (guint i = 0; i < n_rows; i++)
    g_assert_true (rows[i].outcome == WP_OUTCOME_STORED || rows[i].outcome == WP_OUTCOME_NONE);
}

/* Thousands are parked before a full queue when it must end: all of it within the limit, and each is
 * answered, or is one of those that it says that it could not answer. */
static void
test_thousands_parked (void)
{
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;
  const guint n_parked = g_getenv ("WP_WRAPPER") ? 500 : N_PARKED; /* valgrind is slower yet */
  gint64 signalled_us;
  guint64 sum;
  guint n_cut;
  WpWatch *watch;

  if (!wp_crowd_has_room (N_PARKED + 200))
    {
      g_test_skip ("the limit of descriptors is too low");
      return;
    }
  server = wp_harness_start ("-m", "WorkerPool", "-q", "100", "-w", "10", "-d", "delay:1h",
                             "--drain-timeout=500ms", NULL);
  watch = wp_watch_new (wp_harness_admin_port (server));
  crowd = wp_crowd_new (wp_harness_port (server));
  enter (server, crowd, n_parked + 110);
  wp_harness_await_stat (server, "ready", 1);
  wp_crowd_expect_cuts (crowd);
  signalled_us = g_get_monotonic_time ();
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_test_message ("%u parked, ended %" G_GINT64_FORMAT " ms after the signal", n_parked,
                  (g_get_monotonic_time () - signalled_us) / 1000);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_await_log (server, "draining for at most 500 ms");
  wp_harness_await_log (server, "110 accepted jobs were not finished: 100 queued, 10 in service");
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, n_parked + 110);
  sum = wp_harness_ledger (server, "rejected") + wp_harness_ledger (server, "abandoned");
  g_assert_cmpuint (sum, ==, n_parked);
  wp_crowd_await (crowd, n_parked + 110);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 110);
  n_cut = wp_crowd_count_status (crowd, WP_CROWD_CUT);
  g_assert_cmpuint (n_cut, <=, count_cut (server));
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503) + n_cut, ==, n_parked);
}

/* Parked requests are refused while there is time, not at the very end; until then they may get a place. And
 * the server ends in time. */
static void
test_parked_are_refused_in_time (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "1", "-d", "delay:1h", "--drain-timeout=4s", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  gint64 signalled_us;

  enter (server, crowd, 22);
  wp_crowd_await (crowd, 2);
  signalled_us = g_get_monotonic_time ();
  wp_harness_signal (server, SIGTERM);
  wp_harness_await_log (server, "draining");
  wp_harness_await_stat (server, "ledger.parked", 20);
  wp_harness_await_stat (server, "ledger.rejected", 20); /* it is there to say so */
  wp_crowd_await (crowd, 22);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503), ==, 20);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpint (g_get_monotonic_time () - signalled_us, <, 4 * G_USEC_PER_SEC + WP_PATIENCE_US / 5);
}

/* A client with an incomplete request loses no job: it is only disconnected. */
static void
test_half_a_request (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--drain-timeout=200ms", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_client_send (client, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234");
  wp_harness_await_stat (server, "connections", 1);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_assert_cmpuint (count_cut (server), ==, 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 0);
  g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 0);
}

/* Sends the signal again and again, until it is another request, and waits for the end. */
static int
stop_at_once (WpHarness *server, int number)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  do
    wp_harness_signal (server, number);
  while (!wp_child_wait (wp_harness_child (server), MIN (g_get_monotonic_time () + 20000, until_us))
         && g_get_monotonic_time () < until_us);

  return wp_harness_wait (server);
}

static void
test_second_signal (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "0", "-d", "delay:1h", "--drain-timeout=1h", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  enter (server, crowd, 2);
  wp_crowd_await (crowd, 1);
  wp_harness_signal (server, SIGINT);
  wp_harness_await_log (server, "draining");
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 1);
  g_assert_cmpint (stop_at_once (server, SIGINT), ==, 1);
  wp_harness_await_log (server, "the second signal stops the server at once");
  g_assert_cmpuint (wp_harness_ledger (server, "in_service"), ==, 1);
  g_assert_cmpuint (wp_harness_ledger (server, "rejected"), ==, 1);
}

/* A wrapper script passes on what the terminal has sent to all: that is one request, and nothing is lost. */
static void
test_repeated_signal (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  enter (server, crowd, 50);
  wp_crowd_await (crowd, 50);
  wp_harness_signal (server, SIGINT);
  wp_harness_await_log (server, "draining");
  wp_harness_signal (server, SIGINT);
  wp_harness_signal (server, SIGTERM);
  wp_harness_await_stat (server, "ledger.queued", 49);
  wp_hold_release (hold);
  g_assert_cmpint (wp_harness_wait (server), ==, 0);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 50);
}

/* The second signal comes just when thousands of jobs end: the record is whole, each row once, or is said not
 * to be. One job does not end, so that the server is there to be asked. */
static void
test_second_signal_while_jobs_end (void)
{
  for (guint round = 0; round < 6; round++)
    {
      g_autoptr (WpHarness) server
          = wp_harness_start ("--threads=2", "-d", "delay:request", "--record=record.csv", NULL);
      g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
      gsize n_rows;

      wp_crowd_send (crowd, 1, "X-WP-Service: 3600\r\n");
      wp_crowd_send (crowd, 2000, "X-WP-Service: 0.9\r\n");
      wp_crowd_await (crowd, 2001);
      wp_harness_signal (server, SIGTERM);
      while (wp_harness_stat (server, "ledger.stored") == 0)
        ;
      g_assert_cmpint (stop_at_once (server, SIGTERM), ==, 1);
      g_assert_cmpuint (wp_harness_ledger (server, "received"), ==, 2001);
      wp_harness_record (server, "record.csv", &n_rows);
      if (!says_incomplete (server))
        g_assert_cmpuint (n_rows, ==, 2001);
    }
}

/* The journal is locked by another program at the end, and was while the last two came: it ends in time, and
 * says which jobs are kept. */
static void
check_journal_is_locked (gboolean second_signal)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal",
                          second_signal ? "--drain-timeout=1h" : "--drain-timeout=600ms", NULL);
  g_autoptr (WpHold) database = wp_hold_new (server, "wp.db"), journal = NULL;
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  gint64 signalled_us;

  enter (server, crowd, 3);
  wp_crowd_await (crowd, 3);
  journal = wp_hold_new (server, "jobs.journal");
  enter (server, crowd, 2);
  wp_crowd_expect_cuts (crowd);
  signalled_us = g_get_monotonic_time ();
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (second_signal ? stop_at_once (server, SIGTERM) : wp_harness_wait (server), ==, 1);
  g_assert_cmpint (g_get_monotonic_time () - signalled_us, <, 10 * G_USEC_PER_SEC);
  wp_harness_await_log (server, "5 accepted jobs were not finished: 4 queued, 1 in service; 3 are kept in "
                                "jobs.journal, the others were not "
                                "written to it, and their requests were not answered\n");
  wp_harness_await_log (server,
                        "the journal is not complete: jobs.journal: it could not be closed in time\n");
  wp_crowd_await (crowd, 5);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 3);
  wp_hold_release (journal);
  wp_hold_release (database);
  wp_harness_start_again (server, "--journal=jobs.journal", NULL);
  wp_harness_await_stat (server, "ledger.stored", 3);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 3);
}

static void
test_journal_is_locked (void)
{
  check_journal_is_locked (FALSE);
  check_journal_is_locked (TRUE);
}

/* Jobs that are stored, and whose rows can no longer be removed: they run once more, and are stored once. */
static void
test_journal_keeps_what_is_stored (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "--journal=jobs.journal", "--drain-timeout=500ms", NULL);
  g_autoptr (WpHold) database = wp_hold_new (server, "wp.db"), journal = NULL;
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  enter (server, crowd, 3);
  wp_crowd_await (crowd, 3);
  journal = wp_hold_new (server, "jobs.journal");
  wp_hold_release (database);
  wp_harness_await_stat (server, "ledger.stored", 3);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_await_log (
      server, "jobs.journal: 3 changes could not be written in time, and their jobs will run again\n");
  wp_hold_release (journal);
  wp_harness_start_again (server, "--journal=jobs.journal", NULL);
  wp_harness_await_stat (server, "duplicates", 3);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 3);
}

/* The record goes to a program that does not read. */
static void
test_record_is_stuck (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-fifo-XXXXXX", NULL),
                  *path = g_build_filename (dir, "record", NULL);
  g_autofree char *option = g_strconcat ("--record=", path, NULL);
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;
  gint64 signalled_us;
  int fd;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  server = wp_harness_start ("-d", "delay:0s", "--drain-timeout=1s", option, NULL);
  crowd = wp_crowd_new (wp_harness_port (server));
  for (guint i = 1; i <= 20; i++) /* more than a FIFO holds */
    {
      wp_crowd_send (crowd, 200, NULL);
      wp_crowd_await (crowd, 200 * i);
    }
  wp_harness_await_stat (server, "ledger.stored", 4000);
  signalled_us = g_get_monotonic_time ();
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpint (g_get_monotonic_time () - signalled_us, <, 10 * G_USEC_PER_SEC);
  wp_harness_await_log (server, "its last rows could not be written in time\n");
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 4000);
  close (fd);
  g_unlink (path);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drain-timeout/timeout", test_timeout);
  g_test_add_func ("/drain-timeout/while-jobs-end", test_timeout_while_jobs_end);
  g_test_add_func ("/drain-timeout/thousands-parked", test_thousands_parked);
  g_test_add_func ("/drain-timeout/parked-are-refused-in-time", test_parked_are_refused_in_time);
  g_test_add_func ("/drain-timeout/half-a-request", test_half_a_request);
  g_test_add_func ("/drain-timeout/second-signal", test_second_signal);
  g_test_add_func ("/drain-timeout/repeated-signal", test_repeated_signal);
  g_test_add_func ("/drain-timeout/journal-is-locked", test_journal_is_locked);
  g_test_add_func ("/drain-timeout/journal-keeps-what-is-stored", test_journal_keeps_what_is_stored);
  g_test_add_func ("/drain-timeout/record-is-stuck", test_record_is_stuck);
  g_test_add_func ("/drain-timeout/second-signal-while-jobs-end", test_second_signal_while_jobs_end);

  return g_test_run ();
}
