#include "runtime/http/wp-reader.h"

#include <errno.h>
#include <string.h>

#define SCRATCH_SIZE (64 * 1024)
#define READ_AT_ONCE 8192 /* beyond the current body: these bytes may have to wait behind a request */
#define MAX_READS    16   /* in one turn of a connection */
#define HEAD_STEP    512

struct _WpReader {
  WpReaderRules rules;
  char *scratch;
  char *next;             /* in the scratch: the bytes of the current connection that were not taken yet */
  gsize left;             /* their number */
  guint n_reads;          /* in this turn */
  WpRequestParser parser; /* of a request that arrived in one piece */
  WpPartial *done;        /* the last request, if it arrived in several pieces; NULL: in one */
};

WpReader *
wp_reader_new (const WpReaderRules *rules)
{
  WpReader *self = g_new0 (WpReader, 1);

  self->rules = *rules;
  self->scratch = g_malloc (SCRATCH_SIZE);

  return self;
}

void
wp_reader_free (WpReader *self)
{
  g_clear_pointer (&self->done, wp_partial_free);
  g_free (self->scratch);
  g_free (self);
}

static void
enter_once (WpConnection *connection, WpConnectionState state)
{
  if (connection->state != state)
    wp_connection_set_state (connection, state);
}

void
wp_reader_resume (WpConnection *connection)
{
  const WpPartial *partial = connection->partial;

  wp_connection_set_state (connection, !partial            ? WP_CONNECTION_IDLE
                                       : partial->has_head ? WP_CONNECTION_BODY
                                                           : WP_CONNECTION_HEAD);
}

static void
advance (WpReader *self, gsize n)
{
  self->next += n;
  self->left -= n;
}

static gboolean
hold (WpConnection *connection, WpPartial *partial, gsize bytes)
{
  gboolean ok = wp_connection_charge (connection, bytes);

  partial->held_bytes += ok ? bytes : 0;
  return ok;
}

/* Its bytes are given back to the budget. */
static WpPartial *
steal_partial (WpConnection *connection)
{
  WpPartial *partial = g_steal_pointer (&connection->partial);

  if (partial)
    wp_connection_uncharge (connection, partial->held_bytes);
  return partial;
}

/* @closes: the rest of the input cannot be parsed. */
static WpReading
refuse (WpReader *self, WpConnection *connection, const WpRequestParser *head, WpHttpError why,
        gboolean closes, WpReadResult *result)
{
  result->why = why;
  result->bodiless = head->request.is_head;
  connection->last |= closes;
  self->done = steal_partial (connection);

  return WP_READER_REFUSED;
}

static WpReading
refuse_last (WpReader *self, WpConnection *connection, const WpRequestParser *head, WpHttpError why,
             WpReadResult *result)
{
  return refuse (self, connection, head, why, TRUE, result);
}

/* Keeps the first bytes of an incomplete request: its head, or part of it. */
static WpPartial *
begin_partial (WpConnection *connection, const WpRequestParser *parser, const char *head, gsize len)
{
  WpPartial *partial = g_new0 (WpPartial, 1);

  connection->partial = partial;
  partial->parser = *parser;
  partial->head_len = len;
  partial->head_size = MAX (len, HEAD_STEP);
  partial->head = g_malloc (partial->head_size);
  memcpy (partial->head, head, len);

  return hold (connection, partial, sizeof *partial + partial->head_size) ? partial : NULL;
}

/* FALSE: the budget is exhausted. */
static gboolean
add_to_head (WpConnection *connection, WpPartial *partial, const char *bytes, gsize n)
{
  gsize size = partial->head_size;

  if (partial->head_len + n > size)
    {
      size = MIN (MAX (partial->head_len + n, 2 * size), WP_REQUEST_MAX_HEAD);
      if (!hold (connection, partial, size - partial->head_size))
        return FALSE;
      partial->head = g_realloc (partial->head, size);
      partial->head_size = size;
    }
  memcpy (partial->head + partial->head_len, bytes, n);
  partial->head_len += n;

  return TRUE;
}

/* @most: limit of the body. FALSE: the budget is exhausted. */
static gboolean
add_to_body (WpConnection *connection, WpPartial *partial, const char *bytes, gsize n, guint64 most)
{
  gsize size = partial->body_size;

  if (partial->body_len + n > size)
    {
      size = MAX (partial->body_len + n, MIN (2 * size, most));
      if (!hold (connection, partial, size - partial->body_size))
        return FALSE;
      partial->body = g_realloc (partial->body, size);
      partial->body_size = size;
    }
  if (n > 0)
    memcpy (partial->body + partial->body_len, bytes, n);
  partial->body_len += n;

  return TRUE;
}

/* Returns a complete request. @body: (transfer full) (nullable) */
static WpReading
give (WpConnection *connection, const WpRequestParser *head, const char *text, GBytes *body,
      WpReadResult *result)
{
  const WpRequest *request = &head->request;

  *result = (WpReadResult){ .head = head, .text = text, .body = body };
  connection->asked_end = request->close;
  connection->last |= request->close;
  connection->keeps_alive = request->old && !request->close;

  return WP_READER_REQUEST;
}

static WpReading
give_partial (WpReader *self, WpConnection *connection, WpReadResult *result)
{
  WpPartial *partial = steal_partial (connection);
  GBytes *body = NULL;

  self->done = partial;
  if (partial->body_len > 0)
    {
      if (partial->body_len < partial->body_size)
        partial->body = g_realloc (partial->body, partial->body_len);
      body = g_bytes_new_take (g_steal_pointer (&partial->body), partial->body_len);
    }
  return give (connection, &partial->parser, partial->head, body, result);
}

/* Before the body has begun, the client may wait for 100 (Continue) (RFC 9110, 10.1.1). */
static WpReading
await_body (WpConnection *connection, WpPartial *partial, gboolean begun)
{
  gboolean asks = partial->parser.request.expects_continue && !partial->asked && !begun;

  partial->asked = TRUE;
  enter_once (connection, WP_CONNECTION_BODY);
  return asks ? WP_READER_GO_ON : WP_READER_MORE;
}

static WpReading
take_counted (WpReader *self, WpConnection *connection, WpPartial *partial, WpReadResult *result)
{
  guint64 length = partial->parser.request.content_length;
  gsize n = MIN (self->left, length - partial->body_len);

  if (!add_to_body (connection, partial, self->next, n, length))
    return refuse_last (self, connection, &partial->parser, WP_HTTP_ERROR_MEMORY, result);
  advance (self, n);
  return partial->body_len < length ? await_body (connection, partial, n > 0)
                                    : give_partial (self, connection, result);
}

/* @state: result of decoding; @n_body bytes of the body are at @bytes. */
static WpReading
take_decoded (WpReader *self, WpConnection *connection, WpPartial *partial, WpChunkedState state,
              const char *bytes, gsize n_body, WpReadResult *result)
{
  if (state == WP_CHUNKED_BAD || state == WP_CHUNKED_TOO_LARGE)
    return refuse_last (self, connection, &partial->parser,
                        state == WP_CHUNKED_BAD ? WP_HTTP_ERROR_MALFORMED : WP_HTTP_ERROR_BODY_SIZE, result);
  if (!add_to_body (connection, partial, bytes, n_body, partial->chunked.max_bytes))
    return refuse_last (self, connection, &partial->parser, WP_HTTP_ERROR_MEMORY, result);
  return state == WP_CHUNKED_MORE ? await_body (connection, partial, self->next > bytes)
                                  : give_partial (self, connection, result);
}

static WpReading
take_chunked (WpReader *self, WpConnection *connection, WpPartial *partial, WpReadResult *result)
{
  char *bytes = self->next;
  gsize used, n_body;
  WpChunkedState state = wp_chunked_feed (&partial->chunked, bytes, self->left, &used, &n_body);

  advance (self, used);
  return take_decoded (self, connection, partial, state, bytes, n_body, result);
}

static WpReading
take_body (WpReader *self, WpConnection *connection, WpPartial *partial, WpReadResult *result)
{
  return partial->parser.request.chunked ? take_chunked (self, connection, partial, result)
                                         : take_counted (self, connection, partial, result);
}

/* Returns: the error of a well-formed head; WP_N_HTTP_ERRORS: none. */
static WpHttpError
check_head (const WpReader *self, const WpConnection *connection, const WpRequest *request)
{
  const WpMemoryBudget *budget = connection->host->budget;

  if (self->rules.tokens
      && !wp_tokens_admit (self->rules.tokens, request->authorization.bytes, request->authorization.len))
    return WP_HTTP_ERROR_UNAUTHORIZED;
  if (!request->method && !self->rules.any_method)
    return WP_HTTP_ERROR_METHOD;
  if (request->expects_other)
    return WP_HTTP_ERROR_EXPECTATION;
  if (request->content_length > connection->host->max_body_bytes)
    return WP_HTTP_ERROR_BODY_SIZE;
  if (budget && wp_memory_budget_is_over (budget))
    return WP_HTTP_ERROR_MEMORY;
  return WP_N_HTTP_ERRORS;
}

/* A refused request without a body ends with its head; otherwise the body may follow or not, so the
 * connection closes. */
static WpReading
refuse_request (WpReader *self, WpConnection *connection, const WpRequestParser *head, WpHttpError why,
                WpReadResult *result)
{
  const WpRequest *request = &head->request;
  gboolean stays = (why == WP_HTTP_ERROR_METHOD || why == WP_HTTP_ERROR_EXPECTATION) && !request->chunked
                   && request->content_length == 0;

  connection->asked_end = stays && request->close;
  connection->keeps_alive = stays && request->old && !request->close;
  return refuse (self, connection, head, why, !stays || request->close, result);
}

static WpReading
refuse_head (WpReader *self, WpConnection *connection, const WpRequestParser *head, WpReadResult *result)
{
  return refuse_last (self, connection, head, wp_http_error_of_head (head->status), result);
}

/* Takes more of an incomplete head. */
static WpReading
take_head_on (WpReader *self, WpConnection *connection, WpPartial *partial, WpReadResult *result)
{
  gsize before = partial->head_len, n = MIN (self->left, WP_REQUEST_MAX_HEAD - before);
  WpRequestKind kind;
  WpHttpError why;

  if (!add_to_head (connection, partial, self->next, n))
    return refuse_last (self, connection, &partial->parser, WP_HTTP_ERROR_MEMORY, result);
  kind = wp_request_parse (&partial->parser, partial->head, partial->head_len);
  if (kind == WP_REQUEST_WHOLE)
    {
      partial->head_len = partial->parser.request.head_len;
      partial->has_head = TRUE;
      n = partial->head_len - before;
    }
  advance (self, n);
  if (kind == WP_REQUEST_MORE)
    return WP_READER_MORE;
  if (kind == WP_REQUEST_BAD)
    return refuse_head (self, connection, &partial->parser, result);
  why = check_head (self, connection, &partial->parser.request);
  partial->chunked.max_bytes = connection->host->max_body_bytes;
  return why == WP_N_HTTP_ERRORS ? take_body (self, connection, partial, result)
                                 : refuse_request (self, connection, &partial->parser, why, result);
}

/* The head is complete, the body is not. */
static WpPartial *
begin_body (WpReader *self, WpConnection *connection, const char *text)
{
  WpPartial *partial = begin_partial (connection, &self->parser, text, self->parser.request.head_len);

  if (!partial)
    return NULL;
  partial->has_head = TRUE;
  wp_request_move (&partial->parser, partial->head);
  return partial;
}

static WpReading
take_first_counted (WpReader *self, WpConnection *connection, const char *text, WpReadResult *result)
{
  guint64 length = self->parser.request.content_length;
  const char *body = self->next;
  WpPartial *partial;

  if (length <= self->left)
    {
      advance (self, length);
      return give (connection, &self->parser, text, length > 0 ? g_bytes_new (body, length) : NULL, result);
    }
  partial = begin_body (self, connection, text);
  return partial ? take_counted (self, connection, partial, result)
                 : refuse_last (self, connection, &self->parser, WP_HTTP_ERROR_MEMORY, result);
}

static WpReading
take_first_chunked (WpReader *self, WpConnection *connection, const char *text, WpReadResult *result)
{
  WpChunked chunked = { .max_bytes = connection->host->max_body_bytes };
  char *bytes = self->next;
  gsize used, n_body;
  WpChunkedState state = wp_chunked_feed (&chunked, bytes, self->left, &used, &n_body);
  WpPartial *partial;

  advance (self, used);
  if (state == WP_CHUNKED_DONE)
    return give (connection, &self->parser, text, n_body > 0 ? g_bytes_new (bytes, n_body) : NULL, result);
  partial = begin_body (self, connection, text);
  if (!partial)
    return refuse_last (self, connection, &self->parser, WP_HTTP_ERROR_MEMORY, result);
  partial->chunked = chunked;
  return take_decoded (self, connection, partial, state, bytes, n_body, result);
}

static WpReading
begin_head (WpReader *self, WpConnection *connection, WpReadResult *result)
{
  if (!begin_partial (connection, &self->parser, self->next, self->left))
    return refuse_last (self, connection, &self->parser, WP_HTTP_ERROR_MEMORY, result);
  advance (self, self->left);
  enter_once (connection, WP_CONNECTION_HEAD);
  return WP_READER_MORE;
}

/* Most requests arrive in one piece, and need no memory of the connection. */
static WpReading
take_first (WpReader *self, WpConnection *connection, WpReadResult *result)
{
  const WpRequest *request = &self->parser.request;
  const char *text = self->next;
  WpRequestKind kind;
  WpHttpError why;

  self->parser = (WpRequestParser){ .secure = connection->tls != NULL };
  kind = wp_request_parse (&self->parser, text, self->left);
  if (kind == WP_REQUEST_MORE && wp_request_is_blank (&self->parser, self->left))
    {
      advance (self, self->left);
      return WP_READER_MORE;
    }
  if (kind == WP_REQUEST_MORE)
    return begin_head (self, connection, result);
  if (kind == WP_REQUEST_BAD)
    return refuse_head (self, connection, &self->parser, result);
  advance (self, request->head_len);
  why = check_head (self, connection, request);
  if (why != WP_N_HTTP_ERRORS)
    return refuse_request (self, connection, &self->parser, why, result);
  return request->chunked ? take_first_chunked (self, connection, text, result)
                          : take_first_counted (self, connection, text, result);
}

/* Returns: size of the next read: the rest of the body and little beyond it, which might have to wait for a
 * response. */
static gsize
read_size (const WpPartial *partial)
{
  guint64 left = 0;

  if (partial && partial->has_head)
    left = partial->parser.request.chunked ? partial->chunked.left_bytes
                                           : partial->parser.request.content_length - partial->body_len;
  return MIN (SCRATCH_SIZE, left + READ_AT_ONCE);
}

/* Gets bytes that waited at the connection, or reads its socket. @reading: (out): why there are none (FALSE)
 */
static gboolean
fill (WpReader *self, WpConnection *connection, WpReading *reading)
{
  gssize n;

  *reading = WP_READER_MORE;
  self->next = self->scratch;
  if (connection->in_len > 0)
    {
      self->left = wp_connection_take_pipelined (connection, self->scratch);
      return TRUE;
    }
  if (!connection->readable || self->n_reads >= MAX_READS)
    return FALSE;
  self->n_reads++;
  n = wp_connection_read_socket (connection, self->scratch, read_size (connection->partial));
  if (n <= 0 && (n == 0 || errno != EAGAIN))
    *reading = WP_READER_ENDED;
  self->left = (gsize) MAX (n, 0);

  return n > 0;
}

/* The bytes behind the last request were discarded. */
static WpReading
refuse_shed (WpConnection *connection, WpReadResult *result)
{
  connection->pipelined_dropped = FALSE;
  connection->last = TRUE;
  *result = (WpReadResult){ .why = WP_HTTP_ERROR_MEMORY };

  return WP_READER_REFUSED;
}

WpReading
wp_reader_next (WpReader *self, WpConnection *connection, WpReadResult *result)
{
  WpReading reading = WP_READER_MORE;

  g_clear_pointer (&self->done, wp_partial_free);
  if (connection->pipelined_dropped)
    return refuse_shed (connection, result);
  while (reading == WP_READER_MORE && (self->left > 0 || fill (self, connection, &reading)))
    {
      WpPartial *partial = connection->partial;

      if (!partial)
        reading = take_first (self, connection, result);
      else if (partial->has_head)
        reading = take_body (self, connection, partial, result);
      else
        reading = take_head_on (self, connection, partial, result);
    }
  return reading;
}

gboolean
wp_reader_has_bytes (const WpReader *self)
{
  return self->left > 0;
}

gboolean
wp_reader_end_turn (WpReader *self, WpConnection *connection)
{
  gboolean tired = self->n_reads >= MAX_READS && connection->readable;

  g_clear_pointer (&self->done, wp_partial_free);
  if (self->left > 0 && connection->last)
    connection->asked_end = FALSE; /* it has sent more bytes, which need a lingering close */
  else if (self->left > 0)
    wp_connection_save_pipelined (connection, self->next, self->left);
  self->left = self->n_reads = 0;

  return tired;
}
