#include "runtime/http/wp-accept-thread.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-listen-socket.h"

#define RETRY_MS 100 /* after EMFILE and the like */

struct _WpAcceptThread {
  GThread *thread;
  int listen_fd;
  int wake_fd;   /* an eventfd: a slot is reserved, or the thread should end */
  gint stopping; /* atomic */
  GPtrArray *http_threads;
  WpSlots *slots;
  WpSlotTaker taker;
  gboolean empties;
  gint64 warned_ns;
};

/* The events that the thread waits for. */
typedef enum { A_CLIENT, A_SLOT, RESOURCES } WaitFor;

static WpHttpThread *
find_fewest (const WpAcceptThread *self)
{
  WpHttpThread *best = NULL;
  guint fewest = G_MAXUINT;

  for (guint i = 0; i < self->http_threads->len; i++)
    {
      guint n = wp_http_thread_count_connections (self->http_threads->pdata[i]);

      if (n < fewest)
        {
          best = self->http_threads->pdata[i];
          fewest = n;
        }
    }
  return best;
}

static WaitFor
accept_all (WpAcceptThread *self)
{
  while (wp_slots_take (self->slots, &self->taker))
    {
      int fd = wp_listen_socket_accept (self->listen_fd, &self->warned_ns), reason = errno;

      if (fd < 0)
        {
          wp_slots_release (self->slots);
          return reason == EAGAIN ? A_CLIENT : RESOURCES;
        }
      wp_http_thread_take_connection (find_fewest (self), fd);
    }
  return A_SLOT;
}

static gpointer
run (gpointer data)
{
  WpAcceptThread *self = data;
  struct pollfd pollers[] = { { self->wake_fd, POLLIN, 0 }, { self->listen_fd, POLLIN, 0 } };
  WaitFor wait_for = A_CLIENT;
  eventfd_t n;

  for (;;)
    {
      poll (pollers, wait_for == A_CLIENT ? 2 : 1, wait_for == RESOURCES ? RETRY_MS : -1);
      if (pollers[0].revents != 0)
        eventfd_read (self->wake_fd, &n);
      if (g_atomic_int_get (&self->stopping))
        break;
      wait_for = accept_all (self);
    }
  if (self->empties)
    accept_all (self);

  return NULL;
}

static void
wake (gpointer data)
{
  eventfd_write (((WpAcceptThread *) data)->wake_fd, 1);
}

WpAcceptThread *
wp_accept_thread_new (int listen_fd, GPtrArray *http_threads, WpSlots *slots, gboolean empties)
{
  WpAcceptThread *self = g_new0 (WpAcceptThread, 1);

  wp_listen_socket_set_inherited (listen_fd);
  self->listen_fd = listen_fd;
  self->wake_fd = eventfd (0, EFD_CLOEXEC);
  if (self->wake_fd < 0)
    g_error ("eventfd: %s", g_strerror (errno));
  self->http_threads = http_threads;
  self->slots = slots;
  self->taker = (WpSlotTaker){ .granted = wake, .data = self };
  self->empties = empties;
  self->thread = g_thread_new ("wp-acceptor", run, self);

  return self;
}

void
wp_accept_thread_free (WpAcceptThread *self)
{
  g_atomic_int_set (&self->stopping, TRUE);
  wake (self);
  g_thread_join (self->thread);
  wp_slots_cancel (self->slots, &self->taker);
  close (self->listen_fd);
  close (self->wake_fd);
  g_free (self);
}
