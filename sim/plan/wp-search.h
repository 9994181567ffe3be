/* wp-search.h - the smallest sizes that meet the objectives, at one rate of traffic. */
#pragma once

#include "sim/plan/wp-result-cache.h"

/**
 * WpSearch:
 *
 * What was simulated once is remembered. With patient clients (and with any policy whose objectives allow no blocked request, for then
 * nobody is turned away, unless queued jobs are dropped) one pass answers every queue for a number of workers,
 * and all objectives but a few move one way with a size: these are searched by bisection. Otherwise every size
 * is tried, from the smallest on; where that would go on for long, the rest is searched by bisection, and wp_search_assumed() says so.
 */
typedef struct _WpSearch WpSearch;

#define WP_SEARCH_NONE G_GINT64_CONSTANT (-1)

/* @setup is copied; what it points to outlives the search. @limit: the first rows only; 0: all. */
WpSearch *wp_search_new (const WpSearchSetup *setup, double scale, guint64 limit);
void wp_search_free (WpSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSearch, wp_search_free)

/* WP_SEARCH_NONE: there is none. G_MAXUINT - 1 jobs are a queue that is never full. After an error every answer is WP_SEARCH_NONE. */
gint64 wp_search_workers (WpSearch *self, guint queue_jobs);
gint64 wp_search_queue (WpSearch *self, guint workers);

/* Of a system of that size, in full; null what no objective asks for. */
void wp_search_figures (WpSearch *self, guint workers, guint queue_jobs, WpFigures *figures);

/* With patient clients: is the queue full at some moment? */
gboolean wp_search_fills (WpSearch *self, guint workers, guint queue_jobs);

/* That will be asked of all these, at their rates of traffic: simulates them now, side by side. */
void wp_search_prepare_filling (WpSearch *const *searches, guint n, guint workers, guint queue_jobs);

/* The objective that is not met; NULL: all are. */
const WpSlo *wp_search_failure (WpSearch *self, guint workers, guint queue_jobs);

/* So many are never all busy; G_MAXUINT if that is not known. */
guint wp_search_ample (const WpSearch *self);

/* Does it pay to guess, and to prepare what was guessed? */
gboolean wp_search_is_quick (const WpSearch *self);

/* What the first part of a long trace says of wp_search_workers(), or else the load. */
guint wp_search_guess (WpSearch *self, guint queue_jobs);

/* These numbers of workers will be asked for, with any queue, and the last of them perhaps: simulates them now, side by side, on all threads,
 * and in full. Of a queue of @queue_jobs it is counted how many it blocks. */
void wp_search_prepare (WpSearch *self, const guint *workers, guint n, guint queue_jobs);

/* The jobs in service on average, were there workers enough; a first guess. */
double wp_search_load (WpSearch *self);

/* Was something not tried that might be smaller? */
gboolean wp_search_assumed (const WpSearch *self);

/* FALSE, once, with what went wrong. */
gboolean wp_search_check (WpSearch *self, GError **error);
