/* wp-accept-thread.h - a thread that accepts connections from one listening socket, and passes each to the
 * HTTP thread with the fewest. For a Unix socket, or a socket from systemd. */
#pragma once

#include "runtime/http/wp-http-thread.h"

typedef struct _WpAcceptThread WpAcceptThread;

/**
 * wp_accept_thread_new:
 * @listen_fd: non-blocking; owned
 * @http_threads: (element-type WpHttpThread): not owned; outlive this thread
 * @slots: one is taken for each connection; not owned
 * @empties: accepts the backlog before it ends; otherwise the next owner of the socket accepts it
 */
WpAcceptThread *wp_accept_thread_new (int listen_fd, GPtrArray *http_threads, WpSlots *slots,
                                      gboolean empties);
void wp_accept_thread_free (WpAcceptThread *self); /* stops and joins the thread */
