/* wp-what-if.h - other sizes or other traffic, by the model on the requests of the last minutes. */
#pragma once

#include "runtime/forecast/wp-forecaster.h"

typedef struct {
  double utilisation;              /* NaN: none */
  gint64 wait_p50_ns, wait_p99_ns; /* WP_TIME_NONE: none */
  guint64 depth_peak, blocked, rejected, timed_out;
  gint64 full_ns; /* WP_TIME_NONE: never full by its nature */
} WpWhatIfFigures;

typedef struct {
  double span_s; /* from the first arrival to the last */
  guint64 requests;
  gint64 age_ns;     /* how long ago the time of the measured figures began */
  gint64 resized_ns; /* how long ago the sizes changed in that time; WP_TIME_NONE: not */
  WpWhatIfFigures measured, predicted;
} WpWhatIf;

/**
 * wp_what_if:
 * @outlook: the latest one, of the forecaster of @ring
 * @now: the server
 * @policy: the sizes to try
 * @traffic: factor of the arrival rate, > 0
 *
 * Requests that were never in service get the service of another. Measured waits are those of the requests in
 * service; the measured peak of the depth is that of the present second alone.
 *
 * Returns: FALSE: no request has ended, or the model fails
 */
gboolean wp_what_if (WpWhatIf *self, const WpSampleRing *ring, const WpOutlook *outlook,
                     const WpServerState *now, const WpPolicy *policy, double traffic);
