/* wp-result-cache.h - cache of simulation results for one traffic scale. */
#pragma once

#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-evaluation.h"

typedef struct {
  const WpTraceBuffer *buffer;
  /* BufferedChannel or WorkerPool with the bounded dispatcher, with the given sizes */
  WpPolicy policy;
  gint64 patience_ns;
  const GPtrArray *slos; /* (element-type WpSlo) */
  guint threads;
  WpCommit *commit;       /* of a database that commits in groups; NULL: services are those of the rows */
  const WpStages *stages; /* NULL: none */
} WpSearchSetup;

/**
 * WpResultCache:
 * Backlogs by number of workers, which answer every capacity, if they can decide the SLOs; else summaries by
 * workers and queue. Missing results are simulated. Only wp-result-cache.c writes to it.
 */
typedef struct {
  WpSearchSetup setup;
  double scale;
  WpSloNeeds needs;
  gboolean in_runs;     /* one run answers for one size only */
  gboolean is_steady;   /* a larger size never does worse in an objective that improves with the size */
  guint ample_workers;  /* this many workers are never all busy; G_MAXUINT: unknown */
  GHashTable *backlogs; /* by workers, ample_workers at most */
  GHashTable *results;  /* by workers and queue */
  guint64 spent_rows;   /* rows simulated in total */
  GError *error;        /* the first; nothing is simulated after it */
} WpResultCache;

#define WP_QUEUE_UNLIMITED (G_MAXUINT - 1) /* a queue that is never full */

WpResultCache *wp_result_cache_new (const WpSearchSetup *setup, double scale);
void wp_result_cache_free (WpResultCache *self);

/* Simulates all missing combinations at once: of one number of workers, or with one queue. Each stops when an
 * SLO is violated, unless @in_full. */
void wp_result_cache_fill (WpResultCache *self, const guint *workers, guint n_workers, const guint *queues,
                           guint n_queues, gboolean in_full);

/* The result for these sizes. FALSE: an SLO is violated (not with @in_full), or an error. */
gboolean wp_result_cache_find (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full,
                               WpSummary *summary);

/* The full summary for these sizes, including requests turned away; null after an error. Returns: the queue
 * is full at some time. */
gboolean wp_result_cache_summary (WpResultCache *self, guint workers, guint queue_jobs, WpSummary *summary);

/* Sets ample_workers. */
void wp_result_cache_find_ample (WpResultCache *self);

/* Adjusts the summary to more workers than are ever busy. */
void wp_result_cache_adjust_workers (WpSummary *summary, guint workers);

/* The longest backlog of these workers if no request is turned away; -1 if even a queue of that capacity
 * violates the SLOs. */
gint64 wp_result_cache_longest (WpResultCache *self, guint workers);
