/* wp-mapping.h - which column, or which arithmetic on columns, gives each field of a row; and one row of
 * cells read by it. */
#pragma once

#include "sim/trace/wp-field.h"
#include "sim/trace/wp-row.h"

typedef struct _WpMapping WpMapping;

/**
 * wp_mapping_new:
 * @names: of the table's columns, NULL-terminated; not kept
 * @columns: --columns, or NULL; wins over columns of our own names
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE (--columns) or WP_ERROR_BAD_TRACE (no arrival, a column of ours
 * twice).
 */
WpMapping *wp_mapping_new (const char *const *names, const char *columns, GError **error);
void wp_mapping_free (WpMapping *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMapping, wp_mapping_free)

/* The fields that are read, a set of 1 << WpColumn. */
guint wp_mapping_columns (const WpMapping *self);

/* Is this field a bare column, and which? -1 if not. */
int wp_mapping_field (const WpMapping *self, WpColumn column);

/* Sets all fields of @row that are mapped (@cells are a WpReadBuffer's, which can be read past its end);
 * times as the file has them, since 1970 or an origin of its own; the id is the cell's. FALSE with `column
 * "arrival": "abc" is not a time`. */
gboolean wp_mapping_read (const WpMapping *self, const WpField *fields, WpRow *row, GError **error);

/* Where the row keeps a time, WP_TIME_NONE if it has none; NULL: that column is no time. */
gint64 *wp_mapping_time (WpColumn column, WpRow *row);
