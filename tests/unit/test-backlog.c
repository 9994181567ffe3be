/* One pass over the backlog gives the figures of every queue size, equal to the model's with that size. */
#include "sim/plan/wp-backlog-avx2.h"

#include <math.h>

#include "sim/model/wp-model.h"
#include "tests/unit/compare-summary.h"
#include "tests/unit/random-load.h"

#define N_LOADS     5000
#define QUEUES      8
#define MAX_WORKERS 128 /* of AVX2 */

static void
run_model (const RandomLoad *load, guint workers, guint queue_jobs, WpSummary *summary)
{
  WpLayout layout = { queue_jobs, workers, FALSE, WP_TIME_NONE, TRUE };
  g_autoptr (WpModel) model = wp_model_new (&layout, WP_TIME_NONE);

  g_assert_true (wp_model_offer (model, load->rows, load->services_ns, load->n_rows, NULL));
  wp_model_finish (model, summary);
}

static WpBacklog *
run_backlog (const RandomLoad *load, guint workers, guint parts, const guint *queues, guint n_queues,
             guint bound)
{
  g_autoptr (WpBacklog) backlog = wp_backlog_new (workers, parts, queues, n_queues);
  gint64 arrivals_ns[RANDOM_LOAD_MAX];
  gsize half = load->n_rows / 2;

  wp_backlog_bound (backlog, bound);
  for (gsize i = 0; i < load->n_rows; i++)
    arrivals_ns[i] = load->rows[i].arrival_ns;
  g_assert_true (wp_backlog_offer (backlog, arrivals_ns, load->services_ns, half));
  g_assert_true (
      wp_backlog_offer (backlog, arrivals_ns + half, load->services_ns + half, load->n_rows - half));
  wp_backlog_finish (backlog);

  return g_steal_pointer (&backlog);
}

static void
check (const RandomLoad *load, guint workers)
{
  guint queues[QUEUES];
  g_autoptr (WpBacklog) backlog = NULL;
  g_autoptr (WpBacklog) bounded = NULL;
  g_autoptr (WpBacklog) lean = NULL;
  guint bound = (guint) g_test_rand_int_range (0, QUEUES - 1);

  for (guint i = 0; i < QUEUES; i++)
    queues[i] = i < QUEUES - 1 ? i : RANDOM_LOAD_MAX + 1;
  backlog = run_backlog (load, workers, WP_BACKLOG_ALL, queues, QUEUES, G_MAXUINT);
  bounded = run_backlog (load, workers, WP_BACKLOG_ALL, queues, QUEUES, bound);
  lean = run_backlog (load, workers, 0, NULL, 0, G_MAXUINT);
  for (guint i = 0; i < QUEUES; i++)
    {
      WpSummary from_backlog, from_model;
      const char *differs;

      wp_backlog_summary (backlog, queues[i], &from_backlog);
      run_model (load, workers, queues[i], &from_model);
      if ((differs = compare_figures (&from_backlog, &from_model)))
        g_error ("%u workers, queue %u: %s differs: %.17g, the model's %.17g", workers, queues[i], differs,
                 wp_metric_value (wp_metric_find (differs), &from_backlog),
                 wp_metric_value (wp_metric_find (differs), &from_model));
      if (queues[i] <= bound)
        {
          WpSummary from_bounded;

          wp_backlog_summary (bounded, queues[i], &from_bounded);
          g_assert_cmpstr (compare_figures (&from_bounded, &from_model), ==, NULL);
        }
      g_assert_cmpint (from_model.blocked == 0, ==, wp_backlog_max_length (backlog) <= queues[i]);
      g_assert_cmpint (from_model.time_full_ns > 0, ==, wp_backlog_was_full (backlog, queues[i]));
      g_assert_cmpuint (wp_backlog_blocked (lean, queues[i]), ==, from_model.blocked);
    }
}

static void
test_equals_model (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_LOADS; i++)
    {
      random_load_make (&load, &random);
      check (&load, 1 + (guint) wp_random_below (&random, 6));
    }
}

/* A wait's percentiles are those of its buckets either way. */
static void
assert_same (const WpBacklog *reduced, const WpBacklog *full)
{
  guint64 longest = wp_backlog_max_length (full);
  guint queues[] = { 0,
                     1,
                     (guint) longest / 2,
                     longest > 1 ? (guint) longest - 2 : 0,
                     longest > 0 ? (guint) longest - 1 : 0,
                     (guint) longest,
                     (guint) longest + 1 };

  g_assert_cmpuint (wp_backlog_max_length (reduced), ==, longest);
  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    {
      guint queue_jobs = queues[i];
      WpSummary one, other;

      g_assert_cmpint (wp_backlog_is_exact (reduced, queue_jobs), ==, queue_jobs + 1 >= longest);
      wp_backlog_summary (reduced, queue_jobs, &one);
      wp_backlog_summary (full, queue_jobs, &other);
      if (wp_backlog_is_exact (reduced, queue_jobs))
        g_assert_cmpuint (one.blocked, ==, other.blocked);
      g_assert_cmpuint (one.blocked, >=, queue_jobs < longest ? 1 : 0);
      g_assert_cmpuint (one.blocked, <=, other.blocked);
      g_assert_cmpuint (one.blocked_peak, ==, other.blocked_peak);
      g_assert_cmpint (one.wait.p50, ==, other.wait.p50);
      g_assert_cmpint (one.wait.p90, ==, other.wait.p90);
      g_assert_cmpint (one.wait.p99, ==, other.wait.p99);
      g_assert_cmpint (one.wait.p999, ==, other.wait.p999);
      g_assert_cmpint (one.wait.max, ==, other.wait.max);
      g_assert_true (isnan (one.wait.mean));
      g_assert_cmpint (wp_backlog_was_full (reduced, queue_jobs), ==, wp_backlog_was_full (full, queue_jobs));
    }
}

/* Of times up to @most_ns, in blocks of random lengths; some are dropped on the way. */
static void
check_avx2 (WpRandom *random, guint64 most_ns)
{
  guint workers[WP_BACKLOG_AVX2_LANES], n = 1 + (guint) wp_random_below (random, WP_BACKLOG_AVX2_LANES);
  guint dropped = (guint) wp_random_below (random, 2 * WP_BACKLOG_AVX2_LANES);
  gint64 arrivals_ns[3000], services_ns[3000], now_ns = 0;
  guint64 gap = 1 + most_ns / (1 + wp_random_below (random, 40));
  g_autoptr (WpBacklogAvx2) backlogs = NULL;

  for (guint i = 0; i < n; i++)
    workers[i] = 1 + (guint) wp_random_below (random, wp_random_below (random, 4) == 0 ? MAX_WORKERS : 12);
  backlogs = wp_backlog_avx2_new (workers, n);
  for (guint i = 0; i < G_N_ELEMENTS (services_ns); i++)
    {
      arrivals_ns[i] = now_ns;
      services_ns[i] = (gint64) wp_random_below (random, most_ns);
      now_ns += wp_random_below (random, 3) == 0 ? 0 : (gint64) wp_random_below (random, gap);
    }
  for (gsize done = 0, length; done < G_N_ELEMENTS (services_ns); done += length)
    {
      length = 1 + wp_random_below (random, 2000);
      length = MIN (length, G_N_ELEMENTS (services_ns) - done);
      g_assert_true (wp_backlog_avx2_offer (backlogs, arrivals_ns + done, services_ns + done, length));
      if (dropped < n)
        wp_backlog_avx2_stop (backlogs, dropped);
    }
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (WpBacklog) reduced = wp_backlog_avx2_finish (backlogs, i);
      g_autoptr (WpBacklog) full = wp_backlog_new (workers[i], 0, NULL, 0);

      g_assert_true (wp_backlog_offer (full, arrivals_ns, services_ns, G_N_ELEMENTS (services_ns)));
      wp_backlog_finish (full);
      if (i != dropped)
        assert_same (reduced, full);
    }
}

static void
test_avx2_equals_backlog (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  if (!wp_backlog_avx2_supports (1))
    {
      g_test_skip ("this processor has no AVX2");
      return;
    }
  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 300; i++)
    check_avx2 (&random, i % 3 == 0 ? 20 : i % 3 == 1 ? 3000 : 100000000000);
}

static void
test_too_long_for_avx2 (void)
{
  const gint64 arrivals_ns[] = { 0, 1 }, services_ns[] = { (G_GINT64_CONSTANT (1) << 52) - 1, 1 };
  const guint workers[] = { 1, 2 };
  g_autoptr (WpBacklogAvx2) backlogs = NULL;

  if (!wp_backlog_avx2_supports (1))
    {
      g_test_skip ("this processor has no AVX2");
      return;
    }
  backlogs = wp_backlog_avx2_new (workers, 2);
  g_assert_false (wp_backlog_avx2_offer (backlogs, arrivals_ns, services_ns, 2));
  g_assert_true (wp_backlog_avx2_supports (MAX_WORKERS));
  g_assert_false (wp_backlog_avx2_supports (MAX_WORKERS + 1));
}

static void
test_overflow (void)
{
  g_autoptr (WpBacklog) backlog = wp_backlog_new (1, WP_BACKLOG_ALL, NULL, 0);
  const gint64 arrivals_ns[] = { 0, 1 }, services_ns[] = { G_MAXINT64 - 1, 2 };

  g_assert_false (wp_backlog_offer (backlog, arrivals_ns, services_ns, 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backlog/equals-model", test_equals_model);
  g_test_add_func ("/backlog/overflow", test_overflow);
  g_test_add_func ("/backlog/avx2-equals-backlog", test_avx2_equals_backlog);
  g_test_add_func ("/backlog/too-long-for-avx2", test_too_long_for_avx2);

  return g_test_run ();
}
