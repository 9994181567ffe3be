#include "runtime/engine/wp-engine-private.h"

#include "runtime/engine/wp-failure-log.h"

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

/* WpJournalListener */
static void
on_health (gboolean ok, gpointer data)
{
  WpEngine *self = data;

  wp_channel_refuse (self->channel, !ok);
}

void
wp_engine_on_parked_timer (WpTimer *timer, gpointer data)
{
  WpEngine *self = data;
  gint64 next_due_ns;

  wp_engine_refuse_jobs (self, wp_channel_expire (self->channel, &next_due_ns));
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
  self->parked_timer = (WpTimer){ .fire = wp_engine_on_parked_timer, .data = self };
  wp_database_on_done (database, wp_engine_on_done, self);

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

/* A reader of the record cannot tell it from one for a full queue. */
static void
note_refusal (WpEngine *self, gint64 at_ns)
{
  if (self->recorder && g_atomic_int_compare_and_exchange (&self->refusal_noted, FALSE, TRUE))
    wp_recorder_note (self->recorder, at_ns, "refusing=true");
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

      wp_engine_place_freed (self, &freed);
      if (started)
        wp_engine_serve (self, job);
    }
  wp_engine_refuse_jobs (self, freed.expired);
  g_atomic_int_set (&self->recovers, FALSE);
}

/* Takes a job that is not a request's, beyond the channel's capacity too. */
static void
take_job (WpEngine *self, WpJob *job)
{
  gboolean started = wp_channel_recover (self->channel, job);

  job_arrived (self, job);
  if (started)
    wp_engine_serve (self, job);
}

/* WpSourceDeliver */
static void
on_delivered (WpJob *job, gpointer data)
{
  take_job (data, job);
}

/* It may hold as many jobs as there are workers and places. */
void
wp_engine_limit_source (WpEngine *self)
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
  wp_engine_limit_source (self);
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
  static const WpJournalListener listener = { wp_engine_on_written, on_health, has_place, on_recovered };
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
  if (self->recovers && self->recorder)
    {
      g_autofree char *recovered = g_strdup_printf ("recovered=%" G_GUINT64_FORMAT, counts.backlog);

      wp_recorder_note (self->recorder, wp_time_monotonic (), recovered);
    }
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
      wp_engine_serve (self, job);
      return accepted;
    case WP_SEND_ACCEPTED:
      if (self->journal)
        wp_journal_add (self->journal, job);
      return accepted;
    case WP_SEND_PARKED:
      arm_parked_timer (self, job);
      return WP_SUBMIT_PENDING;
    case WP_SEND_REJECTED:
      wp_engine_job_ended (self, wp_job_ref (job));
      return WP_SUBMIT_REJECTED;
    case WP_SEND_CLOSED:
      note_refusal (self, job->arrival_ns);
      wp_engine_job_ended (self, wp_job_ref (job));
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
  wp_engine_place_freed (self, &freed);
  if (self->journal)
    wp_journal_remove (self->journal, job);
  wp_engine_job_ended (self, job);

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
  WpJob *parked = wp_channel_close (self->channel);

  if (parked)
    note_refusal (self, parked->ended_ns);
  wp_engine_refuse_jobs (self, parked);
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
