/* wp-decimal-histogram.h - a log-linear histogram to base ten: 1, 2, 5, 10, 20, ... end a bucket, so that
 * those of Prometheus are exact sums, and percentiles are within 2.5 %. One thread at a time adds, any thread
 * reads. */
#pragma once

#include <glib.h>

#define WP_DECIMAL_BOUNDS  37 /* 1, 2, 5, ... 10^12 */
#define WP_DECIMAL_PARTS   32 /* buckets of equal width up to each bound from the one before */
#define WP_DECIMAL_BUCKETS (WP_DECIMAL_BOUNDS * WP_DECIMAL_PARTS + 1)

extern const guint64 wp_decimal_bounds[WP_DECIMAL_BOUNDS]; /* inclusive */

/* Plain counters that only grow; all zero at first. */
typedef struct {
  _Atomic guint64 counts[WP_DECIMAL_BUCKETS];
  _Atomic guint64 sum;
} WpDecimalHistogram;

void wp_decimal_histogram_add (WpDecimalHistogram *self, guint64 value);
void wp_decimal_histogram_copy (WpDecimalHistogram *self, const WpDecimalHistogram *other);

/* The number of values at or below bound @i; all with @i = WP_DECIMAL_BOUNDS. */
guint64 wp_decimal_histogram_count (const WpDecimalHistogram *self, guint i);

/* Of the values added since @before, a copy, the smallest with at least @share of them at or below it
 * (nearest rank). -1: there are none. */
double wp_decimal_histogram_quantile (const WpDecimalHistogram *self, const WpDecimalHistogram *before,
                                      double share);
