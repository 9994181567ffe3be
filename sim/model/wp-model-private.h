/* wp-model-private.h - the model's inside, for its two ways through a batch. */
#pragma once

#include "sim/model/wp-server-times.h"
#include "sim/stats/wp-histogram-inline.h"
#include "sim/model/wp-model.h"
#include "sim/model/wp-ring.h"

struct _WpModel {
  WpLayout layout;
  gint64 may_wait_ns;    /* a request is turned away if it would be parked for longer */
  WpOutcome turned_away; /* and this is its outcome then */
  gint64 drop_after_ns;  /* a job is dropped if it has not started by then; G_MAXINT64: none is */

  gsize full_jobs; /* this many in the queue are full; G_MAXSIZE where that is not what full means */

  WpServerTimes workers;
  WpRing waiting; /* when each job in the queue leaves it; the next acceptance takes out those that have */
  /* ends of the parked requests; those that have ended since are dropped at the next one parked */
  WpStepRing parked;
  gint64 entered_ns;        /* the latest acceptance into the queue */
  gint64 counted_ns;        /* the depth is counted up to here */
  gint64 first_ns, last_ns; /* first arrival, last finish */

  guint64 requests, accepted, refused, blocked, blocked_peak;
  guint64 dropped; /* of the accepted */
  gint64 time_full_ns, first_full_ns;
  WpUint128 service_ns;
  WpHistogram *blocked_time; /* of the blocked and accepted: for the others it would be 0 */
  WpHistogram *wait;         /* of those that waited, and started */
  WpHistogram *response;
  WpHistogram *depth;

  /* requests parked times ns, by the clock, up to parked_counted_ns; and by the requests' own ends */
  WpUint128 parked_ns;
  WpUint128 parked_own_ns;
  gint64 parked_counted_ns;
  /* of what came before the counting started: jobs times ns that they still wait and work */
  WpUint128 carried_depth_ns, carried_busy_ns;
};

/* Drops those who are parked no longer at @now_ns. Counts by the clock, which is what Little's law is checked
 * against. */
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

/* Ends come in order of arrival: each is an acceptance, or an arrival plus what everyone may wait, whichever
 * is first. Who calls it counts the request as blocked, and its time as its own. */
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

/* The depth has been what the queue's length says since counted_ns, and is so until @until_ns. */
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

/* Everything that was counted, up to now_ns at least; what is in the system stays there, and is carried over.
 */
void wp_model_forget (WpModel *self, gint64 now_ns);

/* One row after the other, whatever the sizes; requests and first arrival are counted already. */
gboolean wp_model_offer_any (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
                             WpRequestResult *results);

/* Jobs that started, or will: all that were accepted but those that are dropped. */
static inline guint64
wp_model_started (const WpModel *self)
{
  return self->accepted - self->dropped;
}

/* Is there one worker, and a queue worth the name before it, which every job leaves for the worker? */
static inline gboolean
wp_model_is_single (const WpModel *self)
{
  return self->layout.workers == 1 && self->layout.queue_jobs > 0 && self->drop_after_ns == G_MAXINT64;
}

/* The same in passes over the batch without a branch to be mispredicted, where there is one worker; rows that
 * may find the queue full go through wp_model_offer_any(). */
gboolean wp_model_offer_single (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);
