/* wp-match.h - which request of one file is which of another: by id where both have one, else by order. */
#pragma once

#include "sim/trace/wp-trace.h"

#define WP_NO_MATCH G_MAXSIZE

typedef struct {
  gsize *partners; /* of each row of the first: its index in the second, or WP_NO_MATCH */
  gsize n_matched;
  gboolean by_id; /* both files have ids */
} WpMatch;

/* Rows of equal id match in their order. Rows without an id match, in their order, those without an id; where
 * one file has no id at all, everything matches by order. Free with wp_match_clear(). */
void wp_match_rows (WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second, gsize n_second);
void wp_match_clear (WpMatch *self);

/* Differences of two times over matched requests, absolute, in ns. */
typedef struct {
  guint64 n;
  gint64 median_ns, p99_ns, max_ns; /* WP_TIME_NONE if n is 0 */
} WpDifference;

/* Each function says a row's time, or WP_TIME_NONE; pairs with one of those are left out. */
WpDifference wp_match_difference (const WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second,
                                  gint64 (*first_time) (const WpRow *row),
                                  gint64 (*second_time) (const WpRow *row));

/* How far the second's clock is set after the first's, each counted from the first arrival of its own: the
 * median over the matched requests of how much later the second has their arrivals. One request that came
 * late, be it the first, moves it by nothing. 0 without a match. */
gint64 wp_match_clock_shift (const WpMatch *self, const WpRow *first, gsize n_first, const WpRow *second);

gint64 wp_row_accept_latency (const WpRow *row); /* accepted - arrival, or WP_TIME_NONE */
gint64 wp_row_response (const WpRow *row);       /* finished - arrival, or WP_TIME_NONE */
gint64 wp_row_stay (const WpRow *row);           /* ended - arrival, or WP_TIME_NONE */
