/* wp-headroom.h - how many times the traffic the given sizes bear. */
#pragma once

#include "sim/plan/wp-search.h"

#define WP_HEADROOM_MOST 1e6 /* times the traffic; no further search */

typedef struct {
  double scale;     /* the smallest, within 1 %, at which it is not well; NaN: none up to WP_HEADROOM_MOST */
  gboolean is_full; /* there the queue is full at some moment; else it fails @slo */
  const WpSlo *slo; /* of the setup; NULL where the queue is full */
} WpHeadroom;

/* Of the setup's own sizes; @as_it_is: a search of the same at 1x, for what it knows already. 1 if they are
 * not well at the traffic as it is. More traffic makes nothing better. */
gboolean wp_headroom_find (const WpSearchSetup *setup, WpSearch *as_it_is, WpHeadroom *headroom,
                           GError **error);
