#include "runtime/forecast/wp-commit-fit.h"

#define KEPT         0.98   /* of the weight, at each observation */
#define LEAST_ROW_NS 2000.0 /* SQLite's on a fast disk: a fit of small commits says nothing of large ones */
#define NS           1e-9

void
wp_commit_fit_observe (WpCommitFit *self, guint64 commits, guint64 rows, guint64 time_ns)
{
  guint64 n = commits - self->commits;

  if (n > 0)
    {
      double x = (double) (rows - self->rows) / (double) n,
             y = (double) (time_ns - self->time_ns) / (double) n;

      self->weight = KEPT * self->weight + (double) n;
      self->x = KEPT * self->x + (double) n * x;
      self->y = KEPT * self->y + (double) n * y;
      self->xx = KEPT * self->xx + (double) n * x * x;
      self->xy = KEPT * self->xy + (double) n * x * y;
    }
  self->commits = commits;
  self->rows = rows;
  self->time_ns = time_ns;
}

void
wp_commit_fit_get (const WpCommitFit *self, double *commit_s, double *row_s)
{
  double spread = self->weight * self->xx - self->x * self->x, row_ns = LEAST_ROW_NS;

  *commit_s = *row_s = 0;
  if (self->weight <= 0)
    return;
  if (spread > 0.01 * self->x * self->x)
    row_ns = MAX (row_ns, (self->weight * self->xy - self->x * self->y) / spread);
  *row_s = row_ns * NS;
  *commit_s = MAX (self->y - row_ns * self->x, 0.1 * self->y) / self->weight * NS;
}
