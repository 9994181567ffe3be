#include "sim/report/wp-report.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-confidence-text.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-comparison.h"
#include "sim/report/wp-report-fleet.h"
#include "sim/report/wp-report-plan.h"
#include "sim/report/wp-report-sensitivity.h"
#include "sim/report/wp-report-verdict.h"

#define CELL WP_FORMAT_CELL

#define LABEL_WIDTH    16
#define SUBLABEL_WIDTH 6
#define COLUMN_WIDTH   17

static double
seconds (gint64 ns)
{
  return ns == WP_TIME_NONE ? NAN : (double) ns / WP_NS_PER_S;
}

/* All models have the same acknowledgement. */
static void
add_patience (GString *text, const WpReport *report)
{
  const WpPolicy *policy = &report->policies[0];
  char time[CELL];

  wp_format_seconds (time, seconds (report->patience_ns));
  if (policy->ack == WP_ACK_ACCEPTED)
    g_string_append_printf (text, "patience: a parked client leaves after %s\n", time);
  else
    g_string_append_printf (text, "patience: a client leaves after %s (ack stored); its job %s\n", time,
                            policy->keep_abandoned ? "runs on once it is queued"
                                                   : "is dropped unless it has started");
}

static void
add_remark (GString *text, const char *what, const char *from_outside)
{
  g_string_append (text, what);
  wp_text_append (text, from_outside);
  g_string_append_c (text, '\n');
}

#define BURST 96

/* The index of dispersion in words. */
static const char *
describe_bursts (char *words, double dispersion)
{
  char times[CELL];

  wp_format_number (times, dispersion);
  if (isnan (dispersion))
    return "";
  if (dispersion >= 1.5)
    g_snprintf (words, BURST, "; bursty: %s times as variable as Poisson traffic", times);
  else if (dispersion > 0.67)
    g_snprintf (words, BURST, "; about as variable as Poisson traffic (%s times)", times);
  else
    g_snprintf (words, BURST, "; even: %s times as variable as Poisson traffic", times);

  return words;
}

static void
add_service (GString *text, const WpReport *report)
{
  const WpTrafficSummary *traffic = &report->traffic;
  char service[CELL], p99[CELL], drawn[CELL];
  g_autofree char *drawn_from = wp_text_escape (report->service);
  g_autofree char *logged = report->logged ? wp_logged_describe (report->logged) : NULL;

  g_string_append_printf (text, "service: %s on average, p99 %s",
                          wp_format_value (service, WP_UNIT_TIME, traffic->service_mean / WP_NS_PER_S),
                          wp_format_value (p99, WP_UNIT_TIME, seconds (traffic->service_p99_ns)));
  if (report->n_drawn == traffic->requests)
    g_string_append_printf (text, " (--service=%s)", drawn_from);
  else if (report->n_drawn > 0)
    g_string_append_printf (text, " (--service=%s for the %s request%s without one)", drawn_from,
                            wp_format_whole (drawn, (double) report->n_drawn),
                            report->n_drawn == 1 ? "" : "s");
  g_string_append_c (text, '\n');
  if (logged)
    g_string_append_printf (text, "%s\n", logged);
}

void
wp_report_text_add_traffic (GString *text, const WpReport *report)
{
  const WpTrafficSummary *traffic = &report->traffic;
  char requests[CELL], duration[CELL], mean[CELL], peak[CELL], burst[BURST], p99[CELL], drawn[CELL];

  wp_text_append (text, report->trace);
  if (report->found)
    g_string_append_printf (text, " (%s)", report->found);
  g_string_append_printf (text, ": %s request%s in %s\n",
                          wp_format_whole (requests, (double) traffic->requests),
                          traffic->requests == 1 ? "" : "s",
                          wp_format_seconds (duration, seconds (traffic->duration_ns)));
  wp_format_whole (peak, traffic->rate_peak_1s);
  if (isnan (traffic->rate_mean))
    g_string_append_printf (text, "arrivals: %s at one moment\n", peak);
  else
    g_string_append_printf (text, "arrivals: %s on average, %s in the fullest second%s\n",
                            wp_format_value (mean, WP_UNIT_RATE, traffic->rate_mean), peak,
                            describe_bursts (burst, traffic->dispersion_1s));
  if (!report->lacks_service)
    add_service (text, report);
  if (report->patience_ns != WP_TIME_NONE)
    add_patience (text, report);
  if (traffic->out_of_order > 0)
    g_string_append_printf (text, "order: sorted; %s row%s came after a later arrival\n",
                            wp_format_whole (drawn, (double) traffic->out_of_order),
                            traffic->out_of_order == 1 ? "" : "s");
  if (report->has_http_stage)
    g_string_append_printf (text, "HTTP threads: %s busy; wait %s on average, p99 %s, at most %s\n",
                            wp_format_value (drawn, WP_UNIT_SHARE, report->http_stage.utilisation),
                            wp_format_seconds (mean, report->http_stage.wait.mean / WP_NS_PER_S),
                            wp_format_seconds (p99, seconds (report->http_stage.wait.p99)),
                            wp_format_seconds (peak, seconds (report->http_stage.wait.max)));
  for (guint i = 0; report->notes && i < report->notes->len; i++)
    add_remark (text, "note: ", g_ptr_array_index (report->notes, i));
}

/* The figures of a screen: not all that the JSON has. */
static const struct {
  const char *label, *sublabel, *metric;
  gboolean if_any;
} lines[] = {
  { "accepted", "", "accepted", FALSE },
  { "rejected", "", "rejected", TRUE },
  { "timed out", "", "timed_out", TRUE },
  { "abandoned", "", "abandoned", TRUE },
  { "blocked", "", "blocked", FALSE },
  { "  at once", "", "blocked_peak", TRUE },
  { "  blocked time", "mean", "blocked_time.mean", TRUE },
  { "", "p50", "blocked_time.p50", TRUE },
  { "", "p95", "blocked_time.p95", TRUE },
  { "", "p99", "blocked_time.p99", TRUE },
  { "", "max", "blocked_time.max", TRUE },
  { NULL },
  { "wait", "mean", "wait.mean", FALSE },
  { "", "p50", "wait.p50", FALSE },
  { "", "p95", "wait.p95", FALSE },
  { "", "p99", "wait.p99", FALSE },
  { "", "max", "wait.max", FALSE },
  { "response", "mean", "response.mean", FALSE },
  { "", "p50", "response.p50", FALSE },
  { "", "p90", "response.p90", FALSE },
  { "", "p95", "response.p95", FALSE },
  { "", "p99", "response.p99", FALSE },
  { "", "p99.9", "response.p999", FALSE },
  { "", "max", "response.max", FALSE },
  { "client latency", "mean", "latency.mean", TRUE },
  { "", "p50", "latency.p50", TRUE },
  { "", "p90", "latency.p90", TRUE },
  { "", "p95", "latency.p95", TRUE },
  { "", "p99", "latency.p99", TRUE },
  { "", "p99.9", "latency.p999", TRUE },
  { "", "max", "latency.max", TRUE },
  { NULL },
  { "queue depth", "mean", "depth.mean", FALSE },
  { "", "p95", "depth.p95", FALSE },
  { "", "p99", "depth.p99", FALSE },
  { "", "max", "depth.max", FALSE },
  { "full for", "", "time_full", FALSE },
  { "  first at", "", "first_full", TRUE },
  { "busy workers", "mean", "busy.mean", FALSE },
  { "", "max", "busy.max", FALSE },
  { "utilisation", "", "utilisation", FALSE },
  { NULL },
  { "makespan", "", "makespan", FALSE },
  { "throughput", "", "throughput", FALSE },
};

static void
add_label (GString *text, const char *label, const char *sublabel)
{
  g_string_append_printf (text, "%-*s%-*s", LABEL_WIDTH, label, SUBLABEL_WIDTH, sublabel);
}

static void
add_cell (GString *text, const char *cell)
{
  g_string_append_printf (text, "%*s", COLUMN_WIDTH, cell);
}

static gboolean
is_any (const WpReport *report, const WpMetric *metric)
{
  for (guint i = 0; i < report->n_models; i++)
    {
      double value = wp_metric_value (metric, &report->summary[i]);

      if (!isnan (value) && (value > 0 || metric->unit == WP_UNIT_TIME)) /* a first_full of 0 s is an event */
        return TRUE;
    }

  return FALSE;
}

static void
add_figures (GString *text, const WpReport *report, const WpMetric *metric, const char *label,
             const char *sublabel)
{
  char cell[CELL];

  add_label (text, label, sublabel);
  for (guint i = 0; i < report->n_models; i++)
    add_cell (text, wp_format_value (cell, metric->unit, wp_metric_value (metric, &report->summary[i])));
  g_string_append_c (text, '\n');
}

/* The percentiles that were asked for; @max: the last metric of its group. */
static void
add_percentiles (GString *text, const WpReport *report, const WpMetric *max)
{
  gsize group = strlen (max->name) - strlen ("max");

  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    if (wp_metric_is_added (metric) && strncmp (metric->name, max->name, group) == 0)
      add_figures (text, report, metric, "", metric->name + group);
}

static void
add_line (GString *text, const WpReport *report, guint line)
{
  const WpMetric *metric = wp_metric_find (lines[line].metric);

  if (lines[line].if_any && !is_any (report, metric))
    return;
  if (g_str_has_suffix (metric->name, ".max"))
    add_percentiles (text, report, metric);
  add_figures (text, report, metric, lines[line].label, lines[line].sublabel);
}

const char *
wp_report_describe_full (char *cell, const WpPolicy *policy)
{
  char buffer[WP_TIME_BUFFER];

  if (!wp_policy_uses (policy, WP_POLICY_WHEN_FULL))
    return "-";
  if (policy->when_full == WP_WHEN_FULL_REJECT || policy->block_timeout_ns == 0)
    return "reject";
  if (policy->block_timeout_ns == WP_TIME_NONE)
    return "block";
  g_snprintf (cell, CELL, "block for %s", wp_time_format_people (buffer, policy->block_timeout_ns));

  return cell;
}

/* @size is of each server of a fleet. */
static void
add_size (GString *text, const WpReport *report, guint model, const char *size)
{
  g_autofree char *sizes = g_strdup_printf ("%u x %s", report->fleet.instances, size);

  add_cell (text, report->fleet.instances > 0 && model == 0 ? sizes : size);
}

static void
add_header (GString *text, const WpReport *report)
{
  char cell[CELL];

  add_label (text, "", "");
  for (guint i = 0; i < report->n_models; i++)
    add_cell (text, wp_report_fleet_name_model (cell, report, i));
  g_string_append_c (text, '\n');
  add_label (text, "queue", "");
  for (guint i = 0; i < report->n_models; i++)
    add_size (text, report, i,
              wp_format_value (cell, WP_UNIT_JOBS,
                               wp_policy_uses (&report->policies[i], WP_POLICY_QUEUE)
                                   ? report->policies[i].queue_jobs
                                   : NAN));
  g_string_append_c (text, '\n');
  add_label (text, "workers", "");
  for (guint i = 0; i < report->n_models; i++)
    {
      guint workers = wp_report_workers (&report->policies[i]);

      add_size (text, report, i, workers > 0 ? wp_format_whole (cell, workers) : "no limit");
    }
  g_string_append_c (text, '\n');
  add_label (text, "when full", "");
  for (guint i = 0; i < report->n_models; i++)
    add_cell (text, wp_report_describe_full (cell, &report->policies[i]));
  g_string_append (text, "\n\n");
}

static void
add_objectives (GString *text, const WpReport *report)
{
  g_string_append (text, "\nobjectives\n");
  for (guint i = 0; i < report->slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (report->slos, i);

      gsize line = text->len;

      g_string_append_printf (text, "  %s", slo->text);
      for (guint j = 0; j < report->n_models; j++) /* in its column unless the objective is too long */
        g_string_append_printf (text, " %*s",
                                (int) (line + LABEL_WIDTH + SUBLABEL_WIDTH + (j + 1) * COLUMN_WIDTH
                                       - text->len - 1),
                                wp_slo_is_met (slo, &report->summary[j]) ? "met" : "not met");
      g_string_append_c (text, '\n');
    }
}

static void
add_models (GString *text, const WpReport *report)
{
  wp_report_fleet_add_text (text, report);
  add_header (text, report);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    if (lines[i].label)
      add_line (text, report, i);
    else
      g_string_append_c (text, '\n');
  if (report->slos)
    add_objectives (text, report);
}

char *
wp_report_text (const WpReport *report)
{
  GString *text = g_string_new (NULL);

  if (report->gate)
    {
      wp_report_verdict_add_gate (text, report);
      return g_string_free (text, FALSE);
    }
  wp_report_verdict_add_text (text, report);
  wp_report_text_add_traffic (text, report);
  for (guint i = 0; i < report->warnings->len; i++)
    add_remark (text, "warning: ", g_ptr_array_index (report->warnings, i));
  if (report->against)
    wp_report_comparison_add_text (text, report, isatty (STDOUT_FILENO));
  else if (report->n_models > 0)
    {
      g_string_append_c (text, '\n');
      add_models (text, report);
      wp_confidence_add_text (text, report);
      wp_report_plan_add_text (text, report);
      wp_report_fleet_add_plan_text (text, report);
      wp_report_sensitivity_add_text (text, report);
    }

  return g_string_free (text, FALSE);
}
