#include "sim/plan/wp-search.h"

#include <math.h>

#define SAMPLE_ROWS (1 << 20)   /* a longer trace has its first part searched for a guess */
#define SCAN_ROWS (G_GUINT64_CONSTANT (1) << 27)   /* simulated one size after another, before bisection takes over: a second or two */
#define SCAN_PASSES 8                              /* ... or that many times the trace */
#define SAMPLE_PART 16
#define SCAN_QUEUES 4096   /* from one line, or that many passes */
#define WATCHED 32         /* at once */

struct _WpSearch {
  WpResultCache *known;
  gint64 found_workers;     /* the last answer, and its queue; 0: none yet */
  guint found_queue;
  WpSearch *sample;         /* the first part of a long trace; NULL: not yet */
  gboolean assumed;
};

/* Those that do not get worse with the size are enough for bisection; the answer has to meet all. */
typedef enum { WP_WHICH_ALL, WP_WHICH_RISE_WITH_WORKERS, WP_WHICH_RISE_WITH_QUEUE } WpWhich;

static gboolean
is_long (const WpSearch *self)
{
  return self->known->limit > SAMPLE_ROWS;
}

WpSearch *
wp_search_new (const WpSearchSetup *setup, double scale, guint64 limit)
{
  WpSearch *self = g_new0 (WpSearch, 1);

  self->known = wp_result_cache_new (setup, scale, limit);

  return self;
}

void
wp_search_free (WpSearch *self)
{
  g_clear_pointer (&self->sample, wp_search_free);
  wp_result_cache_free (self->known);
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

static gboolean
meets (WpSearch *self, guint workers, guint queue_jobs, WpWhich which)
{
  WpFigures figures;

  if (self->known->error || !wp_result_cache_look_up (self->known, workers, queue_jobs, FALSE, &figures))
    return FALSE;
  for (guint i = 0; i < self->known->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->known->setup.slos, i);

      if (counts (slo, which) && !wp_slo_is_met (slo, &figures))
        return FALSE;
    }

  return !self->known->needs.no_blocking || figures.blocked == 0;
}

const WpSlo *
wp_search_failure (WpSearch *self, guint workers, guint queue_jobs)
{
  const WpSlo *lost;
  WpFigures figures;

  if (meets (self, workers, queue_jobs, WP_WHICH_ALL) || self->known->error)
    return NULL;
  if ((lost = wp_result_cache_lost (self->known, workers)))
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
  return self->known->needs.quick && is_long (self);
}

void
wp_search_figures (WpSearch *self, guint workers, guint queue_jobs, WpFigures *figures)
{
  wp_result_cache_figures (self->known, workers, queue_jobs, figures);
}

gboolean
wp_search_fills (WpSearch *self, guint workers, guint queue_jobs)
{
  return wp_result_cache_fills (self->known, workers, queue_jobs);
}

void
wp_search_prepare_filling (WpSearch *const *searches, guint n, guint workers, guint queue_jobs)
{
  g_autofree WpResultCache **them = g_new (WpResultCache *, n);

  for (guint i = 0; i < n; i++)
    them[i] = searches[i]->known;
  if (n > 0 && searches[0]->known->needs.quick)
    wp_result_cache_fill_all (them, n, workers, queue_jobs);
}

void
wp_search_prepare (WpSearch *self, const guint *workers, guint n, guint queue_jobs)
{
  wp_result_cache_prepare (self->known, workers, n, queue_jobs);
}

double
wp_search_load (WpSearch *self)
{
  double load = wp_trace_buffer_offered_load (self->known->setup.buffer, self->known->limit) * self->known->scale;

  return MIN (load, (double) self->known->limit);   /* all may come at once */
}

/* Does every objective move one way with this size, so that bisection finds the smallest? */
static gboolean
is_monotone (const WpSearch *self, WpTrend (*trend) (const WpSlo *))
{
  for (guint i = 0; i < self->known->setup.slos->len; i++)
    if (trend (g_ptr_array_index (self->known->setup.slos, i)) == WP_TREND_UNKNOWN)
      return FALSE;

  return self->known->needs.by_lines;
}

/* Rows that may be simulated, in all so far, before the sizes are no longer tried one by one. */
static guint64
scan_until (const WpSearch *self)
{
  return self->known->spent_rows + MAX (SCAN_ROWS, SCAN_PASSES * self->known->limit);
}

guint
wp_search_guess (WpSearch *self, guint queue_jobs)
{
  gint64 found = WP_SEARCH_NONE;

  if (is_long (self) && !self->sample)
    self->sample = wp_search_new (&self->known->setup, self->known->scale, self->known->limit / SAMPLE_PART);
  if (self->sample)
    found = wp_search_workers (self->sample, queue_jobs);

  return found > 0 ? (guint) found : (guint) CLAMP (ceil (wp_search_load (self)), 1, 1e9);
}

static gint64
bisect_queue (WpSearch *self, guint workers, gint64 fails, gint64 does)
{
  while (does - fails > 1 && !self->known->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      *(meets (self, workers, (guint) middle, WP_WHICH_RISE_WITH_QUEUE) ? &does : &fails) = middle;
    }

  return self->known->error || !meets (self, workers, (guint) does, WP_WHICH_ALL) ? WP_SEARCH_NONE : does;
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
  wp_result_cache_watch (self->known, MIN (workers, self->known->ample_workers), queues, n);
}

/* A queue of @ample_jobs is as good as any larger one. */
static gint64
scan_queue (WpSearch *self, guint workers, gint64 ample_jobs)
{
  guint64 until = scan_until (self);
  gint64 queue_jobs;

  for (queue_jobs = 0; queue_jobs <= ample_jobs && queue_jobs < SCAN_QUEUES && self->known->spent_rows <= until && !self->known->error; queue_jobs++)
    {
      if (self->known->needs.watches && queue_jobs % WATCHED == 0)
        watch_ahead (self, workers, queue_jobs, ample_jobs);
      if (meets (self, workers, (guint) queue_jobs, WP_WHICH_ALL))
        return queue_jobs;
    }
  if (queue_jobs > ample_jobs || self->known->error)
    return WP_SEARCH_NONE;
  self->assumed = TRUE;

  return meets (self, workers, (guint) ample_jobs, WP_WHICH_ALL) ? bisect_queue (self, workers, queue_jobs - 1, ample_jobs) : WP_SEARCH_NONE;
}

gint64
wp_search_queue (WpSearch *self, guint workers)
{
  gint64 ample_jobs = wp_result_cache_longest (self->known, workers) + 1;   /* it is never full, then */

  if (ample_jobs == 0 || self->known->error)
    return WP_SEARCH_NONE;
  if (!is_monotone (self, wp_slo_trend_in_queue))
    return scan_queue (self, workers, ample_jobs);
  if (!meets (self, workers, (guint) ample_jobs, WP_WHICH_RISE_WITH_QUEUE))
    return WP_SEARCH_NONE;

  return bisect_queue (self, workers, -1, ample_jobs);
}

static gboolean
is_ample (const WpSearch *self, gint64 workers)
{
  return workers >= self->known->ample_workers;
}

static void
look_ahead (WpSearch *self, guint one, guint two, guint queue_jobs, gboolean in_full)
{
  guint workers[] = { MIN (one, self->known->ample_workers), MIN (two, self->known->ample_workers) };

  if (self->known->needs.by_lines && !self->known->needs.watches && self->known->setup.threads > 1)
    wp_result_cache_lines (self->known, workers, workers[0] == workers[1] ? 1 : 2, queue_jobs, in_full);
}

static gint64
bisect_workers (WpSearch *self, gint64 fails, gint64 does, guint queue_jobs)
{
  while (does - fails > 1 && !self->known->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      look_ahead (self, (guint) middle, (guint) (fails + (does - fails) * 3 / 4), queue_jobs, FALSE);
      *(meets (self, (guint) middle, queue_jobs, WP_WHICH_RISE_WITH_WORKERS) ? &does : &fails) = middle;
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
      if (meets (self, (guint) probe, queue_jobs, WP_WHICH_RISE_WITH_WORKERS))
        return bisect_workers (self, fails, probe, queue_jobs);
      if (is_ample (self, probe) || probe >= G_MAXUINT - 2)
        return WP_SEARCH_NONE;
      fails = probe;
      if (step >= 8)
        wp_result_cache_find_ample (self->known);
    }

  return WP_SEARCH_NONE;
}

static gint64
gallop_down (WpSearch *self, gint64 does, guint queue_jobs)
{
  for (gint64 step = 1; does > 1 && !self->known->error; step *= 2)
    {
      gint64 probe = MAX (1, does - step);

      if (!meets (self, (guint) probe, queue_jobs, WP_WHICH_RISE_WITH_WORKERS))
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
    look_ahead (self, guess - 1, guess, queue_jobs, is_long (self));   /* of a good guess both are wanted in full */
  if (guess > from && meets (self, guess - 1, queue_jobs, WP_WHICH_RISE_WITH_WORKERS))
    found = gallop_down (self, guess - 1, queue_jobs);
  else
    found = gallop_up (self, guess, queue_jobs);

  if (found <= 0 || self->known->error || !meets (self, (guint) found, queue_jobs, WP_WHICH_ALL))
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
  if (self->known->needs.by_lines && !self->known->needs.watches)
    wp_result_cache_lines (self->known, workers, self->known->setup.threads, queue_jobs, FALSE);
  else if (!self->known->needs.by_lines)
    wp_result_cache_points (self->known, workers, queues, self->known->setup.threads, FALSE);
}

/* With more workers than were ever needed only their utilisation falls. */
static gint64
scan_ample (WpSearch *self, gint64 from, guint queue_jobs)
{
  WpFigures figures;
  gint64 until = from + 1;

  if (!wp_result_cache_look_up (self->known, (guint) from, queue_jobs, FALSE, &figures))
    return WP_SEARCH_NONE;
  for (guint i = 0; i < self->known->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->known->setup.slos, i);

      if (g_str_equal (slo->metric->name, "utilisation") && slo->bound > 0 && !isnan (figures.busy_mean))
        until = MAX (until, (gint64) MIN (figures.busy_mean / slo->bound + 2, 1e9));
    }
  for (gint64 workers = from; workers <= until; workers++)
    {
      wp_result_cache_spread_over (&figures, (guint) workers);
      if (!wp_slos_first_failure (self->known->setup.slos, &figures))
        return workers;
    }

  return WP_SEARCH_NONE;
}

static gint64
scan_workers (WpSearch *self, guint queue_jobs)
{
  guint64 until = scan_until (self);
  gint64 workers;

  wp_result_cache_find_ample (self->known);
  for (workers = 1; self->known->spent_rows <= until && !self->known->error && !is_ample (self, workers); workers++)
    {
      if ((workers - 1) % self->known->setup.threads == 0)
        simulate_ahead (self, workers, queue_jobs);
      if (meets (self, (guint) workers, queue_jobs, WP_WHICH_ALL))
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
  return is_monotone (self, wp_slo_trend_in_workers) ? search_workers (self, 1, queue_jobs) : scan_workers (self, queue_jobs);
}
