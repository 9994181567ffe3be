/* wp-model.h - recursion for an FCFS queue with several servers and finite capacity; each request's result is
 * known when it is offered. */
#pragma once

#include "sim/model/wp-summary.h"

/* The times of a request, in ns since the trace's origin (WP_TIME_NONE: did not happen), and its outcome. */
typedef struct {
  gint64 accepted_ns, started_ns, finished_ns;
  /* its departure with any outcome; a dropped job departs from the queue, not started */
  gint64 ended_ns;
  WpOutcome outcome; /* stored, rejected, timed_out or abandoned */
  gboolean blocked;  /* it was parked, even for 0 ns */
} WpRequestResult;

/* When an accepted job left the queue: a worker took it, @dispatch_ns before its start, or it was dropped. */
static inline gint64
wp_request_result_left_queue (const WpRequestResult *self, gint64 dispatch_ns)
{
  return self->started_ns != WP_TIME_NONE ? self->started_ns - dispatch_ns : self->ended_ns;
}

/**
 * WpModel:
 * Under FCFS no later request changes the result of an earlier one. With F the earliest free time of the c
 * workers, m the number of accepted jobs, and x[m] the time at which job m leaves the queue, which is its
 * start,
 *
 *     e = max (a, x[m - K])              accepted; max (a, F) for K = 0
 *     x = s = max (a, F);  d = s + v     started, finished; d replaces F
 * and a request is turned away if e - a exceeds its longest wait. O(log c) per job; memory for the jobs in
 * the system.
 *
 * If queued jobs are dropped (WpLayout, drops_queued), the patience P counts from the arrival, and a dropped
 * job does not occupy a worker:
 *
 *     if s - a > P:  x = a + P           dropped; F stays
 *
 * No later job starts before that s, so that only dropped jobs may leave the queue before earlier ones; x is
 * kept in order of time.
 * At equal times, finished jobs free their workers first; then clients leave in order of arrival. Each freed
 * place goes to the oldest parked request at once, even at the end of its longest wait. Source: Kiefer and
 * Wolfowitz, On the theory of queues with many servers (1955), with a finite buffer added; the tests compare
 * it with an event calendar.
 */
typedef struct _WpModel WpModel;

/* @patience_ns: a parked client leaves after this time, >= 0; WP_TIME_NONE: never. */
WpModel *wp_model_new (const WpLayout *layout, gint64 patience_ns);
void wp_model_free (WpModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpModel, wp_model_free)

/* Of the next requests, from their arrival; WP_TIME_NONE: without end. The moments at which parked clients
 * leave, arrival and patience, do not decrease from one request to the next; those of queued ones may. */
void wp_model_set_patience (WpModel *self, gint64 patience_ns);

/**
 * wp_model_offer:
 * @rows: @n_rows requests; only arrival_ns is used, >= 0 and not decreasing
 * @services_ns: the service time of each, >= 0
 * @results: (out) (nullable): @n_rows elements
 *
 * Returns: FALSE if a time exceeds 292 years; the model is then invalid.
 */
gboolean wp_model_offer (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows,
                         WpRequestResult *results);

/* The counts so far. Sets only the numbers of requests in @counts; @wait has only the jobs that waited. The
 * model owns both histograms. */
void wp_model_get_counts (const WpModel *self, WpSummary *counts, const WpHistogram **wait,
                          const WpHistogram **response);

/* As wp_model_offer(). @dispatches_ns: for each request the time from the moment at which it has a free
 * worker to its start, >= 0. The job then has left the queue, and the worker is busy with it. */
gboolean wp_model_offer_dispatched (WpModel *self, const WpRow *rows, const gint64 *services_ns,
                                    const gint64 *dispatches_ns, gsize n_rows, WpRequestResult *results);

/* The same for the requests before wp_model_start_counting(). @dispatches_ns: (nullable): all are 0 */
gboolean wp_model_warm_up (WpModel *self, const WpRow *rows, const gint64 *services_ns,
                           const gint64 *dispatches_ns, gsize n_rows, WpRequestResult *results);

/**
 * wp_model_start_counting:
 * @now_ns: the arrival of the next request
 * Ends the warm-up: earlier requests stay in the system but are not counted; averages over time start now,
 * and so does the throughput: a job that finishes later is in it, as its service is in busy.mean. All is
 * exact except busy.max, which covers the whole run.
 */
void wp_model_start_counting (WpModel *self, gint64 now_ns);

/* Sums so far, in requests, seconds and job seconds, for the means of parts of a run. */
typedef struct {
  double requests, accepted, refused, blocked;
  double started;
  double blocked_accepted; /* blocked and accepted */
  double wait, response, blocked_time, service;
  double depth, depth_clock; /* job seconds in the queue, and the time up to which they are counted */
} WpSums;

/* Adds the sums of the histograms; @blocked_time has the accepted requests only. */
void wp_sums_add_times (WpSums *self, const WpHistogram *wait, const WpHistogram *response,
                        const WpHistogram *blocked_time, const WpHistogram *depth);

/* @now_ns: the last arrival. Returns the moment by which all jobs of @sums have started, @now_ns or later;
 * their service is what the workers have done by then. */
gint64 wp_model_sums (const WpModel *self, gint64 now_ns, WpSums *sums);

guint64 wp_model_count_busy (const WpModel *self, gint64 now_ns); /* workers, at the last arrival or later */
guint64 wp_model_requests (const WpModel *self); /* counted so far: the sums' own figure, at no cost */

/* Call it once after the last row: empties the queue and fills @summary. */
void wp_model_finish (WpModel *self, WpSummary *summary);

/**
 * wp_model_check:
 * Call it after wp_model_finish(). Checks Little's law to the nanosecond: sums by the clock must equal sums
 * over the requests, for the queue (depth), for parked requests, and for the whole (response = wait +
 * service).
 *
 * Returns: FALSE with WP_ERROR_INTERNAL `internal error: Little's law does not hold: ...`: a defect of the
 * simulation.
 * Source: Little, A proof for the queuing formula L = λW, Operations Research 9 (1961).
 */
gboolean wp_model_check (WpModel *self, GError **error);
