/* wp-plot.h - writes plots of a run or a sweep. */
#pragma once

#include "sim/model/wp-metric.h"
#include "sim/base/wp-atomic-file.h"
#include "sim/plot/wp-plot-data.h"

/* A size that a map marks, wherever it lies between the columns and rows. */
typedef struct {
  gboolean is_known;
  double workers, queue_jobs;
} WpHeatMark;

/* A grid of a sweep's results: cell (x, y) is at [y * n_xs + x]. */
typedef struct {
  const char *title;
  const char *x_label, *y_label; /* "workers", "queue (jobs)" */
  const double *xs, *ys;         /* sorted; one per column, one per row */
  guint n_xs, n_ys;
  const char *value_label; /* "wait.p99" */
  WpUnit value_unit;
  const double *values;  /* not finite: none */
  const gboolean *meets; /* all objectives are met */
  char **hints;          /* for each cell, shown in an SVG where it is pointed at; NULL: none */
  WpHeatMark current, recommended;
} WpHeatMap;

/* Two measured runs. */
typedef struct {
  const char *title;
  const char *names[2];
  const WpHistogram *latencies[2]; /* ns */
} WpLatencyPlot;

/* A kind of file. */
typedef struct {
  const char *extension; /* ".svg" */

  /* Depth and parked requests over time for each model of @data, the measurement, and the distributions of
   * wait and response. FALSE with WP_ERROR_IO; the caller commits @output. */
  gboolean (*plot_run) (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error);

  /* The cells that meet the objectives, the others, and the line between them. */
  gboolean (*plot_heat_map) (const WpHeatMap *map, WpAtomicFile *output, GError **error);

  /* Both runs' latency by percentile. */
  gboolean (*plot_latencies) (const WpLatencyPlot *plot, WpAtomicFile *output, GError **error);
} WpPlotFormat;

/* By the extension of @path, in any letter case; NULL with WP_ERROR_BAD_VALUE. */
const WpPlotFormat *wp_plot_format_find (const char *path, GError **error);

/* Single panels as elements of SVG within HTML, appended to it. @label: for screen readers. FALSE with
 * WP_ERROR_IO. */
typedef struct {
  gboolean (*embed_depth) (const WpPlotData *data, guint model, const char *label, GString *html,
                           GError **error);
  gboolean (*embed_quantiles) (const WpPlotData *data, const char *label, GString *html, GError **error);
  gboolean (*embed_heat_map) (const WpHeatMap *map, const char *label, GString *html, GError **error);
} WpPlotPanels;

/* NULL with WP_ERROR_BAD_VALUE: this wp-sim cannot draw. */
const WpPlotPanels *wp_plot_panels (GError **error);
