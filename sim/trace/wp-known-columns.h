/* wp-known-columns.h - which columns of the logs of common servers are times, by their names. */
#pragma once

#include "sim/trace/wp-trace-format.h"

/**
 * wp_trace_set_known_columns:
 * @needs_duration: stamps alone are not enough
 *
 * Takes what the names of @table are known to be as its `columns`, unless arrivals are given by them or by
 * @options. A server that stamps the end of a request has arrival=stamp-duration.
 */
void wp_trace_set_known_columns (WpTraceFormat *table, const WpTraceOptions *options,
                                 gboolean needs_duration);

/* The column that may say how long a request takes, by its name, as --columns has it:
 * "response=[latency_ms]/1000"; NULL: none. Free with g_free(). */
char *wp_trace_guess_duration (const char *const *names);

/* The column that holds a request's path, by its name; NULL: none is known. */
const char *wp_trace_know_path (const char *const *names);
