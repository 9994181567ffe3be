/* wp-realtime.h - real-time priority for threads that must wake on time. */
#pragma once

#include <glib.h>

/* The clock has the highest priority: it never runs for long. A client and a server on one machine have equal
 * ones, so that neither preempts the other that woke it. */
typedef enum { WP_REALTIME_CLIENT = 1, WP_REALTIME_HTTP = 1, WP_REALTIME_CLOCK = 2 } WpRealtime;

/**
 * wp_realtime_thread:
 *
 * Gives the calling thread SCHED_RR at this priority, if the system permits it (for root, or with a limit of
 * real-time priority). It does nothing on a single processor, where the thread could starve all others, nor
 * under another policy or niceness, so that `nice -n 1` turns it off. Threads that this one starts have the
 * normal policy.
 */
void wp_realtime_thread (WpRealtime priority);

/**
 * WpRealtimeReview:
 *
 * Real-time priority for a thread while it is mostly idle. A busy thread would lose by it: it would preempt
 * its own clients at each request, and be woken for each one instead of for many (54,000 requests/s instead
 * of 73,000, on two processors with wrk on one of them). So the thread has the normal policy from half of a
 * processor's time on, and real-time priority again below a quarter. A plain value, used by the thread only.
 */
typedef struct {
  WpRealtime priority;
  gboolean is_first;
  gint64 reviewed_ns, used_ns; /* time of the last review, and the thread's CPU time then */
} WpRealtimeReview;

void wp_realtime_review_init (WpRealtimeReview *self, WpRealtime priority);
void wp_realtime_review_update (WpRealtimeReview *self); /* reviews the CPU time; call it regularly */
void wp_realtime_review_set_first (WpRealtimeReview *self, gboolean first); /* instead, by the caller's own
                                                                             * measure
                                                                             */
