/* wp-door.h - the listening socket of a gate, on the gate's epoll. It is looked at only while another connection is wanted and can be had;
 * others wait in the backlog. Its gate's thread only. */
#pragma once

#include <glib.h>

typedef struct _WpDoor WpDoor;

typedef struct {
  gboolean (*has_room) (gpointer data);          /* for one more */
  void (*accepted) (gpointer data, int fd);      /* takes @fd, which is non-blocking */
} WpDoorClass;

/**
 * wp_door_new:
 * @context: of the thread; where it tries again after it could not accept
 * @epoll_fd: tells of the door by an event whose data.ptr is NULL; not owned
 * @listen_fd: non-blocking; owned
 */
WpDoor *wp_door_new (GMainContext *context, int epoll_fd, int listen_fd, const WpDoorClass *class, gpointer data);
void wp_door_free (WpDoor *self);    /* closes the socket */

/* The epoll has told of it: accepts some. */
void wp_door_accept (WpDoor *self);

/* All that is in the backlog now, as far as there is room. */
void wp_door_accept_backlog (WpDoor *self);

/* There may be room again. */
void wp_door_open (WpDoor *self);
