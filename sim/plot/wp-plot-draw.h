/* wp-plot-draw.h - the panels of a page. Each starts @top pixels below its upper edge and is WP_PLOT_WIDTH
 * wide. */
#pragma once

#include "sim/plot/wp-cairo.h"
#include "sim/plot/wp-plot.h"

#define WP_PLOT_WIDTH 900
#define WP_PLOT_LEFT  78 /* of the frames */
#define WP_PLOT_RIGHT 24

#define WP_PLOT_TITLE_HEIGHT     40
#define WP_PLOT_DEPTH_HEIGHT     270
#define WP_PLOT_QUANTILES_HEIGHT 340

void wp_plot_title (cairo_t *cr, const char *title);

/* One model's state over time, until @end_ns. @measured: or NULL. */
void wp_plot_depth (cairo_t *cr, double top, const WpPlotSide *side, const WpPlotSide *measured,
                    gint64 end_ns);

/* Wait and response by percentile. */
void wp_plot_quantiles (cairo_t *cr, double top, const WpPlotData *data);

void wp_plot_latencies (cairo_t *cr, double top, const WpLatencyPlot *plot);

/* The height of the map's page with its title. */
double wp_plot_heat_map_height (const WpHeatMap *map);
void wp_plot_heat_map (cairo_t *cr, double top, const WpHeatMap *map);
