/* wp-crowd.h - thousands of clients in one epoll loop: one GET each, and in which order they were answered.
 */
#pragma once

#include "tests/e2e/wp-harness.h"

typedef struct _WpCrowd WpCrowd;

WpCrowd *wp_crowd_new (guint16 port);
void wp_crowd_free (WpCrowd *self); /* all leave */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpCrowd, wp_crowd_free)

/* Raises the soft limit of descriptors for @n clients. FALSE: the hard one is too low. */
gboolean wp_crowd_has_room (guint n);

/* @n more clients connect without waiting for one another; each sends `GET /I` with `X-Request-Id: I`, I
 * counting from 0, and @headers (whole lines; NULL: none) once it is connected, and leaves when it is
 * answered. */
void wp_crowd_send (WpCrowd *self, guint n, const char *headers);

/* The same of more clients than a listener's backlog holds, to @server: a part of them waits until the one
 * before has been received. The kernel may reset a connection for which the backlog of a slow server has no
 * room. */
void wp_crowd_send_in_parts (WpCrowd *self, WpHarness *server, guint n, const char *headers);

/* From now on a client may lose its connection: that is its response then, with this for its status. Half a
 * response is still an error. */
#define WP_CROWD_CUT 1
void wp_crowd_expect_cuts (WpCrowd *self);

/* Serves all until @n_responses in all have come. A client that is refused, or loses its connection
 * unanswered, is an error. */
void wp_crowd_await (WpCrowd *self, guint n_responses);

/* Serves all for as long as there is something to do at once; returns how many have been answered. */
guint wp_crowd_look (WpCrowd *self);

guint wp_crowd_count_status (const WpCrowd *self, guint status);
guint wp_crowd_answered (const WpCrowd *self, guint i);    /* which client was the @i-th to be answered */
guint wp_crowd_status (const WpCrowd *self, guint client); /* 0: not answered */

void wp_crowd_leave (WpCrowd *self, guint client);
