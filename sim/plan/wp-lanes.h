/* wp-lanes.h - up to four lines at once, side by side in the lanes of a vector: what a plan most often asks, many times as fast. */
#pragma once

#include "sim/plan/wp-lane-waits.h"
#include "sim/plan/wp-line.h"

#define WP_LANES_WORKERS 128   /* at most: the time of a row grows with their number */

/**
 * WpLanes:
 *
 * The free times of each line's workers, sorted (Kiefer and Wolfowitz, 1955). A job takes the first, w[0], and its end d goes to its place:
 *
 *     w[i] = max (w[i], min (w[i + 1], d))
 *
 * which has no branch, and is the same for every lane. The line that request n finds is longer than any before it, L, if s[n - L] > a[n].
 * Times are whole numbers in doubles, which is exact below 2^52 ns.
 *
 * Only where the processor has AVX2; WpLine is the same without vectors, and says more.
 */
typedef struct _WpLanes WpLanes;

gboolean wp_lanes_are_there (void);

/* @workers: of each of @n lines, 1 to WP_LANES_WORKERS; @scales: by which the arrivals of each are divided, as wp_scale_arrival() does;
 * @watched: a size of the queue of which it is counted how many it blocks; 0: none; @bound_ns: of the waits only that is wanted how their
 * percentiles compare to it; WP_TIME_NONE: all. */
WpLanes *wp_lanes_new (const guint *workers, const double *scales, guint n, guint watched, gint64 bound_ns);
void wp_lanes_free (WpLanes *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpLanes, wp_lanes_free)

/* Rows in order, WP_LANES_ROWS at most. FALSE where a time passes 2^52 ns (52 days), or there are more than 2^32: of no
 * use then. */
#define WP_LANES_ROWS 4096
gboolean wp_lanes_offer (WpLanes *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows);

/* So far, of one line. */
guint64 wp_lanes_longest (const WpLanes *self, guint lane);
const WpHistogram *wp_lanes_wait (WpLanes *self, guint lane);   /* of those that waited; no sum */

gboolean wp_lanes_all_busy (const WpLanes *self, guint lane);          /* at some moment, for a time */

/* Nobody asks for that one any more. */
void wp_lanes_drop (WpLanes *self, guint lane);

/* Once, after the last row: as a line, which then knows only some of its figures (wp_line_new_partial()). */
WpLine *wp_lanes_finish (WpLanes *self, guint lane);
