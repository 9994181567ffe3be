/* wp-row-store.h - rows in memory: packed and sorted (WpRowStore), or whole and in one piece (WpRowList). */
#pragma once

#include "sim/trace/wp-row.h"

/* Only the fields that are there, 24 bytes a row for arrival and service. */
typedef struct _WpRowStore WpRowStore;

/* @columns: the fields that rows have, a set of 1 << WpColumn. */
WpRowStore *wp_row_store_new (guint columns);
void wp_row_store_free (WpRowStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRowStore, wp_row_store_free)

/* Appends @n_rows rows; ids are copied. FALSE with WP_ERROR_IO: there is no memory for them. */
gboolean wp_row_store_add (WpRowStore *self, const WpRow *rows, gsize n_rows, GError **error);

/* By arrival; equal arrivals keep their order. After the last row was added. */
void wp_row_store_sort (WpRowStore *self);

/* Sets the fields that are there of the rows from place @from on; ids are the store's. Returns how many, <=
 * @max_rows; 0 at the end. */
gsize wp_row_store_get (const WpRowStore *self, gsize from, WpRow *rows, gsize max_rows);

/* Replaces the services of rows, in the order of wp_row_store_get(), where these are not WP_TIME_NONE; there
 * is that column. */
void wp_row_store_put_services (WpRowStore *self, const gint64 *services_ns);

gsize wp_row_store_length (const WpRowStore *self);

/* Rows that arrived before one added earlier. */
guint64 wp_row_store_out_of_order (const WpRowStore *self);

/* Whole rows in one piece, with ids that last. */
typedef struct _WpRowList WpRowList;

WpRowList *wp_row_list_new (void);
void wp_row_list_free (WpRowList *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRowList, wp_row_list_free)

/* @copies_ids: those of the rows go before the list does. FALSE with WP_ERROR_IO: there is no memory for
 * them. */
gboolean wp_row_list_add (WpRowList *self, const WpRow *rows, gsize n_rows, gboolean copies_ids,
                          GError **error);
void wp_row_list_restart (WpRowList *self);

const WpRow *wp_row_list_rows (const WpRowList *self, gsize *n_rows); /* until the next change */
