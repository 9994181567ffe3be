/* wp-row-list.h - all rows of a trace in one piece, with ids that last. */
#pragma once

#include "sim/trace/wp-row.h"

typedef struct _WpRowList WpRowList;

WpRowList *wp_row_list_new (void);
void wp_row_list_free (WpRowList *self);

/* @copies_ids: those of the rows go before the list does. FALSE with WP_ERROR_IO: there is no memory for them. */
gboolean wp_row_list_add (WpRowList *self, const WpRow *rows, gsize n_rows, gboolean copies_ids, GError **error);
void wp_row_list_restart (WpRowList *self);

const WpRow *wp_row_list_rows (const WpRowList *self, gsize *n_rows);   /* until the next change */
