/* wp-plot-file.h - the picture of a run (--plot), from looking on to the file in its place. */
#pragma once

#include "sim/compare/wp-measurement.h"
#include "sim/run/wp-run.h"

typedef struct _WpPlotFile WpPlotFile;

/* NULL with WP_ERROR_BAD_VALUE (the extension) or WP_ERROR_IO. */
WpPlotFile *wp_plot_file_new (const char *path, const WpPolicy *policies, guint n_models, GError **error);

/* Drops what was not committed. */
void wp_plot_file_free (WpPlotFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlotFile, wp_plot_file_free)

/* Looks on while @run goes; outlives it. */
void wp_plot_file_watch (WpPlotFile *self, WpRun *run);

/**
 * wp_plot_file_commit:
 * @trace: its name, for the title
 * @measured: stands beside the first model; or NULL
 *
 * After the run: draws it and puts the file in its place. FALSE with WP_ERROR_IO.
 */
gboolean wp_plot_file_commit (WpPlotFile *self, const char *trace, guint64 requests,
                              const WpMeasurement *measured, GError **error);
