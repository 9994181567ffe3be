/* wp-channel.h - a bounded FIFO queue and its workers. A sender that finds it full is parked, not refused. */
#pragma once

#include "runtime/queue/wp-decimal-histogram.h"
#include "runtime/queue/wp-job.h"
#include "runtime/queue/wp-ledger.h"

typedef struct _WpChannel WpChannel;

typedef enum {
  WP_SEND_STARTED,  /* an idle worker has the job (job->worker): issue its update */
  WP_SEND_ACCEPTED, /* the job is queued */
  WP_SEND_PARKED,   /* the job waits for a place */
  WP_SEND_REJECTED, /* the channel is full and rejects */
  WP_SEND_CLOSED    /* the channel is closed, or refuses temporarily */
} WpSend;

typedef enum {
  WP_WITHDRAWAL_DONE,    /* the job was queued, and has ended */
  WP_WITHDRAWAL_STARTED, /* the job is in service, continues, and is @unjournaled from now on */
  WP_WITHDRAWAL_ENDED    /* the job had ended already */
} WpWithdrawal;

/**
 * wp_channel_new:
 * @capacity_jobs: K, places in the queue; 0: a rendezvous; WP_UNBOUNDED: no limit
 * @workers: c, jobs in service at once, >= 1; worker records are created when first needed
 * @rejects: a sender that finds the channel full is rejected instead of parked
 * @timeout_ns: how long a sender may be parked, > 0; WP_TIME_NONE: no limit
 *
 * All functions may be called from any thread. Each operation reads the clock once, under the lock, and all
 * its transitions have this time. K + c jobs are in the channel before a sender is parked, and the queue is
 * empty while a worker is idle.
 */
WpChannel *wp_channel_new (guint capacity_jobs, guint workers, gboolean rejects, gint64 timeout_ns);
void wp_channel_free (WpChannel *self); /* while no job is parked, queued or in service */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpChannel, wp_channel_free)

/**
 * wp_channel_send:
 * @job: new; the channel takes a reference of its own until the job has ended
 *
 * The arrival. A rejected job has ended when this returns, and the channel keeps no reference to it.
 */
WpSend wp_channel_send (WpChannel *self, WpJob *job);

/* The result of an operation that frees a place. A job that has been parked for longer than @timeout_ns at
 * the time of the operation does not get the place, even if its timer is late. */
typedef struct {
  WpJob *admitted; /* (transfer full): the parked job that got the place; NULL: none */
  WpJob *expired;  /* (transfer full): jobs that have timed out and ended, oldest first, linked by ->next */
} WpFreed;

/**
 * wp_channel_take:
 * @done: the completed job; its result is stored or failed
 * @freed: (out): the result for parked jobs
 *
 * The completion: @done ends, its worker takes the oldest queued job, and the oldest parked job takes that
 * place. With K = 0 the parked job goes straight to the worker, and is both returned and @freed->admitted.
 *
 * Returns: (transfer none): the worker's next job; NULL: the worker is idle. The channel's reference to @done
 * passes to the caller.
 */
WpJob *wp_channel_take (WpChannel *self, WpJob *done, WpFreed *freed);

/* The results of one wp_channel_take(). */
typedef struct {
  WpJob *next;
  WpFreed freed;
} WpTaken;

/* Completes all jobs of a commit in one operation, at one time. @taken: (out): an element for each job */
void wp_channel_take_all (WpChannel *self, WpJob *const *done, guint n, WpTaken *taken);

/* The result of a change of sizes; clear it with wp_resized_clear(). */
typedef struct {
  gint64 at_ns;        /* the time of the change, and of all that follows from it */
  GPtrArray *admitted; /* (element-type WpJob): parked jobs that got a place or a worker, in order; owned */
  GPtrArray *started;  /* (element-type WpJob): have a worker now: issue their updates; not owned */
  WpJob *expired;      /* (transfer full): as WpFreed.expired */
} WpResized;

void wp_resized_clear (WpResized *self); /* all but @expired */

/**
 * wp_channel_resize:
 * Changes the sizes and the policy, which are as for wp_channel_new(), in one operation. Jobs in service and
 * in the queue stay, even if they are more than the new sizes allow: nothing starts or enters before there is
 * a worker or a place by the new sizes. If there are some at once, waiting jobs get them in order. Parked
 * jobs stay parked, with the timeout under which they were parked.
 */
void wp_channel_resize (WpChannel *self, guint capacity_jobs, guint workers, gboolean rejects,
                        gint64 timeout_ns, WpResized *resized);

/* Returns: TRUE if a new request would be parked or refused now. */
gboolean wp_channel_is_full (WpChannel *self);

/**
 * wp_channel_begin_recovery:
 * @parks: senders are parked meanwhile, else they are rejected
 *
 * Jobs of an earlier run enter before those of this one: until wp_channel_admit() has returned FALSE, only
 * wp_channel_recover() gives places away, and the channel does not count as empty. Call it before the first
 * sender.
 */
void wp_channel_begin_recovery (WpChannel *self, gboolean parks);

/* Returns: TRUE if another job of an earlier run can enter now; FALSE once the channel is closed. */
gboolean wp_channel_has_place (WpChannel *self);

/* Adds a job of an earlier run, or of the shared queue, even beyond the capacity. The channel takes a
 * reference of its own. Returns: TRUE: an idle worker has the job: issue its update. */
gboolean wp_channel_recover (WpChannel *self, WpJob *job);

/**
 * wp_channel_admit:
 * @freed: (out): the result for parked jobs
 * @started: (out): an idle worker has @freed->admitted: issue its update
 *
 * After the last job of an earlier run: each call admits the oldest parked job.
 *
 * Returns: FALSE: no job is parked or no place is free, and senders are taken as usual from now on
 */
gboolean wp_channel_admit (WpChannel *self, WpFreed *freed, gboolean *started);

/**
 * wp_channel_withdraw:
 * @job: has been accepted
 * @freed: (out): the result for parked jobs
 *
 * Rejects the job if it has not started, and removes it from the queue. The channel's reference then passes
 * to the caller.
 */
WpWithdrawal wp_channel_withdraw (WpChannel *self, WpJob *job, WpFreed *freed);

/**
 * wp_channel_abandon:
 * @queued_too: a queued job is abandoned too, and the oldest parked job takes its place
 * @freed: (out): the result for parked jobs
 *
 * The client of @job has left: a parked job ends as abandoned. The channel's reference then passes to the
 * caller.
 *
 * Returns: FALSE: the job stays, or has ended
 */
gboolean wp_channel_abandon (WpChannel *self, WpJob *job, gboolean queued_too, WpFreed *freed);

/**
 * wp_channel_expire:
 * @next_due_ns: (out): when the next parked job times out; WP_TIME_NONE: none is parked
 *
 * Ends the jobs that have been parked for @timeout_ns or longer. For a channel with a timeout.
 *
 * Returns: (transfer full): these jobs, as WpFreed.expired
 */
WpJob *wp_channel_expire (WpChannel *self, gint64 *next_due_ns);

/* While @refuses is TRUE, sends return CLOSED; jobs in the channel, also parked ones, continue. */
void wp_channel_refuse (WpChannel *self, gboolean refuses);

/* From now on sends return CLOSED. Parked jobs are rejected, and returned as by wp_channel_expire(); queued
 * jobs and those in service continue. */
WpJob *wp_channel_close (WpChannel *self);

/* A consistent snapshot: every request is counted once. @oldest_arrival_ns: (out) (nullable): of the jobs in
 * the channel; WP_TIME_NONE: it is empty */
void wp_channel_count (WpChannel *self, WpLedger *ledger, gint64 *oldest_arrival_ns);

/* The same; the next recent peak begins now. For one caller that samples periodically. */
void wp_channel_sample (WpChannel *self, WpLedger *ledger);

/* Durations in ns: from the arrival to the start of the service, from the arrival to its end, and of each
 * parked request until it got a place or ended. */
typedef struct {
  WpDecimalHistogram wait, response, blocked;
} WpChannelTimes;

const WpChannelTimes *wp_channel_get_times (const WpChannel *self); /* any thread, without the lock */

/* Waits until no job is parked, queued or in service, or until @deadline_ns (CLOCK_MONOTONIC). Returns: TRUE
 * if the channel is empty. */
gboolean wp_channel_wait_empty (WpChannel *self, gint64 deadline_ns);

/* Calls @func, under the lock, for every job that is parked, queued or in service. */
void wp_channel_foreach (WpChannel *self, void (*func) (WpJob *job, gpointer data), gpointer data);
