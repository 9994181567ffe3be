#include "sim/plan/wp-search-private.h"

#include <math.h>

#define SCAN_ROWS (G_GUINT64_CONSTANT (1) << 27)   /* simulated one size after another, before bisection takes over: a second or two */
#define SCAN_PASSES 8                              /* ... or that many times the trace */
#define SAMPLE_PART 16

WpSearch *
wp_search_new (const WpSearchSetup *setup, double scale, guint64 limit)
{
  WpSearch *self = g_new0 (WpSearch, 1);

  self->known = wp_known_new (setup, scale, limit);

  return self;
}

void
wp_search_free (WpSearch *self)
{
  g_clear_pointer (&self->sample, wp_search_free);
  wp_known_free (self->known);
  g_free (self);
}

gboolean
wp_search_assumed (const WpSearch *self)
{
  return self->assumed;
}

gboolean
wp_search_check (WpSearch *self, GError **error)
{
  if (!self->known->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->known->error));

  return FALSE;
}

static gboolean
counts (const WpSlo *slo, WpWhich which)
{
  return which == WP_WHICH_ALL || (which == WP_WHICH_RISE_WITH_WORKERS ? wp_slo_trend_in_workers (slo) : wp_slo_trend_in_queue (slo)) != WP_TREND_WORSE;
}

gboolean
wp_search_meets (WpSearch *self, guint workers, guint queue_jobs, WpWhich which)
{
  WpFigures figures;

  if (self->known->error || !wp_known_look_up (self->known, workers, queue_jobs, FALSE, &figures))
    return FALSE;
  for (guint i = 0; i < self->known->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->known->setup.slos, i);

      if (counts (slo, which) && !wp_slo_is_met (slo, &figures))
        return FALSE;
    }

  return !self->known->asks.no_blocking || figures.blocked == 0;
}

const WpSlo *
wp_search_failure (WpSearch *self, guint workers, guint queue_jobs)
{
  const WpSlo *lost;
  WpFigures figures;

  if (wp_search_meets (self, workers, queue_jobs, WP_WHICH_ALL) || self->known->error)
    return NULL;
  if ((lost = wp_known_lost (self->known, workers)))
    return lost;
  wp_search_figures (self, workers, queue_jobs, &figures);

  return wp_slos_first_failure (self->known->setup.slos, &figures);
}

guint
wp_search_ample (const WpSearch *self)
{
  return self->known->ample_workers;
}

gboolean
wp_search_is_quick (const WpSearch *self)
{
  return self->known->asks.quick && wp_search_is_long (self);
}

void
wp_search_figures (WpSearch *self, guint workers, guint queue_jobs, WpFigures *figures)
{
  wp_known_figures (self->known, workers, queue_jobs, figures);
}

gboolean
wp_search_fills (WpSearch *self, guint workers, guint queue_jobs)
{
  return wp_known_fills (self->known, workers, queue_jobs);
}

void
wp_search_prepare_filling (WpSearch *const *searches, guint n, guint workers, guint queue_jobs)
{
  g_autofree WpKnown **them = g_new (WpKnown *, n);

  for (guint i = 0; i < n; i++)
    them[i] = searches[i]->known;
  if (n > 0 && searches[0]->known->asks.quick)
    wp_known_fill_all (them, n, workers, queue_jobs);
}

void
wp_search_prepare (WpSearch *self, const guint *workers, guint n, guint queue_jobs)
{
  wp_known_prepare (self->known, workers, n, queue_jobs);
}

double
wp_search_load (WpSearch *self)
{
  double load = wp_tape_offered_load (self->known->setup.tape, self->known->limit) * self->known->scale;

  return MIN (load, (double) self->known->limit);   /* all may come at once */
}

gboolean
wp_search_is_monotone (const WpSearch *self, WpTrend (*trend) (const WpSlo *))
{
  for (guint i = 0; i < self->known->setup.slos->len; i++)
    if (trend (g_ptr_array_index (self->known->setup.slos, i)) == WP_TREND_UNKNOWN)
      return FALSE;

  return self->known->asks.by_lines;
}

guint64
wp_search_scan_until (const WpSearch *self)
{
  return self->known->spent_rows + MAX (SCAN_ROWS, SCAN_PASSES * self->known->limit);
}

guint
wp_search_guess (WpSearch *self, guint queue_jobs)
{
  gint64 found = WP_SEARCH_NONE;

  if (wp_search_is_long (self) && !self->sample)
    self->sample = wp_search_new (&self->known->setup, self->known->scale, self->known->limit / SAMPLE_PART);
  if (self->sample)
    found = wp_search_workers (self->sample, queue_jobs);

  return found > 0 ? (guint) found : (guint) CLAMP (ceil (wp_search_load (self)), 1, 1e9);
}
