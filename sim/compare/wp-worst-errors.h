/* wp-worst-errors.h - the requests that the prediction missed by the most, so that a person can look why. */
#pragma once

#include "sim/compare/wp-match.h"

#define WP_WORST_ERRORS 10

typedef struct {
  const WpRow *predicted, *measured;
  gint64 error_ns; /* predicted - measured, of the time from arrival to the end, whatever its outcome */
} WpWorstError;

typedef struct {
  WpWorstError rows[WP_WORST_ERRORS]; /* the largest first; none of them 0 */
  guint n;
} WpWorstErrors;

/* Of the matched requests; the rows outlive it. */
void wp_worst_errors_find (WpWorstErrors *self, const WpMatch *match, const WpRow *predicted,
                           gsize n_predicted, const WpRow *measured);
