#include "runtime/replay/wp-probe.h"

#include <unistd.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-time.h"

#define TIMEOUT_NS (5 * WP_NS_PER_S)
#define MAX_EVENTS 8

typedef struct {
  const WpRequestTemplate *template;
  gboolean has_ended;
  guint status; /* 0: none */
  char *error;
} Probe;

static void
compose (gpointer data, gsize request, WpMessage *message)
{
  const Probe *self = data;

  wp_request_template_compose (self->template, NULL, message);
}

static void
on_sent (gpointer data, gsize request)
{
}

static void
on_ended (gpointer data, gsize request, const WpResponse *response, const char *error)
{
  Probe *self = data;

  self->has_ended = TRUE;
  self->status = response ? response->status : 0;
  self->error = g_strdup (error);
}

static const WpConnectionPoolClass class = { compose, on_sent, on_ended };

static void
await (Probe *self, WpConnectionPool *pool, int epoll_fd)
{
  gint64 end_ns = wp_time_monotonic () + TIMEOUT_NS, left_ns;
  struct epoll_event events[MAX_EVENTS];

  while (!self->has_ended && (left_ns = end_ns - wp_time_monotonic ()) > 0)
    {
      int n = epoll_wait (epoll_fd, events, MAX_EVENTS, (int) (left_ns / WP_NS_PER_MS) + 1);

      for (int i = 0; i < n; i++)
        wp_connection_pool_dispatch (pool, events[i].data.ptr, events[i].events);
      wp_connection_pool_end_batch (pool);
    }
}

static gboolean
judge (const Probe *self, const WpTarget *target, GError **error)
{
  if (self->error)
    g_set_error (error, WP_ERROR, WP_ERROR_IO, "%s: %s", wp_target_url (target), self->error);
  else if (self->status == 401 || self->status == 403 || self->status == 407)
    g_set_error (
        error, WP_ERROR, WP_ERROR_IO,
        "%s: the server refuses the client (status %u): give --token-file, --header or a user in the URL",
        wp_target_url (target), self->status);
  else
    return TRUE;
  return FALSE;
}

gboolean
wp_probe (const WpTarget *target, const WpRequestTemplate *template, GError **error)
{
  Probe self = { template, FALSE, 0, NULL };
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  WpConnectionPool *pool = wp_connection_pool_new (target, 1, epoll_fd, &class, &self);
  WpPooledConnection *place;
  gboolean good;

  wp_connection_pool_send (pool, 0, &place);
  await (&self, pool, epoll_fd);
  wp_connection_pool_free (pool);
  close (epoll_fd);
  good = judge (&self, target, error);
  g_free (self.error);

  return good;
}
