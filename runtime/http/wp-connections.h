/* wp-connections.h - the connections of an HTTP thread, all on one epoll descriptor behind one GSource: the
 * main context polls two descriptors, whatever the number of connections.
 *
 * All connections have the same protocol: our own HTTP/1 (wp-http1.c) or libsoup (wp-stream.c). */
#pragma once

#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-slots.h"
#include "runtime/queue/wp-memory-budget.h"
#include "runtime/secure/wp-tls.h"

typedef struct {
  WpSlots *slots;           /* one for each connection, shared by all threads; not owned */
  gint64 header_timeout_ns; /* for a whole head */
  gint64 body_timeout_ns;   /* how far a body may lag behind body_min_rate */
  gint64 idle_timeout_ns;   /* between requests, and for writing a response */
  guint64 max_body_bytes;
  guint64 body_min_rate;  /* bytes/s; 0: the timeout limits the whole body */
  guint crowd;            /* with more connections, idle ones are closed after 1 s; 0: never */
  const char *whose;      /* for the warning of that: "the admin listener" */
  WpMemoryBudget *budget; /* for connections and their jobs, shared by all threads; not owned; NULL: none */
} WpConnectionLimits;

typedef struct _WpConnections WpConnections;

/* A connection was accepted, and with TLS its handshake is complete. Sets its protocol, which owns it until
 * wp_connection_release(). */
typedef void (*WpConnectionsAccepted) (WpConnection *connection, gpointer data);

/**
 * wp_connections_new:
 * @context: all functions but this one, and those for any thread, are called on its thread
 * @listen_fds: @n_listen of them, non-blocking; owned. 0: connections come by wp_connections_add()
 */
WpConnections *wp_connections_new (GMainContext *context, const int *listen_fds, guint n_listen,
                                   const WpConnectionLimits *limits, WpConnectionsAccepted accepted,
                                   gpointer data);
void wp_connections_set_tls (WpConnections *self, WpTls *tls); /* before the first connection; not owned */
void wp_connections_free (WpConnections *self); /* once the protocol has released every connection */

/* Counts a connection that another thread has accepted, with a slot, and is about to add. Any thread. */
void wp_connections_count_accepted (WpConnections *self);
void wp_connections_add (WpConnections *self, int fd);

/* Drain: accepts the backlog, then no more; connections that stay idle are closed after half a second. */
void wp_connections_stop (WpConnections *self);

/* Kills all connections except the lingering ones. */
void wp_connections_kill_all (WpConnections *self);

/* Counts a refused request. */
void wp_connections_count_refusal (WpConnections *self, WpHttpError why);

/* Adds the numbers of refused requests to @counts[WP_N_HTTP_ERRORS]. Any thread. */
void wp_connections_add_refusals (WpConnections *self, guint64 *counts);

/* Returns: the number of connections, without the lingering ones. Any thread. */
guint wp_connections_count (WpConnections *self);
