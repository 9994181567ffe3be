/* wp-metrics.h - the figures in Prometheus' text format (0.0.4). */
#pragma once

#include "runtime/modes/wp-mode.h"

/* @age_ns: of the oldest job inside; WP_TIME_NONE: none is. */
char *wp_metrics_format (WpMode *mode, const WpLedger *ledger, gint64 age_ns, guint connections, gboolean ready);
