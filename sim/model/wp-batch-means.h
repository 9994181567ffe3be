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

/* Keeps 32 to 63 parts: at 64, neighbours are merged in pairs. Eight batches of 4 to 8 parts make an
 * interval. */
typedef struct _WpBatchMeans WpBatchMeans;

WpBatchMeans *wp_batch_means_new (void);
void wp_batch_means_free (WpBatchMeans *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBatchMeans, wp_batch_means_free)

/* Call it at regular intervals with the state of @model; @now_ns: the last arrival. */
void wp_batch_means_add (WpBatchMeans *self, const WpModel *model, gint64 now_ns);
void wp_batch_means_add_sums (WpBatchMeans *self, const WpSums *sums, gint64 now_ns);

/**
 * wp_batch_means_intervals:
 * Returns: the number of batches; 0 if the run has fewer than 32 parts.
 * Source: Law, Simulation Modeling and Analysis (5th ed., 2015), ch. 9.5; ratios as in its ch. 9.5.3
 * (regenerative method's estimator). Few batches, as in Schmeiser, Batch size effects in the analysis of
 * simulation output, Operations Research 30 (1982); what is left of their correlation is corrected as by
 * Tafazzoli, Wilson, Lada and Steiger, Performance of Skart, INFORMS Journal on Computing 23 (2011).
 */
guint wp_batch_means_intervals (const WpBatchMeans *self, double confidence,
                                WpInterval intervals[WP_BATCH_METRICS]);

guint64 wp_batch_means_requests (const WpBatchMeans *self); /* per batch, about */

/* Correlation of neighbouring parts, not batches, by their mean response; NaN if too few. */
double wp_batch_means_correlation (const WpBatchMeans *self);
