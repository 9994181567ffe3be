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

typedef enum { PUBLISHED, REFUSED, READY, ON_ITS_WAY, HELD, IN_SERVICE, STORED } State;

/* All is found by going through all jobs and workers, at each ns. */
typedef struct {
  const Case *c;
  WpRequestResult results[MOST];
  State states[MOST];
  gint64 next_ns[MOST]; /* of the confirm, of the arrival at the worker */
  guint workers[MOST], turns[MOST];
  guint turn; /* jobs and workers wait in the order in which they came */
  gint64 now_ns, retry_ns, last_credit_ns, writes_ns[4], credits_ns[MOST];
  guint in_commit[4], credit[4], since[4], credit_jobs[MOST], credit_workers[MOST], n_credits, n_credited;
  gboolean is_closed;
  gint64 committing_ns, full_ns, first_full_ns;
  guint peak, n_stored;
} Naive;

static void
naive_publish (Naive *self)
{
  const Case *c = self->c;
  guint threads = c->options.threads;
  gint64 free_ns[5][4] = { { 0 } };
  WpRandom random;

  wp_random_init (&random, c->options.seed, 7);
  for (guint i = 0; i < c->n; i++)
    {
      guint front = c->options.balance == WP_BALANCE_RANDOM
                        ? (guint) wp_random_below (&random, c->options.fronts)
                        : i % c->options.fronts;
      guint soonest = 0;

      for (guint j = 1; j < threads; j++)
        if (free_ns[front][j] < free_ns[front][soonest])
          soonest = j;
      free_ns[front][soonest] = MAX (c->arrivals_ns[i], free_ns[front][soonest]) + c->options.front_ns;
      self->next_ns[i] = free_ns[front][soonest] + c->confirm_ns;
    }
}

static guint
naive_count (const Naive *self, State state)
{
  guint n = 0;

  for (guint i = 0; i < self->c->n; i++)
    n += self->states[i] == state;
  return n;
}

/* The first job in @state, of @worker, that is due; MOST: none. */
static guint
naive_first (const Naive *self, State state, guint worker)
{
  guint first = MOST;

  for (guint i = 0; i < self->c->n; i++)
    if (self->states[i] == state && (worker == G_MAXUINT || self->workers[i] == worker)
        && ((state != PUBLISHED && state != ON_ITS_WAY) || self->next_ns[i] <= self->now_ns)
        && (first == MOST || (state != PUBLISHED && self->turns[i] < self->turns[first])))
      first = i;
  return first;
}

static guint
naive_held (const Naive *self, State state, guint worker)
{
  guint n = 0;

  for (guint i = 0; i < self->c->n; i++)
    n += self->states[i] == state && self->workers[i] == worker;
  return n;
}

static void
naive_move (Naive *self, guint job, State state)
{
  self->states[job] = state;
  self->turns[job] = self->turn++;
}

static void
naive_commit (Naive *self, guint worker)
{
  const WpCommitCost *cost = &self->c->cost;
  guint n = MIN (naive_held (self, IN_SERVICE, worker), cost->most_rows);

  self->in_commit[worker] = n;
  self->writes_ns[worker] = self->now_ns + (gint64) cost->fixed_ns + (gint64) cost->row_ns * n;
  self->committing_ns += self->writes_ns[worker] - self->now_ns;
}

static void
naive_start (Naive *self, guint worker)
{
  guint job;

  while (naive_held (self, IN_SERVICE, worker) < self->c->options.batch
         && (job = naive_first (self, HELD, worker)) < MOST)
    {
      naive_move (self, job, IN_SERVICE);
      self->results[job].started_ns = self->now_ns;
    }
}

static void
naive_write (Naive *self, guint worker)
{
  self->writes_ns[worker] = WP_TIME_NONE;
  if (self->in_commit[worker] > 0)
    {
      self->last_credit_ns = MAX (self->last_credit_ns, self->now_ns + self->c->confirm_ns);
      self->credits_ns[self->n_credits] = self->last_credit_ns;
      self->credit_jobs[self->n_credits] = self->in_commit[worker];
      self->credit_workers[self->n_credits++] = worker;
    }
  for (; self->in_commit[worker] > 0; self->in_commit[worker]--, self->n_stored++)
    {
      guint job = naive_first (self, IN_SERVICE, worker);

      naive_move (self, job, STORED);
      self->results[job].finished_ns = self->results[job].ended_ns = self->now_ns;
      self->results[job].outcome = WP_OUTCOME_STORED;
    }
  naive_start (self, worker);
  if (naive_held (self, IN_SERVICE, worker) > 0)
    naive_commit (self, worker);
}

static void
naive_deliver (Naive *self)
{
  guint job, worker;

  for (; (job = naive_first (self, READY, G_MAXUINT)) < MOST; naive_move (self, job, ON_ITS_WAY))
    {
      worker = G_MAXUINT;
      for (guint i = 0; i < self->c->workers; i++)
        if (self->credit[i] > 0 && (worker == G_MAXUINT || self->since[i] < self->since[worker]))
          worker = i;
      if (worker == G_MAXUINT)
        break;
      self->credit[worker]--;
      self->since[worker] = self->turn++;
      self->workers[job] = worker;
      self->next_ns[job] = self->now_ns + self->c->options.deliver_ns;
    }
  if (!self->is_closed || naive_count (self, READY) > (guint) (self->c->options.reopen * self->c->queue_jobs))
    return;
  self->is_closed = FALSE;
  if (naive_count (self, REFUSED) > 0)
    self->retry_ns = self->now_ns + self->c->options.retry_ns / 2 + self->c->confirm_ns;
}

static void
naive_accept (Naive *self, guint job)
{
  self->results[job].accepted_ns = self->now_ns;
  naive_move (self, job, READY);
  naive_deliver (self);
  if (naive_count (self, READY) > self->c->queue_jobs)
    self->is_closed = TRUE;
}

static gboolean
naive_next_writer (Naive *self)
{
  for (guint i = 0; i < self->c->workers; i++)
    if (self->writes_ns[i] == self->now_ns)
      {
        naive_write (self, i);
        return TRUE;
      }
  return FALSE;
}

static gboolean
naive_next_credit (Naive *self)
{
  guint i = self->n_credited, worker;

  if (i == self->n_credits || self->credits_ns[i] > self->now_ns)
    return FALSE;
  worker = self->credit_workers[i];
  if (self->credit[worker] == 0)
    self->since[worker] = self->turn++;
  self->credit[worker] += self->credit_jobs[i];
  self->n_credited++;
  naive_deliver (self);
  return TRUE;
}

static gboolean
naive_next_delivery (Naive *self)
{
  guint job = naive_first (self, ON_ITS_WAY, G_MAXUINT), worker;

  if (job == MOST)
    return FALSE;
  worker = self->workers[job];
  naive_move (self, job, HELD);
  naive_start (self, worker);
  if (self->writes_ns[worker] == WP_TIME_NONE && self->c->cost.idle_ns > 0)
    self->writes_ns[worker] = self->now_ns + (gint64) self->c->cost.idle_ns;
  else if (self->writes_ns[worker] == WP_TIME_NONE)
    naive_commit (self, worker);
  return TRUE;
}

static gboolean
naive_next_retry (Naive *self)
{
  guint job;

  if (self->retry_ns != self->now_ns)
    return FALSE;
  self->retry_ns = WP_TIME_NONE;
  while (!self->is_closed && (job = naive_first (self, REFUSED, G_MAXUINT)) < MOST)
    naive_accept (self, job);
  return TRUE;
}

static gboolean
naive_next_confirm (Naive *self)
{
  guint job = naive_first (self, PUBLISHED, G_MAXUINT);

  if (job == MOST)
    return FALSE;
  self->results[job].blocked = self->is_closed || naive_count (self, REFUSED) > 0;
  if (self->results[job].blocked)
    naive_move (self, job, REFUSED);
  else
    naive_accept (self, job);
  self->peak = MAX (self->peak, naive_count (self, REFUSED));
  return TRUE;
}

static void
naive_run (Naive *self, const Case *c)
{
  *self = (Naive){ .c = c, .retry_ns = WP_TIME_NONE, .first_full_ns = WP_TIME_NONE };
  naive_publish (self);
  for (guint i = 0; i < c->workers; i++)
    {
      self->writes_ns[i] = WP_TIME_NONE;
      self->credit[i] = c->options.prefetch;
      self->since[i] = self->turn++;
    }
  for (; self->n_stored < c->n; self->now_ns++)
    {
      while (naive_next_writer (self) || naive_next_credit (self) || naive_next_delivery (self)
             || naive_next_retry (self) || naive_next_confirm (self))
        ;
      if (!self->is_closed && naive_count (self, REFUSED) == 0)
        continue;
      self->full_ns++;
      if (self->first_full_ns == WP_TIME_NONE)
        self->first_full_ns = self->now_ns;
    }
}

static void
naive_summary (const Naive *naive, WpSummary *summary)
{
  const Case *c = naive->c;
  WpLayout layout = { .queue_jobs = c->queue_jobs, .workers = c->workers, .can_be_full = TRUE };
  WpRow rows[MOST];
  gint64 last_ns = 0;

  for (guint i = 0; i < c->n; i++)
    {
      rows[i] = (WpRow) WP_ROW_INIT;
      rows[i].arrival_ns = c->arrivals_ns[i];
      rows[i].accepted_ns = naive->results[i].accepted_ns;
      rows[i].started_ns = naive->results[i].started_ns;
      rows[i].finished_ns = rows[i].ended_ns = naive->results[i].ended_ns;
      rows[i].outcome = naive->results[i].outcome;
      rows[i].blocked = naive->results[i].blocked;
      last_ns = MAX (last_ns, naive->results[i].ended_ns);
    }
  wp_summary_measure (summary, &layout, rows, c->n);
  summary->utilisation = last_ns > c->arrivals_ns[0] ? (double) naive->committing_ns / c->workers
                                                           / (double) (last_ns - c->arrivals_ns[0])
                                                     : NAN;
  summary->time_full_ns = naive->full_ns;
  summary->first_full_ns = naive->first_full_ns;
  summary->blocked_peak = naive->peak;
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
                   .reopen = (double) wp_random_below (random, 11) / 10,
                   .batch = 1 + (guint) wp_random_below (random, 5) },
               .workers = 1 + (guint) wp_random_below (random, 4),
               .confirm_ns = (gint64) wp_random_below (random, 8),
               .cost
               = { .fixed_ns = 1 + (double) wp_random_below (random, 25),
                   .row_ns = (double) wp_random_below (random, 5),
                   .idle_ns = (double) (wp_random_below (random, 3) == 0 ? wp_random_below (random, 6) : 0),
                   .most_rows = wp_random_below (random, 4) == 0 ? 2 : 1000 },
               .n = 1 + (guint) wp_random_below (random, MOST) };
  c->queue_jobs = (guint) wp_random_below (random, 12);
  c->options.prefetch = c->options.batch + (guint) wp_random_below (random, 6);
  for (guint i = 0; i < c->n; i++)
    {
      c->arrivals_ns[i] = now_ns;
      now_ns += (gint64) wp_random_below (random, gap);
    }
}

static void
check_case (const Case *c)
{
  WpSummary summary, of_naive;
  const char *differs;
  Naive naive;
  Seen seen;

  naive_run (&naive, c);
  run_queue (c, &seen, &summary);
  for (guint i = 0; i < c->n; i++)
    if (!same_result (&seen.results[i], &naive.results[i]))
      {
        print_result ("model", &seen.results[i]);
        print_result ("naive", &naive.results[i]);
        g_error ("request %u of %u differs", i, c->n);
      }
  naive_summary (&naive, &of_naive);
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

/* One worker, with no way to the queue and room for all, is a server whose database commits in groups. */
static void
test_one_worker_is_a_bulk_service (void)
{
  guint64 seed = g_test_rand_int ();
  WpRandom random;

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d cases", seed, N_CASES);
  wp_random_init (&random, seed, 0);
  for (guint i = 0; i < N_CASES; i++)
    {
      WpLayout layout = { .queue_jobs = WP_UNBOUNDED, .block_timeout_ns = WP_TIME_NONE };
      g_autoptr (WpBulkService) service = NULL;
      g_autoptr (WpCommit) commit = NULL;
      Seen seen, plain = { .n_ended = 0 };
      WpSummary summary;
      Case c;

      make_case (&c, &random);
      c.options.front_ns = c.options.deliver_ns = c.confirm_ns = 0;
      c.workers = 1;
      c.queue_jobs = WP_UNBOUNDED;
      c.options.prefetch = WP_UNBOUNDED;
      layout.workers = c.options.batch;
      commit = wp_commit_new (&c.cost, NULL, 1, 1);
      service = wp_bulk_service_new (&layout, WP_TIME_NONE, commit, on_end, &plain);
      for (guint j = 0; j < c.n; j++)
        g_assert_true (wp_bulk_service_offer (service, c.arrivals_ns[j]));
      g_assert_true (wp_bulk_service_finish (service, &summary));
      run_queue (&c, &seen, &summary);
      for (guint j = 0; j < c.n; j++)
        if (!same_result (&seen.results[j], &plain.results[j]))
          {
            print_result ("model", &seen.results[j]);
            print_result ("server", &plain.results[j]);
            g_error ("request %u of %u differs", j, c.n);
          }
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
  Case c = { .options = { .fronts = 3, .threads = 1, .deliver_ns = 2000000, .batch = 1, .prefetch = 20 },
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
  Case c = { .options
             = { .fronts = 4, .threads = 1, .retry_ns = 3000000, .reopen = 0.8, .batch = 10, .prefetch = 20 },
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
  g_assert_cmpuint (figures.ready_max, ==, 101);         /* the last one fills it */
  g_assert_cmpint (summary.depth_max, ==, 101 + 3 * 10); /* and those that a worker has beside its batch */
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
