/* wp-listener.h - a listening socket of a gate, on the gate's epoll. It is looked at only while another
 * connection is wanted and can be had; others wait in the backlog. Its gate's thread only. */
#pragma once

#include "runtime/http/wp-slots.h"

typedef struct _WpListener WpListener;

/* Takes @fd, which is non-blocking, and a slot, to be given back when it is closed. */
typedef void (*WpListenerAccepted) (gpointer data, int fd);

/**
 * wp_listener_new:
 * @context: of the thread; where it goes on once there is a slot again, and tries again after it could not
 * accept
 * @epoll_fd: tells of the door by an event whose data.ptr is NULL; not owned
 * @listen_fd: non-blocking; owned
 * @slots: not owned
 */
WpListener *wp_listener_new (GMainContext *context, int epoll_fd, int listen_fd, WpSlots *slots,
                             WpListenerAccepted accepted, gpointer data);
void wp_listener_free (WpListener *self); /* closes the socket */

/* The epoll has told of it: accepts some. */
void wp_listener_accept (WpListener *self);

/* All that is in the backlog now, as far as there are slots. */
void wp_listener_accept_backlog (WpListener *self);
