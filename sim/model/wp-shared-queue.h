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
  double reopen;  /* the share of its places below which a queue that was full takes jobs again */
  guint batch;    /* jobs in service at a worker, >= 1: those of one commit */
  guint prefetch; /* jobs that the engine gives to a worker before it acknowledges one, >= batch */
} WpSharedQueueOptions;

/**
 * WpSharedQueue:
 * A discrete-event model of fronts, the engine and W workers.
 *
 * - A front has a processor: with f the time at which one of its threads is free, p = max (a, f) + front; p
 *   replaces f. The engine takes publishes in this order: the job is accepted at e = p + confirm.
 * - With more than K jobs ready, the queue is full: it refuses all that comes, until no more than reopen * K
 *   are ready. Then the fronts offer again what was refused, in order, which takes retry / 2 and a confirm.
 * - A worker has credit for prefetch jobs. The engine gives the oldest ready job to the next worker in turn
 *   that has credit, though another may be idle; it arrives there after deliver.
 * - A worker has up to a batch in service, and the others wait for that. Its writer commits all that are in
 *   service; those that come meanwhile are in its next commit. An idle writer of a commit with a delay wakes
 *   that much later.
 * - At the end of a commit its jobs are acknowledged, which takes the engine as long as a publish. Then their
 *   credit is given again.
 *
 * Source: rabbit_fifo.erl of RabbitMQ 3.10, for the turns of the workers and the two limits. O(log workers)
 * per job, and O(log n) with n confirms that overtake each other; memory for the jobs in the system.
 */
typedef struct _WpSharedQueue WpSharedQueue;

/* Beside the summary's. */
typedef struct {
  guint64 commits;
  guint64 ready_max;        /* jobs that waited in the engine's queue */
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
