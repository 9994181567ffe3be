#include "runtime/http/wp-soup-ingest.h"

#include <string.h>

#include "runtime/http/wp-exchange.h"
#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-reply.h"

/* A handler's data: what is the same for all fronts, and whose it is. */
typedef struct {
  const WpIngest *ingest;
  WpFront *front;
} Lane;

static void
close_if_due (WpFront *front, SoupServerMessage *message)
{
  if (wp_front_is_draining (front) || !wp_soup_has_room (wp_front_get_soup (front)))
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
}

static void
respond (WpFront *front, SoupServerMessage *message, guint status, const char *text)
{
  wp_connection_enter (wp_soup_get_connection (message), WP_CONNECTION_REPLY);
  close_if_due (front, message);
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, text, strlen (text));
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "1");
}

/* The message was paused. Where its client has gone, its connection is killed first, so that libsoup's write fails and it
 * lets go of both. */
static void
reply (WpFront *front, gpointer request, guint status)
{
  g_autoptr(SoupServerMessage) message = request;

  wp_soup_set_waiting (wp_front_get_soup (front), FALSE);
  if (status == 0)
    wp_connection_kill (wp_soup_get_connection (message));
  if (status == 0)
    status = SOUP_STATUS_SERVICE_UNAVAILABLE;
  respond (front, message, status, wp_reply_text (status));
  soup_server_message_unpause (message);
}

static const char *
method_of_ours (const char *method)
{
  static const char *const names[] = { "GET", "POST", "PUT" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (method, names[i]))
      return names[i];
  return NULL;
}

/* More than one Authorization is none. */
static gboolean
is_admitted (const WpIngest *ingest, SoupMessageHeaders *headers)
{
  const char *credentials = soup_message_headers_get_list (headers, "Authorization");

  return !ingest->tokens || (credentials && wp_tokens_admit (ingest->tokens, credentials, strlen (credentials)));
}

static void
on_head (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  const Lane *lane = data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  WpConnection *connection = wp_soup_get_connection (message);

  wp_connection_enter (connection, WP_CONNECTION_BODY);
  soup_message_headers_remove (headers, "Range");   /* libsoup would cut our answer to it */
  if (!is_admitted (lane->ingest, headers))
    {
      wp_connection_refuse (connection, WP_REFUSAL_UNAUTHORIZED);   /* now: libsoup would await the body first */
      soup_server_message_set_status (message, SOUP_STATUS_UNAUTHORIZED, NULL);
    }
  else if (!method_of_ours (soup_server_message_get_method (message)))
    {
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow", "GET, POST, PUT");
      wp_front_count_refusal (lane->front, WP_REFUSAL_METHOD);
      soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
      soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, wp_refusal_text (WP_REFUSAL_METHOD),
                                        strlen (wp_refusal_text (WP_REFUSAL_METHOD)));
      if (soup_message_headers_get_encoding (headers) == SOUP_ENCODING_CHUNKED || soup_message_headers_get_content_length (headers) > 0)
        soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
      close_if_due (lane->front, message);
    }
}

static WpJob *
make_job (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  GUri *uri = soup_server_message_get_uri (message);
  const char *path = *g_uri_get_path (uri) ? g_uri_get_path (uri) : "/", *query = g_uri_get_query (uri);
  const char *id = soup_message_headers_get_one (headers, "X-Request-Id");
  WpJob *job = wp_job_new ();

  job->id = id && *id ? g_strdup (id) : NULL;
  job->method = method_of_ours (soup_server_message_get_method (message));
  job->path = query ? g_strconcat (path, "?", query, NULL) : g_strdup (path);
  job->content_type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  if (soup_server_message_get_request_body (message)->length > 0)
    job->body = soup_message_body_flatten (soup_server_message_get_request_body (message));

  return job;
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  const Lane *lane = data;
  WpConnection *connection = wp_soup_get_connection (message);
  const char *asked = soup_message_headers_get_one (soup_server_message_get_request_headers (message), "X-WP-Service");
  gint64 service_ns = WP_TIME_NONE;
  gboolean asked_well = !asked || wp_ingest_parse_service (asked, strlen (asked), &service_ns);
  WpJob *job;
  guint status;

  if (connection->dead || (!asked_well && lane->ingest->by_request))   /* dead: refused already, what we set is not written */
    {
      if (!connection->dead)
        wp_front_count_refusal (lane->front, WP_REFUSAL_SERVICE_TIME);
      respond (lane->front, message, SOUP_STATUS_BAD_REQUEST, wp_refusal_text (WP_REFUSAL_SERVICE_TIME));
      return;
    }
  job = make_job (message);
  if (asked_well)
    job->asked_service_ns = service_ns;
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

void
wp_soup_ingest_setup (WpFront *front, SoupServer *server, gpointer ingest)
{
  Lane *lane = g_new (Lane, 1);

  *lane = (Lane) { ingest, front };
  soup_server_add_early_handler (server, NULL, on_head, lane, NULL);
  soup_server_add_early_handler (server, "*", on_head, lane, NULL);
  soup_server_add_handler (server, NULL, on_request, lane, g_free);
}
