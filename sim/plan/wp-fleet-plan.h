/* wp-fleet-plan.h - the smallest fleet with a shared queue that meets the objectives. */
#pragma once

#include "sim/model/wp-shared-queue.h"
#include "sim/plan/wp-plan.h"
#include "sim/plan/wp-trace-buffer.h"

typedef struct {
  const WpTraceBuffer *rows;
  WpSharedQueueOptions options; /* their fronts mean nothing */
  WpPolicy policy;              /* nor do its workers and queue */
  WpCommit *confirm, *commit;
  const GPtrArray *slos; /* (element-type WpSlo) */
} WpFleetPlanSetup;

typedef struct {
  double scale; /* of the traffic */
  gboolean is_found;
  guint workers;     /* the fewest, with fronts and places for all */
  guint fronts;      /* then the fewest */
  guint queue_jobs;  /* the most jobs that wait in it with those, at least a batch: no front finds it full */
  const WpSlo *slo;  /* not found: that the largest fleet fails; else what a worker less fails, or NULL */
  WpSummary summary; /* of these sizes */
} WpFleetPlanPoint;

typedef struct {
  GPtrArray *slos;
  WpFleetPlanPoint points[WP_PLAN_SCALES]; /* as wp_plan_scales */
} WpFleetPlan;

/* Assumes that more workers or fronts never make an objective fail. NULL with WP_ERROR_BAD_VALUE: a time
 * passes 292 years. */
WpFleetPlan *wp_fleet_plan_new (const WpFleetPlanSetup *setup, GError **error);
void wp_fleet_plan_free (WpFleetPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFleetPlan, wp_fleet_plan_free)
