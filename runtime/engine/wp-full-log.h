/* wp-full-log.h - logs when the queue is full for long: one pair of lines for an episode, however often it
 * flickers. One thread. */
#pragma once

#include "runtime/queue/wp-ledger.h"

/* A plain value; all zero before the first step. */
typedef struct {
  gint64 stepped_ns;
  WpLedger last, last_but_one; /* of the steps before */
  gboolean in_episode;         /* the log says that the queue is full */
  gint64 since_ns, last_full_ns;
  WpLedger before; /* the episode: when the queue was not full yet */
  guint64 parked_peak;
} WpFullLog;

/**
 * wp_full_log_step:
 * @ledger: of wp_channel_sample()
 * @now_ns: CLOCK_MONOTONIC
 *
 * Call it about once per second. An episode begins with a step that the queue was full for most of, and ends
 * once it has hardly been full for five seconds.
 */
void wp_full_log_step (WpFullLog *self, const WpLedger *ledger, gint64 now_ns);
