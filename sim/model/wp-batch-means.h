/* wp-batch-means.h - how sure is one long run? Its parts are taken for independent, and their means spread as
 * they spread. */
#pragma once

#include "sim/model/wp-model.h"

/* A mean and how far it may be off. */
typedef struct {
  const char *metric; /* as in wp_metrics; counts are shares of the requests */
  double mean;
  double half_width; /* of the interval of the asked confidence; NaN: not known */
  double deviation;  /* standard deviation of the parts' means, or of the replications; NaN likewise */
} WpInterval;

#define WP_BATCH_METRICS 9

/* From 32 to 63 parts: when there are 64, each two become one. */
typedef struct _WpBatchMeans WpBatchMeans;

WpBatchMeans *wp_batch_means_new (void);
void wp_batch_means_free (WpBatchMeans *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBatchMeans, wp_batch_means_free)

/* Where the model stands, every so often; @now_ns is the last arrival. */
void wp_batch_means_add (WpBatchMeans *self, const WpModel *model, gint64 now_ns);
void wp_batch_means_add_sums (WpBatchMeans *self, const WpSums *sums, gint64 now_ns);

/**
 * wp_batch_means_intervals:
 *
 * Returns: the number of parts; 0 where the run is too short for any (under 32).
 * Source: Law, Simulation Modeling and Analysis (5th ed., 2015), ch. 9.5; ratios as in its ch. 9.5.3
 * (regenerative method's estimator).
 */
guint wp_batch_means_intervals (const WpBatchMeans *self, double confidence,
                                WpInterval intervals[WP_BATCH_METRICS]);

guint64 wp_batch_means_requests (const WpBatchMeans *self); /* in each part */

/* Correlation of neighbours, by their mean response: near 0, the parts are long enough; NaN if there are too
 * few. */
double wp_batch_means_correlation (const WpBatchMeans *self);
