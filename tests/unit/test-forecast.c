/* test-forecast.c - the verdict, the scores and the forecast on drawn traffic; no thread and no clock. */
#include <math.h>

#include "runtime/forecast/wp-commit-cost.h"
#include "runtime/forecast/wp-score.h"
#include "runtime/forecast/wp-what-if.h"
#include "tests/unit/forecast-run.h"

#define WORKERS 4

/* Predictions that are off by 1 where no change is off by 4. */
static void
test_skill (void)
{
  WpScore score = { .head = 0 };

  for (gint64 i = 0; i < 40; i++)
    wp_score_predict (&score, i, 9, 6);
  wp_score_observe (&score, WP_SCORE_LEAST - 2, 10);
  g_assert_true (isnan (wp_score_skill (&score))); /* one less than says something */
  g_assert_false (wp_score_is_significant (&score));
  wp_score_observe (&score, 39, 10);
  g_assert_cmpfloat_with_epsilon (wp_score_error (&score), 1, 1e-12);
  g_assert_cmpfloat_with_epsilon (wp_score_skill (&score), 0.75, 1e-12);
  g_assert_true (wp_score_is_significant (&score));
}

static void
test_no_skill (void)
{
  WpScore score = { .head = 0 };

  for (gint64 i = 0; i < 40; i++)
    wp_score_predict (&score, i, 20, 11);
  wp_score_observe (&score, 39, 10);
  g_assert_cmpfloat_with_epsilon (wp_score_skill (&score), -9, 1e-12);
  g_assert_false (wp_score_is_significant (&score));
}

/* In 22 of 40 predictions better by 4, else worse by 4: chance. */
static void
test_chance (void)
{
  WpScore score = { .head = 0 };

  for (gint64 i = 0; i < 40; i++)
    {
      wp_score_predict (&score, i, i % 20 < 11 ? 9 : 5, i % 20 < 11 ? 5 : 9);
      wp_score_observe (&score, i, 10);
    }
  g_assert_cmpfloat (wp_score_skill (&score), >, 0);
  g_assert_false (wp_score_is_significant (&score));
}

/* Nothing changed, and nothing was expected to: no division by 0. */
static void
test_still (void)
{
  WpScore score = { .head = 0 };

  for (gint64 i = 0; i < 40; i++)
    wp_score_predict (&score, i, 5, 5);
  wp_score_observe (&score, 39, 5);
  g_assert_cmpfloat (wp_score_error (&score), ==, 0);
  g_assert_true (isnan (wp_score_skill (&score)));
  g_assert_false (wp_score_is_significant (&score));
}

/* More predictions than there is room for are left out, and the old ones keep their times. */
static void
test_pending (void)
{
  WpScore score = { .head = 0 };

  for (gint64 i = 0; i < 2 * WP_SCORE_PENDING; i++)
    wp_score_predict (&score, i, 1, 1);
  wp_score_observe (&score, 2 * WP_SCORE_PENDING, 1);
  g_assert_cmpuint (score.outcomes, ==, WP_SCORE_PENDING);
  g_assert_cmpuint (score.n_pending, ==, 0);
}

/* Bad forecasts of a time that is over do not hide good ones for long. */
static void
test_forgets (void)
{
  WpScore score = { .head = 0 };

  for (gint64 i = 0; i < 300; i++)
    {
      gboolean is_bad = i < 200;

      wp_score_predict (&score, i, is_bad ? 110 : 20, is_bad ? 20 : 110);
      wp_score_observe (&score, i, 10);
      g_assert_true (i < WP_SCORE_LEAST || i > 220 || !wp_score_is_significant (&score));
    }
  g_assert_true (wp_score_is_significant (&score));
  g_assert_cmpfloat (wp_score_skill (&score), >, 0.7);
}

static const WpOfferedLoad load_of_4 = { .span_s = 100,
                                         .requests = 10000,
                                         .rate = 100,
                                         .rate_error = 0.01,
                                         .service_s = 0.04,
                                         .service_error = 0.01 };

static WpCapacity
judge (const WpOfferedLoad *load, guint workers, guint64 queued)
{
  WpCapacitySystem system = { .workers = workers, .queue_jobs = 1000, .queued = queued };
  WpCapacity capacity;

  wp_capacity_judge (&capacity, load, &system);
  return capacity;
}

/* 4 erlangs. */
static void
test_verdict (void)
{
  WpCapacity capacity = judge (&load_of_4, 8, 0);

  g_assert_cmpuint (capacity.verdict, ==, WP_CAPACITY_HOLDS);
  g_assert_cmpfloat_with_epsilon (capacity.holds_up_to, 2, 1e-9);
  g_assert_cmpuint (capacity.workers_needed, ==, 5);
  g_assert_true (isnan (capacity.full_in_s));

  /* 3 workers do 75 per second: 25 more come, and 500 places are free */
  capacity = judge (&load_of_4, 3, 500);
  g_assert_cmpuint (capacity.verdict, ==, WP_CAPACITY_TOO_FEW);
  g_assert_cmpuint (capacity.workers_needed, ==, 5);
  g_assert_cmpfloat_with_epsilon (capacity.full_in_s, 20, 1e-6);

  capacity = judge (&load_of_4, 3, 1000);
  g_assert_cmpfloat (capacity.full_in_s, ==, 0);
}

/* The error decides whether a load of exactly the capacity is too much. */
static void
test_uncertain (void)
{
  WpOfferedLoad load = load_of_4;

  g_assert_cmpuint (judge (&load, 4, 0).verdict, ==, WP_CAPACITY_HOLDS);
  load.rate = 102;
  g_assert_cmpuint (judge (&load, 4, 0).verdict, ==, WP_CAPACITY_HOLDS);
  load.rate = 104;
  g_assert_cmpuint (judge (&load, 4, 0).verdict, ==, WP_CAPACITY_TOO_FEW);
  load.service_error = 0.2;
  g_assert_cmpuint (judge (&load, 4, 0).verdict, ==, WP_CAPACITY_UNKNOWN);
  g_assert_cmpuint (judge (&load, 2, 0).verdict, ==, WP_CAPACITY_TOO_FEW); /* however uncertain, by far */
  g_assert_cmpuint (judge (&load, 7, 0).verdict, ==, WP_CAPACITY_HOLDS);
  load = load_of_4;
  load.requests = 10;
  g_assert_cmpuint (judge (&load, 1, 0).verdict, ==, WP_CAPACITY_UNKNOWN);
}

/* One more per second, each second: 8 workers do 200, which is reached in 100 s. The 1,000 places are full
 * sqrt (2 * 1000) = 44.7 s later. */
static void
test_growth (void)
{
  WpOfferedLoad load = load_of_4;
  WpCapacity capacity;

  load.growth = 1;
  capacity = judge (&load, 8, 0);
  g_assert_cmpuint (capacity.verdict, ==, WP_CAPACITY_TOO_FEW);
  g_assert_cmpfloat_with_epsilon (capacity.full_in_s, 144.72, 0.01);
  load.growth = 0.1;
  capacity = judge (&load, 8, 0);
  g_assert_cmpuint (capacity.verdict, ==, WP_CAPACITY_HOLDS);
}

/* A commit of 20 ms stores what n workers have: 100 per second need 2.1 with 5 % to spare. */
static void
test_commits (void)
{
  WpCapacitySystem system
      = { .workers = 1, .queue_jobs = 100, .commits = TRUE, .commit_s = 0.02, .most_rows = 1000 };
  WpCapacity capacity;

  wp_capacity_judge (&capacity, &load_of_4, &system);
  g_assert_cmpuint (capacity.verdict, ==, WP_CAPACITY_TOO_FEW);
  g_assert_cmpuint (capacity.workers_needed, ==, 3);
  g_assert_cmpfloat_with_epsilon (capacity.holds_up_to, 0.5, 1e-9);
  system.row_s = 0.02; /* at most 50 per second, whatever the workers */
  wp_capacity_judge (&capacity, &load_of_4, &system);
  g_assert_cmpuint (capacity.workers_needed, ==, 0);
}

/* Slow commits are large, since their rows waited for slow ones: that is no cost of a row. */
static void
test_commit_cost (void)
{
  WpCommitCostMean cost = { .weight = 0 };
  double commit_s, row_s;
  guint64 commits = 0, rows = 0, time_ns = 0;

  wp_commit_cost_get (&cost, &commit_s, &row_s);
  g_assert_cmpfloat (commit_s, ==, 0);
  for (guint i = 0; i < 200; i++)
    {
      guint slow = 1 + i % 2 * 2;

      commits += 10;
      rows += 10 * 8 * slow;
      time_ns += 10 * 5000000 * slow;
      wp_commit_cost_observe (&cost, commits, rows, time_ns);
    }
  wp_commit_cost_get (&cost, &commit_s, &row_s);
  g_assert_cmpfloat_with_epsilon (commit_s + 16 * row_s, 0.010, 0.0002);
  g_assert_cmpfloat (row_s, <, 1e-5);
}

static void
test_headlines (void)
{
  WpCapacitySystem system = { .workers = 4, .queue_jobs = 100 };
  g_autofree char *too_few
      = wp_capacity_headline (&(WpCapacity){ WP_CAPACITY_TOO_FEW, 6, 0.8, 42.2 }, &system),
      *holds = wp_capacity_headline (&(WpCapacity){ WP_CAPACITY_HOLDS, 3, 1.38, NAN }, &system),
      *enough = wp_capacity_headline (&(WpCapacity){ WP_CAPACITY_HOLDS, 4, 1.01, NAN }, &system),
      *full = wp_capacity_headline (&(WpCapacity){ WP_CAPACITY_TOO_FEW, 0, 0.5, 0 }, &system);

  g_assert_cmpstr (too_few, ==, "4 workers are too few, 6 suffice; at this traffic: full in 42 s");
  g_assert_cmpstr (holds, ==, "4 workers hold up to 1.3x this traffic");
  g_assert_cmpstr (enough, ==, "4 workers are just enough for this traffic");
  g_assert_cmpstr (full, ==,
                   "4 workers are too few, and the database is too slow for more; the queue is full");
}

static void
test_ring (void)
{
  g_autoptr (WpSampleRing) ring = wp_sample_ring_new ();
  gint64 now_ns = G_GINT64_CONSTANT (123456789012345678);
  WpSample sample = { now_ns - 5, 2, 3, TRUE }, found;

  g_assert_false (wp_sample_ring_get (ring, 7, now_ns, &found));
  wp_sample_ring_add (ring, 7, &sample);
  g_assert_false (wp_sample_ring_get (ring, 6, now_ns, &found));
  g_assert_false (wp_sample_ring_get (ring, 7 + (1 << 18), now_ns, &found)); /* the slot's next owner */
  g_assert_true (wp_sample_ring_get (ring, 7, now_ns, &found));
  g_assert_cmpint (found.arrival_ns, ==, sample.arrival_ns);
  g_assert_cmpint (found.wait_ns, ==, 2);
  g_assert_cmpint (found.service_ns, ==, 3);
  g_assert_true (found.blocked);

  sample = (WpSample){ now_ns - 900 * WP_NS_PER_S, 400 * WP_NS_PER_S + 1, WP_TIME_NONE, FALSE };
  wp_sample_ring_add (ring, 8, &sample);
  g_assert_true (wp_sample_ring_get (ring, 8, now_ns, &found));
  g_assert_cmpint (found.arrival_ns, ==, sample.arrival_ns);
  g_assert_cmpint (found.wait_ns, ==, 400 * WP_NS_PER_S);
  g_assert_cmpint (found.service_ns, ==, WP_TIME_NONE);
  g_assert_false (found.blocked);
}

static double
draw_exponential (GRand *random)
{
  return -log (1 - g_rand_double (random));
}

/* Poisson arrivals whose rate goes from @rate on by @growth per second, exponential services of 40 ms. */
static void
add_traffic (ForecastRun *run, GRand *random, double rate, double growth, double duration_s)
{
  double now_s = 0;

  while ((now_s += draw_exponential (random) / (rate + growth * now_s)) < duration_s)
    forecast_run_add (run, (gint64) (now_s * 1e9), (gint64) (0.04e9 * draw_exponential (random)));
}

/* @rate: the load is rate / 100 of the workers. Returns: how often the verdict was that, after 20 s */
static guint
count_verdicts (double rate, WpCapacityVerdict verdict)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (17);
  WpServerState state;
  ForecastRun run;
  guint n = 0;

  forecast_run_init (&run, WORKERS, 2000);
  add_traffic (&run, random, rate, 0, 80);
  for (guint i = 0; i < 80; i++)
    n += forecast_run_step (&run, &state)->capacity.verdict == verdict && i >= 20;
  forecast_run_clear (&run);
  return n;
}

static void
test_steady_traffic (void)
{
  g_assert_cmpuint (count_verdicts (60, WP_CAPACITY_HOLDS), >=, 57);
  g_assert_cmpuint (count_verdicts (140, WP_CAPACITY_TOO_FEW), >=, 57);
}

/* From 40 to 160 per second in two minutes, where 4 workers do 100: the queue of 200 is full after 80 s or
 * so. The warning comes at least 30 s before. */
static void
test_ramp (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (18);
  gint warned_s = -1, full_s = -1;
  WpServerState state;
  ForecastRun run;

  forecast_run_init (&run, WORKERS, 200);
  add_traffic (&run, random, 40, 1, 120);
  for (gint i = 0; i < 120 && full_s < 0; i++)
    {
      const WpOutlook *outlook = forecast_run_step (&run, &state);

      if (warned_s < 0 && outlook->capacity.verdict == WP_CAPACITY_TOO_FEW)
        warned_s = i;
      if (state.parked > 0)
        full_s = i;
    }
  g_test_message ("warned at %d s, full at %d s", warned_s, full_s);
  g_assert_cmpint (full_s, >, 0);
  g_assert_cmpint (warned_s, >, 20);
  g_assert_cmpint (full_s - warned_s, >=, 30);
  forecast_run_clear (&run);
}

/* From 20 to 70 per second at once, where the workers do 100: that is no growth to be warned of. */
static void
test_step (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (23);
  double now_s = 0;
  guint n_warned = 0;
  WpServerState state;
  ForecastRun run;

  forecast_run_init (&run, WORKERS, 2000);
  while ((now_s += draw_exponential (random) / (now_s < 60 ? 20 : 70)) < 130)
    forecast_run_add (&run, (gint64) (now_s * 1e9), (gint64) (0.04e9 * draw_exponential (random)));
  for (guint i = 0; i < 130; i++)
    n_warned += forecast_run_step (&run, &state)->capacity.verdict == WP_CAPACITY_TOO_FEW;
  g_test_message ("warned in %u seconds", n_warned);
  g_assert_cmpuint (n_warned, <=, 5);
  forecast_run_clear (&run);
}

/* Under a load that is too much the queue grows as forecast: far better than that it stays as it is. */
static void
test_forecast_has_skill (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (19);
  const WpOutlook *outlook = NULL;
  WpServerState state;
  ForecastRun run;

  forecast_run_init (&run, WORKERS, 10000);
  run.simulates = TRUE;
  add_traffic (&run, random, 140, 0, 60);
  for (guint i = 0; i < 60; i++)
    outlook = forecast_run_step (&run, &state);
  g_assert_cmpfloat (outlook->horizons[0].skill, >, 0.3);
  g_assert_cmpfloat (outlook->horizons[0].error, <, 400 * 0.7); /* it grows by 40 per second */
  g_assert_true (outlook->horizons[0].shows);
  g_assert_true (isnan (outlook->horizons[1].skill)); /* none has come due */
  g_assert_false (outlook->horizons[1].shows);
  g_assert_cmpfloat (outlook->horizons[0].at.low, <=, outlook->horizons[0].at.depth);
  g_assert_cmpfloat (outlook->horizons[0].at.high, >=, outlook->horizons[0].at.depth);
  g_assert_cmpfloat (outlook->horizons[0].at.depth, >, (double) state.queued);
  forecast_run_clear (&run);
}

/* What was forecast for other sizes is judged no more: no outcome until a forecast of now is due. */
static void
test_resize_forgets (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (21);
  const WpOutlook *outlook = NULL;
  WpServerState state;
  ForecastRun run;
  double error;

  forecast_run_init (&run, WORKERS, 10000);
  run.simulates = TRUE;
  add_traffic (&run, random, 140, 0, 80);
  for (guint i = 0; i < 60; i++)
    outlook = forecast_run_step (&run, &state);
  error = outlook->horizons[0].error;
  g_assert_cmpfloat_with_epsilon (outlook->horizons[0].due, (double) state.queued,
                                  0.3 * (double) state.queued);
  g_assert_cmpint (outlook->resized_ns, ==, WP_TIME_NONE);
  run.policy.queue_jobs = 9000;
  for (guint i = 0; i < 10; i++)
    {
      outlook = forecast_run_step (&run, &state);
      g_assert_cmpfloat (outlook->horizons[0].error, ==, error);
      g_assert_true (isnan (outlook->horizons[0].due));
    }
  g_assert_cmpfloat (forecast_run_step (&run, &state)->horizons[0].error, !=, error);
  g_assert_cmpint (outlook->resized_ns, ==, state.now_ns - 10 * WP_NS_PER_S);
  forecast_run_clear (&run);
}

/* With the same sizes the model equals the measurement, to the nanosecond where waits are in whole us. */
static void
test_what_if (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20);
  const WpOutlook *outlook = NULL;
  WpServerState state;
  ForecastRun run;
  WpWhatIf answer;

  forecast_run_init (&run, WORKERS, 10000);
  add_traffic (&run, random, 120, 0, 20);
  for (guint i = 0; i < 60; i++)
    outlook = forecast_run_step (&run, &state);
  g_assert_true (wp_what_if (&answer, run.ring, outlook, &state, &run.policy, 1));
  g_assert_cmpuint (answer.requests, ==, run.jobs->len);
  g_assert_cmpuint (answer.predicted.depth_peak, >, 50);
  g_assert_cmpint (ABS (answer.predicted.wait_p50_ns - answer.measured.wait_p50_ns), <=,
                   answer.predicted.wait_p50_ns / 500 + 2000);
  g_assert_cmpfloat_with_epsilon (answer.predicted.utilisation, answer.measured.utilisation, 1e-6);

  run.policy.workers = 8;
  g_assert_true (wp_what_if (&answer, run.ring, outlook, &state, &run.policy, 1));
  g_assert_cmpuint (answer.predicted.depth_peak, <, 20);
  state.arrived = 0;
  g_assert_false (wp_what_if (&answer, run.ring, outlook, &state, &run.policy, 1));
  forecast_run_clear (&run);
}

/* Half of the time there were twice the workers. The counts are those since the first observation. */
static void
test_what_if_after_resize (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (22);
  const WpOutlook *outlook = NULL;
  WpServerState state;
  ForecastRun run;
  WpWhatIf answer;

  forecast_run_init (&run, WORKERS, 10000);
  add_traffic (&run, random, 60, 0, 60);
  for (guint i = 0; i < 60; i++)
    {
      outlook = forecast_run_step (&run, &state);
      run.policy.workers = i < 29 ? WORKERS : 2 * WORKERS;
    }
  state.rejected = 7;
  state.timed_out = 8;
  state.full_ns = 9 * WP_NS_PER_S;
  state.queued_peak = 10;
  run.policy.workers = WORKERS;
  g_assert_true (wp_what_if (&answer, run.ring, outlook, &state, &run.policy, 1));
  g_assert_cmpfloat_with_epsilon (answer.measured.utilisation, answer.predicted.utilisation / 1.5, 0.005);
  g_assert_cmpint (answer.resized_ns, ==, 29 * WP_NS_PER_S);
  g_assert_cmpint (answer.age_ns, ==, 60 * WP_NS_PER_S);
  g_assert_cmpuint (answer.measured.rejected, ==, 7);
  g_assert_cmpuint (answer.measured.timed_out, ==, 8);
  g_assert_cmpint (answer.measured.full_ns, ==, 9 * WP_NS_PER_S);
  g_assert_cmpuint (answer.measured.depth_peak, ==, 10);
  forecast_run_clear (&run);
}

/* 15,000 per second: of the last 250,000, there is room for the next second's. What was refused before them
 * does not count. */
static void
test_span_of_fast_traffic (void)
{
  g_autoptr (WpSampleRing) ring = wp_sample_ring_new ();
  g_autoptr (WpForecaster) forecaster = wp_forecaster_new (ring);
  const WpOutlook *outlook = NULL;
  WpServerState state = { .now_ns = FORECAST_ORIGIN_NS };

  wp_policy_init (&state.policy, WP_MODE_WORKER_POOL);
  for (guint i = 0; i <= 20; i++, state.now_ns += WP_NS_PER_S, state.arrived += 15000, state.rejected += 100)
    outlook = wp_forecaster_observe (forecaster, &state);
  g_assert_cmpuint (outlook->until.arrived, ==, 300000);
  g_assert_cmpuint (outlook->from.arrived, ==, 75000);
  g_assert_cmpuint (outlook->from.rejected, ==, 500);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/skill", test_skill);
  g_test_add_func ("/forecast/no-skill", test_no_skill);
  g_test_add_func ("/forecast/chance", test_chance);
  g_test_add_func ("/forecast/still", test_still);
  g_test_add_func ("/forecast/pending", test_pending);
  g_test_add_func ("/forecast/forgets", test_forgets);
  g_test_add_func ("/forecast/verdict", test_verdict);
  g_test_add_func ("/forecast/uncertain", test_uncertain);
  g_test_add_func ("/forecast/growth", test_growth);
  g_test_add_func ("/forecast/commits", test_commits);
  g_test_add_func ("/forecast/commit-cost", test_commit_cost);
  g_test_add_func ("/forecast/headlines", test_headlines);
  g_test_add_func ("/forecast/ring", test_ring);
  g_test_add_func ("/forecast/steady-traffic", test_steady_traffic);
  g_test_add_func ("/forecast/ramp", test_ramp);
  g_test_add_func ("/forecast/step", test_step);
  g_test_add_func ("/forecast/has-skill", test_forecast_has_skill);
  g_test_add_func ("/forecast/resize-forgets", test_resize_forgets);
  g_test_add_func ("/forecast/what-if", test_what_if);
  g_test_add_func ("/forecast/what-if-after-resize", test_what_if_after_resize);
  g_test_add_func ("/forecast/span-of-fast-traffic", test_span_of_fast_traffic);

  return g_test_run ();
}
