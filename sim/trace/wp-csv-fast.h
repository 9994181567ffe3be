/* wp-csv-fast.h - the fast path of the trace's reader: rows of one or two plain decimal numbers, straight
 * from the window into rows. */
#pragma once

#include "sim/trace/wp-row.h"
#include "sim/trace/wp-read-buffer.h"

/**
 * wp_csv_fast_seconds:
 * @text: 1 to 8 digits, or those, a point and 1 to 9 digits; readable for 16 bytes after its end
 * @ns: (out): exact
 *
 * Returns: the first byte after the number; NULL if it is not so plain a number (a sign, more digits, ...),
 * which says nothing about whether it is a number.
 */
const char *wp_csv_fast_seconds (const char *text, gint64 *ns);

/* The same digit by digit: its twin, for machines of the other byte order, and for tests to hold it against.
 */
const char *wp_csv_fast_seconds_scalar (const char *text, gint64 *ns);

/**
 * wp_csv_fast_rows:
 * @second: rows are arrival,service or arrival,response; or arrival alone: WP_COLUMN_ARRIVAL
 * @rows: (out): arrival and @second only are written, as the file has them
 *
 * Takes plain rows off the window's front, up to the first that is not plain or not whole.
 *
 * Returns: how many, <= @max_rows.
 */
gsize wp_csv_fast_rows (WpReadBuffer *window, WpColumn second, WpRow *rows, gsize max_rows);
