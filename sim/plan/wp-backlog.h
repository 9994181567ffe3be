/* wp-backlog.h - an FCFS queue of unlimited capacity with c workers; one pass gives the summary for every
 * capacity. */
#pragma once

#include "sim/model/wp-summary.h"

/**
 * WpBacklog:
 * With patient clients the capacity K changes no start and no finish, only where a request waits: of a
 * backlog of L requests that have arrived but not started, min (L, K) are in the queue. With q the backlog
 * that request n finds,
 *
 *     depth (t) = min (L (t), K)      full while L (t) >= K (K >= 1); for K = 0, while every worker is busy
 *     blocked: q >= K, and it must wait;  accepted - arrival = s[n - K] - a[n]
 * The summary equals that of WpModel for the same sizes. Needs memory for the longest backlog.
 */
typedef struct _WpBacklog WpBacklog;

typedef enum {
  WP_BACKLOG_RESPONSE = 1 << 0, /* response times */
  /* the time at each length: depth, time_full, first_full, and the mean time blocked */
  WP_BACKLOG_TIME = 1 << 1,
  WP_BACKLOG_ALL = WP_BACKLOG_RESPONSE | WP_BACKLOG_TIME
} WpBacklogParts;

/* @queues: @n_queues capacities for which blocked_time and accept_latency are computed too; copied. */
WpBacklog *wp_backlog_new (guint workers, guint parts, const guint *queues, guint n_queues);
void wp_backlog_free (WpBacklog *self);

/* Before the first row: no capacity above @queue_jobs will be asked for, so that longer backlogs need not be
 * distinguished, which takes 24 bytes for each length. */
void wp_backlog_bound (WpBacklog *self, guint queue_jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBacklog, wp_backlog_free)

/**
 * wp_backlog_new_reduced:
 * @at_longest: requests that found a backlog of one less than the longest, and waited
 * @all_busy: all workers were busy at some time
 * @wait: of the requests that waited, without their sum; taken
 * A finished backlog with reduced statistics: without parts, blocked times, means and busy workers.
 */
WpBacklog *wp_backlog_new_reduced (guint workers, guint64 requests, gsize longest, guint64 at_longest,
                                   gboolean all_busy, WpHistogram *wait);

/* Is the number of requests that this capacity blocks known? If not, it is at least 1, and
 * wp_backlog_blocked() is a lower bound. */
gboolean wp_backlog_is_exact (const WpBacklog *self, guint64 queue_jobs);

/* Offers rows in order. FALSE if a time exceeds 292 years. */
gboolean wp_backlog_offer (WpBacklog *self, const gint64 *arrivals_ns, const gint64 *services_ns,
                           gsize n_rows);

/* Call it once after the last row. */
void wp_backlog_finish (WpBacklog *self);

/* The longest backlog: the smallest capacity that blocks no request; 0 if no request waits. */
guint64 wp_backlog_max_length (const WpBacklog *self);

/* So far: the most workers busy at once; a zero-service job counts. Of a reduced backlog, all. */
guint64 wp_backlog_max_busy (const WpBacklog *self);

/* So far: requests that this capacity blocks. */
guint64 wp_backlog_blocked (const WpBacklog *self, guint64 queue_jobs);

/* So far: was a queue of this capacity ever full, even for 0 ns? An arrival would then have been blocked. */
gboolean wp_backlog_was_full (const WpBacklog *self, guint64 queue_jobs);

/* of the requests that waited, until wp_backlog_finish() */
const WpHistogram *wp_backlog_wait (const WpBacklog *self);
const WpHistogram *wp_backlog_response (const WpBacklog *self); /* NULL without WP_BACKLOG_RESPONSE */

/* After wp_backlog_finish(). Metrics that were not requested are null. */
void wp_backlog_summary (const WpBacklog *self, guint queue_jobs, WpSummary *summary);
