#include "sim/run/wp-group-models.h"

#include "sim/run/wp-pending.h"

#define BATCH_ROWS 1024 /* shown at once */

/* Who is told what becomes of a request, and of which model. */
typedef struct {
  WpPending *pending;
  guint model;
} Teller;

struct _WpGroupModels {
  guint n_models;
  WpBatchServer *servers[WP_N_MODES];
  Teller tellers[WP_N_MODES];
  WpPending *pending; /* NULL: no rows are kept */
};

/* WpBatchNotify */
static void
on_told (guint64 request, const WpVerdict *verdict, gpointer data)
{
  const Teller *teller = data;

  if (verdict->outcome != WP_OUTCOME_NONE)
    wp_pending_decide (teller->pending, teller->model, request, verdict);
}

WpGroupModels *
wp_group_models_new (const WpLayout *layouts, guint n_models, gint64 patience_ns, WpCommit *commit,
                     gboolean keeps_rows)
{
  WpGroupModels *self = g_new0 (WpGroupModels, 1);

  self->n_models = n_models;
  self->pending = keeps_rows ? wp_pending_new (n_models) : NULL;
  for (guint i = 0; i < n_models; i++)
    {
      self->tellers[i] = (Teller){ self->pending, i };
      self->servers[i] = wp_batch_server_new (&layouts[i], patience_ns, commit, keeps_rows ? on_told : NULL,
                                              &self->tellers[i]);
    }

  return self;
}

void
wp_group_models_free (WpGroupModels *self)
{
  for (guint i = 0; i < self->n_models; i++)
    wp_batch_server_free (self->servers[i]);
  g_clear_pointer (&self->pending, wp_pending_free);
  g_free (self);
}

gboolean
wp_group_models_offer (WpGroupModels *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  if (self->pending)
    wp_pending_add (self->pending, rows, services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    for (gsize j = 0; j < n_rows; j++)
      if (!wp_batch_server_offer (self->servers[i], rows[j].arrival_ns))
        return FALSE;

  return TRUE;
}

/* Their service is how long they were in service, as far as the first model goes. */
gboolean
wp_group_models_show (WpGroupModels *self, WpObservers *observers, GError **error)
{
  const WpVerdict *verdicts[WP_N_MODES];
  const WpRow *rows;
  gint64 *services_ns;
  gsize n;

  while (self->pending
         && (n = wp_pending_ready (self->pending, BATCH_ROWS, &rows, &services_ns, verdicts)) > 0)
    {
      WpBatch batch = { rows, services_ns, n, verdicts };

      for (gsize i = 0; i < n; i++)
        if (verdicts[0][i].finished_ns != WP_TIME_NONE)
          services_ns[i] = verdicts[0][i].finished_ns - verdicts[0][i].started_ns;
      if (!wp_observers_offer (observers, &batch, error))
        return FALSE;
      wp_pending_drop (self->pending, n);
    }

  return TRUE;
}

void
wp_group_models_start_counting (WpGroupModels *self, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    wp_batch_server_start_counting (self->servers[i], now_ns);
}

void
wp_group_models_add_parts (const WpGroupModels *self, WpBatchMeans *const *parts, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    {
      WpSums sums;

      wp_batch_server_sums (self->servers[i], &sums);
      wp_batch_means_add_sums (parts[i], &sums, now_ns);
    }
}

gboolean
wp_group_models_finish (WpGroupModels *self, WpFigures *figures)
{
  for (guint i = 0; i < self->n_models; i++)
    if (!wp_batch_server_finish (self->servers[i], &figures[i]))
      return FALSE;

  return TRUE;
}

gboolean
wp_group_models_check (const WpGroupModels *self, GError **error)
{
  for (guint i = 0; i < self->n_models; i++)
    if (!wp_batch_server_check (self->servers[i], error))
      return FALSE;

  return TRUE;
}
