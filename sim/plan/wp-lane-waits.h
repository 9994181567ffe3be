/* wp-lane-waits.h - the waits in the lanes of a vector: how many in each bucket of a histogram, or only how they lie about a bound. */
#pragma once

#include "sim/stats/wp-histogram.h"

#define WP_BACKLOG_AVX2_LANES 4

/**
 * WpLaneWaits:
 *
 * Who asks only whether a percentile passes a bound need not know more than how many waits are in the bound's bucket, and how many past it:
 * it passes in the same cases as that of the whole histogram, which at 20 workers costs a quarter of a pass. The longest is exact in both.
 */
typedef struct _WpLaneWaits WpLaneWaits;

/* @bound_ns: WP_TIME_NONE for all buckets. */
WpLaneWaits *wp_lane_waits_new (gint64 bound_ns);
void wp_lane_waits_free (WpLaneWaits *self);

/* So far, of those that waited; no sum, no total. */
const WpHistogram *wp_lane_waits_get (WpLaneWaits *self, guint lane);

/* Once: with those of @requests that did not wait; no sum. @waited: how many did. */
WpHistogram *wp_lane_waits_finish (WpLaneWaits *self, guint lane, guint64 requests, guint64 *waited);
