/* wp-front.h - an HTTP thread: a main context, a gate, and one lane for all its connections: a SoupServer,
 * which is made for the first of them, or another. */
#pragma once

#include "runtime/http/wp-gate.h"
#include "runtime/http/wp-mailbox.h"
#include "runtime/http/wp-soup.h"

/* On the front's thread, once, before the first connection. */
typedef void (*WpFrontSetup) (WpFront *self, gpointer data);

/**
 * wp_front_new:
 * @name: of the thread
 * @listen_fds: @n_listen of them, owned; 0: connections are given by wp_front_hand()
 * @site: whose handlers its SoupServer will have, if it gets one
 * @setup: (nullable)
 * @deliver: (nullable): gets what is posted, on the front's thread
 * @data: for the handlers, @setup and @deliver; outlives the front
 *
 * Starts the thread.
 */
WpFront *wp_front_new (const char *name, const int *listen_fds, guint n_listen, const WpGateLimits *limits,
                       WpSoupSite site, WpFrontSetup setup, WpMailboxFunc deliver, gpointer data);
void wp_front_stop (WpFront *self); /* any thread: all its connections are cut, and its thread ends */
void wp_front_join (WpFront *self); /* waits until it has; what is posted later is not delivered */
void wp_front_free (WpFront *self); /* stops and joins; nobody posts any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFront, wp_front_free)

/* In @setup: connections go to @accepted, and none to a SoupServer. */
void wp_front_set_lane (WpFront *self, WpGateAccepted accepted, gpointer data, GDestroyNotify destroy);
void wp_front_set_tls (WpFront *self, WpTls *tls); /* in @setup; not owned: connections speak TLS */

WpSoup *wp_front_get_soup (WpFront *self); /* (nullable): NULL as long as there is none */

void wp_front_hand (WpFront *self, int fd);        /* any thread: a connection that was accepted elsewhere */
void wp_front_post (WpFront *self, gpointer item); /* any thread */
void wp_front_drain (WpFront *self);           /* any thread: no new connections, and answers close theirs */
gboolean wp_front_is_draining (WpFront *self); /* any thread */
/* any thread: it is draining, and nobody is left, nor in the backlog */
gboolean wp_front_is_drained (WpFront *self);
guint wp_front_count_connections (WpFront *self);            /* any thread */
void wp_front_add_refusals (WpFront *self, guint64 *counts); /* any thread: to WP_N_REFUSALS counts */

/* front's thread: a request was turned away, not by its gate */
void wp_front_count_refusal (WpFront *self, WpRefusal why);
