#include "sim/model/wp-metric.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"

#define COUNT(name, field)                                                                                   \
  {                                                                                                          \
    name, WP_UNIT_REQUESTS, WP_METRIC_COUNT, G_STRUCT_OFFSET (WpSummary, field), 0                           \
  }
#define JOBS(name, field, share)                                                                             \
  {                                                                                                          \
    name, WP_UNIT_JOBS, WP_METRIC_INTEGER, G_STRUCT_OFFSET (WpSummary, field), share                         \
  }
#define TIME(name, field, share)                                                                             \
  {                                                                                                          \
    name, WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, field), share                              \
  }
#define DOUBLE(name, unit, field)                                                                            \
  {                                                                                                          \
    name, unit, WP_METRIC_DOUBLE, G_STRUCT_OFFSET (WpSummary, field), 0                                      \
  }
#define SPREAD(name, field)                                                                                  \
  { name ".mean", WP_UNIT_TIME, WP_METRIC_DOUBLE_NS, G_STRUCT_OFFSET (WpSummary, field.mean), 0 },           \
      TIME (name ".p50", field.p50, 0.5), TIME (name ".p90", field.p90, 0.9),                                \
      TIME (name ".p95", field.p95, 0.95), TIME (name ".p99", field.p99, 0.99),                              \
      TIME (name ".p999", field.p999, 0.999), TIME (name ".max", field.max, 0)

#define MAX_METRICS 100 /* those below, and of each group WP_MAX_PERCENTILES more; then a NULL name */

static WpMetric metrics[MAX_METRICS] = { COUNT ("requests", requests),
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
                                         JOBS ("depth.p50", depth_p50, 0.5),
                                         JOBS ("depth.p95", depth_p95, 0.95),
                                         JOBS ("depth.p99", depth_p99, 0.99),
                                         JOBS ("depth.max", depth_max, 0),
                                         TIME ("time_full", time_full_ns, 0),
                                         TIME ("first_full", first_full_ns, 0),
                                         DOUBLE ("busy.mean", WP_UNIT_MEAN_JOBS, busy_mean),
                                         JOBS ("busy.max", busy_max, 0),
                                         DOUBLE ("utilisation", WP_UNIT_SHARE, utilisation),
                                         TIME ("makespan", makespan_ns, 0),
                                         DOUBLE ("throughput", WP_UNIT_RATE, throughput),
                                         { NULL } };

const WpMetric *const wp_metrics = metrics;

/* The distributions with percentiles, and the place of added ones in a summary. */
static const struct {
  const char *name;
  WpUnit unit;
  WpMetricType type;
  gsize offset;
} groups[] = {
  { "blocked_time", WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, blocked_time.more) },
  { "accept_latency", WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, accept_latency.more) },
  { "wait", WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, wait.more) },
  { "response", WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, response.more) },
  { "latency", WP_UNIT_TIME, WP_METRIC_NS, G_STRUCT_OFFSET (WpSummary, latency.more) },
  { "depth", WP_UNIT_JOBS, WP_METRIC_INTEGER, G_STRUCT_OFFSET (WpSummary, depth_more) },
};

/* The percentile's name in the reports; NULL: no report has it. */
static const char *
find_percentile (double share)
{
  for (const WpMetric *metric = metrics; metric->name; metric++)
    if (metric->share > 0 && fabs (metric->share - share) < 1e-9)
      return strchr (metric->name, '.') + 1;

  return NULL;
}

static void
add_metrics (double share, guint index)
{
  WpMetric *metric = metrics;
  char percent[G_ASCII_DTOSTR_BUF_SIZE];

  while (metric->name)
    metric++;
  g_ascii_formatd (percent, sizeof percent, "%.10g", 100 * share);
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++, metric++)
    {
      g_autofree char *name = g_strdup_printf ("%s.p%s", groups[i].name, percent);

      g_assert (metric + 1 < metrics + MAX_METRICS);
      *metric = (WpMetric){ g_intern_string (name), groups[i].unit, groups[i].type,
                            groups[i].offset + index * sizeof (gint64), share };
    }
}

const char *
wp_metric_add_percentile (const char *name, GError **error)
{
  const char *digits = *name == 'p' ? name + 1 : "";
  gboolean is_number = *digits != '\0' && strspn (digits, "0123456789.") == strlen (digits);
  char *end = NULL;
  double percent = is_number ? g_ascii_strtod (digits, &end) : 0, share = percent / 100;
  int index;

  if (!is_number || *end != '\0' || !(percent > 0 && percent < 100))
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a percentile, such as p95 or p99.5",
                 name);
  else if (find_percentile (share))
    return find_percentile (share);
  else if ((index = wp_summary_add_percentile (share)) < 0)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                 "\"%s\" is one percentile too many: a report takes %d beside its own", name,
                 WP_MAX_PERCENTILES);
  else
    {
      add_metrics (share, (guint) index);
      return find_percentile (share);
    }

  return NULL;
}

const WpMetric *
wp_metric_find (const char *name)
{
  for (const WpMetric *metric = metrics; metric->name; metric++)
    if (g_str_equal (metric->name, name))
      return metric;

  return NULL;
}

gboolean
wp_metric_is_added (const WpMetric *self)
{
  return self > wp_metric_find ("throughput"); /* the last of the others */
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
wp_metric_is_count (const WpMetric *self)
{
  return self->unit == WP_UNIT_REQUESTS || self->unit == WP_UNIT_JOBS;
}
