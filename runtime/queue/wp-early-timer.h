/* wp-early-timer.h - to be awake at a moment: a thread is woken as much before it as waking takes, and passes
 * the rest awake. */
#pragma once

#include "sim/base/wp-time.h"

/**
 * WpEarlyTimer:
 *
 * A processor with nothing to do sleeps, and to wake it takes 20 to 100 us on a virtual machine, so that a
 * thread comes late to each moment that it awaits by as much: small, but it is always late and never early,
 * and in services of some milliseconds that is 2 %. So the timer is set that much earlier. Three wake-ups in
 * four are then early, by about 20 us, which the thread spends awake; a moment that is too near for that to
 * be a small part of the time is awaited as it is. A processor that slept for long takes longest to wake, and
 * is slow at first (0.3 to 0.5 ms, measured in 2026): who must be punctual then is awake so much earlier
 * after 5 ms and more. Of one thread, or under its lock; all times are CLOCK_MONOTONIC.
 */
typedef struct {
  gint64 takes_ns;   /* to wake: three quarters of the times it was no more */
  gint64 warm_up_ns; /* after a long sleep; does not change */
  gint64 set_ns;     /* what the timer was last set to; WP_TIME_NONE: nothing to learn from */
} WpEarlyTimer;

/* @warm_up_ns: 0 for no more after a long sleep than else. */
void wp_early_timer_init (WpEarlyTimer *self, gint64 warm_up_ns);

/* When the timer is to go off for @due_ns. */
gint64 wp_early_timer_set (WpEarlyTimer *self, gint64 due_ns, gint64 now_ns);

/* The timer that was last set has woken the thread. */
void wp_early_timer_woke (WpEarlyTimer *self, gint64 now_ns);

/* Passes the time until @due_ns awake, no longer than a wake-up may take. Any thread. */
void wp_early_timer_await (const WpEarlyTimer *self, gint64 due_ns);
