/* The module wp-soup.so: its entry point, and the ingest served by libsoup, --http=soup. */
#include <string.h>

#include "runtime/http/wp-admin.h"
#include "runtime/http/wp-soup.h"
#include "runtime/http/wp-reader.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-response-text.h"
#include "runtime/http/wp-stream.h"

typedef struct {
  const WpIngest *ingest;
  WpHttpThread *http_thread;
} Handler;

static void
set_connection_field (WpHttpThread *http_thread, SoupServerMessage *message)
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
  wp_connection_set_state (wp_soup_get_connection (message), WP_CONNECTION_RESPONSE);
  set_connection_field (http_thread, message);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, text, strlen (text));
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "1");
}

/* WpPendingRequestRespond of a paused message. A 503 to a client that ended its sending side, or at the end
 * of a drain, when there may be many thousands, is sent without libsoup; libsoup's own write then fails, and
 * it releases the connection. */
static void
respond_later (WpHttpThread *http_thread, gpointer request, guint status)
{
  g_autoptr (SoupServerMessage) message = request;
  WpConnection *connection = wp_soup_get_connection (message);

  wp_soup_set_waiting (wp_http_thread_get_soup (http_thread), FALSE);
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE
      && (connection->last || wp_http_thread_is_draining (http_thread)) && connection->out_len == 0)
    wp_connection_send_last_response (connection, status, wp_response_text_body (status));
  respond (http_thread, message, status, wp_response_text_body (status));
  soup_server_message_unpause (message);
}

/* (transfer full) (nullable) */
static GBytes *
take_body (SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  GBytes *bytes = body->length > 0 ? soup_message_body_flatten (body) : NULL;

  soup_message_body_truncate (body); /* otherwise it is in memory twice while the request waits */
  return bytes;
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer data)
{
  const Handler *self = data;
  WpConnection *connection = wp_soup_get_connection (message);
  WpHttpError why;
  WpJob *job;
  guint status;

  if (connection->dead) /* refused already: this response is not written */
    {
      respond (self->http_thread, message, SOUP_STATUS_BAD_REQUEST, "");
      return;
    }
  wp_stream_uncharge (connection); /* the job is charged instead */
  job = wp_ingest_make_job (self->ingest, wp_stream_get_request (connection), take_body (message),
                            connection->host->budget, &why);
  wp_stream_forget_request (connection);
  if (!job)
    {
      wp_http_thread_count_refusal (self->http_thread, why);
      respond (self->http_thread, message, wp_http_error_status (why), wp_http_error_text (why));
      return;
    }
  wp_connection_set_state (connection, WP_CONNECTION_BUSY);
  status = wp_pending_request_offer (self->ingest->engine, self->http_thread, connection, job, respond_later,
                                     message);
  if (status != 0)
    {
      respond (self->http_thread, message, status, wp_response_text_body (status));
      return;
    }
  g_object_ref (message);
  soup_server_message_pause (message);
  wp_soup_set_waiting (wp_http_thread_get_soup (self->http_thread), TRUE);
  wp_connection_check (connection);
}

/* WpSoupSetup; @data: a WpIngest */
static WpReaderRules
setup_ingest (WpHttpThread *http_thread, SoupServer *server, gpointer data)
{
  const WpIngest *ingest = data;
  Handler *self = g_new (Handler, 1);

  *self = (Handler){ ingest, http_thread };
  soup_server_add_handler (server, NULL, on_request, self, g_free);

  return (WpReaderRules){ .tokens = ingest->tokens };
}

static WpSoup *
new_for_site (WpHttpThread *http_thread, WpSoupSite site, gpointer data)
{
  static const WpSoupSetup setups[] = {
    [WP_SOUP_INGEST] = setup_ingest,
    [WP_SOUP_ADMIN] = wp_admin_setup,
    [WP_SOUP_PROBE] = wp_admin_setup_probe,
  };

  return wp_soup_new (http_thread, setups[site], data);
}

const WpSoupClass wp_soup_class = { new_for_site, wp_soup_adopt, wp_soup_free };
