#include "sim/report/wp-report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-confidence-text.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-worst-errors.h"
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
  g_autofree char *logged
      = report->logged && !wp_logged_is_unknown (report->logged) ? wp_logged_describe (report->logged) : NULL;

  g_string_append_printf (text, "service: %s on average, p99 %s",
                          wp_format_value (service, WP_UNIT_TIME, traffic->service_mean / WP_NS_PER_S),
                          wp_format_value (p99, WP_UNIT_TIME, seconds (traffic->service_p99_ns)));
  if (report->n_drawn == traffic->requests)
    g_string_append_printf (text, " (%s)", drawn_from);
  else if (report->n_drawn > 0)
    g_string_append_printf (text, " (%s for the %s request%s without one)", drawn_from,
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
  g_string_append_printf (text, "arrivals: %s on average, %s in the fullest second%s\n",
                          wp_format_value (mean, WP_UNIT_RATE, traffic->rate_mean),
                          wp_format_whole (peak, traffic->rate_peak_1s),
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
  add_figures (text, report, metric,
               report->shared.fronts > 0 && g_str_equal (metric->name, "busy.mean") ? "jobs in commits"
                                                                                    : lines[line].label,
               lines[line].sublabel);
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

static void
add_policy (GString *text, const WpPolicy *policy)
{
  char cell[CELL], full[CELL];
  guint workers = wp_report_workers (policy);

  g_string_append (text, wp_mode_name (policy->mode));
  if (wp_policy_uses (policy, WP_POLICY_QUEUE))
    g_string_append_printf (text, ", queue %s", wp_format_whole (cell, policy->queue_jobs));
  if (wp_policy_uses (policy, WP_POLICY_WORKERS))
    g_string_append_printf (text, ", %s worker%s", wp_format_whole (cell, workers), workers == 1 ? "" : "s");
  if (wp_policy_uses (policy, WP_POLICY_DISPATCHER) && policy->dispatcher == WP_DISPATCHER_SPAWNING)
    g_string_append (text, ", spawning dispatcher");
  if (wp_policy_uses (policy, WP_POLICY_WHEN_FULL))
    g_string_append_printf (text, ", %s", wp_report_describe_full (full, policy));
}

static void
add_note (GString *text, const WpMeasurement *measured, const char *key, const char *before)
{
  const char *value = wp_measurement_note (measured, key);

  if (value)
    {
      g_string_append_printf (text, ", %s", before);
      wp_text_append (text, value);
    }
}

static void
add_matches (GString *text, const WpComparison *against)
{
  gsize matched = against->match.n_matched;
  char cell[CELL], more[CELL], last[CELL];

  g_string_append_printf (text, "requests:    %s matched by %s, %s of them with the same outcome",
                          wp_format_whole (cell, (double) matched), against->match.by_id ? "id" : "order",
                          wp_format_whole (more, (double) against->same_outcome));
  if (against->n_predicted > matched)
    g_string_append_printf (text, "; %s only in the prediction",
                            wp_format_whole (cell, (double) (against->n_predicted - matched)));
  if (against->n_measured > matched)
    g_string_append_printf (text, "; %s only in the measurement",
                            wp_format_whole (cell, (double) (against->n_measured - matched)));
  g_string_append_c (text, '\n');
  if (against->shift_ns != 0)
    g_string_append_printf (
        text, "clocks:      aligned at the median arrival; the first measured arrival came %s %s than that\n",
        wp_format_seconds (cell, seconds (llabs (against->shift_ns))),
        against->shift_ns < 0 ? "later" : "earlier");
  if (against->response.n > 0)
    g_string_append_printf (text,
                            "per request: response differs by %s in the median, %s at p99, %s at most\n",
                            wp_format_seconds (cell, seconds (against->response.median_ns)),
                            wp_format_seconds (more, seconds (against->response.p99_ns)),
                            wp_format_seconds (last, seconds (against->response.max_ns)));
}

static void
add_client (GString *text, const WpClientView *client)
{
  char matched[CELL], median[CELL], last[CELL], crossed[CELL];

  g_string_append (text, "client:      ");
  wp_text_append (text, client->file);
  g_string_append_printf (text, ", %s requests matched",
                          wp_format_whole (matched, (double) client->n_matched));
  if (client->difference.n > 0)
    g_string_append_printf (text, "; latency differs from the server's %s by %s in the median, %s at most",
                            client->what, wp_format_seconds (median, seconds (client->difference.median_ns)),
                            wp_format_seconds (last, seconds (client->difference.max_ns)));
  if (client->n_crossed > 0)
    g_string_append_printf (text, "; %s left within %s of the response",
                            wp_format_whole (crossed, (double) client->n_crossed),
                            wp_format_seconds (last, seconds (WP_CLIENT_VIEW_CROSSING_NS)));
  g_string_append_c (text, '\n');
}

static void
add_replayed (GString *text, const WpAsReplayed *replayed, gboolean in_colour)
{
  char median[CELL], last[CELL];

  if (replayed->not_modelled)
    {
      g_string_append_printf (text, "as replayed: not modelled: %s\n", replayed->not_modelled);
      return;
    }
  g_string_append_printf (text, "as replayed: arrivals late by %s in the median, %s at p99",
                          wp_format_seconds (median, seconds (replayed->lag_p50_ns)),
                          wp_format_seconds (last, seconds (replayed->lag_p99_ns)));
  if (!isnan (replayed->services_long))
    g_string_append_printf (text, "; services %.2g %% %s", 100 * fabs (replayed->services_long),
                            replayed->services_long < 0 ? "short" : "long");
  g_string_append (text, "\nmodel check: ");
  if (replayed->unchecked)
    g_string_append_printf (text, "none: %s\n", replayed->unchecked);
  else if (replayed->itself.n_failed == 0)
    g_string_append (text, "equals the record, given its arrivals and services\n");
  else
    g_string_append_printf (text,
                            "%sERROR: the model differs from the record, given its arrivals and services%s\n",
                            in_colour ? "\033[31m" : "", in_colour ? "\033[0m" : "");
}

void
wp_report_text_add_sides (GString *text, const WpReport *report, gboolean in_colour)
{
  const WpComparison *against = report->against;

  g_string_append (text, "prediction:  ");
  wp_text_append (text, report->trace);
  g_string_append (text, ", ");
  if (report->fleet.instances > 0)
    g_string_append_printf (text, "%u servers, balanced by %s, each of: ", report->fleet.instances,
                            wp_balance_names[report->fleet.balance]);
  if (report->shared.fronts > 0)
    g_string_append_printf (text, "%u front%s and one shared queue: ", report->shared.fronts,
                            report->shared.fronts == 1 ? "" : "s");
  add_policy (text, &report->policies[0]);
  g_string_append (text, "\nmeasurement: ");
  wp_text_append (text, wp_measurement_path (against->measured));
  add_note (text, against->measured, "database", "");
  add_note (text, against->measured, "ack", "ack ");
  add_note (text, against->measured, "started", "started ");
  g_string_append_c (text, '\n');
  add_matches (text, against);
  if (against->is_shared)
    wp_report_fleet_add_records_text (text, report);
  else if (against->n_instances == 0)
    add_replayed (text, &against->replayed, in_colour);
  if (against->client.file)
    add_client (text, &against->client);
}

const char *
wp_report_text_error (char *cell, const WpMetricAgreement *agreement)
{
  if (isnan (agreement->error))
    return "-";
  g_snprintf (cell, CELL, fabs (agreement->error) < 0.00005 ? "0.00 %%" : "%+.2f %%", 100 * agreement->error);

  return cell;
}

#define AGREEMENT "%-18s%14s%13s%11s%13s%28s  %s\n"

static const char *
format_range (char *cell, WpUnit unit, const WpReachableRange *range)
{
  char low[CELL], high[CELL];

  if (isnan (range->low))
    return "-";
  g_snprintf (cell, 2 * CELL, "%s to %s", wp_format_value (low, unit, range->low),
              wp_format_value (high, unit, range->high));

  return cell;
}

const char *
wp_report_text_ok (const WpComparison *comparison, guint metric)
{
  const WpMetricAgreement *agreement = &comparison->judged.metrics[metric];
  const WpAsReplayed *replayed = &comparison->replayed;

  return !agreement->is_judged                                              ? "not judged"
         : !agreement->ok                                                   ? "NO"
         : replayed->has_ranges && !replayed->ranges[metric].is_predictable ? "yes, not predictable"
                                                                            : "yes";
}

static void
add_agreements (GString *text, const WpComparison *comparison)
{
  const WpAgreement *against = &comparison->judged;
  const WpAsReplayed *replayed = comparison->replayed.not_modelled ? NULL : &comparison->replayed;
  const WpReachableRange *ranges = comparison->replayed.has_ranges ? comparison->replayed.ranges : NULL;
  char predicted[CELL], measured[CELL], error[CELL], as_replayed[CELL], range[2 * CELL];

  g_string_append_printf (text, "\n" AGREEMENT, "metric", "predicted", "measured", "error", "as replayed",
                          "reachable", "ok");
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    {
      const WpMetricAgreement *agreement = &against->metrics[i];
      WpUnit unit = agreement->metric->unit;

      g_string_append_printf (
          text, AGREEMENT, agreement->metric->name, wp_format_value (predicted, unit, agreement->predicted),
          wp_format_value (measured, unit, agreement->measured), wp_report_text_error (error, agreement),
          replayed ? wp_report_text_error (as_replayed, &replayed->judged.metrics[i]) : "",
          ranges ? format_range (range, unit, &ranges[i]) : "", wp_report_text_ok (comparison, i));
    }
  if (comparison->is_shared)
    return;
  if (isnan (against->curve_error))
    g_string_append_printf (text, AGREEMENT, "depth curve", "", "", "-", "", "",
                            "not judged: under 1 job second");
  else
    {
      g_snprintf (error, CELL, "%.2f %%", 100 * against->curve_error);
      g_snprintf (as_replayed, CELL, "%.2f %%", 100 * comparison->replayed.judged.curve_error);
      g_string_append_printf (text, AGREEMENT, "depth curve", "", "", error, replayed ? as_replayed : "", "",
                              against->curve_ok ? "yes" : "NO");
    }
}

/* Of several servers: each on the arrivals of its own record. */
static void
add_instances (GString *text, const WpComparison *comparison)
{
  char requests[CELL], predicted[CELL], measured[CELL];

  for (guint i = 0; i < comparison->n_instances; i++)
    {
      const WpInstanceComparison *instance = &comparison->instances[i];
      const WpAgreement *judged = &instance->replayed.judged;

      g_string_append (text, i == 0 ? "\n" : "");
      wp_text_append (text, wp_measurement_path (instance->measured));
      g_string_append_printf (text, ": %s requests; ",
                              wp_format_whole (requests, (double) instance->n_requests));
      if (instance->replayed.not_modelled)
        g_string_append_printf (text, "not modelled: %s\n", instance->replayed.not_modelled);
      else
        g_string_append_printf (text,
                                "on its own arrivals %s within %.4g %%, the depth curve within %.4g %%\n",
                                judged->n_failed == 0 ? "every metric is" : "NOT every metric is",
                                100 * judged->tolerance, 100 * judged->curve_tolerance);
      for (guint j = 0; j < WP_N_METRIC_AGREEMENTS && !instance->replayed.not_modelled; j++)
        if (!judged->metrics[j].ok)
          {
            const WpMetric *metric = judged->metrics[j].metric;

            g_string_append_printf (text, "  %s: predicted %s, measured %s\n", metric->name,
                                    wp_format_value (predicted, metric->unit, judged->metrics[j].predicted),
                                    wp_format_value (measured, metric->unit, judged->metrics[j].measured));
          }
      if (!instance->replayed.not_modelled && !judged->curve_ok)
        g_string_append_printf (text, "  depth curve: %.2f %%\n", 100 * judged->curve_error);
    }
}

/* Adds the servers that do not agree. */
static void
list_instances (GString *text, const WpComparison *comparison, const char *before)
{
  for (guint i = 0; i < comparison->n_instances; i++)
    if (!comparison->instances[i].replayed.not_modelled
        && comparison->instances[i].replayed.judged.n_failed > 0)
      {
        g_string_append (text, before);
        wp_text_append (text, wp_measurement_path (comparison->instances[i].measured));
        g_string_append (text, " on its own arrivals");
        before = ", ";
      }
}

static void
add_unpredictable (GString *text, const WpComparison *comparison)
{
  const char *before = "";
  gsize start = text->len;

  if (!comparison->replayed.has_ranges)
    return;
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    if (!comparison->replayed.ranges[i].is_predictable)
      {
        g_string_append_printf (text, "%s%s", before, comparison->judged.metrics[i].metric->name);
        before = ", ";
      }
  if (text->len == start)
    return;
  g_string_append_printf (
      text, ": not predictable to %.4g %%: with lags like this run's, another request gets the last place\n",
      100 * comparison->judged.tolerance);
}

void
wp_report_text_add_judgement (GString *text, const WpComparison *comparison)
{
  static const char *const verdicts[]
      = { "Agreed: every metric is", "Agreed as replayed, not as planned: not every metric is",
          "Not agreed: not every metric is" };
  const WpAgreement *against = &comparison->judged;
  const char *before = ":\n  ";

  g_string_append_printf (text, "\n%s within %.4g %% (or 1 job, or 0.2 ms), the depth curve within %.4g %%",
                          verdicts[wp_comparison_level (comparison)], 100 * against->tolerance,
                          100 * against->curve_tolerance);
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    if (!against->metrics[i].ok)
      {
        g_string_append_printf (text, "%s%s", before, against->metrics[i].metric->name);
        before = ", ";
      }
  if (!against->curve_ok)
    {
      g_string_append_printf (text, "%sdepth curve", before);
      before = ", ";
    }
  list_instances (text, comparison, before);
  g_string_append_c (text, '\n');
  add_unpredictable (text, comparison);
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
  if (report->against)
    {
      wp_report_text_add_sides (text, report, isatty (STDOUT_FILENO));
      add_agreements (text, report->against);
      add_instances (text, report->against);
      if (report->against->is_shared)
        wp_report_fleet_add_judgement (text, report->against);
      else
        wp_report_text_add_judgement (text, report->against);
      wp_report_worst_errors_add_text (text, &report->against->largest);
    }
  else if (report->n_models > 0)
    {
      g_string_append_c (text, '\n');
      add_models (text, report);
      wp_confidence_add_text (text, report);
      wp_report_plan_add_text (text, report);
      wp_report_fleet_add_plan_text (text, report);
      wp_report_sensitivity_add_text (text, report);
    }
  for (guint i = 0; i < report->warnings->len; i++)
    add_remark (text, i == 0 ? "\nwarning: " : "warning: ", g_ptr_array_index (report->warnings, i));

  return g_string_free (text, FALSE);
}
