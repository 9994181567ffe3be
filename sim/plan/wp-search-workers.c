#include "sim/plan/wp-search-private.h"

#include <math.h>

static gboolean
is_ample (const WpSearch *self, gint64 workers)
{
  return workers >= self->known->ample_workers;
}

static void
look_ahead (WpSearch *self, guint one, guint two, guint queue_jobs, gboolean in_full)
{
  guint workers[] = { MIN (one, self->known->ample_workers), MIN (two, self->known->ample_workers) };

  if (self->known->asks.by_lines && !self->known->asks.watches && self->known->setup.threads > 1)
    wp_known_lines (self->known, workers, workers[0] == workers[1] ? 1 : 2, queue_jobs, in_full);
}

static gint64
bisect_workers (WpSearch *self, gint64 fails, gint64 does, guint queue_jobs)
{
  while (does - fails > 1 && !self->known->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      look_ahead (self, (guint) middle, (guint) (fails + (does - fails) * 3 / 4), queue_jobs, FALSE);
      *(wp_search_meets (self, (guint) middle, queue_jobs, WP_WHICH_RISE_WITH_WORKERS) ? &does : &fails) = middle;
    }

  return does;
}

/* From @from on, where @from - 1 fails. */
static gint64
gallop_up (WpSearch *self, gint64 from, guint queue_jobs)
{
  gint64 fails = from - 1;

  for (gint64 step = 1, probe = from; !self->known->error; probe = MIN (probe + step, G_MAXUINT - 2), step *= 2)
    {
      if (wp_search_meets (self, (guint) probe, queue_jobs, WP_WHICH_RISE_WITH_WORKERS))
        return bisect_workers (self, fails, probe, queue_jobs);
      if (is_ample (self, probe) || probe >= G_MAXUINT - 2)
        return WP_SEARCH_NONE;
      fails = probe;
      if (step >= 8)
        wp_known_find_ample (self->known);
    }

  return WP_SEARCH_NONE;
}

static gint64
gallop_down (WpSearch *self, gint64 does, guint queue_jobs)
{
  for (gint64 step = 1; does > 1 && !self->known->error; step *= 2)
    {
      gint64 probe = MAX (1, does - step);

      if (!wp_search_meets (self, (guint) probe, queue_jobs, WP_WHICH_RISE_WITH_WORKERS))
        return bisect_workers (self, probe, does, queue_jobs);
      does = probe;
    }

  return does;
}

static gint64
search_workers (WpSearch *self, gint64 from, guint queue_jobs)
{
  guint guess = self->found_workers > 0 && queue_jobs >= self->found_queue ? (guint) self->found_workers : wp_search_guess (self, queue_jobs);
  gint64 found;

  guess = (guint) MAX (guess, from);
  if (guess > from)
    look_ahead (self, guess - 1, guess, queue_jobs, wp_search_is_long (self));   /* of a good guess both are wanted in full */
  if (guess > from && wp_search_meets (self, guess - 1, queue_jobs, WP_WHICH_RISE_WITH_WORKERS))
    found = gallop_down (self, guess - 1, queue_jobs);
  else
    found = gallop_up (self, guess, queue_jobs);

  if (found <= 0 || self->known->error || !wp_search_meets (self, (guint) found, queue_jobs, WP_WHICH_ALL))
    return WP_SEARCH_NONE;
  self->found_workers = found;
  self->found_queue = queue_jobs;

  return found;
}

static void
simulate_ahead (WpSearch *self, gint64 from, guint queue_jobs)
{
  g_autofree guint *workers = g_new (guint, self->known->setup.threads);
  g_autofree guint *queues = g_new (guint, self->known->setup.threads);

  for (guint i = 0; i < self->known->setup.threads; i++)
    {
      workers[i] = (guint) MIN (from + i, self->known->ample_workers);
      queues[i] = queue_jobs;
    }
  if (self->known->asks.by_lines && !self->known->asks.watches)
    wp_known_lines (self->known, workers, self->known->setup.threads, queue_jobs, FALSE);
  else if (!self->known->asks.by_lines)
    wp_known_points (self->known, workers, queues, self->known->setup.threads, FALSE);
}

/* With more workers than were ever needed only their utilisation falls. */
static gint64
scan_ample (WpSearch *self, gint64 from, guint queue_jobs)
{
  WpFigures figures;
  gint64 until = from + 1;

  if (!wp_known_look_up (self->known, (guint) from, queue_jobs, FALSE, &figures))
    return WP_SEARCH_NONE;
  for (guint i = 0; i < self->known->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->known->setup.slos, i);

      if (g_str_equal (slo->metric->name, "utilisation") && slo->bound > 0 && !isnan (figures.busy_mean))
        until = MAX (until, (gint64) MIN (figures.busy_mean / slo->bound + 2, 1e9));
    }
  for (gint64 workers = from; workers <= until; workers++)
    {
      wp_known_spread_over (&figures, (guint) workers);
      if (!wp_slos_first_failure (self->known->setup.slos, &figures))
        return workers;
    }

  return WP_SEARCH_NONE;
}

static gint64
scan_workers (WpSearch *self, guint queue_jobs)
{
  guint64 until = wp_search_scan_until (self);
  gint64 workers;

  wp_known_find_ample (self->known);
  for (workers = 1; self->known->spent_rows <= until && !self->known->error && !is_ample (self, workers); workers++)
    {
      if ((workers - 1) % self->known->setup.threads == 0)
        simulate_ahead (self, workers, queue_jobs);
      if (wp_search_meets (self, (guint) workers, queue_jobs, WP_WHICH_ALL))
        return workers;
    }
  if (self->known->error)
    return WP_SEARCH_NONE;
  if (is_ample (self, workers))
    return scan_ample (self, workers, queue_jobs);
  self->assumed = TRUE;

  return search_workers (self, workers, queue_jobs);
}

gint64
wp_search_workers (WpSearch *self, guint queue_jobs)
{
  return wp_search_is_monotone (self, wp_slo_trend_in_workers) ? search_workers (self, 1, queue_jobs) : scan_workers (self, queue_jobs);
}
