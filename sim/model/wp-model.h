/* wp-model.h - one queue and its workers, simulated: each request's fate is known the moment it is offered. */
#pragma once

#include "sim/model/wp-figures.h"

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

/**
 * wp_model_start_counting:
 * @now_ns: the arrival of the next request
 *
 * Ends a warm-up: what was offered so far stays in the system, and is counted no more; figures over time begin now. Exact but for busy.max,
 * which is of the whole run.
 */
void wp_model_start_counting (WpModel *self, gint64 now_ns);

/* What has been added up so far, in requests and in seconds (job seconds): for means of parts of a run. */
typedef struct {
  double requests, accepted, refused, blocked;
  double blocked_accepted;      /* of the blocked, those that were accepted */
  double wait, response, blocked_time, service;
  double depth, depth_clock;    /* job seconds in the queue, and up to which moment */
} WpSums;

/* What the histograms have of them: of the blocked, those that were accepted. */
void wp_sums_add_times (WpSums *self, const WpHistogram *wait, const WpHistogram *response, const WpHistogram *blocked_time, const WpHistogram *depth);

void wp_model_sums (const WpModel *self, WpSums *sums);

/* Once, after the last row: the queue empties, and all is counted. */
void wp_model_finish (WpModel *self, WpFigures *figures);

/**
 * wp_model_check:
 *
 * After wp_model_finish(): does Little's law hold, to the nanosecond, between what was counted by the clock and what by the requests?
 * It holds for the queue (depth), for those who are parked, and for the whole (response is wait and service).
 *
 * Returns: FALSE with WP_ERROR_INTERNAL `internal error: Little's law does not hold: ...`: the simulation is wrong.
 * Source: Little, A proof for the queuing formula L = λW, Operations Research 9 (1961).
 */
gboolean wp_model_check (WpModel *self, GError **error);
