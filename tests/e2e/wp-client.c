#include "tests/e2e/wp-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _WpClient {
  int fd;      /* -1: reset */
  SSL *ssl;    /* NULL: plain */
  GString *in; /* read, and not yet taken */
  gboolean ended, reset;
};

static gboolean speaks_tls[G_MAXUINT16 + 1]; /* of each port */

void
wp_client_speak_tls (guint16 port, gboolean speaks)
{
  speaks_tls[port] = speaks;
}

/* EAGAIN or ECONNRESET for an error of OpenSSL. */
static gssize
ssl_result (WpClient *self, int n)
{
  int reason = n > 0 ? SSL_ERROR_NONE : SSL_get_error (self->ssl, n);

  ERR_clear_error ();
  errno = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
  return n > 0 ? n : reason == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static gssize
send_some (WpClient *self, const void *bytes, gsize size)
{
  return self->ssl ? ssl_result (self, SSL_write (self->ssl, bytes, (int) size))
                   : send (self->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static gssize
receive_some (WpClient *self, void *buffer, gsize size)
{
  return self->ssl ? ssl_result (self, SSL_read (self->ssl, buffer, (int) size))
                   : recv (self->fd, buffer, size, MSG_DONTWAIT);
}

/* One for all clients of the process; never freed. OpenSSL writes without MSG_NOSIGNAL. */
static SSL_CTX *
tls_context (void)
{
  static SSL_CTX *context;

  if (g_once_init_enter (&context))
    {
      SSL_CTX *new = SSL_CTX_new (TLS_client_method ());

      signal (SIGPIPE, SIG_IGN);
      SSL_CTX_set_mode (new, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                 | SSL_MODE_RELEASE_BUFFERS);
      SSL_CTX_set_options (new, SSL_OP_IGNORE_UNEXPECTED_EOF);
      g_once_init_leave (&context, new);
    }
  return context;
}

static void
agree_on_tls (WpClient *self)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  gssize n;

  self->ssl = SSL_new (tls_context ());
  SSL_set_fd (self->ssl, self->fd);
  g_assert_cmpint (fcntl (self->fd, F_SETFL, O_NONBLOCK), ==, 0);
  while ((n = ssl_result (self, SSL_connect (self->ssl))) <= 0)
    {
      struct pollfd poller = { self->fd, POLLIN, 0 };

      g_assert_true (n < 0 && errno == EAGAIN && g_get_monotonic_time () < until_us);
      poll (&poller, 1, 100);
    }
}

char *
wp_client_certificate_name (const WpClient *self)
{
  char name[64] = "";

  if (!self->ssl)
    return NULL;
  X509_NAME_get_text_by_NID (X509_get_subject_name (SSL_get0_peer_certificate (self->ssl)), NID_commonName,
                             name, sizeof name);
  return g_strdup (name);
}

WpClient *
wp_client_new_on (int fd)
{
  WpClient *self = g_new0 (WpClient, 1);

  self->fd = fd;
  self->in = g_string_new (NULL);

  return self;
}

/* NULL: refused. */
static WpClient *
connect_to (guint16 port, int receive_buffer, gboolean tls)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  WpClient *self;

  g_assert_cmpint (fd, >=, 0);
  if (receive_buffer > 0)
    setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    {
      /* reset: the listener closed just then */
      g_assert_true (errno == ECONNREFUSED || errno == ECONNRESET);
      close (fd);
      return NULL;
    }
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  self = wp_client_new_on (fd);
  if (tls)
    agree_on_tls (self);

  return self;
}

WpClient *
wp_client_try (guint16 port)
{
  return connect_to (port, 0, speaks_tls[port]);
}

WpClient *
wp_client_new_raw (guint16 port)
{
  WpClient *self = connect_to (port, 0, FALSE);

  g_assert_nonnull (self);
  return self;
}

WpClient *
wp_client_new_narrow (guint16 port)
{
  WpClient *self = connect_to (port, 1, speaks_tls[port]);

  g_assert_nonnull (self);
  return self;
}

void
wp_client_widen (WpClient *self)
{
  int bytes = 1 << 20;

  g_assert_no_errno (setsockopt (self->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes));
}

WpClient *
wp_client_new (guint16 port)
{
  WpClient *self = wp_client_try (port);

  g_assert_nonnull (self);
  return self;
}

void
wp_client_free (WpClient *self)
{
  SSL_free (self->ssl);
  if (self->fd >= 0)
    close (self->fd);
  g_string_free (self->in, TRUE);
  g_free (self);
}

gboolean
wp_client_send_bytes (WpClient *self, const void *bytes, gsize size)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  gsize sent = 0;

  while (sent < size)
    {
      struct pollfd poller = { self->fd, POLLOUT, 0 };
      gssize n = send_some (self, (const char *) bytes + sent, size - sent);

      if (n < 0 && errno != EAGAIN)
        return FALSE;
      sent += n > 0 ? (gsize) n : 0;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      if (n < 0)
        poll (&poller, 1, 100);
    }
  return TRUE;
}

gssize
wp_client_offer (WpClient *self, const void *bytes, gsize size)
{
  return send_some (self, bytes, size);
}

gboolean
wp_client_send (WpClient *self, const char *text)
{
  return wp_client_send_bytes (self, text, strlen (text));
}

void
wp_client_get (WpClient *self, const char *path, const char *headers)
{
  g_autofree char *text
      = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers ? headers : "");

  g_assert_true (wp_client_send (self, text));
}

void
wp_client_post (WpClient *self, const char *path, const char *headers, const void *body, gsize size)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_printf (text,
                   "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n%s\r\n",
                   path, size, headers ? headers : "");
  g_string_append_len (text, body, (gssize) size);
  g_assert_true (wp_client_send_bytes (self, text->str, text->len));
}

/* One more read, waited for until @until_us; FALSE at the end. */
static gboolean
read_more (WpClient *self, gint64 until_us)
{
  struct pollfd poller = { self->fd, POLLIN, 0 };
  char buffer[16384];
  gssize n;

  if (self->ended)
    return FALSE;
  while ((n = receive_some (self, buffer, sizeof buffer)) < 0 && errno == EAGAIN)
    if (poll (&poller, 1, 100) == 0 && g_get_monotonic_time () > until_us)
      g_error ("the server does not answer; so far: \"%s\"", self->in->str);
  if (n > 0)
    g_string_append_len (self->in, buffer, n);
  self->ended = n <= 0;
  self->reset = n < 0;

  return n > 0;
}

void
wp_client_await (WpClient *self, gint64 patience_us)
{
  if (self->in->len == 0)
    read_more (self, g_get_monotonic_time () + patience_us);
}

static WpHttpResponse *
read_response (WpClient *self, gboolean has_body)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  WpHttpResponse *response;
  const char *end;
  gsize head, size;

  while (!(end = strstr (self->in->str, "\r\n\r\n")))
    if (!read_more (self, until_us))
      return NULL;
  head = (gsize) (end - self->in->str) + 4;
  response = wp_http_response_new (self->in->str, head - 2);
  size = has_body ? wp_http_response_body_size (response) : 0;
  while (self->in->len - head < size && read_more (self, until_us))
    ;
  if (size == G_MAXSIZE)
    size = self->in->len - head;
  if (self->in->len - head < size)
    {
      wp_http_response_free (response);
      return NULL;
    }
  response->body = g_strndup (self->in->str + head, size);
  response->size = size;
  g_string_erase (self->in, 0, (gssize) (head + size));

  return response;
}

WpHttpResponse *
wp_client_read (WpClient *self)
{
  return read_response (self, TRUE);
}

WpHttpResponse *
wp_client_read_head (WpClient *self)
{
  return read_response (self, FALSE);
}

guint
wp_client_read_status (WpClient *self)
{
  g_autoptr (WpHttpResponse) response = wp_client_read (self);

  return response ? response->status : 0;
}

char *
wp_client_read_line (WpClient *self)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  const char *end;
  char *line;

  while (!(end = strchr (self->in->str, '\n')))
    if (!read_more (self, until_us))
      return NULL;
  line = g_strndup (self->in->str, (gsize) (end - self->in->str));
  g_string_erase (self->in, 0, end - self->in->str + 1);

  return g_strchomp (line);
}

gboolean
wp_client_is_silent (WpClient *self)
{
  char byte;
  gssize n;

  if (self->ended || self->in->len > 0)
    return FALSE;
  n = receive_some (self, &byte, 1);
  if (n > 0)
    g_string_append_c (self->in, byte);
  else if (n == 0 || errno != EAGAIN)
    self->ended = TRUE;
  self->reset = n < 0 && errno != EAGAIN;

  return n < 0 && errno == EAGAIN;
}

gboolean
wp_client_read_end (WpClient *self)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  while (read_more (self, until_us))
    ;
  return !self->reset && self->in->len == 0;
}

void
wp_client_hold_back (WpClient *self, gboolean holds)
{
  int on = holds;

  g_assert_cmpint (setsockopt (self->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on), ==, 0);
}

void
wp_client_send_close_notify (WpClient *self)
{
  if (self->ssl)
    SSL_shutdown (self->ssl);
}

void
wp_client_half_close (WpClient *self)
{
  wp_client_send_close_notify (self);
  g_assert_cmpint (shutdown (self->fd, SHUT_WR), ==, 0);
}

void
wp_client_reset (WpClient *self)
{
  struct linger linger = { 1, 0 };

  g_assert_cmpint (setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
  close (self->fd);
  self->fd = -1;
  self->ended = TRUE;
}
