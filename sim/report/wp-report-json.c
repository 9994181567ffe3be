#include "sim/report/wp-report-json.h"

#include <math.h>
#include <string.h>

#include "sim/trace/wp-json-add.h"
#include "sim/report/wp-confidence-text.h"
#include "sim/report/wp-report-worst-errors.h"
#include "sim/report/wp-report-fleet.h"
#include "sim/report/wp-report-plan.h"
#include "sim/report/wp-report-sensitivity.h"
#include "sim/report/wp-report-verdict.h"

void
wp_report_json_add_notes (JsonBuilder *builder, const GPtrArray *notes)
{
  if (!notes || notes->len == 0)
    return;
  wp_json_begin_array (builder, "notes");
  for (guint i = 0; i < notes->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (notes, i));
  json_builder_end_array (builder);
}

static void
add_evidence (JsonBuilder *builder, const WpLoggedWorkers *found)
{
  wp_json_begin_object (builder, "evidence");
  wp_json_add_string (builder, "reason",
                      found->reason == WP_LOGGED_REASON_NONE ? NULL : wp_logged_reason_text (found->reason));
  wp_json_add_double (builder, "gain", found->gain);
  wp_json_add_double (builder, "negative", found->negative);
  wp_json_add_double (builder, "dependence", found->dependence);
  wp_json_add_double (builder, "resolution", found->resolution_ns / WP_NS_PER_S);
  json_builder_end_object (builder);
}

static void
add_logged (JsonBuilder *builder, const WpLogged *logged)
{
  static const char *const verdicts[] = {
    [WP_LOGGED_UNKNOWN] = "unknown", [WP_LOGGED_QUEUED] = "queued", [WP_LOGGED_NOT_QUEUED] = "not_queued"
  };
  const WpLoggedWorkers *found = &logged->found;

  wp_json_begin_object (builder, "logged");
  wp_json_add_string (builder, "verdict", verdicts[found->verdict]);
  wp_json_add_whole (builder, "workers", found->workers > 0 ? found->workers : NAN);
  json_builder_set_member_name (builder, "range");
  if (found->low > 0)
    {
      json_builder_begin_array (builder);
      json_builder_add_int_value (builder, found->low);
      if (found->high > 0)
        json_builder_add_int_value (builder, found->high);
      else
        json_builder_add_null_value (builder);
      json_builder_end_array (builder);
    }
  else
    json_builder_add_null_value (builder);
  add_evidence (builder, found);
  wp_json_add_double (builder, "response_mean", found->response_mean_ns / WP_NS_PER_S);
  wp_json_add_double (builder, "service_mean",
                      found->verdict == WP_LOGGED_UNKNOWN ? NAN : found->service_mean_ns / WP_NS_PER_S);
  json_builder_end_object (builder);
}

/* Of a trace of several. */
static void
add_files (JsonBuilder *builder, const char *const *files)
{
  if (!files || !files[0] || !files[1])
    return;
  wp_json_begin_array (builder, "files");
  for (; *files; files++)
    json_builder_add_string_value (builder, *files);
  json_builder_end_array (builder);
}

static void
add_trace (JsonBuilder *builder, const WpReport *report)
{
  const WpTrafficSummary *traffic = &report->traffic;

  wp_json_begin_object (builder, "trace");
  wp_json_add_count (builder, "requests", traffic->requests);
  wp_json_add_seconds (builder, "duration", traffic->duration_ns);
  wp_json_add_double (builder, "rate_mean", traffic->rate_mean);
  wp_json_add_double (builder, "rate_peak_1s", traffic->rate_peak_1s);
  wp_json_add_double (builder, "dispersion_1s", traffic->dispersion_1s);
  wp_json_add_double (builder, "service_mean",
                      report->lacks_service ? NAN : traffic->service_mean / WP_NS_PER_S);
  wp_json_add_seconds (builder, "service_p99",
                       report->lacks_service ? WP_TIME_NONE : traffic->service_p99_ns);
  if (report->service_is_learnt)
    wp_json_add_string (builder, "service_learnt", report->service);
  wp_json_add_count (builder, "out_of_order", traffic->out_of_order);
  if (report->found)
    wp_json_add_string (builder, "format", report->found);
  add_files (builder, report->files);
  wp_report_json_add_notes (builder, report->notes);
  if (report->logged)
    add_logged (builder, report->logged);
  json_builder_end_object (builder);
}

static void
add_http_stage (JsonBuilder *builder, const WpHttpStageSummary *http_stage)
{
  wp_json_begin_object (builder, "http_stage");
  wp_json_add_double (builder, "utilisation", http_stage->utilisation);
  wp_json_begin_object (builder, "wait");
  wp_json_add_double (builder, "mean", http_stage->wait.mean / WP_NS_PER_S);
  wp_json_add_seconds (builder, "p50", http_stage->wait.p50);
  wp_json_add_seconds (builder, "p90", http_stage->wait.p90);
  wp_json_add_seconds (builder, "p95", http_stage->wait.p95);
  wp_json_add_seconds (builder, "p99", http_stage->wait.p99);
  wp_json_add_seconds (builder, "p999", http_stage->wait.p999);
  wp_json_add_seconds (builder, "max", http_stage->wait.max);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
add_metric (JsonBuilder *builder, const char *name, const WpMetric *metric, const WpSummary *summary)
{
  double value = wp_metric_value (metric, summary);

  if (wp_metric_is_count (metric))
    wp_json_add_whole (builder, name, value);
  else
    wp_json_add_double (builder, name, value);
}

/* Only a closed loop has client latency. */
static gboolean
is_of_nobody (const WpMetric *metric, const WpSummary *summary)
{
  return g_str_has_prefix (metric->name, "latency.") && summary->latency.max == WP_TIME_NONE;
}

/* "response.p99" is p99 in an object response, at the place of the first that it has. */
static void
add_group (JsonBuilder *builder, const WpMetric *first, gsize length, const WpSummary *summary)
{
  g_autofree char *name = g_strndup (first->name, length);

  wp_json_begin_object (builder, name);
  for (const WpMetric *metric = first; metric->name; metric++)
    if (strncmp (metric->name, first->name, length + 1) == 0)
      add_metric (builder, metric->name + length + 1, metric, summary);
  json_builder_end_object (builder);
}

static gboolean
is_first_of_group (const WpMetric *self, gsize length)
{
  for (const WpMetric *metric = wp_metrics; metric < self; metric++)
    if (strncmp (metric->name, self->name, length + 1) == 0)
      return FALSE;

  return TRUE;
}

void
wp_report_json_add_summary (JsonBuilder *builder, const WpSummary *summary)
{
  for (const WpMetric *metric = wp_metrics; metric->name; metric++)
    {
      const char *dot = strchr (metric->name, '.');
      gsize length = dot ? (gsize) (dot - metric->name) : 0;

      if (!dot)
        add_metric (builder, metric->name, metric, summary);
      else if (is_first_of_group (metric, length) && !is_of_nobody (metric, summary))
        add_group (builder, metric, length, summary);
    }
}

static void
add_objectives (JsonBuilder *builder, const GPtrArray *slos, const WpSummary *summary)
{
  wp_json_begin_array (builder, "objectives");
  for (guint i = 0; i < slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (slos, i);

      json_builder_begin_object (builder);
      wp_json_add_string (builder, "slo", slo->text);
      wp_json_add_boolean (builder, "met", wp_slo_is_met (slo, summary));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_model (JsonBuilder *builder, const WpReport *report, guint model)
{
  const WpPolicy *policy = &report->policies[model];
  const WpSummary *summary = &report->summary[model];
  const GPtrArray *slos = report->slos;
  guint workers = wp_report_workers (policy);

  json_builder_begin_object (builder);
  wp_json_add_string (builder, "mode", wp_mode_name (policy->mode));
  wp_report_fleet_add_model_json (builder, report, model);
  wp_json_add_whole (builder, "queue", wp_policy_uses (policy, WP_POLICY_QUEUE) ? policy->queue_jobs : NAN);
  wp_json_add_whole (builder, "workers", workers > 0 ? workers : NAN);
  wp_json_add_string (builder, "dispatcher",
                      wp_policy_uses (policy, WP_POLICY_DISPATCHER) ? wp_dispatcher_name (policy->dispatcher)
                                                                    : NULL);
  wp_json_add_string (builder, "when_full",
                      wp_policy_uses (policy, WP_POLICY_WHEN_FULL) ? wp_when_full_name (policy->when_full)
                                                                   : NULL);
  wp_json_add_string (builder, "ack", wp_ack_name (policy->ack));
  json_builder_set_member_name (builder, "keep_abandoned");
  if (wp_policy_uses (policy, WP_POLICY_KEEP_ABANDONED))
    json_builder_add_boolean_value (builder, policy->keep_abandoned);
  else
    json_builder_add_null_value (builder);
  wp_json_add_boolean (builder, "recommended", wp_report_is_recommended (report, model));
  wp_report_json_add_summary (builder, summary);
  if (slos)
    add_objectives (builder, slos, summary);
  json_builder_end_object (builder);
}

static void
add_replayed_metric (JsonBuilder *builder, const WpAsReplayed *replayed, guint i,
                     void (*add) (JsonBuilder *, const char *, double))
{
  const WpReachableRange *range = &replayed->ranges[i];

  if (replayed->not_modelled)
    wp_json_add_double (builder, "as_replayed", NAN);
  else
    add (builder, "as_replayed", replayed->judged.metrics[i].predicted);
  if (!replayed->has_ranges)
    {
      wp_json_add_string (builder, "range", NULL);
      wp_json_add_string (builder, "predictable", NULL);
      return;
    }
  if (isnan (range->low))
    wp_json_add_string (builder, "range", NULL);
  else
    {
      wp_json_begin_array (builder, "range");
      json_builder_add_double_value (builder, range->low);
      json_builder_add_double_value (builder, range->high);
      json_builder_end_array (builder);
    }
  wp_json_add_boolean (builder, "predictable", range->is_predictable);
}

/* Of metric @i. @replayed: NULL: @agreement is the one as replayed */
static void
add_agreement (JsonBuilder *builder, const WpMetricAgreement *agreement, const WpAsReplayed *replayed,
               guint i)
{
  void (*add) (JsonBuilder *, const char *, double)
      = wp_metric_is_count (agreement->metric) ? wp_json_add_whole : wp_json_add_double;

  json_builder_begin_object (builder);
  wp_json_add_string (builder, "name", agreement->metric->name);
  add (builder, "predicted", agreement->predicted);
  add (builder, "measured", agreement->measured);
  wp_json_add_double (builder, "error", agreement->error);
  if (agreement->is_judged)
    wp_json_add_boolean (builder, "ok", agreement->ok);
  else
    wp_json_add_string (builder, "ok", NULL);
  if (replayed)
    add_replayed_metric (builder, replayed, i, add);
  json_builder_end_object (builder);
}

static void
add_replayed (JsonBuilder *builder, const WpAsReplayed *replayed)
{
  wp_json_begin_object (builder, "replayed");
  wp_json_add_string (builder, "not_modelled", replayed->not_modelled);
  if (!replayed->not_modelled)
    {
      wp_json_add_seconds (builder, "lag_p50", replayed->lag_p50_ns);
      wp_json_add_seconds (builder, "lag_p99", replayed->lag_p99_ns);
      wp_json_add_double (builder, "services_long", replayed->services_long);
      wp_json_add_double (builder, "depth_curve_error", replayed->judged.curve_error);
    }
  if (replayed->itself.n_requests > 0)
    {
      wp_json_add_string (builder, "unchecked", replayed->itself.unchecked);
      if (!replayed->itself.unchecked)
        wp_json_add_boolean (builder, "model_equals_record", replayed->itself.n_differ == 0);
    }
  json_builder_end_object (builder);
}

/* Each on the arrivals of its own record. */
static void
add_instances (JsonBuilder *builder, const WpComparison *comparison)
{
  wp_json_begin_array (builder, "instances");
  for (guint i = 0; i < comparison->n_instances; i++)
    {
      const WpInstanceComparison *instance = &comparison->instances[i];
      const WpAgreement *judged = &instance->replayed.judged;

      json_builder_begin_object (builder);
      wp_json_add_string (builder, "file", wp_measurement_path (instance->measured));
      wp_json_add_count (builder, "requests", instance->n_requests);
      add_replayed (builder, &instance->replayed);
      if (!instance->replayed.not_modelled)
        {
          wp_json_add_boolean (builder, "within", judged->n_failed == 0);
          wp_json_begin_array (builder, "metrics");
          for (guint j = 0; j < WP_N_METRIC_AGREEMENTS; j++)
            add_agreement (builder, &judged->metrics[j], NULL, j);
          json_builder_end_array (builder);
        }
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_against (JsonBuilder *builder, const WpComparison *comparison)
{
  const WpAgreement *against = &comparison->judged;

  wp_json_begin_object (builder, "against");
  wp_json_add_string (builder, "verdict", wp_agreement_level_name (wp_comparison_level (comparison)));
  wp_json_add_boolean (builder, "within", against->n_failed == 0);
  wp_json_add_boolean (builder, "disturbed", wp_measurement_is_disturbed (comparison->measured));
  wp_json_begin_array (builder, "metrics");
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    add_agreement (builder, &against->metrics[i], &comparison->replayed, i);
  json_builder_end_array (builder);
  wp_json_add_double (builder, "depth_curve_error", against->curve_error);
  wp_json_add_seconds (builder, "clock_shift", comparison->shift_ns);
  add_replayed (builder, &comparison->replayed);
  wp_report_worst_errors_add_json (builder, &comparison->largest);
  if (comparison->n_instances > 0)
    add_instances (builder, comparison);
  wp_report_fleet_add_records_json (builder, comparison);
  json_builder_end_object (builder);
}

static char *
to_text (JsonBuilder *builder)
{
  g_autofree char *text = wp_json_text (builder, TRUE);

  return g_strconcat (text, "\n", NULL);
}

char *
wp_report_json (const WpReport *report)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  wp_report_verdict_add_json (builder, report);
  add_trace (builder, report);
  if (report->has_http_stage)
    add_http_stage (builder, &report->http_stage);
  wp_json_begin_array (builder, "models");
  for (guint i = 0; i < report->n_models; i++)
    add_model (builder, report, i);
  json_builder_end_array (builder);
  wp_report_fleet_add_json (builder, report);
  wp_report_plan_add_json (builder, report);
  wp_report_sensitivity_add_json (builder, report);
  wp_confidence_add_json (builder, report);
  if (report->against)
    add_against (builder, report->against);
  json_builder_end_object (builder);

  return to_text (builder);
}
