/* wp-sim-fleet.h - several servers behind a balancer, or fronts and workers with one shared queue, of wp-sim.
 */
#pragma once

#include "sim/model/wp-engine-spec.h"
#include "sim/model/wp-service-time.h"
#include "sim/wp-sim-options.h"

/* Sets the report's models, where it is of a fleet. */
void wp_sim_fleet_choose (const WpSimOptions *options, WpReport *report);

/* Opens the engine of a shared queue, and sets the report's with it; nothing without fronts. @service: of the
 * workers. */
gboolean wp_sim_fleet_open_engine (const WpSimOptions *options, const WpServiceTime *service,
                                   WpEngineSpec *engine, WpReport *report, GError **error);
