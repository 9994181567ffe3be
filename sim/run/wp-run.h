/* wp-run.h - one pass over a trace, through several models at once. */
#pragma once

#include "sim/model/wp-batch-means.h"
#include "sim/model/wp-fleet.h"
#include "sim/model/wp-http-stage.h"
#include "sim/model/wp-model.h"
#include "sim/model/wp-service-time.h"
#include "sim/model/wp-shared-queue.h"
#include "sim/model/wp-traffic.h"
#include "sim/plan/wp-trace-buffer.h"
#include "sim/run/wp-timeline.h"

typedef struct _WpRun WpRun;

/* @trace: not yet read from. @policies: @n_models of them, perhaps none, checked, none with WP_MODE_ALL. All
 * outlive the run. */
WpRun *wp_run_new (WpTrace *trace, WpServiceTime *service, const WpPolicy *policies, guint n_models,
                   gint64 patience_ns);
void wp_run_free (WpRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRun, wp_run_free)

/* Before wp_run_execute(): adds the HTTP stage before the queue. The traffic summary counts arrivals at the
 * HTTP stage, all others count arrivals at the queue. A time of 0: no stage. */
void wp_run_set_http_stage (WpRun *self, const WpHttpStageOptions *http_stage);

/* Before wp_run_execute(): the time from a free worker to the start of its job, one draw for each request.
 * @dispatch outlives the run. Not with group commit. NULL: none. */
void wp_run_set_dispatch (WpRun *self, WpServiceTime *dispatch);

/* Before wp_run_execute(): the first model is a fleet of servers with its policy each. Not with parts;
 * with an HTTP stage of its own. With group commit it has none, and the second model is a shared queue with
 * as many writers. No instances: there is no fleet. */
void wp_run_set_fleet (WpRun *self, const WpFleetOptions *fleet);

/* Before wp_run_execute(): the only model is fronts and workers with one shared queue, of the first policy's
 * sizes. With group commit; not with an HTTP stage or parts. @confirm outlives the run. No fronts: there is
 * none. */
void wp_run_set_shared_queue (WpRun *self, const WpSharedQueueOptions *options, WpCommit *confirm);

/* After wp_run_execute(). FALSE: there is no shared queue. */
gboolean wp_run_shared_queue_figures (const WpRun *self, WpSharedQueueFigures *figures);

/* After wp_run_execute(). FALSE: there is no HTTP stage. */
gboolean wp_run_http_stage_summary (const WpRun *self, WpHttpStageSummary *summary);

/* Before wp_run_execute(); @observer outlives it. */
void wp_run_watch (WpRun *self, const WpObserver *functions, gpointer observer);

/* Before wp_run_execute(): states over time, see wp_timeline_sample() and wp_timeline_follow(). */
void wp_run_sample (WpRun *self, const WpStateSampler *functions, gpointer sampler, gint64 first_ns,
                    gint64 interval_ns);
void wp_run_follow (WpRun *self, guint model, WpStateValue value, WpDownsample *values);

/* Before wp_run_execute(): with more than one, some models may run on a second thread. */
void wp_run_set_threads (WpRun *self, guint threads);

/* Before wp_run_execute(): the first @rows, and those that arrive before @ns (WP_TIME_NONE: none), are
 * simulated but not counted. */
void wp_run_warm_up (WpRun *self, guint64 rows, gint64 ns);

/* Before wp_run_execute(): collects the sums of the run's parts, one for each model; @parts outlive the run.
 */
void wp_run_watch_parts (WpRun *self, WpBatchMeans *const *parts);

/**
 * wp_run_execute:
 * @summary: (out): one for each model
 *
 * Call it once. Returns: FALSE with the error of the trace's reader or an observer, or if a time exceeds 292
 * years.
 */
gboolean wp_run_execute (WpRun *self, WpSummary *summary, WpTrafficSummary *traffic, GError **error);

/* The same with the arrivals and services of rows that were read before; the trace is not read again. */
gboolean wp_run_execute_rows (WpRun *self, const WpTraceBuffer *rows, WpSummary *summary,
                              WpTrafficSummary *traffic, GError **error);
