/* wp-plot-data.h - what a plot shows of a run: states over time and distributions, in memory that does not
 * grow with the trace. */
#pragma once

#include "sim/run/wp-run.h"
#include "sim/stats/wp-downsample.h"

#define WP_PLOT_BUCKETS 4096 /* at least two a pixel */

/* One system's. */
typedef struct {
  WpPolicy policy;
  WpDownsample *depth, *waiting, *busy; /* waiting: depth + parked */
  WpHistogram *wait, *response;         /* in ns */
} WpPlotSide;

typedef struct _WpPlotData WpPlotData;

WpPlotData *wp_plot_data_new (const WpPolicy *policies, guint n_models);
void wp_plot_data_free (WpPlotData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlotData, wp_plot_data_free)

/* Before the run, whose models are those. */
void wp_plot_data_watch (WpPlotData *self, WpRun *run);

/* Beside the first model, what was measured: @rows in order of arrival, on an origin of their own, the first
 * arrival. */
void wp_plot_data_measure (WpPlotData *self, const WpRow *rows, gsize n_rows);

guint wp_plot_data_models (const WpPlotData *self);
const WpPlotSide *wp_plot_data_side (const WpPlotData *self, guint model);
const WpPlotSide *wp_plot_data_measured (const WpPlotData *self); /* NULL if nothing was */

/* After the run and the measurement: the values of each system have the same buckets from now on. */
void wp_plot_data_align (WpPlotData *self);
