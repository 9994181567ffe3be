/* wp-database.h - stores payloads. An update is asynchronous: it is issued, and its completion is reported by
 * a callback. */
#pragma once

#include "runtime/database/wp-broker-counts.h"
#include "runtime/queue/wp-job.h"

typedef struct _WpDatabase WpDatabase;

/* How a database server is connected to, and how a shared queue is declared. Set by the options; outlives the
 * database. */
typedef struct {
  gint64 timeout_ns;   /* for each response */
  char *password_file; /* the rest is for a shared queue; NULL: none, as below */
  char *ca, *certificate, *key;
  guint64 queue_jobs, queue_bytes; /* its bounds */
  guint delivery_limit;
} WpDatabaseOptions;

/* @n >= 1 updates are done, in the order in which they were issued; one commit may end several. Each job has
 * its @result, and if it is not stored its @failure. Called on a thread of the database or of the clock. */
typedef void (*WpDatabaseDone) (WpJob *const *jobs, guint n, gpointer data);

/* A kind of database is one const table; a new kind is a file and a line in wp-database.c. */
typedef struct {
  WpDatabase *(*open) (const char *location, const WpDatabaseOptions *options, WpClock *clock,
                       GError **error);
  gboolean (*update) (WpDatabase *self, WpJob *job);        /* TRUE: stored at once */
  void (*free) (WpDatabase *self);                          /* while no update is in progress */
  gboolean (*check) (const char *location, GError **error); /* of the syntax; opens nothing */
  void (*check_files) (WpDatabase *self);                   /* (nullable): see wp_database_check_files() */
  char *(*describe) (const char *location);                 /* (nullable): without passwords */
  char *(*init) (const char *location, const WpDatabaseOptions *options, GError **error); /* (nullable) */
} WpDatabaseClass;

/* The first member of every kind. */
struct _WpDatabase {
  const WpDatabaseClass *class;
  WpDatabaseDone done;
  gpointer done_data;
  gint64 pace_ns;      /* minimum duration of a group commit. Set before the first update */
  gint64 retry_for_ns; /* how long a job waits for a database that is down; WP_TIME_NONE: no limit. As above
                        */
  _Atomic gint64 down_ns;   /* 0: it is up; see wp_database_down_since() */
  char down_reason[256];    /* of the last attempt that failed; see wp_database_down_reason() */
  _Atomic gint64 log_bytes; /* size of its write-ahead log; 0: it has none */
  _Atomic guint64 reconnects;
  WpDecimalHistogram commit_ns, commit_rows; /* of each commit; added to by the writer's thread */
  WpBrokerCounts *broker;                    /* NULL: it is not a shared queue */
  gboolean by_request; /* delay:request: X-WP-Service is the duration of a request's update */
};

/* Checks the syntax of @spec for wp_database_open(). Opens nothing. Returns: FALSE with one line */
gboolean wp_database_check (const char *spec, GError **error);

/**
 * wp_database_open:
 * @spec: "sqlite:FILE", "postgresql://...", "amqp://...", "delay:TIME" or "delay:request"
 * @options: not owned; outlives the database
 * @clock: outlives the database
 *
 * Returns: NULL with one line, and WP_ERROR_DOWN if a database server does not answer
 */
WpDatabase *wp_database_open (const char *spec, const WpDatabaseOptions *options, WpClock *clock,
                              GError **error);
void wp_database_free (WpDatabase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpDatabase, wp_database_free)

/* Creates the tables of a database server. Returns: (transfer full): one line on the result; NULL with one
 * line */
char *wp_database_init (const char *spec, const WpDatabaseOptions *options, GError **error);

/* Returns: TRUE if it is a shared queue, from which other processes store the jobs. */
gboolean wp_database_is_queue (const char *spec);

/* Returns: (transfer full): @spec, which was checked, without passwords. */
char *wp_database_describe (const char *spec);

/* Sets the callback of completed updates; before the first update. */
void wp_database_on_done (WpDatabase *self, WpDatabaseDone done, gpointer data);

/* Issues the update of a job in service; the caller keeps the job alive until it is done. Any thread; does
 * not block. Returns: TRUE: the job is stored already; FALSE: @done will be called, once. */
gboolean wp_database_update (WpDatabase *self, WpJob *job);

/* Call it periodically: an idle database does not notice otherwise that its files were moved or removed. Any
 * thread; does not block. */
void wp_database_check_files (WpDatabase *self);

/* Returns: since when the database has been down, CLOCK_MONOTONIC; WP_TIME_NONE: it is up. Any thread. */
gint64 wp_database_down_since (const WpDatabase *self);
/* Returns: (transfer full): why it was down last; empty: never. Any thread. */
char *wp_database_down_reason (WpDatabase *self);
void wp_database_set_down (WpDatabase *self, gint64 since_ns); /* called by the database itself, as is */
void wp_database_set_down_reason (WpDatabase *self, const char *reason);

extern const WpDatabaseClass wp_delay_database_class, wp_sqlite_database_class;
