#include "runtime/engine/wp-engine-private.h"

#include "runtime/queue/wp-wakeup-batch.h"

static void
add_sample (WpEngine *self, const WpJob *job)
{
  gboolean served = job->finished_ns != WP_TIME_NONE;
  WpSample sample = { job->arrival_ns, served ? job->started_ns - job->arrival_ns : WP_TIME_NONE,
                      served ? job->finished_ns - job->started_ns : WP_TIME_NONE, job->blocked };

  wp_sample_ring_add (self->samples, job->seq, &sample);
}

/* Takes the channel's reference to a job that has ended. */
void
wp_engine_job_ended (WpEngine *self, WpJob *job)
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
void
wp_engine_job_accepted (WpEngine *self, WpJob *job)
{
  if (self->journal)
    wp_journal_add (self->journal, job);
  else if (self->ack == WP_ACK_ACCEPTED)
    notify (job, WP_JOB_ACCEPTED);
}

/* @jobs: (transfer full): a list as wp_channel_expire() returns it */
void
wp_engine_refuse_jobs (WpEngine *self, WpJob *jobs)
{
  for (WpJob *job = jobs, *next; job; job = next)
    {
      next = job->next;
      notify (job, WP_JOB_REFUSED);
      wp_engine_job_ended (self, job);
    }
}

/* @freed: its jobs are (transfer full) */
void
wp_engine_place_freed (WpEngine *self, const WpFreed *freed)
{
  if (freed->admitted)
    {
      wp_engine_job_accepted (self, freed->admitted);
      wp_job_unref (freed->admitted);
    }
  wp_engine_refuse_jobs (self, freed->expired);
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

/* The client was acknowledged, or will be once the row is durable; otherwise wp_engine_on_written() corrects
 * the count. */
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
  wp_engine_place_freed (self, freed);
  count_failure (self, job);
  if (!wp_job_is_stored (job))
    log_failure (self, job);
  if (self->journal)
    settle_row (self, job);
  if (job->delivery > 0)
    self->source->class->settle (self->source, job);
  else if (is_answered_at_end (self, job))
    notify (job, event_of (job));
  wp_engine_job_ended (self, job);
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
void
wp_engine_serve (WpEngine *self, WpJob *job)
{
  while (job && wp_database_update (self->database, job))
    job = complete (self, job);
}

static void on_retry (WpTimer *timer, gpointer data);

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
      wp_engine_serve (self, taken[i].next);
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
void
wp_engine_on_done (WpJob *const *jobs, guint n, gpointer data)
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
  wp_engine_serve (data, (WpJob *) ((char *) timer - G_STRUCT_OFFSET (WpJob, timer)));
}

/* WpJournalListener. A job that cannot be made durable is refused if it has not started; otherwise its
 * request is answered when it has ended. */
void
wp_engine_on_written (WpJob *job, gboolean ok, gpointer data)
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
      wp_engine_job_ended (self, job);
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
  wp_engine_place_freed (self, &freed);
}
