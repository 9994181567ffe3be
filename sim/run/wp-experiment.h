/* wp-experiment.h - runs of drawn traffic, open or closed, as often as is asked, on all cores. */
#pragma once

#include "sim/run/wp-closed-loop.h"
#include "sim/run/wp-confidence.h"

/* What is run; everything outlives it. */
typedef struct {
  const WpPolicy *policies;
  guint n_models;
  gint64 patience_ns;
  const char *synthetic;       /* open: of wp_synthetic_open(); NULL: closed */
  double scale;                /* of its arrivals */
  WpClosedLoopOptions clients; /* limit and warm-up count for both */
  const char *service, *think;
  double service_scale;
} WpExperiment;

/**
 * wp_experiment_run:
 * @parts: (nullable): for each model
 * @figures: (out): for each model
 * @traffic: (out): of an open study; of a closed one, where each model has its own, the last model's
 *
 * Once, nobody looking on.
 */
gboolean wp_experiment_run (const WpExperiment *self, guint64 seed, WpBatchMeans *const *parts,
                            WpSummary *summary, WpTrafficSummary *traffic, GError **error);

/**
 * wp_experiment_replicate:
 * @seed: the first; run i has seed + i
 * @figures: (out): n_models for each of @n runs
 * @threads: at once; 0: as many as there are cores
 */
gboolean wp_experiment_replicate (const WpExperiment *self, guint64 seed, guint n, guint threads,
                                  WpSummary *summary, GError **error);

/* The closed form for one of the models, if there is any. */
gboolean wp_experiment_theory (const WpExperiment *self, guint model, const WpSummary *summary,
                               WpTheory *theory, GError **error);
