#include "sim/report/wp-report.h"

#include <math.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-report-fleet.h"

/* An empty cell for null. */
static void
add_double (GString *text, double value)
{
  char buffer[WP_TEXT_NUMBER];

  if (!isnan (value))
    g_string_append (text, wp_text_number (buffer, value));
}

static void
add_model (GString *text, const WpReport *report, guint model)
{
  const WpPolicy *policy = &report->policies[model];
  const WpSummary *summary = &report->summary[model];
  guint workers = wp_report_workers (policy);

  g_string_append_printf (text, "%s,", wp_mode_name (policy->mode));
  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    g_string_append_printf (text, "%u", policy->queue_jobs);
  g_string_append_c (text, ',');
  if (workers > 0)
    g_string_append_printf (text, "%u", workers);
  g_string_append_printf (text, ",%s",
                          wp_policy_uses (policy, WP_POLICY_DISPATCHER)
                              ? wp_dispatcher_name (policy->dispatcher)
                              : "");
  g_string_append_printf (text, ",%s",
                          wp_policy_uses (policy, WP_POLICY_WHEN_FULL) ? wp_when_full_name (policy->when_full)
                                                                       : "");
  wp_report_fleet_add_csv (text, report, model);
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    {
      g_string_append_c (text, ',');
      add_double (text, wp_metric_value (metric, summary));
    }
  g_string_append_c (text, '\n');
}

static void
add_models (GString *text, const WpReport *report)
{
  g_string_append_printf (text, "mode,queue,workers,dispatcher,when_full%s",
                          wp_report_fleet_csv_columns (report));
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    g_string_append_printf (text, ",%s", metric->name);
  g_string_append_c (text, '\n');
  for (guint i = 0; i < report->n_models; i++)
    add_model (text, report, i);
}

static void
add_agreements (GString *text, const WpAgreement *against)
{
  g_string_append (text, "name,predicted,measured,error,ok\n");
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    {
      const WpMetricAgreement *agreement = &against->metrics[i];

      g_string_append_printf (text, "%s,", agreement->metric->name);
      add_double (text, agreement->predicted);
      g_string_append_c (text, ',');
      add_double (text, agreement->measured);
      g_string_append_c (text, ',');
      add_double (text, agreement->error);
      g_string_append_printf (text, ",%s\n", !agreement->is_judged ? "" : agreement->ok ? "true" : "false");
    }
  g_string_append (text, "depth_curve,,,");
  add_double (text, against->curve_error);
  g_string_append_printf (text, ",%s\n", against->curve_ok ? "true" : "false");
}

char *
wp_report_csv (const WpReport *report)
{
  GString *text = g_string_new (NULL);

  if (report->against)
    add_agreements (text, &report->against->judged);
  else
    add_models (text, report);

  return g_string_free (text, FALSE);
}
