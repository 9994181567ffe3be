/* wp-clock.h - one thread and one timerfd for all deadlines: 10,000 waits cost a heap of 10,000 pointers, not 10,000 threads. */
#pragma once

#include <glib.h>

typedef struct _WpClock WpClock;
typedef struct _WpTimer WpTimer;

/* Lives inside what it times; all zero before its first use, and belongs to the clock while it is armed. */
struct _WpTimer {
  gint64 due_ns;                      /* CLOCK_MONOTONIC */
  guint slot;                         /* place in the heap + 1; 0: not armed */
  void (*fire) (WpTimer *self, gpointer data);   /* on the clock's thread, outside its lock; may arm again */
  gpointer data;
};

WpClock *wp_clock_new (GError **error);
void wp_clock_free (WpClock *self);   /* what is still armed never fires */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClock, wp_clock_free)

/* Arms @timer for @due_ns; one that is armed already keeps the earlier of the two moments. Any thread. */
void wp_clock_arm (WpClock *self, WpTimer *timer, gint64 due_ns);
