/* Candidate sizes simulated together, on any number of threads, have the figures of each simulated alone. */
#include "sim/plan/wp-evaluation.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "tests/unit/compare-summary.h"

#define ROWS       200000 /* three looks at whether an SLO is violated, and some */
#define FEW_ROWS   20000  /* more than one thread is worth it */
#define CANDIDATES 9
#define QUEUE      30

/* 40 workers are busy on average. */
static WpTraceBuffer *
make_buffer (gint64 n_rows)
{
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (100 * 1024 * 1024, 1);

  for (gint64 i = 0; i < n_rows; i++)
    {
      WpRow row = { .arrival_ns = i * WP_NS_PER_MS };
      gint64 service_ns = i * 7919 % 81 * WP_NS_PER_MS;

      wp_trace_buffer_add (buffer, &row, &service_ns, 1);
    }

  return g_steal_pointer (&buffer);
}

/* Of all three kinds: the model, full backlogs and reduced ones, some of too many workers for that. */
static void
set_up (WpEvaluation *evaluations, guint n, const GPtrArray *slos)
{
  for (guint i = 0; i < n; i++)
    evaluations[i] = (WpEvaluation){ .policy = { .mode = WP_MODE_WORKER_POOL,
                                                 .workers = i == 8 ? 500 : 39 + i,
                                                 .queue_jobs = QUEUE,
                                                 .block_timeout_ns = WP_TIME_NONE },
                                     .patience_ns = WP_TIME_NONE,
                                     .as_backlog = i != 2,
                                     .reduced = i != 5,
                                     .parts = i == 5 ? WP_BACKLOG_ALL : 0,
                                     .slos = slos };
}

static void
assert_same (const WpEvaluation *one, const WpEvaluation *other, guint n_rows)
{
  WpSummary summary = one->summary, others = other->summary;

  g_assert_true (one->violated == other->violated);
  g_assert_cmpint (one->backlog == NULL, ==, other->backlog == NULL);
  if (one->violated)
    return;
  if (one->backlog)
    {
      wp_backlog_summary (one->backlog, QUEUE, &summary);
      wp_backlog_summary (other->backlog, QUEUE, &others);
    }
  g_assert_cmpuint (summary.requests, ==, n_rows);
  g_assert_cmpstr (compare_figures (&summary, &others), ==, NULL);
}

static void
check (double scale, const GPtrArray *slos, guint n_violated)
{
  g_autoptr (WpTraceBuffer) buffer = make_buffer (ROWS);
  WpEvaluation alone[CANDIDATES];

  set_up (alone, CANDIDATES, slos);
  for (guint i = 0; i < CANDIDATES; i++)
    {
      g_assert_true (wp_evaluations_run (buffer, scale, &alone[i], 1, 1, NULL, NULL, NULL));
      n_violated -= alone[i].violated ? 1 : 0;
    }
  g_assert_cmpuint (n_violated, ==, 0);
  for (guint threads = 1; threads <= 4; threads++)
    {
      WpEvaluation together[CANDIDATES];

      set_up (together, CANDIDATES, slos);
      g_assert_true (wp_evaluations_run (buffer, scale, together, CANDIDATES, threads, NULL, NULL, NULL));
      for (guint i = 0; i < CANDIDATES; i++)
        {
          assert_same (&together[i], &alone[i], ROWS);
          wp_evaluation_clear (&together[i]);
        }
    }
  for (guint i = 0; i < CANDIDATES; i++)
    wp_evaluation_clear (&alone[i]);
}

static void
test_together_as_alone (void)
{
  g_autoptr (GPtrArray) slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);

  check (1, NULL, 0);
  check (2, NULL, 0);
  g_ptr_array_add (slos, wp_slo_parse ("wait.p99<1s", NULL));
  check (1, slos, 1); /* 39 workers are too few */
  check (1.7, slos, 8);
}

/* Candidates before a database that commits in groups share its commits, but draw alone. */
static void
test_groups (void)
{
  const WpCommitCost cost = { 2e6, 5e4, 1e5, 1000 };
  const gint64 late_ns[] = { 0, 300000, -200000, 5000000, 0 };
  g_autoptr (GArray) residuals = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (WpTraceBuffer) buffer = make_buffer (FEW_ROWS);
  g_autoptr (WpCommit) commit = NULL;
  WpEvaluation alone[CANDIDATES];

  g_array_append_vals (residuals, late_ns, G_N_ELEMENTS (late_ns));
  commit = wp_commit_new (&cost, residuals, 1, 7);
  for (guint threads = 1; threads <= 4; threads++)
    {
      WpEvaluation together[CANDIDATES];

      set_up (together, CANDIDATES, NULL);
      for (guint i = 0; i < CANDIDATES; i++)
        {
          together[i].as_backlog = together[i].reduced = FALSE;
          together[i].policy.workers = 1 + i;
          together[i].commit = commit;
        }
      memcpy (alone, together, sizeof alone);
      g_assert_true (wp_evaluations_run (buffer, 2, together, CANDIDATES, threads, NULL, NULL, NULL));
      for (guint i = 0; i < CANDIDATES; i++)
        {
          g_assert_true (wp_evaluations_run (buffer, 2, &alone[i], 1, 1, NULL, NULL, NULL));
          assert_same (&together[i], &alone[i], FEW_ROWS);
          g_assert_true (i == 0 || together[i].summary.wait.mean < together[i - 1].summary.wait.mean);
        }
    }
}

/* Times of over 52 days are too long for vectors, and of over 292 years for all. */
static void
test_long_times (void)
{
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (1024, 1);
  const gint64 services_ns[] = { G_GINT64_CONSTANT (1) << 60, 1, 1 }, endless_ns = G_MAXINT64;
  const WpRow rows[3] = { { 0 } };
  g_autoptr (GError) error = NULL;
  WpEvaluation evaluations[2];

  wp_trace_buffer_add (buffer, rows, services_ns, 3);
  set_up (evaluations, 2, NULL); /* reduced ones */
  evaluations[0].policy.workers = evaluations[1].policy.workers = 1;
  g_assert_true (wp_evaluations_run (buffer, 1, evaluations, 2, 1, NULL, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (wp_backlog_max_length (evaluations[i].backlog), ==, 2);
      wp_evaluation_clear (&evaluations[i]);
    }
  wp_trace_buffer_add (buffer, rows, &endless_ns, 1);
  g_assert_false (wp_evaluations_run (buffer, 1, evaluations, 2, 1, NULL, NULL, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_VALUE);
  for (guint i = 0; i < 2; i++)
    wp_evaluation_clear (&evaluations[i]);
}

/* Frees what has ended, one by one: of an overloaded sweep not all can be in memory. */
static void
take (gpointer data, WpEvaluation *const *ended, guint n, guint n_evaluations)
{
  guint *n_taken = data;

  g_assert_cmpuint (n_evaluations, ==, CANDIDATES);
  for (guint i = 0; i < n; i++, ++*n_taken)
    {
      g_assert_true (ended[i]->backlog || ended[i]->summary.requests == ROWS);
      wp_evaluation_clear (ended[i]);
    }
}

static void
test_taken_at_once (void)
{
  g_autoptr (WpTraceBuffer) buffer = make_buffer (ROWS);

  for (guint threads = 1; threads <= 4; threads++)
    {
      WpEvaluation evaluations[CANDIDATES];
      guint n_taken = 0;

      set_up (evaluations, CANDIDATES, NULL);
      g_assert_true (wp_evaluations_run (buffer, 1, evaluations, CANDIDATES, threads, take, &n_taken, NULL));
      g_assert_cmpuint (n_taken, ==, CANDIDATES);
      for (guint i = 0; i < CANDIDATES; i++)
        g_assert_null (evaluations[i].backlog);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/evaluation/together-as-alone", test_together_as_alone);
  g_test_add_func ("/evaluation/groups", test_groups);
  g_test_add_func ("/evaluation/long-times", test_long_times);
  g_test_add_func ("/evaluation/taken-at-once", test_taken_at_once);

  return g_test_run ();
}
