/* wp-commit-cost.h - what a commit costs, by the server's own recent ones. */
#pragma once

#include <glib.h>

/* A plain value; all zero is new. Older commits count less. A line through durations and rows would mislead:
 * while the writer is busy, a slow commit makes the next one large, so that its slope is the time between two
 * arrivals. */
typedef struct {
  guint64 commits, rows, time_ns;  /* of the last observation */
  double weight, sum_rows, sum_ns; /* of recent commits */
} WpCommitCostMean;

/* Totals so far. */
void wp_commit_cost_observe (WpCommitCostMean *self, guint64 commits, guint64 rows, guint64 time_ns);

/* @commit_s: fixed part; 0: no commit yet. @row_s: and of each row, that of a fast disk. Together they are
 * the mean duration at the mean number of rows. */
void wp_commit_cost_get (const WpCommitCostMean *self, double *commit_s, double *row_s);
