#include "sim/model/wp-commit.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define RUN_COMMITS   256
#define COMMIT_STREAM 4 /* random stream; arrivals, services and think times have others */

/* Time constant of the load estimate: older rows weigh 1/e. */
#define RECENT_S 0.5
#define BEFORE_S 0.05 /* assumed time at the lightest load before the first row */

struct _WpCommit {
  gatomicrefcount refs;
  GArray *loads; /* (element-type WpCommitLoad): lightest first */
  double scale;
  guint64 seed;
};

static void
clear_load (gpointer load)
{
  g_clear_pointer (&((WpCommitLoad *) load)->late_ns, g_array_unref);
}

static int
compare_loads (gconstpointer a, gconstpointer b)
{
  double one = ((const WpCommitLoad *) a)->rows_per_s, two = ((const WpCommitLoad *) b)->rows_per_s;

  return (one > two) - (one < two);
}

WpCommit *
wp_commit_new_for_loads (const WpCommitLoad *loads, guint n_loads, double scale, guint64 seed)
{
  WpCommit *self = g_new0 (WpCommit, 1);

  g_atomic_ref_count_init (&self->refs);
  self->loads = g_array_new (FALSE, FALSE, sizeof (WpCommitLoad));
  g_array_set_clear_func (self->loads, clear_load);
  for (guint i = 0; i < n_loads; i++)
    {
      WpCommitLoad load = loads[i];

      load.late_ns = load.late_ns && load.late_ns->len > 0 ? g_array_ref (load.late_ns) : NULL;
      g_array_append_val (self->loads, load);
    }
  g_array_sort (self->loads, compare_loads);
  self->scale = scale;
  self->seed = seed;

  return self;
}

WpCommit *
wp_commit_new (const WpCommitCost *cost, GArray *late_ns, double scale, guint64 seed)
{
  return wp_commit_new_for_loads (&(WpCommitLoad){ 0, *cost, late_ns }, 1, scale, seed);
}

WpCommit *
wp_commit_copy (const WpCommit *self, double scale, guint64 seed)
{
  return wp_commit_new_for_loads ((const WpCommitLoad *) (const void *) self->loads->data, self->loads->len,
                                  scale, seed);
}

WpCommit *
wp_commit_ref (WpCommit *self)
{
  g_atomic_ref_count_inc (&self->refs);

  return self;
}

void
wp_commit_unref (WpCommit *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_array_unref (self->loads);
  g_free (self);
}

static const WpCommitLoad *
load_at (const WpCommit *self, guint i)
{
  return &g_array_index (self->loads, WpCommitLoad, i);
}

double
wp_commit_heaviest (const WpCommit *self)
{
  return load_at (self, self->loads->len - 1)->rows_per_s;
}

static gboolean
parse_time (const char *text, double *ns, GError **error)
{
  gint64 whole_ns;

  if (!wp_time_parse_duration (text, &whole_ns, error))
    return FALSE;
  *ns = (double) whole_ns;

  return TRUE;
}

gboolean
wp_commit_is_of (const char *database)
{
  static const char *const kinds[] = { "sqlite:", "postgresql:", "postgres:" };

  for (guint i = 0; database && i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (database, kinds[i]))
      return TRUE;

  return FALSE;
}

WpCommit *
wp_commit_parse (const char *text, double scale, guint64 seed, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  guint n = g_strv_length (parts);
  WpCommitCost cost = { .most_rows = WP_COMMIT_MAX };
  guint64 most = WP_COMMIT_MAX;

  if (n < 2 || n > 4)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                           "a fixed time, a time per row, then optionally the largest number of rows "
                           "and an idle writer's delay");
      return NULL;
    }
  if (!parse_time (parts[0], &cost.fixed_ns, error) || !parse_time (parts[1], &cost.row_ns, error)
      || (n > 2 && !wp_options_parse_count (parts[2], 1, G_MAXINT32, &most, error))
      || (n > 3 && !parse_time (parts[3], &cost.idle_ns, error)))
    return NULL;
  cost.most_rows = (guint) most;

  return wp_commit_new (&cost, NULL, scale, seed);
}

guint
wp_commit_max_rows (const WpCommit *self)
{
  return load_at (self, 0)->cost.most_rows;
}

static gint64
whole (double ns)
{
  return ns <= 0 ? 0 : ns < (double) G_MAXINT64 ? (gint64) (ns + 0.5) : G_MAXINT64;
}

const WpCommitCost *
wp_commit_cost (const WpCommit *self)
{
  return &load_at (self, 0)->cost;
}

void
wp_commit_restart (const WpCommit *self, WpCommitDraws *draws)
{
  wp_commit_restart_of (self, 0, draws);
}

void
wp_commit_restart_of (const WpCommit *self, guint server, WpCommitDraws *draws)
{
  *draws = (WpCommitDraws){ .rows = BEFORE_S * load_at (self, 0)->rows_per_s,
                            .lasted_s = BEFORE_S,
                            .last_ns = WP_TIME_NONE };
  wp_random_init (&draws->random, self->seed, COMMIT_STREAM + ((guint64) server << 32));
}

void
wp_commit_count_row (const WpCommit *self, WpCommitDraws *draws, gint64 now_ns)
{
  double passed_s, left;

  if (self->loads->len < 2)
    return;
  passed_s = draws->last_ns == WP_TIME_NONE ? 0 : (double) (now_ns - draws->last_ns) / 1e9;
  left = exp (-passed_s / RECENT_S);
  draws->rows = draws->rows * left + 1;
  draws->lasted_s = draws->lasted_s * left + RECENT_S * (1 - left);
  draws->last_ns = now_ns;
}

/* The current load is @share of the way from the load before the returned one to it; 1 beyond the heaviest.
 */
static guint
find_load (const WpCommit *self, const WpCommitDraws *draws, double *share)
{
  /* services that take twice as long double the load */
  double rows_per_s = draws->rows / draws->lasted_s * self->scale;
  guint i = 0;

  while (i + 1 < self->loads->len && load_at (self, i)->rows_per_s < rows_per_s)
    i++;
  *share = i == 0 || load_at (self, i)->rows_per_s <= rows_per_s
               ? 1
               : (rows_per_s - load_at (self, i - 1)->rows_per_s)
                     / (load_at (self, i)->rows_per_s - load_at (self, i - 1)->rows_per_s);

  return i;
}

static double
cost_of (const WpCommitCost *cost, guint n)
{
  return n == 0 ? cost->idle_ns : cost->fixed_ns + cost->row_ns * n;
}

/* The cost of @n rows; 0: an idle writer's delay. */
static double
interpolate (const WpCommit *self, guint i, double share, guint n)
{
  double upper_ns = cost_of (&load_at (self, i)->cost, n);

  return share < 1 ? share * upper_ns + (1 - share) * cost_of (&load_at (self, i - 1)->cost, n) : upper_ns;
}

gint64
wp_commit_idle_delay (const WpCommit *self, const WpCommitDraws *draws)
{
  double share;
  guint i = find_load (self, draws, &share);

  return whole (interpolate (self, i, share, 0) * self->scale);
}

static double
draw_late (const GArray *late_ns, WpCommitDraws *draws)
{
  if (draws->left == 0)
    {
      draws->left = RUN_COMMITS;
      draws->at = (guint) wp_random_below (&draws->random, late_ns->len);
    }
  draws->left--;
  draws->at = draws->at + 1 < late_ns->len ? draws->at + 1 : 0;

  return (double) g_array_index (late_ns, gint64, draws->at);
}

gint64
wp_commit_draw (const WpCommit *self, WpCommitDraws *draws, guint n)
{
  double share, ns;
  guint i = find_load (self, draws, &share);
  const WpCommitLoad *nearest = load_at (self, share < 0.5 ? i - 1 : i);

  ns = interpolate (self, i, share, n);
  if (nearest->late_ns)
    ns += draw_late (nearest->late_ns, draws);

  return whole (ns * self->scale);
}
