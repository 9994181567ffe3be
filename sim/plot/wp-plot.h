/* wp-plot.h - pictures of a run or of a sweep, as files. */
#pragma once

#include "sim/model/wp-metric.h"
#include "sim/base/wp-atomic-file.h"
#include "sim/plot/wp-plot-data.h"

/* A grid of what a sweep found: cell (x, y) is at [y * n_xs + x]. */
typedef struct {
  const char *title;
  const char *x_label, *y_label; /* "workers", "queue (jobs)" */
  const double *xs, *ys;         /* in order; as many as columns and rows */
  guint n_xs, n_ys;
  const char *value_label; /* "wait.p99" */
  WpUnit value_unit;
  const double *values;  /* not finite: there is none */
  const gboolean *meets; /* is the objective met there? */
} WpHeatMap;

/* A kind of file. */
typedef struct {
  const char *extension; /* ".svg" */

  /* Depth over time for each model of @data, parked requests, and what was measured; the distributions of
   * wait and response. FALSE with WP_ERROR_IO; the output is not committed. */
  gboolean (*plot_run) (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error);

  /* Who meets the objective, who does not, and the line between them. */
  gboolean (*plot_heat_map) (const WpHeatMap *map, WpAtomicFile *output, GError **error);
} WpPlotFormat;

/* By the end of @path, in any letter case; NULL with WP_ERROR_BAD_VALUE. */
const WpPlotFormat *wp_plot_format_find (const char *path, GError **error);
