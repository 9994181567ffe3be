#include "runtime/http/wp-fast-lane.h"

#include <errno.h>
#include <string.h>

#include "runtime/http/wp-chunked.h"
#include "runtime/http/wp-exchange.h"
#include "runtime/http/wp-outbox.h"
#include "runtime/http/wp-reply.h"
#include "runtime/http/wp-request.h"
#include "runtime/http/wp-status.h"

#define SCRATCH_SIZE (64 * 1024)
#define MAX_READS 16             /* then it is the turn of other connections */

/* One a front. Connections that are idle own no buffer: their bytes are read into one scratch, and are kept only where a request is
 * not whole or has to wait. */
typedef struct {
  WpFront *front;
  const WpIngest *ingest;
  char *scratch;
  WpOutbox *outbox;
} FastLane;

/* What came of the bytes at hand. */
typedef enum {
  TAKEN,                     /* a request was taken and answered */
  INCOMPLETE,                /* more bytes are needed */
  WAITS,                     /* a request was taken, and its answer will come */
  PASSED,                    /* the next request is libsoup's */
  GONE                       /* the client has left */
} Step;

static void advance (FastLane *self, WpConnection *connection);

static void
release (WpConnection *connection)
{
  g_clear_pointer ((WpChunked **) &connection->body, wp_chunked_free);
  wp_connection_release (connection);
}

/* WpExchangeReply: the request that waited has its answer. */
static void
reply (WpFront *front, gpointer request, guint status)
{
  WpConnection *connection = request;
  FastLane *self = connection->lane_data;

  wp_outbox_answer (self->outbox, connection, status, wp_reply_text (status));
  wp_connection_enter (connection, WP_CONNECTION_IDLE);
  advance (self, connection);
}

/* @body: (transfer full) (nullable) */
static Step
take_request (FastLane *self, WpConnection *connection, const WpRequest *request, GBytes *body)
{
  WpJob *job;
  guint status;

  connection->asked_end = request->close;
  connection->last |= request->close;
  job = wp_ingest_make_job (self->ingest, request, body);
  if (!job)
    {
      wp_front_count_refusal (self->front, WP_REFUSAL_SERVICE_TIME);
      wp_outbox_answer (self->outbox, connection, WP_STATUS_BAD_REQUEST, wp_refusal_text (WP_REFUSAL_SERVICE_TIME));
      return TAKEN;
    }
  status = wp_exchange_offer (self->ingest->mode, self->front, connection, job, reply, connection);
  if (status == 0)
    return WAITS;
  wp_outbox_answer (self->outbox, connection, status, wp_reply_text (status));

  return TAKEN;
}

static Step
refuse (FastLane *self, WpConnection *connection, WpRefusal why)
{
  wp_outbox_refuse (self->outbox, connection, why);
  return TAKEN;
}

static void
enter_once (WpConnection *connection, WpConnectionState state)
{
  if (connection->state != state)
    wp_connection_enter (connection, state);
}

/* @held: bytes of it so far. */
static Step
await_more (FastLane *self, WpConnection *connection, WpConnectionState state, gsize held)
{
  if (!wp_connection_charge (connection, held))
    return refuse (self, connection, WP_REFUSAL_MEMORY);
  enter_once (connection, state);
  return INCOMPLETE;
}

/* A head is here whose body is not, and the client may be waiting to be told that it is welcome (RFC 9110, 10.1.1). */
static Step
await_body (FastLane *self, WpConnection *connection, const WpRequest *request, gboolean begun, gsize held)
{
  if (request->expects_continue && !connection->continued && !begun)
    wp_outbox_go_on (self->outbox);
  connection->continued = TRUE;
  return await_more (self, connection, WP_CONNECTION_BODY, held);
}

/* Feeds what has come of a chunked body, from @begun on, @taken bytes of it. @kept: bytes that stay beside what was decoded, if more is to
 * come. PASSED: the body is whole. */
static Step
feed_chunked (FastLane *self, WpConnection *connection, const WpRequest *request, const char *bytes, gsize len, gsize begun, gsize kept, gsize *taken)
{
  if (!connection->body)
    connection->body = wp_chunked_new (wp_gate_max_body (connection->gate));
  switch (wp_chunked_feed (connection->body, bytes + begun, len - begun, taken))
    {
    case WP_CHUNKED_MORE:
      return await_body (self, connection, request, len > request->head_len, kept + wp_chunked_size (connection->body));
    case WP_CHUNKED_BAD:
      return refuse (self, connection, WP_REFUSAL_MALFORMED);
    case WP_CHUNKED_TOO_LARGE:
      return refuse (self, connection, WP_REFUSAL_BODY_SIZE);
    case WP_CHUNKED_DONE:
      break;
    }
  return PASSED;
}

/* What has come of a chunked body is decoded and let go; its head is kept. */
static Step
take_chunked (FastLane *self, WpConnection *connection, const WpRequest *request, const char *bytes, gsize len, gsize *used, gsize *keep)
{
  gsize taken;
  Step step = feed_chunked (self, connection, request, bytes, len, request->head_len, request->head_len, &taken);

  if (step == INCOMPLETE)
    *keep = request->head_len;
  if (step != PASSED)
    return step;
  *used = request->head_len + taken;

  return take_request (self, connection, request, wp_chunked_steal_body (connection->body));
}

static Step
take_counted (FastLane *self, WpConnection *connection, const WpRequest *request, const char *bytes, gsize len, gsize *used)
{
  if (request->content_length > wp_gate_max_body (connection->gate))
    return refuse (self, connection, WP_REFUSAL_BODY_SIZE);
  if (len - request->head_len < request->content_length)
    return await_body (self, connection, request, len > request->head_len, len);
  *used = request->head_len + request->content_length;

  return take_request (self, connection, request,
                       request->content_length > 0 ? g_bytes_new (bytes + request->head_len, request->content_length) : NULL);
}

/* What has come of a chunked body that libsoup is to have is looked at, and kept as it is. */
static Step
gather_chunked (FastLane *self, WpConnection *connection, const WpRequest *request, const char *bytes, gsize len)
{
  gsize taken;
  Step step = feed_chunked (self, connection, request, bytes, len, request->head_len + connection->gathered, len, &taken);

  if (step == INCOMPLETE)
    connection->gathered += taken;
  return step;
}

/* libsoup gets a request once all of its body is here, which is awaited as any other, see wp_soup_has_room(). */
static Step
take_other (FastLane *self, WpConnection *connection, const WpRequest *request, const char *bytes, gsize len)
{
  if (request->content_length > wp_gate_max_body (connection->gate))
    return refuse (self, connection, WP_REFUSAL_BODY_SIZE);
  if (request->chunked)
    return gather_chunked (self, connection, request, bytes, len);
  if (len - request->head_len < request->content_length)
    return await_body (self, connection, request, len > request->head_len, len);
  return PASSED;
}

/* Takes one request from the front of @bytes, if there is a whole one; *@used is its length. Of one that is not whole, the first *@keep
 * bytes are to be kept. */
static Step
take (FastLane *self, WpConnection *connection, const char *bytes, gsize len, gsize *used, gsize *keep)
{
  WpRequest request;
  WpRequestKind kind;
  guint status;

  *used = 0;
  *keep = len;
  kind = wp_request_parse (bytes, len, &request, &status);
  if (kind == WP_REQUEST_MORE)
    return await_more (self, connection, WP_CONNECTION_HEAD, len);
  if (kind == WP_REQUEST_BAD)
    return refuse (self, connection, wp_refusal_of_head (status));
  if (self->ingest->tokens && !wp_tokens_admit (self->ingest->tokens, request.authorization.bytes, request.authorization.len))
    return refuse (self, connection, WP_REFUSAL_UNAUTHORIZED);
  if (kind == WP_REQUEST_OTHER || self->ingest->soup_only)
    return take_other (self, connection, &request, bytes, len);
  return request.chunked ? take_chunked (self, connection, &request, bytes, len, used, keep)
                         : take_counted (self, connection, &request, bytes, len, used);
}

/* A request is done with: nothing of its body's state is left. */
static void
next_request (WpConnection *connection)
{
  g_clear_pointer ((WpChunked **) &connection->body, wp_chunked_free);
  wp_connection_charge (connection, 0);
  connection->continued = FALSE;
  wp_connection_enter (connection, WP_CONNECTION_IDLE);
}

/* Takes all whole requests of @bytes, which are @connection->in or have just been read; keeps what is left. */
static Step
take_all (FastLane *self, WpConnection *connection, const char *bytes, gsize len)
{
  gboolean kept = bytes == connection->in;
  gsize done = 0, used, keep = len;
  Step step = INCOMPLETE;

  while (done < len && !connection->last)
    {
      step = take (self, connection, bytes + done, len - done, &used, &keep);
      done += used;
      keep -= used;
      if (step == TAKEN || step == WAITS)
        next_request (connection);
      if (step != TAKEN)
        break;
    }
  if (done == len)
    keep = 0;
  if (kept)
    {
      connection->in_len = done + keep;
      wp_connection_drop (connection, done);
    }
  else if (keep > 0)
    wp_connection_keep (connection, bytes + done, keep);

  return step;
}

/* Reads once, and takes what is there. */
static Step
read_some (FastLane *self, WpConnection *connection)
{
  gsize before = connection->in_len;
  gssize n = wp_connection_read_socket (connection, self->scratch, SCRATCH_SIZE);

  if (n < 0 && errno == EAGAIN)
    return INCOMPLETE;
  if (n <= 0)
    return GONE;
  if (before == 0)
    return take_all (self, connection, self->scratch, n);
  wp_connection_keep (connection, self->scratch, n);
  /* A head grows line by line, a body by whatever comes. */
  if (connection->state == WP_CONNECTION_HEAD && !memchr (self->scratch, '\n', n) && connection->in_len < WP_REQUEST_MAX_HEAD)
    return INCOMPLETE;

  return take_all (self, connection, connection->in, connection->in_len);
}

static void
pass_to_soup (FastLane *self, WpConnection *connection)
{
  g_clear_pointer ((WpChunked **) &connection->body, wp_chunked_free);
  wp_connection_charge (connection, 0);   /* until libsoup takes it in */
  wp_connection_enter (connection, WP_CONNECTION_HEAD);
  wp_front_give_to_soup (self->front, connection);
}

/* Goes on as far as the bytes, the socket and the jobs allow. The connection may be released when this returns. */
static void
advance (FastLane *self, WpConnection *connection)
{
  guint n_reads = 0;
  Step step = TAKEN;

  if (connection->in_len > 0 && !connection->last && connection->out_len == 0)
    step = take_all (self, connection, connection->in, connection->in_len);
  while ((step == TAKEN || step == INCOMPLETE) && !connection->last && connection->readable && n_reads++ < MAX_READS &&
         wp_outbox_flush (self->outbox, connection))
    step = read_some (self, connection);
  wp_outbox_flush (self->outbox, connection);

  if (step == WAITS)
    {
      wp_connection_enter (connection, WP_CONNECTION_BUSY);
      wp_connection_check (connection);
    }
  else if (connection->dead || step == GONE || (connection->last && connection->out_len == 0))
    release (connection);
  else if (step == PASSED && connection->out_len == 0)
    pass_to_soup (self, connection);
  else if (n_reads > MAX_READS)
    wp_connection_again (connection);
}

/* WpLane: the gate has news. What is busy goes on when its answer comes. */
static void
ready (WpConnection *connection)
{
  FastLane *self = connection->lane_data;

  gboolean clear = !connection->dead && wp_connection_flush (connection);

  if (connection->exchange)
    return;
  if (connection->dead)
    release (connection);
  else if (clear)
    {
      if (connection->state == WP_CONNECTION_REPLY)
        wp_connection_enter (connection, WP_CONNECTION_IDLE);
      advance (self, connection);
    }
}

static void
on_accepted (WpConnection *connection, gpointer data)
{
  static const WpLane lane = { ready };

  connection->lane = &lane;
  connection->lane_data = data;
}

static void
fast_lane_free (gpointer data)
{
  FastLane *self = data;

  g_free (self->scratch);
  wp_outbox_free (self->outbox);
  g_free (self);
}

void
wp_fast_lane_setup (WpFront *front, const WpIngest *ingest)
{
  FastLane *self = g_new0 (FastLane, 1);

  self->front = front;
  self->ingest = ingest;
  self->scratch = g_malloc (SCRATCH_SIZE);
  self->outbox = wp_outbox_new (front);
  wp_front_set_lane (front, on_accepted, self, fast_lane_free);
}
