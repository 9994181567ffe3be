/* wp-closed-loop.h - a closed loop: clients that each send their next request once the last was answered, as
 * wrk does. */
#pragma once

#include "sim/run/wp-run.h"

typedef struct {
  guint clients;         /* P >= 1; all send their first request at 0 */
  gboolean until_stored; /* the answer comes when the job is stored, not when it is accepted; who is refused
                          * or leaves goes on too */
  gint64 duration_ns;    /* nothing is sent from then on; WP_TIME_NONE: no end */
  guint64 limit_rows;    /* requests; 0: no limit */
  guint64 warmup_rows;   /* the first requests, not counted */
  gint64 warmup_ns;      /* those that are sent before; WP_TIME_NONE: none */
  WpHttpStageOptions http_stage; /* what requests pass before they arrive at the queue; time 0: nothing */
} WpClosedLoopOptions;

typedef struct _WpClosedLoop WpClosedLoop;

/* @service is of no database that commits in groups: that has wp_closed_loop_bulk_go().
 * @service and @think (how long a client waits after an answer) outlive it. One of duration and limit is
 * there. */
WpClosedLoop *wp_closed_loop_new (const WpClosedLoopOptions *options, const WpLayout *layout,
                                  gint64 patience_ns, WpServiceTime *service, WpServiceTime *think);
void wp_closed_loop_free (WpClosedLoop *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClosedLoop, wp_closed_loop_free)

/* As wp_run_watch(), for one model. */
void wp_closed_loop_watch (WpClosedLoop *self, const WpObserver *functions, gpointer observer);

/**
 * wp_closed_loop_go:
 * @parts: (nullable): gets the sums of the run's parts
 *
 * Once. Returns: FALSE where time stands still (an answer that takes no time, and no thinking), passes 292
 * years, or an observer said so.
 */
gboolean wp_closed_loop_go (WpClosedLoop *self, WpBatchMeans *parts, WpSummary *summary,
                            WpTrafficSummary *traffic, GError **error);
