/* wp-job.h - the unit of work of one request: its payload, its outcome and its times. */
#pragma once

#include <glib.h>

#include "runtime/queue/wp-clock.h"
#include "runtime/queue/wp-memory-budget.h"
#include "sim/base/wp-policy.h"
#include "sim/base/wp-time.h"

typedef struct _WpJob WpJob;
typedef struct _WpWorker WpWorker;

typedef enum { WP_JOB_NEW, WP_JOB_PARKED, WP_JOB_QUEUED, WP_JOB_IN_SERVICE, WP_JOB_ENDED } WpJobState;

/* Notifications to the client's side of a job, from any thread and outside every lock. */
typedef enum {
  WP_JOB_ACCEPTED, /* the parked job has a place, or the job is durable in the journal */
  WP_JOB_REFUSED,  /* the job timed out while parked, could not be journaled, or the server stopped */
  WP_JOB_STORED,
  WP_JOB_FAILED,
  WP_JOB_CONFLICT /* the job failed because its id is stored with another payload */
} WpJobEvent;

/* The result of a job's update. */
typedef enum {
  WP_RESULT_STORED,
  WP_RESULT_DUPLICATE, /* its id is stored already, with the same payload */
  WP_RESULT_CONFLICT,  /* its id is stored already, with another payload; not repeated */
  WP_RESULT_TRANSIENT, /* the database was down for --retry-for */
  WP_RESULT_PERMANENT  /* the database rejects this job */
} WpResult;

/* State of a job's row in the journal. */
typedef enum {
  WP_ROW_NONE,
  WP_ROW_WAITING, /* to be written */
  WP_ROW_WRITTEN, /* the writer has taken it */
  WP_ROW_KEPT,    /* durable */
  WP_ROW_OVER     /* no longer needed */
} WpJobRow;

typedef void (*WpJobNotify) (WpJob *job, WpJobEvent event, gpointer client);

/* A worker is a record of a job in service, not a thread. */
struct _WpWorker {
  guint id;
  WpWorker *next_idle; /* guarded by the channel's lock */
  WpJob *job;          /* guarded by the channel's lock; NULL: idle */
};

struct _WpJob {
  gint refs;

  /* The payload: set before the job is submitted, read-only after that. */
  char *id;                /* X-Request-Id; NULL: none */
  char *key;               /* UUID of a job without an id; see wp_job_key() */
  const char *method;      /* static, or behind @path: see wp_job_set_request() */
  char *path;              /* with its query */
  char *content_type;      /* NULL: none */
  GBytes *body;            /* NULL: none */
  gint64 asked_service_ns; /* X-WP-Service; WP_TIME_NONE: none */
  gint64 received_ns;      /* unix time, of a recovered job; WP_TIME_NONE: derived from arrival_ns */
  gint64 enqueued_ns;      /* unix time of its publish to the shared queue; WP_TIME_NONE: none */

  WpMemoryBudget *budget; /* source of holds_bytes; not owned; NULL: none */
  gsize holds_bytes;

  WpJobNotify notify; /* NULL: no request waits for a response */
  gpointer client;

  /* Guarded by the channel's lock until the job has ended. Times are CLOCK_MONOTONIC, ns. */
  WpJob *next, *prev; /* in the list of its state */
  WpJobState state;
  WpOutcome outcome;
  gboolean blocked;
  gboolean unjournaled; /* in service without a row in the journal: its end answers the request */
  guint64 seq;          /* order of arrival, from 0 */
  gint64 arrival_ns, accepted_ns, started_ns, finished_ns, ended_ns;

  /* Owned by the job's worker, during the update by the database. */
  WpWorker *worker;
  gint64 base_ns;   /* started_ns, or earlier: when the worker's previous job was due */
  gint64 due_ns;    /* deadline of a delay; WP_TIME_NONE: the database has none */
  WpResult result;  /* of the last update */
  gboolean offered; /* an update of unknown result may have stored it: finding its row is no duplicate */
  guint n_failures; /* updates with a permanent failure */
  char *failure;    /* (GRefString): reason of the last failed update; NULL: none */
  WpTimer timer;    /* of a delay, or of the next retry */

  guint64 delivery; /* number of its delivery by the shared queue, from 1; 0: it came otherwise */

  WpJobRow row_state; /* guarded by the journal's lock */
  gint64 row;         /* row in the journal of a recovered job; 0: derived from seq */
};

WpJob *wp_job_new (void);

/* Copies of both, for a method that is not one of ours: it lives as long as @path. */
void wp_job_set_request (WpJob *self, const char *method, const char *path);

/* Takes the payload's bytes from @budget until the job is freed. Payloads below 1 kB are not charged: the
 * number of jobs has limits of its own. Returns: FALSE if the budget is exhausted */
gboolean wp_job_charge (WpJob *self, WpMemoryBudget *budget);

/* Takes them even beyond the limit, and for small payloads too. */
void wp_job_charge_unchecked (WpJob *self, WpMemoryBudget *budget);
WpJob *wp_job_ref (WpJob *self);
void wp_job_unref (WpJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJob, wp_job_unref)

/* Returns: the job's primary key in a database: its id, or a UUID that the first call makes. Owner's thread.
 */
const char *wp_job_key (WpJob *self);

/* Returns: the unix time of the request's arrival. */
gint64 wp_job_received_ns (const WpJob *self);

/* Returns: TRUE if the result is stored or duplicate. */
gboolean wp_job_is_stored (const WpJob *self);

/* @reason: a GRefString; the job takes a reference. Owner's thread. */
void wp_job_set_failure (WpJob *self, char *reason);

/* Keys for jobs without an id. */
#define WP_UUID_BUFFER 37

/* A UUID of version 7 (RFC 9562, 5.7). It begins with the time in ms, so that successive keys are neighbours
 * in an index. Keys that one thread makes within one ms ascend (6.2, method 2). Any thread. Returns: @buffer.
 */
const char *wp_uuid_v7 (char buffer[WP_UUID_BUFFER]);
