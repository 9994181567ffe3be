/* wp-admin.h - the admin listener: the state of the server for people, probes and programs. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-hosts.h"
#include "runtime/http/wp-reader.h"
#include "runtime/engine/wp-engine.h"
#include "runtime/engine/wp-history.h"
#include "runtime/forecast/wp-forecast.h"
#include "runtime/secure/wp-tokens.h"

typedef struct {
  WpEngine *engine;
  WpHistory *history;   /* not owned */
  WpForecast *forecast; /* NULL: none */
  const char *database; /* as given */
  const WpMemoryBudget *budget;
  GPtrArray *http_threads; /* (element-type WpHttpThread): of the ingest */
  gint64 started_ns;       /* CLOCK_MONOTONIC */
  gint ready;              /* atomic: no drain has begun */
  guint n_listeners;       /* streams of /events; used by the HTTP thread */
  gint64 warned_ns;        /* last warning of too many streams; 0: never */
  const WpHosts *hosts;    /* accepted values of Host; NULL: any, for a Unix socket */
  WpTokens *tokens;        /* of clients that may change sizes; NULL: nobody may */
} WpAdmin;

typedef struct _SoupServer SoupServer;

/* Adds the handlers to @server. In the module wp-soup.so. @admin: the WpAdmin. Returns: the rules of the
 * reader. GET /: a page that shows the figures live. /metrics: for Prometheus. /events: /stats.json once per
 * second. /healthz: 200 while the process runs. /readyz: 200, or 503 with the reason. /stats.json: all
 * figures, one object. /history.json: see wp-history-page.h. /forecast.json, /what-if.json: see
 * wp-forecast-pages.h. /failed.json: the last 100 failed jobs of the journal. GET and PUT /workers,
 * /queue and /policy: see wp-admin-sizes.h. */
WpReaderRules wp_admin_setup (WpHttpThread *http_thread, SoupServer *server, gpointer admin);

/* GET /healthz and /readyz only, with any Host, for clients that must not see figures. */
WpReaderRules wp_admin_setup_probe (WpHttpThread *http_thread, SoupServer *server, gpointer admin);
