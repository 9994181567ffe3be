#include "runtime/server/wp-server-options.h"

#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "runtime/http/wp-listen-socket.h"
#include "runtime/server/wp-log.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define FILE_RESERVE      160 /* for the admin and the probe listener, epolls, timers, databases, records */
#define MAX_THREADS       256
#define MAX_JOBS          1000000
#define JOB_BYTES         1536  /* of a job whose payload is not counted, see wp_job_charge() */
#define CONNECTION_BYTES  8192  /* including the kernel's share, */
#define SOUP_BYTES        16384 /* plus libsoup's, */
#define TLS_BYTES         40960 /* plus OpenSSL's, which is largest during the handshake */
#define MAX_RETRIES       1000000
#define MIN_JOURNAL_BYTES (64u << 10)
#define MIN_ENGINE_BYTES  1024
#define MAX_JOURNAL_BYTES (G_GUINT64_CONSTANT (1) << 40)
#define MIN_PENDING_BYTES 65536
#define MAX_PENDING_BYTES (G_GUINT64_CONSTANT (1) << 40)
#define BODY_MIN_RATE     500 /* bytes/s; Apache's (mod_reqtimeout) */
#define MAX_RATE          (1024u << 20)
#define MAX_MESSAGE_BYTES (128u << 20) /* RabbitMQ's */
#define FRONT_WORKERS     64
#define MAX_BODY_BYTES    (512u << 20) /* half of SQLite's limit of one value */

static gboolean
parse_host (gpointer field, const char *value, GError **error)
{
  return wp_hosts_add (*(WpHosts **) field, value, error);
}

/* Octal, as for chmod(1). */
static gboolean
parse_mode (gpointer field, const char *value, GError **error)
{
  gsize len = strlen (value);

  if (len < 3 || len > 4 || strspn (value, "01234567") != len || (len == 4 && value[0] != '0'))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a mode of three octal digits, such as 0660",
                    value);
  *(guint *) field = (guint) g_ascii_strtoull (value, NULL, 8);
  return TRUE;
}

static gboolean
parse_group (gpointer field, const char *value, GError **error)
{
  WpSocketAccess *access = field;
  const struct group *named = getgrnam (value);
  guint64 number;

  if (!named && !wp_options_parse_uint (value, 0, G_MAXUINT32 - 1, &number, NULL))
    return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not a group of this machine", value);
  access->group = named ? named->gr_gid : (gid_t) number;
  access->has_group = TRUE;
  return TRUE;
}

static const char *const http_names[] = { "fast", "soup", NULL };
static const char *const switch_names[] = { "off", "on", NULL };

#define FIELD(member) WP_FIELD (WpServerOptions, member)

static const WpOption listener_options[] = {
  { "listen", 'l', WP_OPTION_TEXT, "HOST:PORT", FIELD (listen),
    "address for requests, or unix:PATH; a socket from systemd replaces it (127.0.0.1:8080; none with "
    "--source)",
    .or_none = TRUE, .check = wp_listen_socket_check },
  { "admin", 0, WP_OPTION_TEXT, "HOST:PORT", FIELD (admin),
    "address of the admin listener, or none (127.0.0.1:9090)", .or_none = TRUE,
    .check = wp_listen_socket_check },
  { "forecast", 0, WP_OPTION_CHOICE, "WHETHER", FIELD (forecast),
    "on (default) or off: observe the traffic for /forecast.json and /what-if.json, in 5 MB",
    .names = switch_names },
  { "probe", 0, WP_OPTION_TEXT, "HOST:PORT", FIELD (probe),
    "address of a listener for /healthz and /readyz only, for load balancers on other machines (none)",
    .or_none = TRUE, .check = wp_listen_socket_check },
  { "admin-host", 0, WP_OPTION_OTHER, "NAME", FIELD (admin_hosts),
    "a Host that the admin listener accepts beside addresses and localhost; may be repeated",
    .parse = parse_host },
  { "socket-mode", 0, WP_OPTION_OTHER, "MODE", FIELD (socket_access.mode),
    "permissions of Unix sockets (0660)", .parse = parse_mode },
  { "socket-group", 0, WP_OPTION_OTHER, "GROUP", FIELD (socket_access),
    "group of Unix sockets (the server's)", .parse = parse_group },
  { "tls-certificate", 0, WP_OPTION_FILE, "FILE", FIELD (certificate),
    "serve requests by TLS: PEM file of the certificate and its chain; SIGHUP reads it again" },
  { "tls-key", 0, WP_OPTION_FILE, "FILE", FIELD (key), "PEM file of the certificate's private key" },
  { "token-file", 0, WP_OPTION_FILE, "FILE", FIELD (token_file),
    "require Authorization: Bearer with a token of FILE, which has one in each line, or answer 401; SIGHUP "
    "reads it again" },
  { "admin-token-file", 0, WP_OPTION_FILE, "FILE", FIELD (admin_token_file),
    "let clients of the admin listener with a token of FILE change workers, queue and policy by PUT (none)" },
  { NULL }
};

static const WpOption database_options[] = {
  { "database", 'd', WP_OPTION_TEXT, "DATABASE", FIELD (database),
    "sqlite:FILE (sqlite:wp.db); postgresql://...; amqp://HOST?queue=NAME, a shared queue; delay:TIME waits "
    "and stores nothing; delay:request waits as X-WP-Service says",
    .check = wp_database_check },
  { "source", 0, WP_OPTION_TEXT, "QUEUE", FIELD (source),
    "take jobs from a shared queue, amqp://HOST?queue=NAME, and store them in the database (none)",
    .check = wp_source_check },
  { "database-timeout", 0, WP_OPTION_TIME, "TIME", FIELD (database_options.timeout_ns),
    "postgresql, amqp: a commit without a response for so long is offered again by a new connection (10s)",
    1 },
  { "init-database", 0, WP_OPTION_FLAG, NULL, FIELD (init_database),
    "postgresql, amqp: make the tables or the queue and exit" },
  { "wait-for-database", 0, WP_OPTION_TIME, "TIME", FIELD (wait_for_database_ns),
    "postgresql, amqp: how long the start waits for a server that is down (0)" },
  { "commit-pace", 0, WP_OPTION_TIME, "TIME", FIELD (commit_pace_ns),
    "sqlite, postgresql: minimum duration of a commit: updates are slower, but as fast at any load (0)" },
  { "engine-queue", 0, WP_OPTION_COUNT, "JOBS", FIELD (database_options.queue_jobs),
    "amqp: capacity of the shared queue in jobs, part of its declaration (10000)", 1, G_MAXINT },
  { "engine-queue-bytes", 0, WP_OPTION_SIZE, "BYTES", FIELD (database_options.queue_bytes),
    "amqp: the same in bytes of payloads (1g)", MIN_ENGINE_BYTES, MAX_JOURNAL_BYTES },
  { "delivery-limit", 0, WP_OPTION_COUNT, "N", FIELD (database_options.delivery_limit),
    "amqp: deliveries of a job before it goes to the queue NAME.failed, part of the declaration (100)", 1,
    G_MAXINT },
  { "amqp-password-file", 0, WP_OPTION_FILE, "FILE", FIELD (database_options.password_file),
    "amqp: FILE has the user's password in its first line" },
  { "amqp-ca", 0, WP_OPTION_FILE, "FILE", FIELD (database_options.ca),
    "amqps: PEM file of the authorities that certify the servers (the system's)" },
  { "amqp-certificate", 0, WP_OPTION_FILE, "FILE", FIELD (database_options.certificate),
    "amqps: PEM file of a certificate for this client" },
  { "amqp-key", 0, WP_OPTION_FILE, "FILE", FIELD (database_options.key), "amqps: its private key" },
  { "retries", 0, WP_OPTION_COUNT, "N", FIELD (retry.max), "how often a failed update is repeated (5)", 0,
    MAX_RETRIES },
  { "retry-delay", 0, WP_OPTION_TIME, "TIME", FIELD (retry.delay_ns),
    "time before the first retry; it doubles for each retry, up to 30s (100ms)" },
  { "retry-for", 0, WP_OPTION_TIME, "TIME", FIELD (retry_for_ns),
    "how long a job waits for a database that is down; none: no limit (none)", .or_none = TRUE },
  { "journal", 0, WP_OPTION_FILE, "FILE", FIELD (journal),
    "keep accepted jobs in FILE until they are stored, so that a crash loses none (none)" },
  { "max-journal", 0, WP_OPTION_SIZE, "BYTES", FIELD (max_journal_bytes),
    "largest journal; 503 beyond it (1g)", MIN_JOURNAL_BYTES, MAX_JOURNAL_BYTES },
  { "requeue", 0, WP_OPTION_FLAG, NULL, FIELD (requeue),
    "mark the failed jobs of --journal=FILE as unfinished and exit: the next start runs them" },
  { "record", 0, WP_OPTION_FILE, "FILE", FIELD (record),
    "record every request as a trace; SIGHUP opens the file again (none)" },
  { NULL }
};

static const WpOption limit_options[] = {
  { "threads", 0, WP_OPTION_COUNT, "N", FIELD (threads), "HTTP threads (one less than the cores, at least 1)",
    1, MAX_THREADS },
  { "http", 0, WP_OPTION_CHOICE, "WHICH", FIELD (by_soup),
    "HTTP server for requests: fast, wp-server's own HTTP/1 (default), or soup, libsoup's SoupServer",
    .names = http_names },
  { "max-jobs", 0, WP_OPTION_COUNT, "N", FIELD (max_jobs),
    "Default mode: maximum number of jobs in service; 503 beyond it (1000000, or fewer if memory is short)",
    1, G_MAXINT },
  { "max-connections", 0, WP_OPTION_COUNT, "N", FIELD (max_connections),
    "maximum number of connections; more wait to be accepted (160 less than the file limit, or fewer if "
    "memory is short)",
    1, G_MAXINT },
  { "max-body", 0, WP_OPTION_SIZE, "BYTES", FIELD (limits.max_body_bytes),
    "largest payload; 413 beyond it (1m)", 0, MAX_BODY_BYTES },
  { "max-pending", 0, WP_OPTION_SIZE, "BYTES", FIELD (max_pending_bytes),
    "memory for all requests that are half read, parked, queued or in service; 503 beyond it (a quarter of "
    "the memory)",
    MIN_PENDING_BYTES, MAX_PENDING_BYTES },
  { "header-timeout", 0, WP_OPTION_TIME, "TIME", FIELD (limits.header_timeout_ns),
    "maximum time to receive a request head; 408 beyond it (10s)", 1 },
  { "body-timeout", 0, WP_OPTION_TIME, "TIME", FIELD (limits.body_timeout_ns),
    "how far a body may lag behind its minimum rate; 408 beyond it (30s)", 1 },
  { "body-min-rate", 0, WP_OPTION_SIZE, "BYTES", FIELD (limits.body_min_rate),
    "minimum bytes per second of a body; 0: --body-timeout limits the whole body (500)", 0, MAX_RATE },
  { "idle-timeout", 0, WP_OPTION_TIME, "TIME", FIELD (limits.idle_timeout_ns),
    "maximum time between requests, and for a client to read a response (75s)", 1 },
  { "drain-timeout", 0, WP_OPTION_TIME, "TIME", FIELD (drain_timeout_ns),
    "maximum time from SIGTERM to exit (30s)" },
  { NULL }
};

static const WpOption service_options[]
    = { { "log-level", 0, WP_OPTION_CHOICE, "LEVEL", FIELD (log_level),
          "least severe messages to log: error, warning, info (default) or debug",
          .names = wp_log_level_names, .what = "a level" },
        { "config", 0, WP_OPTION_FILE, "FILE", FIELD (config),
          "read options from FILE, one \"key = value\" a line; the command line wins" },
        { "check-config", 0, WP_OPTION_FLAG, NULL, FIELD (check_config),
          "check the options and those of --config=FILE, without opening anything, and exit" },
        { NULL } };

static const WpOptionGroup groups[]
    = { { "Modes", wp_policy_options, G_STRUCT_OFFSET (WpServerOptions, policy),
          G_STRUCT_OFFSET (WpPolicy, given) },
        { "Listeners", listener_options, 0, 0 },
        { "Database", database_options, 0, 0 },
        { "Limits", limit_options, 0, 0 },
        { "The program", service_options, 0, 0 },
        { NULL, NULL, 0, 0 } };

static const WpCommandLine command_line
    = { NULL,
        "Receives HTTP requests and stores each payload in a database, in one of three modes: at once,\n"
        "through a bounded queue, or through a bounded queue and a pool of workers.",
        groups };

static gboolean
parse (WpServerOptions *self, char **argv, GError **error)
{
  g_autofree char **parameters = wp_options_parse (&command_line, self, argv, error);

  if (!parameters || !parameters[0])
    return parameters != NULL;
  return wp_fail (error, WP_ERROR_USAGE, "\"%s\" is not an option; --help lists them all", parameters[0]);
}

/* A front: its jobs go to a shared queue. Returns: NULL: its options are right. */
static const char *
check_front (const WpServerOptions *self)
{
  guint64 max_body_bytes = self->limits.max_body_bytes;

  return self->policy.ack == WP_ACK_STORED
             ? "--ack=stored: a server whose database is a shared queue does not hear of stored jobs"
         : self->policy.mode != WP_MODE_WORKER_POOL
             ? "--mode: a server whose database is a shared queue is a WorkerPool"
         : self->policy.dispatcher == WP_DISPATCHER_SPAWNING
             ? "--dispatcher: a server whose database is a shared queue has the bounded one"
         : max_body_bytes > self->database_options.queue_bytes
             ? "--max-body is larger than --engine-queue-bytes"
         : max_body_bytes > MAX_MESSAGE_BYTES ? "--max-body: a shared queue takes payloads up to 128m"
                                              : NULL;
}

/* A worker: its jobs come from a shared queue. Returns: NULL: its options are right. */
static const char *
check_worker (const WpServerOptions *self)
{
  return !self->database ? "--source needs --database: where the jobs are stored"
         : wp_database_is_queue (self->database)
             ? "--source: the database of a server that takes jobs from a shared queue cannot be one"
         : self->journal
             ? "--journal: a server that takes jobs from a shared queue leaves them there until they "
               "are stored"
         : self->retry_for_ns != WP_TIME_NONE
             ? "--retry-for: a server that takes jobs from a shared queue waits for its database without a "
               "limit"
         : self->policy.mode != WP_MODE_WORKER_POOL
             ? "--mode: a server that takes jobs from a shared queue is a WorkerPool"
         : self->policy.dispatcher == WP_DISPATCHER_SPAWNING
             ? "--dispatcher: a server that takes jobs from a shared queue has the bounded one"
             : NULL;
}

static gboolean
is_token_file_shared (const WpServerOptions *self)
{
  return self->admin_token_file
         && (g_strcmp0 (self->admin_token_file, self->token_file) == 0
             || wp_options_same_file (self->admin_token_file, self->token_file));
}

static gboolean
check (const WpServerOptions *self, GError **error)
{
  const WpDatabaseOptions *database = &self->database_options;
  const char *reason = self->certificate && !self->key           ? "--tls-certificate needs --tls-key"
                       : self->key && !self->certificate         ? "--tls-key needs --tls-certificate"
                       : database->certificate && !database->key ? "--amqp-certificate needs --amqp-key"
                       : database->key && !database->certificate ? "--amqp-key needs --amqp-certificate"
                       : self->requeue && !self->journal         ? "--requeue needs --journal=FILE"
                       : is_token_file_shared (self)    ? "--admin-token-file is the file of --token-file: "
                                                          "its clients could change sizes"
                       : !self->listen && !self->source ? "--listen=none needs --source: no job would come"
                       : self->source                   ? check_worker (self)
                       : wp_database_is_queue (self->database) ? check_front (self)
                                                               : NULL;

  if (!wp_policy_check (&self->policy, error))
    return FALSE;
  if (reason)
    return wp_fail (error, WP_ERROR_USAGE, "%s", reason);
  return !self->source || wp_source_check_sizes (&self->policy, error);
}

/* The defaults of a front, whose workers are its unconfirmed publishes; and of a worker, which stores so many
 * jobs at once, and holds twice as many. */
static void
set_queue_defaults (WpServerOptions *self)
{
  WpPolicy *policy = &self->policy;

  if (!self->source && !wp_database_is_queue (self->database))
    return;
  if (!(policy->given & WP_POLICY_MODE))
    policy->mode = WP_MODE_WORKER_POOL;
  if (!(policy->given & WP_POLICY_WORKERS))
    policy->workers = FRONT_WORKERS;
  if (!(policy->given & WP_POLICY_QUEUE))
    policy->queue_jobs = self->source ? policy->workers : 0;
}

/* Those that depend on what was given. */
static void
set_defaults (WpServerOptions *self)
{
  if (self->listen && *self->listen == '\0')
    {
      g_free (self->listen);
      self->listen = self->source ? NULL : g_strdup ("127.0.0.1:8080");
    }
  if (!self->database && !self->source)
    self->database = g_strdup ("sqlite:wp.db");
  set_queue_defaults (self);
}

gboolean
wp_server_options_read (WpServerOptions *self, guint64 file_limit, char **argv, GError **error)
{
  *self = (WpServerOptions){
    .listen = g_strdup (""), /* not given */
    .admin = g_strdup ("127.0.0.1:9090"),
    .admin_hosts = wp_hosts_new (),
    .socket_access = { .mode = 0660 },
    .max_journal_bytes = 1 << 30,
    .forecast = TRUE,
    .database_options
    = { .timeout_ns = 10 * WP_NS_PER_S, .queue_jobs = 10000, .queue_bytes = 1 << 30, .delivery_limit = 100 },
    .retry = { 5, 100 * WP_NS_PER_MS },
    .retry_for_ns = WP_TIME_NONE,
    .threads = CLAMP (g_get_num_processors () - 1, 1, MAX_THREADS),
    .file_limit = file_limit,
    .limits = { NULL, 10 * WP_NS_PER_S, 30 * WP_NS_PER_S, 75 * WP_NS_PER_S, 1 << 20, BODY_MIN_RATE },
    .drain_timeout_ns = 30 * WP_NS_PER_S,
    .log_level = WP_LOG_LEVEL_INFO,
  };
  wp_policy_init (&self->policy, WP_MODE_DEFAULT);

  /* The command line is parsed twice, so that it wins over the configuration that it names. */
  if (!parse (self, argv, error)
      || (self->config
          && (!wp_options_load (&command_line, self, self->config, error) || !parse (self, argv, error))))
    return FALSE;
  set_defaults (self);
  if (!check (self, error))
    return FALSE;
  self->database_name = wp_database_describe (self->database);
  return TRUE;
}

/* Six others: the clock, two of the database, the log, GLib's own, and the accept thread. */
guint
wp_server_options_count_threads (const WpServerOptions *self)
{
  return self->threads + 6 + (self->source != NULL) + (self->admin != NULL) + (self->probe != NULL)
         + (self->journal != NULL) + (self->record != NULL) + self->forecast;
}

static guint64
connection_bytes (const WpServerOptions *self)
{
  return CONNECTION_BYTES + (self->by_soup ? SOUP_BYTES : 0) + (self->certificate ? TLS_BYTES : 0);
}

void
wp_server_options_set_memory_defaults (WpServerOptions *self, guint64 memory_bytes)
{
  guint64 quarter = memory_bytes / 4;

  if (self->max_pending_bytes == 0)
    self->max_pending_bytes = quarter;
  if (self->max_jobs == 0)
    self->max_jobs = (guint) MIN (quarter / JOB_BYTES, MAX_JOBS);
  if (self->max_connections == 0)
    self->max_connections = (guint) MIN (quarter / connection_bytes (self),
                                         MAX (self->file_limit, 2 * FILE_RESERVE) - FILE_RESERVE);
}

static gboolean
differs (const WpOption *option, const char *one, const char *other)
{
  one += option->offset;
  other += option->offset;
  if (option->kind == WP_OPTION_TEXT || option->kind == WP_OPTION_FILE)
    return g_strcmp0 (*(char *const *) (gconstpointer) one, *(char *const *) (gconstpointer) other) != 0;
  if (option->parse == parse_host)
    return !wp_hosts_equal (*(WpHosts *const *) (gconstpointer) one,
                            *(WpHosts *const *) (gconstpointer) other);
  if (option->parse == parse_group) /* the field has the mode too */
    return ((const WpSocketAccess *) (gconstpointer) one)->group
           != ((const WpSocketAccess *) (gconstpointer) other)->group;
  return memcmp (one, other, option->size) != 0;
}

GPtrArray *
wp_server_options_compare (const WpServerOptions *self, const WpServerOptions *other)
{
  GPtrArray *names = g_ptr_array_new ();

  for (const WpOptionGroup *group = groups; group->options; group++)
    for (const WpOption *option = group->options; option->name; option++)
      if (!(group->options == wp_policy_options && (option->given & WP_POLICY_SIZES))
          && differs (option, (const char *) self + group->offset, (const char *) other + group->offset))
        g_ptr_array_add (names, (char *) option->name);
  return names;
}

void
wp_server_options_clear (WpServerOptions *self)
{
  wp_options_clear (&command_line, self);
  g_clear_pointer (&self->admin_hosts, wp_hosts_free);
  g_clear_pointer (&self->database_name, g_free);
}
