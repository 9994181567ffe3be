/* wp-downsample.h - a value over time in a bounded number of buckets, however long it runs: least and most in
 * each. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 min, max;
} WpExtent;

/* Its fields are its own. */
typedef struct {
  WpExtent *buckets;
  guint n_buckets, n_used;
  gboolean is_closed;
  guint width_log2; /* of a bucket, in ns */
  guint64 until_ns; /* the end of the last used bucket; 0: none is */
  gint64 last_ns;
  guint64 last;
} WpDownsample;

/* @n_buckets: even. They begin 1 ns wide, and double their width whenever time runs past the last.
 * @is_closed: a value counts at the moment of the next one too. */
WpDownsample *wp_downsample_new (guint n_buckets, gboolean is_closed);
void wp_downsample_free (WpDownsample *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpDownsample, wp_downsample_free)

void wp_downsample_restart (WpDownsample *self);                /* empties it */
void wp_downsample_advance (WpDownsample *self, gint64 now_ns); /* for the next */

/* From @now_ns on, which is >= 0 and not before the last time, the value is @value. Of two at one moment both
 * count. */
static inline void
wp_downsample_add (WpDownsample *self, gint64 now_ns, guint64 value)
{
  WpExtent *bucket;

  if (G_UNLIKELY ((guint64) now_ns >= self->until_ns))
    wp_downsample_advance (self, now_ns);
  bucket = &self->buckets[self->n_used - 1];
  bucket->min = MIN (bucket->min, value);
  bucket->max = MAX (bucket->max, value);
  self->last_ns = now_ns;
  self->last = value;
}

/* Each bucket covers @bucket_ns, the first from 0 on; the last of the @n holds the last value. One that was
 * added to has the extent of all values in its time, those before the first are all 0. */
const WpExtent *wp_downsample_buckets (const WpDownsample *self, guint *n, gint64 *bucket_ns);

guint64 wp_downsample_max (const WpDownsample *self);

/* When the last value began; 0 if there is none. */
gint64 wp_downsample_end (const WpDownsample *self);
