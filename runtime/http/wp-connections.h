/* wp-connections.h - accepts connections and watches them, all on one epoll descriptor behind one GSource.
 *
 * The main context polls two descriptors whatever the number of connections. What answers on a connection is
 * its lane, the same for all of a gate: our own (wp-http1.c) or libsoup's (wp-stream.c). */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-slots.h"
#include "runtime/queue/wp-memory-budget.h"
#include "runtime/secure/wp-tls.h"

typedef struct {
  WpSlots *slots;           /* one for each connection, shared by all gates; not owned */
  gint64 header_timeout_ns; /* for a whole head */
  gint64 body_timeout_ns;   /* for a body that does not keep its rate */
  gint64 idle_timeout_ns;   /* between requests, and for writing an answer */
  guint64 max_body_bytes;
  guint64 body_min_rate; /* bytes/s that a body must keep; 0: all of it has the timeout alone */
  guint crowd;           /* beyond so many the idle have a second to be closed; 0: never */
  const char *whose;     /* "the admin listener", for the line that says so */
  /* of what connections and their jobs hold, shared by all gates; not owned; NULL: none */
  WpMemoryBudget *budget;
} WpConnectionLimits;

typedef struct _WpConnections WpConnections;

/* A connection was accepted, and is agreed on TLS where that is spoken: sets its lane, which owns it until
 * wp_connection_release(). */
typedef void (*WpConnectionsAccepted) (WpConnection *connection, gpointer data);

/**
 * wp_connections_new:
 * @context: the gate lives on its thread; all functions but this and wp_connections_count() are called there
 * @listen_fds: @n_listen of them, non-blocking; owned. 0: connections are given by wp_connections_add()
 */
WpConnections *wp_connections_new (GMainContext *context, const int *listen_fds, guint n_listen,
                                   const WpConnectionLimits *limits, WpConnectionsAccepted accepted,
                                   gpointer data);
void wp_connections_set_tls (WpConnections *self, WpTls *tls); /* before the first connection; not owned */
void wp_connections_free (WpConnections *self); /* when its lane has let go of every connection */

/* Another thread has accepted a connection, and taken a slot for it: counts it at once, on any thread; then
 * takes it. */
void wp_connections_expect (WpConnections *self);
void wp_connections_add (WpConnections *self, int fd);

/* Drain: accepts what is in the backlog, then no more; connections that stay idle are closed after half a
 * second. */
void wp_connections_stop (WpConnections *self);

/* Kills all but those that linger. */
void wp_connections_kill_all (WpConnections *self);

/* A request was turned away. Any thread: how many were, added to @counts[WP_N_HTTP_ERRORS]. */
void wp_connections_count_refusal (WpConnections *self, WpHttpError why);
void wp_connections_add_refusals (WpConnections *self, guint64 *counts);

/* Connections now, but for those that only linger. Any thread. */
guint wp_connections_count (WpConnections *self);
