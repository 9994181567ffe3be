/* wp-w3c.h - the W3C's extended log format, of IIS and CloudFront, as a table. */
#pragma once

#include "sim/trace/wp-trace-format.h"

/**
 * wp_w3c_kind:
 *
 * Lines of # are directives: #Fields: names the columns; where it comes again, it may name others, of which
 * those that the first one has count. Values are separated by tabs or blanks; date and time side by side are
 * one column, `time`. IIS has time-taken in milliseconds; elsewhere it is seconds, with a point.
 */
extern const WpTraceFormatKind wp_w3c_kind;
