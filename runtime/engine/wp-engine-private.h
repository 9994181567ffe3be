/* wp-engine-private.h - what the files of WpEngine share. */
#pragma once

#include "runtime/engine/wp-engine.h"

#include "runtime/engine/wp-failure-log.h"

/* Every mode is one channel: Default has no queue and up to max_jobs workers, BufferedChannel has a single
 * worker, WorkerPool has many. See wp_policy_layout(). */
struct _WpEngine {
  WpAck ack;
  gboolean drops_queued;           /* drops queued jobs whose clients have left */
  _Atomic gint64 block_timeout_ns; /* WP_TIME_NONE: none */
  WpChannel *channel;
  GMutex mutex;                       /* held during a change of sizes; guards @policy */
  WpPolicy policy;                    /* as it is now */
  guint n_resizes, n_refused_resizes; /* atomic */
  WpClock *clock;
  WpDatabase *database;
  WpRecorder *recorder;
  WpSampleRing *samples;    /* NULL: none */
  WpJournal *journal;       /* NULL: none */
  WpSource *source;         /* NULL: none */
  WpMemoryBudget *recovery; /* for payloads of recovered jobs that have not ended; NULL: no journal */
  gint recovers;            /* atomic: the journal may have more jobs of an earlier run */
  gint refusal_noted;       /* atomic: the record has the first refusal that is not for a full queue */
  WpRetry retry;
  gsize n_retries;        /* atomic */
  gsize n_acked_failures; /* atomic: acknowledged jobs that failed */
  WpFailureLog *failures;
  WpFailureLog *outages; /* jobs that failed because the database was down for too long */
  WpTimer parked_timer;  /* armed for the oldest parked job's timeout */
};

/* wp-engine-jobs.c: a job's way from its acceptance to its end. */

void wp_engine_job_accepted (WpEngine *self, WpJob *job);
void wp_engine_job_ended (WpEngine *self, WpJob *job);    /* takes the channel's reference */
void wp_engine_refuse_jobs (WpEngine *self, WpJob *jobs); /* takes a list as wp_channel_expire() returns it */
void wp_engine_place_freed (WpEngine *self, const WpFreed *freed); /* takes its jobs */
void wp_engine_serve (WpEngine *self, WpJob *job); /* issues updates until the worker waits or is idle */
void wp_engine_on_done (WpJob *const *jobs, guint n, gpointer engine); /* WpDatabaseDone */
void wp_engine_on_written (WpJob *job, gboolean ok, gpointer engine);  /* of WpJournalListener */

/* wp-engine.c */

void wp_engine_on_parked_timer (WpTimer *timer, gpointer engine);
void wp_engine_limit_source (WpEngine *self); /* to as many jobs as there are workers and places */
