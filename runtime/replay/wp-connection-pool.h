/* wp-connection-pool.h - an HTTP/1.1 client: requests over connections that are kept, one at a time on each.
 * One thread's, on an epoll of the caller's; nothing is allocated for a request but where a connection is
 * opened. */
#pragma once

#include <sys/epoll.h>

#include "runtime/replay/wp-response.h"
#include "runtime/replay/wp-target.h"

/* A request, as bytes. The body is @block again and again until it is @body_bytes long. */
typedef struct {
  GString *head;
  const char *block;
  gsize block_bytes;
  guint64 body_bytes;
  gboolean is_head; /* HEAD: its response has no body */
} WpMessage;

typedef struct {
  /* Writes request @request into @message, of which only @head is set, and is empty. To be the same each
   * time: a request that is not written in one piece is composed again for each. */
  void (*compose) (gpointer data, gsize request, WpMessage *message);

  /* Its first byte is about to be written; again if it must be sent again. */
  void (*sent) (gpointer data, gsize request);

  /* It is over; the pool can be used. @response: valid in the call; NULL: there is none, and @error says why.
   */
  void (*ended) (gpointer data, gsize request, const WpResponse *response, const char *error);
} WpConnectionPoolClass;

typedef struct _WpPooledConnection WpPooledConnection;
typedef struct _WpConnectionPool WpConnectionPool;

/**
 * wp_connection_pool_new:
 * @target: found and secured; outlives the pool
 * @max_connections: at most
 * @epoll_fd: where their events come: data.ptr is a WpPooledConnection
 */
WpConnectionPool *wp_connection_pool_new (const WpTarget *target, guint max_connections, int epoll_fd,
                                          const WpConnectionPoolClass *class, gpointer data);
void wp_connection_pool_free (WpConnectionPool *self); /* closes all; nothing is reported */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpConnectionPool, wp_connection_pool_free)

/**
 * wp_connection_pool_send:
 * @place: (out): the connection that carries the request; NULL from the moment that it has ended
 *
 * Sends on the connection that was used last, else on the one that stands longest, else on a new one. It may
 * have ended when this returns. Not to be called while the pool is full.
 */
void wp_connection_pool_send (WpConnectionPool *self, gsize request, WpPooledConnection **place);

gboolean wp_connection_pool_is_full (const WpConnectionPool *self); /* all are busy, and there may be no more
                                                                     */

/* Gives up the request of @connection, and closes it. Nothing is reported. */
void wp_connection_pool_cancel (WpConnectionPool *self, WpPooledConnection *connection);

/* Opens a connection that no request needs yet. FALSE: @n stand idle, there may be no more, or the server
 * does not want them. */
gboolean wp_connection_pool_open_spare (WpConnectionPool *self, guint n);

/* Handles what epoll reported; those of one epoll_wait() in one call. */
void wp_connection_pool_dispatch (WpConnectionPool *self, WpPooledConnection *connection, guint32 events);
void wp_connection_pool_end_batch (WpConnectionPool *self); /* after all of them */

guint64 wp_connection_pool_n_opened (const WpConnectionPool *self); /* ever */

/* Raises the soft file limit to the hard one. Returns how many connections fit below it with a reserve for
 * all else. */
guint wp_connection_pool_raise_limit (void);
