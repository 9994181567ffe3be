/* wp-drain.h - the end of a server: what is inside finishes, and whoever can't is told so, all of it within
 * the time that there is. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/engine/wp-engine.h"

typedef enum {
  WP_DRAIN_NONE,
  WP_DRAIN_GOES_ON,
  WP_DRAIN_EMPTY, /* nobody is inside any more */
  WP_DRAIN_TIMED_OUT,
  WP_DRAIN_STOPPED
} WpDrainState;

typedef struct {
  gint64 timeout_ns;
  WpEngine *engine;        /* not owned, as those below */
  GPtrArray *http_threads; /* (element-type WpHttpThread) */
  GMainLoop *loop;         /* quits at the end, whatever it is */
  WpDrainState state;
  gint64 begun_ns, ended_ns; /* CLOCK_MONOTONIC */
} WpDrain;

/* Lets in nobody who was not there already. Shortly before the time is up parked requests are refused, so
 * that there is some left to tell them. The loop's thread. */
void wp_drain_begin (WpDrain *self);

/* Ends at once: half a second is left to close the books. */
void wp_drain_stop (WpDrain *self);

/* Until when all has to be closed, CLOCK_MONOTONIC; of one that has ended. Of a short time too, 0.2 s are for
 * that. A second later the process ends in any case. */
gint64 wp_drain_get_deadline (const WpDrain *self);

guint wp_drain_count_connections (const WpDrain *self);
