/* Curves over time in few buckets, against the exact states; and the ticks of axes. */
#include <math.h>
#include <string.h>

#include "sim/plot/wp-axis.h"
#include "sim/run/wp-job-output.h"
#include "sim/run/wp-run.h"
#include "sim/plot/wp-plot-data.h"
#include "tests/unit/open-data.h"

typedef struct {
  gint64 time_ns;
  guint64 value;
} Step;

/* Of all values that hold at some moment of [@from_ns, @to_ns); before the first it is 0. @closed: each holds
 * at the moment of the next too. */
static void
assert_bucket (const WpExtent *bucket, const GArray *steps, gboolean closed, gint64 from_ns, gint64 to_ns)
{
  guint64 least = G_MAXUINT64, most = 0;

  for (int i = -1; i < (int) steps->len; i++)
    {
      guint64 value = i < 0 ? 0 : g_array_index (steps, Step, i).value;
      gint64 begin_ns = i < 0 ? 0 : g_array_index (steps, Step, i).time_ns;
      gint64 end_ns
          = i + 1 < (int) steps->len ? g_array_index (steps, Step, i + 1).time_ns + closed : begin_ns + 1;

      if (begin_ns >= to_ns || end_ns <= from_ns || begin_ns == end_ns)
        continue;
      least = MIN (least, value);
      most = MAX (most, value);
    }
  if (!closed) /* within a bucket only the most counts the last moment */
    g_assert_cmpuint (bucket->min, ==, least);
  g_assert_cmpuint (bucket->max, ==, most);
}

static void
test_random_curves (void)
{
  for (int round = 0; round < 400; round++)
    {
      guint n_buckets = 2 * (guint) g_test_rand_int_range (1, 40), n;
      gboolean closed = g_test_rand_bit ();
      g_autoptr (WpDownsample) curve = wp_downsample_new (n_buckets, closed);
      g_autoptr (GArray) steps = g_array_new (FALSE, FALSE, sizeof (Step));
      gint64 now_ns = g_test_rand_bit () ? 0 : g_test_rand_int_range (0, 1000), bucket_ns;
      gint64 stride = g_test_rand_bit () ? 3 : g_test_rand_int_range (1, G_MAXINT32);
      const WpExtent *buckets;

      for (int i = g_test_rand_int_range (1, 200); i > 0; i--)
        {
          Step step = { now_ns, (guint64) g_test_rand_int_range (0, 9) };

          g_array_append_val (steps, step);
          wp_downsample_add (curve, now_ns, step.value);
          now_ns += 1 + (gint64) (g_test_rand_double () * (double) stride);
        }
      buckets = wp_downsample_buckets (curve, &n, &bucket_ns);
      g_assert_cmpint (wp_downsample_end (curve), ==, g_array_index (steps, Step, steps->len - 1).time_ns);
      g_assert_cmpuint (n, ==, wp_downsample_end (curve) / bucket_ns + 1);
      g_assert_cmpuint (n, <=, n_buckets);
      g_assert_true (bucket_ns == 1 || n > n_buckets / 2);
      for (guint i = 0; i < n; i++)
        assert_bucket (&buckets[i], steps, closed, i * bucket_ns, (i + 1) * bucket_ns);
    }
}

static void
test_longest_time (void)
{
  g_autoptr (WpDownsample) curve = wp_downsample_new (4, FALSE);
  guint n;
  gint64 bucket_ns;

  wp_downsample_add (curve, 0, 1);
  wp_downsample_add (curve, G_MAXINT64, 2);
  g_assert_cmpuint (wp_downsample_buckets (curve, &n, &bucket_ns)[n - 1].max, ==, 2);
  g_assert_cmpuint (n, ==, 4);
}

static char *
random_trace (void)
{
  GString *text = g_string_new ("arrival,service\n");
  int arrival = 0;

  for (int i = g_test_rand_int_range (1, 400); i > 0; i--)
    {
      arrival += g_test_rand_int_range (0, 3);
      g_string_append_printf (text, "%d,%d\n",
                              g_test_rand_int_range (0, 30) == 0 ? MAX (arrival - 2, 0) : arrival,
                              g_test_rand_int_range (1, 9));
    }

  return g_string_free (text, FALSE);
}

static void
assert_equal_curves (const WpDownsample *one, const WpDownsample *other)
{
  guint n, n_other;
  gint64 bucket_ns, other_ns;
  const WpExtent *buckets = wp_downsample_buckets (one, &n, &bucket_ns);
  const WpExtent *others = wp_downsample_buckets (other, &n_other, &other_ns);

  g_assert_cmpuint (n, ==, n_other);
  g_assert_cmpint (bucket_ns, ==, other_ns);
  g_assert_cmpmem (buckets, n * sizeof *buckets, others, n * sizeof *others);
}

/* A run that is watched shows the figures' own peaks, and its prediction, taken as a measurement, shows the
 * same curve. */
static void
test_plot_data (void)
{
  for (int round = 0; round < 200; round++)
    {
      g_autofree char *text = random_trace ();
      g_autoptr (WpTrace) trace = open_data ("t", text, strlen (text), NULL, NULL);
      g_autoptr (WpServiceTime) service = wp_service_time_new ("1s", 1, FALSE, 1, NULL);
      WpPolicy policy;
      g_autoptr (WpPlotData) data = NULL;
      g_autoptr (WpRowList) predicted = wp_row_list_new ();
      g_autoptr (WpRun) run = NULL;
      WpSummary summary;
      WpTrafficSummary traffic;
      const WpPlotSide *side;
      gsize n_rows;
      const WpRow *rows;

      wp_policy_init (&policy, (WpModeKind) g_test_rand_int_range (0, WP_N_MODES));
      policy.queue_jobs = (guint) g_test_rand_int_range (0, 6);
      policy.workers = (guint) g_test_rand_int_range (1, 6);
      policy.when_full = g_test_rand_bit () ? WP_WHEN_FULL_BLOCK : WP_WHEN_FULL_REJECT;
      data = wp_plot_data_new (&policy, 1);
      run = wp_run_new (trace, service, &policy, 1, g_test_rand_bit () ? WP_TIME_NONE : 3 * WP_NS_PER_S);
      wp_plot_data_watch (data, run);
      wp_run_watch (run, &wp_job_keeper, predicted);
      g_assert_true (wp_run_execute (run, &summary, &traffic, NULL));
      side = wp_plot_data_side (data, 0);
      g_assert_cmpint ((gint64) wp_downsample_max (side->depth), ==, summary.depth_max);
      g_assert_cmpint ((gint64) wp_downsample_max (side->busy), ==, summary.busy_max);
      g_assert_cmpuint (wp_histogram_count (side->response), ==, summary.accepted);
      g_assert_cmpint (wp_histogram_max (side->wait), ==, summary.wait.max);
      rows = wp_row_list_rows (predicted, &n_rows);
      g_assert_null (wp_plot_data_measured (data));
      wp_plot_data_measure (data, rows, n_rows, 0);
      wp_plot_data_align (data);
      assert_equal_curves (side->depth, wp_plot_data_measured (data)->depth);
      assert_equal_curves (side->waiting, wp_plot_data_measured (data)->waiting);
      assert_equal_curves (side->busy, wp_plot_data_measured (data)->busy);
    }
}

static void
assert_ticks (const WpAxis *axis, double to, guint n_ticks, double second)
{
  g_assert_cmpfloat_with_epsilon (axis->to, to, to * 1e-9);
  g_assert_cmpuint (axis->n_ticks, ==, n_ticks);
  g_assert_cmpfloat_with_epsilon (axis->ticks[1], second, second * 1e-9);
}

static void
test_axes (void)
{
  static const struct {
    double most;
    gboolean whole;
    double to;
    guint n_ticks;
    double second;
  } linear[] = { { 0, TRUE, 1, 2, 1 },      { 1, TRUE, 1, 2, 1 },           { 3, TRUE, 3, 4, 1 },
                 { 5, TRUE, 5, 6, 1 },      { 6, TRUE, 6, 4, 2 },           { 100, TRUE, 100, 6, 20 },
                 { 101, TRUE, 150, 4, 50 }, { 9999, TRUE, 10000, 6, 2000 }, { 0.3, FALSE, 0.3, 4, 0.1 },
                 { 1e9, TRUE, 1e9, 6, 2e8 } };
  static const struct {
    double most;
    guint n_ticks;
    double second;
  } times[] = { { 0.002, 11, 0.0002 },
                { 0.25, 6, 0.05 },
                { 7, 8, 1 },
                { 17.3, 9, 2 },
                { 100, 11, 10 },
                { 3000, 11, 300 },
                { 9 * 3600, 10, 3600 },
                { 100000, 10, 3 * 3600 },
                { 400000, 10, 43200 },
                { 86400 * 365, 8, 86400 * 50 } };
  WpAxis axis;

  for (guint i = 0; i < G_N_ELEMENTS (linear); i++)
    {
      wp_axis_linear (&axis, linear[i].most, 5, linear[i].whole);
      assert_ticks (&axis, linear[i].to, linear[i].n_ticks, linear[i].second);
    }
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      wp_axis_until (&axis, (gint64) (times[i].most * WP_NS_PER_S), 10);
      assert_ticks (&axis, times[i].most, times[i].n_ticks, times[i].second);
    }
  wp_axis_log_time (&axis, 0.003, 4);
  assert_ticks (&axis, 10, 5, 0.01);
  g_assert_cmpfloat_with_epsilon (wp_axis_place (&axis, 0.1), 0.5, 1e-9);
  g_assert_true (isinf (wp_axis_place (&axis, 0)));
  wp_axis_log_time (&axis, 1, 1);
  assert_ticks (&axis, 10, 2, 10);
  wp_axis_log_time (&axis, 1e-9, 1e9);
  g_assert_cmpuint (axis.n_ticks, ==, 21);
  wp_axis_log_time (&axis, 700, 86401); /* 10 min, 1 h, 10 h, 1 d, 10 d */
  assert_ticks (&axis, 864000, 5, 3600);
}

static void
test_texts (void)
{
  static const struct {
    double value;
    const char *number, *seconds;
  } cases[] = { { 0, "0", "0" },
                { 0.001, "0.001", "1 ms" },
                { 0.00001, "1e-05", "10 us" },
                { 1e-9, "1e-09", "1 ns" },
                { 2.5, "2.5", "2.5 s" },
                { 100, "100", "1 min 40 s" },
                { 1000, "1,000", "16 min 40 s" },
                { 1234567, "1,234,567", "14 d 6 h 56 min 7 s" },
                { 5400, "5,400", "1 h 30 min" },
                { 864000, "864,000", "10 d" },
                { 0.25, "0.25", "250 ms" },
                { 1e13, "1e+13", "1.15741e+08 d 17 h 46 min 40 s" } };
  char text[WP_AXIS_TEXT];

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpstr (wp_axis_number (text, cases[i].value), ==, cases[i].number);
      g_assert_cmpstr (wp_axis_seconds (text, cases[i].value), ==, cases[i].seconds);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/downsample/random", test_random_curves);
  g_test_add_func ("/downsample/longest-time", test_longest_time);
  g_test_add_func ("/downsample/plot-data", test_plot_data);
  g_test_add_func ("/downsample/axes", test_axes);
  g_test_add_func ("/downsample/texts", test_texts);

  return g_test_run ();
}
