/* wp-sim-plan.h - wp-sim's plan, chart, snapshot and sweep. */
#pragma once

#include "sim/wp-sim-options.h"
#include "sim/plan/wp-sweep.h"
#include "sim/run/wp-run.h"

typedef struct _WpSimPlan WpSimPlan;

/* @options outlive it. @may_plan: if not, there is no plan whatever they say, as nobody knows the services.
 */
WpSimPlan *wp_sim_plan_new (const WpSimOptions *options, gboolean may_plan);
void wp_sim_plan_free (WpSimPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSimPlan, wp_sim_plan_free)

/* Before the first run of a trace: the plan keeps its rows. */
void wp_sim_plan_watch_rows (WpSimPlan *self, WpRun *run, const WpServiceTime *service);

/* After it, where sizes are wanted: those of the report's WorkerPool become the recommended ones, if any meet
 * the objectives. */
gboolean wp_sim_plan_recommend (WpSimPlan *self, WpReport *report, GError **error);

/* NULL: there is no plan. */
const WpTraceBuffer *wp_sim_plan_rows (const WpSimPlan *self);

/* Before the run of the models; @report has its policies. */
void wp_sim_plan_watch (WpSimPlan *self, WpRun *run, const WpReport *report);

/* Call it after the run: adds to the report, which @self outlives. */
gboolean wp_sim_plan_finish (WpSimPlan *self, WpReport *report, GError **error);

/* For the report's map, after wp_sim_plan_finish(): what sizes around the given and the recommended ones come
 * to. Sets @sizes to NULL where none can be tried. */
gboolean wp_sim_plan_map (WpSimPlan *self, const WpReport *report, WpSweep **sizes, GError **error);

/* Was a plan wanted, and no size meets the objectives or no plan was possible? */
gboolean wp_sim_plan_is_unmet (const WpSimPlan *self);

/* Runs --sweep. Returns the report's text, to be freed; NULL with @error. */
char *wp_sim_plan_sweep (WpSimOptions *options, GError **error);
