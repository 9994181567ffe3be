/* wp-metrics.h - the figures in Prometheus' text format (0.0.4). */
#pragma once

#include "runtime/http/wp-refusal.h"
#include "runtime/engine/wp-mode.h"

/* @age_ns: of the oldest job inside; WP_TIME_NONE: none is. @refused: WP_N_REFUSALS counts. */
char *wp_metrics_format (WpMode *mode, const WpLedger *ledger, const guint64 *refused, gint64 age_ns,
                         guint connections, gboolean ready);
