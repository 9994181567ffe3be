#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-trace-writer.h"
#include "sim/trace/wp-trace.h"

#define ID(column) (1u << WP_COLUMN_##column)

static const WpRow no_row = WP_ROW_INIT;

typedef struct {
  char *folder;
  char *path;
  int fd;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("wp-test-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "trace.csv", NULL);
  fixture->fd = open (fixture->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  g_assert_cmpint (fixture->fd, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close (fixture->fd);
  g_unlink (fixture->path);
  g_rmdir (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static void
assert_contents (const Fixture *fixture, const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static void
test_format (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fixture->fd, WP_COLUMNS_ALL);
  g_autoptr (GError) error = NULL;
  WpRow row = no_row;

  wp_trace_writer_note (writer, "mode", "WorkerPool");
  wp_trace_writer_note (writer, "remark", "two\nlines");
  g_assert_true (wp_trace_writer_row (writer, &row, &error));
  row = (WpRow){ 0, 12000000, 1, 2, 3, 4, 512, "a,\"b\"", WP_OUTCOME_TIMED_OUT, 1 };
  g_assert_true (wp_trace_writer_row (writer, &row, &error));
  g_assert_true (wp_trace_writer_flush (writer, &error));
  assert_contents (
      fixture,
      "# mode: WorkerPool\n# remark: two lines\n"
      "arrival,service,id,bytes,accepted,started,finished,ended,outcome,blocked\n"
      ",,,,,,,,,\n"
      "0.000000000,0.012000000,\"a,\"\"b\"\"\",512,0.000000001,0.000000002,0.000000003,0.000000004,timed_out,1\n");
}

static void
test_header_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fixture->fd, ID (BLOCKED) | ID (ARRIVAL));

  g_assert_true (wp_trace_writer_flush (writer, NULL));
  g_assert_true (wp_trace_writer_flush (writer, NULL));
  assert_contents (fixture, "arrival,blocked\n");
}

static char *
random_id (void)
{
  static const char *const pieces[]
      = { "a", "B", "7", ",", "\"", "\n", "\r", " ", "é", "#", "-", "=", "\t", "\x1b", "\u202e", "\xff" };
  GString *id = g_string_new (NULL);

  for (int n = g_test_rand_int_range (0, 12); n >= 0; n--)
    g_string_append (id, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);

  return g_string_free (id, FALSE);
}

static gint64
random_time (void)
{
  if (g_test_rand_int_range (0, 4) == 0)
    return WP_TIME_NONE;

  return ((gint64) g_test_rand_int_range (0, G_MAXINT32) << g_test_rand_int_range (0, 24))
         + g_test_rand_int_range (0, 1000);
}

/* Rows in order of arrival, from 0. */
static GArray *
random_rows (guint n_rows, GStringChunk *ids)
{
  GArray *rows = g_array_new (FALSE, FALSE, sizeof (WpRow));
  gint64 arrival_ns = 0;

  for (guint i = 0; i < n_rows; i++)
    {
      g_autofree char *id = random_id ();
      WpRow row = { arrival_ns,
                    random_time (),
                    random_time (),
                    random_time (),
                    random_time (),
                    random_time (),
                    g_test_rand_int_range (-1, 100000),
                    g_test_rand_bit () ? g_string_chunk_insert (ids, id) : NULL,
                    (WpOutcome) g_test_rand_int_range (0, 6),
                    g_test_rand_int_range (-1, 2) };

      g_array_append_val (rows, row);
      arrival_ns += g_test_rand_int_range (0, G_MAXINT32) >> g_test_rand_int_range (0, 32);
    }

  return rows;
}

static void
assert_rows_equal (const WpRow *a, const WpRow *b)
{
  g_assert_cmpint (a->arrival_ns, ==, b->arrival_ns);
  g_assert_cmpint (a->service_ns, ==, b->service_ns);
  g_assert_cmpint (a->accepted_ns, ==, b->accepted_ns);
  g_assert_cmpint (a->started_ns, ==, b->started_ns);
  g_assert_cmpint (a->finished_ns, ==, b->finished_ns);
  g_assert_cmpint (a->ended_ns, ==, b->ended_ns);
  g_assert_cmpint (a->bytes, ==, b->bytes);
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpint (a->outcome, ==, b->outcome);
  g_assert_cmpint (a->blocked, ==, b->blocked);
}

static void
test_round_trip (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GStringChunk) ids = g_string_chunk_new (1024);
  g_autoptr (GArray) rows = random_rows (5000, ids);
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fixture->fd, WP_COLUMNS_ALL);
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *back;
  gsize n_back = 0;

  wp_trace_writer_note (writer, "mode", "WorkerPool");
  for (guint i = 0; i < rows->len; i++)
    g_assert_true (wp_trace_writer_row (writer, &g_array_index (rows, WpRow, i), &error));
  g_assert_true (wp_trace_writer_flush (writer, &error));
  trace = wp_trace_open (fixture->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (wp_trace_note (trace, "mode"), ==, "WorkerPool");
  back = wp_trace_load (trace, &n_back, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_back, ==, rows->len);
  for (guint i = 0; i < rows->len; i++)
    assert_rows_equal (&back[i], &g_array_index (rows, WpRow, i));
}

static void
test_writes_end_on_whole_rows (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WpTraceWriter) writer = wp_trace_writer_new (fixture->fd, ID (ARRIVAL) | ID (ID));
  g_autofree char *long_id = g_strnfill (200000, 'x');
  WpRow row = no_row;
  off_t size = 0;

  row.arrival_ns = 0;
  for (int i = 0; i < 20000; i++)
    {
      off_t now;
      char last = '\n';

      row.id = i % 5000 == 4999 ? long_id : "abc";
      g_assert_true (wp_trace_writer_row (writer, &row, NULL));
      now = lseek (fixture->fd, 0, SEEK_END);
      if (now > size)
        g_assert_cmpint (pread (fixture->fd, &last, 1, now - 1), ==, 1);
      g_assert_cmpint (last, ==, '\n');
      size = now;
    }
  g_assert_cmpint (size, >, 0);
}

static void
test_full_disk (void)
{
  int fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  g_autoptr (WpTraceWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;

  if (fd < 0)
    {
      g_test_skip ("there is no /dev/full");
      return;
    }
  writer = wp_trace_writer_new (fd, ID (ARRIVAL));
  g_assert_true (wp_trace_writer_row (writer, &no_row, &error));
  g_assert_false (wp_trace_writer_flush (writer, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
  g_assert_cmpstr (error->message, ==, "writing the trace: No space left on device");
  g_assert_false (wp_trace_writer_row (writer, &no_row, &again));
  g_assert_error (again, WP_ERROR, WP_ERROR_IO);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/trace-writer/format", Fixture, NULL, set_up, test_format, tear_down);
  g_test_add ("/trace-writer/header-alone", Fixture, NULL, set_up, test_header_alone, tear_down);
  g_test_add ("/trace-writer/round-trip", Fixture, NULL, set_up, test_round_trip, tear_down);
  g_test_add ("/trace-writer/whole-rows-per-write", Fixture, NULL, set_up, test_writes_end_on_whole_rows,
              tear_down);
  g_test_add_func ("/trace-writer/full-disk", test_full_disk);

  return g_test_run ();
}
