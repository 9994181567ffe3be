#include "sim/run/wp-bulk-models.h"

#include "sim/run/wp-pending-rows.h"

#define BATCH_ROWS 1024 /* per batch for the observers */

/* The data of the callback of one model. */
typedef struct {
  WpPendingRows *pending;
  guint model;
} Teller;

struct _WpBulkModels {
  guint n_models;
  WpBulkService *servers[WP_N_MODES];
  Teller tellers[WP_N_MODES];
  WpPendingRows *pending; /* NULL: no rows are kept */
};

/* WpBatchNotify */
static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  const Teller *teller = data;

  if (result->outcome != WP_OUTCOME_NONE)
    wp_pending_rows_decide (teller->pending, teller->model, request, result);
}

WpBulkModels *
wp_bulk_models_new (const WpLayout *layouts, guint n_models, gint64 patience_ns, WpCommit *commit,
                    gboolean keeps_rows)
{
  WpBulkModels *self = g_new0 (WpBulkModels, 1);

  self->n_models = n_models;
  self->pending = keeps_rows ? wp_pending_rows_new (n_models) : NULL;
  for (guint i = 0; i < n_models; i++)
    {
      self->tellers[i] = (Teller){ self->pending, i };
      self->servers[i] = wp_bulk_service_new (&layouts[i], patience_ns, commit, keeps_rows ? on_result : NULL,
                                              &self->tellers[i]);
    }

  return self;
}

void
wp_bulk_models_free (WpBulkModels *self)
{
  for (guint i = 0; i < self->n_models; i++)
    wp_bulk_service_free (self->servers[i]);
  g_clear_pointer (&self->pending, wp_pending_rows_free);
  g_free (self);
}

gboolean
wp_bulk_models_offer (WpBulkModels *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  if (self->pending)
    wp_pending_rows_add (self->pending, rows, services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    for (gsize j = 0; j < n_rows; j++)
      if (!wp_bulk_service_offer (self->servers[i], rows[j].arrival_ns))
        return FALSE;

  return TRUE;
}

/* The observers get as service time the time in service in the first model. */
gboolean
wp_bulk_models_notify (WpBulkModels *self, WpObservers *observers, GError **error)
{
  const WpRequestResult *results[WP_N_MODES];
  const WpRow *rows;
  gint64 *services_ns;
  gsize n;

  while (self->pending
         && (n = wp_pending_rows_ready (self->pending, BATCH_ROWS, &rows, &services_ns, results)) > 0)
    {
      WpBatch batch = { rows, services_ns, n, results, NULL };

      for (gsize i = 0; i < n; i++)
        if (results[0][i].finished_ns != WP_TIME_NONE)
          services_ns[i] = results[0][i].finished_ns - results[0][i].started_ns;
      if (!wp_observers_offer (observers, &batch, error))
        return FALSE;
      wp_pending_rows_drop (self->pending, n);
    }

  return TRUE;
}

void
wp_bulk_models_start_counting (WpBulkModels *self, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    wp_bulk_service_start_counting (self->servers[i], now_ns);
}

void
wp_bulk_models_add_parts (const WpBulkModels *self, WpBatchMeans *const *parts, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    {
      WpSums sums;

      wp_bulk_service_sums (self->servers[i], &sums);
      wp_batch_means_add_sums (parts[i], &sums, now_ns);
    }
}

gboolean
wp_bulk_models_finish (WpBulkModels *self, WpSummary *summary)
{
  for (guint i = 0; i < self->n_models; i++)
    if (!wp_bulk_service_finish (self->servers[i], &summary[i]))
      return FALSE;

  return TRUE;
}

gboolean
wp_bulk_models_check (const WpBulkModels *self, GError **error)
{
  for (guint i = 0; i < self->n_models; i++)
    if (!wp_bulk_service_check (self->servers[i], error))
      return FALSE;

  return TRUE;
}
