/* wp-agreement.h - tests the agreement of prediction and measurement by metric, within a tolerance. */
#pragma once

#include "sim/model/wp-metric.h"

#define WP_AGREEMENT_TOLERANCE       0.02
#define WP_AGREEMENT_CURVE_TOLERANCE 0.03
#define WP_AGREEMENT_FLEET_TOLERANCE 0.1 /* of several servers together: of both */
#define WP_N_METRIC_AGREEMENTS       17

typedef struct {
  const WpMetric *metric;
  double predicted, measured; /* in the metric's unit; NaN is null */
  /* (predicted - measured) / |measured|; 0 where both are equal or null; NaN where there is none */
  double error;
  gboolean ok;
  gboolean is_judged; /* else it is shown only */
} WpMetricAgreement;

typedef struct {
  WpMetricAgreement metrics[WP_N_METRIC_AGREEMENTS];
  double tolerance;
  double curve_error; /* NaN: not judged */
  double curve_tolerance;
  gboolean curve_ok;
  guint n_failed; /* metrics and curve outside the tolerance */
} WpAgreement;

/**
 * wp_agreement_judge:
 * @curve_error: of wp_agreement_curve_error()
 * @tolerance: 0.02 is 2 %; a metric also agrees within its absolute bound (1 job, 0.2 ms, or none)
 * @curve_tolerance: of @curve_error
 */
void wp_agreement_judge (WpAgreement *self, const WpSummary *predicted, const WpSummary *measured,
                         double curve_error, double tolerance, double curve_tolerance);

/* After that: judges none but the medium and late responses and the mean depth. */
void wp_agreement_judge_shared (WpAgreement *self);

/* Would metric @i agree, were these the figures? Neither is NaN. */
gboolean wp_agreement_holds (guint i, double predicted, double measured, double tolerance);

/**
 * wp_agreement_curve_error:
 * @predicted, @measured: rows in order of arrival; the origin of each is its own first arrival
 * @shift_ns: offset of the measured clock, from wp_match_clock_shift()
 *
 * Returns: the area between the two curves of depth over time, divided by the area under the measured one;
 * NaN if that is under 1 job second.
 */
double wp_agreement_curve_error (const WpRow *predicted, gsize n_predicted, const WpRow *measured,
                                 gsize n_measured, gint64 shift_ns);
