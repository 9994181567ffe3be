/* wp-comparison.h - compares a prediction with a measurement (--against). */
#pragma once

#include "sim/compare/wp-as-replayed.h"
#include "sim/compare/wp-client-view.h"
#include "sim/compare/wp-fleet-records.h"
#include "sim/compare/wp-match.h"

#define WP_WORST_ERRORS 10

/* The requests with the largest errors of the prediction. */
typedef struct {
  const WpRow *predicted, *measured;
  gint64 error_ns; /* predicted - measured, of the time from arrival to end with any outcome */
} WpWorstError;

typedef struct {
  WpWorstError rows[WP_WORST_ERRORS]; /* largest first; none is 0 */
  guint n;
} WpWorstErrors;

/* One of several servers: the model on the arrivals of its own record. */
typedef struct {
  const WpMeasurement *measured;
  gsize n_requests;
  WpAsReplayed replayed;
} WpInstanceComparison;

typedef struct {
  WpAgreement judged;
  WpAsReplayed replayed;
  const WpMeasurement *measured;
  WpMatch match; /* of predicted with measured rows */
  gsize n_predicted, n_measured;
  guint64 same_outcome; /* of the matched */
  WpDifference response;
  gint64 shift_ns; /* offset of the measured clock from the predicted one */
  WpWorstErrors largest;
  WpClientView client;             /* file: NULL without --client */
  WpMeasurement *merged;           /* of several servers: @measured, and is owned; NULL: there is one */
  WpInstanceComparison *instances; /* for each of them */
  guint n_instances;
  gboolean is_shared;     /* of fronts and workers with one shared queue */
  WpFleetRecords records; /* theirs */
} WpComparison;

/**
 * wp_comparison_new:
 * @summary, @rows: the prediction and its @n_rows rows, which outlive the comparison
 * @measured: outlives the comparison
 * @client: a file of wp-replay --output, or NULL
 * @warnings: (element-type utf8): gets the warnings of wp_client_view_compare()
 *
 * Returns: NULL with the error of reading @client.
 */
WpComparison *wp_comparison_new (const WpPolicy *policy, const WpSummary *summary, const WpRow *rows,
                                 gsize n_rows, const WpMeasurement *measured, gint64 patience_ns,
                                 double tolerance, const char *client, GPtrArray *warnings, GError **error);

/**
 * wp_comparison_new_fleet:
 * @policy: of each server
 * @summary, @rows: the prediction for all servers together
 * @measured: (element-type WpMeasurement): the record of each server
 * @tolerance: of the servers together, and of their depth curve; each by itself has the usual ones
 *
 * The clock of each record is set by the median difference of its arrivals from the trace's.
 *
 * Returns: NULL with WP_ERROR_BAD_TRACE if requests cannot be matched by id.
 */
WpComparison *wp_comparison_new_fleet (const WpPolicy *policy, const WpFleetOptions *fleet,
                                       const WpSummary *summary, const WpRow *rows, gsize n_rows,
                                       const GPtrArray *measured, gint64 patience_ns, double tolerance,
                                       GError **error);

/* Of fronts and workers with one shared queue, as wp_comparison_new_fleet(). Judges what
 * wp_agreement_judge_shared() does. */
WpComparison *wp_comparison_new_shared (const WpPolicy *policy, const WpSummary *summary, const WpRow *rows,
                                        gsize n_rows, const GPtrArray *measured, double tolerance,
                                        GError **error);

typedef enum {
  WP_AGREES,             /* every metric is within the tolerance */
  WP_AGREES_AS_REPLAYED, /* not so, but the model's are with the arrivals that the record has */
  WP_DOES_NOT_AGREE
} WpAgreementLevel;

WpAgreementLevel wp_comparison_level (const WpComparison *self);
const char *wp_agreement_level_name (WpAgreementLevel level); /* "agrees_as_replayed" */

void wp_comparison_free (WpComparison *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpComparison, wp_comparison_free)
