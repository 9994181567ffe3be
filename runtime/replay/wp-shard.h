/* wp-shard.h - a curl multi handle of its own, and the connections it keeps. curl walks all connections to
 * the host, busy ones too, when it looks for a free one and when a request has ended; many small shards keep
 * that walk short. All of one run are on one thread. */
#pragma once

#include "runtime/replay/wp-lane.h"
#include "runtime/replay/wp-stock.h"

typedef struct _WpShard WpShard;

/* An answer (@code is CURLE_OK) or a failure; the lane is free again when this returns. */
typedef void (*WpShardDone) (gpointer data, const WpLane *lane, CURLcode code);

/* Events of its sockets come to @epoll_fd with data.u64 = @number << 32 | descriptor. @setup and @stock
 * outlive it. @n_lanes are made beforehand. */
WpShard *wp_shard_new (guint number, int epoll_fd, const WpLaneSetup *setup, WpStock *stock, guint n_lanes,
                       WpShardDone done, gpointer data);
void wp_shard_free (WpShard *self); /* drops what is under way and closes its connections */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpShard, wp_shard_free)

/* Takes the request in hand; it is written, at the soonest, in the next wp_shard_run_timers(). The lane is
 * valid until done or left. */
WpLane *wp_shard_send (WpShard *self, const WpRow *row, gsize request);
void wp_shard_leave (WpShard *self, WpLane *lane); /* closes its connection; not done */

void wp_shard_run_socket (WpShard *self, int fd, guint32 epoll_events);
void wp_shard_run_timers (WpShard *self);
gint64 wp_shard_next_timer (const WpShard *self); /* CLOCK_MONOTONIC, ns; G_MAXINT64: none */

guint wp_shard_n_open (const WpShard *self);     /* connections, or requests that are about to open one */
guint wp_shard_n_busy (const WpShard *self);     /* requests under way */
guint64 wp_shard_n_opened (const WpShard *self); /* sockets ever */
