/* wp-foreign.h - files that are recognised and not read: the error is the command that makes text of them. */
#pragma once

#include "sim/trace/wp-read-buffer.h"

/* At the first byte, behind gzip and zstd; reads on only where the bytes so far look like such a file. FALSE
 * with the input's error, or WP_ERROR_BAD_TRACE: `this is xz: convert it, xz -dc 'a.csv.xz'`. */
gboolean wp_foreign_check (WpReadBuffer *window, GError **error);

/* The same of text, by its first line, which is not blank. */
gboolean wp_foreign_check_line (const WpReadBuffer *window, const char *line, gsize len, GError **error);
