/* The connection to a database breaks within a batch, before its commit or after it: the batch is retried,
 * and each job is stored once. */
#include "runtime/engine/wp-engine.h"

#include <string.h>

#define GIVE_UP_NS (20 * WP_NS_PER_S)
#define N_JOBS     300
#define BATCH      8
#define CUT_EACH   3 /* of three batches one is cut */
#define DELAY_NS   (4 * WP_NS_PER_MS)

typedef enum { BEFORE_COMMIT, AFTER_COMMIT } Moment;

/* The seam: a database in memory, on a line that breaks. Its writer's thread has all but @waiting. */
typedef struct {
  WpDatabase base;
  Moment moment;
  GAsyncQueue *waiting; /* (element-type WpJob); itself: the end */
  GThread *writer;
  GHashTable *rows;   /* (element-type utf8): ids */
  GHashTable *cut_ns; /* (element-type utf8 gint64): ids, and when their batch was cut last */
  guint n_batches, n_cut, n_lost, n_duplicates;
  gint64 shortest_ns; /* between a cut and the next try of a job */
} Cut;

static void
note_try (Cut *self, WpJob *job)
{
  const gint64 *cut_ns = g_hash_table_lookup (self->cut_ns, job->id);

  if (cut_ns)
    self->shortest_ns = MIN (self->shortest_ns, wp_time_monotonic () - *cut_ns);
}

static void
note_cut (Cut *self, WpJob *job)
{
  char *reason = g_ref_string_new ("the connection is cut");
  gint64 now_ns = wp_time_monotonic ();

  wp_job_set_failure (job, reason);
  job->result = WP_RESULT_PERMANENT;
  g_hash_table_insert (self->cut_ns, g_strdup (job->id), g_memdup2 (&now_ns, sizeof now_ns));
  g_ref_string_release (reason);
}

/* Half of the rows are written when the line breaks: they are taken back; or all of them are, and nobody
 * learns it. */
static void
write_batch (Cut *self, GPtrArray *jobs)
{
  gboolean cut = ++self->n_batches % CUT_EACH == 1, commits = !cut || self->moment == AFTER_COMMIT;

  for (guint i = 0; i < jobs->len; i++)
    {
      WpJob *job = jobs->pdata[i];

      note_try (self, job);
      job->result = g_hash_table_contains (self->rows, job->id) ? WP_RESULT_DUPLICATE : WP_RESULT_STORED;
      if (!cut)
        self->n_duplicates += job->result == WP_RESULT_DUPLICATE;
      if (commits)
        g_hash_table_add (self->rows, g_strdup (job->id));
    }
  self->n_cut += cut;
  for (guint i = 0; cut && i < jobs->len; i++, self->n_lost++)
    note_cut (self, jobs->pdata[i]);
  self->base.done ((WpJob *const *) jobs->pdata, jobs->len, self->base.done_data);
}

static gpointer
run (gpointer data)
{
  Cut *self = data;
  g_autoptr (GPtrArray) jobs = g_ptr_array_new ();
  gpointer job = NULL;

  while (job != self && (job = g_async_queue_pop (self->waiting)) != self)
    {
      for (; job && job != self; job = jobs->len < BATCH ? g_async_queue_try_pop (self->waiting) : NULL)
        g_ptr_array_add (jobs, job);
      write_batch (self, jobs);
      g_ptr_array_set_size (jobs, 0);
    }
  return NULL;
}

static gboolean
cut_update (WpDatabase *base, WpJob *job)
{
  g_async_queue_push (((Cut *) base)->waiting, job);
  return FALSE;
}

static const WpDatabaseClass cut_class = { .update = cut_update };

static void
cut_init (Cut *self, Moment moment)
{
  *self = (Cut){ .base = { .class = &cut_class }, .moment = moment, .shortest_ns = G_MAXINT64 };
  self->waiting = g_async_queue_new ();
  self->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cut_ns = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
cut_clear (Cut *self)
{
  g_async_queue_unref (self->waiting);
  g_hash_table_unref (self->rows);
  g_hash_table_unref (self->cut_ns);
}

/* WpJobNotify */
static void
on_told (WpJob *job, WpJobEvent event, gpointer n_told)
{
  g_assert_cmpint (event, ==, WP_JOB_STORED);
  g_atomic_int_inc ((gint *) n_told);
}

static void
submit (WpEngine *mode, gint *n_told)
{
  for (guint i = 0; i < N_JOBS; i++)
    {
      g_autoptr (WpJob) job = wp_job_new ();

      job->id = g_strdup_printf ("%u", i);
      job->method = "POST";
      job->path = g_strdup ("/");
      job->notify = on_told;
      job->client = n_told;
      g_assert_cmpint (wp_engine_submit (mode, job), ==, WP_SUBMIT_PENDING);
    }
}

static void
check_books (WpEngine *mode, const Cut *cut)
{
  WpLedger ledger;

  wp_engine_count (mode, &ledger, NULL);
  g_assert_true (wp_ledger_balances (&ledger));
  g_assert_cmpuint (ledger.stored, ==, N_JOBS);
  g_assert_cmpuint (ledger.failed, ==, 0);
  g_assert_cmpuint (ledger.duplicates, ==, cut->n_duplicates);
  g_assert_cmpuint (wp_engine_count_retries (mode), ==, cut->n_lost);
}

static void
check (WpModeKind kind, Moment moment)
{
  const WpRetry retry = { 1000, DELAY_NS };
  WpClock *clock = wp_clock_new (NULL);
  gint n_told = 0; /* atomic */
  WpPolicy policy;
  WpEngine *mode;
  Cut cut;

  wp_policy_init (&policy, kind);
  policy.ack = WP_ACK_STORED;
  policy.workers = 20;
  cut_init (&cut, moment);
  mode = wp_engine_new (&policy, N_JOBS, clock, &cut.base, NULL);
  wp_engine_set_retry (mode, &retry);
  cut.writer = g_thread_new ("cut", run, &cut);
  submit (mode, &n_told);
  g_assert_true (wp_engine_wait_empty (mode, wp_time_monotonic () + GIVE_UP_NS));
  g_async_queue_push (cut.waiting, &cut);
  g_thread_join (cut.writer);
  wp_clock_free (clock);
  check_books (mode, &cut);
  g_test_message ("%u of %u batches were cut, with %u jobs; %u were stored already", cut.n_cut, cut.n_batches,
                  cut.n_lost, cut.n_duplicates);
  g_assert_cmpuint (cut.n_cut, >, 0);
  g_assert_cmpuint (g_hash_table_size (cut.rows), ==, N_JOBS);
  g_assert_true (moment == AFTER_COMMIT ? cut.n_duplicates > 0 : cut.n_duplicates == 0);
  g_assert_cmpint (cut.shortest_ns, >=, DELAY_NS / 2);
  g_assert_cmpint (g_atomic_int_get (&n_told), ==, N_JOBS);
  wp_engine_free (mode);
  cut_clear (&cut);
}

static void
test_before_the_commit (void)
{
  check (WP_MODE_DEFAULT, BEFORE_COMMIT);
  check (WP_MODE_BUFFERED_CHANNEL, BEFORE_COMMIT);
  check (WP_MODE_WORKER_POOL, BEFORE_COMMIT);
}

static void
test_after_the_commit (void)
{
  check (WP_MODE_DEFAULT, AFTER_COMMIT);
  check (WP_MODE_BUFFERED_CHANNEL, AFTER_COMMIT);
  check (WP_MODE_WORKER_POOL, AFTER_COMMIT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection-cut/before-the-commit", test_before_the_commit);
  g_test_add_func ("/connection-cut/after-the-commit", test_after_the_commit);

  return g_test_run ();
}
