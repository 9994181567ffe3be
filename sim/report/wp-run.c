#include "sim/report/wp-run.h"

#include "sim/base/wp-error.h"
#include "sim/model/wp-batch-server.h"
#include "sim/model/wp-model-thread.h"
#include "sim/report/wp-pending.h"

#define BATCH_ROWS 1024   /* small enough that a batch stays in the cache while every model takes it */

/* Who is told what becomes of a request, and of which model. */
typedef struct { WpRun *run; guint model; } Teller;

struct _WpRun {
  WpTrace *trace;
  WpService *service;
  gint64 patience_ns;
  guint n_models;
  WpLayout layouts[WP_N_MODES];
  WpModel *models[WP_N_MODES];
  guint threads;
  WpModelThread *beside;             /* takes the rows of some models; NULL: none */
  gboolean is_beside[WP_N_MODES];
  WpBatchServer *servers[WP_N_MODES];   /* in their place, where the database commits in groups */
  Teller tellers[WP_N_MODES];
  WpPending *pending;                /* rows that the servers have not done with; NULL where no observer wants verdicts */
  WpFrontOptions front_options;
  WpFrontStage *front;                    /* NULL: none */
  gboolean begins;                   /* the next row is the first that counts, after a warm-up */
  WpRow *passed;                     /* BATCH_ROWS that have passed it */
  WpVerdict *verdicts[WP_N_MODES];   /* NULL where no observer wants them */
  WpTraffic *traffic;
  GArray *watches;
  WpBatchMeans *const *parts;        /* NULL: not asked for */
  guint64 warmup_rows, n_offered;
  gint64 warmup_ns;
  gboolean counting;
  gint64 services_ns[BATCH_ROWS];
};

WpRun *
wp_run_new (WpTrace *trace, WpService *service, const WpPolicy *policies, guint n_models, gint64 patience_ns)
{
  WpRun *self = g_new0 (WpRun, 1);

  g_return_val_if_fail (n_models >= 1 && n_models <= WP_N_MODES, NULL);

  self->trace = trace;
  self->service = service;
  self->patience_ns = patience_ns;
  self->warmup_ns = WP_TIME_NONE;
  self->threads = 1;
  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    wp_policy_layout (&policies[i], &self->layouts[i]);
  self->watches = g_array_new (FALSE, FALSE, sizeof (WpWatch));

  return self;
}

static void
drop_models (WpRun *self)
{
  g_clear_pointer (&self->beside, wp_model_thread_free);
  for (guint i = 0; i < self->n_models; i++)
    {
      g_clear_pointer (&self->models[i], wp_model_free);
      g_clear_pointer (&self->servers[i], wp_batch_server_free);
    }
  g_clear_pointer (&self->pending, wp_pending_free);
  g_clear_pointer (&self->front, wp_front_stage_free);
  g_clear_pointer (&self->traffic, wp_traffic_free);
}

void
wp_run_free (WpRun *self)
{
  drop_models (self);
  for (guint i = 0; i < self->n_models; i++)
    g_free (self->verdicts[i]);
  g_array_unref (self->watches);
  g_free (self->passed);
  g_free (self);
}

void
wp_run_put_front (WpRun *self, const WpFrontOptions *front)
{
  self->front_options = *front;
  if (!self->passed)
    self->passed = g_new (WpRow, BATCH_ROWS);
}

gboolean
wp_run_front_figures (const WpRun *self, WpFrontFigures *figures)
{
  if (!self->front)
    return FALSE;
  wp_front_stage_figures (self->front, figures);

  return TRUE;
}

static void
watch (WpRun *self, const WpObserver *functions, gpointer observer, guint first, guint n)
{
  WpWatch watch = { functions, observer };

  g_array_append_val (self->watches, watch);
  for (guint i = first; functions->wants_verdicts && i < first + n; i++)
    if (!self->verdicts[i])
      self->verdicts[i] = g_new (WpVerdict, BATCH_ROWS);
}

void
wp_run_watch (WpRun *self, const WpObserver *functions, gpointer observer)
{
  watch (self, functions, observer, 0, self->n_models);
}

void
wp_run_watch_one (WpRun *self, const WpObserver *functions, gpointer observer, guint model)
{
  g_return_if_fail (model < self->n_models);

  watch (self, functions, observer, model, 1);
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

/* WpBatchTold */
static void
on_told (guint64 request, const WpVerdict *verdict, gpointer data)
{
  const Teller *teller = data;

  if (verdict->outcome != WP_OUTCOME_NONE)
    wp_pending_decide (teller->run->pending, teller->model, request, verdict);
}

static void
start_servers (WpRun *self, WpCommit *commit)
{
  gboolean wanted = FALSE;

  for (guint i = 0; i < self->n_models; i++)
    wanted |= self->verdicts[i] != NULL;
  if (wanted)
    self->pending = wp_pending_new (self->n_models);
  for (guint i = 0; i < self->n_models; i++)
    {
      self->tellers[i] = (Teller) { self, i };
      self->servers[i] = wp_batch_server_new (&self->layouts[i], self->patience_ns, commit, wanted ? on_told : NULL, &self->tellers[i]);
    }
}

/* All models but the last, and but those that somebody looks at row by row. A warm-up and batch means ask models in between. */
static void
start_beside (WpRun *self)
{
  WpModel *models[WP_N_MODES];
  guint n = 0;

  for (guint i = 0; i + 1 < self->n_models; i++)
    if ((self->is_beside[i] = self->threads > 1 && !self->verdicts[i] && !self->parts && self->warmup_rows == 0 && self->warmup_ns == WP_TIME_NONE))
      models[n++] = self->models[i];
  if (n > 0)
    self->beside = wp_model_thread_new (models, n);
}

static void
start (WpRun *self)
{
  WpCommit *commit = wp_service_commit (self->service);

  self->n_offered = 0;
  self->begins = FALSE;
  self->counting = FALSE;
  drop_models (self);
  if (commit)
    start_servers (self, commit);
  for (guint i = 0; !commit && i < self->n_models; i++)
    self->models[i] = wp_model_new (&self->layouts[i], self->patience_ns);
  if (!commit)
    start_beside (self);
  if (self->front_options.time_ns > 0)
    self->front = wp_front_stage_new (&self->front_options);
  self->traffic = wp_traffic_new ();
  wp_service_restart (self->service);
}

static gboolean
start_over (WpRun *self, GError **error)
{
  if (!wp_trace_sort (self->trace, error))
    return FALSE;
  start (self);
  for (guint i = 0; i < self->watches->len; i++)
    {
      const WpWatch *watch = &g_array_index (self->watches, WpWatch, i);

      if (!watch->functions->restart (watch->observer, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
show (WpRun *self, const WpBatch *batch, GError **error)
{
  for (guint i = 0; i < self->watches->len; i++)
    {
      const WpWatch *watch = &g_array_index (self->watches, WpWatch, i);

      if (!watch->functions->offer (watch->observer, batch, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
fail_of_time (const WpRun *self, GError **error)
{
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: the simulated time passes 292 years", wp_trace_name (self->trace));

  return FALSE;
}

/* Their service is how long they were in service, as far as the first model goes. */
static gboolean
show_decided (WpRun *self, GError **error)
{
  const WpVerdict *verdicts[WP_N_MODES];
  const WpRow *rows;
  gint64 *services_ns;
  gsize n;

  while (self->pending && (n = wp_pending_ready (self->pending, BATCH_ROWS, &rows, &services_ns, verdicts)) > 0)
    {
      WpBatch batch = { rows, services_ns, n, verdicts };

      for (gsize i = 0; i < n; i++)
        if (verdicts[0][i].finished_ns != WP_TIME_NONE)
          services_ns[i] = verdicts[0][i].finished_ns - verdicts[0][i].started_ns;
      if (!show (self, &batch, error))
        return FALSE;
      wp_pending_drop (self->pending, n);
    }

  return TRUE;
}

static gboolean
offer_to_servers (WpRun *self, const WpRow *rows, gsize n_rows, GError **error)
{
  WpBatch batch = { rows, self->services_ns, n_rows, NULL };

  if (self->pending)
    wp_pending_add (self->pending, rows, self->services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    for (gsize j = 0; j < n_rows; j++)
      if (!wp_batch_server_offer (self->servers[i], rows[j].arrival_ns))
        return fail_of_time (self, error);

  return self->pending ? show_decided (self, error) : show (self, &batch, error);
}

static const WpRow *
pass_front (WpRun *self, const WpRow *rows, gsize n_rows)
{
  if (!self->front)
    return rows;
  for (gsize i = 0; i < n_rows; i++)
    {
      self->passed[i] = rows[i];
      self->passed[i].arrival_ns = wp_front_stage_pass (self->front, rows[i].arrival_ns);
    }

  return self->passed;
}

static gboolean
offer_batch (WpRun *self, const WpRow *rows, gsize n_rows, GError **error)
{
  WpBatch batch = { rows, self->services_ns, n_rows, (const WpVerdict *const *) self->verdicts };

  if (self->servers[0])
    return offer_to_servers (self, rows, n_rows, error);
  if (self->beside)
    wp_model_thread_offer (self->beside, rows, self->services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    if (!self->is_beside[i] && !wp_model_offer (self->models[i], rows, self->services_ns, n_rows, self->verdicts[i]))
      return fail_of_time (self, error);

  return show (self, &batch, error);
}

/* @now_ns: the next request arrives at the queue */
static void
start_counting (WpRun *self, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    if (self->servers[i])
      wp_batch_server_start_counting (self->servers[i], now_ns);
    else
      wp_model_start_counting (self->models[i], now_ns);
}

static void
add_parts (WpRun *self, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    if (self->servers[i])
      {
        WpSums sums;

        wp_batch_server_sums (self->servers[i], &sums);
        wp_batch_means_add_sums (self->parts[i], &sums, now_ns);
      }
    else
      wp_batch_means_add (self->parts[i], self->models[i], now_ns);
}

/* How many of these rows belong to the warm-up. The first row past it starts the counting. */
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
  if (self->begins && self->front)
    wp_front_stage_start_counting (self->front);

  return n_rows;
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
      wp_service_fill (self->service, rows + done, n, self->services_ns);
      wp_traffic_add (self->traffic, rows + done, self->services_ns, n);
      arrived = pass_front (self, rows + done, n);
      if (self->begins)
        start_counting (self, arrived[0].arrival_ns);
      self->begins = FALSE;
      if (!offer_batch (self, arrived, n, error))
        return FALSE;
      self->n_offered += n;
      if (self->parts && self->counting)
        add_parts (self, arrived[n - 1].arrival_ns);
    }

  return TRUE;
}

static gboolean
finish_model (WpRun *self, guint i, WpFigures *figures, GError **error)
{
  if (self->servers[i])
    return (wp_batch_server_finish (self->servers[i], figures) || fail_of_time (self, error)) && wp_batch_server_check (self->servers[i], error);
  wp_model_finish (self->models[i], figures);

  return wp_model_check (self->models[i], error);
}

static gboolean
finish (WpRun *self, WpFigures *figures, WpTrafficFigures *traffic, GError **error)
{
  if (!self->counting)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: the warm-up is longer than the trace", wp_trace_name (self->trace));
      return FALSE;
    }
  if (self->beside && !wp_model_thread_finish (self->beside))
    return fail_of_time (self, error);
  for (guint i = 0; i < self->n_models; i++)
    if (!finish_model (self, i, &figures[i], error))
      return FALSE;
  if (!show_decided (self, error))
    return FALSE;
  wp_traffic_figures (self->traffic, traffic);
  traffic->out_of_order = wp_trace_out_of_order (self->trace);
  for (guint i = 0; i < self->watches->len; i++)
    {
      const WpWatch *watch = &g_array_index (self->watches, WpWatch, i);

      if (watch->functions->finish && !watch->functions->finish (watch->observer, error))
        return FALSE;
    }

  return TRUE;
}

gboolean
wp_run_go (WpRun *self, WpFigures *figures, WpTrafficFigures *traffic, GError **error)
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
        return finish (self, figures, traffic, error);
      }
}
