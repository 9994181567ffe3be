#include "runtime/queue/wp-early-timer.h"

#define MAX_NS  (100 * WP_NS_PER_US)
#define LONG_NS (5 * WP_NS_PER_MS)
#define FAR_NS  (150 * WP_NS_PER_US) /* spinning 20 us of each takes at most a seventh of a processor */

/* A stochastic estimate of the third quartile: one step down for each faster wake-up, three up for each
 * slower one. */
#define STEP_NS  WP_NS_PER_US
#define STEPS_UP 3

void
wp_early_timer_init (WpEarlyTimer *self, gint64 warm_up_ns)
{
  *self = (WpEarlyTimer){ .takes_ns = 0, .warm_up_ns = warm_up_ns, .set_ns = WP_TIME_NONE };
}

gint64
wp_early_timer_set (WpEarlyTimer *self, gint64 due_ns, gint64 now_ns)
{
  gboolean is_far = due_ns != G_MAXINT64 && due_ns - now_ns >= FAR_NS;

  self->set_ns = WP_TIME_NONE;
  if (!is_far)
    return due_ns;
  if (due_ns - now_ns >= LONG_NS && self->warm_up_ns > 0)
    return due_ns - MAX (self->takes_ns, self->warm_up_ns);
  self->set_ns = due_ns - self->takes_ns;

  return self->set_ns;
}

void
wp_early_timer_note_wakeup (WpEarlyTimer *self, gint64 now_ns)
{
  if (self->set_ns != WP_TIME_NONE && now_ns >= self->set_ns)
    self->takes_ns += now_ns - self->set_ns > self->takes_ns ? STEPS_UP * STEP_NS : -STEP_NS;
  self->takes_ns = CLAMP (self->takes_ns, 0, MAX_NS);
  self->set_ns = WP_TIME_NONE;
}

void
wp_early_timer_spin_until (const WpEarlyTimer *self, gint64 due_ns)
{
  gint64 now_ns = wp_time_monotonic ();

  due_ns = MIN (due_ns, now_ns + MAX (MAX_NS, self->warm_up_ns));
  while (now_ns < due_ns)
    now_ns = wp_time_monotonic ();
}
