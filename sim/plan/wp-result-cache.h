/* wp-result-cache.h - what was simulated of a buffer at one rate of traffic, remembered. */
#pragma once

#include "sim/plan/wp-slo-needs.h"
#include "sim/plan/wp-lines.h"
#include "sim/plan/wp-points.h"
#include "sim/plan/wp-evaluation.h"

typedef struct {
  const WpTraceBuffer *buffer;
  WpPolicy policy;             /* BufferedChannel or WorkerPool with the bounded dispatcher; its sizes are those that stay */
  gint64 patience_ns;
  const GPtrArray *slos;       /* (element-type WpSlo) */
  guint threads;
} WpSearchSetup;

/**
 * WpResultCache:
 *
 * Lines (one answers every queue for a number of workers) where the objectives can be judged by them; else points, a number of workers and
 * a queue each. What is asked for is looked up, and simulated if it is not there. Only wp-result-cache.c writes to it.
 */
typedef struct {
  WpSearchSetup setup;
  double scale;
  guint64 limit;            /* rows of the buffer */
  WpSloNeeds needs;
  guint ample_workers;      /* so many are never all busy; G_MAXUINT: not known */
  WpLines *lines;           /* looked up for ample_workers at most */
  WpPoints *points;
  guint full_workers, full_queue;   /* this many workers fill this queue at some moment; 0 workers: nobody asked, or they do not */
  guint64 spent_rows;       /* simulated in all */
  GError *error;            /* the first; nothing is simulated after it */
} WpResultCache;

#define WP_QUEUE_UNLIMITED (G_MAXUINT - 1)   /* a queue that is never full */

WpResultCache *wp_result_cache_new (const WpSearchSetup *setup, double scale, guint64 limit);
void wp_result_cache_free (WpResultCache *self);

/* The figures of that size. FALSE: an objective is lost, or an error; @in_full: never lost. */
gboolean wp_result_cache_look_up (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full, WpFigures *figures);

/* The same in full, and where a line stood for a system that turns requests away, of that system; nulls after an error. */
void wp_result_cache_figures (WpResultCache *self, guint workers, guint queue_jobs, WpFigures *figures);

/* The objective by which a line of so many workers was lost; NULL: it was not. */
const WpSlo *wp_result_cache_lost (const WpResultCache *self, guint workers);

/* Lines of those numbers of workers, all at once; given up where a queue of that size can't do, unless @in_full. */
void wp_result_cache_lines (WpResultCache *self, const guint *workers, guint n, guint queue_jobs, gboolean in_full);
const WpBacklog *wp_result_cache_line (WpResultCache *self, guint workers, guint queue_jobs, gboolean in_full);   /* NULL: it is lost */

/* The same for points: systems that turn requests away. */
void wp_result_cache_points (WpResultCache *self, const guint *workers, const guint *queues, guint n, gboolean in_full);

/* Points of one number of workers, by a line that watches the blocked times of these queues. */
void wp_result_cache_watch (WpResultCache *self, guint workers, const guint *queues, guint n_queues);

/* As wp_search_prepare(), wp_search_fills(). */
void wp_result_cache_prepare (WpResultCache *self, const guint *workers, guint n, guint queue_jobs);
gboolean wp_result_cache_fills (WpResultCache *self, guint workers, guint queue_jobs);

/* Asks that of so many rates of traffic side by side, and remembers it. */
void wp_result_cache_fill_all (WpResultCache *const *them, guint n, guint workers, guint queue_jobs);

/* Makes ample_workers known. */
void wp_result_cache_find_ample (WpResultCache *self);

/* What more workers than are ever busy change. */
void wp_result_cache_spread_over (WpFigures *figures, guint workers);

/* The longest line that these workers ever have before them, were nobody turned away; -1 if even a queue for all of it does not do. */
gint64 wp_result_cache_longest (WpResultCache *self, guint workers);
