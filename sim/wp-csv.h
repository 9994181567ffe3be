/* wp-csv.h - CSV (RFC 4180) as a stream of rows of cells, with notes before the header. A private part of the trace's reader: another
 * kind of input is a source of named cells beside this one. */
#pragma once

#include "sim/wp-cell.h"
#include "sim/wp-window.h"

typedef struct _WpCsv WpCsv;

/* Takes @input and reads notes and header. NULL with `FILE:LINE: ...`. */
WpCsv *wp_csv_new (WpInput *input, gsize chunk_bytes, GError **error);
void wp_csv_free (WpCsv *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCsv, wp_csv_free)

typedef enum {
  WP_CSV_ERROR,
  WP_CSV_ROW,
  WP_CSV_END,
  WP_CSV_MORE    /* only if not @may_fill: the next row is not whole yet, and reading on moves the cells already given */
} WpCsvStatus;

/**
 * wp_csv_next:
 * @may_fill: may more of the input be read?
 * @cells: (out): as many as the header has, valid until the next call that may fill; each is followed by a NUL
 *
 * Blank lines are skipped. Quotes are taken off, doubled ones made single.
 */
WpCsvStatus wp_csv_next (WpCsv *self, gboolean may_fill, const WpCell **cells, GError **error);

/* The first row after the header comes next. */
gboolean wp_csv_rewind (WpCsv *self, GError **error);

const char *const *wp_csv_names (const WpCsv *self);              /* of the header, NULL-terminated */
const char *wp_csv_note (const WpCsv *self, const char *key);     /* of `# key: value`, or NULL */
guint64 wp_csv_header_line (const WpCsv *self);
guint64 wp_csv_row_line (const WpCsv *self);                      /* where the last row began */

/* For who can read simple rows faster: may take whole rows off its front. */
WpWindow *wp_csv_window (WpCsv *self);
