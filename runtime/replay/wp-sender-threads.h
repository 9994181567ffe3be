/* wp-sender-threads.h - a whole run: several senders, each with a thread and its share of the requests and of
 * the connections, and their results together. */
#pragma once

#include "runtime/replay/wp-client-record.h"
#include "runtime/replay/wp-replay-progress.h"
#include "runtime/replay/wp-schedule.h"
#include "runtime/replay/wp-sender.h"

typedef struct {
  guint n_threads;            /* >= 1 */
  const WpSchedule *schedule; /* NULL: a closed loop, as the traffic says */
  const WpDrawnTraffic *traffic;
  guint64 limit_rows;     /* of a closed loop; 0: none */
  double service_scale;   /* likewise */
  gboolean keeps_results; /* likewise, for the record */
  WpSenderOptions sender; /* connections: of all threads */
} WpSenderThreadsOptions;

typedef struct _WpSenderThreads WpSenderThreads;

/* All is kept, nothing is owned. NULL with WP_ERROR_IO (memory) or WP_ERROR_BAD_VALUE (a service or think
 * time). */
WpSenderThreads *wp_sender_threads_new (const WpSenderThreadsOptions *options, const WpTarget *target,
                                        const WpRequestTemplate *template, GError **error);
void wp_sender_threads_free (WpSenderThreads *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpSenderThreads, wp_sender_threads_free)

/**
 * wp_sender_threads_run:
 * @progress: (nullable): is shown what happens
 *
 * Sends all, from 200 ms after now on, the first share in the calling thread. Returns when the last request
 * has ended, or on @stop_fd. FALSE with WP_ERROR_IO.
 */
gboolean wp_sender_threads_run (WpSenderThreads *self, int stop_fd, WpReplayProgress *progress,
                                GError **error);

/* After that. */
const WpTally *wp_sender_threads_tally (const WpSenderThreads *self); /* of all; without results */
guint64 wp_sender_threads_n_connections (const WpSenderThreads *self);
gint64 wp_sender_threads_started (const WpSenderThreads *self); /* planned time 0: ns since 1970 */

/* Its rows, in order of arrival. */
gboolean wp_sender_threads_write (const WpSenderThreads *self, WpClientRecord *record, GError **error);
