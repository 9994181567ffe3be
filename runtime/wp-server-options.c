#include "runtime/wp-server-options.h"

#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "runtime/http/wp-listen.h"
#include "runtime/wp-log.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define FILE_RESERVE 160         /* of the admin and the probe listener, epolls, timers, databases, records */
#define MAX_THREADS 256
#define MAX_JOBS 1000000
#define JOB_BYTES 1536           /* of one whose payload is not counted, see wp_job_charge() */
#define CONNECTION_BYTES 8192    /* with what the kernel has for it, */
#define SOUP_BYTES 16384         /* libsoup, */
#define TLS_BYTES 40960          /* and OpenSSL, above all in the midst of a handshake */
#define MAX_RETRIES 1000000
#define MIN_JOURNAL_BYTES (64u << 10)
#define MAX_JOURNAL_BYTES (G_GUINT64_CONSTANT (1) << 40)
#define MIN_PENDING_BYTES 65536
#define MAX_PENDING_BYTES (G_GUINT64_CONSTANT (1) << 40)
#define BODY_MIN_RATE 500        /* bytes/s; Apache's (mod_reqtimeout) */
#define MAX_RATE (1024u << 20)
#define MAX_BODY_BYTES (512u << 20)   /* half of what SQLite holds in one value */

static gboolean
set_string (char **field, const char *value, GError **error)
{
  if (*value == '\0')
    {
      g_set_error_literal (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"\" is empty");
      return FALSE;
    }
  g_free (*field);
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
set_uint (guint *field, guint max, const char *value, GError **error)
{
  guint64 wide;

  if (!wp_options_parse_count (value, 1, max, &wide, error))
    return FALSE;
  *field = wide;
  return TRUE;
}

/* A deadline of 0 would let nobody in. */
static gboolean
set_deadline (gint64 *field, const char *value, GError **error)
{
  gint64 ns;

  if (!wp_time_parse_duration (value, &ns, error))
    return FALSE;
  if (ns == 0)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not above 0", value);
      return FALSE;
    }
  *field = ns;
  return TRUE;
}

static gboolean
on_listen (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_listen_check (value, error) && set_string (&((WpServerOptions *) data)->listen, value, error);
}

static gboolean
on_aside (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;
  char **field = g_str_equal (option, "--admin") ? &self->admin : &self->probe;

  if (g_ascii_strcasecmp (value, "none") != 0)
    return wp_listen_check (value, error) && set_string (field, value, error);
  g_clear_pointer (field, g_free);
  return TRUE;
}

static gboolean
on_admin_host (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_hosts_add (((WpServerOptions *) data)->admin_hosts, value, error);
}

/* Octal, as chmod(1) takes it. */
static gboolean
set_mode (guint *mode, const char *value, GError **error)
{
  gsize len = strlen (value);

  if (len < 3 || len > 4 || strspn (value, "01234567") != len || (len == 4 && value[0] != '0'))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a mode of three octal digits, such as 0660",
                   value);
      return FALSE;
    }
  *mode = (guint) g_ascii_strtoull (value, NULL, 8);
  return TRUE;
}

static gboolean
set_group (WpSocketAccess *access, const char *value, GError **error)
{
  const struct group *named = getgrnam (value);
  guint64 number;

  if (!named && !wp_options_parse_uint (value, 0, G_MAXUINT32 - 1, &number, NULL))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a group of this machine", value);
      return FALSE;
    }
  access->group = named ? named->gr_gid : (gid_t) number;
  access->has_group = TRUE;
  return TRUE;
}

static gboolean
on_socket (const char *option, const char *value, gpointer data, GError **error)
{
  WpSocketAccess *access = &((WpServerOptions *) data)->socket_access;

  return g_str_equal (option, "--socket-mode") ? set_mode (&access->mode, value, error)
                                               : set_group (access, value, error);
}

static gboolean
on_database (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_database_check (value, error) && set_string (&((WpServerOptions *) data)->database, value, error);
}

static gboolean
on_record (const char *option, const char *value, gpointer data, GError **error)
{
  return set_string (&((WpServerOptions *) data)->record, value, error);
}

static gboolean
on_journal (const char *option, const char *value, gpointer data, GError **error)
{
  return set_string (&((WpServerOptions *) data)->journal, value, error);
}

static gboolean
on_check_config (const char *option, const char *value, gpointer data, GError **error)
{
  ((WpServerOptions *) data)->check_config = TRUE;
  return TRUE;
}

static gboolean
on_requeue (const char *option, const char *value, gpointer data, GError **error)
{
  ((WpServerOptions *) data)->requeue = TRUE;
  return TRUE;
}

static gboolean
on_retries (const char *option, const char *value, gpointer data, GError **error)
{
  guint64 wide;

  if (!wp_options_parse_count (value, 0, MAX_RETRIES, &wide, error))
    return FALSE;
  ((WpServerOptions *) data)->retry.max = wide;
  return TRUE;
}

static gboolean
on_log_level (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_log_set_level (value, error);
}

static gboolean
on_config (const char *option, const char *value, gpointer data, GError **error)
{
  return set_string (&((WpServerOptions *) data)->config, value, error);
}

static gboolean
on_secure (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;

  if (g_str_equal (option, "--tls-certificate"))
    return set_string (&self->certificate, value, error);
  if (g_str_equal (option, "--tls-key"))
    return set_string (&self->key, value, error);
  return set_string (&self->token_file, value, error);
}

static gboolean
on_number (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;

  if (g_str_equal (option, "--threads"))
    return set_uint (&self->threads, MAX_THREADS, value, error);
  if (g_str_equal (option, "--max-jobs"))
    return set_uint (&self->max_jobs, G_MAXINT, value, error);
  return set_uint (&self->max_connections, G_MAXINT, value, error);
}

static gboolean
on_retry_for (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;

  self->retry_for_ns = WP_TIME_NONE;
  return g_ascii_strcasecmp (value, "none") == 0 || wp_time_parse_duration (value, &self->retry_for_ns, error);
}

static gboolean
on_time (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;

  if (g_str_equal (option, "--retry-delay"))
    return wp_time_parse_duration (value, &self->retry.delay_ns, error);
  if (g_str_equal (option, "--commit-pace"))
    return wp_time_parse_duration (value, &self->commit_pace_ns, error);
  if (g_str_equal (option, "--drain-timeout"))
    return wp_time_parse_duration (value, &self->drain_timeout_ns, error);
  if (g_str_equal (option, "--header-timeout"))
    return set_deadline (&self->limits.header_timeout_ns, value, error);
  if (g_str_equal (option, "--body-timeout"))
    return set_deadline (&self->limits.body_timeout_ns, value, error);
  return set_deadline (&self->limits.idle_timeout_ns, value, error);
}

/* Bytes, or with a k, m or g after the number: times 1024 each. */
static gboolean
set_size (guint64 *field, guint64 min, guint64 max, const char *range, const char *value, GError **error)
{
  gsize len = strlen (value);
  const char *units = "kmg", *unit = len > 1 ? strchr (units, g_ascii_tolower (value[len - 1])) : NULL;
  guint shift = unit ? 10 * (unit - units + 1) : 0;
  g_autofree char *digits = g_strndup (value, unit ? len - 1 : len);
  guint64 number;

  if (!wp_options_parse_uint (digits, 0, max >> shift, &number, NULL) || number << shift < min)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a size, such as 512k or 1m, of %s", value, range);
      return FALSE;
    }
  *field = number << shift;
  return TRUE;
}

static gboolean
on_size (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;

  if (g_str_equal (option, "--max-journal"))
    return set_size (&self->max_journal_bytes, MIN_JOURNAL_BYTES, MAX_JOURNAL_BYTES, "64k to 1024g", value, error);
  if (g_str_equal (option, "--max-pending"))
    return set_size (&self->max_pending_bytes, MIN_PENDING_BYTES, MAX_PENDING_BYTES, "64k to 1024g", value, error);
  if (g_str_equal (option, "--body-min-rate"))
    return set_size (&self->limits.body_min_rate, 0, MAX_RATE, "at most 1024m", value, error);
  return set_size (&self->limits.max_body_bytes, 0, MAX_BODY_BYTES, "at most 512m", value, error);
}

static gboolean
on_http (const char *option, const char *value, gpointer data, GError **error)
{
  WpServerOptions *self = data;

  self->by_soup = g_ascii_strcasecmp (value, "soup") == 0;
  if (self->by_soup || g_ascii_strcasecmp (value, "fast") == 0)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not fast or soup", value);
  return FALSE;
}

static const GOptionEntry entries[] = {
  { "listen", 'l', 0, G_OPTION_ARG_CALLBACK, on_listen,
    "where requests come in, also unix:PATH (127.0.0.1:8080); a socket from systemd takes its place", "HOST:PORT" },
  { "admin", 0, 0, G_OPTION_ARG_CALLBACK, on_aside, "the admin listener, or none (127.0.0.1:9090)",
    "HOST:PORT" },
  { "probe", 0, 0, G_OPTION_ARG_CALLBACK, on_aside,
    "a listener with /healthz and /readyz alone, for balancers on other machines (none)", "HOST:PORT" },
  { "admin-host", 0, 0, G_OPTION_ARG_CALLBACK, on_admin_host,
    "a name by which the admin listener is asked, beside addresses and localhost; may be repeated", "NAME" },
  { "socket-mode", 0, 0, G_OPTION_ARG_CALLBACK, on_socket, "permissions of Unix sockets (0660)", "MODE" },
  { "socket-group", 0, 0, G_OPTION_ARG_CALLBACK, on_socket, "group of Unix sockets (the server's)", "GROUP" },
  { "database", 'd', 0, G_OPTION_ARG_CALLBACK, on_database,
    "sqlite:FILE (sqlite:wp.db); delay:TIME waits and stores nothing; delay:request waits as X-WP-Service says", "DATABASE" },
  { "commit-pace", 0, 0, G_OPTION_ARG_CALLBACK, on_time,
    "sqlite: a commit is over no sooner than that after it began (0): slower, and the same at any load", "TIME" },
  { "max-jobs", 0, 0, G_OPTION_ARG_CALLBACK, on_number, "Default mode: jobs in service at most, 503 beyond (1000000, or fewer where memory is short)", "N" },
  { "retries", 0, 0, G_OPTION_ARG_CALLBACK, on_retries, "how often an update is tried again that the database does not take (5)", "N" },
  { "retry-delay", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "time before the first of these, doubled each time, up to 30s (100ms)", "TIME" },
  { "retry-for", 0, 0, G_OPTION_ARG_CALLBACK, on_retry_for, "how long a job waits for a database that is down, or none: without end (none)", "TIME" },
  { "journal", 0, 0, G_OPTION_ARG_CALLBACK, on_journal, "keep accepted jobs in FILE until they are stored: a crash loses none", "FILE" },
  { "max-journal", 0, 0, G_OPTION_ARG_CALLBACK, on_size, "largest journal, 503 beyond (1g)", "BYTES" },
  { "requeue", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_requeue,
    "make the failed jobs of --journal=FILE unfinished, and end: the next start runs them", NULL },
  { "record", 0, 0, G_OPTION_ARG_CALLBACK, on_record, "write what happens as a trace; SIGHUP opens it anew", "FILE" },
  { "tls-certificate", 0, 0, G_OPTION_ARG_CALLBACK, on_secure,
    "requests come by TLS: PEM file of the certificate and its chain; SIGHUP reads it anew", "FILE" },
  { "tls-key", 0, 0, G_OPTION_ARG_CALLBACK, on_secure, "PEM file of the certificate's private key", "FILE" },
  { "token-file", 0, 0, G_OPTION_ARG_CALLBACK, on_secure,
    "requests need Authorization: Bearer and one of the tokens of FILE, one a line, 401 else; SIGHUP reads it anew", "FILE" },
  { "threads", 0, 0, G_OPTION_ARG_CALLBACK, on_number, "HTTP threads (the cores less one, at least 1)", "N" },
  { "http", 0, 0, G_OPTION_ARG_CALLBACK, on_http, "who serves requests: fast, wp-server's own HTTP/1 (default), or soup, libsoup's SoupServer", "WHICH" },
  { "max-connections", 0, 0, G_OPTION_ARG_CALLBACK, on_number,
    "connections at once; more wait to be accepted (the file limit less 160, or fewer where memory is short)", "N" },
  { "max-body", 0, 0, G_OPTION_ARG_CALLBACK, on_size, "largest payload, 413 beyond (1m)", "BYTES" },
  { "max-pending", 0, 0, G_OPTION_ARG_CALLBACK, on_size,
    "requests held in memory, half read, parked, queued or in service, 503 beyond (a quarter of the memory)", "BYTES" },
  { "header-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "time for a whole head, 408 beyond (10s)", "TIME" },
  { "body-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "how long a body may be behind its minimum rate, 408 beyond (30s)", "TIME" },
  { "body-min-rate", 0, 0, G_OPTION_ARG_CALLBACK, on_size,
    "bytes a second that a body must come by (500); 0: --body-timeout is for the whole of it", "BYTES" },
  { "idle-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "time between requests, and to take an answer (75s)", "TIME" },
  { "drain-timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "time from SIGTERM to the end (30s)", "TIME" },
  { "log-level", 0, 0, G_OPTION_ARG_CALLBACK, on_log_level, "error, warning, info (default) or debug", "LEVEL" },
  { "config", 0, 0, G_OPTION_ARG_CALLBACK, on_config, "read options from FILE, lines of key = value; the command line wins", "FILE" },
  { "check-config", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_check_config,
    "say whether the options are ok, those of --config=FILE too, and end; nothing is opened", NULL },
  { NULL }
};

static const GOptionEntry *const tables[] = { wp_policy_entries, entries, NULL };

static gboolean
parse (WpServerOptions *self, int argc, char **argv, GError **error)
{
  g_auto(GStrv) copy = g_strdupv (argv);
  g_autofree char **argv_copy = g_memdup2 (copy, (argc + 1) * sizeof *copy);
  char **left = argv_copy;
  gboolean ok = wp_options_parse (NULL, "Takes HTTP requests and passes each payload to a database in one of three modes: at once,\n"
                                  "through a bounded queue, or through a queue and a pool of workers.", tables, self, &argc, &left, error);

  if (ok && argc > 1)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "\"%s\" is not an option; --help lists them all", left[1]);
      return FALSE;
    }
  return ok;
}

static gboolean
check_pairs (const WpServerOptions *self, GError **error)
{
  if (!self->certificate == !self->key)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "--tls-%s needs --tls-%s beside it", self->certificate ? "certificate" : "key",
               self->certificate ? "key" : "certificate");
  return FALSE;
}

static gboolean
check_requeue (const WpServerOptions *self, GError **error)
{
  if (!self->requeue || self->journal)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "--requeue needs --journal=FILE");
  return FALSE;
}

gboolean
wp_server_options_read (WpServerOptions *self, guint64 file_limit, int argc, char **argv, GError **error)
{
  *self = (WpServerOptions) {
    .listen = g_strdup ("127.0.0.1:8080"), .admin = g_strdup ("127.0.0.1:9090"), .database = g_strdup ("sqlite:wp.db"),
    .admin_hosts = wp_hosts_new (), .socket_access = { .mode = 0660 },
    .max_journal_bytes = 1 << 30, .retry = { 5, 100 * WP_NS_PER_MS }, .retry_for_ns = WP_TIME_NONE, .threads = CLAMP (g_get_num_processors () - 1, 1, MAX_THREADS),
    .file_limit = file_limit,
    .limits = { NULL, 10 * WP_NS_PER_S, 30 * WP_NS_PER_S, 75 * WP_NS_PER_S,
                1 << 20, BODY_MIN_RATE },
    .drain_timeout_ns = 30 * WP_NS_PER_S,
  };
  wp_policy_init (&self->policy, WP_MODE_DEFAULT);

  /* Twice, so that the command line wins over the configuration that it names. */
  return parse (self, argc, argv, error) &&
         (!self->config || (wp_options_load (self->config, tables, self, error) && parse (self, argc, argv, error))) &&
         wp_policy_check (&self->policy, error) && check_pairs (self, error) && check_requeue (self, error);
}

/* The clock's, the database's two, the log's, GLib's own, and one that accepts or gives requests to the
 * admin. */
guint
wp_server_options_count_threads (const WpServerOptions *self)
{
  return self->threads + 6 + (self->admin != NULL) + (self->probe != NULL) + (self->journal != NULL) +
         (self->record != NULL);
}

static guint64
connection_bytes (const WpServerOptions *self)
{
  return CONNECTION_BYTES + (self->by_soup ? SOUP_BYTES : 0) + (self->certificate ? TLS_BYTES : 0);
}

void
wp_server_options_fit (WpServerOptions *self, guint64 memory_bytes)
{
  guint64 quarter = memory_bytes / 4;

  if (self->max_pending_bytes == 0)
    self->max_pending_bytes = quarter;
  if (self->max_jobs == 0)
    self->max_jobs = (guint) MIN (quarter / JOB_BYTES, MAX_JOBS);
  if (self->max_connections == 0)
    self->max_connections = (guint) MIN (quarter / connection_bytes (self), MAX (self->file_limit, 2 * FILE_RESERVE) - FILE_RESERVE);
}

void
wp_server_options_clear (WpServerOptions *self)
{
  g_free (self->listen);
  g_free (self->admin);
  g_free (self->probe);
  g_clear_pointer (&self->admin_hosts, wp_hosts_free);
  g_free (self->database);
  g_free (self->record);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->token_file);
  g_free (self->journal);
  g_free (self->config);
}
