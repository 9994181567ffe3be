/* Generated traffic through one model, with all figures and no file: customers per second on one core. Usage:
 * bench-synthetic [MILLIONS] */
#include <stdio.h>

#include "sim/run/wp-experiment.h"

#define RUNS 5

static double
time_run (const WpExperiment *study)
{
  gint64 start_ns = wp_time_monotonic ();
  g_autoptr (WpBatchMeans) parts = wp_batch_means_new ();
  g_autoptr (GError) error = NULL;
  WpTrafficSummary traffic;
  WpSummary summary;

  if (!wp_experiment_run (study, 1, &parts, &summary, &traffic, &error))
    g_error ("%s", error->message);

  return (double) (wp_time_monotonic () - start_ns) / 1e9;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, two = *(const double *) b;

  return (one > two) - (one < two);
}

static void
measure (const char *what, double millions, const char *arrivals, const char *service, guint workers,
         guint clients)
{
  double seconds[RUNS];
  guint64 n = (guint64) (millions * 1e6);
  WpPolicy policy;
  g_autoptr (WpServiceTime) services = wp_service_time_new (service, 1, TRUE, 0, NULL),
                            think = wp_service_time_new ("exp:1s", 1, TRUE, 0, NULL);
  WpExperiment study = { &policy,  1,     WP_TIME_NONE,
                         arrivals, 1,     { clients, TRUE, WP_TIME_NONE, n, 0, WP_TIME_NONE },
                         services, think, 1 };

  wp_policy_init (&policy, workers == WP_UNBOUNDED ? WP_MODE_DEFAULT : WP_MODE_WORKER_POOL);
  policy.workers = workers;
  for (guint i = 0; i < RUNS; i++)
    seconds[i] = time_run (&study);
  qsort (seconds, RUNS, sizeof *seconds, compare);
  printf ("%-36s %6.1f M customers/s (best %.1f)\n", what, millions / seconds[RUNS / 2],
          millions / seconds[0]);
}

int
main (int argc, char **argv)
{
  double millions = argc > 1 ? g_ascii_strtod (argv[1], NULL) : 10;

  measure ("M/M/1, 90 % busy", millions, "poisson:rate=50", "exp:18ms", 1, 0);
  measure ("M/M/1, 50 % busy", millions, "poisson:rate=50", "exp:10ms", 1, 0);
  measure ("M/D/1, 90 % busy", millions, "poisson:rate=50", "18ms", 1, 0);
  measure ("D/M/1, 90 % busy", millions, "constant:rate=50", "exp:18ms", 1, 0);
  measure ("M/M/20, 90 % busy", millions, "poisson:rate=1000", "exp:18ms", 20, 0);
  measure ("M/M/inf, 18 busy", millions, "poisson:rate=1000", "exp:18ms", WP_UNBOUNDED, 0);
  measure ("MMPP/M/1, 60 % busy", millions, "mmpp:rates=10:200,sojourns=5s:1s", "exp:14ms", 1, 0);
  measure ("M/M/1//20, closed", millions / 2, NULL, "exp:50ms", 1, 20);

  return 0;
}
