/* wp-early-timer.h - wakes a thread earlier than a deadline by the time that a wake-up takes; the thread
 * spins for the rest. */
#pragma once

#include "sim/base/wp-time.h"

/**
 * WpEarlyTimer:
 *
 * Waking an idle processor takes 20 to 100 us on a virtual machine, so that a thread is always late by that
 * much: 2 % of a service time of a few milliseconds. So the timer is set earlier by the third quartile of the
 * wake-up times. Three of four wake-ups are then early, by about 20 us, which the thread spends spinning. A
 * deadline so near that the spinning would be a large part of the time is not set earlier. After a long sleep
 * a processor takes longest to wake and is slow at first (0.3 to 0.5 ms, measured in 2026): with a warm-up, a
 * sleep of 5 ms and more ends earlier by that time. For one thread, or under its lock; all times are
 * CLOCK_MONOTONIC.
 */
typedef struct {
  gint64 takes_ns;   /* third quartile of the wake-up times */
  gint64 warm_up_ns; /* after a long sleep; does not change */
  gint64 set_ns;     /* time for which the timer was set last; WP_TIME_NONE: not to be measured */
} WpEarlyTimer;

/* @warm_up_ns: 0: none */
void wp_early_timer_init (WpEarlyTimer *self, gint64 warm_up_ns);

/* Returns: the time for which to set the timer for the deadline @due_ns. */
gint64 wp_early_timer_set (WpEarlyTimer *self, gint64 due_ns, gint64 now_ns);

/* The timer that was set last has woken the thread. */
void wp_early_timer_note_wakeup (WpEarlyTimer *self, gint64 now_ns);

/* Spins until @due_ns, but no longer than a wake-up may take. Any thread. */
void wp_early_timer_spin_until (const WpEarlyTimer *self, gint64 due_ns);
