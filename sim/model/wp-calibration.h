/* wp-calibration.h - what a server's record says of its database: does it commit in groups, and what does a
 * commit cost? */
#pragma once

#include "sim/model/wp-commit.h"

typedef struct {
  guint64 n_updates, n_commits; /* that were finished; moments at which any was */
  guint most_seen;              /* rows in one commit */
  /* updates that waited for the database when a commit began: in that commit, and not */
  guint64 n_taken, n_left;
  gboolean in_groups; /* so it commits in groups, as far as the record shows */

  /* Of all commits but the first. */
  WpCommitCost cost;
  double r2;       /* share of the variance that the cost explains, of commits that are no outliers */
  GArray *late_ns; /* (element-type gint64): what commits took beyond the cost, in their order */
  guint n_busy;    /* commits that followed another at once */
  gint64 off_p50_ns, off_p99_ns; /* half of the commits, and 99 %, are no further from the cost than this */
  double mean_ns;                /* of a commit */
  double rows_per_s;             /* that were handed over; 0 where no time passed */

  gint64 service_p50_ns, service_p99_ns; /* finished - started of the updates */
  double service_mean_ns;
} WpCalibration;

/**
 * wp_calibration_new:
 * @file: named in messages
 * @rows: @n_rows of a record, in any order
 *
 * A commit is all that was finished at one moment, for the server takes one reading of the clock for it. It
 * began when the one before ended, or when its first row was handed over to a writer that was idle. The cost
 * is fitted to them by wp_commit_fit().
 *
 * Returns: NULL with WP_ERROR_BAD_TRACE where no row has both started and finished.
 */
WpCalibration *wp_calibration_new (const char *file, const WpRow *rows, gsize n_rows, GError **error);
void wp_calibration_free (WpCalibration *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCalibration, wp_calibration_free)

/* The commits of a record, with the spread that it shows; of several, their names parted by commas, the
 * commits at several loads. NULL where one cannot be read, or its database does not commit in groups. */
WpCommit *wp_calibration_load_commit (const char *paths, double scale, guint64 seed, GError **error);
