/* wp-what-if.h - other sizes or other traffic, by the model on the requests of the last minutes. */
#pragma once

#include "runtime/forecast/wp-forecaster.h"

typedef struct {
  double utilisation;              /* NaN: none */
  gint64 wait_p50_ns, wait_p99_ns; /* WP_TIME_NONE: none */
  guint64 depth_peak, blocked, rejected, timed_out;
  gint64 full_ns; /* WP_TIME_NONE: not known, or never full by its nature */
} WpWhatIfFigures;

typedef struct {
  double span_s; /* from the first arrival to the last */
  guint64 requests;
  WpWhatIfFigures measured, predicted;
} WpWhatIf;

/**
 * wp_what_if:
 * @first, @arrived: the requests of @ring from the first one to the last but one
 * @policy: the sizes to try
 * @system: as it is now
 * @traffic: factor of the arrival rate, > 0
 *
 * Requests that were never in service get the service of another. The measured figures are those of the
 * requests in service.
 *
 * Returns: FALSE: no request has ended, or the model fails
 */
gboolean wp_what_if (WpWhatIf *self, const WpSampleRing *ring, guint64 first, guint64 arrived, gint64 now_ns,
                     const WpPolicy *policy, const WpCapacitySystem *system, double traffic);
