/* wp-sim-experiment.h - wp-sim's options for generated traffic: closed loop, warm-up, replications, theory.
 */
#pragma once

#include "sim/wp-sim-options.h"
#include "sim/run/wp-experiment.h"

typedef struct _WpSimExperiment WpSimExperiment;

/* @options outlive it. */
WpSimExperiment *wp_sim_experiment_new (const WpSimOptions *options);
void wp_sim_experiment_free (WpSimExperiment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSimExperiment, wp_sim_experiment_free)

/* The name of the closed loop's traffic, for the report. */
const char *wp_sim_experiment_name (const WpSimExperiment *self);

/* Call it before a run of generated traffic or of a trace. */
void wp_sim_experiment_watch (WpSimExperiment *self, WpRun *run);

/* Runs the closed loop instead of a trace; adds to @notes. */
gboolean wp_sim_experiment_run_closed (WpSimExperiment *self, WpReport *report, GPtrArray *notes,
                                       GError **error);

/* Call it after the run: adds replications, intervals and theory to the report, which @self outlives. */
gboolean wp_sim_experiment_finish (WpSimExperiment *self, WpReport *report, GPtrArray *notes, GError **error);
