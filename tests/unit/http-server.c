#include "tests/unit/http-server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64

typedef struct {
  int fd;
  GString *in;
  gboolean is_held;
} Connection;

struct _HttpServer {
  HttpServerKind kind; /* server's thread; _HOLD becomes _ANSWER at release */
  GString *response;
  const char *head_response;
  char *url;
  int listen_fd, epoll_fd, wake_fd;
  GHashTable *connections; /* server's thread: a set of Connection, owned */
  GThread *thread;
  GMutex mutex; /* guards all below */
  GCond changed;
  GPtrArray *requests;
  guint n_left, n_connections;
  gboolean released, stopped;
};

static void
connection_free (Connection *self)
{
  close (self->fd);
  g_string_free (self->in, TRUE);
  g_free (self);
}

static void
request_free (HttpServerRequest *self)
{
  g_free (self->head);
  g_free (self->body);
  g_free (self);
}

static void
note_request (HttpServer *self, const char *head, gsize head_len, const char *body, gsize body_len)
{
  HttpServerRequest *request = g_new (HttpServerRequest, 1);

  request->head = g_strndup (head, head_len);
  request->body = g_strndup (body, body_len);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->requests, request);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static void
send_all (const Connection *connection, const char *bytes, gsize len)
{
  gsize done = 0;

  while (done < len)
    {
      /* blocks */
      gssize n = send (connection->fd, bytes + done, len - done, MSG_NOSIGNAL);

      if (n <= 0)
        return;
      done += n;
    }
}

static void
respond (HttpServer *self, Connection *connection)
{
  connection->is_held = FALSE;
  send_all (connection, self->response->str, self->response->len);
}

/* A client's first question, before it begins: it is answered in any case, and not noted. */
static void
response_heads (HttpServer *self, Connection *connection)
{
  const char *end;

  while (g_str_has_prefix (connection->in->str, "HEAD ") && (end = strstr (connection->in->str, "\r\n\r\n")))
    {
      g_string_erase (connection->in, 0, end + 4 - connection->in->str);
      send_all (connection, self->head_response, strlen (self->head_response));
    }
}

/* Takes the first whole request of the bytes that were read. */
static gboolean
take_request (HttpServer *self, Connection *connection)
{
  const char *end = strstr (connection->in->str, "\r\n\r\n");
  const char *length = end ? strcasestr (connection->in->str, "\r\nContent-Length:") : NULL;
  gsize head_len = end ? end + 4 - connection->in->str : 0;
  gsize body_len = length && length < end ? strtoul (length + strlen ("\r\nContent-Length:"), NULL, 10) : 0;

  if (!end || connection->in->len < head_len + body_len)
    return FALSE;
  note_request (self, connection->in->str, head_len, connection->in->str + head_len, body_len);
  g_string_erase (connection->in, 0, head_len + body_len);
  return TRUE;
}

static void
drop (HttpServer *self, Connection *connection)
{
  if (connection->is_held)
    {
      g_mutex_lock (&self->mutex);
      self->n_left++;
      g_cond_broadcast (&self->changed);
      g_mutex_unlock (&self->mutex);
    }
  /* A child between fork() and exec() has it too, so that closing it here may not end its events. */
  g_assert_no_errno (epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL));
  g_hash_table_remove (self->connections, connection);
}

static void
on_readable (HttpServer *self, Connection *connection)
{
  char buffer[65536];
  gssize n = recv (connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n <= 0)
    {
      if (n == 0 || errno != EAGAIN)
        drop (self, connection);
      return;
    }
  g_string_append_len (connection->in, buffer, n);
  response_heads (self, connection);
  while (take_request (self, connection))
    if (self->kind == HTTP_SERVER_HOLD)
      connection->is_held = TRUE;
    else
      {
        if (self->kind != HTTP_SERVER_CLOSE)
          respond (self, connection);
        if (self->kind == HTTP_SERVER_CLOSE || self->kind == HTTP_SERVER_LAST)
          {
            drop (self, connection);
            return;
          }
      }
}

static void
on_connection (HttpServer *self)
{
  Connection *connection = g_new0 (Connection, 1);
  struct epoll_event event = { EPOLLIN, { .ptr = connection } };

  connection->fd = accept4 (self->listen_fd, NULL, NULL, SOCK_CLOEXEC);
  connection->in = g_string_new (NULL);
  g_assert_cmpint (connection->fd, >=, 0);
  g_assert_no_errno (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event));
  g_hash_table_add (self->connections, connection);
  g_mutex_lock (&self->mutex);
  self->n_connections++;
  g_mutex_unlock (&self->mutex);
}

static gboolean
on_woken (HttpServer *self)
{
  GHashTableIter iter;
  gpointer connection;
  gboolean stopped;
  guint64 ignored;

  g_assert_cmpint (read (self->wake_fd, &ignored, sizeof ignored), ==, sizeof ignored);
  g_mutex_lock (&self->mutex);
  stopped = self->stopped;
  if (self->released && self->kind == HTTP_SERVER_HOLD)
    self->kind = HTTP_SERVER_RESPOND;
  g_mutex_unlock (&self->mutex);

  g_hash_table_iter_init (&iter, self->connections);
  while (self->kind == HTTP_SERVER_RESPOND && g_hash_table_iter_next (&iter, &connection, NULL))
    if (((Connection *) connection)->is_held)
      respond (self, connection);

  return !stopped;
}

static gpointer
serve (gpointer data)
{
  HttpServer *self = data;
  gboolean runs = TRUE;

  while (runs)
    {
      struct epoll_event events[BATCH];
      int n = epoll_wait (self->epoll_fd, events, BATCH, -1);

      for (int i = 0; i < n; i++)
        if (events[i].data.ptr == &self->wake_fd)
          runs = on_woken (self);
        else if (events[i].data.ptr == &self->listen_fd)
          on_connection (self);
        else
          on_readable (self, events[i].data.ptr);
    }
  return NULL;
}

static void
bind_somewhere (HttpServer *self)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;

  self->listen_fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (self->listen_fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (getsockname (self->listen_fd, (struct sockaddr *) &address, &len));
  self->url = g_strdup_printf ("http://127.0.0.1:%u/", ntohs (address.sin_port));
}

HttpServer *
http_server_new_closed (HttpServerKind kind, gsize body_bytes)
{
  static const char *const statuses[] = { [HTTP_SERVER_REJECT] = "503 Service Unavailable\r\nRetry-After: 1",
                                          [HTTP_SERVER_FAIL] = "500 Internal Server Error",
                                          [HTTP_SERVER_LAST] = "200 OK\r\nConnection: close" };
  HttpServer *self = g_new0 (HttpServer, 1);
  struct epoll_event waking = { EPOLLIN, { .ptr = &self->wake_fd } };
  g_autofree char *body = g_strnfill (body_bytes, 'x');

  self->kind = kind;
  self->head_response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  self->response = g_string_new (NULL);
  g_string_printf (self->response, "HTTP/1.1 %s\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                   statuses[kind] ? statuses[kind] : "200 OK", body_bytes, body);
  bind_somewhere (self);
  self->connections = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) connection_free, NULL);
  self->requests = g_ptr_array_new_with_free_func ((GDestroyNotify) request_free);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->wake_fd = eventfd (0, EFD_CLOEXEC);
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  g_assert_no_errno (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->wake_fd, &waking));
  self->thread = g_thread_new ("http-server", serve, self);

  return self;
}

void
http_server_open (HttpServer *self)
{
  struct epoll_event accepting = { EPOLLIN, { .ptr = &self->listen_fd } };

  g_assert_no_errno (listen (self->listen_fd, 4096));
  g_assert_no_errno (epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, self->listen_fd, &accepting));
}

HttpServer *
http_server_new (HttpServerKind kind, gsize body_bytes)
{
  HttpServer *self = http_server_new_closed (kind, body_bytes);

  http_server_open (self);
  return self;
}

HttpServer *
http_server_new_odd (HttpServerKind kind, const char *response_bytes, const char *head_response)
{
  HttpServer *self = http_server_new_closed (kind, 0);

  g_string_assign (self->response, response_bytes);
  if (head_response)
    self->head_response = head_response;
  http_server_open (self);
  return self;
}

/* @flag: released or stopped. */
static void
set_flag (HttpServer *self, gboolean *flag)
{
  const guint64 one = 1;

  g_mutex_lock (&self->mutex);
  *flag = TRUE;
  g_mutex_unlock (&self->mutex);
  g_assert_cmpint (write (self->wake_fd, &one, sizeof one), ==, sizeof one);
}

void
http_server_release (HttpServer *self)
{
  set_flag (self, &self->released);
}

void
http_server_free (HttpServer *self)
{
  set_flag (self, &self->stopped);
  g_thread_join (self->thread);
  g_hash_table_unref (self->connections);
  g_ptr_array_unref (self->requests);
  g_string_free (self->response, TRUE);
  close (self->listen_fd);
  close (self->epoll_fd);
  close (self->wake_fd);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->url);
  g_free (self);
}

const char *
http_server_url (const HttpServer *self)
{
  return self->url;
}

gboolean
http_server_wait_requests (HttpServer *self, guint n)
{
  gint64 end_us = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->mutex);
  while (in_time && self->requests->len < n)
    in_time = g_cond_wait_until (&self->changed, &self->mutex, end_us);
  g_mutex_unlock (&self->mutex);

  return in_time;
}

gboolean
http_server_wait_left (HttpServer *self, guint n)
{
  gint64 end_us = g_get_monotonic_time () + 30 * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->mutex);
  while (in_time && self->n_left < n)
    in_time = g_cond_wait_until (&self->changed, &self->mutex, end_us);
  g_mutex_unlock (&self->mutex);

  return in_time;
}

guint
http_server_n_requests (HttpServer *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->requests->len;
}

guint
http_server_n_connections (HttpServer *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  return self->n_connections;
}

const HttpServerRequest *
http_server_request (HttpServer *self, guint i)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  g_assert_cmpuint (i, <, self->requests->len);
  return self->requests->pdata[i];
}

char *
http_server_header (const HttpServerRequest *request, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (request->head, "\r\n", -1);
  gsize len = strlen (name);

  for (char **line = lines + 1; *line; line++)
    if (g_ascii_strncasecmp (*line, name, len) == 0 && (*line)[len] == ':')
      return g_strstrip (g_strdup (*line + len + 1));
  return NULL;
}
