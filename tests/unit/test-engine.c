/* The engine with a failing database: it retries with a growing delay, gives up in the end, and its ledger
 * balances. */
#include "runtime/engine/wp-engine.h"

#include <string.h>

#include "runtime/engine/wp-failure-log.h"

#define GIVE_UP_NS (20 * WP_NS_PER_S)
#define N_JOBS     500

/* The seam: a database whose every update fails as often as @failures says, at once or from another thread,
 * as one does whose connection is cut. */
typedef struct {
  WpDatabase base;
  guint failures; /* a job's first updates; the next one is stored */
  gboolean later; /* the job ends on a thread of its own */
  GThreadPool *enders;
  gint n_updates, n_stored; /* atomic */
} Faulty;

static void
end_job (Faulty *self, WpJob *job)
{
  gboolean ok = job->n_failures >= self->failures;
  char *reason = g_ref_string_new ("the connection is cut");

  job->result = ok ? WP_RESULT_STORED : WP_RESULT_PERMANENT;
  if (ok)
    g_atomic_int_inc (&self->n_stored);
  else
    wp_job_set_failure (job, reason);
  g_ref_string_release (reason);
  self->base.done (&job, 1, self->base.done_data);
}

static void
end_later (gpointer job, gpointer data)
{
  end_job (data, job);
}

static gboolean
faulty_update (WpDatabase *base, WpJob *job)
{
  Faulty *self = (Faulty *) base;

  g_atomic_int_inc (&self->n_updates);
  if (self->later)
    g_thread_pool_push (self->enders, job, NULL);
  else if (job->n_failures >= self->failures)
    {
      g_atomic_int_inc (&self->n_stored);
      job->result = WP_RESULT_STORED;
      return TRUE;
    }
  else
    end_job (self, job);
  return FALSE;
}

static const WpDatabaseClass faulty_class = { .update = faulty_update };

typedef struct {
  Faulty faulty;
  WpClock *clock;
  WpEngine *mode;
  gint n_told[WP_JOB_FAILED + 1]; /* atomic */
} Bench;

static gint n_given_up, n_lines; /* atomic: as the log has it, in so many lines */
static const char *fate = "; not stored: the connection is cut";

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  const char *count = strstr (message, "jobs failed: ");

  g_assert_nonnull (count);
  g_assert_nonnull (strstr (message, fate));
  g_atomic_int_inc (&n_lines);
  g_atomic_int_add (&n_given_up, (gint) g_ascii_strtoll (count + strlen ("jobs failed: "), NULL, 10));
}

static void
bench_init (Bench *self, WpModeKind kind, guint failures, gboolean later, const WpRetry *retry)
{
  WpPolicy policy;

  wp_policy_init (&policy, kind);
  policy.ack = WP_ACK_STORED;
  policy.queue_jobs = 10;
  policy.workers = 4;
  *self = (Bench){ .faulty = { .base = { .class = &faulty_class }, .failures = failures, .later = later } };
  self->faulty.enders = g_thread_pool_new (end_later, &self->faulty, 2, FALSE, NULL);
  self->clock = wp_clock_new (NULL);
  self->mode = wp_engine_new (&policy, N_JOBS, self->clock, &self->faulty.base, NULL);
  wp_engine_set_retry (self->mode, retry);
  n_given_up = n_lines = 0;
}

static void
bench_clear (Bench *self)
{
  /* a job has ended a moment before its thread is done with it */
  g_thread_pool_free (self->faulty.enders, FALSE, TRUE);
  wp_clock_free (self->clock);
  wp_engine_close (self->mode);
  /* a server that is killed in the end says nothing more: all is said by now */
  g_log_set_always_fatal (G_LOG_LEVEL_MASK);
  wp_engine_free (self->mode);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
}

/* WpJobNotify */
static void
on_told (WpJob *job, WpJobEvent event, gpointer client)
{
  g_atomic_int_inc (&((Bench *) client)->n_told[event]);
}

static void
submit (Bench *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (WpJob) job = wp_job_new ();

      job->method = "POST";
      job->path = g_strdup ("/");
      job->notify = on_told;
      job->client = self;
      g_assert_cmpint (wp_engine_submit (self->mode, job), ==, WP_SUBMIT_PENDING);
    }
}

static void
check_books (Bench *self, guint stored, guint failed, guint retries)
{
  WpLedger ledger;

  g_assert_true (wp_engine_wait_empty (self->mode, wp_time_monotonic () + GIVE_UP_NS));
  wp_engine_count (self->mode, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  g_assert_cmpuint (ledger.stored, ==, stored);
  g_assert_cmpuint (ledger.failed, ==, failed);
  g_assert_cmpuint (wp_engine_count_retries (self->mode), ==, retries);
  g_assert_cmpint (g_atomic_int_get (&self->faulty.n_stored), ==, stored);
  g_assert_cmpint (g_atomic_int_get (&self->faulty.n_updates), ==, stored + failed + retries);
}

/* In every mode, and from the caller's thread or another. */
static void
check_all (guint failures, const WpRetry *retry, guint n, guint stored, guint failed, guint retries)
{
  static const WpModeKind kinds[] = { WP_MODE_DEFAULT, WP_MODE_BUFFERED_CHANNEL, WP_MODE_WORKER_POOL };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (kinds); i++)
    {
      gint64 begun_us = g_get_monotonic_time ();
      Bench bench;

      bench_init (&bench, kinds[i / 2], failures, i % 2, retry);
      submit (&bench, n);
      check_books (&bench, stored, failed, retries);
      bench_clear (&bench); /* ends the threads that end jobs */
      /* one a second, and the last */
      g_assert_cmpint (n_lines, <=, 2 + (g_get_monotonic_time () - begun_us) / G_USEC_PER_SEC);
      g_assert_cmpint (bench.n_told[WP_JOB_STORED], ==, stored);
      g_assert_cmpint (bench.n_told[WP_JOB_FAILED], ==, failed);
      g_assert_cmpint (n_given_up, ==, failed);
    }
}

static void
test_stored_after_retries (void)
{
  const WpRetry retry = { 3, 10 * WP_NS_PER_US };

  check_all (3, &retry, N_JOBS, N_JOBS, 0, 3 * N_JOBS);
}

static void
test_retries_run_out (void)
{
  const WpRetry retry = { 3, 10 * WP_NS_PER_US };

  check_all (4, &retry, N_JOBS, 0, N_JOBS, 3 * N_JOBS);
}

static void
test_no_retries (void)
{
  const WpRetry retry = { 0, WP_NS_PER_S };

  check_all (1, &retry, N_JOBS, 0, N_JOBS, 0);
}

static void
test_no_delay (void)
{
  const WpRetry retry = { 10, 0 };

  check_all (10, &retry, 20, 20, 0, 200);
}

/* The shape of the delays: doubled, bounded, half of it at random. */
static void
test_delays (void)
{
  const WpRetry retry = { 100, 100 * WP_NS_PER_MS }, slow = { 100, 60 * WP_NS_PER_S };
  gint64 whole_ns = 100 * WP_NS_PER_MS;

  for (guint i = 1; i <= 100; i++)
    {
      g_assert_cmpint (wp_retry_delay (&retry, i, 0), ==, whole_ns / 2);
      g_assert_cmpint (wp_retry_delay (&retry, i, 1), ==, whole_ns);
      g_assert_cmpint (wp_retry_delay (&slow, i, 1), ==, 60 * WP_NS_PER_S);
      whole_ns = MIN (2 * whole_ns, WP_RETRY_LONGEST_NS);
    }
  g_assert_cmpint (whole_ns, ==, WP_RETRY_LONGEST_NS);
  g_assert_cmpint (wp_retry_delay (&retry, 101, 0.5), ==, WP_TIME_NONE);
}

/* A source that hears of the end of its jobs. */
typedef struct {
  WpSource base;
  gint n_stored, n_failed; /* atomic */
  guint n_prefetched;
} FakeSource;

static void
fake_settle (WpSource *base, WpJob *job)
{
  FakeSource *self = (FakeSource *) base;

  g_assert_true (wp_job_is_stored (job) || g_str_equal (job->failure, "the connection is cut"));
  g_atomic_int_inc (wp_job_is_stored (job) ? &self->n_stored : &self->n_failed);
}

static void
fake_set_prefetch (WpSource *base, guint n_jobs)
{
  ((FakeSource *) base)->n_prefetched = n_jobs;
}

static void
deliver (FakeSource *self, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (WpJob) job = wp_job_new ();

      job->method = "POST";
      job->path = g_strdup ("/");
      job->delivery = i + 1;
      self->base.deliver (job, self->base.data);
    }
}

/* More jobs than there are places; none of a request, whose failures the exit status shows. */
static void
check_source (guint failures, const WpRetry *retry, guint stored, guint failed, guint retries)
{
  static const WpSourceClass class = { .settle = fake_settle, .set_prefetch = fake_set_prefetch };
  FakeSource source = { .base = { .class = &class } };
  WpLedger ledger;
  Bench bench;

  bench_init (&bench, WP_MODE_WORKER_POOL, failures, TRUE, retry);
  wp_engine_set_source (bench.mode, &source.base);
  g_assert_cmpuint (source.n_prefetched, >, 0);
  deliver (&source, 100);
  check_books (&bench, stored, failed, retries);
  wp_engine_count (bench.mode, &ledger, NULL);
  g_assert_cmpuint (ledger.taken, ==, 100);
  g_assert_cmpuint (wp_engine_count_acked_failures (bench.mode), ==, 0);
  bench_clear (&bench);
  g_assert_cmpint (g_atomic_int_get (&source.n_stored), ==, stored);
  g_assert_cmpint (g_atomic_int_get (&source.n_failed), ==, failed);
}

static void
test_source (void)
{
  const WpRetry retry = { 2, 0 };

  fate = "; moved to the queue of failed jobs: the connection is cut";
  check_source (1, &retry, 100, 0, 100);
  check_source (10, &retry, 0, 100, 200);
  fate = "; not stored: the connection is cut";
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_handler (NULL, G_LOG_LEVEL_WARNING, on_log, NULL);
  g_test_add_func ("/engine/stored-after-retries", test_stored_after_retries);
  g_test_add_func ("/engine/retries-run-out", test_retries_run_out);
  g_test_add_func ("/engine/no-retries", test_no_retries);
  g_test_add_func ("/engine/no-delay", test_no_delay);
  g_test_add_func ("/engine/delays", test_delays);
  g_test_add_func ("/engine/source", test_source);

  return g_test_run ();
}
