#include "sim/plan/wp-fleet-plan.h"

#include "sim/base/wp-error.h"

#define MAX_WORKERS 65536
#define MAX_FRONTS  16384

typedef struct {
  const WpFleetPlanSetup *setup;
  double scale;
  gboolean overflowed;
} Search;

static gboolean
offer_rows (const Search *self, WpSharedQueue *queue)
{
  g_autofree WpTraceBlock *block = g_new (WpTraceBlock, 1);

  for (guint64 first = 0; wp_trace_buffer_read (self->setup->rows, self->scale, first, block);
       first += block->n_rows)
    for (gsize i = 0; i < block->n_rows; i++)
      if (!wp_shared_queue_offer (queue, block->arrivals_ns[i]))
        return FALSE;

  return TRUE;
}

/* Does the fleet meet the objectives, with a queue that is never full? Sets @point's summary, slo and
 * queue_jobs. */
static gboolean
try_size (Search *self, guint workers, guint fronts, WpFleetPlanPoint *point)
{
  g_autoptr (WpSharedQueue) queue = NULL;
  WpSharedQueueOptions options = self->setup->options;
  WpSharedQueueFigures figures;
  WpLayout layout;

  wp_policy_layout (&self->setup->policy, &layout);
  layout.workers = workers;
  layout.queue_jobs = WP_UNBOUNDED;
  options.fronts = fronts;
  queue = wp_shared_queue_new (&options, &layout, self->setup->confirm, self->setup->commit, NULL, NULL);
  if (!offer_rows (self, queue) || !wp_shared_queue_finish (queue, &point->summary))
    {
      self->overflowed = TRUE;
      return FALSE;
    }
  wp_shared_queue_figures (queue, &figures);
  point->queue_jobs = (guint) CLAMP (figures.ready_max, self->setup->options.batch, G_MAXINT32);
  point->slo = wp_slos_first_failure (self->setup->slos, &point->summary);

  return point->slo == NULL;
}

/* The smallest number up to @most with which the fleet meets the objectives, and in @failed what one less
 * fails; 0: none. @workers: 0: the number of workers is sought, else that of fronts. */
static guint
find_smallest (Search *self, guint workers, guint most, const WpSlo **failed)
{
  guint fails = 0, meets = 1;
  WpFleetPlanPoint point;

  *failed = NULL;
  while (!try_size (self, workers > 0 ? workers : meets, workers > 0 ? meets : MAX_FRONTS, &point))
    {
      *failed = point.slo;
      if (meets == most || self->overflowed)
        return 0;
      fails = meets;
      meets = MIN (2 * meets, most);
    }
  while (meets - fails > 1)
    {
      guint middle = fails + (meets - fails) / 2;

      if (try_size (self, workers > 0 ? workers : middle, workers > 0 ? middle : MAX_FRONTS, &point))
        meets = middle;
      else
        {
          fails = middle;
          *failed = point.slo;
        }
    }

  return meets;
}

static void
find_point (Search *self, WpFleetPlanPoint *point)
{
  const WpSlo *failed, *unused;

  *point = (WpFleetPlanPoint){ .scale = self->scale };
  point->workers = find_smallest (self, 0, MAX_WORKERS, &failed);
  if (point->workers > 0)
    point->fronts = find_smallest (self, point->workers, MAX_FRONTS, &unused);
  point->is_found = point->fronts > 0 && try_size (self, point->workers, point->fronts, point);
  point->slo = failed;
}

WpFleetPlan *
wp_fleet_plan_new (const WpFleetPlanSetup *setup, GError **error)
{
  g_autoptr (WpFleetPlan) self = g_new0 (WpFleetPlan, 1);

  self->slos = g_ptr_array_ref ((GPtrArray *) setup->slos);
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    {
      Search search = { setup, wp_plan_scales[i], FALSE };

      find_point (&search, &self->points[i]);
      if (search.overflowed)
        {
          g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                               "plan: the simulated time passes 292 years");
          return NULL;
        }
    }

  return g_steal_pointer (&self);
}

void
wp_fleet_plan_free (WpFleetPlan *self)
{
  g_ptr_array_unref (self->slos);
  g_free (self);
}
