#include "sim/report/wp-report.h"

#include "sim/base/wp-error.h"
#include "sim/report/wp-report-csv.h"
#include "sim/report/wp-report-json.h"
#include "sim/report/wp-report-text.h"

const WpReportFormat wp_report_formats[] = {
  { "text", wp_report_text, TRUE },
  { "json", wp_report_json, FALSE },
  { "csv", wp_report_csv, FALSE },
  { NULL }
};

const WpReportFormat *
wp_report_format_find (const char *name, GError **error)
{
  for (const WpReportFormat *format = wp_report_formats; format->name; format++)
    if (g_ascii_strcasecmp (format->name, name) == 0)
      return format;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a format: text, json or csv", name);

  return NULL;
}

guint
wp_report_workers (const WpPolicy *policy)
{
  WpLayout layout;

  wp_policy_layout (policy, &layout);

  return layout.workers == WP_UNBOUNDED ? 0 : layout.workers;
}
