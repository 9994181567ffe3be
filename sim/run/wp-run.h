/* wp-run.h - one pass over a trace, through several models at once. */
#pragma once

#include "sim/model/wp-batch-means.h"
#include "sim/model/wp-http-stage.h"
#include "sim/model/wp-model.h"
#include "sim/model/wp-service-time.h"
#include "sim/model/wp-traffic.h"
#include "sim/run/wp-timeline.h"

typedef struct _WpRun WpRun;

/* @trace (not yet read from), @service and @policies (@n_models of them, checked, none WP_MODE_ALL) outlive
 * the run. */
WpRun *wp_run_new (WpTrace *trace, WpServiceTime *service, const WpPolicy *policies, guint n_models,
                   gint64 patience_ns);
void wp_run_free (WpRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRun, wp_run_free)

/* Before wp_run_go(): what requests pass before they arrive at the queue. Traffic is told as it comes to the
 * front, all else as it comes to the queue. A time of 0: there is none. */
void wp_run_put_http_stage (WpRun *self, const WpHttpStageOptions *http_stage);

/* After wp_run_go(): FALSE: there is no front. */
gboolean wp_run_http_stage_summary (const WpRun *self, WpHttpStageSummary *summary);

/* Before wp_run_go(); @observer outlives it. */
void wp_run_watch (WpRun *self, const WpObserver *functions, gpointer observer);

/* The same for states over time, as wp_timeline_sample() and wp_timeline_follow(). */
void wp_run_sample (WpRun *self, const WpStateSampler *functions, gpointer sampler, gint64 first_ns,
                    gint64 interval_ns);
void wp_run_follow (WpRun *self, guint model, WpStateValue value, WpDownsample *values);

/* Before wp_run_go(): with more than one, some models may run on a thread beside. */
void wp_run_set_threads (WpRun *self, guint threads);

/* Before wp_run_go(): the first @rows, and those that arrive before @ns (WP_TIME_NONE: none), are simulated
 * and not counted. */
void wp_run_warm_up (WpRun *self, guint64 rows, gint64 ns);

/* Before wp_run_go(): the sums of the run's parts, for each model one; they outlive it. */
void wp_run_watch_parts (WpRun *self, WpBatchMeans *const *parts);

/**
 * wp_run_go:
 * @figures: (out): one for each model
 *
 * Once. Returns: FALSE with what the trace's reader or an observer said, or where a time passes 292 years.
 */
gboolean wp_run_go (WpRun *self, WpSummary *summary, WpTrafficSummary *traffic, GError **error);
