/* A log rotation moves the record away from the server: SIGHUP opens a new one, and no row is lost or written
 * twice. */
#include "tests/e2e/wp-crowd.h"
#include "tests/e2e/wp-harness.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* Moves the record away, and waits until the server writes a new one: later requests are in that. */
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
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

  send_all (server, crowd, 200, 200);
  await_row (server, "record.csv", 199);
  rotate (server, "record.csv.1");
  send_all (server, crowd, 200, 400);
  await_row (server, "record.csv", 399);
  wp_harness_stop (server);
  check_files (server, names, 400);
}

/* Under traffic, again and again. The rows of requests in flight may be in either file; the next request's is
 * in the new one, which thus has a row even if all others were written before the signal. */
static void
test_renamed_under_load (void)
{
  static const char *const names[] = { "record.csv.0", "record.csv.1", "record.csv.2", "record.csv", NULL };
  g_autoptr (WpHarness) server = wp_harness_start ("--threads=2", "-m", "WorkerPool", "-q", "5", "-w", "5",
                                                   "-d", "delay:1ms", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

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

/* logrotate's copytruncate, without a signal: the rows of later requests are a record of their own. */
static void
test_copied_and_truncated (void)
{
  static const char *const names[] = { "record.csv.1", "record.csv", NULL };
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autofree char *path = wp_harness_path (server, "record.csv"),
                  *old = wp_harness_path (server, "record.csv.1"), *text = NULL;

  send_all (server, crowd, 200, 200);
  for (guint id = 0; id < 200; id++) /* they may stand in any order */
    await_row (server, "record.csv", id);
  text = wp_harness_read_file (server, "record.csv");
  g_assert_true (g_file_set_contents (old, text, -1, NULL));
  g_assert_no_errno (truncate (path, 0));
  send_all (server, crowd, 200, 400);
  wp_harness_stop (server);
  check_files (server, names, 400);
}

/* Another program truncates the file within a row: the rest and the later rows are one trace, without the row
 * that was cut. */
static void
test_cut_within_a_row (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--threads=2", "-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));
  g_autofree char *path = wp_harness_path (server, "record.csv"), *text = NULL;
  const char *row;
  const WpRow *rows;
  gsize n_rows, n_left = 0;

  send_all (server, crowd, 200, 200);
  await_row (server, "record.csv", 199);
  text = wp_harness_read_file (server, "record.csv");
  row = strstr (text, ",100,") + 3; /* in the midst of the id */
  g_assert_no_errno (truncate (path, row - text));
  for (const char *at = strstr (text, "arrival,"); (at = strchr (at, '\n')) && at < row; at++)
    n_left += at[1] != '#';
  send_all (server, crowd, 200, 400);
  wp_harness_stop (server);
  rows = wp_harness_record (server, "record.csv", &n_rows);
  g_assert_cmpuint (n_rows, ==, n_left - 1 + 200);
  for (gsize i = 0; i < n_rows; i++)
    g_assert_cmpint (g_ascii_strtoull (rows[i].id, NULL, 10) >= 200, ==, i >= n_left - 1);
}

static int
open_reader (const char *path)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* Until @text comes. Returns: all that came. */
static char *
read_until (int fd, const char *text)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  GString *all = g_string_new (NULL);
  char bytes[4096];

  while (!strstr (all->str, text))
    {
      gssize n = read (fd, bytes, sizeof bytes);

      if (n > 0)
        g_string_append_len (all, bytes, n);
      else
        g_usleep (1000);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
  return g_string_free (all, FALSE);
}

/* The reader of a FIFO leaves, and another program takes its place: after SIGHUP that program gets a whole
 * trace. */
static void
test_another_reader (void)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-fifo-XXXXXX", NULL),
                  *path = g_build_filename (dir, "record", NULL);
  g_autofree char *option = g_strconcat ("--record=", path, NULL), *first = NULL, *second = NULL;
  g_autoptr (WpHarness) server = NULL;
  g_autoptr (WpCrowd) crowd = NULL;
  int fd, next;

  g_assert_no_errno (mkfifo (path, 0600));
  fd = open_reader (path);
  server = wp_harness_start ("--threads=1", "-d", "delay:0", option, NULL);
  crowd = wp_crowd_new (wp_harness_port (server));
  send_all (server, crowd, 1, 1);
  first = read_until (fd, "stored,0\n");
  next = open_reader (path);
  close (fd);
  wp_harness_signal (server, SIGHUP);
  do
    {
      g_free (second);
      send_all (server, crowd, 1, wp_crowd_look (crowd) + 1);
      second = read_until (next, "stored,0\n");
    }
  while (*second != '#'); /* the signal may come after a row or two */
  g_assert_cmpint (strstr (second, "\n0.") - second, ==, strstr (first, "\n0.") - first);
  g_assert_cmpmem (second, strstr (second, "\n0.") - second, first, strstr (first, "\n0.") - first);
  wp_harness_stop (server);
  close (next);
  g_unlink (path);
  g_rmdir (dir);
}

static void
test_without_a_record (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);
  g_autoptr (WpCrowd) crowd = wp_crowd_new (wp_harness_port (server));

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
  g_test_add_func ("/record-rotated/copied-and-truncated", test_copied_and_truncated);
  g_test_add_func ("/record-rotated/cut-within-a-row", test_cut_within_a_row);
  g_test_add_func ("/record-rotated/another-reader", test_another_reader);
  g_test_add_func ("/record-rotated/without-a-record", test_without_a_record);

  return g_test_run ();
}
