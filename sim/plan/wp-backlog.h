/* wp-backlog.h - a queue without limit before c workers: one pass gives the figures for every size of the
 * queue. */
#pragma once

#include "sim/model/wp-summary.h"

/**
 * WpBacklog:
 *
 * With patient clients the size K of the queue changes no start and no finish, only where a request waits: of
 * the backlog of L requests that have arrived and not started, min (L, K) are in the queue. With q the
 * backlog that request n finds,
 *
 *     depth (t) = min (L (t), K)      full while L (t) >= K (K >= 1); for K = 0, while every worker is busy
 *     blocked: q >= K, and it must wait;  accepted - arrival = s[n - K] - a[n]
 *
 * The figures are those that WpModel has for the same sizes. Memory: of the longest backlog.
 */
typedef struct _WpBacklog WpBacklog;

typedef enum {
  WP_BACKLOG_RESPONSE = 1 << 0, /* response times */
  /* the time at each length: depth, time_full, first_full, and the mean time blocked */
  WP_BACKLOG_TIME = 1 << 1,
  WP_BACKLOG_ALL = WP_BACKLOG_RESPONSE | WP_BACKLOG_TIME
} WpBacklogParts;

/* @queues: @n_queues sizes of which blocked_time and accept_latency are wanted too, each at some cost;
 * copied. */
WpBacklog *wp_backlog_new (guint workers, guint parts, const guint *queues, guint n_queues);
void wp_backlog_free (WpBacklog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBacklog, wp_backlog_free)

/**
 * wp_backlog_new_reduced:
 * @at_longest: requests that found a backlog of one less than the longest, and waited
 * @all_busy: were all workers busy at some moment, for a time?
 * @wait: of the requests that waited, without their sum; taken
 *
 * A finished backlog of which no more than that is known: no part, no blocked times, no mean, nothing about
 * busy workers.
 */
WpBacklog *wp_backlog_new_reduced (guint workers, guint64 requests, gsize longest, guint64 at_longest,
                                   gboolean all_busy, WpHistogram *wait);

/* Is the number known that a queue of that size blocks? Otherwise wp_backlog_blocked() is between 1 and that.
 */
gboolean wp_backlog_knows (const WpBacklog *self, guint64 queue_jobs);

/* As wp_model_offer(): rows in order; FALSE where a time no longer fits 292 years. */
gboolean wp_backlog_offer (WpBacklog *self, const gint64 *arrivals_ns, const gint64 *services_ns,
                           gsize n_rows);

/* Once, after the last row. */
void wp_backlog_finish (WpBacklog *self);

/* The smallest queue in which nobody is blocked: the longest backlog; 0 if nobody ever waits. */
guint64 wp_backlog_longest (const WpBacklog *self);

/* So far: the most workers busy at once; a zero-service job counts. Of a reduced backlog, all. */
guint64 wp_backlog_busiest (const WpBacklog *self);

/* So far: requests that a queue of that size blocks. */
guint64 wp_backlog_blocked (const WpBacklog *self, guint64 queue_jobs);

/* So far: is that queue full at some moment, if only for an instant? A request that arrives then would be
 * blocked. */
gboolean wp_backlog_fills (const WpBacklog *self, guint64 queue_jobs);

/* of the requests that waited, until wp_backlog_finish() */
const WpHistogram *wp_backlog_wait (const WpBacklog *self);
const WpHistogram *wp_backlog_response (const WpBacklog *self); /* NULL without WP_BACKLOG_RESPONSE */

/* After wp_backlog_finish(). What was not asked for is null. */
void wp_backlog_summary (const WpBacklog *self, guint queue_jobs, WpSummary *summary);
