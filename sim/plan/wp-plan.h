/* wp-plan.h - what sizes are needed: the smallest that meet the objectives, each beside the neighbour that
 * does not. */
#pragma once

#include "sim/plan/wp-headroom.h"

#define WP_PLAN_SCALES 2 /* 1x and 2x the traffic */

typedef enum {
  WP_PLAN_WORKERS, /* the smallest number of workers for the given queue */
  WP_PLAN_QUEUE,   /* the smallest queue for the given workers */
  WP_PLAN_FRONTIER /* the smallest queue for some number of workers between, and with a queue of 0 the
                      smallest number of workers */
} WpPlanKind;

typedef struct {
  double scale;
  guint workers, queue_jobs;
  gboolean meets;
  const WpSlo *slo;  /* the first that it fails; for an answer, that of its neighbour; NULL: none is known */
  WpSummary summary; /* null what no objective asks for */
} WpPlanPoint;

typedef struct {
  WpPlanKind kind;
  WpPlanPoint answer, neighbour;
  /* one worker or one place less, and it fails; there is none below 1 worker and a queue of 0 */
  gboolean has_neighbour;
} WpPlanAnswer;

typedef struct {
  GPtrArray *slos; /* (element-type WpSlo), held */
  WpPolicy policy; /* WorkerPool, or BufferedChannel; the given sizes */
  GArray *answers; /* (element-type WpPlanAnswer) by scale, then kind */
  WpHeadroom headroom;
  gboolean met;     /* is there any answer at 1x? */
  gboolean assumed; /* something smaller may do that was not tried: one by one they would take long */
} WpPlan;

extern const double wp_plan_scales[WP_PLAN_SCALES];

/* NULL with WP_ERROR_IO, or where a time passes 292 years. */
WpPlan *wp_plan_new (const WpSearchSetup *setup, GPtrArray *slos, GError **error);
void wp_plan_free (WpPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlan, wp_plan_free)

/* The answer of that kind; NULL: there is none. (Of the frontier, the first.) */
const WpPlanAnswer *wp_plan_find (const WpPlan *self, double scale, WpPlanKind kind);
