/* wp-batch-means.h - confidence intervals of one long run by the method of batch means. */
#pragma once

#include "sim/model/wp-model.h"

/* A mean and its confidence interval. */
typedef struct {
  const char *metric; /* as in wp_metrics; counts are shares of the requests */
  double mean;
  double half_width; /* of the confidence interval; NaN: unknown */
  double deviation;  /* standard deviation of the means of the parts or replications; NaN: unknown */
} WpInterval;

#define WP_BATCH_METRICS 9

/* Keeps 32 to 63 parts (batches): at 64, neighbours are merged in pairs. */
typedef struct _WpBatchMeans WpBatchMeans;

WpBatchMeans *wp_batch_means_new (void);
void wp_batch_means_free (WpBatchMeans *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBatchMeans, wp_batch_means_free)

/* Call it at regular intervals with the state of @model; @now_ns: the last arrival. */
void wp_batch_means_add (WpBatchMeans *self, const WpModel *model, gint64 now_ns);
void wp_batch_means_add_sums (WpBatchMeans *self, const WpSums *sums, gint64 now_ns);

/**
 * wp_batch_means_intervals:
 * Returns: the number of parts; 0 if the run has fewer than 32.
 * Source: Law, Simulation Modeling and Analysis (5th ed., 2015), ch. 9.5; ratios as in its ch. 9.5.3
 * (regenerative method's estimator).
 */
guint wp_batch_means_intervals (const WpBatchMeans *self, double confidence,
                                WpInterval intervals[WP_BATCH_METRICS]);

guint64 wp_batch_means_requests (const WpBatchMeans *self); /* per part */

/* Correlation of neighbouring parts by their mean response: near 0 if they are long enough; NaN if too few.
 */
double wp_batch_means_correlation (const WpBatchMeans *self);
