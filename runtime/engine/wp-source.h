/* wp-source.h - where a server's jobs come from beside requests: a shared queue. It delivers jobs, and hears
 * of the end of each. */
#pragma once

#include "runtime/queue/wp-job.h"

typedef struct _WpSource WpSource;

/* A job, whose @delivery is set; the caller keeps its reference. On the source's thread. */
typedef void (*WpSourceDeliver) (WpJob *job, gpointer data);

/* Functions but the first and the last are for any thread and do not block. */
typedef struct {
  void (*start) (WpSource *self);                /* from now on it delivers */
  void (*settle) (WpSource *self, WpJob *job);   /* a delivered job has ended, see its @result */
  void (*cancel) (WpSource *self);               /* it delivers no more; see is_drained() */
  gboolean (*is_drained) (const WpSource *self); /* no delivered job is left, or none that can be acknowledged
                                                  */

  /* After cancel(). Ends the connection; jobs that have not ended are delivered elsewhere. Returns: FALSE: it
   * did not end by @deadline_ns (CLOCK_MONOTONIC), and @self must not be used any more */
  gboolean (*close) (WpSource *self, gint64 deadline_ns);
} WpSourceClass;

/* The first member of every kind. */
struct _WpSource {
  const WpSourceClass *class;
  WpSourceDeliver deliver; /* with @data; set before start() */
  gpointer data;
};
