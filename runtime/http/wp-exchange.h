/* wp-exchange.h - a request that waits for its answer: its job on one side, its connection on the other,
 * whichever lane it came by. */
#pragma once

#include "runtime/http/wp-front.h"
#include "runtime/engine/wp-mode.h"

typedef struct _WpExchange WpExchange;

/* How a lane answers. On the front's thread, once. */
typedef void (*WpExchangeReply) (WpFront *front, gpointer request, guint status);

/**
 * wp_exchange_offer:
 * @front: on whose thread we are
 * @connection: it is BUSY with this request
 * @job: (transfer full): new
 * @request: the lane's own
 *
 * Offers the job to its mode.
 *
 * Returns: the status to answer with, now; or 0: @reply will be called for @request later. The lane then
 * makes the request wait, and calls wp_connection_check() once it does.
 */
guint wp_exchange_offer (WpMode *mode, WpFront *front, WpConnection *connection, WpJob *job,
                         WpExchangeReply reply, gpointer request);

/* The WpMailboxFunc of every front that has exchanges. */
void wp_exchange_deliver (gpointer exchange, gpointer data);
