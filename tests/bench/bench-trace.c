/* How fast a trace is read, beside counting the lines of the same file. Usage: bench-trace [MILLIONS_OF_ROWS]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/trace/wp-trace-writer.h"
#include "sim/trace/wp-trace.h"

#define RUNS       5
#define ID(column) (1u << WP_COLUMN_##column)

static void
write_trace (const char *path, guint columns, gint64 n_rows)
{
  int fd = open (path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fd, columns);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  WpRow row = { .id = "0123456789abcdef", .bytes = 512, .outcome = WP_OUTCOME_STORED };

  for (gint64 i = 0; i < n_rows; i++)
    {
      row.service_ns = g_rand_int_range (rand, 0, 40000000);
      row.accepted_ns = row.started_ns = row.arrival_ns;
      row.finished_ns = row.ended_ns = row.arrival_ns + row.service_ns;
      if (!wp_trace_writer_row (writer, &row, NULL))
        exit (2);
      row.arrival_ns += g_rand_int_range (rand, 0, 2000000);
    }
  if (!wp_trace_writer_flush (writer, NULL))
    exit (2);
  close (fd);
}

static double
time_lines (const char *path)
{
  static char buffer[256 * 1024];
  gint64 start_ns = wp_time_monotonic ();
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gint64 n_lines = 0;
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    for (char *p = buffer; (p = memchr (p, '\n', (gsize) (buffer + n - p))) != NULL; p++)
      n_lines++;
  close (fd);
  g_assert (n_lines > 0);

  return (double) (wp_time_monotonic () - start_ns) / 1e9;
}

static double
time_rows (const char *path, gint64 n_expected)
{
  gint64 start_ns = wp_time_monotonic ();
  g_autoptr (WpTrace) trace = wp_trace_open (path, NULL, NULL);
  gint64 n_read = 0;
  const WpRow *rows;
  gsize n;

  while (wp_trace_read (trace, &rows, &n, NULL) == WP_READ_ROWS)
    n_read += (gint64) n;
  g_assert (n_read == n_expected);

  return (double) (wp_time_monotonic () - start_ns) / 1e9;
}

static void
measure (const char *path, const char *what, guint columns, gint64 n_rows)
{
  double lines_s = G_MAXDOUBLE, rows_s = G_MAXDOUBLE;

  write_trace (path, columns, n_rows);
  for (int i = 0; i < RUNS; i++)
    {
      lines_s = MIN (lines_s, time_lines (path));
      rows_s = MIN (rows_s, time_rows (path, n_rows));
    }
  printf ("%-16s %6.1f M rows/s, %.1f times the time of counting lines\n", what,
          (double) n_rows / rows_s / 1e6, rows_s / lines_s);
}

int
main (int argc, char **argv)
{
  gint64 n_rows = (gint64) ((argc > 1 ? g_ascii_strtod (argv[1], NULL) : 2) * 1e6);
  g_autofree char *folder = g_dir_make_tmp ("wp-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "trace.csv", NULL);

  measure (path, "arrival", ID (ARRIVAL), n_rows);
  measure (path, "arrival,service", ID (ARRIVAL) | ID (SERVICE), n_rows);
  measure (path, "a record", WP_COLUMNS_ALL, n_rows);
  g_unlink (path);
  g_rmdir (folder);

  return 0;
}
