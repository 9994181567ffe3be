/* wp-closed-loop.h - a closed loop, as of wrk: each client waits for its response before it sends its next
 * request. */
#pragma once

#include "sim/run/wp-run.h"

typedef struct {
  guint clients;         /* P >= 1; all send their first request at 0 */
  gboolean until_stored; /* the response comes when the job is stored, not when it is accepted; a refused
                          * client, or one that leaves, continues too */
  gint64 duration_ns;    /* clients stop sending; WP_TIME_NONE: no end */
  guint64 limit_rows;    /* requests; 0: no limit */
  guint64 warmup_rows;   /* first requests that are not counted */
  gint64 warmup_ns;      /* requests sent before it are not counted; WP_TIME_NONE: none */
  WpHttpStageOptions http_stage; /* the station before the queue; time 0: none */
} WpClosedLoopOptions;

/**
 * wp_closed_loop_run:
 * @options: with a duration, a limit or both
 * @service: without group commit, for which there is wp_closed_loop_bulk_run()
 * @think: time from a response to the next request
 * @dispatch: (nullable): time from a free worker to the start of its job, drawn for each
 * @parts: (nullable): gets the sums of the run's parts
 *
 * Returns: FALSE if the simulated time does not advance (answers and think times of 0) or exceeds 292 years.
 */
gboolean wp_closed_loop_run (const WpClosedLoopOptions *options, const WpLayout *layout, gint64 patience_ns,
                             WpServiceTime *service, WpServiceTime *think, WpServiceTime *dispatch,
                             WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic,
                             GError **error);

/* Like wp_closed_loop_run(), for a service with group commit, where a request's result is known late. */
gboolean wp_closed_loop_bulk_run (const WpClosedLoopOptions *options, const WpLayout *layout,
                                  gint64 patience_ns, WpServiceTime *service, WpServiceTime *think,
                                  WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic,
                                  GError **error);
