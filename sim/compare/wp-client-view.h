/* wp-client-view.h - what the client saw (wp-replay -o) beside what the server recorded. */
#pragma once

#include "sim/compare/wp-match.h"
#include "sim/compare/wp-measurement.h"

/* A client that leaves no further than this from the server's answer has crossed it. Both are woken, and the
 * way takes no time to speak of: it is what a busy machine keeps a process waiting. */
#define WP_CLIENT_VIEW_CROSSING_NS (10 * WP_NS_PER_MS)

typedef struct {
  char *file;      /* its name */
  gsize n_matched; /* requests, with those of the record */
  gsize n_crossed; /* of them: the client left in the moment of its answer */
  /* the client waited for: "response" or "accept latency", as the record's note of --ack says */
  const char *what;
  WpDifference difference; /* between that and the client's latency */
} WpClientView;

/**
 * wp_client_view_compare:
 * @path: columns id, arrival (planned), ended (answered), outcome: stored for 2xx, rejected for 503,
 * abandoned, failed otherwise
 * @warnings: (element-type utf8): gets a line for each count that differs, for requests that were answered
 * otherwise, or sooner, than the server says, and for latencies that differ by more than a little. A client
 * that leaves in the moment of its answer contradicts nobody, and is counted.
 *
 * Returns: FALSE with what reading said; else free with wp_client_view_clear().
 */
gboolean wp_client_view_compare (WpClientView *self, const char *path, const WpMeasurement *measured,
                                 GPtrArray *warnings, GError **error);
void wp_client_view_clear (WpClientView *self); /* all zero is clear */
