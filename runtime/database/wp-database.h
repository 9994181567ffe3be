/* wp-database.h - where payloads go. An update is asynchronous: it is issued, and is told of when it is done.
 */
#pragma once

#include "runtime/queue/wp-job.h"

typedef struct _WpDatabase WpDatabase;

/* Updates are done, in the order in which they were issued: @n >= 1 of them, more where one commit had them
 * all. The @result of each says what came of it, and @failure why it is not stored. On a thread of the
 * database's, or the clock's. */
typedef void (*WpDatabaseDone) (WpJob *const *jobs, guint n, gpointer data);

/* A kind of database is one const table; a new kind is a file and a line in wp-database.c. */
typedef struct {
  const char *scheme; /* of SCHEME:LOCATION */
  const char *form;   /* for messages: "sqlite:FILE" */
  /* usable at once, or a reason why not */
  WpDatabase *(*open) (const char *location, WpClock *clock, GError **error);
  gboolean (*update) (WpDatabase *self, WpJob *job);        /* TRUE: stored at once */
  void (*free) (WpDatabase *self);                          /* with no update under way */
  gboolean (*check) (const char *location, GError **error); /* can it be one? Opens nothing */
  void (*look) (WpDatabase *self);                          /* (nullable): see wp_database_look() */
} WpDatabaseClass;

/* What every kind begins with. */
struct _WpDatabase {
  const WpDatabaseClass *class;
  WpDatabaseDone done;
  gpointer done_data;
  /* a commit of a group is over no sooner than that after it began; 0: when it is. Set before the first
   * update */
  gint64 pace_ns;
  /* how long a job waits for a database that is down; WP_TIME_NONE: without end. Set before the first update
   */
  gint64 retry_for_ns;
  _Atomic gint64 down_ns;   /* 0: it is up; see wp_database_down_since() */
  _Atomic gint64 log_bytes; /* of the write-ahead log beside its file; 0: it has none */
  gboolean by_request;      /* delay:request: a request says in X-WP-Service how long its update takes */
};

/* Is @spec of the form that wp_database_open() takes? Opens nothing. FALSE with one line that says why not.
 */
gboolean wp_database_check (const char *spec, GError **error);

/**
 * wp_database_open:
 * @spec: "sqlite:FILE", "delay:TIME" or "delay:request"
 * @clock: outlives the database
 *
 * Returns: NULL with one line that says what could not be opened and why.
 */
WpDatabase *wp_database_open (const char *spec, WpClock *clock, GError **error);
void wp_database_free (WpDatabase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpDatabase, wp_database_free)

/* Before the first update: who is told. */
void wp_database_on_done (WpDatabase *self, WpDatabaseDone done, gpointer data);

/* Issues the update of a job in service, which must stay until it is done. Any thread; does not block.
 * TRUE: it is done and stored already; FALSE: @done will be called, once. */
gboolean wp_database_update (WpDatabase *self, WpJob *job);

/* To be called now and then: a database to which nothing comes does not see otherwise that its files were
 * moved or removed. Any thread; does not block. */
void wp_database_look (WpDatabase *self);

/* CLOCK_MONOTONIC, ns: since when nothing can be stored; WP_TIME_NONE: it is up, as far as is known. Any
 * thread. */
gint64 wp_database_down_since (const WpDatabase *self);
void wp_database_set_down (WpDatabase *self, gint64 since_ns); /* by the database itself */

extern const WpDatabaseClass wp_delay_database_class, wp_sqlite_database_class;
