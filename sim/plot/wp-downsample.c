#include "sim/plot/wp-downsample.h"

struct _WpDownsample {
  guint n_buckets, n_used;
  gint64 bucket_ns;
  gint64 last_ns;
  WpMoment last;
  WpDownsampleBucket *buckets;
};

static const WpDownsampleBucket empty = { { G_MAXUINT64, 0 }, { G_MAXUINT64, 0 }, { G_MAXUINT64, 0 } };

WpDownsample *
wp_downsample_new (guint n_buckets)
{
  WpDownsample *self = g_new0 (WpDownsample, 1);

  g_return_val_if_fail (n_buckets >= 2 && n_buckets % 2 == 0, NULL);

  self->n_buckets = n_buckets;
  self->bucket_ns = 1;
  self->buckets = g_new (WpDownsampleBucket, n_buckets);
  for (guint i = 0; i < n_buckets; i++)
    self->buckets[i] = empty;

  return self;
}

void
wp_downsample_free (WpDownsample *self)
{
  g_free (self->buckets);
  g_free (self);
}

static void
extend (WpExtent *self, WpExtent other)
{
  self->min = MIN (self->min, other.min);
  self->max = MAX (self->max, other.max);
}

static void
merge (WpDownsampleBucket *self, const WpDownsampleBucket *other)
{
  extend (&self->depth, other->depth);
  extend (&self->waiting, other->waiting);
  extend (&self->busy, other->busy);
}

static void
double_width (WpDownsample *self)
{
  for (guint i = 0; i < self->n_buckets / 2; i++)
    {
      self->buckets[i] = self->buckets[2 * i];
      merge (&self->buckets[i], &self->buckets[2 * i + 1]);
    }
  for (guint i = self->n_buckets / 2; i < self->n_buckets; i++)
    self->buckets[i] = empty;
  self->n_used = (self->n_used + 1) / 2;
  self->bucket_ns *= 2;
}

static void
put (WpDownsample *self, gint64 first, gint64 last, const WpMoment *moment)
{
  guint64 waiting = moment->depth + moment->parked;
  WpDownsampleBucket state
      = { { moment->depth, moment->depth }, { waiting, waiting }, { moment->busy, moment->busy } };

  for (gint64 i = first; i <= last; i++)
    merge (&self->buckets[i], &state);
}

void
wp_downsample_add (WpDownsample *self, gint64 now_ns, const WpMoment *moment)
{
  while (now_ns / self->bucket_ns >= self->n_buckets)
    double_width (self);
  if (now_ns > self->last_ns)
    put (self, self->last_ns / self->bucket_ns, (now_ns - 1) / self->bucket_ns, &self->last);
  put (self, now_ns / self->bucket_ns, now_ns / self->bucket_ns, moment);
  self->n_used = (guint) (now_ns / self->bucket_ns) + 1;
  self->last_ns = now_ns;
  self->last = *moment;
}

const WpDownsampleBucket *
wp_downsample_buckets (const WpDownsample *self, guint *n, gint64 *bucket_ns)
{
  *n = self->n_used;
  *bucket_ns = self->bucket_ns;

  return self->buckets;
}

WpDownsampleBucket
wp_downsample_extent (const WpDownsample *self)
{
  WpDownsampleBucket extent = empty;

  for (guint i = 0; i < self->n_used; i++)
    merge (&extent, &self->buckets[i]);

  return extent;
}

gint64
wp_downsample_end (const WpDownsample *self)
{
  return self->last_ns;
}
