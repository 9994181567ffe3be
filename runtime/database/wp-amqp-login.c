#include "runtime/database/wp-amqp-login.h"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "runtime/secure/wp-private-file.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-small-file.h"

#define HEARTBEAT_S  5
#define CONNECT_NS   (2 * WP_NS_PER_S) /* to find a host's address; to connect to it; */
#define TLS_NS       (5 * WP_NS_PER_S) /* with TLS's handshake; for the login it has --database-timeout */
#define MAX_PASSWORD 1024
#define FORCED       320 /* reply code of a broker that shuts down */
#define BROKEN       541

/* What it takes to connect to a host. */
typedef struct {
  const WpAmqpUri *uri;
  const WpAmqpHost *host;
  const WpDatabaseOptions *options;
  amqp_connection_state_t state;
} Login;

static struct timeval
to_timeval (gint64 time_ns)
{
  return (struct timeval){ time_ns / WP_NS_PER_S, time_ns % WP_NS_PER_S / WP_NS_PER_US };
}

void
wp_amqp_limit_answers (amqp_connection_state_t state, gint64 limit_ns)
{
  struct timeval limit = to_timeval (limit_ns);

  amqp_set_rpc_timeout (state, &limit);
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

gboolean
wp_amqp_fail_reply (amqp_rpc_reply_t reply, const char *node, GError **error)
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

/* librabbitmq's words for it do not help. */
static const char *
get_words (int status)
{
  return status == AMQP_STATUS_SOCKET_ERROR ? "no server answers there"
         : status == AMQP_STATUS_TIMEOUT    ? "no answer in time"
                                            : amqp_error_string2 (status);
}

static gboolean
is_refusal (int status)
{
  return status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED || status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED
         || status == AMQP_STATUS_SSL_CONNECTION_FAILED || status == AMQP_STATUS_BAD_AMQP_DATA
         || status == AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION;
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
can_read (const char *option, const char *path, GError **error)
{
  if (!path || wp_small_file_check (path, error))
    return TRUE;
  g_prefix_error (error, "%s: ", option);
  return FALSE;
}

static gboolean
set_up_tls (Login *self, amqp_socket_t *socket, GError **error)
{
  const WpDatabaseOptions *options = self->options;

  if (!can_read ("--amqp-ca", options->ca, error)
      || !can_read ("--amqp-certificate", options->certificate, error)
      || !can_read ("--amqp-key", options->key, error))
    return FALSE;
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
log_in (Login *self, GError **error)
{
  amqp_table_entry_t flags[] = { make_flag ("connection.blocked"), make_flag ("consumer_cancel_notify") },
                     entry = { amqp_cstring_bytes ("capabilities"),
                               { .kind = AMQP_FIELD_KIND_TABLE, .value.table = { 2, flags } } };
  amqp_table_t properties = { 1, &entry };
  char password[MAX_PASSWORD] = "guest";
  amqp_rpc_reply_t reply;

  if (self->uri->user && !read_password (self->options->password_file, password, error))
    return FALSE;
  reply
      = amqp_login_with_properties (self->state, self->uri->vhost, WP_AMQP_CHANNELS, AMQP_DEFAULT_FRAME_SIZE,
                                    HEARTBEAT_S, &properties, AMQP_SASL_METHOD_PLAIN,
                                    self->uri->user ? self->uri->user : "guest", password);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL)
    return TRUE;
  wp_amqp_fail_reply (reply, self->host->name, error);
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
check_broker (Login *self, GError **error)
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
    return wp_fail (error, WP_ERROR_IO, "%s is %s %s; RabbitMQ 3.10 or later is necessary", self->host->name,
                    product, version);
  if (!confirms || confirms->kind != AMQP_FIELD_KIND_BOOLEAN || !confirms->value.boolean)
    return wp_fail (error, WP_ERROR_IO, "%s does not support publisher confirms", self->host->name);
  return TRUE;
}

/* librabbitmq waits without a limit for a broker that reads nothing: the kernel then ends the connection. */
static void
limit_writes (Login *self)
{
  guint limit_ms = (guint) CLAMP (self->options->timeout_ns / WP_NS_PER_MS, 1, G_MAXINT);

  setsockopt (amqp_get_sockfd (self->state), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof limit_ms);
}

static gboolean
connect_to (Login *self, GError **error)
{
  struct timeval connect
      = to_timeval (MIN (self->options->timeout_ns, self->uri->is_tls ? TLS_NS : CONNECT_NS)),
      login = to_timeval (self->options->timeout_ns);
  amqp_socket_t *socket;
  int status;

  if (!find_address (self->host, error))
    return FALSE;
  self->state = amqp_new_connection ();
  socket = self->uri->is_tls ? amqp_ssl_socket_new (self->state) : amqp_tcp_socket_new (self->state);
  if (self->uri->is_tls && !set_up_tls (self, socket, error))
    return FALSE;
  amqp_set_handshake_timeout (self->state, &login);
  wp_amqp_limit_answers (self->state, self->options->timeout_ns);
  status = amqp_socket_open_noblock (socket, self->host->host, self->host->port, &connect);
  if (status != AMQP_STATUS_OK)
    return wp_fail (error, is_refusal (status) ? WP_ERROR_IO : WP_ERROR_DOWN, "%s: cannot connect: %s",
                    self->host->name, get_words (status));
  limit_writes (self);
  return log_in (self, error) && check_broker (self, error);
}

amqp_connection_state_t
wp_amqp_login (const WpAmqpUri *uri, const WpAmqpHost *host, const WpDatabaseOptions *options, GError **error)
{
  Login self = { uri, host, options, NULL };

  if (connect_to (&self, error))
    return self.state;
  if (self.state)
    amqp_destroy_connection (self.state);
  return NULL;
}
