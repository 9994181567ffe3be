#include "sim/model/wp-shared-queue.h"

#include <math.h>

#include "sim/model/wp-heap.h"
#include "sim/model/wp-ring.h"
#include "sim/stats/wp-histogram.h"

typedef struct {
  guint64 request; /* its number in order of arrival, from 0 */
  gint64 arrival_ns, published_ns, accepted_ns;
  gboolean blocked;
} Job;

/* Of @rows jobs, which leave the queue at @at_ns, or are stored then. */
typedef struct {
  gint64 at_ns;
  guint rows;
} Batch;

static inline gboolean
is_published_before (const Job *a, const Job *b)
{
  return a->published_ns < b->published_ns || (a->published_ns == b->published_ns && a->request < b->request);
}

static inline gboolean
is_sooner (const Batch *a, const Batch *b)
{
  return a->at_ns < b->at_ns;
}

WP_DEFINE_RING (JobRing, job_ring, Job)
WP_DEFINE_RING (BatchRing, batch_ring, Batch)
WP_DEFINE_HEAP (JobHeap, job_heap, Job, is_published_before)
WP_DEFINE_HEAP (BatchHeap, batch_heap, Batch, is_sooner)

struct _WpSharedQueue {
  WpSharedQueueOptions options;
  WpLayout layout;
  WpCommit *confirm, *commit;
  WpCommitDraws confirms, commits;
  WpBatchNotify notify;
  gpointer data;

  WpBalancer balancer; /* of the fronts */
  gint64 *free_ns;     /* of each front, when its threads are free, in a ring */
  guint *next_thread;  /* of each front: the one that is free first */

  JobHeap coming;       /* jobs that a later arrival might precede */
  JobRing waiting;      /* in order of publishing, not started */
  gsize n_placed;       /* the first of them, which have their place */
  guint64 placed;       /* all that have one, started or not */
  WpRing places;        /* starts whose places are not yet given again, where the queue is bounded */
  gint64 placed_ns;     /* the last acceptance */
  BatchHeap in_commit;  /* by the end of their commit */
  gint64 started_ns;    /* the last start */
  gboolean knows_start; /* start_ns is that of the next batch, of which n_ready jobs are known */
  gint64 start_ns;
  gsize n_ready;
  gboolean overflowed;
  guint64 n_published, n_stored; /* for the rates */

  /* the depth by the clock, which runs behind: acceptances and starts that are not counted */
  WpRing entered;
  BatchRing taken;
  guint64 depth_jobs;
  gint64 depth_counted_ns, busy_counted_ns; /* up to here */
  gint64 from_ns;                           /* the time before is the warm-up */
  WpRing parked;                            /* ends of the parked publishes */
  guint64 busy_jobs;

  gint64 first_ns, last_ns;
  guint64 offered, counted_from, requests, accepted, blocked, blocked_peak, busy_max, finished, completed;
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

  g_return_val_if_fail (options->batch >= 1 && options->batch <= layout->queue_jobs, NULL);

  self->options = *options;
  self->layout = *layout;
  self->confirm = wp_commit_ref (confirm);
  self->commit = wp_commit_ref (commit);
  wp_commit_restart (confirm, &self->confirms);
  wp_commit_restart (commit, &self->commits);
  self->notify = notify;
  self->data = data;
  wp_balancer_init (&self->balancer, options->balance, options->fronts, options->seed);
  self->free_ns = g_new0 (gint64, (gsize) options->fronts * options->threads);
  self->next_thread = g_new0 (guint, options->fronts);
  self->first_full_ns = WP_TIME_NONE;
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
  g_free (self->next_thread);
  job_heap_clear (&self->coming);
  job_ring_clear (&self->waiting);
  wp_ring_clear (&self->places);
  batch_heap_clear (&self->in_commit);
  wp_ring_clear (&self->entered);
  batch_ring_clear (&self->taken);
  wp_ring_clear (&self->parked);
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

/* When the front that the request gets has published it. */
static gint64
pass_front (WpSharedQueue *self, gint64 arrival_ns)
{
  guint threads = self->options.threads, front = wp_balancer_choose (&self->balancer);
  gint64 *free_ns = &self->free_ns[front * threads + self->next_thread[front]];

  self->next_thread[front] = self->next_thread[front] + 1 < threads ? self->next_thread[front] + 1 : 0;

  return *free_ns = add (self, MAX (arrival_ns, *free_ns), self->options.front_ns);
}

/* Of the whole fleet: each process sees its share of the rows. */
static void
count_row (WpCommit *commit, WpCommitDraws *draws, guint64 *n, guint processes, gint64 now_ns)
{
  if (++*n % processes == 0)
    wp_commit_count_row (commit, draws, now_ns);
}

static void
count_depth (WpSharedQueue *self, gint64 until_ns)
{
  gint64 from_ns = MAX (self->depth_counted_ns, self->from_ns);

  if (until_ns > from_ns)
    {
      wp_histogram_add_inline (self->histograms.depth, (gint64) self->depth_jobs,
                               (guint64) (until_ns - from_ns));
      if (self->depth_jobs >= self->layout.queue_jobs)
        {
          if (self->first_full_ns == WP_TIME_NONE)
            self->first_full_ns = from_ns;
          self->time_full_ns += until_ns - from_ns;
        }
    }
  self->depth_counted_ns = until_ns;
}

/* Counts the acceptances and starts in order of time, as far as no other can come between them. */
static void
count_changes (WpSharedQueue *self, gboolean is_over)
{
  while (self->taken.length > 0 && (self->entered.length > 0 || is_over))
    {
      Batch taken = batch_ring_front (&self->taken);

      if (self->entered.length > 0 && wp_ring_front (&self->entered) <= taken.at_ns)
        {
          count_depth (self, wp_ring_pop (&self->entered));
          self->depth_jobs++;
        }
      else
        {
          count_depth (self, taken.at_ns);
          self->depth_jobs -= taken.rows;
          batch_ring_pop (&self->taken);
        }
    }
}

static void
drop_parked (WpSharedQueue *self, gint64 now_ns)
{
  while (self->parked.length > 0 && wp_ring_front (&self->parked) <= now_ns)
    wp_ring_pop (&self->parked);
}

static void
count_parked (WpSharedQueue *self, const Job *job)
{
  drop_parked (self, job->published_ns);
  wp_ring_push (&self->parked, job->accepted_ns);
  if (!counts (self, job))
    return;
  self->blocked++;
  self->blocked_peak = MAX (self->blocked_peak, self->parked.length);
  wp_histogram_add_inline (self->histograms.blocked_time, job->accepted_ns - job->arrival_ns, 1);
}

static void
notify_result (const WpSharedQueue *self, const Job *job, gint64 started_ns, gint64 ended_ns)
{
  WpRequestResult result
      = { job->accepted_ns, started_ns, ended_ns, ended_ns, WP_OUTCOME_STORED, job->blocked };

  if (self->notify)
    self->notify (job->request, &result, self->data);
}

/* @freed_ns: when a job left the place that this one gets; WP_TIME_NONE: there was always one */
static void
place (WpSharedQueue *self, Job *job, gint64 freed_ns)
{
  gint64 confirm_ns;

  count_row (self->confirm, &self->confirms, &self->n_published, self->options.fronts, job->published_ns);
  confirm_ns = wp_commit_draw (self->confirm, &self->confirms, 1);
  job->accepted_ns = add (self, job->published_ns, confirm_ns);
  job->blocked = freed_ns > job->accepted_ns;
  if (job->blocked)
    job->accepted_ns = add (self, freed_ns, self->options.retry_ns / 2);
  self->placed_ns = job->accepted_ns = MAX (job->accepted_ns, self->placed_ns);
  wp_ring_push (&self->entered, job->accepted_ns);
  if (job->blocked)
    count_parked (self, job);
  if (!counts (self, job))
    return;
  self->accepted++;
  wp_histogram_add_inline (self->histograms.accept_latency, job->accepted_ns - job->arrival_ns, 1);
}

/* Gives places to published jobs in order, while it is known when one is free. */
static void
place_jobs (WpSharedQueue *self)
{
  for (; self->n_placed < self->waiting.length; self->n_placed++, self->placed++)
    {
      Job *job = &self->waiting.items[(self->waiting.head + self->n_placed) & self->waiting.mask];
      gboolean is_bounded = self->placed >= self->layout.queue_jobs;

      if (is_bounded && self->places.length == 0)
        return;
      place (self, job, is_bounded ? wp_ring_pop (&self->places) : WP_TIME_NONE);
    }
}

static void
count_busy (WpSharedQueue *self, gint64 until_ns)
{
  gint64 from_ns = MAX (self->busy_counted_ns, self->from_ns);

  if (until_ns > from_ns)
    {
      self->busy_ns += (WpUint128) self->busy_jobs * (guint64) (until_ns - from_ns);
      self->committing_ns += (WpUint128) self->in_commit.length * (guint64) (until_ns - from_ns);
    }
  self->busy_counted_ns = MAX (until_ns, self->busy_counted_ns);
}

static void
end_commits (WpSharedQueue *self, gint64 until_ns)
{
  while (self->in_commit.length > 0 && batch_heap_first (&self->in_commit)->at_ns <= until_ns)
    {
      gint64 ends_ns = batch_heap_first (&self->in_commit)->at_ns;

      count_busy (self, ends_ns);
      self->busy_jobs -= batch_heap_pop (&self->in_commit).rows;
    }
}

static gint64
ready_at (WpSharedQueue *self, gsize i)
{
  return add (self, job_ring_at (&self->waiting, i).accepted_ns, self->options.deliver_ns);
}

/* When the oldest job's batch starts: it is that of the worker that is free first. */
static gint64
find_start (WpSharedQueue *self)
{
  gint64 ready_ns = ready_at (self, 0), oldest_ns = MAX (ready_ns, self->started_ns);

  end_commits (self, oldest_ns);
  if (self->in_commit.length == self->layout.workers)
    return batch_heap_first (&self->in_commit)->at_ns;

  return MAX (oldest_ns, add (self, ready_ns, wp_commit_idle_delay (self->commit, &self->commits)));
}

static void
start_job (WpSharedQueue *self, gint64 start_ns, gint64 end_ns)
{
  Job job = job_ring_pop (&self->waiting);

  if (self->layout.queue_jobs != WP_UNBOUNDED)
    wp_ring_push (&self->places, start_ns);
  self->completed++;
  if (counts (self, &job))
    {
      self->finished++;
      self->service_ns += (guint64) (end_ns - start_ns);
      wp_histogram_add_inline (self->histograms.wait, start_ns - job.arrival_ns, 1);
      wp_histogram_add_inline (self->histograms.response, end_ns - job.arrival_ns, 1);
    }
  notify_result (self, &job, start_ns, end_ns);
}

static void
start_batch (WpSharedQueue *self)
{
  gint64 start_ns = self->start_ns, end_ns;
  guint n = (guint) self->n_ready;

  for (guint i = 0; i < n; i++)
    count_row (self->commit, &self->commits, &self->n_stored, self->layout.workers, start_ns);
  end_ns = add (self, start_ns, wp_commit_draw (self->commit, &self->commits, n));
  end_commits (self, start_ns);
  count_busy (self, start_ns);
  batch_heap_push (&self->in_commit, (Batch){ end_ns, n });
  batch_ring_push (&self->taken, (Batch){ start_ns, n });
  self->started_ns = start_ns;
  self->last_ns = MAX (self->last_ns, end_ns);
  self->busy_jobs += n;
  self->busy_max = MAX (self->busy_max, self->busy_jobs);
  if (start_ns >= self->from_ns)
    {
      self->n_commits++;
      self->rows += n;
    }
  for (guint i = 0; i < n; i++)
    start_job (self, start_ns, end_ns);
  self->n_placed -= n;
  self->knows_start = FALSE;
}

/* Starts the next batch if that is not after @now_ns and no job that comes could be in it: all that come are
 * ready at @horizon_ns or later. */
static gboolean
try_batch (WpSharedQueue *self, gint64 now_ns, gint64 horizon_ns)
{
  if (self->n_placed == 0 || ready_at (self, 0) > now_ns)
    return FALSE;
  if (!self->knows_start)
    {
      self->start_ns = find_start (self);
      self->n_ready = 1;
      self->knows_start = TRUE;
    }
  while (self->n_ready < self->options.batch && self->n_ready < self->n_placed
         && ready_at (self, self->n_ready) <= self->start_ns)
    self->n_ready++;
  if (self->start_ns > now_ns
      || (self->n_ready < self->options.batch && self->n_ready == self->n_placed
          && self->start_ns >= horizon_ns))
    return FALSE;
  start_batch (self);

  return TRUE;
}

/* Makes all starts up to @now_ns, the arrival of the next request; G_MAXINT64: there is none. */
static void
advance (WpSharedQueue *self, gint64 now_ns)
{
  gboolean is_over = now_ns == G_MAXINT64;
  gint64 published_ns = is_over ? now_ns : add (self, now_ns, self->options.front_ns), horizon_ns;

  while (self->coming.length > 0 && job_heap_first (&self->coming)->published_ns <= published_ns)
    job_ring_push (&self->waiting, job_heap_pop (&self->coming));
  do
    {
      place_jobs (self);
      horizon_ns
          = is_over ? now_ns : add (self, MAX (self->placed_ns, published_ns), self->options.deliver_ns);
    }
  while (!self->overflowed && try_batch (self, now_ns, horizon_ns));
  count_changes (self, is_over);
}

gboolean
wp_shared_queue_offer (WpSharedQueue *self, gint64 arrival_ns)
{
  Job job = { self->offered++, arrival_ns, pass_front (self, arrival_ns), WP_TIME_NONE, FALSE };

  if (self->requests++ == 0)
    {
      self->first_ns = arrival_ns;
      if (job.request == 0)
        self->depth_counted_ns = self->busy_counted_ns = self->from_ns = arrival_ns;
    }
  job_heap_push (&self->coming, job);
  advance (self, arrival_ns);

  return !self->overflowed;
}

void
wp_shared_queue_start_counting (WpSharedQueue *self, gint64 now_ns)
{
  advance (self, now_ns);
  end_commits (self, now_ns);
  drop_parked (self, now_ns);
  wp_histograms_clear (&self->histograms);
  wp_histograms_init (&self->histograms);
  self->requests = self->accepted = self->blocked = self->finished = 0;
  self->n_commits = self->rows = 0;
  self->completed = self->busy_max = self->busy_jobs;
  self->blocked_peak = self->parked.length;
  self->time_full_ns = 0;
  self->first_full_ns = WP_TIME_NONE;
  self->busy_ns = self->committing_ns = self->service_ns = 0;
  self->counted_from = self->offered;
  self->from_ns = now_ns;
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
  end_commits (self, G_MAXINT64);
  count_depth (self, self->last_ns);
  fill_summary (self, summary);

  return TRUE;
}

void
wp_shared_queue_figures (const WpSharedQueue *self, WpSharedQueueFigures *figures)
{
  double threads = (double) self->options.fronts * self->options.threads;
  double lasted_ns = (double) (self->last_ns - self->first_ns);

  figures->commits = self->n_commits;
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
