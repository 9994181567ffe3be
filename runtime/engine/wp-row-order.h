/* wp-row-order.h - rows come as their jobs end, and go on in order of arrival, as far as a window of them can
 * do that. */
#pragma once

#include "sim/trace/wp-trace.h"

typedef struct _WpRowOrder WpRowOrder;

typedef void (*WpRowWrite) (const WpRow *row, gpointer data);

/**
 * wp_row_order_new:
 * @span: a power of two: where so many have arrived since the oldest that has not ended, that one is passed
 * over. Its row goes on when it comes, out of order. Memory is in proportion to @span, and to the jobs that
 * have not ended
 * @write: takes each row once; its id lives for the call
 */
WpRowOrder *wp_row_order_new (guint64 span, WpRowWrite write, gpointer data);
void wp_row_order_free (WpRowOrder *self);

/* @seq: order of arrival, from 0. Takes the id out of @row. Of two rows for one @seq, the first counts. */
void wp_row_order_add (WpRowOrder *self, guint64 seq, WpRow *row);

/* of @n_rows, those that have not come, at most */
guint64 wp_row_order_count_missing (const WpRowOrder *self, guint64 n_rows);
guint64 wp_row_order_count_late (const WpRowOrder *self); /* passed over, come since or not */

/* No more will come: passes on what there is, across the gaps. Returns: how many of @n_rows never came. */
guint64 wp_row_order_end (WpRowOrder *self, guint64 n_rows);
