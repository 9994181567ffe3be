/* wp-shared-queue-private.h - the state of a shared queue, which its figures are made from too. */
#pragma once

#include "sim/model/wp-heap.h"
#include "sim/model/wp-ring.h"
#include "sim/model/wp-shared-queue.h"
#include "sim/stats/wp-histogram.h"

typedef struct {
  guint64 request; /* its number in order of arrival, from 0 */
  gint64 arrival_ns, accepted_ns, started_ns;
  guint worker;
  gboolean blocked;
} WpSharedJob;

/* At a worker. */
typedef struct {
  gint64 at_ns;
  guint worker, jobs;
} WpSharedEvent;

static inline gboolean
wp_shared_event_is_sooner (const WpSharedEvent *a, const WpSharedEvent *b)
{
  return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->worker < b->worker);
}

static inline gboolean
wp_shared_job_is_sooner (const WpSharedJob *a, const WpSharedJob *b)
{
  return a->accepted_ns < b->accepted_ns || (a->accepted_ns == b->accepted_ns && a->request < b->request);
}

WP_DEFINE_RING (WpSharedJobs, wp_shared_jobs, WpSharedJob)
WP_DEFINE_HEAP (WpSharedJobHeap, wp_shared_job_heap, WpSharedJob, wp_shared_job_is_sooner)
WP_DEFINE_RING (WpSharedEvents, wp_shared_events, WpSharedEvent)
WP_DEFINE_HEAP (WpSharedEventHeap, wp_shared_event_heap, WpSharedEvent, wp_shared_event_is_sooner)

typedef struct {
  guint next_thread;   /* the one that is free first */
  gint64 confirmed_ns; /* of the last publish */
  WpCommitDraws confirms;
} WpSharedFront;

typedef struct {
  WpSharedJobs jobs; /* in service, then those that wait for that */
  guint in_service;  /* at most a batch */
  guint in_commit;   /* the first of them; 0: the writer is idle */
  guint credit;      /* jobs that the engine may still give it */
  gboolean is_waking, is_in_line;
  WpCommitDraws commits;
} WpSharedWorker;

struct _WpSharedQueue {
  WpSharedQueueOptions options;
  WpLayout layout;
  WpCommit *confirm, *commit;
  WpCommitDraws acknowledgements;
  WpBatchNotify notify;
  gpointer data;

  WpBalancer balancer; /* of the fronts */
  WpSharedFront *fronts;
  gint64 *free_ns; /* of each front, when its threads are free, in a ring */

  gint64 now_ns;
  /* publishes on their way to the engine, or its confirm on its way back: in order of the confirms, and those
   * that a later one of another front precedes */
  WpSharedJobs in_order;
  gint64 last_ordered_ns; /* the last confirm of those in order */
  WpSharedJobHeap out_of_order;
  WpSharedJobs refused;      /* by the engine; their fronts offer them again */
  gint64 retry_at_ns;        /* when the fronts have done so; WP_TIME_NONE: the queue is not open to them */
  WpSharedJobs ready;        /* in the engine's queue */
  guint reopen_jobs;         /* the most ready jobs with which a full queue takes jobs again */
  gboolean is_closed;        /* it has been full, and is not yet below the places at which it opens */
  WpSteps line;              /* workers with credit, in the order in which they get a job each */
  WpSharedJobs deliveries;   /* on their way to workers; started_ns: when they are there */
  WpSharedEvents credits;    /* on their way to the engine */
  gint64 credited_ns;        /* of the last of them */
  WpSharedEventHeap writers; /* ends of commits, and idle writers that wake */
  WpSharedWorker *workers;
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

/* All before @until_ns, before which no more is confirmed; G_MAXINT64: all. */
void wp_shared_queue_advance (WpSharedQueue *self, gint64 until_ns);

/* Counts the current state for the time up to @until_ns. */
static inline void
wp_shared_queue_count_time (WpSharedQueue *self, gint64 until_ns)
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
