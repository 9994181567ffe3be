/* wp-retry.h - when an update that failed is tried again. */
#pragma once

#include "sim/base/wp-time.h"

#define WP_RETRY_LONGEST_NS (30 * WP_NS_PER_S)

typedef struct {
  guint max; /* tries after the first one */
  /* before the first of them; each later one doubles it, up to WP_RETRY_LONGEST_NS or itself */
  gint64 delay_ns;
} WpRetry;

/**
 * wp_retry_delay:
 * @n_failures: how often it has failed, >= 1
 * @random: from 0 to 1
 *
 * Returns: how long to wait, in ns: between half of the delay and all of it, so that jobs that failed
 * together do not come back together; or WP_TIME_NONE: no more
 */
gint64 wp_retry_delay (const WpRetry *self, guint n_failures, double random);
