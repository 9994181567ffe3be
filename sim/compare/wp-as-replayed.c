#include "sim/compare/wp-as-replayed.h"

#include <math.h>
#include <stdlib.h>

#include "sim/run/wp-job-output.h"
#include "sim/stats/wp-random.h"

#define LAG_SEED   1
#define LAG_STREAM 0x6c6167 /* "lag" */

typedef struct {
  WpRow row;
  gint64 service_ns;
  gint64 late_ns; /* after its planned time */
} Request;

/* A client's patience counts from its planned time, and none leaves before one that came earlier. FALSE: a
 * time passes 292 years. @rows: (nullable): gets what became of each. */
static gboolean
simulate (const WpPolicy *policy, gint64 patience_ns, const Request *requests, gsize n, WpSummary *summary,
          WpRow *rows)
{
  g_autoptr (WpModel) model = NULL;
  gint64 leaves_ns = G_MININT64, planned_ns;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  model = wp_model_new (&layout, patience_ns);
  for (gsize i = 0; i < n; i++)
    {
      WpRequestResult result;

      if (patience_ns != WP_TIME_NONE
          && !__builtin_add_overflow (requests[i].row.arrival_ns - requests[i].late_ns, patience_ns,
                                      &planned_ns))
        {
          leaves_ns = MAX (leaves_ns, planned_ns);
          wp_model_set_patience (model, MAX (0, leaves_ns - requests[i].row.arrival_ns));
        }
      if (!wp_model_offer (model, &requests[i].row, &requests[i].service_ns, 1, &result))
        return FALSE;
      if (rows)
        rows[i] = wp_job_output_row (&requests[i].row, requests[i].service_ns, &result);
    }
  if (summary)
    wp_model_finish (model, summary);

  return TRUE;
}

/* The same through several servers; a client's patience counts from its arrival. */
static gboolean
simulate_fleet (const WpPolicy *policy, const WpFleetOptions *options, gint64 patience_ns,
                const Request *requests, gsize n, WpSummary *summary)
{
  g_autoptr (WpFleet) fleet = NULL;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  fleet = wp_fleet_new (options, &layout, patience_ns);
  for (gsize i = 0; i < n; i++)
    if (!wp_fleet_offer (fleet, &requests[i].row, &requests[i].service_ns, NULL, 1, FALSE, NULL))
      return FALSE;
  wp_fleet_finish (fleet, summary);

  return TRUE;
}

static gint64
service_of (const WpRow *row)
{
  return row->service_ns != WP_TIME_NONE                                    ? row->service_ns
         : row->started_ns != WP_TIME_NONE && row->ended_ns != WP_TIME_NONE ? row->ended_ns - row->started_ns
                                                                            : 0;
}

static void
judge_rows (WpAgreement *judged, const WpPolicy *policy, const WpRow *rows, const WpRow *measured, gsize n,
            const WpSummary *measured_summary, double tolerance)
{
  WpSummary summary;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  wp_summary_measure (&summary, &layout, rows, n);
  wp_agreement_judge (judged, &summary, measured_summary, wp_agreement_curve_error (rows, n, measured, n, 0),
                      tolerance, WP_AGREEMENT_CURVE_TOLERANCE);
}

/* The services that were asked for, where the prediction has the request; and how far they were met. */
static void
take_asked_services (WpAsReplayed *self, Request *requests, const WpRow *measured, const WpRow *predicted,
                     gsize n_predicted, const WpMatch *match)
{
  double asked_ns = 0, served_ns = 0;

  for (gsize i = 0; i < n_predicted; i++)
    if (match->partners[i] != WP_NO_MATCH)
      {
        const WpRow *row = &measured[match->partners[i]];

        requests[match->partners[i]].service_ns = predicted[i].service_ns;
        if (row->finished_ns != WP_TIME_NONE)
          {
            asked_ns += (double) predicted[i].service_ns;
            served_ns += (double) (row->finished_ns - row->started_ns);
          }
      }
  self->services_long = asked_ns > 0 ? served_ns / asked_ns - 1 : NAN;
}

static gboolean
judge_replay (WpAsReplayed *self, const WpPolicy *policy, gint64 patience_ns, const Request *requests,
              const WpRow *measured, gsize n, const WpSummary *measured_summary, double tolerance)
{
  g_autofree WpRow *rows = g_new (WpRow, n + 1);

  if (!simulate (policy, patience_ns, requests, n, NULL, rows))
    return FALSE;
  judge_rows (&self->judged, policy, rows, measured, n, measured_summary, tolerance);

  return TRUE;
}

/* Of matched requests; the most punctual has 0. Returns their number. */
static gsize
measure_lags (gint64 *lags, const WpMatch *match, const WpRow *predicted, gsize n_predicted,
              const WpRow *measured)
{
  gsize n = 0;

  for (gsize i = 0; i < n_predicted; i++)
    if (match->partners[i] != WP_NO_MATCH)
      lags[n++] = measured[match->partners[i]].arrival_ns - predicted[i].arrival_ns;
  qsort (lags, n, sizeof *lags, wp_time_compare);
  for (gsize i = n; i > 0; i--)
    lags[i - 1] -= lags[0];

  return n;
}

/* After the most punctual one. A request that the prediction does not have was punctual, for all that is
 * known. */
static void
take_lateness (Request *requests, const WpRow *measured, const WpRow *predicted, gsize n_predicted,
               const WpMatch *match)
{
  gint64 least_ns = G_MAXINT64;

  for (gsize i = 0; i < n_predicted; i++)
    if (match->partners[i] != WP_NO_MATCH)
      least_ns = MIN (least_ns, measured[match->partners[i]].arrival_ns - predicted[i].arrival_ns);
  for (gsize i = 0; i < n_predicted; i++)
    if (match->partners[i] != WP_NO_MATCH)
      requests[match->partners[i]].late_ns
          = measured[match->partners[i]].arrival_ns - predicted[i].arrival_ns - least_ns;
}

static void
widen (WpReachableRange *range, double value, gboolean is_first)
{
  if (is_first)
    *range = (WpReachableRange){ value, value, TRUE };
  else if (isnan (value) || isnan (range->low))
    range->is_predictable = range->is_predictable && isnan (value) && isnan (range->low);
  else
    {
      range->low = MIN (range->low, value);
      range->high = MAX (range->high, value);
    }
}

static void
find_ranges (WpAsReplayed *self, const WpAgreement *judged, const WpPolicy *policy,
             const WpFleetOptions *fleet, gint64 patience_ns, const WpRow *predicted, gsize n,
             const gint64 *lags, gsize n_lags)
{
  g_autofree Request *requests = g_new (Request, n + 1);
  WpRandom random;

  wp_random_init (&random, LAG_SEED, LAG_STREAM);
  for (guint run = 0; run < WP_AS_REPLAYED_RUNS; run++)
    {
      WpSummary summary;

      for (gsize i = 0; i < n; i++)
        {
          gint64 late_ns = lags[wp_random_below (&random, n_lags)];

          requests[i] = (Request){ predicted[i], predicted[i].service_ns, late_ns };
          requests[i].row.arrival_ns += late_ns;
        }
      qsort (requests, n, sizeof *requests, wp_time_compare);
      if (!(fleet ? simulate_fleet (policy, fleet, patience_ns, requests, n, &summary)
                  : simulate (policy, patience_ns, requests, n, &summary, NULL)))
        return;
      for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
        widen (&self->ranges[i], wp_metric_value (judged->metrics[i].metric, &summary), run == 0);
    }
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    if (!isnan (self->ranges[i].low) && self->ranges[i].is_predictable)
      self->ranges[i].is_predictable
          = wp_agreement_holds (i, self->ranges[i].high, self->ranges[i].low, judged->tolerance);
  self->has_ranges = TRUE;
}

static const char *
why_not_modelled (const WpMeasurement *measurement)
{
  const char *database = wp_measurement_note (measurement, "database");

  return database && !g_str_has_prefix (database, "delay:")
             ? "what a database that is not delay: would have needed with other arrivals is unknown"
             : NULL;
}

void
wp_as_replayed_judge (WpAsReplayed *self, const WpPolicy *policy, gint64 patience_ns, const WpRow *predicted,
                      gsize n_predicted, const WpMatch *match, const WpMeasurement *measurement,
                      const WpSummary *measured_summary, double tolerance)
{
  gsize n, n_lags;
  const WpRow *measured = wp_measurement_rows (measurement, &n);
  g_autofree Request *requests = g_new (Request, n + 1);
  g_autofree gint64 *lags = g_new (gint64, n_predicted + 1);

  *self = (WpAsReplayed){ .not_modelled = why_not_modelled (measurement),
                          .lag_p50_ns = WP_TIME_NONE,
                          .lag_p99_ns = WP_TIME_NONE };
  if (self->not_modelled)
    return;
  wp_record_check (&self->itself, policy, measurement);
  for (gsize i = 0; i < n; i++)
    requests[i] = (Request){ measured[i], service_of (&measured[i]), 0 };
  take_asked_services (self, requests, measured, predicted, n_predicted, match);
  n_lags = measure_lags (lags, match, predicted, n_predicted, measured);
  take_lateness (requests, measured, predicted, n_predicted, match);
  if (n_lags == 0
      || !judge_replay (self, policy, patience_ns, requests, measured, n, measured_summary, tolerance))
    {
      self->not_modelled = "no request of the prediction is in the record";
      return;
    }
  g_clear_pointer (&requests, g_free); /* a record may be long */
  self->lag_p50_ns = lags[(n_lags - 1) / 2];
  self->lag_p99_ns = lags[n_lags - 1 - n_lags / 100];
  find_ranges (self, &self->judged, policy, NULL, patience_ns, predicted, n_predicted, lags, n_lags);
}

void
wp_as_replayed_find_fleet_ranges (WpAsReplayed *self, const WpAgreement *judged, const WpPolicy *policy,
                                  const WpFleetOptions *fleet, gint64 patience_ns, const WpRow *predicted,
                                  gsize n_predicted, const WpMatch *match, const WpRow *measured)
{
  g_autofree gint64 *lags = g_new (gint64, n_predicted + 1);
  gsize n_lags = measure_lags (lags, match, predicted, n_predicted, measured);

  if (n_lags > 0 && fleet->http_stage.time_ns == 0)
    find_ranges (self, judged, policy, fleet, patience_ns, predicted, n_predicted, lags, n_lags);
}
