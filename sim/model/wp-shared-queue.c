#include "sim/model/wp-shared-queue.h"

#include <math.h>

#include "sim/model/wp-heap.h"
#include "sim/model/wp-ring.h"
#include "sim/stats/wp-histogram.h"

typedef struct {
  guint64 request; /* its number in order of arrival, from 0 */
  gint64 arrival_ns, accepted_ns, started_ns;
  guint worker;
  gboolean blocked;
} Job;

typedef struct {
  gint64 at_ns;
  guint64 order; /* among those of one instant */
  guint at;      /* this front or worker */
  guint jobs;
} Event;

static inline gboolean
is_sooner (const Event *a, const Event *b)
{
  return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

WP_DEFINE_RING (JobRing, job_ring, Job)
WP_DEFINE_RING (EventRing, event_ring, Event)
WP_DEFINE_HEAP (EventHeap, event_heap, Event, is_sooner)

typedef struct {
  JobRing publishes;   /* on their way to the engine, or its confirm on its way back */
  guint next_thread;   /* the one that is free first */
  gint64 confirmed_ns; /* of the last publish */
  WpCommitDraws confirms;
} Front;

typedef struct {
  JobRing jobs;     /* in service, then those that wait for that */
  guint in_service; /* at most a batch */
  guint in_commit;  /* the first of them; 0: the writer is idle */
  guint credit;     /* jobs that the engine may still give it */
  gboolean is_waking, is_in_line;
  WpCommitDraws commits;
} Worker;

/* What comes next. At one instant they happen in this order. */
typedef enum { WRITER, CREDIT, DELIVERY, RETRY, CONFIRM, NOTHING } Kind;

struct _WpSharedQueue {
  WpSharedQueueOptions options;
  WpLayout layout;
  WpCommit *confirm, *commit;
  WpCommitDraws acknowledgements;
  WpBatchNotify notify;
  gpointer data;

  WpBalancer balancer; /* of the fronts */
  Front *fronts;
  gint64 *free_ns; /* of each front, when its threads are free, in a ring */

  gint64 now_ns;
  EventHeap confirms; /* of each front the next */
  JobRing refused;    /* by the engine; their fronts offer them again */
  gint64 retry_at_ns; /* when the fronts have done so; WP_TIME_NONE: the queue is not open to them */
  JobRing ready;      /* in the engine's queue */
  guint reopen_jobs;  /* the most ready jobs with which a full queue takes jobs again */
  gboolean is_closed; /* it has been full, and is not yet below the places at which it opens */
  WpSteps line;       /* workers with credit, in the order in which they get a job each */
  JobRing deliveries; /* on their way to workers; accepted_ns */
  EventRing credits;  /* on their way to the engine */
  gint64 credited_ns; /* of the last of them */
  EventHeap writers;  /* ends of commits, and idle writers that wake */
  Worker *workers;
  guint64 committing; /* workers */
  gboolean overflowed;

  guint64 depth_jobs, busy_jobs; /* accepted and not started; in service */
  gint64 first_ns, last_ns;
  guint64 offered, ended, counted_from, requests, accepted, blocked, blocked_peak, ready_max, busy_max,
      finished, completed;
  guint64 n_commits, rows;
  gint64 time_full_ns, first_full_ns;
  WpUint128 busy_ns, committing_ns, service_ns;
  WpHistograms histograms;
};

WpSharedQueue *
wp_shared_queue_new (const WpSharedQueueOptions *options, const WpLayout *layout, WpCommit *confirm,
                     WpCommit *commit, WpBatchNotify notify, gpointer data)
{
  WpSharedQueue *self = g_new0 (WpSharedQueue, 1);

  g_return_val_if_fail (options->batch >= 1 && options->prefetch >= options->batch, NULL);

  self->options = *options;
  self->layout = *layout;
  self->reopen_jobs = (guint) (options->reopen * layout->queue_jobs);
  self->confirm = wp_commit_ref (confirm);
  self->commit = wp_commit_ref (commit);
  wp_commit_restart_of (confirm, options->fronts, &self->acknowledgements);
  self->notify = notify;
  self->data = data;
  wp_balancer_init (&self->balancer, options->balance, options->fronts, options->seed);
  self->free_ns = g_new0 (gint64, (gsize) options->fronts * options->threads);
  self->fronts = g_new0 (Front, options->fronts);
  for (guint i = 0; i < options->fronts; i++)
    wp_commit_restart_of (confirm, i, &self->fronts[i].confirms);
  self->workers = g_new0 (Worker, layout->workers);
  for (guint i = 0; i < layout->workers; i++)
    {
      self->workers[i].credit = options->prefetch;
      self->workers[i].is_in_line = TRUE;
      wp_commit_restart_of (commit, i, &self->workers[i].commits);
      wp_steps_push (&self->line, i);
    }
  self->first_full_ns = self->retry_at_ns = WP_TIME_NONE;
  wp_histograms_init (&self->histograms);

  return self;
}

void
wp_shared_queue_free (WpSharedQueue *self)
{
  wp_commit_unref (self->confirm);
  wp_commit_unref (self->commit);
  wp_balancer_clear (&self->balancer);
  g_free (self->free_ns);
  for (guint i = 0; i < self->options.fronts; i++)
    job_ring_clear (&self->fronts[i].publishes);
  g_free (self->fronts);
  event_heap_clear (&self->confirms);
  job_ring_clear (&self->refused);
  job_ring_clear (&self->ready);
  wp_steps_clear (&self->line);
  job_ring_clear (&self->deliveries);
  event_ring_clear (&self->credits);
  event_heap_clear (&self->writers);
  for (guint i = 0; i < self->layout.workers; i++)
    job_ring_clear (&self->workers[i].jobs);
  g_free (self->workers);
  wp_histograms_clear (&self->histograms);
  g_free (self);
}

static inline gboolean
counts (const WpSharedQueue *self, const Job *job)
{
  return job->request >= self->counted_from;
}

static gint64
add (WpSharedQueue *self, gint64 one_ns, gint64 other_ns)
{
  gint64 sum_ns;

  if (!__builtin_add_overflow (one_ns, other_ns, &sum_ns))
    return sum_ns;
  self->overflowed = TRUE;

  return G_MAXINT64;
}

/* A front's processor, and its publish. */
static void
pass_front (WpSharedQueue *self, Job job)
{
  guint threads = self->options.threads, i = wp_balancer_choose (&self->balancer);
  Front *front = &self->fronts[i];
  gint64 *free_ns = &self->free_ns[i * threads + front->next_thread];

  front->next_thread = front->next_thread + 1 < threads ? front->next_thread + 1 : 0;
  *free_ns = add (self, MAX (job.arrival_ns, *free_ns), self->options.front_ns);
  wp_commit_count_row (self->confirm, &front->confirms, *free_ns);
  if (i == 0)
    wp_commit_count_row (self->confirm, &self->acknowledgements, *free_ns);
  job.accepted_ns = add (self, *free_ns, wp_commit_draw (self->confirm, &front->confirms, 1));
  job.accepted_ns = front->confirmed_ns = MAX (job.accepted_ns, front->confirmed_ns);
  if (front->publishes.length == 0)
    event_heap_push (&self->confirms, (Event){ job.accepted_ns, job.request, i, 0 });
  job_ring_push (&front->publishes, job);
}

/* Counts the current state for the time up to @until_ns. */
static void
count_time (WpSharedQueue *self, gint64 until_ns)
{
  guint64 passed_ns = (guint64) (until_ns - self->now_ns);

  if (passed_ns == 0)
    return;
  wp_histogram_add_inline (self->histograms.depth, (gint64) self->depth_jobs, passed_ns);
  self->busy_ns += (WpUint128) self->busy_jobs * passed_ns;
  self->committing_ns += (WpUint128) self->committing * passed_ns;
  if (self->is_closed || self->refused.length > 0)
    {
      if (self->first_full_ns == WP_TIME_NONE)
        self->first_full_ns = self->now_ns;
      self->time_full_ns += (gint64) passed_ns;
    }
  self->now_ns = until_ns;
}

/* When the engine, which gets it at @at_ns, has replicated an acknowledgement, or a publish that it refused
 * before. */
static gint64
replicate (WpSharedQueue *self, gint64 at_ns)
{
  return add (self, at_ns, wp_commit_draw (self->confirm, &self->acknowledgements, 1));
}

/* The writer takes all jobs in service. */
static void
begin_commit (WpSharedQueue *self, guint i)
{
  Worker *worker = &self->workers[i];
  gint64 lasts_ns;

  worker->is_waking = FALSE;
  worker->in_commit = MIN (worker->in_service, wp_commit_max_rows (self->commit));
  lasts_ns = wp_commit_draw (self->commit, &worker->commits, worker->in_commit);
  event_heap_push (&self->writers, (Event){ add (self, self->now_ns, lasts_ns), i, i, 0 });
  self->committing++;
  self->n_commits++;
  self->rows += worker->in_commit;
}

static void
wake_writer (WpSharedQueue *self, guint i)
{
  gint64 delay_ns = wp_commit_idle_delay (self->commit, &self->workers[i].commits);

  if (delay_ns == 0)
    {
      begin_commit (self, i);
      return;
    }
  self->workers[i].is_waking = TRUE;
  event_heap_push (&self->writers, (Event){ add (self, self->now_ns, delay_ns), i, i, 0 });
}

static void
start_jobs (WpSharedQueue *self, Worker *worker)
{
  for (; worker->in_service < self->options.batch && worker->in_service < worker->jobs.length;
       worker->in_service++)
    {
      Job *job = &worker->jobs.items[(worker->jobs.head + worker->in_service) & worker->jobs.mask];

      job->started_ns = self->now_ns;
      wp_commit_count_row (self->commit, &worker->commits, self->now_ns);
      self->depth_jobs--;
      self->busy_jobs++;
      if (counts (self, job))
        wp_histogram_add_inline (self->histograms.wait, self->now_ns - job->arrival_ns, 1);
    }
  self->busy_max = MAX (self->busy_max, self->busy_jobs);
}

static void
end_job (WpSharedQueue *self, const Job *job)
{
  WpRequestResult result
      = { job->accepted_ns, job->started_ns, self->now_ns, self->now_ns, WP_OUTCOME_STORED, job->blocked };

  self->busy_jobs--;
  self->ended++;
  self->completed++;
  if (counts (self, job))
    {
      self->finished++;
      self->service_ns += (guint64) (self->now_ns - job->started_ns);
      wp_histogram_add_inline (self->histograms.response, self->now_ns - job->arrival_ns, 1);
    }
  if (self->notify)
    self->notify (job->request, &result, self->data);
}

static void
end_commit (WpSharedQueue *self, guint i)
{
  Worker *worker = &self->workers[i];
  gint64 credited_ns = replicate (self, self->now_ns);

  self->credited_ns = MAX (credited_ns, self->credited_ns);
  event_ring_push (&self->credits, (Event){ self->credited_ns, 0, i, worker->in_commit });
  self->committing--;
  self->last_ns = self->now_ns;
  for (; worker->in_commit > 0; worker->in_commit--, worker->in_service--)
    {
      Job job = job_ring_pop (&worker->jobs);

      end_job (self, &job);
    }
  start_jobs (self, worker);
  if (worker->in_service > 0)
    begin_commit (self, i);
}

/* Workers with credit get the oldest ready jobs in turn, whether they are busy or not. */
static void
deliver (WpSharedQueue *self)
{
  while (self->ready.length > 0 && self->line.length > 0)
    {
      Job job = job_ring_pop (&self->ready);
      guint i = wp_steps_pop (&self->line);

      job.worker = i;
      job.started_ns = add (self, self->now_ns, self->options.deliver_ns);
      job_ring_push (&self->deliveries, job);
      self->workers[i].is_in_line = --self->workers[i].credit > 0;
      if (self->workers[i].is_in_line)
        wp_steps_push (&self->line, i);
    }
  if (!self->is_closed || self->ready.length > self->reopen_jobs)
    return;
  self->is_closed = FALSE;
  if (self->refused.length > 0)
    self->retry_at_ns = replicate (self, add (self, self->now_ns, self->options.retry_ns / 2));
}

static void
take_credit (WpSharedQueue *self)
{
  Event credit = event_ring_pop (&self->credits);
  Worker *worker = &self->workers[credit.at];

  worker->credit += credit.jobs;
  if (!worker->is_in_line)
    wp_steps_push (&self->line, credit.at);
  worker->is_in_line = TRUE;
  deliver (self);
}

static void
take_delivery (WpSharedQueue *self)
{
  Job job = job_ring_pop (&self->deliveries);
  Worker *worker = &self->workers[job.worker];

  job_ring_push (&worker->jobs, job);
  start_jobs (self, worker);
  if (worker->in_commit == 0 && !worker->is_waking)
    wake_writer (self, job.worker);
}

static void
accept (WpSharedQueue *self, Job job)
{
  job.accepted_ns = self->now_ns;
  job_ring_push (&self->ready, job);
  self->depth_jobs++;
  if (counts (self, &job))
    {
      self->accepted++;
      wp_histogram_add_inline (self->histograms.accept_latency, self->now_ns - job.arrival_ns, 1);
      if (job.blocked)
        wp_histogram_add_inline (self->histograms.blocked_time, self->now_ns - job.arrival_ns, 1);
    }
  deliver (self);
  self->ready_max = MAX (self->ready_max, self->ready.length);
  self->is_closed |= self->ready.length > self->layout.queue_jobs;
}

/* Takes the next publish of all fronts. */
static Job
pop_publish (WpSharedQueue *self)
{
  guint i = event_heap_pop (&self->confirms).at;
  JobRing *publishes = &self->fronts[i].publishes;
  Job job = job_ring_pop (publishes);

  if (publishes->length > 0)
    {
      Job next = job_ring_front (publishes);

      event_heap_push (&self->confirms, (Event){ next.accepted_ns, next.request, i, 0 });
    }

  return job;
}

static void
take_publish (WpSharedQueue *self)
{
  Job job = pop_publish (self);

  job.blocked = self->is_closed || self->refused.length > 0;
  if (!job.blocked)
    {
      accept (self, job);
      return;
    }
  job_ring_push (&self->refused, job);
  self->blocked += counts (self, &job);
  self->blocked_peak = MAX (self->blocked_peak, self->refused.length);
}

static void
retry (WpSharedQueue *self)
{
  self->retry_at_ns = WP_TIME_NONE;
  while (self->refused.length > 0 && !self->is_closed)
    accept (self, job_ring_pop (&self->refused));
}

static inline void
choose (Kind *kind, gint64 *next_ns, Kind other, gint64 at_ns)
{
  if (at_ns >= *next_ns)
    return;
  *kind = other;
  *next_ns = at_ns;
}

static Kind
find_next (const WpSharedQueue *self, gint64 *next_ns)
{
  Kind kind = NOTHING;

  *next_ns = G_MAXINT64;
  if (self->writers.length > 0)
    choose (&kind, next_ns, WRITER, event_heap_first (&self->writers)->at_ns);
  if (self->credits.length > 0)
    choose (&kind, next_ns, CREDIT, event_ring_front (&self->credits).at_ns);
  if (self->deliveries.length > 0)
    choose (&kind, next_ns, DELIVERY, job_ring_front (&self->deliveries).started_ns);
  if (self->retry_at_ns != WP_TIME_NONE)
    choose (&kind, next_ns, RETRY, self->retry_at_ns);
  if (self->confirms.length > 0)
    choose (&kind, next_ns, CONFIRM, event_heap_first (&self->confirms)->at_ns);

  return kind;
}

static void
happen (WpSharedQueue *self, Kind kind)
{
  guint writer;

  switch (kind)
    {
    case WRITER:
      writer = event_heap_pop (&self->writers).at;
      if (self->workers[writer].is_waking)
        begin_commit (self, writer);
      else
        end_commit (self, writer);
      break;
    case CREDIT:
      take_credit (self);
      break;
    case DELIVERY:
      take_delivery (self);
      break;
    case RETRY:
      retry (self);
      break;
    case CONFIRM:
    case NOTHING:
    default:
      take_publish (self);
    }
}

/* All before @until_ns, before which no more is confirmed; G_MAXINT64: all. */
static void
advance (WpSharedQueue *self, gint64 until_ns)
{
  gint64 next_ns;
  Kind kind;

  while (!self->overflowed && self->ended < self->offered && (kind = find_next (self, &next_ns)) != NOTHING
         && next_ns < until_ns)
    {
      count_time (self, next_ns);
      happen (self, kind);
    }
}

gboolean
wp_shared_queue_offer (WpSharedQueue *self, gint64 arrival_ns)
{
  Job job = { .request = self->offered++, .arrival_ns = arrival_ns };

  if (self->requests++ == 0)
    {
      self->first_ns = arrival_ns;
      if (job.request == 0)
        self->now_ns = arrival_ns;
    }
  pass_front (self, job);
  advance (self, add (self, arrival_ns, self->options.front_ns));

  return !self->overflowed;
}

void
wp_shared_queue_start_counting (WpSharedQueue *self, gint64 now_ns)
{
  advance (self, now_ns);
  count_time (self, MAX (now_ns, self->now_ns));
  wp_histograms_clear (&self->histograms);
  wp_histograms_init (&self->histograms);
  self->requests = self->accepted = self->blocked = self->finished = 0;
  self->n_commits = self->rows = 0;
  self->completed = 0;
  self->busy_max = self->busy_jobs;
  self->ready_max = self->ready.length;
  self->blocked_peak = self->refused.length;
  self->time_full_ns = 0;
  self->first_full_ns = WP_TIME_NONE;
  self->busy_ns = self->committing_ns = self->service_ns = 0;
  self->counted_from = self->offered;
}

static void
fill_summary (const WpSharedQueue *self, WpSummary *summary)
{
  double lasted_ns;

  wp_summary_init (summary);
  summary->requests = self->requests;
  summary->accepted = self->accepted;
  summary->blocked = self->blocked;
  summary->blocked_peak = self->blocked_peak;
  if (self->finished > 0)
    summary->busy_max = (gint64) self->busy_max;
  wp_summary_set_histograms (summary, &self->histograms);
  summary->time_full_ns = self->time_full_ns;
  summary->first_full_ns = self->first_full_ns;
  wp_summary_set_window (summary, self->first_ns, self->finished > 0 ? self->last_ns : WP_TIME_NONE,
                         (double) self->busy_ns, self->completed, self->layout.workers);
  lasted_ns = (double) (self->last_ns - self->first_ns) * self->layout.workers;
  summary->utilisation = self->finished > 0 && lasted_ns > 0 ? (double) self->committing_ns / lasted_ns : NAN;
}

gboolean
wp_shared_queue_finish (WpSharedQueue *self, WpSummary *summary)
{
  advance (self, G_MAXINT64);
  if (self->overflowed)
    return FALSE;
  fill_summary (self, summary);

  return TRUE;
}

void
wp_shared_queue_figures (const WpSharedQueue *self, WpSharedQueueFigures *figures)
{
  double threads = (double) self->options.fronts * self->options.threads;
  double lasted_ns = (double) (self->last_ns - self->first_ns);

  figures->commits = self->n_commits;
  figures->ready_max = self->ready_max;
  figures->rows_per_commit = self->n_commits > 0 ? (double) self->rows / (double) self->n_commits : NAN;
  figures->front_utilisation
      = self->finished > 0 && lasted_ns > 0
            ? (double) self->requests * (double) self->options.front_ns / lasted_ns / threads
            : NAN;
}

gboolean
wp_shared_queue_check (const WpSharedQueue *self, GError **error)
{
  return self->counted_from > 0 || /* after a warm-up the two sides count different jobs */
         (wp_summary_check_law ("depth", self->histograms.depth->sum,
                                self->histograms.wait->sum - self->histograms.accept_latency->sum, error)
          && wp_summary_check_law ("busy", self->busy_ns, self->service_ns, error)
          && wp_summary_check_law ("response", self->histograms.response->sum,
                                   self->histograms.wait->sum + self->service_ns, error));
}
