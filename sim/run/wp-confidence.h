/* wp-confidence.h - confidence intervals of generated traffic, and the values of theory. */
#pragma once

#include "sim/model/wp-batch-means.h"
#include "sim/model/wp-theory.h"

#define WP_CONFIDENCE     0.95
#define WP_CONFIDENCE_MAX 18

/* A run whose requests are worth fewer independent observations of the wait is too short for its intervals.
 */
#define WP_INDEPENDENT_LEAST 100

typedef struct {
  const char *method; /* "batch means", "replications"; NULL: the run is too short */
  guint n;            /* batches, or replications */
  guint64 requests;   /* per batch, or in the first replication */
  double correlation; /* of neighbouring parts; NaN: unknown */
  guint64 run_requests;
  double requests_needed; /* of the whole run, for intervals at its load; 0: unknown */
  double precision;       /* relative, of @needed */
  struct {
    WpInterval interval;
    double needed; /* batches of this size, or replications, for the precision; NaN: unknown */
  } metrics[WP_CONFIDENCE_MAX];
  guint n_metrics;
  gboolean has_theory; /* with --theory */
  WpTheory theory;
} WpConfidence;

/* A count of requests as a share of all, else as wp_metric_value(). */
double wp_confidence_value (const char *metric, const WpSummary *summary);

void wp_confidence_from_parts (WpConfidence *self, const WpBatchMeans *parts, double precision);

/* @summary: of @n >= 2 independent runs, @stride apart. */
void wp_confidence_from_runs (WpConfidence *self, const WpSummary *summary, guint n, guint stride,
                              double precision);

/* The number of runs or parts that narrow the half width to @precision of the mean; @interval is of @n. NaN:
 * unknown. */
double wp_confidence_needed (const WpInterval *interval, guint n, double precision);

/* Is the run too short for its load, or do its parts depend on each other, so that the intervals are too
 * narrow? */
gboolean wp_confidence_is_doubtful (const WpConfidence *self);

/* The interval of a metric, or NULL. */
const WpInterval *wp_confidence_find (const WpConfidence *self, const char *metric);

/* Is theory's value within the interval (an exact one within 2 ns)? -1: unknown. */
int wp_confidence_holds (const WpConfidence *self, guint value, const WpSummary *summary);
