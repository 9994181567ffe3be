/* wp-logged-sample.h - the services that were recovered from a log, by rank: what do they depend on? */
#pragma once

#include "sim/model/wp-logged-search.h"

/* The range of ranks is wider than the stamps: a difference below their width is none. */
#define WP_LOGGED_RANK_DITHER 4

/* Of rows with one stamp the order is not known, but for that of their ends: where only some waited, these
 * are the longer ones, and none of them is compared. */
enum { WP_LOGGED_WAITED_NOT, WP_LOGGED_WAITED, WP_LOGGED_WAITED_SOME };

/* All rows that are looked at, of all windows, with one time of each: its ranks. */
typedef struct {
  guint n;
  double *ranks; /* 0 to 1 */
  guint32 *in_system;
  guint8 *waited; /* as WP_LOGGED_WAITED_ */
  gint64 *gaps;   /* from the arrival before, ns; -1 where another has the same stamp */
  double mean;    /* of the times, ns */
} WpLoggedSample;

/* More rows are left out than in the search, at each end, where the log begins or ends in a busy period: for
 * every request in the system then, three. */
guint wp_logged_window_edge (const WpLoggedWindow *self);

/* @services: as last recovered, rather than responses; @dither: times that of the windows is added, before
 * ranks are made. */
void wp_logged_sample_init (WpLoggedSample *self, const WpLoggedSearch *search, gboolean services,
                            gint64 dither);

void wp_logged_sample_clear (WpLoggedSample *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (WpLoggedSample, wp_logged_sample_clear)

/* The number in the system that @share of the rows do not pass; @waited: of those that did, or did not; -1:
 * all. */
guint32 wp_logged_sample_quantile (const WpLoggedSample *self, double share, int waited);

/* How far sets of rows differ, in their mean ranks: the larger is the largest of all their differences over
 * what chance or a small dependence explains; over 1 the times depend on it. First on the number in the
 * system: rows that found most there, of several shares of the rows, against the lower half; @waited: among
 * those that did, or did not; -1: all; @most: the largest difference. */
double wp_logged_sample_compare_numbers (const WpLoggedSample *self, int waited, double *most);

/* On waiting, or, among those that waited and among the others, on the number in the system. */
double wp_logged_sample_compare_waiting (const WpLoggedSample *self);

/* On how long before it the last request arrived. In processor sharing of constant services, which leave in
 * order, so that one worker would explain them, they do. */
double wp_logged_sample_compare_gaps (const WpLoggedSample *self);

/* Is a service not correlated with those that are @from to @to rows before it? A constant service of workers
 * that are always busy leaves gaps between departures which come again with each turn of the workers: they
 * would be the services of a single one. */
gboolean wp_logged_sample_is_independent_of_earlier (const WpLoggedSample *self, guint from, guint to);

/* Are those that waited distributed as the others, by Kolmogorov and Smirnov's two-sample test? It sees
 * services that are shorter than any can be. */
gboolean wp_logged_sample_is_distributed_alike (const WpLoggedSample *self);

/* Is each quarter of the log like the rest, and are those that waited like the others in each? */
gboolean wp_logged_sample_is_steady (const WpLoggedSample *self);

/* Is the share of the ranks' variance that lies between blocks of rows (Fisher's intraclass correlation, by
 * analysis of variance) near 0, as it is where services do not depend on the time? */
gboolean wp_logged_sample_has_alike_blocks (const WpLoggedSample *self);

/* Makes the ranks those of the distance from the median, which are alike where the spread is: behind several
 * pools, whose backlogs differ, the services that one pool would have given are spread more widely where many
 * waited, although their mean is the same. */
void wp_logged_sample_fold (WpLoggedSample *self);

/* Were the requests at the start that did not wait, which the sample leaves out, shorter than those that
 * waited later? A part of several pools' waiting is service then. As last recovered. Of a log that begins in
 * a busy period they seem longer. */
gboolean wp_logged_search_begins_shorter (const WpLoggedSearch *self);
