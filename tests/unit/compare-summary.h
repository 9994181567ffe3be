/* compare-summary.h - two sets of figures, every one that a report has. */
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
