/* wp-agreement.h - does the prediction agree with the measurement? Section 7 of the specification, as a table
 * and a verdict. */
#pragma once

#include "sim/model/wp-metric.h"

#define WP_AGREEMENT_TOLERANCE       0.02
#define WP_AGREEMENT_CURVE_TOLERANCE 0.03
#define WP_N_METRIC_AGREEMENTS       17

typedef struct {
  const WpMetric *metric;
  double predicted, measured; /* in the metric's unit; NaN is null */
  /* |predicted - measured| / measured; 0 where both are equal or null; NaN where there is none */
  double error;
  gboolean ok;
} WpMetricAgreement;

typedef struct {
  WpMetricAgreement metrics[WP_N_METRIC_AGREEMENTS];
  double tolerance;
  double curve_error; /* NaN: not judged */
  gboolean curve_ok;
  guint n_failed; /* metrics, and the curve, that are not met */
} WpAgreement;

/**
 * wp_agreement_judge:
 * @curve_error: of wp_agreement_curve_error()
 * @tolerance: 0.02 is 2 %; a metric is met within that, or within its absolute bound (1 job, 0.2 ms, or none)
 */
void wp_agreement_judge (WpAgreement *self, const WpSummary *predicted, const WpSummary *measured,
                         double curve_error, double tolerance);

/**
 * wp_agreement_curve_error:
 * @predicted, @measured: rows in order of arrival, each on an origin of its own, its first arrival
 * @shift_ns: how far the measured clock is set after the predicted one, as wp_match_clock_shift() finds it
 *
 * Returns: the area between the two curves of depth over time, over the area under the measured one; NaN
 * where that is under 1 job second.
 */
double wp_agreement_curve_error (const WpRow *predicted, gsize n_predicted, const WpRow *measured,
                                 gsize n_measured, gint64 shift_ns);
