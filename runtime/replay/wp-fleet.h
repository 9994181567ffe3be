/* wp-fleet.h - the shards of a run, and the connections in stock for them. One thread's. */
#pragma once

#include "runtime/replay/wp-shard.h"

typedef struct _WpFleet WpFleet;

/**
 * wp_fleet_new:
 * @connections: at most, of all shards and the stock
 * @n_stock: connections to have in stock
 * @epoll_fd: where their events come, see wp-shard.h; the upper half of data.u64 is less than
 * WP_FLEET_NO_SHARD
 * @setup: outlives it; its target too
 */
WpFleet *wp_fleet_new (guint connections, guint n_stock, int epoll_fd, const WpLaneSetup *setup,
                       WpShardDone done, gpointer data);
void wp_fleet_free (WpFleet *self); /* closes all connections */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFleet, wp_fleet_free)

/* For the caller's own events, in the upper half of data.u64. */
#define WP_FLEET_NO_SHARD ((guint64) G_MAXUINT32)

/* For one more request: a shard with an idle connection, else the one with the fewest connections; NULL if
 * there may be no more. */
WpShard *wp_fleet_choose (const WpFleet *self);

/* Opens a connection for later. FALSE: none is missing, or none can be had. */
gboolean wp_fleet_stock_up (WpFleet *self);

void wp_fleet_run_socket (WpFleet *self, guint64 event, guint32 epoll_events); /* @event: data.u64 */
void wp_fleet_run_timers (WpFleet *self);                                      /* those that are due */
gint64 wp_fleet_next_timer (const WpFleet *self); /* CLOCK_MONOTONIC, ns; G_MAXINT64: none */

guint64 wp_fleet_n_opened (const WpFleet *self); /* sockets ever */

/* Raises the soft file limit to the hard one. Returns how many connections fit below it with a reserve for
 * all else. */
guint wp_fleet_room (void);
