#include "tests/unit/naive-channel.h"

NaiveChannel *
naive_channel_new (guint capacity_jobs, guint workers, gboolean rejects)
{
  NaiveChannel *self = g_new0 (NaiveChannel, 1);

  self->capacity_jobs = capacity_jobs;
  self->workers = workers;
  self->rejects = rejects;
  self->jobs = g_array_new (FALSE, FALSE, sizeof (NaiveJob));

  return self;
}

void
naive_channel_free (NaiveChannel *self)
{
  g_array_unref (self->jobs);
  g_free (self);
}

NaiveJob *
naive_channel_job (NaiveChannel *self, guint i)
{
  return &g_array_index (self->jobs, NaiveJob, i);
}

guint
naive_channel_count_state (NaiveChannel *self, WpJobState state)
{
  guint n = 0;

  for (guint i = 0; i < self->jobs->len; i++)
    n += naive_channel_job (self, i)->state == state;
  return n;
}

/* Nobody overtakes: among the queued, as among the parked, the oldest is the first to have come. */
int
naive_channel_first (NaiveChannel *self, WpJobState state)
{
  for (guint i = 0; i < self->jobs->len; i++)
    if (naive_channel_job (self, i)->state == state)
      return (int) i;
  return NAIVE_NEVER;
}

static void
end (NaiveChannel *self, NaiveJob *job, WpOutcome outcome)
{
  job->state = WP_JOB_ENDED;
  job->outcome = outcome;
  job->ended = self->n_operations;
}

static void
note_peaks (NaiveChannel *self)
{
  self->peaks.parked_peak = MAX (self->peaks.parked_peak, naive_channel_count_state (self, WP_JOB_PARKED));
  self->peaks.queued_peak = MAX (self->peaks.queued_peak, naive_channel_count_state (self, WP_JOB_QUEUED));
  self->peaks.in_service_peak = MAX (self->peaks.in_service_peak, naive_channel_count_state (self, WP_JOB_IN_SERVICE));
}

WpSend
naive_channel_send (NaiveChannel *self)
{
  NaiveJob job = { WP_JOB_NEW, WP_OUTCOME_NONE, FALSE, self->n_operations, NAIVE_NEVER, NAIVE_NEVER, NAIVE_NEVER, NAIVE_NEVER };
  WpSend answer;

  if (self->closed)
    {
      end (self, &job, WP_OUTCOME_REJECTED);
      answer = WP_SEND_CLOSED;
    }
  else if (naive_channel_count_state (self, WP_JOB_IN_SERVICE) < self->workers)
    {
      job.state = WP_JOB_IN_SERVICE;
      job.accepted = job.started = self->n_operations;
      answer = WP_SEND_STARTED;
    }
  else if (naive_channel_count_state (self, WP_JOB_QUEUED) < self->capacity_jobs)
    {
      job.state = WP_JOB_QUEUED;
      job.accepted = self->n_operations;
      answer = WP_SEND_ACCEPTED;
    }
  else if (self->rejects)
    {
      end (self, &job, WP_OUTCOME_REJECTED);
      answer = WP_SEND_REJECTED;
    }
  else
    {
      job.state = WP_JOB_PARKED;
      job.blocked = TRUE;
      answer = WP_SEND_PARKED;
    }
  g_array_append_val (self->jobs, job);
  note_peaks (self);
  self->n_operations++;

  return answer;
}

/* First the worker takes the oldest that was accepted, then the oldest parked takes the place; without places, it goes to the worker. */
int
naive_channel_take (NaiveChannel *self, guint done, WpOutcome outcome, int *admitted)
{
  int next = naive_channel_first (self, WP_JOB_QUEUED), parked = naive_channel_first (self, WP_JOB_PARKED);

  naive_channel_job (self, done)->finished = self->n_operations;
  end (self, naive_channel_job (self, done), outcome);
  *admitted = parked;
  if (parked != NAIVE_NEVER)
    {
      naive_channel_job (self, parked)->accepted = self->n_operations;
      naive_channel_job (self, parked)->state = WP_JOB_QUEUED;
      if (next == NAIVE_NEVER)
        next = parked;
    }
  if (next != NAIVE_NEVER)
    {
      naive_channel_job (self, next)->started = self->n_operations;
      naive_channel_job (self, next)->state = WP_JOB_IN_SERVICE;
    }
  note_peaks (self);
  self->n_operations++;

  return next;
}

gboolean
naive_channel_leave (NaiveChannel *self, guint i)
{
  gboolean parked = naive_channel_job (self, i)->state == WP_JOB_PARKED;

  if (parked)
    end (self, naive_channel_job (self, i), WP_OUTCOME_ABANDONED);
  self->n_operations++;

  return parked;
}

int
naive_channel_expire (NaiveChannel *self, gboolean is_due, WpOutcome outcome)
{
  int first = naive_channel_first (self, WP_JOB_PARKED);

  if (!is_due)
    first = NAIVE_NEVER;
  if (first != NAIVE_NEVER)
    end (self, naive_channel_job (self, first), outcome);
  self->n_operations++;

  return first;
}

void
naive_channel_close (NaiveChannel *self)
{
  self->closed = TRUE;
  self->n_operations++;
}

static guint64
count_outcome (NaiveChannel *self, WpOutcome outcome)
{
  guint64 n = 0;

  for (guint i = 0; i < self->jobs->len; i++)
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
  for (guint i = 0; i < self->jobs->len; i++)
    ledger->blocked += naive_channel_job (self, i)->blocked;
}
