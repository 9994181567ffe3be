/* wp-metrics.h - the metrics in Prometheus' text format (0.0.4). */
#pragma once

#include "runtime/http/wp-http-error.h"
#include "runtime/engine/wp-engine.h"

/* @refused: WP_N_HTTP_ERRORS counts. @age_ns: of the oldest job that has not ended; WP_TIME_NONE: none.
 * @peak: the most jobs queued at once in the last 60 s. */
char *wp_metrics_format (WpEngine *engine, const WpLedger *ledger, const guint64 *refused, gint64 age_ns,
                         guint64 peak, guint connections, gboolean ready);
