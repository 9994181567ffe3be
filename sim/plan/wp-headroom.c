#include "sim/plan/wp-headroom.h"

#include <math.h>

#define PRECISION 1.01

typedef struct {
  const WpSearchSetup *setup;
  WpHeadroom *headroom; /* of the last scale that was not well */
  gboolean may_fill;    /* a queue that is full at some moment is well too */
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
  gboolean fills = wp_search_summary (search, workers_of (self), self->setup->policy.queue_jobs, &summary)
                   && !self->may_fill;
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

/* Between a scale that is well and one that is not; returns one that is well. */
static double
bisect (Search *self, double well, double ill)
{
  while (ill / well > PRECISION && !self->error)
    {
      double middle = sqrt (well * ill);

      *(is_well (self, middle) ? &well : &ill) = middle;
    }

  return well;
}

/* @least is well. From a guess on, in growing steps. Returns the largest that is known to be well. */
static double
gallop (Search *self, double least, double guess)
{
  double well = least, ill = INFINITY;

  for (double step = PRECISION, probe = MAX (guess / step, least * sqrt (PRECISION)); !self->error;
       step *= step)
    {
      if (is_well (self, probe))
        well = MAX (well, probe);
      else
        ill = probe;
      if (ill <= well * PRECISION || (ill < INFINITY && well > least)
          || (ill < INFINITY && probe <= least * PRECISION) || well >= WP_HEADROOM_MOST)
        break;
      probe = ill < INFINITY ? MAX (least, probe / step) : MIN (WP_HEADROOM_MOST, probe * step);
      if (probe <= least)
        break;
    }

  return ill < INFINITY ? bisect (self, well, ill) : well;
}

/* As many times the traffic as keep all workers busy. */
static double
guess (const Search *self, const WpSearch *search, double scale)
{
  double load = wp_search_load (search) / scale;

  return load > 0 ? CLAMP (workers_of (self) / load, scale, WP_HEADROOM_MOST) : scale;
}

gboolean
wp_headroom_find (const WpSearchSetup *setup, WpSearch *as_it_is, WpHeadroom *headroom, GError **error)
{
  Search self = { setup, headroom, FALSE, NULL };

  *headroom = (WpHeadroom){ NAN, FALSE, NULL };
  if (is_well_in (&self, as_it_is, 1))
    gallop (&self, 1, guess (&self, as_it_is, 1));
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);

  return FALSE;
}

gboolean
wp_headroom_holds (const WpSearchSetup *setup, double well, double *until, GError **error)
{
  WpHeadroom ill;
  Search self = { setup, &ill, TRUE, NULL };
  g_autoptr (WpSearch) search = wp_search_new (setup, well);

  *until = gallop (&self, well, guess (&self, search, well));
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);

  return FALSE;
}
