/* wp-replay-report.h - what a run came to, for people and as JSON; and the line on the terminal meanwhile. */
#pragma once

#include <stdio.h>

#include "runtime/replay/wp-status-set.h"
#include "runtime/replay/wp-tally.h"

typedef struct {
  const char *url; /* without a password */
  const WpTally *tally;
  guint64 n_requests;
  guint n_clients;           /* of a closed loop; 0: an open one */
  const char *think;         /* of theirs, as typed; NULL: none */
  gint64 max_lag_ns;         /* the run is valid where the lag's p99 is not above it */
  const WpStatusSet *expect; /* and where at most 1 % have another status, or no response */
  guint64 out_of_order;      /* rows of the trace */
  guint64 n_connections;     /* opened in all */
  gboolean was_interrupted;
} WpReplayReport;

gboolean wp_replay_report_is_valid (const WpReplayReport *self); /* a run that sent nothing is not */

void wp_replay_report_print_text (const WpReplayReport *self, FILE *out);

/* One object; durations in seconds; a figure over an empty set is null. Latency: answered - planned, whatever
 * the status. */
void wp_replay_report_print_json (const WpReplayReport *self, FILE *out);

void wp_replay_report_print_json_line (const WpReplayReport *self, FILE *out); /* the same in one line */

/* A line of JSON for a piece of the run that ends at @now_ns, on the schedule's clock. */
void wp_replay_report_print_interval (const WpTallyInterval *interval, gint64 now_ns, guint64 n_waiting,
                                      FILE *out);

/* Rewrites the line on standard error. @total: since the start; @n_requests: 0: unknown. */
void wp_replay_report_live (const WpTallyInterval *total, guint64 n_requests, gint64 now_ns,
                            guint64 n_waiting);
void wp_replay_report_end_live (void); /* wipes it */
