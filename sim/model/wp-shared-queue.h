/* wp-shared-queue.h - fronts that put jobs into one shared queue, and workers that each store a batch of them
 * in one commit. */
#pragma once

#include "sim/model/wp-bulk-service.h"
#include "sim/model/wp-fleet.h"

typedef struct {
  guint fronts;      /* >= 1 */
  WpBalance balance; /* of the fronts: WP_BALANCE_ROUND_ROBIN or WP_BALANCE_RANDOM */
  guint64 seed;      /* of WP_BALANCE_RANDOM */
  gint64 front_ns;   /* a front's thread, per request */
  guint threads;     /* of each front, >= 1 */
  gint64 deliver_ns, retry_ns;
  guint batch; /* jobs of one commit, >= 1, at most the places of the queue */
} WpSharedQueueOptions;

/**
 * WpSharedQueue:
 * With f the time at which a thread of the request's front is free, F that of the earliest of the workers,
 * and s[j] the start of job j in order of publishing:
 *
 *     p = max (a, f) + front;  p replaces f           the front publishes
 *     e = p + confirm, but if s[j - K] is later
 *         s[j - K] + retry / 2                        a place is free, and the front has tried again
 *     s = max (F, e + deliver) of the oldest job      a worker takes all that are ready, at most the batch
 *     d = s + the commit's duration;  d replaces F
 *
 * e does not decrease: places are taken in order. An idle worker of a commit with a delay starts that much
 * later. A job's results are known before the next jobs arrive that could be in its batch; O(log fronts +
 * log workers) per job, memory for the jobs in the system and K.
 */
typedef struct _WpSharedQueue WpSharedQueue;

/* Beside the summary's. */
typedef struct {
  guint64 commits;
  double rows_per_commit;   /* NaN: there was no commit */
  double front_utilisation; /* of the fronts' threads, from the first arrival to the last finish; NaN likewise
                             */
} WpSharedQueueFigures;

/* @layout: workers and places of the queue. @confirm: how long a publish of one job takes by the rate of a
 * front, as a commit of one row. @commit: of a worker. Takes references of both. @notify: (nullable) */
WpSharedQueue *wp_shared_queue_new (const WpSharedQueueOptions *options, const WpLayout *layout,
                                    WpCommit *confirm, WpCommit *commit, WpBatchNotify notify, gpointer data);
void wp_shared_queue_free (WpSharedQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSharedQueue, wp_shared_queue_free)

/* As the functions of WpBulkService. */
gboolean wp_shared_queue_offer (WpSharedQueue *self, gint64 arrival_ns);
void wp_shared_queue_start_counting (WpSharedQueue *self, gint64 now_ns);
gboolean wp_shared_queue_finish (WpSharedQueue *self, WpSummary *summary);
gboolean wp_shared_queue_check (const WpSharedQueue *self, GError **error);

/* After wp_shared_queue_finish(). */
void wp_shared_queue_figures (const WpSharedQueue *self, WpSharedQueueFigures *figures);
