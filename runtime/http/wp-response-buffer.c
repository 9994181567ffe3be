#include "runtime/http/wp-response-buffer.h"

#include <errno.h>

#include "runtime/http/wp-response-text.h"

struct _WpResponseBuffer {
  WpHttpThread *http_thread;
  GString *bytes;
  WpResponseTextCache replies;
};

WpResponseBuffer *
wp_response_buffer_new (WpHttpThread *http_thread)
{
  WpResponseBuffer *self = g_new0 (WpResponseBuffer, 1);

  self->http_thread = http_thread;
  self->bytes = g_string_sized_new (4096);

  return self;
}

void
wp_response_buffer_free (WpResponseBuffer *self)
{
  g_string_free (self->bytes, TRUE);
  g_free (self);
}

static void
append (WpResponseBuffer *self, WpConnection *connection, guint status, const char *text,
        WpResponseTextFlags flags)
{
  connection->last |= wp_http_thread_is_draining (self->http_thread);
  flags |= connection->last          ? WP_RESPONSE_TEXT_CLOSE
           : connection->keeps_alive ? WP_RESPONSE_TEXT_KEEP_ALIVE
                                     : 0;
  wp_response_text_append (&self->replies, self->bytes, status, text, flags);
}

void
wp_response_buffer_add (WpResponseBuffer *self, WpConnection *connection, guint status, const char *text)
{
  append (self, connection, status, text, 0);
}

void
wp_response_buffer_add_error (WpResponseBuffer *self, WpConnection *connection, WpHttpError why,
                              gboolean bodiless)
{
  if (!bodiless || why != WP_HTTP_ERROR_METHOD)
    wp_http_thread_count_refusal (self->http_thread, why);
  append (self, connection, wp_http_error_status (why), wp_http_error_text (why),
          bodiless ? WP_RESPONSE_TEXT_BODILESS : 0);
}

gsize
wp_response_buffer_size (const WpResponseBuffer *self)
{
  return self->bytes->len;
}

void
wp_response_buffer_add_continue (WpResponseBuffer *self)
{
  g_string_append (self->bytes, "HTTP/1.1 100 Continue\r\n\r\n");
}

gboolean
wp_response_buffer_flush (WpResponseBuffer *self, WpConnection *connection)
{
  gssize n = 0;

  if (self->bytes->len == 0)
    return connection->out_len == 0 && !connection->dead;
  if (connection->out_len == 0)
    n = wp_connection_write (connection, self->bytes->str, self->bytes->len);
  if (n < 0 && errno != EAGAIN)
    connection->dead = TRUE;
  else if (MAX (n, 0) < (gssize) self->bytes->len)
    {
      wp_connection_write_later (connection, self->bytes->str + MAX (n, 0), self->bytes->len - MAX (n, 0));
      wp_connection_set_state (connection, WP_CONNECTION_RESPONSE);
    }
  g_string_truncate (self->bytes, 0);

  return connection->out_len == 0 && !connection->dead;
}
