/* One pass over the line answers every size of the queue as the model does with that size. */
#include "sim/plan/wp-backlog-avx2.h"

#include "sim/model/wp-model.h"
#include "sim/trace/wp-scale.h"
#include "tests/unit/compare-figures.h"
#include "tests/unit/random-load.h"

#define N_LOADS 5000
#define QUEUES 8

static void
run_model (const RandomLoad *load, guint workers, guint queue_jobs, WpFigures *figures)
{
  WpLayout layout = { queue_jobs, workers, FALSE, WP_TIME_NONE, TRUE };
  g_autoptr(WpModel) model = wp_model_new (&layout, WP_TIME_NONE);

  g_assert_true (wp_model_offer (model, load->rows, load->services_ns, load->n_rows, NULL));
  wp_model_finish (model, figures);
}

static WpBacklog *
run_line (const RandomLoad *load, guint workers, guint parts, const guint *queues, guint n_queues)
{
  g_autoptr(WpBacklog) line = wp_backlog_new (workers, parts, queues, n_queues);
  gint64 arrivals_ns[RANDOM_LOAD_MOST];
  gsize half = load->n_rows / 2;

  for (gsize i = 0; i < load->n_rows; i++)
    arrivals_ns[i] = load->rows[i].arrival_ns;
  g_assert_true (wp_backlog_offer (line, arrivals_ns, load->services_ns, half));
  g_assert_true (wp_backlog_offer (line, arrivals_ns + half, load->services_ns + half, load->n_rows - half));
  wp_backlog_finish (line);

  return g_steal_pointer (&line);
}

static void
check (const RandomLoad *load, guint workers)
{
  guint queues[QUEUES];
  g_autoptr(WpBacklog) line = NULL;
  g_autoptr(WpBacklog) lean = NULL;

  for (guint i = 0; i < QUEUES; i++)
    queues[i] = i < QUEUES - 1 ? i : RANDOM_LOAD_MOST + 1;
  line = run_line (load, workers, WP_BACKLOG_ALL, queues, QUEUES);
  lean = run_line (load, workers, 0, NULL, 0);
  for (guint i = 0; i < QUEUES; i++)
    {
      WpFigures from_line, from_model;
      const char *differs;

      wp_backlog_figures (line, queues[i], &from_line);
      run_model (load, workers, queues[i], &from_model);
      if ((differs = compare_figures (&from_line, &from_model)))
        g_error ("%u workers, queue %u: %s differs: %.17g, the model's %.17g", workers, queues[i], differs,
                 wp_metric_value (wp_metric_find (differs), &from_line), wp_metric_value (wp_metric_find (differs), &from_model));
      g_assert_cmpint (from_model.blocked == 0, ==, wp_backlog_longest (line) <= queues[i]);
      g_assert_cmpint (from_model.time_full_ns > 0, ==, wp_backlog_fills (line, queues[i]));
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
assert_same_waiting (const WpBacklog *lane, const WpBacklog *line, guint watched)
{
  guint64 longest = wp_backlog_longest (line);
  guint queues[] = { 0, longest > 0 ? (guint) longest - 1 : 0, (guint) longest, (guint) longest + 1, watched };

  g_assert_cmpuint (wp_backlog_longest (lane), ==, longest);
  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    {
      WpFigures one, other;

      g_assert_true (wp_backlog_knows (lane, queues[i]));
      wp_backlog_figures (lane, queues[i], &one);
      wp_backlog_figures (line, queues[i], &other);
      g_assert_cmpuint (one.blocked, ==, other.blocked);
      g_assert_cmpuint (one.blocked_peak, ==, other.blocked_peak);
      g_assert_cmpint (one.wait.p50, ==, other.wait.p50);
      g_assert_cmpint (one.wait.p90, ==, other.wait.p90);
      g_assert_cmpint (one.wait.p99, ==, other.wait.p99);
      g_assert_cmpint (one.wait.p999, ==, other.wait.p999);
      g_assert_cmpint (one.wait.max, ==, other.wait.max);
      g_assert_cmpint (wp_backlog_fills (lane, queues[i]), ==, wp_backlog_fills (line, queues[i]));
    }
}

static void
assert_same_side (gint64 one_ns, gint64 other_ns, gint64 bound_ns)
{
  g_assert_cmpint ((one_ns > bound_ns) - (one_ns < bound_ns), ==, (other_ns > bound_ns) - (other_ns < bound_ns));
}

/* Of lanes that are asked only about that bound. */
static void
assert_same_judgement (const WpBacklog *lane, const WpBacklog *line, gint64 bound_ns)
{
  WpFigures one, other;

  wp_backlog_figures (lane, 0, &one);
  wp_backlog_figures (line, 0, &other);
  assert_same_side (one.wait.p50, other.wait.p50, bound_ns);
  assert_same_side (one.wait.p90, other.wait.p90, bound_ns);
  assert_same_side (one.wait.p99, other.wait.p99, bound_ns);
  assert_same_side (one.wait.p999, other.wait.p999, bound_ns);
  g_assert_cmpint (one.wait.max, ==, other.wait.max);
  g_assert_cmpuint (one.blocked, ==, other.blocked);
  g_assert_cmpuint (wp_backlog_longest (lane), ==, wp_backlog_longest (line));
}

/* Of times up to @most_ns, in blocks of random lengths. */
static void
check_lanes (WpRandom *random, guint64 most_ns)
{
  guint workers[WP_BACKLOG_AVX2_LANES], n = 1 + (guint) wp_random_below (random, WP_BACKLOG_AVX2_LANES);
  static const double some_scales[] = { 1, 2, 0.25, 1.7, 1.01, 1 / 3.0 };
  gint64 arrivals_ns[3000], services_ns[3000], now_ns = 0;
  guint n_scales = 1 + (guint) wp_random_below (random, G_N_ELEMENTS (some_scales)), watched = (guint) wp_random_below (random, 30);
  guint64 gap = 1 + most_ns / (1 + wp_random_below (random, 40));
  g_autoptr(WpBacklogAvx2) lanes = NULL;
  g_autoptr(WpBacklogAvx2) judges = NULL;
  gint64 bound_ns = wp_random_below (random, 8) == 0 ? (gint64) wp_random_below (random, 3) : (gint64) wp_random_below (random, 3 * most_ns);
  double scales[WP_BACKLOG_AVX2_LANES];

  for (guint i = 0; i < n; i++)
    scales[i] = some_scales[wp_random_below (random, n_scales)];
  for (guint i = 0; i < n; i++)
    workers[i] = 1 + (guint) wp_random_below (random, wp_random_below (random, 4) == 0 ? WP_BACKLOG_AVX2_WORKERS : 12);
  lanes = wp_backlog_avx2_new (workers, scales, n, watched, WP_TIME_NONE);
  judges = wp_backlog_avx2_new (workers, scales, n, watched, bound_ns);
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
      g_assert_true (wp_backlog_avx2_offer (lanes, arrivals_ns + done, services_ns + done, length));
      g_assert_true (wp_backlog_avx2_offer (judges, arrivals_ns + done, services_ns + done, length));
    }
  for (guint i = 0; i < n; i++)
    {
      g_autoptr(WpBacklog) lane = wp_backlog_avx2_finish (lanes, i);
      g_autoptr(WpBacklog) judge = wp_backlog_avx2_finish (judges, i);
      g_autoptr(WpBacklog) line = wp_backlog_new (workers[i], 0, NULL, 0);
      gint64 scaled_ns[G_N_ELEMENTS (arrivals_ns)];

      for (guint j = 0; j < G_N_ELEMENTS (arrivals_ns); j++)
        scaled_ns[j] = wp_scale_arrival (arrivals_ns[j], scales[i]);
      g_assert_true (wp_backlog_offer (line, scaled_ns, services_ns, G_N_ELEMENTS (services_ns)));
      wp_backlog_finish (line);
      assert_same_waiting (lane, line, watched);
      assert_same_judgement (judge, line, bound_ns);
    }
}

static void
test_lanes_equal_line (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  if (!wp_backlog_avx2_is_available ())
    {
      g_test_skip ("this processor has no AVX2, so that there are no lanes");
      return;
    }
  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < 300; i++)
    check_lanes (&random, i % 3 == 0 ? 20 : i % 3 == 1 ? 3000 : 100000000000);
}

static void
test_too_long_for_lanes (void)
{
  const gint64 arrivals_ns[] = { 0, 1 }, services_ns[] = { (G_GINT64_CONSTANT (1) << 52) - 1, 1 };
  const double scales[] = { 1, 1 };
  const guint workers[] = { 1, 2 };
  g_autoptr(WpBacklogAvx2) lanes = NULL;

  if (!wp_backlog_avx2_is_available ())
    {
      g_test_skip ("this processor has no AVX2, so that there are no lanes");
      return;
    }
  lanes = wp_backlog_avx2_new (workers, scales, 2, 0, WP_TIME_NONE);
  g_assert_false (wp_backlog_avx2_offer (lanes, arrivals_ns, services_ns, 2));
}

static void
test_overflow (void)
{
  g_autoptr(WpBacklog) line = wp_backlog_new (1, WP_BACKLOG_ALL, NULL, 0);
  const gint64 arrivals_ns[] = { 0, 1 }, services_ns[] = { G_MAXINT64 - 1, 2 };

  g_assert_false (wp_backlog_offer (line, arrivals_ns, services_ns, 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line/equals-model", test_equals_model);
  g_test_add_func ("/line/overflow", test_overflow);
  g_test_add_func ("/line/lanes-equal-line", test_lanes_equal_line);
  g_test_add_func ("/line/too-long-for-lanes", test_too_long_for_lanes);

  return g_test_run ();
}
