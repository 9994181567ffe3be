#include "tests/e2e/wp-rabbitmq.h"

#include <amqp_tcp_socket.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/wp-certificate.h"
#include "tests/e2e/wp-harness.h"

#define PROGRAMS     "/usr/lib/rabbitmq/bin"
#define MAX_NODES    3
#define START_US     (4 * WP_PATIENCE_US)
#define CERTIFICATE  "127.0.0.2" /* its common name too: a client finds the first node's host there */
#define AMQP_SECONDS 5
#define MAX_STARTS   3
#define EPMD_HOSTS   "127.0.0.2,127.0.0.3,127.0.0.4"

typedef struct {
  char *dir;
  guint16 dist_port; /* for the other nodes */
  char **environment;
  WpChild *child; /* NULL: it is down */
} Node;

struct _WpRabbitmq {
  char *dir, *certificate;
  guint16 port, tls_port, epmd_port;
  int port_fds[3 + MAX_NODES]; /* keep the ports */
  WpChild *epmd; /* tells the nodes their ports; else the first node would start one that outlives it */
  guint n_nodes;
  Node nodes[MAX_NODES];
};

static const char *const hosts[MAX_NODES] = { "127.0.0.2", "127.0.0.3", "127.0.0.4" };

static const char settings[]
    = "listeners.tcp.1 = %s:%u\nlisteners.ssl.1 = %s:%u\n"
      "ssl_options.cacertfile = %s/" CERTIFICATE ".pem\nssl_options.certfile = %s/" CERTIFICATE ".pem\n"
      "ssl_options.keyfile = %s/" CERTIFICATE ".key\n"
      "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = false\n"
      "load_definitions = %s/definitions.json\nlog.console = true\n"
      "log.console.level = warning\nlog.file = false\n"
      "cluster_partition_handling = pause_minority\nnet_ticktime = 8\n"
      "raft.wal_max_size_bytes = 67108864\nvm_memory_high_watermark.absolute = 1073741824\n"
      "disk_free_limit.absolute = 1048576\n";
static const char definitions[]
    = "{\"users\": [{\"name\": \"guest\", \"password\": \"guest\", \"tags\": \"administrator\"},"
      " {\"name\": \"wp\", \"password\": \"" WP_RABBITMQ_PASSWORD "\", \"tags\": \"\"}],"
      " \"vhosts\": [{\"name\": \"/\"}], \"permissions\": ["
      "{\"user\": \"guest\", \"vhost\": \"/\", \"configure\": \".*\", \"write\": \".*\", \"read\": \".*\"},"
      "{\"user\": \"wp\", \"vhost\": \"/\", \"configure\": \".*\", \"write\": \".*\", \"read\": \".*\"}]}";

gboolean
wp_rabbitmq_is_there (void)
{
  return g_file_test (PROGRAMS "/rabbitmq-server", G_FILE_TEST_IS_EXECUTABLE);
}

const char *
wp_rabbitmq_host (guint node)
{
  return hosts[node];
}

guint16
wp_rabbitmq_port (const WpRabbitmq *self)
{
  return self->port;
}

guint16
wp_rabbitmq_tls_port (const WpRabbitmq *self)
{
  return self->tls_port;
}

const char *
wp_rabbitmq_certificate (const WpRabbitmq *self)
{
  return self->certificate;
}

char *
wp_rabbitmq_uri (const WpRabbitmq *self, const char *user, const char *rest)
{
  g_autoptr (GString) uri = g_string_new ("amqp://");

  g_string_append (uri, user);
  for (guint i = 0; i < self->n_nodes; i++)
    g_string_append_printf (uri, "%s%s", i > 0 ? "," : "", hosts[i]);
  g_string_append_printf (uri, ":%u/%s", self->port, rest ? rest : "");

  return g_string_free (g_steal_pointer (&uri), FALSE);
}

WpChild *
wp_rabbitmq_child (const WpRabbitmq *self, guint node)
{
  return self->nodes[node].child;
}

static void
write_file (const char *dir, const char *name, const char *text, int mode)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  g_assert_true (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, mode, NULL));
}

static void
write_settings (WpRabbitmq *self, guint i)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, settings, hosts[i], self->port, hosts[i], self->tls_port, self->dir,
                          self->dir, self->dir, self->dir);
  if (self->n_nodes > 1)
    g_string_append (text, "cluster_formation.peer_discovery_backend = classic_config\n");
  for (guint k = 0; self->n_nodes > 1 && k < self->n_nodes; k++)
    g_string_append_printf (text, "cluster_formation.classic_config.nodes.%u = wp%u@%s\n", k + 1, k,
                            hosts[k]);
  write_file (self->nodes[i].dir, "rabbitmq.conf", text->str, 0600);
  write_file (self->nodes[i].dir, "enabled_plugins", "[].\n", 0600);
}

static void
set_environment (WpRabbitmq *self, guint i)
{
  Node *node = &self->nodes[i];
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_auto (GStrv) octets = g_strsplit (hosts[i], ".", -1);
  g_autofree char *address = g_strjoinv (",", octets);

#define SET(...) g_ptr_array_add (words, g_strdup_printf (__VA_ARGS__))
  SET ("HOME=%s", self->dir); /* of the cookie */
  SET ("ERL_EPMD_PORT=%u", self->epmd_port);
  SET ("ERL_EPMD_ADDRESS=" EPMD_HOSTS);
  SET ("ERL_CRASH_DUMP=/dev/null");
  SET ("RABBITMQ_USE_LONGNAME=true");
  SET ("RABBITMQ_NODENAME=wp%u@%s", i, hosts[i]);
  SET ("RABBITMQ_DIST_PORT=%u", node->dist_port);
  SET ("RABBITMQ_MNESIA_BASE=%s/data", node->dir);
  SET ("RABBITMQ_LOG_BASE=%s/log", node->dir);
  SET ("RABBITMQ_PID_FILE=%s/pid", node->dir);
  SET ("RABBITMQ_CONFIG_FILE=%s/rabbitmq.conf", node->dir);
  SET ("RABBITMQ_ADVANCED_CONFIG_FILE=%s/advanced.config", node->dir);
  SET ("RABBITMQ_GENERATED_CONFIG_DIR=%s/generated", node->dir);
  SET ("RABBITMQ_ENABLED_PLUGINS_FILE=%s/enabled_plugins", node->dir);
  SET ("RABBITMQ_CONF_ENV_FILE=/dev/null");
  SET ("RABBITMQ_CTL_DIST_PORT_MIN=0");
  SET ("RABBITMQ_CTL_DIST_PORT_MAX=0");
  SET ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {%s} "
       "-kernel inet_dist_connect_options [{ip,{%s}}]",
       address, address);
  SET ("detached=1"); /* rabbitmq-server becomes the node, and does not start it as a child */
#undef SET
  g_ptr_array_add (words, NULL);
  node->environment = (char **) g_ptr_array_free (g_steal_pointer (&words), FALSE);
}

static void
show_log (const char *dir, const char *program)
{
  const char *const names[] = { WP_CHILD_OUTPUT, WP_CHILD_LOG };

  for (guint k = 0; k < G_N_ELEMENTS (names); k++)
    {
      g_autofree char *path = g_build_filename (dir, names[k], NULL), *log = NULL;

      if (g_file_get_contents (path, &log, NULL, NULL))
        g_printerr ("%s said:\n%s", program, log);
    }
}

static void
start (WpRabbitmq *self, guint i)
{
  char *argv[] = { (char *) PROGRAMS "/rabbitmq-server", NULL };
  const WpChildTerms terms = { .environment = (const char *const *) self->nodes[i].environment };

  self->nodes[i].child = wp_child_new (self->nodes[i].dir, argv, &terms);
}

/* A node that ends while it starts (once in some hundred starts it does) is started again. */
static void
await (WpRabbitmq *self, guint i)
{
  gint64 until_us = g_get_monotonic_time () + START_US;
  amqp_connection_state_t connection;
  guint n_starts = 1;

  while (!(connection = wp_rabbitmq_connect (self, i)))
    {
      gboolean is_late = g_get_monotonic_time () > until_us;

      if (!wp_child_wait (self->nodes[i].child, g_get_monotonic_time () + 50000) && !is_late)
        continue;
      show_log (self->nodes[i].dir, hosts[i]);
      if (is_late || n_starts++ == MAX_STARTS)
        g_error ("RabbitMQ does not start on %s", hosts[i]);
      wp_rabbitmq_kill (self, i);
      start (self, i);
    }
  wp_rabbitmq_disconnect (connection);
}

static void
await_cluster (WpRabbitmq *self)
{
  gint64 until_us = g_get_monotonic_time () + START_US;

  for (guint n = 0; n < self->n_nodes;)
    {
      g_autofree char *nodes
          = wp_rabbitmq_control (self, 0, "eval", "length(rabbit_nodes:all_running()).", NULL);

      n = (guint) g_ascii_strtoull (nodes, NULL, 10);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    }
}

/* Nodes start an epmd of their own, which outlives them, unless they find one. Its port is kept for it: one
 * that another test's connection takes meanwhile leaves it dead, and the nodes without a name. */
static void
start_epmd (WpRabbitmq *self)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autofree char *port = g_strdup_printf ("%u", self->epmd_port);

  g_socket_client_set_enable_proxy (client, FALSE);
  self->epmd = wp_child_new (
      self->dir, (char **) (const char *[]){ "epmd", "-address", EPMD_HOSTS, "-port", port, NULL }, NULL);
  while (!(connection
           = g_socket_client_connect_to_host (client, hosts[MAX_NODES - 1], self->epmd_port, NULL, NULL)))
    if (wp_child_wait (self->epmd, g_get_monotonic_time () + 10000) || g_get_monotonic_time () > until_us)
      {
        show_log (self->dir, "epmd");
        g_error ("epmd does not start");
      }
}

WpRabbitmq *
wp_rabbitmq_new (guint n_nodes)
{
  WpRabbitmq *self = g_new0 (WpRabbitmq, 1);
  guint16 *const ports[] = { &self->port,
                             &self->tls_port,
                             &self->epmd_port,
                             &self->nodes[0].dist_port,
                             &self->nodes[1].dist_port,
                             &self->nodes[2].dist_port };

  self->n_nodes = n_nodes;
  self->dir = g_dir_make_tmp ("wp-rabbitmq-XXXXXX", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    self->port_fds[i] = wp_child_bind_port (ports[i]);
  wp_certificate_write (self->dir, CERTIFICATE);
  self->certificate = g_build_filename (self->dir, CERTIFICATE ".pem", NULL);
  write_file (self->dir, "definitions.json", definitions, 0600);
  write_file (self->dir, ".erlang.cookie", "wprabbitmqtest", 0400);
  start_epmd (self);
  for (guint i = 0; i < n_nodes; i++)
    {
      self->nodes[i].dir = g_build_filename (self->dir, hosts[i], NULL);
      g_assert_cmpint (g_mkdir (self->nodes[i].dir, 0700), ==, 0);
      write_settings (self, i);
      set_environment (self, i);
      start (self, i);
    }
  for (guint i = 0; i < n_nodes; i++)
    await (self, i);
  if (n_nodes > 1)
    await_cluster (self);

  return self;
}

void
wp_rabbitmq_free (WpRabbitmq *self)
{
  for (guint i = 0; i < self->n_nodes; i++)
    {
      g_clear_pointer (&self->nodes[i].child, wp_child_free);
      g_strfreev (self->nodes[i].environment);
      g_free (self->nodes[i].dir);
    }
  wp_child_free (self->epmd);
  for (guint i = 0; i < G_N_ELEMENTS (self->port_fds); i++)
    close (self->port_fds[i]);
  wp_child_remove_dir (self->dir);
  g_free (self->certificate);
  g_free (self->dir);
  g_free (self);
}

void
wp_rabbitmq_kill (WpRabbitmq *self, guint node)
{
  g_clear_pointer (&self->nodes[node].child, wp_child_free);
}

void
wp_rabbitmq_restart (WpRabbitmq *self, guint node)
{
  start (self, node);
  await (self, node);
}

char *
wp_rabbitmq_control (WpRabbitmq *self, guint node, const char *word, ...)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL, environment = g_get_environ ();
  g_autofree char *err = NULL;
  char *out = NULL;
  int status;
  va_list args;

  g_strv_builder_add_many (words, PROGRAMS "/rabbitmqctl", "--quiet", NULL);
  va_start (args, word);
  for (const char *each = word; each; each = va_arg (args, const char *))
    g_strv_builder_add (words, each);
  va_end (args);
  argv = g_strv_builder_end (words);
  for (char **each = self->nodes[node].environment; *each; each++)
    {
      g_auto (GStrv) pair = g_strsplit (*each, "=", 2);

      environment = g_environ_setenv (environment, pair[0], pair[1], TRUE);
    }
  g_assert_true (
      g_spawn_sync (self->dir, argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, NULL));
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("rabbitmqctl %s: %s%s", word, out, err);

  return g_strchomp (out);
}

void
wp_rabbitmq_sync (WpRabbitmq *self)
{
  for (guint i = 0; i < self->n_nodes; i++)
    g_free (wp_rabbitmq_control (self, i, "eval", "[dets:sync(Table) || Table <- dets:all()].", NULL));
}

void
wp_rabbitmq_set_alarm (WpRabbitmq *self, const char *resource, gboolean is_low)
{
  g_autofree char *one
      = g_strdup_printf (is_low ? "rabbit_alarm:set_alarm({{resource_limit, %s, node()}, []})."
                                : "rabbit_alarm:clear_alarm({resource_limit, %s, node()}).",
                         resource);

  for (guint i = 0; i < self->n_nodes; i++)
    g_free (wp_rabbitmq_control (self, i, "eval", one, NULL));
}

static guint
find_node_up (const WpRabbitmq *self)
{
  for (guint i = 0; i < self->n_nodes; i++)
    if (self->nodes[i].child)
      return i;
  g_error ("no node is up");
}

guint
wp_rabbitmq_find_leader (WpRabbitmq *self, const char *queue)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;
  g_autofree char *expression
      = g_strdup_printf ("case ra_leaderboard:lookup_leader('%%2F_%s') of {_, Node} -> Node; _ -> none end.",
                         queue);

  while (g_get_monotonic_time () < until_us)
    {
      g_autofree char *name = wp_rabbitmq_control (self, find_node_up (self), "eval", expression, NULL);

      for (guint i = 0; i < self->n_nodes; i++)
        if (self->nodes[i].child && strstr (name, hosts[i]))
          return i;
    }
  g_error ("the queue %s has no leader", queue);
}

static gboolean
log_in (amqp_connection_state_t connection, guint node, guint16 port)
{
  struct timeval timeout = { AMQP_SECONDS, 0 };
  amqp_socket_t *socket = amqp_tcp_socket_new (connection);

  amqp_set_rpc_timeout (connection, &timeout);
  if (amqp_socket_open_noblock (socket, hosts[node], port, &timeout) != AMQP_STATUS_OK)
    return FALSE;
  if (amqp_login (connection, "/", 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest")
          .reply_type
      != AMQP_RESPONSE_NORMAL)
    return FALSE;
  amqp_channel_open (connection, 1);
  return amqp_get_rpc_reply (connection).reply_type == AMQP_RESPONSE_NORMAL;
}

amqp_connection_state_t
wp_rabbitmq_connect (const WpRabbitmq *self, guint node)
{
  amqp_connection_state_t connection = amqp_new_connection ();

  if (log_in (connection, node, self->port))
    return connection;
  amqp_destroy_connection (connection);
  return NULL;
}

void
wp_rabbitmq_disconnect (amqp_connection_state_t connection)
{
  amqp_connection_close (connection, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection (connection);
}

static amqp_connection_state_t
connect_to_any (const WpRabbitmq *self)
{
  gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;

  for (guint i = 0; g_get_monotonic_time () < until_us; i = (i + 1) % self->n_nodes)
    {
      amqp_connection_state_t connection = self->nodes[i].child ? wp_rabbitmq_connect (self, i) : NULL;

      if (connection)
        return connection;
    }
  g_error ("no node takes a connection");
}

gint64
wp_rabbitmq_count_ready (const WpRabbitmq *self, const char *queue)
{
  amqp_connection_state_t connection = connect_to_any (self);
  amqp_queue_declare_ok_t *declared
      = amqp_queue_declare (connection, 1, amqp_cstring_bytes (queue), 1, 0, 0, 0, amqp_empty_table);
  gint64 n = declared ? (gint64) declared->message_count : -1;

  wp_rabbitmq_disconnect (connection);
  return n;
}

static void
publish_one (amqp_connection_state_t connection, const char *queue, const char *id, const char *body)
{
  const amqp_basic_properties_t properties
      = { ._flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG,
          .message_id = amqp_cstring_bytes (id),
          .delivery_mode = 2 };

  g_assert_cmpint (amqp_basic_publish (connection, 1, amqp_empty_bytes, amqp_cstring_bytes (queue), 1, 0,
                                       &properties, amqp_cstring_bytes (body)),
                   ==, AMQP_STATUS_OK);
}

/* Waits for the confirm of the last of @n publishes; each before it is confirmed too. */
static void
await_confirms (amqp_connection_state_t connection, guint n)
{
  struct timeval patience = { WP_PATIENCE_US / G_USEC_PER_SEC, 0 };

  for (guint n_confirmed = 0; n_confirmed < n;)
    {
      amqp_frame_t frame;
      const amqp_basic_ack_t *confirm;

      amqp_maybe_release_buffers (connection);
      g_assert_cmpint (amqp_simple_wait_frame_noblock (connection, &frame, &patience), ==, AMQP_STATUS_OK);
      g_assert_cmpuint (frame.payload.method.id, ==, AMQP_BASIC_ACK_METHOD);
      confirm = frame.payload.method.decoded;
      n_confirmed = confirm->multiple ? (guint) confirm->delivery_tag : n_confirmed + 1;
    }
}

void
wp_rabbitmq_publish (const WpRabbitmq *self, const char *queue, const char *prefix, guint n, const char *body)
{
  amqp_connection_state_t connection = connect_to_any (self);

  amqp_confirm_select (connection, 1);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s%u", prefix, i);

      publish_one (connection, queue, id, body ? body : id);
    }
  await_confirms (connection, n);
  wp_rabbitmq_disconnect (connection);
}

static char *
describe_message (const amqp_message_t *message)
{
  const amqp_table_t *headers = &message->properties.headers;
  amqp_bytes_t id = message->properties.message_id;
  g_autofree char *name = g_strndup (id.bytes, id.len);

  for (int i = 0; (message->properties._flags & AMQP_BASIC_HEADERS_FLAG) && i < headers->num_entries; i++)
    if (headers->entries[i].key.len == strlen ("reason")
        && memcmp (headers->entries[i].key.bytes, "reason", strlen ("reason")) == 0)
      return g_strdup_printf ("%s: %.*s", name, (int) headers->entries[i].value.value.bytes.len,
                              (const char *) headers->entries[i].value.value.bytes.bytes);
  return g_steal_pointer (&name);
}

GPtrArray *
wp_rabbitmq_take_ids (const WpRabbitmq *self, const char *queue)
{
  amqp_connection_state_t connection = connect_to_any (self);
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  amqp_message_t message;

  while (amqp_basic_get (connection, 1, amqp_cstring_bytes (queue), 1).reply.id == AMQP_BASIC_GET_OK_METHOD)
    {
      g_assert_cmpint (amqp_read_message (connection, 1, &message, 0).reply_type, ==, AMQP_RESPONSE_NORMAL);
      g_ptr_array_add (ids, describe_message (&message));
      amqp_destroy_message (&message);
    }
  wp_rabbitmq_disconnect (connection);

  return ids;
}

gboolean
wp_rabbitmq_enter_network (void)
{
  int flags = CLONE_NEWNET | (geteuid () == 0 ? 0 : CLONE_NEWUSER), fd;
  struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

  if (unshare (flags) < 0)
    return FALSE;
  fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (ioctl (fd, SIOCSIFFLAGS, &loopback), ==, 0);
  close (fd);
  return TRUE;
}

static void
filter (const char *rules)
{
  const char *argv[] = { "/usr/sbin/nft", rules, NULL };
  g_autofree char *err = NULL;
  int status;

  g_assert_true (
      g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &err, &status, NULL));
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("nft %s: %s", rules, err);
}

/* A node's connections have its address at its end, whoever began them. */
void
wp_rabbitmq_cut (WpRabbitmq *self, guint node)
{
  g_autofree char *rules
      = g_strdup_printf ("add table ip wp; add chain ip wp out { type filter hook output priority 0; }; "
                         "add rule ip wp out ip daddr %s ip saddr != %s drop; "
                         "add rule ip wp out ip saddr %s ip daddr != %s drop",
                         hosts[node], hosts[node], hosts[node], hosts[node]);

  filter (rules);
}

void
wp_rabbitmq_join (WpRabbitmq *self)
{
  filter ("add table ip wp; delete table ip wp");
}
