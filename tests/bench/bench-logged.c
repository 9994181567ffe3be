/* bench-logged.c - how often the workers of drawn logs are found: `bench-logged [CASES] [KIND] [SEED]`, 200
 * of each kind; with a KIND, "" for all, each case is shown, and seeds from SEED on are fresh ones. A case is
 * "queued", "not q." or "unknown". Of the queued, "near" are right: exact up to 32 workers, within 5 % above.
 * Of the not queued, "no wait" are right: the plan from the log's responses is that from the true services,
 * as "right" is for the services that were recovered. "wrong" are the others of both, and all queued that are
 * not FIFO; with transfer one worker or 20 % is allowed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-logged-workers.h"
#include "sim/plan/wp-search.h"
#include "sim/stats/wp-random.h"
#include "tests/unit/drawn-log.h"

/* A kind of logs, and how it varies the draws that drawn_setup_draw() makes. */
typedef struct {
  const char *name;
  DrawnKind kind;
  double most_transfer; /* of the mean service */
  gint64 stamp_ns;      /* 0: as drawn */
  double least_load;    /* 0: as drawn */
  double mean_stamps;   /* services of so many stamps' widths at most; 0: as drawn */
  gboolean plans;       /* compare the plan, too */
} Row;

static const Row table[] = {
  { "FIFO, ms or ns", DRAWN_FIFO, .plans = TRUE },
  { "FIFO, load 0.5 to 0.7", DRAWN_FIFO, .least_load = 0.5 },
  { "FIFO, transfer to 10 %", DRAWN_FIFO, .most_transfer = 0.1 },
  { "FIFO, transfer to 100 %", DRAWN_FIFO, .most_transfer = 1 },
  { "FIFO, stamps of 10 ms", DRAWN_FIFO, .stamp_ns = 10 * WP_NS_PER_MS },
  { "FIFO, stamps of 1 s", DRAWN_FIFO, .stamp_ns = WP_NS_PER_S },
  { "FIFO, under 3 stamps", DRAWN_FIFO, .stamp_ns = 10 * WP_NS_PER_MS, .mean_stamps = 3 },
  { "processor sharing", DRAWN_SHARING },
  { "LIFO", DRAWN_LIFO },
  { "random order", DRAWN_RANDOM },
  { "two pools", DRAWN_POOLS },
  { "infinite servers", DRAWN_INFINITE },
  { "workers change", DRAWN_CHANGED },
  { "static files", DRAWN_STATIC },
  { "unequal pools", DRAWN_POOLS_UNEQUAL },
  { "several pools", DRAWN_POOLS_SEVERAL },
  { "pools of one", DRAWN_POOLS_OF_ONE },
  { "round robin", DRAWN_POOLS_ROUND },
  { "one, round robin", DRAWN_POOLS_OF_ONE_ROUND },
  { "least connections", DRAWN_POOLS_LEAST },
  { "pools of two speeds", DRAWN_POOLS_SPEEDS },
  { "limited sharing", DRAWN_LIMITED_SHARING },
  { "priority", DRAWN_PRIORITY },
  { "slowed by load", DRAWN_SLOWED },
  { "services by hour", DRAWN_HOURS },
  { "batches", DRAWN_BATCHES },
  { "restart", DRAWN_RESTART },
  { "workers change often", DRAWN_CHANGES },
  { "workers change by one", DRAWN_CHANGED_BY_ONE },
  { "timeouts", DRAWN_TIMEOUT },
  { "static, 1 to 50 %", DRAWN_STATIC_SHARE },
  { "slow clients", DRAWN_SLOW_CLIENTS },
  { "rate by hour", DRAWN_DAYS },
  { "logged at the end", DRAWN_END_LOGGED },
  { "infinite, heavy", DRAWN_INFINITE_HEAVY },
  { "infinite, by hour", DRAWN_INFINITE_HOURS },
  { "infinite, slowed", DRAWN_INFINITE_SLOWED },
  { "closed loop: FIFO", DRAWN_CLOSED_FIFO },
  { "closed loop: sharing", DRAWN_CLOSED_SHARING },
  { "closed loop: random", DRAWN_CLOSED_RANDOM },
  { "closed loop: LIFO", DRAWN_CLOSED_LIFO },
  { "closed loop: pools", DRAWN_CLOSED_POOLS },
  { "closed loop: infinite", DRAWN_CLOSED_INFINITE },
};

typedef struct {
  guint queued, exact, near, fifth;   /* exact up to 32 workers, within 5 % above; within 1 or 20 % */
  guint not_queued, no_wait, unknown; /* no_wait: of the not queued, with the right plan */
  guint wrong;
  guint plans, plans_right;
  double seconds;
} Count;

static void
draw (const Row *row, guint64 seed, DrawnSetup *setup)
{
  WpRandom random;
  double share;

  wp_random_init (&random, seed, 3);
  share = wp_random_uniform (&random);
  drawn_setup_draw (setup, row->kind, seed);
  if (row->stamp_ns > 0)
    setup->stamp_ns = row->stamp_ns;
  if (row->least_load > 0)
    setup->load = row->least_load + 0.2 * share;
  if (row->mean_stamps > 0)
    setup->mean_s = row->mean_stamps * share * (double) row->stamp_ns / WP_NS_PER_S;
  setup->transfer_s = share * row->most_transfer * setup->mean_s;
}

static WpTraceBuffer *
buffer_of (const DrawnLog *log, const gint64 *services_ns)
{
  WpTraceBuffer *buffer = wp_trace_buffer_new (G_GUINT64_CONSTANT (1) << 30, 1);

  for (gsize i = 0; i < log->n; i++)
    {
      WpRow row = WP_ROW_INIT;

      row.arrival_ns = log->arrivals_ns[i];
      wp_trace_buffer_add (buffer, &row, &services_ns[i], 1);
    }

  return buffer;
}

/* The fewest workers behind which 99 % wait less than 50 ms. */
static guint
plan (const DrawnLog *log, const gint64 *services_ns)
{
  WpTraceBuffer *buffer = buffer_of (log, services_ns);
  g_autoptr (GPtrArray) slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);
  WpSearchSetup setup = { .buffer = buffer, .patience_ns = WP_TIME_NONE, .slos = slos, .threads = 1 };
  gint64 workers;

  g_ptr_array_add (slos, wp_slo_parse ("wait.p99<50ms", NULL));
  wp_policy_init (&setup.policy, WP_MODE_WORKER_POOL);
  {
    g_autoptr (WpSearch) search = wp_search_new (&setup, 1);

    workers = wp_search_workers (search, 1000000000);
    g_assert_true (wp_search_check (search, NULL));
  }
  wp_trace_buffer_free (buffer);

  return (guint) workers;
}

/* Is the plan from these services that from the true ones, or within one worker or 10 % of it? */
static gboolean
is_plan_right (const DrawnLog *log, const gint64 *services_ns)
{
  guint of_true = plan (log, log->services_ns), of_these = plan (log, services_ns);

  return (guint) ABS ((int) of_true - (int) of_these) <= MAX (1, of_true / 10);
}

static gboolean
is_recovered_plan_right (const DrawnLog *log, guint workers)
{
  g_autofree gint64 *services = g_new (gint64, log->n);
  WpLoggedTimes times = { log->arrivals_ns, log->responses_ns, log->n, FALSE };
  WpLoggedWorkers found = { 0 };

  wp_logged_workers_recover (&times, workers, services, &found);

  return is_plan_right (log, services);
}

static gboolean
is_first_come_first_served (DrawnKind kind)
{
  return kind == DRAWN_FIFO || kind == DRAWN_DAYS || kind == DRAWN_END_LOGGED || kind == DRAWN_CLOSED_FIFO;
}

static void
count_verdict (const Row *row, const DrawnSetup *setup, const DrawnLog *log, const WpLoggedWorkers *found,
               Count *count)
{
  guint off = (guint) ABS ((int) found->workers - (int) setup->workers);

  count->unknown += found->verdict == WP_LOGGED_UNKNOWN;
  if (found->verdict == WP_LOGGED_NOT_QUEUED)
    {
      gboolean is_right = is_plan_right (log, log->responses_ns);

      count->not_queued++;
      count->no_wait += is_right;
      count->wrong += !is_right;
    }
  if (found->verdict == WP_LOGGED_QUEUED)
    {
      gboolean is_near = setup->workers <= 32 ? off == 0 : off <= setup->workers / 20;
      gboolean is_fifth = off <= MAX (1, setup->workers / 5);

      count->queued++;
      count->exact += off == 0;
      count->near += is_near;
      count->wrong
          += !is_first_come_first_served (row->kind) || !(row->most_transfer > 0 ? is_fifth : is_near);
      count->fifth += is_fifth;
      count->plans += row->plans;
      count->plans_right += row->plans && is_recovered_plan_right (log, found->workers);
    }
}

static void
run_case (const Row *row, guint64 seed, gboolean verbose, Count *count)
{
  DrawnSetup setup;
  g_autoptr (DrawnLog) log = NULL;
  WpLoggedTimes times;
  WpLoggedWorkers found;
  clock_t began;
  char text[200];

  draw (row, seed, &setup);
  log = drawn_log_new (&setup);
  times = (WpLoggedTimes){ log->arrivals_ns, log->responses_ns, log->n, setup.stamp_ns == WP_NS_PER_S };
  began = clock (); /* CPU time: other work does not count */
  wp_logged_workers_find (&times, &found);
  count->seconds = MAX (count->seconds, (double) (clock () - began) / CLOCKS_PER_SEC);
  count_verdict (row, &setup, log, &found, count);
  if (verbose)
    printf ("  %s: verdict %d, reason %d, %u workers (%u to %u), gain %.0f, negative %.4f, dependence %.3f, "
            "response %.1f ms\n",
            drawn_setup_describe (&setup, text, sizeof text), found.verdict, found.reason, found.workers,
            found.low, found.high, found.gain, found.negative, found.dependence,
            found.response_mean_ns / 1e6);
}

int
main (int argc, char **argv)
{
  guint cases = argc > 1 ? (guint) strtoul (argv[1], NULL, 10) : 200;
  const char *only = argc > 2 ? argv[2] : NULL;
  guint64 first = argc > 3 ? g_ascii_strtoull (argv[3], NULL, 10) : 0;

  printf ("%-24s %7s %7s %7s %7s %7s %7s %7s %7s %7s %9s %6s\n", "", "queued", "exact", "near", "in 20%",
          "not q.", "no wait", "unknown", "wrong", "plans", "right", "s");
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      Count count = { 0 };

      if (only != NULL && strstr (table[i].name, only) == NULL)
        continue;
      for (guint j = 0; j < cases; j++)
        run_case (&table[i], 1000000 * (i + 1) + first + j, only != NULL, &count);
      printf ("%-24s %7u %7u %7u %7u %7u %7u %7u %7u %7u %9u %6.2f\n", table[i].name, count.queued,
              count.exact, count.near, count.fifth, count.not_queued, count.no_wait, count.unknown,
              count.wrong, count.plans, count.plans_right, count.seconds);
      fflush (stdout);
    }

  return 0;
}
