/* wp-match.h - matches the requests of two files: by id if both have ids, else by order. */
#pragma once

#include "sim/trace/wp-trace.h"

#define WP_NO_MATCH G_MAXSIZE

typedef struct {
  gsize *partners; /* for each row of the first file its index in the second, or WP_NO_MATCH */
  gsize n_matched;
  gboolean by_id; /* both files have ids */
} WpMatch;

/* Rows of equal id match in order; so do rows without an id. If one file has no ids, all rows match in order.
 * Free with wp_match_clear(). */
void wp_match_rows (WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second, gsize n_second);
void wp_match_clear (WpMatch *self);

/* Absolute differences of two times over the matched requests, in ns. */
typedef struct {
  guint64 n;
  gint64 median_ns, p99_ns, max_ns; /* WP_TIME_NONE if n is 0 */
} WpDifference;

/* Each function returns a row's time, or WP_TIME_NONE to skip its pair. */
WpDifference wp_match_difference (const WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second,
                                  gint64 (*first_time) (const WpRow *row),
                                  gint64 (*second_time) (const WpRow *row));

/* The offset of the second file's clock from the first's, each counted from its own first arrival: the median
 * difference of the matched arrivals. A single late arrival, even the first, does not change it. 0 without a
 * match. */
gint64 wp_match_clock_shift (const WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second);

gint64 wp_row_accept_latency (const WpRow *row); /* accepted - arrival, or WP_TIME_NONE */
gint64 wp_row_response (const WpRow *row);       /* finished - arrival, or WP_TIME_NONE */
gint64 wp_row_sojourn (const WpRow *row);        /* ended - arrival, or WP_TIME_NONE */
