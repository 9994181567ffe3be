/* wp-summary.h - what a run comes to: the figures of one model, or of a measurement, under the names of the
 * JSON report. */
#pragma once

#include "sim/stats/wp-histogram.h"
#include "sim/base/wp-policy.h"
#include "sim/trace/wp-trace.h"

#define WP_MAX_PERCENTILES 4 /* beside those of every report */

/* Of times in ns: NaN and WP_TIME_NONE over an empty set. Percentiles are nearest-rank, within 0.1 %; mean
 * and max are exact. */
typedef struct {
  double mean;
  gint64 p50, p90, p95, p99, p999, max;
  gint64 more[WP_MAX_PERCENTILES]; /* of wp_summary_add_percentile(), in its order */
} WpSpread;

/* Null is NaN, or WP_TIME_NONE in a gint64. */
typedef struct {
  guint64 requests, accepted, rejected, timed_out, abandoned; /* dropped jobs are accepted and abandoned */
  guint64 failed;                /* of the accepted; measured only, and in no report by that name */
  guint64 blocked, blocked_peak; /* ever parked; most parked at once */
  WpSpread blocked_time, accept_latency, wait, response;
  /* what a client of a closed loop waits for, from sending to its answer; null in all else */
  WpSpread latency;

  double depth_mean; /* jobs, over time: from the first arrival to the last finish */
  gint64 depth_p50, depth_p95, depth_p99, depth_max;
  gint64 depth_more[WP_MAX_PERCENTILES];

  /* ns in which an arrival would block or be refused; its first moment since the origin */
  gint64 time_full_ns, first_full_ns;

  double busy_mean; /* jobs in service, over time */
  gint64 busy_max;
  double utilisation; /* 0 to 1 */
  gint64 makespan_ns;
  double throughput; /* jobs finished a second */
} WpSummary;

/**
 * wp_summary_add_percentile:
 * @share: 0.995 for p99.5
 *
 * Every later summary of the process has that percentile too. For one thread, before a run begins.
 *
 * Returns: its index, also where it was added before; -1: there are WP_MAX_PERCENTILES others
 */
int wp_summary_add_percentile (double share);

/* All counts 0, everything else null. */
void wp_summary_init (WpSummary *self);

/* The figures of what is in a histogram of times in ns. */
WpSpread wp_spread_of (const WpHistogram *times);

/* What the depth's histogram (jobs, weighted by ns) says. */
void wp_summary_set_depth (WpSummary *self, const WpHistogram *depth);

/**
 * wp_summary_set_window:
 * @first_ns: first arrival
 * @last_ns: last finish; WP_TIME_NONE if no job finished
 * @service_ns: sum of finished - started over the finished jobs
 * @finished: their number
 * @workers: WP_UNBOUNDED: there is no utilisation
 *
 * makespan, throughput, busy.mean (by Little's law: jobs in service = service time a second) and utilisation.
 */
void wp_summary_set_window (WpSummary *self, gint64 first_ns, gint64 last_ns, double service_ns,
                            guint64 finished, guint workers);

/**
 * wp_summary_measure:
 * @layout: sizes of what was measured
 * @rows: @n_rows of them in order of arrival, as wp_summary_check_rows() wants them
 *
 * The same figures from any measured rows, by sorting their moments. Jobs that failed count as accepted and
 * started. A row without a mark for blocked was blocked if it was not accepted at its arrival.
 */
void wp_summary_measure (WpSummary *self, const WpLayout *layout, const WpRow *rows, gsize n_rows);

/* FALSE with WP_ERROR_BAD_TRACE, naming @file, where a row's moments are out of order (accepted before it
 * arrived, ...). */
gboolean wp_summary_check_rows (const char *file, const WpRow *rows, gsize n_rows, GError **error);
