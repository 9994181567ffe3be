/* wp-sender.h - sends what a workload has due, when it is due. One thread, one epoll. */
#pragma once

#include "runtime/replay/wp-request-template.h"
#include "runtime/replay/wp-workload.h"

typedef struct {
  guint connections;  /* at most; a request that finds them all busy waits, and its lag shows it */
  gint64 patience_ns; /* after the planned time the client leaves; WP_TIME_NONE: never; > 0 */
  gint64 timeout_ns;  /* after the planned time it is given up as failed; WP_TIME_NONE: never; > 0 */
  gboolean is_realtime;
} WpSenderOptions;

typedef struct _WpSender WpSender;

/* All are kept, none is owned; the strings and objects outlive it. NULL with WP_ERROR_IO: there is no memory
 * for so many requests. */
WpSender *wp_sender_new (WpWorkload *load, const WpTarget *target, const WpRequestTemplate *template,
                         const WpSenderOptions *options, GError **error);
void wp_sender_free (WpSender *self); /* closes all connections */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSender, wp_sender_free)

/* On multiples of @tick_ns on the schedule's clock, in the thread that runs. */
typedef void (*WpSenderTick) (gpointer data, gint64 now_ns, guint64 n_waiting);
void wp_sender_set_tick (WpSender *self, gint64 tick_ns, WpSenderTick tick, gpointer data);

void wp_sender_prepare (WpSender *self); /* opens the connections that the first requests need */

/**
 * wp_sender_run:
 * @start_ns: CLOCK_MONOTONIC of the schedule's time 0
 * @stop_fd: a descriptor that becomes readable when it shall stop; or -1
 *
 * Sends until nothing is due or under way any more, or until @stop_fd, with what is unanswered dropped.
 *
 * Returns: FALSE with WP_ERROR_IO if the machine refuses epoll or a timer.
 */
gboolean wp_sender_run (WpSender *self, gint64 start_ns, int stop_fd, GError **error);

guint64 wp_sender_n_connections (const WpSender *self); /* opened in all */
