/* wp-retry.h - the delay before a failed update is repeated. */
#pragma once

#include "sim/base/wp-time.h"

#define WP_RETRY_LONGEST_NS (30 * WP_NS_PER_S)

typedef struct {
  guint max;       /* number of retries */
  gint64 delay_ns; /* before the first retry; doubled for each later one, up to WP_RETRY_LONGEST_NS */
} WpRetry;

/**
 * wp_retry_delay:
 * @n_failures: of this update, >= 1
 * @random: from 0 to 1
 *
 * Returns: time to wait, in ns: between half of the delay and all of it, so that jobs that failed together
 * are not repeated together; WP_TIME_NONE: no more retries
 */
gint64 wp_retry_delay (const WpRetry *self, guint n_failures, double random);
