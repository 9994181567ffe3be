/* wp-plot-page.h - writes a page as SVG or PNG. */
#pragma once

#include "sim/plot/wp-plot.h"

gboolean wp_plot_run_svg (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error);
gboolean wp_plot_run_png (const WpPlotData *data, const char *title, WpAtomicFile *output, GError **error);
gboolean wp_plot_heat_map_svg (const WpHeatMap *map, WpAtomicFile *output, GError **error);
gboolean wp_plot_heat_map_png (const WpHeatMap *map, WpAtomicFile *output, GError **error);
