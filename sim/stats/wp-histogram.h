/* wp-histogram.h - a log-linear histogram: percentiles within 0.1 %, exact mean and maximum. */
#pragma once

#include "sim/base/wp-time.h"

/* Values below 1024 have a bucket each; above, every octave has 512 of equal width, so that the middle of a
 * bucket is within 1/1024 of each value in it. The layout is that of HdrHistogram (Tene, 2012). */
#define WP_HISTOGRAM_BITS    9
#define WP_HISTOGRAM_BUCKETS ((63 - WP_HISTOGRAM_BITS + 1) << WP_HISTOGRAM_BITS)

__extension__ typedef unsigned __int128 WpUint128;

typedef struct {
  guint64 total;   /* sum of the weights */
  WpUint128 sum;   /* sum of value * weight */
  gint64 min, max; /* G_MAXINT64 and -1 while empty; buckets outside are 0 */
  guint64 weights[WP_HISTOGRAM_BUCKETS];
} WpHistogram;

WpHistogram *wp_histogram_new (void);
void wp_histogram_free (WpHistogram *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHistogram, wp_histogram_free)

/* @value: >= 0 (ns, jobs, ...). @weight: its count, or for averages over time its duration in ns. */
void wp_histogram_add (WpHistogram *self, gint64 value, guint64 weight);
void wp_histogram_merge (WpHistogram *self, const WpHistogram *other);

guint64 wp_histogram_count (const WpHistogram *self); /* sum of weights */
double wp_histogram_mean (const WpHistogram *self);   /* exact (128-bit sum); NaN if empty */
gint64 wp_histogram_max (const WpHistogram *self);    /* exact; WP_TIME_NONE if empty */

/* A lower bound of the weight above @value: that of the buckets after its own. */
guint64 wp_histogram_count_above (const WpHistogram *self, gint64 value);

/* Nearest rank: the smallest value with at least @share of the weight at or below it, within 0.1 % (exact
 * below 1024). @share: in (0, 1]. WP_TIME_NONE if empty. */
gint64 wp_histogram_quantile (const WpHistogram *self, double share);

/* For loops in which a call costs too much. */
static inline guint
wp_histogram_bucket (gint64 value)
{
  guint shift
      = 63 - WP_HISTOGRAM_BITS - (guint) __builtin_clzll ((guint64) value | (1u << WP_HISTOGRAM_BITS));

  return (shift << WP_HISTOGRAM_BITS) + (guint) (value >> shift);
}

/* The least value that is counted in @bucket. */
static inline gint64
wp_histogram_bucket_min (guint bucket)
{
  guint octave = bucket >> WP_HISTOGRAM_BITS;
  guint shift = octave > 0 ? octave - 1 : 0;

  return (gint64) (bucket - (shift << WP_HISTOGRAM_BITS)) << shift;
}

static inline void
wp_histogram_add_inline (WpHistogram *self, gint64 value, guint64 weight)
{
  self->weights[wp_histogram_bucket (value)] += weight;
  self->total += weight;
  self->sum += (WpUint128) (guint64) value * weight;
  self->min = MIN (self->min, value);
  self->max = MAX (self->max, value);
}

/* @sum: of all @values. */
static inline void
wp_histogram_add_many (WpHistogram *self, const gint64 *values, gsize n, WpUint128 sum)
{
  gint64 min = self->min, max = self->max;

  for (gsize i = 0; i < n; i++)
    {
      self->weights[wp_histogram_bucket (values[i])]++;
      min = MIN (min, values[i]);
      max = MAX (max, values[i]);
    }
  self->min = min;
  self->max = max;
  self->total += n;
  self->sum += sum;
}
