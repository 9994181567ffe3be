/* wp-outage.h - an outage of a database: its log lines, its time, and the delays between attempts. One
 * thread. */
#pragma once

#include "runtime/database/wp-database.h"

typedef struct {
  WpDatabase *database;
  const char *name;      /* for messages; not owned */
  gint64 delay_ns;       /* before the next attempt; 0: the database is up */
  gboolean logged_down;  /* the log says that the database is down */
  gint64 logged_down_ns; /* time of the last such line; 0: never */
  guint n_jobs;          /* the most of one attempt that failed */
} WpOutage;

/* @down_ns: when the attempt that failed began; @n_jobs: that it had, and that are repeated. Sets the
 * database down. Each outage is one line, another at its end; one that begins soon after such a line is
 * logged later, or not if it is over by then. */
void wp_outage_note (WpOutage *self, gint64 down_ns, guint n_jobs, const char *reason);

/* Doubles delay_ns from 50 ms to 1 s. */
void wp_outage_delay (WpOutage *self);

/* The database is up; call it after every success. */
void wp_outage_end (WpOutage *self);

/* Returns: TRUE if @job has waited for retry_for_ns for a database that is down. */
gboolean wp_outage_expires (const WpOutage *self, const WpJob *job, gint64 now_ns);
