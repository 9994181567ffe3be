/* wp-http-thread.h - an HTTP thread: a main context, a gate, and one lane for all its connections: a
 * SoupServer, which is made for the first of them, or another. */
#pragma once

#include "runtime/http/wp-connections.h"
#include "runtime/http/wp-mailbox.h"
#include "runtime/http/wp-soup-find.h"

/* On the front's thread, once, before the first connection. */
typedef void (*WpHttpThreadSetup) (WpHttpThread *self, gpointer data);

/**
 * wp_http_thread_new:
 * @name: of the thread
 * @listen_fds: @n_listen of them, owned; 0: connections are given by wp_http_thread_take_connection()
 * @site: whose handlers its SoupServer will have, if it gets one
 * @setup: (nullable)
 * @deliver: (nullable): gets what is posted, on the front's thread
 * @data: for the handlers, @setup and @deliver; outlives the front
 *
 * Starts the thread.
 */
WpHttpThread *wp_http_thread_new (const char *name, const int *listen_fds, guint n_listen,
                                  const WpConnectionLimits *limits, WpSoupSite site, WpHttpThreadSetup setup,
                                  WpMailboxFunc deliver, gpointer data);
/* any thread: all its connections are cut, and its thread ends */
void wp_http_thread_stop (WpHttpThread *self);
/* waits until it has; what is posted later is not delivered */
void wp_http_thread_join (WpHttpThread *self);
void wp_http_thread_free (WpHttpThread *self); /* stops and joins; nobody posts any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHttpThread, wp_http_thread_free)

/* In @setup: connections go to @accepted, and none to a SoupServer. */
void wp_http_thread_set_protocol (WpHttpThread *self, WpConnectionsAccepted accepted, gpointer data,
                                  GDestroyNotify destroy);
/* in @setup; not owned: connections speak TLS */
void wp_http_thread_set_tls (WpHttpThread *self, WpTls *tls);

WpSoup *wp_http_thread_get_soup (WpHttpThread *self); /* (nullable): NULL as long as there is none */

/* any thread: a connection that was accepted elsewhere */
void wp_http_thread_take_connection (WpHttpThread *self, int fd);
void wp_http_thread_post (WpHttpThread *self, gpointer item); /* any thread */
/* any thread: no new connections, and answers close theirs */
void wp_http_thread_drain (WpHttpThread *self);
gboolean wp_http_thread_is_draining (WpHttpThread *self); /* any thread */
/* any thread: it is draining, and nobody is left, nor in the backlog */
gboolean wp_http_thread_is_drained (WpHttpThread *self);
guint wp_http_thread_count_connections (WpHttpThread *self); /* any thread */
/* any thread: to WP_N_HTTP_ERRORS counts */
void wp_http_thread_add_refusals (WpHttpThread *self, guint64 *counts);

/* front's thread: a request was turned away, not by its gate */
void wp_http_thread_count_refusal (WpHttpThread *self, WpHttpError why);
