#include "tests/unit/naive-channel.h"

NaiveChannel *
naive_channel_new (guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns)
{
  NaiveChannel *self = g_new0 (NaiveChannel, 1);

  self->capacity_jobs = capacity_jobs;
  self->workers = self->had_workers = workers;
  self->rejects = rejects;
  self->timeout_ns = timeout_ns;
  self->jobs = g_array_new (FALSE, FALSE, sizeof (NaiveJob));
  self->turned_away = g_array_new (FALSE, FALSE, sizeof (int));

  return self;
}

void
naive_channel_free (NaiveChannel *self)
{
  g_array_unref (self->jobs);
  g_array_unref (self->turned_away);
  g_free (self);
}

NaiveJob *
naive_channel_job (NaiveChannel *self, int i)
{
  return &g_array_index (self->jobs, NaiveJob, i);
}

guint
naive_channel_count_state (NaiveChannel *self, WpJobState state)
{
  guint n = 0;

  for (int i = 0; i < (int) self->jobs->len; i++)
    n += naive_channel_job (self, i)->state == state;
  return n;
}

/* Nobody overtakes: among the queued, as among the parked, the oldest is the first to have come. */
int
naive_channel_first (NaiveChannel *self, WpJobState state)
{
  for (int i = 0; i < (int) self->jobs->len; i++)
    if (naive_channel_job (self, i)->state == state)
      return i;
  return NAIVE_NEVER;
}

static void
end (NaiveChannel *self, NaiveJob *job, WpOutcome outcome)
{
  job->state = WP_JOB_ENDED;
  job->outcome = outcome;
  job->ended_ns = self->now_ns;
}

static gint64
parked_ns (NaiveChannel *self, int i)
{
  return self->now_ns - naive_channel_job (self, i)->arrival_ns;
}

static void
turn_away (NaiveChannel *self, int i, WpOutcome outcome)
{
  end (self, naive_channel_job (self, i), outcome);
  g_array_append_val (self->turned_away, i);
}

static gboolean
is_over (NaiveChannel *self, int i, gint64 least_ns)
{
  const NaiveJob *job = naive_channel_job (self, i);

  return job->state == WP_JOB_PARKED && job->timeout_ns != WP_TIME_NONE
         && parked_ns (self, i) >= job->timeout_ns + least_ns;
}

static void
expire (NaiveChannel *self, gint64 least_ns)
{
  for (int i = 0; i < (int) self->jobs->len; i++)
    if (is_over (self, i, least_ns))
      turn_away (self, i, WP_OUTCOME_TIMED_OUT);
}

static gboolean
has_place (NaiveChannel *self)
{
  return naive_channel_count_state (self, WP_JOB_QUEUED) < self->capacity_jobs;
}

static gboolean
has_worker (NaiveChannel *self)
{
  return naive_channel_count_state (self, WP_JOB_IN_SERVICE) < self->workers;
}

/* A place is free: a parked job beyond its timeout does not get it, one at the very end of it does. */
static int
admit (NaiveChannel *self)
{
  int first;

  if (naive_channel_first (self, WP_JOB_PARKED) == NAIVE_NEVER)
    return NAIVE_NEVER;
  expire (self, 1);
  first = naive_channel_first (self, WP_JOB_PARKED);
  if (first != NAIVE_NEVER)
    {
      naive_channel_job (self, first)->accepted_ns = self->now_ns;
      naive_channel_job (self, first)->state = WP_JOB_QUEUED;
    }
  return first;
}

static void
note_peaks (NaiveChannel *self)
{
  self->peaks.parked_peak = MAX (self->peaks.parked_peak, naive_channel_count_state (self, WP_JOB_PARKED));
  self->peaks.queued_peak = MAX (self->peaks.queued_peak, naive_channel_count_state (self, WP_JOB_QUEUED));
  self->peaks.recent_parked_peak
      = MAX (self->peaks.recent_parked_peak, naive_channel_count_state (self, WP_JOB_PARKED));
  self->peaks.recent_queued_peak
      = MAX (self->peaks.recent_queued_peak, naive_channel_count_state (self, WP_JOB_QUEUED));
  self->peaks.in_service_peak
      = MAX (self->peaks.in_service_peak, naive_channel_count_state (self, WP_JOB_IN_SERVICE));
}

WpSend
naive_channel_send (NaiveChannel *self)
{
  NaiveJob job = { WP_JOB_NEW,   WP_OUTCOME_NONE, FALSE,        self->timeout_ns, self->now_ns,
                   WP_TIME_NONE, WP_TIME_NONE,    WP_TIME_NONE, WP_TIME_NONE };
  WpSend result;

  g_array_set_size (self->turned_away, 0);
  if (self->closed)
    {
      end (self, &job, WP_OUTCOME_REJECTED);
      result = WP_SEND_CLOSED;
    }
  else if (has_worker (self))
    {
      job.state = WP_JOB_IN_SERVICE;
      job.accepted_ns = job.started_ns = self->now_ns;
      result = WP_SEND_STARTED;
    }
  else if (has_place (self))
    {
      job.state = WP_JOB_QUEUED;
      job.accepted_ns = self->now_ns;
      result = WP_SEND_ACCEPTED;
    }
  else if (self->rejects)
    {
      end (self, &job, WP_OUTCOME_REJECTED);
      result = WP_SEND_REJECTED;
    }
  else
    {
      job.state = WP_JOB_PARKED;
      job.blocked = TRUE;
      result = WP_SEND_PARKED;
    }
  g_array_append_val (self->jobs, job);
  note_peaks (self);

  return result;
}

static void
begin (NaiveChannel *self, int i)
{
  naive_channel_job (self, i)->started_ns = self->now_ns;
  naive_channel_job (self, i)->state = WP_JOB_IN_SERVICE;
}

/* First the worker takes the oldest that was accepted, then the oldest parked takes the place; without
 * places, it goes to the worker. */
int
naive_channel_take (NaiveChannel *self, int done, WpOutcome outcome, int *admitted)
{
  int next = naive_channel_first (self, WP_JOB_QUEUED);

  g_array_set_size (self->turned_away, 0);
  naive_channel_job (self, done)->finished_ns = self->now_ns;
  end (self, naive_channel_job (self, done), outcome);
  *admitted = NAIVE_NEVER;
  if (!has_worker (self))
    return NAIVE_NEVER;
  if (next != NAIVE_NEVER)
    begin (self, next);
  if (next == NAIVE_NEVER || has_place (self))
    *admitted = admit (self);
  if (next == NAIVE_NEVER && *admitted != NAIVE_NEVER)
    begin (self, next = *admitted);
  note_peaks (self);

  return next;
}

gboolean
naive_channel_abandon (NaiveChannel *self, int i, gboolean queued_too, int *admitted)
{
  WpJobState state = naive_channel_job (self, i)->state;

  g_array_set_size (self->turned_away, 0);
  *admitted = NAIVE_NEVER;
  if (state != WP_JOB_PARKED && (state != WP_JOB_QUEUED || !queued_too))
    return FALSE;
  end (self, naive_channel_job (self, i), WP_OUTCOME_ABANDONED);
  if (state == WP_JOB_QUEUED && has_place (self))
    *admitted = admit (self);

  return TRUE;
}

void
naive_channel_expire (NaiveChannel *self)
{
  g_array_set_size (self->turned_away, 0);
  expire (self, 0);
}

gint64
naive_channel_next_due (NaiveChannel *self)
{
  gint64 due_ns = G_MAXINT64;

  for (int i = 0; i < (int) self->jobs->len; i++)
    {
      const NaiveJob *job = naive_channel_job (self, i);

      if (job->state == WP_JOB_PARKED && job->timeout_ns != WP_TIME_NONE)
        due_ns = MIN (due_ns, job->arrival_ns + job->timeout_ns);
    }
  return due_ns == G_MAXINT64 ? WP_TIME_NONE : due_ns;
}

/* Workers first, so that no job is in the queue while one is idle. */
void
naive_channel_resize (NaiveChannel *self, guint capacity_jobs, guint workers, gboolean rejects,
                      gint64 timeout_ns, GArray *admitted, GArray *started)
{
  int i;

  g_array_set_size (self->turned_away, 0);
  self->capacity_jobs = capacity_jobs;
  self->workers = workers;
  self->rejects = rejects;
  self->timeout_ns = timeout_ns;
  expire (self, 1);
  while (has_worker (self) && (i = naive_channel_first (self, WP_JOB_QUEUED)) != NAIVE_NEVER)
    {
      begin (self, i);
      g_array_append_val (started, i);
    }
  while ((has_worker (self) || has_place (self))
         && (i = naive_channel_first (self, WP_JOB_PARKED)) != NAIVE_NEVER)
    {
      naive_channel_job (self, i)->accepted_ns = self->now_ns;
      g_array_append_val (admitted, i);
      if (has_worker (self))
        {
          begin (self, i);
          g_array_append_val (started, i);
        }
      else
        naive_channel_job (self, i)->state = WP_JOB_QUEUED;
    }
  note_peaks (self);
}

void
naive_channel_close (NaiveChannel *self)
{
  g_array_set_size (self->turned_away, 0);
  self->closed = TRUE;
  for (int i = 0; i < (int) self->jobs->len; i++)
    if (naive_channel_job (self, i)->state == WP_JOB_PARKED)
      turn_away (self, i, WP_OUTCOME_REJECTED);
}

static guint64
count_outcome (NaiveChannel *self, WpOutcome outcome)
{
  guint64 n = 0;

  for (int i = 0; i < (int) self->jobs->len; i++)
    n += naive_channel_job (self, i)->outcome == outcome;
  return n;
}

/* Between two operations it is full or it is not. */
static void
note_full (NaiveChannel *self)
{
  if (self->was_full)
    self->peaks.full_ns += self->now_ns - self->seen_ns;
  self->peaks.worker_ns += self->had_workers * (guint64) (self->now_ns - self->seen_ns);
  self->had_workers = self->workers;
  self->was_full = naive_channel_count_state (self, WP_JOB_IN_SERVICE) >= self->workers
                   && naive_channel_count_state (self, WP_JOB_QUEUED) >= self->capacity_jobs;
  self->seen_ns = self->now_ns;
}

void
naive_channel_ledger (NaiveChannel *self, WpLedger *ledger)
{
  note_full (self);
  *ledger = self->peaks;
  ledger->received = self->jobs->len;
  ledger->stored = count_outcome (self, WP_OUTCOME_STORED);
  ledger->rejected = count_outcome (self, WP_OUTCOME_REJECTED);
  ledger->timed_out = count_outcome (self, WP_OUTCOME_TIMED_OUT);
  ledger->abandoned = count_outcome (self, WP_OUTCOME_ABANDONED);
  ledger->failed = count_outcome (self, WP_OUTCOME_FAILED);
  ledger->parked = naive_channel_count_state (self, WP_JOB_PARKED);
  ledger->queued = naive_channel_count_state (self, WP_JOB_QUEUED);
  ledger->in_service = naive_channel_count_state (self, WP_JOB_IN_SERVICE);
  for (int i = 0; i < (int) self->jobs->len; i++)
    ledger->blocked += naive_channel_job (self, i)->blocked;
}
