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
  const WpStages *stages; /* NULL: none */
  guint64 warmup_rows;
  guint n_evaluations;
  WpEvaluationDone done;
  gpointer data;
  GError *error; /* the first */
  GMutex mutex;  /* guards error and calls of done */
} Batch;

/* The rows of one pass, as they come to the queue. */
typedef struct {
  const Batch *batch;
  WpTraceBlock block;
  guint64 first;         /* row of the block */
  guint64 end;           /* and after it */
  const gint64 *sent_ns; /* arrivals at the HTTP stage, if there is one */
  WpHttpStage *http_stage;
  gint64 passed_ns[WP_TRACE_BUFFER_BLOCK_ROWS];
  WpServiceTime *dispatch;
  gint64 dispatches_ns[WP_TRACE_BUFFER_BLOCK_ROWS];
} Feed;

static Feed *
feed_new (const Batch *batch)
{
  const WpStages *stages = batch->stages;
  Feed *self = g_new (Feed, 1);

  self->batch = batch;
  self->end = 0;
  self->http_stage
      = stages && stages->http_stage.time_ns > 0 ? wp_http_stage_new (&stages->http_stage) : NULL;
  self->dispatch
      = stages && stages->dispatch ? wp_service_time_copy (stages->dispatch, 1, TRUE, stages->seed) : NULL;

  return self;
}

static void
feed_free (Feed *self)
{
  g_clear_pointer (&self->http_stage, wp_http_stage_free);
  g_clear_pointer (&self->dispatch, wp_service_time_free);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Feed, feed_free)

/* FALSE: there are no more rows. */
static gboolean
feed_read (Feed *self)
{
  WpTraceBlock *block = &self->block;

  self->first = self->end;
  if (!wp_trace_buffer_read (self->batch->buffer, self->batch->scale, self->first, block))
    return FALSE;
  self->end += block->n_rows;
  self->sent_ns = block->arrivals_ns;
  if (self->http_stage)
    {
      for (gsize i = 0; i < block->n_rows; i++)
        self->passed_ns[i] = wp_http_stage_pass (self->http_stage, block->arrivals_ns[i]);
      block->arrivals_ns = self->passed_ns;
    }
  if (self->dispatch)
    wp_service_time_draw (self->dispatch, self->dispatches_ns, block->n_rows);

  return TRUE;
}

/* Of the rows of the block from @row on, the number in the warm-up. */
static gsize
count_warm_up (const Feed *self, gsize row)
{
  guint64 at = self->first + row;

  return at < self->batch->warmup_rows ? MIN (self->batch->warmup_rows - at, self->block.n_rows - row) : 0;
}

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

/* The rows from @first on, which are all of the warm-up or all counted. */
static gboolean
offer_some (WpModel *model, const Feed *feed, const WpRow *rows, gsize first, gsize n, gboolean warms_up)
{
  const gint64 *services_ns = feed->block.services_ns + first;
  const gint64 *dispatches_ns = feed->dispatch ? feed->dispatches_ns + first : NULL;

  if (warms_up)
    return wp_model_warm_up (model, rows, services_ns, dispatches_ns, n, NULL);
  if (feed->batch->warmup_rows > 0 && feed->first + first == feed->batch->warmup_rows)
    wp_model_start_counting (model, rows[0].arrival_ns);

  return dispatches_ns ? wp_model_offer_dispatched (model, rows, services_ns, dispatches_ns, n, NULL)
                       : wp_model_offer (model, rows, services_ns, n, NULL);
}

static gboolean
offer_model (const WpEvaluation *self, WpModel *model, const Feed *feed)
{
  const WpTraceBlock *block = &feed->block;
  gboolean leaves_early = feed->http_stage && self->patience_ns != WP_TIME_NONE;
  WpRow rows[MODEL_ROWS];

  for (gsize done = 0, n; done < block->n_rows; done += n)
    {
      gsize warmup = count_warm_up (feed, done);

      n = leaves_early ? 1 : MIN (MODEL_ROWS, warmup > 0 ? warmup : block->n_rows - done);
      for (gsize i = 0; i < n; i++)
        rows[i].arrival_ns = block->arrivals_ns[done + i];
      if (leaves_early) /* the HTTP stage has its share of the patience */
        wp_model_set_patience (model,
                               MAX (0, self->patience_ns - (rows[0].arrival_ns - feed->sent_ns[done])));
      if (!offer_some (model, feed, rows, done, n, warmup > 0))
        return FALSE;
    }

  return TRUE;
}

/* FALSE: a time exceeds 292 years. */
static gboolean
pass (WpEvaluation *self, const Batch *batch, WpModel *model)
{
  guint64 requests = wp_trace_buffer_length (batch->buffer);
  g_autoptr (Feed) feed = feed_new (batch);
  const WpTraceBlock *block = &feed->block;

  while (!self->violated && feed_read (feed))
    {
      if (!(model ? offer_model (self, model, feed)
                  : wp_backlog_offer (self->backlog, block->arrivals_ns, block->services_ns, block->n_rows)))
        return FALSE;
      if (!self->slos || feed->end <= batch->warmup_rows
          || (feed->end % CHECK_ROWS != 0 && feed->end < requests))
        continue;
      if (model)
        check_model (self, model, requests - batch->warmup_rows);
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
  g_autoptr (Feed) feed = feed_new (batch);
  WpLayout layout;
  gboolean good = TRUE;

  wp_policy_layout (&self->policy, &layout);
  model = wp_bulk_service_new (&layout, self->patience_ns, self->commit, NULL, NULL);
  while (good && feed_read (feed))
    for (gsize i = 0; i < feed->block.n_rows && good; i++)
      {
        if (batch->warmup_rows > 0 && feed->first + i == batch->warmup_rows)
          wp_bulk_service_start_counting (model, feed->block.arrivals_ns[i]);
        good = wp_bulk_service_offer (model, feed->block.arrivals_ns[i]);
      }

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
  g_autoptr (Feed) feed = feed_new (batch);
  const WpTraceBlock *block = &feed->block;

  while (n_violated < task->n && feed_read (feed))
    {
      if (!wp_backlog_avx2_offer (backlogs, block->arrivals_ns, block->services_ns, block->n_rows))
        return FALSE;
      if (feed->end % CHECK_ROWS != 0 && feed->end < requests)
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

/* FALSE: it is longer than the trace. */
static gboolean
find_warm_up (Batch *self, GError **error)
{
  g_autofree WpTraceBlock *block = g_new (WpTraceBlock, 1);
  gint64 until_ns = self->stages ? self->stages->warmup_ns : 0;
  guint64 n = 0, requests = wp_trace_buffer_length (self->buffer);
  gsize i = 0;

  while (until_ns > 0 && n < requests
         && wp_trace_buffer_read (self->buffer, self->stages->warmup_scale, n, block))
    {
      for (i = 0; i < block->n_rows && block->arrivals_ns[i] < until_ns; i++)
        ;
      n += i;
      if (i < block->n_rows)
        break;
    }
  self->warmup_rows = MAX (n, self->stages ? self->stages->warmup_rows : 0);

  return self->warmup_rows == 0 || self->warmup_rows < requests
         || wp_fail (error, WP_ERROR_BAD_VALUE, "the warm-up is longer than the trace");
}

gboolean
wp_evaluations_run (const WpTraceBuffer *buffer, double scale, WpEvaluation *evaluations, guint n_evaluations,
                    guint threads, WpEvaluationDone done, gpointer data, GError **error)
{
  Batch batch = { .buffer = buffer,
                  .scale = scale,
                  .n_evaluations = n_evaluations,
                  .done = done,
                  .data = data,
                  .stages = n_evaluations > 0 ? evaluations[0].stages : NULL };
  g_autoptr (GArray) tasks = make_tasks (evaluations, n_evaluations, threads);

  if (!find_warm_up (&batch, error))
    return FALSE;
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
