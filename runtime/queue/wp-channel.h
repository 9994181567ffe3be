/* wp-channel.h - a bounded FIFO and the workers that wait on it. A sender that finds it full is parked, not refused. */
#pragma once

#include "runtime/queue/wp-job.h"
#include "runtime/queue/wp-ledger.h"

typedef struct _WpChannel WpChannel;

typedef enum {
  WP_SEND_STARTED,     /* an idle worker has it (job->worker): issue its update */
  WP_SEND_ACCEPTED,    /* it waits in the queue */
  WP_SEND_PARKED,      /* it waits in line for a place */
  WP_SEND_REJECTED,    /* full, and the channel rejects */
  WP_SEND_CLOSED       /* as rejected, because the channel was closed or refuses for now */
} WpSend;

typedef enum {
  WP_WITHDRAWAL_DONE,    /* it was queued, and has ended */
  WP_WITHDRAWAL_STARTED, /* it is in service, goes on, and is @unjournaled from now on */
  WP_WITHDRAWAL_ENDED    /* it had ended already */
} WpWithdrawal;

/**
 * wp_channel_new:
 * @capacity_jobs: K, places in the queue; 0: a rendezvous; WP_UNBOUNDED: as many as memory holds
 * @workers: c, jobs in service at once, >= 1; their records are made as they are first needed
 * @rejects: a sender that finds it full is refused instead of parked
 *
 * All functions may be called from any thread. Each operation reads the clock once, under the lock, and every transition that
 * it causes bears that stamp: K + c jobs are in the channel before a sender is parked, and the queue never holds a job while a
 * worker is idle.
 */
WpChannel *wp_channel_new (guint capacity_jobs, guint workers, gboolean rejects);
void wp_channel_free (WpChannel *self);   /* with nothing parked, queued or in service */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpChannel, wp_channel_free)

/**
 * wp_channel_send:
 * @job: a new job; the channel takes a reference of its own until the job has ended
 *
 * The arrival. A rejected job has ended when this returns, and the channel keeps no reference to it.
 */
WpSend wp_channel_send (WpChannel *self, WpJob *job);

/**
 * wp_channel_take:
 * @done: the job that its worker has done; its result says whether it is stored or failed
 * @admitted: (out): the parked job that got a place by this, with a reference for the caller, or NULL
 *
 * The completion: @done ends, its worker takes the oldest job in the queue, the oldest parked one takes the place
 * that it left. With K = 0 the parked job goes straight to the worker, and is both what is returned and @admitted.
 *
 * Returns: (transfer none): the job that the worker has now, or NULL: the worker is idle. The channel's reference to @done
 * passes to the caller.
 */
WpJob *wp_channel_take (WpChannel *self, WpJob *done, WpJob **admitted);

/* What comes of a completion, as wp_channel_take() has it. */
typedef struct { WpJob *next, *admitted; } WpTaken;

/* Jobs that one commit has done, all at once: one operation, one reading of the clock. @taken: (out): for each of them. */
void wp_channel_take_all (WpChannel *self, WpJob *const *done, guint n, WpTaken *taken);

/* A job of an earlier run enters, before any of this one: it is not parked, however long the queue gets, which takes no other until it
 * is short enough. The channel takes a reference of its own. TRUE: an idle worker has it: issue its update. */
gboolean wp_channel_recover (WpChannel *self, WpJob *job);

/**
 * wp_channel_withdraw:
 * @job: has been accepted
 * @admitted: (out): as wp_channel_take() has it
 *
 * Takes the job out of the queue, rejected, if it has not been started. The channel's reference then passes to the caller.
 */
WpWithdrawal wp_channel_withdraw (WpChannel *self, WpJob *job, WpJob **admitted);

/* The client of a parked job has gone: drops it from the line. FALSE if it is not parked (any more). */
gboolean wp_channel_leave (WpChannel *self, WpJob *job);

/**
 * wp_channel_expire:
 * @timeout_ns: how long a job may be parked
 *
 * Takes the oldest parked job out of the line if it has been there for @timeout_ns or longer (0: in any case).
 *
 * @outcome: what it is then: timed out, or rejected at the end of a drain
 * @next_due_ns: (out): when the next one is due, WP_TIME_NONE if none is parked
 *
 * Returns: (transfer full): the job, ended; NULL if none is due yet
 */
WpJob *wp_channel_expire (WpChannel *self, gint64 timeout_ns, WpOutcome outcome, gint64 *next_due_ns);

/* Until it is told otherwise sends are answered CLOSED; what is inside, parked too, goes on. */
void wp_channel_refuse (WpChannel *self, gboolean refuses);

/* From now on sends are answered CLOSED; what is inside goes on. */
void wp_channel_close (WpChannel *self);

/* A snapshot in which every request is counted once. @oldest_arrival_ns: (out) (nullable): of those inside; WP_TIME_NONE: nobody is. */
void wp_channel_count (WpChannel *self, WpLedger *ledger, gint64 *oldest_arrival_ns);

/* Waits until nothing is parked, queued or in service, or @deadline_ns (CLOCK_MONOTONIC) has come. TRUE: it is empty. */
gboolean wp_channel_wait_empty (WpChannel *self, gint64 deadline_ns);

/* Calls @func for every job that is parked, queued or in service, under the lock: for the last word on what is left at exit. */
void wp_channel_foreach (WpChannel *self, void (*func) (WpJob *job, gpointer data), gpointer data);
