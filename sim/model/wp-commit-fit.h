/* wp-commit-fit.h - fits the cost of a commit to measured commits. */
#pragma once

#include "sim/model/wp-commit.h"

typedef struct {
  guint rows;
  gboolean was_idle; /* the writer was idle when it got the first row */
  double lasted_ns;

  /* Set by wp_commit_fit(). */
  double late_ns; /* residual: duration minus cost */
  gboolean kept;  /* not an outlier */
} WpSeenCommit;

/**
 * wp_commit_fit:
 * @commits: (element-type WpSeenCommit): at least one
 * @r2: (out): share of the variance without outliers that the cost explains; NaN without variance
 *
 * Least squares on the number of rows and on whether the writer was idle. Outliers beyond four standard
 * deviations (estimated by the median absolute deviation) are removed and the fit is repeated. No coefficient
 * is negative.
 *
 * Source: Huber, Robust Estimation of a Location Parameter (1964), of which this is the hard-rejection form.
 */
void wp_commit_fit (GArray *commits, WpCommitCost *cost, double *r2);
