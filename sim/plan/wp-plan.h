/* wp-plan.h - the smallest sizes that meet the objectives, each with the next smaller size that does not. */
#pragma once

#include "sim/plan/wp-search.h"

#define WP_HEADROOM_MAX 1e6 /* traffic scale at which the search ends */

typedef struct {
  double scale;     /* the smallest, within 1 %, that fills the queue or violates an SLO; NaN: none up to
                       WP_HEADROOM_MAX */
  gboolean is_full; /* the queue is full at some time; else @slo is violated */
  const WpSlo *slo; /* of the setup; NULL if the queue is full */
} WpHeadroom;

/* Finds the headroom of the setup's own sizes; the scale is 1 if they fail at 1x. Assumes that more traffic
 * never helps. @as_it_is: a search with the same setup at 1x, whose results are reused. */
gboolean wp_headroom_find (const WpSearchSetup *setup, WpSearch *as_it_is, WpHeadroom *headroom,
                           GError **error);

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

/* The limit of that kind; NULL: there is a result. */
const WpPlanLimit *wp_plan_find_limit (const WpPlan *self, double scale, WpPlanKind kind);

/* The first result of this kind; NULL: none. */
const WpPlanResult *wp_plan_find (const WpPlan *self, double scale, WpPlanKind kind);

/* The sizes to use: few workers and a short queue, with a margin of traffic. */
#define WP_RECOMMENDATION_MARGIN 1.5 /* times the traffic, by default */

/**
 * WpRecommendation:
 *
 * At @margin times the traffic the fewest workers that meet the objectives other than blocked with an
 * unlimited queue, then the smallest queue with which they meet all.
 */
typedef struct {
  double margin;
  gboolean is_found;
  guint workers, queue_jobs;
  double holds; /* times the traffic, within 1 %, up to which the objectives are met */
  /* at the margin, with a worker less or, of one worker, a place less: the first objective that it fails */
  gboolean has_neighbour;
  WpPlanPoint neighbour;
  WpPlanPoint limit; /* not found: at the margin, the most generous size; its slo is NULL where none fails */
} WpRecommendation;

/* @setup: of WorkerPool; its sizes mean nothing. FALSE with WP_ERROR_BAD_VALUE: a time passes 292 years. */
gboolean wp_recommendation_find (WpRecommendation *self, const WpSearchSetup *setup, double margin,
                                 GError **error);
