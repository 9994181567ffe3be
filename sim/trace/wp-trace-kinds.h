/* wp-trace-kinds.h - which kind of input a trace is: as asked for, or as its first lines say. */
#pragma once

#include "sim/trace/wp-trace-format.h"

/* Takes @input. NULL with the input's error, or the kind's. */
WpTraceFormat *wp_trace_kinds_open (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options,
                                    GError **error);
