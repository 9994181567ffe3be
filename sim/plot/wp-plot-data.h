/* wp-plot-data.h - the data of a plot: states over time and distributions, in memory that does not grow with
 * the trace. */
#pragma once

#include "sim/run/wp-run.h"
#include "sim/stats/wp-downsample.h"

#define WP_PLOT_BUCKETS 4096 /* at least two per pixel */

/* The data of one model, or of the measurement. */
typedef struct {
  WpPolicy policy;
  WpDownsample *depth, *waiting, *busy; /* waiting: depth + parked */
  WpHistogram *wait, *response;         /* in ns */
} WpPlotSide;

typedef struct _WpPlotData WpPlotData;

WpPlotData *wp_plot_data_new (const WpPolicy *policies, guint n_models);
void wp_plot_data_free (WpPlotData *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlotData, wp_plot_data_free)

/* Call it before the run. */
void wp_plot_data_watch (WpPlotData *self, WpRun *run);

/* Adds the measurement of the first model: @rows in order of arrival; their origin is their first arrival. */
/* @shift_ns: its offset from the predicted clock, as of wp_match_clock_shift(). */
void wp_plot_data_measure (WpPlotData *self, const WpRow *rows, gsize n_rows, gint64 shift_ns);

guint wp_plot_data_models (const WpPlotData *self);
const WpPlotSide *wp_plot_data_side (const WpPlotData *self, guint model);
const WpPlotSide *wp_plot_data_measured (const WpPlotData *self); /* NULL if nothing was measured */

/* Call it after the run and the measurement: gives all values of a model the same buckets. */
void wp_plot_data_align (WpPlotData *self);
