/* wp-clock.h - one thread and one timerfd for all deadlines: 10,000 waits cost a heap of 10,000 entries, not
 * 10,000 threads. */
#pragma once

#include <glib.h>

typedef struct _WpClock WpClock;
typedef struct _WpTimer WpTimer;

/* Lives inside what it times, which stays until it has fired; all zero before its first use. */
struct _WpTimer {
  gint64 due_ns;  /* the clock's: when it fires or has fired last */
  gboolean armed; /* the clock's */
  /* on the clock's thread or a helper's, outside its lock; may arm again, but not help */
  void (*fire) (WpTimer *self, gpointer data);
  gpointer data;
};

WpClock *wp_clock_new (GError **error);
void wp_clock_free (WpClock *self); /* what is still armed never fires */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClock, wp_clock_free)

/**
 * wp_clock_arm:
 * @due_ns: CLOCK_MONOTONIC, > 0
 *
 * Arms @timer; one that is armed already keeps the earlier of the two moments, and then must outlive the
 * clock. It fires never early, and late by the kernel's wake-up and by up to 0.05 ms, 0.25 ms where there are
 * 19,000 a second and more, so that many fire in one go. Any thread.
 */
void wp_clock_arm (WpClock *self, WpTimer *timer, gint64 due_ns);

/**
 * wp_clock_help:
 *
 * Fires what is due, here, unless another thread is at it. For threads that wake often for their own work:
 * where they call this 12,500 times a second, the clock's own thread rests 0.5 ms, since to wake it is dear.
 * Any thread, holding no lock that what fires takes.
 */
void wp_clock_help (WpClock *self);
