/* wp-sweep-plot.h - a sweep over workers and queues as a heat map: where the objectives are met, and how far.
 */
#pragma once

#include "sim/plan/wp-sweep.h"

/**
 * wp_sweep_plot:
 * @sweep: of one scale and one service scale
 * @path: FILE.svg or FILE.png, written beside and renamed
 *
 * The colour is the figure of the last objective; a cell that meets them all is marked so.
 *
 * Returns: FALSE with WP_ERROR_USAGE where there are more scales, WP_ERROR_BAD_VALUE (extension) or
 * WP_ERROR_IO.
 */
gboolean wp_sweep_plot (const WpSweep *sweep, const char *trace_name, const char *path, GError **error);
