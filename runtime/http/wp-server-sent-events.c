#include "runtime/http/wp-server-sent-events.h"

#define INTERVAL_MS 1000
#define MAX_UNREAD  10 /* intervals; then the client is taken to be gone */

typedef struct {
  SoupServerMessage *message;
  WpConnection *connection;
  GSource *source;
  guint n_unread; /* ticks since all events were sent */
  WpServerSentEventsMake make;
  gpointer data;
  guint *n_streams;
} Events;

static void
push (Events *self)
{
  g_autofree char *json = self->make (self->data);
  g_autofree char *event = g_strdup_printf ("data: %s\n\n", json);

  soup_message_body_append (soup_server_message_get_response_body (self->message), SOUP_MEMORY_COPY, event,
                            strlen (event));
  soup_server_message_unpause (self->message);
  self->n_unread++;
}

/* WpConnectionGone */
static void
end (gpointer data)
{
  Events *self = data;

  wp_connection_kill (self->connection);
  push (self); /* its write fails, which makes libsoup end the message */
}

/* Pushes an event only if the last one is sent. */
static gboolean
on_tick (gpointer data)
{
  Events *self = data;

  if (self->connection->dead || self->n_unread >= MAX_UNREAD)
    {
      end (self);
      return G_SOURCE_REMOVE;
    }
  if (self->connection->out_len == 0)
    push (self);
  else
    self->n_unread++;
  return G_SOURCE_CONTINUE;
}

/* libsoup flushes only at the end of a response. */
static void
on_wrote (SoupServerMessage *message, Events *self)
{
  if (wp_connection_flush (self->connection))
    self->n_unread = 0;
}

static void
on_finished (SoupServerMessage *message, Events *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_signal_handlers_disconnect_by_data (message, self);
  (*self->n_streams)--;
  g_free (self);
}

void
wp_server_sent_events_start (SoupServerMessage *message, WpConnection *connection,
                             WpServerSentEventsMake make, gpointer data, guint *n_streams)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  Events *self = g_new0 (Events, 1);

  *self = (Events){ message, connection, g_timeout_source_new (INTERVAL_MS), 0, make, data, n_streams };
  (*n_streams)++;
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_replace (headers, "Content-Type", "text/event-stream");
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  /* without this nginx buffers 4 kB of events */
  soup_message_headers_replace (headers, "X-Accel-Buffering", "no");
  soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (on_wrote), self);
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), self);
  wp_connection_set_state (connection, WP_CONNECTION_BUSY);
  connection->gone = end;
  connection->pending = self;
  g_source_set_callback (self->source, on_tick, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  push (self);
}
