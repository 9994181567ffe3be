#include "tests/unit/naive-channel.h"

NaiveChannel *
naive_channel_new (guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns)
{
  NaiveChannel *self = g_new0 (NaiveChannel, 1);

  self->capacity_jobs = capacity_jobs;
  self->workers = workers;
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

/* A place is free: a parked job beyond its timeout does not get it, one at the very end of it does. */
static int
admit (NaiveChannel *self)
{
  int first;

  while ((first = naive_channel_first (self, WP_JOB_PARKED)) != NAIVE_NEVER)
    {
      if (self->timeout_ns == WP_TIME_NONE || parked_ns (self, first) <= self->timeout_ns)
        {
          naive_channel_job (self, first)->accepted_ns = self->now_ns;
          naive_channel_job (self, first)->state = WP_JOB_QUEUED;
          return first;
        }
      turn_away (self, first, WP_OUTCOME_TIMED_OUT);
    }
  return NAIVE_NEVER;
}

static void
note_peaks (NaiveChannel *self)
{
  self->peaks.parked_peak = MAX (self->peaks.parked_peak, naive_channel_count_state (self, WP_JOB_PARKED));
  self->peaks.queued_peak = MAX (self->peaks.queued_peak, naive_channel_count_state (self, WP_JOB_QUEUED));
  self->peaks.in_service_peak
      = MAX (self->peaks.in_service_peak, naive_channel_count_state (self, WP_JOB_IN_SERVICE));
}

WpSend
naive_channel_send (NaiveChannel *self)
{
  NaiveJob job = { WP_JOB_NEW,   WP_OUTCOME_NONE, FALSE,        self->now_ns,
                   WP_TIME_NONE, WP_TIME_NONE,    WP_TIME_NONE, WP_TIME_NONE };
  WpSend result;

  g_array_set_size (self->turned_away, 0);
  if (self->closed)
    {
      end (self, &job, WP_OUTCOME_REJECTED);
      result = WP_SEND_CLOSED;
    }
  else if (naive_channel_count_state (self, WP_JOB_IN_SERVICE) < self->workers)
    {
      job.state = WP_JOB_IN_SERVICE;
      job.accepted_ns = job.started_ns = self->now_ns;
      result = WP_SEND_STARTED;
    }
  else if (naive_channel_count_state (self, WP_JOB_QUEUED) < self->capacity_jobs)
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

/* First the worker takes the oldest that was accepted, then the oldest parked takes the place; without
 * places, it goes to the worker. */
int
naive_channel_take (NaiveChannel *self, int done, WpOutcome outcome, int *admitted)
{
  int next = naive_channel_first (self, WP_JOB_QUEUED);

  g_array_set_size (self->turned_away, 0);
  naive_channel_job (self, done)->finished_ns = self->now_ns;
  end (self, naive_channel_job (self, done), outcome);
  *admitted = admit (self);
  if (next == NAIVE_NEVER)
    next = *admitted;
  if (next != NAIVE_NEVER)
    {
      naive_channel_job (self, next)->started_ns = self->now_ns;
      naive_channel_job (self, next)->state = WP_JOB_IN_SERVICE;
    }
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
  if (state == WP_JOB_QUEUED)
    *admitted = admit (self);

  return TRUE;
}

void
naive_channel_expire (NaiveChannel *self)
{
  g_array_set_size (self->turned_away, 0);
  for (int i = 0; i < (int) self->jobs->len; i++)
    if (naive_channel_job (self, i)->state == WP_JOB_PARKED && parked_ns (self, i) >= self->timeout_ns)
      turn_away (self, i, WP_OUTCOME_TIMED_OUT);
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

void
naive_channel_ledger (NaiveChannel *self, WpLedger *ledger)
{
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
