#include "runtime/queue/wp-channel.h"

#include "runtime/queue/wp-parked.h"
#include "sim/base/wp-policy.h"

struct _WpChannel {
  GMutex mutex; /* guards all below */
  guint capacity_jobs;
  guint max_workers; /* after a change, more jobs than this may be in service, and more than capacity queued
                      */
  gboolean rejects;
  GCond empty;
  guint n_waiting; /* threads that wait for @empty; without any, a broadcast would still be a system call */
  gboolean closed;
  gboolean refuses; /* temporarily */
  gboolean expects; /* jobs of an earlier run, which enter before all others */
  gboolean parks_meanwhile;
  WpJobList queue; /* accepted, not started */
  WpParked parked;
  WpJobList in_service;   /* in order of arrival too, since the oldest waiting job starts first */
  WpWorker *idle;         /* a stack: the record of the last used worker is in the cache */
  GPtrArray *workers;     /* (element-type WpWorker): created so far */
  gint64 full_since_ns;   /* WP_TIME_NONE: it is not full */
  gint64 worked_until_ns; /* the ledger's worker_ns is up to then */
  WpLedger ledger;
  WpChannelTimes times; /* added to under the lock */
};

WpChannel *
wp_channel_new (guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns)
{
  WpChannel *self = g_new0 (WpChannel, 1);

  g_assert (workers >= 1);

  self->capacity_jobs = capacity_jobs;
  self->max_workers = workers;
  self->worked_until_ns = wp_time_monotonic ();
  self->rejects = rejects;
  wp_parked_init (&self->parked, timeout_ns);
  self->workers = g_ptr_array_new_with_free_func (g_free);
  self->full_since_ns = WP_TIME_NONE;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->empty);

  return self;
}

void
wp_channel_free (WpChannel *self)
{
  g_assert (!self->queue.head);
  wp_parked_clear (&self->parked);
  g_ptr_array_unref (self->workers);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->empty);
  g_free (self);
}

static WpWorker *
idle_worker_locked (WpChannel *self)
{
  WpWorker *worker = self->idle;

  if (self->in_service.n >= self->max_workers)
    return NULL;
  if (worker)
    self->idle = worker->next_idle;
  else
    {
      worker = g_new0 (WpWorker, 1);
      worker->id = self->workers->len;
      g_ptr_array_add (self->workers, worker);
    }
  return worker;
}

/* The transitions of a job. @now_ns is the single clock reading of the operation. */

static void
accept_locked (WpChannel *self, WpJob *job, gint64 now_ns)
{
  job->state = WP_JOB_QUEUED;
  job->accepted_ns = now_ns;
  wp_job_list_push (&self->queue, job);
  self->ledger.recent_queued_peak = MAX (self->ledger.recent_queued_peak, self->queue.n);
}

static void
start_locked (WpChannel *self, WpJob *job, WpWorker *worker, gint64 now_ns)
{
  job->state = WP_JOB_IN_SERVICE;
  job->started_ns = job->base_ns = now_ns;
  job->worker = worker;
  worker->job = job;
  wp_job_list_push (&self->in_service, job);
  wp_decimal_histogram_add (&self->times.wait, (guint64) (now_ns - job->arrival_ns));
  self->ledger.in_service_peak = MAX (self->ledger.in_service_peak, self->in_service.n);
}

static void
park_locked (WpChannel *self, WpJob *job)
{
  job->state = WP_JOB_PARKED;
  job->blocked = TRUE;
  wp_parked_push (&self->parked, job);
  self->ledger.blocked++;
  self->ledger.recent_parked_peak = MAX (self->ledger.recent_parked_peak, self->parked.n);
}

static void
count_blocked_locked (WpChannel *self, const WpJob *job, gint64 now_ns)
{
  wp_decimal_histogram_add (&self->times.blocked, (guint64) (now_ns - job->arrival_ns));
}

static void
unpark_locked (WpChannel *self, WpJob *job, gint64 now_ns)
{
  wp_parked_remove (&self->parked, job);
  count_blocked_locked (self, job, now_ns);
}

static gboolean
is_full_locked (const WpChannel *self)
{
  return self->queue.n >= self->capacity_jobs && self->in_service.n >= self->max_workers;
}

/* The end of each operation that may change that. */
static void
note_full_locked (WpChannel *self, gint64 now_ns)
{
  gboolean is_full = is_full_locked (self);

  if (is_full == (self->full_since_ns != WP_TIME_NONE))
    return;
  if (!is_full)
    self->ledger.full_ns += now_ns - self->full_since_ns;
  self->full_since_ns = is_full ? now_ns : WP_TIME_NONE;
}

/* Before their number changes, and before it is read. */
static void
add_worker_time_locked (WpChannel *self, gint64 now_ns)
{
  self->ledger.worker_ns += self->max_workers * (guint64) (now_ns - self->worked_until_ns);
  self->worked_until_ns = now_ns;
}

static gboolean
is_empty_locked (const WpChannel *self)
{
  return !self->queue.head && self->parked.n == 0 && !self->in_service.head && !self->expects;
}

static void
end_locked (WpChannel *self, WpJob *job, WpOutcome outcome, gint64 now_ns)
{
  job->state = WP_JOB_ENDED;
  job->outcome = outcome;
  job->ended_ns = now_ns;
  wp_ledger_end (&self->ledger, outcome);
  if (self->n_waiting > 0 && is_empty_locked (self))
    g_cond_broadcast (&self->empty);
}

WpSend
wp_channel_send (WpChannel *self, WpJob *job)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();
  WpWorker *worker;

  g_assert (job->state == WP_JOB_NEW);
  job->arrival_ns = now_ns;
  job->seq = self->ledger.recovered + self->ledger.taken + self->ledger.received++;
  if (self->closed || self->refuses)
    {
      end_locked (self, job, WP_OUTCOME_REJECTED, now_ns);
      return WP_SEND_CLOSED;
    }
  worker = self->expects ? NULL : idle_worker_locked (self);
  if (worker)
    {
      job->accepted_ns = now_ns;
      start_locked (self, wp_job_ref (job), worker, now_ns);
      note_full_locked (self, now_ns);
      return WP_SEND_STARTED;
    }
  if (!self->expects && self->queue.n < self->capacity_jobs)
    {
      accept_locked (self, wp_job_ref (job), now_ns);
      note_full_locked (self, now_ns);
      return WP_SEND_ACCEPTED;
    }
  if (self->expects ? !self->parks_meanwhile : self->rejects)
    {
      end_locked (self, job, WP_OUTCOME_REJECTED, now_ns);
      return WP_SEND_REJECTED;
    }
  park_locked (self, wp_job_ref (job));
  return WP_SEND_PARKED;
}

/* Ends the jobs that have been parked for longer than their timeout less @early_ns. Returns: these jobs,
 * oldest first, linked by ->next. */
static WpJob *
expire_locked (WpChannel *self, gint64 early_ns, gint64 now_ns)
{
  WpJob *first = NULL, **last = &first;

  for (WpJob *job; (job = wp_parked_take_overdue (&self->parked, early_ns, now_ns)); last = &job->next)
    {
      count_blocked_locked (self, job, now_ns);
      end_locked (self, job, WP_OUTCOME_TIMED_OUT, now_ns);
      *last = job;
    }
  return first;
}

/* The place that a queued job left, or with K = 0 the worker itself, goes to the oldest parked request whose
 * timeout is not over. */
static void
admit_locked (WpChannel *self, WpFreed *freed, gint64 now_ns)
{
  WpJob *job;

  if (self->parked.n == 0 || self->expects || self->queue.n >= MAX (self->capacity_jobs, 1))
    return;
  freed->expired = expire_locked (self, 0, now_ns);
  job = wp_parked_first (&self->parked);
  if (!job)
    return;
  unpark_locked (self, job, now_ns);
  accept_locked (self, job, now_ns);
  freed->admitted = wp_job_ref (job);
}

static WpJob *
take_locked (WpChannel *self, WpJob *done, WpFreed *freed, gint64 now_ns)
{
  WpWorker *worker = g_steal_pointer (&done->worker);
  guint64 queued_peak = self->ledger.recent_queued_peak;
  gboolean may_start; /* FALSE: the number of workers was reduced, and more jobs are still in service */
  WpJob *next;

  g_assert (done->state == WP_JOB_IN_SERVICE && worker->job == done);

  done->finished_ns = now_ns;
  worker->job = NULL;
  wp_job_list_remove (&self->in_service, done);
  self->ledger.duplicates += done->result == WP_RESULT_DUPLICATE;
  self->ledger.conflicts += done->result == WP_RESULT_CONFLICT;
  self->ledger.outages += done->result == WP_RESULT_TRANSIENT;

  *freed = (WpFreed){ NULL, NULL };
  may_start = self->in_service.n < self->max_workers;
  if (!self->queue.head && may_start)
    admit_locked (self, freed, now_ns);
  next = self->queue.head;
  if (next && may_start)
    {
      wp_job_list_remove (&self->queue, next);
      start_locked (self, next, worker, now_ns);
      if (done->due_ns != WP_TIME_NONE)
        next->base_ns = MIN (done->due_ns, now_ns);
      if (!freed->admitted && self->capacity_jobs > 0)
        admit_locked (self, freed, now_ns);
      else if (freed->admitted)
        self->ledger.recent_queued_peak = queued_peak; /* the job spent no time in the queue */
    }
  else
    {
      next = NULL;
      worker->next_idle = self->idle;
      self->idle = worker;
    }
  end_locked (self, done, wp_job_is_stored (done) ? WP_OUTCOME_STORED : WP_OUTCOME_FAILED, now_ns);
  wp_decimal_histogram_add (&self->times.response, (guint64) (now_ns - done->arrival_ns));
  note_full_locked (self, now_ns);

  return next;
}

WpJob *
wp_channel_take (WpChannel *self, WpJob *done, WpFreed *freed)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return take_locked (self, done, freed, wp_time_monotonic ());
}

void
wp_channel_take_all (WpChannel *self, WpJob *const *done, guint n, WpTaken *taken)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();

  for (guint i = 0; i < n; i++)
    taken[i].next = take_locked (self, done[i], &taken[i].freed, now_ns);
}

/* Idle workers take queued jobs. */
static void
start_queued_locked (WpChannel *self, WpResized *resized, gint64 now_ns)
{
  WpWorker *worker;

  while (self->queue.head && (worker = idle_worker_locked (self)))
    {
      WpJob *job = self->queue.head;

      wp_job_list_remove (&self->queue, job);
      start_locked (self, job, worker, now_ns);
      g_ptr_array_add (resized->started, job);
    }
}

/* Parked requests get the workers and places that are left. */
static void
admit_parked_locked (WpChannel *self, WpResized *resized, gint64 now_ns)
{
  for (WpJob *job; (job = wp_parked_first (&self->parked));)
    {
      WpWorker *worker = idle_worker_locked (self);

      if (!worker && self->queue.n >= self->capacity_jobs)
        return;
      unpark_locked (self, job, now_ns);
      g_ptr_array_add (resized->admitted, wp_job_ref (job));
      if (worker)
        {
          job->accepted_ns = now_ns;
          start_locked (self, job, worker, now_ns);
          g_ptr_array_add (resized->started, job);
        }
      else
        accept_locked (self, job, now_ns);
    }
}

void
wp_channel_resize (WpChannel *self, guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns,
                   WpResized *resized)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();

  g_assert (workers >= 1);
  wp_parked_set_timeout (&self->parked, timeout_ns,
                         self->ledger.received + self->ledger.recovered + self->ledger.taken);
  add_worker_time_locked (self, now_ns);
  self->capacity_jobs = capacity_jobs;
  self->max_workers = workers;
  self->rejects = rejects;
  self->parks_meanwhile = !rejects;
  *resized = (WpResized){ now_ns, g_ptr_array_new_with_free_func ((GDestroyNotify) wp_job_unref),
                          g_ptr_array_new (), expire_locked (self, 0, now_ns) };
  start_queued_locked (self, resized, now_ns);
  if (!self->expects)
    admit_parked_locked (self, resized, now_ns);
  note_full_locked (self, now_ns);
}

void
wp_resized_clear (WpResized *self)
{
  g_ptr_array_unref (self->admitted);
  g_ptr_array_unref (self->started);
}

gboolean
wp_channel_is_full (WpChannel *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->expects || is_full_locked (self);
}

void
wp_channel_begin_recovery (WpChannel *self, gboolean parks)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  self->expects = TRUE;
  self->parks_meanwhile = parks;
}

gboolean
wp_channel_has_place (WpChannel *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return !self->closed && (self->in_service.n < self->max_workers || self->queue.n < self->capacity_jobs);
}

gboolean
wp_channel_recover (WpChannel *self, WpJob *job)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();
  WpWorker *worker = idle_worker_locked (self);

  g_assert (job->state == WP_JOB_NEW);
  job->arrival_ns = now_ns;
  job->seq = self->ledger.received + self->ledger.recovered + self->ledger.taken;
  (*(job->delivery > 0 ? &self->ledger.taken : &self->ledger.recovered))++;
  wp_job_ref (job);
  if (worker)
    {
      job->accepted_ns = now_ns;
      start_locked (self, job, worker, now_ns);
    }
  else
    accept_locked (self, job, now_ns);
  note_full_locked (self, now_ns);

  return worker != NULL;
}

gboolean
wp_channel_admit (WpChannel *self, WpFreed *freed, gboolean *started)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();
  WpWorker *worker = NULL;
  WpJob *job;

  freed->admitted = NULL;
  freed->expired = expire_locked (self, 0, now_ns);
  job = wp_parked_first (&self->parked);
  if (job)
    worker = idle_worker_locked (self);
  *started = worker != NULL;
  if (!job || (!worker && self->queue.n >= self->capacity_jobs))
    {
      self->expects = FALSE;
      if (self->n_waiting > 0 && is_empty_locked (self))
        g_cond_broadcast (&self->empty);
      return FALSE;
    }
  unpark_locked (self, job, now_ns);
  if (worker)
    {
      job->accepted_ns = now_ns;
      start_locked (self, job, worker, now_ns);
    }
  else
    accept_locked (self, job, now_ns);
  freed->admitted = wp_job_ref (job);

  return TRUE;
}

static void
leave_queue_locked (WpChannel *self, WpJob *job, WpOutcome outcome, WpFreed *freed, gint64 now_ns)
{
  wp_job_list_remove (&self->queue, job);
  if (self->capacity_jobs > 0)
    admit_locked (self, freed, now_ns);
  end_locked (self, job, outcome, now_ns);
  note_full_locked (self, now_ns);
}

WpWithdrawal
wp_channel_withdraw (WpChannel *self, WpJob *job, WpFreed *freed)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  *freed = (WpFreed){ NULL, NULL };
  if (job->state == WP_JOB_ENDED)
    return WP_WITHDRAWAL_ENDED;
  if (job->state != WP_JOB_QUEUED)
    {
      job->unjournaled = TRUE;
      return WP_WITHDRAWAL_STARTED;
    }
  leave_queue_locked (self, job, WP_OUTCOME_REJECTED, freed, wp_time_monotonic ());
  job->accepted_ns = WP_TIME_NONE;

  return WP_WITHDRAWAL_DONE;
}

gboolean
wp_channel_abandon (WpChannel *self, WpJob *job, gboolean queued_too, WpFreed *freed)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();

  *freed = (WpFreed){ NULL, NULL };
  if (job->state == WP_JOB_PARKED)
    {
      unpark_locked (self, job, now_ns);
      end_locked (self, job, WP_OUTCOME_ABANDONED, now_ns);
      return TRUE;
    }
  if (job->state != WP_JOB_QUEUED || !queued_too)
    return FALSE;
  leave_queue_locked (self, job, WP_OUTCOME_ABANDONED, freed, now_ns);

  return TRUE;
}

WpJob *
wp_channel_expire (WpChannel *self, gint64 *next_due_ns)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();
  WpJob *expired = expire_locked (self, 1, now_ns);

  *next_due_ns = wp_parked_next_due (&self->parked);

  return expired;
}

void
wp_channel_refuse (WpChannel *self, gboolean refuses)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  self->refuses = refuses;
}

WpJob *
wp_channel_close (WpChannel *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  gint64 now_ns = wp_time_monotonic ();
  WpJob *first = NULL, **last = &first;

  self->closed = TRUE;
  for (WpJob *job; (job = wp_parked_first (&self->parked)); last = &job->next)
    {
      unpark_locked (self, job, now_ns);
      end_locked (self, job, WP_OUTCOME_REJECTED, now_ns);
      *last = job;
    }

  return first;
}

static void
count_locked (WpChannel *self, WpLedger *ledger)
{
  gint64 now_ns = wp_time_monotonic ();

  add_worker_time_locked (self, now_ns);
  self->ledger.queued_peak = MAX (self->ledger.queued_peak, self->ledger.recent_queued_peak);
  self->ledger.parked_peak = MAX (self->ledger.parked_peak, self->ledger.recent_parked_peak);
  *ledger = self->ledger;
  ledger->in_service = self->in_service.n;
  ledger->queued = self->queue.n;
  ledger->parked = self->parked.n;
  if (self->full_since_ns != WP_TIME_NONE)
    ledger->full_ns += now_ns - self->full_since_ns;
}

void
wp_channel_sample (WpChannel *self, WpLedger *ledger)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  count_locked (self, ledger);
  self->ledger.recent_queued_peak = self->queue.n;
  self->ledger.recent_parked_peak = self->parked.n;
}

const WpChannelTimes *
wp_channel_get_times (const WpChannel *self)
{
  return &self->times;
}

void
wp_channel_count (WpChannel *self, WpLedger *ledger, gint64 *oldest_arrival_ns)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  const WpJob *waits = self->queue.head ? self->queue.head : wp_parked_first (&self->parked);
  const WpJob *oldest = self->in_service.head ? self->in_service.head : waits;

  count_locked (self, ledger);
  if (oldest_arrival_ns)
    *oldest_arrival_ns = oldest ? oldest->arrival_ns : WP_TIME_NONE;
}

gboolean
wp_channel_wait_empty (WpChannel *self, gint64 deadline_ns)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gboolean in_time = TRUE;

  self->n_waiting++;
  while (!is_empty_locked (self) && in_time)
    in_time = g_cond_wait_until (&self->empty, &self->mutex, deadline_ns / WP_NS_PER_US);
  self->n_waiting--;

  return is_empty_locked (self);
}

void
wp_channel_foreach (WpChannel *self, void (*func) (WpJob *job, gpointer data), gpointer data)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  for (WpJob *job = self->in_service.head; job; job = job->next)
    func (job, data);
  for (WpJob *job = self->queue.head; job; job = job->next)
    func (job, data);
  wp_parked_foreach (&self->parked, func, data);
}
