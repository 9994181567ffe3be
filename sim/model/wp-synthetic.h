/* wp-synthetic.h - random arrivals as a WpTrace, without a file. */
#pragma once

#include "sim/trace/wp-trace.h"

/**
 * wp_synthetic_open:
 * @spec: see wp_arrivals_new()
 * @scale: arrivals are divided by it
 * @limit_rows: 0: none
 * The rows that wp_generate_write() would write with nine digits and the same seed, without service times.
 * With a WpServiceTime of the same seed, all metrics are equal to the last bit.
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE
 */
WpTrace *wp_synthetic_open (const char *spec, guint64 seed, double scale, guint64 limit_rows, GError **error);
