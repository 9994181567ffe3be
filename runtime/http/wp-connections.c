#include "runtime/http/wp-connections.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

#include "runtime/http/wp-listener.h"
#include "runtime/http/wp-connection.h"
#include "runtime/http/wp-input-watermark.h"
#include "sim/base/wp-time.h"

#define EVENTS_AT_ONCE   256
#define TICK_MS          250 /* how late a deadline may be noticed */
#define LINGER_NS        WP_NS_PER_S
#define MAX_LINGER_READS 16
#define CROWDED_NS       WP_NS_PER_S /* timeout of all states but BUSY in a crowd */
#define WARN_EACH_NS     (60 * WP_NS_PER_S)
#define LAST_CHANCE_NS   (500 * WP_NS_PER_MS) /* for requests in transit when a drain begins */

struct _WpConnections {
  WpConnectionHost host;
  int epoll_fd;
  GPtrArray *listeners; /* (element-type WpListener): empty once it is stopped */
  gboolean stopped;
  GSource *source, *tick;
  WpConnectionLimits limits;
  WpTls *tls;                /* NULL: none */
  WpConnection *connections; /* all, also the lingering ones */
  guint n_lingering;
  WpInputWatermark watermark;
  gint64 warned_ns;                  /* last warning of a crowd; 0: never */
  gint n_open;                       /* atomic: connections without the lingering ones */
  gsize n_refused[WP_N_HTTP_ERRORS]; /* atomic */
  WpConnectionsAccepted accepted;
  gpointer data;
};

static GSource *
add_source (WpConnections *self, GSource *source, GSourceFunc func, GMainContext *context)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, context);
  return source;
}

static void
clear_source (GSource **source)
{
  if (*source)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
close_connection (WpConnection *connection)
{
  WpConnections *self = (WpConnections *) connection->host;

  if (connection->state == WP_CONNECTION_LINGER)
    self->n_lingering--;
  else
    g_atomic_int_add (&self->n_open, -1);
  if (connection->prev)
    connection->prev->next = connection->next;
  else
    self->connections = connection->next;
  if (connection->next)
    connection->next->prev = connection->prev;
  wp_connection_clear (connection);
  g_clear_pointer (&connection->tls, wp_tls_session_free);
  close (connection->fd);
  g_free (connection);
  wp_slots_release (self->limits.slots);
}

/* The kernel's tick of 1 to 4 ms is precise enough for deadlines, at a quarter of the cost. */
static gint64
coarse_now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * WP_NS_PER_S + now.tv_nsec;
}

/* G_MAXINT64: none. */
static gint64
timeout_of (const WpConnections *self, WpConnectionState state)
{
  const gint64 timeouts_ns[] = {
    [WP_CONNECTION_HANDSHAKE] = self->limits.header_timeout_ns,
    [WP_CONNECTION_IDLE] = self->stopped ? LAST_CHANCE_NS : self->limits.idle_timeout_ns,
    [WP_CONNECTION_HEAD] = self->limits.header_timeout_ns,
    [WP_CONNECTION_BODY] = self->limits.body_timeout_ns,
    [WP_CONNECTION_BUSY] = G_MAXINT64,
    [WP_CONNECTION_RESPONSE] = self->limits.idle_timeout_ns,
    [WP_CONNECTION_LINGER] = LINGER_NS,
  };

  return timeouts_ns[state];
}

static gint64
deadline (const WpConnectionHost *host, WpConnectionState state)
{
  gint64 timeout_ns = timeout_of ((const WpConnections *) host, state);

  return timeout_ns == G_MAXINT64 ? G_MAXINT64 : coarse_now_ns () + timeout_ns;
}

/* A leaky bucket: bytes extend the deadline at the minimum rate, up to the timeout from now. A client that
 * keeps the rate never times out, whatever the size of the body. */
static gint64
deadline_later (const WpConnectionHost *host, gint64 deadline_ns, gsize bytes)
{
  const WpConnections *self = (const WpConnections *) host;

  if (self->limits.body_min_rate == 0)
    return deadline_ns;
  return MIN (deadline_ns + (gint64) (bytes * (guint64) WP_NS_PER_S / self->limits.body_min_rate),
              deadline (host, WP_CONNECTION_BODY));
}

/* A client that asked for the end sends no more bytes, so there is no need to linger, which saves three of
 * ten system calls. */
static gboolean
sends_no_more (const WpConnection *connection)
{
  return connection->asked_end && !connection->readable && connection->in_len == 0;
}

static void
take_back (WpConnectionHost *host, WpConnection *connection)
{
  WpConnections *self = (WpConnections *) host;

  if (connection->tls)
    wp_tls_session_send_close_notify (connection->tls);
  if (connection->peer_ended && connection->last) /* it may have sent more before its end than was read */
    wp_connection_discard_input (connection);
  if (connection->peer_ended || sends_no_more (connection) || shutdown (connection->fd, SHUT_WR) < 0)
    {
      close_connection (connection);
      return;
    }
  wp_connection_clear (connection);
  wp_connection_set_state (connection, WP_CONNECTION_LINGER);
  self->n_lingering++;
  g_atomic_int_add (&self->n_open, -1);
}

#define CONNECTION_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* With edge-triggered events, EPOLL_CTL_MOD reports the current state again. */
static void
report_again (WpConnectionHost *host, WpConnection *connection)
{
  WpConnections *self = (WpConnections *) host;
  struct epoll_event event = { .events = CONNECTION_EVENTS, .data.ptr = connection };

  epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

/* Discards input of a client after the last response. */
static void
linger (WpConnections *self, WpConnection *connection)
{
  char waste[16384];
  guint n_reads = 0;
  gssize n;

  do
    n = recv (connection->fd, waste, sizeof waste, 0);
  while (n > 0 && ++n_reads < MAX_LINGER_READS);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    close_connection (connection);
  else if (n > 0)
    report_again (&self->host, connection);
}

static void
on_connection (WpConnections *self, WpConnection *connection, guint32 events)
{
  if (connection->state == WP_CONNECTION_LINGER)
    {
      linger (self, connection);
      return;
    }
  if (events & EPOLLOUT)
    connection->writable = TRUE;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    connection->peer_ended = TRUE;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    connection->readable = TRUE;
  if (!wp_connection_check (connection))
    connection->protocol->ready (connection);
}

static void
handshake_done (WpConnectionHost *host, WpConnection *connection)
{
  WpConnections *self = (WpConnections *) host;

  wp_connection_set_state (connection, WP_CONNECTION_IDLE);
  self->accepted (connection, self->data);
}

void
wp_connections_count_accepted (WpConnections *self)
{
  g_atomic_int_inc (&self->n_open);
}

void
wp_connections_add (WpConnections *self, int fd)
{
  WpConnection *connection = g_new0 (WpConnection, 1);
  struct epoll_event event = { .events = CONNECTION_EVENTS, .data.ptr = connection };

  connection->host = &self->host;
  connection->fd = fd;
  connection->writable = TRUE;
  connection->next = self->connections;
  if (self->connections)
    self->connections->prev = connection;
  self->connections = connection;
  if (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    {
      close_connection (connection);
      return;
    }
  if (self->tls)
    wp_connection_begin_handshake (connection, self->tls);
  else
    handshake_done (&self->host, connection);
}

/* WpListenerAccepted */
static void
on_accepted (gpointer data, int fd)
{
  wp_connections_count_accepted (data);
  wp_connections_add (data, fd);
}

static gint
compare_responses (gconstpointer a, gconstpointer b)
{
  const WpConnection *one = *(WpConnection *const *) a, *two = *(WpConnection *const *) b;

  return two->out_len > one->out_len ? 1 : two->out_len < one->out_len ? -1 : 0;
}

/* The budget is exceeded, and new input is refused already: closes connections with unread responses, the
 * largest first, except those on which a request waits for its response. */
static void
give_up_unread (WpConnections *self)
{
  g_autoptr (GPtrArray) unread = g_ptr_array_new ();

  for (WpConnection *connection = self->connections; connection; connection = connection->next)
    if (connection->out_len > 0 && !connection->pending && !connection->dead)
      g_ptr_array_add (unread, connection);
  g_ptr_array_sort (unread, compare_responses);
  for (guint i = 0; i < unread->len && wp_memory_budget_is_over (self->host.budget); i++)
    wp_connection_abort (unread->pdata[i]);
}

/* Each connection is in at most one event, so none refers to a connection that another event closed. New
 * connections are accepted last, since they may reuse the memory of closed ones. */
static void
handle_events (WpConnections *self)
{
  struct epoll_event events[EVENTS_AT_ONCE];
  int n = epoll_wait (self->epoll_fd, events, EVENTS_AT_ONCE, 0);
  gboolean accepts = FALSE;

  for (int i = 0; i < n; i++)
    if (events[i].data.ptr)
      on_connection (self, events[i].data.ptr, events[i].events);
    else
      accepts = TRUE;
  if (self->host.budget && wp_memory_budget_is_over (self->host.budget))
    give_up_unread (self);
  wp_input_watermark_note (&self->watermark, n > 0 ? n - accepts : 0, n < EVENTS_AT_ONCE);
  for (guint i = 0; accepts && i < self->listeners->len; i++)
    wp_listener_accept (self->listeners->pdata[i]);
}

static gboolean
on_epoll (int fd, GIOCondition condition, gpointer data)
{
  handle_events (data);
  return G_SOURCE_CONTINUE;
}

static gint64
deadline_in_crowd (const WpConnections *self, const WpConnection *connection)
{
  gint64 timeout_ns = timeout_of (self, connection->state);

  return timeout_ns == G_MAXINT64 ? G_MAXINT64 : connection->deadline_ns - MAX (timeout_ns - CROWDED_NS, 0);
}

static gboolean
is_crowded (WpConnections *self, gint64 now_ns)
{
  if (self->limits.crowd == 0 || (guint) g_atomic_int_get (&self->n_open) <= self->limits.crowd)
    return FALSE;
  if (self->warned_ns == 0 || now_ns - self->warned_ns > WARN_EACH_NS)
    {
      g_warning ("more than %u connections to %s: those that have been idle for 1 s are closed",
                 self->limits.crowd, self->limits.whose);
      self->warned_ns = now_ns;
    }
  return TRUE;
}

static void
on_deadline (WpConnection *connection)
{
  if (connection->state == WP_CONNECTION_LINGER)
    close_connection (connection);
  else if (connection->dead)
    return;
  else if (connection->state == WP_CONNECTION_HEAD)
    wp_connection_refuse (connection, WP_HTTP_ERROR_HEAD_TIMEOUT);
  else if (connection->state == WP_CONNECTION_BODY)
    wp_connection_refuse (connection, WP_HTTP_ERROR_BODY_TIMEOUT);
  else
    {
      /* an idle client has all its responses: no need to linger */
      connection->asked_end |= connection->state == WP_CONNECTION_IDLE;
      wp_connection_kill (connection);
    }
}

static gboolean
on_tick (gpointer data)
{
  WpConnections *self = data;
  gint64 now_ns = coarse_now_ns (), known_ns;
  gboolean crowded = is_crowded (self, now_ns);
  WpConnection *next;

  handle_events (self);
  known_ns = wp_input_watermark_advance (&self->watermark, now_ns,
                                         (gsize) g_atomic_int_get (&self->n_open) + self->n_lingering);
  for (WpConnection *connection = self->connections; connection; connection = next)
    {
      next = connection->next;
      if ((crowded ? deadline_in_crowd (self, connection) : connection->deadline_ns) <= known_ns)
        on_deadline (connection);
    }
  return G_SOURCE_CONTINUE;
}

/* WpConnectionHostClass */
static void
count_refusal (WpConnectionHost *host, WpHttpError why)
{
  wp_connections_count_refusal ((WpConnections *) host, why);
}

WpConnections *
wp_connections_new (GMainContext *context, const int *listen_fds, guint n_listen,
                    const WpConnectionLimits *limits, WpConnectionsAccepted accepted, gpointer data)
{
  static const WpConnectionHostClass host_class
      = { deadline, deadline_later, count_refusal, handshake_done, take_back, report_again };
  WpConnections *self = g_new0 (WpConnections, 1);

  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->limits = *limits;
  self->host = (WpConnectionHost){ &host_class, limits->budget, limits->max_body_bytes };
  self->accepted = accepted;
  self->data = data;

  self->source = g_unix_fd_source_new (self->epoll_fd, G_IO_IN);
  /* it never recurses; without this GLib removes the descriptor from its poll for each dispatch */
  g_source_set_can_recurse (self->source, TRUE);
  add_source (self, self->source, G_SOURCE_FUNC (on_epoll), context);
  self->tick = add_source (self, g_timeout_source_new (TICK_MS), on_tick, context);
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_listener_free);
  for (guint i = 0; i < n_listen; i++)
    g_ptr_array_add (self->listeners, wp_listener_new (context, self->epoll_fd, listen_fds[i], limits->slots,
                                                       on_accepted, self));

  return self;
}

void
wp_connections_set_tls (WpConnections *self, WpTls *tls)
{
  self->tls = tls;
}

void
wp_connections_free (WpConnections *self)
{
  while (self->connections)
    close_connection (self->connections);
  g_ptr_array_unref (self->listeners);
  clear_source (&self->tick);
  clear_source (&self->source);
  close (self->epoll_fd);
  g_free (self);
}

void
wp_connections_stop (WpConnections *self)
{
  if (self->stopped)
    return;
  self->stopped = TRUE;
  for (guint i = 0; i < self->listeners->len; i++)
    wp_listener_accept_backlog (self->listeners->pdata[i]);
  g_ptr_array_set_size (self->listeners, 0);
  for (WpConnection *connection = self->connections; connection; connection = connection->next)
    if (connection->state == WP_CONNECTION_IDLE)
      connection->deadline_ns = wp_time_monotonic () + LAST_CHANCE_NS;
}

void
wp_connections_kill_all (WpConnections *self)
{
  WpConnection *next;

  for (WpConnection *connection = self->connections; connection; connection = next)
    {
      next = connection->next;
      if (connection->state != WP_CONNECTION_LINGER)
        wp_connection_kill (connection);
    }
}

void
wp_connections_count_refusal (WpConnections *self, WpHttpError why)
{
  g_atomic_pointer_add (&self->n_refused[why], 1);
}

void
wp_connections_add_refusals (WpConnections *self, guint64 *counts)
{
  for (guint i = 0; i < WP_N_HTTP_ERRORS; i++)
    counts[i] += (gsize) g_atomic_pointer_get (&self->n_refused[i]);
}

guint
wp_connections_count (WpConnections *self)
{
  return g_atomic_int_get (&self->n_open);
}
