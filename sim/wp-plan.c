#include "sim/wp-plan.h"

#include <math.h>

#define BOUNDLESS (G_MAXUINT - 1)
#define FRONTIER_POINTS 4   /* with a queue */
#define WITHOUT_QUEUE 8     /* numbers of workers around the guess of those that need none */

const double wp_plan_scales[WP_PLAN_SCALES] = { 1, 2 };

static void
set_point (WpPlanPoint *point, WpSearch *search, double scale, guint workers, guint queue_jobs, gboolean does)
{
  *point = (WpPlanPoint) { .scale = scale, .workers = workers, .queue_jobs = queue_jobs, .meets = does };
  wp_search_figures (search, workers, queue_jobs, &point->figures);
}

static void
add_answer (WpPlan *self, WpSearch *search, double scale, WpPlanKind kind, guint workers, guint queue_jobs)
{
  gboolean less_workers = kind == WP_PLAN_WORKERS || (kind == WP_PLAN_FRONTIER && queue_jobs == 0);
  WpPlanAnswer answer = { .kind = kind, .has_neighbour = less_workers ? workers > 1 : queue_jobs > 0 };

  set_point (&answer.answer, search, scale, workers, queue_jobs, TRUE);
  if (answer.has_neighbour)
    {
      set_point (&answer.neighbour, search, scale, workers - less_workers, queue_jobs - !less_workers, FALSE);
      answer.answer.slo = answer.neighbour.slo = wp_slos_first_failure (self->slos, &answer.neighbour.figures);
    }
  g_array_append_val (self->answers, answer);
}

/* Denser where the queue falls fast. */
static guint
between (gint64 fewest, gint64 most, guint point)
{
  double share = (double) point / FRONTIER_POINTS;

  return (guint) (fewest + (gint64) ((double) (MAX (most, fewest) - fewest) * share * share));
}

/* What a first part of a long trace lets expect is simulated side by side; what else is needed then comes one by one. Sets the points
 * of the frontier. */
static gboolean
prepare (WpSearch *search, guint given, guint queue_jobs, guint *points)
{
  guint most, fewest, fitting, n = 0;
  guint workers[FRONTIER_POINTS + WITHOUT_QUEUE + 5];

  if (!wp_search_is_quick (search))
    return FALSE;
  most = wp_search_guess (search, 0);
  fewest = wp_search_guess (search, BOUNDLESS);
  fitting = wp_search_guess (search, queue_jobs);
  for (guint i = 0; i < FRONTIER_POINTS; i++)
    workers[n++] = points[i] = between (fewest, most, i);
  for (guint i = 0; i < WITHOUT_QUEUE; i++)
    workers[n++] = most + i - 1;
  workers[n++] = fewest - 1;
  workers[n++] = fitting;
  workers[n++] = fitting - 1;
  workers[n++] = given;
  wp_search_prepare (search, workers, n, given);

  return TRUE;
}

/* From the fewest workers that do with any queue to those that need none; each with its smallest queue, and none that has no smaller
 * one than the last. */
static void
add_frontier (WpPlan *self, WpSearch *search, double scale, const guint *points)
{
  gint64 fewest = wp_search_workers (search, BOUNDLESS);
  gint64 most = fewest > 0 ? wp_search_workers (search, 0) : WP_SEARCH_NONE;
  gint64 last = G_MAXINT64;

  for (guint i = 0; i < FRONTIER_POINTS && fewest > 0; i++)
    {
      guint workers = points && i > 0 ? points[i] : between (fewest, most, i);
      gint64 queue_jobs = workers < fewest || (most > 0 && workers > most) ? WP_SEARCH_NONE : wp_search_queue (search, workers);

      if (queue_jobs <= 0 || queue_jobs >= last)
        continue;
      add_answer (self, search, scale, WP_PLAN_FRONTIER, workers, (guint) queue_jobs);
      last = queue_jobs;
    }
  if (most > 0)
    add_answer (self, search, scale, WP_PLAN_FRONTIER, (guint) most, 0);
}

static void
add_scale (WpPlan *self, WpSearch *search, const WpSearchSetup *setup, double scale)
{
  gboolean pool = setup->policy.mode == WP_MODE_WORKER_POOL;
  guint workers = pool ? setup->policy.workers : 1;
  guint points[FRONTIER_POINTS];
  gboolean prepared = pool && prepare (search, workers, setup->policy.queue_jobs, points);
  gint64 fewest = pool ? wp_search_workers (search, setup->policy.queue_jobs) : WP_SEARCH_NONE;
  gint64 shortest;

  if (fewest > 0)
    add_answer (self, search, scale, WP_PLAN_WORKERS, (guint) fewest, setup->policy.queue_jobs);
  shortest = wp_search_queue (search, workers);
  if (shortest >= 0)
    add_answer (self, search, scale, WP_PLAN_QUEUE, workers, (guint) shortest);
  if (pool)
    add_frontier (self, search, scale, prepared ? points : NULL);
  self->assumed |= wp_search_assumed (search);
}

WpPlan *
wp_plan_new (const WpSearchSetup *setup, GPtrArray *slos, GError **error)
{
  g_autoptr(WpPlan) self = g_new0 (WpPlan, 1);

  self->slos = g_ptr_array_ref (slos);
  self->policy = setup->policy;
  self->answers = g_array_new (FALSE, FALSE, sizeof (WpPlanAnswer));
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    {
      g_autoptr(WpSearch) search = wp_search_new (setup, wp_plan_scales[i], 0);

      add_scale (self, search, setup, wp_plan_scales[i]);
      if (!wp_search_check (search, error))
        return NULL;
      if (wp_plan_scales[i] != 1)
        continue;
      self->met = self->answers->len > 0;
      if (!wp_headroom_find (setup, search, &self->headroom, error))
        return NULL;
    }

  return g_steal_pointer (&self);
}

void
wp_plan_free (WpPlan *self)
{
  g_clear_pointer (&self->slos, g_ptr_array_unref);
  g_clear_pointer (&self->answers, g_array_unref);
  g_free (self);
}

const WpPlanAnswer *
wp_plan_find (const WpPlan *self, double scale, WpPlanKind kind)
{
  for (guint i = 0; i < self->answers->len; i++)
    {
      const WpPlanAnswer *answer = &g_array_index (self->answers, WpPlanAnswer, i);

      if (answer->kind == kind && answer->answer.scale == scale)
        return answer;
    }

  return NULL;
}
