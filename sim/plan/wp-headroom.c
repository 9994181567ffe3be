#include "sim/plan/wp-headroom.h"

#include <math.h>

#include "sim/plan/wp-backlog-avx2.h"

#define PRECISION 1.01
#define SAMPLE_ROWS (1 << 20)
#define SAMPLE_PART 16

typedef struct {
  const WpSearchSetup *setup;
  guint64 limit;
  WpHeadroom *headroom;  /* of the last scale that was not well */
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
  guint workers = workers_of (self), queue_jobs = self->setup->policy.queue_jobs;
  gboolean fills = wp_search_fills (search, workers, queue_jobs);
  const WpSlo *slo = fills ? NULL : wp_search_failure (search, workers, queue_jobs);

  if (!wp_search_check (search, self->error ? NULL : &self->error))
    return FALSE;
  if (fills || slo)
    *self->headroom = (WpHeadroom) { scale, fills, slo };

  return !fills && !slo;
}

static gboolean
is_well (Search *self, double scale)
{
  g_autoptr(WpSearch) search = wp_search_new (self->setup, scale, self->limit);

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
      if (ill <= well * PRECISION || (ill < INFINITY && well > 1) || (ill < INFINITY && probe <= PRECISION) || well >= WP_HEADROOM_MOST)
        break;
      probe = ill < INFINITY ? MAX (1, probe / step) : MIN (WP_HEADROOM_MOST, probe * step);
      if (probe <= 1)
        break;
    }
  if (ill < INFINITY)
    bisect (self, well, ill);
}

/* That much, and up to 3 % less, in one pass: somewhere there it begins to be ill. FALSE: it does not. */
static gboolean
confirm (Search *self, double guess)
{
  WpSearch *searches[WP_BACKLOG_AVX2_LANES];
  double scales[WP_BACKLOG_AVX2_LANES];
  gboolean well = TRUE, begins_well = FALSE;
  guint n = 0;

  for (guint i = WP_BACKLOG_AVX2_LANES; i-- > 0;)
    {
      scales[n] = guess / pow (PRECISION, i);
      if (scales[n] > 1)
        {
          searches[n] = wp_search_new (self->setup, scales[n], self->limit);
          n++;
        }
      else
        begins_well = TRUE;      /* at 1 */
    }
  wp_search_prepare_filling (searches, n, workers_of (self), self->setup->policy.queue_jobs);
  for (guint i = 0; i < n && well && !self->error; i++)
    {
      well = is_well_in (self, searches[i], scales[i]);
      begins_well |= well;
    }
  for (guint i = 0; i < n; i++)
    wp_search_free (searches[i]);

  return begins_well && !well && !self->error;
}

/* What the first part of a long trace says, or the load. */
static double
guess_scale (Search *self, double load)
{
  double guess = load > 0 ? CLAMP (workers_of (self) / load, 1, WP_HEADROOM_MOST) : 1;

  if (self->limit > SAMPLE_ROWS)
    {
      WpHeadroom sampled = { NAN, FALSE, NULL };
      Search sample = { self->setup, self->limit / SAMPLE_PART, &sampled, NULL };

      if (!confirm (&sample, guess * PRECISION))
        gallop (&sample, guess);
      g_clear_error (&sample.error);
      guess = isnan (sampled.scale) ? guess : sampled.scale;
    }

  return guess;
}

gboolean
wp_headroom_find (const WpSearchSetup *setup, WpSearch *as_it_is, WpHeadroom *headroom, GError **error)
{
  Search self = { setup, wp_trace_buffer_length (setup->buffer), headroom, NULL };

  *headroom = (WpHeadroom) { NAN, FALSE, NULL };
  if (is_well_in (&self, as_it_is, 1))
    {
      double guess = guess_scale (&self, wp_search_load (as_it_is));

      if (self.limit <= SAMPLE_ROWS || !confirm (&self, guess))   /* all of a trace fails a little earlier than its first part */
        gallop (&self, guess);
    }
  if (!self.error)
    return TRUE;
  g_propagate_error (error, self.error);

  return FALSE;
}
