/* wp-front-stage.h - the HTTP threads before the queue: a first stage, first come, first served, in which
 * each request takes the same time. */
#pragma once

#include "sim/model/wp-figures.h"

typedef struct {
  gint64 time_ns; /* of a thread, a request; 0: there is no front */
  guint threads;  /* >= 1 */
} WpFrontOptions;

/* As every time is the same, requests leave in the order in which they come; O(1) each. */
typedef struct _WpFrontStage WpFrontStage;

/* What the front did. */
typedef struct {
  guint64 requests;
  WpSpread wait; /* before a thread was free */
  /* of its threads, from the first request to the last that left; NaN if that took no time */
  double utilisation;
} WpFrontFigures;

WpFrontStage *wp_front_stage_new (const WpFrontOptions *options);
void wp_front_stage_free (WpFrontStage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFrontStage, wp_front_stage_free)

/* A request comes to the front at @now_ns, which never goes back. Returns: when it leaves, and arrives at the
 * queue; G_MAXINT64: past 292 years. */
gint64 wp_front_stage_pass (WpFrontStage *self, gint64 now_ns);

void wp_front_stage_figures (const WpFrontStage *self, WpFrontFigures *figures);

/* What passed so far is not counted. */
void wp_front_stage_start_counting (WpFrontStage *self);
