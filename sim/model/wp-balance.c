#include "sim/model/wp-balance.h"

const char *const wp_balance_names[] = { "round-robin", "random", "least", NULL };

void
wp_balancer_init (WpBalancer *self, WpBalance balance, guint servers, guint64 seed)
{
  *self = (WpBalancer){ .balance = balance, .servers = servers, .last = servers - 1 };
  self->open = g_new0 (guint, servers);
  wp_random_init (&self->random, seed, WP_BALANCE_STREAM);
}

void
wp_balancer_clear (WpBalancer *self)
{
  g_free (self->open);
}

guint
wp_balancer_choose (WpBalancer *self)
{
  guint n = self->servers, next = self->last + 1 < n ? self->last + 1 : 0, best = next;

  if (self->balance == WP_BALANCE_RANDOM)
    best = (guint) wp_random_below (&self->random, n);
  else if (self->balance == WP_BALANCE_LEAST)
    for (guint i = 0, at = next; i < n; i++, at = at + 1 < n ? at + 1 : 0)
      if (self->open[at] < self->open[best])
        best = at;

  return self->last = best;
}

void
wp_fleet_depth_init (WpFleetDepth *self)
{
  *self = (WpFleetDepth){ .counted_ns = WP_TIME_NONE, .depths = wp_histogram_new () };
}

void
wp_fleet_depth_clear (WpFleetDepth *self)
{
  wp_histogram_free (self->depths);
}

void
wp_fleet_depth_count (WpFleetDepth *self, gint64 until_ns)
{
  if (until_ns > self->counted_ns)
    wp_histogram_add_inline (self->depths, (gint64) self->jobs, (guint64) (until_ns - self->counted_ns));
  self->counted_ns = MAX (self->counted_ns, until_ns);
}

void
wp_fleet_depth_restart (WpFleetDepth *self, gint64 now_ns)
{
  self->parked_peak = self->parked;
  self->counted_ns = now_ns;
  wp_histogram_free (self->depths);
  self->depths = wp_histogram_new ();
}
