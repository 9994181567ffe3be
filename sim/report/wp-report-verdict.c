#include "sim/report/wp-report-verdict.h"

#include "sim/report/wp-format.h"

/* "wait.p99 1.07 s, not wait.p99<1s" where the objective is not met. */
static void
add_judgement (GString *text, const WpSlo *slo, const WpSummary *summary)
{
  const double bound = wp_slo_bound (slo, summary);
  char cell[WP_FORMAT_CELL];

  g_string_append_printf (text, "%s %s", slo->metric->name,
                          wp_format_apart (cell, slo->metric->unit, wp_metric_value (slo->metric, summary),
                                           &bound, 1));
  if (!wp_slo_is_met (slo, summary))
    g_string_append_printf (text, ", not %s", slo->text);
}

void
wp_report_verdict_add_gate (GString *text, const WpReport *report)
{
  const WpPolicy *policy = &report->policies[0];
  const WpSummary *summary = &report->summary[0];
  gboolean failed = wp_slos_first_failure (report->slos, summary) != NULL;
  gboolean unknown = report->logged && wp_logged_is_unknown (report->logged);
  const char *before = ": ";

  g_string_append_printf (text, "gate %s: ",
                          failed    ? "failed"
                          : unknown ? "not passed (see the warning)"
                                    : "passed");
  if (policy->mode == WP_MODE_WORKER_POOL)
    g_string_append_printf (text, "--workers=%u ", policy->workers);
  g_string_append_printf (text, "--queue=%u", policy->queue_jobs);
  for (guint i = 0; i < report->slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (report->slos, i);

      if (failed && wp_slo_is_met (slo, summary))
        continue;
      g_string_append (text, before);
      add_judgement (text, slo, summary);
      before = "; ";
    }
  g_string_append_c (text, '\n');
}
