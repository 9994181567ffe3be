/* wp-parked.h - the requests that wait for a place, in order of arrival, under their timeouts. Guarded by the
 * lock of the channel that they wait for. */
#pragma once

#include "runtime/queue/wp-job-list.h"

/* The requests that were parked under one timeout: the oldest is the first to time out. */
typedef struct {
  WpJobList jobs;
  gint64 timeout_ns; /* G_MAXINT64: none */
  guint64 end_seq;   /* jobs from this one on were parked under a later timeout */
} WpParkedGroup;

typedef struct {
  WpParkedGroup present; /* under the present timeout */
  GArray *earlier;       /* (element-type WpParkedGroup): under earlier timeouts, oldest first */
  guint64 n;             /* of all groups */
} WpParked;

/* @timeout_ns: WP_TIME_NONE: none */
void wp_parked_init (WpParked *self, gint64 timeout_ns);
void wp_parked_clear (WpParked *self); /* nothing is parked */

/* For requests from the one with @next_seq on. */
void wp_parked_set_timeout (WpParked *self, gint64 timeout_ns, guint64 next_seq);

void wp_parked_push (WpParked *self, WpJob *job);
void wp_parked_remove (WpParked *self, WpJob *job);
WpJob *wp_parked_first (WpParked *self); /* the oldest; NULL: none */

/* Removes and returns the oldest of a group that has been parked for longer than its timeout less @early_ns;
 * NULL: none. */
WpJob *wp_parked_take_overdue (WpParked *self, gint64 early_ns, gint64 now_ns);

/* When the next one times out; WP_TIME_NONE: never. */
gint64 wp_parked_next_due (WpParked *self);

void wp_parked_foreach (WpParked *self, void (*func) (WpJob *job, gpointer data), gpointer data);
