/* wp-trace-option-table.h - the options that every program with a trace has, one for each way to read it. */
#pragma once

#include "sim/base/wp-options.h"
#include "sim/trace/wp-trace-options.h"

/* Fields of a WpTraceOptions; ended by a NULL name. */
extern const WpOption wp_trace_options[];
