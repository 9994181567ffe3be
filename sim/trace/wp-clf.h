/* wp-clf.h - access logs in Common and Combined Log Format, of Apache and nginx, as a table. */
#pragma once

#include "sim/trace/wp-trace-format.h"

/**
 * wp_clf_kind:
 *
 * Each line is
 *
 *     HOST IDENT USER [10/Oct/2000:13:55:36 -0700] "REQUEST" STATUS BYTES [anything] [NUMBER]
 *
 * where anything is words and "quoted strings" (Combined has two, referer and agent); in quotes a backslash
 * takes the next character with it. USER may have blanks; "-" is an empty cell. The stamp may have a
 * fraction, .1 to .123456789, after its seconds. The last word, where it is a bare number, is the request
 * time: with a point nginx's $request_time, in seconds; without one Apache's %D, in us.
 *
 * Columns: arrival, response, time, host, user, request, status, sent, request_time. `time` is the stamp, in
 * seconds since 1970; those that are whole seconds are spread evenly over theirs, for which the log is read
 * twice. nginx stamps the end of a request, so that its arrival is time - request_time; Apache the start, so
 * that it is time. `response` is request_time.
 */
extern const WpTraceFormatKind wp_clf_kind;
