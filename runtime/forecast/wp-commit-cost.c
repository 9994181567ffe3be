#include "runtime/forecast/wp-commit-cost.h"

#define KEPT   0.98   /* of the weight, at each observation */
#define ROW_NS 2000.0 /* SQLite's, where a commit of 1,000 rows takes 2.5 ms */
#define NS     1e-9

void
wp_commit_cost_observe (WpCommitCostMean *self, guint64 commits, guint64 rows, guint64 time_ns)
{
  self->weight = KEPT * self->weight + (double) (commits - self->commits);
  self->sum_rows = KEPT * self->sum_rows + (double) (rows - self->rows);
  self->sum_ns = KEPT * self->sum_ns + (double) (time_ns - self->time_ns);
  self->commits = commits;
  self->rows = rows;
  self->time_ns = time_ns;
}

void
wp_commit_cost_get (const WpCommitCostMean *self, double *commit_s, double *row_s)
{
  *row_s = ROW_NS * NS;
  *commit_s = self->weight < 1e-6
                  ? 0
                  : MAX (self->sum_ns - ROW_NS * self->sum_rows, 0.1 * self->sum_ns) / self->weight * NS;
}
