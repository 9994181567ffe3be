/* wp-commit-fit.h - what a commit costs, fitted to commits that were seen. */
#pragma once

#include "sim/model/wp-commit.h"

typedef struct {
  guint rows;
  gboolean was_idle; /* the writer, when the first row was handed over */
  double lasted_ns;

  /* Set by wp_commit_fit(). */
  double late_ns; /* what it took beyond the cost */
  gboolean kept;  /* no outlier */
} WpSeenCommit;

/**
 * wp_commit_fit:
 * @commits: (element-type WpSeenCommit): one at least
 * @r2: (out): share of the variance that the cost explains, of commits that are no outliers; NaN where they
 * do not vary
 *
 * By least squares on the number of rows and on whether the writer was idle, with what is further off than
 * four standard deviations (by the median of the absolute ones) left out, time and again. No part of the cost
 * is negative.
 *
 * Source: Huber, Robust Estimation of a Location Parameter (1964), of which this is the hard-rejection form.
 */
void wp_commit_fit (GArray *commits, WpCommitCost *cost, double *r2);
