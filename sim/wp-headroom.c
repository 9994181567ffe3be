#include "sim/wp-headroom.h"

#include <math.h>

#define PRECISION 1.01
#define SAMPLE_ROWS (1 << 20)
#define SAMPLE_PART 16

typedef struct {
  const WpSearchSetup *setup;
  guint64 limit;
  double load;           /* at 1x */
  WpHeadroom *headroom;  /* of the last scale that was not well */
  GError *error;
} Search;

static gboolean
is_well (Search *self, double scale)
{
  const WpPolicy *policy = &self->setup->policy;
  g_autoptr(WpSearch) search = wp_search_new (self->setup, scale, self->limit);
  guint workers = policy->mode == WP_MODE_BUFFERED_CHANNEL ? 1 : policy->workers;
  gboolean fills = wp_search_fills (search, workers, policy->queue_jobs);
  gboolean well = !fills && wp_search_meets (search, workers, policy->queue_jobs);

  if (!wp_search_check (search, self->error ? NULL : &self->error))
    return FALSE;
  if (!well)
    *self->headroom = (WpHeadroom) { scale, fills, NULL };

  return well;
}

/* Between a scale that is well and one that is not. */
static void
bisect (Search *self, double well, double ill)
{
  while (ill / well > PRECISION && !self->error)
    {
      double middle = sqrt (well * ill);

      *(is_well (self, middle) ? &well : &ill) = middle;
    }
}

/* 1 is well. From a guess on, in growing steps. */
static void
gallop (Search *self, double guess)
{
  double well = 1, ill = INFINITY;

  for (double step = PRECISION, probe = MAX (guess / step, sqrt (PRECISION)); !self->error; step *= step)
    {
      if (is_well (self, probe))
        well = MAX (well, probe);
      else
        ill = probe;
      if (ill <= well * PRECISION || (ill < INFINITY && well > 1) || (ill < INFINITY && probe <= PRECISION) || well >= WP_HEADROOM_MOST)
        break;
      probe = ill < INFINITY ? MAX (1, probe / step) : MIN (WP_HEADROOM_MOST, probe * step);
      if (probe <= 1)
        break;
    }
  if (ill < INFINITY)
    bisect (self, well, ill);
}

/* What the first part of a long trace says, or the load. */
static double
guess_scale (Search *self)
{
  const WpPolicy *policy = &self->setup->policy;
  g_autoptr(WpSearch) search = wp_search_new (self->setup, 1, self->limit);
  double load = wp_search_load (search);
  guint workers = policy->mode == WP_MODE_BUFFERED_CHANNEL ? 1 : policy->workers;
  double guess = load > 0 ? CLAMP (workers / load, 1, WP_HEADROOM_MOST) : 1;

  if (self->limit > SAMPLE_ROWS)
    {
      WpHeadroom sampled = { NAN, FALSE, NULL };
      Search sample = { self->setup, self->limit / SAMPLE_PART, load, &sampled, NULL };

      gallop (&sample, guess);
      g_clear_error (&sample.error);
      guess = isnan (sampled.scale) ? guess : sampled.scale;
    }

  return guess;
}

static void
name_slo (Search *self)
{
  const WpPolicy *policy = &self->setup->policy;
  guint workers = policy->mode == WP_MODE_BUFFERED_CHANNEL ? 1 : policy->workers;
  g_autoptr(WpSearch) search = NULL;
  WpFigures figures;

  if (isnan (self->headroom->scale) || self->headroom->is_full || self->error)
    return;
  search = wp_search_new (self->setup, self->headroom->scale, 0);
  wp_search_figures (search, workers, policy->queue_jobs, &figures);
  if (wp_search_check (search, &self->error))
    self->headroom->slo = wp_slos_first_failure (self->setup->slos, &figures);
}

gboolean
wp_headroom_find (const WpSearchSetup *setup, WpHeadroom *headroom, GError **error)
{
  Search self = { setup, wp_tape_length (setup->tape), NAN, headroom, NULL };

  *headroom = (WpHeadroom) { NAN, FALSE, NULL };
  if (is_well (&self, 1))
    gallop (&self, guess_scale (&self));
  name_slo (&self);
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);

  return FALSE;
}
