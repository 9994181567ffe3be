#include "tests/unit/naive-model.h"

#include <math.h>
#include <stdlib.h>

typedef enum { TO_COME, PARKED, QUEUED, DISPATCHED, IN_SERVICE, GONE } State;

typedef struct {
  const WpRow *rows;
  const gint64 *services_ns, *dispatches_ns; /* dispatches: NULL: none */
  gint64 *taken_ns;                          /* for each row: when a worker took it */
  gsize n_rows;
  WpRequestResult *results;
  State *states;

  guint places, workers; /* G_MAXUINT: without end */
  gboolean refuses;
  gboolean drops; /* a queued job whose client has left */
  gint64 timeout_ns, patience_ns;
  gint64 *timeouts_ns; /* for each row: at its arrival */
  const WpPolicy *policy;
  guint n_changed; /* changes of sizes so far */

  gint64 now_ns;
  guint parked, queued, busy;
  guint most_parked, most_busy;

  const NaiveCommit *commit;         /* NULL: each job has its own service */
  gboolean *committing;              /* for each row: in the commit that runs */
  gboolean commits, just_done;       /* a commit runs; one has ended at this instant */
  gint64 commit_ends_ns, take_at_ns; /* G_MAXINT64: not known of any */
} Naive;

static void
set_up (Naive *self, const WpPolicy *policy)
{
  gboolean spawning = policy->mode == WP_MODE_WORKER_POOL && policy->dispatcher == WP_DISPATCHER_SPAWNING;

  self->workers = policy->mode == WP_MODE_DEFAULT            ? G_MAXUINT
                  : policy->mode == WP_MODE_BUFFERED_CHANNEL ? 1
                                                             : policy->workers;
  self->places = policy->mode == WP_MODE_DEFAULT || spawning ? G_MAXUINT : policy->queue_jobs;
  self->refuses = policy->when_full == WP_WHEN_FULL_REJECT || policy->block_timeout_ns == 0;
  self->timeout_ns = policy->block_timeout_ns;
  self->drops = policy->ack == WP_ACK_STORED && !policy->keep_abandoned;
}

/* G_MAXINT64: none is to come. */
static gint64
next_change (const Naive *self)
{
  return self->n_changed < self->policy->n_changes ? self->policy->changes[self->n_changed].at_ns
                                                   : G_MAXINT64;
}

/* Before all else that happens at this instant. */
static void
change_sizes (Naive *self)
{
  for (; next_change (self) == self->now_ns; self->n_changed++)
    {
      const WpSizeChange *change = &self->policy->changes[self->n_changed];

      self->places = change->queue_jobs;
      self->workers = change->workers;
      self->refuses = change->rejects;
      self->timeout_ns = change->block_timeout_ns;
    }
}

static void
leave (Naive *self, gsize i, WpOutcome outcome)
{
  self->states[i] = GONE;
  self->results[i].outcome = outcome;
  self->results[i].ended_ns = self->now_ns;
}

static gint64
dispatch (const Naive *self, gsize i)
{
  return self->dispatches_ns ? self->dispatches_ns[i] : 0;
}

static void
start (Naive *self, gsize i)
{
  self->states[i] = dispatch (self, i) > 0 ? DISPATCHED : IN_SERVICE;
  self->taken_ns[i] = self->now_ns;
  if (self->states[i] == IN_SERVICE)
    self->results[i].started_ns = self->now_ns;
  self->busy++;
  self->most_busy = MAX (self->most_busy, self->busy);
}

static void
complete (Naive *self, gsize i)
{
  leave (self, i, WP_OUTCOME_STORED);
  self->results[i].finished_ns = self->now_ns;
  self->busy--;
}

/* The writer takes the oldest rows that it has been handed. */
static void
take (Naive *self)
{
  guint n = 0;

  for (gsize i = 0; i < self->n_rows && n < self->commit->most; i++)
    if (self->states[i] == IN_SERVICE)
      {
        self->committing[i] = TRUE;
        n++;
      }
  self->take_at_ns = G_MAXINT64;
  self->commits = TRUE;
  self->commit_ends_ns = self->now_ns + self->commit->fixed_ns + n * self->commit->row_ns;
}

/* The writer's next step, once all possible admissions are done. TRUE: there may be more to complete at this
 * instant. */
static gboolean
write_rows (Naive *self)
{
  gboolean just_done = self->just_done;

  self->just_done = FALSE;
  if (self->commits || self->busy == 0)
    return FALSE;
  if (!just_done && self->take_at_ns == G_MAXINT64)
    self->take_at_ns = self->now_ns + self->commit->idle_ns;
  if (!just_done && self->take_at_ns > self->now_ns)
    return FALSE;
  take (self);

  return self->commit_ends_ns == self->now_ns;
}

/* The first in order of arrival; n_rows if there is none. */
static gsize
oldest (const Naive *self, State state)
{
  gsize i = 0;

  while (i < self->n_rows && self->states[i] != state)
    i++;

  return i;
}

static gboolean
complete_commit (Naive *self)
{
  if (!self->commits || self->commit_ends_ns != self->now_ns)
    return FALSE;
  for (gsize i = 0; i < self->n_rows; i++)
    if (self->committing[i])
      {
        self->committing[i] = FALSE;
        complete (self, i);
      }
  self->commits = FALSE;
  self->commit_ends_ns = G_MAXINT64;
  self->just_done = TRUE;

  return TRUE;
}

static gboolean
complete_what_is_done (Naive *self)
{
  gboolean any = FALSE;

  if (self->commit)
    return complete_commit (self);
  for (gsize i = 0; i < self->n_rows; i++)
    if (self->states[i] == DISPATCHED && self->taken_ns[i] + dispatch (self, i) == self->now_ns)
      {
        self->states[i] = IN_SERVICE;
        self->results[i].started_ns = self->now_ns;
      }
  for (gsize i = 0; i < self->n_rows; i++)
    if (self->states[i] == IN_SERVICE && self->results[i].started_ns + self->services_ns[i] == self->now_ns)
      {
        complete (self, i);
        any = TRUE;
      }

  return any;
}

static void
accept_parked (Naive *self, gsize i)
{
  self->parked--;
  self->results[i].accepted_ns = self->now_ns;
}

/* Places and workers that are free go to the oldest jobs. */
static gboolean
release (Naive *self)
{
  if (self->queued > 0 && self->busy < self->workers)
    {
      self->queued--;
      start (self, oldest (self, QUEUED));
      return TRUE;
    }
  if (self->parked > 0 && self->queued < self->places)
    {
      accept_parked (self, oldest (self, PARKED));
      self->states[oldest (self, PARKED)] = QUEUED;
      self->queued++;
      return TRUE;
    }
  if (self->parked > 0 && self->places == 0 && self->busy < self->workers)
    {
      accept_parked (self, oldest (self, PARKED));
      start (self, oldest (self, PARKED));
      return TRUE;
    }

  return FALSE;
}

static void
completions (Naive *self)
{
  do
    while (complete_what_is_done (self) || release (self))
      ;
  while (self->commit && write_rows (self));
}

/* Its place goes to the oldest parked request at once. */
static void
drop (Naive *self, gsize i)
{
  leave (self, i, WP_OUTCOME_ABANDONED);
  self->queued--;
  while (release (self))
    ;
}

/* In order of arrival, one by one. */
static void
leavers (Naive *self)
{
  for (gsize i = 0; i < self->n_rows; i++)
    {
      gint64 since_ns = self->now_ns - self->rows[i].arrival_ns;
      gboolean has_left = self->patience_ns != WP_TIME_NONE && since_ns == self->patience_ns;

      if (self->states[i] == QUEUED && self->drops && has_left)
        drop (self, i);
      if (self->states[i] != PARKED)
        continue;
      if (self->timeouts_ns[i] != WP_TIME_NONE && since_ns == self->timeouts_ns[i])
        leave (self, i, WP_OUTCOME_TIMED_OUT);
      else if (has_left)
        leave (self, i, WP_OUTCOME_ABANDONED);
      self->parked -= self->states[i] == GONE;
    }
}

static void
park (Naive *self, gsize i)
{
  self->states[i] = PARKED;
  self->timeouts_ns[i] = self->timeout_ns;
  self->results[i].blocked = TRUE;
  self->parked++;
  self->most_parked = MAX (self->most_parked, self->parked);
  if (self->patience_ns == 0)
    {
      self->parked--;
      leave (self, i, WP_OUTCOME_ABANDONED);
    }
}

static void
arrive (Naive *self, gsize i)
{
  if (self->busy < self->workers)
    {
      self->results[i].accepted_ns = self->now_ns;
      start (self, i);
      if (self->commit)
        completions (self);
      else if (self->services_ns[i] == 0 && dispatch (self, i) == 0)
        complete (self, i);
    }
  else if (self->queued < self->places)
    {
      self->results[i].accepted_ns = self->now_ns;
      self->states[i] = QUEUED;
      self->queued++;
      if (self->drops && self->patience_ns == 0)
        drop (self, i);
    }
  else if (self->refuses)
    leave (self, i, WP_OUTCOME_REJECTED);
  else
    park (self, i);
}

static void
arrivals (Naive *self)
{
  for (gsize i = 0; i < self->n_rows; i++)
    if (self->states[i] == TO_COME && self->rows[i].arrival_ns == self->now_ns)
      arrive (self, i);
}

/* When something can next happen to this request; G_MAXINT64: never of itself. */
static gint64
next_of (const Naive *self, gsize i)
{
  gint64 next_ns = G_MAXINT64, arrival_ns = self->rows[i].arrival_ns;

  if (self->states[i] == TO_COME)
    next_ns = arrival_ns;
  if (self->states[i] == IN_SERVICE && !self->commit)
    next_ns = self->results[i].started_ns + self->services_ns[i];
  if (self->states[i] == DISPATCHED)
    next_ns = self->taken_ns[i] + dispatch (self, i);
  if (self->states[i] == PARKED && self->timeouts_ns[i] != WP_TIME_NONE)
    next_ns = MIN (next_ns, arrival_ns + self->timeouts_ns[i]);
  if ((self->states[i] == PARKED || (self->states[i] == QUEUED && self->drops))
      && self->patience_ns != WP_TIME_NONE)
    next_ns = MIN (next_ns, arrival_ns + self->patience_ns);

  return next_ns;
}

static gboolean
advance (Naive *self)
{
  self->now_ns = MIN (self->commit_ends_ns, self->take_at_ns);
  for (gsize i = 0; i < self->n_rows; i++)
    self->now_ns = MIN (self->now_ns, next_of (self, i));
  if (self->now_ns == G_MAXINT64)
    return FALSE;
  self->now_ns = MIN (self->now_ns, next_change (self));

  return TRUE;
}

/* The value that @permille of all are at or below; sorted. */
static gint64
rank (GArray *values, guint permille)
{
  return values->len == 0
             ? WP_TIME_NONE
             : g_array_index (values, gint64, ((guint64) values->len * permille + 999) / 1000 - 1);
}

static double
mean (GArray *values)
{
  gint64 sum = 0;

  for (guint i = 0; i < values->len; i++)
    sum += g_array_index (values, gint64, i);

  return values->len == 0 ? NAN : (double) sum / values->len;
}

static WpSpread
spread (const Naive *self, gint64 (*measure) (const WpRow *row, const WpRequestResult *result))
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (gint64));

  for (gsize i = 0; i < self->n_rows; i++)
    {
      gint64 value = measure (&self->rows[i], &self->results[i]);

      if (value != WP_TIME_NONE)
        g_array_append_val (values, value);
    }
  g_array_sort (values, wp_time_compare);

  return (WpSpread){ mean (values),      rank (values, 500), rank (values, 900),  rank (values, 950),
                     rank (values, 990), rank (values, 999), rank (values, 1000), { 0 } };
}

static gint64
accept_latency (const WpRow *row, const WpRequestResult *result)
{
  return result->accepted_ns == WP_TIME_NONE ? WP_TIME_NONE : result->accepted_ns - row->arrival_ns;
}

static gint64
blocked_time (const WpRow *row, const WpRequestResult *result)
{
  return result->blocked ? accept_latency (row, result) : WP_TIME_NONE;
}

static gint64
wait_time (const WpRow *row, const WpRequestResult *result)
{
  return result->started_ns == WP_TIME_NONE ? WP_TIME_NONE : result->started_ns - row->arrival_ns;
}

static gint64
response (const WpRow *row, const WpRequestResult *result)
{
  return result->finished_ns == WP_TIME_NONE ? WP_TIME_NONE : result->finished_ns - row->arrival_ns;
}

static void
count (const Naive *self, WpSummary *summary)
{
  summary->requests = self->n_rows;
  summary->blocked_peak = self->most_parked;
  summary->busy_max = self->most_busy > 0 ? self->most_busy : WP_TIME_NONE;
  for (gsize i = 0; i < self->n_rows; i++)
    {
      summary->accepted += self->results[i].accepted_ns != WP_TIME_NONE;
      summary->rejected += self->results[i].outcome == WP_OUTCOME_REJECTED;
      summary->timed_out += self->results[i].outcome == WP_OUTCOME_TIMED_OUT;
      summary->abandoned += self->results[i].outcome == WP_OUTCOME_ABANDONED;
      summary->blocked += self->results[i].blocked;
    }
  summary->blocked_time = spread (self, blocked_time);
  summary->accept_latency = spread (self, accept_latency);
  summary->wait = spread (self, wait_time);
  summary->response = spread (self, response);
}

static void
count_time (const Naive *self, WpSummary *summary, gint64 first_ns, gint64 last_ns, gboolean can_be_full,
            double *worker_ns)
{
  g_autoptr (GArray) depths = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) busies = g_array_new (FALSE, FALSE, sizeof (gint64));

  summary->time_full_ns = can_be_full ? 0 : WP_TIME_NONE;
  for (gint64 t = first_ns; t < last_ns; t++)
    {
      gint64 depth = 0, busy = 0;
      Naive now = *self;

      set_up (&now, self->policy);
      for (now.n_changed = 0; next_change (&now) <= t;)
        {
          now.now_ns = next_change (&now);
          change_sizes (&now);
        }

      for (gsize i = 0; i < self->n_rows; i++)
        {
          const WpRequestResult *v = &self->results[i];

          if (v->accepted_ns == WP_TIME_NONE)
            continue;
          depth
              += v->accepted_ns <= t && t < (v->started_ns != WP_TIME_NONE ? self->taken_ns[i] : v->ended_ns);
          busy += v->started_ns != WP_TIME_NONE && self->taken_ns[i] <= t && t < v->finished_ns;
        }
      *worker_ns += now.workers;
      if (can_be_full && (now.places > 0 ? depth >= now.places : busy >= now.workers))
        {
          summary->first_full_ns = summary->time_full_ns == 0 ? t : summary->first_full_ns;
          summary->time_full_ns++;
        }
      g_array_append_val (depths, depth);
      g_array_append_val (busies, busy);
    }
  summary->busy_mean = mean (busies);
  summary->depth_mean = mean (depths);
  g_array_sort (depths, wp_time_compare);
  summary->depth_p50 = rank (depths, 500);
  summary->depth_p95 = rank (depths, 950);
  summary->depth_p99 = rank (depths, 990);
  summary->depth_max = rank (depths, 1000);
}

static void
figure (const Naive *self, const WpPolicy *policy, WpSummary *summary)
{
  gboolean spawning = policy->mode == WP_MODE_WORKER_POOL && policy->dispatcher == WP_DISPATCHER_SPAWNING;
  gint64 first_ns = self->rows[0].arrival_ns, last_ns = WP_TIME_NONE;
  guint64 finished = 0;
  double worker_ns = 0;

  wp_summary_init (summary);
  count (self, summary);
  for (gsize i = 0; i < self->n_rows; i++)
    {
      last_ns = MAX (last_ns, self->results[i].finished_ns);
      finished += self->results[i].finished_ns != WP_TIME_NONE;
    }
  count_time (self, summary, first_ns, last_ns, policy->mode != WP_MODE_DEFAULT && !spawning, &worker_ns);
  summary->makespan_ns = last_ns - first_ns;
  if (summary->makespan_ns > 0)
    summary->throughput = (double) finished * WP_NS_PER_S / (double) summary->makespan_ns;
  if (policy->mode != WP_MODE_DEFAULT)
    summary->utilisation = summary->busy_mean / (worker_ns / (double) (last_ns - first_ns));
}

static void
run (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows, const gint64 *services_ns,
     const gint64 *dispatches_ns, const NaiveCommit *commit, gsize n_rows, WpRequestResult *results,
     WpSummary *summary)
{
  g_autofree State *states = g_new0 (State, n_rows);
  g_autofree gboolean *committing = g_new0 (gboolean, n_rows);
  g_autofree gint64 *taken_ns = g_new0 (gint64, n_rows), *timeouts_ns = g_new0 (gint64, n_rows);
  Naive self = { rows,
                 services_ns,
                 dispatches_ns,
                 taken_ns,
                 n_rows,
                 results,
                 states,
                 .patience_ns = patience_ns,
                 .timeouts_ns = timeouts_ns,
                 .policy = policy,
                 .commit = commit,
                 .committing = committing,
                 .commit_ends_ns = G_MAXINT64,
                 .take_at_ns = G_MAXINT64 };

  set_up (&self, policy);
  for (gsize i = 0; i < n_rows; i++)
    results[i]
        = (WpRequestResult){ WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE, WP_OUTCOME_NONE, FALSE };
  while (advance (&self))
    {
      change_sizes (&self);
      completions (&self);
      leavers (&self);
      arrivals (&self);
    }
  figure (&self, policy, summary);
}

void
naive_model_run (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows, const gint64 *services_ns,
                 gsize n_rows, WpRequestResult *results, WpSummary *summary)
{
  run (policy, patience_ns, rows, services_ns, NULL, NULL, n_rows, results, summary);
}

void
naive_model_run_dispatched (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows,
                            const gint64 *services_ns, const gint64 *dispatches_ns, gsize n_rows,
                            WpRequestResult *results, WpSummary *summary)
{
  run (policy, patience_ns, rows, services_ns, dispatches_ns, NULL, n_rows, results, summary);
}

void
naive_model_run_batch (const WpPolicy *policy, gint64 patience_ns, const WpRow *rows,
                       const NaiveCommit *commit, gsize n_rows, WpRequestResult *results, WpSummary *summary)
{
  run (policy, patience_ns, rows, NULL, NULL, commit, n_rows, results, summary);
}
