/* wp-prometheus.h - a Prometheus of the test's that scrapes a server, with the alerts that are shipped. */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpPrometheus WpPrometheus;

/* Scrapes @server and evaluates the rules five times per second, in a folder of the server's. */
WpPrometheus *wp_prometheus_new (const WpHarness *server);
void wp_prometheus_free (WpPrometheus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPrometheus, wp_prometheus_free)

/* Waits until a query of one series gives @value. */
void wp_prometheus_await (WpPrometheus *self, const char *query, const char *value);

/* promtool @words. Returns: what it said. */
char *wp_promtool_run (const char *const *words, const char *input, gboolean *ok);
