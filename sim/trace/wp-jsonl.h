/* wp-jsonl.h - JSON lines as a table: an object (RFC 8259) in each line. */
#pragma once

#include "sim/trace/wp-trace-format.h"

/**
 * wp_jsonl_kind:
 *
 * The columns are our own, and the keys of the first objects; a key in an object that is a value is a column
 * "outer.inner". A key that is missing, null or "" is an empty cell; true and false are 1 and 0; an array is
 * a text that is no number. Keys that the first objects do not have are ignored, but for those of our own
 * columns. An object without an arrival is no row.
 *
 * Numbers are cells of their own text: nothing goes through a double, so that nanoseconds since 1970 are
 * exact. That is why this is no use of json-glib, which gives doubles only (and makes a tree of each line).
 */
extern const WpTraceFormatKind wp_jsonl_kind;
