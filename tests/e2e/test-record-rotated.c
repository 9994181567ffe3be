/* A log rotation takes the record away under the server: SIGHUP opens it anew, and no row is lost or told twice. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
send_all (WpHarness *server, WpCrowd *crowd, guint n, guint in_all)
{
  wp_crowd_send (crowd, n, NULL);
  wp_crowd_await (crowd, in_all);
  wp_harness_await_stat (server, "ledger.stored", in_all);
}

static void
await_row (WpHarness *server, const char *name, guint id)
{
  g_autofree char *cell = g_strdup_printf (",%u,", id);

  wp_harness_await_file (server, name, cell);
}

/* Takes the record away, and waits until the server writes a new one: what it is sent from then on is in that. */
static void
rotate (WpHarness *server, const char *name)
{
  g_autofree char *path = wp_harness_path (server, "record.csv"), *old = wp_harness_path (server, name);
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  g_assert_cmpint (g_rename (path, old), ==, 0);
  wp_harness_signal (server, SIGHUP);
  while (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);
    }
}

/* The files are whole traces; each request is in one of them. */
static void
check_files (WpHarness *server, const char *const *names, guint n)
{
  g_autofree guint *seen = g_new0 (guint, n);

  for (; *names; names++)
    {
      gsize n_rows;
      const WpRow *rows = wp_harness_record (server, *names, &n_rows);

      for (gsize i = 0; i < n_rows; i++)
        seen[g_ascii_strtoull (rows[i].id, NULL, 10)]++;
    }
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (seen[i], ==, 1);
}

static void
test_renamed (void)
{
  static const char *const names[] = { "record.csv.1", "record.csv", NULL };
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  send_all (server, crowd, 200, 200);
  await_row (server, "record.csv", 199);
  rotate (server, "record.csv.1");
  send_all (server, crowd, 200, 400);
  await_row (server, "record.csv", 399);
  wp_harness_stop (server);
  check_files (server, names, 400);
}

/* In the midst of traffic, again and again. The rows of requests that are on their way may be in either file; the one after is in the new
 * one, which has a row so even where all others were written before the server was told. */
static void
test_renamed_under_load (void)
{
  static const char *const names[] = { "record.csv.0", "record.csv.1", "record.csv.2", "record.csv", NULL };
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "5", "-w", "5", "-d", "delay:1ms",
                                                  "--record=record.csv", NULL);
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  for (guint i = 0; i < 3; i++)
    {
      guint before = i * 501;

      wp_crowd_send (crowd, 500, NULL);
      wp_crowd_await (crowd, before + 250);
      await_row (server, "record.csv", wp_crowd_answered (crowd, before + 200));
      rotate (server, names[i]);
      send_all (server, crowd, 1, before + 501);
    }
  wp_harness_stop (server);
  check_files (server, names, 1503);
}

/* logrotate's copytruncate, without any signal: what is sent after it is a record of its own. */
static void
test_copied_and_cut (void)
{
  static const char *const names[] = { "record.csv.1", "record.csv", NULL };
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=2", "-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autofree char *path = wp_harness_path (server, "record.csv"), *old = wp_harness_path (server, "record.csv.1"), *text = NULL;

  send_all (server, crowd, 200, 200);
  for (guint id = 0; id < 200; id++)   /* they may stand in any order */
    await_row (server, "record.csv", id);
  text = wp_harness_read_file (server, "record.csv");
  g_assert_true (g_file_set_contents (old, text, -1, NULL));
  g_assert_no_errno (truncate (path, 0));
  send_all (server, crowd, 200, 400);
  wp_harness_stop (server);
  check_files (server, names, 400);
}

static void
test_without_a_record (void)
{
  g_autoptr(WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  wp_harness_signal (server, SIGHUP);
  send_all (server, crowd, 10, 10);
  wp_harness_stop (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record-rotated/renamed", test_renamed);
  g_test_add_func ("/record-rotated/renamed-under-load", test_renamed_under_load);
  g_test_add_func ("/record-rotated/copied-and-cut", test_copied_and_cut);
  g_test_add_func ("/record-rotated/without-a-record", test_without_a_record);

  return g_test_run ();
}
