/* wp-sender.h - the open loop: each request goes out at its planned time, whatever became of those before it.
 * One thread, one epoll. */
#pragma once

#include "runtime/replay/wp-request-template.h"
#include "runtime/replay/wp-schedule.h"
#include "runtime/replay/wp-tally.h"

typedef struct {
  guint connections;  /* at most; a request that finds them all busy waits, and its lag shows it */
  gint64 patience_ns; /* after the planned time the client leaves; WP_TIME_NONE: never; > 0 */
  gint64 timeout_ns;  /* after the planned time it is given up as failed; WP_TIME_NONE: never; > 0 */
  gint64 tick_ns;
  /* every @tick_ns, on the schedule's clock; or NULL */
  void (*tick) (gpointer data, gint64 now_ns, guint64 n_waiting);
  gpointer tick_data;
} WpSenderOptions;

typedef struct _WpSender WpSender;

/* All are kept, none is owned; the strings and objects outlive it. NULL with WP_ERROR_IO: there is no memory
 * for so many requests. */
WpSender *wp_sender_new (const WpSchedule *schedule, const WpTarget *target,
                         const WpRequestTemplate *template, const WpSenderOptions *options, WpTally *tally,
                         GError **error);
void wp_sender_free (WpSender *self); /* closes all connections */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSender, wp_sender_free)

/**
 * wp_sender_run:
 * @stop_fd: a descriptor that becomes readable when it shall stop; or -1
 *
 * Sends the whole schedule, from 200 ms after now on, and returns when the last request has ended, or on
 * @stop_fd, with what is unanswered dropped.
 *
 * Returns: FALSE with WP_ERROR_IO if the machine refuses epoll or a timer.
 */
gboolean wp_sender_run (WpSender *self, int stop_fd, GError **error);

guint64 wp_sender_n_connections (const WpSender *self); /* opened in all */
gint64 wp_sender_started (const WpSender *self);        /* of the run's planned time 0: ns since 1970 */
