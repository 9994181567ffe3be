/* wp-job.h - the unit of work made from one request: its payload, what happened to it and when. */
#pragma once

#include "runtime/queue/wp-memory-budget.h"
#include "runtime/queue/wp-clock.h"
#include "sim/base/wp-outcome.h"
#include "sim/base/wp-time.h"

typedef struct _WpJob WpJob;
typedef struct _WpWorker WpWorker;

typedef enum { WP_JOB_NEW, WP_JOB_PARKED, WP_JOB_QUEUED, WP_JOB_IN_SERVICE, WP_JOB_ENDED } WpJobState;

/* What the client's side of a job can be told, each from any thread and outside every lock. */
typedef enum {
  WP_JOB_ACCEPTED, /* it was parked and has its place now */
  WP_JOB_REFUSED,  /* it was parked and got no place: timed out, or the server stopped */
  WP_JOB_STORED,   /* the update is done */
  WP_JOB_FAILED,   /* the update failed */
  WP_JOB_CONFLICT  /* the same, because its id is stored with another payload */
} WpJobEvent;

/* What the database says of a job's update. */
typedef enum {
  WP_RESULT_STORED,
  WP_RESULT_DUPLICATE, /* its id is stored already, with the same payload */
  WP_RESULT_CONFLICT,  /* its id is stored already, with another payload; not tried again */
  /* the database could not store anything for as long as --retry-for says; not the job's fault */
  WP_RESULT_TRANSIENT,
  WP_RESULT_PERMANENT /* the database does not take this job */
} WpResult;

/* What the journal does with a job. */
typedef enum {
  WP_ROW_NONE,
  WP_ROW_WAITING, /* to be written */
  WP_ROW_WRITTEN, /* on its way to the file */
  WP_ROW_KEPT,    /* in the file, durably */
  WP_ROW_OVER     /* needs none any more */
} WpJobRow;

typedef void (*WpJobNotify) (WpJob *job, WpJobEvent event, gpointer client);

/* A worker is a record of what is in service, not a thread. */
struct _WpWorker {
  guint id;
  WpWorker *next_idle; /* guarded by the channel's lock */
  WpJob *job;          /* guarded by the channel's lock; NULL: idle */
};

struct _WpJob {
  gint refs;

  /* The payload: set before the job is offered, read only after. */
  char *id;                /* X-Request-Id; NULL: none */
  char *key;               /* the name that it was given where it has no id; see wp_job_key() */
  const char *method;      /* static */
  char *path;              /* with its query */
  char *content_type;      /* NULL: none */
  GBytes *body;            /* NULL: none */
  gint64 asked_service_ns; /* X-WP-Service; WP_TIME_NONE: none */
  gint64 received_ns;      /* unix time, of one that a journal gave back; WP_TIME_NONE: arrival_ns says it */

  WpMemoryBudget *budget; /* what holds_bytes are taken from; not owned; NULL: none */
  gsize holds_bytes;

  WpJobNotify notify; /* NULL: nobody waits for an answer */
  gpointer client;

  /* Guarded by the channel's lock until the job has ended. Times are CLOCK_MONOTONIC, ns. */
  WpJob *next, *prev; /* in the queue, in the line of the parked, or among those in service */
  WpJobState state;
  WpOutcome outcome;
  gboolean blocked;
  /* the journal did not take it, and it was in service by then: its end answers its request */
  gboolean unjournaled;
  guint64 seq; /* order of arrival, from 0 */
  gint64 arrival_ns, accepted_ns, started_ns, finished_ns, ended_ns;

  /* Belongs to whoever serves the job: its worker, then the database. */
  WpWorker *worker;
  /* when service would have begun had its predecessor ended on time; = started_ns if there was none */
  gint64 base_ns;
  gint64 due_ns;   /* when a delay ends; WP_TIME_NONE where the database keeps no such time */
  WpResult result; /* of the last update */
  /* it may have been stored by an update whose end is not known: to find it there is no repetition */
  gboolean offered;
  guint n_failures; /* updates with a permanent failure */
  char *failure; /* (GRefString): the reason of the last update that was not stored; NULL: there was none */
  WpTimer timer; /* of a delay, or of the next try */

  WpJobRow row_state; /* guarded by the journal's lock */
  gint64 row;         /* the journal's: of a job that it gave back; 0: seq says it */
};

WpJob *wp_job_new (void);

/* Takes what the payload holds from @budget, until the job is freed. FALSE: there is no more. Small ones are
 * free: their number has limits of its own. */
gboolean wp_job_charge (WpJob *self, WpMemoryBudget *budget);

/* The same, over the limit too. */
void wp_job_charge_anyway (WpJob *self, WpMemoryBudget *budget);
WpJob *wp_job_ref (WpJob *self);
void wp_job_unref (WpJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpJob, wp_job_unref)

/* What it is known by in a database, however often it is tried: its id, else a UUID that is made now. For
 * whom it belongs to. */
const char *wp_job_key (WpJob *self);

/* The unix time at which its request came. */
gint64 wp_job_received_ns (const WpJob *self);

/* Is it stored, by its last update or before? */
gboolean wp_job_is_stored (const WpJob *self);

/* Why its last update failed: a GRefString, of which it takes a reference. For whom it belongs to. */
void wp_job_set_failure (WpJob *self, char *reason);
