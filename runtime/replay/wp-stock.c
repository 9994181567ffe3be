#include "runtime/replay/wp-stock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define OLD_NS (4 * WP_NS_PER_S) /* common servers wait 5 s or longer for a first byte */

typedef struct {
  int fd;
  gint64 opened_ns; /* CLOCK_MONOTONIC */
} Connection;

struct _WpStock {
  const WpTarget *target;
  guint size;
  GQueue connections; /* of Connection, the oldest first */
};

WpStock *
wp_stock_new (const WpTarget *target, guint size)
{
  WpStock *self = g_new0 (WpStock, 1);

  self->target = target;
  self->size = size;
  g_queue_init (&self->connections);

  return self;
}

static int
pop (WpStock *self)
{
  g_autofree Connection *connection = g_queue_pop_head (&self->connections);

  return connection->fd;
}

void
wp_stock_free (WpStock *self)
{
  while (self->connections.length > 0)
    close (pop (self));
  g_free (self);
}

static gboolean
open_one (WpStock *self)
{
  socklen_t len;
  const struct sockaddr *address = wp_target_address (self->target, &len);
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  Connection *connection;

  if (fd < 0)
    return FALSE;
  if (connect (fd, address, len) < 0 && errno != EINPROGRESS)
    {
      close (fd);
      return FALSE;
    }
  connection = g_new (Connection, 1);
  *connection = (Connection){ fd, wp_time_monotonic () };
  g_queue_push_tail (&self->connections, connection);

  return TRUE;
}

gboolean
wp_stock_fill (WpStock *self)
{
  const Connection *oldest = g_queue_peek_head (&self->connections);

  if (oldest && oldest->opened_ns < wp_time_monotonic () - OLD_NS)
    close (pop (self));

  return self->connections.length < self->size && open_one (self);
}

/* It stands, and the other side has neither closed it nor said anything. */
static gboolean
is_alive (int fd)
{
  struct pollfd poller = { fd, POLLIN | POLLOUT, 0 };

  return poll (&poller, 1, 0) == 1 && poller.revents == POLLOUT;
}

int
wp_stock_take (WpStock *self)
{
  while (self->connections.length > 0)
    {
      int fd = pop (self);

      if (is_alive (fd))
        return fd;
      close (fd);
    }
  return -1;
}

guint
wp_stock_length (const WpStock *self)
{
  return self->connections.length;
}
