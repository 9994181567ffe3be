/* wp-engine.h - takes a job from its request to the database, in each of the three modes. */
#pragma once

#include "runtime/database/wp-database.h"
#include "runtime/database/wp-journal.h"
#include "runtime/engine/wp-recorder.h"
#include "runtime/engine/wp-source.h"
#include "runtime/queue/wp-channel.h"
#include "runtime/queue/wp-sample-ring.h"
#include "sim/base/wp-policy.h"
#include "sim/base/wp-time.h"

/* The delay before a failed update is repeated. */
#define WP_RETRY_LONGEST_NS (30 * WP_NS_PER_S)

typedef struct {
  guint max;       /* number of retries */
  gint64 delay_ns; /* before the first retry; doubled for each later one, up to WP_RETRY_LONGEST_NS */
} WpRetry;

/**
 * wp_retry_delay:
 * @n_failures: of this update, >= 1
 * @random: from 0 to 1
 *
 * Returns: time to wait, in ns: between half of the delay and all of it, so that jobs that failed together
 * are not repeated together; WP_TIME_NONE: no more retries
 */
gint64 wp_retry_delay (const WpRetry *self, guint n_failures, double random);

typedef struct _WpEngine WpEngine;

typedef enum {
  WP_SUBMIT_ACCEPTED, /* answer now: 200 */
  WP_SUBMIT_PENDING,  /* job->notify will be called, once, unless wp_engine_abandon() returns TRUE */
  WP_SUBMIT_REJECTED, /* answer now: 503; full */
  WP_SUBMIT_CLOSED    /* answer now: 503; the server stops */
} WpSubmit;

/**
 * wp_engine_new:
 * @policy: copied
 * @max_jobs: limit of jobs in service in Default mode; more are rejected
 * @clock: not owned; outlives the engine
 * @database: not owned; outlives the engine
 * @recorder: (nullable): not owned; gets every job that ends
 */
WpEngine *wp_engine_new (const WpPolicy *policy, guint max_jobs, WpClock *clock, WpDatabase *database,
                         WpRecorder *recorder);
void wp_engine_free (WpEngine *self); /* once it is empty */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpEngine, wp_engine_free)

/* Before the first job: sets how failed updates are retried (default: never). A worker keeps its job
 * meanwhile.
 */
void wp_engine_set_retry (WpEngine *self, const WpRetry *retry);

/* Before the first job: each job that ends is added to @samples. Not owned; freed after the last job. */
void wp_engine_set_samples (WpEngine *self, WpSampleRing *samples);

/**
 * wp_engine_set_journal:
 * @journal: not owned; closed before the engine is freed
 * @recovery_bytes: limit of the payloads of recovered jobs in memory; one job may exceed it
 *
 * Call it before the first request. Starts the journal, and runs the unfinished jobs of an earlier run in
 * their order as places become free; new requests wait behind them. From now on an accepted job is durable
 * before its request is answered, and a failed one is kept. While the journal cannot be written, requests get
 * 503.
 */
void wp_engine_set_journal (WpEngine *self, WpJournal *journal, guint64 recovery_bytes);
/* Before other threads use the engine: once @source (not owned) is started, its jobs run beside requests,
 * without a limit of their number. A failed one is the source's to keep. */
void wp_engine_set_source (WpEngine *self, WpSource *source);
WpJournal *wp_engine_get_journal (const WpEngine *self); /* (transfer none) (nullable) */

WpDatabase *wp_engine_get_database (const WpEngine *self); /* (transfer none) */

/* What is known of the shared queue that jobs come from or go to; (transfer none) (nullable) */
const WpBrokerCounts *wp_engine_get_broker (const WpEngine *self);

/* Returns: TRUE if jobs come from a shared queue that is not connected. */
gboolean wp_engine_has_no_source (const WpEngine *self);

/* Returns: TRUE if the database has been down for 1 s and a new request would be parked or refused; of a
 * front, whose requests other fronts can take, as soon as the shared queue has been down for half of that. */
gboolean wp_engine_is_stuck (WpEngine *self);

/* Offers a job to the queue; the caller keeps its reference. Any thread; never blocks. */
WpSubmit wp_engine_submit (WpEngine *self, WpJob *job);

/* The job's client has left. Returns: TRUE if the job was parked, or queued and not acknowledged: it will not
 * run, and its notify is not called any more. */
gboolean wp_engine_abandon (WpEngine *self, WpJob *job);

/* Waits until all jobs have ended, or until @deadline_ns (CLOCK_MONOTONIC). Returns: TRUE if all have ended.
 */
gboolean wp_engine_wait_empty (WpEngine *self, gint64 deadline_ns);

/* The end of a drain: refuses new and parked jobs. Those queued or in service continue. */
void wp_engine_close (WpEngine *self);

/* Passes the jobs that have not ended to the recorder, at exit. */
void wp_engine_record_unfinished (WpEngine *self);

/* Number of jobs that have not ended and are in the journal. */
guint64 wp_engine_count_in_journal (WpEngine *self);

/* Number of jobs that were acknowledged and then failed. */
guint64 wp_engine_count_acked_failures (WpEngine *self);

guint64 wp_engine_count_retries (WpEngine *self);
void wp_engine_count (WpEngine *self, WpLedger *ledger, gint64 *oldest_arrival_ns);
void wp_engine_sample (WpEngine *self, WpLedger *ledger); /* see wp_channel_sample() */
const WpChannelTimes *wp_engine_get_times (const WpEngine *self);

gboolean wp_engine_has_source (const WpEngine *self);

/* The settings now. */
WpPolicy wp_engine_get_policy (WpEngine *self);

/**
 * wp_engine_resize:
 * @by: for the log: "PUT /queue"
 * @policy: the new sizes and policy for a full queue
 * @fields: the WpPolicyField bits of those to take from it; valid together with the others, and used by the
 * mode
 *
 * Changes them while jobs are in the channel: see wp_channel_resize(). The change is a line of the record and
 * of the log; no change is none. Any thread.
 */
void wp_engine_resize (WpEngine *self, const char *by, const WpPolicy *policy, guint fields);

typedef struct {
  guint done, refused;
} WpResizes;

WpResizes wp_engine_count_resizes (WpEngine *self);
void wp_engine_count_refused_resize (WpEngine *self); /* a change was asked for, and nothing was changed */
