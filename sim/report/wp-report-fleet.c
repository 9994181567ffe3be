#include "sim/report/wp-report-fleet.h"

#include <math.h>

#include "sim/base/wp-text.h"
#include "sim/report/wp-format.h"
#include "sim/trace/wp-json-add.h"

const char *
wp_report_fleet_name_model (char *cell, const WpReport *report, guint model)
{
  if (report->shared.fronts > 0 || (report->fleet.instances > 0 && model > 0))
    return "shared queue";
  if (report->fleet.instances == 0)
    return wp_mode_name (report->policies[model].mode);
  g_snprintf (cell, WP_FORMAT_CELL, "%u server%s", report->fleet.instances,
              report->fleet.instances == 1 ? "" : "s");

  return cell;
}

static const char *
describe_saving (char *words, const WpReport *report, const char *metric)
{
  double saved = wp_report_sharing (report, metric);
  char time[WP_FORMAT_CELL];

  if (saved == 0)
    return "the same";
  g_snprintf (words, 2 * WP_FORMAT_CELL, "%s %s", wp_format_seconds (time, fabs (saved)),
              saved < 0 ? "longer" : "shorter");

  return words;
}

/* What the second column is for. */
static void
add_sharing (GString *text, const WpReport *report)
{
  char mean[2 * WP_FORMAT_CELL], p99[2 * WP_FORMAT_CELL], response[2 * WP_FORMAT_CELL];

  g_string_append_printf (
      text, "balance: %s\none shared queue: wait %s on average, %s at p99; response %s at p99\n\n",
      wp_balance_names[report->fleet.balance], describe_saving (mean, report, "wait.mean"),
      describe_saving (p99, report, "wait.p99"), describe_saving (response, report, "response.p99"));
}

static void
add_shared (GString *text, const WpReport *report)
{
  const WpSharedQueueFigures *figures = &report->shared_figures;
  char fronts[WP_FORMAT_CELL], busy[WP_FORMAT_CELL], commits[WP_FORMAT_CELL], rows[WP_FORMAT_CELL],
      batch[WP_FORMAT_CELL];

  g_string_append_printf (text, "fronts: %s, arrivals %s, threads %s busy; engine: ",
                          wp_format_whole (fronts, report->shared.fronts),
                          wp_balance_names[report->shared.balance],
                          wp_format_value (busy, WP_UNIT_SHARE, figures->front_utilisation));
  wp_text_append (text, report->engine);
  g_string_append_printf (text, "\ncommits: %s, of %s jobs on average and %s at most\n\n",
                          wp_format_whole (commits, (double) figures->commits),
                          wp_format_number (rows, figures->rows_per_commit),
                          wp_format_whole (batch, report->shared.batch));
}

void
wp_report_fleet_add_text (GString *text, const WpReport *report)
{
  if (report->fleet.instances > 0)
    add_sharing (text, report);
  if (report->shared.fronts > 0)
    add_shared (text, report);
}

static const char *
plural (guint n)
{
  return n == 1 ? "" : "s";
}

static void
add_point (GString *text, const WpFleetPlanPoint *point)
{
  char workers[WP_FORMAT_CELL], fronts[WP_FORMAT_CELL], queue[WP_FORMAT_CELL], p99[WP_FORMAT_CELL];

  g_string_append_printf (text, "  %gx the traffic: ", point->scale);
  if (!point->is_found)
    {
      g_string_append_printf (text, "no number of workers and fronts meets %s\n",
                              point->slo ? point->slo->text : "the objectives");
      return;
    }
  g_string_append_printf (text, "%s worker%s, %s front%s, a queue of %s; response p99 %s",
                          wp_format_whole (workers, point->workers), plural (point->workers),
                          wp_format_whole (fronts, point->fronts), plural (point->fronts),
                          wp_format_whole (queue, point->queue_jobs),
                          wp_format_seconds (p99, wp_metric_value (wp_metric_find ("response.p99"),
                                                                   &point->summary)));
  if (point->slo)
    g_string_append_printf (text, "; one worker less fails %s", point->slo->text);
  g_string_append_c (text, '\n');
}

void
wp_report_fleet_add_plan_text (GString *text, const WpReport *report)
{
  const WpFleetPlan *plan = report->fleet_plan;

  if (!plan)
    return;
  g_string_append (text, "\nplan for the fleet:");
  for (guint i = 0; i < plan->slos->len; i++)
    g_string_append_printf (text, "%s %s", i > 0 ? "," : "",
                            ((const WpSlo *) g_ptr_array_index (plan->slos, i))->text);
  g_string_append_c (text, '\n');
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    add_point (text, &plan->points[i]);
}

void
wp_report_fleet_add_records_text (GString *text, const WpReport *report)
{
  const WpFleetRecords *records = &report->against->records;
  char unstored[WP_FORMAT_CELL], time[WP_FORMAT_CELL];

  g_string_append_printf (text, "records:     of %u front%s and %u worker%s, joined by id", records->n_fronts,
                          plural (records->n_fronts), records->n_workers, plural (records->n_workers));
  if (records->n_unstored > 0)
    g_string_append_printf (text, "; %s accepted by a front and stored by no worker",
                            wp_format_whole (unstored, (double) records->n_unstored));
  if (records->deliver_ns != WP_TIME_NONE)
    g_string_append_printf (text, "; from confirm to start %s at p10",
                            wp_format_seconds (time, (double) records->deliver_ns / WP_NS_PER_S));
  g_string_append_c (text, '\n');
}

void
wp_report_fleet_add_judgement (GString *text, const WpComparison *comparison)
{
  const WpAgreement *judged = &comparison->judged;
  const char *before = ":\n  ";

  g_string_append_printf (text, "\n%s within %.4g %% (or 1 job, or 0.2 ms)",
                          judged->n_failed == 0 ? "Agreed: response.p50, response.p99 and depth.mean are"
                                                : "Not agreed: not each of response.p50, response.p99 and "
                                                  "depth.mean is",
                          100 * judged->tolerance);
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    if (judged->metrics[i].is_judged && !judged->metrics[i].ok)
      {
        g_string_append_printf (text, "%s%s", before, judged->metrics[i].metric->name);
        before = ", ";
      }
  g_string_append_c (text, '\n');
}

void
wp_report_fleet_add_records_json (JsonBuilder *builder, const WpComparison *comparison)
{
  const WpFleetRecords *records = &comparison->records;

  if (!comparison->is_shared)
    return;
  wp_json_begin_object (builder, "records");
  wp_json_add_count (builder, "fronts", records->n_fronts);
  wp_json_add_count (builder, "workers", records->n_workers);
  wp_json_add_count (builder, "unstored", records->n_unstored);
  wp_json_add_seconds (builder, "deliver", records->deliver_ns);
  json_builder_end_object (builder);
}

void
wp_report_fleet_add_model_json (JsonBuilder *builder, const WpReport *report, guint model)
{
  const WpSharedQueueOptions *shared = &report->shared;

  if (report->fleet.instances > 0)
    {
      wp_json_add_count (builder, "instances", model == 0 ? report->fleet.instances : 1);
      wp_json_add_string (builder, "balance", model == 0 ? wp_balance_names[report->fleet.balance] : NULL);
    }
  if (shared->fronts == 0)
    return;
  wp_json_add_count (builder, "fronts", shared->fronts);
  wp_json_add_string (builder, "balance", wp_balance_names[shared->balance]);
  wp_json_add_string (builder, "engine", report->engine);
  wp_json_add_count (builder, "batch", shared->batch);
  wp_json_add_count (builder, "commits", report->shared_figures.commits);
  wp_json_add_double (builder, "rows_per_commit", report->shared_figures.rows_per_commit);
  wp_json_add_double (builder, "front_utilisation", report->shared_figures.front_utilisation);
}

/* By how many seconds each is shorter with one shared queue. */
static void
add_sharing_json (JsonBuilder *builder, const WpReport *report)
{
  wp_json_begin_object (builder, "sharing");
  wp_json_add_double (builder, "wait_mean", wp_report_sharing (report, "wait.mean"));
  wp_json_add_double (builder, "wait_p99", wp_report_sharing (report, "wait.p99"));
  wp_json_add_double (builder, "response_mean", wp_report_sharing (report, "response.mean"));
  wp_json_add_double (builder, "response_p99", wp_report_sharing (report, "response.p99"));
  json_builder_end_object (builder);
}

static void
add_plan_json (JsonBuilder *builder, const WpFleetPlan *plan)
{
  wp_json_begin_array (builder, "fleet_plan");
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    {
      const WpFleetPlanPoint *point = &plan->points[i];

      json_builder_begin_object (builder);
      wp_json_add_double (builder, "scale", point->scale);
      wp_json_add_boolean (builder, "meets", point->is_found);
      wp_json_add_whole (builder, "workers", point->is_found ? point->workers : NAN);
      wp_json_add_whole (builder, "fronts", point->is_found ? point->fronts : NAN);
      wp_json_add_whole (builder, "queue", point->is_found ? point->queue_jobs : NAN);
      wp_json_add_string (builder, "fails", point->slo ? point->slo->text : NULL);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

void
wp_report_fleet_add_json (JsonBuilder *builder, const WpReport *report)
{
  if (report->fleet.instances > 0 && report->n_models > 0)
    add_sharing_json (builder, report);
  if (report->fleet_plan)
    add_plan_json (builder, report->fleet_plan);
}

const char *
wp_report_fleet_csv_columns (const WpReport *report)
{
  return report->shared.fronts > 0     ? ",fronts,balance,batch,rows_per_commit"
         : report->fleet.instances > 0 ? ",instances,balance"
                                       : "";
}

void
wp_report_fleet_add_csv (GString *text, const WpReport *report, guint model)
{
  char rows[WP_TEXT_NUMBER];

  if (report->shared.fronts > 0)
    g_string_append_printf (text, ",%u,%s,%u,%s", report->shared.fronts,
                            wp_balance_names[report->shared.balance], report->shared.batch,
                            isnan (report->shared_figures.rows_per_commit)
                                ? ""
                                : wp_text_number (rows, report->shared_figures.rows_per_commit));
  else if (report->fleet.instances > 0)
    g_string_append_printf (text, ",%u,%s", model == 0 ? report->fleet.instances : 1,
                            model == 0 ? wp_balance_names[report->fleet.balance] : "");
}
