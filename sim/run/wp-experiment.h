/* wp-experiment.h - runs and replications of generated traffic, open or closed. */
#pragma once

#include "sim/run/wp-closed-loop.h"
#include "sim/run/wp-confidence.h"

/* The settings; all pointers outlive the runs. */
typedef struct {
  const WpPolicy *policies;
  guint n_models;
  gint64 patience_ns;
  const char *synthetic;                /* open: of wp_synthetic_open(); NULL: closed */
  double scale;                         /* of its arrivals */
  WpClosedLoopOptions clients;          /* limit and warm-up also hold for open traffic */
  const WpServiceTime *service, *think; /* each run draws from copies, with its own seed */
  double service_scale;
  const WpServiceTime *dispatch; /* from a free worker to the start of its job, on a stream of its own; NULL:
                                    none */
} WpExperiment;

/**
 * wp_experiment_run:
 * @parts: (nullable): for each model
 * @summary: (out): for each model
 * @traffic: (out): of a closed loop, where each model has its own, the last model's
 *
 * One run without observers.
 */
gboolean wp_experiment_run (const WpExperiment *self, guint64 seed, WpBatchMeans *const *parts,
                            WpSummary *summary, WpTrafficSummary *traffic, GError **error);

/**
 * wp_experiment_replicate:
 * @seed: each run has a seed of its own, hashed of this and its index
 * @summary: (out): n_models for each of @n runs
 * @threads: at once; 0: one per core
 */
gboolean wp_experiment_replicate (const WpExperiment *self, guint64 seed, guint n, guint threads,
                                  WpSummary *summary, GError **error);

/* The confidence intervals of one model by the parts of its run. */
gboolean wp_experiment_intervals (const WpExperiment *self, guint model, const WpBatchMeans *parts,
                                  const WpSummary *summary, double precision, WpConfidence *confidence,
                                  GError **error);

/* The closed form for one of the models. */
gboolean wp_experiment_theory (const WpExperiment *self, guint model, const WpSummary *summary,
                               WpTheory *theory, GError **error);
