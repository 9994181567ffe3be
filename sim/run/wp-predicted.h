/* wp-predicted.h - the prediction for every request of one model, kept: for a comparison, request by request.
 */
#pragma once

#include "sim/run/wp-observers.h"

/* Memory in proportion to the trace. */
typedef struct _WpPredicted WpPredicted;

WpPredicted *wp_predicted_new (void);
void wp_predicted_free (WpPredicted *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPredicted, wp_predicted_free)

/* Keeps the first model. */
extern const WpObserver wp_predicted_observer;

/* In order of arrival; its own, ids too. */
const WpRow *wp_predicted_rows (const WpPredicted *self, gsize *n_rows);
