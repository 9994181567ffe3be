/* wp-headroom.h - the largest traffic scale that the given sizes support. */
#pragma once

#include "sim/plan/wp-search.h"

#define WP_HEADROOM_MOST 1e6 /* traffic scale at which the search ends */

typedef struct {
  double scale;     /* the smallest, within 1 %, that fills the queue or violates an SLO; NaN: none up to
                       WP_HEADROOM_MOST */
  gboolean is_full; /* the queue is full at some time; else @slo is violated */
  const WpSlo *slo; /* of the setup; NULL if the queue is full */
} WpHeadroom;

/* Finds the headroom of the setup's own sizes; the scale is 1 if they fail at 1x. Assumes that more traffic
 * never helps. @as_it_is: a search with the same setup at 1x, whose results are reused. */
gboolean wp_headroom_find (const WpSearchSetup *setup, WpSearch *as_it_is, WpHeadroom *headroom,
                           GError **error);

/**
 * wp_headroom_holds:
 * @well: times the traffic at which the setup's sizes meet the objectives
 * @until: (out): the most, within 1 %, at which they do, whether the queue fills or not; WP_HEADROOM_MOST
 * ends the search
 */
gboolean wp_headroom_holds (const WpSearchSetup *setup, double well, double *until, GError **error);
