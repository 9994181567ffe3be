/* wp-request-cells.h - the columns with the method and the target of a request, and their values. */
#pragma once

#include "sim/trace/wp-field.h"

typedef struct _WpRequestCells WpRequestCells;

/**
 * wp_request_cells_new:
 * @names: of the table's columns, NULL-terminated
 * @method, @path: the columns that have them; -1: those of the usual names, or a request line
 *
 * Returns: NULL: there is no such column
 */
WpRequestCells *wp_request_cells_new (const char *const *names, int method, int path);
void wp_request_cells_free (WpRequestCells *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRequestCells, wp_request_cells_free)

/**
 * wp_request_cells_read:
 * @request: (out): "METHOD TARGET", either of which may be empty; NULL: neither is there. Equal texts are
 * equal pointers; they last as long as @self.
 *
 * The target is relative to the origin: of http://host/path only /path is left.
 *
 * Returns: FALSE with `column "path": "x y" is not a request target such as /in/put?a=1`
 */
gboolean wp_request_cells_read (WpRequestCells *self, const WpField *fields, const char **request,
                                GError **error);

/* The column of whole request lines, such as "GET / HTTP/1.1"; NULL: there is none. */
const char *wp_request_cells_line (const WpRequestCells *self);
