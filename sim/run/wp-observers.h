/* wp-observers.h - those who look on while requests pass through models, told in the order in which they
 * came. */
#pragma once

#include "sim/model/wp-model.h"

/* Some rows, and what became of them in each model. A database that commits in groups tells late what becomes
 * of a row: it is shown then. */
typedef struct {
  const WpRow *rows;
  const gint64 *services_ns;
  gsize n_rows;
  const WpRequestResult *const *results; /* one array for each model; NULL where no observer wants them */
} WpBatch;

/* An observer, as one const table: each function gets what was handed to wp_observers_add(). */
typedef struct {
  gboolean wants_results;
  /* forget all: the trace was out of order, and begins again, sorted */
  gboolean (*restart) (gpointer observer, GError **error);
  gboolean (*offer) (gpointer observer, const WpBatch *batch, GError **error);
  gboolean (*finish) (gpointer observer, GError **error); /* after the last batch; or NULL */
} WpObserver;

typedef struct _WpObservers WpObservers;

WpObservers *wp_observers_new (void);
void wp_observers_free (WpObservers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpObservers, wp_observers_free)

/* @observer outlives them. */
void wp_observers_add (WpObservers *self, const WpObserver *functions, gpointer observer);

/* Each: FALSE with what the first observer said that failed; those after it are not told. */
gboolean wp_observers_restart (WpObservers *self, GError **error);
gboolean wp_observers_offer (WpObservers *self, const WpBatch *batch, GError **error);
gboolean wp_observers_finish (WpObservers *self, GError **error);
