#include "sim/model/wp-traffic.h"

#include <math.h>

#include "sim/stats/wp-histogram.h"

#define MIN_RECENT 1024

struct _WpTraffic {
  guint64 requests;
  gint64 first_ns, last_ns;
  gint64 second_ends_ns; /* end of the current second */
  guint64 in_second, in_first_second;
  guint64 peak;   /* the most within a second, wherever it begins */
  gint64 *recent; /* the last arrivals, more than @peak, in a ring of @recent_mask + 1 */
  guint64 recent_mask;
  WpUint128 squares; /* sum over the earlier seconds */
  WpHistogram *service;
};

WpTraffic *
wp_traffic_new (void)
{
  WpTraffic *self = g_new0 (WpTraffic, 1);

  self->second_ends_ns = WP_NS_PER_S;
  self->recent_mask = MIN_RECENT - 1;
  self->recent = g_new (gint64, MIN_RECENT);
  self->service = wp_histogram_new ();

  return self;
}

void
wp_traffic_free (WpTraffic *self)
{
  wp_histogram_free (self->service);
  g_free (self->recent);
  g_free (self);
}

/* Room for one more than @peak arrivals, of which number @n is the last. */
static void
grow (WpTraffic *self, guint64 n)
{
  guint64 mask = 2 * self->recent_mask + 1;
  gint64 *recent = g_new (gint64, mask + 1);

  for (guint64 i = n - self->recent_mask; i <= n; i++)
    recent[i & mask] = self->recent[i & self->recent_mask];
  g_free (self->recent);
  self->recent = recent;
  self->recent_mask = mask;
}

/* There are more within a second than ever before if the arrival @peak places before is less than one ago. */
static void
find_peak (WpTraffic *self, const WpRow *rows, gsize n_rows)
{
  guint64 n = self->requests, peak = self->peak, mask = self->recent_mask;
  gint64 *recent = self->recent; /* locals: a store to an element could change @self's fields */

  for (gsize i = 0; i < n_rows; i++, n++)
    {
      recent[n & mask] = rows[i].arrival_ns;
      if (G_LIKELY (rows[i].arrival_ns - recent[(n - peak) & mask] >= WP_NS_PER_S) || ++peak <= mask)
        continue;
      grow (self, n);
      mask = self->recent_mask;
      recent = self->recent;
    }
  self->peak = peak;
}

static void
count_seconds (WpTraffic *self, const WpRow *rows, gsize n_rows)
{
  gint64 ends_ns = self->second_ends_ns;
  guint64 in_second = self->in_second;
  WpUint128 squares = self->squares;

  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 arrival_ns = rows[i].arrival_ns;

      /* a second without requests adds 0 to the squares; the clock counts it */
      if (arrival_ns >= ends_ns)
        {
          gint64 begins_ns = arrival_ns - arrival_ns % WP_NS_PER_S;

          if (self->in_first_second == 0) /* it has at least the first */
            self->in_first_second = in_second;
          squares += (WpUint128) in_second * in_second;
          in_second = 0;
          ends_ns = begins_ns > G_MAXINT64 - WP_NS_PER_S ? G_MAXINT64 : begins_ns + WP_NS_PER_S;
        }
      in_second++;
    }
  self->second_ends_ns = ends_ns;
  self->in_second = in_second;
  self->squares = squares;
}

static void
count_services (WpHistogram *histogram, const gint64 *services_ns, gsize n)
{
  gint64 min = histogram->min, max = histogram->max;
  WpUint128 sum = 0;

  for (gsize i = 0; i < n; i++)
    {
      histogram->weights[wp_histogram_bucket (services_ns[i])]++;
      sum += (guint64) services_ns[i];
      min = MIN (min, services_ns[i]);
      max = MAX (max, services_ns[i]);
    }
  histogram->total += n;
  histogram->sum += sum;
  histogram->min = min;
  histogram->max = max;
}

void
wp_traffic_add (WpTraffic *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  if (n_rows == 0)
    return;
  if (self->requests == 0)
    self->first_ns = rows[0].arrival_ns;
  count_seconds (self, rows, n_rows);
  find_peak (self, rows, n_rows);
  count_services (self->service, services_ns, n_rows);
  self->requests += n_rows;
  self->last_ns = rows[n_rows - 1].arrival_ns;
}

/* Unbiased variance over mean of the counts per second, without the incomplete last one, nor the first where
 * stamps @are_spread: the log may begin at its end. */
static double
dispersion (const WpTraffic *self, gboolean are_spread)
{
  double first = are_spread ? (double) self->in_first_second : 0;
  double seconds = (double) (self->last_ns / WP_NS_PER_S - are_spread);
  double counted = (double) (self->requests - self->in_second) - first;
  double squares = (double) self->squares - first * first;

  if (seconds < 2)
    return NAN;

  return (squares - counted * counted / seconds) / (seconds - 1) / (counted / seconds);
}

void
wp_traffic_summary (const WpTraffic *self, gboolean are_spread, WpTrafficSummary *summary)
{
  gint64 duration_ns = self->last_ns - self->first_ns;

  *summary = (WpTrafficSummary){ self->requests, WP_TIME_NONE, NAN, NAN, NAN, NAN, WP_TIME_NONE, 0 };
  if (self->requests == 0)
    return;
  summary->duration_ns = duration_ns;
  if (duration_ns > 0)
    summary->rate_mean = (double) self->requests / ((double) duration_ns / WP_NS_PER_S);
  summary->rate_peak_1s = (double) self->peak;
  summary->dispersion_1s = dispersion (self, are_spread);
  summary->service_mean = wp_histogram_mean (self->service);
  summary->service_p99_ns = wp_histogram_quantile (self->service, 0.99);
}
