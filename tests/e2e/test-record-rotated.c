/* A log rotation takes the record away under the server: SIGHUP opens it anew, and no row is lost or told twice. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <string.h>

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
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (;;)
    {
      g_autofree char *text = wp_harness_read_file (server, name);

      if (strstr (text, cell))
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);   /* a file that grows cannot be waited for */
    }
}

/* Both files are whole traces; each request is in one of them. */
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
  g_autofree char *path = wp_harness_path (server, names[1]), *old = wp_harness_path (server, names[0]);

  send_all (server, crowd, 200, 200);
  await_row (server, "record.csv", 199);
  g_assert_cmpint (g_rename (path, old), ==, 0);
  wp_harness_signal (server, SIGHUP);
  send_all (server, crowd, 200, 400);
  await_row (server, "record.csv", 399);
  wp_harness_stop (server);
  check_files (server, names, 400);
}

/* In the midst of traffic, again and again. */
static void
test_renamed_under_load (void)
{
  static const char *const names[] = { "record.csv.0", "record.csv.1", "record.csv.2", "record.csv", NULL };
  g_autoptr(WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "5", "-w", "5", "-d", "delay:1ms",
                                                  "--record=record.csv", NULL);
  g_autoptr(WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autofree char *path = wp_harness_path (server, "record.csv");

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *old = wp_harness_path (server, names[i]);

      wp_crowd_send (crowd, 500, NULL);
      wp_crowd_await (crowd, i * 500 + 250);
      await_row (server, "record.csv", wp_crowd_answered (crowd, i * 500 + 200));
      g_assert_cmpint (g_rename (path, old), ==, 0);
      wp_harness_signal (server, SIGHUP);
      wp_crowd_await (crowd, (i + 1) * 500);
      wp_harness_await_stat (server, "ledger.stored", (i + 1) * 500);
    }
  wp_harness_stop (server);
  check_files (server, names, 1500);
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
  g_test_add_func ("/record-rotated/without-a-record", test_without_a_record);

  return g_test_run ();
}
