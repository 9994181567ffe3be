#include "runtime/forecast/wp-what-if.h"

#include <math.h>

#include "sim/base/wp-time.h"
#include "sim/wpsim/wpsim.h"

/* The ended requests of the ring, in order of arrival. */
typedef struct {
  const WpSampleRing *ring;
  guint64 seq, end;
  gint64 now_ns;
} Reader;

static gboolean
next_sample (Reader *self, WpSample *sample)
{
  while (self->seq < self->end)
    if (wp_sample_ring_get (self->ring, self->seq++, self->now_ns, sample))
      return TRUE;
  return FALSE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

/* Nearest rank. */
static gint64
quantile (const GArray *waits_us, double share)
{
  if (waits_us->len == 0)
    return WP_TIME_NONE;
  return g_array_index (waits_us, guint32, (guint) MAX (ceil (share * waits_us->len), 1) - 1) * WP_NS_PER_US;
}

static void
set_waits (WpWhatIfFigures *self, GArray *waits_us)
{
  g_array_sort (waits_us, compare);
  self->wait_p50_ns = quantile (waits_us, 0.5);
  self->wait_p99_ns = quantile (waits_us, 0.99);
}

/* NaN: without limit */
static double
mean_workers (const WpOutlook *outlook, const WpServerState *now)
{
  gint64 span_ns = now->now_ns - outlook->from.at_ns;

  if (outlook->system.workers == WP_UNBOUNDED)
    return NAN;
  return span_ns > 0 ? (double) (now->worker_ns - outlook->from.worker_ns) / (double) span_ns
                     : outlook->system.workers;
}

static void
measure (WpWhatIf *self, Reader reader, double workers)
{
  g_autoptr (GArray) waits_us = g_array_new (FALSE, FALSE, sizeof (guint32));
  gint64 first_ns = G_MAXINT64, last_ns = 0, finish_ns = 0;
  double service_ns = 0;
  WpSample sample;

  for (; next_sample (&reader, &sample); self->requests++)
    {
      guint32 wait_us = (guint32) MIN (sample.wait_ns / WP_NS_PER_US, G_MAXINT32);

      first_ns = MIN (first_ns, sample.arrival_ns);
      last_ns = MAX (last_ns, sample.arrival_ns);
      self->measured.blocked += sample.blocked;
      if (sample.wait_ns == WP_TIME_NONE)
        continue;
      service_ns += (double) sample.service_ns;
      finish_ns = MAX (finish_ns, sample.arrival_ns + sample.wait_ns + sample.service_ns);
      g_array_append_val (waits_us, wait_us);
    }
  self->span_s = self->requests > 0 ? (double) (last_ns - first_ns) / WP_NS_PER_S : 0;
  self->measured.utilisation
      = finish_ns > first_ns ? service_ns / (double) (finish_ns - first_ns) / workers : NAN;
  set_waits (&self->measured, waits_us);
}

static void
count (WpWhatIf *self, const WpOutlook *outlook, const WpServerState *now)
{
  const WpTrafficMark *from = &outlook->from;
  WpLayout layout;

  wp_policy_layout (&now->policy, &layout);
  self->age_ns = now->now_ns - from->at_ns;
  self->resized_ns = outlook->resized_ns > from->at_ns ? now->now_ns - outlook->resized_ns : WP_TIME_NONE;
  self->measured.rejected = now->rejected - from->rejected;
  self->measured.timed_out = now->timed_out - from->timed_out;
  self->measured.full_ns = layout.can_be_full ? now->full_ns - from->full_ns : WP_TIME_NONE;
  self->measured.depth_peak = now->queued_peak;
}

/* The first service of all stands in before any is known. */
static gint64
find_service (Reader reader)
{
  WpSample sample;

  while (next_sample (&reader, &sample))
    if (sample.service_ns != WP_TIME_NONE)
      return sample.service_ns;
  return WP_TIME_NONE;
}

/* Arrivals are divided by @traffic and rounded, as by wp-sim --scale. */
static gboolean
feed (WpsimModel *model, Reader reader, double traffic)
{
  gint64 origin_ns = WP_TIME_NONE, service_ns = find_service (reader);
  WpSample sample;

  if (service_ns == WP_TIME_NONE)
    return FALSE;
  while (next_sample (&reader, &sample))
    {
      if (origin_ns == WP_TIME_NONE)
        origin_ns = sample.arrival_ns;
      if (sample.service_ns != WP_TIME_NONE)
        service_ns = sample.service_ns;
      if (!wpsim_model_feed (model,
                             traffic == 1
                                 ? sample.arrival_ns - origin_ns
                                 : llroundl ((long double) (sample.arrival_ns - origin_ns) / traffic),
                             service_ns, NULL))
        return FALSE;
    }
  return TRUE;
}

gboolean
wp_what_if (WpWhatIf *self, const WpSampleRing *ring, const WpOutlook *outlook, const WpServerState *now,
            const WpPolicy *policy, double traffic)
{
  g_autoptr (WpsimModel) model = wp_forecast_model_new (policy, &outlook->system);
  guint64 readable = now->arrived - MIN (now->arrived, WP_SAMPLE_RING_REQUESTS);
  Reader reader = { ring, MAX (outlook->from.arrived, readable), now->arrived, now->now_ns };
  WpsimResult result;

  *self = (WpWhatIf){ .requests = 0 };
  measure (self, reader, mean_workers (outlook, now));
  count (self, outlook, now);
  if (!model || !feed (model, reader, traffic) || !wpsim_model_finish (model, &result, NULL))
    return FALSE;
  self->predicted = (WpWhatIfFigures){
    .utilisation = result.utilisation,
    .wait_p50_ns = result.wait.p50,
    .wait_p99_ns = result.wait.p99,
    .depth_peak = (guint64) MAX (result.depth_peak, 0),
    .blocked = result.blocked,
    .rejected = result.rejected,
    .timed_out = result.timed_out,
    .full_ns = result.time_full_ns,
  };

  return TRUE;
}
