/* wp-slo.h - a service-level objective: a bound on one metric, such as response.p99<1s or blocked<0.1%. */
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
  gboolean of_requests; /* the bound is a share of the requests, 0 to 1 */
} WpSlo;

/* As the size grows, an objective is: never violated again, never met again, unaffected, or unknown. */
typedef enum { WP_TREND_BETTER, WP_TREND_WORSE, WP_TREND_SAME, WP_TREND_UNKNOWN } WpTrend;

/* The counts of an unfinished run. */
typedef struct {
  guint64 requests; /* of the whole trace */
  guint64 blocked, rejected, timed_out, abandoned;
  const WpHistogram *wait, *response; /* wait: of the jobs that waited; NULL: not counted */
} WpSloSoFar;

/**
 * wp_slo_parse:
 * @text: METRIC OPERATOR VALUE, blanks around each allowed: the metric's name in the JSON; < <= > >= == or
 * !=; a number, a time with its unit for times, a percentage for shares and, of the requests, for counts of
 * requests
 * Returns: NULL with WP_ERROR_BAD_VALUE, which names the nearest metric.
 */
WpSlo *wp_slo_parse (const char *text, GError **error);
void wp_slo_free (WpSlo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSlo, wp_slo_free)

/* (element-type WpSlo): blocked==0, rejected==0, timed_out==0 and wait.p99<1s. */
GPtrArray *wp_slos_new_default (void);

/* A null metric meets every upper bound and ==, as nothing happened that violates it. It meets no lower
 * bound, except for first_full, where null (never) is later than any time. */
gboolean wp_slo_is_met (const WpSlo *self, const WpSummary *summary);

/* The bound in the metric's unit, for the requests of @summary. */
double wp_slo_bound (const WpSlo *self, const WpSummary *summary);

/* The first objective that is not met; NULL: all are met. */
const WpSlo *wp_slos_first_failure (const GPtrArray *slos, const WpSummary *summary);

/* With patient clients, on one and the same trace. For the queue's size this follows from depth = min
 * (backlog, K); for the workers from the start times, none of which grows with a worker more (Kiefer and
 * Wolfowitz, 1955). */
WpTrend wp_slo_trend_in_queue (const WpSlo *self);
WpTrend wp_slo_trend_in_workers (const WpSlo *self);

/* Is it already violated, whatever the rest of the run? FALSE if unknown. */
gboolean wp_slo_is_violated (const WpSlo *self, const WpSloSoFar *so_far);

/* Which figures the SLOs of a plan need, and so the cheapest simulation that suffices. */
typedef struct {
  gboolean by_backlog;    /* one pass answers every size of the queue */
  gboolean no_blocking;   /* by_backlog holds because no request may be blocked */
  gboolean reduced;       /* the statistics of wp-backlog-avx2 suffice */
  gboolean blocked_times; /* needed; a backlog has them for chosen queues only */
  guint parts;            /* WP_BACKLOG_RESPONSE, WP_BACKLOG_TIME */
} WpSloNeeds;

/* @slos: (element-type WpSlo). */
void wp_slo_needs_init (WpSloNeeds *self, const GPtrArray *slos, const WpPolicy *policy, gint64 patience_ns);
