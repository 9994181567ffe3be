/* The workers of drawn logs: found where they can be, and not where they cannot. bench-logged draws many
 * more. */
#include <math.h>

#include "sim/base/wp-time.h"
#include "sim/model/wp-logged-workers.h"
#include "tests/unit/drawn-log.h"

static WpLoggedTimes
times_of (const DrawnLog *log, const DrawnSetup *setup)
{
  return (WpLoggedTimes){ log->arrivals_ns, log->responses_ns, log->n, setup->stamp_ns == WP_NS_PER_S };
}

static DrawnLog *
find (const DrawnSetup *setup, WpLoggedWorkers *found)
{
  DrawnLog *log = drawn_log_new (setup);
  WpLoggedTimes times = times_of (log, setup);
  char text[200];

  wp_logged_workers_find (&times, found);
  g_test_message (
      "%s: verdict %d, reason %d, %u workers (%u to %u), gain %.0f, negative %.4f, dependence %.3f",
      drawn_setup_describe (setup, text, sizeof text), found->verdict, found->reason, found->workers,
      found->low, found->high, found->gain, found->negative, found->dependence);

  return log;
}

/* With the true number, on exact stamps, the services are the true ones, to the ns. */
static void
test_recovered (void)
{
  for (guint workers = 1; workers <= 64; workers *= 4)
    {
      DrawnSetup setup
          = { DRAWN_FIFO, DRAWN_LOGNORMAL, workers, 0.95, 0.05, 0, TRUE, FALSE, 20000, 1, workers };
      g_autoptr (DrawnLog) log = drawn_log_new (&setup);
      g_autofree gint64 *services = g_new (gint64, log->n);
      WpLoggedTimes times = times_of (log, &setup);
      WpLoggedWorkers found = { 0 };

      wp_logged_workers_recover (&times, workers, services, &found);
      for (gsize i = 0; i < log->n; i++)
        g_assert_cmpint (services[i], ==, log->services_ns[i]);
      g_assert_cmpfloat (found.negative, ==, 0);
      g_assert_false (found.begins_busy);
      g_assert_cmpfloat (found.service_mean_ns, <, found.response_mean_ns);
    }
}

/* A log that begins when the queue is long, as one that was rotated then: the first requests seem to be
 * served as long as they wait. */
static void
test_begins_in_a_busy_period (void)
{
  DrawnSetup setup = { DRAWN_FIFO, DRAWN_EXPONENTIAL, 32, 1.2, 0.05, 0, FALSE, TRUE, 10000, 1, 5 };
  g_autoptr (DrawnLog) log = drawn_log_new (&setup);
  g_autofree gint64 *services = g_new (gint64, log->n);
  WpLoggedTimes times = times_of (log, &setup);
  WpLoggedWorkers found = { 0 };
  double sum = 0;

  wp_logged_workers_recover (&times, 32, services, &found);
  for (gsize i = 0; i < log->n; i++)
    {
      sum += (double) log->services_ns[i];
      g_assert_cmpint (services[i], <, WP_NS_PER_S);
    }
  g_assert_cmpfloat (fabs (found.service_mean_ns * (double) log->n / sum - 1), <, 0.005);
  g_assert_true (found.begins_busy);
}

/* In overload each multiple of the workers, and of a service that is always the same, explains a log as well,
 * but for how its fraction of a stamp is rounded: the fewest are meant. */
static void
test_constant (void)
{
  static const DrawnSetup setups[] = {
    { DRAWN_FIFO, DRAWN_CONSTANT, 1, 1.2, 0.0913, 0, FALSE, TRUE, 10000, WP_NS_PER_MS, 1 },
    { DRAWN_FIFO, DRAWN_CONSTANT, 26, 1.07, 0.1033, 0, FALSE, TRUE, 13000, WP_NS_PER_MS, 2 },
    { DRAWN_FIFO, DRAWN_CONSTANT, 7, 1.3, 0.05021, 0, FALSE, TRUE, 10000, WP_NS_PER_MS, 3 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (setups); i++)
    {
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = find (&setups[i], &found);

      g_assert_cmpint (found.verdict, ==, WP_LOGGED_QUEUED);
      g_assert_cmpuint (found.workers, ==, setups[i].workers);
      g_assert_cmpuint (found.high, ==, setups[i].workers);
    }
}

/* Where several services end within a stamp, a single worker that takes a hundredth of it explains a constant
 * service in overload, too. That a request takes as long before the first wait, or in a phase without any,
 * shows the number: the log of 193 workers is cut, and has no such phase. By chance, ranks of equal services
 * may seem to depend on the number in the system: 43 and 27 workers. */
static void
test_constant_in_a_stamp (void)
{
  static const guint64 seeds[] = { 1000086, 1002014, 1002051, 1002203, 1002005, 1002185, 1002323 };
  static const guint workers[] = { 95, 115, 78, 118, 43, 27, 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      DrawnSetup setup;
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = NULL;

      drawn_setup_draw (&setup, DRAWN_FIFO, seeds[i]);
      log = find (&setup, &found);
      g_assert_cmpint (found.verdict, ==, workers[i] > 0 ? WP_LOGGED_QUEUED : WP_LOGGED_UNKNOWN);
      g_assert_cmpuint (found.workers, ==, workers[i]);
      if (workers[i] > 0)
        g_assert_cmpuint (found.high, ==, workers[i]);
    }
}

/* Rows without a response are left out, and take no worker. Services may take the place of the responses. */
static void
test_rows_without_response (void)
{
  const gint64 arrivals[] = { 0, 1, 2, 3 };
  gint64 services[] = { 10, WP_TIME_NONE, 18, 27 };
  const WpLoggedTimes log = { arrivals, services, G_N_ELEMENTS (arrivals), FALSE };
  WpLoggedWorkers found = { 0 };

  wp_logged_workers_recover (&log, 1, services, &found);
  g_assert_cmpint (services[0], ==, 10);
  g_assert_cmpint (services[1], ==, WP_TIME_NONE);
  g_assert_cmpint (services[2], ==, 10);
  g_assert_cmpint (services[3], ==, 10);
}

/* Draws on which most is asked: nearly all are found, and those that are not wait so little that response
 * times are service times, or cannot be n_not_queued; none is found wrong. */
static void
test_fifo_is_found (void)
{
  guint found_right = 0;

  for (guint64 seed = 1; seed <= 24; seed++)
    {
      DrawnSetup setup;
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = NULL;
      guint off;

      drawn_setup_draw (&setup, DRAWN_FIFO, seed);
      log = find (&setup, &found);
      if (found.verdict != WP_LOGGED_QUEUED)
        continue;
      off = (guint) ABS ((int) found.workers - (int) setup.workers);
      g_assert_cmpuint (off, <=, setup.workers <= 32 ? 0 : setup.workers / 20);
      found_right++;
    }
  g_assert_cmpuint (found_right, >=, 20);
}

/* Draws of which few requests wait, or the spread of whose services seems to depend on something by chance:
 * of twenty tests one may find that. */
static void
test_rare_fifo_is_found (void)
{
  static const struct {
    guint64 seed;
    guint low, high;
  } draws[] = {
    { 1002223, 176, 184 }, { 1002296, 25, 25 }, { 1002346, 23, 23 }, { 1002023, 86, 94 },
    { 1002325, 28, 28 },   { 1002354, 46, 46 }, { 1002376, 27, 27 }, { 1002006, 3, 3 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (draws); i++)
    {
      DrawnSetup setup;
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = NULL;

      drawn_setup_draw (&setup, DRAWN_FIFO, draws[i].seed);
      log = find (&setup, &found);
      g_assert_cmpint (found.verdict, ==, WP_LOGGED_QUEUED);
      g_assert_cmpuint (found.workers, >=, draws[i].low);
      g_assert_cmpuint (found.workers, <=, draws[i].high);
    }
}

/* Where hardly anybody waits, responses are services, on stamps in which several requests end, too. How many
 * workers there are at least is known. */
static void
test_hardly_any_wait (void)
{
  static const guint64 seeds[] = { 1002024, 1002041, 1002130, 1002148 };

  for (gsize i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      DrawnSetup setup;
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = NULL;

      drawn_setup_draw (&setup, DRAWN_FIFO, seeds[i]);
      log = find (&setup, &found);
      g_assert_cmpint (found.verdict, ==, WP_LOGGED_NOT_QUEUED);
      g_assert_cmpfloat (found.service_mean_ns, ==, found.response_mean_ns);
      g_assert_cmpuint (found.low, >=, 1);
      g_assert_cmpuint (found.low, <=, setup.workers);
      g_assert_cmpuint (found.high, ==, 0);
    }
}

/* A server that is not a pool of workers, first come, first served, is not reported as one. */
static void
test_others_are_not_queued (void)
{
  static const DrawnKind kinds[] = { DRAWN_SHARING, DRAWN_LIFO, DRAWN_RANDOM, DRAWN_POOLS };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint64 seed = 1; seed <= 6; seed++)
      {
        DrawnSetup setup;
        WpLoggedWorkers found;
        g_autoptr (DrawnLog) log = NULL;

        drawn_setup_draw (&setup, kinds[i], seed);
        log = find (&setup, &found);
        g_assert_cmpint (found.verdict, !=, WP_LOGGED_QUEUED);
      }
}

/* Draws on which only one test sees what they are: the spread of services that changes with the pools'
 * backlogs; services of those that waited which are shorter than any can be; few of all, but many of those
 * that waited, which are negative; and a constant service, whose number of workers the coarse search passes
 * by. Then two pools with hardly any wait, or of which nearly all requests wait, and whose backlogs are
 * alike; a constant service in random order with hardly any wait; and constant services of pools, or of a
 * number of workers that changes, of which all wait: the gaps between departures would be the services of one
 * worker; and of clients that do not pause, five times as many as workers: a service of five times the length
 * would be constant, too. Two pools in overload, of which half as many workers more give services half as
 * long again. And draws that little evidence calls FIFO.
 */
static void
test_rare_draws (void)
{
  static const struct {
    DrawnKind kind;
    guint64 seed;
    guint workers; /* 0: not QUEUED */
  } draws[] = {
    { DRAWN_POOLS, 11700050, 0 },       { DRAWN_POOLS, 11500952, 0 },
    { DRAWN_POOLS, 11400433, 0 },       { DRAWN_POOLS, 11400807, 0 },
    { DRAWN_STATIC, 14700088, 0 },      { DRAWN_STATIC, 14700162, 0 },
    { DRAWN_FIFO, 1300917, 27 },        { DRAWN_POOLS, 11600131, 0 },
    { DRAWN_POOLS, 11601692, 0 },       { DRAWN_POOLS, 11602477, 0 },
    { DRAWN_POOLS, 11603497, 0 },       { DRAWN_POOLS, 11604209, 0 },
    { DRAWN_POOLS_ROUND, 18002032, 0 }, { DRAWN_CHANGED_BY_ONE, 29002059, 0 },
    { DRAWN_RANDOM, 3005350, 0 },       { DRAWN_POOLS_LEAST, 13009019, 0 },
    { DRAWN_PRIORITY, 16009021, 0 },    { DRAWN_CLOSED_RANDOM, 33009003, 0 },
    { DRAWN_CLOSED_FIFO, 38008015, 0 }, { DRAWN_POOLS, 15030000, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (draws); i++)
    {
      DrawnSetup setup;
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = NULL;

      drawn_setup_draw (&setup, draws[i].kind, draws[i].seed);
      log = find (&setup, &found);
      g_assert_cmpint (found.verdict == WP_LOGGED_QUEUED, ==, draws[i].workers > 0);
      g_assert_cmpuint (found.workers, ==, draws[i].workers);
    }
}

/* Requests that never reach the pool, and transfer, leave at most a small error. */
static void
test_noise_misleads_little (void)
{
  static const DrawnKind kinds[] = { DRAWN_FIFO, DRAWN_STATIC };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint64 seed = 1; seed <= 8; seed++)
      {
        DrawnSetup setup;
        WpLoggedWorkers found;
        g_autoptr (DrawnLog) log = NULL;

        drawn_setup_draw (&setup, kinds[i], seed);
        setup.transfer_s = kinds[i] == DRAWN_FIFO ? 0.05 * setup.mean_s : 0;
        log = find (&setup, &found);
        if (found.verdict == WP_LOGGED_QUEUED)
          g_assert_cmpint (ABS ((int) found.workers - (int) setup.workers), <=,
                           (int) MAX (1, setup.workers / 5));
      }
}

/* Chance may make one look as if it rose: it cannot be n_not_queued then. */
static void
test_infinite_servers_are_not_queued (void)
{
  guint n_not_queued = 0;

  for (guint64 seed = 1; seed <= 6; seed++)
    {
      DrawnSetup setup;
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = NULL;

      drawn_setup_draw (&setup, DRAWN_INFINITE, seed);
      log = find (&setup, &found);
      g_assert_cmpint (found.verdict, !=, WP_LOGGED_QUEUED);
      g_assert_cmpuint (found.workers, ==, 0);
      if (found.verdict == WP_LOGGED_NOT_QUEUED)
        g_assert_cmpfloat (found.service_mean_ns, ==, found.response_mean_ns);
      n_not_queued += found.verdict == WP_LOGGED_NOT_QUEUED;
    }
  g_assert_cmpuint (n_not_queued, >=, 5);
}

/* Clients without pauses keep the number in the system as it is: whether they wait shows only where it is
 * first come, first served, and deep. */
static void
test_closed_loop (void)
{
  static const struct {
    DrawnKind kind;
    gboolean is_found;
  } kinds[] = { { DRAWN_CLOSED_FIFO, TRUE },
                { DRAWN_CLOSED_SHARING, FALSE },
                { DRAWN_CLOSED_RANDOM, FALSE },
                { DRAWN_CLOSED_LIFO, FALSE },
                { DRAWN_CLOSED_POOLS, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint64 seed = 1; seed <= 4; seed++)
      {
        DrawnSetup setup;
        WpLoggedWorkers found;
        g_autoptr (DrawnLog) log = NULL;

        drawn_setup_draw (&setup, kinds[i].kind, seed);
        setup.workers = 2 + (guint) (5 * seed);
        setup.extent = 3; /* clients for each worker */
        setup.parts = kinds[i].kind == DRAWN_CLOSED_POOLS ? 2 : 1;
        setup.service = DRAWN_EXPONENTIAL;
        log = find (&setup, &found);
        g_assert_cmpint (found.verdict, ==, kinds[i].is_found ? WP_LOGGED_QUEUED : WP_LOGGED_UNKNOWN);
        g_assert_cmpuint (found.workers, ==, kinds[i].is_found ? setup.workers : 0);
        if (kinds[i].kind == DRAWN_CLOSED_SHARING)
          g_assert_cmpint (found.reason, ==, WP_LOGGED_REASON_STEADY);
      }
}

/* Clients that pause as long as a service takes, in random order: they wait five times as long, but the
 * number in the server hardly changes, and is larger when a request ends, as these end at regular intervals.
 */
static void
test_closed_loop_with_pauses (void)
{
  DrawnSetup setup;
  WpLoggedWorkers found;
  g_autoptr (DrawnLog) log = NULL;

  drawn_setup_draw (&setup, DRAWN_CLOSED_RANDOM, 40009088);
  log = find (&setup, &found);
  g_assert_nonnull (log);
  g_assert_cmpint (found.verdict, ==, WP_LOGGED_UNKNOWN);
  g_assert_cmpint (found.reason, ==, WP_LOGGED_REASON_STEADY);
}

/* One request at a time: nobody waits. */
static void
test_one_client (void)
{
  DrawnSetup setup
      = { DRAWN_CLOSED_FIFO, DRAWN_EXPONENTIAL, 4, 1, 0.06, 0, FALSE, FALSE, 5000, 1, 1, 0.1, 1 };
  WpLoggedWorkers found;
  g_autoptr (DrawnLog) log = find (&setup, &found);

  g_assert_nonnull (log);
  g_assert_cmpint (found.verdict, ==, WP_LOGGED_NOT_QUEUED);
}

/* Windows of a long log agree, in bounded time. In a long overload a tenth of the workers explains nothing:
 * nearly all its services would be negative. */
static void
test_long_log (void)
{
  static const DrawnSetup setups[] = {
    { DRAWN_FIFO, DRAWN_EXPONENTIAL, 8, 0.9, 0.06, 0, TRUE, FALSE, 300000, WP_NS_PER_MS, 1 },
    { DRAWN_FIFO, DRAWN_EXPONENTIAL, 200, 2, 0.06, 0, TRUE, FALSE, 50000, WP_NS_PER_MS, 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (setups); i++)
    {
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = find (&setups[i], &found);

      g_assert_nonnull (log);
      g_assert_cmpint (found.verdict, ==, WP_LOGGED_QUEUED);
      g_assert_cmpuint (found.workers, >=, setups[i].workers - setups[i].workers / 20);
      g_assert_cmpuint (found.workers, <=, setups[i].workers + setups[i].workers / 20);
    }
}

static void
test_reasons (void)
{
  static const struct {
    DrawnSetup setup;
    WpLoggedReason reason;
  } cases[] = {
    { { DRAWN_FIFO, DRAWN_EXPONENTIAL, 8, 0.9, 0.06, 0, FALSE, FALSE, 999, 1, 1 }, WP_LOGGED_REASON_FEW },
    { { DRAWN_FIFO, DRAWN_EXPONENTIAL, 8, 0.7, 0.002, 0, FALSE, FALSE, 9999, WP_NS_PER_MS, 1 },
      WP_LOGGED_REASON_COARSE },
    { { DRAWN_FIFO, DRAWN_EXPONENTIAL, 8, 0.95, 0.02, 0, FALSE, FALSE, 9999, WP_NS_PER_S, 1 },
      WP_LOGGED_REASON_COARSE },
    { { DRAWN_SHARING, DRAWN_EXPONENTIAL, 8, 0.9, 0.06, 0, FALSE, FALSE, 9999, 1, 1 },
      WP_LOGGED_REASON_RISING },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpLoggedWorkers found;
      g_autoptr (DrawnLog) log = find (&cases[i].setup, &found);

      g_assert_nonnull (log);
      g_assert_cmpint (found.verdict, ==, WP_LOGGED_UNKNOWN);
      g_assert_cmpint (found.reason, ==, cases[i].reason);
      g_assert_cmpuint (found.workers, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logged-workers/recovered", test_recovered);
  g_test_add_func ("/logged-workers/begins-in-a-busy-period", test_begins_in_a_busy_period);
  g_test_add_func ("/logged-workers/constant", test_constant);
  g_test_add_func ("/logged-workers/constant-in-a-stamp", test_constant_in_a_stamp);
  g_test_add_func ("/logged-workers/rows-without-response", test_rows_without_response);
  g_test_add_func ("/logged-workers/fifo-is-found", test_fifo_is_found);
  g_test_add_func ("/logged-workers/rare-fifo-is-found", test_rare_fifo_is_found);
  g_test_add_func ("/logged-workers/hardly-any-wait", test_hardly_any_wait);
  g_test_add_func ("/logged-workers/others-are-not-queued", test_others_are_not_queued);
  g_test_add_func ("/logged-workers/rare-draws", test_rare_draws);
  g_test_add_func ("/logged-workers/infinite-servers-are-not-queued", test_infinite_servers_are_not_queued);
  g_test_add_func ("/logged-workers/noise-misleads-little", test_noise_misleads_little);
  g_test_add_func ("/logged-workers/closed-loop", test_closed_loop);
  g_test_add_func ("/logged-workers/closed-loop-with-pauses", test_closed_loop_with_pauses);
  g_test_add_func ("/logged-workers/one-client", test_one_client);
  g_test_add_func ("/logged-workers/long-log", test_long_log);
  g_test_add_func ("/logged-workers/reasons", test_reasons);

  return g_test_run ();
}
