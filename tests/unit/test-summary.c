/* Figures of measured rows: equal to the model's on the model's own results, and right on rows that no model
 * produces. */
#include "sim/model/wp-summary.h"

#include "sim/base/wp-error.h"
#include "sim/model/wp-model.h"
#include "tests/unit/compare-summary.h"
#include "tests/unit/random-load.h"

#define N_LOADS 5000

static void
set_verdict (WpRow *row, const WpRequestResult *result, gboolean mark_blocked)
{
  row->service_ns = WP_TIME_NONE;
  row->accepted_ns = result->accepted_ns;
  row->started_ns = result->started_ns;
  row->finished_ns = result->finished_ns;
  row->ended_ns = result->ended_ns;
  row->outcome = result->outcome;
  row->blocked = mark_blocked ? result->blocked : -1;
}

static void
check_load (RandomLoad *load, gboolean mark_blocked)
{
  WpRequestResult results[RANDOM_LOAD_MAX];
  g_autoptr (WpModel) model = NULL;
  g_autoptr (GError) error = NULL;
  WpSummary streamed, measured;
  WpLayout layout;

  wp_policy_layout (&load->policy, &layout);
  model = wp_model_new (&layout, load->patience_ns);
  g_assert_true (wp_model_offer (model, load->rows, load->services_ns, load->n_rows, results));
  wp_model_finish (model, &streamed);
  for (gsize i = 0; i < load->n_rows; i++)
    set_verdict (&load->rows[i], &results[i], mark_blocked);
  for (gsize i = 0; i < load->n_rows; i++)
    {
      wp_summary_check_row (&load->rows[i], &error);
      g_assert_no_error (error);
    }
  wp_summary_measure (&measured, &layout, load->rows, load->n_rows);
  g_assert_cmpstr (compare_figures (&measured, &streamed), ==, NULL);
}

static void
test_equal_the_models (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %u, %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      gboolean mark_blocked;

      random_load_make (&load, &random);
      /* a client that leaves at once was blocked, but only the mark says so */
      mark_blocked = load.patience_ns == 0 || i % 2;
      check_load (&load, mark_blocked);
    }
}

#define NONE WP_TIME_NONE

static void
measure (WpSummary *summary, guint queue, guint workers, const WpRow *rows, gsize n_rows)
{
  WpPolicy policy;
  WpLayout layout;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.queue_jobs = queue;
  policy.workers = workers;
  wp_policy_layout (&policy, &layout);
  wp_summary_measure (summary, &layout, rows, n_rows);
}

static void
test_failures_and_drain (void)
{
  const WpRow rows[] = {
    { 0, 10, 0, 0, 10, 10, -1, NULL, WP_OUTCOME_STORED, 0 },
    { 1, 10, 1, 10, 18, 18, -1, NULL, WP_OUTCOME_FAILED, 0 },
    { 2, 10, 10, NONE, NONE, 15, -1, NULL, WP_OUTCOME_FAILED, 1 },      /* accepted, lost from the queue */
    { 3, NONE, NONE, NONE, NONE, 16, -1, NULL, WP_OUTCOME_REJECTED, 1 } /* parked when the drain ended */
  };
  WpSummary summary;

  measure (&summary, 1, 1, rows, G_N_ELEMENTS (rows));
  g_assert_cmpuint (summary.requests, ==, 4);
  g_assert_cmpuint (summary.accepted, ==, 3);
  g_assert_cmpuint (summary.failed, ==, 2);
  g_assert_cmpuint (summary.rejected, ==, 1);
  g_assert_cmpuint (summary.blocked, ==, 2);
  g_assert_cmpuint (summary.blocked_peak, ==, 2);
  g_assert_cmpfloat (summary.blocked_time.mean, ==, 8);
  g_assert_cmpint (summary.response.max, ==, 17);
  g_assert_cmpint (summary.makespan_ns, ==, 18);
  g_assert_cmpint (summary.depth_max, ==, 1);
  g_assert_cmpint (summary.time_full_ns, ==, 9 + 5);
  g_assert_cmpint (summary.first_full_ns, ==, 1);
  g_assert_cmpfloat (summary.busy_mean, ==, 1);
}

static void
test_nothing_measured (void)
{
  const WpRow rows[] = { { 7, NONE, NONE, NONE, NONE, NONE, -1, NULL, WP_OUTCOME_NONE, -1 } };
  WpSummary summary;

  measure (&summary, 1, 1, rows, G_N_ELEMENTS (rows));
  g_assert_cmpuint (summary.requests, ==, 1);
  g_assert_cmpuint (summary.accepted, ==, 0);
  g_assert_cmpint (summary.depth_max, ==, NONE);
  g_assert_cmpint (summary.busy_max, ==, NONE);
  g_assert_true (isnan (summary.throughput));
  measure (&summary, 1, 1, rows, 0);
  g_assert_cmpuint (summary.requests, ==, 0);
}

static void
assert_disorder (WpRow row, const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (wp_summary_check_row (&row, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_times_out_of_order (void)
{
  assert_disorder ((WpRow){ 5, NONE, 4, NONE, NONE, NONE, -1, NULL, 0, -1 },
                   "the request was accepted before it arrived");
  assert_disorder ((WpRow){ 5, NONE, 6, 5, NONE, NONE, -1, "a7", 0, -1 },
                   "request a7 was started before it was accepted");
  assert_disorder ((WpRow){ 5, NONE, 6, NONE, 7, NONE, -1, NULL, 0, -1 },
                   "the request was finished before it was started");
  assert_disorder ((WpRow){ 5, NONE, 6, 7, 8, 5, -1, NULL, 0, -1 },
                   "the request ended before it arrived, was accepted, started or finished");
}

static void
test_metrics_by_name (void)
{
  WpSummary summary;

  wp_summary_init (&summary);
  summary.response.p99 = 1500 * WP_NS_PER_MS;
  summary.depth_max = 7;
  g_assert_cmpfloat (wp_metric_value (wp_metric_find ("response.p99"), &summary), ==, 1.5);
  g_assert_cmpfloat (wp_metric_value (wp_metric_find ("depth.max"), &summary), ==, 7);
  g_assert_true (isnan (wp_metric_value (wp_metric_find ("first_full"), &summary)));
  g_assert_null (wp_metric_find ("response"));
}

static void
set_spread (WpSpread *spread, gint64 from)
{
  *spread = (WpSpread){ (double) from * WP_NS_PER_S, (from + 1) * WP_NS_PER_S,
                        (from + 2) * WP_NS_PER_S,    (from + 3) * WP_NS_PER_S,
                        (from + 4) * WP_NS_PER_S,    (from + 5) * WP_NS_PER_S,
                        (from + 6) * WP_NS_PER_S,    { 0 } };
}

/* Reports, comparison and objectives know a figure by its name alone: each name has its own field, in its
 * unit. */
static void
test_metric_names (void)
{
  static const struct {
    const char *name;
    double value;
  } names[] = {
    { "requests", 1 },
    { "accepted", 2 },
    { "rejected", 3 },
    { "timed_out", 4 },
    { "abandoned", 5 },
    { "blocked", 6 },
    { "blocked_peak", 7 },
    { "blocked_time.mean", 100 },
    { "blocked_time.p50", 101 },
    { "blocked_time.p90", 102 },
    { "blocked_time.p95", 103 },
    { "blocked_time.p99", 104 },
    { "blocked_time.p999", 105 },
    { "blocked_time.max", 106 },
    { "accept_latency.mean", 110 },
    { "accept_latency.p50", 111 },
    { "accept_latency.p90", 112 },
    { "accept_latency.p95", 113 },
    { "accept_latency.p99", 114 },
    { "accept_latency.p999", 115 },
    { "accept_latency.max", 116 },
    { "wait.mean", 120 },
    { "wait.p50", 121 },
    { "wait.p90", 122 },
    { "wait.p95", 123 },
    { "wait.p99", 124 },
    { "wait.p999", 125 },
    { "wait.max", 126 },
    { "response.mean", 130 },
    { "response.p50", 131 },
    { "response.p90", 132 },
    { "response.p95", 133 },
    { "response.p99", 134 },
    { "response.p999", 135 },
    { "response.max", 136 },
    { "latency.mean", 140 },
    { "latency.p50", 141 },
    { "latency.p90", 142 },
    { "latency.p95", 143 },
    { "latency.p99", 144 },
    { "latency.p999", 145 },
    { "latency.max", 146 },
    { "depth.mean", 8 },
    { "depth.p50", 9 },
    { "depth.p95", 19 },
    { "depth.p99", 10 },
    { "depth.max", 11 },
    { "time_full", 12 },
    { "first_full", 13 },
    { "busy.mean", 14 },
    { "busy.max", 15 },
    { "utilisation", 16 },
    { "makespan", 17 },
    { "throughput", 18 },
  };
  WpSummary summary = { .requests = 1,
                        .accepted = 2,
                        .rejected = 3,
                        .timed_out = 4,
                        .abandoned = 5,
                        .blocked = 6,
                        .blocked_peak = 7,
                        .depth_mean = 8,
                        .depth_p50 = 9,
                        .depth_p95 = 19,
                        .depth_p99 = 10,
                        .depth_max = 11,
                        .time_full_ns = 12 * WP_NS_PER_S,
                        .first_full_ns = 13 * WP_NS_PER_S,
                        .busy_mean = 14,
                        .busy_max = 15,
                        .utilisation = 16,
                        .makespan_ns = 17 * WP_NS_PER_S,
                        .throughput = 18 };
  guint n = 0;

  set_spread (&summary.blocked_time, 100);
  set_spread (&summary.accept_latency, 110);
  set_spread (&summary.wait, 120);
  set_spread (&summary.response, 130);
  set_spread (&summary.latency, 140);
  for (; wp_metrics[n].name; n++)
    {
      g_assert_cmpuint (n, <, G_N_ELEMENTS (names));
      g_assert_cmpstr (wp_metrics[n].name, ==, names[n].name);
      g_assert_cmpfloat (wp_metric_value (&wp_metrics[n], &summary), ==, names[n].value);
    }
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (names));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/summary/metric-names", test_metric_names);
  g_test_add_func ("/summary/equal-the-models", test_equal_the_models);
  g_test_add_func ("/summary/failures-and-drain", test_failures_and_drain);
  g_test_add_func ("/summary/nothing-measured", test_nothing_measured);
  g_test_add_func ("/summary/times-out-of-order", test_times_out_of_order);
  g_test_add_func ("/summary/metrics-by-name", test_metrics_by_name);

  return g_test_run ();
}
