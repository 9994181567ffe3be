/* wp-accept-thread.h - one listening socket for several fronts: a thread that accepts, and hands each
 * connection to the front that has the fewest. For sockets of which there is only one: a Unix socket, or one
 * from systemd. */
#pragma once

#include "runtime/http/wp-http-thread.h"

typedef struct _WpAcceptThread WpAcceptThread;

/**
 * wp_accept_thread_new:
 * @listen_fd: non-blocking; owned
 * @fronts: (element-type WpHttpThread): not owned; outlive the acceptor
 * @slots: one is taken for each connection; not owned
 * @empties: accepts what is in the backlog before it ends; else that is left to whoever has the socket next
 */
WpAcceptThread *wp_accept_thread_new (int listen_fd, GPtrArray *http_threads, WpSlots *slots,
                                      gboolean empties);
void wp_accept_thread_free (WpAcceptThread *self); /* accepts no more */
