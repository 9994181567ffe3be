#include "runtime/engine/wp-engine.h"

#include <string.h>

#include "runtime/engine/wp-failure-log.h"
#include "runtime/queue/wp-wakeup-batch.h"

/* a shorter outage of the database does not make the server unready; nor one of the shared queue a front */
#define STUCK_AFTER_NS WP_NS_PER_S
#define CUT_AFTER_NS   (WP_NS_PER_S / 2)

gint64
wp_retry_delay (const WpRetry *self, guint n_failures, double random)
{
  gint64 longest_ns = MAX (WP_RETRY_LONGEST_NS, self->delay_ns), delay_ns = self->delay_ns;

  if (n_failures > self->max)
    return WP_TIME_NONE;
  for (guint i = 1; i < n_failures && delay_ns > 0 && delay_ns < longest_ns; i++)
    delay_ns = MIN (2 * delay_ns, longest_ns);

  return delay_ns / 2 + (gint64) (random * (double) (delay_ns - delay_ns / 2));
}

/* Every mode is one channel: Default has no queue and up to max_jobs workers, BufferedChannel has a single
 * worker, WorkerPool has many. See wp_policy_layout(). */
struct _WpEngine {
  WpAck ack;
  gboolean drops_queued;           /* drops queued jobs whose clients have left */
  _Atomic gint64 block_timeout_ns; /* WP_TIME_NONE: none */
  WpChannel *channel;
  GMutex mutex;                       /* held during a change of sizes; guards @policy */
  WpPolicy policy;                    /* as it is now */
  guint n_resizes, n_refused_resizes; /* atomic */
  WpClock *clock;
  WpDatabase *database;
  WpRecorder *recorder;
  WpSampleRing *samples;    /* NULL: none */
  WpJournal *journal;       /* NULL: none */
  WpSource *source;         /* NULL: none */
  WpMemoryBudget *recovery; /* for payloads of recovered jobs that have not ended; NULL: no journal */
  gint recovers;            /* atomic: the journal may have more jobs of an earlier run */
  WpRetry retry;
  gsize n_retries;        /* atomic */
  gsize n_acked_failures; /* atomic: acknowledged jobs that failed */
  WpFailureLog *failures;
  WpFailureLog *outages; /* jobs that failed because the database was down for too long */
  WpTimer parked_timer;  /* armed for the oldest parked job's timeout */
};

static void on_retry (WpTimer *timer, gpointer data);

static void
add_sample (WpEngine *self, const WpJob *job)
{
  gboolean served = job->finished_ns != WP_TIME_NONE;
  WpSample sample = { job->arrival_ns, served ? job->started_ns - job->arrival_ns : WP_TIME_NONE,
                      served ? job->finished_ns - job->started_ns : WP_TIME_NONE, job->blocked };

  wp_sample_ring_add (self->samples, job->seq, &sample);
}

/* Takes the channel's reference to a job that has ended. */
static void
job_ended (WpEngine *self, WpJob *job)
{
  if (self->samples)
    add_sample (self, job);
  if (self->recorder)
    wp_recorder_add (self->recorder, job);
  wp_job_unref (job);
}

static void
notify (WpJob *job, WpJobEvent event)
{
  if (job->notify)
    job->notify (job, event, job->client);
}

/* With a journal, the request is answered once its job is durable. */
static void
job_accepted (WpEngine *self, WpJob *job)
{
  if (self->journal)
    wp_journal_add (self->journal, job);
  else if (self->ack == WP_ACK_ACCEPTED)
    notify (job, WP_JOB_ACCEPTED);
}

/* @jobs: (transfer full): a list as wp_channel_expire() returns it */
static void
refuse_jobs (WpEngine *self, WpJob *jobs)
{
  for (WpJob *job = jobs, *next; job; job = next)
    {
      next = job->next;
      notify (job, WP_JOB_REFUSED);
      job_ended (self, job);
    }
}

/* @freed: its jobs are (transfer full) */
static void
place_freed (WpEngine *self, const WpFreed *freed)
{
  if (freed->admitted)
    {
      job_accepted (self, freed->admitted);
      wp_job_unref (freed->admitted);
    }
  refuse_jobs (self, freed->expired);
}

static WpJobEvent
event_of (const WpJob *job)
{
  return wp_job_is_stored (job)              ? WP_JOB_STORED
         : job->result == WP_RESULT_CONFLICT ? WP_JOB_CONFLICT
                                             : WP_JOB_FAILED;
}

static gboolean
is_answered_at_end (const WpEngine *self, const WpJob *job)
{
  return self->ack == WP_ACK_STORED || job->unjournaled || job->delivery > 0;
}

/* A job that failed because the database is down stays unfinished: the next start runs it. A conflict that is
 * reported to the client needs no row. */
static void
settle_row (WpEngine *self, WpJob *job)
{
  if (wp_job_is_stored (job)
      || (job->result == WP_RESULT_CONFLICT && job->notify && is_answered_at_end (self, job)))
    wp_journal_remove (self->journal, job);
  else if (job->result != WP_RESULT_TRANSIENT)
    wp_journal_fail (self->journal, job);
}

static void
log_failure (WpEngine *self, const WpJob *job)
{
  wp_failure_log_add (job->result == WP_RESULT_TRANSIENT ? self->outages : self->failures,
                      job->failure ? job->failure : "no reason given");
}

/* The client was acknowledged, or will be once the row is durable; otherwise on_written() corrects the count.
 */
static void
count_failure (WpEngine *self, const WpJob *job)
{
  if (!wp_job_is_stored (job) && !is_answered_at_end (self, job))
    g_atomic_pointer_add (&self->n_acked_failures, 1);
}

/* @job has left the channel; @freed is the result. */
static void
completed (WpEngine *self, WpJob *job, const WpFreed *freed)
{
  place_freed (self, freed);
  count_failure (self, job);
  if (!wp_job_is_stored (job))
    log_failure (self, job);
  if (self->journal)
    settle_row (self, job);
  if (job->delivery > 0)
    self->source->class->settle (self->source, job);
  else if (is_answered_at_end (self, job))
    notify (job, event_of (job));
  job_ended (self, job);
  if (g_atomic_int_get (&self->recovers))
    wp_journal_resume (self->journal);
}

/* Returns: the next job of the worker of @job; NULL: it is idle. */
static WpJob *
complete (WpEngine *self, WpJob *job)
{
  WpFreed freed;
  WpJob *next = wp_channel_take (self->channel, job, &freed);

  completed (self, job, &freed);

  return next;
}

/* Issues updates until one is in progress or the worker is idle. */
static void
serve (WpEngine *self, WpJob *job)
{
  while (job && wp_database_update (self->database, job))
    job = complete (self, job);
}

/* FALSE: the job is not retried. */
static gboolean
retry_later (WpEngine *self, WpJob *job)
{
  gint64 delay_ns;

  if (job->result != WP_RESULT_PERMANENT)
    return FALSE;
  delay_ns = wp_retry_delay (&self->retry, ++job->n_failures, g_random_double ());

  if (delay_ns == WP_TIME_NONE)
    return FALSE;
  g_atomic_pointer_add (&self->n_retries, 1);
  job->timer.fire = on_retry;
  job->timer.data = self;
  wp_clock_arm (self->clock, &job->timer, wp_time_monotonic () + delay_ns);

  return TRUE;
}

/* All jobs of one commit leave the channel at one time, and their workers take the next jobs then. */
static void
all_done (WpEngine *self, WpJob *const *jobs, guint n)
{
  WpTaken few[16], *taken = n <= G_N_ELEMENTS (few) ? few : g_new (WpTaken, n);

  wp_channel_take_all (self->channel, jobs, n, taken);
  for (guint i = 0; i < n; i++)
    {
      completed (self, jobs[i], &taken[i].freed);
      serve (self, taken[i].next);
    }
  if (taken != few)
    g_free (taken);
}

/* Schedules retries, and collects the @jobs that have ended. Returns: the number of these. */
static guint
select_ended (WpEngine *self, WpJob *const *jobs, guint n, WpJob **ended)
{
  guint n_ended = 0;

  for (guint i = 0; i < n; i++)
    if (!retry_later (self, jobs[i]))
      ended[n_ended++] = jobs[i];
  return n_ended;
}

static gboolean
any_is_permanent (WpJob *const *jobs, guint n)
{
  for (guint i = 0; i < n; i++)
    if (jobs[i]->result == WP_RESULT_PERMANENT)
      return TRUE;
  return FALSE;
}

/* WpDatabaseDone */
static void
on_done (WpJob *const *jobs, guint n, gpointer data)
{
  WpEngine *self = data;
  g_autofree WpJob **ended = any_is_permanent (jobs, n) ? g_new (WpJob *, n) : NULL;
  guint n_ended;

  wp_wakeup_batch_hold ();
  n_ended = ended ? select_ended (self, jobs, n, ended) : n;
  if (n_ended > 0)
    all_done (self, ended ? ended : jobs, n_ended);
  wp_wakeup_batch_release ();
}

static void
on_retry (WpTimer *timer, gpointer data)
{
  serve (data, (WpJob *) ((char *) timer - G_STRUCT_OFFSET (WpJob, timer)));
}

/* WpJournalListener. A job that cannot be made durable is refused if it has not started; otherwise its
 * request is answered when it has ended. */
static void
on_written (WpJob *job, gboolean ok, gpointer data)
{
  WpEngine *self = data;
  WpFreed freed;

  if (ok)
    {
      if (self->ack == WP_ACK_ACCEPTED)
        notify (job, WP_JOB_ACCEPTED);
      return;
    }
  switch (wp_channel_withdraw (self->channel, job, &freed))
    {
    case WP_WITHDRAWAL_DONE:
      notify (job, WP_JOB_REFUSED);
      job_ended (self, job);
      break;
    case WP_WITHDRAWAL_STARTED:
      break;
    case WP_WITHDRAWAL_ENDED:
      if (self->ack != WP_ACK_ACCEPTED)
        break;
      if (!wp_job_is_stored (job))
        g_atomic_pointer_add (&self->n_acked_failures, -1);
      notify (job, event_of (job));
      break;
    }
  place_freed (self, &freed);
}

/* WpJournalListener */
static void
on_health (gboolean ok, gpointer data)
{
  WpEngine *self = data;

  wp_channel_refuse (self->channel, !ok);
}

static void
on_parked_timer (WpTimer *timer, gpointer data)
{
  WpEngine *self = data;
  gint64 next_due_ns;

  refuse_jobs (self, wp_channel_expire (self->channel, &next_due_ns));
  if (next_due_ns != WP_TIME_NONE)
    wp_clock_arm (self->clock, &self->parked_timer, next_due_ns);
}

WpEngine *
wp_engine_new (const WpPolicy *policy, guint max_jobs, WpClock *clock, WpDatabase *database,
               WpRecorder *recorder)
{
  WpEngine *self = g_new0 (WpEngine, 1);
  gboolean is_default = policy->mode == WP_MODE_DEFAULT;
  WpPolicy used = *policy;
  WpLayout layout;

  if (database->broker)
    used.ack = WP_ACK_STORED; /* a job is accepted once the shared queue has it */
  wp_policy_layout (&used, &layout);
  self->ack = used.ack;
  self->policy = *policy;
  g_mutex_init (&self->mutex);
  self->drops_queued = layout.drops_queued;
  self->block_timeout_ns = layout.block_timeout_ns;
  self->channel = wp_channel_new (layout.queue_jobs, is_default ? max_jobs : layout.workers,
                                  is_default || layout.rejects, layout.block_timeout_ns);
  self->clock = clock;
  self->database = database;
  self->recorder = recorder;
  self->failures = wp_failure_log_new ("not stored");
  self->outages = wp_failure_log_new ("not stored");
  self->parked_timer = (WpTimer){ .fire = on_parked_timer, .data = self };
  wp_database_on_done (database, on_done, self);

  return self;
}

void
wp_engine_set_retry (WpEngine *self, const WpRetry *retry)
{
  self->retry = *retry;
}

void
wp_engine_set_samples (WpEngine *self, WpSampleRing *samples)
{
  self->samples = samples;
}

/* The times of the record are relative to the first arrival. */
static void
job_arrived (WpEngine *self, const WpJob *job)
{
  if (self->recorder && job->seq == 0)
    wp_recorder_begin (self->recorder, job->arrival_ns);
}

/* WpJournalListener */
static gboolean
has_place (gpointer data)
{
  WpEngine *self = data;

  return !wp_memory_budget_is_used_up (self->recovery) && wp_channel_has_place (self->channel);
}

/* All jobs of the earlier run are read: the requests parked behind them enter. */
static void
end_recovery (WpEngine *self)
{
  gboolean started;
  WpFreed freed;

  while (wp_channel_admit (self->channel, &freed, &started))
    {
      WpJob *job = freed.admitted;

      place_freed (self, &freed);
      if (started)
        serve (self, job);
    }
  refuse_jobs (self, freed.expired);
  g_atomic_int_set (&self->recovers, FALSE);
}

/* Takes a job that is not a request's, beyond the channel's capacity too. */
static void
take_job (WpEngine *self, WpJob *job)
{
  gboolean started = wp_channel_recover (self->channel, job);

  job_arrived (self, job);
  if (started)
    serve (self, job);
}

/* WpSourceDeliver */
static void
on_delivered (WpJob *job, gpointer data)
{
  take_job (data, job);
}

/* It may hold as many jobs as there are workers and places. */
static void
limit_source (WpEngine *self)
{
  self->source->class->set_prefetch (self->source, wp_source_prefetch (&self->policy));
}

void
wp_engine_set_source (WpEngine *self, WpSource *source)
{
  wp_failure_log_free (self->failures);
  self->failures = wp_failure_log_new ("moved to the queue of failed jobs");
  self->source = source;
  source->deliver = on_delivered;
  source->data = self;
  limit_source (self);
}

/* WpJournalListener */
static void
on_recovered (WpJob *job, gpointer data)
{
  WpEngine *self = data;

  if (!job)
    {
      end_recovery (self);
      return;
    }
  wp_job_charge_unchecked (job, self->recovery);
  take_job (self, job);
}

void
wp_engine_set_journal (WpEngine *self, WpJournal *journal, guint64 recovery_bytes)
{
  static const WpJournalListener listener = { on_written, on_health, has_place, on_recovered };
  g_autofree char *failed = g_strconcat ("kept as failed in ", wp_journal_get_path (journal), NULL);
  g_autofree char *kept
      = g_strconcat ("kept in ", wp_journal_get_path (journal), ", and the next start runs them", NULL);
  WpJournalCounts counts;
  WpLayout layout;

  wp_policy_layout (&self->policy, &layout);
  wp_failure_log_free (self->failures);
  wp_failure_log_free (self->outages);
  self->failures = wp_failure_log_new (failed);
  self->outages = wp_failure_log_new (kept);
  self->journal = journal;
  self->recovery = wp_memory_budget_new (recovery_bytes);
  wp_journal_count (journal, &counts);
  self->recovers = counts.backlog > 0;
  if (self->recovers)
    wp_channel_begin_recovery (self->channel, !layout.rejects);
  wp_journal_start (journal, &listener, self);
}

WpDatabase *
wp_engine_get_database (const WpEngine *self)
{
  return self->database;
}

const WpBrokerCounts *
wp_engine_get_broker (const WpEngine *self)
{
  return self->source ? &self->source->counts : self->database->broker;
}

gboolean
wp_engine_has_no_source (const WpEngine *self)
{
  return self->source && !self->source->counts.node;
}

gboolean
wp_engine_is_stuck (WpEngine *self)
{
  gint64 since_ns = wp_database_down_since (self->database),
         down_ns = since_ns == WP_TIME_NONE ? 0 : wp_time_monotonic () - since_ns;

  return self->database->broker ? down_ns >= CUT_AFTER_NS
                                : down_ns >= STUCK_AFTER_NS && wp_channel_is_full (self->channel);
}

WpJournal *
wp_engine_get_journal (const WpEngine *self)
{
  return self->journal;
}

void
wp_engine_free (WpEngine *self)
{
  wp_failure_log_free (self->failures);
  wp_failure_log_free (self->outages);
  wp_channel_free (self->channel);
  g_mutex_clear (&self->mutex);
  g_clear_pointer (&self->recovery, wp_memory_budget_free);
  g_free (self);
}

static void
arm_parked_timer (WpEngine *self, const WpJob *job)
{
  gint64 timeout_ns = self->block_timeout_ns;

  if (timeout_ns != WP_TIME_NONE)
    wp_clock_arm (self->clock, &self->parked_timer, job->arrival_ns + timeout_ns);
}

WpSubmit
wp_engine_submit (WpEngine *self, WpJob *job)
{
  WpSubmit accepted = self->ack == WP_ACK_STORED || self->journal ? WP_SUBMIT_PENDING : WP_SUBMIT_ACCEPTED;
  WpSend sent;

  if (self->journal)
    wp_job_key (job);              /* makes the key before other threads see the job */
  wp_clock_fire_due (self->clock); /* a worker whose job is due may become free for this one */
  sent = wp_channel_send (self->channel, job);
  job_arrived (self, job);
  switch (sent)
    {
    case WP_SEND_STARTED:
      if (self->journal)
        wp_journal_add (self->journal, job);
      serve (self, job);
      return accepted;
    case WP_SEND_ACCEPTED:
      if (self->journal)
        wp_journal_add (self->journal, job);
      return accepted;
    case WP_SEND_PARKED:
      arm_parked_timer (self, job);
      return WP_SUBMIT_PENDING;
    case WP_SEND_REJECTED:
      job_ended (self, wp_job_ref (job));
      return WP_SUBMIT_REJECTED;
    case WP_SEND_CLOSED:
      job_ended (self, wp_job_ref (job));
      return WP_SUBMIT_CLOSED;
    }
  g_return_val_if_reached (WP_SUBMIT_CLOSED);
}

gboolean
wp_engine_abandon (WpEngine *self, WpJob *job)
{
  WpFreed freed;

  if (!wp_channel_abandon (self->channel, job, self->drops_queued, &freed))
    return FALSE;
  place_freed (self, &freed);
  if (self->journal)
    wp_journal_remove (self->journal, job);
  job_ended (self, job);

  return TRUE;
}

gboolean
wp_engine_wait_empty (WpEngine *self, gint64 deadline_ns)
{
  return wp_channel_wait_empty (self->channel, deadline_ns);
}

void
wp_engine_close (WpEngine *self)
{
  refuse_jobs (self, wp_channel_close (self->channel));
  wp_failure_log_flush (self->failures);
  wp_failure_log_flush (self->outages);
}

static void
record (WpJob *job, gpointer recorder)
{
  wp_recorder_add (recorder, job);
}

void
wp_engine_record_unfinished (WpEngine *self)
{
  if (self->recorder)
    wp_channel_foreach (self->channel, record, self->recorder);
}

typedef struct {
  WpJournal *journal;
  guint64 n;
} Kept;

static void
count_kept (WpJob *job, gpointer data)
{
  Kept *self = data;

  self->n += wp_journal_has (self->journal, job);
}

guint64
wp_engine_count_in_journal (WpEngine *self)
{
  Kept kept = { self->journal, 0 };

  if (self->journal)
    wp_channel_foreach (self->channel, count_kept, &kept);
  return kept.n;
}

guint64
wp_engine_count_acked_failures (WpEngine *self)
{
  return (gsize) g_atomic_pointer_get (&self->n_acked_failures);
}

guint64
wp_engine_count_retries (WpEngine *self)
{
  return (gsize) g_atomic_pointer_get (&self->n_retries);
}

void
wp_engine_sample (WpEngine *self, WpLedger *ledger)
{
  wp_channel_sample (self->channel, ledger);
}

const WpChannelTimes *
wp_engine_get_times (const WpEngine *self)
{
  return wp_channel_get_times (self->channel);
}

void
wp_engine_count (WpEngine *self, WpLedger *ledger, gint64 *oldest_arrival_ns)
{
  wp_channel_count (self->channel, ledger, oldest_arrival_ns);
  ledger->passes = self->database->broker != NULL;
}

gboolean
wp_engine_has_source (const WpEngine *self)
{
  return self->source != NULL;
}

WpPolicy
wp_engine_get_policy (WpEngine *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->policy;
}

/* @resized: what the change of sizes did. */
static void
places_changed (WpEngine *self, WpResized *resized)
{
  for (guint i = 0; i < resized->admitted->len; i++)
    job_accepted (self, resized->admitted->pdata[i]);
  refuse_jobs (self, resized->expired);
  for (guint i = 0; i < resized->started->len; i++)
    serve (self, resized->started->pdata[i]);
  wp_resized_clear (resized);
  if (g_atomic_int_get (&self->recovers))
    wp_journal_resume (self->journal);
}

/* "workers from 4 to 8, queue from 10 to 20": what differs. */
static char *
format_change (const WpPolicy *from, const WpPolicy *to)
{
  g_autofree char *old = wp_policy_format_sizes (from), *new = wp_policy_format_sizes (to);
  g_auto (GStrv) before = g_strsplit (old, " ", -1), after = g_strsplit (new, " ", -1);
  GString *text = g_string_new (NULL);

  for (guint i = 0; before[i]; i++)
    if (!g_str_equal (before[i], after[i]))
      g_string_append_printf (text, "%s%.*s from %s to %s", text->len > 0 ? ", " : "",
                              (int) (strchr (before[i], '=') - before[i]), before[i],
                              strchr (before[i], '=') + 1, strchr (after[i], '=') + 1);
  return g_string_free (text, FALSE);
}

static void
resize_locked (WpEngine *self, WpResized *resized)
{
  g_autofree char *sizes = wp_policy_format_sizes (&self->policy);
  WpLayout layout;

  wp_policy_layout (&self->policy, &layout);
  /* first the time for requests that are parked from now on, last the timer for those that are parked already
   */
  self->block_timeout_ns = layout.block_timeout_ns;
  wp_channel_resize (self->channel, layout.queue_jobs, layout.workers, layout.rejects,
                     layout.block_timeout_ns, resized);
  if (self->source)
    limit_source (self);
  if (self->recorder)
    wp_recorder_note_sizes (self->recorder, resized->at_ns, sizes);
}

void
wp_engine_resize (WpEngine *self, const char *by, const WpPolicy *policy, guint fields)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  g_autofree char *change = NULL;
  const WpPolicy before = self->policy;
  WpResized resized;

  g_return_if_fail (self->policy.mode != WP_MODE_DEFAULT);
  if (fields & WP_POLICY_WORKERS)
    self->policy.workers = policy->workers;
  if (fields & WP_POLICY_QUEUE)
    self->policy.queue_jobs = policy->queue_jobs;
  if (fields & WP_POLICY_WHEN_FULL)
    self->policy.when_full = policy->when_full;
  if (fields & WP_POLICY_BLOCK_TIMEOUT)
    self->policy.block_timeout_ns = policy->block_timeout_ns;
  change = format_change (&before, &self->policy);
  if (*change == '\0')
    return;
  g_message ("%s: %s", by, change);
  g_atomic_int_inc (&self->n_resizes);
  resize_locked (self, &resized);
  wp_wakeup_batch_hold ();
  places_changed (self, &resized);
  wp_wakeup_batch_release ();
  on_parked_timer (&self->parked_timer, self);
}

WpResizes
wp_engine_count_resizes (WpEngine *self)
{
  return (WpResizes){ g_atomic_int_get (&self->n_resizes), g_atomic_int_get (&self->n_refused_resizes) };
}

void
wp_engine_count_refused_resize (WpEngine *self)
{
  g_atomic_int_inc (&self->n_refused_resizes);
}
