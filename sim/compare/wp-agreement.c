#include "sim/compare/wp-agreement.h"

#include <math.h>

#include "sim/stats/wp-histogram.h"

#define ONE_JOB         1.0
#define A_FIFTH_OF_A_MS 0.0002
#define NO_BOUND        (-1.0)

/* Rounding makes differences of decimal fractions a last bit too large. */
#define ROUNDING 1e-9

static const struct {
  const char *name;
  double bound;
} judged[WP_N_METRIC_AGREEMENTS] = {
  { "accepted", ONE_JOB },
  { "rejected", ONE_JOB },
  { "timed_out", ONE_JOB },
  { "abandoned", ONE_JOB },
  { "blocked", ONE_JOB },
  { "blocked_peak", ONE_JOB },
  { "depth.max", ONE_JOB },
  { "blocked_time.mean", A_FIFTH_OF_A_MS },
  { "blocked_time.p99", A_FIFTH_OF_A_MS },
  { "wait.p50", A_FIFTH_OF_A_MS },
  { "wait.p99", A_FIFTH_OF_A_MS },
  { "response.p50", A_FIFTH_OF_A_MS },
  { "response.p99", A_FIFTH_OF_A_MS },
  { "time_full", A_FIFTH_OF_A_MS },
  { "depth.mean", NO_BOUND },
  { "throughput", NO_BOUND },
  { "makespan", NO_BOUND },
};

static gboolean
is_within (double value, double bound)
{
  return value <= bound * (1 + ROUNDING);
}

static WpMetricAgreement
judge (const WpMetric *metric, double predicted, double measured, double bound, double tolerance)
{
  WpMetricAgreement self = { metric, predicted, measured, NAN, FALSE, TRUE };

  if (predicted == measured || (isnan (predicted) && isnan (measured)))
    {
      self.error = 0;
      self.ok = TRUE;
      return self;
    }
  if (isnan (predicted) || isnan (measured))
    return self;
  if (measured != 0)
    self.error = (predicted - measured) / fabs (measured);
  self.ok = (!isnan (self.error) && is_within (fabs (self.error), tolerance))
            || (bound != NO_BOUND && is_within (fabs (predicted - measured), bound));

  return self;
}

gboolean
wp_agreement_holds (guint i, double predicted, double measured, double tolerance)
{
  return judge (NULL, predicted, measured, judged[i].bound, tolerance).ok;
}

void
wp_agreement_judge (WpAgreement *self, const WpSummary *predicted, const WpSummary *measured,
                    double curve_error, double tolerance, double curve_tolerance)
{
  *self = (WpAgreement){ .tolerance = tolerance,
                         .curve_error = curve_error,
                         .curve_tolerance = curve_tolerance };
  self->curve_ok = isnan (curve_error) || is_within (curve_error, curve_tolerance);
  self->n_failed = !self->curve_ok;
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    {
      const WpMetric *metric = wp_metric_find (judged[i].name);

      self->metrics[i] = judge (metric, wp_metric_value (metric, predicted),
                                wp_metric_value (metric, measured), judged[i].bound, tolerance);
      self->n_failed += !self->metrics[i].ok;
    }
}

void
wp_agreement_judge_shared (WpAgreement *self)
{
  static const char *const names[] = { "response.p50", "response.p99", "depth.mean", NULL };

  self->curve_error = NAN;
  self->curve_ok = TRUE;
  self->n_failed = 0;
  for (guint i = 0; i < WP_N_METRIC_AGREEMENTS; i++)
    {
      self->metrics[i].is_judged = g_strv_contains (names, judged[i].name);
      self->n_failed += self->metrics[i].is_judged && !self->metrics[i].ok;
    }
}

typedef struct {
  gint64 time_ns;
  int predicted, measured;
} Change; /* of the two depths */

static void
add_changes (GArray *changes, const WpRow *rows, gsize n_rows, gint64 shift_ns, int predicted, int measured)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      gint64 origin_ns = rows[0].arrival_ns + shift_ns;
      gint64 left_ns = rows[i].started_ns != WP_TIME_NONE ? rows[i].started_ns : rows[i].ended_ns;
      Change change;

      if (rows[i].accepted_ns == WP_TIME_NONE || left_ns == WP_TIME_NONE || left_ns == rows[i].accepted_ns)
        continue;
      change = (Change){ rows[i].accepted_ns - origin_ns, predicted, measured };
      g_array_append_val (changes, change);
      change = (Change){ left_ns - origin_ns, -predicted, -measured };
      g_array_append_val (changes, change);
    }
}

double
wp_agreement_curve_error (const WpRow *predicted, gsize n_predicted, const WpRow *measured, gsize n_measured,
                          gint64 shift_ns)
{
  g_autoptr (GArray) changes = g_array_new (FALSE, FALSE, sizeof (Change));
  WpUint128 between = 0, under = 0; /* job nanoseconds */
  gint64 predicted_jobs = 0, measured_jobs = 0, now_ns = 0;

  add_changes (changes, predicted, n_predicted, 0, 1, 0);
  add_changes (changes, measured, n_measured, shift_ns, 0, 1);
  g_array_sort (changes, wp_time_compare);
  for (guint i = 0; i < changes->len; i++)
    {
      const Change *change = &g_array_index (changes, Change, i);
      guint64 lasted_ns = i == 0 ? 0 : (guint64) (change->time_ns - now_ns);

      between += (WpUint128) (guint64) ABS (predicted_jobs - measured_jobs) * lasted_ns;
      under += (WpUint128) (guint64) measured_jobs * lasted_ns;
      predicted_jobs += change->predicted;
      measured_jobs += change->measured;
      now_ns = change->time_ns;
    }

  return under < (WpUint128) WP_NS_PER_S ? NAN : (double) between / (double) under;
}
