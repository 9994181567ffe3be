/* One pass over the line answers every size of the queue as the model does with that size. */
#include "sim/wp-line.h"

#include "sim/wp-model.h"
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

static WpLine *
run_line (const RandomLoad *load, guint workers, guint parts, const guint *queues, guint n_queues)
{
  g_autoptr(WpLine) line = wp_line_new (workers, parts, queues, n_queues);
  gint64 arrivals_ns[RANDOM_LOAD_MOST];
  gsize half = load->n_rows / 2;

  for (gsize i = 0; i < load->n_rows; i++)
    arrivals_ns[i] = load->rows[i].arrival_ns;
  g_assert_true (wp_line_offer (line, arrivals_ns, load->services_ns, half));
  g_assert_true (wp_line_offer (line, arrivals_ns + half, load->services_ns + half, load->n_rows - half));
  wp_line_finish (line);

  return g_steal_pointer (&line);
}

static void
check (const RandomLoad *load, guint workers)
{
  guint queues[QUEUES];
  g_autoptr(WpLine) line = NULL;
  g_autoptr(WpLine) lean = NULL;

  for (guint i = 0; i < QUEUES; i++)
    queues[i] = i < QUEUES - 1 ? i : RANDOM_LOAD_MOST + 1;
  line = run_line (load, workers, WP_LINE_ALL, queues, QUEUES);
  lean = run_line (load, workers, 0, NULL, 0);
  for (guint i = 0; i < QUEUES; i++)
    {
      WpFigures from_line, from_model;
      const char *differs;

      wp_line_figures (line, queues[i], &from_line);
      run_model (load, workers, queues[i], &from_model);
      if ((differs = compare_figures (&from_line, &from_model)))
        g_error ("%u workers, queue %u: %s differs: %.17g, the model's %.17g", workers, queues[i], differs,
                 wp_metric_value (wp_metric_find (differs), &from_line), wp_metric_value (wp_metric_find (differs), &from_model));
      g_assert_cmpint (from_model.blocked == 0, ==, wp_line_longest (line) <= queues[i]);
      g_assert_cmpint (from_model.time_full_ns > 0, ==, wp_line_fills (line, queues[i]));
      g_assert_cmpuint (wp_line_blocked (lean, queues[i]), ==, from_model.blocked);
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

static void
test_overflow (void)
{
  g_autoptr(WpLine) line = wp_line_new (1, WP_LINE_ALL, NULL, 0);
  const gint64 arrivals_ns[] = { 0, 1 }, services_ns[] = { G_MAXINT64 - 1, 2 };

  g_assert_false (wp_line_offer (line, arrivals_ns, services_ns, 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/line/equals-model", test_equals_model);
  g_test_add_func ("/line/overflow", test_overflow);

  return g_test_run ();
}
