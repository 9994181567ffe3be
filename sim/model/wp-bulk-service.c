#include "sim/model/wp-bulk-service.h"

#include "sim/model/wp-ring.h"
#include "sim/stats/wp-histogram.h"

typedef struct {
  guint64 request; /* its number in order of arrival, from 0 */
  guint64 number;  /* as its results have it */
  gint64 arrival_ns, accepted_ns, started_ns;
  gboolean blocked;
} Job;

WP_DEFINE_RING (JobRing, job_ring, Job)

struct _WpBulkService {
  WpLayout layout;
  gint64 may_wait_ns;    /* a parked request leaves after this time */
  WpOutcome turned_away; /* its outcome then */
  gint64 drop_after_ns;  /* a queued job is dropped this long after its arrival; G_MAXINT64: never */
  WpCommit *commit;
  WpCommitDraws draws;
  WpBatchNotify notify;
  gpointer data;

  JobRing in_service; /* first the jobs of the current commit, then those handed to the writer */
  gsize in_commit;    /* jobs of the current commit */
  JobRing queue, parked;
  gint64 commit_ends_ns, take_at_ns; /* WP_TIME_NONE: no commit runs; no commit is due to start */
  gint64 now_ns, first_ns, last_ns;  /* counted up to here; first arrival, last finish */
  gboolean overflowed;

  guint64 offered;      /* since the start */
  guint64 counted_from; /* earlier requests belong to the warm-up */
  guint64 requests, accepted, dropped, refused, blocked, blocked_peak, busy_max, finished;
  guint64 completed; /* finished since the counting began, and with those of the warm-up */
  gint64 time_full_ns, first_full_ns;
  WpUint128 busy_ns, service_ns;
  WpHistograms histograms;
};

WpBulkService *
wp_bulk_service_new (const WpLayout *layout, gint64 patience_ns, WpCommit *commit, WpBatchNotify notify,
                     gpointer data)
{
  WpBulkService *self = g_new0 (WpBulkService, 1);
  gint64 timeout_ns = layout->block_timeout_ns == WP_TIME_NONE ? G_MAXINT64 : layout->block_timeout_ns;

  if (patience_ns == WP_TIME_NONE)
    patience_ns = G_MAXINT64;
  self->layout = *layout;
  self->may_wait_ns = MIN (timeout_ns, patience_ns);
  self->turned_away = timeout_ns <= patience_ns ? WP_OUTCOME_TIMED_OUT : WP_OUTCOME_ABANDONED;
  self->drop_after_ns = layout->drops_queued ? patience_ns : G_MAXINT64;
  self->commit = wp_commit_ref (commit);
  wp_commit_restart (commit, &self->draws);
  self->notify = notify;
  self->data = data;
  self->commit_ends_ns = self->take_at_ns = self->first_full_ns = WP_TIME_NONE;
  wp_histograms_init (&self->histograms);

  return self;
}

void
wp_bulk_service_free (WpBulkService *self)
{
  job_ring_clear (&self->in_service);
  job_ring_clear (&self->queue);
  job_ring_clear (&self->parked);
  wp_commit_unref (self->commit);
  wp_histograms_clear (&self->histograms);
  g_free (self);
}

static inline gboolean
counts (const WpBulkService *self, const Job *job)
{
  return job->request >= self->counted_from;
}

static void
notify_result (const WpBulkService *self, const Job *job, gint64 ended_ns, WpOutcome outcome)
{
  WpRequestResult result
      = { job->accepted_ns, job->started_ns, outcome == WP_OUTCOME_STORED ? ended_ns : WP_TIME_NONE,
          ended_ns,         outcome,         job->blocked };

  if (self->notify)
    self->notify (job->number, &result, self->data);
}

static inline gboolean
has_idle_worker (const WpBulkService *self)
{
  return self->layout.workers == WP_UNBOUNDED || self->in_service.length < self->layout.workers;
}

static gboolean
is_full (const WpBulkService *self)
{
  if (!self->layout.can_be_full || has_idle_worker (self))
    return FALSE;

  return self->layout.queue_jobs == WP_UNBOUNDED ? FALSE : self->queue.length >= self->layout.queue_jobs;
}

/* Counts the current state for the time from now_ns to @until_ns. */
static void
count_time (WpBulkService *self, gint64 until_ns)
{
  guint64 passed_ns = (guint64) (until_ns - self->now_ns);

  if (passed_ns == 0)
    return;
  if (self->requests > 0 || self->in_service.length > 0) /* counting starts at the first arrival */
    wp_histogram_add_inline (self->histograms.depth, (gint64) self->queue.length, passed_ns);
  self->busy_ns += (WpUint128) self->in_service.length * passed_ns;
  if (is_full (self))
    {
      if (self->first_full_ns == WP_TIME_NONE)
        self->first_full_ns = self->now_ns;
      self->time_full_ns += (gint64) passed_ns;
    }
  self->now_ns = until_ns;
}

/* The writer starts a commit of all jobs handed to it, up to the limit. */
static void
begin_commit (WpBulkService *self)
{
  gsize n = MIN (self->in_service.length, wp_commit_max_rows (self->commit));
  gint64 lasts_ns = wp_commit_draw (self->commit, &self->draws, (guint) n);

  self->take_at_ns = WP_TIME_NONE;
  self->in_commit = n;
  if (__builtin_add_overflow (self->now_ns, lasts_ns, &self->commit_ends_ns))
    self->overflowed = TRUE;
}

static void
wake_writer (WpBulkService *self)
{
  gint64 delay_ns = wp_commit_idle_delay (self->commit, &self->draws);

  if (delay_ns == 0)
    begin_commit (self);
  else if (__builtin_add_overflow (self->now_ns, delay_ns, &self->take_at_ns))
    self->overflowed = TRUE;
}

/* Starts the oldest queued job. */
static void
start_one (WpBulkService *self)
{
  Job job = job_ring_pop (&self->queue);

  job.started_ns = self->now_ns;
  job_ring_push (&self->in_service, job);
  wp_commit_count_row (self->commit, &self->draws, self->now_ns);
  self->busy_max = MAX (self->busy_max, self->in_service.length);
  if (counts (self, &job))
    wp_histogram_add_inline (self->histograms.wait, self->now_ns - job.arrival_ns, 1);
}

static void
accept (WpBulkService *self, Job job)
{
  job.accepted_ns = self->now_ns;
  if (counts (self, &job))
    {
      self->accepted++;
      wp_histogram_add_inline (self->histograms.accept_latency, self->now_ns - job.arrival_ns, 1);
      if (job.blocked)
        wp_histogram_add_inline (self->histograms.blocked_time, self->now_ns - job.arrival_ns, 1);
    }
  job_ring_push (&self->queue, job);
  notify_result (self, &job, WP_TIME_NONE, WP_OUTCOME_NONE);
}

/* Idle workers start the oldest jobs; the oldest parked requests fill the free places. */
static void
release (WpBulkService *self)
{
  for (;;)
    if (self->queue.length > 0 && has_idle_worker (self))
      start_one (self);
    else if (self->parked.length > 0 && !is_full (self))
      accept (self, job_ring_pop (&self->parked));
    else
      break;
}

static void
end_commit (WpBulkService *self)
{
  self->commit_ends_ns = WP_TIME_NONE;
  self->last_ns = self->now_ns;
  for (; self->in_commit > 0; self->in_commit--)
    {
      Job job = job_ring_pop (&self->in_service);

      self->completed++;
      if (counts (self, &job))
        {
          self->finished++;
          self->service_ns += (guint64) (self->now_ns - job.started_ns);
          wp_histogram_add_inline (self->histograms.response, self->now_ns - job.arrival_ns, 1);
        }
      notify_result (self, &job, self->now_ns, WP_OUTCOME_STORED);
    }
  release (self);
  if (self->in_service.length > 0)
    begin_commit (self);
}

static void
turn_away (WpBulkService *self, const Job *job, WpOutcome outcome)
{
  self->refused += counts (self, job);
  notify_result (self, job, self->now_ns, outcome);
}

/* The client of the oldest queued job has left; the oldest parked request gets its place. */
static void
drop (WpBulkService *self)
{
  Job job = job_ring_pop (&self->queue);

  self->dropped += counts (self, &job);
  notify_result (self, &job, self->now_ns, WP_OUTCOME_ABANDONED);
  release (self);
}

/* When the oldest job of @jobs leaves, @after_ns after its arrival; WP_TIME_NONE: never. */
static gint64
leaves_of (const JobRing *jobs, gint64 after_ns)
{
  gint64 leaves_ns;

  if (jobs->length == 0 || __builtin_add_overflow (job_ring_front (jobs).arrival_ns, after_ns, &leaves_ns))
    return WP_TIME_NONE;

  return leaves_ns;
}

static gint64
sooner (gint64 one_ns, gint64 other_ns)
{
  return one_ns == WP_TIME_NONE ? other_ns : other_ns == WP_TIME_NONE ? one_ns : MIN (one_ns, other_ns);
}

gint64
wp_bulk_service_next (const WpBulkService *self)
{
  gint64 leaves_ns
      = sooner (leaves_of (&self->queue, self->drop_after_ns), leaves_of (&self->parked, self->may_wait_ns));

  return sooner (sooner (self->commit_ends_ns, self->take_at_ns), leaves_ns);
}

gboolean
wp_bulk_service_advance (WpBulkService *self, gint64 until_ns)
{
  gint64 next_ns;

  while ((next_ns = wp_bulk_service_next (self)) != WP_TIME_NONE && next_ns <= until_ns && !self->overflowed)
    {
      count_time (self, next_ns);
      if (self->commit_ends_ns == next_ns)
        end_commit (self);
      else if (self->take_at_ns == next_ns)
        begin_commit (self);
      else if (leaves_of (&self->queue, self->drop_after_ns) == next_ns)
        drop (self); /* before parked requests, which arrived later */
      else
        {
          Job job = job_ring_pop (&self->parked);

          turn_away (self, &job, self->turned_away);
        }
    }

  return !self->overflowed;
}

static void
arrive (WpBulkService *self, Job job)
{
  if (!is_full (self))
    {
      accept (self, job);
      if (has_idle_worker (self))
        {
          start_one (self);
          if (self->commit_ends_ns == WP_TIME_NONE && self->take_at_ns == WP_TIME_NONE)
            wake_writer (self);
        }
    }
  else if (self->layout.rejects)
    turn_away (self, &job, WP_OUTCOME_REJECTED);
  else
    {
      job.blocked = TRUE;
      job_ring_push (&self->parked, job);
      self->blocked++;
      self->blocked_peak = MAX (self->blocked_peak, self->parked.length);
    }
}

void
wp_bulk_service_set_server (WpBulkService *self, guint server)
{
  wp_commit_restart_of (self->commit, server, &self->draws);
}

guint64
wp_bulk_service_depth (const WpBulkService *self)
{
  return self->queue.length;
}

guint64
wp_bulk_service_parked (const WpBulkService *self)
{
  return self->parked.length;
}

gboolean
wp_bulk_service_offer (WpBulkService *self, gint64 arrival_ns)
{
  return wp_bulk_service_offer_as (self, self->offered, arrival_ns);
}

gboolean
wp_bulk_service_offer_as (WpBulkService *self, guint64 number, gint64 arrival_ns)
{
  Job job = { self->offered++, number, arrival_ns, WP_TIME_NONE, WP_TIME_NONE, FALSE };

  if (!wp_bulk_service_advance (self, arrival_ns))
    return FALSE;
  count_time (self, arrival_ns);
  if (self->requests++ == 0)
    {
      self->first_ns = arrival_ns;
      self->now_ns = arrival_ns;
    }
  arrive (self, job);

  /* a service of 0 ns ends before the next arrival */
  return wp_bulk_service_advance (self, arrival_ns);
}

void
wp_bulk_service_get_state (const WpBulkService *self, guint64 *queued, guint64 *parked, guint64 *in_service)
{
  *queued = self->queue.length;
  *parked = self->parked.length;
  *in_service = self->in_service.length;
}

void
wp_bulk_service_start_counting (WpBulkService *self, gint64 now_ns)
{
  wp_bulk_service_advance (self, now_ns);
  count_time (self, now_ns);
  wp_histograms_clear (&self->histograms);
  wp_histograms_init (&self->histograms);
  self->requests = self->accepted = self->dropped = self->refused = self->blocked = self->finished = 0;
  self->completed = 0;
  self->blocked_peak = self->parked.length;
  self->busy_max = self->in_service.length;
  self->time_full_ns = 0;
  self->first_full_ns = WP_TIME_NONE;
  self->busy_ns = self->service_ns = 0;
  self->counted_from = self->offered;
}

void
wp_bulk_service_sums (const WpBulkService *self, WpSums *sums)
{
  *sums = (WpSums){
    .requests = (double) self->requests,
    .accepted = (double) self->accepted,
    .started = (double) wp_histogram_count (self->histograms.wait),
    .refused = (double) self->refused,
    .blocked = (double) self->blocked,
    .service = (double) self->busy_ns / 1e9,
    .depth_clock = (double) self->now_ns / 1e9,
  };
  wp_sums_add_times (sums, self->histograms.wait, self->histograms.response, self->histograms.blocked_time,
                     self->histograms.depth);
}

static void
count_outcomes (const WpBulkService *self, WpSummary *summary)
{
  guint64 *refused = self->layout.rejects                        ? &summary->rejected
                     : self->turned_away == WP_OUTCOME_TIMED_OUT ? &summary->timed_out
                                                                 : &summary->abandoned;

  *refused = self->refused;
  summary->abandoned += self->dropped;
  summary->requests = self->requests;
  summary->accepted = self->accepted;
  summary->blocked = self->blocked;
  summary->blocked_peak = self->blocked_peak;
}

static void
fill_summary (const WpBulkService *self, WpSummary *summary)
{
  wp_summary_init (summary);
  count_outcomes (self, summary);
  if (self->finished > 0)
    summary->busy_max = (gint64) self->busy_max;
  wp_summary_set_histograms (summary, &self->histograms);
  if (self->layout.can_be_full)
    {
      summary->time_full_ns = self->time_full_ns;
      summary->first_full_ns = self->first_full_ns;
    }
  wp_summary_set_window (summary, self->first_ns, self->finished > 0 ? self->last_ns : WP_TIME_NONE,
                         (double) self->busy_ns, self->completed, self->layout.workers);
}

gboolean
wp_bulk_service_finish (WpBulkService *self, WpSummary *summary)
{
  if (!wp_bulk_service_advance (self, G_MAXINT64))
    return FALSE;
  fill_summary (self, summary);

  return TRUE;
}

void
wp_bulk_service_merge (WpBulkService *self, const WpBulkService *other)
{
  if (other->requests > 0)
    self->first_ns = self->requests > 0 ? MIN (self->first_ns, other->first_ns) : other->first_ns;
  self->last_ns = MAX (self->last_ns, other->last_ns);
  self->requests += other->requests;
  self->accepted += other->accepted;
  self->dropped += other->dropped;
  self->refused += other->refused;
  self->blocked += other->blocked;
  self->busy_max += other->busy_max;
  self->finished += other->finished;
  self->completed += other->completed;
  self->time_full_ns += other->time_full_ns;
  if (self->first_full_ns == WP_TIME_NONE
      || (other->first_full_ns != WP_TIME_NONE && other->first_full_ns < self->first_full_ns))
    self->first_full_ns = other->first_full_ns;
  self->busy_ns += other->busy_ns;
  self->service_ns += other->service_ns;
  wp_histograms_merge_times (&self->histograms, &other->histograms);
}

void
wp_bulk_service_finish_merged (WpBulkService *self, guint servers, guint64 blocked_peak, WpHistogram *depths,
                               WpSummary *summary)
{
  wp_histogram_free (self->histograms.depth);
  self->histograms.depth = depths;
  self->blocked_peak = blocked_peak;
  self->time_full_ns /= servers;
  if (self->layout.workers != WP_UNBOUNDED)
    self->layout.workers *= servers;
  fill_summary (self, summary);
}

gboolean
wp_bulk_service_check (const WpBulkService *self, GError **error)
{
  /* from arrival to leaving */
  WpUint128 dropped_ns = (WpUint128) self->dropped * (guint64) self->drop_after_ns;
  WpUint128 queued_ns = self->histograms.wait->sum + dropped_ns - self->histograms.accept_latency->sum;

  return self->counted_from > 0 || /* after a warm-up the two sides count different jobs */
         (wp_summary_check_law ("depth", self->histograms.depth->sum, queued_ns, error)
          && wp_summary_check_law ("busy", self->busy_ns, self->service_ns, error)
          && wp_summary_check_law ("response", self->histograms.response->sum,
                                   self->histograms.wait->sum + self->service_ns, error));
}
