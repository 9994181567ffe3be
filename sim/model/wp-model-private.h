/* wp-model-private.h - the model's internals, shared by its two ways through a batch. */
#pragma once

#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-histogram.h"
#include "sim/model/wp-model.h"
#include "sim/model/wp-ring.h"

struct _WpModel {
  WpLayout layout;
  gint64 may_wait_ns;    /* a request that would be parked for longer is turned away */
  WpOutcome turned_away; /* its outcome then */
  gint64 drop_after_ns;  /* a job that has not started this long after its arrival is dropped; G_MAXINT64:
                            never */

  gsize full_jobs; /* the depth of a full queue; G_MAXSIZE if full does not depend on the depth */

  WpServerTimes workers;
  WpRing waiting; /* when each queued job leaves the queue; the next acceptance removes earlier ones */
  /* ends of the parked requests; the next parked request removes earlier ones */
  WpStepRing parked;
  gint64 entered_ns;        /* the latest acceptance into the queue */
  gint64 counted_ns;        /* the depth is counted up to here */
  gint64 first_ns, last_ns; /* first arrival, last finish */

  guint64 requests, accepted, refused, blocked, blocked_peak;
  guint64 timed_out;    /* included in @refused */
  guint64 dropped;      /* included in @accepted */
  WpUint128 dropped_ns; /* from their arrival to their leaving */
  gint64 time_full_ns, first_full_ns;
  WpUint128 service_ns; /* of the workers: with the dispatches */
  WpUint128 dispatch_ns;
  WpHistogram *blocked_time; /* of the requests that were blocked and accepted */
  WpHistogram *wait;         /* of the started jobs that waited */
  WpHistogram *response;
  WpHistogram *depth;

  /* parked requests * ns: by the clock up to parked_counted_ns, and by the requests' own times */
  WpUint128 parked_ns;
  WpUint128 parked_own_ns;
  gint64 parked_counted_ns;
  /* jobs * ns after the warm-up of jobs that arrived during it: waiting and in service */
  WpUint128 carried_depth_ns, carried_busy_ns;
  guint64 carried; /* of them, those that finish */
  WpRing starts;   /* during the warm-up: when the jobs that wait for a worker start */
};

/* Removes the requests that are no longer parked at @now_ns. Counts by the clock, for the check of Little's
 * law. */
static inline void
wp_model_unpark (WpModel *self, gint64 now_ns)
{
  while (self->parked.steps.length > 0 && self->parked.front <= now_ns)
    {
      self->parked_ns
          += (WpUint128) self->parked.steps.length * (guint64) (self->parked.front - self->parked_counted_ns);
      self->parked_counted_ns = self->parked.front;
      wp_step_ring_pop (&self->parked);
    }
  self->parked_ns += (WpUint128) self->parked.steps.length * (guint64) (now_ns - self->parked_counted_ns);
  self->parked_counted_ns = now_ns;
}

/* Parks a request until @ended_ns, the earlier of its acceptance and its latest wait. Ends are in order of
 * arrival. The caller counts the request as blocked and adds its time to parked_own_ns. */
static inline void
wp_model_park (WpModel *self, gint64 arrival_ns, gint64 ended_ns)
{
  wp_model_unpark (self, arrival_ns);
  wp_step_ring_push (&self->parked, ended_ns);
  self->blocked_peak = MAX (self->blocked_peak, self->parked.steps.length);
}

static inline void
wp_model_count_full (WpModel *self, gint64 from_ns, gint64 until_ns)
{
  if (self->first_full_ns == WP_TIME_NONE)
    self->first_full_ns = from_ns;
  self->time_full_ns += until_ns - from_ns;
}

/* Counts the current depth for the time from counted_ns to @until_ns. */
static inline void
wp_model_count_depth (WpModel *self, gint64 until_ns)
{
  if (until_ns == self->counted_ns)
    return;
  wp_histogram_add_inline (self->depth, (gint64) self->waiting.length,
                           (guint64) (until_ns - self->counted_ns));
  if (self->waiting.length == self->full_jobs)
    wp_model_count_full (self, self->counted_ns, until_ns);
  self->counted_ns = until_ns;
}

/* Removes the jobs of the warm-up that have started by @now_ns. */
static inline void
wp_model_begin_starts (WpModel *self, gint64 now_ns)
{
  while (self->starts.length > 0 && wp_ring_front (&self->starts) <= now_ns)
    wp_ring_pop (&self->starts);
}

/* Forgets all that was counted up to @now_ns. Requests in the system stay, and their remaining times are
 * carried over. */
void wp_model_reset_counts (WpModel *self, gint64 now_ns);

/* Adds what @other counted; both are finished. Their workers become those of one model, whose depth and
 * blocked_peak the caller sets: they are not sums. */
void wp_model_merge (WpModel *self, WpModel *other);

/* Offers row by row, for all sizes; the caller has counted requests and first arrival. */
gboolean wp_model_offer_general (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
                                 WpRequestResult *results);

/* Jobs that started or will start: all accepted jobs that are not dropped. */
static inline guint64
wp_model_started (const WpModel *self)
{
  return self->accepted - self->dropped;
}

/* Is it one worker with a queue of at least one job and no dropped jobs? */
static inline gboolean
wp_model_is_single (const WpModel *self)
{
  return self->layout.workers == 1 && self->layout.queue_jobs > 0 && self->drop_after_ns == G_MAXINT64;
}

/* The same for a single worker, in passes over the batch without mispredicted branches. Rows that may find
 * the queue full go through wp_model_offer_general(). */
gboolean wp_model_offer_single (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);
