#include "sim/plan/wp-trial.h"

#include "sim/base/wp-error.h"
#include "sim/plan/wp-lanes.h"

#define CHECK_ROWS (64 * 1024)   /* between two looks at whether it is lost */
#define MODEL_ROWS 1024
#define THREAD_ROWS 10000        /* fewer are done before a thread is there */

/* What one thread does in one pass: a trial, or several side by side. */
typedef struct {
  WpTrial *trials[WP_LANES];
  guint n;
} Task;

struct _WpTrialBatch {
  const WpTape *tape;
  GArray *tasks;
  GThreadPool *pool;   /* NULL: all is done at the end */
  guint threads;
  guint n_trials, n_done;
  WpTrialDone done;
  gpointer data;
  GError *error;     /* the first */
  GMutex mutex;      /* guards n_done, error and calls of done */
};

void
wp_trial_clear (WpTrial *self)
{
  g_clear_pointer (&self->line, wp_line_free);
}

static gboolean
is_any_lost (WpTrial *self, const WpSloSoFar *so_far)
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
is_lost (WpTrial *self, const WpModel *model, guint64 requests)
{
  WpSloSoFar so_far = { .requests = requests };

  if (self->until_full && wp_line_fills (self->line, self->policy.queue_jobs))
    return TRUE;
  if (!self->slos)
    return FALSE;
  if (model)
    look_at_model (&so_far, model);
  else
    {
      so_far.blocked = wp_line_blocked (self->line, self->policy.queue_jobs);
      so_far.wait = wp_line_wait (self->line);
      so_far.response = wp_line_response (self->line);
    }

  return is_any_lost (self, &so_far);
}

static gboolean
is_lane_lost (WpTrial *self, WpLanes *lanes, guint lane, guint64 requests)
{
  guint64 longest = wp_lanes_longest (lanes, lane);
  WpSloSoFar so_far = { .requests = requests, .blocked = longest > self->policy.queue_jobs, .wait = wp_lanes_wait (lanes, lane) };

  if (self->until_full && (self->policy.queue_jobs > 0 ? longest >= self->policy.queue_jobs : wp_lanes_all_busy (lanes, lane)))
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
pass (WpTrial *self, WpTapeReader *reader, WpModel *model, guint64 requests, GError **error)
{
  const gint64 *arrivals_ns, *services_ns;
  guint64 since_check = 0;
  gssize n;

  while ((n = wp_tape_reader_next (reader, &arrivals_ns, &services_ns, error)) > 0)
    {
      if (!(model ? offer_model (model, arrivals_ns, services_ns, (gsize) n) : wp_line_offer (self->line, arrivals_ns, services_ns, (gsize) n)))
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
requests_of (const WpTrial *self, const WpTape *tape)
{
  return self->limit > 0 ? MIN (self->limit, wp_tape_length (tape)) : wp_tape_length (tape);
}

static gboolean
run_once (WpTrial *self, WpTapeReader *reader, guint64 requests, GError **error)
{
  g_autoptr(WpModel) model = NULL;
  WpLayout layout;

  wp_policy_layout (&self->policy, &layout);
  if (self->as_line)
    self->line = wp_line_new (layout.workers, self->parts, self->queues, self->n_queues);
  else
    model = wp_model_new (&layout, self->patience_ns);
  if (!pass (self, reader, model, requests, error))
    return FALSE;
  if (model)
    wp_model_finish (model, &self->figures);
  else if (!self->lost)
    wp_line_finish (self->line);

  return TRUE;
}

/* Again where the tape starts again. */
static gboolean
run (WpTrial *self, const WpTape *tape, GError **error)
{
  gboolean good, is_void;

  do
    {
      g_autoptr(WpTapeReader) reader = wp_tape_reader_new (tape, self->scale, self->limit);

      wp_trial_clear (self);
      good = run_once (self, reader, self->slos ? requests_of (self, tape) : 0, error);
      is_void = wp_tape_reader_is_void (reader);
    }
  while (good && is_void);

  return good;
}

/* FALSE where a time is too long for lanes. */
static gboolean
pass_lanes (Task *task, WpTapeReader *reader, WpLanes *lanes, guint64 requests, GError **error)
{
  const gint64 *arrivals_ns, *services_ns;
  guint64 since_check = 0;
  guint n_lost = 0;
  gssize n = 1;

  while (n_lost < task->n && n > 0)
    {
      n = wp_tape_reader_next (reader, &arrivals_ns, &services_ns, error);
      if (n > 0 && !wp_lanes_offer (lanes, arrivals_ns, services_ns, (gsize) n))
        return FALSE;
      since_check += (guint64) MAX (n, 0);
      if (n > 0 && since_check < CHECK_ROWS)
        continue;
      since_check = 0;
      for (guint lane = 0; lane < task->n; lane++)
        if (!task->trials[lane]->lost && is_lane_lost (task->trials[lane], lanes, lane, requests))
          {
            task->trials[lane]->lost = TRUE;
            wp_lanes_drop (lanes, lane);
            n_lost++;
          }
    }

  return TRUE;
}

/* By which all arrivals are divided before they are put into lanes, which do it dearly: 1 where no two trials' need be alike. */
static double
common_scale (const Task *task)
{
  double scale = task->trials[0]->scale;

  for (guint i = 1; i < task->n; i++)
    if (task->trials[i]->scale != scale)
      return 1;

  return scale;
}

static gboolean
run_lanes (Task *task, const WpTape *tape, GError **error)
{
  const WpTrial *first = task->trials[0];
  double common = common_scale (task);
  g_autoptr(WpTapeReader) reader = wp_tape_reader_new (tape, common, first->limit);
  g_autoptr(WpLanes) lanes = NULL;
  guint workers[WP_LANES];
  double scales[WP_LANES];

  for (guint lane = 0; lane < task->n; lane++)
    {
      workers[lane] = task->trials[lane]->policy.mode == WP_MODE_BUFFERED_CHANNEL ? 1 : task->trials[lane]->policy.workers;
      scales[lane] = task->trials[lane]->scale / common;
    }
  lanes = wp_lanes_new (workers, scales, task->n, first->watched, first->wait_bound_ns);
  if (!pass_lanes (task, reader, lanes, requests_of (first, tape), error))
    return FALSE;
  for (guint lane = 0; lane < task->n; lane++)
    task->trials[lane]->line = wp_lanes_finish (lanes, lane);

  return TRUE;
}

static void
run_task (Task *task, const WpTape *tape, GError **error)
{
  if (task->trials[0]->quick && (run_lanes (task, tape, error) || (error && *error)))
    return;
  for (guint i = 0; i < task->n; i++)
    {
      task->trials[i]->lost = FALSE;
      if (!run (task->trials[i], tape, error))
        return;
    }
}

static void
on_thread (gpointer data, gpointer user_data)
{
  Task *task = data;
  WpTrialBatch *batch = user_data;
  GError *error = NULL;

  run_task (task, batch->tape, &error);
  g_mutex_lock (&batch->mutex);
  if (error && !batch->error)
    batch->error = g_steal_pointer (&error);
  g_clear_error (&error);
  batch->n_done += task->n;
  if (batch->done)
    batch->done (batch->data, batch->n_done, batch->n_trials);
  g_mutex_unlock (&batch->mutex);
}

static gboolean
may_be_quick (const WpTrial *trial)
{
  return trial->quick && trial->parts == 0 && trial->n_queues == 0 && wp_lanes_are_there () &&
         (trial->policy.mode == WP_MODE_BUFFERED_CHANNEL || trial->policy.workers <= WP_LANES_WORKERS);
}

static gboolean
go_together (const WpTrial *one, const WpTrial *other)
{
  return one->quick && other->quick && one->limit == other->limit && one->watched == other->watched &&
         one->wait_bound_ns == other->wait_bound_ns;
}

/* Those that go together follow one another; as many a task as leave none of the threads idle. */
static GArray *
make_tasks (WpTrial *trials, guint n_trials, guint threads)
{
  GArray *tasks = g_array_new (FALSE, FALSE, sizeof (Task));
  guint each = CLAMP ((n_trials + threads - 1) / threads, 1, WP_LANES);

  for (guint i = 0; i < n_trials; i++)
    {
      Task *last = tasks->len > 0 ? &g_array_index (tasks, Task, tasks->len - 1) : NULL;
      Task task = { { &trials[i] }, 1 };

      trials[i].quick = may_be_quick (&trials[i]);
      if (last && last->n < each && go_together (last->trials[0], &trials[i]))
        last->trials[last->n++] = &trials[i];
      else
        g_array_append_val (tasks, task);
    }

  return tasks;
}

static WpTrialBatch *
make_batch (const WpTape *tape, WpTrial *trials, guint n_trials, guint threads, WpTrialDone done, gpointer data)
{
  WpTrialBatch *self = g_new0 (WpTrialBatch, 1);

  self->tape = tape;
  self->tasks = make_tasks (trials, n_trials, threads);
  self->threads = MIN (threads, self->tasks->len);
  self->n_trials = n_trials;
  self->done = done;
  self->data = data;
  g_mutex_init (&self->mutex);

  return self;
}

static void
start_pool (WpTrialBatch *self, guint threads)
{
  self->pool = g_thread_pool_new (on_thread, self, (gint) threads, FALSE, NULL);
  for (guint i = 0; i < self->tasks->len; i++)
    g_thread_pool_push (self->pool, &g_array_index (self->tasks, Task, i), NULL);   /* where no thread can be made the others take it */
}

WpTrialBatch *
wp_trials_begin (const WpTape *tape, WpTrial *trials, guint n_trials, guint threads, WpTrialDone done, gpointer data)
{
  WpTrialBatch *self = make_batch (tape, trials, n_trials, threads, done, data);

  if (self->threads > 1)
    start_pool (self, self->threads - 1);

  return self;
}

gboolean
wp_trials_end (WpTrialBatch *self, GError **error)
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
wp_trials_run (const WpTape *tape, WpTrial *trials, guint n_trials, guint threads, WpTrialDone done, gpointer data, GError **error)
{
  WpTrialBatch *self = make_batch (tape, trials, n_trials, threads, done, data);

  if (self->threads > 1 && wp_tape_length (tape) >= THREAD_ROWS)
    start_pool (self, self->threads);

  return wp_trials_end (self, error);
}
