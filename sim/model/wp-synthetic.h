/* wp-synthetic.h - arrivals that are drawn, as a trace that was never written. */
#pragma once

#include "sim/trace/wp-trace.h"

/**
 * wp_synthetic_open:
 * @spec: as wp_arrivals_new() has it
 * @scale: arrivals are divided by it
 * @limit_rows: 0: none
 *
 * The rows that wp_generate_write() would write with nine digits and the same seed, but for their service:
 * let a WpServiceTime of that seed draw it, and every figure is the same to the last bit.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE
 */
WpTrace *wp_synthetic_open (const char *spec, guint64 seed, double scale, guint64 limit_rows, GError **error);
