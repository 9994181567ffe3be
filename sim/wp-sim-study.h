/* wp-sim-study.h - what wp-sim does for drawn traffic beside a plain run: clients, warm-up, replications,
 * theory. */
#pragma once

#include "sim/wp-sim-options.h"
#include "sim/run/wp-study.h"

typedef struct _WpSimStudy WpSimStudy;

/* @options outlive it. */
WpSimStudy *wp_sim_study_new (const WpSimOptions *options);
void wp_sim_study_free (WpSimStudy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSimStudy, wp_sim_study_free)

/* Of closed traffic, for the report. */
const char *wp_sim_study_name (const WpSimStudy *self);

/* Before a run of a trace, drawn or read. */
void wp_sim_study_watch (WpSimStudy *self, WpRun *run);

/* Runs the closed traffic, instead of a trace; adds to @notes. */
gboolean wp_sim_study_run_closed (WpSimStudy *self, WpReport *report, GPtrArray *notes, GError **error);

/* After the run: replications, intervals and theory into the report, which the study outlives. */
gboolean wp_sim_study_finish (WpSimStudy *self, WpReport *report, GPtrArray *notes, GError **error);
