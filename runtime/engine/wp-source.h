/* wp-source.h - where a server's jobs come from beside requests: a shared queue. It delivers jobs, and hears
 * of the end of each. */
#pragma once

#include "runtime/database/wp-broker-counts.h"
#include "runtime/database/wp-database.h"
#include "sim/base/wp-policy.h"

typedef struct _WpSource WpSource;

/* A job, whose @delivery is set; the caller keeps its reference. On the source's thread. */
typedef void (*WpSourceDeliver) (WpJob *job, gpointer data);

/* A kind of source is one const table. The functions from settle() to is_drained(), and set_prefetch(), are
 * for any thread and do not block.
 *
 * The prefetch is the most jobs that have been delivered and have not ended. A change gives nothing back: the
 * new number holds for the jobs that come once half of it or fewer are left of those before. */
typedef struct {
  gboolean (*check) (const char *location, GError **error); /* of the syntax; opens nothing */
  WpSource *(*open) (const char *location, const WpDatabaseOptions *options, GError **error);
  void (*set_prefetch) (WpSource *self, guint n_jobs); /* before start(), and at any time: see below */
  void (*start) (WpSource *self);                      /* from now on it delivers */
  void (*settle) (WpSource *self, WpJob *job);         /* a delivered job has ended, see its @result */
  void (*cancel) (WpSource *self);                     /* it delivers no more; see is_drained() */
  gboolean (*is_drained) (const WpSource *self); /* no delivered job is left, or none that can be acknowledged
                                                  */

  /* After cancel(). Ends the connection; jobs that have not ended are delivered elsewhere. Returns: FALSE: it
   * did not end by @deadline_ns (CLOCK_MONOTONIC), and @self must not be used any more */
  gboolean (*close) (WpSource *self, gint64 deadline_ns);
} WpSourceClass;

/* The first member of every kind. */
struct _WpSource {
  const WpSourceClass *class;
  WpBrokerCounts counts;
  WpSourceDeliver deliver; /* with @data; set before start() */
  gpointer data;
};

/* Checks the syntax of @spec for wp_source_open(). Opens nothing. Returns: FALSE with one line */
gboolean wp_source_check (const char *spec, GError **error);

/* The prefetch of a server with these sizes: its workers and its queue. */
guint wp_source_prefetch (const WpPolicy *policy);

/* Returns: FALSE with one line: the sizes are more than a server can hold of a shared queue. */
gboolean wp_source_check_sizes (const WpPolicy *policy, GError **error);

/**
 * wp_source_open:
 * @spec: "amqp://..." or "amqps://..."
 * @options: not owned; outlives the source
 *
 * Returns: NULL with one line, and WP_ERROR_DOWN if the queue's server does not answer
 */
WpSource *wp_source_open (const char *spec, const WpDatabaseOptions *options, GError **error);
