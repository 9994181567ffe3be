/* wp-as-replayed.h - is a difference the model's, or the run's? The model on the arrivals that the record
 * has, on its services too, and on arrivals with lags like the run's. */
#pragma once

#include "sim/compare/wp-agreement.h"
#include "sim/compare/wp-match.h"
#include "sim/compare/wp-measurement.h"
#include "sim/compare/wp-record-check.h"
#include "sim/model/wp-fleet.h"

#define WP_AS_REPLAYED_RUNS 15

/* Of a metric over runs with lags drawn from the record. */
typedef struct {
  double low, high;        /* NaN: null in all of the runs */
  gboolean is_predictable; /* the range is within the bound of an agreement */
} WpReachableRange;

typedef struct {
  const char *not_modelled; /* NULL, or what of the record is not, and the rest is not set */
  WpAgreement judged;       /* the record's arrivals with the services that were asked for */
  WpRecordCheck itself;     /* with the record's own services, at its sizes; 0 requests: there was no check */
  gint64 lag_p50_ns, lag_p99_ns; /* of arrivals, after the most punctual one; WP_TIME_NONE: nothing matched */
  double services_long;          /* measured over asked, less 1; NaN: no service */
  gboolean has_ranges;           /* also where the rest is not modelled */
  WpReachableRange ranges[WP_N_METRIC_AGREEMENTS];
} WpAsReplayed;

/**
 * wp_as_replayed_judge:
 * @policy, @patience_ns, @predicted: of the prediction, its @n_predicted rows with their services
 * @match: of the predicted rows with the measured ones
 * @measured_summary: of the record
 */
void wp_as_replayed_judge (WpAsReplayed *self, const WpPolicy *policy, gint64 patience_ns,
                           const WpRow *predicted, gsize n_predicted, const WpMatch *match,
                           const WpMeasurement *measurement, const WpSummary *measured_summary,
                           double tolerance);

/**
 * wp_as_replayed_find_fleet_ranges:
 * @fleet: with an HTTP stage, no ranges are set
 * @measured: of all servers
 *
 * Sets the ranges of @self, whose metrics are those of @judged. Each run gives every request a server anew.
 */
void wp_as_replayed_find_fleet_ranges (WpAsReplayed *self, const WpAgreement *judged, const WpPolicy *policy,
                                       const WpFleetOptions *fleet, gint64 patience_ns,
                                       const WpRow *predicted, gsize n_predicted, const WpMatch *match,
                                       const WpRow *measured);
