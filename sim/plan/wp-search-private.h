/* wp-search-private.h - the search's inside, for its two directions. */
#pragma once

#include "sim/plan/wp-search.h"

#define WP_SEARCH_SAMPLE_ROWS (1 << 20)   /* a longer trace has its first part searched for a guess */

struct _WpSearch {
  WpKnown *known;
  gint64 found_workers;     /* the last answer, and its queue; 0: none yet */
  guint found_queue;
  WpSearch *sample;         /* the first part of a long trace; NULL: not yet */
  gboolean assumed;
};

/* Those that do not get worse with the size are enough for bisection; the answer has to meet all. */
typedef enum { WP_WHICH_ALL, WP_WHICH_RISE_WITH_WORKERS, WP_WHICH_RISE_WITH_QUEUE } WpWhich;

gboolean wp_search_meets (WpSearch *self, guint workers, guint queue_jobs, WpWhich which);

/* Does every objective move one way with this size, and so may be searched by bisection? */
gboolean wp_search_is_monotone (const WpSearch *self, WpTrend (*trend) (const WpSlo *));

/* Rows that may be simulated, in all so far, before the sizes are no longer tried one by one. */
guint64 wp_search_scan_until (const WpSearch *self);

static inline gboolean
wp_search_is_long (const WpSearch *self)
{
  return self->known->limit > WP_SEARCH_SAMPLE_ROWS;
}
