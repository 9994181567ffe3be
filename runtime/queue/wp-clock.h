/* wp-clock.h - one thread and one timerfd for all timers: 10,000 waits cost a heap of 10,000 entries, not
 * 10,000 threads. */
#pragma once

#include <glib.h>

typedef struct _WpClock WpClock;
typedef struct _WpTimer WpTimer;

/* A member of its owner's struct, which must live until the timer has fired; all zero before its first use.
 */
struct _WpTimer {
  gint64 due_ns;  /* set by the clock: when it fires, or fired last */
  gboolean armed; /* set by the clock */
  /* called on the clock's thread or in wp_clock_fire_due(), outside the lock; may arm timers, but not help */
  void (*fire) (WpTimer *self, gpointer data);
  gpointer data;
};

WpClock *wp_clock_new (GError **error);
void wp_clock_free (WpClock *self); /* timers that are still armed never fire */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClock, wp_clock_free)

/**
 * wp_clock_arm:
 * @due_ns: CLOCK_MONOTONIC, > 0
 *
 * Arms @timer. One that is armed already keeps the earlier of the two times, and then must outlive the clock.
 * It never fires early. It fires late by the kernel's wake-up and by up to 0.05 ms, or 0.25 ms from 19,000
 * timers per second on, so that many fire together. Any thread.
 */
void wp_clock_arm (WpClock *self, WpTimer *timer, gint64 due_ns);

/**
 * wp_clock_fire_due:
 *
 * Fires due timers in the calling thread, unless another thread does so now. For threads that wake often for
 * their own work: if they call it 12,500 times per second, the clock's thread rests 0.5 ms, which saves
 * wake-ups. Any thread, holding no lock that a timer takes.
 */
void wp_clock_fire_due (WpClock *self);
