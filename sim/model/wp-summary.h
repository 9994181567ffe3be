/* wp-summary.h - summary statistics of a model or a measurement, under the names of the JSON report. */
#pragma once

#include "sim/stats/wp-histogram.h"
#include "sim/base/wp-policy.h"
#include "sim/trace/wp-trace.h"

#define WP_MAX_PERCENTILES 4 /* beside those of every report */

/* In ns; NaN and WP_TIME_NONE for an empty set. Percentiles are nearest-rank within 0.1 %; mean and max are
 * exact. */
typedef struct {
  double mean;
  gint64 p50, p90, p95, p99, p999, max;
  gint64 more[WP_MAX_PERCENTILES]; /* of wp_summary_add_percentile(), in its order */
} WpSpread;

/* Null is NaN or WP_TIME_NONE. */
typedef struct {
  guint64 requests, accepted, rejected, timed_out, abandoned; /* a dropped job counts as accepted and as
                                                                 abandoned */
  guint64 failed;                /* included in @accepted; measured only, not a metric */
  guint64 blocked, blocked_peak; /* ever parked; most at once */
  WpSpread blocked_time, accept_latency, wait, response;
  /* closed loop: from a client's request to its response; else null */
  WpSpread latency;

  double depth_mean; /* jobs, over the time from the first arrival to the last finish */
  gint64 depth_p50, depth_p95, depth_p99, depth_max;
  gint64 depth_more[WP_MAX_PERCENTILES];

  /* time in which an arrival would block or be refused; its start since the origin */
  gint64 time_full_ns, first_full_ns;

  double busy_mean; /* jobs in service, over time */
  gint64 busy_max;
  double utilisation; /* 0 to 1 */
  gint64 makespan_ns;
  double throughput; /* finished jobs per second */
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

/* Sets all counts to 0 and the rest to null. */
void wp_summary_init (WpSummary *self);

/* The spread of a histogram of times in ns. */
WpSpread wp_spread_from_histogram (const WpHistogram *times);

/* Sets the metrics of depth from its histogram (jobs, weighted by ns). */
void wp_summary_set_depth (WpSummary *self, const WpHistogram *depth);

/* What a model counts: times in ns, and the depth of its queue as of wp_summary_set_depth(). */
typedef struct {
  WpHistogram *blocked_time, *accept_latency, *wait, *response, *depth;
} WpHistograms;

void wp_histograms_init (WpHistograms *self);
void wp_histograms_clear (WpHistograms *self);
void wp_histograms_merge_times (WpHistograms *self, const WpHistograms *other); /* all but the depth */
void wp_summary_set_histograms (WpSummary *self, const WpHistograms *histograms);

/**
 * wp_summary_set_window:
 * @first_ns: first arrival
 * @last_ns: last finish; WP_TIME_NONE if no job finished
 * @service_ns: sum of finished - started over the finished jobs
 * @finished: their number
 * @workers: their number, or its mean; WP_UNBOUNDED: there is no utilisation
 * Sets makespan, throughput, busy.mean (by Little's law: jobs in service = service time per second) and
 * utilisation.
 */
void wp_summary_set_window (WpSummary *self, gint64 first_ns, gint64 last_ns, double service_ns,
                            guint64 finished, double workers);

/**
 * wp_summary_measure:
 * @layout: sizes of what was measured
 * @rows: @n_rows of them in order of arrival, each as wp_summary_check_row() wants it
 *
 * Computes the metrics of measured rows by sorting their times. Failed jobs count as accepted and started. A
 * row without a blocked field counts as blocked if it was not accepted at its arrival.
 */
void wp_summary_measure (WpSummary *self, const WpLayout *layout, const WpRow *rows, gsize n_rows);

/* A time, and the index of its job. */
typedef struct {
  gint64 from, to;
  gsize index;
} WpJobTime;

/* Returns: the time from @first_ns to @last_ns in which the layout has no places in the queue and no idle
 * worker.
 * @busy: (element-type WpJobTime): each job in service; is sorted. @first_full_ns: (out): WP_TIME_NONE: never
 */
gint64 wp_summary_find_busy (const WpLayout *layout, GArray *busy, gint64 first_ns, gint64 last_ns,
                             gint64 *first_full_ns);

/* FALSE with WP_ERROR_BAD_TRACE, naming the request, where a measured row contradicts itself: its moments are
 * out of order (accepted before it arrived, ...), or are not those of its outcome. */
gboolean wp_summary_check_row (const WpRow *row, GError **error);

/* FALSE with WP_ERROR_INTERNAL unless both sums of jobs times ns are equal, as Little's law wants. @what: the
 * jobs that they count. */
gboolean wp_summary_check_law (const char *what, WpUint128 by_clock_ns, WpUint128 by_requests_ns,
                               GError **error);
