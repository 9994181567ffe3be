#include "runtime/http/wp-soup-ingest.h"

#include <string.h>

#include "runtime/http/wp-exchange.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-reply.h"
#include "runtime/http/wp-stream.h"

/* A handler's data: what is the same for all fronts, and whose it is. */
typedef struct {
  const WpIngest *ingest;
  WpFront *front;
} Lane;

static void
say_whether_it_ends (WpFront *front, SoupServerMessage *message)
{
  WpConnection *connection = wp_soup_get_connection (message);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  connection->last |= wp_front_is_draining (front) || !wp_soup_has_room (wp_front_get_soup (front));
  if (connection->last || connection->keeps_alive)
    soup_message_headers_replace (headers, "Connection", connection->last ? "close" : "keep-alive");
}

static void
respond (WpFront *front, SoupServerMessage *message, guint status, const char *text)
{
  wp_connection_enter (wp_soup_get_connection (message), WP_CONNECTION_REPLY);
  say_whether_it_ends (front, message);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, text, strlen (text));
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "1");
}

/* The message was paused. Who ended its sending side, or is told so where a drain ends, when many thousands
 * may have to be while there is time, is answered past libsoup, whose write then fails, so that it lets go of
 * both. */
static void
reply (WpFront *front, gpointer request, guint status)
{
  g_autoptr (SoupServerMessage) message = request;
  WpConnection *connection = wp_soup_get_connection (message);

  wp_soup_set_waiting (wp_front_get_soup (front), FALSE);
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE && (connection->last || wp_front_is_draining (front))
      && connection->out_len == 0)
    wp_connection_answer_last (connection, status, wp_reply_text (status));
  respond (front, message, status, wp_reply_text (status));
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
  const Lane *lane = data;
  WpConnection *connection = wp_soup_get_connection (message);
  WpRefusal why;
  WpJob *job;
  guint status;

  if (connection->dead) /* refused already, what we set is not written */
    {
      respond (lane->front, message, SOUP_STATUS_BAD_REQUEST, "");
      return;
    }
  wp_stream_let_go (connection); /* what the job holds is counted with the job */
  job = wp_ingest_make_job (lane->ingest, wp_stream_get_request (connection), take_body (message),
                            wp_gate_budget (connection->gate), &why);
  wp_stream_forget_request (connection);
  if (!job)
    {
      wp_front_count_refusal (lane->front, why);
      respond (lane->front, message, wp_refusal_status (why), wp_refusal_text (why));
      return;
    }
  wp_connection_enter (connection, WP_CONNECTION_BUSY);
  status = wp_exchange_offer (lane->ingest->mode, lane->front, connection, job, reply, message);
  if (status != 0)
    {
      respond (lane->front, message, status, wp_reply_text (status));
      return;
    }
  g_object_ref (message);
  soup_server_message_pause (message);
  wp_soup_set_waiting (wp_front_get_soup (lane->front), TRUE);
  wp_connection_check (connection);
}

WpReaderRules
wp_soup_ingest_setup (WpFront *front, SoupServer *server, gpointer data)
{
  const WpIngest *ingest = data;
  Lane *lane = g_new (Lane, 1);

  *lane = (Lane){ ingest, front };
  soup_server_add_handler (server, NULL, on_request, lane, g_free);

  return (WpReaderRules){ .tokens = ingest->tokens };
}
