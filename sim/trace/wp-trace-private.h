/* wp-trace-private.h - what tests may vary and no one else. */
#pragma once

#include "sim/trace/wp-input.h"
#include "sim/trace/wp-trace.h"

/* As wp_trace_open_files() and wp_trace_open(); take the inputs; the file is read @chunk_bytes at a time. */
WpTrace *wp_trace_open_inputs (WpInput *const *inputs, guint n, gsize chunk_bytes,
                               const WpTraceOptions *options, GError **error);
WpTrace *wp_trace_open_input (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options,
                              GError **error);
