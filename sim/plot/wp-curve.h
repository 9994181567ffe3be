/* wp-curve.h - a system's state over time in a bounded number of buckets, however long it runs: least and
 * most in each. */
#pragma once

#include "sim/model/wp-timeline.h"

typedef struct {
  guint64 min, max;
} WpExtent;

typedef struct {
  WpExtent depth, waiting, busy; /* waiting: depth + parked */
} WpCurveBucket;

typedef struct _WpCurve WpCurve;

/* @n_buckets: even. They begin 1 ns wide, and double their width whenever time runs past the last. */
WpCurve *wp_curve_new (guint n_buckets);
void wp_curve_free (WpCurve *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCurve, wp_curve_free)

/* From @now_ns on, which is >= 0 and after the last time, the state is @moment. */
void wp_curve_add (WpCurve *self, gint64 now_ns, const WpMoment *moment);

/* Each bucket covers @bucket_ns, the first from 0 on; the last of the @n holds the last state. One that was
 * added to has extents of all states in its time, those before the first are all 0. */
const WpCurveBucket *wp_curve_buckets (const WpCurve *self, guint *n, gint64 *bucket_ns);

/* The most in any bucket. */
WpCurveBucket wp_curve_extent (const WpCurve *self);

/* When the last state began; 0 if there is none. */
gint64 wp_curve_end (const WpCurve *self);
