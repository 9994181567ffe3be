#include "sim/plan/wp-evaluation.h"

#include "sim/base/wp-error.h"
#include "sim/plan/wp-backlog-avx2.h"

#define CHECK_ROWS (64 * 1024)   /* between two looks at whether it is lost */
#define MODEL_ROWS 1024
#define THREAD_ROWS 10000        /* fewer are done before a thread is there */

/* What one thread does in one pass: a evaluation, or several side by side. */
typedef struct {
  WpEvaluation *evaluations[WP_BACKLOG_AVX2_LANES];
  guint n;
} Task;

struct _WpEvaluationBatch {
  const WpTraceBuffer *buffer;
  GArray *tasks;
  GThreadPool *pool;   /* NULL: all is done at the end */
  guint threads;
  guint n_evaluations, n_done;
  WpEvaluationDone done;
  gpointer data;
  GError *error;     /* the first */
  GMutex mutex;      /* guards n_done, error and calls of done */
};

void
wp_evaluation_clear (WpEvaluation *self)
{
  g_clear_pointer (&self->line, wp_backlog_free);
}

static gboolean
is_any_lost (WpEvaluation *self, const WpSloSoFar *so_far)
{
  for (guint i = 0; i < self->slos->len; i++)
    if (wp_slo_is_lost (g_ptr_array_index (self->slos, i), so_far))
      {
        self->lost_slo = g_ptr_array_index (self->slos, i);
        return TRUE;
      }

  return FALSE;
}

static void
look_at_model (WpSloSoFar *self, const WpModel *model)
{
  WpFigures counts;

  wp_model_so_far (model, &counts, &self->wait, &self->response);
  self->blocked = counts.blocked;
  self->rejected = counts.rejected;
  self->timed_out = counts.timed_out;
  self->abandoned = counts.abandoned;
}

static gboolean
is_lost (WpEvaluation *self, const WpModel *model, guint64 requests)
{
  WpSloSoFar so_far = { .requests = requests };

  if (self->until_full && wp_backlog_fills (self->line, self->policy.queue_jobs))
    return TRUE;
  if (!self->slos)
    return FALSE;
  if (model)
    look_at_model (&so_far, model);
  else
    {
      so_far.blocked = wp_backlog_blocked (self->line, self->policy.queue_jobs);
      so_far.wait = wp_backlog_wait (self->line);
      so_far.response = wp_backlog_response (self->line);
    }

  return is_any_lost (self, &so_far);
}

static gboolean
is_lane_lost (WpEvaluation *self, WpBacklogAvx2 *lanes, guint lane, guint64 requests)
{
  guint64 longest = wp_backlog_avx2_longest (lanes, lane);
  WpSloSoFar so_far = { .requests = requests, .blocked = longest > self->policy.queue_jobs, .wait = wp_backlog_avx2_wait (lanes, lane) };

  if (self->until_full && (self->policy.queue_jobs > 0 ? longest >= self->policy.queue_jobs : wp_backlog_avx2_all_busy (lanes, lane)))
    return TRUE;

  return self->slos && is_any_lost (self, &so_far);
}

static gboolean
offer_model (WpModel *model, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows)
{
  WpRow rows[MODEL_ROWS];

  for (gsize done = 0, n; done < n_rows; done += n)
    {
      n = MIN (MODEL_ROWS, n_rows - done);
      for (gsize i = 0; i < n; i++)
        rows[i].arrival_ns = arrivals_ns[done + i];
      if (!wp_model_offer (model, rows, services_ns + done, n, NULL))
        return FALSE;
    }

  return TRUE;
}

static gboolean
pass (WpEvaluation *self, WpTraceBufferReader *reader, WpModel *model, guint64 requests, GError **error)
{
  const gint64 *arrivals_ns, *services_ns;
  guint64 since_check = 0;
  gssize n;

  while ((n = wp_trace_buffer_reader_next (reader, &arrivals_ns, &services_ns, error)) > 0)
    {
      if (!(model ? offer_model (model, arrivals_ns, services_ns, (gsize) n) : wp_backlog_offer (self->line, arrivals_ns, services_ns, (gsize) n)))
        {
          g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%u workers at %g times the traffic: the simulated time passes 292 years",
                       self->policy.workers, self->scale);
          return FALSE;
        }
      since_check += (guint64) n;
      if (since_check < CHECK_ROWS)
        continue;
      since_check = 0;
      if ((self->lost = is_lost (self, model, requests)))
        return TRUE;
    }
  self->lost = n == 0 && is_lost (self, model, requests);

  return n == 0;
}

static guint64
requests_of (const WpEvaluation *self, const WpTraceBuffer *buffer)
{
  return self->limit > 0 ? MIN (self->limit, wp_trace_buffer_length (buffer)) : wp_trace_buffer_length (buffer);
}

static gboolean
run_once (WpEvaluation *self, WpTraceBufferReader *reader, guint64 requests, GError **error)
{
  g_autoptr(WpModel) model = NULL;
  WpLayout layout;

  wp_policy_layout (&self->policy, &layout);
  if (self->as_line)
    self->line = wp_backlog_new (layout.workers, self->parts, self->queues, self->n_queues);
  else
    model = wp_model_new (&layout, self->patience_ns);
  if (!pass (self, reader, model, requests, error))
    return FALSE;
  if (model)
    wp_model_finish (model, &self->figures);
  else if (!self->lost)
    wp_backlog_finish (self->line);

  return TRUE;
}

/* Again where the buffer starts again. */
static gboolean
run (WpEvaluation *self, const WpTraceBuffer *buffer, GError **error)
{
  gboolean good, is_void;

  do
    {
      g_autoptr(WpTraceBufferReader) reader = wp_trace_buffer_reader_new (buffer, self->scale, self->limit);

      wp_evaluation_clear (self);
      good = run_once (self, reader, self->slos ? requests_of (self, buffer) : 0, error);
      is_void = wp_trace_buffer_reader_is_void (reader);
    }
  while (good && is_void);

  return good;
}

/* FALSE where a time is too long for lanes. */
static gboolean
pass_lanes (Task *task, WpTraceBufferReader *reader, WpBacklogAvx2 *lanes, guint64 requests, GError **error)
{
  const gint64 *arrivals_ns, *services_ns;
  guint64 since_check = 0;
  guint n_lost = 0;
  gssize n = 1;

  while (n_lost < task->n && n > 0)
    {
      n = wp_trace_buffer_reader_next (reader, &arrivals_ns, &services_ns, error);
      if (n > 0 && !wp_backlog_avx2_offer (lanes, arrivals_ns, services_ns, (gsize) n))
        return FALSE;
      since_check += (guint64) MAX (n, 0);
      if (n > 0 && since_check < CHECK_ROWS)
        continue;
      since_check = 0;
      for (guint lane = 0; lane < task->n; lane++)
        if (!task->evaluations[lane]->lost && is_lane_lost (task->evaluations[lane], lanes, lane, requests))
          {
            task->evaluations[lane]->lost = TRUE;
            wp_backlog_avx2_drop (lanes, lane);
            n_lost++;
          }
    }

  return TRUE;
}

/* By which all arrivals are divided before they are put into lanes, which do it dearly: 1 where no two evaluations' need be alike. */
static double
common_scale (const Task *task)
{
  double scale = task->evaluations[0]->scale;

  for (guint i = 1; i < task->n; i++)
    if (task->evaluations[i]->scale != scale)
      return 1;

  return scale;
}

static gboolean
run_lanes (Task *task, const WpTraceBuffer *buffer, GError **error)
{
  const WpEvaluation *first = task->evaluations[0];
  double common = common_scale (task);
  g_autoptr(WpTraceBufferReader) reader = wp_trace_buffer_reader_new (buffer, common, first->limit);
  g_autoptr(WpBacklogAvx2) lanes = NULL;
  guint workers[WP_BACKLOG_AVX2_LANES];
  double scales[WP_BACKLOG_AVX2_LANES];

  for (guint lane = 0; lane < task->n; lane++)
    {
      workers[lane] = task->evaluations[lane]->policy.mode == WP_MODE_BUFFERED_CHANNEL ? 1 : task->evaluations[lane]->policy.workers;
      scales[lane] = task->evaluations[lane]->scale / common;
    }
  lanes = wp_backlog_avx2_new (workers, scales, task->n, first->watched, first->wait_bound_ns);
  if (!pass_lanes (task, reader, lanes, requests_of (first, buffer), error))
    return FALSE;
  for (guint lane = 0; lane < task->n; lane++)
    task->evaluations[lane]->line = wp_backlog_avx2_finish (lanes, lane);

  return TRUE;
}

static void
run_task (Task *task, const WpTraceBuffer *buffer, GError **error)
{
  if (task->evaluations[0]->quick && (run_lanes (task, buffer, error) || (error && *error)))
    return;
  for (guint i = 0; i < task->n; i++)
    {
      task->evaluations[i]->lost = FALSE;
      if (!run (task->evaluations[i], buffer, error))
        return;
    }
}

static void
on_thread (gpointer data, gpointer user_data)
{
  Task *task = data;
  WpEvaluationBatch *batch = user_data;
  GError *error = NULL;

  run_task (task, batch->buffer, &error);
  g_mutex_lock (&batch->mutex);
  if (error && !batch->error)
    batch->error = g_steal_pointer (&error);
  g_clear_error (&error);
  batch->n_done += task->n;
  if (batch->done)
    batch->done (batch->data, batch->n_done, batch->n_evaluations);
  g_mutex_unlock (&batch->mutex);
}

static gboolean
may_be_quick (const WpEvaluation *evaluation)
{
  return evaluation->quick && evaluation->parts == 0 && evaluation->n_queues == 0 && wp_backlog_avx2_is_available () &&
         (evaluation->policy.mode == WP_MODE_BUFFERED_CHANNEL || evaluation->policy.workers <= WP_BACKLOG_AVX2_WORKERS);
}

static gboolean
go_together (const WpEvaluation *one, const WpEvaluation *other)
{
  return one->quick && other->quick && one->limit == other->limit && one->watched == other->watched &&
         one->wait_bound_ns == other->wait_bound_ns;
}

/* Those that go together follow one another; as many a task as leave none of the threads idle. */
static GArray *
make_tasks (WpEvaluation *evaluations, guint n_evaluations, guint threads)
{
  GArray *tasks = g_array_new (FALSE, FALSE, sizeof (Task));
  guint each = CLAMP ((n_evaluations + threads - 1) / threads, 1, WP_BACKLOG_AVX2_LANES);

  for (guint i = 0; i < n_evaluations; i++)
    {
      Task *last = tasks->len > 0 ? &g_array_index (tasks, Task, tasks->len - 1) : NULL;
      Task task = { { &evaluations[i] }, 1 };

      evaluations[i].quick = may_be_quick (&evaluations[i]);
      if (last && last->n < each && go_together (last->evaluations[0], &evaluations[i]))
        last->evaluations[last->n++] = &evaluations[i];
      else
        g_array_append_val (tasks, task);
    }

  return tasks;
}

static WpEvaluationBatch *
make_batch (const WpTraceBuffer *buffer, WpEvaluation *evaluations, guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data)
{
  WpEvaluationBatch *self = g_new0 (WpEvaluationBatch, 1);

  self->buffer = buffer;
  self->tasks = make_tasks (evaluations, n_evaluations, threads);
  self->threads = MIN (threads, self->tasks->len);
  self->n_evaluations = n_evaluations;
  self->done = done;
  self->data = data;
  g_mutex_init (&self->mutex);

  return self;
}

static void
start_pool (WpEvaluationBatch *self, guint threads)
{
  self->pool = g_thread_pool_new (on_thread, self, (gint) threads, FALSE, NULL);
  for (guint i = 0; i < self->tasks->len; i++)
    g_thread_pool_push (self->pool, &g_array_index (self->tasks, Task, i), NULL);   /* where no thread can be made the others take it */
}

WpEvaluationBatch *
wp_evaluations_begin (const WpTraceBuffer *buffer, WpEvaluation *evaluations, guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data)
{
  WpEvaluationBatch *self = make_batch (buffer, evaluations, n_evaluations, threads, done, data);

  if (self->threads > 1)
    start_pool (self, self->threads - 1);

  return self;
}

gboolean
wp_evaluations_end (WpEvaluationBatch *self, GError **error)
{
  gboolean good;

  if (self->pool)
    {
      g_thread_pool_set_max_threads (self->pool, (gint) self->threads, NULL);
      g_thread_pool_free (self->pool, FALSE, TRUE);
    }
  else
    for (guint i = 0; i < self->tasks->len && !self->error; i++)
      on_thread (&g_array_index (self->tasks, Task, i), self);
  good = self->error == NULL;
  if (!good)
    g_propagate_error (error, self->error);
  g_mutex_clear (&self->mutex);
  g_array_unref (self->tasks);
  g_free (self);

  return good;
}

gboolean
wp_evaluations_run (const WpTraceBuffer *buffer, WpEvaluation *evaluations, guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data, GError **error)
{
  WpEvaluationBatch *self = make_batch (buffer, evaluations, n_evaluations, threads, done, data);

  if (self->threads > 1 && wp_trace_buffer_length (buffer) >= THREAD_ROWS)
    start_pool (self, self->threads);

  return wp_evaluations_end (self, error);
}
