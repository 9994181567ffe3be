/* wp-timeline.h - the state of one system at any moment, from what became of its requests. */
#pragma once

#include "sim/model/wp-model.h"

typedef struct {
  guint64 depth, parked, busy;
} WpMoment;

/* Memory: the jobs in the system. */
typedef struct _WpTimeline WpTimeline;

WpTimeline *wp_timeline_new (void);
void wp_timeline_free (WpTimeline *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTimeline, wp_timeline_free)

/* In order of arrival. */
void wp_timeline_offer (WpTimeline *self, gint64 arrival_ns, const WpRequestResult *result);

/* The state after all that happens at @now_ns, which never goes back: every request that arrived until then
 * has been offered, none that arrives later. */
WpMoment wp_timeline_at (WpTimeline *self, gint64 now_ns);

/* The next moment after the last asked for at which something happens to those offered; WP_TIME_NONE if
 * nothing will. */
gint64 wp_timeline_next (const WpTimeline *self);

/* The last finish so far; WP_TIME_NONE before the first. */
gint64 wp_timeline_last (const WpTimeline *self);
