/* wp-search.h - finds the smallest sizes that meet the objectives at one traffic scale. */
#pragma once

#include "sim/plan/wp-result-cache.h"

/**
 * WpSearch:
 * With patient clients one pass answers every queue for a number of workers, and most objectives are monotone
 * in each size, so bisection applies. The same holds if the objectives allow no blocked request and no queued
 * job is dropped, as then no request is turned away. Otherwise the sizes are tried one by one from the
 * smallest; if that takes too long, bisection searches the rest and wp_search_is_assumed() reports it. With
 * group commit, bisection searches over runs: one commit more or less moves all later ones, so that the
 * objectives are monotone but for chance, which is reported likewise.
 */
typedef struct _WpSearch WpSearch;

#define WP_SEARCH_NONE G_GINT64_CONSTANT (-1)

/* @setup is copied; its pointers outlive the search. */
WpSearch *wp_search_new (const WpSearchSetup *setup, double scale);
void wp_search_free (WpSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSearch, wp_search_free)

/* The smallest size, or WP_SEARCH_NONE, also after an error. WP_QUEUE_UNLIMITED: a queue that is never full.
 */
gint64 wp_search_workers (WpSearch *self, guint queue_jobs);
gint64 wp_search_queue (WpSearch *self, guint workers);

/* The full summary for these sizes; metrics that no objective needs are null. Returns: the queue is full at
 * some time. */
gboolean wp_search_summary (WpSearch *self, guint workers, guint queue_jobs, WpSummary *summary);

/* Simulates these numbers of workers ahead, in vector lanes, if that saves time. */
void wp_search_prepare (WpSearch *self, const guint *workers, guint n);

/* This many workers are never all busy; G_MAXUINT: unknown. */
guint wp_search_ample (const WpSearch *self);

/* The same, found if it is not known yet: no more do better. */
guint wp_search_most_workers (WpSearch *self);

/* The offered load (mean jobs in service with unlimited workers), a first guess; at most the number of jobs,
 * which may all arrive at once. */
double wp_search_load (const WpSearch *self);

/* May an untried smaller size meet the objectives too? */
gboolean wp_search_is_assumed (const WpSearch *self);

/* FALSE, once, with the error of the search. */
gboolean wp_search_check (WpSearch *self, GError **error);
