/* wp-plot-page.h - writes a page as SVG or PNG, or its panels into HTML. */
#pragma once

#include "sim/plot/wp-plot.h"

gboolean wp_plot_run_svg (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error);
gboolean wp_plot_run_png (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error);
gboolean wp_plot_heat_map_svg (const WpHeatMap *map, WpAtomicFile *output, GError **error);
gboolean wp_plot_heat_map_png (const WpHeatMap *map, WpAtomicFile *output, GError **error);

gboolean wp_plot_latencies_svg (const WpLatencyPlot *plot, WpAtomicFile *output, GError **error);
gboolean wp_plot_latencies_png (const WpLatencyPlot *plot, WpAtomicFile *output, GError **error);

/* Of WpPlotPanels. */
gboolean wp_plot_embed_depth (const WpPlotData *data, guint model, const char *label, GString *html,
                              GError **error);
gboolean wp_plot_embed_quantiles (const WpPlotData *data, const char *label, GString *html, GError **error);
gboolean wp_plot_embed_heat_map (const WpHeatMap *map, const char *label, GString *html, GError **error);
