/* wp-slo-needs.h - which figures the SLOs of a plan need, and so the cheapest simulation that suffices. */
#pragma once

#include "sim/plan/wp-slo.h"

typedef struct {
  gboolean by_backlog;    /* one pass answers every size of the queue */
  gboolean no_blocking;   /* by_backlog holds because no request may be blocked */
  gboolean reduced;       /* the statistics of wp-backlog-avx2 suffice */
  gboolean blocked_times; /* needed; a backlog has them for chosen queues only */
  guint parts;            /* WP_BACKLOG_RESPONSE, WP_BACKLOG_TIME */
} WpSloNeeds;

/* @slos: (element-type WpSlo). */
void wp_slo_needs_init (WpSloNeeds *self, const GPtrArray *slos, const WpPolicy *policy, gint64 patience_ns);
