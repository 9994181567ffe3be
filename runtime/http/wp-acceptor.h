/* wp-acceptor.h - one listening socket for several fronts: a thread that accepts, and hands each connection to the front that has the
 * fewest. For sockets of which there is only one: a Unix socket, or one from systemd. */
#pragma once

#include "runtime/http/wp-front.h"

typedef struct _WpAcceptor WpAcceptor;

/**
 * wp_acceptor_new:
 * @listen_fd: non-blocking; owned
 * @fronts: (element-type WpFront): not owned; outlive the acceptor
 * @max_each: connections of one front; more wait in the backlog
 * @empties: accepts what is in the backlog before it ends; else that is left to whoever has the socket next
 */
WpAcceptor *wp_acceptor_new (int listen_fd, GPtrArray *fronts, guint max_each, gboolean empties);
void wp_acceptor_free (WpAcceptor *self);      /* accepts no more */
