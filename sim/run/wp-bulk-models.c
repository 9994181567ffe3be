#include "sim/run/wp-bulk-models.h"

#include "sim/model/wp-model.h"

#define BATCH_ROWS 1024 /* per batch for the observers */
#define SMALL      4096 /* dropped rows before the others are moved */

/* Rows whose results are not yet known, in order of arrival. Needs memory for all rows from the oldest that
 * has not ended in every model. */
typedef struct {
  guint n_models;
  guint64 first; /* the number of the first row in the arrays */
  guint dropped; /* leading rows of the arrays that are dropped */
  GArray *rows;  /* (element-type WpRow): owns the ids */
  GArray *services_ns;
  GArray *results[3]; /* (element-type WpRequestResult): outcome NONE until it is known */
} PendingRows;

static PendingRows *
pending_rows_new (guint n_models)
{
  PendingRows *self = g_new0 (PendingRows, 1);

  g_assert (n_models <= G_N_ELEMENTS (self->results));
  self->n_models = n_models;
  self->rows = g_array_new (FALSE, FALSE, sizeof (WpRow));
  self->services_ns = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < n_models; i++)
    self->results[i] = g_array_new (FALSE, TRUE, sizeof (WpRequestResult));

  return self;
}

static void
pending_rows_drop (PendingRows *self, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    g_free ((char *) g_array_index (self->rows, WpRow, self->dropped + i).id);
  self->dropped += (guint) n_rows;
  if (self->dropped < SMALL || self->dropped < self->rows->len / 2)
    return;
  g_array_remove_range (self->rows, 0, self->dropped);
  g_array_remove_range (self->services_ns, 0, self->dropped);
  for (guint i = 0; i < self->n_models; i++)
    g_array_remove_range (self->results[i], 0, self->dropped);
  self->first += self->dropped;
  self->dropped = 0;
}

static void
pending_rows_free (PendingRows *self)
{
  pending_rows_drop (self, self->rows->len - self->dropped);
  g_array_unref (self->rows);
  g_array_unref (self->services_ns);
  for (guint i = 0; i < self->n_models; i++)
    g_array_unref (self->results[i]);
  g_free (self);
}

/* Copies the next rows, ids too. */
static void
pending_rows_add (PendingRows *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  guint before = self->rows->len;

  g_array_append_vals (self->rows, rows, (guint) n_rows);
  g_array_append_vals (self->services_ns, services_ns, (guint) n_rows);
  for (guint i = before; i < self->rows->len; i++)
    g_array_index (self->rows, WpRow, i).id = g_strdup (g_array_index (self->rows, WpRow, i).id);
  for (guint i = 0; i < self->n_models; i++)
    g_array_set_size (self->results[i], self->rows->len);
}

/* @request: its number, from 0 */
static void
pending_rows_decide (PendingRows *self, guint model, guint64 request, const WpRequestResult *result)
{
  g_array_index (self->results[model], WpRequestResult, request - self->first) = *result;
}

static gboolean
is_decided (const PendingRows *self, guint i)
{
  for (guint model = 0; model < self->n_models; model++)
    if (g_array_index (self->results[model], WpRequestResult, i).outcome == WP_OUTCOME_NONE)
      return FALSE;

  return TRUE;
}

/* The number of oldest rows that have ended in every model, at most @most. The pointers to the oldest are
 * valid until the next addition or drop. */
static gsize
pending_rows_ready (const PendingRows *self, gsize most, const WpRow **rows, gint64 **services_ns,
                    const WpRequestResult **results)
{
  gsize n = 0;

  while (n < most && self->dropped + n < self->rows->len && is_decided (self, (guint) (self->dropped + n)))
    n++;
  *rows = &g_array_index (self->rows, WpRow, self->dropped);
  *services_ns = &g_array_index (self->services_ns, gint64, self->dropped);
  for (guint i = 0; i < self->n_models; i++)
    results[i] = &g_array_index (self->results[i], WpRequestResult, self->dropped);

  return n;
}

/* The data of the callback of one model. */
typedef struct {
  PendingRows *pending;
  guint model;
} Teller;

struct _WpBulkModels {
  guint n_models;
  WpBulkService *servers[WP_N_MODES]; /* NULL: the next two are the models */
  WpBulkFleet *fleet;                 /* the first; NULL: none */
  WpSharedQueue *shared;              /* the last, alone or beside @fleet; NULL: none */
  Teller tellers[WP_N_MODES];
  PendingRows *pending; /* NULL: no rows are kept */
};

/* WpBatchNotify */
static void
on_result (guint64 request, const WpRequestResult *result, gpointer data)
{
  const Teller *teller = data;

  if (result->outcome != WP_OUTCOME_NONE)
    pending_rows_decide (teller->pending, teller->model, request, result);
}

WpBulkModels *
wp_bulk_models_new (const WpLayout *layouts, guint n_models, gint64 patience_ns, WpCommit *commit,
                    gboolean keeps_rows)
{
  WpBulkModels *self = g_new0 (WpBulkModels, 1);

  self->n_models = n_models;
  self->pending = keeps_rows ? pending_rows_new (n_models) : NULL;
  for (guint i = 0; i < n_models; i++)
    {
      self->tellers[i] = (Teller){ self->pending, i };
      self->servers[i] = wp_bulk_service_new (&layouts[i], patience_ns, commit, keeps_rows ? on_result : NULL,
                                              &self->tellers[i]);
    }

  return self;
}

WpBulkModels *
wp_bulk_models_new_shared (const WpSharedQueueOptions *options, const WpLayout *layout, WpCommit *confirm,
                           WpCommit *commit, gboolean keeps_rows)
{
  WpBulkModels *self = g_new0 (WpBulkModels, 1);

  self->n_models = 1;
  self->pending = keeps_rows ? pending_rows_new (1) : NULL;
  self->tellers[0] = (Teller){ self->pending, 0 };
  self->shared = wp_shared_queue_new (options, layout, confirm, commit, keeps_rows ? on_result : NULL,
                                      &self->tellers[0]);

  return self;
}

WpBulkModels *
wp_bulk_models_new_fleet (const WpFleetOptions *options, const WpLayout *layout, const WpLayout *together,
                          WpCommit *commit, gboolean keeps_rows)
{
  WpBulkModels *self = g_new0 (WpBulkModels, 1);
  g_autoptr (WpCommit) confirm = wp_commit_new (&(WpCommitCost){ .most_rows = 1 }, NULL, 1, 0);
  WpSharedQueueOptions shared = { .fronts = 1, .threads = 1, .reopen = 1 };
  WpLayout writers = *together;

  shared.batch = shared.prefetch = layout->workers;
  writers.workers = options->instances;
  self->n_models = 2;
  self->pending = keeps_rows ? pending_rows_new (2) : NULL;
  for (guint i = 0; i < 2; i++)
    self->tellers[i] = (Teller){ self->pending, i };
  self->fleet = wp_bulk_fleet_new (options, layout, commit, keeps_rows ? on_result : NULL, &self->tellers[0]);
  self->shared = wp_shared_queue_new (&shared, &writers, confirm, commit, keeps_rows ? on_result : NULL,
                                      &self->tellers[1]);

  return self;
}

void
wp_bulk_models_free (WpBulkModels *self)
{
  for (guint i = 0; i < self->n_models; i++)
    g_clear_pointer (&self->servers[i], wp_bulk_service_free);
  g_clear_pointer (&self->fleet, wp_bulk_fleet_free);
  g_clear_pointer (&self->shared, wp_shared_queue_free);
  g_clear_pointer (&self->pending, pending_rows_free);
  g_free (self);
}

gboolean
wp_bulk_models_offer (WpBulkModels *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  if (self->pending)
    pending_rows_add (self->pending, rows, services_ns, n_rows);
  for (guint i = 0; i < self->n_models; i++)
    for (gsize j = 0; j < n_rows; j++)
      if (self->servers[i] && !wp_bulk_service_offer (self->servers[i], rows[j].arrival_ns))
        return FALSE;
  for (gsize j = 0; self->fleet && j < n_rows; j++)
    if (!wp_bulk_fleet_offer (self->fleet, rows[j].arrival_ns))
      return FALSE;
  for (gsize j = 0; self->shared && j < n_rows; j++)
    if (!wp_shared_queue_offer (self->shared, rows[j].arrival_ns))
      return FALSE;

  return TRUE;
}

/* The observers get as service time the time in service in the first model. */
gboolean
wp_bulk_models_notify (WpBulkModels *self, const GArray *observers, GError **error)
{
  const WpRequestResult *results[WP_N_MODES];
  const WpRow *rows;
  gint64 *services_ns;
  gsize n;

  while (self->pending
         && (n = pending_rows_ready (self->pending, BATCH_ROWS, &rows, &services_ns, results)) > 0)
    {
      WpBatch batch = { rows, services_ns, n, results, NULL };

      for (gsize i = 0; i < n; i++)
        if (results[0][i].finished_ns != WP_TIME_NONE)
          services_ns[i] = results[0][i].finished_ns - results[0][i].started_ns;
      if (!wp_observers_offer (observers, &batch, error))
        return FALSE;
      pending_rows_drop (self->pending, n);
    }

  return TRUE;
}

void
wp_bulk_models_start_counting (WpBulkModels *self, gint64 now_ns)
{
  for (guint i = 0; i < self->n_models; i++)
    if (self->servers[i])
      wp_bulk_service_start_counting (self->servers[i], now_ns);
  if (self->fleet)
    wp_bulk_fleet_start_counting (self->fleet, now_ns);
  if (self->shared)
    wp_shared_queue_start_counting (self->shared, now_ns);
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
    if (self->servers[i] && !wp_bulk_service_finish (self->servers[i], &summary[i]))
      return FALSE;

  return (!self->fleet || wp_bulk_fleet_finish (self->fleet, &summary[0]))
         && (!self->shared || wp_shared_queue_finish (self->shared, &summary[self->n_models - 1]));
}

void
wp_bulk_models_figures (const WpBulkModels *self, WpSharedQueueFigures *figures)
{
  wp_shared_queue_figures (self->shared, figures);
}

gboolean
wp_bulk_models_check (const WpBulkModels *self, GError **error)
{
  for (guint i = 0; i < self->n_models; i++)
    if (self->servers[i] && !wp_bulk_service_check (self->servers[i], error))
      return FALSE;

  return (!self->fleet || wp_bulk_fleet_check (self->fleet, error))
         && (!self->shared || wp_shared_queue_check (self->shared, error));
}
