/* wp-result-cache.h - cache of simulation results for one traffic scale. */
#pragma once

#include "sim/plan/wp-slo-needs.h"
#include "sim/plan/wp-evaluation.h"

typedef struct {
  const WpTraceBuffer *buffer;
  /* BufferedChannel or WorkerPool with the bounded dispatcher; its sizes are those that stay */
  WpPolicy policy;
  gint64 patience_ns;
  const GPtrArray *slos; /* (element-type WpSlo) */
  guint threads;
} WpSearchSetup;

/**
 * WpResultCache:
 *
 * Backlogs by the number of workers, which answer every queue, where the SLOs can be judged by them; else
 * summaries by workers and queue. What is not in the cache is simulated. Only wp-result-cache.c writes to it.
 */
typedef struct {
  WpSearchSetup setup;
  double scale;
  WpSloNeeds needs;
  guint ample_workers;  /* so many are never all busy; G_MAXUINT: not known */
  GHashTable *backlogs; /* by workers, ample_workers at most */
  GHashTable *results;  /* by workers and queue */
  guint64 spent_rows;   /* simulated in all */
  GError *error;        /* the first; nothing is simulated after it */
} WpResultCache;

#define WP_QUEUE_UNLIMITED (G_MAXUINT - 1) /* a queue that is never full */

WpResultCache *wp_result_cache_new (const WpSearchSetup *setup, double scale);
void wp_result_cache_free (WpResultCache *self);

/* Simulates every combination that is not known, all at once: of one number of workers, or with one queue.
 * Given up early where an SLO is violated, unless @in_full. */
void wp_result_cache_fill (WpResultCache *self, const guint *workers, guint n_workers, const guint *queues,
                           guint n_queues, gboolean in_full);

/* Of a system of that size. FALSE: an SLO is violated, or an error; @in_full: the latter only. */
gboolean wp_result_cache_find (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full,
                               WpSummary *summary);

/* The same in full, and of the system that turns requests away where a backlog stands for it; nulls after an
 * error. Returns: is the queue full at some moment? */
gboolean wp_result_cache_summary (WpResultCache *self, guint workers, guint queue_jobs, WpSummary *summary);

/* Makes ample_workers known. */
void wp_result_cache_find_ample (WpResultCache *self);

/* What more workers than are ever busy change. */
void wp_result_cache_spread_over (WpSummary *summary, guint workers);

/* The longest backlog of these workers, were nobody turned away; -1 if even a queue for all of it does not
 * meet the SLOs. */
gint64 wp_result_cache_longest (WpResultCache *self, guint workers);
