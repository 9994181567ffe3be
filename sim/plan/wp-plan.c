#include "sim/plan/wp-plan.h"

#include <math.h>

#define FRONTIER_POINTS 4     /* with both ends */
#define THREAD_ROWS     10000 /* a shorter trace takes less time than starting a thread */

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
          || (ill < INFINITY && probe <= least * PRECISION) || well >= WP_HEADROOM_MAX)
        break;
      probe = ill < INFINITY ? MAX (least, probe / step) : MIN (WP_HEADROOM_MAX, probe * step);
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

  return load > 0 ? CLAMP (workers_of (self) / load, scale, WP_HEADROOM_MAX) : scale;
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

/* @well: times the traffic at which the setup's sizes meet the objectives. @until: (out): the most, within
 * 1 %, at which they do, whether the queue fills or not; WP_HEADROOM_MAX ends the search. */
static gboolean
headroom_holds (const WpSearchSetup *setup, double well, double *until, GError **error)
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

const double wp_plan_scales[WP_PLAN_SCALES] = { 1, 2 }; /* the first as it is, which has the headroom */

static void
set_point (WpPlanPoint *point, WpSearch *search, double scale, guint workers, guint queue_jobs, gboolean does)
{
  *point = (WpPlanPoint){ .scale = scale, .workers = workers, .queue_jobs = queue_jobs, .meets = does };
  wp_search_summary (search, workers, queue_jobs, &point->summary);
}

static void
add_result (WpPlan *self, WpSearch *search, double scale, WpPlanKind kind, guint workers, guint queue_jobs)
{
  gboolean less_workers = kind == WP_PLAN_WORKERS || (kind == WP_PLAN_FRONTIER && queue_jobs == 0);
  WpPlanResult result = { .kind = kind, .has_neighbour = less_workers ? workers > 1 : queue_jobs > 0 };

  set_point (&result.point, search, scale, workers, queue_jobs, TRUE);
  if (result.has_neighbour)
    {
      set_point (&result.neighbour, search, scale, workers - less_workers, queue_jobs - !less_workers, FALSE);
      result.point.slo = result.neighbour.slo = wp_slos_first_failure (self->slos, &result.neighbour.summary);
    }
  g_array_append_val (self->results, result);
}

/* The figures of a size, and the first objective that it fails. */
static WpPlanPoint
plan_limit (WpSearch *search, const GPtrArray *slos, double scale, guint workers, guint queue_jobs)
{
  WpPlanPoint point;

  set_point (&point, search, scale, workers, queue_jobs, FALSE);
  point.slo = wp_slos_first_failure (slos, &point.summary);

  return point;
}

static void
add_limit (WpPlan *self, WpSearch *search, double scale, WpPlanKind kind, guint workers, guint queue_jobs)
{
  WpPlanLimit limit = { kind, plan_limit (search, self->slos, scale, workers, queue_jobs) };

  g_array_append_val (self->limits, limit);
}

/* Numbers of workers. */
typedef struct {
  gint64 from, end;
} Span;

/* The range of the frontier: from the fewest workers for the given queue to the given workers, if they meet
 * the objectives, but at most the number that is ever busy. */
static Span
span_of (WpSearch *search, gint64 fewest, guint given, gboolean given_do)
{
  gint64 other = given_do && given != fewest ? given : fewest + MAX (1, fewest / 2);

  return (Span){ MIN (fewest, other), MIN (MAX (fewest, other), wp_search_ample (search)) };
}

/* From the fewest workers to the most, denser where the queue falls fast. */
static guint
between (Span span, guint point)
{
  double share = (double) point / (FRONTIER_POINTS - 1);

  return (guint) (span.from + (gint64) ((double) (MAX (span.end, span.from) - span.from) * share * share));
}

static void
add_point (WpPlan *self, WpSearch *search, double scale, guint workers, gint64 queue_jobs)
{
  gint64 without = queue_jobs == 0 ? wp_search_workers (search, 0) : WP_SEARCH_NONE;

  if (queue_jobs > 0)
    add_result (self, search, scale, WP_PLAN_FRONTIER, workers, (guint) queue_jobs);
  else if (without > 0)
    add_result (self, search, scale, WP_PLAN_FRONTIER, (guint) without, 0);
}

static void
prepare (WpSearch *search, gint64 fewest, Span span)
{
  guint workers[FRONTIER_POINTS];

  for (guint i = 0; i < FRONTIER_POINTS; i++)
    workers[i] = i == 0 ? (guint) fewest : between (span, i);
  wp_search_prepare (search, workers, FRONTIER_POINTS);
}

/* Adds numbers of workers with their smallest queues: the fewest workers, and some between the two results,
 * each with a smaller queue than the previous one. @for_given: the fewest workers for the given queue. */
static void
add_frontier (WpPlan *self, WpSearch *search, double scale, gint64 for_given, guint given, gboolean given_do)
{
  gint64 fewest = wp_search_workers (search, WP_QUEUE_UNLIMITED), last = G_MAXINT64;
  Span span;

  if (fewest <= 0)
    return;
  span = span_of (search, for_given > 0 ? for_given : fewest, given, given_do);
  if (span.end <= fewest)
    span = span_of (search, fewest, given, given_do);
  prepare (search, fewest, span);
  for (guint i = 0; i < FRONTIER_POINTS && last > 0; i++)
    {
      guint workers = i == 0 ? (guint) fewest : between (span, i);
      gint64 queue_jobs
          = workers >= fewest && workers != given ? wp_search_queue (search, workers) : WP_SEARCH_NONE;

      if (queue_jobs < 0 || queue_jobs >= last)
        continue;
      add_point (self, search, scale, workers, queue_jobs);
      last = queue_jobs;
    }
}

static void
add_scale (WpPlan *self, WpSearch *search, const WpSearchSetup *setup, double scale)
{
  gboolean pool = setup->policy.mode == WP_MODE_WORKER_POOL;
  guint workers = pool ? setup->policy.workers : 1;
  gint64 fewest = pool ? wp_search_workers (search, setup->policy.queue_jobs) : WP_SEARCH_NONE;
  gint64 shortest;

  if (fewest > 0)
    add_result (self, search, scale, WP_PLAN_WORKERS, (guint) fewest, setup->policy.queue_jobs);
  else if (pool)
    add_limit (self, search, scale, WP_PLAN_WORKERS, wp_search_most_workers (search),
               setup->policy.queue_jobs);
  shortest = wp_search_queue (search, workers);
  if (shortest >= 0)
    add_result (self, search, scale, WP_PLAN_QUEUE, workers, (guint) shortest);
  else
    add_limit (self, search, scale, WP_PLAN_QUEUE, workers, WP_QUEUE_UNLIMITED);
  if (pool)
    add_frontier (self, search, scale, fewest, workers, shortest >= 0);
  self->assumed |= wp_search_is_assumed (search);
}

/* One scale of a plan, on a thread of its own. */
typedef struct {
  WpSearchSetup setup;
  WpPlan part;
  double scale;
  GError *error;
} Part;

static gpointer
plan_part (gpointer data)
{
  Part *self = data;
  g_autoptr (WpSearch) search = wp_search_new (&self->setup, self->scale);
  gboolean as_it_is = self->scale == 1;

  self->part.results = g_array_new (FALSE, FALSE, sizeof (WpPlanResult));
  self->part.limits = g_array_new (FALSE, FALSE, sizeof (WpPlanLimit));
  add_scale (&self->part, search, &self->setup, self->scale);
  if (wp_search_check (search, &self->error) && as_it_is)
    wp_headroom_find (&self->setup, search, &self->part.headroom, &self->error);

  return NULL;
}

static void
run_parts (Part *parts, const WpSearchSetup *setup, GPtrArray *slos)
{
  gboolean side_by_side = setup->threads > 1 && wp_trace_buffer_length (setup->buffer) >= THREAD_ROWS;
  GThread *threads[WP_PLAN_SCALES] = { NULL };

  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    {
      parts[i] = (Part){ .setup = *setup,
                         .part = { .slos = slos, .policy = setup->policy },
                         .scale = wp_plan_scales[i] };
      if (side_by_side)
        parts[i].setup.threads = MAX (1, setup->threads / WP_PLAN_SCALES);
      if (side_by_side && i > 0)
        threads[i] = g_thread_try_new ("plan", plan_part, &parts[i], NULL); /* if NULL, this thread does it */
    }
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    if (threads[i] == NULL)
      plan_part (&parts[i]);
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    if (threads[i] != NULL)
      g_thread_join (threads[i]);
}

static void
take_part (WpPlan *self, Part *part, GError **error)
{
  g_array_append_vals (self->results, part->part.results->data, part->part.results->len);
  g_array_unref (part->part.results);
  g_array_append_vals (self->limits, part->part.limits->data, part->part.limits->len);
  g_array_unref (part->part.limits);
  self->assumed |= part->part.assumed;
  if (part->error && !*error)
    *error = g_steal_pointer (&part->error);
  g_clear_error (&part->error);
}

WpPlan *
wp_plan_new (const WpSearchSetup *setup, GPtrArray *slos, GError **error)
{
  g_autoptr (WpPlan) self = g_new0 (WpPlan, 1);
  Part parts[WP_PLAN_SCALES];
  GError *first = NULL;

  self->slos = g_ptr_array_ref (slos);
  self->policy = setup->policy;
  self->results = g_array_new (FALSE, FALSE, sizeof (WpPlanResult));
  self->limits = g_array_new (FALSE, FALSE, sizeof (WpPlanLimit));
  run_parts (parts, setup, slos);
  self->met = parts[0].part.results->len > 0;
  self->headroom = parts[0].part.headroom;
  for (guint i = 0; i < WP_PLAN_SCALES; i++)
    take_part (self, &parts[i], &first);
  if (!first)
    return g_steal_pointer (&self);
  g_propagate_error (error, first);

  return NULL;
}

void
wp_plan_free (WpPlan *self)
{
  g_clear_pointer (&self->slos, g_ptr_array_unref);
  g_clear_pointer (&self->results, g_array_unref);
  g_clear_pointer (&self->limits, g_array_unref);
  g_free (self);
}

const WpPlanResult *
wp_plan_find (const WpPlan *self, double scale, WpPlanKind kind)
{
  for (guint i = 0; i < self->results->len; i++)
    {
      const WpPlanResult *result = &g_array_index (self->results, WpPlanResult, i);

      if (result->kind == kind && result->point.scale == scale)
        return result;
    }

  return NULL;
}

const WpPlanLimit *
wp_plan_find_limit (const WpPlan *self, double scale, WpPlanKind kind)
{
  for (guint i = 0; i < self->limits->len; i++)
    {
      const WpPlanLimit *limit = &g_array_index (self->limits, WpPlanLimit, i);

      if (limit->kind == kind && limit->point.scale == scale)
        return limit;
    }

  return NULL;
}

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
        = plan_limit (search, slos, self->margin, wp_search_most_workers (search), WP_QUEUE_UNLIMITED);

  return wp_search_check (search, error) ? workers : WP_SEARCH_NONE;
}

static void
set_neighbour (WpRecommendation *self, WpSearch *search, const GPtrArray *slos, guint workers,
               guint queue_jobs)
{
  if (workers == 0 || queue_jobs == G_MAXUINT)
    return;
  self->neighbour = plan_limit (search, slos, self->margin, workers, queue_jobs);
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
    self->limit = plan_limit (search, setup->slos, self->margin, self->workers, WP_QUEUE_UNLIMITED);

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

  return !self->is_found || headroom_holds (&sized, margin, &self->holds, error);
}
