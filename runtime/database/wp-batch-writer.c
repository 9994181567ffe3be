#include "runtime/database/wp-batch-writer.h"

#include <errno.h>
#include <libintl.h>
#include <sys/prctl.h>
#include <time.h>

#include "runtime/database/wp-outage.h"
#include "runtime/queue/wp-realtime.h"

#define MAX_ROWS  1000
#define MAX_BYTES (8u << 20)

/* Several writers to one database starve each other, so the pool has one thread. A task is pushed to it only
 * when it is idle. */
struct _WpBatchWriter {
  WpDatabase *database;
  const WpBatchClass *class;
  char *name;
  GAsyncQueue *waiting; /* (element-type WpJob) */
  GThreadPool *pool;
  gint at_work; /* atomic: the writer runs or is about to */

  /* The rest belongs to the writer's thread. */
  GPtrArray *jobs; /* (element-type WpJob): taken and not done */
  gsize bytes;     /* of their payloads */
  guint most_rows; /* of the next transaction; below MAX_ROWS while it searches for a bad job */
  gint64 began_ns; /* scheduled begin of the transaction, see keep_pace() */
  WpOutage outage;
  guint64 n_failed; /* permanent failures since the last line about them */
  char *reason;     /* of the last of them */
  gint64 logged_failed_ns;
};

static gsize
size_of (const WpJob *job)
{
  return job->body ? g_bytes_get_size (job->body) : 0;
}

/* Takes waiting jobs up to the limits of rows and bytes. */
static void
fill (WpBatchWriter *self)
{
  WpJob *job;

  g_async_queue_lock (self->waiting);
  while (self->jobs->len < MAX_ROWS && (job = g_async_queue_try_pop_unlocked (self->waiting)))
    {
      if (self->jobs->len > 0 && self->bytes + size_of (job) > MAX_BYTES)
        {
          g_async_queue_push_front_unlocked (self->waiting, job);
          break;
        }
      g_ptr_array_add (self->jobs, job);
      self->bytes += size_of (job);
    }
  g_async_queue_unlock (self->waiting);
}

/* Reports the results of the first @n jobs. */
static void
notify (WpBatchWriter *self, guint n)
{
  if (n == 0)
    return;
  for (guint i = 0; i < n; i++)
    self->bytes -= size_of (self->jobs->pdata[i]); /* before done(), which may free them */
  self->database->done ((WpJob *const *) self->jobs->pdata, n, self->database->done_data);
  g_ptr_array_remove_range (self->jobs, 0, n);
}

/* Writes at most one line per second, unless it is the @last; each failure is counted in one of them. */
static void
log_failures (WpBatchWriter *self, gboolean last)
{
  gint64 now_ns = wp_time_monotonic ();

  if (self->n_failed == 0
      || (!last && self->logged_failed_ns != 0 && now_ns - self->logged_failed_ns < WP_NS_PER_S))
    return;
  g_warning (ngettext ("%s: %" G_GUINT64_FORMAT " update failed: %s",
                       "%s: %" G_GUINT64_FORMAT " updates failed: %s", self->n_failed),
             self->name, self->n_failed, self->reason);
  self->n_failed = 0;
  self->logged_failed_ns = now_ns;
}

static void
fail_first (WpBatchWriter *self, char *reason)
{
  WpJob *job = self->jobs->pdata[0];
  char *shared = g_ref_string_new (reason);

  job->result = WP_RESULT_PERMANENT;
  wp_job_set_failure (job, shared);
  g_ref_string_release (shared);
  self->n_failed++;
  g_free (self->reason);
  self->reason = g_strdup (reason);
}

/* Returns: how many of the first @n jobs, from the oldest on, have waited for the database for retry_for_ns.
 */
static guint
count_expired (const WpBatchWriter *self, guint n)
{
  gint64 now_ns = wp_time_monotonic ();
  guint n_expired = 0;

  while (n_expired < n && wp_outage_expires (&self->outage, self->jobs->pdata[n_expired], now_ns))
    n_expired++;
  return n_expired;
}

static void
fail_expired (WpBatchWriter *self, guint n, const char *reason)
{
  guint n_expired = count_expired (self, n);
  char *shared = g_ref_string_new (reason);

  for (guint i = 0; i < n_expired; i++)
    {
      WpJob *job = self->jobs->pdata[i];

      job->result = WP_RESULT_TRANSIENT;
      wp_job_set_failure (job, shared);
    }
  g_ref_string_release (shared);
  notify (self, n_expired);
}

static void
sleep_until (gint64 until_ns)
{
  struct timespec until = { until_ns / WP_NS_PER_S, until_ns % WP_NS_PER_S };

  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    ;
}

/* An attempt with @n jobs at @down_ns found the database down. Sleeps before the next one, if jobs are left.
 */
static void
wait_for_database (WpBatchWriter *self, guint n, gint64 down_ns, const char *reason)
{
  wp_outage_note (&self->outage, down_ns, n, reason);
  fail_expired (self, n, reason);
  wp_outage_delay (&self->outage);
  if (self->jobs->len > 0)
    sleep_until (wp_time_monotonic () + self->outage.delay_ns);
  self->began_ns = wp_time_monotonic ();
}

/* Waits until the commit has taken pace_ns. Deadlines are absolute, so that late wake-ups do not add up over
 * a busy period. */
static void
keep_pace (WpBatchWriter *self)
{
  gint64 over_ns = self->began_ns + self->database->pace_ns;

  if (self->database->pace_ns == 0)
    return;
  self->began_ns = MAX (over_ns, wp_time_monotonic ());
  if (self->began_ns == over_ns)
    sleep_until (over_ns);
}

static void
write_transaction (WpBatchWriter *self)
{
  guint n = MIN (self->most_rows, self->jobs->len);
  gint64 now_ns = wp_time_monotonic ();
  g_autofree char *reason = NULL;
  WpResult result = self->class->store (self->database, (WpJob *const *) self->jobs->pdata, n, &reason);

  if (result == WP_RESULT_TRANSIENT)
    {
      wait_for_database (self, n, now_ns, reason);
      return;
    }
  wp_outage_end (&self->outage);
  self->most_rows = result == WP_RESULT_PERMANENT ? MAX (n / 2, 1) : MIN (2 * self->most_rows, MAX_ROWS);
  if (result == WP_RESULT_STORED)
    {
      wp_decimal_histogram_add (&self->database->commit_ns, (guint64) (wp_time_monotonic () - now_ns));
      wp_decimal_histogram_add (&self->database->commit_rows, n);
      keep_pace (self);
      notify (self, n);
      if (self->class->after_commit)
        self->class->after_commit (self->database);
    }
  else if (n == 1)
    {
      fail_first (self, reason);
      notify (self, 1);
      log_failures (self, FALSE);
    }
}

static void
check_files (WpBatchWriter *self)
{
  g_autofree char *reason = NULL;

  if (self->class->check_files (self->database, &reason))
    wp_outage_end (&self->outage);
  else if (reason)
    wp_outage_note (&self->outage, wp_time_monotonic (), 0, reason);
}

static void
write_all (gpointer token, gpointer data)
{
  WpBatchWriter *self = data;

  prctl (PR_SET_TIMERSLACK, 1); /* the thread is the writer's own; 50 us otherwise */
  if (self->database->pace_ns > 0)
    wp_realtime_thread (WP_REALTIME_HTTP); /* it mostly sleeps, and must wake on time */
  if (self->class->check_files && g_async_queue_length (self->waiting) <= 0)
    check_files (self);
  do
    {
      self->began_ns = wp_time_monotonic ();
      while (fill (self), self->jobs->len > 0)
        write_transaction (self);
      self->most_rows = MAX_ROWS;
      g_atomic_int_set (&self->at_work, FALSE);
      /* A job that was pushed since the last fill() found at_work set and started no task. */
    }
  while (g_async_queue_length (self->waiting) > 0
         && g_atomic_int_compare_and_exchange (&self->at_work, FALSE, TRUE));
}

WpBatchWriter *
wp_batch_writer_new (WpDatabase *database, const WpBatchClass *class, const char *name, GError **error)
{
  WpBatchWriter *self = g_new0 (WpBatchWriter, 1);

  self->database = database;
  self->class = class;
  self->name = g_strdup (name);
  self->outage = (WpOutage){ .database = database, .name = self->name };
  self->waiting = g_async_queue_new ();
  self->jobs = g_ptr_array_new ();
  self->most_rows = MAX_ROWS;
  self->pool = g_thread_pool_new (write_all, self, 1, TRUE, error);
  if (self->pool)
    return self;

  wp_batch_writer_free (self);
  return NULL;
}

void
wp_batch_writer_free (WpBatchWriter *self)
{
  if (self->pool)
    g_thread_pool_free (self->pool, FALSE, TRUE);
  log_failures (self, TRUE);
  g_async_queue_unref (self->waiting);
  g_ptr_array_unref (self->jobs);
  g_free (self->reason);
  g_free (self->name);
  g_free (self);
}

static void
begin_work (WpBatchWriter *self)
{
  if (g_atomic_int_compare_and_exchange (&self->at_work, FALSE, TRUE))
    g_thread_pool_push (self->pool, self, NULL);
}

void
wp_batch_writer_push (WpBatchWriter *self, WpJob *job)
{
  g_async_queue_push (self->waiting, job);
  begin_work (self);
}

void
wp_batch_writer_check_files (WpBatchWriter *self)
{
  begin_work (self);
}
