/* wp-backlog-avx2.h - up to four lines at once, side by side in the lanes of a vector: what a plan most often asks, many times as fast. */
#pragma once

#include "sim/plan/wp-lane-waits.h"
#include "sim/plan/wp-backlog.h"

#define WP_BACKLOG_AVX2_WORKERS 128   /* at most: the time of a row grows with their number */

/**
 * WpBacklogAvx2:
 *
 * The free times of each line's workers, sorted (Kiefer and Wolfowitz, 1955). A job takes the first, w[0], and its end d goes to its place:
 *
 *     w[i] = max (w[i], min (w[i + 1], d))
 *
 * which has no branch, and is the same for every lane. The line that request n finds is longer than any before it, L, if s[n - L] > a[n].
 * Times are whole numbers in doubles, which is exact below 2^52 ns.
 *
 * Only where the processor has AVX2; WpBacklog is the same without vectors, and says more.
 */
typedef struct _WpBacklogAvx2 WpBacklogAvx2;

gboolean wp_backlog_avx2_is_available (void);

/* @workers: of each of @n lines, 1 to WP_BACKLOG_AVX2_WORKERS; @scales: by which the arrivals of each are divided, as wp_scale_arrival() does;
 * @watched: a size of the queue of which it is counted how many it blocks; 0: none; @bound_ns: of the waits only that is wanted how their
 * percentiles compare to it; WP_TIME_NONE: all. */
WpBacklogAvx2 *wp_backlog_avx2_new (const guint *workers, const double *scales, guint n, guint watched, gint64 bound_ns);
void wp_backlog_avx2_free (WpBacklogAvx2 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBacklogAvx2, wp_backlog_avx2_free)

/* Rows in order, WP_BACKLOG_AVX2_ROWS at most. FALSE where a time passes 2^52 ns (52 days), or there are more than 2^32: of no
 * use then. */
#define WP_BACKLOG_AVX2_ROWS 4096
gboolean wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n_rows);

/* So far, of one line. */
guint64 wp_backlog_avx2_longest (const WpBacklogAvx2 *self, guint lane);
const WpHistogram *wp_backlog_avx2_wait (WpBacklogAvx2 *self, guint lane);   /* of those that waited; no sum */

gboolean wp_backlog_avx2_all_busy (const WpBacklogAvx2 *self, guint lane);          /* at some moment, for a time */

/* Nobody asks for that one any more. */
void wp_backlog_avx2_drop (WpBacklogAvx2 *self, guint lane);

/* Once, after the last row: as a line, which then knows only some of its figures (wp_backlog_new_partial()). */
WpBacklog *wp_backlog_avx2_finish (WpBacklogAvx2 *self, guint lane);
