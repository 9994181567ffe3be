#include "sim/plan/wp-result-cache.h"

/* Of a number of workers. */
typedef struct {
  WpBacklog *backlog; /* NULL: this capacity and all smaller ones violate an SLO */
  guint violated_queue;
} Backlog;

/* Of workers and a queue. */
typedef struct {
  gboolean violated; /* an SLO is violated, and the summary is unknown */
  gboolean fills;    /* the queue is full at some time */
  WpSummary summary;
} Result;

static void
backlog_free (gpointer data)
{
  Backlog *self = data;

  g_clear_pointer (&self->backlog, wp_backlog_free);
  g_free (self);
}

WpResultCache *
wp_result_cache_new (const WpSearchSetup *setup, double scale)
{
  WpResultCache *self = g_new0 (WpResultCache, 1);

  self->setup = *setup;
  self->scale = scale;
  self->in_runs = setup->commit || wp_stages_need_runs (setup->stages);
  wp_slo_needs_init (&self->needs, setup->slos, &setup->policy, setup->patience_ns);
  self->is_steady = self->needs.by_backlog || setup->commit;
  if (self->in_runs)
    self->needs = (WpSloNeeds){ FALSE };
  self->ample_workers = G_MAXUINT;
  self->backlogs = g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, backlog_free);
  self->results = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);

  return self;
}

void
wp_result_cache_free (WpResultCache *self)
{
  g_hash_table_unref (self->backlogs);
  g_hash_table_unref (self->results);
  g_clear_error (&self->error);
  g_free (self);
}

/* More workers than are ever busy change no result. */
static guint
simulated (const WpResultCache *self, guint workers)
{
  return MIN (workers, self->ample_workers);
}

static const Backlog *
find_backlog (const WpResultCache *self, guint workers)
{
  return g_hash_table_lookup (self->backlogs, GUINT_TO_POINTER (simulated (self, workers)));
}

static guint64
key_of (guint workers, guint queue_jobs)
{
  return (guint64) workers << 32 | queue_jobs;
}

static const Result *
find_result (const WpResultCache *self, guint workers, guint queue_jobs)
{
  guint64 key = key_of (workers, queue_jobs);

  return g_hash_table_lookup (self->results, &key);
}

static WpEvaluation
set_up (const WpResultCache *self, guint workers, guint queue_jobs, gboolean as_backlog, gboolean in_full)
{
  WpEvaluation evaluation = { .policy = self->setup.policy,
                              .patience_ns = self->setup.patience_ns,
                              .commit = self->setup.commit,
                              .stages = self->setup.stages,
                              .as_backlog = as_backlog && !self->in_runs,
                              .reduced = self->needs.reduced,
                              .parts = self->needs.parts,
                              .slos = in_full ? NULL : self->setup.slos };

  evaluation.policy.workers = workers;
  evaluation.policy.queue_jobs = queue_jobs;

  return evaluation;
}

static gboolean
run (WpResultCache *self, WpEvaluation *evaluations, guint n)
{
  if (self->error
      || !wp_evaluations_run (self->setup.buffer, self->scale, evaluations, n, self->setup.threads, NULL,
                              NULL, &self->error))
    return FALSE;
  self->spent_rows += n * wp_trace_buffer_length (self->setup.buffer);

  return TRUE;
}

static void
take_backlog (WpResultCache *self, WpEvaluation *evaluation)
{
  Backlog entry = { g_steal_pointer (&evaluation->backlog), evaluation->policy.queue_jobs };
  guint workers = evaluation->policy.workers;

  if (entry.backlog && !wp_backlog_was_full (entry.backlog, 0))
    {
      workers = MIN (workers, (guint) wp_backlog_max_busy (entry.backlog) + 1);
      self->ample_workers = MIN (self->ample_workers, workers);
    }
  g_hash_table_replace (self->backlogs, GUINT_TO_POINTER (workers), g_memdup2 (&entry, sizeof entry));
}

static void
take_result (WpResultCache *self, guint workers, guint queue_jobs, const Result *result)
{
  guint64 key = key_of (workers, queue_jobs);

  g_hash_table_replace (self->results, g_memdup2 (&key, sizeof key), g_memdup2 (result, sizeof *result));
}

static void
take_watched (WpResultCache *self, const WpEvaluation *evaluation)
{
  for (guint i = 0; i < evaluation->n_queues; i++)
    {
      Result result = { .fills = wp_backlog_was_full (evaluation->backlog, evaluation->queues[i]) };

      wp_backlog_summary (evaluation->backlog, evaluation->queues[i], &result.summary);
      take_result (self, evaluation->policy.workers, evaluation->queues[i], &result);
    }
}

static void
take (WpResultCache *self, WpEvaluation *evaluation)
{
  if (evaluation->n_queues > 0)
    take_watched (self, evaluation);
  else if (evaluation->as_backlog)
    take_backlog (self, evaluation);
  else
    {
      Result result = { evaluation->violated != NULL, evaluation->summary.first_full_ns != WP_TIME_NONE,
                        evaluation->summary };

      take_result (self, evaluation->policy.workers, evaluation->policy.queue_jobs, &result);
    }
}

static void
run_and_take (WpResultCache *self, WpEvaluation *evaluations, guint n)
{
  if (n == 0 || !run (self, evaluations, n))
    return;
  for (guint i = 0; i < n; i++)
    {
      take (self, &evaluations[i]);
      wp_evaluation_clear (&evaluations[i]);
    }
}

/* Replaces a reduced backlog if it does not know how many requests this capacity blocks. */
static const Backlog *
find_full_backlog (WpResultCache *self, guint workers)
{
  WpEvaluation evaluation = set_up (self, simulated (self, workers), WP_QUEUE_UNLIMITED, TRUE, TRUE);

  evaluation.reduced = FALSE;
  run_and_take (self, &evaluation, 1);

  return self->error ? NULL : find_backlog (self, workers);
}

static void
fill_backlogs (WpResultCache *self, const guint *workers, guint n, guint queue_jobs, gboolean in_full)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n);
  guint n_evaluations = 0;

  for (guint i = 0; i < n; i++)
    {
      const Backlog *known = find_backlog (self, workers[i]);

      if (!known || (!known->backlog && (in_full || queue_jobs > known->violated_queue)))
        evaluations[n_evaluations++] = set_up (self, simulated (self, workers[i]), queue_jobs, TRUE, in_full);
    }
  run_and_take (self, evaluations, n_evaluations);
}

/* Computes full backlogs with the blocked times of these queues. */
static void
fill_watched (WpResultCache *self, const guint *workers, guint n_workers, const guint *queues, guint n_queues)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n_workers);
  guint n = 0;

  for (guint i = 0; i < n_workers; i++)
    {
      gboolean known = TRUE;

      for (guint j = 0; j < n_queues; j++)
        known &= find_result (self, simulated (self, workers[i]), queues[j]) != NULL;
      if (known)
        continue;
      evaluations[n] = set_up (self, simulated (self, workers[i]), WP_QUEUE_UNLIMITED, TRUE, TRUE);
      evaluations[n].queues = queues;
      evaluations[n++].n_queues = n_queues;
    }
  run_and_take (self, evaluations, n);
}

static void
fill_results (WpResultCache *self, const guint *workers, guint n_workers, const guint *queues, guint n_queues,
              gboolean in_full)
{
  g_autofree WpEvaluation *evaluations = g_new (WpEvaluation, n_workers * n_queues);
  guint n = 0;

  for (guint i = 0; i < n_workers * n_queues; i++)
    {
      guint one = simulated (self, workers[i / n_queues]), queue_jobs = queues[i % n_queues];
      const Result *known = find_result (self, one, queue_jobs);

      if (!known || (known->violated && in_full))
        evaluations[n++] = set_up (self, one, queue_jobs, FALSE, in_full);
    }
  run_and_take (self, evaluations, n);
}

void
wp_result_cache_fill (WpResultCache *self, const guint *workers, guint n_workers, const guint *queues,
                      guint n_queues, gboolean in_full)
{
  if (self->needs.blocked_times)
    fill_watched (self, workers, n_workers, queues, n_queues);
  else if (self->needs.by_backlog)
    fill_backlogs (self, workers, n_workers, queues[0], in_full);
  else
    fill_results (self, workers, n_workers, queues, n_queues, in_full);
}

void
wp_result_cache_adjust_workers (WpSummary *summary, guint workers)
{
  summary->utilisation = summary->busy_mean / workers;
}

static gboolean
find (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full, WpSummary *summary,
      gboolean *fills)
{
  wp_result_cache_fill (self, &workers, 1, &queue_jobs, 1, in_full);
  if (self->needs.by_backlog && !self->needs.blocked_times)
    {
      const Backlog *known = find_backlog (self, workers);

      if (in_full && known && known->backlog && !wp_backlog_is_exact (known->backlog, queue_jobs))
        known = find_full_backlog (self, workers);
      if (!known || !known->backlog)
        return FALSE;
      wp_backlog_summary (known->backlog, queue_jobs, summary);
      *fills = wp_backlog_was_full (known->backlog, queue_jobs);
    }
  else
    {
      guint one = simulated (self, workers);
      const Result *known = find_result (self, one, queue_jobs);

      if (!known || known->violated)
        return FALSE;
      *summary = known->summary;
      *fills = known->fills;
      if (summary->busy_max < (gint64) one)
        self->ample_workers = one;
    }
  wp_result_cache_adjust_workers (summary, workers);

  return TRUE;
}

gboolean
wp_result_cache_find (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full,
                      WpSummary *summary)
{
  gboolean fills;

  return find (self, workers, queue_jobs, in_full, summary, &fills);
}

gboolean
wp_result_cache_summary (WpResultCache *self, guint workers, guint queue_jobs, WpSummary *summary)
{
  gboolean fills = FALSE;

  wp_summary_init (summary);
  if (!find (self, workers, queue_jobs, TRUE, summary, &fills) || !self->needs.no_blocking
      || summary->blocked == 0)
    return fills;
  fill_results (self, &workers, 1, &queue_jobs, 1, TRUE); /* some requests are turned away */
  if (!self->error)
    *summary = find_result (self, simulated (self, workers), queue_jobs)->summary;

  return fills;
}

/* With unlimited workers no request waits: one worker more than were then busy is ample. */
void
wp_result_cache_find_ample (WpResultCache *self)
{
  WpEvaluation evaluation = set_up (self, G_MAXUINT - 1, WP_QUEUE_UNLIMITED, TRUE, TRUE);

  if (self->ample_workers != G_MAXUINT)
    return;
  run_and_take (self, &evaluation, 1);
  if (self->in_runs && !self->error)
    self->ample_workers = (guint) MAX (evaluation.summary.busy_max, 0) + 1;
}

gint64
wp_result_cache_longest (WpResultCache *self, guint workers)
{
  const Backlog *known;
  WpSummary summary;

  if (self->in_runs)
    return wp_result_cache_find (self, workers, WP_QUEUE_UNLIMITED, TRUE, &summary) ? summary.depth_max : -1;
  fill_backlogs (self, &workers, 1, WP_QUEUE_UNLIMITED, !self->needs.by_backlog);
  known = find_backlog (self, workers);

  return known && known->backlog ? (gint64) wp_backlog_max_length (known->backlog) : -1;
}
