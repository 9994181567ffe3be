#include "runtime/queue/wp-alarm.h"

#define MOST_NS (100 * WP_NS_PER_US)
#define FAR_NS (150 * WP_NS_PER_US)   /* awake for 20 us in as much, that is a seventh of a processor at most */

/* One step down for each that was sooner and three up for each that was later come to rest at the third quartile. */
#define STEP_NS WP_NS_PER_US
#define STEPS_UP 3

void
wp_alarm_init (WpAlarm *self)
{
  *self = (WpAlarm) { .takes_ns = 0, .set_ns = WP_TIME_NONE };
}

gint64
wp_alarm_set (WpAlarm *self, gint64 due_ns, gint64 now_ns)
{
  gboolean is_far = due_ns != G_MAXINT64 && due_ns - now_ns >= FAR_NS;

  self->set_ns = is_far ? due_ns - self->takes_ns : WP_TIME_NONE;

  return is_far ? self->set_ns : due_ns;
}

void
wp_alarm_woke (WpAlarm *self, gint64 now_ns)
{
  if (self->set_ns != WP_TIME_NONE && now_ns >= self->set_ns)
    self->takes_ns += now_ns - self->set_ns > self->takes_ns ? STEPS_UP * STEP_NS : -STEP_NS;
  self->takes_ns = CLAMP (self->takes_ns, 0, MOST_NS);
  self->set_ns = WP_TIME_NONE;
}

void
wp_alarm_await (gint64 due_ns)
{
  gint64 now_ns = wp_time_monotonic ();

  due_ns = MIN (due_ns, now_ns + MOST_NS);
  while (now_ns < due_ns)
    now_ns = wp_time_monotonic ();
}
