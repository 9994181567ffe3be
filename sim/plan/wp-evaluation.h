/* wp-evaluation.h - one pass over a buffer with one set of sizes; many of them on all cores. */
#pragma once

#include "sim/plan/wp-backlog.h"
#include "sim/model/wp-model.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-trace-buffer.h"

/* Filled in by who wants to know; wp_evaluation_clear() when done. */
typedef struct {
  WpPolicy policy;            /* of BufferedChannel or WorkerPool; sizes and all */
  gint64 patience_ns;
  double scale;               /* times the traffic */
  guint64 limit;              /* the first rows only; 0: all */
  gboolean as_line;           /* nobody is turned away, whatever the policy says: @line, and no figures; else @figures */
  gboolean quick;             /* a line of which only waiting and blocking are wanted, and whether blocked is 0: it may be a partial one */
  guint watched;              /* a quick line knows how many a queue of that size blocks, if it is more than 0 */
  gint64 wait_bound_ns;       /* of a quick line's waits only that is wanted how their percentiles compare to it; WP_TIME_NONE: all */
  guint parts;                /* of the line */
  const guint *queues;        /* of which the line watches the blocked times */
  guint n_queues;
  const GPtrArray *slos;      /* give up once one of them can't be met any more; NULL: never */
  gboolean until_full;        /* give up once the queue of a line is full */

  WpBacklog *line;               /* out */
  WpFigures figures;
  const WpSlo *lost_slo;      /* the one that can't be met; NULL: it is full */
  gboolean lost;              /* it gave up: what else is here is not to be used */
} WpEvaluation;

void wp_evaluation_clear (WpEvaluation *self);

/* Called as evaluations end, by one thread at a time. */
typedef void (*WpEvaluationDone) (gpointer data, guint n_done, guint n_evaluations);

/* On @threads threads. FALSE with WP_ERROR_IO, or where a time passes 292 years. */
gboolean wp_evaluations_run (const WpTraceBuffer *buffer, WpEvaluation *evaluations, guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data, GError **error);

/* The same in two steps, of which the caller fills the buffer between, which is followed: by one thread less until wp_evaluations_end(), that is to say not
 * at all with one. The evaluations have no objectives: their shares are of all requests, which nobody knows yet. */
typedef struct _WpEvaluationBatch WpEvaluationBatch;
WpEvaluationBatch *wp_evaluations_begin (const WpTraceBuffer *buffer, WpEvaluation *evaluations, guint n_evaluations, guint threads, WpEvaluationDone done, gpointer data);
gboolean wp_evaluations_end (WpEvaluationBatch *self, GError **error);   /* frees it */
