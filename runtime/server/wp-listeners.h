/* wp-listeners.h - where requests come in, the admin's and the probe's: bound here, or handed over by
 * systemd. */
#pragma once

#include "runtime/http/wp-listen-socket.h"
#include "runtime/server/wp-server-options.h"

typedef struct {
  WpListenSocket ingest, admin, probe;
  gboolean shared;                     /* the ingest has one socket for all threads */
  gboolean inherited;                  /* it is systemd's: who comes next gets what we do not accept */
  char *address;                       /* as told to people: "http://127.0.0.1:8080/" */
  char *admin_address, *probe_address; /* NULL: none */
} WpListeners;

/* Opens all that the options ask for. A socket from systemd takes the place of the address. FALSE: with one
 * line. */
gboolean wp_listeners_open (WpListeners *self, const WpServerOptions *options, GError **error);

/* Requests are to be accepted no more: before their sockets are closed. */
void wp_listeners_stop_ingest (WpListeners *self);
void wp_listeners_clear (WpListeners *self); /* nor anybody; the descriptors are their takers' */
