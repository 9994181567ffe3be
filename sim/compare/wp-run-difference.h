/* wp-run-difference.h - two measured runs: their latencies by percentile, and how sure the difference is. */
#pragma once

#include "sim/stats/wp-histogram.h"
#include "sim/trace/wp-trace.h"

#define WP_RUN_FIGURES  7
#define WP_RUN_STATUSES 1000

/* One run. Latency: of requests with a response, from the planned time to it; of logs, the response time. */
typedef struct {
  guint64 n_requests, n_responses;
  guint64 n_status[WP_RUN_STATUSES]; /* [0]: responses without one */
  gint64 duration_ns;                /* from the first arrival to the last */
  WpHistogram *latency;
} WpMeasuredRun;

typedef struct {
  const char *name;   /* "mean", "p50", ..., "max" */
  double value_ns[2]; /* NaN: none */
  gboolean has_interval;
  double low_ns, high_ns; /* of the difference, second less first: 95 % */
} WpRunFigure;

typedef struct {
  WpMeasuredRun runs[2];
  guint64 n_paired; /* by id; the intervals use it where that is nearly all (is_paired) */
  gboolean is_paired;
  guint n_blocks;     /* of time, that are drawn with replacement; 0: the runs are too short */
  gint64 block_ns;    /* of the first run */
  double correlation; /* of neighbouring blocks' means, in the run where it is larger; NaN: unknown */
  WpRunFigure figures[WP_RUN_FIGURES];
} WpRunDifference;

/**
 * wp_run_difference_compute:
 * @rows, @n_rows: of both runs, in order of arrival
 *
 * Intervals by the block bootstrap: latencies of neighbouring requests depend on each other, so that pieces
 * of time are drawn, and not requests. Requests that are paired by id are drawn together: what both runs have
 * in common (the trace's bursts) leaves the difference. A percentile has an interval where both runs have 10
 * responses beyond it. Equal seeds give equal intervals.
 *
 * Source: Künsch, The jackknife and the bootstrap for general stationary observations, Annals of Statistics
 * 17 (1989).
 */
void wp_run_difference_compute (WpRunDifference *self, const WpRow *const rows[2], const gsize n_rows[2],
                                guint64 seed);
void wp_run_difference_clear (WpRunDifference *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WpRunDifference, wp_run_difference_clear)

/* Is 0 outside the interval? */
gboolean wp_run_figure_differs (const WpRunFigure *figure);
