/* wp-recommendation.h - the sizes to use: few workers and a short queue, with a margin of traffic. */
#pragma once

#include "sim/plan/wp-plan.h"

#define WP_RECOMMENDATION_MARGIN 1.5 /* times the traffic, by default */

/**
 * WpRecommendation:
 *
 * At @margin times the traffic the fewest workers that meet the objectives other than blocked with an
 * unlimited queue, then the smallest queue with which they meet all.
 */
typedef struct {
  double margin;
  gboolean is_found;
  guint workers, queue_jobs;
  double holds; /* times the traffic, within 1 %, up to which the objectives are met */
  /* at the margin, a worker less or, of one worker, a place less: what fails first */
  gboolean has_neighbour;
  WpPlanPoint neighbour;
  WpPlanPoint limit; /* not found: at the margin, the most generous size; its slo is NULL where none fails */
} WpRecommendation;

/* @setup: of WorkerPool; its sizes mean nothing. FALSE with WP_ERROR_BAD_VALUE: a time passes 292 years. */
gboolean wp_recommendation_find (WpRecommendation *self, const WpSearchSetup *setup, double margin,
                                 GError **error);
