#include "runtime/http/wp-connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/http/wp-response-text.h"

#define MAX_DROPS   64
#define AHEAD_BYTES 1     /* that OpenSSL was asked to read ahead; its buffers come on top */
#define TLS_BYTES   20480 /* of OpenSSL, for a record in transit */

void
wp_partial_free (WpPartial *self)
{
  g_free (self->head);
  g_free (self->body);
  g_free (self);
}

void
wp_connection_set_state (WpConnection *self, WpConnectionState state)
{
  self->state = state;
  self->deadline_ns = self->host->class->deadline (self->host, state);
}

/* Adds OpenSSL's buffers to the first @bytes that are held, or to the last that are released. */
static gsize
with_tls (const WpConnection *self, gsize bytes, gsize others)
{
  return self->tls && others == 0 && bytes > 0 ? bytes + TLS_BYTES : bytes;
}

gboolean
wp_connection_charge (WpConnection *self, gsize bytes)
{
  WpMemoryBudget *budget = self->host->budget;
  gsize all = with_tls (self, bytes, self->held_bytes);

  if (budget && !wp_memory_budget_take (budget, all))
    return FALSE;
  self->held_bytes += all;

  return TRUE;
}

/* For bytes that are in memory already: may exceed the budget. */
static void
hold_anyway (WpConnection *self, gsize bytes)
{
  WpMemoryBudget *budget = self->host->budget;
  gsize all = with_tls (self, bytes, self->held_bytes);

  if (budget)
    wp_memory_budget_take_unchecked (budget, all);
  self->held_bytes += all;
}

void
wp_connection_uncharge (WpConnection *self, gsize bytes)
{
  WpMemoryBudget *budget = self->host->budget;
  gsize all = with_tls (self, bytes, self->held_bytes - bytes - (self->tls ? TLS_BYTES : 0));

  if (budget)
    wp_memory_budget_release (budget, all);
  self->held_bytes -= all;
}

void
wp_connection_save_pipelined (WpConnection *self, const char *bytes, gsize len)
{
  self->pipelined_dropped = !wp_connection_charge (self, len);
  if (self->pipelined_dropped)
    return;
  self->in = g_memdup2 (bytes, len);
  self->in_len = len;
}

gsize
wp_connection_take_pipelined (WpConnection *self, char *buffer)
{
  gsize len = self->in_len;

  memcpy (buffer, self->in, len);
  wp_connection_uncharge (self, len);
  g_clear_pointer (&self->in, g_free);
  self->in_len = 0;

  return len;
}

void
wp_connection_clear (WpConnection *self)
{
  WpMemoryBudget *budget = self->host->budget;

  g_clear_pointer (&self->partial, wp_partial_free);
  g_clear_pointer (&self->in, g_free);
  g_clear_pointer (&self->out, g_free);
  self->in_len = self->out_len = 0;
  self->pipelined_in_tls = FALSE;
  if (budget)
    wp_memory_budget_release (budget, self->held_bytes);
  self->held_bytes = 0;
}

gssize
wp_connection_read_socket (WpConnection *self, void *buffer, gsize size)
{
  gssize n;

  if (self->pipelined_in_tls)
    wp_connection_uncharge (self, AHEAD_BYTES);
  self->pipelined_in_tls = FALSE;
  do
    n = self->tls ? wp_tls_session_read (self->tls, buffer, size) : recv (self->fd, buffer, size, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN)
    self->readable = FALSE;
  else if (n <= 0)
    self->peer_ended = TRUE;
  else if (self->state == WP_CONNECTION_BODY)
    self->deadline_ns = self->host->class->deadline_later (self->host, self->deadline_ns, (gsize) n);
  if (n > 0 && !self->tls)                                  /* TLS returns one record at a time */
    self->readable = (gsize) n == size || self->peer_ended; /* an end of file is still to be read */

  return n;
}

void
wp_connection_discard_input (WpConnection *self)
{
  char waste[16384];

  for (guint i = 0; i < MAX_DROPS && recv (self->fd, waste, sizeof waste, 0) > 0; i++)
    ;
}

gssize
wp_connection_write (WpConnection *self, const void *buffer, gsize size)
{
  gssize n;

  if (self->dead)
    {
      errno = EPIPE;
      return -1;
    }
  do
    n = self->tls ? wp_tls_session_write (self->tls, buffer, size)
                  : send (self->fd, buffer, size, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN)
    self->writable = FALSE;
  return n;
}

void
wp_connection_write_later (WpConnection *self, const char *bytes, gsize len)
{
  hold_anyway (self, len);
  self->out = g_realloc (self->out, self->out_len + len);
  memcpy (self->out + self->out_len, bytes, len);
  self->out_len += len;
}

gboolean
wp_connection_flush (WpConnection *self)
{
  gssize n;

  if (self->out_len == 0)
    return TRUE;
  n = wp_connection_write (self, self->out, self->out_len);
  if (n < 0 && errno != EAGAIN)
    self->dead = TRUE;
  if (n <= 0)
    return FALSE;
  wp_connection_uncharge (self, (gsize) n);
  self->out_len -= n;
  memmove (self->out, self->out + n, self->out_len);
  self->out = g_realloc (self->out, self->out_len); /* an empty buffer is freed */

  return self->out_len == 0;
}

void
wp_connection_abort (WpConnection *self)
{
  wp_connection_uncharge (self, self->out_len);
  g_clear_pointer (&self->out, g_free);
  self->out_len = 0;
  wp_connection_kill (self);
}

void
wp_connection_kill (WpConnection *self)
{
  self->dead = TRUE;
  self->protocol->ready (self);
}

void
wp_connection_send_last_response (WpConnection *self, guint status, const char *text)
{
  g_autoptr (GString) response = g_string_new (NULL);
  WpResponseTextCache cache = { .second = 0 };
  gboolean is_head = self->partial && self->partial->parser.request.is_head;

  wp_response_text_append (&cache, response, status, text,
                           WP_RESPONSE_TEXT_CLOSE | (is_head ? WP_RESPONSE_TEXT_BODILESS : 0));
  wp_connection_write (self, response->str, response->len);
  wp_connection_kill (self);
}

void
wp_connection_refuse (WpConnection *self, WpHttpError why)
{
  self->host->class->count_refusal (self->host, why);
  wp_connection_send_last_response (self, wp_http_error_status (why), wp_http_error_text (why));
}

/* epoll reports TCP's end of file; a close_notify has to be read. Data that is read instead stays in OpenSSL,
 * whose buffers are counted then. */
static void
check_close_notify (WpConnection *self)
{
  gboolean waits;

  if (!self->tls || !self->pending || !self->readable || self->peer_ended || self->pipelined_in_tls
      || !wp_connection_charge (self, AHEAD_BYTES))
    return;
  self->peer_ended = wp_tls_session_is_ended (self->tls, &waits);
  self->readable = !waits;
  self->pipelined_in_tls = !waits && !self->peer_ended;
  if (!self->pipelined_in_tls)
    wp_connection_uncharge (self, AHEAD_BYTES);
}

gboolean
wp_connection_check (WpConnection *self)
{
  WpConnectionGone gone = self->gone;

  check_close_notify (self);
  if (!self->peer_ended || !self->pending || !gone)
    return FALSE;
  self->gone = NULL;
  gone (self->pending);
  return TRUE;
}

void
wp_connection_read_again (WpConnection *self)
{
  self->host->class->report_again (self->host, self);
}

/* WpProtocol of a released connection that still has bytes to send. */
static void
closing_ready (WpConnection *self)
{
  if (wp_connection_flush (self) || self->dead)
    self->host->class->take_back (self->host, self);
}

void
wp_connection_release (WpConnection *self)
{
  static const WpProtocol closing = { closing_ready };

  self->pending = NULL;
  if (self->dead || wp_connection_flush (self))
    {
      self->host->class->take_back (self->host, self);
      return;
    }
  self->protocol = &closing;
  wp_connection_set_state (self, WP_CONNECTION_RESPONSE);
}

/* OpenSSL would allocate its buffers, so it is not called before the client has sent something. */
static WpTlsProgress
advance (WpConnection *connection)
{
  if (connection->dead)
    return WP_TLS_FAILED;
  return connection->readable ? wp_tls_session_handshake (connection->tls) : WP_TLS_WAITS;
}

/* WpProtocol. Plain HTTP on a TLS port is answered 400 in plain HTTP. */
static void
handshake_ready (WpConnection *connection)
{
  WpTlsProgress progress = advance (connection);

  if (progress == WP_TLS_DONE)
    {
      connection->host->class->handshake_done (connection->host, connection);
      connection->readable = TRUE; /* OpenSSL may hold bytes already, which epoll does not report */
      connection->protocol->ready (connection);
    }
  else if (progress == WP_TLS_PLAIN_HTTP)
    {
      g_clear_pointer (&connection->tls, wp_tls_session_free);
      wp_connection_refuse (connection, WP_HTTP_ERROR_PLAIN_HTTP);
    }
  else if (progress == WP_TLS_FAILED)
    {
      connection->dead = TRUE;
      wp_connection_release (connection);
    }
}

void
wp_connection_begin_handshake (WpConnection *connection, WpTls *tls)
{
  static const WpProtocol protocol = { handshake_ready };

  connection->tls = wp_tls_accept (tls, connection->fd);
  connection->protocol = &protocol;
  wp_connection_set_state (connection, WP_CONNECTION_HANDSHAKE);
}
