/* wp-commit-fit.h - what a commit costs: a straight line through the server's own commits. */
#pragma once

#include <glib.h>

/* A plain value; all zero is new. Older commits count less. */
typedef struct {
  guint64 commits, rows, time_ns; /* of the last observation */
  double weight, x, y, xx, xy;    /* sums over the observations: rows of a commit, and its ns */
} WpCommitFit;

/* Totals so far. */
void wp_commit_fit_observe (WpCommitFit *self, guint64 commits, guint64 rows, guint64 time_ns);

/* @commit_s: fixed part; 0: no commit yet. @row_s: and of each row, at least that of a fast disk. */
void wp_commit_fit_get (const WpCommitFit *self, double *commit_s, double *row_s);
