#include "sim/plan/wp-search.h"

#include <math.h>

#include "sim/plan/wp-backlog-avx2.h"

/* Rows simulated size by size before bisection starts: 1 or 2 s. */
#define SCAN_ROWS   (G_GUINT64_CONSTANT (1) << 27)
#define SCAN_PASSES 8    /* ... or that many times the trace */
#define SCAN_QUEUES 4096 /* from one backlog, or that many passes */
#define WATCHED     32   /* at once */

struct _WpSearch {
  WpResultCache *cache;
  gint64 found_workers; /* the last result and its queue; 0: none yet */
  guint found_queue;
  gboolean assumed;
};

/* Bisection uses the objectives that improve with the size; the result must meet all. */
typedef enum { ALL, RISE_WITH_WORKERS, RISE_WITH_QUEUE } Which;

WpSearch *
wp_search_new (const WpSearchSetup *setup, double scale)
{
  WpSearch *self = g_new0 (WpSearch, 1);

  self->cache = wp_result_cache_new (setup, scale);

  return self;
}

void
wp_search_free (WpSearch *self)
{
  wp_result_cache_free (self->cache);
  g_free (self);
}

gboolean
wp_search_is_assumed (const WpSearch *self)
{
  return self->assumed || self->cache->setup.commit;
}

gboolean
wp_search_check (WpSearch *self, GError **error)
{
  if (!self->cache->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->cache->error));

  return FALSE;
}

static gboolean
counts (const WpSlo *slo, Which which)
{
  return which == ALL
         || (which == RISE_WITH_WORKERS ? wp_slo_trend_in_workers (slo) : wp_slo_trend_in_queue (slo))
                != WP_TREND_WORSE;
}

static gboolean
meets (WpSearch *self, guint workers, guint queue_jobs, Which which)
{
  WpSummary summary;

  if (self->cache->error || !wp_result_cache_find (self->cache, workers, queue_jobs, FALSE, &summary))
    return FALSE;
  for (guint i = 0; i < self->cache->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->cache->setup.slos, i);

      if (counts (slo, which) && !wp_slo_is_met (slo, &summary))
        return FALSE;
    }

  return !self->cache->needs.no_blocking || summary.blocked == 0;
}

void
wp_search_prepare (WpSearch *self, const guint *workers, guint n)
{
  const guint queue_jobs = WP_QUEUE_UNLIMITED;

  if (self->cache->needs.reduced)
    wp_result_cache_fill (self->cache, workers, n, &queue_jobs, 1, FALSE);
}

guint
wp_search_ample (const WpSearch *self)
{
  return self->cache->ample_workers;
}

guint
wp_search_most_workers (WpSearch *self)
{
  wp_result_cache_find_ample (self->cache);

  return self->cache->ample_workers;
}

gboolean
wp_search_summary (WpSearch *self, guint workers, guint queue_jobs, WpSummary *summary)
{
  return wp_result_cache_summary (self->cache, workers, queue_jobs, summary);
}

double
wp_search_load (const WpSearch *self)
{
  const WpTraceBuffer *buffer = self->cache->setup.buffer;

  return MIN (wp_trace_buffer_offered_load (buffer) * self->cache->scale,
              (double) wp_trace_buffer_length (buffer));
}

/* Is every objective monotone in this size, so that bisection finds the smallest? */
static gboolean
is_monotone (const WpSearch *self, WpTrend (*trend) (const WpSlo *))
{
  for (guint i = 0; i < self->cache->setup.slos->len; i++)
    if (trend (g_ptr_array_index (self->cache->setup.slos, i)) == WP_TREND_UNKNOWN)
      return FALSE;

  return self->cache->is_steady;
}

/* The limit of simulated rows at which trying the sizes one by one ends. */
static guint64
scan_until (const WpSearch *self)
{
  return self->cache->spent_rows
         + MAX (SCAN_ROWS, SCAN_PASSES * wp_trace_buffer_length (self->cache->setup.buffer));
}

static gint64
bisect_queue (WpSearch *self, guint workers, gint64 fails, gint64 does)
{
  while (does - fails > 1 && !self->cache->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      *(meets (self, workers, (guint) middle, RISE_WITH_QUEUE) ? &does : &fails) = middle;
    }

  return self->cache->error || !meets (self, workers, (guint) does, ALL) ? WP_SEARCH_NONE : does;
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
  wp_result_cache_fill (self->cache, &workers, 1, queues, n, FALSE);
}

/* A queue larger than @ample_jobs changes no result. */
static gint64
scan_queue (WpSearch *self, guint workers, gint64 ample_jobs)
{
  guint64 until = scan_until (self);
  gint64 queue_jobs;

  for (queue_jobs = 0; queue_jobs <= ample_jobs && queue_jobs < SCAN_QUEUES
                       && self->cache->spent_rows <= until && !self->cache->error;
       queue_jobs++)
    {
      if (self->cache->needs.blocked_times && queue_jobs % WATCHED == 0)
        watch_ahead (self, workers, queue_jobs, ample_jobs);
      if (meets (self, workers, (guint) queue_jobs, ALL))
        return queue_jobs;
    }
  if (queue_jobs > ample_jobs || self->cache->error)
    return WP_SEARCH_NONE;
  self->assumed = TRUE;

  return meets (self, workers, (guint) ample_jobs, ALL)
             ? bisect_queue (self, workers, queue_jobs - 1, ample_jobs)
             : WP_SEARCH_NONE;
}

gint64
wp_search_queue (WpSearch *self, guint workers)
{
  gint64 ample_jobs = wp_result_cache_longest (self->cache, workers) + 1; /* a queue that is never full */

  if (ample_jobs == 0 || self->cache->error)
    return WP_SEARCH_NONE;
  if (!is_monotone (self, wp_slo_trend_in_queue))
    return scan_queue (self, workers, ample_jobs);
  if (!meets (self, workers, (guint) ample_jobs, RISE_WITH_QUEUE))
    return WP_SEARCH_NONE;

  return bisect_queue (self, workers, -1, ample_jobs);
}

static gboolean
is_ample (const WpSearch *self, gint64 workers)
{
  return workers >= self->cache->ample_workers;
}

static gint64
bisect_workers (WpSearch *self, gint64 fails, gint64 does, guint queue_jobs)
{
  while (does - fails > 1 && !self->cache->error)
    {
      gint64 middle = fails + (does - fails) / 2;

      *(meets (self, (guint) middle, queue_jobs, RISE_WITH_WORKERS) ? &does : &fails) = middle;
    }

  return does;
}

/* Searches upwards from @from; @from - 1 fails. */
static gint64
gallop_up (WpSearch *self, gint64 from, guint queue_jobs)
{
  gint64 fails = from - 1;

  for (gint64 step = 1, probe = from; !self->cache->error;
       probe = MIN (probe + step, G_MAXUINT - 2), step *= 2)
    {
      if (meets (self, (guint) probe, queue_jobs, RISE_WITH_WORKERS))
        return bisect_workers (self, fails, probe, queue_jobs);
      if (is_ample (self, probe) || probe >= G_MAXUINT - 2)
        return WP_SEARCH_NONE;
      fails = probe;
      if (step >= 8)
        wp_result_cache_find_ample (self->cache);
    }

  return WP_SEARCH_NONE;
}

static gint64
gallop_down (WpSearch *self, gint64 does, guint queue_jobs)
{
  for (gint64 step = 1; does > 1 && !self->cache->error; step *= 2)
    {
      gint64 probe = MAX (1, does - step);

      if (!meets (self, (guint) probe, queue_jobs, RISE_WITH_WORKERS))
        return bisect_workers (self, probe, does, queue_jobs);
      does = probe;
    }

  return does;
}

static void
simulate_ahead (WpSearch *self, gint64 from, guint n, guint queue_jobs, gboolean in_full)
{
  g_autofree guint *workers = g_new (guint, n);

  for (guint i = 0; i < n; i++)
    workers[i] = (guint) (from + i);
  wp_result_cache_fill (self->cache, workers, n, &queue_jobs, 1, in_full);
}

/* Starts at the last result, or at the offered load. */
static gint64
search_workers (WpSearch *self, gint64 from, guint queue_jobs)
{
  gboolean has_last = self->found_workers > 0 && queue_jobs >= self->found_queue;
  gint64 guess
      = MAX (has_last ? self->found_workers : (gint64) CLAMP (ceil (wp_search_load (self)), 1, 1e9), from),
      found;

  if (!has_last && self->cache->needs.reduced && wp_backlog_avx2_supports ((guint) MIN (guess, G_MAXINT)))
    /* takes little longer than one evaluation */
    simulate_ahead (self, MAX (guess - 1, from), WP_BACKLOG_AVX2_LANES, queue_jobs, TRUE);
  if (guess > from && meets (self, (guint) guess - 1, queue_jobs, RISE_WITH_WORKERS))
    found = gallop_down (self, guess - 1, queue_jobs);
  else
    found = gallop_up (self, guess, queue_jobs);

  if (found <= 0 || self->cache->error || !meets (self, (guint) found, queue_jobs, ALL))
    return WP_SEARCH_NONE;
  self->found_workers = found;
  self->found_queue = queue_jobs;

  return found;
}

/* More workers than are ever busy only reduce the utilisation. */
static gint64
scan_ample (WpSearch *self, gint64 from, guint queue_jobs)
{
  WpSummary summary;
  gint64 until = from + 1;

  if (!wp_result_cache_find (self->cache, (guint) from, queue_jobs, FALSE, &summary))
    return WP_SEARCH_NONE;
  for (guint i = 0; i < self->cache->setup.slos->len; i++)
    {
      const WpSlo *slo = g_ptr_array_index (self->cache->setup.slos, i);

      if (g_str_equal (slo->metric->name, "utilisation") && slo->bound > 0 && !isnan (summary.busy_mean))
        until = MAX (until, (gint64) MIN (summary.busy_mean / slo->bound + 2, 1e9));
    }
  for (gint64 workers = from; workers <= until; workers++)
    {
      wp_result_cache_adjust_workers (&summary, (guint) workers);
      if (!wp_slos_first_failure (self->cache->setup.slos, &summary))
        return workers;
    }

  return WP_SEARCH_NONE;
}

static gint64
scan_workers (WpSearch *self, guint queue_jobs)
{
  guint64 until = scan_until (self);
  gint64 workers;

  wp_result_cache_find_ample (self->cache);
  for (workers = 1; self->cache->spent_rows <= until && !self->cache->error && !is_ample (self, workers);
       workers++)
    {
      if ((workers - 1) % self->cache->setup.threads == 0)
        simulate_ahead (self, workers, self->cache->setup.threads, queue_jobs, FALSE);
      if (meets (self, (guint) workers, queue_jobs, ALL))
        return workers;
    }
  if (self->cache->error)
    return WP_SEARCH_NONE;
  if (is_ample (self, workers))
    return scan_ample (self, workers, queue_jobs);
  self->assumed = TRUE;

  return search_workers (self, workers, queue_jobs);
}

gint64
wp_search_workers (WpSearch *self, guint queue_jobs)
{
  return is_monotone (self, wp_slo_trend_in_workers) ? search_workers (self, 1, queue_jobs)
                                                     : scan_workers (self, queue_jobs);
}
