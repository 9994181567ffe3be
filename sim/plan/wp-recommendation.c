#include "sim/plan/wp-recommendation.h"

/* Nobody is turned away from an unlimited queue, so that one pass over the trace judges a number of workers
 * whatever the policy; but a client that leaves while it is queued changes what follows. */
static gint64
find_workers (WpRecommendation *self, const WpSearchSetup *setup, GError **error)
{
  g_autoptr (GPtrArray) slos = g_ptr_array_new ();
  WpSearchSetup unlimited = *setup;
  g_autoptr (WpSearch) search = NULL;
  gint64 workers;

  for (guint i = 0; i < setup->slos->len; i++)
    if (!g_str_equal (((const WpSlo *) g_ptr_array_index (setup->slos, i))->metric->name, "blocked"))
      g_ptr_array_add (slos, g_ptr_array_index (setup->slos, i));
  unlimited.slos = slos;
  unlimited.policy.when_full = WP_WHEN_FULL_BLOCK;
  unlimited.policy.block_timeout_ns = WP_TIME_NONE;
  if (setup->policy.ack == WP_ACK_ACCEPTED)
    unlimited.patience_ns = WP_TIME_NONE;
  search = wp_search_new (&unlimited, self->margin);
  workers = wp_search_workers (search, WP_QUEUE_UNLIMITED);
  if (workers <= 0)
    self->limit
        = wp_plan_limit (search, slos, self->margin, wp_search_most_workers (search), WP_QUEUE_UNLIMITED);

  return wp_search_check (search, error) ? workers : WP_SEARCH_NONE;
}

static void
set_neighbour (WpRecommendation *self, WpSearch *search, const GPtrArray *slos, guint workers,
               guint queue_jobs)
{
  if (workers == 0 || queue_jobs == G_MAXUINT)
    return;
  self->neighbour = wp_plan_limit (search, slos, self->margin, workers, queue_jobs);
  self->has_neighbour = self->neighbour.slo != NULL;
}

static gboolean
find_queue (WpRecommendation *self, const WpSearchSetup *setup, GError **error)
{
  g_autoptr (WpSearch) search = wp_search_new (setup, self->margin);
  gint64 queue_jobs = wp_search_queue (search, self->workers);

  self->is_found = queue_jobs >= 0;
  if (self->is_found)
    {
      self->queue_jobs = (guint) queue_jobs;
      set_neighbour (self, search, setup->slos, self->workers - 1, self->queue_jobs);
      if (!self->has_neighbour)
        set_neighbour (self, search, setup->slos, self->workers, self->queue_jobs - 1);
    }
  else
    self->limit = wp_plan_limit (search, setup->slos, self->margin, self->workers, WP_QUEUE_UNLIMITED);

  return wp_search_check (search, error);
}

gboolean
wp_recommendation_find (WpRecommendation *self, const WpSearchSetup *setup, double margin, GError **error)
{
  WpSearchSetup sized = *setup;
  GError *problem = NULL;
  gint64 workers;

  *self = (WpRecommendation){ .margin = margin };
  workers = find_workers (self, setup, &problem);
  if (problem)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  if (workers <= 0)
    return TRUE;
  self->workers = sized.policy.workers = (guint) workers;
  if (!find_queue (self, setup, error))
    return FALSE;
  sized.policy.queue_jobs = self->queue_jobs;

  return !self->is_found || wp_headroom_holds (&sized, margin, &self->holds, error);
}
