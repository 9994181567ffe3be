#include "runtime/database/wp-commit-counts.h"

#define US G_GUINT64_CONSTANT (1000)
#define MS (1000 * US)
#define S  (1000 * MS)

const guint64 wp_commit_times_ns[]
    = { 100 * US, 200 * US, 500 * US, 1 * MS,   2 * MS, 5 * MS, 10 * MS, 20 * MS,
        50 * MS,  100 * MS, 200 * MS, 500 * MS, 1 * S,  2 * S,  5 * S,   10 * S };
const guint64 wp_commit_rows[WP_COMMIT_BUCKETS] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000 };

static void
add (WpCommitHistogram *self, const guint64 *bounds, guint64 value)
{
  guint i = 0;

  while (i < WP_COMMIT_BUCKETS && value > bounds[i] && bounds[i] > 0)
    i++;
  self->counts[i]++;
  self->sum += value;
}

void
wp_commit_counts_add (WpCommitCounts *self, gint64 time_ns, guint rows)
{
  add (&self->times_ns, wp_commit_times_ns, (guint64) time_ns);
  add (&self->rows, wp_commit_rows, rows);
}

guint64
wp_commit_histogram_count (const WpCommitHistogram *self)
{
  guint64 n = 0;

  for (guint i = 0; i <= WP_COMMIT_BUCKETS; i++)
    n += self->counts[i];
  return n;
}
