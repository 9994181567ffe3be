/* wp-admin.h - the admin listener: how it goes, for people, probes and programs. Read-only. */
#pragma once

#include "runtime/http/wp-http-thread.h"
#include "runtime/http/wp-hosts.h"
#include "runtime/http/wp-reader.h"
#include "runtime/engine/wp-engine.h"

typedef struct {
  WpEngine *engine;
  const char *database; /* as given */
  const WpMemoryBudget *budget;
  GPtrArray *http_threads; /* (element-type WpHttpThread): of the ingest */
  gint64 started_ns;       /* CLOCK_MONOTONIC */
  gint ready;              /* atomic: takes requests */
  guint n_listeners;       /* streams of /events; the front's thread */
  gint64 warned_ns;        /* that there are too many of them; 0: never */
  const WpHosts *hosts;    /* by what names it is asked; NULL: by any, as a Unix socket is */
} WpAdmin;

typedef struct _SoupServer SoupServer;

/* Adds its handlers; returns what they are given. @admin: the front's WpAdmin. In the module wp-soup.so.
 * GET /: a page for people, which shows the rest live. /metrics: for Prometheus. /events: /stats.json once a
 * second, as it changes. GET /healthz: 200 while the process runs. GET /readyz: 200, or 503 once it drains.
 * GET /stats.json: all figures, one object. GET /failed.json: the last 100 jobs that the journal keeps as
 * failed. */
WpReaderRules wp_admin_setup (WpHttpThread *http_thread, SoupServer *server, gpointer admin);

/* GET /healthz and /readyz alone, asked by any name: for those who are not to see figures. */
WpReaderRules wp_admin_setup_probe (WpHttpThread *http_thread, SoupServer *server, gpointer admin);
