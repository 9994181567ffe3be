/* wp-bulk-models.h - the models of a run whose database commits in groups: they tell late, and each at its
 * own time, what becomes of a row. */
#pragma once

#include "sim/model/wp-batch-means.h"
#include "sim/model/wp-bulk-service.h"
#include "sim/run/wp-observers.h"

typedef struct _WpBulkModels WpBulkModels;

/* @layouts: one for each model. @keeps_rows: until all models have done with them, for
 * wp_bulk_models_show(). @commit: takes a reference. */
WpBulkModels *wp_bulk_models_new (const WpLayout *layouts, guint n_models, gint64 patience_ns,
                                  WpCommit *commit, gboolean keeps_rows);
void wp_bulk_models_free (WpBulkModels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBulkModels, wp_bulk_models_free)

/* The next rows, as they arrive at the queue. FALSE where a time no longer fits 292 years. */
gboolean wp_bulk_models_offer (WpBulkModels *self, const WpRow *rows, const gint64 *services_ns,
                               gsize n_rows);

/* Of the rows that are kept those that all models have done with by now; they are kept no longer. FALSE with
 * what an observer said. */
gboolean wp_bulk_models_show (WpBulkModels *self, WpObservers *observers, GError **error);

void wp_bulk_models_start_counting (WpBulkModels *self, gint64 now_ns); /* as wp_model_start_counting() */
void wp_bulk_models_add_parts (const WpBulkModels *self, WpBatchMeans *const *parts, gint64 now_ns);

/* Once, after the last row; @figures: one for each model. FALSE as wp_bulk_models_offer(). */
gboolean wp_bulk_models_finish (WpBulkModels *self, WpSummary *summary);

/* As wp_model_check(), of all. */
gboolean wp_bulk_models_check (const WpBulkModels *self, GError **error);
