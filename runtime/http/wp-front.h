/* wp-front.h - an HTTP thread: a main context, a gate, and a SoupServer for the requests that no lane before it takes. */
#pragma once

#include <libsoup/soup.h>

#include "runtime/http/wp-gate.h"
#include "runtime/http/wp-mailbox.h"

typedef struct _WpFront WpFront;

/* Adds handlers; on the front's thread, once, before the first connection. */
typedef void (*WpFrontSetup) (WpFront *self, SoupServer *server, gpointer data);

/**
 * wp_front_new:
 * @name: of the thread
 * @listen_fd: owned; -1: connections are given by wp_front_hand()
 * @deliver: (nullable): gets what is posted, on the front's thread
 * @data: for @setup and @deliver; outlives the front
 *
 * Starts the thread.
 */
WpFront *wp_front_new (const char *name, int listen_fd, const WpGateLimits *limits, WpFrontSetup setup,
                       WpMailboxFunc deliver, gpointer data);
void wp_front_stop (WpFront *self);       /* any thread: the front starts to end, all its connections and its thread */
void wp_front_join (WpFront *self);       /* waits until it has; what is posted later is not delivered */
void wp_front_free (WpFront *self);       /* stops and joins; nobody posts any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpFront, wp_front_free)

/* In @setup: connections go to @accepted first, which may pass them on with wp_front_give_to_soup(). */
void wp_front_set_lane (WpFront *self, WpGateAccepted accepted, gpointer data, GDestroyNotify destroy);
void wp_front_set_tls (WpFront *self, WpTls *tls);     /* in @setup; not owned: connections speak TLS */
void wp_front_give_to_soup (WpFront *self, WpConnection *connection);

/* libsoup looks at each of its connections at every turn, but for those whose requests wait for their jobs (40 ms an answer beside 6,500). So
 * it is to have few of them: gets whole requests only, and keeps no connection where there is no room. Front's thread. */
void wp_front_set_waiting (WpFront *self, gboolean waits);   /* one more request does, or one less */
gboolean wp_front_has_room (const WpFront *self);

void wp_front_hand (WpFront *self, int fd);            /* any thread: a connection that was accepted elsewhere */
void wp_front_post (WpFront *self, gpointer item);     /* any thread */
void wp_front_drain (WpFront *self);                   /* any thread: no new connections, and answers close theirs */
gboolean wp_front_is_draining (WpFront *self);         /* any thread */
guint wp_front_count_connections (WpFront *self);      /* any thread */
void wp_front_add_refusals (WpFront *self, guint64 *counts);   /* any thread: to WP_N_REFUSALS counts */

void wp_front_count_refusal (WpFront *self, WpRefusal why);    /* front's thread: a request was turned away, not by its gate */

/* The connection on which a message came; front's thread. Every request has one until it is finished. */
WpConnection *wp_front_get_connection (SoupServerMessage *message);
