#include "runtime/http/wp-http1.h"

#include "runtime/http/wp-ingest.h"
#include "runtime/http/wp-reader.h"
#include "runtime/http/wp-response-text.h"
#include "runtime/http/wp-response-buffer.h"
#include "runtime/queue/wp-realtime.h"

#define REVIEW_MS           250
#define MAX_RESPONSES_BYTES 16384 /* sent at once, and buffered for a connection that does not read */

/* One for each HTTP thread. */
typedef struct {
  WpHttpThread *http_thread;
  const WpIngest *ingest;
  WpReader *reader;
  WpResponseBuffer *responses;
} Http1;

typedef enum {
  TAKEN,      /* a request was answered, finally or by 100 (Continue) */
  INCOMPLETE, /* more bytes are needed */
  WAITS,      /* a request waits for its response */
  GONE        /* the client has left */
} Step;

static void advance (Http1 *self, WpConnection *connection);

/* WpPendingRequestRespond */
static void
respond_later (WpHttpThread *http_thread, gpointer request, guint status)
{
  WpConnection *connection = request;
  Http1 *self = connection->protocol_data;

  wp_response_buffer_add (self->responses, connection, status, wp_response_text_body (status));
  wp_connection_set_state (connection, WP_CONNECTION_IDLE);
  advance (self, connection);
}

static Step
refuse (Http1 *self, WpConnection *connection, WpHttpError why, gboolean bodiless)
{
  wp_response_buffer_add_error (self->responses, connection, why, bodiless);
  wp_connection_set_state (connection, WP_CONNECTION_IDLE);
  return TAKEN;
}

static Step
take_request (Http1 *self, WpConnection *connection, const WpReadResult *result)
{
  WpHttpError why;
  WpJob *job = wp_ingest_make_job (self->ingest, &result->head->request, result->body,
                                   connection->host->budget, &why);
  guint status;

  if (!job)
    return refuse (self, connection, why, FALSE);
  status = wp_pending_request_offer (self->ingest->engine, self->http_thread, connection, job, respond_later,
                                     connection);
  if (status == 0)
    return WAITS;
  wp_response_buffer_add (self->responses, connection, status, wp_response_text_body (status));
  wp_connection_set_state (connection, WP_CONNECTION_IDLE);

  return TAKEN;
}

static Step
take_next (Http1 *self, WpConnection *connection)
{
  WpReadResult result;

  switch (wp_reader_next (self->reader, connection, &result))
    {
    case WP_READER_GO_ON:
      wp_response_buffer_add_continue (self->responses);
      return TAKEN;
    case WP_READER_REQUEST:
      return take_request (self, connection, &result);
    case WP_READER_REFUSED:
      return refuse (self, connection, result.why, result.bodiless);
    case WP_READER_ENDED:
      return GONE;
    case WP_READER_MORE:
      break;
    }
  return INCOMPLETE;
}

/* Answers to pipelined requests are sent together. */
static gboolean
may_take (Http1 *self, WpConnection *connection)
{
  if (connection->last || connection->out_len > 0)
    return FALSE;
  return (wp_reader_has_bytes (self->reader)
          && wp_response_buffer_size (self->responses) < MAX_RESPONSES_BYTES)
         || wp_response_buffer_flush (self->responses, connection);
}

/* Serves requests until it has to wait for the client, the socket or a job. May release the connection. */
static void
advance (Http1 *self, WpConnection *connection)
{
  Step step = TAKEN;
  gboolean tired;

  while (step == TAKEN && may_take (self, connection))
    step = take_next (self, connection);
  tired = wp_reader_end_turn (self->reader, connection);
  wp_response_buffer_flush (self->responses, connection);

  if (step == WAITS)
    {
      wp_connection_set_state (connection, WP_CONNECTION_BUSY);
      wp_connection_check (connection);
    }
  else if (connection->dead || step == GONE || (connection->last && connection->out_len == 0))
    wp_connection_release (connection);
  else if (tired)
    wp_connection_read_again (connection);
}

/* WpProtocol. A BUSY connection continues in respond_later(). */
static void
ready (WpConnection *connection)
{
  Http1 *self = connection->protocol_data;
  gboolean clear = !connection->dead && wp_connection_flush (connection);

  if (connection->pending)
    return;
  if (connection->dead)
    wp_connection_release (connection);
  else if (clear)
    {
      if (connection->state == WP_CONNECTION_RESPONSE)
        wp_reader_resume (connection);
      advance (self, connection);
    }
}

static void
on_accepted (WpConnection *connection, gpointer data)
{
  static const WpProtocol protocol = { ready };

  connection->protocol = &protocol;
  connection->protocol_data = data;
}

static void
http1_free (gpointer data)
{
  Http1 *self = data;

  wp_reader_free (self->reader);
  wp_response_buffer_free (self->responses);
  g_free (self);
}

static void
set_protocol (WpHttpThread *http_thread, const WpIngest *ingest)
{
  WpReaderRules rules = { .tokens = ingest->tokens };
  Http1 *self = g_new0 (Http1, 1);

  self->http_thread = http_thread;
  self->ingest = ingest;
  self->reader = wp_reader_new (&rules);
  self->responses = wp_response_buffer_new (http_thread);
  wp_http_thread_set_protocol (http_thread, on_accepted, self, http1_free);
}

static gboolean
on_review (gpointer review)
{
  wp_realtime_review_update (review);

  return G_SOURCE_CONTINUE;
}

/* The source ends with the thread's context. */
static void
begin_realtime (void)
{
  g_autoptr (GSource) source = g_timeout_source_new (REVIEW_MS);
  WpRealtimeReview *review = g_new0 (WpRealtimeReview, 1);

  wp_realtime_review_init (review, WP_REALTIME_HTTP);
  g_source_set_callback (source, on_review, review, g_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

void
wp_http1_setup (WpHttpThread *http_thread, gpointer data)
{
  const WpIngest *ingest = data;

  if (ingest->tls)
    wp_http_thread_set_tls (http_thread, ingest->tls);
  if (ingest->realtime)
    begin_realtime ();
  if (!ingest->by_soup)
    set_protocol (http_thread, ingest);
}
