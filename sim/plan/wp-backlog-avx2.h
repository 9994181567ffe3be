/* wp-backlog-avx2.h - up to four backlogs at once, side by side in the lanes of a vector: many times as fast.
 */
#pragma once

#include "sim/plan/wp-backlog.h"

#define WP_BACKLOG_AVX2_LANES 4

/**
 * WpBacklogAvx2:
 *
 * The free times of each backlog's workers, sorted (Kiefer and Wolfowitz, 1955). A job takes the first, w[0],
 * and its end d goes to its place:
 *
 *     w[i] = max (w[i], min (w[i + 1], d))
 *
 * which has no branch, and is the same for every lane. The backlog that request n finds is longer than any
 * before it, L, if s[n - L] > a[n]. Times are whole numbers in doubles, which is exact below 2^52 ns.
 * WpBacklog is the same without vectors, and knows more.
 */
typedef struct _WpBacklogAvx2 WpBacklogAvx2;

/* Does the processor have AVX2, and are the workers not too many for it? The time of a row grows with their
 * number. */
gboolean wp_backlog_avx2_takes (guint workers);

/* @workers: of each of @n backlogs. */
WpBacklogAvx2 *wp_backlog_avx2_new (const guint *workers, guint n);
void wp_backlog_avx2_free (WpBacklogAvx2 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBacklogAvx2, wp_backlog_avx2_free)

/* Rows in order. FALSE where a time passes 2^52 ns (52 days): the backlogs are of no use then. */
gboolean wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns,
                                gsize n_rows);

/* So far, of one backlog. */
guint64 wp_backlog_avx2_longest (const WpBacklogAvx2 *self, guint lane);
/* of the requests that waited; no sum, no total */
const WpHistogram *wp_backlog_avx2_wait (WpBacklogAvx2 *self, guint lane);

/* That one is not needed any more. */
void wp_backlog_avx2_drop (WpBacklogAvx2 *self, guint lane);

/* Once, after the last row: a reduced backlog. */
WpBacklog *wp_backlog_avx2_finish (WpBacklogAvx2 *self, guint lane);
