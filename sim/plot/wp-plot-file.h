/* wp-plot-file.h - the plot of a run (--plot): observes the run and writes the file. */
#pragma once

#include "sim/compare/wp-measurement.h"
#include "sim/run/wp-run.h"

typedef struct _WpPlotFile WpPlotFile;

/* NULL with WP_ERROR_BAD_VALUE (the extension) or WP_ERROR_IO. */
WpPlotFile *wp_plot_file_new (const char *path, const WpPolicy *policies, guint n_models, GError **error);

/* Removes the file unless it was committed. */
void wp_plot_file_free (WpPlotFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlotFile, wp_plot_file_free)

/* Observes @run; outlives it. */
void wp_plot_file_watch (WpPlotFile *self, WpRun *run);

/**
 * wp_plot_file_commit:
 * @trace: its name, for the title
 * @measured: drawn with the first model; or NULL
 * @shift_ns: offset of the measured clock from the predicted one
 *
 * Call it after the run: draws the plot and renames the file to its target. FALSE with WP_ERROR_IO.
 */
gboolean wp_plot_file_commit (WpPlotFile *self, const char *trace, guint64 requests,
                              const WpMeasurement *measured, gint64 shift_ns, GError **error);
