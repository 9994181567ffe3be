/* wp-comparison.h - prediction beside measurement: the whole of --against, once both are there. */
#pragma once

#include "sim/compare/wp-agreement.h"
#include "sim/compare/wp-client-view.h"
#include "sim/compare/wp-worst-errors.h"

/* Prediction beside measurement. */
typedef struct {
  WpAgreement judged;
  const WpMeasurement *measured;
  WpMatch match; /* of the predicted rows with the measured ones */
  gsize n_predicted, n_measured;
  guint64 same_outcome; /* of the matched */
  WpDifference response;
  gint64 shift_ns; /* of the measured clock after the predicted one */
  WpWorstErrors largest;
  WpClientView client; /* its file is NULL if none was given */
} WpComparison;

/**
 * wp_comparison_new:
 * @figures, @rows: the prediction, and its @n_rows rows; outlive it
 * @measured: outlives it
 * @client: what wp-replay -o wrote, or NULL
 * @warnings: (element-type utf8): gets what the client's view has to say
 *
 * Returns: NULL with what reading @client said.
 */
WpComparison *wp_comparison_new (const WpPolicy *policy, const WpSummary *summary, const WpRow *rows,
                                 gsize n_rows, const WpMeasurement *measured, double tolerance,
                                 const char *client, GPtrArray *warnings, GError **error);
void wp_comparison_free (WpComparison *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpComparison, wp_comparison_free)
