/* The model against a naive event calendar, and a few cases that a person can follow. */
#include "sim/model/wp-model.h"

#include "tests/unit/compare-summary.h"
#include "tests/unit/naive-model.h"
#include "tests/unit/random-load.h"

#define N_LOADS 20000

static void
run_model (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows, const gint64 *services_ns,
           gsize n_rows, WpRequestResult *results, WpSummary *summary)
{
  g_autoptr (WpModel) model = NULL;
  gsize half = n_rows / 2;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  model = wp_model_new (&layout, patience_ns);
  g_assert_true (wp_model_offer (model, rows, services_ns, half, results));
  g_assert_true (wp_model_offer (model, rows + half, services_ns + half, n_rows - half, results + half));
  wp_model_finish (model, summary);
}

static void
print_load (const RandomLoad *load)
{
  const WpPolicy *p = &load->policy;

  g_test_message ("%s queue %u workers %u %s %s timeout %" G_GINT64_FORMAT " patience %" G_GINT64_FORMAT,
                  wp_mode_name (p->mode), p->queue_jobs, p->workers, wp_dispatcher_name (p->dispatcher),
                  wp_when_full_name (p->when_full), p->block_timeout_ns, load->patience_ns);
  for (guint i = 0; i < p->n_changes; i++)
    g_test_message ("  change at %" G_GINT64_FORMAT
                    ": queue %u workers %u rejects %d timeout %" G_GINT64_FORMAT,
                    p->changes[i].at_ns, p->changes[i].queue_jobs, p->changes[i].workers,
                    p->changes[i].rejects, p->changes[i].block_timeout_ns);
  for (gsize i = 0; i < load->n_rows; i++)
    g_test_message ("  row %" G_GSIZE_FORMAT ": arrival %" G_GINT64_FORMAT " service %" G_GINT64_FORMAT, i,
                    load->rows[i].arrival_ns, load->services_ns[i]);
}

/* Events of a load in which queued jobs are dropped; each must be frequent, or the loads show nothing. */
typedef struct {
  guint dropped, let_in, timed_out_beside, at_its_end;
} Drops;

static void
count_drops (Drops *drops, const RandomLoad *load, const WpRequestResult *results)
{
  gboolean dropped = FALSE, let_in = FALSE, timed_out = FALSE, at_its_end = FALSE;

  for (gsize i = 0; i < load->n_rows; i++)
    {
      const WpRequestResult *v = &results[i];

      timed_out |= v->outcome == WP_OUTCOME_TIMED_OUT;
      at_its_end
          |= v->outcome == WP_OUTCOME_STORED && v->started_ns == load->rows[i].arrival_ns + load->patience_ns;
      if (v->outcome != WP_OUTCOME_ABANDONED || v->accepted_ns == WP_TIME_NONE)
        continue;
      dropped = TRUE;
      for (gsize j = i + 1; j < load->n_rows; j++)
        let_in |= results[j].blocked && results[j].accepted_ns == v->ended_ns;
    }
  drops->dropped += dropped;
  drops->let_in += let_in;
  drops->timed_out_beside += dropped && timed_out;
  drops->at_its_end += dropped && at_its_end;
}

static void
compare_with_naive (const RandomLoad *load, const WpRequestResult *fast, const WpSummary *fast_figures,
                    const WpRequestResult *naive, const WpSummary *naive_figures)
{
  const char *differs;

  for (gsize i = 0; i < load->n_rows; i++)
    if (!same_result (&fast[i], &naive[i]))
      {
        print_load (load);
        print_result ("model", &fast[i]);
        print_result ("naive", &naive[i]);
        g_error ("verdict of row %" G_GSIZE_FORMAT " differs", i);
      }
  differs = compare_figures (fast_figures, naive_figures);
  if (differs)
    {
      print_load (load);
      g_error ("%s differs: %.17g, naive %.17g", differs,
               wp_metric_value (wp_metric_find (differs), fast_figures),
               wp_metric_value (wp_metric_find (differs), naive_figures));
    }
}

static void
check_load (const RandomLoad *load, Drops *drops)
{
  WpRequestResult fast[RANDOM_LOAD_MAX], naive[RANDOM_LOAD_MAX];
  WpSummary fast_figures, naive_figures;

  run_model (&load->policy, load->patience_ns, load->rows, load->services_ns, load->n_rows, fast,
             &fast_figures);
  naive_model_run (&load->policy, load->patience_ns, load->rows, load->services_ns, load->n_rows, naive,
                   &naive_figures);
  compare_with_naive (load, fast, &fast_figures, naive, &naive_figures);
  count_drops (drops, load, naive);
}

/* The model's, each job with a dispatch of 0 to 4 ns; Little's law is checked too. */
static void
check_dispatched (const RandomLoad *load, WpRandom *random)
{
  WpRequestResult fast[RANDOM_LOAD_MAX], naive[RANDOM_LOAD_MAX];
  WpSummary fast_figures, naive_figures;
  gint64 dispatches_ns[RANDOM_LOAD_MAX];
  g_autoptr (WpModel) model = NULL;
  g_autoptr (GError) error = NULL;
  WpLayout layout;

  for (gsize i = 0; i < load->n_rows; i++)
    dispatches_ns[i] = (gint64) wp_random_below (random, 5);
  wp_policy_layout (&load->policy, &layout);
  model = wp_model_new (&layout, load->patience_ns);
  g_assert_true (
      wp_model_offer_dispatched (model, load->rows, load->services_ns, dispatches_ns, load->n_rows, fast));
  wp_model_finish (model, &fast_figures);
  wp_model_check (model, &error);
  g_assert_no_error (error);
  naive_model_run_dispatched (&load->policy, load->patience_ns, load->rows, load->services_ns, dispatches_ns,
                              load->n_rows, naive, &naive_figures);
  compare_with_naive (load, fast, &fast_figures, naive, &naive_figures);
}

static void
test_dispatched_equals_naive (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS / 4);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS / 4; i++)
    {
      random_load_make (&load, &random);
      check_dispatched (&load, &random);
    }
}

/* Up to six changes, some at one moment, some of nothing. */
static void
draw_changes (RandomLoad *load, WpRandom *random, WpSizeChange *changes)
{
  WpPolicy policy = load->policy;
  gint64 at_ns = 0;

  load->policy.changes = changes;
  load->policy.n_changes = 1 + (guint) wp_random_below (random, 6);
  for (guint i = 0; i < load->policy.n_changes; i++)
    {
      WpLayout layout;

      at_ns += (gint64) wp_random_below (random, 40);
      if (wp_random_below (random, 2))
        policy.queue_jobs = (guint) wp_random_below (random, 6);
      if (wp_random_below (random, 2))
        policy.workers = 1 + (guint) wp_random_below (random, 5);
      if (wp_random_below (random, 3) == 0)
        policy.when_full = wp_random_below (random, 4) == 0 ? WP_WHEN_FULL_REJECT : WP_WHEN_FULL_BLOCK;
      if (wp_random_below (random, 3) == 0)
        policy.block_timeout_ns = random_load_maybe (random, 8);
      wp_policy_layout (&policy, &layout);
      changes[i] = (WpSizeChange){ at_ns, layout.queue_jobs, layout.workers, layout.rejects,
                                   layout.block_timeout_ns };
    }
}

/* The same with sizes that change while requests wait, and the measured summary of what became of each. */
static void
test_changes_equal_naive (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      WpSizeChange changes[6];
      RandomLoad load;
      Drops drops = { 0 };

      do
        random_load_make (&load, &random);
      while (load.policy.mode == WP_MODE_DEFAULT);
      draw_changes (&load, &random, changes);
      if (i % 2)
        check_load (&load, &drops);
      else
        check_dispatched (&load, &random);
    }
}

static void
test_equals_naive (void)
{
  guint64 seed = g_test_rand_int ();
  Drops drops = { 0 };
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      random_load_make (&load, &random);
      check_load (&load, &drops);
    }
  g_test_message (
      "jobs dropped in %u loads; in %u a parked request got a place by it, in %u others timed out, in %u one "
      "started at the end of its patience",
      drops.dropped, drops.let_in, drops.timed_out_beside, drops.at_its_end);
  g_assert_cmpuint (drops.dropped, >, N_LOADS / 40);
  g_assert_cmpuint (MIN (MIN (drops.let_in, drops.timed_out_beside), drops.at_its_end), >, N_LOADS / 1000);
}

/* @services_ns for rows that all arrive at once. */
static void
run_burst (WpPolicy *policy, gint64 patience_ns, gsize n_rows, gint64 service_ns, WpRequestResult *results,
           WpSummary *summary)
{
  g_autofree WpRow *rows = g_new0 (WpRow, n_rows);
  g_autofree gint64 *services_ns = g_new (gint64, n_rows);

  for (gsize i = 0; i < n_rows; i++)
    services_ns[i] = service_ns;
  run_model (policy, patience_ns, rows, services_ns, n_rows, results, summary);
}

static void
test_buffered_channel_takes_one_more_than_its_queue (void)
{
  WpRequestResult results[15];
  WpSummary summary;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
  policy.queue_jobs = 10;
  run_burst (&policy, WP_TIME_NONE, 15, 500, results, &summary);
  for (guint i = 0; i < 15; i++)
    {
      g_assert_cmpint (results[i].accepted_ns, ==, i <= 10 ? 0 : (i - 10) * 500);
      g_assert_cmpint (results[i].started_ns, ==, i * 500);
    }
  g_assert_cmpuint (summary.accepted, ==, 15);
  g_assert_cmpuint (summary.blocked, ==, 4);
  g_assert_cmpuint (summary.blocked_peak, ==, 4);
  g_assert_cmpint (summary.depth_max, ==, 10);
  g_assert_cmpint (summary.busy_max, ==, 1);
  g_assert_cmpint (summary.time_full_ns, ==, 5 * 500);
  g_assert_cmpint (summary.first_full_ns, ==, 0);
  g_assert_cmpint (summary.makespan_ns, ==, 15 * 500);
  g_assert_cmpfloat (summary.utilisation, ==, 1);
}

static void
test_worker_pool_takes_queue_and_workers (void)
{
  WpRequestResult results[10];
  WpSummary summary;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.queue_jobs = 3;
  policy.workers = 4;
  policy.when_full = WP_WHEN_FULL_REJECT;
  run_burst (&policy, WP_TIME_NONE, 10, 500, results, &summary);
  g_assert_cmpuint (summary.accepted, ==, 7);
  g_assert_cmpuint (summary.rejected, ==, 3);
  g_assert_cmpuint (summary.blocked, ==, 0);
  g_assert_cmpint (summary.busy_max, ==, 4);
  g_assert_cmpint (results[9].outcome, ==, WP_OUTCOME_REJECTED);
  g_assert_cmpint (results[9].accepted_ns, ==, WP_TIME_NONE);
}

static void
test_default_never_waits (void)
{
  WpRequestResult results[1000];
  WpSummary summary;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_DEFAULT);
  run_burst (&policy, 0, 1000, 500, results, &summary);
  g_assert_cmpuint (summary.accepted, ==, 1000);
  g_assert_cmpint (summary.busy_max, ==, 1000);
  g_assert_cmpint (summary.wait.max, ==, 0);
  g_assert_cmpint (summary.time_full_ns, ==, WP_TIME_NONE);
  g_assert_true (isnan (summary.utilisation));
}

static void
test_place_frees_at_timeout (void)
{
  WpRequestResult results[4];
  WpSummary summary;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
  policy.queue_jobs = 1;
  policy.block_timeout_ns = 500;
  run_burst (&policy, 500, 4, 500, results, &summary);
  g_assert_cmpint (results[2].outcome, ==, WP_OUTCOME_STORED);
  g_assert_cmpint (results[2].accepted_ns, ==, 500);
  /* and not abandoned: the timeout wins a tie */
  g_assert_cmpint (results[3].outcome, ==, WP_OUTCOME_TIMED_OUT);
  g_assert_cmpint (results[3].ended_ns, ==, 500);
}

/* One worker, a queue of two, three at once: with --ack=stored the second and third leave at 700. There the
 * fourth, which was parked, gets a place, and leaves at 800. The worker is free at 1000, and idle until the
 * fifth comes. */
static void
test_queued_jobs_are_dropped (void)
{
  const WpRow rows[] = { { .arrival_ns = 0 },
                         { .arrival_ns = 0 },
                         { .arrival_ns = 0 },
                         { .arrival_ns = 100 },
                         { .arrival_ns = 1100 } };
  const gint64 services_ns[] = { 1000, 1000, 1000, 1000, 1000 };
  WpRequestResult v[5];
  WpSummary summary;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
  policy.queue_jobs = 2;
  policy.ack = WP_ACK_STORED;
  run_model (&policy, 700, rows, services_ns, 5, v, &summary);
  for (guint i = 1; i < 4; i++)
    {
      g_assert_cmpint (v[i].outcome, ==, WP_OUTCOME_ABANDONED);
      g_assert_cmpint (v[i].started_ns, ==, WP_TIME_NONE);
      g_assert_cmpint (v[i].ended_ns, ==, rows[i].arrival_ns + 700);
    }
  g_assert_cmpint (v[2].accepted_ns, ==, 0);
  g_assert_cmpint (v[3].accepted_ns, ==, 700);
  g_assert_true (v[3].blocked);
  g_assert_cmpint (v[4].started_ns, ==, 1100);
  g_assert_cmpuint (summary.accepted, ==, 5);
  g_assert_cmpuint (summary.abandoned, ==, 3);
  g_assert_cmpint (summary.wait.max, ==, 0);
  g_assert_cmpint (summary.depth_max, ==, 2);
  g_assert_cmpint (summary.time_full_ns, ==, 700);
  g_assert_cmpfloat (summary.throughput, ==, 2 / 2100e-9); /* two were served, from 0 to 2100 */

  policy.keep_abandoned = TRUE;
  run_model (&policy, 700, rows, services_ns, 5, v, &summary);
  g_assert_cmpint (v[2].started_ns, ==, 2000);
  g_assert_cmpint (v[3].outcome, ==, WP_OUTCOME_ABANDONED); /* it was parked until 1000, and left at 800 */
  g_assert_cmpint (v[3].accepted_ns, ==, WP_TIME_NONE);
  g_assert_cmpuint (summary.abandoned, ==, 1);
}

static void
test_times_beyond_292_years (void)
{
  const gint64 services_ns[] = { G_MAXINT64, 1 };
  const WpRow rows[2] = { { .arrival_ns = 0 }, { .arrival_ns = 0 } };
  g_autoptr (WpModel) model = NULL;
  WpPolicy policy;
  WpLayout layout;

  wp_policy_init (&policy, WP_MODE_BUFFERED_CHANNEL);
  wp_policy_layout (&policy, &layout);
  model = wp_model_new (&layout, WP_TIME_NONE);
  g_assert_true (wp_model_offer (model, rows, services_ns, 1, NULL));
  g_assert_false (wp_model_offer (model, rows + 1, services_ns + 1, 1, NULL));
}

/* A queue of a billion places costs what the longest line does. */
static void
test_memory_is_independent_of_sizes (void)
{
  WpRequestResult results[3];
  WpSummary summary;
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.queue_jobs = policy.workers = WP_UNBOUNDED - 1;
  run_burst (&policy, WP_TIME_NONE, 3, 500, results, &summary);
  g_assert_cmpint (summary.busy_max, ==, 3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/equals-naive", test_equals_naive);
  g_test_add_func ("/model/changes-equal-naive", test_changes_equal_naive);
  g_test_add_func ("/model/dispatched-equals-naive", test_dispatched_equals_naive);
  g_test_add_func ("/model/buffered-channel-takes-one-more-than-its-queue",
                   test_buffered_channel_takes_one_more_than_its_queue);
  g_test_add_func ("/model/worker-pool-takes-queue-and-workers", test_worker_pool_takes_queue_and_workers);
  g_test_add_func ("/model/default-never-waits", test_default_never_waits);
  g_test_add_func ("/model/place-frees-at-timeout", test_place_frees_at_timeout);
  g_test_add_func ("/model/queued-jobs-are-dropped", test_queued_jobs_are_dropped);
  g_test_add_func ("/model/times-beyond-292-years", test_times_beyond_292_years);
  g_test_add_func ("/model/memory-is-independent-of-sizes", test_memory_is_independent_of_sizes);

  return g_test_run ();
}
