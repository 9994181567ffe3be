/* The engine alone: 10,000 workers whose jobs take 500 ms, fed through one queue at 15,000 jobs per second,
 * open loop. Prints resident memory, CPU time per job, and by how much jobs end late. The CPU time includes
 * all threads except the feeder, which mostly sleeps; of the feeder only the time to offer jobs counts.
 * Usage: bench-engine [SECONDS] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "runtime/engine/wp-engine.h"

#define RATE     15000
#define WORKERS  10000
#define DELAY_NS (500 * WP_NS_PER_MS)

typedef struct {
  gint32 *late_ns;       /* one a job */
  gint n_done, n_failed; /* atomic */
} Tally;

/* @who: RUSAGE_SELF: of all threads; RUSAGE_THREAD: of this one */
static double
cpu_s (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double
resident_mb (void)
{
  g_autofree char *text = NULL;
  char *rest;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_ascii_strtoull (text, &rest, 10);
  return (double) g_ascii_strtoull (rest, NULL, 10) * (double) sysconf (_SC_PAGESIZE) / 1e6;
}

/* WpJobNotify: the job has ended. */
static void
on_told (WpJob *job, WpJobEvent event, gpointer data)
{
  Tally *self = data;

  if (event == WP_JOB_STORED)
    self->late_ns[g_atomic_int_add (&self->n_done, 1)]
        = (gint32) (job->finished_ns - job->started_ns - DELAY_NS);
  else
    g_atomic_int_inc (&self->n_failed);
  wp_job_unref (job);
}

static void
submit (WpEngine *mode, Tally *tally)
{
  WpJob *job = wp_job_new ();

  job->method = "GET";
  job->path = g_strdup ("/");
  job->notify = on_told;
  job->client = tally;
  if (wp_engine_submit (mode, job) != WP_SUBMIT_PENDING)
    {
      g_atomic_int_inc (&tally->n_failed);
      wp_job_unref (job);
    }
}

/* Job i goes out at i / RATE. Returns how long the offers took: no less than their CPU. */
static gint64
feed (WpEngine *mode, Tally *tally, gint64 n_jobs)
{
  gint64 start_ns = wp_time_monotonic (), offering_ns = 0;

  for (gint64 i = 0; i < n_jobs; i++)
    {
      gint64 due_ns = start_ns + i * WP_NS_PER_S / RATE;
      struct timespec due = { due_ns / WP_NS_PER_S, due_ns % WP_NS_PER_S };

      if (wp_time_monotonic () < due_ns)
        clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
      offering_ns -= wp_time_monotonic ();
      submit (mode, tally);
      offering_ns += wp_time_monotonic ();
    }
  return offering_ns;
}

static int
compare (const void *a, const void *b)
{
  return *(const gint32 *) a < *(const gint32 *) b ? -1 : *(const gint32 *) a > *(const gint32 *) b;
}

int
main (int argc, char **argv)
{
  gint64 n_jobs = RATE * (argc > 1 ? atoi (argv[1]) : 5);
  g_autoptr (WpClock) clock = wp_clock_new (NULL);
  g_autoptr (WpDatabase) database
      = wp_database_open ("delay:500ms", &(const WpDatabaseOptions){ .timeout_ns = WP_NS_PER_S }, clock,
                          NULL);
  g_autofree gint32 *late_ns = g_new (gint32, n_jobs);
  Tally tally = { .late_ns = late_ns };
  WpPolicy policy;
  g_autoptr (WpEngine) mode = NULL;
  double all_s, feeder_s, offering_s, resident;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.ack = WP_ACK_STORED;
  policy.workers = WORKERS;
  mode = wp_engine_new (&policy, WORKERS, clock, database, NULL);
  all_s = -cpu_s (RUSAGE_SELF);
  feeder_s = -cpu_s (RUSAGE_THREAD);
  offering_s = (double) feed (mode, &tally, n_jobs) / 1e9;
  resident = resident_mb ();
  wp_engine_wait_empty (mode, wp_time_monotonic () + 5 * WP_NS_PER_S);
  all_s += cpu_s (RUSAGE_SELF);
  feeder_s += cpu_s (RUSAGE_THREAD);
  if (tally.n_failed > 0 || tally.n_done != n_jobs)
    {
      fprintf (stderr, "bench-engine: %d of %" G_GINT64_FORMAT " jobs were done, %d failed\n", tally.n_done,
               n_jobs, tally.n_failed);
      return 1;
    }
  qsort (late_ns, (gsize) n_jobs, sizeof *late_ns, compare);
  printf (
      "%d workers of 500 ms, %d jobs/s: %.1f MB resident, %.2f us of CPU a job (%.2f of it by those who offer them), "
      "late by %.3f ms (p50), %.3f ms (p99)\n",
      WORKERS, RATE, resident, (all_s - feeder_s + offering_s) / (double) n_jobs * 1e6,
      offering_s / (double) n_jobs * 1e6, late_ns[n_jobs / 2] / 1e6, late_ns[n_jobs - n_jobs / 100] / 1e6);

  return 0;
}
