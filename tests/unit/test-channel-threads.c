/* One channel under several threads on random schedules: invariants of every snapshot, and of every job in
 * the end. */
#include "runtime/queue/wp-channel.h"

#include "sim/base/wp-policy.h"
#include "sim/stats/wp-random.h"

#define N_THREADS  4
#define SENDS_EACH 400
#define N_CHANNELS 40
#define GIVE_UP_NS (20 * WP_NS_PER_S)

/* The threads' knowledge of one job, beside the job itself. */
typedef struct {
  WpJob *job;
  gint ended;    /* atomic: how often its end was notified */
  gint admitted; /* atomic: how often its admission was notified */
} Told;

typedef struct {
  WpChannel *channel;
  guint capacity_jobs, workers;
  gint64 timeout_ns; /* WP_TIME_NONE: none */
  gboolean resizes;  /* sizes and timeout change; those above are of the start */
  GMutex mutex;
  GPtrArray *in_service; /* (element-type WpJob): guarded by mutex; started, and nobody has done them yet */
  GPtrArray *waiting;    /* (element-type WpJob): guarded by mutex; were parked or queued, and may be still */
  Told notify[N_THREADS * SENDS_EACH];
  gint n_told;  /* atomic */
  gint senders; /* atomic: threads that still send */
} Bench;

typedef struct {
  Bench *bench;
  WpRandom random;
} Hammer;

static void
keep (Bench *bench, GPtrArray *where, WpJob *job)
{
  g_mutex_lock (&bench->mutex);
  g_ptr_array_add (where, job);
  g_mutex_unlock (&bench->mutex);
}

static WpJob *
pick (Hammer *self, GPtrArray *from)
{
  WpJob *job = NULL;

  g_mutex_lock (&self->bench->mutex);
  if (from->len > 0)
    job = g_ptr_array_remove_index_fast (from, (guint) wp_random_below (&self->random, from->len));
  g_mutex_unlock (&self->bench->mutex);

  return job;
}

static void
note_end (const WpJob *job)
{
  g_atomic_int_inc (&((Told *) job->client)->ended);
}

static void
send_one (Hammer *self)
{
  Bench *bench = self->bench;
  WpJob *job = wp_job_new ();
  Told *notify = &bench->notify[g_atomic_int_add (&bench->n_told, 1)];

  notify->job = job;
  job->client = notify;
  switch (wp_channel_send (bench->channel, job))
    {
    case WP_SEND_STARTED:
      keep (bench, bench->in_service, job);
      break;
    case WP_SEND_ACCEPTED:
    case WP_SEND_PARKED:
      keep (bench, bench->waiting, job);
      break;
    case WP_SEND_REJECTED:
    case WP_SEND_CLOSED:
      note_end (job);
      break;
    }
}

static void
turn_away (WpJob *jobs)
{
  for (WpJob *job = jobs, *next; job; job = next)
    {
      next = job->next;
      note_end (job);
      wp_job_unref (job);
    }
}

static void
place_freed (const WpFreed *freed)
{
  if (freed->admitted)
    {
      g_atomic_int_inc (&((Told *) freed->admitted->client)->admitted);
      wp_job_unref (freed->admitted);
    }
  turn_away (freed->expired);
}

/* FALSE: nothing is in service. */
static gboolean
take_one (Hammer *self)
{
  WpJob *done = pick (self, self->bench->in_service), *next;
  WpFreed freed;

  if (!done)
    return FALSE;
  done->result = wp_random_below (&self->random, 9) ? WP_RESULT_STORED : WP_RESULT_PERMANENT;
  next = wp_channel_take (self->bench->channel, done, &freed);
  if (next)
    keep (self->bench, self->bench->in_service, next);
  place_freed (&freed);
  note_end (done);
  wp_job_unref (done);

  return TRUE;
}

static void
leave_one (Hammer *self)
{
  WpJob *job = pick (self, self->bench->waiting);
  WpFreed freed;

  if (!job
      || !wp_channel_abandon (self->bench->channel, job, wp_random_below (&self->random, 2) == 0, &freed))
    return;
  note_end (job);
  wp_job_unref (job);
  place_freed (&freed);
}

static void
expire_some (Hammer *self)
{
  gint64 next_due_ns;

  if (self->bench->timeout_ns != WP_TIME_NONE)
    turn_away (wp_channel_expire (self->bench->channel, &next_due_ns));
}

/* What the change started is in service; what it admitted was notified. */
static void
resize_it (Hammer *self)
{
  WpRandom *random = &self->random;
  WpResized resized;

  wp_channel_resize (self->bench->channel, (guint) wp_random_below (random, 6),
                     1 + (guint) wp_random_below (random, 4), wp_random_below (random, 8) == 0,
                     1 + (gint64) wp_random_below (random, 100) * WP_NS_PER_US, &resized);
  for (guint i = 0; i < resized.admitted->len; i++)
    g_atomic_int_inc (&((Told *) ((WpJob *) resized.admitted->pdata[i])->client)->admitted);
  for (guint i = 0; i < resized.started->len; i++)
    keep (self->bench, self->bench->in_service, resized.started->pdata[i]);
  turn_away (resized.expired);
  wp_resized_clear (&resized);
}

static void
check_snapshot (const Bench *bench)
{
  WpLedger ledger;

  wp_channel_count (bench->channel, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  if (bench->resizes)
    return;
  g_assert_cmpuint (ledger.in_service, <=, bench->workers);
  g_assert_cmpuint (ledger.queued, <=, bench->capacity_jobs);
  if (ledger.queued > 0 || ledger.parked > 0)
    g_assert_cmpuint (ledger.in_service, ==, bench->workers);
  if (ledger.parked > 0)
    g_assert_cmpuint (ledger.queued, ==, bench->capacity_jobs);
  g_assert_cmpuint (ledger.queued_peak, <=, bench->capacity_jobs);
  g_assert_cmpuint (ledger.in_service_peak, <=, bench->workers);
}

static gpointer
hammer (gpointer data)
{
  Hammer *self = data;
  guint left = SENDS_EACH;

  while (left > 0)
    {
      guint what = (guint) wp_random_below (&self->random, 100);

      if (what < 40)
        left--, send_one (self);
      else if (what < 75)
        take_one (self);
      else if (what < 82)
        leave_one (self);
      else if (what < 88)
        expire_some (self);
      else if (what < 92)
        check_snapshot (self->bench);
      else if (what < 95 && self->bench->resizes)
        resize_it (self);
      else
        g_thread_yield ();
      if (left < SENDS_EACH / 20 && wp_random_below (&self->random, 256) == 0)
        turn_away (wp_channel_close (self->bench->channel));
    }
  g_atomic_int_add (&self->bench->senders, -1);
  while (take_one (self) || g_atomic_int_get (&self->bench->senders) > 0)
    ;
  return NULL;
}

/* Nobody gets a place that was parked for longer than the timeout by the stamp of the acceptance itself,
 * however late the timer is. */
static void
check_times (const Bench *bench, const WpJob *job)
{
  gboolean accepted = job->accepted_ns != WP_TIME_NONE,
           served = job->outcome == WP_OUTCOME_STORED || job->outcome == WP_OUTCOME_FAILED;

  g_assert_cmpint (job->ended_ns, >=, job->arrival_ns);
  if (accepted)
    {
      g_assert_cmpint (job->accepted_ns, >=, job->arrival_ns);
      g_assert_true (job->blocked || job->accepted_ns == job->arrival_ns);
      g_assert_true (bench->resizes || bench->timeout_ns == WP_TIME_NONE
                     || job->accepted_ns - job->arrival_ns <= bench->timeout_ns);
      g_assert_true (served || job->outcome == WP_OUTCOME_ABANDONED);
    }
  if (job->outcome == WP_OUTCOME_TIMED_OUT && !bench->resizes)
    g_assert_cmpint (job->ended_ns - job->arrival_ns, >=, bench->timeout_ns);
  g_assert_cmpint (job->started_ns != WP_TIME_NONE, ==, served);
  if (served)
    {
      g_assert_cmpint (job->started_ns, >=, job->accepted_ns);
      g_assert_cmpint (job->finished_ns, >=, job->started_ns);
    }
  g_assert_cmpint (job->finished_ns, ==, served ? job->ended_ns : WP_TIME_NONE);
}

static int
by_seq (gconstpointer a, gconstpointer b)
{
  guint64 one = ((const Told *) a)->job->seq, two = ((const Told *) b)->job->seq;

  return one < two ? -1 : one > two;
}

/* In order of arrival, acceptances and starts never go back in time. */
static void
check_all (Bench *bench)
{
  gint64 accepted_ns = 0, started_ns = 0, arrival_ns = 0;

  qsort (bench->notify, (gsize) bench->n_told, sizeof *bench->notify, by_seq);
  for (int i = 0; i < bench->n_told; i++)
    {
      const Told *notify = &bench->notify[i];
      const WpJob *job = notify->job;

      g_assert_cmpuint (job->seq, ==, (guint) i);
      g_assert_cmpint (job->state, ==, WP_JOB_ENDED);
      g_assert_cmpint (notify->ended, ==, 1);
      g_assert_cmpint (notify->admitted, ==, job->blocked && job->accepted_ns != WP_TIME_NONE);
      g_assert_cmpint (job->refs, ==, 1);
      check_times (bench, job);
      g_assert_cmpint (job->arrival_ns, >=, arrival_ns);
      arrival_ns = job->arrival_ns;
      if (job->accepted_ns == WP_TIME_NONE)
        continue;
      g_assert_cmpint (job->accepted_ns, >=, accepted_ns);
      accepted_ns = job->accepted_ns;
      if (job->started_ns == WP_TIME_NONE)
        continue;
      g_assert_cmpint (job->started_ns, >=, started_ns);
      started_ns = job->started_ns;
    }
}

static Bench *
bench_new (WpRandom *random)
{
  Bench *self = g_new0 (Bench, 1);

  self->capacity_jobs = wp_random_below (random, 8) == 0 ? WP_UNBOUNDED : (guint) wp_random_below (random, 6);
  self->workers = 1 + (guint) wp_random_below (random, 4);
  self->timeout_ns = wp_random_below (random, 4) == 0
                         ? WP_TIME_NONE
                         : 1 + (gint64) wp_random_below (random, 100) * WP_NS_PER_US;
  self->resizes = wp_random_below (random, 2) == 0;
  self->channel = wp_channel_new (self->capacity_jobs, self->workers, wp_random_below (random, 8) == 0,
                                  self->timeout_ns);
  self->in_service = g_ptr_array_new ();
  self->waiting = g_ptr_array_new ();
  self->senders = N_THREADS;
  g_mutex_init (&self->mutex);

  return self;
}

static void
bench_free (Bench *self)
{
  for (int i = 0; i < self->n_told; i++)
    wp_job_unref (self->notify[i].job);
  wp_channel_free (self->channel);
  g_ptr_array_unref (self->in_service);
  g_ptr_array_unref (self->waiting);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
run_bench (guint64 seed, guint64 stream)
{
  Hammer hammers[N_THREADS];
  GThread *threads[N_THREADS];
  WpRandom random;
  WpLedger ledger;
  Bench *bench;

  wp_random_init (&random, seed, stream);
  bench = bench_new (&random);
  for (guint i = 0; i < N_THREADS; i++)
    {
      hammers[i].bench = bench;
      wp_random_init (&hammers[i].random, seed, 1000000 + stream * N_THREADS + i);
      threads[i] = g_thread_new ("hammer", hammer, &hammers[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  g_assert_true (wp_channel_wait_empty (bench->channel, wp_time_monotonic ()));
  wp_channel_count (bench->channel, &ledger, NULL);
  g_assert_cmpuint (ledger.received, ==, N_THREADS * SENDS_EACH);
  g_assert_cmpuint (ledger.stored + ledger.failed + ledger.rejected + ledger.timed_out + ledger.abandoned, ==,
                    ledger.received);
  check_all (bench);
  bench_free (bench);
}

static void
test_many_threads (void)
{
  guint64 seed = g_test_rand_int ();

  g_test_message ("seed %" G_GUINT64_FORMAT ", %d channels", seed, N_CHANNELS);
  for (guint i = 0; i < N_CHANNELS; i++)
    run_bench (seed, i);
}

static gpointer
take_all (gpointer data)
{
  Hammer *self = data;

  while (take_one (self))
    g_thread_yield ();
  return NULL;
}

/* A waiter for the end of all jobs is woken by the last one, whatever its outcome, and not before. */
static void
test_wait_empty (void)
{
  guint64 seed = g_test_rand_int ();

  g_test_message ("seed %" G_GUINT64_FORMAT, seed);
  for (guint i = 0; i < 200; i++)
    {
      Hammer hammers[1];
      WpRandom random;
      GThread *thread;

      wp_random_init (&random, seed, i);
      hammers[0].bench = bench_new (&random);
      hammers[0].random = random;
      for (guint j = 0; j < 20; j++)
        send_one (hammers);
      g_assert_false (wp_channel_wait_empty (hammers[0].bench->channel, wp_time_monotonic ()));
      thread = g_thread_new ("taker", take_all, hammers);
      g_assert_true (wp_channel_wait_empty (hammers[0].bench->channel, wp_time_monotonic () + GIVE_UP_NS));
      g_thread_join (thread);
      check_all (hammers[0].bench);
      bench_free (hammers[0].bench);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/channel/many-threads", test_many_threads);
  g_test_add_func ("/channel/wait-empty", test_wait_empty);

  return g_test_run ();
}
