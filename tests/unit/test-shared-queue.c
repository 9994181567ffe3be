/* Fronts, one shared queue and its workers: against a naive twin, the bulk-service model, theory, and by
 * hand. */
#include "sim/model/wp-shared-queue.h"

#include "tests/unit/compare-summary.h"

#define N_CASES 3000
#define MOST    60 /* jobs */

typedef struct {
  WpSharedQueueOptions options;
  guint workers, queue_jobs;
  gint64 confirm_ns;
  WpCommitCost cost;
  gint64 arrivals_ns[MOST];
  guint n;
} Case;

typedef struct {
  WpRequestResult results[MOST];
  guint n_ended;
} Seen;

static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  Seen *seen = data;

  seen->results[request] = *result;
  seen->n_ended++;
}

static WpSharedQueue *
make_queue (const Case *c, Seen *seen)
{
  g_autoptr (WpCommit) confirm
      = wp_commit_new (&(WpCommitCost){ .fixed_ns = (double) c->confirm_ns, .most_rows = 1 }, NULL, 1, 1);
  g_autoptr (WpCommit) commit = wp_commit_new (&c->cost, NULL, 1, 1);
  WpLayout layout = { .queue_jobs = c->queue_jobs, .workers = c->workers, .can_be_full = TRUE };

  return wp_shared_queue_new (&c->options, &layout, confirm, commit, seen ? on_result : NULL, seen);
}

static void
run_queue (const Case *c, Seen *seen, WpSummary *summary)
{
  g_autoptr (WpSharedQueue) queue = NULL;
  g_autoptr (GError) error = NULL;

  *seen = (Seen){ .n_ended = 0 };
  queue = make_queue (c, seen);
  for (guint i = 0; i < c->n; i++)
    g_assert_true (wp_shared_queue_offer (queue, c->arrivals_ns[i]));
  g_assert_true (wp_shared_queue_finish (queue, summary));
  g_assert_true (wp_shared_queue_check (queue, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (seen->n_ended, ==, c->n);
}

/* The times of all requests, with arrays for all that the recursion names. */
typedef struct {
  gint64 published_ns[MOST];
  guint order[MOST]; /* of publishing */
  gint64 free_ns[MOST];
  gint64 starts_ns[MOST]; /* in order of publishing, as far as they are known */
  guint n_started;
  gint64 committing_ns;
} Naive;

static void
naive_publish (const Case *c, Naive *naive)
{
  guint threads = c->options.threads;
  gint64 free_ns[5][4] = { { 0 } };
  WpRandom random;

  wp_random_init (&random, c->options.seed, 7);
  for (guint i = 0; i < c->n; i++)
    {
      guint front = c->options.balance == WP_BALANCE_RANDOM
                        ? (guint) wp_random_below (&random, c->options.fronts)
                        : i % c->options.fronts;
      guint soonest = 0, at = i;

      for (guint j = 1; j < threads; j++)
        if (free_ns[front][j] < free_ns[front][soonest])
          soonest = j;
      naive->published_ns[i] = MAX (c->arrivals_ns[i], free_ns[front][soonest]) + c->options.front_ns;
      free_ns[front][soonest] = naive->published_ns[i];
      for (; at > 0 && naive->published_ns[naive->order[at - 1]] > naive->published_ns[i]; at--)
        naive->order[at] = naive->order[at - 1];
      naive->order[at] = i;
    }
}

/* The acceptance of job @j, in order of publishing; FALSE: it is not known when its place is free. */
static gboolean
naive_accept (const Case *c, const Naive *naive, guint j, WpRequestResult *results)
{
  WpRequestResult *result = &results[naive->order[j]];
  gint64 before_ns = j > 0 ? results[naive->order[j - 1]].accepted_ns : 0;

  if (j >= c->queue_jobs && j - c->queue_jobs >= naive->n_started)
    return FALSE;
  result->accepted_ns = naive->published_ns[naive->order[j]] + c->confirm_ns;
  result->blocked = j >= c->queue_jobs && naive->starts_ns[j - c->queue_jobs] > result->accepted_ns;
  if (result->blocked)
    result->accepted_ns = naive->starts_ns[j - c->queue_jobs] + c->options.retry_ns / 2;
  result->accepted_ns = MAX (result->accepted_ns, before_ns);

  return TRUE;
}

/* Starts the batch of the job that is the next in order of publishing. */
static void
naive_batch (const Case *c, Naive *naive, WpRequestResult *results)
{
  guint first = naive->n_started, worker = 0, n = 0;
  gint64 last_ns = first > 0 ? naive->starts_ns[first - 1] : 0, ready_ns, start_ns, end_ns;

  g_assert_true (naive_accept (c, naive, first, results));
  ready_ns = results[naive->order[first]].accepted_ns + c->options.deliver_ns;
  for (guint i = 1; i < c->workers; i++)
    if (naive->free_ns[i] < naive->free_ns[worker])
      worker = i;
  start_ns = naive->free_ns[worker] > MAX (ready_ns, last_ns)
                 ? naive->free_ns[worker]
                 : MAX (last_ns, ready_ns + (gint64) c->cost.idle_ns);
  while (n < c->options.batch && first + n < c->n && naive_accept (c, naive, first + n, results)
         && results[naive->order[first + n]].accepted_ns + c->options.deliver_ns <= start_ns)
    n++;
  end_ns = start_ns + (gint64) c->cost.fixed_ns + (gint64) c->cost.row_ns * n;
  naive->free_ns[worker] = end_ns;
  naive->committing_ns += end_ns - start_ns;
  for (guint i = first; i < first + n; i++)
    {
      WpRequestResult *result = &results[naive->order[i]];

      naive->starts_ns[i] = result->started_ns = start_ns;
      result->finished_ns = result->ended_ns = end_ns;
      result->outcome = WP_OUTCOME_STORED;
    }
  naive->n_started += n;
}

/* By going through every ns: how long the queue was full. */
static gint64
naive_full (const Case *c, const WpRequestResult *results, gint64 *first_ns)
{
  gint64 full_ns = 0, end_ns = 0;

  *first_ns = WP_TIME_NONE;
  for (guint i = 0; i < c->n; i++)
    end_ns = MAX (end_ns, results[i].started_ns);
  for (gint64 now_ns = 0; now_ns < end_ns; now_ns++)
    {
      guint depth = 0;

      for (guint i = 0; i < c->n; i++)
        depth += results[i].accepted_ns <= now_ns && results[i].started_ns > now_ns;
      g_assert_cmpuint (depth, <=, c->queue_jobs);
      if (depth < c->queue_jobs)
        continue;
      full_ns++;
      if (*first_ns == WP_TIME_NONE)
        *first_ns = now_ns;
    }

  return full_ns;
}

static void
naive_summary (const Case *c, const Naive *naive, const WpRequestResult *results, WpSummary *summary)
{
  WpLayout layout = { .queue_jobs = c->queue_jobs, .workers = c->workers, .can_be_full = TRUE };
  WpRow rows[MOST];
  gint64 last_ns = 0;

  for (guint i = 0; i < c->n; i++)
    {
      rows[i] = (WpRow) WP_ROW_INIT;
      rows[i].arrival_ns = c->arrivals_ns[i];
      rows[i].accepted_ns = results[i].accepted_ns;
      rows[i].started_ns = results[i].started_ns;
      rows[i].finished_ns = rows[i].ended_ns = results[i].ended_ns;
      rows[i].outcome = results[i].outcome;
      rows[i].blocked = results[i].blocked;
      last_ns = MAX (last_ns, results[i].ended_ns);
    }
  wp_summary_measure (summary, &layout, rows, c->n);
  summary->utilisation = last_ns > c->arrivals_ns[0] ? (double) naive->committing_ns / c->workers
                                                           / (double) (last_ns - c->arrivals_ns[0])
                                                     : NAN;
  summary->time_full_ns = naive_full (c, results, &summary->first_full_ns);
  summary->blocked_peak = 0;
  for (guint i = 0; i < c->n; i++)
    {
      guint parked = 0;

      for (guint j = 0; j < c->n && results[i].blocked; j++)
        parked += results[j].blocked && results[j].accepted_ns > naive->published_ns[i]
                  && (naive->published_ns[j] < naive->published_ns[i]
                      || (naive->published_ns[j] == naive->published_ns[i] && j <= i));
      summary->blocked_peak = MAX (summary->blocked_peak, parked);
    }
}

/* Small times, so that there are many ties. */
static void
make_case (Case *c, WpRandom *random)
{
  gint64 now_ns = 0;
  guint gap = 1 + (guint) wp_random_below (random, 6);

  *c = (Case){ .options
               = { .fronts = 1 + (guint) wp_random_below (random, 5),
                   .balance = wp_random_below (random, 2) ? WP_BALANCE_RANDOM : WP_BALANCE_ROUND_ROBIN,
                   .seed = wp_random_next (random),
                   .front_ns = (gint64) wp_random_below (random, 12),
                   .threads = 1 + (guint) wp_random_below (random, 4),
                   .deliver_ns = (gint64) wp_random_below (random, 4),
                   .retry_ns = (gint64) wp_random_below (random, 7),
                   .batch = 1 + (guint) wp_random_below (random, 5) },
               .workers = 1 + (guint) wp_random_below (random, 4),
               .confirm_ns = (gint64) wp_random_below (random, 8),
               .cost
               = { .fixed_ns = 1 + (double) wp_random_below (random, 25),
                   .row_ns = (double) wp_random_below (random, 5),
                   .idle_ns = (double) (wp_random_below (random, 3) == 0 ? wp_random_below (random, 6) : 0),
                   .most_rows = 1000 },
               .n = 1 + (guint) wp_random_below (random, MOST) };
  c->queue_jobs = c->options.batch + (guint) wp_random_below (random, 6);
  for (guint i = 0; i < c->n; i++)
    {
      c->arrivals_ns[i] = now_ns;
      now_ns += (gint64) wp_random_below (random, gap);
    }
}

static void
check_case (const Case *c)
{
  WpRequestResult results[MOST] = { { 0 } };
  Naive naive = { .n_started = 0 };
  WpSummary summary, of_naive;
  const char *differs;
  Seen seen;

  naive_publish (c, &naive);
  while (naive.n_started < c->n)
    naive_batch (c, &naive, results);
  run_queue (c, &seen, &summary);
  for (guint i = 0; i < c->n; i++)
    if (!same_result (&seen.results[i], &results[i]))
      {
        print_result ("model", &seen.results[i]);
        print_result ("naive", &results[i]);
        g_error ("request %u of %u differs", i, c->n);
      }
  naive_summary (c, &naive, results, &of_naive);
  differs = compare_figures (&summary, &of_naive);
  if (differs)
    g_error ("%s is %.17g, naive %.17g", differs, wp_metric_value (wp_metric_find (differs), &summary),
             wp_metric_value (wp_metric_find (differs), &of_naive));
}

static void
test_equals_naive (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;
  Case c;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d cases", seed, N_CASES);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_CASES; i++)
    {
      make_case (&c, &random);
      check_case (&c);
    }
}

/* WpBatchNotify */
static void
on_end (guint64 request, const WpRequestResult *result, gpointer data)
{
  if (result->outcome != WP_OUTCOME_NONE)
    on_result (request, result, data);
}

/* No arrival is at the end of a commit, where the two models differ: each has a remainder of its own. */
static void
spread_times (Case *c)
{
  for (guint i = 0; i < c->n; i++)
    c->arrivals_ns[i] = 1000 * c->arrivals_ns[i] + i;
  c->cost.fixed_ns *= 1000;
  c->cost.row_ns *= 1000;
  c->cost.idle_ns *= 1000;
}

/* One worker, with no way to the queue and room for all, is a database that commits in groups. */
static void
test_one_worker_is_a_bulk_service (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d cases", seed, N_CASES);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_CASES; i++)
    {
      WpLayout layout
          = { .queue_jobs = WP_UNBOUNDED, .workers = WP_UNBOUNDED, .block_timeout_ns = WP_TIME_NONE };
      g_autoptr (WpBulkService) service = NULL;
      g_autoptr (WpCommit) commit = NULL;
      Seen seen, plain = { .n_ended = 0 };
      WpSummary summary;
      Case c;

      make_case (&c, &random);
      spread_times (&c);
      c.options.front_ns = c.options.deliver_ns = c.confirm_ns = 0;
      c.workers = 1;
      c.queue_jobs = WP_UNBOUNDED;
      c.cost.most_rows = c.options.batch;
      commit = wp_commit_new (&c.cost, NULL, 1, 1);
      service = wp_bulk_service_new (&layout, WP_TIME_NONE, commit, on_end, &plain);
      for (guint j = 0; j < c.n; j++)
        g_assert_true (wp_bulk_service_offer (service, c.arrivals_ns[j]));
      g_assert_true (wp_bulk_service_finish (service, &summary));
      run_queue (&c, &seen, &summary);
      for (guint j = 0; j < c.n; j++)
        g_assert_cmpint (seen.results[j].finished_ns, ==, plain.results[j].finished_ns);
    }
}

/* Poisson arrivals with @load of the capacity. */
static void
run_poisson (WpSharedQueue *queue, double mean_ns, double load, guint n, guint warmup, WpSummary *summary)
{
  WpRandom random;
  double now_ns = 0;

  wp_random_init (&random, 11, 0);
  for (guint i = 0; i < n; i++)
    {
      if (i == warmup && warmup > 0)
        wp_shared_queue_start_counting (queue, (gint64) now_ns);
      g_assert_true (wp_shared_queue_offer (queue, (gint64) now_ns));
      now_ns += mean_ns / load * wp_random_exponential (&random);
    }
  g_assert_true (wp_shared_queue_finish (queue, summary));
}

/* Batches of one job are M/D/1: the mean wait is load / (2 (1 - load)) services (Pollaczek and Khinchine).
 * The way to the queue and from it adds to that. */
static void
test_batches_of_one_are_known (void)
{
  const double service_ns = 1e6, load = 0.8;
  Case c = { .options = { .fronts = 3, .threads = 1, .deliver_ns = 2000000, .batch = 1 },
             .workers = 1,
             .queue_jobs = WP_UNBOUNDED,
             .confirm_ns = 5000000,
             .cost = { .fixed_ns = service_ns, .most_rows = 1 } };
  g_autoptr (WpSharedQueue) queue = make_queue (&c, NULL);
  WpSummary summary;

  run_poisson (queue, service_ns, load, 1000000, 0, &summary);
  g_test_message ("wait %.4g ms", (summary.wait.mean - 7e6) / 1e6);
  g_assert_cmpfloat_with_epsilon ((summary.wait.mean - 7e6) / service_ns, load / (2 * (1 - load)), 0.05);
  g_assert_cmpfloat_with_epsilon (summary.utilisation, load, 0.01);
}

/* With traffic beyond the capacity the workers make full batches, the queue is full, and no more comes
 * through than they can store. */
static void
test_overload_is_bounded (void)
{
  Case c = { .options = { .fronts = 4, .threads = 1, .retry_ns = 3000000, .batch = 10 },
             .workers = 3,
             .queue_jobs = 100,
             .cost = { .fixed_ns = 5e6, .row_ns = 5e5, .most_rows = 1000 } };
  g_autoptr (WpSharedQueue) queue = make_queue (&c, NULL);
  WpSharedQueueFigures figures;
  WpSummary summary;

  run_poisson (queue, 1e9 / 3000, 1.5, 300000, 30000, &summary);
  wp_shared_queue_figures (queue, &figures);
  g_assert_cmpfloat_with_epsilon (figures.rows_per_commit, 10, 0.01);
  g_assert_cmpfloat_with_epsilon (summary.throughput, 3000, 15);
  g_assert_cmpint (summary.depth_max, ==, 100);
  g_assert_cmpfloat (summary.utilisation, >, 0.999);
  g_assert_cmpuint (summary.requests, ==, 270000);
  g_assert_cmpuint (summary.blocked, >, 260000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/shared-queue/naive", test_equals_naive);
  g_test_add_func ("/shared-queue/one-worker", test_one_worker_is_a_bulk_service);
  g_test_add_func ("/shared-queue/theory", test_batches_of_one_are_known);
  g_test_add_func ("/shared-queue/overload", test_overload_is_bounded);

  return g_test_run ();
}
