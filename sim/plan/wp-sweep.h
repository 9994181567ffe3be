/* wp-sweep.h - simulates every combination of lists of sizes. */
#pragma once

#include "sim/plan/wp-sweep-spec.h"
#include "sim/plan/wp-plan.h"

typedef struct {
  double scale, service_scale;
  guint workers, queue_jobs;
  WpSummary summary;   /* as of a run of its own */
  const WpSlo *failed; /* the first objective that is not met; NULL: all are met */
} WpSweepRow;

typedef struct {
  WpSweepSpec *spec; /* an axis that was not given has one value */
  WpPolicy policy;   /* of all rows, but for the sizes */
  GPtrArray *slos;   /* (element-type WpSlo), held */
  guint64 requests;
  guint64 n_drawn;                 /* of their services; the others came from the trace */
  GArray *rows;                    /* (element-type WpSweepRow) by scale, service, workers, queue */
  WpRecommendation recommendation; /* with a margin only */
} WpSweep;

typedef struct {
  WpPolicy policy; /* BufferedChannel, whose workers are 1, or WorkerPool */
  gint64 patience_ns;
  double scale, service_scale;   /* where the sweep has no such axis */
  const WpServiceTime *services; /* as wp_service_time_copy() takes them, and the next two */
  gboolean service_always;
  guint64 seed;
  guint threads;
  guint64 memory_bytes;   /* for the rows */
  double margin;          /* times the traffic of WorkerPool, for which sizes are recommended; 0: none are */
  WpCommit *commit;       /* as in WpSearchSetup, for wp_sweep_run_rows(); the other has that of @services */
  const WpStages *stages; /* NULL: none */
} WpSweepSetup;

/**
 * wp_sweep_run:
 * @spec: taken
 * @trace: not yet read from, opened without a scale, and with the service scale of the sweep if that is a
 * single one, else without
 *
 * With patient clients all queues of a number of workers come from one pass.
 * Returns: NULL with the reader's error, WP_ERROR_BAD_VALUE or WP_ERROR_IO.
 */
WpSweep *wp_sweep_run (WpSweepSpec *spec, WpTrace *trace, const WpSweepSetup *setup, GPtrArray *slos,
                       GError **error);

/* The same of rows that were read before, with their services; @spec has none of its own. */
WpSweep *wp_sweep_run_rows (WpSweepSpec *spec, const WpTraceBuffer *rows, const WpSweepSetup *setup,
                            GPtrArray *slos, GError **error);
void wp_sweep_free (WpSweep *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSweep, wp_sweep_free)
