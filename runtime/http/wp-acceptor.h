/* wp-acceptor.h - one listening socket for several fronts: a thread that accepts, and hands each connection
 * to the front that has the fewest. For sockets of which there is only one: a Unix socket, or one from
 * systemd. */
#pragma once

#include "runtime/http/wp-front.h"

typedef struct _WpAcceptor WpAcceptor;

/**
 * wp_acceptor_new:
 * @listen_fd: non-blocking; owned
 * @fronts: (element-type WpFront): not owned; outlive the acceptor
 * @slots: one is taken for each connection; not owned
 * @empties: accepts what is in the backlog before it ends; else that is left to whoever has the socket next
 */
WpAcceptor *wp_acceptor_new (int listen_fd, GPtrArray *fronts, WpSlots *slots, gboolean empties);
void wp_acceptor_free (WpAcceptor *self); /* accepts no more */
