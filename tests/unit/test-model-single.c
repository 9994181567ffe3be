/* The model's quick way for one worker, held against its slow one: every figure, at random, through full queues and back. */
#include <string.h>

#include "sim/wp-model.h"
#include "sim/wp-random.h"
#include "tests/unit/compare-figures.h"

#define MOST_ROWS 3000
#define N_RUNS 1500

typedef struct {
  WpLayout layout;
  gint64 patience_ns;
  WpRow rows[MOST_ROWS];
  gint64 services_ns[MOST_ROWS];
  WpVerdict verdicts[MOST_ROWS];
  gsize n_rows;
} Load;

static void
make_load (Load *self, WpRandom *random)
{
  static const guint queues[] = { 1, 2, 40, 300, 600, 2000, WP_UNBOUNDED };
  guint gap = 1 + (guint) wp_random_below (random, 20), service = 1 + (guint) wp_random_below (random, 20);
  gint64 unit_ns = wp_random_below (random, 3) == 0 ? 1 : (gint64) 1 << wp_random_below (random, 42);
  gint64 now_ns = 0;

  self->layout = (WpLayout) { queues[wp_random_below (random, G_N_ELEMENTS (queues))], 1, wp_random_below (random, 4) == 0, WP_TIME_NONE, TRUE };
  self->patience_ns = wp_random_below (random, 3) == 0 ? (gint64) wp_random_below (random, 100) * unit_ns : WP_TIME_NONE;
  self->n_rows = 1 + wp_random_below (random, MOST_ROWS);
  for (gsize i = 0; i < self->n_rows; i++)
    {
      self->rows[i] = (WpRow) { .arrival_ns = now_ns, .bytes = -1, .blocked = -1 };
      self->services_ns[i] = (gint64) wp_random_below (random, service) * unit_ns;
      now_ns += (gint64) wp_random_below (random, gap) * unit_ns;
      if (wp_random_below (random, 500) == 0)
        now_ns += 5000 * unit_ns;   /* the queue empties */
    }
}

static gboolean
run (Load *self, WpRandom *random, gboolean quick, WpFigures *figures)
{
  g_autoptr(WpModel) model = wp_model_new (&self->layout, self->patience_ns);

  for (gsize i = 0, n; i < self->n_rows; i += n)
    {
      n = 1 + wp_random_below (random, 700);
      n = MIN (n, self->n_rows - i);
      if (!wp_model_offer (model, self->rows + i, self->services_ns + i, n, quick ? NULL : self->verdicts + i))
        return FALSE;
    }
  wp_model_finish (model, figures);

  return TRUE;
}

static void
test_equal (void)
{
  guint64 seed = (guint64) g_test_rand_int ();
  g_autofree Load *load = g_new (Load, 1);
  guint n_overflows = 0, n_blocked = 0;
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_RUNS; i++)
    {
      WpFigures slow, quick;
      gboolean fits;

      make_load (load, &random);
      fits = run (load, &random, FALSE, &slow);
      g_assert_cmpint (run (load, &random, TRUE, &quick), ==, fits);
      n_overflows += !fits;
      if (!fits)
        continue;
      n_blocked += slow.blocked > 0;
      g_assert_cmpstr (compare_figures (&quick, &slow), ==, NULL);
    }
  g_test_message ("%u loads, %u of them with blocked requests, %u past 292 years", N_RUNS, n_blocked, n_overflows);
  g_assert_cmpuint (n_blocked, >, N_RUNS / 20);
}

/* The largest times of all: what fits must be counted, what does not must be told. */
static void
test_the_longest_times (void)
{
  const WpLayout layout = { 10, 1, FALSE, WP_TIME_NONE, TRUE };
  const gint64 half_ns = G_MAXINT64 / 2;
  WpRow rows[3] = { { .arrival_ns = 0 }, { .arrival_ns = 1 }, { .arrival_ns = 2 } };
  gint64 services_ns[3] = { half_ns, half_ns, 0 };
  g_autoptr(WpModel) model = wp_model_new (&layout, WP_TIME_NONE);
  WpFigures figures;

  g_assert_true (wp_model_offer (model, rows, services_ns, 3, NULL));
  wp_model_finish (model, &figures);
  g_assert_cmpint (figures.makespan_ns, ==, 2 * half_ns);
  g_assert_cmpint (figures.wait.max, ==, 2 * half_ns - 2);
  services_ns[2] = 2;
  g_clear_pointer (&model, wp_model_free);
  model = wp_model_new (&layout, WP_TIME_NONE);
  g_assert_false (wp_model_offer (model, rows, services_ns, 3, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-single/equal", test_equal);
  g_test_add_func ("/model-single/longest-times", test_the_longest_times);

  return g_test_run ();
}
