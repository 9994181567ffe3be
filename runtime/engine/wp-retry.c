#include "runtime/engine/wp-retry.h"

gint64
wp_retry_delay (const WpRetry *self, guint n_failures, double random)
{
  gint64 longest_ns = MAX (WP_RETRY_LONGEST_NS, self->delay_ns), delay_ns = self->delay_ns;

  if (n_failures > self->max)
    return WP_TIME_NONE;
  for (guint i = 1; i < n_failures && delay_ns > 0 && delay_ns < longest_ns; i++)
    delay_ns = MIN (2 * delay_ns, longest_ns);

  return delay_ns / 2 + (gint64) (random * (double) (delay_ns - delay_ns / 2));
}
