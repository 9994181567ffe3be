/* Objectives: their syntax, when they are met, and how they depend on the sizes. */
#include "sim/plan/wp-slo.h"

#include <string.h>

#include "sim/base/wp-error.h"

static const struct {
  const char *text, *metric;
  WpSloOperator op;
  double bound;
  gboolean of_requests;
} good[] = {
  { "blocked==0", "blocked", WP_SLO_EQUAL, 0, FALSE },
  { "blocked<0.1%", "blocked", WP_SLO_LESS, 0.001, TRUE },
  { " rejected <= 12 ", "rejected", WP_SLO_AT_MOST, 12, FALSE },
  { "wait.p99<1s", "wait.p99", WP_SLO_LESS, 1, FALSE },
  { "response.p999 <= 250ms", "response.p999", WP_SLO_AT_MOST, 0.25, FALSE },
  { "wait.p99.5<1s", "wait.p99.5", WP_SLO_LESS, 1, FALSE },
  { "depth.p75<=3", "depth.p75", WP_SLO_AT_MOST, 3, FALSE },
  { "wait.p99.9<1s", "wait.p999", WP_SLO_LESS, 1, FALSE },
  { "wait.p95<1s", "wait.p95", WP_SLO_LESS, 1, FALSE },
  { "response.mean<0.5", "response.mean", WP_SLO_LESS, 0.5, FALSE },
  { "first_full>1h", "first_full", WP_SLO_MORE, 3600, FALSE },
  { "utilisation<80%", "utilisation", WP_SLO_LESS, 0.8, FALSE },
  { "utilisation>=0.3", "utilisation", WP_SLO_AT_LEAST, 0.3, FALSE },
  { "throughput>100/s", "throughput", WP_SLO_MORE, 100, FALSE },
  { "throughput>1e2", "throughput", WP_SLO_MORE, 100, FALSE },
  { "depth.max!=7", "depth.max", WP_SLO_NOT_EQUAL, 7, FALSE },
  { "time_full==0", "time_full", WP_SLO_EQUAL, 0, FALSE },
};

static const struct {
  const char *text, *says;
} bad[] = {
  { "", "no operator" },
  { "blocked", "no operator" },
  { "blocked=0", "no operator" },
  { "blocked=<0", "no operator" },
  { "<1", "is not a metric" },
  { "wait.px<1s", "did you mean wait.p" },
  { "wait.p100<1s", "\"p100\" is not a percentile, such as p95 or p99.5" },
  { "wait.p0<1s", "is not a percentile" },
  { "wait.p9.9.9<1s", "is not a percentile" },
  { "busy.p99<1", "is not a metric" },
  { "blockd==0", "did you mean blocked?" },
  { "response<1s", "is not a metric; did you mean response" },
  { "zzzzzzzz<1s", "is not a metric, such as" },
  { "wait.p99<", "is not a time" },
  { "wait.p99<1x", "is not a time" },
  { "wait.p99<5%", "is not a time" },
  { "blocked<x", "is not a number of requests" },
  { "blocked<-1", "is not a number of requests" },
  { "blocked<1s", "is not a number of requests" },
  { "blocked<nan", "is not a number" },
  { "blocked<inf", "is not a number" },
  { "blocked<1e400", "is not a number" },
  { "depth.max<3%", "is not a number of at least 0" },
  { "utilisation<high", "is not a share" },
  { "blocked<<1", "is not a number of requests" },
};

static void
test_parses (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (WpSlo) slo = wp_slo_parse (good[i].text, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (slo->metric->name, ==, good[i].metric);
      g_assert_cmpint (slo->op, ==, good[i].op);
      g_assert_cmpfloat (slo->bound, ==, good[i].bound);
      g_assert_cmpint (slo->of_requests, ==, good[i].of_requests);
    }
}

static void
test_refuses (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("\"%s\"", bad[i].text);
      g_assert_null (wp_slo_parse (bad[i].text, &error));
      g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
      g_assert_nonnull (strstr (error->message, bad[i].says));
    }
}

static gboolean
is_met (const char *text, const WpSummary *summary)
{
  g_autoptr (WpSlo) slo = wp_slo_parse (text, NULL);

  return wp_slo_is_met (slo, summary);
}

static void
test_meets (void)
{
  WpSummary summary;

  wp_summary_init (&summary);
  summary.requests = 1000;
  summary.blocked = 1;
  summary.wait.p99 = WP_NS_PER_S;
  g_assert_true (is_met ("blocked<=0.1%", &summary));
  g_assert_false (is_met ("blocked<0.1%", &summary));
  g_assert_true (is_met ("blocked<0.11%", &summary));
  g_assert_false (is_met ("blocked==0", &summary));
  g_assert_true (is_met ("blocked!=0", &summary));
  g_assert_false (is_met ("wait.p99<1s", &summary));
  g_assert_true (is_met ("wait.p99<=1s", &summary));
  g_assert_true (is_met ("wait.p99==1s", &summary));
  g_assert_true (is_met ("wait.p99>999.999999ms", &summary));
}

/* Each operator below, at and above its bound. */
static void
test_operators (void)
{
  static const struct {
    const char *operator;
    gboolean below, at, above;
  } operators[] = { { "<", TRUE, FALSE, FALSE }, { "<=", TRUE, TRUE, FALSE },  { ">", FALSE, FALSE, TRUE },
                    { ">=", FALSE, TRUE, TRUE }, { "==", FALSE, TRUE, FALSE }, { "!=", TRUE, FALSE, TRUE } };
  WpSummary summary;

  wp_summary_init (&summary);
  summary.depth_mean = 4;
  for (guint i = 0; i < G_N_ELEMENTS (operators); i++)
    {
      g_autofree char *below = g_strdup_printf ("depth.mean%s4.5", operators[i].operator);
      g_autofree char *at = g_strdup_printf ("depth.mean%s4", operators[i].operator);
      g_autofree char *above = g_strdup_printf ("depth.mean%s3.5", operators[i].operator);

      g_assert_cmpint (is_met (below, &summary), ==, operators[i].below);
      g_assert_cmpint (is_met (at, &summary), ==, operators[i].at);
      g_assert_cmpint (is_met (above, &summary), ==, operators[i].above);
    }
}

static void
test_null (void)
{
  WpSummary summary;

  wp_summary_init (&summary);
  g_assert_true (is_met ("response.p99<1s", &summary));
  g_assert_true (is_met ("response.p99<=1s", &summary));
  g_assert_true (is_met ("time_full==0", &summary));
  g_assert_false (is_met ("response.p99>0s", &summary));
  g_assert_false (is_met ("throughput>=1", &summary));
  g_assert_false (is_met ("utilisation!=0.5", &summary));
  g_assert_true (is_met ("first_full>1h", &summary));
  g_assert_true (is_met ("first_full>=1d", &summary));
}

static WpTrend
trend (const char *text, WpTrend (*function) (const WpSlo *))
{
  g_autoptr (WpSlo) slo = wp_slo_parse (text, NULL);

  return function (slo);
}

static void
test_trends (void)
{
  g_assert_cmpint (trend ("blocked<1%", wp_slo_trend_in_queue), ==, WP_TREND_BETTER);
  g_assert_cmpint (trend ("blocked>1%", wp_slo_trend_in_queue), ==, WP_TREND_WORSE);
  g_assert_cmpint (trend ("wait.p99<1s", wp_slo_trend_in_queue), ==, WP_TREND_SAME);
  g_assert_cmpint (trend ("depth.max<10", wp_slo_trend_in_queue), ==, WP_TREND_WORSE);
  g_assert_cmpint (trend ("blocked_time.p99<1s", wp_slo_trend_in_queue), ==, WP_TREND_UNKNOWN);
  g_assert_cmpint (trend ("wait.p99<1s", wp_slo_trend_in_workers), ==, WP_TREND_BETTER);
  g_assert_cmpint (trend ("throughput>3", wp_slo_trend_in_workers), ==, WP_TREND_BETTER);
  g_assert_cmpint (trend ("wait.p99==1s", wp_slo_trend_in_workers), ==, WP_TREND_UNKNOWN);
  g_assert_cmpint (trend ("utilisation<70%", wp_slo_trend_in_workers), ==, WP_TREND_UNKNOWN);
}

static void
test_lost (void)
{
  g_autoptr (WpHistogram) wait = wp_histogram_new ();
  g_autoptr (WpSlo) p99 = wp_slo_parse ("wait.p99<1s", NULL);
  g_autoptr (WpSlo) blocked = wp_slo_parse ("blocked<1%", NULL);
  WpSloSoFar so_far = { .requests = 1000, .blocked = 10, .wait = wait };

  g_assert_false (wp_slo_is_violated (blocked, &so_far));
  so_far.blocked = 11;
  g_assert_true (wp_slo_is_violated (blocked, &so_far));
  wp_histogram_add (wait, 2 * WP_NS_PER_S, 10);
  g_assert_false (wp_slo_is_violated (p99, &so_far));
  wp_histogram_add (wait, 2 * WP_NS_PER_S, 2);
  g_assert_true (wp_slo_is_violated (p99, &so_far));
}

static void
test_default (void)
{
  g_autoptr (GPtrArray) slos = wp_slos_new_default ();
  WpSummary summary;

  wp_summary_init (&summary);
  g_assert_cmpuint (slos->len, ==, 4);
  g_assert_null (wp_slos_first_failure (slos, &summary));
  summary.timed_out = 1;
  g_assert_cmpstr (wp_slos_first_failure (slos, &summary)->text, ==, "timed_out==0");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/slo/parses", test_parses);
  g_test_add_func ("/slo/refuses", test_refuses);
  g_test_add_func ("/slo/meets", test_meets);
  g_test_add_func ("/slo/operators", test_operators);
  g_test_add_func ("/slo/null", test_null);
  g_test_add_func ("/slo/trends", test_trends);
  g_test_add_func ("/slo/lost", test_lost);
  g_test_add_func ("/slo/default", test_default);

  return g_test_run ();
}
