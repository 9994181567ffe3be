/* wp-metric.h - the one table of all metrics, by their names in the JSON report ("requests", "response.p99"),
 * for reports, comparisons and objectives. */
#pragma once

#include "sim/model/wp-summary.h"

typedef enum {
  WP_UNIT_REQUESTS, /* a whole number of requests */
  WP_UNIT_JOBS,     /* a whole number of jobs, over time */
  WP_UNIT_MEAN_JOBS,
  WP_UNIT_TIME,  /* seconds */
  WP_UNIT_SHARE, /* 0 to 1 */
  WP_UNIT_RATE   /* per second */
} WpUnit;

typedef enum {
  WP_METRIC_COUNT,
  WP_METRIC_INTEGER,
  WP_METRIC_NS,
  WP_METRIC_DOUBLE,
  WP_METRIC_DOUBLE_NS
} WpMetricType;

typedef struct {
  const char *name; /* "response.p99" */
  WpUnit unit;
  WpMetricType type; /* type of the WpSummary field at @offset */
  gsize offset;
  double share; /* of a percentile: 0.99 for p99; else 0 */
} WpMetric;

/* In the order of the reports; a NULL name ends it. Those of wp_metric_add_percentile() are the last. */
extern const WpMetric *const wp_metrics;

/* NULL if no metric has this name. */
const WpMetric *wp_metric_find (const char *name);

/**
 * wp_metric_add_percentile:
 * @name: "p99.5"
 *
 * Every report of the process has that percentile from now on, of each time and of the depth. Where it has it
 * already (as p999, for p99.9), nothing is added. For one thread, before a run begins.
 *
 * Returns: its name in the reports; NULL with WP_ERROR_BAD_VALUE: it is none above 0 and below 100, or one
 * too many
 */
const char *wp_metric_add_percentile (const char *name, GError **error);

/* By wp_metric_add_percentile(). */
gboolean wp_metric_is_added (const WpMetric *self);

/* In the metric's unit (times in seconds); NaN for null. */
double wp_metric_value (const WpMetric *self, const WpSummary *summary);

/* Is it a number of requests or jobs, which reports print without a fraction? */
gboolean wp_metric_is_count (const WpMetric *self);
