/* wp-jobs.h - the prediction for every request of one model, in the trace format. */
#pragma once

#include "sim/base/wp-atomic-file.h"
#include "sim/run/wp-observers.h"

typedef struct _WpJobs WpJobs;

/* @output outlives it, and is committed by its owner. */
WpJobs *wp_jobs_new (WpAtomicFile *output, const WpPolicy *policy);
void wp_jobs_free (WpJobs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJobs, wp_jobs_free)

/* Writes the first model. */
extern const WpObserver wp_jobs_observer;

/* The value of the note "source" in such a file. */
#define WP_JOBS_SOURCE "wp-sim, a prediction"

/* @row with @verdict in place of its measured times, and the service that was simulated. */
WpRow wp_jobs_row (const WpRow *row, gint64 service_ns, const WpVerdict *verdict);
