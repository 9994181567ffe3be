/* first-error.h - what is wrong with a text, read as a trace to its end. */
#pragma once

#include "sim/trace/wp-trace-private.h"

/* (transfer full): NULL: nothing */
static inline GError *
first_error (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options)
{
  GError *error = NULL;
  g_autoptr (WpTrace) trace = wp_trace_open_input (input, chunk_bytes, options, &error);
  gsize n;

  if (trace != NULL)
    g_assert_null (wp_trace_load (trace, &n, &error));

  return error;
}
