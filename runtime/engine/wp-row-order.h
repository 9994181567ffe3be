/* wp-row-order.h - a reorder buffer: rows are added as their jobs end, and written in order of arrival. */
#pragma once

#include "sim/trace/wp-trace.h"

typedef struct _WpRowOrder WpRowOrder;

typedef void (*WpRowWrite) (const WpRow *row, gpointer data);

/**
 * wp_row_order_new:
 * @span: a power of two: a missing row is skipped once @span rows have arrived after it; it is written when
 * it is added, out of order. Memory is proportional to @span and to the number of jobs that have not ended
 * @write: called once for each row; the row's id is valid during the call
 */
WpRowOrder *wp_row_order_new (guint64 span, WpRowWrite write, gpointer data);
void wp_row_order_free (WpRowOrder *self);

/* @seq: order of arrival, from 0. Takes the id out of @row. A second row for a @seq is ignored. */
void wp_row_order_add (WpRowOrder *self, guint64 seq, WpRow *row);

/* Returns: an upper bound of the rows of @n_rows that were not added yet. */
guint64 wp_row_order_count_missing (const WpRowOrder *self, guint64 n_rows);
guint64 wp_row_order_count_late (const WpRowOrder *self); /* rows that were skipped, added since or not */

/* Writes all rows, with gaps. Returns: how many of @n_rows were never added. */
guint64 wp_row_order_end (WpRowOrder *self, guint64 n_rows);
