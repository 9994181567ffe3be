/* --journal: no request gets its response before the job is durable; failed jobs are kept, listed and
 * requeued; the file is private. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-hold.h"
#include "tests/e2e/wp-watch.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#define JOURNAL          "--journal=jobs.journal"
#define JOURNAL_WAITS_US (2 * G_USEC_PER_SEC) /* for another program that holds it */

/* A request is answered once the journal has it, and not before; jobs in service and queued alike. */
static void
test_answers_when_durable (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", JOURNAL, NULL);
  g_autoptr (WpHold) database = wp_hold_new (server, "wp.db"), journal = wp_hold_new (server, "jobs.journal");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 30, NULL);
  wp_harness_await_stat (server, "ledger.received", 30);
  g_assert_cmpuint (wp_crowd_look (crowd), ==, 0);
  wp_hold_release (journal);
  wp_crowd_await (crowd, 30);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 30);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.stored"), ==, 0);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 30);
  wp_hold_release (database);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 30);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 0);
}

/* A parked request is written when it gets its place. */
static void
test_parked_is_not_written (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-q", "3", "-w", "2", JOURNAL, NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_crowd_send (crowd, 20, NULL);
  wp_harness_await_stat (server, "ledger.parked", 15);
  wp_crowd_await (crowd, 5);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 5);
  wp_hold_release (hold);
  wp_crowd_await (crowd, 20);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 20);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 20);
}

/* The client that asks again, having heard nothing: 200, counted, and stored once. */
static void
test_same_id_again (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-w", "1", JOURNAL, NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", "X-Request-Id: same\r\n", "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", "WorkerPool", "-w", "1", JOURNAL, NULL);
  wp_harness_await_stat (server, "ledger.stored", 3);
  wp_harness_await_stat (server, "duplicates", 2);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 1);
}

static void
post_ok (WpClient *client, guint id, const char *body)
{
  g_autofree char *header = g_strdup_printf ("X-Request-Id: %u\r\n", id);

  wp_client_post (client, "/", header, body, strlen (body));
  g_assert_cmpuint (wp_client_read_status (client), ==, 200);
}

/* Rows are removed, and the file takes no more room than the unfinished jobs. */
static void
test_stays_small (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "WorkerPool", "-w", "4", JOURNAL, NULL);
  g_autofree char *path = wp_harness_path (server, "jobs.journal"), *wal = g_strconcat (path, "-wal", NULL),
                  *body = g_strnfill (20000, 'x');
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  GStatBuf file, log;

  for (guint i = 0; i < 1000; i++)
    post_ok (client, i, body); /* 20 MB in all */
  wp_harness_await_stat (server, "ledger.stored", 1000);
  g_assert_cmpint (g_stat (path, &file), ==, 0);
  g_assert_cmpint (g_stat (wal, &log), ==, 0);
  g_test_message ("%" G_GINT64_FORMAT " bytes, %" G_GINT64_FORMAT " in the WAL", (gint64) file.st_size,
                  (gint64) log.st_size);
  g_assert_cmpint (file.st_size + log.st_size, <, 20 << 20);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 0);
}

/* The list of the admin listener: how many are kept, and the latest that it shows. */
static JsonObject *
list_failed (WpHarness *server, JsonParser *parser)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (admin, "/failed.json", NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);
  g_assert_true (json_parser_load_from_data (parser, response->body, (gssize) response->size, NULL));

  return json_node_get_object (json_parser_get_root (parser));
}

static void
check_failed_list (WpHarness *server)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *list = list_failed (server, parser), *latest;
  JsonArray *jobs = json_object_get_array_member (list, "jobs");

  g_assert_cmpint (json_object_get_int_member (list, "failed"), ==, 120);
  g_assert_cmpuint (json_array_get_length (jobs), ==, 100);
  latest = json_array_get_object_element (jobs, 0);
  g_assert_cmpstr (json_object_get_string_member (latest, "id"), ==, "119");
  g_assert_cmpstr (json_object_get_string_member (latest, "reason"), ==, "spoilt");
  g_assert_cmpstr (json_object_get_string_member (latest, "method"), ==, "POST");
  g_assert_cmpint (json_object_get_int_member (latest, "updates"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (latest, "bytes"), ==, 3);
}

static char *
requeue (WpHarness *server, int status)
{
  g_autofree char *path = wp_harness_path (server, "jobs.journal"),
                  *option = g_strconcat ("--journal=", path, NULL);
  g_autoptr (WpHarness) run = wp_harness_run (option, "--requeue", NULL);
  g_autofree char *log = wp_harness_log (run), *output = wp_harness_output (run);

  g_assert_cmpint (wp_harness_wait (run), ==, status);
  return g_strconcat (output, log, NULL);
}

/* Fails, is kept over a restart, listed, queued anew, and stored after all. */
static void
test_failed_is_kept (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", JOURNAL, "--retries=1", "--retry-delay=1ms", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *said = NULL, *busy = NULL;

  wp_hold_execute (hold, WP_HOLD_SPOIL);
  wp_hold_release (hold);
  for (guint i = 0; i < 120; i++)
    post_ok (client, i, "abc");
  wp_harness_await_stat (server, "journal.failed", 120);
  wp_harness_await_stat (server, "ledger.failed", 120);
  wp_harness_await_stat (server, "retries", 120);
  wp_harness_await_log (server, "kept as failed in jobs.journal: spoilt\n");
  check_failed_list (server);
  busy = requeue (server, 2);
  g_assert_nonnull (strstr (busy, "another wp-server uses this journal"));
  wp_hold_execute (hold, WP_HOLD_UNSPOIL);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop_after_loss (server, 120, "kept in jobs.journal");

  wp_harness_start_again (server, "-m", "BufferedChannel", JOURNAL, NULL);
  wp_harness_await_log (server, "recovered 0 jobs from jobs.journal\n");
  wp_harness_await_log (server, "jobs.journal keeps 120 failed jobs");
  check_failed_list (server);
  wp_harness_stop (server);

  said = requeue (server, 0);
  g_assert_nonnull (strstr (said, "requeued 120 failed jobs in "));
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal",
                                          "failed IS NULL AND updates IS NULL AND reason IS NULL"),
                   ==, 120);
  wp_harness_start_again (server, "-m", "BufferedChannel", JOURNAL, NULL);
  wp_harness_await_log (server, "recovered 120 jobs from jobs.journal\n");
  wp_harness_stop (server);
  g_assert_cmpuint (wp_harness_ledger (server, "recovered"), ==, 120);
  g_assert_cmpuint (wp_harness_ledger (server, "stored"), ==, 120);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = CAST(rowid - 1 AS TEXT)"), ==, 120);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 0);
}

static void
copy_old_journal (const WpHarness *server)
{
  g_autofree char *from
      = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "tests", "golden", "journal-0.1.0", NULL);
  g_autofree char *to = wp_harness_path (server, "old.journal"), *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (from, &text, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, text, (gssize) size, &error);
  g_assert_no_error (error);
}

/* Four unfinished jobs and two failed ones, of a server of version 0.1.0. */
static void
test_version_0_1_0 (void)
{
  g_autoptr (WpHarness) server = wp_harness_start (JOURNAL, NULL), run = NULL;
  g_autofree char *option = NULL;

  wp_harness_stop (server);
  copy_old_journal (server);
  wp_harness_start_again (server, "-m", "BufferedChannel", "--journal=old.journal", NULL);
  wp_harness_await_stat (server, "ledger.stored", 4);
  wp_harness_await_stat (server, "ledger.recovered", 4);
  wp_harness_await_stat (server, "journal.failed", 2);
  wp_harness_stop (server);
  g_assert_cmpint (
      wp_harness_count_rows (server, "wp.db",
                             "id = 'kept-1' AND method = 'POST' AND path = '/in?b=2' AND"
                             " content_type = 'application/json' AND body = CAST('{\"a\":1}' AS BLOB)"),
      ==, 1);
  g_assert_cmpint (
      wp_harness_count_rows (server, "wp.db",
                             "rowid = 2 AND method = 'PUT' AND content_type IS NULL AND"
                             " body = x'610062ff' AND received = '2026-11-29T12:10:11.639569339Z'"),
      ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = 'kept-3' AND length (body) = 9000"), ==, 1);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "id = 'kept-4' AND length (body) = 0"), ==, 1);
  option = wp_harness_path (server, "old.journal");
  run = wp_harness_run ("--requeue", "--journal", option, NULL);
  g_assert_cmpint (wp_harness_wait (run), ==, 0);
  wp_harness_start_again (server, "--journal=old.journal", NULL);
  wp_harness_await_stat (server, "ledger.stored", 2);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (
                       server, "wp.db", "id IN ('lost-1', 'lost-2') AND CAST (body AS TEXT) LIKE '% failed'"),
                   ==, 2);
}

/* The file has mode 0600 under any umask: payloads are private. */
static void
test_file_mode (void)
{
  static const char *const names[] = { "jobs.journal", "jobs.journal-wal", "jobs.journal-shm" };
  mode_t before = umask (0);
  g_autoptr (WpHarness) server = wp_harness_start (JOURNAL, NULL);

  umask (before);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = wp_harness_path (server, names[i]);
      GStatBuf file;

      g_assert_cmpint (g_stat (path, &file), ==, 0);
      g_assert_cmpint (file.st_mode & 0777, ==, 0600);
    }
  wp_harness_stop (server);
}

/* --ack=stored: the client hears of the failure, and the job is kept all the same. */
static void
test_failed_and_reported (void)
{
  g_autoptr (WpHarness) server = wp_harness_start (JOURNAL, "--ack=stored", "--retries=0", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

  wp_hold_execute (hold, WP_HOLD_SPOIL);
  wp_hold_release (hold);
  wp_client_post (client, "/", NULL, "x", 1);
  g_assert_cmpuint (wp_client_read_status (client), ==, 502);
  wp_harness_await_stat (server, "journal.failed", 1);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "failed IS NOT NULL AND length(id) = 36"),
                   ==, 1);
}

static void
test_no_journal (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--retries=0", NULL);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (admin, "/failed.json", NULL);
  g_assert_cmpuint (wp_client_read_status (admin), ==, 404);
  g_clear_pointer (&admin, wp_client_free);
  wp_harness_stop (server);
}

/* The next start runs the jobs that a drain left unfinished. */
static void
test_unfinished_at_drain (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "BufferedChannel", "-q", "10", JOURNAL, "--drain-timeout=1s", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  WpWatch *watch = wp_watch_new (wp_harness_admin_port (server));

  wp_crowd_send (crowd, 15, NULL);
  wp_harness_await_stat (server, "ledger.parked", 4);
  wp_harness_signal (server, SIGTERM);
  wp_crowd_await (crowd, 15);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 200), ==, 11);
  g_assert_cmpuint (wp_crowd_count_status (crowd, 503), ==, 4);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  g_assert_cmpuint (wp_watch_free (watch), >, 0);
  wp_harness_await_log (
      server, "11 accepted jobs were not finished: 10 queued, 1 in service; they are kept in jobs.journal\n");
  g_assert_cmpuint (wp_harness_ledger (server, "rejected"), ==, 4);
  wp_hold_release (hold);
  wp_harness_start_again (server, JOURNAL, NULL);
  wp_harness_await_log (server, "recovered 11 jobs from jobs.journal\n");
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 11);
}

/* Somebody holds the journal for longer than it waits, and meanwhile the job ends: its client hears how, and
 * the end of one that failed is kept once there is a journal again. */
static void
test_ends_before_it_is_durable (void)
{
  for (guint fails = 0; fails < 2; fails++)
    {
      g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", JOURNAL, "--retries=0", NULL);
      g_autoptr (WpHold) database = wp_hold_new (server, "wp.db"),
                         journal = wp_hold_new (server, "jobs.journal");
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      gint64 since_us;

      if (fails)
        wp_hold_execute (database, WP_HOLD_SPOIL);
      since_us = g_get_monotonic_time ();
      wp_client_post (client, "/", NULL, "x", 1);
      wp_harness_await_stat (server, "ledger.in_service", 1);
      wp_hold_release (database);
      wp_harness_await_stat (server, fails ? "ledger.failed" : "ledger.stored", 1);
      g_assert_true (wp_client_is_silent (client) || g_get_monotonic_time () - since_us > JOURNAL_WAITS_US);
      g_assert_cmpuint (wp_client_read_status (client), ==, fails ? 502 : 200);
      wp_harness_await_stat (server, "journal.writable", 0);
      /* 0: the job had ended before the journal's thread took it */
      g_assert_cmpfloat (wp_harness_stat (server, "journal.refused"), <=, 1);
      wp_hold_release (journal);
      wp_harness_await_stat (server, "journal.writable", 1);
      g_clear_pointer (&client, wp_client_free);
      wp_harness_stop (server);
      g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "failed IS NOT NULL"), ==, fails);
      g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, fails);
    }
}

/* A row in a file that has no name any more is none: nobody is promised anything on it, and the end says that
 * it is not complete. */
static void
test_file_removed (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", JOURNAL, NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *path = wp_harness_path (server, "jobs.journal");

  post_ok (client, 0, "abc");
  g_assert_cmpint (g_unlink (path), ==, 0);
  wp_client_post (client, "/", NULL, "abc", 3);
  g_assert_cmpuint (wp_client_read_status (client), ==, 503);
  wp_harness_await_log (server, "the journal jobs.journal cannot be written, requests get 503: the file was "
                                "removed or replaced (the file has ");
  wp_harness_await_stat (server, "ready", 0);
  wp_hold_release (hold);
  wp_harness_await_stat (server, "ledger.stored", 1);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_signal (server, SIGTERM);
  g_assert_cmpint (wp_harness_wait (server), ==, 1);
  wp_harness_await_log (server, "the journal is not complete: jobs.journal: 1 change could not be written");
  g_assert_cmpuint (wp_harness_ledger (server, "rejected"), ==, 1);
}

/* Its log alone is removed, under load and before a crash: nothing that was promised is lost. */
static void
test_log_removed (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", JOURNAL, NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *log = wp_harness_path (server, "jobs.journal-wal");

  for (guint i = 0; i < 20; i++)
    {
      if (i == 10)
        g_assert_cmpint (g_unlink (log), ==, 0);
      post_ok (client, i, "abc");
    }
  wp_harness_await_log (
      server,
      "the write-ahead log of the journal jobs.journal was removed or replaced; the log is copied into ");
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_hold_release (hold);
  wp_harness_start_again (server, JOURNAL, NULL);
  wp_harness_await_stat (server, "ledger.stored", 20);
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 20);
}

static gint64
size_of (const WpHarness *server, const char *name)
{
  g_autofree char *path = wp_harness_path (server, name);
  GStatBuf file;

  g_assert_cmpint (g_stat (path, &file), ==, 0);
  return file.st_size;
}

/* A metric of the admin listener without a label. */
static double
metric (const WpHarness *server, const char *name)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_autofree char *start = g_strdup_printf ("\nwp_%s ", name);
  const char *line;

  wp_client_get (admin, "/metrics", NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  line = strstr (response->body, start);
  g_assert_nonnull (line);

  return g_ascii_strtod (line + strlen (start), NULL);
}

/* Asks until it is answered with @status, some 30 MB of payloads at most. */
static guint
ask_until (WpHarness *server, guint status)
{
  g_autofree char *body = g_strnfill (3000, 'x');
  guint n = 0, answered;

  do
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));

      wp_client_post (client, "/", NULL, body, 3000);
      answered = wp_client_read_status (client);
      g_assert_cmpuint (++n, <, 10000);
    }
  while (answered != status);

  return n;
}

/* The same while nothing is written, and then a crash. */
static void
test_log_removed_while_idle (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "BufferedChannel", JOURNAL, NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autofree char *log = wp_harness_path (server, "jobs.journal-wal");

  wp_crowd_send (crowd, 20, NULL);
  wp_crowd_await (crowd, 20);
  g_assert_cmpint (g_unlink (log), ==, 0);
  wp_harness_await_log (server, "the write-ahead log of the journal jobs.journal was removed or replaced");
  wp_harness_await_stat (server, "journal.log_bytes", 0);
  g_clear_pointer (&crowd, wp_crowd_free);
  wp_harness_signal (server, SIGKILL);
  wp_harness_wait (server);
  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", "BufferedChannel", JOURNAL, NULL);
  wp_harness_await_log (server, "recovered 20 jobs from jobs.journal\n");
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "wp.db", "1"), ==, 20);
}

/* Long before that it is warned of. */
static void
test_log_grows (void)
{
  g_autoptr (WpHarness) server = wp_harness_start (JOURNAL, NULL);
  g_autoptr (WpHold) reader = wp_hold_new (server, "jobs.journal");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autofree char *body = g_strnfill (1000000, 'x');

  wp_hold_release (reader);
  wp_hold_execute (reader, "BEGIN; SELECT count(*) FROM jobs;");
  for (guint i = 0; i < 40; i++)
    post_ok (client, i, body);
  wp_harness_await_log (server, "the journal jobs.journal: its log has 3");
  wp_harness_await_log (server, " MB, and grows until no other program reads an old state of the journal\n");
  wp_hold_release (reader);
  g_clear_pointer (&client, wp_client_free);
  wp_harness_stop (server);
}

/* A program that goes on reading an old state keeps the log from being begun anew: it counts, up to
 * --max-journal. */
static void
test_reader_stays (void)
{
  g_autoptr (WpHarness) server = wp_harness_start (JOURNAL, "--max-journal=2m", NULL);
  g_autoptr (WpHold) reader = wp_hold_new (server, "jobs.journal");

  wp_hold_release (reader);
  wp_hold_execute (reader, "BEGIN; SELECT count(*) FROM jobs;");
  g_assert_cmpuint (ask_until (server, 503), >, 40);
  g_assert_cmpint (size_of (server, "jobs.journal") + size_of (server, "jobs.journal-wal"), <=, 2 << 20);
  wp_harness_await_log (
      server,
      "its write-ahead log cannot be shortened while another program reads the journal (the file has ");
  g_assert_cmpfloat (metric (server, "journal_log_bytes"), ==, (double) size_of (server, "jobs.journal-wal"));
  g_assert_cmpfloat (metric (server, "journal_file_bytes"), >, 0);
  g_assert_cmpfloat (wp_harness_stat (server, "journal.log_bytes"), >, 1 << 20);
  wp_harness_await_stat (server, "ready", 0);
  wp_hold_release (reader);
  ask_until (server, 200);
  wp_harness_await_stat (server, "ready", 1);
  wp_harness_await_log (server, "the journal jobs.journal can be written again\n");
  wp_harness_stop (server);
  g_assert_cmpint (wp_harness_count_rows (server, "jobs.journal", "1"), ==, 0);
}

static void
check_refused (const WpHarness *beside, const char *journal, const char *database, const char *record,
               const char *reason)
{
  g_autofree char *path = wp_harness_path (beside, journal), *option = g_strconcat ("--journal=", path, NULL);
  g_autoptr (WpHarness) run
      = wp_harness_run ("--listen=127.0.0.1:0", "--admin=none", option, database, record, NULL);
  g_autofree char *log = NULL;

  g_assert_cmpint (wp_harness_wait (run), ==, 2);
  log = wp_harness_log (run);
  if (!g_str_has_prefix (log, "wp-server: --") || strchr (log, '\n') != log + strlen (log) - 1
      || !strstr (log, reason))
    g_error ("it says: %s", log);
}

/* One clear line each. */
static void
test_wrong_file (void)
{
  g_autoptr (WpHarness) server = wp_harness_start (JOURNAL, NULL);
  g_autofree char *database = wp_harness_path (server, "wp.db"),
                  *spec = g_strconcat ("--database=sqlite:", database, NULL);
  g_autofree char *other = wp_harness_path (server, "other"), *same = g_strconcat ("--record=", other, NULL);

  check_refused (server, "jobs.journal", "--database=delay:0s", NULL,
                 "jobs.journal: another wp-server uses this journal\n");
  check_refused (server, "wp.db", spec, NULL, "wp.db is the database\n");
  check_refused (server, "wp.db", "--database=delay:0s", NULL,
                 "wp.db is not a journal of wp-server, but another program's database\n");
  check_refused (server, WP_CHILD_LOG, "--database=delay:0s", NULL,
                 "is not a journal of wp-server: file is not a database\n");
  check_refused (server, "none/jobs.journal", "--database=delay:0s", NULL,
                 "none/jobs.journal: No such file or directory\n");
  check_refused (server, "other", "--database=delay:0s", same, "other is the record\n");
  check_refused (server, "wp.db-wal", spec, NULL, "wp.db-wal belongs to the database\n");
  wp_harness_stop (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/journal/answers-when-durable", test_answers_when_durable);
  g_test_add_func ("/journal/parked-is-not-written", test_parked_is_not_written);
  g_test_add_func ("/journal/same-id-again", test_same_id_again);
  g_test_add_func ("/journal/stays-small", test_stays_small);
  g_test_add_func ("/journal/failed-is-kept", test_failed_is_kept);
  g_test_add_func ("/journal/failed-and-reported", test_failed_and_reported);
  g_test_add_func ("/journal/no-journal", test_no_journal);
  g_test_add_func ("/journal/unfinished-at-drain", test_unfinished_at_drain);
  g_test_add_func ("/journal/ends-before-it-is-durable", test_ends_before_it_is_durable);
  g_test_add_func ("/journal/file-removed", test_file_removed);
  g_test_add_func ("/journal/log-removed", test_log_removed);
  g_test_add_func ("/journal/log-removed-while-idle", test_log_removed_while_idle);
  g_test_add_func ("/journal/log-grows", test_log_grows);
  g_test_add_func ("/journal/reader-stays", test_reader_stays);
  g_test_add_func ("/journal/wrong-file", test_wrong_file);
  g_test_add_func ("/journal/version-0.1.0", test_version_0_1_0);
  g_test_add_func ("/journal/file-mode", test_file_mode);

  return g_test_run ();
}
