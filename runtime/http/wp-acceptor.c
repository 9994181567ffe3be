#include "runtime/http/wp-acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wp-listen.h"

#define RETRY_MS 100             /* while all are full, or after EMFILE and the like */

struct _WpAcceptor {
  GThread *thread;
  int listen_fd;
  int stop_fd;                   /* readable: the thread is to end */
  GPtrArray *fronts;
  guint max_each;
  gboolean empties;
  gint64 told_ns;
};

static WpFront *
find_room (const WpAcceptor *self)
{
  WpFront *best = NULL;
  guint fewest = self->max_each;

  for (guint i = 0; i < self->fronts->len; i++)
    {
      guint n = wp_front_count_connections (self->fronts->pdata[i]);

      if (n < fewest)
        {
          best = self->fronts->pdata[i];
          fewest = n;
        }
    }
  return best;
}

/* FALSE: no more for now, though there may be some. */
static gboolean
accept_all (WpAcceptor *self)
{
  WpFront *front;

  while ((front = find_room (self)))
    {
      int fd = wp_listen_accept (self->listen_fd, &self->told_ns);

      if (fd < 0)
        return errno == EAGAIN;
      wp_front_hand (front, fd);
    }
  return FALSE;
}

static gpointer
run (gpointer data)
{
  WpAcceptor *self = data;
  struct pollfd pollers[] = { { self->stop_fd, POLLIN, 0 }, { self->listen_fd, POLLIN, 0 } };
  gboolean may = TRUE;

  for (;;)
    {
      poll (pollers, may ? 2 : 1, may ? -1 : RETRY_MS);
      if (pollers[0].revents != 0)
        break;
      may = accept_all (self);
    }
  if (self->empties)
    accept_all (self);

  return NULL;
}

WpAcceptor *
wp_acceptor_new (int listen_fd, GPtrArray *fronts, guint max_each, gboolean empties)
{
  WpAcceptor *self = g_new0 (WpAcceptor, 1);
  int on = 1;

  setsockopt (listen_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);   /* as wp-door.c does for its own */
  self->listen_fd = listen_fd;
  self->stop_fd = eventfd (0, EFD_CLOEXEC);
  if (self->stop_fd < 0)
    g_error ("eventfd: %s", g_strerror (errno));
  self->fronts = fronts;
  self->max_each = max_each;
  self->empties = empties;
  self->thread = g_thread_new ("wp-acceptor", run, self);

  return self;
}

void
wp_acceptor_free (WpAcceptor *self)
{
  eventfd_write (self->stop_fd, 1);
  g_thread_join (self->thread);
  close (self->listen_fd);
  close (self->stop_fd);
  g_free (self);
}
