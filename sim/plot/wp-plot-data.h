/* wp-plot-data.h - what a plot shows of a run: curves over time and distributions, in memory that does not
 * grow with the trace. */
#pragma once

#include "sim/plot/wp-downsample.h"
#include "sim/run/wp-observers.h"

#define WP_PLOT_DATA_BUCKETS 4096 /* at least two a pixel */

/* One system's. */
typedef struct {
  WpPolicy policy;
  WpDownsample *curve;
  WpHistogram *wait, *response; /* in ns */
} WpPlotDataSide;

typedef struct _WpPlotData WpPlotData;

WpPlotData *wp_plot_data_new (const WpPolicy *policies, guint n_models);
void wp_plot_data_free (WpPlotData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlotData, wp_plot_data_free)

extern const WpObserver wp_plot_data_observer;

/* Beside the first model, what was measured: @rows in order of arrival, on an origin of their own, the first
 * arrival. */
void wp_plot_data_measure (WpPlotData *self, const WpRow *rows, gsize n_rows);

guint wp_plot_data_models (const WpPlotData *self);
const WpPlotDataSide *wp_plot_data_side (const WpPlotData *self, guint model);
const WpPlotDataSide *wp_plot_data_measured (const WpPlotData *self); /* NULL if nothing was */
