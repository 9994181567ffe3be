/* wp-client-loop.h - a closed loop: each client sends its next request once it has the response to the one
 * before, and has thought. */
#pragma once

#include "runtime/replay/wp-workload.h"
#include "sim/model/wp-service-time.h"

typedef struct {
  guint n_clients;        /* all send their first request at 0; of each slot one */
  gint64 duration_ns;     /* none sends after it; G_MAXINT64: no end */
  guint64 n_most;         /* requests; G_MAXUINT64: no limit */
  WpServiceTime *service; /* of requests; NULL: none has one */
  WpServiceTime *think;   /* NULL: 0 */
  gboolean keeps_results; /* for wp_client_loop_append() */
} WpClientLoopOptions;

/* The result of a request. */
typedef struct {
  gint64 arrival_ns, service_ns; /* when its client was ready to send it */
  WpTallyResult result;
} WpClientLoopResult;

/* @tally has a place for each client. Nothing is owned. */
WpWorkload *wp_client_loop_new (const WpClientLoopOptions *options, WpTally *tally);
void wp_client_loop_free (WpWorkload *self);

/* Appends what became of all requests so far, those under way too. */
void wp_client_loop_append (WpWorkload *self, GArray *results);
