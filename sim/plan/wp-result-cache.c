#include "sim/plan/wp-result-cache.h"

#include <stdlib.h>

#include "sim/plan/wp-backlog-avx2.h"

WpResultCache *
wp_result_cache_new (const WpSearchSetup *setup, double scale, guint64 limit)
{
  WpResultCache *self = g_new0 (WpResultCache, 1);
  guint64 rows = wp_trace_buffer_length (setup->buffer);

  self->setup = *setup;
  self->scale = scale;
  self->limit = limit > 0 ? MIN (limit, rows) : rows;
  wp_slo_needs_init (&self->needs, setup->slos, &setup->policy, setup->patience_ns);
  self->ample_workers = G_MAXUINT;
  self->lines = wp_lines_new ();
  self->points = wp_points_new ();

  return self;
}

void
wp_result_cache_free (WpResultCache *self)
{
  wp_lines_free (self->lines);
  wp_points_free (self->points);
  g_clear_error (&self->error);
  g_free (self);
}

static void
set_up_evaluation (const WpResultCache *self, WpEvaluation *evaluation, guint workers, guint queue_jobs)
{
  *evaluation = (WpEvaluation) {
    .policy = self->setup.policy, .patience_ns = self->setup.patience_ns, .scale = self->scale, .limit = self->limit,
    .as_line = self->needs.by_lines, .quick = self->needs.quick, .parts = self->needs.parts, .slos = self->setup.slos,
    .wait_bound_ns = WP_TIME_NONE
  };
  evaluation->policy.workers = workers;
  evaluation->policy.queue_jobs = queue_jobs;
}

/* The whole line, whatever the objectives ask for. */
static void
set_up_whole_line (const WpResultCache *self, WpEvaluation *evaluation, guint workers, guint queue_jobs)
{
  set_up_evaluation (self, evaluation, workers, queue_jobs);
  evaluation->as_line = TRUE;
  evaluation->quick = FALSE;
  evaluation->slos = NULL;
}

static gboolean
run_evaluations (WpResultCache *self, WpEvaluation *evaluations, guint n)
{
  if (self->error || !wp_evaluations_run (self->setup.buffer, evaluations, n, self->setup.threads, NULL, NULL, &self->error))
    return FALSE;
  self->spent_rows += n * self->limit;

  return TRUE;
}

/* More workers than are ever busy make no difference to a line. */
static guint
line_of (const WpResultCache *self, guint workers)
{
  return MIN (workers, self->ample_workers);
}

static void
remember_line (WpResultCache *self, WpEvaluation *evaluation)
{
  guint workers = evaluation->policy.workers;

  if (evaluation->lost)
    {
      wp_lines_put_lost (self->lines, workers, evaluation->policy.queue_jobs, evaluation->lost_slo);
      return;
    }
  if (!wp_backlog_fills (evaluation->line, 0))
    {
      workers = MIN (workers, wp_backlog_busiest (evaluation->line) + 1);
      self->ample_workers = MIN (self->ample_workers, workers);
    }
  wp_lines_put (self->lines, workers, g_steal_pointer (&evaluation->line));
}

static void
run_lines (WpResultCache *self, WpEvaluation *evaluations, guint n)
{
  if (n > 0 && run_evaluations (self, evaluations, n))
    for (guint i = 0; i < n; i++)
      remember_line (self, &evaluations[i]);
  for (guint i = 0; i < n; i++)
    wp_evaluation_clear (&evaluations[i]);
}

/* Lines of those numbers of workers, all at once; given up where a queue of that size can't do, unless @in_full. */
void
wp_result_cache_lines (WpResultCache *self, const guint *workers, guint n, guint queue_jobs, gboolean in_full)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n);
  guint n_evaluations = 0;

  for (guint i = 0; i < n; i++)
    {
      guint line = line_of (self, workers[i]);

      if (workers[i] == 0 || (in_full ? wp_lines_find (self->lines, line) != NULL : wp_lines_answer (self->lines, line, queue_jobs)))
        continue;
      set_up_evaluation (self, &evaluations[n_evaluations], workers[i], queue_jobs);
      if (in_full)
        evaluations[n_evaluations].slos = NULL;
      n_evaluations++;
    }
  run_lines (self, evaluations, n_evaluations);
}

/* NULL: it is lost. */
const WpBacklog *
wp_result_cache_line (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full)
{
  wp_result_cache_lines (self, &workers, 1, queue_jobs, in_full);

  return wp_lines_find (self->lines, line_of (self, workers));
}

/* In place of one that does not know how many a queue of that size blocks. */
static const WpBacklog *
find_whole_line (WpResultCache *self, guint workers, guint queue_jobs)
{
  WpEvaluation evaluation;

  set_up_whole_line (self, &evaluation, workers, queue_jobs);
  run_lines (self, &evaluation, 1);

  return self->error ? NULL : wp_lines_find (self->lines, line_of (self, workers));
}

/* By a line that watches the blocked times of these queues. */
void
wp_result_cache_watch (WpResultCache *self, guint workers, const guint *queues, guint n_queues)
{
  WpFigures figures;
  WpEvaluation evaluation;

  set_up_whole_line (self, &evaluation, workers, WP_QUEUE_UNLIMITED);
  evaluation.queues = queues;
  evaluation.n_queues = n_queues;
  if (run_evaluations (self, &evaluation, 1))
    for (guint i = 0; i < n_queues; i++)
      {
        wp_backlog_figures (evaluation.line, queues[i], &figures);
        wp_points_put (self->points, workers, queues[i], &figures);
      }
  wp_evaluation_clear (&evaluation);
}

/* Systems that turn requests away, all at once. */
void
wp_result_cache_points (WpResultCache *self, const guint *workers, const guint *queues, guint n, gboolean in_full)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n);
  guint n_evaluations = 0;

  for (guint i = 0; i < n; i++)
    {
      const WpFigures *known = NULL;

      if (wp_points_find (self->points, workers[i], queues[i], &known) && (known || !in_full))
        continue;
      set_up_evaluation (self, &evaluations[n_evaluations], workers[i], queues[i]);
      evaluations[n_evaluations].as_line = evaluations[n_evaluations].quick = FALSE;
      if (in_full)
        evaluations[n_evaluations].slos = NULL;
      n_evaluations++;
    }
  if (n_evaluations > 0 && run_evaluations (self, evaluations, n_evaluations))
    for (guint i = 0; i < n_evaluations; i++)
      wp_points_put (self->points, evaluations[i].policy.workers, evaluations[i].policy.queue_jobs, evaluations[i].lost ? NULL : &evaluations[i].figures);
}

/* What more workers than are ever busy change. */
void
wp_result_cache_spread_over (WpFigures *figures, guint workers)
{
  figures->utilisation = figures->busy_mean / workers;
}

/* FALSE: lost, or an error. */
gboolean
wp_result_cache_look_up (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full, WpFigures *figures)
{
  guint simulated = line_of (self, workers);
  const WpFigures *known = NULL;

  if (self->needs.by_lines && !self->needs.watches)
    {
      const WpBacklog *line = wp_result_cache_line (self, simulated, queue_jobs, in_full);

      if (!line)
        return FALSE;
      if (in_full && !wp_backlog_knows (line, queue_jobs))
        line = find_whole_line (self, simulated, queue_jobs);
      if (!line)
        return FALSE;
      wp_backlog_figures (line, queue_jobs, figures);
    }
  else
    {
      if (self->needs.watches && !wp_points_find (self->points, simulated, queue_jobs, &known))
        wp_result_cache_watch (self, simulated, &queue_jobs, 1);
      else if (!self->needs.watches)
        wp_result_cache_points (self, &simulated, &queue_jobs, 1, in_full);
      if (!wp_points_find (self->points, simulated, queue_jobs, &known) || !known)
        return FALSE;
      *figures = *known;
      if (figures->busy_max < (gint64) simulated)
        self->ample_workers = MIN (simulated, self->ample_workers);
    }
  wp_result_cache_spread_over (figures, workers);

  return TRUE;
}

/* With no limit to the workers nobody waits: one more than were then busy is ample. */
void
wp_result_cache_find_ample (WpResultCache *self)
{
  WpEvaluation evaluation;

  if (self->ample_workers < G_MAXUINT)
    return;
  set_up_whole_line (self, &evaluation, G_MAXUINT - 1, WP_QUEUE_UNLIMITED);
  run_lines (self, &evaluation, 1);
}

static int
compare_evaluations (gconstpointer a, gconstpointer b)
{
  guint one = ((const WpEvaluation *) a)->policy.workers, other = ((const WpEvaluation *) b)->policy.workers;

  return (one > other) - (one < other);
}

void
wp_result_cache_prepare (WpResultCache *self, const guint *workers, guint n, guint queue_jobs)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n);
  guint n_evaluations = 0;

  for (guint i = 0; i < n; i++)
    {
      gboolean known = workers[i] == 0 || workers[i] > self->ample_workers || wp_lines_answer (self->lines, workers[i], WP_QUEUE_UNLIMITED);

      for (guint j = 0; j < n_evaluations; j++)
        known |= evaluations[j].policy.workers == workers[i];
      if (known || (i == n - 1 && n_evaluations > 0 && n_evaluations % WP_BACKLOG_AVX2_LANES == 0))   /* it may not be needed, and would be alone */
        continue;
      set_up_evaluation (self, &evaluations[n_evaluations], workers[i], WP_QUEUE_UNLIMITED);
      evaluations[n_evaluations].watched = queue_jobs;
      evaluations[n_evaluations].slos = NULL;
      n_evaluations++;
    }
  qsort (evaluations, n_evaluations, sizeof *evaluations, compare_evaluations);   /* side by side they take as long as the one with the most */
  run_lines (self, evaluations, n_evaluations);
}

static void
set_up_filling (const WpResultCache *self, WpEvaluation *evaluation, guint workers, guint queue_jobs)
{
  set_up_evaluation (self, evaluation, workers, queue_jobs);
  evaluation->as_line = TRUE;
  evaluation->slos = NULL;
  evaluation->until_full = TRUE;
}

static void
remember_filling (WpResultCache *self, WpEvaluation *evaluation)
{
  if (evaluation->lost)
    {
      self->full_workers = evaluation->policy.workers;
      self->full_queue = evaluation->policy.queue_jobs;
    }
  else if (self->needs.by_lines && !self->needs.watches)
    remember_line (self, evaluation);
}

/* Where jobs are dropped a line is longer than what waits. */
static gboolean
fills_for_long (WpResultCache *self, guint workers, guint queue_jobs)
{
  WpFigures figures;

  wp_result_cache_figures (self, workers, queue_jobs, &figures);

  return figures.first_full_ns != WP_TIME_NONE;
}

gboolean
wp_result_cache_fills (WpResultCache *self, guint workers, guint queue_jobs)
{
  const WpBacklog *line;
  WpEvaluation evaluation;

  if (workers >= self->ample_workers)
    return FALSE;
  if (workers == self->full_workers && queue_jobs == self->full_queue)
    return TRUE;
  if (self->needs.drops)
    return fills_for_long (self, workers, queue_jobs);
  if ((line = wp_lines_find (self->lines, workers)))
    return wp_backlog_fills (line, queue_jobs);
  set_up_filling (self, &evaluation, workers, queue_jobs);
  if (!run_evaluations (self, &evaluation, 1))
    evaluation.lost = FALSE;
  else
    remember_filling (self, &evaluation);
  wp_evaluation_clear (&evaluation);

  return evaluation.lost;
}

void
wp_result_cache_fill_all (WpResultCache *const *them, guint n, guint workers, guint queue_jobs)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n);
  gboolean done;

  for (guint i = 0; i < n; i++)
    {
      set_up_filling (them[i], &evaluations[i], workers, queue_jobs);
      evaluations[i].wait_bound_ns = them[i]->needs.wait_bound_ns;
    }
  done = run_evaluations (them[0], evaluations, n);
  for (guint i = 0; i < n; i++)
    {
      if (done)
        remember_filling (them[i], &evaluations[i]);
      wp_evaluation_clear (&evaluations[i]);
    }
}

/* The longest line that these workers ever have before them, were nobody turned away; -1 if even a queue for all of it does not do. */
gint64
wp_result_cache_longest (WpResultCache *self, guint workers)
{
  gint64 longest = -1;
  WpEvaluation evaluation;

  if (self->needs.by_lines)
    {
      const WpBacklog *line = wp_result_cache_line (self, line_of (self, workers), WP_QUEUE_UNLIMITED, FALSE);

      return line ? (gint64) wp_backlog_longest (line) : -1;
    }
  set_up_whole_line (self, &evaluation, workers, WP_QUEUE_UNLIMITED);
  if (run_evaluations (self, &evaluation, 1))
    longest = (gint64) wp_backlog_longest (evaluation.line);
  wp_evaluation_clear (&evaluation);

  return longest;
}

void
wp_result_cache_figures (WpResultCache *self, guint workers, guint queue_jobs, WpFigures *figures)
{
  const WpFigures *known = NULL;

  wp_figures_init (figures);
  if (!wp_result_cache_look_up (self, workers, queue_jobs, TRUE, figures))
    return;
  if (!self->needs.no_blocking || figures->blocked == 0)
    return;
  wp_result_cache_points (self, &workers, &queue_jobs, 1, TRUE);   /* somebody is turned away */
  if (wp_points_find (self->points, workers, queue_jobs, &known) && known)
    *figures = *known;
}

const WpSlo *
wp_result_cache_lost (const WpResultCache *self, guint workers)
{
  return wp_lines_lost (self->lines, line_of (self, workers));
}
