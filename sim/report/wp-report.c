#include "sim/report/wp-report.h"

#include <math.h>

const WpReportFormat wp_report_formats[] = { { "text", wp_report_text, TRUE },
                                             { "json", wp_report_json, FALSE },
                                             { "csv", wp_report_csv, FALSE },
                                             { NULL } };

guint
wp_report_workers (const WpPolicy *policy)
{
  WpLayout layout;

  wp_policy_layout (policy, &layout);

  return layout.workers == WP_UNBOUNDED ? 0 : layout.workers;
}

gboolean
wp_report_is_recommended (const WpReport *self, guint model)
{
  return self->recommendation && self->recommendation->is_found
         && self->policies[model].mode == WP_MODE_WORKER_POOL;
}

double
wp_report_sharing (const WpReport *self, const char *metric)
{
  const WpMetric *found = wp_metric_find (metric);

  return wp_metric_value (found, &self->summary[0]) - wp_metric_value (found, &self->summary[1]);
}
