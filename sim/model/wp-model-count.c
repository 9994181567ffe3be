#include <string.h>

#include "sim/model/wp-model-private.h"

static void
forget_histogram (WpHistogram **histogram)
{
  wp_histogram_free (*histogram);
  *histogram = wp_histogram_new ();
}

/* The sum of the remaining times in the queue of the queued jobs. */
static WpUint128
queue_left (const WpRing *waiting, gint64 now_ns)
{
  WpUint128 left_ns = 0;

  for (gsize i = 0; i < waiting->length; i++)
    left_ns += (guint64) (wp_ring_at (waiting, i) - now_ns);

  return left_ns;
}

/* The sum of the remaining times of the parked requests. */
static WpUint128
parked_left (WpStepRing parked, gint64 now_ns)
{
  WpUint128 left_ns = 0;

  for (; parked.steps.length > 0; wp_step_ring_pop (&parked))
    left_ns += (guint64) (parked.front - now_ns);

  return left_ns;
}

/* If the depth is counted beyond @now_ns, a request that is parked at @now_ns gets a place by then: the queue
 * is full in between. */
static void
carry_depth (WpModel *self, gint64 now_ns)
{
  self->carried_depth_ns = queue_left (&self->waiting, self->counted_ns);
  if (self->counted_ns <= now_ns)
    return;
  wp_histogram_add (self->depth, self->layout.queue_jobs, (guint64) (self->counted_ns - now_ns));
  self->carried_depth_ns += (WpUint128) self->layout.queue_jobs * (guint64) (self->counted_ns - now_ns);
  self->time_full_ns = self->counted_ns - now_ns;
  self->first_full_ns = now_ns;
}

/* A worker that is busy at @now_ns stays busy until its free time: no job waits while a worker is idle. */
static WpUint128
busy_left (const WpServerTimes *workers, gint64 now_ns)
{
  WpUint128 left_ns = 0;

  for (gsize i = 0; i < workers->n; i++)
    left_ns += (guint64) MAX (0, workers->times[(workers->head + i) & workers->mask] - now_ns);

  return left_ns;
}

/* Jobs that are in service at @now_ns or start later, of those that have been offered. While one waits, every
 * worker is busy; else each busy worker has its last job. */
static guint64
count_unfinished (WpModel *self, gint64 now_ns)
{
  wp_model_begin_starts (self, now_ns);
  if (self->starts.length > 0)
    return self->layout.workers + self->starts.length;

  return wp_model_count_busy (self, now_ns);
}

guint64
wp_model_count_busy (const WpModel *self, gint64 now_ns)
{
  guint64 busy = 0;

  for (gsize i = 0; i < self->workers.n; i++)
    busy += self->workers.times[(self->workers.head + i) & self->workers.mask] > now_ns;

  return busy;
}

void
wp_model_reset_counts (WpModel *self, gint64 now_ns)
{
  forget_histogram (&self->blocked_time);
  forget_histogram (&self->wait);
  forget_histogram (&self->response);
  forget_histogram (&self->depth);
  self->requests = self->accepted = self->refused = self->blocked = self->dropped = 0;
  memset (self->turned_away_as, 0, sizeof self->turned_away_as);
  self->dropped_ns = 0;
  self->time_full_ns = 0;
  self->first_full_ns = WP_TIME_NONE;
  self->service_ns = self->dispatch_ns = 0;
  wp_model_unpark (self, now_ns);
  self->blocked_peak = self->parked.steps.length;
  self->parked_ns = 0;
  self->parked_own_ns = parked_left (self->parked, now_ns);
  carry_depth (self, now_ns);
  self->carried_busy_ns = busy_left (&self->workers, now_ns);
  self->carried = count_unfinished (self, now_ns);
  wp_ring_clear (&self->starts);
}

static void
merge_times (WpModel *self, const WpModel *other)
{
  wp_histogram_merge (self->blocked_time, other->blocked_time);
  wp_histogram_merge (self->wait, other->wait);
  wp_histogram_merge (self->response, other->response);
  self->dropped_ns += other->dropped_ns;
  self->service_ns += other->service_ns;
  self->dispatch_ns += other->dispatch_ns;
  self->parked_ns += other->parked_ns;
  self->parked_own_ns += other->parked_own_ns;
  self->carried_depth_ns += other->carried_depth_ns;
  self->carried_busy_ns += other->carried_busy_ns;
  self->time_full_ns += other->time_full_ns;
}

void
wp_model_merge (WpModel *self, WpModel *other)
{
  wp_model_unpark (other, G_MAXINT64);
  merge_times (self, other);
  if (other->requests > 0)
    self->first_ns = self->requests > 0 ? MIN (self->first_ns, other->first_ns) : other->first_ns;
  self->last_ns = MAX (self->last_ns, other->last_ns);
  if (other->first_full_ns != WP_TIME_NONE)
    self->first_full_ns = self->first_full_ns == WP_TIME_NONE
                              ? other->first_full_ns
                              : MIN (self->first_full_ns, other->first_full_ns);
  self->requests += other->requests;
  self->accepted += other->accepted;
  self->refused += other->refused;
  for (guint i = 0; i < G_N_ELEMENTS (self->turned_away_as); i++)
    self->turned_away_as[i] += other->turned_away_as[i];
  self->dropped += other->dropped;
  self->blocked += other->blocked;
  self->carried += other->carried;
  self->layout.workers += other->layout.workers;
  self->workers.n += other->workers.n;
}

void
wp_sums_add_times (WpSums *self, const WpHistogram *wait, const WpHistogram *response,
                   const WpHistogram *blocked_time, const WpHistogram *depth)
{
  self->blocked_accepted = (double) blocked_time->total;
  self->wait = (double) wait->sum / 1e9;
  self->response = (double) response->sum / 1e9;
  self->blocked_time = (double) blocked_time->sum / 1e9;
  self->depth = (double) depth->sum / 1e9;
}

guint64
wp_model_requests (const WpModel *self)
{
  return self->requests;
}

gint64
wp_model_sums (const WpModel *self, gint64 now_ns, WpSums *sums)
{
  gint64 clock_ns = wp_server_times_next (&self->workers, now_ns);

  *sums = (WpSums){
    .requests = (double) self->requests,
    .accepted = (double) self->accepted,
    .started = (double) wp_model_started (self),
    .refused = (double) self->refused,
    .blocked = (double) self->blocked,
    .service = ((double) self->service_ns - (double) busy_left (&self->workers, clock_ns)) / 1e9,
    .depth_clock = (double) self->counted_ns / 1e9,
  };
  wp_sums_add_times (sums, self->wait, self->response, self->blocked_time, self->depth);

  return clock_ns;
}

gboolean
wp_model_check (WpModel *self, GError **error)
{
  WpUint128 queued_ns = self->wait->sum - self->dispatch_ns + self->dropped_ns - self->blocked_time->sum
                        + self->carried_depth_ns;
  WpUint128 busy_ns = self->service_ns + self->carried_busy_ns;
  WpUint128 makespan_ns = (WpUint128) (guint64) (self->last_ns - self->first_ns);
  guint workers = self->layout.workers; /* the most */

  for (guint i = 0; i < self->layout.n_changes; i++)
    workers = MAX (workers, self->layout.changes[i].workers);

  wp_model_unpark (self, G_MAXINT64);
  return wp_summary_check_law ("response", self->response->sum,
                               self->wait->sum + self->service_ns - self->dispatch_ns, error)
         && (self->accepted == 0 || wp_summary_check_law ("depth", self->depth->sum, queued_ns, error))
         && wp_summary_check_law ("parked", self->parked_ns, self->parked_own_ns, error)
         && (self->accepted == 0 || busy_ns <= makespan_ns * workers
             || wp_summary_check_law ("busy for longer than there are workers", makespan_ns * workers,
                                      busy_ns, error));
}
