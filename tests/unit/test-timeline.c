/* The state over time against a count over all requests at every nanosecond; and the figures of the
 * traffic. */
#include "sim/run/wp-timeline.h"

#include <math.h>

#include "sim/model/wp-traffic.h"
#include "tests/unit/random-load.h"

#define N_LOADS 2000

/* Half-open: in it from one moment, no more at the other. */
static guint64
is_in (gint64 from_ns, gint64 to_ns, gint64 now_ns)
{
  return from_ns != WP_TIME_NONE && from_ns <= now_ns && now_ns < to_ns;
}

static WpState
count (const RandomLoad *load, const WpRequestResult *results, gint64 now_ns)
{
  WpState moment = { 0 };

  for (gsize i = 0; i < load->n_rows; i++)
    {
      const WpRequestResult *v = &results[i];

      moment.depth
          += is_in (v->accepted_ns, v->started_ns != WP_TIME_NONE ? v->started_ns : v->ended_ns, now_ns);
      moment.busy += is_in (v->started_ns, v->finished_ns, now_ns);
      if (v->blocked)
        moment.parked += is_in (load->rows[i].arrival_ns,
                                v->accepted_ns != WP_TIME_NONE ? v->accepted_ns : v->ended_ns, now_ns);
    }

  return moment;
}

typedef struct {
  const RandomLoad *load;
  WpRequestResult results[RANDOM_LOAD_MAX];
  gint64 next_ns, interval_ns;
} Check;

static gboolean
on_sample (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error)
{
  Check *self = sampler;
  WpState expected = count (self->load, self->results, now_ns);

  g_assert_cmpint (now_ns, ==, self->next_ns);
  g_assert_cmpuint (state->depth, ==, expected.depth);
  g_assert_cmpuint (state->busy, ==, expected.busy);
  g_assert_cmpuint (state->parked, ==, expected.parked);
  self->next_ns += self->interval_ns;

  return TRUE;
}

static const WpStateSampler checker = { .sample = on_sample };

static void
assert_held (const WpDownsample *values, gint64 now_ns, guint64 expected)
{
  guint n;
  gint64 bucket_ns;
  const WpExtent *bucket = wp_downsample_buckets (values, &n, &bucket_ns) + now_ns;

  g_assert_cmpint (bucket_ns, ==, 1);
  g_assert_cmpuint (now_ns < n ? bucket->min : 0, ==, expected);
  g_assert_cmpuint (now_ns < n ? bucket->max : 0, ==, expected);
}

/* Sampled, followed, or both. */
static void
check_load (const RandomLoad *load, gboolean samples, gboolean follows)
{
  g_autoptr (WpTimeline) timeline = wp_timeline_new (1);
  WpDownsample *values[3];
  Check check = { load, .interval_ns = g_test_rand_int_range (1, 4) };
  const WpRequestResult *const results[] = { check.results };
  WpBatch batch = { load->rows, load->services_ns, load->n_rows, results };
  g_autoptr (WpModel) model = NULL;
  gint64 last_ns = WP_TIME_NONE;
  WpLayout layout;

  wp_policy_layout (&load->policy, &layout);
  model = wp_model_new (&layout, load->patience_ns);
  g_assert_true (wp_model_offer (model, load->rows, load->services_ns, load->n_rows, check.results));
  if (samples)
    wp_timeline_sample (timeline, &checker, &check, 0, check.interval_ns);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      values[i] = wp_downsample_new (4096, FALSE);
      if (follows)
        wp_timeline_follow (timeline, 0, (WpStateValue) i, values[i]);
    }
  g_assert_true (wp_timeline_observer.offer (timeline, &batch, NULL));
  g_assert_true (wp_timeline_observer.finish (timeline, NULL));
  for (gsize i = 0; i < load->n_rows; i++)
    last_ns = MAX (last_ns, MAX (check.results[i].finished_ns, load->rows[i].arrival_ns - 1));
  if (samples)
    g_assert_cmpint (check.next_ns, >, last_ns);
  for (gint64 now_ns = 0; now_ns <= last_ns && follows; now_ns++)
    {
      WpState expected = count (load, check.results, now_ns);

      assert_held (values[WP_STATE_DEPTH], now_ns, expected.depth);
      assert_held (values[WP_STATE_WAITING], now_ns, expected.depth + expected.parked);
      assert_held (values[WP_STATE_BUSY], now_ns, expected.busy);
    }
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    wp_downsample_free (values[i]);
}

static void
test_equals_counting (void)
{
  guint32 seed = (guint32) g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %u, %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      random_load_make (&load, &random);
      check_load (&load, TRUE, FALSE);
      check_load (&load, FALSE, TRUE);
      check_load (&load, TRUE, TRUE);
    }
}

static void
measure_spread (WpTrafficSummary *summary, gboolean are_spread, const gint64 *arrivals_ms, gsize n)
{
  g_autoptr (WpTraffic) traffic = wp_traffic_new ();

  for (gsize i = 0; i < n; i++)
    {
      WpRow row = { .arrival_ns = arrivals_ms[i] * WP_NS_PER_MS };
      gint64 service_ns = (gint64) (i + 1) * WP_NS_PER_MS;

      wp_traffic_add (traffic, &row, &service_ns, 1);
    }
  wp_traffic_summary (traffic, are_spread, summary);
}

static void
measure (WpTrafficSummary *summary, const gint64 *arrivals_ms, gsize n)
{
  measure_spread (summary, FALSE, arrivals_ms, n);
}

static void
test_traffic (void)
{
  /* whole seconds: 3, 1, 0, 1, 0; then 4 */
  const gint64 arrivals_ms[] = { 0, 200, 999, 1000, 3500, 5000, 5100, 5200, 5300 };
  WpTrafficSummary summary;

  measure (&summary, arrivals_ms, G_N_ELEMENTS (arrivals_ms));
  g_assert_cmpuint (summary.requests, ==, 9);
  g_assert_cmpint (summary.duration_ns, ==, 5300 * WP_NS_PER_MS);
  g_assert_cmpfloat_with_epsilon (summary.rate_mean, 9 / 5.3, 1e-12);
  g_assert_cmpfloat (summary.rate_peak_1s, ==, 4);
  /* mean 1, variance (4 + 0 + 1 + 0 + 1) / 4 */
  g_assert_cmpfloat_with_epsilon (summary.dispersion_1s, 1.5, 1e-12);
  g_assert_cmpfloat (summary.service_mean, ==, 5 * WP_NS_PER_MS);
  /* without the first second: mean 0.5, variance 4 * 0.25 / 3 */
  measure_spread (&summary, TRUE, arrivals_ms, G_N_ELEMENTS (arrivals_ms));
  g_assert_cmpfloat_with_epsilon (summary.dispersion_1s, 1.0 / 3 / 0.5, 1e-12);
}

/* The fullest second begins anywhere, ends before the moment a second later, and may be long ago. */
static void
test_sliding_second (void)
{
  const gint64 across_ms[] = { 0, 600, 700, 999, 1001, 1599, 1600, 5000 };
  g_autoptr (WpTraffic) traffic = wp_traffic_new ();
  WpTrafficSummary summary;

  measure (&summary, across_ms, G_N_ELEMENTS (across_ms));
  g_assert_cmpfloat (summary.rate_peak_1s, ==, 5);
  for (guint i = 0; i < 20000; i++) /* 5,000 of them within a second, then fewer */
    {
      WpRow row = { .arrival_ns = (i < 10000 ? i : 2 * (gint64) i) * WP_NS_PER_S / 5000 };
      gint64 service_ns = 0;

      wp_traffic_add (traffic, &row, &service_ns, 1);
    }
  wp_traffic_summary (traffic, FALSE, &summary);
  g_assert_cmpfloat (summary.rate_peak_1s, ==, 5000);
}

static void
test_short_traffic (void)
{
  const gint64 one_ms[] = { 0 }, two_ms[] = { 0, 1999 };
  WpTrafficSummary summary;

  measure (&summary, one_ms, 1);
  g_assert_cmpint (summary.duration_ns, ==, 0);
  g_assert_true (isnan (summary.rate_mean));
  g_assert_cmpfloat (summary.rate_peak_1s, ==, 1);
  measure (&summary, two_ms, 2);
  g_assert_true (isnan (summary.dispersion_1s));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/timeline/equals-counting", test_equals_counting);
  g_test_add_func ("/timeline/traffic", test_traffic);
  g_test_add_func ("/timeline/sliding-second", test_sliding_second);
  g_test_add_func ("/timeline/short-traffic", test_short_traffic);

  return g_test_run ();
}
