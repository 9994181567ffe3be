/* Generated traffic has the moments of its specification, and its simulation agrees with queueing theory.
 * Seeds are fixed. */
#include <math.h>

#include "sim/model/wp-arrivals.h"
#include "sim/run/wp-closed-loop.h"
#include "sim/stats/wp-random.h"
#include "sim/stats/wp-student.h"
#include "sim/run/wp-experiment.h"
#include "tests/unit/compare-summary.h"
#include "tests/unit/naive-model.h"

static WpArrivals *
arrivals_of (const char *spec)
{
  g_autoptr (GError) error = NULL;
  WpArrivals *arrivals = wp_arrivals_new (spec, 11, FALSE, &error);

  g_assert_no_error (error);

  return arrivals;
}

typedef struct {
  double n, mean_s, cv2, dispersion;
} Gaps;

static int
second_of (gint64 ns)
{
  return (int) (ns / WP_NS_PER_S);
}

/* Gaps, and the counts in whole seconds. */
static Gaps
gaps_of (const char *spec, guint seconds)
{
  g_autoptr (WpArrivals) arrivals = arrivals_of (spec);
  g_autofree guint *counts = g_new0 (guint, seconds + 1);
  gint64 times_ns[300], before_ns = 0;
  double n = 0, sum = 0, squares = 0, all = 0, all_squares = 0;
  gsize got;

  while ((got = wp_arrivals_next (arrivals, times_ns, 1 + (gsize) n % 300)) > 0)
    for (gsize i = 0; i < got; i++)
      {
        double gap = (double) (times_ns[i] - before_ns) / 1e9;

        g_assert_cmpint (times_ns[i], >=, before_ns);
        before_ns = times_ns[i];
        n++, sum += gap, squares += gap * gap;
        if (second_of (times_ns[i]) < (int) seconds)
          counts[second_of (times_ns[i])]++;
      }
  for (guint i = 0; i < seconds; i++)
    all += counts[i], all_squares += (double) counts[i] * counts[i];

  return (Gaps){ n, sum / n, (squares / n) / (sum / n * sum / n) - 1,
                 (all_squares - all * all / seconds) / (seconds - 1) / (all / seconds) };
}

static void
assert_near (const char *what, double value, double expected, double relative)
{
  g_test_message ("%s: %.6g, expected %.6g", what, value, expected);
  g_assert_cmpfloat (fabs (value - expected), <=, relative * fabs (expected));
}

static void
test_poisson (void)
{
  Gaps gaps = gaps_of ("poisson:rate=200,duration=5000s", 5000);

  assert_near ("requests", gaps.n, 1e6, 0.004);
  assert_near ("mean gap", gaps.mean_s, 0.005, 0.004);
  assert_near ("variance over squared mean", gaps.cv2, 1, 0.01);
  assert_near ("dispersion", gaps.dispersion, 1, 0.07);
  assert_near ("mean gap at a ns each", gaps_of ("poisson:rate=300000000,n=1000000", 1).mean_s, 1 / 3e8,
               0.004);
}

static void
test_constant (void)
{
  g_autoptr (WpArrivals) arrivals = arrivals_of ("constant:rate=3,n=1000000");
  gint64 times_ns[1000];

  for (gint64 k = 0; k < 1000000; k += 1000)
    {
      g_assert_cmpuint (wp_arrivals_next (arrivals, times_ns, 1000), ==, 1000);
      for (gint64 i = 0; i < 1000; i++)
        g_assert_cmpint (times_ns[i], ==, ((k + i) * 2 * WP_NS_PER_S + 3) / 6); /* rounded to the nearest */
    }
  g_assert_cmpuint (wp_arrivals_next (arrivals, times_ns, 1000), ==, 0);
  g_assert_cmpfloat (gaps_of ("constant:rate=50,duration=10s", 10).n, ==, 500);
}

/* Two states: the counts' variance is known for all time. IDC(t) = 1 + 2 p q (a - b)^2 / (r m) (1 - (1 - exp
 * (-r t)) / (r t)), r the sum of the rates of leaving, m the mean rate. Source: Fischer and Meier-Hellstern,
 * The MMPP cookbook, Performance Evaluation 18 (1993). */
static void
test_mmpp (void)
{
  Gaps gaps = gaps_of ("mmpp:rates=20:500,sojourns=4s:1s,duration=40000s", 40000);
  double r = 1 / 4.0 + 1, mean = (20 * 4 + 500) / 5.0;
  double expected = 1 + 2 * 0.8 * 0.2 * 480 * 480 / (r * mean) * (1 - (1 - exp (-r)) / r);

  assert_near ("rate", 1 / gaps.mean_s, mean, 0.03);
  assert_near ("dispersion", gaps.dispersion, expected, 0.05);
  assert_near ("three states",
               1 / gaps_of ("mmpp:rates=0:100:50,sojourns=1s:2s:1s,duration=50000s", 1).mean_s, 250.0 / 4,
               0.03);
}

/* It begins in each of its states as often as it is in them later: of 1,000 beginnings 750 in the second, by
 * which a request comes at once. */
static void
test_mmpp_begins_in_any_state (void)
{
  g_autoptr (WpArrivals) arrivals = arrivals_of ("mmpp:rates=0:1000,sojourns=1000s:3000s,duration=8000s");
  double n_second = 0;

  for (guint64 seed = 1; seed <= 1000; seed++)
    {
      gint64 first_ns;

      wp_arrivals_reseed (arrivals, seed);
      n_second += wp_arrivals_next (arrivals, &first_ns, 1) == 1 && first_ns < WP_NS_PER_S / 10;
    }
  assert_near ("beginnings in the second state", n_second, 750, 0.09); /* five standard deviations */
}

/* In quarters of the period: R (1 + A 2 / pi) on average in the first half. */
static void
test_diurnal (void)
{
  g_autoptr (WpArrivals) arrivals
      = arrivals_of ("diurnal:rate=100,amplitude=0.8,period=100s,duration=10000s");
  gint64 times_ns[256];
  double n = 0, up = 0;
  gsize got;

  while ((got = wp_arrivals_next (arrivals, times_ns, 256)) > 0)
    for (gsize i = 0; i < got; i++)
      n++, up += times_ns[i] % (100 * WP_NS_PER_S) < 50 * WP_NS_PER_S;
  assert_near ("requests", n, 1e6, 0.004);
  assert_near ("share in the first half", up / n, 0.5 + 0.8 / G_PI, 0.004);
}

/* The k-th request is where the integral of the rate is k. */
static void
test_ramp (void)
{
  static const char *const specs[]
      = { "constant:rate=50:450,duration=10s", "constant:rate=450:50,duration=10s" };
  g_autoptr (WpArrivals) drawn = arrivals_of ("poisson:rate=100:300,duration=5000s");
  gint64 times_ns[256], last_ns = 0;
  double n = 0, n_early = 0;
  gsize got;

  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (WpArrivals) even = arrivals_of (specs[i]);
      double from = i == 0 ? 50 : 450, growth = i == 0 ? 40 : -40;

      for (n = 0; (got = wp_arrivals_next (even, times_ns, 256)) > 0; n += (double) got)
        for (gsize k = 0; k < got; k++)
          {
            double t = (double) times_ns[k] / 1e9;

            g_assert_cmpfloat (fabs (from * t + growth * t * t / 2 - (n + (double) k)), <, 1e-5);
          }
      g_assert_cmpfloat (n, ==, 2500);
      g_assert_false (wp_arrivals_is_constant (even));
    }
  for (n = 0; (got = wp_arrivals_next (drawn, times_ns, 256)) > 0;)
    for (gsize i = 0; i < got; i++)
      {
        g_assert_cmpint (times_ns[i], >=, last_ns);
        last_ns = times_ns[i];
        n++, n_early += last_ns < 2500 * WP_NS_PER_S;
      }
  g_assert_cmpint (last_ns, <, 5000 * WP_NS_PER_S);
  assert_near ("requests", n, 1e6, 0.004);
  assert_near ("in the first half", n_early, 375000, 0.007);
  g_assert_false (wp_arrivals_is_poisson (drawn)); /* no theory of steady states holds */
}

static void
test_restart (void)
{
  static const char *const specs[]
      = { "poisson:rate=9,n=2000", "mmpp:rates=1:9,sojourns=1s:3s,n=2000",
          "diurnal:rate=5,amplitude=1,period=9s,n=2000", "poisson:rate=20:50,duration=600s,n=2000" };
  gint64 one[2000], other[2000];

  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      g_autoptr (WpArrivals) arrivals = arrivals_of (specs[i]);

      g_assert_cmpuint (wp_arrivals_next (arrivals, one, 2000), ==, 2000);
      g_assert_cmpuint (wp_arrivals_next (arrivals, other, 2000), ==, 0);
      wp_arrivals_restart (arrivals);
      for (gsize at = 0; at < 2000; at += 40)
        g_assert_cmpuint (wp_arrivals_next (arrivals, other + at, 40), ==, 40); /* whatever the pieces */
      g_assert_cmpmem (one, sizeof one, other, sizeof other);
      wp_arrivals_reseed (arrivals, 12);
      wp_arrivals_next (arrivals, other, 2000);
      g_assert_cmpint (one[1999], !=, other[1999]);
    }
}

/* The draws have the moments that theory is given. */
static void
test_services (void)
{
  static const struct {
    const char *spec;
    double relative;
  } services[] = { { "500ms", 1e-12 },
                   { "pareto:1ms:270:2s", 0.01 },
                   { "exp:20ms", 0.01 },
                   { "lognormal:20ms:1.5", 0.06 },
                   { "uniform:5ms:25ms", 0.01 },
                   { "hyperexp:20ms:3", 0.04 },
                   { "pareto:20ms:1.5:1s", 0.02 },
                   { "pareto:20ms:1:200ms", 0.01 },
                   { "pareto:20ms:2:300ms", 0.02 },
                   { "pareto:20ms:3:10s", 0.1 } };
  enum { N = 2000000 };
  g_autofree gint64 *drawn = g_new (gint64, N);

  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    {
      g_autoptr (WpServiceTime) service = wp_service_time_new (services[i].spec, 1, TRUE, 5, NULL);
      double sum = 0, squares = 0;
      WpMoments moments;

      wp_service_time_draw (service, drawn, N);
      wp_service_time_moments (service, &moments);
      for (guint k = 0; k < N; k++)
        sum += (double) drawn[k], squares += (double) drawn[k] * (double) drawn[k];
      assert_near (services[i].spec, sum / N, moments.mean_ns, 0.005);
      if (moments.cv2 > 0)
        assert_near ("  cv^2", squares / N / (sum / N * sum / N) - 1, moments.cv2, services[i].relative);
    }
}

static void
test_student (void)
{
  static const struct {
    guint degrees;
    double confidence, t;
  } table[] = { { 1, 0.95, 12.706 },      { 2, 0.95, 4.303 },   { 5, 0.95, 2.571 }, { 10, 0.95, 2.228 },
                { 30, 0.95, 2.042 },      { 120, 0.95, 1.980 }, { 5, 0.99, 4.032 }, { 10, 0.999, 4.587 },
                { 1000000, 0.95, 1.960 }, { 3, 0.5, 0.765 } };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    g_assert_cmpfloat (fabs (wp_student_t (table[i].degrees, table[i].confidence) - table[i].t), <=, 0.0006);
}

/* --- held against theory --- */

#define RUNS 20

static WpPolicy
policy_of (WpModeKind mode, guint queue_jobs, guint workers, gboolean rejects)
{
  WpPolicy policy;

  wp_policy_init (&policy, mode);
  policy.queue_jobs = queue_jobs;
  policy.workers = workers;
  policy.when_full = rejects ? WP_WHEN_FULL_REJECT : WP_WHEN_FULL_BLOCK;

  return policy;
}

static WpServiceTime *
times_of (const char *spec)
{
  return wp_service_time_new (spec, 1, TRUE, 0, NULL);
}

/* 20 runs; theory must lie within the 99.9 % interval of each metric. */
static void
hold (const char *name, const WpExperiment *study, guint n_at_least)
{
  WpSummary summary[RUNS];
  g_autoptr (GError) error = NULL;
  WpConfidence confidence;
  guint n_compared = 0;

  wp_experiment_replicate (study, 1000, RUNS, 0, summary, &error);
  g_assert_no_error (error);
  wp_confidence_from_runs (&confidence, summary, RUNS, 1, 0.01);
  wp_experiment_theory (study, 0, &summary[0], &confidence.theory, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (confidence.theory.name, ==, name);
  g_test_message ("%s: %u runs of %" G_GUINT64_FORMAT " requests", name, RUNS, summary[0].requests);
  for (guint i = 0; i < confidence.theory.n_values; i++)
    {
      const WpInterval *interval = wp_confidence_find (&confidence, confidence.theory.values[i].metric);
      double theory = confidence.theory.values[i].value, half_width;

      if (!interval)
        continue;
      half_width = wp_student_t (RUNS - 1, 0.999) * interval->deviation / sqrt (RUNS);
      g_test_message ("  %-20s theory %.8g, simulated %.8g +- %.2g", interval->metric, theory, interval->mean,
                      half_width);
      g_assert_cmpfloat (fabs (interval->mean - theory), <=, half_width + 1e-9);
      n_compared++;
    }
  g_assert_cmpuint (n_compared, >=, n_at_least);
}

static void
hold_open (const char *name, WpPolicy policy, const char *arrivals, const char *service, guint n_at_least)
{
  g_autoptr (WpServiceTime) services = times_of (service);
  WpExperiment study
      = { &policy,  1,    WP_TIME_NONE,
          arrivals, 1,    { .duration_ns = WP_TIME_NONE, .warmup_rows = 5000, .warmup_ns = WP_TIME_NONE },
          services, NULL, 1 };

  hold (name, &study, n_at_least);
}

static void
test_open_theory (void)
{
  hold_open ("M/M/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE), "poisson:rate=50,n=105000",
             "exp:14ms", 7);
  hold_open ("M/M/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 3, 1, FALSE), "poisson:rate=50,n=105000",
             "exp:14ms", 9);
  hold_open ("M/M/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 0, 1, FALSE), "poisson:rate=50,n=105000",
             "exp:14ms", 9);
  hold_open ("M/M/c", policy_of (WP_MODE_WORKER_POOL, 10000, 8, FALSE), "poisson:rate=50,n=105000",
             "exp:130ms", 6);
  hold_open ("M/M/c", policy_of (WP_MODE_WORKER_POOL, 5, 8, FALSE), "poisson:rate=50,n=105000", "exp:130ms",
             8);
  hold_open ("M/M/c/c", policy_of (WP_MODE_WORKER_POOL, 0, 8, TRUE), "poisson:rate=50,n=105000", "exp:160ms",
             4);
  hold_open ("M/G/c/c", policy_of (WP_MODE_WORKER_POOL, 0, 8, TRUE), "poisson:rate=50,n=105000",
             "lognormal:160ms:2", 4);
  hold_open ("M/G/c/c", policy_of (WP_MODE_WORKER_POOL, 0, 8, TRUE), "poisson:rate=50,n=105000", "160ms", 4);
  hold_open ("M/M/c/(c+K)", policy_of (WP_MODE_WORKER_POOL, 6, 4, TRUE), "poisson:rate=50,n=105000",
             "exp:90ms", 6);
  hold_open ("M/D/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE), "poisson:rate=50,n=105000",
             "15ms", 4);
  hold_open ("M/G/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE), "poisson:rate=50,n=205000",
             "lognormal:10ms:1.5", 4);
  hold_open ("M/G/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE), "poisson:rate=50,n=105000",
             "uniform:2ms:28ms", 4);
  hold_open ("M/G/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE), "poisson:rate=50,n=205000",
             "hyperexp:10ms:2", 4);
  hold_open ("M/G/1", policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE), "poisson:rate=50,n=205000",
             "pareto:10ms:2.5:200ms", 4);
  hold_open ("M/G/inf", policy_of (WP_MODE_DEFAULT, 0, 1, FALSE), "poisson:rate=50,n=105000",
             "lognormal:200ms:1", 3);
  hold_open ("G/G/inf", policy_of (WP_MODE_DEFAULT, 0, 1, FALSE),
             "mmpp:rates=10:200,sojourns=1s:200ms,n=105000", "uniform:100ms:300ms", 3);
}

static void
test_closed_theory (void)
{
  WpPolicy policy = policy_of (WP_MODE_WORKER_POOL, 10000, 3, FALSE),
           narrow = policy_of (WP_MODE_WORKER_POOL, 2, 3, FALSE);
  WpPolicy rejecting = policy_of (WP_MODE_WORKER_POOL, 2, 3, TRUE),
           single = policy_of (WP_MODE_BUFFERED_CHANNEL, 100, 1, FALSE);
  g_autoptr (WpServiceTime) service = times_of ("exp:100ms"), think = times_of ("exp:300ms"),
                            any = times_of ("uniform:1s:1.2s");
  WpExperiment study
      = { &policy, 1, WP_TIME_NONE, NULL, 1, { 12, TRUE, WP_TIME_NONE, 105000, 5000, WP_TIME_NONE }, service,
          think,   1 };

  hold ("M/M/c//P", &study, 5);
  study.policies = &narrow;
  hold ("M/M/c//P", &study, 4);
  study.policies = &rejecting;
  hold ("M/M/c/(c+K)//P", &study, 6);
  study.policies = &single;
  study.think = any;
  hold ("M/M/c//P", &study, 5);
}

static void
test_constant_theory (void)
{
  static const struct {
    const char *arrivals, *service;
    guint workers;
  } cases[] = { { "constant:rate=100,n=10007", "25ms", 3 },
                { "constant:rate=100,n=10007", "31ms", 3 },
                { "constant:rate=8,n=1000", "250ms", 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpPolicy policy = policy_of (WP_MODE_WORKER_POOL, 10, cases[i].workers, FALSE);
      g_autoptr (WpServiceTime) service = times_of (cases[i].service);
      WpExperiment study
          = { &policy,           1,    WP_TIME_NONE,
              cases[i].arrivals, 1,    { .duration_ns = WP_TIME_NONE, .warmup_ns = WP_TIME_NONE },
              service,           NULL, 1 };
      WpConfidence confidence = { .n = 0 };
      WpTrafficSummary traffic;
      WpSummary summary;

      g_assert_true (wp_experiment_run (&study, 1, NULL, &summary, &traffic, NULL));
      g_assert_true (wp_experiment_theory (&study, 0, &summary, &confidence.theory, NULL));
      g_assert_cmpstr (confidence.theory.name, ==, "D/D/c");
      for (guint k = 0; k < confidence.theory.n_values; k++)
        {
          g_test_message ("%s: theory %.12g, simulated %.12g", confidence.theory.values[k].metric,
                          confidence.theory.values[k].value,
                          wp_confidence_value (confidence.theory.values[k].metric, &summary));
          g_assert_cmpint (wp_confidence_holds (&confidence, k, &summary), ==, TRUE);
        }
    }
}

/* Of 400 intervals of 95 %, each from 10 short runs of M/M/1, how many have the truth in them? */
static void
test_coverage (void)
{
  enum { N = 400, EACH = 10 };
  WpPolicy policy = policy_of (WP_MODE_BUFFERED_CHANNEL, 10000, 1, FALSE);
  g_autoptr (WpServiceTime) service = times_of ("exp:10ms");
  WpExperiment study = { &policy,
                         1,
                         WP_TIME_NONE,
                         "poisson:rate=50,n=3000",
                         1,
                         { .duration_ns = WP_TIME_NONE, .warmup_rows = 300, .warmup_ns = WP_TIME_NONE },
                         service,
                         NULL,
                         1 };
  g_autofree WpSummary *summary = g_new (WpSummary, N * EACH);
  guint n_held = 0, n_in_parts = 0;

  g_assert_true (wp_experiment_replicate (&study, 1, N * EACH, 0, summary, NULL));
  for (guint i = 0; i < N; i++)
    {
      WpConfidence confidence;
      const WpInterval *interval;

      wp_confidence_from_runs (&confidence, summary + i * EACH, EACH, 1, 0.01);
      interval = wp_confidence_find (&confidence, "response.mean");
      n_held += fabs (interval->mean - 0.020) <= interval->half_width;
    }
  g_test_message ("replications: %u of %u", n_held, N);
  g_assert_cmpuint (n_held, >=, N * 91 / 100);
  g_assert_cmpuint (n_held, <=, N * 985 / 1000);

  study.synthetic = "poisson:rate=50,n=60000";
  for (guint i = 0; i < N / 4; i++)
    {
      g_autoptr (WpBatchMeans) parts = wp_batch_means_new ();
      WpInterval intervals[WP_BATCH_METRICS];
      WpTrafficSummary traffic;
      WpSummary once;

      g_assert_true (wp_experiment_run (&study, 50000 + i, &parts, &once, &traffic, NULL));
      g_assert_cmpuint (wp_batch_means_intervals (parts, 0.95, intervals), ==, 8);
      for (guint k = 0; k < WP_BATCH_METRICS; k++)
        if (g_str_equal (intervals[k].metric, "response.mean"))
          n_in_parts += fabs (intervals[k].mean - 0.020) <= intervals[k].half_width;
    }
  g_test_message ("batch means: %u of %u", n_in_parts, N / 4);
  g_assert_cmpuint (n_in_parts, >=, N / 4 * 86 / 100);
}

/* As many runs as were said to be needed reach the precision. */
static void
test_needed (void)
{
  WpInterval interval = { "wait.mean", 100, 10, 20 };
  double needed = wp_confidence_needed (&interval, 18, 0.01);

  g_assert_cmpfloat (wp_student_t ((guint) needed - 1, 0.95) * 20 / sqrt (needed), <=, 1);
  g_assert_cmpfloat (wp_student_t ((guint) needed - 2, 0.95) * 20 / sqrt (needed - 1), >, 1);
  interval.half_width = NAN;
  g_assert_true (isnan (wp_confidence_needed (&interval, 18, 0.01)));
}

/* --- held against simpler programs --- */

#define N_REQUESTS 40

/* A client continues when its request is answered, or when its patience ends, even if its job is in service.
 */
static gint64
continues (const WpRequestResult *result, gint64 arrival_ns, gint64 patience_ns, gboolean until_stored)
{
  if (result->outcome == WP_OUTCOME_STORED && !until_stored)
    return result->accepted_ns;
  if (patience_ns != WP_TIME_NONE && result->ended_ns > arrival_ns + patience_ns)
    return arrival_ns + patience_ns;

  return result->ended_ns;
}

/* The calls are the moments at which requests are sent: 0 for each client, then a think time after each
 * response. The n-th request is the n-th call, and its response depends on earlier requests only. */
static void
run_naive_loop (const WpPolicy *policy, gint64 patience_ns, const WpClosedLoopOptions *options,
                gint64 think_ns, const gint64 *services_ns, WpSummary *summary)
{
  g_autoptr (WpHistogram) latency = wp_histogram_new ();
  gint64 calls_ns[2 * N_REQUESTS] = { 0 };
  WpRequestResult results[N_REQUESTS];
  WpRow rows[N_REQUESTS];

  for (guint n = 0; n < N_REQUESTS; n++)
    {
      qsort (calls_ns, options->clients + n, sizeof *calls_ns, wp_time_compare);
      rows[n] = (WpRow) WP_ROW_INIT;
      rows[n].arrival_ns = calls_ns[n];
      naive_model_run (policy, patience_ns, rows, services_ns, n + 1, results, summary);
      calls_ns[options->clients + n]
          = think_ns + continues (&results[n], rows[n].arrival_ns, patience_ns, options->until_stored);
    }
  for (guint i = 0; i < N_REQUESTS; i++)
    wp_histogram_add (latency,
                      continues (&results[i], rows[i].arrival_ns, patience_ns, options->until_stored)
                          - rows[i].arrival_ns,
                      1);
  summary->latency = wp_spread_from_histogram (latency);
}

static void
test_closed_equals_naive (void)
{
  guint64 seed = (guint64) g_test_rand_int ();
  guint n_refused = 0, n_blocked = 0, n_dropped = 0;
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 1000; i++)
    {
      WpPolicy policy
          = policy_of ((WpModeKind) wp_random_below (&random, WP_N_MODES),
                       (guint) wp_random_below (&random, 5), 1 + (guint) wp_random_below (&random, 3),
                       wp_random_below (&random, 3) == 0);
      gint64 patience_ns
          = wp_random_below (&random, 2) == 0 ? (gint64) wp_random_below (&random, 9) : WP_TIME_NONE;
      WpClosedLoopOptions options = { 1 + (guint) wp_random_below (&random, 15),
                                      wp_random_below (&random, 2) == 0,
                                      WP_TIME_NONE,
                                      N_REQUESTS,
                                      0,
                                      WP_TIME_NONE };
      gint64 think_ns = (gint64) wp_random_below (&random, 6);
      g_autofree char *think = g_strdup_printf ("%dns", (int) think_ns);
      g_autoptr (WpServiceTime) service
          = wp_service_time_new ("uniform:0ns:12ns", 1, TRUE, wp_random_next (&random), NULL);
      g_autoptr (WpServiceTime) thinking = wp_service_time_new (think, 1, TRUE, 1, NULL);
      WpTrafficSummary traffic;
      WpSummary summary, naive;
      gint64 services_ns[N_REQUESTS];
      WpLayout layout;

      policy.ack = options.until_stored ? WP_ACK_STORED : WP_ACK_ACCEPTED;
      policy.keep_abandoned = wp_random_below (&random, 3) == 0;
      wp_policy_layout (&policy, &layout);
      g_assert_true (wp_closed_loop_run (&options, &layout, patience_ns, service, thinking, NULL, NULL,
                                         &summary, &traffic, NULL));
      wp_service_time_restart (service);
      wp_service_time_draw (service, services_ns, N_REQUESTS);
      run_naive_loop (&policy, patience_ns, &options, think_ns, services_ns, &naive);
      g_assert_cmpstr (compare_figures (&summary, &naive), ==, NULL);
      n_refused += summary.accepted < summary.requests;
      n_blocked += summary.blocked > 0;
      n_dropped += summary.accepted + summary.rejected + summary.abandoned > summary.requests;
    }
  g_test_message ("%u loops with refusals, %u with blocked requests, %u with dropped jobs", n_refused,
                  n_blocked, n_dropped);
  g_assert_cmpuint (n_refused, >, 30);
  g_assert_cmpuint (n_blocked, >, 30);
  g_assert_cmpuint (n_dropped, >, 30);
}

static WpClosedLoopOptions
draw_closed (WpRandom *random)
{
  WpClosedLoopOptions options = { 1 + (guint) wp_random_below (random, 8),
                                  wp_random_below (random, 2) == 0,
                                  WP_TIME_NONE,
                                  0,
                                  0,
                                  WP_TIME_NONE,
                                  { (gint64) wp_random_below (random, 4), 1 } };

  if (wp_random_below (random, 2))
    options.limit_rows = 300;
  else
    options.duration_ns = 100 + (gint64) wp_random_below (random, 500);
  if (wp_random_below (random, 2))
    options.warmup_rows = wp_random_below (random, 40);
  else if (wp_random_below (random, 2))
    options.warmup_ns = (gint64) wp_random_below (random, 150);

  return options;
}

/* One worker whose commits have one row each is one whose service is constant: both loops come to the same.
 */
static void
test_closed_before_a_committing_database (void)
{
  guint64 seed = (guint64) g_test_rand_int ();
  guint n_dropped = 0;
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 1000; i++)
    {
      WpPolicy policy = policy_of (WP_MODE_BUFFERED_CHANNEL, (guint) wp_random_below (&random, 5), 1,
                                   wp_random_below (&random, 4) == 0);
      gint64 patience_ns
          = wp_random_below (&random, 3) > 0 ? (gint64) wp_random_below (&random, 40) : WP_TIME_NONE;
      WpClosedLoopOptions options = draw_closed (&random);
      g_autofree char *constant = g_strdup_printf ("%dns", 1 + (int) wp_random_below (&random, 9));
      g_autofree char *commit = g_strdup_printf ("batch:%s:0ns:1", constant);
      g_autoptr (WpServiceTime) committed = wp_service_time_new (commit, 1, TRUE, 1, NULL),
                                served = wp_service_time_new (constant, 1, TRUE, 1, NULL);
      g_autoptr (WpServiceTime) thinking = wp_service_time_new ("3ns", 1, TRUE, 1, NULL);
      WpSummary by_groups, one_by_one;
      WpTrafficSummary traffic;
      WpLayout layout;
      gboolean done;

      policy.ack = options.until_stored ? WP_ACK_STORED : WP_ACK_ACCEPTED;
      policy.keep_abandoned = wp_random_below (&random, 3) == 0;
      wp_policy_layout (&policy, &layout);
      done = wp_closed_loop_run (&options, &layout, patience_ns, served, thinking, NULL, NULL, &one_by_one,
                                 &traffic, NULL);
      g_assert_cmpint (done, ==,
                       wp_closed_loop_bulk_run (&options, &layout, patience_ns, committed, thinking, NULL,
                                                &by_groups, &traffic, NULL));
      if (!done || one_by_one.makespan_ns == WP_TIME_NONE)
        continue; /* no job was served after the warm-up */
      g_assert_cmpstr (compare_figures (&by_groups, &one_by_one), ==, NULL);
      n_dropped += by_groups.accepted + by_groups.rejected + by_groups.abandoned > by_groups.requests;
    }
  g_test_message ("%u loops with dropped jobs", n_dropped);
  g_assert_cmpuint (n_dropped, >, 20);
}

static void
test_time_stands_still (void)
{
  g_autoptr (GError) error = NULL;
  WpPolicy policy = policy_of (WP_MODE_DEFAULT, 0, 1, FALSE);
  g_autoptr (WpServiceTime) service = times_of ("1s"), think = times_of ("0");
  WpExperiment study = { &policy, 1,     WP_TIME_NONE,
                         NULL,    1,     { 2, FALSE, WP_NS_PER_S, 0, 0, WP_TIME_NONE },
                         service, think, 1 };
  WpTrafficSummary traffic;
  WpSummary summary;

  g_assert_false (wp_experiment_run (&study, 1, NULL, &summary, &traffic, &error));
  g_assert_nonnull (strstr (error->message, "Default: simulated time does not advance"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drawn/poisson", test_poisson);
  g_test_add_func ("/drawn/constant", test_constant);
  g_test_add_func ("/drawn/mmpp", test_mmpp);
  g_test_add_func ("/drawn/mmpp-begins-in-any-state", test_mmpp_begins_in_any_state);
  g_test_add_func ("/drawn/diurnal", test_diurnal);
  g_test_add_func ("/drawn/ramp", test_ramp);
  g_test_add_func ("/drawn/restart", test_restart);
  g_test_add_func ("/drawn/services", test_services);
  g_test_add_func ("/drawn/student", test_student);
  g_test_add_func ("/drawn/open-theory", test_open_theory);
  g_test_add_func ("/drawn/closed-theory", test_closed_theory);
  g_test_add_func ("/drawn/constant-theory", test_constant_theory);
  g_test_add_func ("/drawn/coverage", test_coverage);
  g_test_add_func ("/drawn/needed", test_needed);
  g_test_add_func ("/drawn/closed-equals-naive", test_closed_equals_naive);
  g_test_add_func ("/drawn/closed-before-a-committing-database", test_closed_before_a_committing_database);
  g_test_add_func ("/drawn/time-stands-still", test_time_stands_still);

  return g_test_run ();
}
