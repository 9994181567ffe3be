/* wp-plan.h - the smallest sizes that meet the objectives, each with the next smaller size that does not. */
#pragma once

#include "sim/plan/wp-headroom.h"

#define WP_PLAN_SCALES 2 /* 1x and 2x the traffic */

typedef enum {
  WP_PLAN_WORKERS, /* the smallest number of workers for the given queue */
  WP_PLAN_QUEUE,   /* the smallest queue for the given workers */
  WP_PLAN_FRONTIER /* the smallest queues for numbers of workers in between, and the fewest workers for a
                      queue of 0 */
} WpPlanKind;

typedef struct {
  double scale;
  guint workers, queue_jobs;
  gboolean meets;
  const WpSlo *slo;  /* the first that it violates; for a result, that of its neighbour; NULL: unknown */
  WpSummary summary; /* metrics that no objective needs are null */
} WpPlanPoint;

typedef struct {
  WpPlanKind kind;
  WpPlanPoint point, neighbour;
  /* one worker or one place less fails; FALSE at 1 worker or a queue of 0 */
  gboolean has_neighbour;
} WpPlanResult;

/* A question without a result: the most generous size, and the objective that it fails; its slo is NULL
 * where it fails none. */
typedef struct {
  WpPlanKind kind;
  WpPlanPoint point;
} WpPlanLimit;

typedef struct {
  GPtrArray *slos; /* (element-type WpSlo), held */
  WpPolicy policy; /* WorkerPool, or BufferedChannel; the given sizes */
  GArray *results; /* (element-type WpPlanResult) by scale, then kind */
  GArray *limits;  /* (element-type WpPlanLimit) likewise */
  WpHeadroom headroom;
  gboolean met;     /* there is a result at 1x */
  gboolean assumed; /* a smaller untried size may suffice: trying all would take too long */
} WpPlan;

extern const double wp_plan_scales[WP_PLAN_SCALES];

/* NULL with WP_ERROR_IO, or if a time exceeds 292 years. */
WpPlan *wp_plan_new (const WpSearchSetup *setup, GPtrArray *slos, GError **error);
void wp_plan_free (WpPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpPlan, wp_plan_free)

/* What a size comes to, and what it fails first. */
WpPlanPoint wp_plan_limit (WpSearch *search, const GPtrArray *slos, double scale, guint workers,
                           guint queue_jobs);

/* The limit of that kind; NULL: there is a result. */
const WpPlanLimit *wp_plan_find_limit (const WpPlan *self, double scale, WpPlanKind kind);

/* The first result of this kind; NULL: none. */
const WpPlanResult *wp_plan_find (const WpPlan *self, double scale, WpPlanKind kind);
