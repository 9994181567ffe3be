/* wp-prediction.h - keeps the prediction for every request of one model, for a comparison. */
#pragma once

#include "sim/run/wp-observers.h"

/* Needs memory in proportion to the trace. */
typedef struct _WpPrediction WpPrediction;

WpPrediction *wp_prediction_new (void);
void wp_prediction_free (WpPrediction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPrediction, wp_prediction_free)

/* Keeps the first model. */
extern const WpObserver wp_prediction_observer;

/* In order of arrival; owned by @self, with the ids. */
const WpRow *wp_prediction_rows (const WpPrediction *self, gsize *n_rows);
