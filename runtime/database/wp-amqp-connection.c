#include "runtime/database/wp-amqp-connection.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "runtime/secure/wp-private-file.h"
#include "sim/base/wp-error.h"

#define ASK_CHANNEL  2
#define CHANNELS     2
#define HEARTBEAT_S  5
#define CONNECT_NS   (2 * WP_NS_PER_S) /* to find a host's address; to connect to it; */
#define TLS_NS       (5 * WP_NS_PER_S) /* with TLS's handshake; for the login it has --database-timeout */
#define DECLARE_NS   (20 * WP_NS_PER_S)
#define CLOSE_NS     WP_NS_PER_S
#define MAX_PASSWORD 1024
#define FORCED       320 /* reply code of a broker that shuts down */
#define BROKEN       541

struct _WpAmqpConnection {
  WpAmqpUri *uri;
  const WpDatabaseOptions *options;
  WpBrokerCounts *counts;
  amqp_connection_state_t state; /* NULL: not connected */
  guint next_host;
  gboolean was_open;
  gboolean asks; /* a question for the depth is not answered */
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
  self->options = options;
  self->counts = counts;
  counts->capacity = options->queue_jobs;
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
  self->counts->node = NULL;
}

static struct timeval
to_timeval (gint64 time_ns)
{
  return (struct timeval){ time_ns / WP_NS_PER_S, time_ns % WP_NS_PER_S / WP_NS_PER_US };
}

/* Of each answer of the broker to a question for which librabbitmq waits. */
static void
limit_answers (WpAmqpConnection *self, gint64 limit_ns)
{
  struct timeval limit = to_timeval (limit_ns);

  amqp_set_rpc_timeout (self->state, &limit);
}

void
wp_amqp_connection_close (WpAmqpConnection *self)
{
  if (self->state)
    {
      limit_answers (self, CLOSE_NS);
      amqp_connection_close (self->state, AMQP_REPLY_SUCCESS);
    }
  wp_amqp_connection_drop (self);
}

static char *
copy (amqp_bytes_t bytes)
{
  return g_strndup (bytes.bytes, bytes.len);
}

char *
wp_amqp_explain_close (const amqp_method_t *method)
{
  if (method->id == AMQP_CHANNEL_CLOSE_METHOD)
    return copy (((const amqp_channel_close_t *) method->decoded)->reply_text);
  if (method->id == AMQP_CONNECTION_CLOSE_METHOD)
    return copy (((const amqp_connection_close_t *) method->decoded)->reply_text);
  return g_strdup ("an unexpected answer");
}

/* An outage, unless the broker refuses. */
static gboolean
fail_reply (amqp_rpc_reply_t reply, const char *node, GError **error)
{
  g_autofree char *words = NULL;
  WpErrorCode code = WP_ERROR_DOWN;

  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
    {
      const amqp_connection_close_t *end = reply.reply.decoded;

      words = wp_amqp_explain_close (&reply.reply);
      if (reply.reply.id != AMQP_CONNECTION_CLOSE_METHOD
          || (end->reply_code != FORCED && end->reply_code != BROKEN))
        code = WP_ERROR_IO;
    }
  else
    words = g_strdup (reply.library_error == AMQP_STATUS_TIMEOUT ? "no answer in time"
                                                                 : amqp_error_string2 (reply.library_error));
  return wp_fail (error, code, "%s: %s", node, words);
}

static const char *
get_node (const WpAmqpConnection *self)
{
  const char *node = self->counts->node;

  return node ? node : "not connected";
}

/* librabbitmq's words for it do not help. */
static const char *
get_words (int status)
{
  return status == AMQP_STATUS_SOCKET_ERROR ? "no server answers there" : amqp_error_string2 (status);
}

static gboolean
is_refusal (int status)
{
  return status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED || status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED
         || status == AMQP_STATUS_SSL_CONNECTION_FAILED || status == AMQP_STATUS_BAD_AMQP_DATA
         || status == AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION;
}

gboolean
wp_amqp_connection_fail (const WpAmqpConnection *self, int status, GError **error)
{
  return wp_fail (error, WP_ERROR_DOWN, "%s: %s", get_node (self), amqp_error_string2 (status));
}

/* The resolver may wait for far longer than a connection. A search that cannot be ended keeps its memory. */
static gboolean
find_address (const WpAmqpHost *host, GError **error)
{
  struct gaicb *search, *list[1];
  struct timespec limit = { CONNECT_NS / WP_NS_PER_S, 0 };
  int status;

  if (g_hostname_is_ip_address (host->host))
    return TRUE;
  search = g_new0 (struct gaicb, 1);
  search->ar_name = host->host;
  list[0] = search;
  status = getaddrinfo_a (GAI_NOWAIT, list, 1, NULL);
  if (status == 0 && gai_suspend ((const struct gaicb *const *) list, 1, &limit) == EAI_AGAIN
      && gai_cancel (search) == EAI_NOTCANCELED)
    return wp_fail (error, WP_ERROR_DOWN, "%s: the name's address was not found in time", host->name);
  status = status == 0 ? gai_error (search) : status;
  if (search->ar_result)
    freeaddrinfo (search->ar_result);
  g_free (search);

  return status == 0 ? TRUE : wp_fail (error, WP_ERROR_DOWN, "%s: %s", host->name, gai_strerror (status));
}

static gboolean
set_up_tls (WpAmqpConnection *self, amqp_socket_t *socket, GError **error)
{
  const WpDatabaseOptions *options = self->options;

  amqp_ssl_socket_set_verify_peer (socket, TRUE);
  amqp_ssl_socket_set_verify_hostname (socket, TRUE);
  amqp_ssl_socket_set_ssl_versions (socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
  if (!options->ca)
    SSL_CTX_set_default_verify_paths (amqp_ssl_socket_get_context (socket));
  else if (amqp_ssl_socket_set_cacert (socket, options->ca) != AMQP_STATUS_OK)
    return wp_fail (error, WP_ERROR_IO, "--amqp-ca: %s has no certificates in PEM format", options->ca);
  amqp_ssl_socket_set_key_passwd (socket, ""); /* or OpenSSL would ask the terminal */
  if (options->certificate
      && amqp_ssl_socket_set_key (socket, options->certificate, options->key) != AMQP_STATUS_OK)
    return wp_fail (error, WP_ERROR_IO,
                    "--amqp-certificate: %s and %s are not a certificate and its key in PEM format",
                    options->certificate, options->key);
  return TRUE;
}

/* The first line. Returns: FALSE with one line */
static gboolean
read_password (const char *path, char password[MAX_PASSWORD], GError **error)
{
  int fd = wp_private_file_open (path, error);
  ssize_t len = fd < 0 ? -1 : read (fd, password, MAX_PASSWORD - 1);

  if (fd < 0)
    {
      g_prefix_error (error, "--amqp-password-file: ");
      return FALSE;
    }
  close (fd);
  password[MAX (len, 0)] = '\0';
  password[strcspn (password, "\r\n")] = '\0';
  return *password != '\0' ? TRUE
                           : wp_fail (error, WP_ERROR_IO, "--amqp-password-file: %s has no password", path);
}

static amqp_table_entry_t
make_flag (const char *name)
{
  return (amqp_table_entry_t){ amqp_cstring_bytes (name),
                               { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = TRUE } };
}

static gboolean
log_in (WpAmqpConnection *self, const WpAmqpHost *host, GError **error)
{
  amqp_table_entry_t flags[] = { make_flag ("connection.blocked"), make_flag ("consumer_cancel_notify") },
                     entry = { amqp_cstring_bytes ("capabilities"),
                               { .kind = AMQP_FIELD_KIND_TABLE, .value.table = { 2, flags } } };
  amqp_table_t properties = { 1, &entry };
  char password[MAX_PASSWORD] = "guest";
  amqp_rpc_reply_t reply;

  if (self->uri->user && !read_password (self->options->password_file, password, error))
    return FALSE;
  reply = amqp_login_with_properties (self->state, self->uri->vhost, CHANNELS, AMQP_DEFAULT_FRAME_SIZE,
                                      HEARTBEAT_S, &properties, AMQP_SASL_METHOD_PLAIN,
                                      self->uri->user ? self->uri->user : "guest", password);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL)
    return TRUE;
  fail_reply (reply, host->name, error);
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && is_refusal (reply.library_error))
    (*error)->code = WP_ERROR_IO;
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && !self->uri->is_tls)
    g_prefix_error (error, "no login by AMQP (TLS needs amqps://): ");
  return FALSE;
}

static const amqp_field_value_t *
find_entry (const amqp_table_t *table, const char *name)
{
  for (int i = 0; i < table->num_entries; i++)
    if (table->entries[i].key.len == strlen (name)
        && memcmp (table->entries[i].key.bytes, name, strlen (name)) == 0)
      return &table->entries[i].value;
  return NULL;
}

static char *
find_text (const amqp_table_t *table, const char *name)
{
  const amqp_field_value_t *value = find_entry (table, name);

  return value && value->kind == AMQP_FIELD_KIND_UTF8 ? copy (value->value.bytes) : g_strdup ("unknown");
}

/* Quorum queues that dead-letter at least once came with 3.10. */
static gboolean
check_broker (WpAmqpConnection *self, const WpAmqpHost *host, GError **error)
{
  const amqp_table_t *properties = amqp_get_server_properties (self->state);
  const amqp_field_value_t *flags = find_entry (properties, "capabilities"), *confirms = NULL;
  g_autofree char *product = find_text (properties, "product"), *version = find_text (properties, "version");
  g_auto (GStrv) parts = g_strsplit (version, ".", -1);
  guint64 major = parts[0] ? g_ascii_strtoull (parts[0], NULL, 10) : 0,
          minor = parts[0] && parts[1] ? g_ascii_strtoull (parts[1], NULL, 10) : 0;

  if (flags && flags->kind == AMQP_FIELD_KIND_TABLE)
    confirms = find_entry (&flags->value.table, "publisher_confirms");
  if (!g_str_equal (product, "RabbitMQ") || major < 3 || (major == 3 && minor < 10))
    return wp_fail (error, WP_ERROR_IO, "%s is %s %s; RabbitMQ 3.10 or later is necessary", host->name,
                    product, version);
  if (!confirms || confirms->kind != AMQP_FIELD_KIND_BOOLEAN || !confirms->value.boolean)
    return wp_fail (error, WP_ERROR_IO, "%s does not support publisher confirms", host->name);
  return TRUE;
}

static gboolean
open_channels (WpAmqpConnection *self, const WpAmqpHost *host, GError **error)
{
  amqp_rpc_reply_t reply;

  for (amqp_channel_t i = 1; i <= CHANNELS; i++)
    if (amqp_channel_open (self->state, i), reply = amqp_get_rpc_reply (self->state),
        reply.reply_type != AMQP_RESPONSE_NORMAL)
      return fail_reply (reply, host->name, error);
  amqp_confirm_select (self->state, WP_AMQP_CHANNEL);
  reply = amqp_get_rpc_reply (self->state);
  return reply.reply_type == AMQP_RESPONSE_NORMAL ? TRUE : fail_reply (reply, host->name, error);
}

/* librabbitmq waits without a limit for a broker that reads nothing: the kernel then ends the connection. */
static void
limit_writes (WpAmqpConnection *self)
{
  guint limit_ms = (guint) CLAMP (self->options->timeout_ns / WP_NS_PER_MS, 1, G_MAXINT);

  setsockopt (amqp_get_sockfd (self->state), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
}

static gboolean
connect_to (WpAmqpConnection *self, const WpAmqpHost *host, GError **error)
{
  struct timeval connect
      = to_timeval (MIN (self->options->timeout_ns, self->uri->is_tls ? TLS_NS : CONNECT_NS)),
      login = to_timeval (self->options->timeout_ns);
  amqp_socket_t *socket;
  int status;

  if (!find_address (host, error))
    return FALSE;
  self->state = amqp_new_connection ();
  socket = self->uri->is_tls ? amqp_ssl_socket_new (self->state) : amqp_tcp_socket_new (self->state);
  if (self->uri->is_tls && !set_up_tls (self, socket, error))
    return FALSE;
  amqp_set_handshake_timeout (self->state, &login);
  limit_answers (self, self->options->timeout_ns);
  status = amqp_socket_open_noblock (socket, host->host, host->port, &connect);
  if (status != AMQP_STATUS_OK)
    return wp_fail (error, is_refusal (status) ? WP_ERROR_IO : WP_ERROR_DOWN, "%s: cannot connect: %s",
                    host->name, get_words (status));
  limit_writes (self);
  return log_in (self, host, error) && check_broker (self, host, error) && open_channels (self, host, error);
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
      if (connect_to (self, host, &failure))
        {
          g_clear_error (&reason);
          self->counts->node = host->name;
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

  limit_answers (self, self->options->timeout_ns);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL)
    return TRUE;
  fail_reply (reply, get_node (self), error);
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
  limit_answers (self, MAX (DECLARE_NS, self->options->timeout_ns));
  amqp_queue_declare (self->state, ASK_CHANNEL, amqp_cstring_bytes (name), FALSE, TRUE, FALSE, FALSE,
                      arguments);
  return check_answer (self, error);
}

gboolean
wp_amqp_connection_declare (WpAmqpConnection *self, GError **error)
{
  amqp_table_entry_t entries[] = {
    make_text ("x-queue-type", "quorum"),
    make_number ("x-max-length", self->options->queue_jobs),
    make_number ("x-max-length-bytes", self->options->queue_bytes),
    make_text ("x-overflow", "reject-publish"),
    make_number ("x-delivery-limit", self->options->delivery_limit),
    make_text ("x-dead-letter-strategy", "at-least-once"),
    make_text ("x-dead-letter-exchange", ""),
    make_text ("x-dead-letter-routing-key", self->uri->failed_queue),
  };

  return declare (self, self->uri->failed_queue, (amqp_table_t){ 1, entries }, error)
         && declare (self, self->uri->queue, (amqp_table_t){ G_N_ELEMENTS (entries), entries }, error);
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

  limit_answers (self, MAX (DECLARE_NS, self->options->timeout_ns));
  answer = amqp_queue_declare (self->state, ASK_CHANNEL, amqp_cstring_bytes (self->uri->queue), TRUE, FALSE,
                               FALSE, FALSE, amqp_empty_table);
  if (answer)
    set_depth (self, answer);
  return check_answer (self, error);
}

gboolean
wp_amqp_connection_consume (WpAmqpConnection *self, guint prefetch, GError **error)
{
  amqp_rpc_reply_t reply;

  amqp_basic_qos (self->state, WP_AMQP_CHANNEL, 0, (uint16_t) prefetch, FALSE);
  reply = amqp_get_rpc_reply (self->state);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL)
    {
      amqp_basic_consume (self->state, WP_AMQP_CHANNEL, amqp_cstring_bytes (self->uri->queue),
                          amqp_cstring_bytes (WP_AMQP_CONSUMER), FALSE, FALSE, FALSE, amqp_empty_table);
      reply = amqp_get_rpc_reply (self->state);
    }
  return reply.reply_type == AMQP_RESPONSE_NORMAL || fail_reply (reply, get_node (self), error);
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
  g_autofree char *words = NULL;

  if (frame->frame_type != AMQP_FRAME_METHOD)
    return WP_AMQP_NOTHING;
  if (method->id == AMQP_CONNECTION_BLOCKED_METHOD)
    set_blocked (self, copy (((const amqp_connection_blocked_t *) method->decoded)->reason));
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
