/* wp-backlog-avx2.h - up to four backlogs at once, one in each lane of an AVX2 vector. */
#pragma once

#include "sim/plan/wp-backlog.h"

#define WP_BACKLOG_AVX2_LANES 4

/**
 * WpBacklogAvx2:
 * The sorted free times of each backlog's workers (Kiefer and Wolfowitz, 1955). A job takes the first, w[0],
 * and its end d is inserted in order:
 *
 *     w[i] = max (w[i], min (w[i + 1], d))
 * which has no branch and is the same in every lane. Request n finds a backlog longer than the longest so
 * far, L, if s[n - L] > a[n]. Times are whole numbers in doubles, exact below 2^52 ns. WpBacklog does the
 * same without vectors and computes more.
 */
typedef struct _WpBacklogAvx2 WpBacklogAvx2;

/* Does the processor have AVX2, and are the workers few enough? The time per row grows with their number. */
gboolean wp_backlog_avx2_supports (guint workers);

/* @workers: of each of @n backlogs. */
WpBacklogAvx2 *wp_backlog_avx2_new (const guint *workers, guint n);
void wp_backlog_avx2_free (WpBacklogAvx2 *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpBacklogAvx2, wp_backlog_avx2_free)

/* Offers rows in order. FALSE if a time exceeds 2^52 ns (52 days): the backlogs are then invalid. */
gboolean wp_backlog_avx2_offer (WpBacklogAvx2 *self, const gint64 *arrivals_ns, const gint64 *services_ns,
                                gsize n_rows);

/* So far, of one backlog. */
guint64 wp_backlog_avx2_max_length (const WpBacklogAvx2 *self, guint lane);
/* of the requests that waited; no sum, no total */
const WpHistogram *wp_backlog_avx2_wait (WpBacklogAvx2 *self, guint lane);

/* Stops computing this backlog. */
void wp_backlog_avx2_stop (WpBacklogAvx2 *self, guint lane);

/* Call it once after the last row. Returns a reduced backlog. */
WpBacklog *wp_backlog_avx2_finish (WpBacklogAvx2 *self, guint lane);
