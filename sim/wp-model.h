/* wp-model.h - one queue and its workers, simulated: each request's fate is known the moment it is offered. */
#pragma once

#include "sim/wp-figures.h"

/* What becomes of a request, in ns since the trace's origin; WP_TIME_NONE where it does not come to that. */
typedef struct {
  gint64 accepted_ns, started_ns, finished_ns;
  gint64 ended_ns;        /* the moment it leaves, whatever its outcome */
  WpOutcome outcome;      /* stored, rejected, timed_out or abandoned */
  gboolean blocked;       /* it was parked, if only for an instant */
} WpVerdict;

/**
 * WpModel:
 *
 * First come, first served, so that no later request changes what became of an earlier one. With F the earliest free time among the c
 * workers, and m counting accepted jobs only,
 *
 *     e = max (a, s[m - K])          accepted; max (a, F) for K = 0
 *     s = max (a, F);  d = s + v     started, finished; d replaces F
 *
 * and a request is turned away if e - a passes what it may wait. O(log c) a job, memory of the jobs in the system.
 * Source: Kiefer and Wolfowitz, On the theory of queues with many servers (1955), with a finite buffer before it; the tests hold it
 * equal to an event calendar.
 */
typedef struct _WpModel WpModel;

/* @patience_ns: a parked client leaves after that long, >= 0; WP_TIME_NONE: never. */
WpModel *wp_model_new (const WpLayout *layout, gint64 patience_ns);
void wp_model_free (WpModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpModel, wp_model_free)

/**
 * wp_model_offer:
 * @rows: @n_rows requests; only arrival_ns counts, >= 0 and never before an earlier row's
 * @services_ns: the service that each needs, >= 0
 * @verdicts: (out) (nullable): room for @n_rows
 *
 * Returns: FALSE where a time no longer fits 292 years; the model is of no use then.
 */
gboolean wp_model_offer (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows, WpVerdict *verdicts);

/* What is counted so far; @wait has those that waited only, and both histograms are the model's own. */
void wp_model_so_far (const WpModel *self, guint64 *blocked, guint64 *refused, WpOutcome *refused_as, const WpHistogram **wait,
                      const WpHistogram **response);

/* Once, after the last row: the queue empties, and all is counted. */
void wp_model_finish (WpModel *self, WpFigures *figures);
