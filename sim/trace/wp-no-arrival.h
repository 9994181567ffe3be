/* wp-no-arrival.h - why a table has no column of arrivals, and what to do. */
#pragma once

#include <glib.h>

/* FALSE with WP_ERROR_BAD_TRACE: the columns that exist, the likeliest cause, and the option to give. */
gboolean wp_trace_fail_no_arrival (const char *const *names, GError **error);
