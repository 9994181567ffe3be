/* wp-confidence.h - how far the figures of drawn traffic may be off, beside what theory says. */
#pragma once

#include "sim/model/wp-batch-means.h"
#include "sim/model/wp-theory.h"

#define WP_CONFIDENCE      0.95
#define WP_CONFIDENCE_MOST 18

typedef struct {
  const char *method; /* "batch means", "replications"; NULL: the run is too short for any */
  guint n;            /* parts, or replications */
  guint64 requests;   /* in each part, or in the first replication */
  double correlation; /* of neighbouring parts; NaN: not known */
  double precision;   /* relative, of @needed */
  struct {
    WpInterval interval;
    double needed; /* parts of this size, or replications, for the precision; NaN: not known */
  } metrics[WP_CONFIDENCE_MOST];
  guint n_metrics;
  gboolean has_theory; /* it was asked for */
  WpTheory theory;
} WpConfidence;

/* As a share of the requests where it is a count of them, else as wp_metric_value(). */
double wp_confidence_value (const char *metric, const WpSummary *summary);

void wp_confidence_from_parts (WpConfidence *self, const WpBatchMeans *parts, double precision);

/* @figures: @n >= 2 of independent runs, @stride apart. */
void wp_confidence_from_runs (WpConfidence *self, const WpSummary *summary, guint n, guint stride,
                              double precision);

/* How many runs, or parts, of which @n have this interval, bring its half width to @precision of its mean;
 * NaN: not to be said. */
double wp_confidence_needed (const WpInterval *interval, guint n, double precision);

/* The interval of a metric, or NULL. */
const WpInterval *wp_confidence_find (const WpConfidence *self, const char *metric);

/* Is theory within the interval (an exact one within 2 ns)? -1: there is none to say. */
int wp_confidence_holds (const WpConfidence *self, guint value, const WpSummary *summary);
