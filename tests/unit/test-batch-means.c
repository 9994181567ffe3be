/* Confidence intervals from the parts of one run, and from replications, against values computed by hand. */
#include <math.h>

#include <string.h>

#include "sim/report/wp-confidence-text.h"

#define N_PARTS 32
#define EACH    4 /* parts of a batch */
#define BATCHES (N_PARTS / EACH)
#define T_7     2.3646243 /* Student's t of 95 % at 7 degrees of freedom, from a table */
#define T_3     3.1824463
#define CLOSE   1e-6 /* of the value */

/* Each part has 256 requests, of which 200 are accepted, 160 start, and 100 are blocked, 50 of those
 * accepted; it lasts 2 s, of which the depth is counted for 1.6. Its other figures go up and down from one
 * batch to the next by a tenth: by so much each deviates. */
static WpSums
sums_after (guint n_parts)
{
  double n = n_parts; /* one batch in two is a tenth over, the next one under */
  double swing = n_parts / EACH % 2 == 0 ? n_parts % EACH : EACH - n_parts % EACH;

  return (WpSums){ .requests = 256 * n,
                   .accepted = 200 * n,
                   .started = 160 * n,
                   .blocked_accepted = 50 * n,
                   .depth_clock = 1.6 * n,
                   .refused = 56 * n,
                   .blocked = 100 * n,
                   .wait = 1.6 * n + 0.16 * swing,
                   .response = 3.2 * n + 0.32 * swing,
                   .blocked_time = 5 * n + 0.5 * swing,
                   .service = 4 * n + 0.4 * swing,
                   .depth = 8 * n + 0.8 * swing };
}

static WpBatchMeans *
make_parts (guint n_parts)
{
  WpBatchMeans *parts = wp_batch_means_new ();

  for (guint i = 0; i <= n_parts; i++)
    {
      WpSums sums = sums_after (i);

      wp_batch_means_add_sums (parts, &sums, (gint64) i * 2000000000);
    }

  return parts;
}

static void
assert_close (double value, double expected)
{
  g_assert_cmpfloat_with_epsilon (value, expected, CLOSE * fabs (expected) + 1e-12);
}

/* @mean, and by how much the batches are over and under it in turn */
static void
assert_interval (const WpInterval *intervals, const char *metric, double mean, double swing)
{
  double deviation = swing * sqrt ((double) BATCHES / (BATCHES - 1));

  for (guint i = 0; i < WP_BATCH_METRICS; i++)
    if (g_str_equal (intervals[i].metric, metric))
      {
        g_test_message ("%s: %.9g +- %.9g", metric, intervals[i].mean, intervals[i].half_width);
        assert_close (intervals[i].mean, mean);
        assert_close (intervals[i].deviation, deviation);
        assert_close (intervals[i].half_width, T_7 * deviation / sqrt (BATCHES));
        return;
      }
  g_error ("no interval of %s", metric);
}

static void
test_every_ratio (void)
{
  g_autoptr (WpBatchMeans) parts = make_parts (N_PARTS);
  WpInterval intervals[WP_BATCH_METRICS];

  g_assert_cmpuint (wp_batch_means_intervals (parts, 0.95, intervals), ==, BATCHES);
  g_assert_cmpuint (wp_batch_means_requests (parts), ==, 256 * EACH);
  assert_interval (intervals, "rejected", 56 / 256.0, 0);
  assert_interval (intervals, "blocked", 100 / 256.0, 0);
  assert_interval (intervals, "blocked_time.mean", 5 / 50.0, 0.5 / 50);
  assert_interval (intervals, "accept_latency.mean", 5 / 200.0, 0.5 / 200);
  assert_interval (intervals, "wait.mean", 1.6 / 160, 0.16 / 160);
  assert_interval (intervals, "response.mean", 3.2 / 160, 0.32 / 160);
  assert_interval (intervals, "depth.mean", 8 / 1.6, 0.8 / 1.6);
  assert_interval (intervals, "busy.mean", 4 / 2.0, 0.4 / 2);
  assert_interval (intervals, "throughput", 160 / 2.0, 0);
  assert_close (wp_batch_means_correlation (parts), 17 / 32.0); /* 24 pairs beside their like, 7 opposite */
}

static void
test_too_few_parts (void)
{
  g_autoptr (WpBatchMeans) parts = make_parts (N_PARTS - 1);
  WpInterval intervals[WP_BATCH_METRICS];

  g_assert_cmpuint (wp_batch_means_intervals (parts, 0.95, intervals), ==, 0);
  g_assert_true (isnan (wp_batch_means_correlation (parts)));
}

/* At 64 parts each two become one, and each that follows is as large: 37 parts, 8 batches. */
static void
test_parts_merge (void)
{
  g_autoptr (WpBatchMeans) parts = make_parts (64 + 2 * 5 + 1);
  WpInterval intervals[WP_BATCH_METRICS];

  g_assert_cmpuint (wp_batch_means_intervals (parts, 0.95, intervals), ==, 8);
  g_assert_cmpuint (wp_batch_means_requests (parts), ==, 512 * (32 + 5) / 8);
  for (guint i = 0; i < WP_BATCH_METRICS; i++)
    if (g_str_equal (intervals[i].metric, "blocked"))
      {
        assert_close (intervals[i].mean, 100 / 256.0); /* batches of 4 parts and of 5 */
        g_assert_cmpfloat (intervals[i].half_width, <, 1e-12);
      }
}

/* Two batches over the mean and two under it in turn: neighbours correlate by 1 / 8, which is short by
 * (1 + 3 / 8) / 8, and the variance is that of independent ones times (1 + r) / (1 - r). */
static void
test_correlated_batches (void)
{
  g_autoptr (WpBatchMeans) parts = wp_batch_means_new ();
  WpInterval intervals[WP_BATCH_METRICS];
  WpSums sums = { 0 };
  double r = 1 / 8.0 + (1 + 3 / 8.0) / 8;

  for (guint i = 0; i <= N_PARTS; i++)
    {
      wp_batch_means_add_sums (parts, &sums, (gint64) i * 2000000000);
      sums.requests += 256;
      sums.started += 1;
      sums.wait += i / EACH % 4 < 2 ? 1.1 : 0.9;
    }
  g_assert_cmpuint (wp_batch_means_intervals (parts, 0.95, intervals), ==, BATCHES);
  for (guint i = 0; i < WP_BATCH_METRICS; i++)
    if (g_str_equal (intervals[i].metric, "wait.mean"))
      assert_close (intervals[i].half_width, T_7 * 0.1 * sqrt ((1 + r) / (1 - r) / (BATCHES - 1)));
}

/* Of 1, 2, 3 and 4 s: the mean 2.5, the deviation sqrt (5 / 3). */
static void
test_runs (void)
{
  WpConfidence confidence;
  WpSummary summary[2 * 4];
  const WpInterval *interval;

  for (guint i = 0; i < G_N_ELEMENTS (summary); i++)
    {
      wp_summary_init (&summary[i]);
      summary[i].requests = 1000;
      summary[i].blocked = i % 2 == 0 ? 100 : 999;
      summary[i].wait.mean = i % 2 == 0 ? (1 + i / 2) * 1e9 : 1e12; /* of another model */
    }
  wp_confidence_from_runs (&confidence, summary, 4, 2, 0.01);
  interval = wp_confidence_find (&confidence, "wait.mean");
  g_assert_nonnull (interval);
  assert_close (interval->mean, 2.5);
  assert_close (interval->deviation, sqrt (5 / 3.0));
  assert_close (interval->half_width, T_3 * sqrt (5 / 3.0) / 2);
  interval = wp_confidence_find (&confidence, "blocked");
  g_assert_nonnull (interval);
  g_assert_cmpfloat (interval->mean, ==, 0.1); /* of the requests */
  g_assert_cmpfloat (interval->half_width, ==, 0);
  g_assert_null (wp_confidence_find (&confidence, "depth.mean")); /* it was null */
}

/* Neighbours that correlate a little are worth a word; where they correlate much there are no intervals to be
 * believed. */
static void
test_correlation (void)
{
  static const struct {
    double correlation, requests_needed;
    const char *said;
    gboolean has_intervals;
  } cases[] = {
    { 0.49, 0, NULL, TRUE },
    { -0.51, 0, NULL, TRUE }, /* not too narrow */
    { 0.51, 0, "; neighbouring parts correlate (0.51), so the intervals are too narrow: run longer\n", TRUE },
    { 0.1, 9000, NULL, TRUE },
    { 0.1, 63000, "; too narrow, the run is too short for its load: run 63,000 requests or more\n", TRUE },
    { 0.69, 0, "; neighbouring parts correlate (0.69)", TRUE },
    { 0.71, 0,
      ", but the run shows no steady state (neighbouring parts correlate by 0.71): run longer, or use --replications\n",
      FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpConfidence confidence = { .method = "batch means",
                                  .n = 40,
                                  .requests = 1000,
                                  .correlation = cases[i].correlation,
                                  .run_requests = 40000,
                                  .requests_needed = cases[i].requests_needed,
                                  .precision = 0.01,
                                  .metrics = { { { "wait.mean", 2, 0.1, 0.3 }, 50 } },
                                  .n_metrics = 1 };
      WpReport report = { .n_models = 1, .confidence = &confidence };
      g_autoptr (GString) text = g_string_new (NULL);

      wp_policy_init (&report.policies[0], WP_MODE_WORKER_POOL);
      wp_summary_init (&report.summary[0]);
      wp_confidence_add_text (text, &report);
      g_test_message ("%s", text->str);
      g_assert_true (
          g_str_has_prefix (text->str, "\nWorkerPool: 95 % confidence by batch means, 40 of 1000 requests"));
      g_assert_cmpint (strstr (text->str, "too narrow") || strstr (text->str, "correlate"), ==,
                       cases[i].said != NULL);
      g_assert_true (!cases[i].said || strstr (text->str, cases[i].said));
      g_assert_cmpint (strstr (text->str, "wait.mean") != NULL, ==, cases[i].has_intervals);
    }
}

/* Theory is held against the interval, and where it is exact, against the figure to the nanosecond. */
static void
test_coverage_in_theory (void)
{
  WpConfidence confidence
      = { .metrics = { { { "wait.mean", 2, 0.1, 0.3 }, 50 }, { { "response.mean", 3, NAN, NAN }, NAN } },
          .n_metrics = 2,
          .theory = { .n_values = 1 } };
  WpSummary summary;

  wp_summary_init (&summary);
  confidence.theory.values[0].metric = "wait.mean";
  confidence.theory.values[0].value = 2.099;
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, TRUE);
  confidence.theory.values[0].value = 1.901;
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, TRUE);
  confidence.theory.values[0].value = 2.101;
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, FALSE);
  confidence.theory.values[0].metric = "response.mean";
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, -1);
  confidence.theory.values[0].metric = "depth.mean";
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, -1);

  confidence.theory.exact = TRUE;
  confidence.theory.values[0].metric = "wait.mean";
  confidence.theory.values[0].value = 2;
  summary.wait.mean = 2e9 + 1;
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, TRUE);
  summary.wait.mean = 2e9 + 3;
  g_assert_cmpint (wp_confidence_holds (&confidence, 0, &summary), ==, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/batch-means/every-ratio", test_every_ratio);
  g_test_add_func ("/batch-means/too-few-parts", test_too_few_parts);
  g_test_add_func ("/batch-means/parts-merge", test_parts_merge);
  g_test_add_func ("/batch-means/correlated-batches", test_correlated_batches);
  g_test_add_func ("/batch-means/runs", test_runs);
  g_test_add_func ("/batch-means/coverage-in-theory", test_coverage_in_theory);
  g_test_add_func ("/batch-means/correlation", test_correlation);

  return g_test_run ();
}
