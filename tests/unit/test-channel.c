/* The channel held against a naive model after every operation, then under several threads at once. */
#include "tests/unit/naive-channel.h"

#include "sim/base/wp-policy.h"
#include "sim/stats/wp-random.h"

#define N_CHANNELS 5000
#define OPERATIONS_EACH 120
#define AN_HOUR_NS (3600 * WP_NS_PER_S)

typedef struct {
  WpRandom random;
  WpChannel *channel;
  NaiveChannel *naive;
  GPtrArray *jobs;           /* (element-type WpJob): our reference to each, in order of arrival */
  GArray *stamps;            /* (element-type gint64): of each operation; WP_TIME_NONE until some job shows it */
  gint64 before_ns;          /* the current operation began after this */
  guint64 duplicates, conflicts;
} Pair;

static void
pair_init (Pair *self, guint64 seed, guint64 stream)
{
  guint capacity_jobs, workers;
  gboolean rejects;

  wp_random_init (&self->random, seed, stream);
  capacity_jobs = wp_random_below (&self->random, 8) == 0 ? WP_UNBOUNDED : (guint) wp_random_below (&self->random, 6);
  workers = 1 + (guint) wp_random_below (&self->random, 4);
  rejects = wp_random_below (&self->random, 4) == 0;
  self->channel = wp_channel_new (capacity_jobs, workers, rejects);
  self->naive = naive_channel_new (capacity_jobs, workers, rejects);
  self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  self->stamps = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->duplicates = self->conflicts = 0;
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
  g_array_unref (self->stamps);
}

/* All that happened in one operation bears one stamp, read within it. */
static void
check_stamp (Pair *self, gint64 stamp_ns, int operation)
{
  gint64 *known;

  if (operation == NAIVE_NEVER)
    {
      g_assert_cmpint (stamp_ns, ==, WP_TIME_NONE);
      return;
    }
  known = &g_array_index (self->stamps, gint64, operation);
  if (*known == WP_TIME_NONE)
    {
      g_assert_cmpint (stamp_ns, >=, self->before_ns);
      g_assert_cmpint (stamp_ns, <=, wp_time_monotonic ());
      *known = stamp_ns;
    }
  g_assert_cmpint (stamp_ns, ==, *known);
}

static void
check_job (Pair *self, guint i)
{
  const WpJob *job = self->jobs->pdata[i];
  const NaiveJob *naive = naive_channel_job (self->naive, i);

  g_assert_cmpint (job->state, ==, naive->state);
  g_assert_cmpint (job->outcome, ==, naive->outcome);
  g_assert_cmpint (job->blocked, ==, naive->blocked);
  g_assert_cmpuint (job->seq, ==, i);
  check_stamp (self, job->arrival_ns, naive->arrival);
  check_stamp (self, job->accepted_ns, naive->accepted);
  check_stamp (self, job->started_ns, naive->started);
  check_stamp (self, job->finished_ns, naive->finished);
  check_stamp (self, job->ended_ns, naive->ended);
  g_assert_cmpint (job->refs, ==, naive->state == WP_JOB_ENDED ? 1 : 2);
  if (naive->state == WP_JOB_IN_SERVICE)
    g_assert_true (job->worker->job == job && job->worker->id < self->naive->workers);
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
  g_assert_cmpmem (&ledger, sizeof ledger, &naive, sizeof naive);
  g_assert_true (wp_ledger_balances (&ledger));
  for (guint i = 0; i < G_N_ELEMENTS (inside); i++)
    {
      int first = naive_channel_first (self->naive, inside[i]);

      if (first != NAIVE_NEVER && (oldest == NAIVE_NEVER || first < oldest))
        oldest = first;
    }
  g_assert_cmpint (oldest_ns, ==, oldest == NAIVE_NEVER ? WP_TIME_NONE : ((WpJob *) self->jobs->pdata[oldest])->arrival_ns);
}

typedef struct {
  guint n[WP_JOB_ENDED];     /* by state */
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
}

static void
check_pair (Pair *self)
{
  for (guint i = 0; i < self->jobs->len; i++)
    check_job (self, i);
  check_ledger (self);
  check_order (self);
}

static void
send_one (Pair *self)
{
  WpJob *job = wp_job_new ();
  WpSend answer;

  g_ptr_array_add (self->jobs, job);
  answer = wp_channel_send (self->channel, job);
  g_assert_cmpint (answer, ==, naive_channel_send (self->naive));
  if (answer == WP_SEND_STARTED)
    g_assert_cmpint (job->base_ns, ==, job->started_ns);
}

static int
pick (Pair *self, WpJobState state)
{
  guint n = naive_channel_count_state (self->naive, state);
  guint skip = n > 0 ? (guint) wp_random_below (&self->random, n) : 0;

  for (guint i = 0; n > 0 && i < self->naive->jobs->len; i++)
    if (naive_channel_job (self->naive, i)->state == state && skip-- == 0)
      return (int) i;
  return NAIVE_NEVER;
}

/* A completion whose delay was due a moment ago, or in an hour, or that knows of none. */
static gint64
random_due (Pair *self)
{
  switch (wp_random_below (&self->random, 3))
    {
    case 0:
      return WP_TIME_NONE;
    case 1:
      return self->before_ns - (gint64) wp_random_below (&self->random, 1000);
    default:
      return self->before_ns + AN_HOUR_NS;
    }
}

static void
take_one (Pair *self)
{
  int i = pick (self, WP_JOB_IN_SERVICE), next, admitted;
  WpResult result = (WpResult) wp_random_below (&self->random, WP_RESULT_PERMANENT + 1);
  WpOutcome outcome = result == WP_RESULT_STORED || result == WP_RESULT_DUPLICATE ? WP_OUTCOME_STORED : WP_OUTCOME_FAILED;
  WpJob *done, *got, *got_place;
  const WpWorker *worker;

  if (i == NAIVE_NEVER)
    return;
  done = self->jobs->pdata[i];
  worker = done->worker;
  done->due_ns = random_due (self);
  done->result = result;
  self->duplicates += result == WP_RESULT_DUPLICATE;
  self->conflicts += result == WP_RESULT_CONFLICT;

  got = wp_channel_take (self->channel, done, &got_place);
  next = naive_channel_take (self->naive, (guint) i, outcome, &admitted);
  g_assert_true (got == (next == NAIVE_NEVER ? NULL : self->jobs->pdata[next]));
  g_assert_true (got_place == (admitted == NAIVE_NEVER ? NULL : self->jobs->pdata[admitted]));
  g_assert_null (done->worker);
  if (got)
    {
      g_assert_true (got->worker == worker);
      g_assert_cmpint (got->base_ns, ==, done->due_ns == WP_TIME_NONE ? got->started_ns : MIN (done->due_ns, got->started_ns));
    }
  wp_job_unref (done);
  if (got_place)
    wp_job_unref (got_place);
}

/* Mostly one that is parked; now and then one that is not (any more). */
static void
leave_one (Pair *self)
{
  int i = wp_random_below (&self->random, 4) == 0 ? (int) wp_random_below (&self->random, self->jobs->len + 1) : pick (self, WP_JOB_PARKED);

  if (i == NAIVE_NEVER || i == (int) self->jobs->len)
    return;
  g_assert_cmpint (wp_channel_leave (self->channel, self->jobs->pdata[i]), ==, naive_channel_leave (self->naive, (guint) i));
}

/* At the very nanosecond of the timeout, after it, long before it, or in any case. */
static void
expire_one (Pair *self)
{
  int first = naive_channel_first (self->naive, WP_JOB_PARKED), due, next;
  gboolean is_due = wp_random_below (&self->random, 2) == 0;
  WpOutcome outcome = wp_random_below (&self->random, 2) == 0 ? WP_OUTCOME_TIMED_OUT : WP_OUTCOME_REJECTED;
  gint64 waited_ns = first == NAIVE_NEVER ? 0 : self->before_ns - ((WpJob *) self->jobs->pdata[first])->arrival_ns;
  gint64 timeout_ns = !is_due ? AN_HOUR_NS : wp_random_below (&self->random, 2) == 0 ? 0 : waited_ns;
  gint64 next_due_ns;
  WpJob *job = wp_channel_expire (self->channel, timeout_ns, outcome, &next_due_ns);

  due = naive_channel_expire (self->naive, is_due, outcome);
  g_assert_true (job == (due == NAIVE_NEVER ? NULL : self->jobs->pdata[due]));
  next = naive_channel_first (self->naive, WP_JOB_PARKED);
  g_assert_cmpint (next_due_ns, ==, next == NAIVE_NEVER ? WP_TIME_NONE : ((WpJob *) self->jobs->pdata[next])->arrival_ns + timeout_ns);
  if (job)
    wp_job_unref (job);
}

static void
operate (Pair *self)
{
  int n_before = self->naive->n_operations;
  guint what = (guint) wp_random_below (&self->random, 100);

  self->before_ns = wp_time_monotonic ();
  if (what < 50)
    send_one (self);
  else if (what < 80)
    take_one (self);
  else if (what < 90)
    leave_one (self);
  else if (what < 99)
    expire_one (self);
  else if (wp_random_below (&self->random, 4) == 0)
    {
      wp_channel_close (self->channel);
      naive_channel_close (self->naive);
    }
  for (; n_before < self->naive->n_operations; n_before++)
    {
      gint64 none = WP_TIME_NONE;

      g_array_append_val (self->stamps, none);
    }
}

static void
empty_pair (Pair *self)
{
  while (naive_channel_first (self->naive, WP_JOB_IN_SERVICE) != NAIVE_NEVER)
    {
      gint64 none = WP_TIME_NONE;

      self->before_ns = wp_time_monotonic ();
      g_array_append_val (self->stamps, none);
      take_one (self);
      check_pair (self);
    }
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
      pair_clear (&pair);
    }
}

/* What one commit has done leaves at one moment, and what waited for it starts then: the record shows which rows shared a commit. */
static void
test_a_commit_is_one_operation (void)
{
  g_autoptr(WpChannel) channel = wp_channel_new (2, 3, FALSE);
  WpJob *jobs[7];
  WpTaken taken[3], last[3], none;
  WpLedger ledger;

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      jobs[i] = wp_job_new ();
      g_assert_cmpint (wp_channel_send (channel, jobs[i]), ==, i < 3 ? WP_SEND_STARTED : i < 5 ? WP_SEND_ACCEPTED : WP_SEND_PARKED);
    }
  wp_channel_take_all (channel, jobs, 3, taken);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (taken[i].next == jobs[3 + i]);
      g_assert_true (taken[i].admitted == (i < 2 ? jobs[5 + i] : NULL));
      g_assert_cmpint (jobs[i]->finished_ns, ==, jobs[0]->finished_ns);
      g_assert_cmpint (jobs[3 + i]->started_ns, ==, jobs[0]->finished_ns);
      if (i < 2)
        g_assert_cmpint (jobs[5 + i]->accepted_ns, ==, jobs[0]->finished_ns);
      wp_job_unref (jobs[i]);
    }
  jobs[4]->result = WP_RESULT_PERMANENT;   /* each its own */
  wp_channel_take_all (channel, jobs + 3, 3, last);
  g_assert_cmpint (jobs[3]->outcome, ==, WP_OUTCOME_STORED);
  g_assert_cmpint (jobs[4]->outcome, ==, WP_OUTCOME_FAILED);
  g_assert_true (last[0].next == jobs[6] && !last[1].next && !last[2].next);
  wp_channel_take_all (channel, jobs + 6, 1, &none);
  g_assert_true (!none.next && !none.admitted);
  wp_channel_count (channel, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger) && ledger.stored == 6 && ledger.failed == 1 && ledger.in_service == 0);
  for (guint i = 3; i < 7; i++)
    wp_job_unref (jobs[i]);                 /* the channel's */
  for (guint i = 5; i < 7; i++)
    wp_job_unref (jobs[i]);                 /* of those that were admitted */
  for (guint i = 0; i < 7; i++)
    wp_job_unref (jobs[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel/equals-naive", test_equals_naive);
  g_test_add_func ("/channel/a-commit-is-one-operation", test_a_commit_is_one_operation);

  return g_test_run ();
}
