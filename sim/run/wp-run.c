#include "sim/run/wp-run.h"

#include "sim/base/wp-error.h"
#include "sim/model/wp-model-thread.h"
#include "sim/run/wp-bulk-models.h"

#define BATCH_ROWS 1024 /* a batch stays in the cache while every model processes it */

struct _WpRun {
  WpTrace *trace;
  WpServiceTime *service, *dispatch; /* dispatch: NULL: none */
  gint64 patience_ns;
  guint n_models;
  WpLayout layouts[WP_N_MODES];
  WpModel *models[WP_N_MODES];
  WpFleetOptions fleet_options;
  WpFleet *fleet; /* replaces the first model; NULL: none */
  WpSharedQueueOptions shared_options;
  WpCommit *confirm; /* of a publish to the shared queue */
  guint threads;
  WpModelThread *beside; /* a thread for some of the models; NULL: none */
  gboolean is_beside[WP_N_MODES];
  WpBulkModels *groups; /* replace the models with group commit; else NULL */
  WpHttpStageOptions http_stage_options;
  WpHttpStage *http_stage;              /* NULL: none */
  gboolean begins;                      /* the next row is the first after the warm-up */
  WpRow *passed;                        /* BATCH_ROWS rows after the HTTP stage */
  WpRequestResult *results[WP_N_MODES]; /* NULL if no observer wants them */
  gboolean wants_results;               /* an observer does */
  WpTraffic *traffic;
  GArray *observers;          /* (element-type WpWatcher) */
  WpTimeline *timeline;       /* one of them */
  WpBatchMeans *const *parts; /* NULL: none */
  guint64 warmup_rows, n_offered;
  gint64 warmup_ns;
  gboolean counting;
  gboolean again; /* rows have their services */
  gint64 services_ns[BATCH_ROWS], dispatches_ns[BATCH_ROWS];
};

static void
add_observer (WpRun *self, const WpObserver *functions, gpointer observer)
{
  WpWatcher watcher = { functions, observer };

  g_array_append_val (self->observers, watcher);
}

WpRun *
wp_run_new (WpTrace *trace, WpServiceTime *service, const WpPolicy *policies, guint n_models,
            gint64 patience_ns)
{
  WpRun *self = g_new0 (WpRun, 1);

  g_return_val_if_fail (n_models <= WP_N_MODES, NULL);

  self->trace = trace;
  self->service = service;
  self->patience_ns = patience_ns;
  self->warmup_ns = WP_TIME_NONE;
  self->threads = 1;
  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    wp_policy_layout (&policies[i], &self->layouts[i]);
  self->observers = g_array_new (FALSE, FALSE, sizeof (WpWatcher));
  self->timeline = wp_timeline_new (n_models);
  add_observer (self, &wp_timeline_observer, self->timeline);

  return self;
}

static void
drop_models (WpRun *self)
{
  g_clear_pointer (&self->beside, wp_model_thread_free);
  for (guint i = 0; i < self->n_models; i++)
    g_clear_pointer (&self->models[i], wp_model_free);
  g_clear_pointer (&self->fleet, wp_fleet_free);
  g_clear_pointer (&self->groups, wp_bulk_models_free);
  g_clear_pointer (&self->http_stage, wp_http_stage_free);
  g_clear_pointer (&self->traffic, wp_traffic_free);
}

void
wp_run_free (WpRun *self)
{
  drop_models (self);
  for (guint i = 0; i < self->n_models; i++)
    g_free (self->results[i]);
  g_array_unref (self->observers);
  wp_timeline_free (self->timeline);
  g_free (self->passed);
  g_free (self);
}

void
wp_run_set_http_stage (WpRun *self, const WpHttpStageOptions *http_stage)
{
  self->http_stage_options = *http_stage;
  if (!self->passed)
    self->passed = g_new (WpRow, BATCH_ROWS);
}

void
wp_run_set_dispatch (WpRun *self, WpServiceTime *dispatch)
{
  self->dispatch = dispatch;
}

void
wp_run_set_fleet (WpRun *self, const WpFleetOptions *fleet)
{
  self->fleet_options = *fleet;
}

void
wp_run_set_shared_queue (WpRun *self, const WpSharedQueueOptions *options, WpCommit *confirm)
{
  self->shared_options = *options;
  self->confirm = confirm;
}

gboolean
wp_run_shared_queue_figures (const WpRun *self, WpSharedQueueFigures *figures)
{
  if (self->shared_options.fronts == 0)
    return FALSE;
  wp_bulk_models_figures (self->groups, figures);

  return TRUE;
}

gboolean
wp_run_http_stage_summary (const WpRun *self, WpHttpStageSummary *summary)
{
  if (self->fleet)
    return wp_fleet_http_stage_summary (self->fleet, summary);
  if (!self->http_stage)
    return FALSE;
  wp_http_stage_summary (self->http_stage, summary);

  return TRUE;
}

static void
make_results (WpRun *self, guint first_model, guint n_models)
{
  self->wants_results = TRUE;
  for (guint i = first_model; i < first_model + n_models; i++)
    if (!self->results[i])
      self->results[i] = g_new (WpRequestResult, BATCH_ROWS);
}

void
wp_run_watch (WpRun *self, const WpObserver *functions, gpointer observer)
{
  add_observer (self, functions, observer);
  if (functions->wants_results)
    make_results (self, 0, self->n_models);
}

void
wp_run_sample (WpRun *self, const WpStateSampler *functions, gpointer sampler, gint64 first_ns,
               gint64 interval_ns)
{
  wp_timeline_sample (self->timeline, functions, sampler, first_ns, interval_ns);
  make_results (self, 0, self->n_models);
}

void
wp_run_follow (WpRun *self, guint model, WpStateValue value, WpDownsample *values)
{
  g_return_if_fail (model < self->n_models);

  wp_timeline_follow (self->timeline, model, value, values);
  make_results (self, model, 1);
}

void
wp_run_set_threads (WpRun *self, guint threads)
{
  self->threads = threads;
}

void
wp_run_warm_up (WpRun *self, guint64 rows, gint64 ns)
{
  self->warmup_rows = rows;
  self->warmup_ns = ns;
}

void
wp_run_watch_parts (WpRun *self, WpBatchMeans *const *parts)
{
  self->parts = parts;
}

/* Do clients leave sooner after their arrival at the queue, by what they have spent in the HTTP stage? */
static gboolean
leaves_early (const WpRun *self)
{
  return self->patience_ns != WP_TIME_NONE && self->http_stage_options.time_ns > 0;
}

/* Moves all models except the last of several, and except those with observers, to a thread: this one reads
 * the trace meanwhile. With a warm-up, dispatches or batch means, which read the models during the run, and
 * with a fleet, no model moves. */
static void
start_beside (WpRun *self)
{
  WpModel *models[WP_N_MODES];
  guint n = 0, n_movable = MAX (self->n_models, 2) - 1;

  for (guint i = 0; i < MIN (n_movable, self->n_models); i++)
    if ((self->is_beside[i] = self->threads > 1 && !self->fleet && !self->results[i] && !self->parts
                              && !self->dispatch && !leaves_early (self) && self->warmup_rows == 0
                              && self->warmup_ns == WP_TIME_NONE))
      models[n++] = self->models[i];
  if (n > 0)
    self->beside = wp_model_thread_new (models, n);
}

static void
start_models (WpRun *self)
{
  if (self->fleet_options.instances > 0)
    self->fleet = wp_fleet_new (&self->fleet_options, &self->layouts[0], self->patience_ns);
  for (guint i = self->fleet ? 1 : 0; i < self->n_models; i++)
    self->models[i] = wp_model_new (&self->layouts[i], self->patience_ns);
  start_beside (self);
}

static void
start (WpRun *self)
{
  WpCommit *commit = wp_service_time_commit (self->service);

  self->n_offered = 0;
  self->begins = FALSE;
  self->counting = FALSE;
  drop_models (self);
  if (self->shared_options.fronts > 0)
    self->groups = wp_bulk_models_new_shared (&self->shared_options, &self->layouts[0], self->confirm, commit,
                                              self->wants_results);
  else if (commit && self->fleet_options.instances > 0)
    self->groups = wp_bulk_models_new_fleet (&self->fleet_options, &self->layouts[0], &self->layouts[1],
                                             commit, self->wants_results);
  else if (commit)
    self->groups
        = wp_bulk_models_new (self->layouts, self->n_models, self->patience_ns, commit, self->wants_results);
  else
    start_models (self);
  if (self->http_stage_options.time_ns > 0)
    self->http_stage = wp_http_stage_new (&self->http_stage_options);
  self->traffic = wp_traffic_new ();
  wp_service_time_restart (self->service);
  if (self->dispatch)
    wp_service_time_restart (self->dispatch);
}

static gboolean
start_over (WpRun *self, GError **error)
{
  if (!wp_trace_sort (self->trace, error))
    return FALSE;
  start (self);

  return wp_observers_restart (self->observers, error);
}

static gboolean
fail_of_time (const WpRun *self, GError **error)
{
  return wp_fail (error, WP_ERROR_BAD_VALUE, "%s: the simulated time passes 292 years",
                  wp_trace_name (self->trace));
}

static const WpRow *
pass_front (WpRun *self, const WpRow *rows, gsize n_rows)
{
  if (!self->http_stage)
    return rows;
  for (gsize i = 0; i < n_rows; i++)
    {
      self->passed[i] = rows[i];
      self->passed[i].arrival_ns = wp_http_stage_pass (self->http_stage, rows[i].arrival_ns);
    }

  return self->passed;
}

/* @sent: with the arrivals at the HTTP stage, for a fleet has one for each server */
static gboolean
offer_to_model (WpRun *self, guint i, const WpRow *sent, const WpRow *rows, gsize first, gsize n_rows)
{
  const gint64 *services_ns = self->services_ns + first;
  const gint64 *dispatches_ns = self->dispatch ? self->dispatches_ns + first : NULL;
  WpRequestResult *results = self->results[i] ? self->results[i] + first : NULL;

  if (i == 0 && self->fleet)
    return wp_fleet_offer (self->fleet, sent + first, services_ns, dispatches_ns, n_rows, !self->counting,
                           results);
  if (!self->counting)
    return wp_model_warm_up (self->models[i], rows + first, services_ns, dispatches_ns, n_rows, results);
  if (dispatches_ns)
    return wp_model_offer_dispatched (self->models[i], rows + first, services_ns, dispatches_ns, n_rows,
                                      results);

  return wp_model_offer (self->models[i], rows + first, services_ns, n_rows, results);
}

/* A client leaves that long after its request's arrival in the trace, @sent: the HTTP stage has its share of
 * it. */
static gboolean
offer_impatient (WpRun *self, guint i, const WpRow *sent, const WpRow *rows, gsize n_rows)
{
  for (gsize row = 0; row < n_rows; row++)
    {
      gint64 passing_ns = rows[row].arrival_ns - sent[row].arrival_ns;

      wp_model_set_patience (self->models[i], MAX (0, self->patience_ns - passing_ns));
      if (!offer_to_model (self, i, sent, rows, row, 1))
        return FALSE;
    }

  return TRUE;
}

static gboolean
offer_to_models (WpRun *self, const WpRow *sent, const WpRow *rows, gsize n_rows)
{
  gboolean is_impatient = leaves_early (self);

  if (self->beside)
    wp_model_thread_offer (self->beside, rows, self->services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    if (!self->is_beside[i]
        && !(is_impatient && self->models[i] ? offer_impatient (self, i, sent, rows, n_rows)
                                             : offer_to_model (self, i, sent, rows, 0, n_rows)))
      return FALSE;

  return TRUE;
}

static gboolean
offer_batch (WpRun *self, const WpRow *sent, const WpRow *rows, gsize n_rows, GError **error)
{
  WpBatch batch = { rows, self->services_ns, n_rows, (const WpRequestResult *const *) self->results,
                    self->dispatch ? self->dispatches_ns : NULL };

  if (!(self->groups ? wp_bulk_models_offer (self->groups, rows, self->services_ns, n_rows)
                     : offer_to_models (self, sent, rows, n_rows)))
    return fail_of_time (self, error);
  if (self->groups && self->wants_results)
    return wp_bulk_models_notify (self->groups, self->observers, error);

  return wp_observers_offer (self->observers, &batch, error);
}

/* @now_ns: arrival of the next request at the queue */
static void
start_counting (WpRun *self, gint64 now_ns)
{
  if (self->groups)
    wp_bulk_models_start_counting (self->groups, now_ns);
  else
    for (guint i = self->fleet ? 1 : 0; i < self->n_models; i++)
      wp_model_start_counting (self->models[i], now_ns);
  if (self->fleet)
    wp_fleet_start_counting (self->fleet, now_ns);
}

static void
add_parts (WpRun *self, gint64 now_ns)
{
  if (self->groups)
    wp_bulk_models_add_parts (self->groups, self->parts, now_ns);
  else
    for (guint i = 0; i < self->n_models; i++)
      wp_batch_means_add (self->parts[i], self->models[i], now_ns);
}

/* The number of these rows in the warm-up. The first later row starts the counting. */
static gsize
warm_up (WpRun *self, const WpRow *rows, gsize n_rows)
{
  gsize n = 0;

  while (n < n_rows && (self->n_offered + n < self->warmup_rows || rows[n].arrival_ns < self->warmup_ns))
    n++;
  if (n > 0)
    return n;
  self->counting = TRUE;
  self->begins = self->n_offered > 0;
  if (self->begins && self->http_stage)
    wp_http_stage_start_counting (self->http_stage);

  return n_rows;
}

static void
find_services (WpRun *self, const WpRow *rows, gsize n_rows)
{
  if (!self->again)
    wp_service_time_fill (self->service, rows, n_rows, self->services_ns);
  else
    for (gsize i = 0; i < n_rows; i++)
      self->services_ns[i] = rows[i].service_ns;
}

static gboolean
offer_rows (WpRun *self, const WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize done = 0, n; done < n_rows; done += n)
    {
      const WpRow *arrived;

      n = MIN (BATCH_ROWS, n_rows - done);
      if (!self->counting)
        n = warm_up (self, rows + done, n);
      find_services (self, rows + done, n);
      if (self->dispatch)
        wp_service_time_draw (self->dispatch, self->dispatches_ns, n);
      wp_traffic_add (self->traffic, rows + done, self->services_ns, n);
      arrived = pass_front (self, rows + done, n);
      if (self->begins)
        start_counting (self, arrived[0].arrival_ns);
      self->begins = FALSE;
      if (!offer_batch (self, rows + done, arrived, n, error))
        return FALSE;
      self->n_offered += n;
      if (self->parts && self->counting)
        add_parts (self, arrived[n - 1].arrival_ns);
    }

  return TRUE;
}

static gboolean
finish_models (WpRun *self, WpSummary *summary, GError **error)
{
  if (self->beside && !wp_model_thread_finish (self->beside))
    return fail_of_time (self, error);
  if (self->fleet)
    {
      wp_fleet_finish (self->fleet, &summary[0]);
      if (!wp_fleet_check (self->fleet, error))
        return FALSE;
    }
  for (guint i = self->fleet ? 1 : 0; i < self->n_models; i++)
    {
      wp_model_finish (self->models[i], &summary[i]);
      if (!wp_model_check (self->models[i], error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
finish_groups (WpRun *self, WpSummary *summary, GError **error)
{
  if (!wp_bulk_models_finish (self->groups, summary))
    return fail_of_time (self, error);

  return wp_bulk_models_check (self->groups, error)
         && wp_bulk_models_notify (self->groups, self->observers, error);
}

static gboolean
finish (WpRun *self, WpSummary *summary, WpTrafficSummary *traffic, GError **error)
{
  if (!self->counting)
    return wp_fail (error, WP_ERROR_BAD_VALUE, "%s: the warm-up is longer than the trace",
                    wp_trace_name (self->trace));
  if (!(self->groups ? finish_groups (self, summary, error) : finish_models (self, summary, error)))
    return FALSE;
  wp_traffic_summary (self->traffic, wp_trace_has_spread_stamps (self->trace), traffic);
  traffic->out_of_order = wp_trace_out_of_order (self->trace);

  return wp_observers_finish (self->observers, error);
}

gboolean
wp_run_execute (WpRun *self, WpSummary *summary, WpTrafficSummary *traffic, GError **error)
{
  const WpRow *rows;
  gsize n_rows;

  start (self);
  for (;;)
    switch (wp_trace_read (self->trace, &rows, &n_rows, error))
      {
      case WP_READ_ERROR:
        return FALSE;
      case WP_READ_ROWS:
        if (!offer_rows (self, rows, n_rows, error))
          return FALSE;
        break;
      case WP_READ_DISORDER:
        if (!start_over (self, error))
          return FALSE;
        break;
      case WP_READ_END:
      default:
        return finish (self, summary, traffic, error);
      }
}

gboolean
wp_run_execute_rows (WpRun *self, const WpTraceBuffer *rows, WpSummary *summary, WpTrafficSummary *traffic,
                     GError **error)
{
  g_autofree WpTraceBlock *block = g_new (WpTraceBlock, 1);
  g_autofree WpRow *batch = g_new (WpRow, WP_TRACE_BUFFER_BLOCK_ROWS);

  start (self);
  self->again = TRUE;
  for (guint64 first = 0; wp_trace_buffer_read (rows, 1, first, block); first += block->n_rows)
    {
      for (gsize i = 0; i < block->n_rows; i++)
        {
          batch[i] = (WpRow) WP_ROW_INIT;
          batch[i].arrival_ns = block->arrivals_ns[i];
          batch[i].service_ns = block->services_ns[i];
        }
      if (!offer_rows (self, batch, block->n_rows, error))
        return FALSE;
    }

  return finish (self, summary, traffic, error);
}
