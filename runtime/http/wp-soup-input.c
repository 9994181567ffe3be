#include "runtime/http/wp-soup-input.h"

#include <errno.h>
#include <string.h>

void
wp_soup_input_clear (WpSoupInput *self)
{
  if (self->head)
    g_string_free (g_steal_pointer (&self->head), TRUE);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->text, g_free);
}

void
wp_soup_input_uncharge (WpSoupInput *self, WpConnection *connection)
{
  wp_connection_uncharge (connection, self->held_bytes);
  self->held_bytes = 0;
}

void
wp_soup_input_forget (WpSoupInput *self, WpConnection *connection)
{
  wp_soup_input_clear (self);
  wp_soup_input_uncharge (self, connection);
  self->parser = (WpRequestParser){ .status = 0 };
}

void
wp_soup_input_finish (WpSoupInput *self, WpConnection *connection)
{
  wp_soup_input_forget (self, connection);
  self->serving = FALSE;
}

/* The minimal head from which libsoup finds the end of the request. */
static GString *
write_head (const WpRequest *request, gsize size)
{
  GString *head = g_string_new (request->method ? request->method : request->is_head ? "HEAD" : "OTHER");

  g_string_append (head, " / HTTP/1.1\r\nHost: wp\r\n");
  if (size > 0)
    g_string_append_printf (head, "Content-Length: %zu\r\n", size);
  return g_string_append (head, "\r\n");
}

/* FALSE: the budget is exhausted. */
static gboolean
take_request (WpSoupInput *self, WpConnection *connection, const WpReadResult *result)
{
  const WpRequest *request = &result->head->request;
  gsize size = result->body ? g_bytes_get_size (result->body) : 0, bytes = request->head_len + 2 * size;

  self->body = result->body;
  self->parser = *result->head;
  self->text = g_memdup2 (result->text, request->head_len);
  wp_request_move (&self->parser, self->text);
  self->head = write_head (request, size);
  self->given = 0;
  if (!wp_connection_charge (connection, bytes))
    return FALSE;
  self->held_bytes = bytes;
  self->serving = TRUE;
  wp_connection_set_state (connection, WP_CONNECTION_RESPONSE);

  return TRUE;
}

static void
respond_refused (WpSoupInput *self, WpConnection *connection, WpHttpError why, gboolean bodiless)
{
  wp_soup_input_forget (self, connection);
  wp_response_buffer_add_error (self->responses, connection, why, bodiless);
  wp_connection_set_state (connection, WP_CONNECTION_IDLE);
  wp_response_buffer_flush (self->responses, connection);
}

static WpReading
read_request (WpSoupInput *self, WpConnection *connection)
{
  WpReadResult result;
  WpReading reading = wp_reader_next (self->reader, connection, &result);

  if (reading == WP_READER_GO_ON)
    {
      wp_response_buffer_add_continue (self->responses);
      wp_response_buffer_flush (self->responses, connection);
    }
  else if (reading == WP_READER_REFUSED)
    respond_refused (self, connection, result.why, result.bodiless);
  else if (reading == WP_READER_REQUEST && !take_request (self, connection, &result))
    respond_refused (self, connection, WP_HTTP_ERROR_MEMORY, self->parser.request.is_head);
  if (wp_reader_end_turn (self->reader, connection))
    wp_connection_read_again (connection);
  self->ended = reading == WP_READER_ENDED;

  return reading;
}

static gssize
read_nothing (void)
{
  errno = EAGAIN;
  return -1;
}

/* libsoup 3.2.3 frees a connection at its end only after a request has begun since the last response. So the
 * end of file is preceded by one byte of a request that never comes. The last response is sent first. */
static gssize
read_end (WpSoupInput *self, WpConnection *connection, char *buffer)
{
  if (self->saw_end)
    return 0;
  if (!connection->dead && !wp_connection_flush (connection) && !connection->dead)
    return read_nothing ();
  self->saw_end = connection->dead = TRUE; /* dead: the 400 to that byte is not sent */
  *buffer = 'X';
  return 1;
}

static gsize
copy_part (char *buffer, gsize size, const char *part, gsize part_size, gsize given)
{
  gsize n = given < part_size ? MIN (size, part_size - given) : 0;

  if (n > 0)
    memcpy (buffer, part + given, n);
  return n;
}

/* Copies at most @size bytes of head and body. Returns: their number. */
static gsize
give (WpSoupInput *self, char *buffer, gsize size)
{
  gsize n = copy_part (buffer, size, self->head->str, self->head->len, self->given), body_size = 0, more;
  const char *body = self->body ? g_bytes_get_data (self->body, &body_size) : NULL;

  more = copy_part (buffer + n, size - n, body, body_size,
                    self->given + n - MIN (self->head->len, self->given + n));
  self->given += n + more;
  if (self->given == self->head->len + body_size)
    {
      g_string_free (g_steal_pointer (&self->head), TRUE);
      g_clear_pointer (&self->body, g_bytes_unref);
    }
  return n + more;
}

void
wp_soup_input_advance (WpSoupInput *self, WpConnection *connection)
{
  while (!self->serving && !self->ended && !connection->dead && !connection->last
         && wp_connection_flush (connection))
    if (read_request (self, connection) == WP_READER_MORE)
      return;
}

gssize
wp_soup_input_read (WpSoupInput *self, WpConnection *connection, char *buffer, gsize size)
{
  wp_soup_input_advance (self, connection);
  if (self->head)
    return (gssize) give (self, buffer, size);
  return self->ended || connection->dead || connection->last ? read_end (self, connection, buffer)
                                                             : read_nothing ();
}

gboolean
wp_soup_input_is_readable (const WpSoupInput *self, const WpConnection *connection)
{
  return self->head || connection->dead || ((self->ended || connection->last) && connection->out_len == 0);
}
