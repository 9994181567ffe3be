#include "sim/stats/wp-histogram.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "sim/stats/wp-histogram-inline.h"

#define SPARES 16 /* 3.6 MB at most */

/* Empty histograms for reuse: zeroing the 220 kB of a new one takes longer than simulating a short trace. */
static WpHistogram *spares[SPARES];
static guint n_spares;
static GMutex spares_mutex; /* guards both */

static WpHistogram *
take_spare (void)
{
  WpHistogram *self = NULL;

  g_mutex_lock (&spares_mutex);
  if (n_spares > 0)
    self = spares[--n_spares];
  g_mutex_unlock (&spares_mutex);

  return self;
}

/* FALSE: no slot is free. */
static gboolean
keep_spare (WpHistogram *self)
{
  gboolean kept;

  g_mutex_lock (&spares_mutex);
  if ((kept = n_spares < SPARES))
    spares[n_spares++] = self;
  g_mutex_unlock (&spares_mutex);

  return kept;
}

static void
clear (WpHistogram *self)
{
  if (self->max >= 0)
    {
      guint first = wp_histogram_bucket (self->min), last = wp_histogram_bucket (self->max);

      memset (self->weights + first, 0, (last + 1 - first) * sizeof *self->weights);
    }
  self->total = 0;
  self->sum = 0;
}

WpHistogram *
wp_histogram_new (void)
{
  WpHistogram *self = take_spare ();

  if (!self)
    self = g_new0 (WpHistogram, 1); /* untouched pages cost no memory */
  self->min = G_MAXINT64;
  self->max = -1;

  return self;
}

void
wp_histogram_free (WpHistogram *self)
{
  clear (self);
  if (!keep_spare (self))
    g_free (self);
}

void
wp_histogram_add (WpHistogram *self, gint64 value, guint64 weight)
{
  g_return_if_fail (value >= 0);

  if (weight > 0)
    wp_histogram_add_inline (self, value, weight);
}

void
wp_histogram_merge (WpHistogram *self, const WpHistogram *other)
{
  if (other->max < 0)
    return;
  for (guint i = wp_histogram_bucket (other->min); i <= wp_histogram_bucket (other->max); i++)
    self->weights[i] += other->weights[i];
  self->total += other->total;
  self->sum += other->sum;
  self->min = MIN (self->min, other->min);
  self->max = MAX (self->max, other->max);
}

guint64
wp_histogram_count (const WpHistogram *self)
{
  return self->total;
}

double
wp_histogram_mean (const WpHistogram *self)
{
  return self->total > 0 ? (double) ((long double) self->sum / (long double) self->total) : NAN;
}

gint64
wp_histogram_max (const WpHistogram *self)
{
  return self->total > 0 ? self->max : WP_TIME_NONE;
}

guint64
wp_histogram_count_above (const WpHistogram *self, gint64 value)
{
  guint64 count = 0;

  if (self->max > value)
    for (guint i = wp_histogram_bucket (value) + 1; i <= wp_histogram_bucket (self->max); i++)
      count += self->weights[i];

  return count;
}

/* The middle of the bucket's range. */
static gint64
bucket_value (guint bucket)
{
  guint octave = bucket >> WP_HISTOGRAM_BITS;
  guint shift = octave > 0 ? octave - 1 : 0;

  return wp_histogram_bucket_min (bucket) + ((G_GINT64_CONSTANT (1) << shift) - 1) / 2;
}

/* ceil (share * total), but a product within rounding of a whole number counts as that number: 0.07 * 100
 * is 7. */
static guint64
nearest_rank (double share, guint64 total)
{
  double product = share * (double) total;
  double whole = nearbyint (product);
  double rank = fabs (product - whole) <= product * 4 * DBL_EPSILON ? whole : ceil (product);

  return rank >= (double) total ? total : MAX ((guint64) rank, 1);
}

gint64
wp_histogram_quantile (const WpHistogram *self, double share)
{
  guint64 rank, seen = 0;

  g_return_val_if_fail (share > 0 && share <= 1, WP_TIME_NONE);

  if (self->total == 0)
    return WP_TIME_NONE;

  rank = nearest_rank (share, self->total);
  if (rank == self->total)
    return self->max;
  for (guint i = wp_histogram_bucket (self->min); i < WP_HISTOGRAM_BUCKETS; i++)
    {
      seen += self->weights[i];
      if (seen >= rank)
        return CLAMP (bucket_value (i), self->min, self->max);
    }

  g_assert_not_reached ();
}
