#include "sim/report/wp-report.h"

#include "sim/report/wp-report-csv.h"
#include "sim/report/wp-report-json.h"
#include "sim/report/wp-report-text.h"

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
