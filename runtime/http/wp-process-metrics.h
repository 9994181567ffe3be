/* wp-process-metrics.h - process_*: the metrics that Prometheus' own client libraries give each process. */
#pragma once

#include <glib.h>

void wp_process_metrics_append (GString *text);
