#include "runtime/replay/wp-connection-pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#define OTHER_FILES  64
#define BUFFER_BYTES (64 * 1024)
#define MAX_PIECES   64          /* of a body, in one call */
#define TLS_BYTES    (16 * 1024) /* a record */

typedef enum { CONNECTING, SHAKING_HANDS, READY, CLOSED } Stage;

struct _WpPooledConnection {
  int fd;
  Stage stage;
  gboolean is_busy; /* it has a request */
  gboolean was_busy;
  gboolean was_idle;    /* when it got it: the server may have closed it at that moment */
  gboolean is_reported; /* as sent */
  gboolean is_written;
  gboolean peer_left; /* the server has closed its side */
  gsize request;
  guint64 n_written; /* bytes of it */
  WpPooledConnection **place;
  WpTlsSession *tls;
  WpResponse response;
  GList link; /* among the idle, or the closed */
};

struct _WpConnectionPool {
  const WpTarget *target;
  guint max_connections;
  int epoll_fd; /* not owned */
  const WpConnectionPoolClass *class;
  gpointer data;
  GHashTable *open;   /* a set of WpPooledConnection */
  GQueue idle;        /* of links: first the last used, then those never used, the oldest first */
  GQueue closed;      /* not freed yet: an event of the same batch may name them */
  gboolean no_spares; /* one was closed unused, and no response has come since */
  guint64 n_opened;
  GString *head;
  char *buffer;
};

WpConnectionPool *
wp_connection_pool_new (const WpTarget *target, guint max_connections, int epoll_fd,
                        const WpConnectionPoolClass *class, gpointer data)
{
  WpConnectionPool *self = g_new0 (WpConnectionPool, 1);

  self->target = target;
  self->max_connections = max_connections;
  self->epoll_fd = epoll_fd;
  self->class = class;
  self->data = data;
  self->open = g_hash_table_new (NULL, NULL);
  self->head = g_string_new (NULL);
  self->buffer = g_malloc (BUFFER_BYTES);

  return self;
}

static void
close_connection (WpConnectionPool *self, WpPooledConnection *connection)
{
  g_assert (connection->stage != CLOSED);
  if (!connection->is_busy)
    g_queue_unlink (&self->idle, &connection->link);
  else
    *connection->place = NULL;
  self->no_spares = self->no_spares || !connection->was_busy;
  g_clear_pointer (&connection->tls, wp_tls_session_free);
  wp_response_clear (&connection->response);
  close (connection->fd);
  connection->stage = CLOSED;
  g_hash_table_remove (self->open, connection);
  g_queue_push_tail_link (&self->closed, &connection->link);
}

void
wp_connection_pool_end_batch (WpConnectionPool *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->closed)))
    g_free (link->data);
}

void
wp_connection_pool_free (WpConnectionPool *self)
{
  g_autoptr (GList) all = g_hash_table_get_keys (self->open);

  for (const GList *node = all; node; node = node->next)
    close_connection (self, node->data);
  wp_connection_pool_end_batch (self);
  g_hash_table_unref (self->open);
  g_string_free (self->head, TRUE);
  g_free (self->buffer);
  g_free (self);
}

/* An idle one. NULL with errno: there can be none. */
static WpPooledConnection *
open_connection (WpConnectionPool *self)
{
  socklen_t len;
  const struct sockaddr *address = wp_target_address (self->target, &len);
  int fd = socket (address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  WpPooledConnection *connection = g_new0 (WpPooledConnection, 1);
  struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { .ptr = connection } };
  int on = 1;

  if (fd < 0 || setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0
      || (connect (fd, address, len) < 0 && errno != EINPROGRESS)
      || epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    {
      int reason = errno;

      if (fd >= 0)
        close (fd);
      g_free (connection);
      errno = reason;
      return NULL;
    }
  connection->fd = fd;
  connection->link.data = connection;
  self->n_opened++;
  g_hash_table_add (self->open, connection);
  g_queue_push_tail_link (&self->idle, &connection->link);

  return connection;
}

static void give (WpConnectionPool *self, WpPooledConnection *connection, gsize request,
                  WpPooledConnection **place);

/* Its request is over without a response. */
static void
fail (WpConnectionPool *self, WpPooledConnection *connection, const char *error)
{
  gboolean is_busy = connection->is_busy;
  gsize request = connection->request;

  close_connection (self, connection);
  if (is_busy)
    self->class->ended (self->data, request, NULL, error);
}

static void
fail_to_connect (WpConnectionPool *self, WpPooledConnection *connection, int reason)
{
  g_autofree char *text = g_strdup_printf ("cannot connect: %s", g_strerror (reason));

  fail (self, connection, text);
}

/* A server may close an idle connection just as a request is on its way: it has not seen that one, which goes
 * to a new connection, once. */
static gboolean
send_again (WpConnectionPool *self, WpPooledConnection *connection)
{
  WpPooledConnection **place = connection->place;
  gsize request = connection->request;
  WpPooledConnection *fresh;

  if (!connection->is_busy || !connection->was_idle || connection->response.is_begun)
    return FALSE;
  close_connection (self, connection);
  fresh = open_connection (self);
  if (!fresh)
    {
      g_autofree char *text = g_strdup_printf ("cannot connect: %s", g_strerror (errno));

      self->class->ended (self->data, request, NULL, text);
      return TRUE;
    }
  give (self, fresh, request, place);
  return TRUE;
}

/* @reason: an errno; 0: the server closed it. */
static void
end_of_input (WpConnectionPool *self, WpPooledConnection *connection, int reason)
{
  gsize request = connection->request;
  WpResponse response;

  if (send_again (self, connection))
    return;
  if (!connection->is_busy || wp_response_end (&connection->response) != WP_RESPONSE_DONE || reason != 0)
    {
      const char *fault = connection->response.fault;

      fail (self, connection, reason && (reason != ECONNRESET || !fault) ? g_strerror (reason) : fault);
      return;
    }
  response = connection->response;
  close_connection (self, connection);
  self->class->ended (self->data, request, &response, NULL);
}

static gboolean
has_more (WpPooledConnection *connection)
{
  char byte;
  gboolean waits;

  if (connection->tls)
    {
      gboolean is_ended = wp_tls_session_is_ended (connection->tls, &waits);

      return is_ended || !waits;
    }
  return recv (connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

/* The response is complete. @is_last: no bytes are left over, and the connection ends. */
static void
succeed (WpConnectionPool *self, WpPooledConnection *connection, gboolean is_last)
{
  gboolean is_kept
      = is_last && connection->response.keeps && connection->is_written && !connection->peer_left;
  gsize request = connection->request;
  WpResponse response = connection->response;

  self->no_spares = FALSE;
  if (!is_kept)
    close_connection (self, connection);
  else
    {
      *connection->place = NULL;
      connection->is_busy = FALSE;
      g_queue_push_head_link (&self->idle, &connection->link);
    }
  self->class->ended (self->data, request, &response, NULL);
}

/* FALSE: @connection is not to be read any further now; it may be closed. */
static gboolean
take (WpConnectionPool *self, WpPooledConnection *connection, gsize n)
{
  gsize used;

  if (!connection->is_busy) /* a farewell such as 408, or garbage */
    {
      close_connection (self, connection);
      return FALSE;
    }
  switch (wp_response_take (&connection->response, self->buffer, n, &used))
    {
    case WP_RESPONSE_MORE:
      return TRUE;
    case WP_RESPONSE_DONE:
      succeed (self, connection, used == n && (n < BUFFER_BYTES || !has_more (connection)));
      return FALSE;
    case WP_RESPONSE_BAD:
    default:
      fail (self, connection, connection->response.fault);
      return FALSE;
    }
}

static gssize
receive (const WpConnectionPool *self, const WpPooledConnection *connection)
{
  return connection->tls ? wp_tls_session_read (connection->tls, self->buffer, BUFFER_BYTES)
                         : recv (connection->fd, self->buffer, BUFFER_BYTES, 0);
}

/* Until there is no more: epoll reports edges. After a short read the next byte, or the end, is a further
 * event, unless that end was reported already; TLS may have read it ahead. */
static void
read_input (WpConnectionPool *self, WpPooledConnection *connection)
{
  gssize n;

  do
    {
      n = receive (self, connection);
      if (n < 0 && errno == EAGAIN)
        return;
      if (n <= 0)
        {
          end_of_input (self, connection, n < 0 ? errno : 0);
          return;
        }
    }
  while (take (self, connection, (gsize) n)
         && (n == BUFFER_BYTES || connection->tls || connection->peer_left));
}

/* The rest of @message after @from bytes. Returns the number of pieces. */
static int
fill_pieces (const WpMessage *message, guint64 from, struct iovec pieces[MAX_PIECES])
{
  gsize head_bytes = message->head->len;
  guint64 at = from > head_bytes ? from - head_bytes : 0; /* of the body */
  int n = 0;

  if (from < head_bytes)
    pieces[n++] = (struct iovec){ message->head->str + from, head_bytes - from };
  while (n < MAX_PIECES && at < message->body_bytes)
    {
      gsize offset = at % message->block_bytes;
      gsize len = MIN (message->block_bytes - offset, message->body_bytes - at);

      pieces[n++] = (struct iovec){ (char *) message->block + offset, len };
      at += len;
    }
  return n;
}

/* One record: OpenSSL takes one piece. */
static gssize
write_tls (const WpConnectionPool *self, WpPooledConnection *connection, const struct iovec *pieces, int n)
{
  gsize len = 0;

  for (int i = 0; i < n && len < TLS_BYTES; i++)
    {
      gsize part = MIN (pieces[i].iov_len, TLS_BYTES - len);

      memcpy (self->buffer + len, pieces[i].iov_base, part);
      len += part;
    }
  return wp_tls_session_write (connection->tls, self->buffer, len);
}

static gssize
write_pieces (const WpConnectionPool *self, WpPooledConnection *connection, struct iovec *pieces, int n)
{
  const struct msghdr message = { .msg_iov = pieces, .msg_iovlen = (gsize) n };

  if (connection->tls)
    return write_tls (self, connection, pieces, n);
  return n == 1 ? send (connection->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                : sendmsg (connection->fd, &message, MSG_NOSIGNAL);
}

/* A server may refuse a long body before it has come, and close: its response is read all the same. */
static void
write_output (WpConnectionPool *self, WpPooledConnection *connection)
{
  WpMessage message = { .head = g_string_truncate (self->head, 0) };
  struct iovec pieces[MAX_PIECES];
  guint64 total;

  self->class->compose (self->data, connection->request, &message);
  total = message.head->len + message.body_bytes;
  if (!connection->is_reported)
    {
      connection->is_reported = TRUE;
      wp_response_begin (&connection->response, message.is_head);
      self->class->sent (self->data, connection->request);
    }
  while (connection->n_written < total)
    {
      int n_pieces = fill_pieces (&message, connection->n_written, pieces);
      gssize n = write_pieces (self, connection, pieces, n_pieces);

      if (n < 0 && errno == EAGAIN)
        return;
      if (n < 0)
        {
          connection->peer_left = TRUE; /* the read to come says why */
          break;
        }
      connection->n_written += (guint64) n;
    }
  connection->is_written = TRUE;
}

/* FALSE: not yet, or it failed. */
static gboolean
finish_connecting (WpConnectionPool *self, WpPooledConnection *connection)
{
  socklen_t len;
  const struct sockaddr *address = wp_target_address (self->target, &len);

  if (connect (connection->fd, address, len) < 0 && errno != EISCONN)
    {
      if (errno != EALREADY && errno != EINPROGRESS)
        fail_to_connect (self, connection, errno);
      return FALSE;
    }
  connection->stage = READY;
  if (wp_target_tls (self->target))
    {
      connection->tls = wp_tls_client_connect (wp_target_tls (self->target), connection->fd,
                                               wp_target_host (self->target));
      connection->stage = SHAKING_HANDS;
    }
  return TRUE;
}

static gboolean
shake_hands (WpConnectionPool *self, WpPooledConnection *connection)
{
  WpTlsProgress progress = wp_tls_session_handshake (connection->tls);

  if (progress == WP_TLS_DONE)
    connection->stage = READY;
  else if (progress != WP_TLS_WAITS)
    {
      g_autofree char *text
          = g_strconcat ("TLS: ", wp_tls_client_explain (wp_target_tls (self->target), connection->tls),
                         NULL);

      fail (self, connection, text);
    }
  return progress == WP_TLS_DONE;
}

/* FALSE: no request can be written yet, or the connection is closed. */
static gboolean
get_ready (WpConnectionPool *self, WpPooledConnection *connection)
{
  if (connection->stage == CONNECTING && !finish_connecting (self, connection))
    return FALSE;
  return connection->stage == READY || (connection->stage == SHAKING_HANDS && shake_hands (self, connection));
}

/* @connection is idle. */
static void
give (WpConnectionPool *self, WpPooledConnection *connection, gsize request, WpPooledConnection **place)
{
  g_queue_unlink (&self->idle, &connection->link);
  connection->is_busy = connection->was_busy = TRUE;
  connection->was_idle = connection->stage == READY;
  connection->is_reported = connection->is_written = FALSE;
  connection->request = request;
  connection->n_written = 0;
  connection->place = place;
  *place = connection;
  connection->response.is_begun = FALSE;
  if (get_ready (self, connection))
    write_output (self, connection);
}

gboolean
wp_connection_pool_is_full (const WpConnectionPool *self)
{
  return !self->idle.head && g_hash_table_size (self->open) >= self->max_connections;
}

void
wp_connection_pool_send (WpConnectionPool *self, gsize request, WpPooledConnection **place)
{
  WpPooledConnection *connection = self->idle.head ? self->idle.head->data : NULL;

  g_assert (!wp_connection_pool_is_full (self));
  if (!connection && !(connection = open_connection (self)))
    {
      g_autofree char *text = g_strdup_printf ("cannot connect: %s", g_strerror (errno));

      *place = NULL;
      self->class->ended (self->data, request, NULL, text);
      return;
    }
  give (self, connection, request, place);
}

void
wp_connection_pool_cancel (WpConnectionPool *self, WpPooledConnection *connection)
{
  close_connection (self, connection);
}

gboolean
wp_connection_pool_open_spare (WpConnectionPool *self, guint n)
{
  return self->idle.length < n && g_hash_table_size (self->open) < self->max_connections && !self->no_spares
         && open_connection (self);
}

void
wp_connection_pool_dispatch (WpConnectionPool *self, WpPooledConnection *connection, guint32 events)
{
  if (connection->stage == CLOSED || !get_ready (self, connection))
    return;
  if (connection->is_busy && !connection->is_written)
    write_output (self, connection);
  connection->peer_left = connection->peer_left || events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
  if (connection->tls || connection->peer_left || events & EPOLLIN)
    read_input (self, connection);
}

guint64
wp_connection_pool_n_opened (const WpConnectionPool *self)
{
  return self->n_opened;
}

guint
wp_connection_pool_raise_limit (void)
{
  struct rlimit limit;
  rlim_t n_files;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return 1;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  getrlimit (RLIMIT_NOFILE, &limit);
  n_files = MIN (limit.rlim_cur, 1000000);

  return n_files > OTHER_FILES ? (guint) n_files - OTHER_FILES : 1;
}
