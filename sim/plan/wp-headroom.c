#include "sim/plan/wp-headroom.h"

#include <math.h>

#define PRECISION 1.01

typedef struct {
  const WpSearchSetup *setup;
  WpHeadroom *headroom; /* of the last scale that was not well */
  GError *error;
} Search;

static guint
workers_of (const Search *self)
{
  return self->setup->policy.mode == WP_MODE_BUFFERED_CHANNEL ? 1 : self->setup->policy.workers;
}

static gboolean
is_well_in (Search *self, WpSearch *search, double scale)
{
  WpSummary summary;
  gboolean fills = wp_search_summary (search, workers_of (self), self->setup->policy.queue_jobs, &summary);
  const WpSlo *slo = fills ? NULL : wp_slos_first_failure (self->setup->slos, &summary);

  if (!wp_search_check (search, self->error ? NULL : &self->error))
    return FALSE;
  if (fills || slo)
    *self->headroom = (WpHeadroom){ scale, fills, slo };

  return !fills && !slo;
}

static gboolean
is_well (Search *self, double scale)
{
  g_autoptr (WpSearch) search = wp_search_new (self->setup, scale);

  return is_well_in (self, search, scale);
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
      if (ill <= well * PRECISION || (ill < INFINITY && well > 1) || (ill < INFINITY && probe <= PRECISION)
          || well >= WP_HEADROOM_MOST)
        break;
      probe = ill < INFINITY ? MAX (1, probe / step) : MIN (WP_HEADROOM_MOST, probe * step);
      if (probe <= 1)
        break;
    }
  if (ill < INFINITY)
    bisect (self, well, ill);
}

gboolean
wp_headroom_find (const WpSearchSetup *setup, WpSearch *as_it_is, WpHeadroom *headroom, GError **error)
{
  Search self = { setup, headroom, NULL };

  *headroom = (WpHeadroom){ NAN, FALSE, NULL };
  if (is_well_in (&self, as_it_is, 1))
    {
      double load = wp_search_load (as_it_is);

      gallop (&self, load > 0 ? CLAMP (workers_of (&self) / load, 1, WP_HEADROOM_MOST) : 1);
    }
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);

  return FALSE;
}
