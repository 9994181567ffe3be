#include "sim/plan/wp-lane-waits.h"

#if defined __x86_64__ && defined __GNUC__

#include "sim/plan/wp-lane-waits-inline.h"

WpLaneWaits *
wp_lane_waits_new (gint64 bound_ns)
{
  WpLaneWaits *self = g_new0 (WpLaneWaits, 1);

  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    {
      if (bound_ns == WP_TIME_NONE)
        self->buckets[lane] = g_new0 (guint32, WP_HISTOGRAM_BUCKETS);
      self->histograms[lane] = wp_histogram_new ();
      self->histograms[lane]->min = self->histograms[lane]->max = 0;   /* where those are counted who do not wait */
    }
  self->bound_ns = bound_ns;
  if (bound_ns != WP_TIME_NONE)
    {
      guint bucket = wp_histogram_bucket (bound_ns);

      self->from_ns = MAX (1, (double) wp_histogram_lowest (bucket));
      self->past_ns = (double) wp_histogram_lowest (bucket + 1);
    }

  return self;
}

void
wp_lane_waits_free (WpLaneWaits *self)
{
  for (guint lane = 0; lane < WP_BACKLOG_AVX2_LANES; lane++)
    {
      g_free (self->buckets[lane]);
      g_clear_pointer (&self->histograms[lane], wp_histogram_free);
    }
  g_free (self);
}

/* Whoever is below the bound's bucket may be at 1 ns: of a percentile there only that is asked. With a bound below 2 ns there are none. */
static void
set_about_bound (WpLaneWaits *self, guint lane, WpHistogram *histogram)
{
  guint bucket = wp_histogram_bucket (self->bound_ns);

  histogram->weights[1] = self->waited[lane] - self->in_or_past[lane];
  histogram->weights[bucket] = self->in_or_past[lane] - self->past[lane];
  histogram->weights[bucket + 1] = self->past[lane];
}

const WpHistogram *
wp_lane_waits_get (WpLaneWaits *self, guint lane)
{
  WpHistogram *histogram = self->histograms[lane];

  if (self->bound_ns != WP_TIME_NONE)
    set_about_bound (self, lane, histogram);
  else
    for (guint i = 0; i <= wp_histogram_bucket (histogram->max); i++)
      histogram->weights[i] = self->buckets[lane][i];

  return histogram;
}

WpHistogram *
wp_lane_waits_finish (WpLaneWaits *self, guint lane, guint64 requests, guint64 *waited)
{
  WpHistogram *histogram = self->histograms[lane];

  (void) wp_lane_waits_get (self, lane);
  histogram->weights[0] = 0;
  histogram->total = 0;
  for (guint i = 0; i <= wp_histogram_bucket (histogram->max); i++)
    histogram->total += histogram->weights[i];
  *waited = histogram->total;
  histogram->min = *waited < requests ? 0 : 1;   /* a bound is enough */
  wp_histogram_add (histogram, 0, requests - *waited);
  self->histograms[lane] = NULL;

  return histogram;
}

#endif
