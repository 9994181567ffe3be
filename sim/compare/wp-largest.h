/* wp-largest.h - the requests that the prediction missed by the most, so that a person can look why. */
#pragma once

#include "sim/compare/wp-match.h"

#define WP_LARGEST 10

typedef struct {
  const WpRow *predicted, *measured;
  gint64 error_ns; /* predicted - measured, of the time from arrival to the end, whatever its outcome */
} WpLargestRow;

typedef struct {
  WpLargestRow rows[WP_LARGEST]; /* the largest first; none of them 0 */
  guint n;
} WpLargest;

/* Of the matched requests; the rows outlive it. */
void wp_largest_find (WpLargest *self, const WpMatch *match, const WpRow *predicted, gsize n_predicted,
                      const WpRow *measured);
