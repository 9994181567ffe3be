/* wp-bulk-models.h - the models of a run with group commit. A row's results become known late, and at a
 * different time in each model. */
#pragma once

#include "sim/model/wp-batch-means.h"
#include "sim/model/wp-bulk-fleet.h"
#include "sim/model/wp-shared-queue.h"
#include "sim/run/wp-observers.h"

typedef struct _WpBulkModels WpBulkModels;

/* @layouts: one for each model. @keeps_rows: keep rows for wp_bulk_models_notify() until all models know
 * their results. @commit: takes a reference. */
WpBulkModels *wp_bulk_models_new (const WpLayout *layouts, guint n_models, gint64 patience_ns,
                                  WpCommit *commit, gboolean keeps_rows);

/* Of fronts, one shared queue and its workers: one model. Takes references of @confirm and @commit. */
WpBulkModels *wp_bulk_models_new_shared (const WpSharedQueueOptions *options, const WpLayout *layout,
                                         WpCommit *confirm, WpCommit *commit, gboolean keeps_rows);
void wp_bulk_models_free (WpBulkModels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBulkModels, wp_bulk_models_free)

/* Of several servers with @layout each, and beside them one shared queue of @together for as many writers:
 * two models. Takes a reference of @commit. */
WpBulkModels *wp_bulk_models_new_fleet (const WpFleetOptions *options, const WpLayout *layout,
                                        const WpLayout *together, WpCommit *commit, gboolean keeps_rows);

/* Offers the next rows, which arrive at the queue. FALSE if a time exceeds 292 years. */
gboolean wp_bulk_models_offer (WpBulkModels *self, const WpRow *rows, const gint64 *services_ns,
                               gsize n_rows);

/* Passes the kept rows whose results all models know to the observers, and drops them. FALSE with an
 * observer's error. */
gboolean wp_bulk_models_notify (WpBulkModels *self, const GArray *observers, GError **error);

void wp_bulk_models_start_counting (WpBulkModels *self, gint64 now_ns); /* see wp_model_start_counting() */
/* Not of wp_bulk_models_new_shared() and wp_bulk_models_new_fleet(). */
void wp_bulk_models_add_parts (const WpBulkModels *self, WpBatchMeans *const *parts, gint64 now_ns);

/* Call it once after the last row. @summary: one for each model. FALSE as in wp_bulk_models_offer(). */
gboolean wp_bulk_models_finish (WpBulkModels *self, WpSummary *summary);

/* After that, of wp_bulk_models_new_shared(). */
void wp_bulk_models_figures (const WpBulkModels *self, WpSharedQueueFigures *figures);

/* wp_model_check() for all models. */
gboolean wp_bulk_models_check (const WpBulkModels *self, GError **error);
