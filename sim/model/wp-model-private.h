/* wp-model-private.h - the model's internals, shared by its two ways through a batch. */
#pragma once

#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-histogram.h"
#include "sim/model/wp-heap.h"
#include "sim/model/wp-model.h"
#include "sim/model/wp-ring.h"

#define wp_time_before(a, b) (*(a) < *(b))
WP_DEFINE_HEAP (WpTimeHeap, wp_time_heap, gint64, wp_time_before)

/* Where the sizes change during a run. All changes are known at the start; each takes effect once no event
 * before it can be caused any more: for the policy that is an arrival, for the queue an acceptance, for the
 * workers a start. */
typedef struct {
  WpLayout layout;                 /* of the start */
  guint policies, queues, workers; /* number of changes that have taken effect for each */
  gint64 started_ns;               /* no job starts before the last change of the workers */
  GArray *retired;                 /* (element-type gint64): free times of workers that were taken away */
  GArray *busy;                    /* (element-type WpJobTime): each job in service */
  WpTimeHeap parked;               /* ends of the parked requests: timeouts differ, so they have no order */
  gint64 patience_ns;
} WpModelChanges;

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
  guint64 turned_away_as[WP_OUTCOME_ABANDONED + 1]; /* the parts of @refused */
  guint64 dropped;                                  /* included in @accepted */
  WpUint128 dropped_ns;                             /* from their arrival to their leaving */
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

  WpModelChanges *changes; /* NULL: the sizes stay */
};

void wp_model_changes_begin (WpModel *self, gint64 patience_ns);
void wp_model_changes_free (WpModelChanges *self);

/* The three that offer_one() does otherwise where the sizes change. A request that arrives at @arrival_ns:
 * the policy for it; when it starts, at the earliest worker by the sizes then; when it is accepted. */
void wp_model_changes_arrive (WpModel *self, gint64 arrival_ns);
gint64 wp_model_changes_start (WpModel *self, gint64 arrival_ns);
gint64 wp_model_changes_accept (WpModel *self, gint64 arrival_ns, gint64 started_ns);

void wp_model_changes_serve (WpModel *self, gint64 from_ns, gint64 until_ns); /* a job occupies a worker */

void wp_model_changes_park (WpModel *self, gint64 arrival_ns, gint64 ended_ns);
void wp_model_changes_finish (WpModel *self); /* counts up to the last finish */

/* Moves the depth on to @now_ns. */
void wp_model_leave_queue_until (WpModel *self, gint64 now_ns);

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
  if (self->waiting.length >= self->full_jobs)
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
  return self->layout.workers == 1 && self->layout.queue_jobs > 0 && self->drop_after_ns == G_MAXINT64
         && !self->changes;
}

/* The same for a single worker, in passes over the batch without mispredicted branches. Rows that may find
 * the queue full go through wp_model_offer_general(). */
gboolean wp_model_offer_single (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);
