/* Models on a thread of their own have the figures of models that get the rows directly. */
#include "sim/model/wp-model-thread.h"

#include "sim/stats/wp-random.h"
#include "tests/unit/compare-summary.h"

#define MODELS   2
#define MAX_ROWS 200000 /* more than all blocks hold, so that the offering thread has to wait */

static const WpLayout layouts[MODELS]
    = { { 10, 4, FALSE, WP_TIME_NONE, TRUE }, { 0, 9, TRUE, WP_TIME_NONE, TRUE } };

typedef struct {
  WpRow *rows;
  gint64 *services_ns;
  gsize n;
} Load;

static void
load_make (Load *self, WpRandom *random, gsize n)
{
  gint64 arrival_ns = 0;

  *self = (Load){ g_new0 (WpRow, n), g_new (gint64, n), n };
  for (gsize i = 0; i < n; i++)
    {
      arrival_ns += (gint64) wp_random_below (random, 1000);
      self->rows[i].arrival_ns = arrival_ns;
      self->services_ns[i] = (gint64) wp_random_below (random, 4000);
    }
}

static void
load_clear (Load *self)
{
  g_free (self->rows);
  g_free (self->services_ns);
}

/* In portions of random lengths. */
static void
offer (WpModelThread *thread, const Load *load, WpRandom *random)
{
  for (gsize done = 0, n; done < load->n; done += n)
    {
      n = 1 + wp_random_below (random, 6000);
      n = MIN (n, load->n - done);
      wp_model_thread_offer (thread, load->rows + done, load->services_ns + done, n);
    }
}

static void
check (WpRandom *random, gsize n)
{
  WpModel *models[MODELS];
  g_autoptr (WpModelThread) thread = NULL;
  Load load;

  load_make (&load, random, n);
  for (guint i = 0; i < MODELS; i++)
    models[i] = wp_model_new (&layouts[i], WP_TIME_NONE);
  thread = wp_model_thread_new (models, MODELS);
  offer (thread, &load, random);
  g_assert_true (wp_model_thread_finish (thread));
  for (guint i = 0; i < MODELS; i++)
    {
      g_autoptr (WpModel) alone = wp_model_new (&layouts[i], WP_TIME_NONE);
      WpSummary summary, expected;

      g_assert_true (wp_model_offer (alone, load.rows, load.services_ns, load.n, NULL));
      wp_model_finish (alone, &expected);
      wp_model_finish (models[i], &summary);
      g_assert_cmpstr (compare_figures (&summary, &expected), ==, NULL);
      g_assert_cmpint (expected.requests, ==, (gint64) n);
      wp_model_free (models[i]);
    }
  load_clear (&load);
}

static void
test_equals_models_alone (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  wp_random_init (&random, seed, 0);
  check (&random, 1);
  check (&random, 4096); /* a whole block */
  check (&random, MAX_ROWS);
  for (guint i = 0; i < 10; i++)
    check (&random, 1 + wp_random_below (&random, MAX_ROWS));
}

/* Freed in the midst of it, as after a bad row. */
static void
test_freed_early (void)
{
  WpRandom random;
  WpModel *model = wp_model_new (&layouts[0], WP_TIME_NONE);
  WpModelThread *thread = wp_model_thread_new (&model, 1);
  Load load;

  wp_random_init (&random, 1, 0);
  load_make (&load, &random, MAX_ROWS);
  offer (thread, &load, &random);
  wp_model_thread_free (thread);
  wp_model_free (model);
  load_clear (&load);
}

static void
test_times_beyond_292_years (void)
{
  const WpRow rows[] = {
    { .arrival_ns = 0 }, { .arrival_ns = 1 }, { .arrival_ns = 2 }, { .arrival_ns = 3 }, { .arrival_ns = 4 }
  };
  const gint64 services_ns[]
      = { G_MAXINT64 - 9, G_MAXINT64 - 9, G_MAXINT64 - 9, G_MAXINT64 - 9, G_MAXINT64 - 9 };
  g_autoptr (WpModel) model = wp_model_new (&layouts[0], WP_TIME_NONE);
  g_autoptr (WpModelThread) thread = wp_model_thread_new (&model, 1);

  wp_model_thread_offer (thread, rows, services_ns, G_N_ELEMENTS (rows));
  g_assert_false (wp_model_thread_finish (thread));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model-thread/equals-models-alone", test_equals_models_alone);
  g_test_add_func ("/model-thread/freed-early", test_freed_early);
  g_test_add_func ("/model-thread/times-beyond-292-years", test_times_beyond_292_years);

  return g_test_run ();
}
