/* wp-calibration.h - fits the cost of a commit to a server's record, and detects group commit. */
#pragma once

#include "sim/model/wp-commit.h"

typedef struct {
  guint64 n_updates, n_commits; /* finished updates; distinct finish times */
  guint most_seen;              /* rows of the largest commit */
  /* updates that waited when a commit started: included in that commit, and left out */
  guint64 n_taken, n_left;
  gboolean in_groups; /* the record shows group commit */

  /* Of all commits except the first. */
  WpCommitCost cost;
  double r2;                     /* share of the variance without outliers that the cost explains */
  GArray *late_ns;               /* (element-type gint64): residuals of the commits, in their order */
  guint n_busy;                  /* commits that followed another immediately */
  gint64 off_p50_ns, off_p99_ns; /* median and 99th percentile of the absolute residual */
  double mean_ns;                /* mean duration of a commit */
  double rows_per_s;             /* rows handed to the writer; 0 if no time passed */

  gint64 service_p50_ns, service_p99_ns; /* finished - started of the updates */
  double service_mean_ns;
} WpCalibration;

/**
 * wp_calibration_new:
 * @file: named in messages
 * @rows: @n_rows of a record, in any order
 * Updates with the same finish time form a commit, as the server reads the clock once per commit. A commit
 * starts when the previous one ends, or when an idle writer gets its first row. wp_commit_fit() fits the
 * cost.
 *
 * Returns: NULL with WP_ERROR_BAD_TRACE if no row has both started and finished.
 */
WpCalibration *wp_calibration_new (const char *file, const WpRow *rows, gsize n_rows, GError **error);
void wp_calibration_free (WpCalibration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCalibration, wp_calibration_free)

/* Below it a p99 rests on fewer than ten commits. */
#define WP_CALIBRATION_FEW_COMMITS 1000

/* Does the cost explain little of the variance? Commits that all take the same time have none worth
 * explaining. */
gboolean wp_calibration_explains_little (const WpCalibration *self);

/* Does it show group commit, with enough commits, enough of them under load, and a fit that explains them? */
gboolean wp_calibration_is_good (const WpCalibration *self);

/* (element-type WpCalibration): of each record (names separated by commas), which is read once. NULL if one
 * cannot be read or shows no group commit. */
GPtrArray *wp_calibration_load (const char *paths, GError **error);

/* The commits of a record with their measured spread; of several @records, the commits at several loads. */
WpCommit *wp_calibration_commit (const GPtrArray *records, double scale, guint64 seed);
