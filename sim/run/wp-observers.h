/* wp-observers.h - observers of a run, called in the order in which they were added. */
#pragma once

#include "sim/model/wp-model.h"

/* Rows and their results in each model. With group commit, observers get a row when its results are known. */
typedef struct {
  const WpRow *rows;
  const gint64 *services_ns;
  gsize n_rows;
  const WpRequestResult *const *results; /* one array for each model; NULL if no observer wants them */
  const gint64 *dispatches_ns;           /* from a free worker to the start; NULL: all are 0 */
} WpBatch;

/* An observer as one const table; @observer is that of its WpWatcher. */
typedef struct {
  gboolean wants_results;
  /* forget all rows: the trace was out of order and restarts, sorted */
  gboolean (*restart) (gpointer observer, GError **error);
  gboolean (*offer) (gpointer observer, const WpBatch *batch, GError **error);
  gboolean (*finish) (gpointer observer, GError **error); /* after the last batch; or NULL */
} WpObserver;

typedef struct {
  const WpObserver *functions;
  gpointer observer; /* not owned */
} WpWatcher;

/* @self: (element-type WpWatcher). FALSE with the error of the first observer that failed; later ones are not
 * called. */
gboolean wp_observers_restart (const GArray *self, GError **error);
gboolean wp_observers_offer (const GArray *self, const WpBatch *batch, GError **error);
gboolean wp_observers_finish (const GArray *self, GError **error);
