/* wp-depth-forecast.h - the depth some seconds from now, by runs of the model on recent traffic. */
#pragma once

#include "runtime/forecast/wp-traffic-window.h"
#include "sim/base/wp-policy.h"

#define WP_N_HORIZONS 2

extern const guint wp_horizons_s[WP_N_HORIZONS]; /* 10, 60 */

typedef struct {
  double depth, low, high; /* mean of the runs, and all but the outer tenth; NaN: not forecast */
} WpDepthAt;

/**
 * wp_depth_forecast:
 * @in_service: jobs now
 * @depths: (out): of each horizon
 *
 * Each run begins with the jobs that are in the system, and repeats the window's requests from a random one
 * on. Its rate and its mean service differ from the window's by what their standard errors allow, so that the
 * range holds the uncertainty of both. A horizon that takes too many requests is left out.
 */
void wp_depth_forecast (const WpTrafficWindow *window, const WpOfferedLoad *load, const WpPolicy *policy,
                        const WpCapacitySystem *system, guint64 in_service, GRand *random,
                        WpDepthAt depths[WP_N_HORIZONS]);

typedef struct _WpsimModel WpsimModel;

/* A model of that policy; @commits and later of @system. */
WpsimModel *wp_forecast_model_new (const WpPolicy *policy, const WpCapacitySystem *system);
