#include "runtime/database/wp-amqp-connection.h"

#include <poll.h>

#include "runtime/database/wp-amqp-login.h"
#include "sim/base/wp-error.h"

#define ASK_CHANNEL 2
#define START_NS    (20 * WP_NS_PER_S) /* patience with a question: at the start, */
#define FIRST_NS    (2 * WP_NS_PER_S)  /* and later: doubled each time that no answer came */
#define CLOSE_NS    WP_NS_PER_S

struct _WpAmqpConnection {
  WpAmqpUri *uri;
  WpDatabaseOptions options; /* a copy: a thread that waits for a broker may be left behind at exit */
  WpBrokerCounts *counts;
  amqp_connection_state_t state; /* NULL: not connected */
  const char *node;              /* as WpBrokerCounts.node, but from the login on */
  guint next_host;
  gboolean was_open;
  gboolean asks; /* a question for the depth is not answered */
  gint64 patience_ns;
  char *blocked; /* why; NULL: it is not */
};

WpAmqpConnection *
wp_amqp_connection_new (WpAmqpUri *uri, const WpDatabaseOptions *options, WpBrokerCounts *counts,
                        GError **error)
{
  WpAmqpConnection *self = g_new0 (WpAmqpConnection, 1);
  const char *reason = options->password_file && !uri->user
                           ? "--amqp-password-file needs a user: amqp://USER@HOST"
                       : uri->user && !options->password_file ? "a user's name needs --amqp-password-file"
                       : (options->ca || options->certificate) && !uri->is_tls
                           ? "--amqp-ca and --amqp-certificate need TLS: amqps://"
                           : NULL;

  self->uri = uri;
  self->options = *options;
  self->options.password_file = g_strdup (options->password_file);
  self->options.ca = g_strdup (options->ca);
  self->options.certificate = g_strdup (options->certificate);
  self->options.key = g_strdup (options->key);
  self->counts = counts;
  self->patience_ns = MAX (START_NS, options->timeout_ns);
  if (!reason)
    return self;
  wp_amqp_connection_free (self);
  g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, reason);
  return NULL;
}

void
wp_amqp_connection_free (WpAmqpConnection *self)
{
  wp_amqp_connection_drop (self);
  wp_amqp_uri_free (self->uri);
  g_free (self->options.password_file);
  g_free (self->options.ca);
  g_free (self->options.certificate);
  g_free (self->options.key);
  g_free (self);
}

const WpAmqpUri *
wp_amqp_connection_get_uri (const WpAmqpConnection *self)
{
  return self->uri;
}

amqp_connection_state_t
wp_amqp_connection_get_state (WpAmqpConnection *self)
{
  return self->state;
}

const char *
wp_amqp_connection_get_blocked (const WpAmqpConnection *self)
{
  return self->blocked;
}

static void
set_blocked (WpAmqpConnection *self, char *reason)
{
  g_free (self->blocked);
  self->blocked = reason;
  self->counts->blocked = reason != NULL;
}

static void
drop_state (WpAmqpConnection *self)
{
  if (self->state)
    amqp_destroy_connection (self->state);
  self->state = NULL;
}

void
wp_amqp_connection_drop (WpAmqpConnection *self)
{
  drop_state (self);
  set_blocked (self, NULL);
  self->asks = FALSE;
  self->node = self->counts->node = NULL;
}

void
wp_amqp_connection_close (WpAmqpConnection *self)
{
  if (self->state)
    {
      wp_amqp_limit_answers (self->state, CLOSE_NS);
      amqp_connection_close (self->state, AMQP_REPLY_SUCCESS);
    }
  wp_amqp_connection_drop (self);
}

static const char *
get_node (const WpAmqpConnection *self)
{
  return self->node ? self->node : "not connected";
}

gboolean
wp_amqp_connection_fail (const WpAmqpConnection *self, int status, GError **error)
{
  return wp_fail (error, WP_ERROR_DOWN, "%s: %s", get_node (self), amqp_error_string2 (status));
}

static gboolean
open_channels (WpAmqpConnection *self, const WpAmqpHost *host, GError **error)
{
  amqp_rpc_reply_t reply;

  for (amqp_channel_t i = 1; i <= WP_AMQP_CHANNELS; i++)
    if (amqp_channel_open (self->state, i), reply = amqp_get_rpc_reply (self->state),
        reply.reply_type != AMQP_RESPONSE_NORMAL)
      return wp_amqp_fail_reply (reply, host->name, error);
  amqp_confirm_select (self->state, WP_AMQP_CHANNEL);
  reply = amqp_get_rpc_reply (self->state);
  return reply.reply_type == AMQP_RESPONSE_NORMAL ? TRUE : wp_amqp_fail_reply (reply, host->name, error);
}

gboolean
wp_amqp_connection_open (WpAmqpConnection *self, GError **error)
{
  guint n = self->uri->hosts->len, first = self->next_host;
  GError *reason = NULL;

  wp_amqp_connection_drop (self);
  for (guint i = 0; i < n; i++)
    {
      const WpAmqpHost *host = self->uri->hosts->pdata[(first + i) % n];
      g_autoptr (GError) failure = NULL;

      self->next_host = (first + i + 1) % n;
      self->state = wp_amqp_login (self->uri, host, &self->options, &failure);
      if (self->state && open_channels (self, host, &failure))
        {
          g_clear_error (&reason);
          self->node = host->name;
          self->counts->reconnects += self->was_open;
          self->was_open = TRUE;
          return TRUE;
        }
      drop_state (self);
      if (reason && (reason->code != WP_ERROR_DOWN || failure->code == WP_ERROR_DOWN))
        continue;
      g_clear_error (&reason); /* a refusal explains more than a host that is down */
      reason = g_steal_pointer (&failure);
    }
  g_propagate_error (error, reason);

  return FALSE;
}

static amqp_table_entry_t
make_text (const char *name, const char *value)
{
  return (amqp_table_entry_t){ amqp_cstring_bytes (name),
                               { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes (value) } };
}

static amqp_table_entry_t
make_number (const char *name, guint64 value)
{
  return (amqp_table_entry_t){ amqp_cstring_bytes (name),
                               { .kind = AMQP_FIELD_KIND_I64, .value.i64 = (int64_t) value } };
}

/* A channel that the broker has closed is opened again, since the next question needs it. */
static gboolean
check_answer (WpAmqpConnection *self, GError **error)
{
  amqp_rpc_reply_t reply = amqp_get_rpc_reply (self->state);
  amqp_channel_close_ok_t closed = { 0 };

  wp_amqp_limit_answers (self->state, self->options.timeout_ns);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL)
    return TRUE;
  wp_amqp_fail_reply (reply, get_node (self), error);
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    self->patience_ns = MIN (2 * self->patience_ns, MAX (START_NS, self->options.timeout_ns));
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD
      && amqp_send_method (self->state, ASK_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &closed) == AMQP_STATUS_OK
      && amqp_channel_open (self->state, ASK_CHANNEL))
    return FALSE;
  (*error)->code = reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION ? (*error)->code : WP_ERROR_DOWN;
  return FALSE;
}

static gboolean
declare (WpAmqpConnection *self, const char *name, amqp_table_t arguments, GError **error)
{
  wp_amqp_limit_answers (self->state, self->patience_ns);
  amqp_queue_declare (self->state, ASK_CHANNEL, amqp_cstring_bytes (name), FALSE, TRUE, FALSE, FALSE,
                      arguments);
  return check_answer (self, error);
}

gboolean
wp_amqp_connection_declare (WpAmqpConnection *self, GError **error)
{
  amqp_table_entry_t entries[] = {
    make_text ("x-queue-type", "quorum"),
    make_number ("x-max-length", self->options.queue_jobs),
    make_number ("x-max-length-bytes", self->options.queue_bytes),
    make_text ("x-overflow", "reject-publish"),
    make_number ("x-delivery-limit", self->options.delivery_limit),
    make_text ("x-dead-letter-strategy", "at-least-once"),
    make_text ("x-dead-letter-exchange", ""),
    make_text ("x-dead-letter-routing-key", self->uri->failed_queue),
  };

  if (!declare (self, self->uri->failed_queue, (amqp_table_t){ 1, entries }, error)
      || !declare (self, self->uri->queue, (amqp_table_t){ G_N_ELEMENTS (entries), entries }, error))
    return FALSE;
  self->counts->capacity = self->options.queue_jobs;
  self->counts->node = self->node;
  return TRUE;
}

static void
set_depth (WpAmqpConnection *self, const amqp_queue_declare_ok_t *answer)
{
  self->counts->ready = answer->message_count;
  self->counts->consumers = answer->consumer_count;
}

gboolean
wp_amqp_connection_find_queue (WpAmqpConnection *self, GError **error)
{
  const amqp_queue_declare_ok_t *answer;

  wp_amqp_limit_answers (self->state, self->patience_ns);
  answer = amqp_queue_declare (self->state, ASK_CHANNEL, amqp_cstring_bytes (self->uri->queue), TRUE, FALSE,
                               FALSE, FALSE, amqp_empty_table);
  if (answer)
    {
      set_depth (self, answer);
      self->patience_ns = FIRST_NS;
      self->counts->node = self->node;
    }
  return check_answer (self, error);
}

gboolean
wp_amqp_connection_consume (WpAmqpConnection *self, const char *consumer, guint prefetch, GError **error)
{
  amqp_rpc_reply_t reply;

  amqp_basic_qos (self->state, WP_AMQP_CHANNEL, 0, (uint16_t) prefetch, FALSE);
  reply = amqp_get_rpc_reply (self->state);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL)
    {
      amqp_basic_consume (self->state, WP_AMQP_CHANNEL, amqp_cstring_bytes (self->uri->queue),
                          amqp_cstring_bytes (consumer), FALSE, FALSE, FALSE, amqp_empty_table);
      reply = amqp_get_rpc_reply (self->state);
    }
  return reply.reply_type == AMQP_RESPONSE_NORMAL || wp_amqp_fail_reply (reply, get_node (self), error);
}

gboolean
wp_amqp_connection_ask_depth (WpAmqpConnection *self, GError **error)
{
  amqp_queue_declare_t question = { .queue = amqp_cstring_bytes (self->uri->queue), .passive = TRUE };
  int status;

  if (self->asks || self->blocked)
    return TRUE;
  self->asks = TRUE;
  status = amqp_send_method (self->state, ASK_CHANNEL, AMQP_QUEUE_DECLARE_METHOD, &question);
  return status == AMQP_STATUS_OK ? TRUE : wp_amqp_connection_fail (self, status, error);
}

/* A frame that is not one of WP_AMQP_CHANNEL. Returns: WP_AMQP_NOTHING, or with one line that the queue or
 * the connection is no more */
static WpAmqpRead
take_own_frame (WpAmqpConnection *self, const amqp_frame_t *frame, GError **error)
{
  const amqp_method_t *method = &frame->payload.method;
  const amqp_connection_blocked_t *blocked = method->decoded;
  g_autofree char *words = NULL;

  if (frame->frame_type != AMQP_FRAME_METHOD)
    return WP_AMQP_NOTHING;
  if (method->id == AMQP_CONNECTION_BLOCKED_METHOD)
    set_blocked (self, g_strndup (blocked->reason.bytes, blocked->reason.len));
  else if (method->id == AMQP_CONNECTION_UNBLOCKED_METHOD)
    set_blocked (self, NULL);
  else if (method->id == AMQP_QUEUE_DECLARE_OK_METHOD)
    {
      set_depth (self, method->decoded);
      self->asks = FALSE;
    }
  else if (method->id == AMQP_CHANNEL_CLOSE_METHOD || method->id == AMQP_CONNECTION_CLOSE_METHOD)
    {
      words = wp_amqp_explain_close (method);
      g_set_error (error, WP_ERROR, WP_ERROR_DOWN, "%s: %s", get_node (self), words);
      return method->id == AMQP_CHANNEL_CLOSE_METHOD
                     && ((const amqp_channel_close_t *) method->decoded)->reply_code == AMQP_NOT_FOUND
                 ? WP_AMQP_GONE
                 : WP_AMQP_LOST;
    }
  return WP_AMQP_NOTHING;
}

WpAmqpRead
wp_amqp_connection_read (WpAmqpConnection *self, amqp_frame_t *frame, GError **error)
{
  struct timeval none = { 0, 0 };
  WpAmqpRead result = WP_AMQP_NOTHING;
  int status;

  do
    {
      amqp_maybe_release_buffers (self->state);
      status = amqp_simple_wait_frame_noblock (self->state, frame, &none);
      if (status == AMQP_STATUS_TIMEOUT)
        return WP_AMQP_NOTHING;
      if (status != AMQP_STATUS_OK)
        {
          wp_amqp_connection_fail (self, status, error);
          return WP_AMQP_LOST;
        }
      if (frame->channel == WP_AMQP_CHANNEL)
        return WP_AMQP_FRAME;
      result = take_own_frame (self, frame, error);
    }
  while (result == WP_AMQP_NOTHING);
  return result;
}

void
wp_amqp_connection_wait (WpAmqpConnection *self, int wake_fd, gboolean to_write, gint64 until_ns)
{
  gint64 left_ns = MAX (until_ns - wp_time_monotonic (), 0);
  struct timespec left = { left_ns / WP_NS_PER_S, left_ns % WP_NS_PER_S };
  struct pollfd waiting[]
      = { { wake_fd, POLLIN, 0 }, { -1, (short) (POLLIN | (to_write ? POLLOUT : 0)), 0 } };

  if (self->state && (amqp_data_in_buffer (self->state) || amqp_frames_enqueued (self->state)))
    return;
  if (self->state)
    waiting[1].fd = amqp_get_sockfd (self->state);
  ppoll (waiting, G_N_ELEMENTS (waiting), &left, NULL);
}

gboolean
wp_amqp_connection_can_write (WpAmqpConnection *self)
{
  struct pollfd socket = { amqp_get_sockfd (self->state), POLLOUT, 0 };

  return poll (&socket, 1, 0) > 0;
}
