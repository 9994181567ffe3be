/* Sizes of the engine that change while jobs are in it: what starts, what enters, which timeout holds, and
 * what the record has of it. */
#include "runtime/engine/wp-engine.h"

#include <glib/gstdio.h>
#include <string.h>

#include "sim/trace/wp-trace.h"

#define N_JOBS     8
#define AN_HOUR_NS (3600 * WP_NS_PER_S)

/* The seam: a database that ends a job when the test says so. */
typedef struct {
  WpDatabase base;
  GPtrArray *jobs; /* (element-type WpJob): in service */
} Held;

static gboolean
held_update (WpDatabase *base, WpJob *job)
{
  g_ptr_array_add (((Held *) base)->jobs, job);
  return FALSE;
}

static const WpDatabaseClass held_class = { .update = held_update };

typedef struct {
  char *folder, *path;
  Held held;
  WpClock *clock;
  WpRecorder *recorder;
  WpEngine *engine;
  WpJob *jobs[N_JOBS];
  guint n_jobs;
  GMutex mutex; /* guards the following */
  GCond changed;
  guint n_notified[WP_JOB_CONFLICT + 1];
} Bench;

static void
bench_init (Bench *self, guint queue_jobs, guint workers, gint64 timeout_ns)
{
  static const char *const notes[] = { "mode", "WorkerPool", NULL };
  g_autoptr (GError) error = NULL;
  WpPolicy policy;

  *self = (Bench){ .folder = g_dir_make_tmp ("wp-resize-XXXXXX", NULL),
                   .held = { .base = { .class = &held_class }, .jobs = g_ptr_array_new () } };
  self->path = g_build_filename (self->folder, "record.csv", NULL);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  policy.queue_jobs = queue_jobs;
  policy.workers = workers;
  policy.block_timeout_ns = timeout_ns;
  self->clock = wp_clock_new (NULL);
  self->recorder = wp_recorder_new (self->path, notes, WP_RECORD_SERVER, &error);
  g_assert_no_error (error);
  self->engine = wp_engine_new (&policy, N_JOBS, self->clock, &self->held.base, self->recorder);
}

/* WpJobNotify */
static void
on_notify (WpJob *job, WpJobEvent event, gpointer client)
{
  Bench *self = client;

  g_mutex_lock (&self->mutex);
  self->n_notified[event]++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
await_notified (Bench *self, WpJobEvent event, guint n)
{
  g_mutex_lock (&self->mutex);
  while (self->n_notified[event] < n)
    g_cond_wait (&self->changed, &self->mutex);
  g_assert_cmpuint (self->n_notified[event], ==, n);
  g_mutex_unlock (&self->mutex);
}

static void
submit (Bench *self, WpSubmit expected)
{
  WpJob *job = wp_job_new ();

  job->method = "POST";
  job->path = g_strdup ("/");
  job->notify = on_notify;
  job->client = self;
  self->jobs[self->n_jobs++] = job;
  g_assert_cmpint (wp_engine_submit (self->engine, job), ==, expected);
}

static void
resize (Bench *self, const char *words)
{
  WpPolicy policy = wp_engine_get_policy (self->engine);

  g_assert_true (wp_policy_set_words (&policy, words, WP_POLICY_SIZES, NULL));
  wp_engine_resize (self->engine, "test", &policy, WP_POLICY_SIZES);
}

static void
check_places (Bench *self, guint in_service, guint queued, guint parked)
{
  WpLedger ledger;

  wp_engine_count (self->engine, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  g_assert_cmpuint (ledger.in_service, ==, in_service);
  g_assert_cmpuint (ledger.queued, ==, queued);
  g_assert_cmpuint (ledger.parked, ==, parked);
  g_assert_cmpuint (self->held.jobs->len, ==, in_service);
}

/* The oldest job in service ends. */
static void
finish_one (Bench *self)
{
  WpJob *job = g_ptr_array_remove_index (self->held.jobs, 0);

  job->result = WP_RESULT_STORED;
  self->held.base.done (&job, 1, self->held.base.done_data);
}

/* Returns: the text of the record. */
static char *
bench_clear (Bench *self)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  while (self->held.jobs->len > 0)
    finish_one (self);
  check_places (self, 0, 0, 0);
  wp_engine_close (self->engine);
  wp_clock_free (self->clock);
  wp_recorder_close (self->recorder, self->n_jobs, WP_TIME_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  wp_recorder_free (self->recorder);
  wp_engine_free (self->engine);
  for (guint i = 0; i < self->n_jobs; i++)
    wp_job_unref (self->jobs[i]);
  g_ptr_array_unref (self->held.jobs);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_remove (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);

  return text;
}

/* What waits gets the new workers and places at once, at one time, in order. */
static void
test_grow (void)
{
  g_autofree char *record = NULL, *line = NULL;
  char at[WP_TIME_BUFFER];
  gint64 at_ns;
  Bench bench;

  bench_init (&bench, 1, 1, WP_TIME_NONE);
  submit (&bench, WP_SUBMIT_ACCEPTED);
  submit (&bench, WP_SUBMIT_ACCEPTED);
  for (guint i = 0; i < 4; i++)
    submit (&bench, WP_SUBMIT_PENDING);
  check_places (&bench, 1, 1, 4);
  resize (&bench, "workers=3 queue=2");
  check_places (&bench, 3, 2, 1);
  await_notified (&bench, WP_JOB_ACCEPTED, 3);
  at_ns = bench.jobs[1]->started_ns;
  g_assert_cmpint (bench.jobs[2]->accepted_ns, ==, at_ns);
  g_assert_cmpint (bench.jobs[2]->started_ns, ==, at_ns);
  g_assert_cmpint (bench.jobs[3]->accepted_ns, ==, at_ns);
  g_assert_cmpint (bench.jobs[4]->accepted_ns, ==, at_ns);
  line = g_strdup_printf ("\n# at=%s workers=3 queue=2 when-full=block block-timeout=none\n",
                          wp_time_format_seconds (at, at_ns - bench.jobs[0]->arrival_ns));
  record = bench_clear (&bench);
  g_assert_nonnull (strstr (record, line));
}

/* Jobs in service and in the queue stay; then the new sizes hold. */
static void
test_shrink (void)
{
  g_autofree char *record = NULL;
  Bench bench;

  bench_init (&bench, 3, 3, WP_TIME_NONE);
  for (guint i = 0; i < 6; i++)
    submit (&bench, WP_SUBMIT_ACCEPTED);
  submit (&bench, WP_SUBMIT_PENDING);
  resize (&bench, "workers=1 queue=1");
  check_places (&bench, 3, 3, 1);
  finish_one (&bench);
  finish_one (&bench);
  check_places (&bench, 1, 3, 1);
  finish_one (&bench);
  finish_one (&bench);
  check_places (&bench, 1, 1, 1); /* the place of a second is no place any more */
  finish_one (&bench);
  check_places (&bench, 1, 1, 0);
  await_notified (&bench, WP_JOB_ACCEPTED, 1);
  record = bench_clear (&bench);
}

/* The timeout of a parked request is that of its arrival, and the next one to time out may be a later one. */
static void
test_timeouts (void)
{
  g_autofree char *record = NULL;
  Bench bench;

  bench_init (&bench, 0, 1, AN_HOUR_NS);
  submit (&bench, WP_SUBMIT_ACCEPTED);
  submit (&bench, WP_SUBMIT_PENDING);
  resize (&bench, "block-timeout=1ms");
  submit (&bench, WP_SUBMIT_PENDING);
  await_notified (&bench, WP_JOB_REFUSED, 1);
  check_places (&bench, 1, 0, 1);
  g_assert_cmpint (bench.jobs[2]->outcome, ==, WP_OUTCOME_TIMED_OUT);
  resize (&bench, "when-full=reject block-timeout=none");
  submit (&bench, WP_SUBMIT_REJECTED);
  check_places (&bench, 1, 0, 1);
  resize (&bench, "when-full=block block-timeout=0");
  submit (&bench, WP_SUBMIT_REJECTED);
  finish_one (&bench);
  check_places (&bench, 1, 0, 0);
  g_assert_cmpint (bench.jobs[1]->state, ==, WP_JOB_IN_SERVICE);
  record = bench_clear (&bench);
}

static void
test_words (void)
{
  static const struct {
    const char *text, *message;
  } bad[] = {
    { "workers", "\"workers\" is not a setting, as in when-full=block" },
    { "mode=Default", "\"mode\" is not a setting, as in when-full=block" },
    { "queue=2", "\"queue\" is not a setting, as in when-full=block" }, /* not one that is asked for */
    { "workers=0", "workers: " },
    { "workers=2 when-full=block workers=2", "\"workers\" is given twice" },
    { "when-full=maybe", "when-full: \"maybe\" is not a policy for a full queue" },
  };
  WpPolicy policy;

  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (wp_policy_set_words (&policy, bad[i].text, WP_POLICY_SIZES & ~WP_POLICY_QUEUE, &error));
      g_assert_true (g_str_has_prefix (error->message, bad[i].message));
    }
  g_assert_true (wp_policy_set_words (&policy, " workers=7\t queue=2 \n", WP_POLICY_SIZES, NULL));
  g_assert_cmpuint (policy.workers, ==, 7);
  g_assert_cmpuint (policy.queue_jobs, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resize/grow", test_grow);
  g_test_add_func ("/resize/shrink", test_shrink);
  g_test_add_func ("/resize/timeouts", test_timeouts);
  g_test_add_func ("/resize/words", test_words);

  return g_test_run ();
}
