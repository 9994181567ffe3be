/* wp-search.h - the smallest sizes that meet the objectives, at one rate of traffic. */
#pragma once

#include "sim/plan/wp-result-cache.h"

/**
 * WpSearch:
 *
 * With patient clients (and with any policy whose objectives allow no blocked request, for then nobody is
 * turned away, unless queued jobs are dropped) one pass answers every queue for a number of workers, and all
 * objectives but a few move one way with a size: these are searched by bisection. Otherwise every size is
 * tried, from the smallest on; where that would go on for long, the rest is searched by bisection, and
 * wp_search_assumed() reports it.
 */
typedef struct _WpSearch WpSearch;

#define WP_SEARCH_NONE G_GINT64_CONSTANT (-1)

/* @setup is copied; what it points to outlives the search. */
WpSearch *wp_search_new (const WpSearchSetup *setup, double scale);
void wp_search_free (WpSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSearch, wp_search_free)

/* WP_SEARCH_NONE: there is none. WP_QUEUE_UNLIMITED is a queue that is never full. After an error every
 * answer is WP_SEARCH_NONE. */
gint64 wp_search_workers (WpSearch *self, guint queue_jobs);
gint64 wp_search_queue (WpSearch *self, guint workers);

/* Of a system of that size, in full; null what no objective needs. Returns: is the queue full at some moment?
 */
gboolean wp_search_summary (WpSearch *self, guint workers, guint queue_jobs, WpSummary *summary);

/* These numbers of workers will be asked for, with any queue: simulates them now, side by side, where that
 * pays. */
void wp_search_prepare (WpSearch *self, const guint *workers, guint n);

/* So many are never all busy; G_MAXUINT if that is not known. */
guint wp_search_ample (const WpSearch *self);

/* The jobs in service on average, were there workers enough; a first guess. No more than the jobs: all may
 * come at once. */
double wp_search_load (const WpSearch *self);

/* May an untried smaller size meet the objectives too? */
gboolean wp_search_assumed (const WpSearch *self);

/* FALSE, once, with what went wrong. */
gboolean wp_search_check (WpSearch *self, GError **error);
