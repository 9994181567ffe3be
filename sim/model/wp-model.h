/* wp-model.h - one queue and its workers, simulated: each request's fate is known the moment it is offered.
 */
#pragma once

#include "sim/model/wp-summary.h"

/* What becomes of a request, in ns since the trace's origin; WP_TIME_NONE where it does not come to that. */
typedef struct {
  gint64 accepted_ns, started_ns, finished_ns;
  /* the moment it leaves, whatever its outcome; a dropped job leaves the queue, not started */
  gint64 ended_ns;
  WpOutcome outcome; /* stored, rejected, timed_out or abandoned */
  gboolean blocked;  /* it was parked, if only for an instant */
} WpRequestResult;

/* When an accepted job left the queue: it was started, or dropped. */
static inline gint64
wp_request_result_left_queue (const WpRequestResult *self)
{
  return self->started_ns != WP_TIME_NONE ? self->started_ns : self->ended_ns;
}

/**
 * WpModel:
 *
 * First come, first served, so that no later request changes what became of an earlier one. With F the
 * earliest free time among the c workers, m counting accepted jobs only, and x[m] the moment at which job m
 * leaves the queue, which is its start,
 *
 *     e = max (a, x[m - K])              accepted; max (a, F) for K = 0
 *     x = s = max (a, F);  d = s + v     started, finished; d replaces F
 *
 * and a request is turned away if e - a passes what it may wait. O(log c) a job, memory of the jobs in the
 * system.
 *
 * Where queued jobs are dropped (WpLayout, drops_queued) the patience P is the same for all, and counts from
 * the arrival. So the older of two jobs never leaves later than the younger, x does not decrease, and a job
 * finds a worker as if those that are dropped had never come:
 *
 *     if s - a > P:  x = a + P           dropped; F stays
 *
 * At one instant jobs that end free their workers first; then clients leave in order of arrival, and each
 * place that one leaves goes to the oldest parked request at once, even at the very end of what that may
 * wait. Source: Kiefer and Wolfowitz, On the theory of queues with many servers (1955), with a finite buffer
 * before it; the tests hold it equal to an event calendar.
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
gboolean wp_model_offer (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
                         WpRequestResult *results);

/* What is counted so far: of @counts only the numbers of requests; @wait has those that waited only, and both
 * histograms are the model's own. */
void wp_model_so_far (const WpModel *self, WpSummary *counts, const WpHistogram **wait,
                      const WpHistogram **response);

/**
 * wp_model_start_counting:
 * @now_ns: the arrival of the next request
 *
 * Ends a warm-up: what was offered so far stays in the system, and is counted no more; figures over time
 * begin now. Exact but for busy.max, which is of the whole run.
 */
void wp_model_start_counting (WpModel *self, gint64 now_ns);

/* What has been added up so far, in requests and in seconds (job seconds): for means of parts of a run. */
typedef struct {
  double requests, accepted, refused, blocked;
  double started;
  double blocked_accepted; /* of the blocked, those that were accepted */
  double wait, response, blocked_time, service;
  double depth, depth_clock; /* job seconds in the queue, and up to which moment */
} WpSums;

/* What the histograms have of them: of the blocked, those that were accepted. */
void wp_sums_add_times (WpSums *self, const WpHistogram *wait, const WpHistogram *response,
                        const WpHistogram *blocked_time, const WpHistogram *depth);

void wp_model_sums (const WpModel *self, WpSums *sums);

/* Once, after the last row: the queue empties, and all is counted. */
void wp_model_finish (WpModel *self, WpSummary *summary);

/**
 * wp_model_check:
 *
 * After wp_model_finish(): does Little's law hold, to the nanosecond, between what was counted by the clock
 * and what by the requests? It holds for the queue (depth), for those who are parked, and for the whole
 * (response is wait and service).
 *
 * Returns: FALSE with WP_ERROR_INTERNAL `internal error: Little's law does not hold: ...`: the simulation is
 * wrong. Source: Little, A proof for the queuing formula L = λW, Operations Research 9 (1961).
 */
gboolean wp_model_check (WpModel *self, GError **error);
