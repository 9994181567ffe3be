/* wp-timeline.h - the state of each model over time, followed once for all that show it. */
#pragma once

#include "sim/model/wp-model.h"
#include "sim/run/wp-observers.h"
#include "sim/stats/wp-downsample.h"

typedef struct {
  guint64 depth, parked, busy;
  gint64 oldest_ns; /* arrival of the oldest that is parked or queued; WP_TIME_NONE: none is */
} WpState;

/* Memory: the requests in the systems. */
typedef struct _WpTimeline WpTimeline;

/* Something that samples states, as one const table: each function gets what was handed over with it. */
typedef struct {
  gboolean (*restart) (gpointer sampler, GError **error); /* as a WpObserver's */

  /* The state of each model, after all that happens at that moment. In order of time. */
  gboolean (*sample) (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error);

  gboolean (*finish) (gpointer sampler, GError **error); /* or NULL */
} WpStateSampler;

typedef enum { WP_STATE_DEPTH, WP_STATE_WAITING, WP_STATE_BUSY } WpStateValue; /* waiting: depth + parked */

WpTimeline *wp_timeline_new (guint n_models);
void wp_timeline_free (WpTimeline *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpTimeline, wp_timeline_free)

/* All models at @first_ns and every @interval_ns (0: once), each until its last finish. @sampler outlives
 * them. */
void wp_timeline_sample (WpTimeline *self, const WpStateSampler *functions, gpointer sampler, gint64 first_ns,
                         gint64 interval_ns);

/* Every change of one value of @model, until the last arrival at least. @values, empty, outlive them. */
void wp_timeline_follow (WpTimeline *self, guint model, WpStateValue value, WpDownsample *values);

/* Looks at the run for them. Where nothing is sampled, results of models that are not followed may be NULL.
 */
extern const WpObserver wp_timeline_observer;
