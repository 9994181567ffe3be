#include "sim/plot/wp-html-comparison.h"

#include <math.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-report-comparison.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report.h"

char *
wp_html_comparison_verdict (const WpComparison *comparison)
{
  GString *text = g_string_new (NULL);

  wp_report_comparison_add_judgement (text, comparison);
  for (char *at = text->str; *at != '\0'; at++)
    if (*at == '\n')
      *at = ' ';

  return g_strstrip (g_string_free (text, FALSE));
}

/* Rounded for people, with its value for programs. */
static void
add_value (GString *html, const char *side, const WpMetric *metric, double value)
{
  char cell[WP_FORMAT_CELL], number[WP_TEXT_NUMBER];

  if (isfinite (value))
    g_string_append_printf (html, "<td><data class=\"%s %s\" value=\"%s\">%s</data></td>", side, metric->name,
                            wp_text_number (number, value), wp_format_value (cell, metric->unit, value));
  else
    g_string_append (html, "<td>-</td>");
}

static void
add_metric (GString *html, const WpComparison *comparison, guint i)
{
  const WpMetricAgreement *agreement = &comparison->judged.metrics[i];
  char cell[WP_FORMAT_CELL];

  g_string_append_printf (html, "<tr><th scope=\"row\">%s</th>", agreement->metric->name);
  add_value (html, "predicted", agreement->metric, agreement->predicted);
  add_value (html, "measured", agreement->metric, agreement->measured);
  g_string_append_printf (html, "<td>%s</td>", wp_report_comparison_error (cell, agreement));
  if (!comparison->replayed.not_modelled)
    g_string_append_printf (html, "<td>%s</td>",
                            wp_report_comparison_error (cell, &comparison->replayed.judged.metrics[i]));
  g_string_append_printf (html, "<td>%s</td></tr>\n", wp_report_comparison_ok (comparison, i));
}

static void
add_curve (GString *html, const WpComparison *comparison)
{
  const WpAgreement *judged = &comparison->judged;
  gboolean is_modelled = !comparison->replayed.not_modelled;

  g_string_append (html, "<tr><th scope=\"row\">depth curve</th><td></td><td></td>");
  if (isnan (judged->curve_error))
    g_string_append_printf (html, "<td>-</td>%s<td>not judged: under 1 job second</td></tr>\n",
                            is_modelled ? "<td></td>" : "");
  else
    {
      g_string_append_printf (html, "<td>%.2f %%</td>", 100 * judged->curve_error);
      if (is_modelled)
        g_string_append_printf (html, "<td>%.2f %%</td>", 100 * comparison->replayed.judged.curve_error);
      g_string_append_printf (html, "<td>%s</td></tr>\n", judged->curve_ok ? "yes" : "NO");
    }
}

void
wp_html_comparison_add (const WpComparison *comparison, GString *html)
{
  g_string_append_printf (
      html,
      "<h2>Predicted and measured</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" "
      "aria-label=\"Each metric, predicted and measured\">\n<table>\n<thead><tr><th scope=\"col\">metric</th>"
      "<th scope=\"col\">predicted</th><th scope=\"col\">measured</th><th scope=\"col\">error</th>%s"
      "<th scope=\"col\">ok</th></tr></thead>\n<tbody>\n",
      comparison->replayed.not_modelled ? "" : "<th scope=\"col\">as replayed</th>");
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    add_metric (html, comparison, i);
  add_curve (html, comparison);
  g_string_append (html, "</tbody>\n</table>\n</div>");
}
