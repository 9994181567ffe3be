/* wp-slo-needs.h - what the objectives of a plan ask of a simulation, and what is enough for them. */
#pragma once

#include "sim/plan/wp-slo.h"

typedef struct {
  gboolean by_lines;        /* one pass answers every queue */
  gboolean no_blocking;     /* because nobody is to be blocked */
  gboolean drops;           /* queued jobs are dropped when their clients leave: no line knows of that */
  gboolean quick;           /* no objective asks for more than a partial line has */
  gboolean watches;         /* an objective asks for blocked times, which a line knows of chosen queues only */
  gint64 wait_bound_ns;     /* of all objectives on percentiles of waiting, 0 if there are none; WP_TIME_NONE: they differ */
  guint parts;              /* WP_BACKLOG_RESPONSE, WP_BACKLOG_TIME */
} WpSloNeeds;

/* @slos: (element-type WpSlo). */
void wp_slo_needs_init (WpSloNeeds *self, const GPtrArray *slos, const WpPolicy *policy, gint64 patience_ns);
