/* wp-listener.h - a listening socket on the epoll descriptor of a WpConnections. It is polled only while a
 * slot is free; otherwise connections wait in the backlog. Used by the thread of the WpConnections only. */
#pragma once

#include "runtime/http/wp-slots.h"

typedef struct _WpListener WpListener;

/* @fd: (transfer full): non-blocking. Its slot must be given back when it is closed. */
typedef void (*WpListenerAccepted) (gpointer data, int fd);

/**
 * wp_listener_new:
 * @context: of the thread, for accepting again once a slot is free, or after an error
 * @epoll_fd: its events for the listener have a data.ptr of NULL; not owned
 * @listen_fd: non-blocking; owned
 * @slots: not owned
 */
WpListener *wp_listener_new (GMainContext *context, int epoll_fd, int listen_fd, WpSlots *slots,
                             WpListenerAccepted accepted, gpointer data);
void wp_listener_free (WpListener *self); /* closes the socket */

/* Call it after an event: accepts some connections. */
void wp_listener_accept (WpListener *self);

/* Accepts the whole backlog, as far as slots are free. */
void wp_listener_accept_backlog (WpListener *self);
