/* wp-commit-counts.h - histograms of the commits of a database. The writer's thread adds, any thread reads.
 */
#pragma once

#include <glib.h>

#define WP_COMMIT_BUCKETS 16

/* Upper bounds of the buckets, rising. */
extern const guint64 wp_commit_times_ns[WP_COMMIT_BUCKETS];
extern const guint64 wp_commit_rows[WP_COMMIT_BUCKETS]; /* 0 after the last */

/* Of one quantity; the last bucket has all values beyond the bounds. */
typedef struct {
  _Atomic guint64 counts[WP_COMMIT_BUCKETS + 1];
  _Atomic guint64 sum;
} WpCommitHistogram;

typedef struct {
  WpCommitHistogram times_ns, rows;
} WpCommitCounts;

void wp_commit_counts_add (WpCommitCounts *self, gint64 time_ns, guint rows);

/* Returns: the number of all values. */
guint64 wp_commit_histogram_count (const WpCommitHistogram *self);
