/* Two runs compared: are the intervals as wide as they should be, and what do pairs gain? Seeds are fixed. */
#include <math.h>

#include "sim/compare/wp-run-difference.h"
#include "sim/stats/wp-random.h"

#define N 4000

/* M/M/1 at @load, services of 1 ms on average: waits of neighbours depend on each other. @trace: of arrivals
 * and services; @noise: of what else happens in a run. */
static WpRow *
draw_run (double load, guint64 trace, guint64 noise, double extra_ns)
{
  WpRow *rows = g_new (WpRow, N);
  double arrival = 0, free_at = 0;
  WpRandom random, other;

  wp_random_init (&random, trace, 7);
  wp_random_init (&other, noise, 8);
  for (guint i = 0; i < N; i++)
    {
      arrival += 1e6 / load * wp_random_exponential (&random);
      free_at = MAX (free_at, arrival) + 1e6 * wp_random_exponential (&random);
      rows[i] = (WpRow) WP_ROW_INIT;
      rows[i].arrival_ns = (gint64) arrival;
      rows[i].ended_ns = (gint64) (free_at + 1e5 * wp_random_exponential (&other) + extra_ns);
      rows[i].status = 200;
    }
  return rows;
}

static void
name_rows (WpRow *rows, char (*ids)[12])
{
  for (guint i = 0; i < N; i++)
    {
      g_snprintf (ids[i], sizeof ids[i], "r%u", i);
      rows[i].id = ids[i];
    }
}

static void
compute (WpRunDifference *self, const WpRow *a, const WpRow *b)
{
  wp_run_difference_compute (self, (const WpRow *const[]){ a, b }, (const gsize[]){ N, N }, 1);
}

/* Of pairs of independent runs of one load some 95 % of the intervals hold 0, though half of the requests
 * wait: were single requests drawn, far fewer would. */
static void
test_coverage (void)
{
  const guint n_pairs = 25;
  guint n_mean = 0, n_p90 = 0;

  for (guint i = 0; i < n_pairs; i++)
    {
      g_autofree WpRow *a = draw_run (0.5, 2 * i, 1, 0), *b = draw_run (0.5, 2 * i + 1, 2, 0);
      g_auto (WpRunDifference) difference;

      compute (&difference, a, b);
      g_assert_cmpuint (difference.n_blocks, ==, 40);
      g_assert_false (difference.is_paired);
      n_mean += !wp_run_figure_differs (&difference.figures[0]);
      n_p90 += !wp_run_figure_differs (&difference.figures[2]);
    }
  g_test_message ("mean %u, p90 %u of %u", n_mean, n_p90, n_pairs);
  g_assert_cmpuint (n_mean, >=, 21);
  g_assert_cmpuint (n_p90, >=, 21);
}

/* 30 us more are seen in pairs, and not without them. */
static void
test_pairs (void)
{
  g_autofree WpRow *a = draw_run (0.8, 5, 1, 0), *b = draw_run (0.8, 5, 2, 30e3);
  g_autofree char (*ids)[12] = g_malloc (N * sizeof *ids);
  g_auto (WpRunDifference) apart, paired, again;
  const WpRunFigure *mean;

  compute (&apart, a, b);
  name_rows (a, ids);
  name_rows (b, ids);
  compute (&paired, a, b);
  compute (&again, a, b);
  mean = &paired.figures[0];

  g_assert_false (wp_run_figure_differs (&apart.figures[0]));
  g_assert_true (paired.is_paired);
  g_assert_cmpuint (paired.n_paired, ==, N);
  g_assert_true (wp_run_figure_differs (mean));
  g_assert_cmpfloat (mean->low_ns, >, 15e3);
  g_assert_cmpfloat (mean->high_ns, <, 45e3);
  g_assert_cmpfloat (mean->low_ns, ==, again.figures[0].low_ns); /* the seed's */
  g_assert_cmpfloat (mean->high_ns, ==, again.figures[0].high_ns);
}

/* A request without a response has no latency; few have no intervals; and the tail needs responses beyond it.
 */
static void
test_little (void)
{
  g_autofree WpRow *a = draw_run (0.5, 1, 1, 0), *b = draw_run (0.5, 2, 2, 0);
  g_auto (WpRunDifference) difference;

  for (guint i = 90; i < N; i++)
    {
      b[i].status = 0;
      b[i].outcome = i % 2 ? WP_OUTCOME_FAILED : WP_OUTCOME_ABANDONED;
    }
  b[0].status = 503;
  b[0].outcome = WP_OUTCOME_FAILED; /* with a response all the same */
  compute (&difference, a, b);
  g_assert_cmpuint (difference.runs[0].n_responses, ==, N);
  g_assert_cmpuint (difference.runs[1].n_responses, ==, 90);
  g_assert_cmpuint (difference.runs[1].n_status[200], ==, 89);
  g_assert_cmpuint (difference.runs[1].n_status[503], ==, 1);
  g_assert_cmpuint (difference.n_blocks, ==, 0);
  for (guint f = 0; f < WP_RUN_FIGURES; f++)
    g_assert_false (difference.figures[f].has_interval);
}

static void
test_tail (void)
{
  g_autofree WpRow *a = draw_run (0.5, 1, 1, 0), *b = draw_run (0.5, 2, 2, 0);
  g_auto (WpRunDifference) difference;

  compute (&difference, a, b);
  g_assert_true (difference.figures[4].has_interval);  /* p99: 40 responses beyond */
  g_assert_false (difference.figures[5].has_interval); /* p99.9: 4 */
  g_assert_false (difference.figures[6].has_interval); /* the maximum */
}

/* At a load where the waits of whole blocks depend on each other, that is noticed. */
static void
test_correlation (void)
{
  g_autofree WpRow *a = draw_run (0.5, 1, 1, 0), *b = draw_run (0.98, 2, 2, 0);
  g_auto (WpRunDifference) calm, busy;

  compute (&calm, a, a);
  compute (&busy, a, b);
  g_assert_cmpfloat (calm.correlation, <, 0.3);
  g_assert_cmpfloat (busy.correlation, >, 0.3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-difference/coverage", test_coverage);
  g_test_add_func ("/run-difference/pairs", test_pairs);
  g_test_add_func ("/run-difference/little", test_little);
  g_test_add_func ("/run-difference/tail", test_tail);
  g_test_add_func ("/run-difference/correlation", test_correlation);
  return g_test_run ();
}
