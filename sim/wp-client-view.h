/* wp-client-view.h - what the client saw (wp-replay -o) beside what the server recorded. */
#pragma once

#include "sim/wp-match.h"
#include "sim/wp-measured.h"

/**
 * wp_client_view_compare:
 * @path: columns id, arrival (planned), ended (answered), outcome: stored for 2xx, rejected for 503, abandoned, failed otherwise
 * @warnings: (element-type utf8): gets a line for each count that differs, and for latencies that differ by more than a little
 *
 * With --ack=stored the client waited for the response, else for the acceptance; the record's notes say which.
 *
 * Returns: a line on the latencies, for the report, to be freed; NULL with what reading said.
 */
char *wp_client_view_compare (const char *path, const WpMeasured *measured, GPtrArray *warnings, GError **error);
