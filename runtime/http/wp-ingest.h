/* wp-ingest.h - GET, POST and PUT on any path make a job, whichever lane serves them. */
#pragma once

#include "runtime/http/wp-http-error.h"
#include "runtime/http/wp-request.h"
#include "runtime/engine/wp-engine.h"
#include "runtime/secure/wp-tls.h"
#include "runtime/secure/wp-tokens.h"

typedef struct {
  WpEngine *engine;
  gboolean by_request; /* X-WP-Service must be a number from 0 to 3600, where it is there */
  gboolean by_soup;    /* libsoup serves, in place of the fast lane */
  WpTls *tls;          /* NULL: plain HTTP; not owned */
  WpTokens *tokens;    /* NULL: whoever comes is let in; not owned */
  /* its threads go before other work on the machine; they must leave a processor free */
  gboolean goes_first;
} WpIngest;

/**
 * wp_ingest_make_job:
 * @body: (transfer full) (nullable): its payload
 * @budget: (nullable): of what it holds
 * @why: (out): where there is no job, why not
 *
 * Returns: (transfer full) (nullable)
 */
WpJob *wp_ingest_make_job (const WpIngest *self, const WpRequest *request, GBytes *body,
                           WpMemoryBudget *budget, WpHttpError *why);
