/* The batch writer with a database that the test controls: the rows of a batch, failures, and how long jobs
 * wait. */
#include "runtime/database/wp-batch-writer.h"

#include <string.h>

#define GIVE_UP_US  (20 * G_USEC_PER_SEC)
#define MAX_BATCHES 10000

typedef struct {
  guint n;
  gsize bytes;
  gint64 at_ns;
} Batch;

/* The seam. All but @jobs is guarded by the mutex. */
typedef struct {
  WpDatabase base;
  WpBatchWriter *writer;
  GPtrArray *jobs; /* (element-type WpJob): the test's */
  GMutex mutex;
  GCond changed;
  gboolean held; /* the writer waits in the midst of a batch */
  guint n_down;  /* so many batches find the database down */
  Batch batches[MAX_BATCHES];
  guint n_batches, n_done, n_rests;
  guint n_batches_to_first; /* until the first job ended */
  GPtrArray *stored;        /* (element-type WpJob): in this order */
} Fake;

/* The linker puts it in the place of g_async_queue_unlock(). */
void __real_g_async_queue_unlock (GAsyncQueue *queue);
void __wrap_g_async_queue_unlock (GAsyncQueue *queue);

static void (*at_next_unlock) (gpointer data); /* NULL: nothing happens */
static gpointer unlock_data;

void
__wrap_g_async_queue_unlock (GAsyncQueue *queue)
{
  void (*func) (gpointer data) = g_steal_pointer (&at_next_unlock);

  __real_g_async_queue_unlock (queue);
  if (func)
    func (unlock_data);
}

static guint n_down_lines, n_up_lines; /* of the log */

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  n_down_lines += strstr (message, "fake:x is down") != NULL;
  n_up_lines += strstr (message, "fake:x is up again") != NULL;
}

static gboolean
is_bad (const WpJob *job)
{
  return g_strcmp0 (job->id, "bad") == 0;
}

static WpResult
fake_store (WpDatabase *base, WpJob *const *jobs, guint n, char **reason)
{
  Fake *self = (Fake *) base;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  Batch *batch = &self->batches[self->n_batches];

  g_assert_cmpuint (self->n_batches, <, MAX_BATCHES);
  *batch = (Batch){ .n = n, .at_ns = wp_time_monotonic () };
  for (guint i = 0; i < n; i++)
    batch->bytes += jobs[i]->body ? g_bytes_get_size (jobs[i]->body) : 0;
  self->n_batches++;
  g_cond_signal (&self->changed);
  while (self->held)
    g_cond_wait (&self->changed, &self->mutex);
  if (self->n_down > 0)
    {
      self->n_down--;
      *reason = g_strdup ("gone");
      return WP_RESULT_TRANSIENT;
    }
  for (guint i = 0; i < n; i++)
    if (is_bad (jobs[i]))
      {
        *reason = g_strdup ("bad");
        return WP_RESULT_PERMANENT;
      }
  for (guint i = 0; i < n; i++)
    {
      jobs[i]->result = WP_RESULT_STORED;
      g_ptr_array_add (self->stored, jobs[i]);
    }
  return WP_RESULT_STORED;
}

/* done() has been called for its jobs by then. */
static void
fake_rest (WpDatabase *base)
{
  Fake *self = (Fake *) base;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  g_assert_cmpuint (self->n_done, >=, self->stored->len);
  self->n_rests++;
}

static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  Fake *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  for (guint i = 0; i < n; i++)
    jobs[i]->finished_ns = wp_time_monotonic ();
  if (self->n_done == 0)
    self->n_batches_to_first = self->n_batches;
  self->n_done += n;
  g_cond_signal (&self->changed);
}

static void
fake_init (Fake *self, gconstpointer data)
{
  static const WpBatchClass class = { fake_store, fake_rest };

  n_down_lines = n_up_lines = 0;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->base.retry_for_ns = WP_TIME_NONE;
  self->jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref);
  self->stored = g_ptr_array_new ();
  wp_database_on_done (&self->base, on_done, self);
  self->writer = wp_batch_writer_new (&self->base, &class, "fake:x", NULL);
}

static void
fake_clear (Fake *self, gconstpointer data)
{
  wp_batch_writer_free (self->writer);
  g_ptr_array_unref (self->stored);
  g_ptr_array_unref (self->jobs);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
}

static WpJob *
push (Fake *self, const char *id, gsize bytes)
{
  WpJob *job = wp_job_new ();

  job->id = g_strdup (id);
  job->body = bytes > 0 ? g_bytes_new_take (g_malloc0 (bytes), bytes) : NULL;
  job->started_ns = wp_time_monotonic ();
  g_ptr_array_add (self->jobs, job);
  wp_batch_writer_push (self->writer, job);

  return job;
}

static void
await (Fake *self, const guint *counter, guint n)
{
  gint64 until_us = g_get_monotonic_time () + GIVE_UP_US;

  g_mutex_lock (&self->mutex);
  while (*counter < n)
    g_assert_true (g_cond_wait_until (&self->changed, &self->mutex, until_us));
  g_mutex_unlock (&self->mutex);
}

/* The writer is in the midst of a first batch until release(), so that what is pushed meanwhile shares the
 * next ones. */
static void
hold (Fake *self)
{
  g_mutex_lock (&self->mutex);
  self->held = TRUE;
  g_mutex_unlock (&self->mutex);
  push (self, "first", 0);
  await (self, &self->n_batches, 1);
}

static void
release (Fake *self, guint n_down)
{
  g_mutex_lock (&self->mutex);
  self->held = FALSE;
  self->n_down = n_down;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
test_rows_have_a_bound (Fake *self, gconstpointer data)
{
  hold (self);
  for (guint i = 0; i < 2500; i++)
    push (self, NULL, 0);
  release (self, 0);
  await (self, &self->n_done, 2501);
  g_assert_cmpuint (self->n_batches, ==, 4);
  for (guint i = 1; i < 4; i++)
    g_assert_cmpuint (self->batches[i].n, ==, i < 3 ? 1000 : 500);
  g_assert_cmpuint (self->base.commit_rows.sum, ==, 2501);
  g_assert_cmpuint (wp_decimal_histogram_count (&self->base.commit_rows, 0), ==, 1); /* the first batch */
  g_assert_cmpuint (wp_decimal_histogram_count (&self->base.commit_rows, 7), ==, 1);
  g_assert_cmpuint (wp_decimal_histogram_count (&self->base.commit_rows, 8), ==, 2); /* up to 500 */
  g_assert_cmpuint (wp_decimal_histogram_count (&self->base.commit_ns, WP_DECIMAL_BOUNDS), ==, 4);
}

/* 8 MB, unless a single job has more; nothing is put out of its order for it. */
static void
test_bytes_have_a_bound (Fake *self, gconstpointer data)
{
  static const struct {
    gsize bytes;
    guint batch;
  } jobs[] = {
    { 3 << 20, 1 }, { 3 << 20, 1 }, { 2 << 20, 1 }, { 1, 2 }, { 9 << 20, 3 },
    { 4 << 20, 4 }, { 0, 4 },       { 4 << 20, 4 }, { 0, 4 }, { 8 << 20, 5 },
  };

  hold (self);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    push (self, NULL, jobs[i].bytes);
  release (self, 0);
  await (self, &self->n_done, G_N_ELEMENTS (jobs) + 1);
  g_assert_cmpuint (self->n_batches, ==, 6);
  for (guint batch = 1, i = 0; batch < 6; batch++)
    {
      guint n = 0;
      gsize bytes = 0;

      for (; i < G_N_ELEMENTS (jobs) && jobs[i].batch == batch; i++, n++)
        bytes += jobs[i].bytes;
      g_assert_cmpuint (self->batches[batch].n, ==, n);
      g_assert_cmpuint (self->batches[batch].bytes, ==, bytes);
    }
  for (guint i = 0; i < self->stored->len; i++)
    g_assert_true (self->stored->pdata[i] == self->jobs->pdata[i]);
}

static void
check_bad_jobs (Fake *self, guint n_bad, guint n_good)
{
  await (self, &self->n_done, n_bad + n_good);
  g_assert_cmpuint (self->stored->len, ==, n_good);
  for (guint i = 0; i < self->jobs->len; i++)
    {
      const WpJob *job = self->jobs->pdata[i];

      g_assert_cmpint (job->result, ==, is_bad (job) ? WP_RESULT_PERMANENT : WP_RESULT_STORED);
      g_assert_true (!is_bad (job) || g_str_equal (job->failure, "bad"));
    }
}

/* One bad job among a thousand costs some thirty transactions, wherever it stands; a thousand of them about
 * one each. */
static void
test_halves (Fake *self, gconstpointer data)
{
  guint at = (guint) g_test_rand_int_range (0, 1000);

  hold (self);
  for (guint i = 0; i < 1000; i++)
    push (self, i == at ? "bad" : NULL, 0);
  release (self, 0);
  check_bad_jobs (self, 1, 1000);
  g_test_message ("%u transactions", self->n_batches);
  g_assert_cmpuint (self->n_batches, <=, 38);
}

static void
test_halves_down_to_nothing (Fake *self, gconstpointer data)
{
  hold (self);
  for (guint i = 0; i < 1000; i++)
    push (self, "bad", 0);
  release (self, 0);
  check_bad_jobs (self, 1000, 1);
  g_assert_cmpuint (self->n_batches, <=, 1020);
}

/* The same batch is offered again after 50 ms, doubling to 1 s, without a result meanwhile; what comes
 * meanwhile joins it. */
static void
test_waits (Fake *self, gconstpointer data)
{
  static const gint64 delays_ms[] = { 50, 100, 200, 400, 800, 1000, 1000 };

  hold (self);
  release (self, G_N_ELEMENTS (delays_ms));
  await (self, &self->n_batches, 3);
  g_assert_true (wp_database_down_since (&self->base) != WP_TIME_NONE);
  g_assert_cmpuint (self->n_done, ==, 0);
  push (self, "second", 0);
  await (self, &self->n_done, 2);
  g_assert_true (wp_database_down_since (&self->base) == WP_TIME_NONE);
  g_assert_cmpuint (self->n_batches, ==, G_N_ELEMENTS (delays_ms) + 1);
  for (guint i = 0; i < G_N_ELEMENTS (delays_ms); i++)
    g_assert_cmpint (self->batches[i + 1].at_ns - self->batches[i].at_ns, >=, delays_ms[i] * WP_NS_PER_MS);
  g_assert_cmpint (self->batches[7].at_ns - self->batches[6].at_ns, <, 2500 * WP_NS_PER_MS); /* not 3200 */
  g_assert_cmpuint (self->batches[self->n_batches - 1].n, ==, 2);
  g_assert_cmpuint (n_down_lines, ==, 1);
  g_assert_cmpuint (n_up_lines, ==, 1);
}

/* It begins anew with each outage. */
static void
test_waits_again (Fake *self, gconstpointer data)
{
  hold (self);
  release (self, 4);
  await (self, &self->n_done, 1);
  hold (self);
  release (self, 1);
  await (self, &self->n_done, 2);
  g_assert_cmpint (self->batches[6].at_ns - self->batches[5].at_ns, <, 700 * WP_NS_PER_MS); /* not 800 */
}

/* Each job is offered once at least; only those are given up that have had their time. */
static void
test_gives_up (Fake *self, gconstpointer data)
{
  WpJob *late;

  self->base.retry_for_ns = 300 * WP_NS_PER_MS;
  hold (self);
  release (self, 1000);
  await (self, &self->n_batches, 3);
  late = push (self, "late", 0);
  await (self, &self->n_done, 1);
  g_assert_cmpuint (self->n_batches_to_first, <=, 4); /* at 0, 50, 150 and 350 ms, or later */
  g_assert_cmpint (((WpJob *) self->jobs->pdata[0])->result, ==, WP_RESULT_TRANSIENT);
  g_assert_cmpstr (((WpJob *) self->jobs->pdata[0])->failure, ==, "gone");
  await (self, &self->n_done, 2);
  g_assert_cmpint (late->result, ==, WP_RESULT_TRANSIENT);
  g_assert_cmpint (late->finished_ns - late->started_ns, >=, 300 * WP_NS_PER_MS);
  g_assert_true (wp_database_down_since (&self->base) != WP_TIME_NONE);
  release (self, 0);
  push (self, "last", 0);
  await (self, &self->n_done, 3);
  g_assert_true (wp_database_down_since (&self->base) == WP_TIME_NONE);
}

static void
test_gives_up_at_once (Fake *self, gconstpointer data)
{
  self->base.retry_for_ns = 0;
  hold (self);
  for (guint i = 0; i < 3000; i++)
    push (self, NULL, 0);
  release (self, 4);
  await (self, &self->n_done, 3001);
  g_assert_cmpuint (self->n_batches, ==, 4);
  g_assert_cmpuint (self->stored->len, ==, 0);
}

static void
push_late (gpointer data)
{
  push (data, "late", 0);
}

/* A job that comes just after the writer has found no more, and takes it to be at work still, does not wait
 * for the next one. */
static void
test_comes_as_it_goes_idle (Fake *self, gconstpointer data)
{
  hold (self);
  unlock_data = self;
  at_next_unlock = push_late;
  release (self, 0);
  await (self, &self->n_done, 2);
}

static void
test_rests_after_a_commit (Fake *self, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    {
      push (self, i % 2 ? "bad" : NULL, 0);
      await (self, &self->n_done, i + 1);
    }
  await (self, &self->n_rests, 1);
  g_clear_pointer (&self->writer, wp_batch_writer_free);
  g_assert_cmpuint (self->n_rests, ==, 5);
  self->writer = wp_batch_writer_new (&self->base, NULL, "fake:x", NULL);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*func) (Fake *fake, gconstpointer data);
  } tests[] = {
    { "/batch-writer/rows-have-a-bound", test_rows_have_a_bound },
    { "/batch-writer/bytes-have-a-bound", test_bytes_have_a_bound },
    { "/batch-writer/halves", test_halves },
    { "/batch-writer/halves-down-to-nothing", test_halves_down_to_nothing },
    { "/batch-writer/waits", test_waits },
    { "/batch-writer/waits-again", test_waits_again },
    { "/batch-writer/gives-up", test_gives_up },
    { "/batch-writer/gives-up-at-once", test_gives_up_at_once },
    { "/batch-writer/comes-as-it-goes-idle", test_comes_as_it_goes_idle },
    { "/batch-writer/rests-after-a-commit", test_rests_after_a_commit },
  };

  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_default_handler (on_log, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fake, NULL, fake_init, tests[i].func, fake_clear);

  return g_test_run ();
}
