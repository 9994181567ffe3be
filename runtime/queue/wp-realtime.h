/* wp-realtime.h - threads that must not wait for other work on the machine. */
#pragma once

#include <glib.h>

/* The clock goes first: it never runs for long. A client and a server on one machine are equal, or the one
 * woken by the other would take the other's processor. */
typedef enum { WP_REALTIME_CLIENT = 1, WP_REALTIME_HTTP = 1, WP_REALTIME_CLOCK = 2 } WpRealtime;

/**
 * wp_realtime_thread:
 *
 * Puts the calling thread before all ordinary ones (SCHED_RR, at this priority), where the system permits it:
 * for root, or with a limit of real-time priority. Not on one processor, where it could keep all else from
 * running; and not where whoever started the program chose another policy or niceness, so that `nice -n 1`
 * turns it off. Threads that it makes are ordinary ones.
 */
void wp_realtime_thread (WpRealtime priority);

/**
 * WpRealtimeReview:
 *
 * A thread that goes first while it has time to spare. One that is never done would gain nothing: it would
 * take the processor from those who bring its work at each piece, and be woken for every one of them instead
 * of for many (of 54,000 requests/s instead of 73,000 that is, on two processors with wrk on one of them). So
 * it is an ordinary one from half of a processor's time on, and first again below a quarter. A plain value of
 * the thread's.
 */
typedef struct {
  WpRealtime priority;
  gboolean is_first;
  gint64 looked_ns, used_ns; /* when it was last reviewed, and how much CPU time the thread had used */
} WpRealtimeReview;

void wp_realtime_review_begin (WpRealtimeReview *self, WpRealtime priority);
void wp_realtime_review_look (WpRealtimeReview *self); /* now and then */
/* instead, for who knows better when it is crowded */
void wp_realtime_review_set (WpRealtimeReview *self, gboolean first);
