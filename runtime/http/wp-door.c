#include "runtime/http/wp-door.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-listen.h"

#define ACCEPTS_AT_ONCE 256
#define RETRY_MS        100 /* after EMFILE and the like */

struct _WpDoor {
  int epoll_fd;
  int listen_fd;
  gboolean listening; /* listen_fd is on the epoll */
  GSource *wake;      /* made ready by any thread that keeps a slot for us, or by us, to try again */
  WpSlots *slots;
  WpSlotTaker taker;
  gint64 told_ns;
  WpDoorAccepted accepted;
  gpointer data;
};

/* The listener is level-triggered: what is not accepted now is told of again. */
static void
listen_on (WpDoor *self, gboolean on)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  if (self->listening == on)
    return;
  self->listening = on;
  epoll_ctl (self->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, self->listen_fd, &event);
}

/* Out of descriptors or memory: the backlog keeps the connections. */
static void
back_off (WpDoor *self)
{
  listen_on (self, FALSE);
  g_source_set_ready_time (self->wake, g_get_monotonic_time () + RETRY_MS * 1000);
}

/* FALSE: there is none more for now, or none can be had. */
static gboolean
accept_one (WpDoor *self)
{
  int fd;

  if (!wp_slots_take (self->slots, &self->taker))
    {
      listen_on (self, FALSE);
      return FALSE;
    }
  fd = wp_listen_accept (self->listen_fd, &self->told_ns);
  if (fd >= 0)
    {
      self->accepted (self->data, fd);
      return TRUE;
    }
  if (errno != EAGAIN)
    back_off (self);
  wp_slots_give (self->slots);
  return FALSE;
}

static void
accept_some (WpDoor *self, guint max)
{
  while (max > 0 && accept_one (self))
    max--;
}

void
wp_door_accept (WpDoor *self)
{
  accept_some (self, ACCEPTS_AT_ONCE);
}

void
wp_door_accept_backlog (WpDoor *self)
{
  accept_some (self, WP_LISTEN_BACKLOG);
}

static gboolean
on_wake (gpointer data)
{
  WpDoor *self = data;

  listen_on (self, TRUE);
  wp_door_accept (self);
  return G_SOURCE_CONTINUE;
}

/* WpSlotTaker */
static void
on_granted (gpointer data)
{
  g_source_set_ready_time (((WpDoor *) data)->wake, 0);
}

/* Before the callback looks: who wakes it meanwhile is not missed. */
static gboolean
wake_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

static GSource *
wake_new (GMainContext *context, gpointer data)
{
  static GSourceFuncs funcs = { .dispatch = wake_dispatch };
  GSource *source = g_source_new (&funcs, sizeof *source);

  g_source_set_callback (source, on_wake, data, NULL);
  g_source_attach (source, context);

  return source;
}

WpDoor *
wp_door_new (GMainContext *context, int epoll_fd, int listen_fd, WpSlots *slots, WpDoorAccepted accepted,
             gpointer data)
{
  WpDoor *self = g_new0 (WpDoor, 1);

  wp_listen_set_inherited (listen_fd);
  self->epoll_fd = epoll_fd;
  self->listen_fd = listen_fd;
  self->slots = slots;
  self->taker = (WpSlotTaker){ .granted = on_granted, .data = self };
  self->accepted = accepted;
  self->data = data;
  self->wake = wake_new (context, self);
  listen_on (self, TRUE);

  return self;
}

void
wp_door_free (WpDoor *self)
{
  wp_slots_leave (self->slots, &self->taker);
  g_source_destroy (self->wake);
  g_source_unref (self->wake);
  listen_on (self, FALSE);
  close (self->listen_fd);
  g_free (self);
}
