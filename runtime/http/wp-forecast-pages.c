#include "runtime/http/wp-forecast-pages.h"

#include <math.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-text.h"
#include "sim/trace/wp-json-add.h"

#define LEAST_TRAFFIC 0.001
#define MOST_TRAFFIC  1000

/* A forecast that was no better than "it stays as it is" is not shown. */
static void
add_horizons (JsonBuilder *json, const WpOutlook *outlook)
{
  wp_json_begin_array (json, "horizons");
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      const WpHorizon *horizon = &outlook->horizons[i];

      if (!horizon->shows || isnan (horizon->at.depth))
        continue;
      json_builder_begin_object (json);
      wp_json_add_count (json, "in_s", wp_horizons_s[i]);
      wp_json_add_double (json, "depth", horizon->at.depth);
      wp_json_add_double (json, "low", horizon->at.low);
      wp_json_add_double (json, "high", horizon->at.high);
      wp_json_add_double (json, "skill", horizon->skill);
      wp_json_add_double (json, "error", horizon->error);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
}

char *
wp_forecast_format (WpForecast *forecast)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  WpOutlook outlook;
  guint needed;

  wp_forecast_get (forecast, &outlook);
  needed = outlook.capacity.workers_needed;
  json_builder_begin_object (json);
  wp_json_add_string (json, "headline", outlook.headline);
  wp_json_add_string (json, "verdict", wp_capacity_verdict_name (outlook.capacity.verdict));
  wp_json_add_whole (json, "workers_needed", needed > 0 ? needed : NAN);
  wp_json_add_double (json, "holds_up_to", outlook.capacity.holds_up_to);
  wp_json_add_double (json, "full_in_s", outlook.capacity.full_in_s);
  wp_json_add_double (json, "span_s", outlook.load.span_s);
  wp_json_add_count (json, "requests", outlook.load.requests);
  wp_json_add_double (json, "rate", outlook.load.rate);
  wp_json_add_double (json, "service_s", outlook.load.service_s);
  add_horizons (json, &outlook);
  json_builder_end_object (json);
  g_free (outlook.headline);

  return wp_json_text (json, TRUE);
}

static void
add_figures (JsonBuilder *json, const char *name, const WpWhatIfFigures *figures)
{
  wp_json_begin_object (json, name);
  wp_json_add_seconds (json, "wait_p50_s", figures->wait_p50_ns);
  wp_json_add_seconds (json, "wait_p99_s", figures->wait_p99_ns);
  wp_json_add_count (json, "depth_peak", figures->depth_peak);
  wp_json_add_count (json, "blocked", figures->blocked);
  wp_json_add_count (json, "rejected", figures->rejected);
  wp_json_add_count (json, "timed_out", figures->timed_out);
  wp_json_add_seconds (json, "full_s", figures->full_ns);
  wp_json_add_double (json, "utilisation", figures->utilisation);
  json_builder_end_object (json);
}

static gboolean
set_traffic (double *traffic, const char *value, GError **error)
{
  if (!wp_options_parse_positive (value, traffic, error))
    return FALSE;
  return (*traffic >= LEAST_TRAFFIC && *traffic <= MOST_TRAFFIC)
         || wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not from 0.001 to 1000", value);
}

/* A number of workers makes it WorkerPool, and in Default a queue does. */
static gboolean
set_parameter (const char *key, const char *value, WpPolicy *policy, double *traffic, GError **error)
{
  gboolean is_workers = g_str_equal (key, "workers"), is_queue = g_str_equal (key, "queue");

  if (g_str_equal (key, "traffic"))
    return set_traffic (traffic, value, error);
  if (!is_workers && !is_queue)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "/what-if.json takes only workers, queue and traffic");
  if (is_workers || policy->mode == WP_MODE_DEFAULT)
    policy->mode = WP_MODE_WORKER_POOL;
  return wp_policy_set (policy, key, value, error);
}

static gboolean
read_query (const char *query, WpPolicy *policy, double *traffic, GError **error)
{
  g_autoptr (GHashTable) given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) reason = NULL;
  GUriParamsIter iter;
  char *key, *text;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_NONE);
  while (g_uri_params_iter_next (&iter, &key, &text, &reason))
    {
      g_autofree char *value = text;

      if (!g_hash_table_add (given, key))
        return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is given twice", key);
      if (set_parameter (key, value, policy, traffic, error))
        continue;
      g_prefix_error (error, "%s: ", key);
      return FALSE;
    }
  return !reason || wp_fail (error, WP_ERROR_BAD_VALUE, "the query is not NAME=VALUE&...");
}

/* By the seconds of the history, and the present one. */
static void
set_peak (WpWhatIf *answer, WpHistory *history)
{
  guint span_s = (guint) (answer->age_ns / WP_NS_PER_S) + 1;
  guint64 peak = wp_history_peak (history, wp_history_clock (), span_s);

  answer->measured.depth_peak = MAX (answer->measured.depth_peak, peak);
}

char *
wp_what_if_format (WpForecast *forecast, WpHistory *history, const char *query, guint *status)
{
  g_autoptr (JsonBuilder) json = NULL;
  g_autoptr (GError) error = NULL;
  WpPolicy policy = wp_forecast_get_policy (forecast);
  double traffic = 1;
  const char *why_not;
  WpWhatIf answer;

  *status = 400;
  if (!read_query (query, &policy, &traffic, &error))
    {
      g_autofree char *reason = wp_text_escape (error->message);

      return g_strdup_printf ("%s\n", reason);
    }
  *status = 409;
  why_not = wp_forecast_what_if (forecast, &policy, traffic, &answer);
  if (why_not)
    return g_strdup (why_not);
  *status = 200;
  set_peak (&answer, history);
  json = json_builder_new ();
  json_builder_begin_object (json);
  wp_json_add_double (json, "span_s", answer.span_s);
  wp_json_add_count (json, "requests", answer.requests);
  wp_json_add_seconds (json, "sizes_changed_s", answer.resized_ns);
  add_figures (json, "measured", &answer.measured);
  add_figures (json, "predicted", &answer.predicted);
  json_builder_end_object (json);

  return wp_json_text (json, TRUE);
}

static void
add_head (GString *text, const char *name, const char *help)
{
  g_string_append_printf (text, "# HELP wp_%s %s\n# TYPE wp_%s gauge\n", name, help, name);
}

/* What is not known is not there. @label: with its braces, or "" */
static void
add_number (GString *text, const char *name, const char *label, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isnan (value))
    g_string_append_printf (text, "wp_%s%s %s\n", name, label,
                            isinf (value) ? "+Inf" : g_ascii_dtostr (number, sizeof number, value));
}

static void
add_gauge (GString *text, const char *name, const char *help, double value)
{
  if (isnan (value))
    return;
  add_head (text, name, help);
  add_number (text, name, "", value);
}

static void
add_scores (GString *text, const WpOutlook *outlook, const char *name, const char *help, gsize offset)
{
  gsize before = text->len, head;

  add_head (text, name, help);
  head = text->len;
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      g_autofree char *label = g_strdup_printf ("{horizon=\"%us\"}", wp_horizons_s[i]);

      add_number (text, name, label, G_STRUCT_MEMBER (double, &outlook->horizons[i], offset));
    }
  if (text->len == head)
    g_string_truncate (text, before);
}

char *
wp_forecast_add_metrics (WpForecast *forecast, char *metrics)
{
  GString *text = g_string_new (metrics);
  const WpCapacity *capacity;
  WpOutlook outlook;

  g_free (metrics);
  wp_forecast_get (forecast, &outlook);
  g_free (outlook.headline);
  capacity = &outlook.capacity;
  add_gauge (text, "forecast_full_seconds",
             "Time until the queue is full at the present traffic and its growth; +Inf: not soon.",
             isnan (capacity->full_in_s) ? INFINITY : capacity->full_in_s);
  add_gauge (text, "capacity_workers_needed", "Workers that suffice for the present traffic.",
             capacity->workers_needed > 0 ? capacity->workers_needed : NAN);
  add_gauge (text, "capacity_traffic_ratio", "How many times the present traffic the workers can do.",
             capacity->holds_up_to);
  add_scores (text, &outlook, "forecast_error_jobs",
              "Mean absolute error of the depths forecast so long ago.", G_STRUCT_OFFSET (WpHorizon, error));
  add_scores (text, &outlook, "forecast_skill",
              "1 less that error over the error of assuming no change; above 0 the forecast is of use.",
              G_STRUCT_OFFSET (WpHorizon, skill));

  return g_string_free (text, FALSE);
}
