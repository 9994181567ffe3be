/* wp-pending-request.h - a request that waits for its answer: its job on one side, its connection on the
 * other, whichever lane it came by. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/engine/wp-engine.h"

typedef struct _WpPendingRequest WpPendingRequest;

/* How a lane answers. On the front's thread, once. */
typedef void (*WpPendingRequestReply) (WpHttpThread *http_thread, gpointer request, guint status);

/**
 * wp_pending_request_offer:
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
guint wp_pending_request_offer (WpEngine *engine, WpHttpThread *http_thread, WpConnection *connection,
                                WpJob *job, WpPendingRequestReply reply, gpointer request);

/* The WpMailboxFunc of every front that has exchanges. */
void wp_pending_request_deliver (gpointer pending, gpointer data);
