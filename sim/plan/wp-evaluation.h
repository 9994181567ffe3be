/* wp-evaluation.h - candidate sizes, each simulated in one pass over a trace; several at once on several
 * threads. */
#pragma once

#include "sim/model/wp-model.h"
#include "sim/plan/wp-backlog.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-trace-buffer.h"

/* Filled in by the caller, and cleared when done. */
typedef struct {
  WpPolicy policy; /* of BufferedChannel or WorkerPool; sizes and all */
  gint64 patience_ns;
  gboolean as_backlog; /* nobody is turned away, whatever the policy: @backlog, and no @summary */
  gboolean reduced;    /* a backlog as of wp_backlog_new_reduced() suffices */
  guint parts;         /* of a backlog */
  const guint *queues; /* whose blocked times a backlog counts */
  guint n_queues;
  const GPtrArray *slos; /* give up once one of them can't be met any more; NULL: never */

  WpBacklog *backlog; /* out; NULL without as_backlog, and where an SLO is violated */
  WpSummary summary;
  const WpSlo *violated; /* the simulation was given up; NULL: it was not */
} WpEvaluation;

void wp_evaluation_clear (WpEvaluation *self);

/* Called as evaluations end, by one thread at a time. */
typedef void (*WpEvaluationDone) (gpointer data, guint n_done, guint n_evaluations);

/* Of the trace at @scale times its traffic, on @threads threads. FALSE with WP_ERROR_BAD_VALUE: a time passes
 * 292 years. */
gboolean wp_evaluations_run (const WpTraceBuffer *buffer, double scale, WpEvaluation *evaluations,
                             guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data,
                             GError **error);
