/* wp-ingest.h - makes a job of each GET, POST and PUT request, on any path, and connects the job with the
 * connection that waits for its response; for both protocols. */
#pragma once

#include "runtime/engine/wp-engine.h"
#include "runtime/http/wp-http-error.h"
#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-request.h"
#include "runtime/secure/wp-tls.h"
#include "runtime/secure/wp-tokens.h"

typedef struct {
  WpEngine *engine;
  gboolean by_request; /* X-WP-Service, if present, must be a number from 0 to 3600 */
  gboolean by_soup;    /* libsoup serves, instead of our own HTTP/1 */
  WpTls *tls;          /* NULL: plain HTTP; not owned */
  WpTokens *tokens;    /* NULL: no token is required; not owned */
  gboolean realtime;   /* its threads have real-time priority; they must leave a processor free */
} WpIngest;

/**
 * wp_ingest_make_job:
 * @body: (transfer full) (nullable): the payload
 * @budget: (nullable): charged for the payload
 * @why: (out): why there is no job
 *
 * Returns: (transfer full) (nullable)
 */
WpJob *wp_ingest_make_job (const WpIngest *self, const WpRequest *request, GBytes *body,
                           WpMemoryBudget *budget, WpHttpError *why);

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

/* WpHttpThreadDeliver of each HTTP thread with pending requests. */
void wp_pending_request_deliver (gpointer pending, gpointer data);
