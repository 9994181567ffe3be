/* wp-listeners.h - the listening sockets for requests, admin and probe, bound here or inherited from systemd.
 */
#pragma once

#include "runtime/http/wp-listen-socket.h"
#include "runtime/server/wp-server-options.h"

typedef struct {
  WpListenSocket ingest, admin, probe;
  gboolean shared;                     /* all HTTP threads share one ingest socket */
  gboolean inherited;                  /* from systemd: the next server accepts the rest of its backlog */
  char *address;                       /* for the log: "http://127.0.0.1:8080/" */
  char *admin_address, *probe_address; /* NULL: none */
} WpListeners;

/* A socket from systemd replaces the address of its option. Returns: FALSE with one line */
gboolean wp_listeners_open (WpListeners *self, const WpServerOptions *options, GError **error);

/* Call both before the descriptors are closed; their users own and close these. */
void wp_listeners_stop_ingest (WpListeners *self);
void wp_listeners_clear (WpListeners *self);
