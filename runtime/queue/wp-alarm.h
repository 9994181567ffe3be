/* wp-alarm.h - to be awake at a moment: a thread is woken as much before it as waking takes, and passes the rest awake. */
#pragma once

#include "sim/base/wp-time.h"

/**
 * WpAlarm:
 *
 * A processor with nothing to do sleeps, and to wake it takes 20 to 100 us on a virtual machine, so that a thread comes late to each moment that it
 * awaits by as much: small, but it is always late and never early, and in services of some milliseconds that is 2 %. So the timer is set that
 * much earlier. Three wake-ups in four are then early, by about 20 us, which the thread spends awake; a moment that is too near for that to
 * be a small part of the time is awaited as it is. Of one thread, or under its lock; all times are CLOCK_MONOTONIC.
 */
typedef struct {
  gint64 takes_ns;   /* to wake: three quarters of the times it was no more */
  gint64 set_ns;     /* what the timer was last set to; WP_TIME_NONE: nothing to learn from */
} WpAlarm;

void wp_alarm_init (WpAlarm *self);

/* When the timer is to go off for @due_ns. */
gint64 wp_alarm_set (WpAlarm *self, gint64 due_ns, gint64 now_ns);

/* The timer that was last set has woken the thread. */
void wp_alarm_woke (WpAlarm *self, gint64 now_ns);

/* Passes the time until @due_ns awake, no longer than a wake-up may take. */
void wp_alarm_await (gint64 due_ns);
