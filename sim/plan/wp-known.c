#include "sim/plan/wp-known.h"

#include <stdlib.h>

#include "sim/plan/wp-lanes.h"

WpKnown *
wp_known_new (const WpSearchSetup *setup, double scale, guint64 limit)
{
  WpKnown *self = g_new0 (WpKnown, 1);
  guint64 rows = wp_tape_length (setup->tape);

  self->setup = *setup;
  self->scale = scale;
  self->limit = limit > 0 ? MIN (limit, rows) : rows;
  wp_asks_init (&self->asks, setup->slos, &setup->policy, setup->patience_ns);
  self->ample_workers = G_MAXUINT;
  self->lines = wp_lines_new ();
  self->points = wp_points_new ();

  return self;
}

void
wp_known_free (WpKnown *self)
{
  wp_lines_free (self->lines);
  wp_points_free (self->points);
  g_clear_error (&self->error);
  g_free (self);
}

static void
set_up_trial (const WpKnown *self, WpTrial *trial, guint workers, guint queue_jobs)
{
  *trial = (WpTrial) {
    .policy = self->setup.policy, .patience_ns = self->setup.patience_ns, .scale = self->scale, .limit = self->limit,
    .as_line = self->asks.by_lines, .quick = self->asks.quick, .parts = self->asks.parts, .slos = self->setup.slos,
    .wait_bound_ns = WP_TIME_NONE
  };
  trial->policy.workers = workers;
  trial->policy.queue_jobs = queue_jobs;
}

/* The whole line, whatever the objectives ask for. */
static void
set_up_whole_line (const WpKnown *self, WpTrial *trial, guint workers, guint queue_jobs)
{
  set_up_trial (self, trial, workers, queue_jobs);
  trial->as_line = TRUE;
  trial->quick = FALSE;
  trial->slos = NULL;
}

static gboolean
run_trials (WpKnown *self, WpTrial *trials, guint n)
{
  if (self->error || !wp_trials_run (self->setup.tape, trials, n, self->setup.threads, NULL, NULL, &self->error))
    return FALSE;
  self->spent_rows += n * self->limit;

  return TRUE;
}

/* More workers than are ever busy make no difference to a line. */
static guint
line_of (const WpKnown *self, guint workers)
{
  return MIN (workers, self->ample_workers);
}

static void
remember_line (WpKnown *self, WpTrial *trial)
{
  guint workers = trial->policy.workers;

  if (trial->lost)
    {
      wp_lines_put_lost (self->lines, workers, trial->policy.queue_jobs, trial->lost_slo);
      return;
    }
  if (!wp_line_fills (trial->line, 0))
    {
      workers = MIN (workers, wp_line_busiest (trial->line) + 1);
      self->ample_workers = MIN (self->ample_workers, workers);
    }
  wp_lines_put (self->lines, workers, g_steal_pointer (&trial->line));
}

static void
run_lines (WpKnown *self, WpTrial *trials, guint n)
{
  if (n > 0 && run_trials (self, trials, n))
    for (guint i = 0; i < n; i++)
      remember_line (self, &trials[i]);
  for (guint i = 0; i < n; i++)
    wp_trial_clear (&trials[i]);
}

/* Lines of those numbers of workers, all at once; given up where a queue of that size can't do, unless @in_full. */
void
wp_known_lines (WpKnown *self, const guint *workers, guint n, guint queue_jobs, gboolean in_full)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  guint n_trials = 0;

  for (guint i = 0; i < n; i++)
    {
      guint line = line_of (self, workers[i]);

      if (workers[i] == 0 || (in_full ? wp_lines_find (self->lines, line) != NULL : wp_lines_answer (self->lines, line, queue_jobs)))
        continue;
      set_up_trial (self, &trials[n_trials], workers[i], queue_jobs);
      if (in_full)
        trials[n_trials].slos = NULL;
      n_trials++;
    }
  run_lines (self, trials, n_trials);
}

/* NULL: it is lost. */
const WpLine *
wp_known_line (WpKnown *self, guint workers, guint queue_jobs, gboolean in_full)
{
  wp_known_lines (self, &workers, 1, queue_jobs, in_full);

  return wp_lines_find (self->lines, line_of (self, workers));
}

/* In place of one that does not know how many a queue of that size blocks. */
static const WpLine *
find_whole_line (WpKnown *self, guint workers, guint queue_jobs)
{
  WpTrial trial;

  set_up_whole_line (self, &trial, workers, queue_jobs);
  run_lines (self, &trial, 1);

  return self->error ? NULL : wp_lines_find (self->lines, line_of (self, workers));
}

/* By a line that watches the blocked times of these queues. */
void
wp_known_watch (WpKnown *self, guint workers, const guint *queues, guint n_queues)
{
  WpFigures figures;
  WpTrial trial;

  set_up_whole_line (self, &trial, workers, WP_KNOWN_UNLIMITED);
  trial.queues = queues;
  trial.n_queues = n_queues;
  if (run_trials (self, &trial, 1))
    for (guint i = 0; i < n_queues; i++)
      {
        wp_line_figures (trial.line, queues[i], &figures);
        wp_points_put (self->points, workers, queues[i], &figures);
      }
  wp_trial_clear (&trial);
}

/* Systems that turn requests away, all at once. */
void
wp_known_points (WpKnown *self, const guint *workers, const guint *queues, guint n, gboolean in_full)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  guint n_trials = 0;

  for (guint i = 0; i < n; i++)
    {
      const WpFigures *known = NULL;

      if (wp_points_find (self->points, workers[i], queues[i], &known) && (known || !in_full))
        continue;
      set_up_trial (self, &trials[n_trials], workers[i], queues[i]);
      trials[n_trials].as_line = trials[n_trials].quick = FALSE;
      if (in_full)
        trials[n_trials].slos = NULL;
      n_trials++;
    }
  if (n_trials > 0 && run_trials (self, trials, n_trials))
    for (guint i = 0; i < n_trials; i++)
      wp_points_put (self->points, trials[i].policy.workers, trials[i].policy.queue_jobs, trials[i].lost ? NULL : &trials[i].figures);
}

/* What more workers than are ever busy change. */
void
wp_known_spread_over (WpFigures *figures, guint workers)
{
  figures->utilisation = figures->busy_mean / workers;
}

/* FALSE: lost, or an error. */
gboolean
wp_known_look_up (WpKnown *self, guint workers, guint queue_jobs, gboolean in_full, WpFigures *figures)
{
  guint simulated = line_of (self, workers);
  const WpFigures *known = NULL;

  if (self->asks.by_lines && !self->asks.watches)
    {
      const WpLine *line = wp_known_line (self, simulated, queue_jobs, in_full);

      if (!line)
        return FALSE;
      if (in_full && !wp_line_knows (line, queue_jobs))
        line = find_whole_line (self, simulated, queue_jobs);
      if (!line)
        return FALSE;
      wp_line_figures (line, queue_jobs, figures);
    }
  else
    {
      if (self->asks.watches && !wp_points_find (self->points, simulated, queue_jobs, &known))
        wp_known_watch (self, simulated, &queue_jobs, 1);
      else if (!self->asks.watches)
        wp_known_points (self, &simulated, &queue_jobs, 1, in_full);
      if (!wp_points_find (self->points, simulated, queue_jobs, &known) || !known)
        return FALSE;
      *figures = *known;
      if (figures->busy_max < (gint64) simulated)
        self->ample_workers = MIN (simulated, self->ample_workers);
    }
  wp_known_spread_over (figures, workers);

  return TRUE;
}

/* With no limit to the workers nobody waits: one more than were then busy is ample. */
void
wp_known_find_ample (WpKnown *self)
{
  WpTrial trial;

  if (self->ample_workers < G_MAXUINT)
    return;
  set_up_whole_line (self, &trial, G_MAXUINT - 1, WP_KNOWN_UNLIMITED);
  run_lines (self, &trial, 1);
}

static int
compare_trials (gconstpointer a, gconstpointer b)
{
  guint one = ((const WpTrial *) a)->policy.workers, other = ((const WpTrial *) b)->policy.workers;

  return (one > other) - (one < other);
}

void
wp_known_prepare (WpKnown *self, const guint *workers, guint n, guint queue_jobs)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  guint n_trials = 0;

  for (guint i = 0; i < n; i++)
    {
      gboolean known = workers[i] == 0 || workers[i] > self->ample_workers || wp_lines_answer (self->lines, workers[i], WP_KNOWN_UNLIMITED);

      for (guint j = 0; j < n_trials; j++)
        known |= trials[j].policy.workers == workers[i];
      if (known || (i == n - 1 && n_trials > 0 && n_trials % WP_LANES == 0))   /* it may not be needed, and would be alone */
        continue;
      set_up_trial (self, &trials[n_trials], workers[i], WP_KNOWN_UNLIMITED);
      trials[n_trials].watched = queue_jobs;
      trials[n_trials].slos = NULL;
      n_trials++;
    }
  qsort (trials, n_trials, sizeof *trials, compare_trials);   /* side by side they take as long as the one with the most */
  run_lines (self, trials, n_trials);
}

static void
set_up_filling (const WpKnown *self, WpTrial *trial, guint workers, guint queue_jobs)
{
  set_up_trial (self, trial, workers, queue_jobs);
  trial->as_line = TRUE;
  trial->slos = NULL;
  trial->until_full = TRUE;
}

static void
remember_filling (WpKnown *self, WpTrial *trial)
{
  if (trial->lost)
    {
      self->full_workers = trial->policy.workers;
      self->full_queue = trial->policy.queue_jobs;
    }
  else if (self->asks.by_lines && !self->asks.watches)
    remember_line (self, trial);
}

/* Where jobs are dropped a line is longer than what waits. */
static gboolean
fills_for_long (WpKnown *self, guint workers, guint queue_jobs)
{
  WpFigures figures;

  wp_known_figures (self, workers, queue_jobs, &figures);

  return figures.first_full_ns != WP_TIME_NONE;
}

gboolean
wp_known_fills (WpKnown *self, guint workers, guint queue_jobs)
{
  const WpLine *line;
  WpTrial trial;

  if (workers >= self->ample_workers)
    return FALSE;
  if (workers == self->full_workers && queue_jobs == self->full_queue)
    return TRUE;
  if (self->asks.drops)
    return fills_for_long (self, workers, queue_jobs);
  if ((line = wp_lines_find (self->lines, workers)))
    return wp_line_fills (line, queue_jobs);
  set_up_filling (self, &trial, workers, queue_jobs);
  if (!run_trials (self, &trial, 1))
    trial.lost = FALSE;
  else
    remember_filling (self, &trial);
  wp_trial_clear (&trial);

  return trial.lost;
}

void
wp_known_fill_all (WpKnown *const *them, guint n, guint workers, guint queue_jobs)
{
  g_autofree WpTrial *trials = g_new (WpTrial, n);
  gboolean done;

  for (guint i = 0; i < n; i++)
    {
      set_up_filling (them[i], &trials[i], workers, queue_jobs);
      trials[i].wait_bound_ns = them[i]->asks.wait_bound_ns;
    }
  done = run_trials (them[0], trials, n);
  for (guint i = 0; i < n; i++)
    {
      if (done)
        remember_filling (them[i], &trials[i]);
      wp_trial_clear (&trials[i]);
    }
}

/* The longest line that these workers ever have before them, were nobody turned away; -1 if even a queue for all of it does not do. */
gint64
wp_known_longest (WpKnown *self, guint workers)
{
  gint64 longest = -1;
  WpTrial trial;

  if (self->asks.by_lines)
    {
      const WpLine *line = wp_known_line (self, line_of (self, workers), WP_KNOWN_UNLIMITED, FALSE);

      return line ? (gint64) wp_line_longest (line) : -1;
    }
  set_up_whole_line (self, &trial, workers, WP_KNOWN_UNLIMITED);
  if (run_trials (self, &trial, 1))
    longest = (gint64) wp_line_longest (trial.line);
  wp_trial_clear (&trial);

  return longest;
}

void
wp_known_figures (WpKnown *self, guint workers, guint queue_jobs, WpFigures *figures)
{
  const WpFigures *known = NULL;

  wp_figures_init (figures);
  if (!wp_known_look_up (self, workers, queue_jobs, TRUE, figures))
    return;
  if (!self->asks.no_blocking || figures->blocked == 0)
    return;
  wp_known_points (self, &workers, &queue_jobs, 1, TRUE);   /* somebody is turned away */
  if (wp_points_find (self->points, workers, queue_jobs, &known) && known)
    *figures = *known;
}

const WpSlo *
wp_known_lost (const WpKnown *self, guint workers)
{
  return wp_lines_lost (self->lines, line_of (self, workers));
}
