/* wp-pending-rows.h - rows whose results are not yet known, in order of arrival. */
#pragma once

#include "sim/model/wp-model.h"

/* Needs memory for all rows from the oldest that has not ended in every model. */
typedef struct _WpPendingRows WpPendingRows;

WpPendingRows *wp_pending_rows_new (guint n_models);
void wp_pending_rows_free (WpPendingRows *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPendingRows, wp_pending_rows_free)

/* Copies the next rows, ids too. */
void wp_pending_rows_add (WpPendingRows *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows);

/* @request: its number, from 0 */
void wp_pending_rows_decide (WpPendingRows *self, guint model, guint64 request,
                             const WpRequestResult *result);

/* The number of oldest rows that have ended in every model, at most @most. The pointers to the oldest are
 * valid until the next addition or drop. */
gsize wp_pending_rows_ready (const WpPendingRows *self, gsize most, const WpRow **rows, gint64 **services_ns,
                             const WpRequestResult **results);
void wp_pending_rows_drop (WpPendingRows *self, gsize n_rows);
