/* wp-downsample.h - a system's state over time in a bounded number of buckets, however long it runs: least
 * and most in each. */
#pragma once

#include "sim/model/wp-timeline.h"

typedef struct {
  guint64 min, max;
} WpExtent;

typedef struct {
  WpExtent depth, waiting, busy; /* waiting: depth + parked */
} WpDownsampleBucket;

typedef struct _WpDownsample WpDownsample;

/* @n_buckets: even. They begin 1 ns wide, and double their width whenever time runs past the last. */
WpDownsample *wp_downsample_new (guint n_buckets);
void wp_downsample_free (WpDownsample *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpDownsample, wp_downsample_free)

/* From @now_ns on, which is >= 0 and after the last time, the state is @moment. */
void wp_downsample_add (WpDownsample *self, gint64 now_ns, const WpMoment *moment);

/* Each bucket covers @bucket_ns, the first from 0 on; the last of the @n holds the last state. One that was
 * added to has extents of all states in its time, those before the first are all 0. */
const WpDownsampleBucket *wp_downsample_buckets (const WpDownsample *self, guint *n, gint64 *bucket_ns);

/* The most in any bucket. */
WpDownsampleBucket wp_downsample_extent (const WpDownsample *self);

/* When the last state began; 0 if there is none. */
gint64 wp_downsample_end (const WpDownsample *self);
