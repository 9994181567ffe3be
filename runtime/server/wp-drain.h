/* wp-drain.h - the drain at exit: accepted jobs finish, parked requests are accepted or answered 503, all of
 * it within a timeout. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/engine/wp-engine.h"

typedef enum {
  WP_DRAIN_NONE,
  WP_DRAIN_GOES_ON,
  WP_DRAIN_EMPTY, /* all requests have ended */
  WP_DRAIN_TIMED_OUT,
  WP_DRAIN_STOPPED
} WpDrainState;

typedef struct {
  gint64 timeout_ns;
  WpEngine *engine;        /* not owned */
  WpSource *source;        /* not owned; NULL: none */
  GPtrArray *http_threads; /* (element-type WpHttpThread); not owned */
  GMainLoop *loop;         /* not owned; quits at the end of the drain */
  WpDrainState state;
  gint64 begun_ns, ended_ns; /* CLOCK_MONOTONIC */
} WpDrain;

/* Accepts no new connections. Parked requests are answered 503 shortly before the timeout, so that there is
 * time to send the responses. Called in the loop's thread. */
void wp_drain_begin (WpDrain *self);

/* Ends the drain at once; half a second is left to close files. */
void wp_drain_stop (WpDrain *self);

/* After the end of a drain. Returns: when all files must be closed, CLOCK_MONOTONIC: at least 0.2 s after the
 * end. One second later the process ends in any case. */
gint64 wp_drain_get_deadline (const WpDrain *self);

guint wp_drain_count_connections (const WpDrain *self);
