#include "runtime/http/wp-vet.h"

#include <errno.h>
#include <libsoup/soup.h>
#include <string.h>

#include "runtime/http/wp-gate.h"
#include "runtime/http/wp-request.h"

#define READ_AT_ONCE 16384

typedef enum { PASSED, INCOMPLETE, REFUSED } Verdict;

void
wp_vet_forget_head (WpVet *self)
{
  g_clear_pointer (&self->text, g_free);
  self->request = (WpRequest) { NULL };
}

static void
drop_head (WpVet *self)
{
  if (self->head)
    g_string_free (g_steal_pointer (&self->head), TRUE);
}

void
wp_vet_clear (WpVet *self)
{
  g_clear_pointer (&self->chunked, wp_chunked_free);
  wp_vet_forget_head (self);
  drop_head (self);
}

static Verdict
refuse (WpConnection *connection, WpRefusal why)
{
  wp_connection_refuse (connection, why);
  return REFUSED;
}

/* Left over from the request before (RFC 9112, 2.2); libsoup need not see them. One stays where nothing follows yet. */
static void
drop_empty_lines (WpConnection *connection)
{
  gsize n = 0;

  while (connection->in_len - n > 2 && memcmp (connection->in + n, "\r\n", 2) == 0)
    n += 2;
  if (n > 0)
    wp_connection_drop (connection, n);
}

/* What libsoup needs to find the end of the body, and to answer. @asks: the client still waits to be told to go on. */
static GString *
write_head (const WpRequest *request, gboolean asks)
{
  GString *head = g_string_new (request->method ? request->method : request->is_head ? "HEAD" : "OTHER");

  g_string_append_printf (head, " / HTTP/1.%c\r\nHost: wp\r\n", request->old ? '0' : '1');
  if (request->close)
    g_string_append (head, "Connection: close\r\n");
  if (asks)
    g_string_append (head, "Expect: 100-continue\r\n");
  else if (request->expects_other)
    g_string_append (head, "Expect: other\r\n");
  if (request->chunked)
    g_string_append (head, "Transfer-Encoding: chunked\r\n");
  else if (request->content_length > 0)
    g_string_append_printf (head, "Content-Length: %" G_GUINT64_FORMAT "\r\n", request->content_length);

  return g_string_append (head, "\r\n");
}

/* Takes the head from the connection. Parsed where it stays: the same bytes give the same. Who was told to go on while its request was
 * gathered, or has begun with the body, asks no more. */
static void
take_head (WpVet *self, WpConnection *connection, gsize len)
{
  gboolean told = connection->continued || connection->in_len > len, has_body;
  guint status;

  wp_vet_forget_head (self);
  self->text = g_memdup2 (connection->in, len);
  wp_request_parse (self->text, len, &self->request, &status);
  wp_connection_drop (connection, len);
  drop_head (self);
  connection->continued = FALSE;
  has_body = self->request.chunked || self->request.content_length > 0;
  self->head = write_head (&self->request, self->request.expects_continue && has_body && !told);
  self->passed_bytes = self->head->len;
}

static Verdict
vet_head (WpVet *self, WpConnection *connection)
{
  WpRequest request;
  guint status;

  if (connection->in_len == 0)
    return INCOMPLETE;
  drop_empty_lines (connection);
  switch (wp_request_parse (connection->in, connection->in_len, &request, &status))
    {
    case WP_REQUEST_MORE:
      if (connection->state == WP_CONNECTION_IDLE)
        wp_connection_enter (connection, WP_CONNECTION_HEAD);
      return wp_connection_charge (connection, connection->in_len) ? INCOMPLETE : refuse (connection, WP_REFUSAL_MEMORY);
    case WP_REQUEST_BAD:
      return refuse (connection, wp_refusal_of_head (status));
    case WP_REQUEST_PLAIN:
    case WP_REQUEST_OTHER:
      break;
    }
  if (request.content_length > wp_gate_max_body (connection->gate))
    return refuse (connection, WP_REFUSAL_BODY_SIZE);
  take_head (self, connection, request.head_len);
  connection->asked_end = request.close;
  self->left_bytes = request.content_length;
  self->expects = request.chunked ? WP_VET_CHUNKED : request.content_length > 0 ? WP_VET_COUNTED : WP_VET_HEAD;

  return PASSED;
}

/* libsoup keeps a body until its request is finished. */
static gboolean
hold (WpConnection *connection, gsize bytes)
{
  gboolean ok = wp_connection_charge (connection, connection->charged_bytes + bytes);

  if (!ok)
    refuse (connection, WP_REFUSAL_MEMORY);
  return ok;
}

static Verdict
vet_counted (WpVet *self, WpConnection *connection)
{
  if (connection->in_len == 0)
    return INCOMPLETE;
  self->passed_bytes = MIN (connection->in_len, self->left_bytes);
  if (!hold (connection, self->passed_bytes))
    return REFUSED;
  self->left_bytes -= self->passed_bytes;
  if (self->left_bytes == 0)
    self->expects = WP_VET_HEAD;
  return PASSED;
}

static Verdict
vet_chunked (WpVet *self, WpConnection *connection)
{
  if (connection->in_len == 0)
    return INCOMPLETE;
  if (!self->chunked)
    self->chunked = wp_chunked_new (wp_gate_max_body (connection->gate));
  switch (wp_chunked_feed (self->chunked, connection->in, connection->in_len, &self->passed_bytes))
    {
    case WP_CHUNKED_BAD:
      return refuse (connection, WP_REFUSAL_MALFORMED);
    case WP_CHUNKED_TOO_LARGE:
      return refuse (connection, WP_REFUSAL_BODY_SIZE);
    case WP_CHUNKED_DONE:
      g_clear_pointer (&self->chunked, wp_chunked_free);
      self->expects = WP_VET_HEAD;
      break;
    case WP_CHUNKED_MORE:
      break;
    }
  return hold (connection, self->passed_bytes) ? PASSED : REFUSED;
}

static Verdict
vet (WpVet *self, WpConnection *connection)
{
  switch (self->expects)
    {
    case WP_VET_COUNTED:
      return vet_counted (self, connection);
    case WP_VET_CHUNKED:
      return vet_chunked (self, connection);
    case WP_VET_HEAD:
      break;
    }
  return vet_head (self, connection);
}

/* In the midst of a body, the end is an error: libsoup would take a chunked body that is cut off for a whole one. Between requests: a
 * connection of which libsoup has seen no request begin, or none since the last answer, is never freed by it when it ends (3.2.3
 * ends only what it has seen begin). So the end of file is preceded by one byte of a request that never comes. */
static gssize
read_end (WpVet *self, WpConnection *connection, char *buffer)
{
  if (self->expects != WP_VET_HEAD && connection->state != WP_CONNECTION_IDLE)   /* idle: it was answered before its body came */
    {
      errno = ECONNRESET;
      return -1;
    }
  if (connection->told_end)
    return 0;
  if (!connection->dead && !wp_connection_flush (connection) && !connection->dead)
    {
      errno = EAGAIN;   /* the last answer first */
      return -1;
    }
  connection->told_end = connection->dead = TRUE;   /* dead: its 400 to that byte goes nowhere */
  *buffer = 'X';
  return 1;
}

static gssize
read_more (WpConnection *connection)
{
  char bytes[READ_AT_ONCE];
  gssize n = wp_connection_read_socket (connection, bytes, sizeof bytes);

  if (n > 0)
    wp_connection_keep (connection, bytes, n);
  return n;
}

/* At most @size of the bytes that are passed; returns how many. */
static gsize
give (WpVet *self, WpConnection *connection, char *buffer, gsize size)
{
  gsize n = MIN (size, self->passed_bytes);

  if (self->head)
    memcpy (buffer, self->head->str + self->head->len - self->passed_bytes, n);
  else
    {
      memcpy (buffer, connection->in, n);
      wp_connection_drop (connection, n);
    }
  self->passed_bytes -= n;
  if (self->passed_bytes == 0)
    drop_head (self);

  return n;
}

gssize
wp_vet_read (WpVet *self, WpConnection *connection, char *buffer, gsize size)
{

  while (self->passed_bytes == 0)
    {
      gssize got;

      if (connection->dead)
        return read_end (self, connection, buffer);
      if (vet (self, connection) != INCOMPLETE)
        continue;
      got = read_more (connection);
      self->waits = got < 0 && errno == EAGAIN;
      if (self->waits)
        return -1;
      if (got <= 0)
        return read_end (self, connection, buffer);
    }
  self->waits = FALSE;
  return give (self, connection, buffer, size);
}

gboolean
wp_vet_is_readable (const WpVet *self, const WpConnection *connection)
{
  return connection->readable || connection->dead || self->passed_bytes > 0 || (connection->in_len > 0 && !self->waits);
}
