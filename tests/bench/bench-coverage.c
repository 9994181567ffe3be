/* bench-coverage.c - how often does the 95 % interval of one run hold the true mean wait of M/M/c? Runs that
 * warn of their intervals are counted apart.
 *
 *     bench-coverage [SEEDS [CUSTOMERS...]] */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run/wp-experiment.h"

static const struct {
  guint workers;
  const char *rate; /* per second; each service is 1 s on average */
  double wait_s;    /* by Erlang's C */
} queues[] = { { 1, "0.9", 9 }, { 8, "7.8", 4.602338974 } };

typedef struct {
  guint n_warned, n_held;
} Coverage;

static gboolean
run_one (guint queue, guint64 customers, guint64 seed, Coverage *coverage)
{
  g_autofree char *traffic
      = g_strdup_printf ("poisson:rate=%s,n=%" G_GUINT64_FORMAT, queues[queue].rate, customers);
  g_autoptr (WpBatchMeans) parts = wp_batch_means_new ();
  g_autoptr (GError) error = NULL;
  WpPolicy policy;
  WpSummary summary;
  WpTrafficSummary seen;
  WpConfidence confidence;
  const WpInterval *interval;
  g_autoptr (WpServiceTime) service = wp_service_time_new ("exp:1s", 1, TRUE, 0, NULL);
  WpExperiment experiment = { &policy, 1,    WP_TIME_NONE,
                              traffic, 1,    { .duration_ns = WP_TIME_NONE, .warmup_ns = WP_TIME_NONE },
                              service, NULL, 1 };

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.workers = queues[queue].workers;
  policy.queue_jobs = 100000000;
  if (!wp_experiment_run (&experiment, seed, &parts, &summary, &seen, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  if (!wp_experiment_intervals (&experiment, 0, parts, &summary, 0.01, &confidence, &error))
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  interval = wp_confidence_find (&confidence, "wait.mean");
  if (!interval || wp_confidence_is_doubtful (&confidence))
    coverage->n_warned++;
  else
    coverage->n_held += fabs (interval->mean - queues[queue].wait_s) <= interval->half_width;

  return TRUE;
}

static void
print_row (guint queue, const char *customers, guint seeds, const Coverage *coverage)
{
  guint n = seeds - coverage->n_warned;
  g_autofree char *held = n > 0 ? g_strdup_printf ("%.1f %%", 100.0 * coverage->n_held / n) : g_strdup ("-");

  g_print ("| %u | %.3f | %s | %u | %.1f %% | %s |\n", queues[queue].workers,
           g_ascii_strtod (queues[queue].rate, NULL) / queues[queue].workers, customers, seeds,
           100.0 * coverage->n_warned / seeds, held);
}

int
main (int argc, char **argv)
{
  guint seeds = argc > 1 ? (guint) atoi (argv[1]) : 1000;
  static const char *const usual[] = { "20000", "100000", "1000000", NULL };
  const char *const *customers = argc > 2 ? (const char *const *) argv + 2 : usual;

  g_print ("| workers | load | customers | runs | warned | of the others, hold the truth |\n"
           "|---|---|---|---|---|---|\n");
  for (guint i = 0; i < G_N_ELEMENTS (queues); i++)
    for (guint j = 0; customers[j]; j++)
      {
        Coverage coverage = { 0 };

        for (guint seed = 1; seed <= seeds; seed++)
          if (!run_one (i, g_ascii_strtoull (customers[j], NULL, 10), seed, &coverage))
            return 1;
        print_row (i, customers[j], seeds, &coverage);
      }

  return 0;
}
