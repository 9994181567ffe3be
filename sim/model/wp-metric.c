#include "sim/model/wp-metric.h"

#include <math.h>

#define COUNT(name, field)                                                                                   \
  {                                                                                                          \
    name, WP_UNIT_REQUESTS, WP_METRIC_COUNT, G_STRUCT_OFFSET (WpSummary, field)                              \
  }
#define JOBS(name, field)                                                                                    \
  {                                                                                                          \
    name, WP_UNIT_JOBS, WP_METRIC_INTEGER, G_STRUCT_OFFSET (WpSummary, field)                                \
  }
#define TIME(name, field)                                                                                    \
  {                                                                                                          \
    name, WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, field)                                     \
  }
#define DOUBLE(name, unit, field)                                                                            \
  {                                                                                                          \
    name, unit, WP_METRIC_DOUBLE, G_STRUCT_OFFSET (WpSummary, field)                                         \
  }
#define SPREAD(name, field)                                                                                  \
  { name ".mean", WP_UNIT_TIME, WP_METRIC_DOUBLE_NS, G_STRUCT_OFFSET (WpSummary, field.mean) },              \
      TIME (name ".p50", field.p50), TIME (name ".p90", field.p90), TIME (name ".p99", field.p99),           \
      TIME (name ".p999", field.p999), TIME (name ".max", field.max)

const WpMetric wp_metrics[] = { COUNT ("requests", requests),
                                COUNT ("accepted", accepted),
                                COUNT ("rejected", rejected),
                                COUNT ("timed_out", timed_out),
                                COUNT ("abandoned", abandoned),
                                COUNT ("blocked", blocked),
                                COUNT ("blocked_peak", blocked_peak),
                                SPREAD ("blocked_time", blocked_time),
                                SPREAD ("accept_latency", accept_latency),
                                SPREAD ("wait", wait),
                                SPREAD ("response", response),
                                SPREAD ("latency", latency),
                                DOUBLE ("depth.mean", WP_UNIT_MEAN_JOBS, depth_mean),
                                JOBS ("depth.p50", depth_p50),
                                JOBS ("depth.p99", depth_p99),
                                JOBS ("depth.max", depth_max),
                                TIME ("time_full", time_full_ns),
                                TIME ("first_full", first_full_ns),
                                DOUBLE ("busy.mean", WP_UNIT_MEAN_JOBS, busy_mean),
                                JOBS ("busy.max", busy_max),
                                DOUBLE ("utilisation", WP_UNIT_SHARE, utilisation),
                                TIME ("makespan", makespan_ns),
                                DOUBLE ("throughput", WP_UNIT_RATE, throughput),
                                { NULL } };

const WpMetric *
wp_metric_find (const char *name)
{
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    if (g_str_equal (metric->name, name))
      return metric;

  return NULL;
}

double
wp_metric_value (const WpMetric *self, const WpSummary *summary)
{
  gconstpointer field = G_STRUCT_MEMBER_P (summary, self->offset);
  gint64 integer;

  switch (self->type)
    {
    case WP_METRIC_COUNT:
      return (double) *(const guint64 *) field;
    case WP_METRIC_DOUBLE:
      return *(const double *) field;
    case WP_METRIC_DOUBLE_NS:
      return *(const double *) field / WP_NS_PER_S;
    case WP_METRIC_INTEGER:
    case WP_METRIC_NS:
      integer = *(const gint64 *) field;
      if (integer == WP_TIME_NONE)
        return NAN;
      return self->type == WP_METRIC_NS ? (double) integer / WP_NS_PER_S : (double) integer;
    default:
      g_assert_not_reached ();
    }
}

gboolean
wp_metric_is_whole (const WpMetric *self)
{
  return self->unit == WP_UNIT_REQUESTS || self->unit == WP_UNIT_JOBS;
}
