/* wp-replay-progress.h - what is printed while a run goes on, by a thread of its own: a terminal or a pipe
 * whose reader stops keeps no request from being sent. */
#pragma once

#include <stdio.h>

#include "runtime/replay/wp-tally.h"

typedef struct _WpReplayProgress WpReplayProgress;

/**
 * wp_replay_progress_new:
 * @lines: where a line of JSON goes for each second; NULL: a line on standard error is rewritten
 * @n_senders: their number
 * @n_requests: of the run; 0: unknown
 */
WpReplayProgress *wp_replay_progress_new (FILE *lines, guint n_senders, gsize n_requests);

/* Prints what was posted, and wipes the line; waits for a reader that has stopped. */
void wp_replay_progress_free (WpReplayProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpReplayProgress, wp_replay_progress_free)

gint64 wp_replay_progress_interval (const WpReplayProgress *self); /* between two posts of a sender */

/**
 * wp_replay_progress_post:
 * @sender: its number
 * @tally: its own; what it counted since its last post is taken from it
 * @now_ns: on the schedule's clock; G_MAXINT64: it posts no more
 *
 * By the sender's thread; never waits: what a printer that is behind does not take yet comes with a later
 * post.
 */
void wp_replay_progress_post (WpReplayProgress *self, guint sender, WpTally *tally, gint64 now_ns,
                              guint64 n_waiting);
