#include "runtime/http/wp-fast-lane.h"

#include "runtime/http/wp-exchange.h"
#include "runtime/http/wp-outbox.h"
#include "runtime/http/wp-reader.h"
#include "runtime/http/wp-reply.h"
#include "runtime/http/wp-status.h"

#define MAX_ANSWERS_BYTES 16384 /* sent at once, and kept for a connection that does not read */

/* One a front. */
typedef struct {
  WpFront *front;
  const WpIngest *ingest;
  WpReader *reader;
  WpOutbox *outbox;
} FastLane;

typedef enum {
  TAKEN,      /* a request was answered, or its client told to go on */
  INCOMPLETE, /* more bytes are needed */
  WAITS,      /* a request was taken, and its answer will come */
  GONE        /* the client has left */
} Step;

static void advance (FastLane *self, WpConnection *connection);

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

static Step
refuse (FastLane *self, WpConnection *connection, WpRefusal why, gboolean bodiless)
{
  wp_outbox_refuse (self->outbox, connection, why, bodiless);
  wp_connection_enter (connection, WP_CONNECTION_IDLE);
  return TAKEN;
}

static Step
take_request (FastLane *self, WpConnection *connection, const WpReadResult *result)
{
  WpRefusal why;
  WpJob *job = wp_ingest_make_job (self->ingest, &result->head->request, result->body,
                                   wp_gate_budget (connection->gate), &why);
  guint status;

  if (!job)
    return refuse (self, connection, why, FALSE);
  status = wp_exchange_offer (self->ingest->mode, self->front, connection, job, reply, connection);
  if (status == 0)
    return WAITS;
  wp_outbox_answer (self->outbox, connection, status, wp_reply_text (status));
  wp_connection_enter (connection, WP_CONNECTION_IDLE);

  return TAKEN;
}

static Step
take_next (FastLane *self, WpConnection *connection)
{
  WpReadResult result;

  switch (wp_reader_next (self->reader, connection, &result))
    {
    case WP_READER_GO_ON:
      wp_outbox_go_on (self->outbox);
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

/* Answers to requests that came together are sent together. */
static gboolean
may_take (FastLane *self, WpConnection *connection)
{
  if (connection->last || connection->out_len > 0)
    return FALSE;
  return (wp_reader_has_bytes (self->reader) && wp_outbox_size (self->outbox) < MAX_ANSWERS_BYTES)
         || wp_outbox_flush (self->outbox, connection);
}

/* Goes on as far as the bytes, the socket and the jobs allow. The connection may be released when this
 * returns. */
static void
advance (FastLane *self, WpConnection *connection)
{
  Step step = TAKEN;
  gboolean tired;

  while (step == TAKEN && may_take (self, connection))
    step = take_next (self, connection);
  tired = wp_reader_rest (self->reader, connection);
  wp_outbox_flush (self->outbox, connection);

  if (step == WAITS)
    {
      wp_connection_enter (connection, WP_CONNECTION_BUSY);
      wp_connection_check (connection);
    }
  else if (connection->dead || step == GONE || (connection->last && connection->out_len == 0))
    wp_connection_release (connection);
  else if (tired)
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
    wp_connection_release (connection);
  else if (clear)
    {
      if (connection->state == WP_CONNECTION_REPLY)
        wp_reader_resume (connection);
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

  wp_reader_free (self->reader);
  wp_outbox_free (self->outbox);
  g_free (self);
}

void
wp_fast_lane_setup (WpFront *front, const WpIngest *ingest)
{
  WpReaderRules rules = { .tokens = ingest->tokens };
  FastLane *self = g_new0 (FastLane, 1);

  self->front = front;
  self->ingest = ingest;
  self->reader = wp_reader_new (&rules);
  self->outbox = wp_outbox_new (front);
  wp_front_set_lane (front, on_accepted, self, fast_lane_free);
}
