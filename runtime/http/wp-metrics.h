/* wp-metrics.h - the metrics in Prometheus' text format (0.0.4). */
#pragma once

#include "runtime/http/wp-http-error.h"
#include "runtime/engine/wp-engine.h"

/* @age_ns: of the oldest job that has not ended; WP_TIME_NONE: none. @refused: WP_N_HTTP_ERRORS counts. */
char *wp_metrics_format (WpEngine *engine, const WpLedger *ledger, const guint64 *refused, gint64 age_ns,
                         guint connections, gboolean ready);
