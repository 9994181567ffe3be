/* The state at a moment against the naive model's, and the text of the chart. */
#include <string.h>

#include "sim/report/wp-chart.h"
#include "sim/run/wp-timeline.h"
#include "tests/unit/naive-model.h"
#include "tests/unit/random-load.h"

#define N_LOADS 5000

/* From verdicts alone, by the words of the specification. */
static void
count_naive (const RandomLoad *load, const WpRequestResult *results, gint64 at_ns, WpState *state)
{
  *state = (WpState){ .oldest_ns = WP_TIME_NONE };
  for (gsize i = load->n_rows; i-- > 0;)
    {
      const WpRequestResult *v = &results[i];
      gboolean arrived = load->rows[i].arrival_ns <= at_ns,
               accepted = v->accepted_ns != WP_TIME_NONE && v->accepted_ns <= at_ns;
      gboolean started = v->started_ns != WP_TIME_NONE && v->started_ns <= at_ns,
               ended = v->ended_ns <= at_ns;

      if (!arrived || ended)
        continue;
      state->parked += !accepted;
      state->depth += accepted && !started;
      state->busy += started;
      if (!started)
        state->oldest_ns = load->rows[i].arrival_ns;
    }
}

static void
test_equals_naive (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  RandomLoad load;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d loads", seed, N_LOADS);
  wp_random_init (&random, seed, 0);
  for (guint n = 0; n < N_LOADS; n++)
    {
      WpRequestResult fast[RANDOM_LOAD_MAX], naive[RANDOM_LOAD_MAX];
      g_autoptr (WpModel) model = NULL;
      WpSummary summary;
      WpState expected;
      WpLayout layout;
      WpSnapshot at;
      g_autoptr (WpTimeline) timeline = wp_timeline_new (1);

      random_load_make (&load, &random);
      wp_policy_layout (&load.policy, &layout);
      model = wp_model_new (&layout, load.patience_ns);
      g_assert_true (wp_model_offer (model, load.rows, load.services_ns, load.n_rows, fast));
      naive_model_run (&load.policy, load.patience_ns, load.rows, load.services_ns, load.n_rows, naive,
                       &summary);
      wp_snapshot_init (&at, (gint64) wp_random_below (&random, 100), 1);
      wp_timeline_sample (timeline, &wp_snapshot_sampler, &at, at.at_ns, 0);
      for (gsize i = 0; i < load.n_rows; i++)
        {
          const WpRequestResult *const one[] = { &fast[i] };
          WpBatch batch = { &load.rows[i], &load.services_ns[i], 1, one };

          g_assert_true (wp_timeline_observer.offer (timeline, &batch, NULL));
        }
      g_assert_true (wp_timeline_observer.finish (timeline, NULL));
      count_naive (&load, naive, at.at_ns, &expected);
      g_assert_cmpuint (at.states[0].parked, ==, expected.parked);
      g_assert_cmpuint (at.states[0].depth, ==, expected.depth);
      g_assert_cmpuint (at.states[0].busy, ==, expected.busy);
      g_assert_cmpint (at.states[0].oldest_ns, ==, expected.oldest_ns);
    }
}

/* Jobs of 100 ns before one worker: twenty at once, then one alone at 5 us. */
static WpChart *
make_chart (gboolean waits)
{
  g_autoptr (WpChart) chart = wp_chart_new ();
  g_autoptr (WpTimeline) timeline = wp_timeline_new (1);

  wp_timeline_follow (timeline, 0, WP_STATE_DEPTH, wp_chart_depth (chart));
  for (gint64 i = 0; i < 21; i++)
    {
      WpRow row = { .arrival_ns = i < 20 ? 0 : 5000 };
      gint64 started_ns = i < 20 && waits ? 100 * i : row.arrival_ns, service_ns = 100;
      WpRequestResult result
          = { row.arrival_ns, started_ns, started_ns + 100, started_ns + 100, WP_OUTCOME_STORED, FALSE };
      const WpRequestResult *const results[] = { &result };
      WpBatch batch = { &row, &service_ns, 1, results };

      g_assert_true (wp_timeline_observer.offer (timeline, &batch, NULL));
    }
  g_assert_true (wp_timeline_observer.finish (timeline, NULL));

  return g_steal_pointer (&chart);
}

static void
assert_drawn (const WpChart *chart, guint64 capacity_jobs, gboolean utf8, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  wp_chart_draw (chart, text, "WorkerPool", capacity_jobs, 40, utf8);
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_chart (void)
{
  g_autoptr (WpChart) chart = make_chart (TRUE);
  g_autoptr (WpChart) empty = make_chart (FALSE);

  assert_drawn (chart, 19, TRUE,
                "WorkerPool: most jobs in the queue over time, full at the peak\n"
                "       19┤█▅▁\n"
                "         ┤███▇▃\n"
                "         ┤█████▇▅\n"
                "         ┤████████▄▂\n"
                "        0┤██████████▆▂\n"
                "          0                      5.00 us\n");
  assert_drawn (chart, 20, FALSE,
                "WorkerPool: most jobs in the queue over time\n"
                "       19|#+.\n"
                "         |####:\n"
                "         |######+\n"
                "         |########:.\n"
                "        0|##########+.\n"
                "          0                      5.00 us\n");
  assert_drawn (empty, 20, TRUE, "WorkerPool: the queue stays empty\n");
  assert_drawn (empty, 0, TRUE, "WorkerPool: a queue of 0 holds no job: each request needs an idle worker\n");
}

/* Two jobs in the queue for 1 ns, and long after that one: however narrow time becomes, the two are not lost.
 */
static void
test_chart_keeps_peaks (void)
{
  for (gint64 at_ns = 0; at_ns < 8; at_ns++)
    {
      g_autoptr (WpChart) chart = wp_chart_new ();
      g_autoptr (WpTimeline) timeline = wp_timeline_new (1);

      wp_timeline_follow (timeline, 0, WP_STATE_DEPTH, wp_chart_depth (chart));
      for (guint i = 0; i < 3; i++)
        {
          WpRow row = { .arrival_ns = i < 2 ? at_ns : 100000 };
          gint64 started_ns = row.arrival_ns + 1, service_ns = 0;
          WpRequestResult result
              = { row.arrival_ns, started_ns, started_ns, started_ns, WP_OUTCOME_STORED, FALSE };
          const WpRequestResult *const results[] = { &result };
          WpBatch batch = { &row, &service_ns, 1, results };

          g_assert_true (wp_timeline_observer.offer (timeline, &batch, NULL));
        }
      g_assert_true (wp_timeline_observer.finish (timeline, NULL));
      assert_drawn (chart, 3, FALSE,
                    "WorkerPool: most jobs in the queue over time\n"
                    "        2|#\n"
                    "        0|#                            #\n"
                    "          0                       100 us\n");
    }
}

static void
test_chart_locale (void)
{
  g_setenv ("LC_ALL", "de_DE.utf8", TRUE);
  g_assert_true (wp_chart_is_utf8 ());
  g_setenv ("LC_ALL", "C", TRUE);
  g_setenv ("LANG", "C.UTF-8", TRUE);
  g_assert_false (wp_chart_is_utf8 ());
  g_setenv ("LC_ALL", "", TRUE);
  g_unsetenv ("LC_CTYPE");
  g_assert_true (wp_chart_is_utf8 ());
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/snapshot/equals-naive", test_equals_naive);
  g_test_add_func ("/snapshot/chart", test_chart);
  g_test_add_func ("/snapshot/chart-keeps-peaks", test_chart_keeps_peaks);
  g_test_add_func ("/snapshot/chart-locale", test_chart_locale);

  return g_test_run ();
}
