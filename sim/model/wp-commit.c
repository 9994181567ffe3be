#include "sim/model/wp-commit.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define RUN_COMMITS 256
#define COMMIT_STREAM 4   /* of its own: arrivals, services and thinking have others */

struct _WpCommit {
  guint refs;
  WpCommitCost cost;
  GArray *late_ns;        /* NULL: no chance */
  double scale;
  guint64 seed;
};

WpCommit *
wp_commit_new (const WpCommitCost *cost, GArray *late_ns, double scale, guint64 seed)
{
  WpCommit *self = g_new0 (WpCommit, 1);

  self->refs = 1;
  self->cost = *cost;
  self->late_ns = late_ns && late_ns->len > 0 ? g_array_ref (late_ns) : NULL;
  self->scale = scale;
  self->seed = seed;

  return self;
}

WpCommit *
wp_commit_ref (WpCommit *self)
{
  self->refs++;

  return self;
}

void
wp_commit_unref (WpCommit *self)
{
  if (--self->refs > 0)
    return;
  g_clear_pointer (&self->late_ns, g_array_unref);
  g_free (self);
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

WpCommit *
wp_commit_parse (const char *text, double scale, guint64 seed, GError **error)
{
  g_auto(GStrv) parts = g_strsplit (text, ":", -1);
  guint n = g_strv_length (parts);
  WpCommitCost cost = { .most_rows = WP_COMMIT_MOST };
  guint64 most = WP_COMMIT_MOST;

  if (n < 2 || n > 4)
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "a fixed time, a time a row, and if need be the most rows and an idle writer's delay");
      return NULL;
    }
  if (!parse_time (parts[0], &cost.fixed_ns, error) || !parse_time (parts[1], &cost.row_ns, error) ||
      (n > 2 && !wp_options_parse_uint (parts[2], 1, G_MAXINT32, &most, error)) || (n > 3 && !parse_time (parts[3], &cost.idle_ns, error)))
    return NULL;
  cost.most_rows = (guint) most;

  return wp_commit_new (&cost, NULL, scale, seed);
}

guint
wp_commit_most (const WpCommit *self)
{
  return self->cost.most_rows;
}

static gint64
whole (double ns)
{
  return ns <= 0 ? 0 : ns < (double) G_MAXINT64 ? (gint64) (ns + 0.5) : G_MAXINT64;
}

gint64
wp_commit_idle (const WpCommit *self)
{
  return whole (self->cost.idle_ns * self->scale);
}

const WpCommitCost *
wp_commit_cost (const WpCommit *self)
{
  return &self->cost;
}

void
wp_commit_restart (const WpCommit *self, WpCommitDraws *draws)
{
  *draws = (WpCommitDraws) { .left = 0 };
  wp_random_init (&draws->random, self->seed, COMMIT_STREAM);
}

static double
draw_late (const WpCommit *self, WpCommitDraws *draws)
{
  if (draws->left == 0)
    {
      draws->left = RUN_COMMITS;
      draws->at = (guint) wp_random_below (&draws->random, self->late_ns->len);
    }
  draws->left--;
  draws->at = draws->at + 1 < self->late_ns->len ? draws->at + 1 : 0;

  return (double) g_array_index (self->late_ns, gint64, draws->at);
}

gint64
wp_commit_draw (const WpCommit *self, WpCommitDraws *draws, guint n)
{
  double ns = self->cost.fixed_ns + self->cost.row_ns * n;

  if (self->late_ns)
    ns += draw_late (self, draws);

  return whole (ns * self->scale);
}
