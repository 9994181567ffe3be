/* wp-client-view.h - compares the client's record (wp-replay --output) with the server's. */
#pragma once

#include "sim/compare/wp-match.h"
#include "sim/compare/wp-measurement.h"

/* A departure within this time of the response crossed it. It allows for the scheduling delay of a busy
 * machine. */
#define WP_CLIENT_VIEW_CROSSING_NS (10 * WP_NS_PER_MS)

typedef struct {
  char *file;      /* its name */
  gsize n_matched; /* requests found in both records */
  gsize n_crossed; /* of these, clients that left at the time of their response */
  /* "response" or "accept latency", by the record's note of --ack */
  const char *what;
  WpDifference difference; /* of the client's latency from it */
} WpClientView;

/**
 * wp_client_view_compare:
 * @path: columns id, arrival (planned), ended (answered), outcome: stored for 2xx, rejected for 503,
 * abandoned, failed otherwise
 * @warnings: (element-type utf8): gets a line for each count that differs, for requests answered differently
 * or earlier than the server recorded, and for latencies that differ. A client that leaves at the time of its
 * response is counted, without a warning.
 *
 * Returns: FALSE with the reader's error; else free with wp_client_view_clear().
 */
gboolean wp_client_view_compare (WpClientView *self, const char *path, const WpMeasurement *measured,
                                 GPtrArray *warnings, GError **error);
void wp_client_view_clear (WpClientView *self); /* all zero is clear */
