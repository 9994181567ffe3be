/* wp-pending.h - rows whose fate is not known yet, in order of arrival, kept until it is. */
#pragma once

#include "sim/model/wp-model.h"

/* Memory: from the oldest row that has not ended in every model to the last. */
typedef struct _WpPending WpPending;

WpPending *wp_pending_new (guint n_models);
void wp_pending_free (WpPending *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPending, wp_pending_free)

/* Copies the next rows, ids too. */
void wp_pending_add (WpPending *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);

/* @request: its number, from 0 */
void wp_pending_decide (WpPending *self, guint model, guint64 request, const WpVerdict *verdict);

/* How many of the oldest rows have ended in every model, @most at most; the pointers are to the oldest, until
 * something is added or dropped. */
gsize wp_pending_ready (const WpPending *self, gsize most, const WpRow **rows, gint64 **services_ns,
                        const WpVerdict **verdicts);
void wp_pending_drop (WpPending *self, gsize n_rows);
