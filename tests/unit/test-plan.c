/* The plan against a search of all sizes: on small random traces, with every kind of objective and policy. */
#include "sim/plan/wp-plan.h"

#include <math.h>

#include "sim/trace/wp-time-scale.h"
#include "tests/unit/random-load.h"

#define N_LOADS      1500
#define MAX_WORKERS  (RANDOM_LOAD_MAX + 90) /* with more nothing changes, nor any objective below */
#define MEMORY_BYTES (100 * 1024 * 1024)
#define MAX_QUEUE    (RANDOM_LOAD_MAX + 2)

static const char *const objectives[] = { "blocked==0",
                                          "blocked<10%",
                                          "blocked<=3",
                                          "blocked_peak<3",
                                          "rejected==0",
                                          "rejected<10%",
                                          "timed_out==0",
                                          "timed_out<=2",
                                          "abandoned<5%",
                                          "wait.p99<0.00000001s",
                                          "wait.p50<=3ns",
                                          "wait.mean<2ns",
                                          "wait.max<12ns",
                                          "response.p99<20ns",
                                          "response.mean<=8ns",
                                          "accept_latency.p99<4ns",
                                          "accept_latency.max==0s",
                                          "blocked_time.max<6ns",
                                          "blocked_time.mean<3ns",
                                          "depth.max<4",
                                          "depth.mean<1.5",
                                          "depth.p99<=2",
                                          "time_full==0s",
                                          "time_full<10ns",
                                          "first_full>5ns",
                                          "utilisation<70%",
                                          "utilisation>=20%",
                                          "busy.max<5",
                                          "busy.mean<2",
                                          "throughput>0.1",
                                          "makespan<90ns",
                                          "requests>0",
                                          "accepted>=90%",
                                          "wait.p90>2ns",
                                          "depth.max!=2",
                                          "blocked_peak==2" };

static void
run_one (const RandomLoad *load, const WpPolicy *policy, double scale, WpSummary *summary)
{
  WpRow rows[RANDOM_LOAD_MAX];
  g_autoptr (WpModel) model = NULL;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  model = wp_model_new (&layout, load->patience_ns);
  for (gsize i = 0; i < load->n_rows; i++)
    rows[i] = (WpRow){ .arrival_ns = wp_time_scale_arrival (load->rows[i].arrival_ns, scale) };
  g_assert_true (wp_model_offer (model, rows, load->services_ns, load->n_rows, NULL));
  wp_model_finish (model, summary);
}

static gboolean
does (const RandomLoad *load, const GPtrArray *slos, double scale, guint workers, guint queue_jobs)
{
  WpPolicy policy = load->policy;
  WpSummary summary;

  policy.workers = workers;
  policy.queue_jobs = queue_jobs;
  run_one (load, &policy, scale, &summary);

  return wp_slos_first_failure (slos, &summary) == NULL;
}

static gint64
try_workers (const RandomLoad *load, const GPtrArray *slos, double scale, guint queue_jobs)
{
  for (guint workers = 1; workers <= MAX_WORKERS; workers++)
    if (does (load, slos, scale, workers, queue_jobs))
      return workers;

  return WP_SEARCH_NONE;
}

static gint64
try_queues (const RandomLoad *load, const GPtrArray *slos, double scale, guint workers)
{
  for (guint queue_jobs = 0; queue_jobs <= MAX_QUEUE; queue_jobs++)
    if (does (load, slos, scale, workers, queue_jobs))
      return queue_jobs;

  return WP_SEARCH_NONE;
}

static WpTraceBuffer *
make_buffer (const RandomLoad *load)
{
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1);

  wp_trace_buffer_add (buffer, load->rows, load->services_ns, load->n_rows);

  return g_steal_pointer (&buffer);
}

static GPtrArray *
draw_objectives (WpRandom *random)
{
  g_autoptr (GPtrArray) slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);
  guint n = 1 + (guint) wp_random_below (random, 3);

  if (wp_random_below (random, 4) == 0)
    return wp_slos_new_default ();
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (slos,
                     wp_slo_parse (objectives[wp_random_below (random, G_N_ELEMENTS (objectives))], NULL));

  return g_steal_pointer (&slos);
}

static void
print (const RandomLoad *load, const GPtrArray *slos)
{
  const WpPolicy *p = &load->policy;

  g_test_message ("%s queue %u workers %u %s timeout %" G_GINT64_FORMAT " patience %" G_GINT64_FORMAT,
                  wp_mode_name (p->mode), p->queue_jobs, p->workers, wp_when_full_name (p->when_full),
                  p->block_timeout_ns, load->patience_ns);
  for (guint i = 0; i < slos->len; i++)
    g_test_message ("  %s", ((const WpSlo *) g_ptr_array_index (slos, i))->text);
  for (gsize i = 0; i < load->n_rows; i++)
    g_test_message ("  row %" G_GSIZE_FORMAT ": arrival %" G_GINT64_FORMAT " service %" G_GINT64_FORMAT, i,
                    load->rows[i].arrival_ns, load->services_ns[i]);
}

static void
assert_same (const RandomLoad *load, const GPtrArray *slos, const char *what, double scale, gint64 found,
             gint64 tried)
{
  if (found == tried)
    return;
  print (load, slos);
  g_error ("%s at %gx: found %" G_GINT64_FORMAT ", the smallest is %" G_GINT64_FORMAT, what, scale, found,
           tried);
}

static void
assert_equal (double one, double other)
{
  g_assert_cmpint (isnan (one), ==, isnan (other));
  if (!isnan (one))
    g_assert_cmpfloat (fabs (one - other), <=, 1e-12 * fabs (other));
}

/* The figures of a result are those of a run of its own. */
static void
check_point (const RandomLoad *load, const GPtrArray *slos, const WpPlanPoint *point)
{
  WpPolicy policy = load->policy;
  WpSummary summary;

  policy.workers = point->workers;
  policy.queue_jobs = point->queue_jobs;
  run_one (load, &policy, point->scale, &summary);
  if (point->meets != (wp_slos_first_failure (slos, &summary) == NULL))
    {
      print (load, slos);
      g_error ("%u workers, queue %u at %gx: meets is %d, and is not true", point->workers, point->queue_jobs,
               point->scale, point->meets);
    }
  if (!point->meets)
    g_assert_true (point->slo == wp_slos_first_failure (slos, &summary));
  if (point->slo)
    assert_equal (wp_metric_value (point->slo->metric, &summary),
                  wp_metric_value (point->slo->metric, &point->summary));
}

static gint64
size_of (const WpPlan *plan, double scale, WpPlanKind kind)
{
  const WpPlanResult *result = wp_plan_find (plan, scale, kind);

  return !result ? WP_SEARCH_NONE
                 : (gint64) (kind == WP_PLAN_WORKERS ? result->point.workers : result->point.queue_jobs);
}

static void
check_result (const RandomLoad *load, const GPtrArray *slos, const WpPlanResult *result)
{
  check_point (load, slos, &result->point);
  if (result->has_neighbour)
    check_point (load, slos, &result->neighbour);
  if (result->kind == WP_PLAN_FRONTIER && result->point.queue_jobs > 0)
    assert_same (load, slos, "frontier", result->point.scale, result->point.queue_jobs,
                 try_queues (load, slos, result->point.scale, result->point.workers));
  if (result->kind == WP_PLAN_FRONTIER && result->point.queue_jobs == 0)
    assert_same (load, slos, "workers without a queue", result->point.scale, result->point.workers,
                 try_workers (load, slos, result->point.scale, 0));
}

static void
check_load (const RandomLoad *load, GPtrArray *slos, guint threads)
{
  g_autoptr (WpTraceBuffer) buffer = make_buffer (load);
  WpSearchSetup setup = { buffer, load->policy, load->patience_ns, slos, threads };
  g_autoptr (GError) error = NULL;
  g_autoptr (WpPlan) plan = wp_plan_new (&setup, slos, &error);

  g_assert_no_error (error);
  g_assert_false (plan->assumed);
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    {
      double scale = wp_plan_scales[i];
      gboolean pool = load->policy.mode == WP_MODE_WORKER_POOL;

      if (pool)
        assert_same (load, slos, "workers", scale, size_of (plan, scale, WP_PLAN_WORKERS),
                     try_workers (load, slos, scale, load->policy.queue_jobs));
      assert_same (load, slos, "queue", scale, size_of (plan, scale, WP_PLAN_QUEUE),
                   try_queues (load, slos, scale, load->policy.workers));
    }
  for (guint i = 0; i < plan->results->len; i++)
    check_result (load, slos, &g_array_index (plan->results, WpPlanResult, i));
}

static void
test_equals_exhaustive_search (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      g_autoptr (GPtrArray) slos = draw_objectives (&random);

      random_load_make (&load, &random);
      load.policy.dispatcher = WP_DISPATCHER_BOUNDED;
      if (load.policy.mode == WP_MODE_DEFAULT)
        load.policy.mode = WP_MODE_WORKER_POOL;
      if (load.policy.mode == WP_MODE_BUFFERED_CHANNEL)
        load.policy.workers = 1;
      if (wp_random_below (&random, 2))
        {
          load.policy.when_full = WP_WHEN_FULL_BLOCK;
          load.policy.block_timeout_ns = load.patience_ns = WP_TIME_NONE;
        }
      check_load (&load, slos, 1 + (guint) wp_random_below (&random, 3));
    }
}

/* A million requests, 200 in service on average, one every 100 us: w workers without a queue reject all but w
 * of 200. Each number of workers is tried in turn, until that has gone on for long; what bisection finds then
 * is assumed. */
static void
test_assumed_workers (void)
{
  enum { N = 1000000 };
  static const struct {
    const char *slo;
    gint64 found;
    gboolean assumed;
  } cases[] = { { "rejected<=100000", 180, TRUE }, { "rejected<=800000", 40, FALSE } };
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1);
  const gint64 service_ns = 20 * WP_NS_PER_MS;

  for (gint64 i = 0; i < N; i++)
    {
      WpRow row = { .arrival_ns = i * 100 * WP_NS_PER_US };

      wp_trace_buffer_add (buffer, &row, &service_ns, 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);
      WpSearchSetup setup = { buffer, { 0 }, WP_TIME_NONE, slos, 2 };
      g_autoptr (WpSearch) search = NULL;
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (slos, wp_slo_parse (cases[i].slo, NULL));
      wp_policy_init (&setup.policy, WP_MODE_WORKER_POOL);
      setup.policy.when_full = WP_WHEN_FULL_REJECT;
      search = wp_search_new (&setup, 1);
      g_assert_cmpint (wp_search_workers (search, 0), ==, cases[i].found);
      g_assert_true (wp_search_check (search, &error));
      g_assert_cmpint (wp_search_is_assumed (search), ==, cases[i].assumed);
    }
}

static gboolean
find_headroom (const WpSearchSetup *setup, WpHeadroom *headroom, GError **error)
{
  g_autoptr (WpSearch) search = wp_search_new (setup, 1);

  return wp_headroom_find (setup, search, headroom, error);
}

/* 100 jobs of 1 s, one every 100 ms: ten workers are always busy, and one more has nothing to do. */
static void
test_headroom (void)
{
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1);
  g_autoptr (GPtrArray) slos = wp_slos_new_default ();
  WpSearchSetup setup = { buffer, { 0 }, WP_TIME_NONE, slos, 2 };
  g_autoptr (GError) error = NULL;
  const gint64 service_ns = WP_NS_PER_S;
  WpHeadroom headroom;

  for (gint64 i = 0; i < 100; i++)
    {
      WpRow row = { .arrival_ns = i * 100 * WP_NS_PER_MS };

      wp_trace_buffer_add (buffer, &row, &service_ns, 1);
    }
  wp_policy_init (&setup.policy, WP_MODE_WORKER_POOL);
  setup.policy.workers = 20;
  setup.policy.queue_jobs = 10;
  g_assert_true (find_headroom (&setup, &headroom, &error));
  g_assert_no_error (error);
  g_assert_true (headroom.is_full);
  g_assert_cmpfloat (headroom.scale, >, 2);    /* 20 workers bear 20 per second for ever */
  g_assert_cmpfloat (headroom.scale, <, 2.75); /* 30 in the system before all have come */

  setup.policy.workers = 9;
  setup.policy.queue_jobs = 1;
  g_assert_true (find_headroom (&setup, &headroom, &error));
  g_assert_cmpfloat (headroom.scale, ==, 1);

  setup.policy.workers = 101;
  g_assert_true (find_headroom (&setup, &headroom, &error));
  g_assert_true (isnan (headroom.scale)); /* all at once is not too much */
}

/* Exponential gaps and services, by a generator of its own. */
static void
draw_rows (WpRow *rows, gint64 *services_ns, gsize n_rows, gint64 gap_ns, gint64 service_ns)
{
  WpRandom random;
  gint64 now_ns = 0;

  wp_random_init (&random, (guint64) service_ns, 0);
  for (gsize i = 0; i < n_rows; i++)
    {
      rows[i] = (WpRow){ .arrival_ns = now_ns };
      services_ns[i]
          = (gint64) (-log1p (-(double) wp_random_below (&random, 1000000) / 1e6) * (double) service_ns);
      now_ns += (gint64) (-log1p (-(double) wp_random_below (&random, 1000000) / 1e6) * (double) gap_ns);
    }
}

/* Is it well at that scale, by a run of its own? */
static gboolean
is_well_at (const WpSearchSetup *setup, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
            double scale)
{
  g_autofree WpRow *scaled = g_new0 (WpRow, n_rows);
  g_autoptr (WpModel) model = NULL;
  WpSummary summary;
  WpLayout layout;

  wp_policy_layout (&setup->policy, &layout);
  model = wp_model_new (&layout, setup->patience_ns);
  for (gsize i = 0; i < n_rows; i++)
    scaled[i].arrival_ns = wp_time_scale_arrival (rows[i].arrival_ns, scale);
  g_assert_true (wp_model_offer (model, scaled, services_ns, n_rows, NULL));
  wp_model_finish (model, &summary);

  return summary.first_full_ns == WP_TIME_NONE && wp_slos_first_failure (setup->slos, &summary) == NULL;
}

/* The given sizes are ill at the headroom, and well at what is 1 % less: by an objective, or because the
 * queue is full; in a short trace, and in one that is long enough to be guessed from its first part. */
static void
test_headroom_to_the_percent (void)
{
  static const struct {
    const char *slo;
    gboolean is_full;
    gsize n_rows;
    guint queue_jobs;
    gint64 service_ms, patience_ms;
  } cases[] = {
    { "wait.p99<50ms", FALSE, 5000, 100000, 60, 0 },
    { "wait.p99<50ms", FALSE, 5000, 100000, 41, 0 },
    { "response.mean<90ms", FALSE, 5000, 100000, 37, 0 },
    { "wait.max<1s", FALSE, 5000, 100000, 53, 0 },
    { "wait.p99<20s", TRUE, 5000, 30, 60, 0 },
    { "wait.p50<10s", TRUE, 5000, 20, 47, 0 },
    { "abandoned<2%", FALSE, 5000, 100000, 60, 80 },
    { "abandoned<100%", TRUE, 5000, 15, 44, 80 },
    { "abandoned<100%", TRUE, 5000, 60, 44, 80 }, /* many are dropped before it fills */
    { "wait.p99<50ms", FALSE, 1200000, 10000000, 60, 0 },
    { "wait.p99<100s", TRUE, 1200000, 40, 47, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize n_rows = cases[i].n_rows;
      g_autofree WpRow *rows = g_new0 (WpRow, n_rows);
      g_autofree gint64 *services_ns = g_new (gint64, n_rows);
      g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (MEMORY_BYTES, 1);
      g_autoptr (GPtrArray) slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);
      WpSearchSetup setup = {
        buffer, { 0 }, cases[i].patience_ms > 0 ? cases[i].patience_ms * WP_NS_PER_MS : WP_TIME_NONE, slos, 2
      };
      WpHeadroom headroom;

      draw_rows (rows, services_ns, n_rows, 10 * WP_NS_PER_MS, cases[i].service_ms * WP_NS_PER_MS);
      wp_trace_buffer_add (buffer, rows, services_ns, n_rows);
      g_ptr_array_add (slos, wp_slo_parse (cases[i].slo, NULL));
      wp_policy_init (&setup.policy, WP_MODE_WORKER_POOL);
      setup.policy.workers = 20;
      setup.policy.queue_jobs = cases[i].queue_jobs;
      setup.policy.ack = WP_ACK_STORED;
      g_assert_true (find_headroom (&setup, &headroom, NULL));
      g_test_message ("%s: %s at %g", cases[i].slo, headroom.is_full ? "full" : "fails", headroom.scale);
      g_assert_cmpint (headroom.is_full, ==, cases[i].is_full);
      g_assert_true (headroom.slo == (headroom.is_full ? NULL : g_ptr_array_index (slos, 0)));
      g_assert_cmpfloat (headroom.scale, >, 1.1);
      g_assert_false (is_well_at (&setup, rows, services_ns, n_rows, headroom.scale));
      g_assert_true (is_well_at (&setup, rows, services_ns, n_rows, headroom.scale / 1.0101));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/equals-exhaustive-search", test_equals_exhaustive_search);
  g_test_add_func ("/plan/assumed-workers", test_assumed_workers);
  g_test_add_func ("/plan/headroom", test_headroom);
  g_test_add_func ("/plan/headroom-to-the-percent", test_headroom_to_the_percent);

  return g_test_run ();
}
