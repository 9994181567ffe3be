#include "sim/report/wp-run.h"

#include "sim/base/wp-error.h"

#define BATCH_ROWS 1024   /* small enough that a batch stays in the cache while every model takes it */

struct _WpRun {
  WpTrace *trace;
  WpService *service;
  gint64 patience_ns;
  guint n_models;
  WpLayout layouts[WP_N_MODES];
  WpModel *models[WP_N_MODES];
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
  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    wp_policy_layout (&policies[i], &self->layouts[i]);
  self->watches = g_array_new (FALSE, FALSE, sizeof (WpWatch));

  return self;
}

static void
drop_models (WpRun *self)
{
  for (guint i = 0; i < self->n_models; i++)
    g_clear_pointer (&self->models[i], wp_model_free);
  g_clear_pointer (&self->traffic, wp_traffic_free);
}

void
wp_run_free (WpRun *self)
{
  drop_models (self);
  for (guint i = 0; i < self->n_models; i++)
    g_free (self->verdicts[i]);
  g_array_unref (self->watches);
  g_free (self);
}

void
wp_run_watch (WpRun *self, const WpObserver *functions, gpointer observer)
{
  WpWatch watch = { functions, observer };

  g_array_append_val (self->watches, watch);
  for (guint i = 0; functions->wants_verdicts && i < self->n_models; i++)
    if (!self->verdicts[i])
      self->verdicts[i] = g_new (WpVerdict, BATCH_ROWS);
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

static void
start (WpRun *self)
{
  self->n_offered = 0;
  self->counting = FALSE;
  drop_models (self);
  for (guint i = 0; i < self->n_models; i++)
    self->models[i] = wp_model_new (&self->layouts[i], self->patience_ns);
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
offer_batch (WpRun *self, const WpRow *rows, gsize n_rows, GError **error)
{
  WpBatch batch = { rows, self->services_ns, n_rows, (const WpVerdict *const *) self->verdicts };

  wp_service_fill (self->service, rows, n_rows, self->services_ns);
  wp_traffic_add (self->traffic, rows, self->services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    if (!wp_model_offer (self->models[i], rows, self->services_ns, n_rows, self->verdicts[i]))
      {
        g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: the simulated time passes 292 years", wp_trace_name (self->trace));
        return FALSE;
      }
  for (guint i = 0; i < self->watches->len; i++)
    {
      const WpWatch *watch = &g_array_index (self->watches, WpWatch, i);

      if (!watch->functions->offer (watch->observer, &batch, error))
        return FALSE;
    }

  return TRUE;
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
  for (guint i = 0; self->n_offered > 0 && i < self->n_models; i++)
    wp_model_start_counting (self->models[i], rows[0].arrival_ns);

  return n_rows;
}

static gboolean
offer_rows (WpRun *self, const WpRow *rows, gsize n_rows, GError **error)
{
  for (gsize done = 0, n; done < n_rows; done += n)
    {
      n = MIN (BATCH_ROWS, n_rows - done);
      if (!self->counting)
        n = warm_up (self, rows + done, n);
      if (!offer_batch (self, rows + done, n, error))
        return FALSE;
      self->n_offered += n;
      for (guint i = 0; self->parts && self->counting && i < self->n_models; i++)
        wp_batch_means_add (self->parts[i], self->models[i], rows[done + n - 1].arrival_ns);
    }

  return TRUE;
}

static gboolean
finish (WpRun *self, WpFigures *figures, WpTrafficFigures *traffic, GError **error)
{
  if (!self->counting)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s: the warm-up is longer than the trace", wp_trace_name (self->trace));
      return FALSE;
    }
  for (guint i = 0; i < self->n_models; i++)
    {
      wp_model_finish (self->models[i], &figures[i]);
      if (!wp_model_check (self->models[i], error))
        return FALSE;
    }
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
