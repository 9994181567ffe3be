/* The channel against a naive model after every operation, on a clock that the test sets, so that times
 * coincide. */
#include "tests/unit/naive-channel.h"

#include "sim/base/wp-policy.h"
#include "sim/stats/wp-random.h"

#define N_CHANNELS      5000
#define OPERATIONS_EACH 120
#define AN_HOUR_NS      (3600 * WP_NS_PER_S)

/* The linker puts it in the place of wp_time_monotonic(). */
gint64 __wrap_wp_time_monotonic (void);

static gint64 clock_ns = AN_HOUR_NS;
static guint n_readings;

gint64
__wrap_wp_time_monotonic (void)
{
  n_readings++;
  return clock_ns;
}

typedef struct {
  WpRandom random;
  WpChannel *channel;
  NaiveChannel *naive;
  GPtrArray *jobs; /* (element-type WpJob): our reference to each, in order of arrival */
  guint64 duplicates, conflicts, outages;
} Pair;

static guint
below (Pair *self, guint n)
{
  return (guint) wp_random_below (&self->random, n);
}

static void
pair_init (Pair *self, guint64 seed, guint64 stream)
{
  guint capacity_jobs, workers;
  gboolean rejects;
  gint64 timeout_ns;

  wp_random_init (&self->random, seed, stream);
  capacity_jobs = below (self, 8) == 0 ? WP_UNBOUNDED : below (self, 6);
  workers = 1 + below (self, 4);
  rejects = below (self, 4) == 0;
  timeout_ns = below (self, 4) == 0 ? WP_TIME_NONE : 1 + below (self, 20);
  self->channel = wp_channel_new (capacity_jobs, workers, rejects, timeout_ns);
  self->naive = naive_channel_new (capacity_jobs, workers, rejects, timeout_ns);
  self->naive->now_ns = self->naive->seen_ns = clock_ns;
  self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  self->duplicates = self->conflicts = self->outages = 0;
}

/* Channel, model and references go; every job must be ours alone by then. */
static void
pair_clear (Pair *self)
{
  for (guint i = 0; i < self->jobs->len; i++)
    g_assert_cmpint (((WpJob *) self->jobs->pdata[i])->refs, ==, 1);
  wp_channel_free (self->channel);
  naive_channel_free (self->naive);
  g_ptr_array_unref (self->jobs);
}

static void
check_job (Pair *self, int i)
{
  const WpJob *job = self->jobs->pdata[i];
  const NaiveJob *naive = naive_channel_job (self->naive, i);

  g_assert_cmpint (job->state, ==, naive->state);
  g_assert_cmpint (job->outcome, ==, naive->outcome);
  g_assert_cmpint (job->blocked, ==, naive->blocked);
  g_assert_cmpuint (job->seq, ==, i);
  g_assert_cmpint (job->arrival_ns, ==, naive->arrival_ns);
  g_assert_cmpint (job->accepted_ns, ==, naive->accepted_ns);
  g_assert_cmpint (job->started_ns, ==, naive->started_ns);
  g_assert_cmpint (job->finished_ns, ==, naive->finished_ns);
  g_assert_cmpint (job->ended_ns, ==, naive->ended_ns);
  g_assert_cmpint (job->refs, ==, naive->state == WP_JOB_ENDED ? 1 : 2);
  if (naive->state == WP_JOB_IN_SERVICE)
    g_assert_true (job->worker->job == job && job->worker->id < self->naive->peaks.in_service_peak);
}

static void
check_ledger (Pair *self)
{
  WpLedger ledger, naive;
  gint64 oldest_ns;
  static const WpJobState inside[] = { WP_JOB_IN_SERVICE, WP_JOB_QUEUED, WP_JOB_PARKED };
  int oldest = NAIVE_NEVER;

  wp_channel_count (self->channel, &ledger, &oldest_ns);
  naive_channel_ledger (self->naive, &naive);
  naive.duplicates = self->duplicates;
  naive.conflicts = self->conflicts;
  naive.outages = self->outages;
  g_assert_cmpmem (&ledger, sizeof ledger, &naive, sizeof naive);
  g_assert_true (wp_ledger_balances (&ledger));
  for (guint i = 0; i < G_N_ELEMENTS (inside); i++)
    {
      int first = naive_channel_first (self->naive, inside[i]);

      if (first != NAIVE_NEVER && (oldest == NAIVE_NEVER || first < oldest))
        oldest = first;
    }
  g_assert_cmpint (oldest_ns, ==,
                   oldest == NAIVE_NEVER ? WP_TIME_NONE : ((WpJob *) self->jobs->pdata[oldest])->arrival_ns);
}

typedef struct {
  guint n[WP_JOB_ENDED]; /* by state */
  guint64 last_seq[WP_JOB_ENDED];
} Order;

static void
note_order (WpJob *job, gpointer data)
{
  Order *order = data;

  g_assert_cmpint (job->state, <, WP_JOB_ENDED);
  if (order->n[job->state] > 0)
    g_assert_cmpuint (job->seq, >, order->last_seq[job->state]);
  order->last_seq[job->state] = job->seq;
  order->n[job->state]++;
}

/* Equal states, seen one by one, and lines in order of arrival are equal lines. */
static void
check_order (Pair *self)
{
  Order order = { { 0 }, { 0 } };

  wp_channel_foreach (self->channel, note_order, &order);
  for (WpJobState state = WP_JOB_NEW; state < WP_JOB_ENDED; state++)
    g_assert_cmpuint (order.n[state], ==, naive_channel_count_state (self->naive, state));
  g_assert_cmpint (wp_channel_wait_empty (self->channel, 0), ==,
                   order.n[WP_JOB_PARKED] + order.n[WP_JOB_QUEUED] + order.n[WP_JOB_IN_SERVICE] == 0);
  g_assert_cmpint (wp_channel_is_full (self->channel), ==,
                   order.n[WP_JOB_IN_SERVICE] >= self->naive->workers
                       && order.n[WP_JOB_QUEUED] >= self->naive->capacity_jobs);
}

static void
check_pair (Pair *self)
{
  for (int i = 0; i < (int) self->jobs->len; i++)
    check_job (self, i);
  check_ledger (self);
  check_order (self);
}

static void
send_one (Pair *self)
{
  WpJob *job = wp_job_new ();
  WpSend sent;

  g_ptr_array_add (self->jobs, job);
  sent = wp_channel_send (self->channel, job);
  g_assert_cmpint (sent, ==, naive_channel_send (self->naive));
  if (sent == WP_SEND_STARTED)
    g_assert_cmpint (job->base_ns, ==, job->started_ns);
}

static int
pick (Pair *self, WpJobState state)
{
  guint n = naive_channel_count_state (self->naive, state);
  guint skip = n > 0 ? below (self, n) : 0;

  for (int i = 0; n > 0 && i < (int) self->naive->jobs->len; i++)
    if (naive_channel_job (self->naive, i)->state == state && skip-- == 0)
      return i;
  return NAIVE_NEVER;
}

/* Takes jobs that were turned away, which must be the same on both sides. */
static void
check_turned_away (Pair *self, WpJob *jobs)
{
  const GArray *expected = self->naive->turned_away;

  for (guint i = 0; i < expected->len; i++)
    {
      WpJob *job = jobs;

      g_assert_true (job == self->jobs->pdata[g_array_index (expected, int, i)]);
      jobs = job->next;
      wp_job_unref (job);
    }
  g_assert_null (jobs);
}

static void
check_freed (Pair *self, const WpFreed *freed, int admitted)
{
  g_assert_true (freed->admitted == (admitted == NAIVE_NEVER ? NULL : self->jobs->pdata[admitted]));
  if (freed->admitted)
    wp_job_unref (freed->admitted);
  check_turned_away (self, freed->expired);
}

/* A completion whose delay was due a moment ago, or in an hour, or that knows of none. */
static gint64
random_due (Pair *self)
{
  switch (below (self, 3))
    {
    case 0:
      return WP_TIME_NONE;
    case 1:
      return clock_ns - below (self, 1000);
    default:
      return clock_ns + AN_HOUR_NS;
    }
}

static void
take_one (Pair *self)
{
  int i = pick (self, WP_JOB_IN_SERVICE), next, admitted;
  WpResult result = (WpResult) below (self, WP_RESULT_PERMANENT + 1);
  WpOutcome outcome
      = result == WP_RESULT_STORED || result == WP_RESULT_DUPLICATE ? WP_OUTCOME_STORED : WP_OUTCOME_FAILED;
  WpJob *done, *got;
  WpFreed freed;
  const WpWorker *worker;

  if (i == NAIVE_NEVER)
    return;
  done = self->jobs->pdata[i];
  worker = done->worker;
  done->due_ns = random_due (self);
  done->result = result;
  self->duplicates += result == WP_RESULT_DUPLICATE;
  self->conflicts += result == WP_RESULT_CONFLICT;
  self->outages += result == WP_RESULT_TRANSIENT;

  got = wp_channel_take (self->channel, done, &freed);
  next = naive_channel_take (self->naive, i, outcome, &admitted);
  g_assert_true (got == (next == NAIVE_NEVER ? NULL : self->jobs->pdata[next]));
  check_freed (self, &freed, admitted);
  g_assert_null (done->worker);
  if (got)
    {
      g_assert_true (got->worker == worker);
      g_assert_cmpint (got->base_ns, ==,
                       done->due_ns == WP_TIME_NONE ? got->started_ns : MIN (done->due_ns, got->started_ns));
    }
  wp_job_unref (done);
}

/* Mostly one that waits; now and then one that does not (any more). */
static void
leave_one (Pair *self)
{
  int i = below (self, 4) == 0 ? (int) below (self, self->jobs->len + 1)
                               : pick (self, below (self, 2) ? WP_JOB_PARKED : WP_JOB_QUEUED);
  gboolean queued_too = below (self, 2) == 0, left;
  int admitted;
  WpFreed freed;

  if (i == NAIVE_NEVER || i == (int) self->jobs->len)
    return;
  left = wp_channel_abandon (self->channel, self->jobs->pdata[i], queued_too, &freed);
  g_assert_cmpint (left, ==, naive_channel_abandon (self->naive, i, queued_too, &admitted));
  check_freed (self, &freed, admitted);
  if (left)
    wp_job_unref (self->jobs->pdata[i]);
}

static void
expire_some (Pair *self)
{
  gint64 next_due_ns;
  WpJob *expired = wp_channel_expire (self->channel, &next_due_ns);

  naive_channel_expire (self->naive);
  check_turned_away (self, expired);
  g_assert_cmpint (next_due_ns, ==, naive_channel_next_due (self->naive));
}

static void
check_jobs (Pair *self, const GPtrArray *jobs, const GArray *expected)
{
  g_assert_cmpuint (jobs->len, ==, expected->len);
  for (guint i = 0; i < jobs->len; i++)
    g_assert_true (jobs->pdata[i] == self->jobs->pdata[g_array_index (expected, int, i)]);
}

/* Some of the sizes change. */
static void
resize_it (Pair *self)
{
  g_autoptr (GArray) admitted = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) started = g_array_new (FALSE, FALSE, sizeof (int));
  guint capacity_jobs = below (self, 2) ? self->naive->capacity_jobs : below (self, 8);
  guint workers = below (self, 2) ? self->naive->workers : 1 + below (self, 5);
  gboolean rejects = below (self, 3) ? self->naive->rejects : below (self, 4) == 0;
  gint64 timeout_ns = below (self, 3) ? self->naive->timeout_ns : 1 + below (self, 20);
  WpResized resized;

  wp_channel_resize (self->channel, capacity_jobs, workers, rejects, timeout_ns, &resized);
  naive_channel_resize (self->naive, capacity_jobs, workers, rejects, timeout_ns, admitted, started);
  g_assert_cmpint (resized.at_ns, ==, clock_ns);
  check_jobs (self, resized.admitted, admitted);
  check_jobs (self, resized.started, started);
  for (guint i = 0; i < resized.started->len; i++)
    g_assert_cmpint (((WpJob *) resized.started->pdata[i])->base_ns, ==, clock_ns);
  check_turned_away (self, resized.expired);
  wp_resized_clear (&resized);
}

static void
close_it (Pair *self)
{
  WpJob *refused = wp_channel_close (self->channel);

  naive_channel_close (self->naive);
  check_turned_away (self, refused);
}

/* The peak of the next period begins with what is queued now. */
static void
sample_it (Pair *self)
{
  WpLedger ledger, naive;

  wp_channel_sample (self->channel, &ledger);
  naive_channel_ledger (self->naive, &naive);
  g_assert_cmpuint (ledger.recent_queued_peak, ==, naive.recent_queued_peak);
  g_assert_cmpuint (ledger.recent_parked_peak, ==, naive.recent_parked_peak);
  g_assert_cmpint (ledger.full_ns, ==, naive.full_ns);
  self->naive->peaks.recent_queued_peak = ledger.queued;
  self->naive->peaks.recent_parked_peak = ledger.parked;
}

/* Two in three share their moment with the one before. */
static void
operate (Pair *self)
{
  guint what = below (self, 1000);

  clock_ns += below (self, 3) == 0 ? 1 + below (self, 3) : 0;
  self->naive->now_ns = clock_ns;
  n_readings = 0;
  if (what < 500)
    send_one (self);
  else if (what < 780)
    take_one (self);
  else if (what < 920)
    leave_one (self);
  else if (what < 930)
    sample_it (self);
  else if (what < 960)
    expire_some (self);
  else if (what < 997)
    resize_it (self);
  else
    close_it (self);
  g_assert_cmpuint (n_readings, <=, 1);
}

static void
empty_pair (Pair *self)
{
  while (naive_channel_first (self->naive, WP_JOB_IN_SERVICE) != NAIVE_NEVER)
    {
      self->naive->now_ns = ++clock_ns;
      take_one (self);
      check_pair (self);
    }
}

typedef struct {
  guint64 n, sum;
} Total;

static void
add_time (Total *self, gint64 begun_ns, gint64 ended_ns)
{
  self->n++;
  self->sum += (guint64) (ended_ns - begun_ns);
}

static void
check_total (const WpDecimalHistogram *histogram, const Total *total)
{
  g_assert_cmpuint (wp_decimal_histogram_count (histogram, WP_DECIMAL_BOUNDS), ==, total->n);
  g_assert_cmpuint (histogram->sum, ==, total->sum);
}

/* Of an empty channel. */
static void
check_times (Pair *self)
{
  const WpChannelTimes *times = wp_channel_get_times (self->channel);
  Total wait = { 0, 0 }, response = { 0, 0 }, blocked = { 0, 0 };

  for (guint i = 0; i < self->jobs->len; i++)
    {
      const WpJob *job = self->jobs->pdata[i];

      if (job->started_ns != WP_TIME_NONE)
        add_time (&wait, job->arrival_ns, job->started_ns);
      if (job->finished_ns != WP_TIME_NONE)
        add_time (&response, job->arrival_ns, job->finished_ns);
      if (job->blocked)
        add_time (&blocked, job->arrival_ns,
                  job->accepted_ns != WP_TIME_NONE ? job->accepted_ns : job->ended_ns);
    }
  check_total (&times->wait, &wait);
  check_total (&times->response, &response);
  check_total (&times->blocked, &blocked);
}

static void
test_equals_naive (void)
{
  guint64 seed = g_test_rand_int ();

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d channels", seed, N_CHANNELS);
  for (guint i = 0; i < N_CHANNELS; i++)
    {
      Pair pair;

      pair_init (&pair, seed, i);
      for (guint j = 0; j < OPERATIONS_EACH; j++)
        {
          operate (&pair);
          check_pair (&pair);
        }
      empty_pair (&pair);
      check_times (&pair);
      pair_clear (&pair);
    }
}

/* Jobs of one commit leave at one time, and their successors start then: the record shows which rows shared a
 * commit. */
static void
test_one_commit_frees_many (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (2, 3, FALSE, WP_TIME_NONE);
  WpJob *jobs[7];
  WpTaken taken[3], last[3], none;
  WpLedger ledger;

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      jobs[i] = wp_job_new ();
      g_assert_cmpint (wp_channel_send (channel, jobs[i]), ==,
                       i < 3   ? WP_SEND_STARTED
                       : i < 5 ? WP_SEND_ACCEPTED
                               : WP_SEND_PARKED);
    }
  wp_channel_take_all (channel, jobs, 3, taken);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (taken[i].next == jobs[3 + i]);
      g_assert_true (taken[i].freed.admitted == (i < 2 ? jobs[5 + i] : NULL));
      g_assert_cmpint (jobs[i]->finished_ns, ==, jobs[0]->finished_ns);
      g_assert_cmpint (jobs[3 + i]->started_ns, ==, jobs[0]->finished_ns);
      if (i < 2)
        g_assert_cmpint (jobs[5 + i]->accepted_ns, ==, jobs[0]->finished_ns);
      wp_job_unref (jobs[i]);
    }
  jobs[4]->result = WP_RESULT_PERMANENT; /* each its own */
  wp_channel_take_all (channel, jobs + 3, 3, last);
  g_assert_cmpint (jobs[3]->outcome, ==, WP_OUTCOME_STORED);
  g_assert_cmpint (jobs[4]->outcome, ==, WP_OUTCOME_FAILED);
  g_assert_true (last[0].next == jobs[6] && !last[1].next && !last[2].next);
  wp_channel_take_all (channel, jobs + 6, 1, &none);
  g_assert_true (!none.next && !none.freed.admitted);
  wp_channel_count (channel, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger) && ledger.stored == 6 && ledger.failed == 1
                 && ledger.in_service == 0);
  for (guint i = 3; i < 7; i++)
    wp_job_unref (jobs[i]); /* the channel's */
  for (guint i = 5; i < 7; i++)
    wp_job_unref (jobs[i]); /* of those that were admitted */
  for (guint i = 0; i < 7; i++)
    wp_job_unref (jobs[i]);
}

/* Requests are parked behind the jobs of an earlier run, yet there is room: no alert says that it was full.
 */
static void
test_recovery_is_not_full (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (2, 1, FALSE, WP_TIME_NONE);
  gboolean started;
  WpLedger ledger;
  WpFreed freed;

  wp_channel_begin_recovery (channel, TRUE);
  clock_ns += 5;
  g_assert_true (wp_channel_is_full (channel));
  g_assert_false (wp_channel_admit (channel, &freed, &started));
  clock_ns += 5;
  wp_channel_count (channel, &ledger, NULL);
  g_assert_cmpint (ledger.full_ns, ==, 0);
}

/* One worker for 10 s, and four for 5. */
static void
test_time_of_workers (void)
{
  g_autoptr (WpChannel) channel = wp_channel_new (2, 1, FALSE, WP_TIME_NONE);
  WpResized resized;
  WpLedger ledger;

  clock_ns += 10 * WP_NS_PER_S;
  wp_channel_resize (channel, 2, 4, FALSE, WP_TIME_NONE, &resized);
  wp_resized_clear (&resized);
  clock_ns += 4 * WP_NS_PER_S;
  wp_channel_count (channel, &ledger, NULL);
  clock_ns += WP_NS_PER_S;
  wp_channel_count (channel, &ledger, NULL);
  g_assert_cmpuint (ledger.worker_ns, ==, 30 * WP_NS_PER_S);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel/equals-naive", test_equals_naive);
  g_test_add_func ("/channel/recovery-is-not-full", test_recovery_is_not_full);
  g_test_add_func ("/channel/time-of-workers", test_time_of_workers);
  g_test_add_func ("/channel/one-commit-frees-many", test_one_commit_frees_many);

  return g_test_run ();
}
