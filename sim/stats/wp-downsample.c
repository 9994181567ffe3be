#include "sim/stats/wp-downsample.h"

static const WpExtent empty = { G_MAXUINT64, 0 };

WpDownsample *
wp_downsample_new (guint n_buckets, gboolean is_closed)
{
  WpDownsample *self = g_new0 (WpDownsample, 1);

  g_return_val_if_fail (n_buckets >= 2 && n_buckets % 2 == 0, NULL);

  self->n_buckets = n_buckets;
  self->is_closed = is_closed;
  self->buckets = g_new (WpExtent, n_buckets);
  wp_downsample_restart (self);

  return self;
}

void
wp_downsample_restart (WpDownsample *self)
{
  *self = (WpDownsample){ .buckets = self->buckets,
                          .n_buckets = self->n_buckets,
                          .is_closed = self->is_closed };
  for (guint i = 0; i < self->n_buckets; i++)
    self->buckets[i] = empty;
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
double_width (WpDownsample *self)
{
  for (guint i = 0; i < self->n_buckets / 2; i++)
    {
      self->buckets[i] = self->buckets[2 * i];
      extend (&self->buckets[i], self->buckets[2 * i + 1]);
    }
  for (guint i = self->n_buckets / 2; i < self->n_buckets; i++)
    self->buckets[i] = empty;
  self->width_log2++;
}

/* To another bucket. The value so far holds until now, or the moment before. */
void
wp_downsample_advance (WpDownsample *self, gint64 now_ns)
{
  gint64 held_ns = self->is_closed ? now_ns : now_ns - 1;

  while (now_ns >> self->width_log2 >= self->n_buckets)
    double_width (self);
  for (gint64 i = self->last_ns >> self->width_log2; i <= held_ns >> self->width_log2; i++)
    extend (&self->buckets[i], (WpExtent){ self->last, self->last });
  self->n_used = (guint) (now_ns >> self->width_log2) + 1;
  self->until_ns = (guint64) self->n_used << self->width_log2;
}

const WpExtent *
wp_downsample_buckets (const WpDownsample *self, guint *n, gint64 *bucket_ns)
{
  *n = self->n_used;
  *bucket_ns = (gint64) 1 << self->width_log2;

  return self->buckets;
}

guint64
wp_downsample_max (const WpDownsample *self)
{
  guint64 max = 0;

  for (guint i = 0; i < self->n_used; i++)
    max = MAX (max, self->buckets[i].max);

  return max;
}

gint64
wp_downsample_end (const WpDownsample *self)
{
  return self->last_ns;
}
