/* wp-timeline.h - the state of each model over time, computed once for snapshot, series, chart and plot. */
#pragma once

#include "sim/base/wp-atomic-file.h"
#include "sim/model/wp-model.h"
#include "sim/run/wp-observers.h"
#include "sim/stats/wp-downsample.h"

typedef struct {
  guint64 depth, parked, busy;
  gint64 oldest_ns; /* arrival of the oldest parked or queued request; WP_TIME_NONE: none */
} WpState;

/* Needs memory for the requests in the systems. */
typedef struct _WpTimeline WpTimeline;

/* A sampler of states as one const table; @sampler is that of wp_timeline_sample(). */
typedef struct {
  gboolean (*restart) (gpointer sampler, GError **error); /* as in WpObserver */

  /* The state of @model after all events at @now_ns; in order of time. */
  gboolean (*sample) (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error);

  gboolean (*finish) (gpointer sampler, GError **error); /* or NULL */
} WpStateSampler;

typedef enum { WP_STATE_DEPTH, WP_STATE_WAITING, WP_STATE_BUSY } WpStateValue; /* waiting: depth + parked */

WpTimeline *wp_timeline_new (guint n_models);
void wp_timeline_free (WpTimeline *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTimeline, wp_timeline_free)

/* Samples all models at @first_ns and every @interval_ns (0: once), each until its last finish. @sampler
 * outlives
 * @self. */
void wp_timeline_sample (WpTimeline *self, const WpStateSampler *functions, gpointer sampler, gint64 first_ns,
                         gint64 interval_ns);

/* Adds every change of one value of @model to the empty @values, at least until the last arrival. @values
 * outlives
 * @self. */
void wp_timeline_follow (WpTimeline *self, guint model, WpStateValue value, WpDownsample *values);

/* Observes a run. Without samplers, results of models without followers may be NULL. */
extern const WpObserver wp_timeline_observer;

/* The state of each model at one time (--at). */
typedef struct {
  gint64 at_ns; /* since the trace's origin */
  guint n_models;
  WpState states[WP_N_MODES];
} WpSnapshot;

void wp_snapshot_init (WpSnapshot *self, gint64 at_ns, guint n_models);

/* Samples a WpSnapshot once, at at_ns. */
extern const WpStateSampler wp_snapshot_sampler;

/* Depth, parked and busy over time, as CSV: time,mode,depth,parked,busy. */
typedef struct _WpTimeSeries WpTimeSeries;

/* @output outlives it; its owner commits it. @names: of the models, as in the file. */
WpTimeSeries *wp_time_series_new (WpAtomicFile *output, const char *const *names, guint n_models);
void wp_time_series_free (WpTimeSeries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTimeSeries, wp_time_series_free)

/* Writes one row per sample. */
extern const WpStateSampler wp_time_series_sampler;
