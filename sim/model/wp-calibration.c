#include "sim/model/wp-calibration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/model/wp-commit.h"
#include "sim/stats/wp-histogram.h"

#define NO_GROUPS_SHARE                                                                                      \
  0.1 /* above this share of waiting updates left out, the writer does not commit in groups */
#define LITTLE_R2        0.5
#define WIDE_OFF         0.1 /* of a commit's mean: half of them are that far off the fit */
#define N_TERMS          3   /* 1, rows, was idle */
#define ROUNDS           8
#define OUTLIER_SIGMAS   4
#define LEAST_OUTLIER_NS 1000.0 /* the accuracy of the clock and its readers */
/* sigma of a normal distribution over its median absolute deviation */
#define SIGMA_OF_MEDIAN 1.4826

/* Fits the cost of a commit to measured commits. */
typedef struct {
  guint rows;
  gboolean was_idle; /* the writer was idle when it got the first row */
  double lasted_ns;

  /* Set by commit_fit(). */
  double late_ns; /* residual: duration minus cost */
  gboolean kept;  /* not an outlier */
} SeenCommit;

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double one = *(const double *) a, two = *(const double *) b;

  return (one > two) - (one < two);
}

static void
terms_of (const SeenCommit *commit, double terms[N_TERMS])
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
      const SeenCommit *commit = &g_array_index (commits, SeenCommit, i);
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
      const SeenCommit *commit = &g_array_index (commits, SeenCommit, i);
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
    offs[i] = fabs (g_array_index (commits, SeenCommit, i).late_ns);
  qsort (offs, commits->len, sizeof *offs, compare_doubles);

  return offs[commits->len / 2];
}

static void
set_late (GArray *commits, const double solution[N_TERMS])
{
  for (guint i = 0; i < commits->len; i++)
    {
      SeenCommit *commit = &g_array_index (commits, SeenCommit, i);
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
      SeenCommit *commit = &g_array_index (commits, SeenCommit, i);

      commit->kept = fabs (commit->late_ns) <= most_ns;
    }
}

static double
explained (const GArray *commits)
{
  double sum = 0, n = 0, total = 0, left = 0;

  for (guint i = 0; i < commits->len; i++)
    if (g_array_index (commits, SeenCommit, i).kept)
      {
        sum += g_array_index (commits, SeenCommit, i).lasted_ns;
        n++;
      }
  for (guint i = 0; i < commits->len; i++)
    {
      const SeenCommit *commit = &g_array_index (commits, SeenCommit, i);

      if (!commit->kept)
        continue;
      total += pow (commit->lasted_ns - sum / n, 2);
      left += commit->late_ns * commit->late_ns;
    }

  return total > 0 ? 1 - left / total : NAN;
}

/**
 * commit_fit:
 * @commits: (element-type SeenCommit): at least one
 * @r2: (out): share of the variance without outliers that the cost explains; NaN without variance
 *
 * Least squares on the number of rows and on whether the writer was idle. Outliers beyond four standard
 * deviations (estimated by the median absolute deviation) are removed and the fit is repeated. No coefficient
 * is negative.
 *
 * Source: Huber, Robust Estimation of a Location Parameter (1964), of which this is the hard-rejection form.
 */
static void
commit_fit (GArray *commits, WpCommitCost *cost, double *r2)
{
  double solution[N_TERMS] = { 0 };

  for (guint i = 0; i < commits->len; i++)
    g_array_index (commits, SeenCommit, i).kept = TRUE;
  for (guint round = 0; round < ROUNDS; round++)
    {
      fit_terms (commits, solution);
      set_late (commits, solution);
      drop_outliers (commits);
    }
  *cost = (WpCommitCost){ MAX (0, solution[0]), solution[1], solution[2], WP_COMMIT_MAX };
  *r2 = explained (commits);
}

typedef struct {
  gint64 started_ns, finished_ns;
} Update;

static int
compare_updates (gconstpointer a, gconstpointer b)
{
  const Update *one = a, *two = b;

  if (one->finished_ns != two->finished_ns)
    return one->finished_ns < two->finished_ns ? -1 : 1;

  return (one->started_ns > two->started_ns) - (one->started_ns < two->started_ns);
}

static GArray *
collect (WpCalibration *self, const WpRow *rows, gsize n_rows)
{
  GArray *updates = g_array_new (FALSE, FALSE, sizeof (Update));
  g_autoptr (WpHistogram) services = wp_histogram_new ();

  for (gsize i = 0; i < n_rows; i++)
    if (rows[i].started_ns != WP_TIME_NONE && rows[i].finished_ns != WP_TIME_NONE
        && rows[i].finished_ns >= rows[i].started_ns)
      {
        Update update = { rows[i].started_ns, rows[i].finished_ns };

        g_array_append_val (updates, update);
        wp_histogram_add (services, update.finished_ns - update.started_ns, 1);
      }
  g_array_sort (updates, compare_updates);
  self->n_updates = updates->len;
  self->service_mean_ns = wp_histogram_mean (services);
  self->service_p50_ns = wp_histogram_quantile (services, 0.5);
  self->service_p99_ns = wp_histogram_quantile (services, 0.99);

  return updates;
}

static gint64 *
sorted_starts (const GArray *updates)
{
  gint64 *starts_ns = g_new (gint64, updates->len);

  for (guint i = 0; i < updates->len; i++)
    starts_ns[i] = g_array_index (updates, Update, i).started_ns;
  qsort (starts_ns, updates->len, sizeof *starts_ns, wp_time_compare);

  return starts_ns;
}

/* For a commit that follows another immediately: how many of the waiting updates does it contain? */
static void
count_waiting (WpCalibration *self, const Update *updates, guint n, guint64 waiting, gint64 began_ns)
{
  guint taken = 0;

  while (taken < n && updates[taken].started_ns <= began_ns)
    taken++;
  self->n_taken += taken;
  if (n < WP_COMMIT_MAX)
    self->n_left += waiting - taken;
}

/* The start of the first commit is unknown: it only sets the start of the second. */
static GArray *
group (WpCalibration *self, const GArray *updates)
{
  GArray *commits = g_array_new (FALSE, FALSE, sizeof (SeenCommit));
  g_autofree gint64 *starts_ns = sorted_starts (updates);
  const Update *all = (const Update *) (const void *) updates->data;
  guint started = 0, n;

  for (guint i = 0; i < updates->len; i += n)
    {
      gint64 ended_ns = i > 0 ? all[i - 1].finished_ns : G_MININT64;
      SeenCommit commit = { .was_idle = all[i].started_ns > ended_ns };

      for (n = 1; i + n < updates->len && all[i + n].finished_ns == all[i].finished_ns; n++)
        ;
      self->n_commits++;
      self->most_seen = MAX (self->most_seen, n);
      if (i == 0)
        continue;
      while (started < updates->len && starts_ns[started] <= ended_ns)
        started++;
      if (!commit.was_idle)
        count_waiting (self, all + i, n, started - i, ended_ns);
      commit.rows = n;
      commit.lasted_ns = (double) (all[i].finished_ns - MAX (ended_ns, all[i].started_ns));
      g_array_append_val (commits, commit);
    }

  return commits;
}

static void
keep_spread (WpCalibration *self, const GArray *commits)
{
  g_autoptr (WpHistogram) offs = wp_histogram_new ();
  double sum = 0;

  self->late_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < commits->len; i++)
    {
      const SeenCommit *commit = &g_array_index (commits, SeenCommit, i);
      gint64 late_ns = (gint64) commit->late_ns;

      g_array_append_val (self->late_ns, late_ns);
      self->n_busy += !commit->was_idle;
      wp_histogram_add (offs, ABS (late_ns), 1);
      sum += commit->lasted_ns;
    }
  self->mean_ns = sum / commits->len;
  self->off_p50_ns = wp_histogram_quantile (offs, 0.5);
  self->off_p99_ns = wp_histogram_quantile (offs, 0.99);
}

/* @updates: sorted by finish. */
static double
rate_of (const GArray *updates)
{
  gint64 last_ns = g_array_index (updates, Update, updates->len - 1).finished_ns, first_ns = last_ns;

  for (guint i = 0; i < updates->len; i++)
    first_ns = MIN (first_ns, g_array_index (updates, Update, i).started_ns);

  return last_ns > first_ns ? updates->len * 1e9 / (double) (last_ns - first_ns) : 0;
}

WpCalibration *
wp_calibration_new (const char *file, const WpRow *rows, gsize n_rows, GError **error)
{
  g_autoptr (WpCalibration) self = g_new0 (WpCalibration, 1);
  g_autoptr (GArray) updates = collect (self, rows, n_rows);
  g_autoptr (GArray) commits = NULL;

  if (updates->len == 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE,
                   "%s: no row has both \"started\" and \"finished\": it is not a record of wp-server", file);
      return NULL;
    }
  commits = group (self, updates);
  self->rows_per_s = rate_of (updates);
  self->in_groups = self->most_seen > 1
                    && (double) self->n_left <= NO_GROUPS_SHARE * (double) (self->n_taken + self->n_left);
  if (commits->len > 0)
    {
      commit_fit (commits, &self->cost, &self->r2);
      keep_spread (self, commits);
    }

  return g_steal_pointer (&self);
}

void
wp_calibration_free (WpCalibration *self)
{
  g_clear_pointer (&self->late_ns, g_array_unref);
  g_free (self);
}

static WpCalibration *
load (const char *path, GError **error)
{
  g_autoptr (WpTrace) trace = wp_trace_open (path, NULL, error);
  g_autoptr (WpCalibration) self = NULL;
  const WpRow *rows;
  gsize n_rows;

  if (!trace || !(rows = wp_trace_load (trace, &n_rows, error))
      || !(self = wp_calibration_new (path, rows, n_rows, error)))
    return NULL;
  if (self->n_commits > 1 && (self->in_groups || self->n_left == 0))
    return g_steal_pointer (&self);
  if (self->n_commits > 1)
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE,
                 "%s: its database does not commit in groups: use from:%s", path, path);
  else
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_TRACE, "%s: a record of one commit is too short for a fit",
                 path);

  return NULL;
}

gboolean
wp_calibration_explains_little (const WpCalibration *self)
{
  return self->r2 < LITTLE_R2 && (double) self->off_p50_ns > WIDE_OFF * self->mean_ns;
}

/* Of several names, or of one, which may contain commas. */
GPtrArray *
wp_calibration_load (const char *paths, GError **error)
{
  gboolean is_one = g_file_test (paths, G_FILE_TEST_EXISTS) || !strchr (paths, ',');
  g_auto (GStrv) names
      = is_one ? g_strdupv ((char *[]){ (char *) paths, NULL }) : g_strsplit (paths, ",", -1);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_calibration_free);

  for (guint i = 0; names[i]; i++)
    {
      WpCalibration *self = load (names[i], error);

      if (!self)
        return NULL;
      g_ptr_array_add (all, self);
    }

  return g_steal_pointer (&all);
}

gboolean
wp_calibration_is_good (const WpCalibration *self)
{
  return self->in_groups && self->n_commits >= WP_CALIBRATION_FEW_COMMITS
         && self->n_busy >= WP_CALIBRATION_FEW_COMMITS / 10 && !wp_calibration_explains_little (self);
}

WpCommit *
wp_calibration_commit (const GPtrArray *records, double scale, guint64 seed)
{
  g_autoptr (GArray) loads = g_array_new (FALSE, FALSE, sizeof (WpCommitLoad));

  for (guint i = 0; i < records->len; i++)
    {
      const WpCalibration *self = g_ptr_array_index (records, i);
      WpCommitLoad each = { self->rows_per_s, self->cost, self->late_ns };

      g_array_append_val (loads, each);
    }

  return wp_commit_new_for_loads ((const WpCommitLoad *) (const void *) loads->data, loads->len, scale, seed);
}
