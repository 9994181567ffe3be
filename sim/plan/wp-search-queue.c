#include "sim/plan/wp-search-private.h"

#define SCAN_QUEUES 4096   /* from one line, or that many passes */
#define WATCHED 32         /* at once */

static gint64
bisect_queue (WpSearch *self, guint workers, gint64 fails, gint64 does)
{
  while (does - fails > 1 && !self->known->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      *(wp_search_meets (self, workers, (guint) middle, WP_WHICH_RISE_WITH_QUEUE) ? &does : &fails) = middle;
    }

  return self->known->error || !wp_search_meets (self, workers, (guint) does, WP_WHICH_ALL) ? WP_SEARCH_NONE : does;
}

static void
watch_ahead (WpSearch *self, guint workers, gint64 from, gint64 until)
{
  guint queues[WATCHED], n = 0;

  while (n < G_N_ELEMENTS (queues) && from + n <= until)
    {
      queues[n] = (guint) (from + n);
      n++;
    }
  wp_known_watch (self->known, MIN (workers, self->known->ample_workers), queues, n);
}

/* A queue of @ample_jobs is as good as any larger one. */
static gint64
scan_queue (WpSearch *self, guint workers, gint64 ample_jobs)
{
  guint64 until = wp_search_scan_until (self);
  gint64 queue_jobs;

  for (queue_jobs = 0; queue_jobs <= ample_jobs && queue_jobs < SCAN_QUEUES && self->known->spent_rows <= until && !self->known->error; queue_jobs++)
    {
      if (self->known->asks.watches && queue_jobs % WATCHED == 0)
        watch_ahead (self, workers, queue_jobs, ample_jobs);
      if (wp_search_meets (self, workers, (guint) queue_jobs, WP_WHICH_ALL))
        return queue_jobs;
    }
  if (queue_jobs > ample_jobs || self->known->error)
    return WP_SEARCH_NONE;
  self->assumed = TRUE;

  return wp_search_meets (self, workers, (guint) ample_jobs, WP_WHICH_ALL) ? bisect_queue (self, workers, queue_jobs - 1, ample_jobs) : WP_SEARCH_NONE;
}

gint64
wp_search_queue (WpSearch *self, guint workers)
{
  gint64 ample_jobs = wp_known_longest (self->known, workers) + 1;   /* it is never full, then */

  if (ample_jobs == 0 || self->known->error)
    return WP_SEARCH_NONE;
  if (!wp_search_is_monotone (self, wp_slo_trend_in_queue))
    return scan_queue (self, workers, ample_jobs);
  if (!wp_search_meets (self, workers, (guint) ample_jobs, WP_WHICH_RISE_WITH_QUEUE))
    return WP_SEARCH_NONE;

  return bisect_queue (self, workers, -1, ample_jobs);
}
