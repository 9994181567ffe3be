/* wp-pending-request.h - a request that waits for its response: connects a job with its connection, for both
 * protocols. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/engine/wp-engine.h"

typedef struct _WpPendingRequest WpPendingRequest;

/* Sends the response; called once, on the HTTP thread. */
typedef void (*WpPendingRequestRespond) (WpHttpThread *http_thread, gpointer request, guint status);

/**
 * wp_pending_request_offer:
 * @http_thread: the current thread
 * @connection: of the request
 * @job: (transfer full): new
 * @request: passed to @respond
 *
 * Submits the job to the engine.
 *
 * Returns: the status to answer with now; 0: @respond will be called later. The protocol then makes the
 * request wait, and calls wp_connection_check().
 */
guint wp_pending_request_offer (WpEngine *engine, WpHttpThread *http_thread, WpConnection *connection,
                                WpJob *job, WpPendingRequestRespond respond, gpointer request);

/* WpMailboxFunc of each HTTP thread with pending requests. */
void wp_pending_request_deliver (gpointer pending, gpointer data);
