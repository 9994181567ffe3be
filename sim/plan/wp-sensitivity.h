/* wp-sensitivity.h - how far the figures and the sizes of a plan depend on when exactly requests arrive. */
#pragma once

#include "sim/plan/wp-plan.h"

#define WP_SENSITIVITY_RUNS 15

/* A size of the plan, and how many of the runs judge it otherwise. */
typedef struct {
  double scale;
  guint workers, queue_jobs;
  gboolean meets; /* by the plan */
  guint n_otherwise;
} WpSensitivitySize;

/* Of a metric in all runs; NaN: null in each. */
typedef struct {
  double low, high;
} WpSensitivityRange;

typedef struct {
  gint64 lag_ns;
  guint n_metrics, n_models;  /* metrics: as in wp_metrics */
  WpSensitivityRange *ranges; /* of each metric, for the models one after the other */
  GArray *sizes;              /* (element-type WpSensitivitySize): the results and their neighbours */
} WpSensitivity;

/* The simulations to repeat. */
typedef struct {
  const WpTraceBuffer *rows;
  const WpPolicy *policies;
  guint n_models;
  gint64 patience_ns;
  WpCommit *commit;       /* of a database that commits in groups; or NULL */
  const WpStages *stages; /* NULL: none */
  gint64 lag_ns;          /* > 0 */
  guint64 seed;
  guint threads;
  const WpPlan *plan;                     /* NULL: none */
  const WpRecommendation *recommendation; /* likewise */
} WpSensitivitySetup;

/**
 * wp_sensitivity_new:
 * @read, @data: as of wp_trace_buffer_watch(), for the rows of all runs
 *
 * Repeats the simulations with arrivals that are late by up to lag_ns, each by a draw of its own.
 *
 * Returns: NULL with WP_ERROR_IO: no memory for the rows, or WP_ERROR_BAD_VALUE: a time passes 292 years
 */
WpSensitivity *wp_sensitivity_new (const WpSensitivitySetup *setup, WpTraceBufferRead read, gpointer data,
                                   GError **error);
void wp_sensitivity_free (WpSensitivity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSensitivity, wp_sensitivity_free)
