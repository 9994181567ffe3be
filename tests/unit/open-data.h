/* open-data.h - a trace from memory. */
#pragma once

#include "sim/trace/wp-read-buffer.h"
#include "sim/trace/wp-trace-private.h"

/* @name stands for the file in messages; @data must outlive the trace. */
static inline WpTrace *
open_data (const char *name, const char *data, gsize len, const WpTraceOptions *options, GError **error)
{
  return wp_trace_open_input (wp_input_open_data (name, data, len), WP_READ_BUFFER_CHUNK_BYTES, options,
                              error);
}
