/* wp-clf.h - access logs in Common and Combined Log Format, of Apache and nginx, as a table. */
#pragma once

#include "sim/trace/wp-trace-format.h"

/**
 * wp_clf_kind:
 *
 * Each line is
 *
 *     HOST IDENT USER [10/Oct/2000:13:55:36 -0700] "REQUEST" STATUS BYTES [anything]
 *
 * where anything is words and "quoted strings" (Combined has two, referer and agent); in quotes a backslash
 * takes the next character with it. USER may have blanks; "-" is an empty cell. The stamp may have a
 * fraction, .1 to .123456789, after its seconds. A word with a label (rt=0.045, request_time:0.045), or a
 * bare number with a point, is the request time, in seconds; so is one with its unit (3ms, of Traefik). Which
 * of them it is the first lines say. A bare number without a point, a number in quotes and a time with
 * another label (urt=0.044) may be anything: such a log is refused.
 *
 * Columns: time, host, user, request, status, sent, request_time. nginx stamps the end of a request, so that
 * its arrival is time - request_time; Traefik the start, so that it is time.
 */
extern const WpTraceFormatKind wp_clf_kind;

/* Is one of the first lines such a line? FALSE without an error: no. */
gboolean wp_clf_detect (WpTraceFormat *table, GError **error);
