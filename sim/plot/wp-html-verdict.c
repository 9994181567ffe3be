#include "sim/plot/wp-html-verdict.h"

#include "sim/plot/wp-html-comparison.h"
#include "sim/report/wp-report-verdict.h"

/* The last model that has a queue; NULL: none. */
static const WpPolicy *
find_sized (const WpReport *report, const WpSummary **summary)
{
  for (guint i = report->n_models; i-- > 0;)
    if (wp_policy_uses (&report->policies[i], WP_POLICY_QUEUE))
      {
        *summary = &report->summary[i];
        return &report->policies[i];
      }

  return NULL;
}

/* "--workers=8 --queue=100 meets the objectives: blocked 0; wait.p99 210 ms." */
static char *
judge (const WpReport *report, const WpSweep *sizes)
{
  const GPtrArray *slos = report->slos ? report->slos : sizes ? sizes->slos : NULL;
  const WpSummary *summary = NULL;
  const WpPolicy *policy = find_sized (report, &summary);
  g_autofree char *assumed = wp_report_verdict_assumption (report);
  GString *text;

  if (!slos || !policy)
    return NULL;
  text = g_string_new (NULL);
  if (assumed)
    g_string_append_printf (text, "Assuming %s: ", assumed);
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    g_string_append_printf (text, "--workers=%u ", policy->workers);
  g_string_append_printf (text, "--queue=%u %s the objectives", policy->queue_jobs,
                          wp_slos_first_failure (slos, summary) ? "does not meet" : "meets");
  for (guint i = 0; i < slos->len; i++)
    {
      g_string_append (text, i == 0 ? ": " : "; ");
      wp_report_verdict_add_judgement (text, g_ptr_array_index (slos, i), summary);
    }
  g_string_append_c (text, '.');
  if (sizes && sizes->recommendation.is_found)
    g_string_append_printf (text, " For %.4g times this traffic: --workers=%u --queue=%u.",
                            sizes->recommendation.margin, sizes->recommendation.workers,
                            sizes->recommendation.queue_jobs);

  return g_string_free (text, FALSE);
}

/* "4 of 6 sizes meet the objectives." */
static char *
judge_sweep (const WpSweep *sweep)
{
  const WpRecommendation *recommended = &sweep->recommendation;
  GString *text = g_string_new (NULL);
  guint n_met = 0;

  for (guint i = 0; i < sweep->rows->len; i++)
    n_met += g_array_index (sweep->rows, WpSweepRow, i).failed == NULL;
  g_string_append_printf (text, "%u of %u sizes meet the objectives.", n_met, sweep->rows->len);
  if (recommended->is_found)
    g_string_append_printf (text, " For %.4g times this traffic: --workers=%u --queue=%u.",
                            recommended->margin, recommended->workers, recommended->queue_jobs);

  return g_string_free (text, FALSE);
}

char *
wp_html_verdict (const WpReport *report, const WpSweep *sizes)
{
  char *recommended;

  if (report->against)
    return wp_html_comparison_verdict (report->against);
  if (sizes && report->n_models == 0)
    return judge_sweep (sizes);
  recommended = wp_report_verdict (report);

  return recommended ? recommended : judge (report, sizes);
}
