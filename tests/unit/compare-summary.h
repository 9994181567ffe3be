/* compare-summary.h - two sets of figures, every one that a report has, and two results of a request. */
#pragma once

#include <math.h>

#include "sim/model/wp-metric.h"

/* The name of a metric in which they differ (means by more than rounding), or NULL. */
static inline const char *
compare_figures (const WpSummary *one, const WpSummary *two)
{
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    {
      double a = wp_metric_value (metric, one), b = wp_metric_value (metric, two);
      double allowed
          = metric->type == WP_METRIC_DOUBLE || metric->type == WP_METRIC_DOUBLE_NS ? 1e-12 * fabs (b) : 0;

      if (isnan (a) != isnan (b) || fabs (a - b) > allowed)
        return metric->name;
    }

  return NULL;
}

static inline gboolean
same_result (const WpRequestResult *one, const WpRequestResult *two)
{
  return one->accepted_ns == two->accepted_ns && one->started_ns == two->started_ns
         && one->finished_ns == two->finished_ns && one->ended_ns == two->ended_ns
         && one->outcome == two->outcome && one->blocked == two->blocked;
}

static inline void
print_result (const char *who, const WpRequestResult *v)
{
  g_test_message ("  %s: accepted %" G_GINT64_FORMAT " started %" G_GINT64_FORMAT
                  " finished %" G_GINT64_FORMAT " ended %" G_GINT64_FORMAT " outcome %d blocked %d",
                  who, v->accepted_ns, v->started_ns, v->finished_ns, v->ended_ns, v->outcome, v->blocked);
}
