#include "runtime/http/wp-soup-ingest.h"

#include <string.h>

#include "runtime/http/wp-pending-request.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-reply.h"
#include "runtime/http/wp-stream.h"

/* A handler's data: what is the same for all fronts, and whose it is. */
typedef struct {
  const WpIngest *ingest;
  WpHttpThread *http_thread;
} Lane;

static void
say_whether_it_ends (WpHttpThread *http_thread, SoupServerMessage *message)
{
  WpConnection *connection = wp_soup_get_connection (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  connection->last |= wp_http_thread_is_draining (http_thread)
                      || !wp_soup_has_room (wp_http_thread_get_soup (http_thread));
  if (connection->last || connection->keeps_alive)
    soup_message_headers_replace (headers, "Connection", connection->last ? "close" : "keep-alive");
}

static void
respond (WpHttpThread *http_thread, SoupServerMessage *message, guint status, const char *text)
{
  wp_connection_enter (wp_soup_get_connection (message), WP_CONNECTION_REPLY);
  say_whether_it_ends (http_thread, message);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, text, strlen (text));
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "1");
}

/* The message was paused. Who ended its sending side, or is told so where a drain ends, when many thousands
 * may have to be while there is time, is answered past libsoup, whose write then fails, so that it lets go of
 * both. */
static void
reply (WpHttpThread *http_thread, gpointer request, guint status)
{
  g_autoptr (SoupServerMessage) message = request;
  WpConnection *connection = wp_soup_get_connection (message);

  wp_soup_set_waiting (wp_http_thread_get_soup (http_thread), FALSE);
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE
      && (connection->last || wp_http_thread_is_draining (http_thread)) && connection->out_len == 0)
    wp_connection_answer_last (connection, status, wp_reply_text (status));
  respond (http_thread, message, status, wp_reply_text (status));
  soup_server_message_unpause (message);
}

/* (transfer full) (nullable) */
static GBytes *
take_body (SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  GBytes *bytes = body->length > 0 ? soup_message_body_flatten (body) : NULL;

  soup_message_body_truncate (body); /* or it is there twice for as long as the request waits */
  return bytes;
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  const Lane *protocol = data;
  WpConnection *connection = wp_soup_get_connection (message);
  WpHttpError why;
  WpJob *job;
  guint status;

  if (connection->dead) /* refused already, what we set is not written */
    {
      respond (protocol->http_thread, message, SOUP_STATUS_BAD_REQUEST, "");
      return;
    }
  wp_stream_let_go (connection); /* what the job holds is counted with the job */
  job = wp_ingest_make_job (protocol->ingest, wp_stream_get_request (connection), take_body (message),
                            connection->host->budget, &why);
  wp_stream_forget_request (connection);
  if (!job)
    {
      wp_http_thread_count_refusal (protocol->http_thread, why);
      respond (protocol->http_thread, message, wp_http_error_status (why), wp_http_error_text (why));
      return;
    }
  wp_connection_enter (connection, WP_CONNECTION_BUSY);
  status = wp_pending_request_offer (protocol->ingest->engine, protocol->http_thread, connection, job, reply,
                                     message);
  if (status != 0)
    {
      respond (protocol->http_thread, message, status, wp_reply_text (status));
      return;
    }
  g_object_ref (message);
  soup_server_message_pause (message);
  wp_soup_set_waiting (wp_http_thread_get_soup (protocol->http_thread), TRUE);
  wp_connection_check (connection);
}

WpReaderRules
wp_soup_ingest_setup (WpHttpThread *http_thread, SoupServer *server, gpointer data)
{
  const WpIngest *ingest = data;
  Lane *protocol = g_new (Lane, 1);

  *protocol = (Lane){ ingest, http_thread };
  soup_server_add_handler (server, NULL, on_request, protocol, g_free);

  return (WpReaderRules){ .tokens = ingest->tokens };
}
