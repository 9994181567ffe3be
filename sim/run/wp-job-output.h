/* wp-job-output.h - writes the prediction for every request of one model, in the trace format (--jobs). */
#pragma once

#include "sim/base/wp-atomic-file.h"
#include "sim/run/wp-observers.h"
#include "sim/trace/wp-row-store.h"

typedef struct _WpJobOutput WpJobOutput;

/* @output outlives it; its owner commits it. */
WpJobOutput *wp_job_output_new (WpAtomicFile *output, const WpPolicy *policy);
void wp_job_output_free (WpJobOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJobOutput, wp_job_output_free)

/* Writes the first model. */
extern const WpObserver wp_job_output_observer;

/* The value of the note "source" in such a file. */
#define WP_JOB_OUTPUT_SOURCE "wp-sim, a prediction"

/* @row with the predicted @result and the simulated service time. */
WpRow wp_job_output_row (const WpRow *row, gint64 service_ns, const WpRequestResult *result);

/* Keeps the prediction for every request of the first model, with the ids, for a comparison; its data is a
 * WpRowList. Needs memory in proportion to the trace. */
extern const WpObserver wp_job_keeper;
