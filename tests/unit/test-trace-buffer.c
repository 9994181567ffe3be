/* The rows of a trace in memory: they come out as they went in, scaled as by the trace's reader, and no more
 * than memory allows. */
#include "sim/plan/wp-trace-buffer.h"

#include <string.h>
#include <sys/resource.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/stats/wp-random.h"
#include "sim/trace/wp-time-scale.h"
#include "tests/unit/open-data.h"

#define MEMORY_BYTES (100 * 1024 * 1024)

static gint64
arrival_of (gint64 i)
{
  return 7 * i + i / 100000 * 5 * WP_NS_PER_S;
}

static gint64
service_of (gint64 i)
{
  return i % 70000 == 69999 ? 5 * WP_NS_PER_S : i * i % G_MAXUINT32;
}

/* In batches of all sizes. */
static void
fill (WpTraceBuffer *buffer, gint64 n_rows)
{
  for (gint64 done = 0, n = 1; done < n_rows; done += n, n = n * 2 % 5000 + 1)
    {
      WpRow rows[5000] = { { 0 } };
      gint64 services_ns[5000];

      n = MIN (n, n_rows - done);
      for (gint64 i = 0; i < n; i++)
        {
          rows[i].arrival_ns = arrival_of (done + i);
          services_ns[i] = service_of (done + i);
        }
      wp_trace_buffer_add (buffer, rows, services_ns, (gsize) n);
    }
}

static void
assert_filled (const WpTraceBuffer *buffer, gint64 n_rows, double scale)
{
  WpTraceBlock block;
  gint64 seen = 0;

  for (guint64 first = 0; wp_trace_buffer_read (buffer, scale, first, &block); first += block.n_rows)
    for (gsize i = 0; i < block.n_rows; i++, seen++)
      if (block.arrivals_ns[i] != wp_time_scale_arrival (arrival_of (seen), scale)
          || block.services_ns[i] != service_of (seen))
        g_error ("row %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT " for %" G_GINT64_FORMAT, seen,
                 block.arrivals_ns[i], block.services_ns[i]);
  g_assert_cmpint (seen, ==, n_rows);
}

static void
assert_offered_load (const WpTraceBuffer *buffer, gint64 n_rows)
{
  double work_ns = 0;

  for (gint64 i = 0; i < n_rows; i++)
    work_ns += (double) service_of (i);
  g_assert_cmpfloat_with_epsilon (wp_trace_buffer_offered_load (buffer)
                                      * (double) (arrival_of (n_rows - 1) - arrival_of (0)),
                                  work_ns, 1e-9 * work_ns);
}

/* Also a second time. */
static void
test_holds_rows (void)
{
  const gint64 cases[] = { 5000000, 300000, 8192, 4097, 4096, 5 };
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      fill (buffer, cases[i]);
      g_assert_true (wp_trace_buffer_check (buffer, "", NULL));
      g_assert_cmpuint (wp_trace_buffer_length (buffer), ==, cases[i]);
      assert_filled (buffer, cases[i], 1.7);
      assert_filled (buffer, cases[i], 1);
      assert_offered_load (buffer, cases[i]);
      wp_trace_buffer_clear (buffer);
      assert_filled (buffer, 0, 1);
    }
}

/* Exactly as many rows fit as the memory has room for, 16 bytes each, or 32 where two buffers share it. */
static void
test_rows_that_do_not_fit (void)
{
  static const struct {
    guint64 memory_bytes;
    guint n_buffers;
    gint64 most_rows;
  } cases[] = {
    { 0, 1, 0 },           { 15, 1, 0 },          { 16, 1, 1 },
    { 1 << 20, 1, 65536 }, { 1 << 20, 2, 32768 }, { 5000000, 1, 312500 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (cases[i].memory_bytes, cases[i].n_buffers);
      g_autoptr (GError) error = NULL;

      fill (buffer, cases[i].most_rows);
      g_assert_true (wp_trace_buffer_check (buffer, "", NULL));
      assert_filled (buffer, cases[i].most_rows, 1);
      wp_trace_buffer_clear (buffer);
      fill (buffer, cases[i].most_rows + 1);
      g_assert_false (wp_trace_buffer_check (buffer, ", or --no-plan", &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_IO);
      g_assert_null (strchr (error->message, '\n'));
      g_assert_true (g_str_has_suffix (error->message, ", or fewer rows by --limit, or --no-plan"));
    }
}

static WpTrace *
open_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  WpTrace *trace = open_data ("t.csv", text, strlen (text), NULL, &error);

  g_assert_no_error (error);

  return trace;
}

/* Rows out of order are sorted; rows that do not parse, or do not fit, are an error. */
static void
test_load (void)
{
  g_autoptr (WpTrace) late = open_text ("arrival,service\n1,0.1\n2,0.2\n0.5,0.5\n");
  g_autoptr (WpTrace) bad = open_text ("arrival,service\n1,0.1\nsoon,0.2\n");
  g_autoptr (WpTrace) long_one = open_text ("arrival,service\n1,0.1\n2,0.2\n");
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1),
                            small = wp_trace_buffer_new (16, 1);
  g_autoptr (GError) error = NULL;
  WpTraceBlock block;

  g_assert_true (wp_trace_buffer_load (buffer, late, NULL, NULL));
  g_assert_true (wp_trace_buffer_read (buffer, 1, 0, &block));
  g_assert_cmpuint (block.n_rows, ==, 3);
  g_assert_cmpint (block.services_ns[0], ==, WP_NS_PER_S / 2);
  g_assert_cmpint (block.arrivals_ns[2], ==, 3 * WP_NS_PER_S / 2);
  wp_trace_buffer_clear (buffer);
  g_assert_false (wp_trace_buffer_load (buffer, bad, NULL, NULL));
  g_assert_false (wp_trace_buffer_load (small, long_one, NULL, &error));
  g_assert_cmpstr (
      error->message, ==,
      "2 rows need 1 MiB of memory, and there are 0.0: give --memory=1m, or fewer rows by --limit");
}

/* Every arrival is scaled as the trace's reader does it. */
static void
test_scales (void)
{
  const double scales[] = { 0.1, 0.5, 1.0 / 3, 2, 3, 1.0000001, 7.3, 1e6 };
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
    {
      g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1);
      gint64 given_ns[4000], now_ns = 0;
      WpTraceBlock block;

      for (guint i = 0; i < G_N_ELEMENTS (given_ns); i++)
        {
          WpRow row = { .arrival_ns = now_ns };

          given_ns[i] = now_ns;
          wp_trace_buffer_add (buffer, &row, &now_ns, 1);
          now_ns += (gint64) wp_random_below (&random, i < 1000 ? 3 : i < 2000 ? 1000000 : 1000000000000);
        }
      g_assert_true (wp_trace_buffer_read (buffer, scales[s], 0, &block));
      g_assert_cmpuint (block.n_rows, ==, G_N_ELEMENTS (given_ns));
      for (guint i = 0; i < G_N_ELEMENTS (given_ns); i++)
        g_assert_cmpint (block.arrivals_ns[i], ==, wp_time_scale_arrival (given_ns[i], scales[s]));
    }
}

/* A limit of address space is what the process may have. */
#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
static void
test_available (void)
{
  struct rlimit before, limit;
  guint64 bytes = wp_memory_available ();

  g_assert_cmpint (getrlimit (RLIMIT_AS, &before), ==, 0);
  limit = (struct rlimit){ bytes / 2, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  g_assert_cmpuint (wp_memory_available (), ==, bytes / 2);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &before), ==, 0);
  g_assert_cmpuint (wp_memory_available (), ==, bytes);
}
#endif

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trace-buffer/holds-rows", test_holds_rows);
  g_test_add_func ("/trace-buffer/rows-that-do-not-fit", test_rows_that_do_not_fit);
  g_test_add_func ("/trace-buffer/load", test_load);
  g_test_add_func ("/trace-buffer/scales", test_scales);
#ifndef __SANITIZE_ADDRESS__
  g_test_add_func ("/trace-buffer/available", test_available);
#endif

  return g_test_run ();
}
