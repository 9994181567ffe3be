#include "sim/run/wp-confidence.h"

#include <math.h>
#include <string.h>

#include "sim/model/wp-metric.h"
#include "sim/stats/wp-student.h"

#define MAX_CORRELATION                                                                                      \
  0.5 /* of neighbouring parts: each batch of them has 4 or more, and corrects for the rest */
#define EXACT_S    2e-9
#define NEEDED_MAX 1e9

double
wp_confidence_value (const char *metric, const WpSummary *summary)
{
  double value = wp_metric_value (wp_metric_find (metric), summary);

  return wp_metric_find (metric)->unit == WP_UNIT_REQUESTS ? value / (double) summary->requests : value;
}

/* The quantile of t depends on the number of runs too, so the number is found by search. */
double
wp_confidence_needed (const WpInterval *interval, guint n, double precision)
{
  double goal = precision * fabs (interval->mean), least, most;

  if (isnan (interval->half_width) || goal == 0)
    return interval->half_width == 0 ? n : NAN;
  least = 2, most = 2;
  while (most < NEEDED_MAX
         && wp_student_t ((guint) most - 1, WP_CONFIDENCE) * interval->deviation / sqrt (most) > goal)
    least = most, most *= 2;
  while (most - least > 1 && most < NEEDED_MAX)
    {
      double middle = floor ((least + most) / 2);

      if (wp_student_t ((guint) middle - 1, WP_CONFIDENCE) * interval->deviation / sqrt (middle) > goal)
        least = middle;
      else
        most = middle;
    }

  return most < NEEDED_MAX ? most : NAN;
}

static void
add (WpConfidence *self, WpInterval interval)
{
  if (isnan (interval.mean))
    return;
  g_assert (self->n_metrics < WP_CONFIDENCE_MAX);
  self->metrics[self->n_metrics].interval = interval;
  self->metrics[self->n_metrics++].needed = wp_confidence_needed (&interval, self->n, self->precision);
}

void
wp_confidence_from_parts (WpConfidence *self, const WpBatchMeans *parts, double precision)
{
  WpInterval intervals[WP_BATCH_METRICS];

  *self = (WpConfidence){ .precision = precision, .correlation = NAN };
  self->n = wp_batch_means_intervals (parts, WP_CONFIDENCE, intervals);
  if (self->n == 0)
    return;
  self->method = "batch means";
  self->requests = wp_batch_means_requests (parts);
  self->correlation = wp_batch_means_correlation (parts);
  for (guint i = 0; i < WP_BATCH_METRICS; i++)
    add (self, intervals[i]);
}

static WpInterval
interval_of (const char *metric, const WpSummary *summary, guint n, guint stride)
{
  double sum = 0, squares = 0;
  WpInterval interval = { metric, NAN, NAN, NAN };

  for (guint i = 0; i < n; i++)
    sum += wp_confidence_value (metric, &summary[i * stride]);
  interval.mean = sum / n;
  for (guint i = 0; i < n; i++)
    squares += pow (wp_confidence_value (metric, &summary[i * stride]) - interval.mean, 2);
  interval.deviation = sqrt (squares / (n - 1));
  interval.half_width = wp_student_t (n - 1, WP_CONFIDENCE) * interval.deviation / sqrt (n);

  return interval;
}

void
wp_confidence_from_runs (WpConfidence *self, const WpSummary *summary, guint n, guint stride,
                         double precision)
{
  static const char *const metrics[] = {
    "rejected",     "timed_out",    "abandoned",  "blocked",   "blocked_time.mean", "accept_latency.mean",
    "wait.mean",    "wait.p90",     "wait.p95",   "wait.p99",  "response.mean",     "response.p50",
    "response.p95", "response.p99", "depth.mean", "busy.mean", "throughput"
  };

  *self = (WpConfidence){ .method = "replications",
                          .n = n,
                          .requests = summary->requests,
                          .precision = precision,
                          .correlation = NAN };
  for (guint i = 0; i < G_N_ELEMENTS (metrics); i++)
    add (self, interval_of (metrics[i], summary, n, stride));
}

gboolean
wp_confidence_is_doubtful (const WpConfidence *self)
{
  return self->correlation > MAX_CORRELATION || (double) self->run_requests < self->requests_needed;
}

const WpInterval *
wp_confidence_find (const WpConfidence *self, const char *metric)
{
  for (guint i = 0; i < self->n_metrics; i++)
    if (strcmp (self->metrics[i].interval.metric, metric) == 0)
      return &self->metrics[i].interval;

  return NULL;
}

int
wp_confidence_holds (const WpConfidence *self, guint value, const WpSummary *summary)
{
  const char *metric = self->theory.values[value].metric;
  const WpInterval *interval = wp_confidence_find (self, metric);
  double theory = self->theory.values[value].value;

  if (self->theory.exact)
    return fabs (wp_confidence_value (metric, summary) - theory) <= EXACT_S;
  if (!interval || isnan (interval->half_width))
    return -1;

  return fabs (interval->mean - theory) <= interval->half_width + 1e-12 * fabs (theory);
}
