#include "runtime/http/wp-listener.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-listen-socket.h"

#define ACCEPTS_AT_ONCE 256
#define RETRY_MS        100 /* after EMFILE and the like */

struct _WpListener {
  int epoll_fd;
  int listen_fd;
  gboolean listening; /* listen_fd is on the epoll */
  GSource *wake;      /* ready once a slot is reserved, or to try again after an error */
  WpSlots *slots;
  WpSlotTaker taker;
  gint64 warned_ns;
  WpListenerAccepted accepted;
  gpointer data;
};

/* Level-triggered: epoll reports connections that are not accepted again. */
static void
listen_on (WpListener *self, gboolean on)
{
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

  if (self->listening == on)
    return;
  self->listening = on;
  epoll_ctl (self->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, self->listen_fd, &event);
}

/* No descriptors or memory: connections wait in the backlog. */
static void
back_off (WpListener *self)
{
  listen_on (self, FALSE);
  g_source_set_ready_time (self->wake, g_get_monotonic_time () + RETRY_MS * 1000);
}

/* FALSE: no connection waits, or none can be accepted now. */
static gboolean
accept_one (WpListener *self)
{
  int fd;

  if (!wp_slots_take (self->slots, &self->taker))
    {
      listen_on (self, FALSE);
      return FALSE;
    }
  fd = wp_listen_socket_accept (self->listen_fd, &self->warned_ns);
  if (fd >= 0)
    {
      self->accepted (self->data, fd);
      return TRUE;
    }
  if (errno != EAGAIN)
    back_off (self);
  wp_slots_release (self->slots);
  return FALSE;
}

static void
accept_some (WpListener *self, guint max)
{
  while (max > 0 && accept_one (self))
    max--;
}

void
wp_listener_accept (WpListener *self)
{
  accept_some (self, ACCEPTS_AT_ONCE);
}

void
wp_listener_accept_backlog (WpListener *self)
{
  accept_some (self, WP_LISTEN_BACKLOG);
}

static gboolean
on_wake (gpointer data)
{
  WpListener *self = data;

  listen_on (self, TRUE);
  wp_listener_accept (self);
  return G_SOURCE_CONTINUE;
}

/* WpSlotTaker */
static void
on_granted (gpointer data)
{
  g_source_set_ready_time (((WpListener *) data)->wake, 0);
}

/* Resets the ready time before the callback, so that no wake-up is lost. */
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

WpListener *
wp_listener_new (GMainContext *context, int epoll_fd, int listen_fd, WpSlots *slots,
                 WpListenerAccepted accepted, gpointer data)
{
  WpListener *self = g_new0 (WpListener, 1);

  wp_listen_socket_set_inherited (listen_fd);
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
wp_listener_free (WpListener *self)
{
  wp_slots_cancel (self->slots, &self->taker);
  g_source_destroy (self->wake);
  g_source_unref (self->wake);
  listen_on (self, FALSE);
  close (self->listen_fd);
  g_free (self);
}
