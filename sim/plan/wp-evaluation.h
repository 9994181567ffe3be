/* wp-evaluation.h - evaluates candidate sizes, each by one pass over the trace, on several threads. */
#pragma once

#include "sim/model/wp-bulk-service.h"
#include "sim/plan/wp-backlog.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-stages.h"
#include "sim/plan/wp-trace-buffer.h"

/* The caller fills it in and clears it afterwards. */
typedef struct {
  WpPolicy policy; /* BufferedChannel or WorkerPool, with the sizes */
  gint64 patience_ns;
  WpCommit *commit;       /* NULL: each job has its own service; else group commit, without @as_backlog */
  const WpStages *stages; /* NULL: none */
  gboolean as_backlog;    /* compute @backlog, in which no request is turned away, instead of @summary */
  gboolean reduced;       /* a reduced backlog suffices */
  guint parts;            /* of a backlog */
  const guint *queues;    /* capacities for which the backlog counts blocked times */
  guint n_queues;
  gboolean only_queues;  /* and is asked for no larger one */
  const GPtrArray *slos; /* stop once one of them is violated; NULL: never */

  WpBacklog *backlog; /* out; NULL without as_backlog, or if an SLO is violated */
  WpSummary summary;
  const WpSlo *violated; /* out; the SLO that stopped the simulation; NULL: none */
} WpEvaluation;

void wp_evaluation_clear (WpEvaluation *self);

/* Called as @n of @n_evaluations end, by one thread at a time; it may take their results and clear them. */
typedef void (*WpEvaluationDone) (gpointer data, WpEvaluation *const *ended, guint n, guint n_evaluations);

/* Evaluates at @scale times the trace's traffic, on @threads threads; all have the same stages. FALSE with
 * WP_ERROR_BAD_VALUE: a time exceeds 292 years, or the warm-up is longer than the trace. */
gboolean wp_evaluations_run (const WpTraceBuffer *buffer, double scale, WpEvaluation *evaluations,
                             guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data,
                             GError **error);
