#include "runtime/queue/wp-decimal-histogram.h"

#include <math.h>
#include <stdatomic.h>

#define DECADE(unit) (unit), 2 * (unit), 5 * (unit)
#define N(digits)    G_GUINT64_CONSTANT (digits)

const guint64 wp_decimal_bounds[WP_DECIMAL_BOUNDS] = {
  DECADE (N (1)),         DECADE (N (10)),         DECADE (N (100)),         DECADE (N (1000)),
  DECADE (N (10000)),     DECADE (N (100000)),     DECADE (N (1000000)),     DECADE (N (10000000)),
  DECADE (N (100000000)), DECADE (N (1000000000)), DECADE (N (10000000000)), DECADE (N (100000000000)),
  N (1000000000000),
};

/* The first bound that is at least 2^n. No octave has two. */
static const guint8 first_bounds[]
    = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 11, 12, 13, 14, 15, 16, 17, 18,
        19, 20, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 29, 30, 31, 32, 33, 34, 35, 36 };

static guint64
load (const _Atomic guint64 *counter)
{
  return atomic_load_explicit (counter, memory_order_relaxed);
}

/* There is one writer at a time, so that no locked instruction is needed. */
static void
increase (_Atomic guint64 *counter, guint64 value)
{
  atomic_store_explicit (counter, load (counter) + value, memory_order_relaxed);
}

static guint64
bound_before (guint i)
{
  return i > 0 ? wp_decimal_bounds[i - 1] : 0;
}

static guint
bucket_of (guint64 value)
{
  guint octave, i;

  if (value == 0)
    return 0;
  octave = 63 - (guint) __builtin_clzll (value);
  if (octave >= G_N_ELEMENTS (first_bounds))
    return WP_DECIMAL_BUCKETS - 1;
  i = first_bounds[octave];
  i += value > wp_decimal_bounds[i];
  if (i >= WP_DECIMAL_BOUNDS)
    return WP_DECIMAL_BUCKETS - 1;

  return i * WP_DECIMAL_PARTS
         + (guint) ((double) (value - 1 - bound_before (i)) * WP_DECIMAL_PARTS
                    / (double) (wp_decimal_bounds[i] - bound_before (i)));
}

static double
middle_of (guint bucket)
{
  guint i = bucket / WP_DECIMAL_PARTS;
  double part = bucket % WP_DECIMAL_PARTS + 0.5;

  if (i >= WP_DECIMAL_BOUNDS)
    return (double) wp_decimal_bounds[WP_DECIMAL_BOUNDS - 1];
  if (i == 0)
    return 0; /* nothing, or one unit */

  return (double) bound_before (i)
         + ceil ((double) (wp_decimal_bounds[i] - bound_before (i)) * part / WP_DECIMAL_PARTS);
}

void
wp_decimal_histogram_add (WpDecimalHistogram *self, guint64 value)
{
  increase (&self->counts[bucket_of (value)], 1);
  increase (&self->sum, value);
}

void
wp_decimal_histogram_copy (WpDecimalHistogram *self, const WpDecimalHistogram *other)
{
  for (guint i = 0; i < WP_DECIMAL_BUCKETS; i++)
    atomic_store_explicit (&self->counts[i], load (&other->counts[i]), memory_order_relaxed);
  atomic_store_explicit (&self->sum, load (&other->sum), memory_order_relaxed);
}

guint64
wp_decimal_histogram_count (const WpDecimalHistogram *self, guint i)
{
  guint end = i < WP_DECIMAL_BOUNDS ? (i + 1) * WP_DECIMAL_PARTS : WP_DECIMAL_BUCKETS;
  guint64 n = 0;

  for (guint j = 0; j < end; j++)
    n += load (&self->counts[j]);
  return n;
}

double
wp_decimal_histogram_quantile (const WpDecimalHistogram *self, const WpDecimalHistogram *before, double share)
{
  guint64 n = 0, rank, seen = 0;
  guint i = 0;

  for (guint j = 0; j < WP_DECIMAL_BUCKETS; j++)
    n += load (&self->counts[j]) - load (&before->counts[j]);
  if (n == 0)
    return -1;
  rank = (guint64) ceil (share * (double) n);
  for (; i < WP_DECIMAL_BUCKETS - 1; i++)
    if ((seen += load (&self->counts[i]) - load (&before->counts[i])) >= rank)
      break;

  return middle_of (i);
}
