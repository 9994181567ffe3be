/* wp-sweep-plot.h - a sweep over workers and queues as a heat map. */
#pragma once

#include "sim/plan/wp-sweep.h"
#include "sim/plot/wp-plot.h"

/* Of a sweep of one scale and one service scale, whose metric is that of the last objective. */
typedef struct _WpSweepMap WpSweepMap;

/* @current: (nullable): the sizes to mark as current. */
WpSweepMap *wp_sweep_map_new (const WpSweep *sweep, const WpPolicy *current, const char *trace_name);
void wp_sweep_map_free (WpSweepMap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSweepMap, wp_sweep_map_free)

const WpHeatMap *wp_sweep_map (const WpSweepMap *self); /* owned by @self */

/**
 * wp_sweep_plot:
 * @sweep: of one scale and one service scale
 * @current: (nullable): the sizes to mark as current
 * @path: FILE.svg or FILE.png
 *
 * The colour shows the metric of the last objective; cells that meet all objectives are blue.
 *
 * Returns: FALSE with WP_ERROR_USAGE for several scales, WP_ERROR_BAD_VALUE (extension) or WP_ERROR_IO.
 */
gboolean wp_sweep_plot (const WpSweep *sweep, const WpPolicy *current, const char *trace_name,
                        const char *path, GError **error);
