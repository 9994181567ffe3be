#include "runtime/http/wp-door.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-listen.h"

#define ACCEPTS_AT_ONCE 256
#define RETRY_MS 100             /* after EMFILE and the like */

struct _WpDoor {
  GMainContext *context;
  int epoll_fd;
  int listen_fd;
  gboolean listening;            /* listen_fd is on the epoll */
  GSource *retry;                /* NULL: nothing is in the way */
  gint64 told_ns;
  const WpDoorClass *class;
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

static void
forget_retry (WpDoor *self)
{
  if (self->retry)
    g_source_destroy (self->retry);
  g_clear_pointer (&self->retry, g_source_unref);
}

void
wp_door_open (WpDoor *self)
{
  if (!self->retry && self->class->has_room (self->data))
    listen_on (self, TRUE);
}

static gboolean
on_retry (gpointer data)
{
  forget_retry (data);
  wp_door_open (data);
  return G_SOURCE_REMOVE;
}

/* Out of descriptors or memory: the backlog keeps the connections. */
static void
back_off (WpDoor *self)
{
  listen_on (self, FALSE);
  if (self->retry)
    return;
  self->retry = g_timeout_source_new (RETRY_MS);
  g_source_set_callback (self->retry, on_retry, self, NULL);
  g_source_attach (self->retry, self->context);
}

static void
accept_some (WpDoor *self, guint max)
{
  while (max-- > 0)
    {
      int fd;

      if (!self->class->has_room (self->data))
        {
          listen_on (self, FALSE);
          return;
        }
      fd = wp_listen_accept (self->listen_fd, &self->told_ns);
      if (fd >= 0)
        self->class->accepted (self->data, fd);
      else
        {
          if (errno != EAGAIN)
            back_off (self);
          return;
        }
    }
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

WpDoor *
wp_door_new (GMainContext *context, int epoll_fd, int listen_fd, const WpDoorClass *class, gpointer data)
{
  WpDoor *self = g_new0 (WpDoor, 1);
  int on = 1;

  /* Without it an answer in two sends waits 40 ms. Connections inherit it from their listener; a Unix socket has none. */
  setsockopt (listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  self->context = context;
  self->epoll_fd = epoll_fd;
  self->listen_fd = listen_fd;
  self->class = class;
  self->data = data;
  listen_on (self, TRUE);

  return self;
}

void
wp_door_free (WpDoor *self)
{
  forget_retry (self);
  listen_on (self, FALSE);
  close (self->listen_fd);
  g_free (self);
}
