#include "sim/report/wp-report-comparison.h"

#include <math.h>
#include <stdlib.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-fleet.h"
#include "sim/report/wp-report-worst-errors.h"

#define CELL WP_FORMAT_CELL

static double
seconds (gint64 ns)
{
  return ns == WP_TIME_NONE ? NAN : (double) ns / WP_NS_PER_S;
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

/* @excess: measured over asked, less 1 */
static void
add_services (GString *text, double excess)
{
  if (isnan (excess))
    return;
  if (fabs (excess) < 0.00005)
    g_string_append (text, "; services as asked for");
  else if (excess >= 1)
    g_string_append_printf (text, "; services %.3g times those asked for", 1 + excess);
  else
    g_string_append_printf (text, "; services %.2g %% %s", 100 * fabs (excess),
                            excess < 0 ? "short" : "long");
}

static void
add_check (GString *text, const WpRecordCheck *check, gboolean in_colour)
{
  char differ[CELL], all[CELL], first[CELL];

  g_string_append (text, "model check: ");
  if (check->unchecked)
    g_string_append_printf (text, "none: %s\n", check->unchecked);
  else if (check->n_differ > 0)
    g_string_append_printf (text,
                            "%sERROR: the model differs from the record, given its arrivals and services, in "
                            "%s of %s requests; the first arrived at %s%s\n",
                            in_colour ? "\033[31m" : "", wp_format_whole (differ, (double) check->n_differ),
                            wp_format_whole (all, (double) check->n_requests),
                            wp_format_seconds (first, seconds (check->first_differ_ns)),
                            in_colour ? "\033[0m" : "");
  else
    {
      g_string_append (text, "equals the record, given its arrivals and services");
      if (check->n_as_recorded > 0)
        g_string_append_printf (
            text, "; %s that left, or %s refused for another reason than a full queue, as recorded",
            wp_format_whole (differ, (double) check->n_as_recorded),
            check->n_as_recorded == 1 ? "was" : "were");
      g_string_append_c (text, '\n');
    }
}

static void
add_replayed (GString *text, const WpAsReplayed *replayed, gboolean in_colour)
{
  char median[CELL], last[CELL];

  if (replayed->not_modelled)
    g_string_append_printf (text, "as replayed: not modelled: %s", replayed->not_modelled);
  else
    {
      g_string_append_printf (text, "as replayed: arrivals late by %s in the median, %s at p99",
                              wp_format_seconds (median, seconds (replayed->lag_p50_ns)),
                              wp_format_seconds (last, seconds (replayed->lag_p99_ns)));
      add_services (text, replayed->services_long);
    }
  g_string_append_c (text, '\n');
  if (replayed->itself.n_requests > 0)
    add_check (text, &replayed->itself, in_colour);
}

void
wp_report_comparison_add_sides (GString *text, const WpReport *report, gboolean in_colour)
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
wp_report_comparison_error (char *cell, const WpMetricAgreement *agreement)
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
wp_report_comparison_ok (const WpComparison *comparison, guint metric)
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
          wp_format_value (measured, unit, agreement->measured),
          wp_report_comparison_error (error, agreement),
          replayed ? wp_report_comparison_error (as_replayed, &replayed->judged.metrics[i]) : "",
          ranges ? format_range (range, unit, &ranges[i]) : "", wp_report_comparison_ok (comparison, i));
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

/* Was a request parked or refused, in the prediction or the measurement? */
static gboolean
was_full (const WpAgreement *judged)
{
  static const char *const names[] = { "blocked", "rejected", NULL };

  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    if (g_strv_contains (names, judged->metrics[i].metric->name)
        && (judged->metrics[i].predicted > 0 || judged->metrics[i].measured > 0))
      return TRUE;

  return FALSE;
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
  g_string_append_printf (text, ": not predictable to %.4g %%: with lags like this run's, %s\n",
                          100 * comparison->judged.tolerance,
                          was_full (&comparison->judged) ? "another request gets the last place"
                                                         : "requests wait for others");
}

void
wp_report_comparison_add_judgement (GString *text, const WpComparison *comparison)
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

void
wp_report_comparison_add_text (GString *text, const WpReport *report, gboolean in_colour)
{
  wp_report_comparison_add_sides (text, report, in_colour);
  add_agreements (text, report->against);
  add_instances (text, report->against);
  if (report->against->is_shared)
    wp_report_fleet_add_judgement (text, report->against);
  else
    wp_report_comparison_add_judgement (text, report->against);
  wp_report_worst_errors_add_text (text, &report->against->largest);
}
