/* wp-known.h - what was simulated of a tape at one rate of traffic, remembered. */
#pragma once

#include "sim/plan/wp-asks.h"
#include "sim/plan/wp-lines.h"
#include "sim/plan/wp-points.h"
#include "sim/plan/wp-trial.h"

typedef struct {
  const WpTape *tape;
  WpPolicy policy;             /* BufferedChannel or WorkerPool with the bounded dispatcher; its sizes are those that stay */
  gint64 patience_ns;
  const GPtrArray *slos;       /* (element-type WpSlo) */
  guint threads;
} WpSearchSetup;

/**
 * WpKnown:
 *
 * Lines (one answers every queue for a number of workers) where the objectives can be judged by them; else points, a number of workers and
 * a queue each. What is asked for is looked up, and simulated if it is not there. Only wp-known.c writes to it.
 */
typedef struct {
  WpSearchSetup setup;
  double scale;
  guint64 limit;            /* rows of the tape */
  WpAsks asks;
  guint ample_workers;      /* so many are never all busy; G_MAXUINT: not known */
  WpLines *lines;           /* looked up for ample_workers at most */
  WpPoints *points;
  guint full_workers, full_queue;   /* this many workers fill this queue at some moment; 0 workers: nobody asked, or they do not */
  guint64 spent_rows;       /* simulated in all */
  GError *error;            /* the first; nothing is simulated after it */
} WpKnown;

#define WP_KNOWN_UNLIMITED (G_MAXUINT - 1)   /* a queue that is never full */

WpKnown *wp_known_new (const WpSearchSetup *setup, double scale, guint64 limit);
void wp_known_free (WpKnown *self);

/* The figures of that size. FALSE: an objective is lost, or an error; @in_full: never lost. */
gboolean wp_known_look_up (WpKnown *self, guint workers, guint queue_jobs, gboolean in_full, WpFigures *figures);

/* The same in full, and where a line stood for a system that turns requests away, of that system; nulls after an error. */
void wp_known_figures (WpKnown *self, guint workers, guint queue_jobs, WpFigures *figures);

/* The objective by which a line of so many workers was lost; NULL: it was not. */
const WpSlo *wp_known_lost (const WpKnown *self, guint workers);

/* Lines of those numbers of workers, all at once; given up where a queue of that size can't do, unless @in_full. */
void wp_known_lines (WpKnown *self, const guint *workers, guint n, guint queue_jobs, gboolean in_full);
const WpLine *wp_known_line (WpKnown *self, guint workers, guint queue_jobs, gboolean in_full);   /* NULL: it is lost */

/* The same for points: systems that turn requests away. */
void wp_known_points (WpKnown *self, const guint *workers, const guint *queues, guint n, gboolean in_full);

/* Points of one number of workers, by a line that watches the blocked times of these queues. */
void wp_known_watch (WpKnown *self, guint workers, const guint *queues, guint n_queues);

/* As wp_search_prepare(), wp_search_fills(). */
void wp_known_prepare (WpKnown *self, const guint *workers, guint n, guint queue_jobs);
gboolean wp_known_fills (WpKnown *self, guint workers, guint queue_jobs);

/* Asks that of so many rates of traffic side by side, and remembers it. */
void wp_known_fill_all (WpKnown *const *them, guint n, guint workers, guint queue_jobs);

/* Makes ample_workers known. */
void wp_known_find_ample (WpKnown *self);

/* What more workers than are ever busy change. */
void wp_known_spread_over (WpFigures *figures, guint workers);

/* The longest line that these workers ever have before them, were nobody turned away; -1 if even a queue for all of it does not do. */
gint64 wp_known_longest (WpKnown *self, guint workers);
