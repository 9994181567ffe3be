/* wp-channel.h - a bounded FIFO and the workers that wait on it. A sender that finds it full is parked, not
 * refused. */
#pragma once

#include "runtime/queue/wp-job.h"
#include "runtime/queue/wp-ledger.h"

typedef struct _WpChannel WpChannel;

typedef enum {
  WP_SEND_STARTED,  /* an idle worker has it (job->worker): issue its update */
  WP_SEND_ACCEPTED, /* it waits in the queue */
  WP_SEND_PARKED,   /* it waits in line for a place */
  WP_SEND_REJECTED, /* full, and the channel rejects */
  WP_SEND_CLOSED    /* as rejected, because the channel was closed or refuses for now */
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
 * @timeout_ns: how long a sender may be parked, > 0; WP_TIME_NONE: for ever
 *
 * All functions may be called from any thread. Each operation reads the clock once, under the lock, and every
 * transition that it causes bears that stamp: K + c jobs are in the channel before a sender is parked, and
 * the queue never holds a job while a worker is idle.
 */
WpChannel *wp_channel_new (guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns);
void wp_channel_free (WpChannel *self); /* with nothing parked, queued or in service */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpChannel, wp_channel_free)

/**
 * wp_channel_send:
 * @job: a new job; the channel takes a reference of its own until the job has ended
 *
 * The arrival. A rejected job has ended when this returns, and the channel keeps no reference to it.
 */
WpSend wp_channel_send (WpChannel *self, WpJob *job);

/* What came of a place that became free. A job that has been parked for longer than @timeout_ns does not get
 * it any more, by the clock reading of the operation that freed it, however late its timer is. */
typedef struct {
  WpJob *admitted; /* (transfer full): the parked job that got it; NULL: none */
  /* (transfer full): those that had timed out, ended, oldest first, each linked to the next by its ->next */
  WpJob *expired;
} WpFreed;

/**
 * wp_channel_take:
 * @done: the job that its worker has done; its result says whether it is stored or failed
 * @freed: (out): for the parked
 *
 * The completion: @done ends, its worker takes the oldest job in the queue, the oldest parked one takes the
 * place that it left. With K = 0 the parked job goes straight to the worker, and is both what is returned and
 * @freed->admitted.
 *
 * Returns: (transfer none): the job that the worker has now, or NULL: the worker is idle. The channel's
 * reference to @done passes to the caller.
 */
WpJob *wp_channel_take (WpChannel *self, WpJob *done, WpFreed *freed);

/* What comes of a completion, as wp_channel_take() has it. */
typedef struct {
  WpJob *next;
  WpFreed freed;
} WpTaken;

/* Jobs that one commit has done, all at once: one operation, one reading of the clock. @taken: (out): for
 * each of them. */
void wp_channel_take_all (WpChannel *self, WpJob *const *done, guint n, WpTaken *taken);

/**
 * wp_channel_expect:
 * @parks: a sender is parked meanwhile, else it is rejected
 *
 * Jobs of an earlier run are to enter before any of this one, as places free: until wp_channel_admit() has
 * returned FALSE, wp_channel_recover() alone gives them away, and the channel is not empty. Before the first
 * sender.
 */
void wp_channel_expect (WpChannel *self, gboolean parks);

/* Could another one of them enter now? None can once the channel is closed. */
gboolean wp_channel_has_place (WpChannel *self);

/* It enters, wherever there is room. The channel takes a reference of its own. TRUE: an idle worker has it:
 * issue its update. */
gboolean wp_channel_recover (WpChannel *self, WpJob *job);

/**
 * wp_channel_admit:
 * @freed: (out): for the parked
 * @started: (out): whether an idle worker has @freed->admitted: issue its update
 *
 * There are no more of them: whoever was parked behind enters, one with each call, oldest first.
 *
 * Returns: FALSE: nobody is parked, or no place is free, and senders are taken as usual from now on
 */
gboolean wp_channel_admit (WpChannel *self, WpFreed *freed, gboolean *started);

/**
 * wp_channel_withdraw:
 * @job: has been accepted
 * @freed: (out): for the parked
 *
 * Takes the job out of the queue, rejected, if it has not been started. The channel's reference then passes
 * to the caller.
 */
WpWithdrawal wp_channel_withdraw (WpChannel *self, WpJob *job, WpFreed *freed);

/**
 * wp_channel_leave:
 * @queued_too: a job that is queued goes too, and the oldest parked one takes its place
 * @freed: (out): for the parked
 *
 * The client of @job has gone: takes it out of the line, abandoned, if it is parked. The channel's reference
 * then passes to the caller.
 *
 * Returns: FALSE: it stays, or has ended
 */
gboolean wp_channel_leave (WpChannel *self, WpJob *job, gboolean queued_too, WpFreed *freed);

/**
 * wp_channel_expire:
 * @next_due_ns: (out): when the next one is due, WP_TIME_NONE if none is parked
 *
 * Takes those that have been parked for @timeout_ns or longer out of the line. Of a channel that has a
 * timeout.
 *
 * Returns: (transfer full): they, as WpFreed has them
 */
WpJob *wp_channel_expire (WpChannel *self, gint64 *next_due_ns);

/* Until it is told otherwise sends are answered CLOSED; what is inside, parked too, goes on. */
void wp_channel_refuse (WpChannel *self, gboolean refuses);

/* From now on sends are answered CLOSED. Those parked are rejected, and returned as by wp_channel_expire();
 * what has a place goes on. */
WpJob *wp_channel_close (WpChannel *self);

/* A snapshot in which every request is counted once. @oldest_arrival_ns: (out) (nullable): of those inside;
 * WP_TIME_NONE: nobody is. */
void wp_channel_count (WpChannel *self, WpLedger *ledger, gint64 *oldest_arrival_ns);

/* Waits until nothing is parked, queued or in service, or @deadline_ns (CLOCK_MONOTONIC) has come. TRUE: it
 * is empty. */
gboolean wp_channel_wait_empty (WpChannel *self, gint64 deadline_ns);

/* Calls @func for every job that is parked, queued or in service, under the lock: for the last word on what
 * is left at exit. */
void wp_channel_foreach (WpChannel *self, void (*func) (WpJob *job, gpointer data), gpointer data);
