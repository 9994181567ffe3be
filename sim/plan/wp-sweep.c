#include "sim/plan/wp-sweep.h"

#include <stdio.h>
#include <unistd.h>

#include "sim/base/wp-interrupt.h"

#define INTERVAL_NS (250 * WP_NS_PER_MS)

/* The progress line on a terminal. */
typedef struct {
  gboolean on_terminal, shown;
  guint n_passes, n_done;   /* in total; so far */
  gint64 start_ns, next_ns; /* CLOCK_MONOTONIC */
} Progress;

/* A group of evaluations, of one traffic. */
typedef struct {
  WpSweep *sweep;
  double scale, service_scale;
  Progress *progress;
} Group;

static void
show (Progress *self)
{
  gint64 now_ns = wp_time_monotonic ();
  double done = self->n_done;
  char buffer[WP_TIME_BUFFER];

  if (!self->on_terminal || now_ns < self->next_ns)
    return;
  self->next_ns = now_ns + INTERVAL_NS;
  self->shown = TRUE;
  wp_interrupt_set_line (TRUE);
  fprintf (stderr, "\r\033[K%.0f of %u passes, %s left", done, self->n_passes,
           wp_time_format_people (buffer, (gint64) ((double) (now_ns - self->start_ns)
                                                    * (self->n_passes - done) / done)));
  fflush (stderr);
}

static void
wipe (Progress *self)
{
  if (!self->shown)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  wp_interrupt_set_line (FALSE);
}

/* Do all queues of a number of workers come from one pass? */
static gboolean
is_by_backlog (const WpSweepSetup *setup)
{
  WpLayout layout;

  wp_policy_layout (&setup->policy, &layout);

  return !setup->commit && !wp_stages_need_runs (setup->stages) && !layout.rejects
         && layout.block_timeout_ns == WP_TIME_NONE && setup->patience_ns == WP_TIME_NONE;
}

static void
fill_axis (GArray *values, gconstpointer value)
{
  if (values->len == 0)
    g_array_append_vals (values, value, 1);
}

static void
add_row (WpSweep *self, const WpEvaluation *evaluation, double scale, double service_scale, guint queue_jobs)
{
  WpSweepRow row
      = { scale, service_scale, evaluation->policy.workers, queue_jobs, evaluation->summary, NULL };

  if (evaluation->backlog)
    wp_backlog_summary (evaluation->backlog, queue_jobs, &row.summary);
  row.failed = wp_slos_first_failure (self->slos, &row.summary);
  g_array_append_val (self->rows, row);
}

/* One for each number of workers if all queues come from it, else one for each row. */
static WpEvaluation *
make_evaluations (const WpSweep *self, const WpSweepSetup *setup, guint *n)
{
  gboolean by_backlog = is_by_backlog (setup);
  guint n_queues = self->spec->queues->len, each = by_backlog ? 1 : n_queues;
  WpEvaluation *evaluations = g_new0 (WpEvaluation, self->spec->workers->len * each);

  *n = 0;
  for (guint i = 0; i < self->spec->workers->len; i++)
    for (guint j = 0; j < each; j++)
      {
        WpEvaluation *evaluation = &evaluations[(*n)++];

        evaluation->policy = setup->policy;
        evaluation->policy.workers = g_array_index (self->spec->workers, guint, i);
        evaluation->policy.queue_jobs = g_array_index (self->spec->queues, guint, j);
        evaluation->patience_ns = setup->patience_ns;
        evaluation->commit = setup->commit;
        evaluation->stages = setup->stages;
        evaluation->as_backlog = by_backlog;
        evaluation->parts = WP_BACKLOG_ALL;
        evaluation->queues = (const guint *) (gpointer) self->spec->queues->data;
        evaluation->n_queues = n_queues;
        evaluation->only_queues = TRUE;
      }

  return evaluations;
}

static void
add_rows (WpSweep *self, const WpEvaluation *evaluation, double scale, double service_scale)
{
  if (!evaluation->backlog)
    add_row (self, evaluation, scale, service_scale, evaluation->policy.queue_jobs);
  else
    for (guint i = 0; i < self->spec->queues->len; i++)
      add_row (self, evaluation, scale, service_scale, g_array_index (self->spec->queues, guint, i));
}

/* Takes the results at once: in overload each may hold much memory. */
static void
on_ended (gpointer data, WpEvaluation *const *ended, guint n, guint n_evaluations)
{
  Group *group = data;

  for (guint i = 0; i < n; i++)
    {
      add_rows (group->sweep, ended[i], group->scale, group->service_scale);
      wp_evaluation_clear (ended[i]);
    }
  group->progress->n_done += n;
  show (group->progress);
}

static gboolean
sweep_scale (WpSweep *self, const WpTraceBuffer *buffer, const WpSweepSetup *setup, double scale,
             double service_scale, Progress *progress, GError **error)
{
  Group group = { self, scale, service_scale, progress };
  guint n_evaluations;
  g_autofree WpEvaluation *evaluations = make_evaluations (self, setup, &n_evaluations);
  gboolean done;

  progress->n_passes = n_evaluations * self->spec->scales->len * self->spec->services->len;
  done = wp_evaluations_run (buffer, scale, evaluations, n_evaluations, setup->threads, on_ended, &group,
                             error);
  for (guint i = 0; i < n_evaluations; i++)
    wp_evaluation_clear (&evaluations[i]);

  return done;
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  const WpSweepRow *one = a, *other = b;

  if (one->scale != other->scale)
    return one->scale < other->scale ? -1 : 1;
  if (one->service_scale != other->service_scale)
    return one->service_scale < other->service_scale ? -1 : 1;
  if (one->workers != other->workers)
    return one->workers < other->workers ? -1 : 1;

  return (one->queue_jobs > other->queue_jobs) - (one->queue_jobs < other->queue_jobs);
}

/* For the traffic of the first scale. */
static gboolean
recommend (WpSweep *self, const WpTraceBuffer *buffer, const WpSweepSetup *setup, GError **error)
{
  const WpSearchSetup search = { buffer,         setup->policy, setup->patience_ns, self->slos,
                                 setup->threads, setup->commit, setup->stages };
  double scale = g_array_index (self->spec->scales, double, 0);

  return setup->margin == 0 || setup->policy.mode != WP_MODE_WORKER_POOL
         || wp_recommendation_find (&self->recommendation, &search, setup->margin * scale, error);
}

/* @buffer: with the services of that scale. */
static gboolean
sweep_service (WpSweep *self, const WpTraceBuffer *buffer, const WpSweepSetup *setup, double service_scale,
               Progress *progress, GError **error)
{
  for (guint i = 0; i < self->spec->scales->len; i++)
    if (!sweep_scale (self, buffer, setup, g_array_index (self->spec->scales, double, i), service_scale,
                      progress, error))
      return FALSE;

  return recommend (self, buffer, setup, error);
}

/* The same, of @trace, which its errors name. */
static gboolean
sweep_trace (WpSweep *self, const WpTraceBuffer *buffer, const WpTrace *trace, const WpSweepSetup *setup,
             double service_scale, Progress *progress, GError **error)
{
  if (sweep_service (self, buffer, setup, service_scale, progress, error))
    return TRUE;
  g_prefix_error (error, "%s: ", wp_trace_name (trace));

  return FALSE;
}

static WpServiceTime *
make_service (const WpSweepSetup *setup, double service_scale)
{
  return wp_service_time_copy (setup->services, service_scale, setup->service_always, setup->seed);
}

/* The trace's reader has multiplied the services. */
static gboolean
sweep_one_service (WpSweep *self, WpTraceBuffer *buffer, WpTrace *trace, const WpSweepSetup *setup,
                   Progress *progress, GError **error)
{
  double service_scale = g_array_index (self->spec->services, double, 0);
  g_autoptr (WpServiceTime) service = make_service (setup, service_scale);
  WpSweepSetup its = *setup;

  if (!wp_trace_buffer_load (buffer, trace, service, error))
    return FALSE;
  its.commit = wp_service_time_commit (service);
  self->n_drawn = wp_service_time_drawn (service);

  return sweep_trace (self, buffer, trace, &its, service_scale, progress, error);
}

static gboolean
sweep_services (WpSweep *self, WpTraceBuffer *raw, WpTrace *trace, const WpSweepSetup *setup,
                Progress *progress, GError **error)
{
  if (!wp_trace_buffer_load (raw, trace, NULL, error))
    return FALSE;
  for (guint i = 0; i < self->spec->services->len; i++)
    {
      double service_scale = g_array_index (self->spec->services, double, i);
      g_autoptr (WpServiceTime) scaled = make_service (setup, service_scale);
      g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (setup->memory_bytes, 2);
      WpSweepSetup its = *setup;

      if (!wp_trace_buffer_copy (buffer, raw, scaled, service_scale, error))
        return FALSE;
      its.commit = wp_service_time_commit (scaled);
      self->n_drawn = wp_service_time_drawn (scaled);
      if (!sweep_trace (self, buffer, trace, &its, service_scale, progress, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
sweep_all (WpSweep *self, WpTrace *trace, const WpSweepSetup *setup, Progress *progress, GError **error)
{
  gboolean one_service = self->spec->services->len == 1;
  g_autoptr (WpTraceBuffer) buffer = wp_trace_buffer_new (setup->memory_bytes, one_service ? 1 : 2);
  gboolean done
      = (one_service ? sweep_one_service : sweep_services) (self, buffer, trace, setup, progress, error);

  self->requests = wp_trace_buffer_length (buffer);

  return done;
}

static WpSweep *
sweep_new (WpSweepSpec *spec, const WpSweepSetup *setup, GPtrArray *slos)
{
  WpSweep *self = g_new0 (WpSweep, 1);
  guint one = 1;

  self->spec = spec;
  self->policy = setup->policy;
  self->slos = g_ptr_array_ref (slos);
  self->rows = g_array_new (FALSE, FALSE, sizeof (WpSweepRow));
  if (setup->policy.mode == WP_MODE_BUFFERED_CHANNEL)
    g_array_set_size (spec->workers, 0);
  fill_axis (spec->workers, setup->policy.mode == WP_MODE_BUFFERED_CHANNEL ? &one : &setup->policy.workers);
  fill_axis (spec->queues, &setup->policy.queue_jobs);
  fill_axis (spec->scales, &setup->scale);
  fill_axis (spec->services, &setup->service_scale);

  return self;
}

static Progress
begin_progress (void)
{
  gint64 now_ns = wp_time_monotonic ();

  return (
      Progress){ .on_terminal = isatty (STDERR_FILENO), .start_ns = now_ns, .next_ns = now_ns + INTERVAL_NS };
}

static void
finish (WpSweep *self, Progress *progress)
{
  wipe (progress);
  g_array_sort (self->rows, compare_rows);
}

WpSweep *
wp_sweep_run (WpSweepSpec *spec, WpTrace *trace, const WpSweepSetup *setup, GPtrArray *slos, GError **error)
{
  g_autoptr (WpSweep) self = sweep_new (spec, setup, slos);
  Progress progress = begin_progress ();
  gboolean done = sweep_all (self, trace, setup, &progress, error);

  finish (self, &progress);

  return done ? g_steal_pointer (&self) : NULL;
}

WpSweep *
wp_sweep_run_rows (WpSweepSpec *spec, const WpTraceBuffer *rows, const WpSweepSetup *setup, GPtrArray *slos,
                   GError **error)
{
  g_autoptr (WpSweep) self = sweep_new (spec, setup, slos);
  Progress progress = begin_progress ();
  gboolean done = sweep_service (self, rows, setup, setup->service_scale, &progress, error);

  self->requests = wp_trace_buffer_length (rows);
  finish (self, &progress);

  return done ? g_steal_pointer (&self) : NULL;
}

void
wp_sweep_free (WpSweep *self)
{
  wp_sweep_spec_free (self->spec);
  g_clear_pointer (&self->slos, g_ptr_array_unref);
  g_clear_pointer (&self->rows, g_array_unref);
  g_free (self);
}
