#include "sim/model/wp-commit-fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_TERMS          3 /* 1, rows, was idle */
#define ROUNDS           8
#define OUTLIER_SIGMAS   4
#define LEAST_OUTLIER_NS 1000.0 /* the accuracy of the clock and its readers */
/* sigma of a normal distribution over its median absolute deviation */
#define SIGMA_OF_MEDIAN 1.4826

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, two = *(const double *) b;

  return (one > two) - (one < two);
}

static void
terms_of (const WpSeenCommit *commit, double terms[N_TERMS])
{
  terms[0] = 1;
  terms[1] = commit->rows;
  terms[2] = commit->was_idle;
}

/* Solves the normal equations of the used terms by Gaussian elimination. */
static void
solve (double matrix[N_TERMS][N_TERMS + 1], const gboolean used[N_TERMS], double solution[N_TERMS])
{
  for (guint i = 0; i < N_TERMS; i++)
    {
      double pivot = matrix[i][i];

      if (!used[i])
        continue;
      for (guint j = 0; j < N_TERMS; j++)
        {
          double factor = matrix[j][i] / pivot;

          for (guint k = 0; j != i && used[j] && k <= N_TERMS; k++)
            matrix[j][k] -= factor * matrix[i][k];
        }
    }
  for (guint i = 0; i < N_TERMS; i++)
    solution[i] = used[i] ? matrix[i][N_TERMS] / matrix[i][i] : 0;
}

static void
least_squares (const GArray *commits, const gboolean used[N_TERMS], double solution[N_TERMS])
{
  double matrix[N_TERMS][N_TERMS + 1] = { { 0 } };

  for (guint i = 0; i < commits->len; i++)
    {
      const WpSeenCommit *commit = &g_array_index (commits, WpSeenCommit, i);
      double terms[N_TERMS];

      if (!commit->kept)
        continue;
      terms_of (commit, terms);
      for (guint j = 0; j < N_TERMS; j++)
        {
          for (guint k = 0; k < N_TERMS; k++)
            matrix[j][k] += terms[j] * terms[k];
          matrix[j][N_TERMS] += terms[j] * commit->lasted_ns;
        }
    }

  solve (matrix, used, solution);
}

/* Is @term linearly independent of the earlier terms over the kept commits? If not, the solution is not
 * unique. */
static gboolean
tells_apart (const GArray *commits, guint term, const gboolean used[N_TERMS])
{
  double first[N_TERMS] = { 0 }, other[N_TERMS] = { 0 };
  guint n = 0;

  for (guint i = 0; i < commits->len; i++)
    {
      const WpSeenCommit *commit = &g_array_index (commits, WpSeenCommit, i);
      double terms[N_TERMS];

      if (!commit->kept)
        continue;
      terms_of (commit, terms);
      if (n == 0)
        memcpy (first, terms, sizeof first);
      else if (n == 1 && terms[term] != first[term])
        memcpy (other, terms, sizeof other);
      n += n == 0 || (n == 1 && terms[term] != first[term]);
      if (n == 2
          && (term == 1 || !used[1]
              || (terms[1] - first[1]) * (other[term] - first[term])
                     != (other[1] - first[1]) * (terms[term] - first[term])))
        return TRUE;
    }

  return FALSE;
}

/* No coefficient may be negative: more rows do not make a commit faster. */
static void
fit_terms (const GArray *commits, double solution[N_TERMS])
{
  gboolean used[N_TERMS] = { TRUE, FALSE, FALSE };

  used[1] = tells_apart (commits, 1, used);
  used[2] = tells_apart (commits, 2, used);
  for (least_squares (commits, used, solution); solution[1] < 0 || solution[2] < 0;
       least_squares (commits, used, solution))
    used[solution[1] < 0 ? 1 : 2] = FALSE;
}

static double
median_off (const GArray *commits)
{
  g_autofree double *offs = g_new (double, commits->len);

  for (guint i = 0; i < commits->len; i++)
    offs[i] = fabs (g_array_index (commits, WpSeenCommit, i).late_ns);
  qsort (offs, commits->len, sizeof *offs, compare_doubles);

  return offs[commits->len / 2];
}

static void
set_late (GArray *commits, const double solution[N_TERMS])
{
  for (guint i = 0; i < commits->len; i++)
    {
      WpSeenCommit *commit = &g_array_index (commits, WpSeenCommit, i);
      double terms[N_TERMS];

      terms_of (commit, terms);
      commit->late_ns = commit->lasted_ns;
      for (guint j = 0; j < N_TERMS; j++)
        commit->late_ns -= solution[j] * terms[j];
    }
}

static void
drop_outliers (GArray *commits)
{
  double most_ns = MAX (OUTLIER_SIGMAS * SIGMA_OF_MEDIAN * median_off (commits), LEAST_OUTLIER_NS);

  for (guint i = 0; i < commits->len; i++)
    {
      WpSeenCommit *commit = &g_array_index (commits, WpSeenCommit, i);

      commit->kept = fabs (commit->late_ns) <= most_ns;
    }
}

static double
explained (const GArray *commits)
{
  double sum = 0, n = 0, total = 0, left = 0;

  for (guint i = 0; i < commits->len; i++)
    if (g_array_index (commits, WpSeenCommit, i).kept)
      {
        sum += g_array_index (commits, WpSeenCommit, i).lasted_ns;
        n++;
      }
  for (guint i = 0; i < commits->len; i++)
    {
      const WpSeenCommit *commit = &g_array_index (commits, WpSeenCommit, i);

      if (!commit->kept)
        continue;
      total += pow (commit->lasted_ns - sum / n, 2);
      left += commit->late_ns * commit->late_ns;
    }

  return total > 0 ? 1 - left / total : NAN;
}

void
wp_commit_fit (GArray *commits, WpCommitCost *cost, double *r2)
{
  double solution[N_TERMS] = { 0 };

  for (guint i = 0; i < commits->len; i++)
    g_array_index (commits, WpSeenCommit, i).kept = TRUE;
  for (guint round = 0; round < ROUNDS; round++)
    {
      fit_terms (commits, solution);
      set_late (commits, solution);
      drop_outliers (commits);
    }
  *cost = (WpCommitCost){ MAX (0, solution[0]), solution[1], solution[2], WP_COMMIT_MOST };
  *r2 = explained (commits);
}
