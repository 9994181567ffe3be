#include "sim/report/wp-confidence-text.h"

#include <math.h>

#include "sim/report/wp-format.h"
#include "sim/trace/wp-json-add.h"

#define CELL      48
#define UNSETTLED 0.7

/* Four significant digits, to distinguish theory from simulation. */
static const char *
format (char *cell, const char *metric, double value)
{
  static const struct {
    double scale;
    const char *name;
  } units[] = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" } };
  WpUnit unit = wp_metric_find (metric)->unit;
  guint i = 0;

  if (isnan (value))
    g_snprintf (cell, CELL, "-");
  else if (unit == WP_UNIT_REQUESTS)
    g_snprintf (cell, CELL, "%.4g %%", 100 * value);
  else if (unit == WP_UNIT_RATE)
    g_snprintf (cell, CELL, "%.6g/s", value);
  else if (unit == WP_UNIT_TIME && value != 0)
    {
      while (i + 1 < G_N_ELEMENTS (units) && fabs (value) < units[i].scale)
        i++;
      g_snprintf (cell, CELL, "%.4g %s", value / units[i].scale, units[i].name);
    }
  else
    g_snprintf (cell, CELL, "%.4g%s", value, unit == WP_UNIT_TIME ? " s" : "");

  return cell;
}

/* The parts of such a run are not independent, so their mean has no valid interval. */
static gboolean
is_unsettled (const WpConfidence *confidence)
{
  return confidence->correlation > UNSETTLED;
}

static void
add_heading (GString *text, const WpReport *report, guint model)
{
  const WpConfidence *confidence = &report->confidence[model];
  char cell[WP_FORMAT_CELL];

  g_string_append_printf (text, "\n%s: ", wp_mode_name (report->policies[model].mode));
  if (!confidence->method)
    g_string_append (text, "the run is too short for confidence intervals");
  else
    g_string_append_printf (text, "95 %% confidence by %s, %u of %" G_GUINT64_FORMAT " requests",
                            confidence->method, confidence->n, confidence->requests);
  if (is_unsettled (confidence))
    g_string_append_printf (
        text,
        ", but the run shows no steady state (neighbouring parts correlate by %.2f): run longer, or use "
        "--replications",
        confidence->correlation);
  else if ((double) confidence->run_requests < confidence->requests_needed)
    g_string_append_printf (text, "; too narrow, the run is too short for its load: run %s requests or more",
                            wp_format_whole (cell, confidence->requests_needed));
  else if (wp_confidence_is_doubtful (confidence))
    g_string_append_printf (
        text, "; neighbouring parts correlate (%.2f), so the intervals are too narrow: run longer",
        confidence->correlation);
  if (confidence->has_theory && confidence->theory.name)
    g_string_append_printf (text, "\ntheory: %s, %s", confidence->theory.name, confidence->theory.source);
  else if (confidence->has_theory)
    g_string_append_printf (text, "\ntheory: no closed form: %s", confidence->theory.source);
  g_string_append_c (text, '\n');
}

static int
find_theory (const WpConfidence *confidence, const char *metric)
{
  for (guint i = 0; confidence->has_theory && i < confidence->theory.n_values; i++)
    if (g_str_equal (confidence->theory.values[i].metric, metric))
      return (int) i;

  return -1;
}

static const char *
judge (const WpConfidence *confidence, int theory, const WpSummary *summary)
{
  int holds = theory < 0 ? -1 : wp_confidence_holds (confidence, (guint) theory, summary);

  return holds < 0                  ? ""
         : confidence->theory.exact ? holds ? "equal" : "NOT EQUAL"
         : holds                    ? "inside"
                                    : "OUTSIDE";
}

static void
add_row (GString *text, const WpConfidence *confidence, const char *metric, const WpInterval *interval,
         double needed, int theory, const WpSummary *summary)
{
  char mean[CELL], half[CELL], expected[CELL], more[CELL] = "";
  gboolean exact = confidence->has_theory && confidence->theory.exact && theory >= 0;

  g_string_append_printf (
      text, "%-20s%14s", metric,
      format (mean, metric, interval && !exact ? interval->mean : wp_confidence_value (metric, summary)));
  if (interval && !exact && !isnan (interval->half_width))
    g_string_append_printf (text, " +- %-12s", format (half, metric, interval->half_width));
  else
    g_string_append_printf (text, "%16s", "");
  if (!isnan (needed))
    g_snprintf (more, sizeof more, "%.0f", needed);
  g_string_append_printf (text, "%12s", more);
  if (confidence->has_theory)
    g_string_append_printf (text, "%14s   %s",
                            theory >= 0 ? format (expected, metric, confidence->theory.values[theory].value)
                                        : "",
                            judge (confidence, theory, summary));
  while (text->len > 0 && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
  g_string_append_c (text, '\n');
}

void
wp_confidence_add_text (GString *text, const WpReport *report)
{
  for (guint model = 0; report->confidence && model < report->n_models; model++)
    {
      const WpConfidence *confidence = &report->confidence[model];
      const WpSummary *summary = &report->summary[model];
      g_autofree char *needed = g_strdup_printf ("for %.4g %%", 100 * confidence->precision);

      add_heading (text, report, model);
      if ((confidence->n_metrics == 0 || is_unsettled (confidence))
          && (!confidence->has_theory || confidence->theory.n_values == 0))
        continue;
      g_string_append_printf (text, "%-20s%14s%16s%12s%s\n", "", "simulated", "", needed,
                              confidence->has_theory ? "        theory" : "");
      for (guint i = 0; i < confidence->n_metrics; i++)
        {
          const WpInterval *interval = &confidence->metrics[i].interval;

          if (interval->mean != 0 || find_theory (confidence, interval->metric) >= 0)
            add_row (text, confidence, interval->metric, interval, confidence->metrics[i].needed,
                     find_theory (confidence, interval->metric), summary);
        }
      for (guint i = 0; confidence->has_theory && i < confidence->theory.n_values; i++)
        if (!wp_confidence_find (confidence, confidence->theory.values[i].metric))
          add_row (text, confidence, confidence->theory.values[i].metric, NULL, NAN, (int) i, summary);
    }
}

static void
add_metric (JsonBuilder *builder, const WpConfidence *confidence, const char *metric,
            const WpInterval *interval, double needed, int theory, const WpSummary *summary)
{
  int holds = theory < 0 ? -1 : wp_confidence_holds (confidence, (guint) theory, summary);

  json_builder_begin_object (builder);
  wp_json_add_string (builder, "name", metric);
  wp_json_add_double (builder, "mean", interval ? interval->mean : wp_confidence_value (metric, summary));
  wp_json_add_double (builder, "half_width", interval ? interval->half_width : NAN);
  wp_json_add_double (builder, "needed", needed);
  if (confidence->has_theory)
    {
      wp_json_add_double (builder, "theory", theory >= 0 ? confidence->theory.values[theory].value : NAN);
      json_builder_set_member_name (builder, "inside");
      if (holds < 0)
        json_builder_add_null_value (builder);
      else
        json_builder_add_boolean_value (builder, holds);
    }
  json_builder_end_object (builder);
}

static void
add_model (JsonBuilder *builder, const WpReport *report, guint model)
{
  const WpConfidence *confidence = &report->confidence[model];
  const WpSummary *summary = &report->summary[model];

  json_builder_begin_object (builder);
  wp_json_add_string (builder, "mode", wp_mode_name (report->policies[model].mode));
  wp_json_add_string (builder, "method", confidence->method);
  wp_json_add_double (builder, "level", WP_CONFIDENCE);
  json_builder_set_member_name (builder, "n");
  json_builder_add_int_value (builder, confidence->n);
  json_builder_set_member_name (builder, "requests");
  json_builder_add_int_value (builder, (gint64) confidence->requests);
  wp_json_add_double (builder, "correlation", confidence->correlation);
  wp_json_add_double (builder, "requests_needed",
                      confidence->requests_needed > 0 ? confidence->requests_needed : NAN);
  wp_json_add_double (builder, "precision", confidence->precision);
  if (confidence->has_theory)
    {
      wp_json_add_string (builder, "theory", confidence->theory.name);
      wp_json_add_string (builder, "source", confidence->theory.source);
    }
  wp_json_begin_array (builder, "metrics");
  for (guint i = 0; i < confidence->n_metrics; i++)
    {
      const char *metric = confidence->metrics[i].interval.metric;

      add_metric (builder, confidence, metric, &confidence->metrics[i].interval,
                  confidence->metrics[i].needed, find_theory (confidence, metric), summary);
    }
  for (guint i = 0; confidence->has_theory && i < confidence->theory.n_values; i++)
    if (!wp_confidence_find (confidence, confidence->theory.values[i].metric))
      add_metric (builder, confidence, confidence->theory.values[i].metric, NULL, NAN, (int) i, summary);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

void
wp_confidence_add_json (JsonBuilder *builder, const WpReport *report)
{
  if (!report->confidence)
    return;
  wp_json_begin_array (builder, "confidence");
  for (guint i = 0; i < report->n_models; i++)
    add_model (builder, report, i);
  json_builder_end_array (builder);
}
