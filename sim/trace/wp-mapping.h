/* wp-mapping.h - which column, or which arithmetic on columns, gives each field of a row; and one row of
 * cells read by it. */
#pragma once

#include "sim/trace/wp-field.h"
#include "sim/trace/wp-row.h"
#include "sim/trace/wp-stamp.h"

typedef struct _WpMapping WpMapping;

/**
 * wp_mapping_new:
 * @names: of the table's columns, NULL-terminated; they outlive the mapping
 * @columns: --columns, or NULL; wins over columns of our own names
 * @defaults: the same for what neither gives; or NULL
 * @foreign: set of 1 << WpColumn: another program's columns happen to have their names
 * @reads_requests: methods and paths, too
 *
 * Returns: NULL with WP_ERROR_BAD_VALUE (--columns) or WP_ERROR_BAD_TRACE (no arrival, a column of ours
 * twice).
 */
WpMapping *wp_mapping_new (const char *const *names, const char *columns, const char *defaults, guint foreign,
                           gboolean reads_requests, GError **error);

/* FALSE with WP_ERROR_BAD_TRACE: none of @names is the arrival's. */
gboolean wp_mapping_check_arrival (const char *const *names, GError **error);

/* Adds to @unknown (of char, its own) what @columns, as --columns, name that is none of @names. */
void wp_mapping_find_unknown (const char *columns, const char *const *names, GPtrArray *unknown);

void wp_mapping_free (WpMapping *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpMapping, wp_mapping_free)

/* The fields that are read, a set of 1 << WpColumn. */
guint wp_mapping_columns (const WpMapping *self);

/* Those of them that the defaults gave. */
guint wp_mapping_default_columns (const WpMapping *self);

/* Is this field a bare column, and which? -1 if not. */
int wp_mapping_field (const WpMapping *self, WpColumn column);

/* Sets all fields of @row that are mapped (@cells are a WpReadBuffer's, which can be read past its end);
 * times as the file has them, since 1970 or an origin of its own; the id is the cell's. An arrival without a
 * value is WP_TIME_NONE. FALSE with `column "arrival": "abc" is not a time`. */
gboolean wp_mapping_read (WpMapping *self, const WpField *fields, WpRow *row, GError **error);

/* The same for an arrival without a value. */
void wp_mapping_fail_arrival (const WpMapping *self, const WpField *fields, GError **error);

/* Of the row read last. */
WpStamp wp_mapping_stamp (const WpMapping *self);

/* The first row comes again. */
void wp_mapping_restart (WpMapping *self);

/* Appends what was assumed about the arrivals, lines of char. */
void wp_mapping_append_notes (const WpMapping *self, GPtrArray *lines);

/* The column of whole request lines that methods and paths are read from; NULL: they have columns of their
 * own, or are not read. */
const char *wp_mapping_request_line (const WpMapping *self);
