/* wp-engine.h - the way of a job from its request to the database, in each of the three modes. */
#pragma once

#include "runtime/database/wp-database.h"
#include "runtime/database/wp-journal.h"
#include "runtime/engine/wp-recorder.h"
#include "runtime/engine/wp-retry.h"
#include "runtime/queue/wp-channel.h"
#include "sim/base/wp-policy.h"

typedef struct _WpEngine WpEngine;

typedef enum {
  WP_SUBMIT_ACCEPTED, /* answer now: 200 */
  WP_SUBMIT_PENDING,  /* job->told will be called, once, unless wp_engine_leave() says TRUE */
  WP_SUBMIT_REJECTED, /* answer now: 503; full */
  WP_SUBMIT_CLOSED    /* answer now: 503; the server stops */
} WpSubmit;

/**
 * wp_engine_new:
 * @policy: copied
 * @max_jobs: jobs in service at most in Default mode; more are rejected
 * @clock, @database: not owned; outlive the mode
 * @recorder: (nullable): not owned; is given every job that ends
 */
WpEngine *wp_engine_new (const WpPolicy *policy, guint max_jobs, WpClock *clock, WpDatabase *database,
                         WpRecorder *recorder);
void wp_engine_free (WpEngine *self); /* after wp_engine_finish() */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpEngine, wp_engine_free)

/* Before the first job: how often a failed update is tried again (never). A worker keeps its job meanwhile.
 */
void wp_engine_set_retry (WpEngine *self, const WpRetry *retry);

/**
 * wp_engine_set_journal:
 * @journal: not owned; closed before the mode goes
 * @recovery_bytes: payloads of an earlier run that are inside at once; one is in any case
 *
 * Before any request: starts the journal, and what an earlier run left unfinished, in its order, as places
 * free; requests wait behind it. From now on an accepted job is durable before its request is answered, and
 * one that is given up is kept. While the journal cannot be written, requests are answered with 503.
 */
void wp_engine_set_journal (WpEngine *self, WpJournal *journal, guint64 recovery_bytes);
WpJournal *wp_engine_get_journal (const WpEngine *self); /* (transfer none) (nullable) */

WpDatabase *wp_engine_get_database (const WpEngine *self); /* (transfer none) */

/* Has the database been down for 1 s, and would a request that comes now be parked or refused? */
gboolean wp_engine_is_stuck (WpEngine *self);

/* Offers a job to the queue; the caller keeps its reference. Any thread; never blocks. */
WpSubmit wp_engine_submit (WpEngine *self, WpJob *job);

/* The job's client has gone. TRUE: it was parked, or queued with nothing promised: it will not run, nor be
 * told of any more. */
gboolean wp_engine_leave (WpEngine *self, WpJob *job);

/* Waits until all jobs have ended or @deadline_ns (CLOCK_MONOTONIC) has come. TRUE: all have. */
gboolean wp_engine_wait_empty (WpEngine *self, gint64 deadline_ns);

/* The end of a drain: takes no more jobs, and refuses the parked ones. What is queued or in service goes on.
 */
void wp_engine_close (WpEngine *self);

/* Gives the recorder those jobs that have not ended, at exit. */
void wp_engine_record_unfinished (WpEngine *self);

/* Of the jobs that have not ended, those that the journal has. */
guint64 wp_engine_count_kept (WpEngine *self);

/* Of the jobs that have ended, those that were acknowledged and are not stored. */
guint64 wp_engine_count_given_up (WpEngine *self);

guint64 wp_engine_count_retries (WpEngine *self); /* updates that were tried anew */
void wp_engine_count (WpEngine *self, WpLedger *ledger, gint64 *oldest_arrival_ns);
const WpPolicy *wp_engine_get_policy (const WpEngine *self);
