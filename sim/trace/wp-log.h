/* wp-log.h - logs whose lines have one format, given with --log-format or one of the usual ones, as a table.
 */
#pragma once

#include "sim/trace/wp-trace-format.h"

/* The columns are the variables of the format. */
extern const WpTraceFormatKind wp_log_kind;

/* The usual format that all of the first lines have, as --log-format takes it; NULL: none has. */
const char *wp_log_detect (WpTraceFormat *table, GError **error);

/* Is that a name for a format of JSON lines? */
gboolean wp_log_is_json (const char *log_format);

/* FALSE with WP_ERROR_BAD_VALUE, without the option's name. */
gboolean wp_log_check (const char *log_format, GError **error);
