/* wp-sim-experiment.h - what wp-sim does for drawn traffic beside a plain run: clients, warm-up,
 * replications, theory. */
#pragma once

#include "sim/wp-sim-options.h"
#include "sim/run/wp-experiment.h"

typedef struct _WpSimExperiment WpSimExperiment;

/* @options outlive it. */
WpSimExperiment *wp_sim_experiment_new (const WpSimOptions *options);
void wp_sim_experiment_free (WpSimExperiment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSimExperiment, wp_sim_experiment_free)

/* Of closed traffic, for the report. */
const char *wp_sim_experiment_name (const WpSimExperiment *self);

/* Before a run of a trace, drawn or read. */
void wp_sim_experiment_watch (WpSimExperiment *self, WpRun *run);

/* Runs the closed traffic, instead of a trace; adds to @notes. */
gboolean wp_sim_experiment_run_closed (WpSimExperiment *self, WpReport *report, GPtrArray *notes,
                                       GError **error);

/* After the run: replications, intervals and theory into the report, which the study outlives. */
gboolean wp_sim_experiment_finish (WpSimExperiment *self, WpReport *report, GPtrArray *notes, GError **error);
