/* wp-slo.h - what a plan must meet: a bound on one figure of a report, such as response.p99<1s or
 * blocked<0.1%. */
#pragma once

#include "sim/model/wp-metric.h"

typedef enum {
  WP_SLO_LESS,
  WP_SLO_AT_MOST,
  WP_SLO_MORE,
  WP_SLO_AT_LEAST,
  WP_SLO_EQUAL,
  WP_SLO_NOT_EQUAL
} WpSloOperator;

typedef struct {
  char *text; /* as typed */
  const WpMetric *metric;
  WpSloOperator op;
  double bound;         /* in the metric's unit: seconds, requests, ... */
  gboolean of_requests; /* a share of the requests instead, 0 to 1 */
} WpSlo;

/* What becomes of an objective while a size grows and all else stays: once it is met it stays so, once it
 * fails it does, or who knows. */
typedef enum { WP_TREND_BETTER, WP_TREND_WORSE, WP_TREND_SAME, WP_TREND_UNKNOWN } WpTrend;

/* What is known of a run that is not over yet. */
typedef struct {
  guint64 requests; /* of the whole trace */
  guint64 blocked, rejected, timed_out, abandoned;
  const WpHistogram *wait, *response; /* of those that waited; NULL: not counted */
} WpSloSoFar;

/**
 * wp_slo_parse:
 * @text: METRIC OPERATOR VALUE, blanks around each allowed: the metric's name in the JSON; < <= > >= == or
 * !=; a number, a time with its unit for times, a percentage for shares and, of the requests, for counts of
 * requests
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE, which names the metric that is nearest.
 */
WpSlo *wp_slo_parse (const char *text, GError **error);
void wp_slo_free (WpSlo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSlo, wp_slo_free)

/* (element-type WpSlo): blocked==0, rejected==0, timed_out==0 and wait.p99<1s. */
GPtrArray *wp_slos_new_default (void);

/* A figure that is null meets every upper bound, and ==: nothing happened that could break it. It meets no
 * lower bound, but for first_full, where null is never, which is later than any time. */
gboolean wp_slo_is_met (const WpSlo *self, const WpSummary *summary);

/* In the metric's unit, for a run of so many requests. */
double wp_slo_bound (const WpSlo *self, const WpSummary *summary);

/* The first that is not met; NULL: all are. */
const WpSlo *wp_slos_first_failure (const GPtrArray *slos, const WpSummary *summary);

/* With patient clients, on one and the same trace. For the queue's size this follows from depth = min
 * (backlog, K); for the workers from the start times, none of which grows with a worker more (Kiefer and
 * Wolfowitz, 1955). */
WpTrend wp_slo_trend_in_queue (const WpSlo *self);
WpTrend wp_slo_trend_in_workers (const WpSlo *self);

/* Is it violated whatever comes after that much of a run? FALSE where that is not known. */
gboolean wp_slo_is_violated (const WpSlo *self, const WpSloSoFar *so_far);
