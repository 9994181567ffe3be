#include "sim/plan/wp-evaluation.h"

#include "sim/base/wp-error.h"
#include "sim/plan/wp-backlog-avx2.h"

#define LANES       WP_BACKLOG_AVX2_LANES
#define CHECK_ROWS  (64 * 1024) /* between two checks of the SLOs */
#define MODEL_ROWS  1024
#define THREAD_ROWS 10000 /* fewer take less time than starting a thread */

/* The work of one thread in one pass: one evaluation, or several in vector lanes. */
typedef struct {
  WpEvaluation *evaluations[LANES];
  guint n;
} Task;

typedef struct {
  const WpTraceBuffer *buffer;
  double scale;
  guint n_evaluations;
  WpEvaluationDone done;
  gpointer data;
  GError *error; /* the first */
  GMutex mutex;  /* guards error and calls of done */
} Batch;

void
wp_evaluation_clear (WpEvaluation *self)
{
  g_clear_pointer (&self->backlog, wp_backlog_free);
}

static void
find_violated (WpEvaluation *self, const WpSloSoFar *so_far)
{
  for (guint i = 0; i < self->slos->len && !self->violated; i++)
    if (wp_slo_is_violated (g_ptr_array_index (self->slos, i), so_far))
      self->violated = g_ptr_array_index (self->slos, i);
}

static void
check_model (WpEvaluation *self, const WpModel *model, guint64 requests)
{
  WpSloSoFar so_far = { .requests = requests };
  WpSummary counts;

  wp_model_get_counts (model, &counts, &so_far.wait, &so_far.response);
  so_far.blocked = counts.blocked;
  so_far.rejected = counts.rejected;
  so_far.timed_out = counts.timed_out;
  so_far.abandoned = counts.abandoned;
  find_violated (self, &so_far);
}

static void
check_backlog (WpEvaluation *self, guint64 requests)
{
  find_violated (self, &(WpSloSoFar){ .requests = requests,
                                      .blocked = wp_backlog_blocked (self->backlog, self->policy.queue_jobs),
                                      .wait = wp_backlog_wait (self->backlog),
                                      .response = wp_backlog_response (self->backlog) });
}

static gboolean
offer_model (WpModel *model, const WpTraceBlock *block)
{
  WpRow rows[MODEL_ROWS];

  for (gsize done = 0, n; done < block->n_rows; done += n)
    {
      n = MIN (MODEL_ROWS, block->n_rows - done);
      for (gsize i = 0; i < n; i++)
        rows[i].arrival_ns = block->arrivals_ns[done + i];
      if (!wp_model_offer (model, rows, block->services_ns + done, n, NULL))
        return FALSE;
    }

  return TRUE;
}

/* FALSE: a time exceeds 292 years. */
static gboolean
pass (WpEvaluation *self, const Batch *batch, WpModel *model)
{
  guint64 requests = wp_trace_buffer_length (batch->buffer);
  WpTraceBlock block;

  for (guint64 first = 0;
       !self->violated && wp_trace_buffer_read (batch->buffer, batch->scale, first, &block);
       first += block.n_rows)
    {
      guint64 end = first + block.n_rows;

      if (!(model ? offer_model (model, &block)
                  : wp_backlog_offer (self->backlog, block.arrivals_ns, block.services_ns, block.n_rows)))
        return FALSE;
      if (!self->slos || (end % CHECK_ROWS != 0 && end < requests))
        continue;
      if (model)
        check_model (self, model, requests);
      else
        check_backlog (self, requests);
    }

  return TRUE;
}

static gboolean
fail_of_time (const WpEvaluation *self, const Batch *batch, GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE,
                  "%u workers at %g times the traffic: the simulated time passes 292 years",
                  self->policy.workers, batch->scale);
}

/* The objectives are judged at the end: so far the model of group commit knows no results. */
static gboolean
evaluate_groups (WpEvaluation *self, const Batch *batch, GError **error)
{
  g_autoptr (WpBulkService) model = NULL;
  WpLayout layout;
  WpTraceBlock block;
  gboolean good = TRUE;

  wp_policy_layout (&self->policy, &layout);
  model = wp_bulk_service_new (&layout, self->patience_ns, self->commit, NULL, NULL);
  for (guint64 first = 0; good && wp_trace_buffer_read (batch->buffer, batch->scale, first, &block);
       first += block.n_rows)
    for (gsize i = 0; i < block.n_rows && good; i++)
      good = wp_bulk_service_offer (model, block.arrivals_ns[i]);

  return (good && wp_bulk_service_finish (model, &self->summary)) || fail_of_time (self, batch, error);
}

static guint
find_largest (const guint *queues, guint n_queues)
{
  guint largest = 0;

  for (guint i = 0; i < n_queues; i++)
    largest = MAX (largest, queues[i]);

  return largest;
}

static gboolean
evaluate (WpEvaluation *self, const Batch *batch, GError **error)
{
  g_autoptr (WpModel) model = NULL;
  WpLayout layout;

  wp_policy_layout (&self->policy, &layout);
  if (self->as_backlog)
    self->backlog = wp_backlog_new (layout.workers, self->parts, self->queues, self->n_queues);
  else
    model = wp_model_new (&layout, self->patience_ns);
  if (self->backlog && self->only_queues)
    wp_backlog_bound (self->backlog, find_largest (self->queues, self->n_queues));
  if (!pass (self, batch, model))
    return fail_of_time (self, batch, error);
  if (model)
    wp_model_finish (model, &self->summary);
  else if (self->violated)
    wp_evaluation_clear (self);
  else
    wp_backlog_finish (self->backlog);

  return TRUE;
}

static guint
workers_of (const WpEvaluation *self)
{
  return self->policy.mode == WP_MODE_BUFFERED_CHANNEL ? 1 : self->policy.workers;
}

static gboolean
check_lane (WpEvaluation *self, WpBacklogAvx2 *backlogs, guint lane, guint64 requests)
{
  if (!self->slos || self->violated)
    return self->violated != NULL;
  find_violated (self, &(WpSloSoFar){ .requests = requests,
                                      .blocked
                                      = wp_backlog_avx2_max_length (backlogs, lane) > self->policy.queue_jobs,
                                      .wait = wp_backlog_avx2_wait (backlogs, lane) });
  if (self->violated)
    wp_backlog_avx2_stop (backlogs, lane);

  return self->violated != NULL;
}

/* FALSE: a time is too long for vectors; nothing was evaluated. */
static gboolean
pass_side_by_side (Task *task, const Batch *batch, WpBacklogAvx2 *backlogs)
{
  guint64 requests = wp_trace_buffer_length (batch->buffer);
  guint n_violated = 0;
  WpTraceBlock block;

  for (guint64 first = 0;
       n_violated < task->n && wp_trace_buffer_read (batch->buffer, batch->scale, first, &block);
       first += block.n_rows)
    {
      guint64 end = first + block.n_rows;

      if (!wp_backlog_avx2_offer (backlogs, block.arrivals_ns, block.services_ns, block.n_rows))
        return FALSE;
      if (end % CHECK_ROWS != 0 && end < requests)
        continue;
      n_violated = 0;
      for (guint lane = 0; lane < task->n; lane++)
        n_violated += check_lane (task->evaluations[lane], backlogs, lane, requests) ? 1 : 0;
    }

  return TRUE;
}

static gboolean
evaluate_side_by_side (Task *task, const Batch *batch)
{
  g_autoptr (WpBacklogAvx2) backlogs = NULL;
  guint workers[LANES];

  for (guint lane = 0; lane < task->n; lane++)
    workers[lane] = workers_of (task->evaluations[lane]);
  backlogs = wp_backlog_avx2_new (workers, task->n);
  if (!pass_side_by_side (task, batch, backlogs))
    return FALSE;
  for (guint lane = 0; lane < task->n; lane++)
    if (!task->evaluations[lane]->violated)
      task->evaluations[lane]->backlog = wp_backlog_avx2_finish (backlogs, lane);

  return TRUE;
}

static void
run_task (Task *task, const Batch *batch, GError **error)
{
  gboolean good = TRUE;

  if (task->evaluations[0]->reduced && evaluate_side_by_side (task, batch))
    return;
  for (guint i = 0; i < task->n && good; i++)
    {
      task->evaluations[i]->violated = NULL;
      good = (task->evaluations[i]->commit ? evaluate_groups : evaluate) (task->evaluations[i], batch, error);
    }
}

static void
on_thread (gpointer data, gpointer user_data)
{
  Task *task = data;
  Batch *batch = user_data;
  GError *error = NULL;

  run_task (task, batch, &error);
  g_mutex_lock (&batch->mutex);
  if (!batch->error)
    batch->error = g_steal_pointer (&error);
  g_clear_error (&error);
  if (batch->done && !batch->error)
    batch->done (batch->data, task->evaluations, task->n, batch->n_evaluations);
  g_mutex_unlock (&batch->mutex);
}

/* Groups evaluations into tasks such that no thread is idle. */
static GArray *
make_tasks (WpEvaluation *evaluations, guint n_evaluations, guint threads)
{
  GArray *tasks = g_array_new (FALSE, FALSE, sizeof (Task));
  guint each = CLAMP ((n_evaluations + threads - 1) / threads, 1, LANES);

  for (guint i = 0; i < n_evaluations; i++)
    {
      Task *last = tasks->len > 0 ? &g_array_index (tasks, Task, tasks->len - 1) : NULL;
      Task task = { { &evaluations[i] }, 1 };

      evaluations[i].reduced = evaluations[i].as_backlog && evaluations[i].reduced
                               && wp_backlog_avx2_supports (workers_of (&evaluations[i]));
      if (last && last->n < each && last->evaluations[0]->reduced && evaluations[i].reduced)
        last->evaluations[last->n++] = &evaluations[i];
      else
        g_array_append_val (tasks, task);
    }

  return tasks;
}

/* FALSE: no thread can be made, and nothing was begun. */
static gboolean
run_in_pool (GArray *tasks, guint threads, Batch *batch)
{
  GThreadPool *pool = g_thread_pool_new (on_thread, batch, (gint) threads, FALSE, NULL);
  gboolean begun = g_thread_pool_push (pool, &g_array_index (tasks, Task, 0), NULL);

  /* A pool without a thread would be waited for in vain; of one with a thread, that takes what the others
   * cannot. */
  for (guint i = 1; begun && i < tasks->len; i++)
    g_thread_pool_push (pool, &g_array_index (tasks, Task, i), NULL);
  g_thread_pool_free (pool, !begun, begun);

  return begun;
}

gboolean
wp_evaluations_run (const WpTraceBuffer *buffer, double scale, WpEvaluation *evaluations, guint n_evaluations,
                    guint threads, WpEvaluationDone done, gpointer data, GError **error)
{
  Batch batch
      = { .buffer = buffer, .scale = scale, .n_evaluations = n_evaluations, .done = done, .data = data };
  g_autoptr (GArray) tasks = make_tasks (evaluations, n_evaluations, threads);

  g_mutex_init (&batch.mutex);
  if (MIN (threads, tasks->len) <= 1 || wp_trace_buffer_length (buffer) < THREAD_ROWS
      || !run_in_pool (tasks, MIN (threads, tasks->len), &batch))
    for (guint i = 0; i < tasks->len && !batch.error; i++)
      on_thread (&g_array_index (tasks, Task, i), &batch);
  g_mutex_clear (&batch.mutex);
  if (!batch.error)
    return TRUE;
  g_propagate_error (error, batch.error);

  return FALSE;
}
