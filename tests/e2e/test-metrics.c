/* Every value of /stats.json is right, and every metric equals its value there. Expected values differ from
 * each other, so that none can stand for another. */
#include "tests/e2e/wp-hold.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

static char *
ask (const WpHarness *server, const char *path)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (admin, path, NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);

  return g_steal_pointer (&response->body);
}

static void
add_figures (GHashTable *figures, const char *name, JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;
      const char *member;
      JsonNode *value;

      json_object_iter_init (&iter, json_node_get_object (node));
      while (json_object_iter_next (&iter, &member, &value))
        {
          g_autofree char *path = g_strjoin (*name ? "." : "", name, member, NULL);

          add_figures (figures, path, value);
        }
    }
  else if (!JSON_NODE_HOLDS_NULL (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    g_hash_table_insert (figures, g_strdup (name), g_strdup (json_node_get_string (node)));
  else
    g_hash_table_insert (figures, g_strdup (name), json_to_string (node, FALSE));
}

/* (element-type utf8 utf8): "ledger.stored" and its value */
static GHashTable *
read_stats (const WpHarness *server)
{
  g_autofree char *text = ask (server, "/stats.json");
  GHashTable *figures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (JsonNode) root = json_from_string (text, NULL);

  g_assert_nonnull (root);
  add_figures (figures, "", root);

  return figures;
}

static const char *const histograms[][4] = {
  { "wp_database_commit_seconds", "0.0001", "0.01", "10" },
  { "wp_database_rows_per_commit", "1", "100", "1000" },
  { "wp_wait_seconds", "0.0001", "0.01", "500" },
  { "wp_response_seconds", "0.0001", "0.01", "500" },
  { "wp_blocked_seconds", "0.0001", "0.01", "500" },
};

/* Their values are not those of figures. */
static const char *const others[] = {
  "wp_build_info{version=\"" WP_VERSION "\"}",
  "process_cpu_seconds_total",
  "process_start_time_seconds",
  "process_virtual_memory_bytes",
  "process_resident_memory_bytes",
  "process_open_fds",
  "process_max_fds",
  "wp_queue_peak_jobs",
};

static const char *
type_of (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (histograms); i++)
    if (g_str_equal (histograms[i][0], name))
      return " histogram";
  return g_str_has_suffix (name, "_total") ? " counter" : " gauge";
}

static gboolean
is_of_histogram (const char *name, const char *type)
{
  const char *part = g_str_has_prefix (name, type) ? name + strlen (type) : "";

  return g_str_equal (part, "_bucket") || g_str_equal (part, "_sum") || g_str_equal (part, "_count");
}

/* (element-type utf8 utf8): "wp_requests_inside{place="parked"}" and its value; each has its help and its
 * type before it. */
static GHashTable *
read_metrics (const WpHarness *server)
{
  g_autofree char *text = ask (server, "/metrics");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GHashTable *metrics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *help = g_strdup (""), *type = g_strdup ("");

  for (char **line = lines; **line; line++)
    {
      const char *value = strrchr (*line, ' ');

      if (g_str_has_prefix (*line, "# HELP "))
        {
          g_free (help);
          help = g_strndup (*line + 7, strcspn (*line + 7, " "));
        }
      else if (g_str_has_prefix (*line, "# TYPE "))
        {
          g_free (type);
          type = g_strndup (*line + 7, strcspn (*line + 7, " "));
          g_assert_true (g_str_has_suffix (*line, type_of (type)));
        }
      else
        {
          g_autofree char *name = g_strndup (*line, strcspn (*line, "{ "));

          if (is_of_histogram (name, type))
            name[strlen (type)] = '\0';
          g_assert_cmpstr (help, ==, name);
          g_assert_cmpstr (type, ==, name);
          g_assert_true (
              g_hash_table_insert (metrics, g_strndup (*line, value - *line), g_strdup (value + 1)));
        }
    }
  return metrics;
}

static const struct {
  const char *metric, *figure;
} same[] = {
  { "wp_requests_received_total", "ledger.received" },
  { "wp_jobs_recovered_total", "ledger.recovered" },
  { "wp_jobs_taken_total", "ledger.taken" },
  { "wp_requests_ended_total{outcome=\"stored\"}", "ledger.stored" },
  { "wp_requests_ended_total{outcome=\"rejected\"}", "ledger.rejected" },
  { "wp_requests_ended_total{outcome=\"timed_out\"}", "ledger.timed_out" },
  { "wp_requests_ended_total{outcome=\"abandoned\"}", "ledger.abandoned" },
  { "wp_requests_ended_total{outcome=\"failed\"}", "ledger.failed" },
  { "wp_requests_inside{place=\"parked\"}", "ledger.parked" },
  { "wp_requests_inside{place=\"queued\"}", "ledger.queued" },
  { "wp_requests_inside{place=\"in_service\"}", "ledger.in_service" },
  { "wp_refusals_total{reason=\"malformed\"}", "refused.malformed" },
  { "wp_refusals_total{reason=\"version\"}", "refused.version" },
  { "wp_refusals_total{reason=\"line_size\"}", "refused.line_size" },
  { "wp_refusals_total{reason=\"head_size\"}", "refused.head_size" },
  { "wp_refusals_total{reason=\"body_size\"}", "refused.body_size" },
  { "wp_refusals_total{reason=\"head_timeout\"}", "refused.head_timeout" },
  { "wp_refusals_total{reason=\"body_timeout\"}", "refused.body_timeout" },
  { "wp_refusals_total{reason=\"method\"}", "refused.method" },
  { "wp_refusals_total{reason=\"expectation\"}", "refused.expectation" },
  { "wp_refusals_total{reason=\"service_time\"}", "refused.service_time" },
  { "wp_refusals_total{reason=\"unauthorized\"}", "refused.unauthorized" },
  { "wp_refusals_total{reason=\"plain_http\"}", "refused.plain_http" },
  { "wp_refusals_total{reason=\"memory\"}", "refused.memory" },
  { "wp_duplicates_total", "duplicates" },
  { "wp_conflicts_total", "conflicts" },
  { "wp_failures_total{kind=\"conflict\"}", "conflicts" },
  { "wp_failures_total{kind=\"outage\"}", "outages" },
  { "wp_requests_blocked_total", "blocked" },
  { "wp_retries_total", "retries" },
  { "wp_resizes_total", "resizes" },
  { "wp_resizes_refused_total", "resizes_refused" },
  { "wp_queue_capacity", "queue" },
  { "wp_workers", "workers" },
  { "wp_oldest_job_age_seconds", "oldest_age" },
  { "wp_queue_full_seconds_total", "time_full" },
  { "wp_connections", "connections" },
  { "wp_ready", "ready" },
  { "wp_database_up", "database_up" },
  { "wp_database_reconnects_total", "database_reconnects" },
  { "wp_database_commit_seconds_count", "database_commits" },
  { "wp_database_rows_per_commit_count", "database_commits" },
  { "wp_database_log_bytes", "database_log_bytes" },
  { "wp_journal_failed_jobs", "journal.failed" },
  { "wp_journal_refused_total", "journal.refused" },
  { "wp_journal_commits_total", "journal.commits" },
  { "wp_journal_backlog", "journal.backlog" },
  { "wp_journal_file_bytes", "journal.file_bytes" },
  { "wp_journal_log_bytes", "journal.log_bytes" },
  { "wp_journal_writable", "journal.writable" },
};

static double
seconds_since (gint64 us)
{
  return (double) (g_get_monotonic_time () - us) / G_USEC_PER_SEC;
}

static double
number (const char *text)
{
  char *end;
  double value = g_str_equal (text, "true")    ? 1
                 : g_str_equal (text, "false") ? 0
                                               : g_ascii_strtod (text, &end);

  g_assert_true (g_str_equal (text, "true") || g_str_equal (text, "false") || (end > text && *end == '\0'));
  return value;
}

/* Read after the figure, so many seconds at most. */
static gboolean
is_age (const char *metric, const char *figure, double seconds)
{
  if (g_str_equal (figure, "null"))
    return number (metric) == 0;
  return number (metric) >= number (figure) && number (metric) <= number (figure) + seconds;
}

/* But for those that grow with time alone. */
static gboolean
are_same (GHashTable *a, GHashTable *b)
{
  GHashTableIter iter;
  gpointer figure, value;

  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &figure, &value))
    if (!g_str_equal (figure, "uptime") && !g_str_equal (figure, "oldest_age")
        && !g_str_equal (figure, "time_full") && g_strcmp0 (g_hash_table_lookup (b, figure), value) != 0)
      return FALSE;
  return TRUE;
}

/* Reads both at a moment when nothing happens: a connection that has its last response may end a little
 * later. Returns: the time before. */
static gint64
read_at_rest (const WpHarness *server, GHashTable **stats, GHashTable **metrics)
{
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      gint64 since_us = g_get_monotonic_time ();
      g_autoptr (GHashTable) after = NULL;

      *stats = read_stats (server);
      *metrics = read_metrics (server);
      after = read_stats (server);
      if (are_same (*stats, after))
        return since_us;
      g_assert_cmpint (since_us, <, until_us);
      g_hash_table_unref (*stats);
      g_hash_table_unref (*metrics);
    }
}

static double
take_part (GHashTable *metrics, const char *name, const char *part)
{
  g_autofree char *key = g_strconcat (name, part, NULL);
  const char *text = g_hash_table_lookup (metrics, key);
  double value;

  if (!text)
    g_error ("no %s", key);
  value = number (text);
  g_hash_table_remove (metrics, key);

  return value;
}

static gboolean
is_bucket (gpointer name, gpointer value, gpointer histogram)
{
  return g_str_has_prefix (name, histogram)
         && g_str_has_prefix ((char *) name + strlen (histogram), "_bucket{");
}

/* Those of /forecast.json: most appear once there was traffic for a while. */
static gboolean
is_of_forecast (gpointer name, gpointer value, gpointer data)
{
  return g_str_has_prefix (name, "wp_forecast_") || g_str_has_prefix (name, "wp_capacity_");
}

/* Takes all of it but the count. */
static void
check_histogram (GHashTable *metrics, const char *const *histogram)
{
  g_autofree char *count = g_strconcat (histogram[0], "_count", NULL);
  const char *text = g_hash_table_lookup (metrics, count);
  double sum = take_part (metrics, histogram[0], "_sum"), n = number (text ? text : ""), before = 0;

  for (guint i = 1; i <= 3; i++)
    {
      g_autofree char *part = g_strdup_printf ("_bucket{le=\"%s\"}", histogram[i]);
      double below = take_part (metrics, histogram[0], part);

      g_assert_cmpfloat (below, >=, before);
      before = below;
    }
  g_assert_cmpfloat (take_part (metrics, histogram[0], "_bucket{le=\"+Inf\"}"), ==, n);
  g_assert_cmpfloat (before, <=, n);
  g_assert_true (n > 0 ? sum >= 0 : sum == 0);
  g_hash_table_foreach_remove (metrics, is_bucket, (gpointer) histogram[0]);
}

/* Takes the histograms of times: each update that ended has begun, and has both. */
static void
check_times (GHashTable *metrics, GHashTable *stats)
{
  double stored = number (g_hash_table_lookup (stats, "ledger.stored")),
         failed = number (g_hash_table_lookup (stats, "ledger.failed")),
         in_service = number (g_hash_table_lookup (stats, "ledger.in_service")),
         blocked = number (g_hash_table_lookup (stats, "blocked")),
         parked = number (g_hash_table_lookup (stats, "ledger.parked"));

  g_assert_cmpfloat (take_part (metrics, "wp_wait_seconds", "_count"), ==, stored + failed + in_service);
  g_assert_cmpfloat (take_part (metrics, "wp_response_seconds", "_count"), ==, stored + failed);
  g_assert_cmpfloat (take_part (metrics, "wp_blocked_seconds", "_count"), ==, blocked - parked);
  g_assert_cmpfloat (take_part (metrics, "wp_failures_total{kind=\"refused\"}", ""), ==,
                     failed - number (g_hash_table_lookup (stats, "conflicts"))
                         - number (g_hash_table_lookup (stats, "outages")));
}

/* Takes those that stand for no figure. */
static void
check_others (GHashTable *metrics, const WpHarness *server)
{
  double resident = (double) wp_child_memory_bytes (wp_harness_child (server)), now_s;

  g_assert_cmpstr (g_hash_table_lookup (metrics, others[0]), ==, "1");
  now_s = (double) g_get_real_time () / G_USEC_PER_SEC;
  g_assert_cmpfloat (number (g_hash_table_lookup (metrics, "process_start_time_seconds")), <=, now_s + 1);
  g_assert_cmpfloat (number (g_hash_table_lookup (metrics, "process_start_time_seconds")), >, now_s - 3600);
  g_assert_cmpfloat (number (g_hash_table_lookup (metrics, "process_resident_memory_bytes")), >=,
                     resident / 2);
  g_assert_cmpfloat (number (g_hash_table_lookup (metrics, "process_resident_memory_bytes")), <=,
                     2 * resident);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_cmpfloat (take_part (metrics, others[i], ""), >=, 0);
}

/* Every metric is that of a figure, and has its value; every such figure that is not null has its metric. */
static void
check_metrics (const WpHarness *server)
{
  g_autoptr (GHashTable) stats = NULL, metrics = NULL;
  gint64 since_us = read_at_rest (server, &stats, &metrics);

  for (guint i = 0; i < G_N_ELEMENTS (histograms); i++)
    check_histogram (metrics, histograms[i]);
  check_times (metrics, stats);
  check_others (metrics, server);
  for (guint i = 0; i < G_N_ELEMENTS (same); i++)
    {
      const char *figure = g_hash_table_lookup (stats, same[i].figure),
                 *metric = g_hash_table_lookup (metrics, same[i].metric);

      if (g_str_equal (same[i].figure, "oldest_age") || g_str_equal (same[i].figure, "time_full"))
        g_assert_true (metric && is_age (metric, figure, seconds_since (since_us)));
      else if (!figure || g_str_equal (figure, "null"))
        g_assert_null (metric);
      else if (!metric || number (metric) != number (figure))
        g_error ("%s is %s, and %s is %s", same[i].metric, metric ? metric : "not there", same[i].figure,
                 figure);
      g_hash_table_remove (metrics, same[i].metric);
    }
  g_hash_table_foreach_remove (metrics, is_of_forecast, NULL);
  if (g_hash_table_size (metrics) > 0)
    g_error ("%s is not known to this test", (const char *) g_hash_table_get_keys (metrics)->data);
}

typedef struct {
  const char *figure, *value;
} Expected;

/* Returns: the names beside @expected, which is NULL-terminated. */
static GHashTable *
check_stats (const WpHarness *server, const Expected *expected)
{
  GHashTable *stats = read_stats (server);

  for (; expected->figure; expected++)
    {
      const char *value = g_hash_table_lookup (stats, expected->figure);

      if (!value
          || (!g_str_equal (value, expected->value)
              && g_ascii_strtod (value, NULL) != g_ascii_strtod (expected->value, NULL)))
        g_error ("%s is %s, and not %s", expected->figure, value ? value : "not there", expected->value);
      g_hash_table_remove (stats, expected->figure);
    }
  return stats;
}

/* A figure between both; it is no longer in @stats then. */
static void
check_between (GHashTable *stats, const char *figure, double low, double high)
{
  const char *value = g_hash_table_lookup (stats, figure);

  if (!value || !(number (value) >= low && number (value) <= high))
    g_error ("%s is %s, and not from %g to %g", figure, value ? value : "not there", low, high);
  g_hash_table_remove (stats, figure);
}

static void
post (WpClient *client, guint n, const char *headers, gsize size)
{
  g_autofree char *body = g_strnfill (size, 'x');

  for (guint i = 0; i < n; i++)
    {
      wp_client_post (client, "/", headers, body, size);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
}

static const Expected untouched[] = {
  { "refused.malformed", "0" },    { "refused.version", "0" },
  { "refused.line_size", "0" },    { "refused.head_size", "0" },
  { "refused.body_size", "0" },    { "refused.head_timeout", "0" },
  { "refused.body_timeout", "0" }, { "refused.method", "0" },
  { "refused.expectation", "0" },  { "refused.service_time", "0" },
  { "refused.unauthorized", "0" }, { "refused.plain_http", "0" },
  { "refused.memory", "0" },       { NULL },
};

/* All of them: a name that this test does not know is an error. */
static void
test_a_full_server (void)
{
  static const Expected expected[] = {
    { "version", WP_VERSION },
    { "ready", "true" },
    { "mode", "WorkerPool" },
    { "queue", "3" },
    { "workers", "2" },
    { "dispatcher", "bounded" },
    { "when_full", "block" },
    { "block_timeout", "3600" },
    { "ack", "accepted" },
    { "database", "delay:request" },
    { "ledger.received", "20" },
    { "ledger.recovered", "0" },
    { "ledger.taken", "0" },
    { "ledger.stored", "6" },
    { "ledger.rejected", "0" },
    { "ledger.timed_out", "0" },
    { "ledger.abandoned", "5" },
    { "ledger.failed", "0" },
    { "ledger.parked", "4" },
    { "ledger.queued", "3" },
    { "ledger.in_service", "2" },
    { "ledger.balances", "true" },
    { "blocked", "9" },
    { "duplicates", "0" },
    { "conflicts", "0" },
    { "outages", "0" },
    { "parked_peak", "9" },
    { "queued_peak", "3" },
    { "in_service_peak", "2" },
    { "retries", "0" },
    { "resizes", "0" },
    { "resizes_refused", "0" },
    { "resizes_allowed", "false" },
    { "database_up", "true" },
    { "database_reconnects", "0" },
    { "database_down", "null" },
    { "not_ready", "null" },
    { "database_commits", "0" },
    { "database_log_bytes", "0" },
    { "journal", "null" },
    { "engine", "null" },
    { "connections", "5" },
    { NULL },
  };
  gint64 starts_us = g_get_monotonic_time (), begun_us;
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "workerpool", "-q", "3", "-w", "2",
                                                   "--block-timeout=1h", "-d", "delay:request", NULL);
  g_autoptr (GPtrArray) parked = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GHashTable) stats = NULL;

  post (client, 6, "X-WP-Service: 0\r\n", 0);
  wp_harness_await_stat (server, "ledger.stored", 6);
  begun_us = g_get_monotonic_time ();
  post (client, 2, "X-WP-Service: 3600\r\n", 0);
  post (client, 3, "X-WP-Service: 3600\r\n", 4096);
  for (guint i = 0; i < 9; i++)
    {
      g_ptr_array_add (parked, wp_client_new (wp_harness_port (server)));
      wp_client_get (parked->pdata[i], "/", NULL);
    }
  wp_harness_await_stat (server, "ledger.parked", 9);
  g_ptr_array_set_size (parked, 4);
  wp_harness_await_stat (server, "connections", 5);
  check_metrics (server);
  stats = check_stats (server, expected);
  for (const Expected *one = untouched; one->figure; one++)
    check_between (stats, one->figure, 0, 0);
  check_between (stats, "uptime", 0, seconds_since (starts_us));
  check_between (stats, "oldest_age", 0, seconds_since (begun_us));
  check_between (stats, "time_full", 0, seconds_since (begun_us));
  check_between (stats, "pending_bytes", 3 * 4096, 3 * 5120);
  if (g_hash_table_size (stats) > 0)
    g_error ("%s is not known to this test", (const char *) g_hash_table_get_keys (stats)->data);
  g_clear_pointer (&stats, g_hash_table_unref);
  g_usleep (300000); /* time passes, nothing is awaited */
  stats = read_stats (server);
  check_between (stats, "uptime", 0.3, seconds_since (starts_us));
  check_between (stats, "oldest_age", 0.3, seconds_since (begun_us));
  check_between (stats, "time_full", 0.3, seconds_since (begun_us));
}

/* A queue of one that refuses. */
static void
test_rejected (void)
{
  static const Expected expected[] = {
    { "mode", "BufferedChannel" },
    { "queue", "1" },
    { "workers", "null" },
    { "dispatcher", "null" },
    { "when_full", "reject" },
    { "ledger.received", "9" },
    { "ledger.stored", "3" },
    { "ledger.rejected", "4" },
    { "ledger.queued", "1" },
    { "ledger.in_service", "1" },
    { "ledger.timed_out", "0" },
    { "ledger.failed", "0" },
    { "ledger.abandoned", "0" },
    { "blocked", "0" },
    { NULL },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "bufferedchannel", "-q", "1", "--when-full=reject",
                                                   "-d", "delay:request", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GHashTable) rest = NULL;

  for (guint i = 1; i <= 3; i++)
    {
      post (client, 1, "X-WP-Service: 0\r\n", 0);
      wp_harness_await_stat (server, "ledger.stored", i);
    }
  post (client, 2, "X-WP-Service: 3600\r\n", 0);
  for (guint i = 0; i < 4; i++)
    {
      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 503);
    }
  rest = check_stats (server, expected);
  check_metrics (server);
}

static void
test_timed_out (void)
{
  static const Expected expected[] = {
    { "queue", "0" },
    { "workers", "1" },
    { "block_timeout", "0.01" },
    { "ledger.received", "4" },
    { "ledger.timed_out", "3" },
    { "ledger.in_service", "1" },
    { "ledger.rejected", "0" },
    { "ledger.failed", "0" },
    { "ledger.abandoned", "0" },
    { "blocked", "3" },
    { NULL },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "workerpool", "-q", "0", "-w", "1",
                                                   "--block-timeout=10ms", "-d", "delay:1h", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GHashTable) rest = NULL;

  post (client, 1, NULL, 0);
  for (guint i = 0; i < 3; i++)
    {
      wp_client_get (client, "/", NULL);
      g_assert_cmpuint (wp_client_read_status (client), ==, 503);
    }
  rest = check_stats (server, expected);
  check_metrics (server);
}

/* Rows that the database rejects, repeated ids, and a journal that keeps failed jobs. */
static void
test_failed (void)
{
  static const Expected expected[] = {
    { "ack", "accepted" },
    { "database", "sqlite:wp.db" },
    { "ledger.received", "9" },
    { "ledger.stored", "6" },
    { "ledger.failed", "3" },
    { "ledger.rejected", "0" },
    { "ledger.timed_out", "0" },
    { "ledger.abandoned", "0" },
    { "duplicates", "1" },
    { "conflicts", "1" },
    { "retries", "4" },
    { "resizes", "0" },
    { "resizes_refused", "0" },
    { "resizes_allowed", "false" },
    { "journal.file", "wp.journal" },
    { "journal.failed", "3" },
    { "journal.refused", "0" },
    { "journal.backlog", "0" },
    { "journal.writable", "true" },
    { NULL },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "bufferedchannel", "--journal=wp.journal",
                                                   "--retries=2", "--retry-delay=1ms", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (GHashTable) stats = NULL;

  wp_hold_execute (hold, "CREATE TRIGGER spoil BEFORE INSERT ON jobs WHEN new.id LIKE 'bad%' "
                         "BEGIN SELECT raise (ABORT, 'spoilt'); END");
  wp_hold_release (hold);
  for (guint i = 0; i < 7; i++)
    {
      g_autofree char *id = g_strdup_printf ("X-Request-Id: %s-%u\r\n", i < 5 ? "good" : "bad", i);

      post (client, 1, id, 3);
    }
  wp_harness_await_stat (server, "ledger.failed", 2);
  post (client, 1, "X-Request-Id: good-0\r\n", 3);
  wp_harness_await_stat (server, "duplicates", 1);
  post (client, 1, "X-Request-Id: good-1\r\n", 4);
  wp_harness_await_stat (server, "journal.failed", 3);
  stats = check_stats (server, expected);
  check_between (stats, "journal.commits", 1, 100);
  check_between (stats, "journal.file_bytes", 4096, 1 << 20);
  check_between (stats, "journal.log_bytes", 0, 1 << 20);
  check_between (stats, "database_log_bytes", 4096, 1 << 20);
  check_metrics (server);
}

/* Accepted, and the server killed before they were stored. */
static void
test_recovered (void)
{
  static const Expected expected[] = {
    { "ledger.received", "1" }, { "ledger.recovered", "4" }, { "ledger.stored", "5" },
    { "ledger.failed", "0" },   { "journal.backlog", "0" },  { NULL },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "bufferedchannel", "--journal=wp.journal", NULL);
  g_autoptr (WpHold) hold = wp_hold_new (server, "wp.db");
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server)), next = NULL;
  g_autoptr (GHashTable) rest = NULL;

  post (client, 4, NULL, 3);
  wp_harness_signal (server, SIGKILL);
  wp_hold_release (hold);
  wp_harness_start_again (server, "-m", "bufferedchannel", "--journal=wp.journal", NULL);
  next = wp_client_new (wp_harness_port (server));
  post (next, 1, NULL, 3);
  wp_harness_await_stat (server, "ledger.stored", 5);
  rest = check_stats (server, expected);
  check_metrics (server);
}

#define TOKEN "Authorization: Bearer secret\r\n"

typedef struct {
  const char *reason;
  guint status;
  char *request; /* NULL: what is no TLS */
} Refusal;

static char *
with (const char *start, char filler, gsize n, const char *end)
{
  g_autofree char *fill = g_strnfill (n, filler);

  return g_strconcat (start, fill, end, NULL);
}

/* Each reason as often as its place in the list says. */
static void
test_refused (void)
{
  const Refusal refusals[] = {
    { "malformed", 400, g_strdup ("GET / HTTP/1.1\r\n\r\n") },
    { "version", 505, g_strdup ("GET / HTTP/2.0\r\nHost: a\r\n\r\n") },
    { "line_size", 414, with ("GET /", 'a', 9000, " HTTP/1.1\r\nHost: a\r\n\r\n") },
    { "head_size", 431, with ("GET / HTTP/1.1\r\nHost: a\r\nA: ", 'a', 33000, "\r\n\r\n") },
    { "body_size", 413, g_strdup ("POST / HTTP/1.1\r\nHost: a\r\n" TOKEN "Content-Length: 200001\r\n\r\n") },
    { "head_timeout", 408, g_strdup ("GET / HTTP/1.1\r\nHost") },
    { "body_timeout", 408,
      g_strdup ("POST / HTTP/1.1\r\nHost: a\r\n" TOKEN "Content-Length: 10\r\n\r\n01234") },
    { "method", 405, g_strdup ("DELETE / HTTP/1.1\r\nHost: a\r\n" TOKEN "\r\n") },
    { "expectation", 417, g_strdup ("GET / HTTP/1.1\r\nHost: a\r\n" TOKEN "Expect: more\r\n\r\n") },
    { "service_time", 400, g_strdup ("GET / HTTP/1.1\r\nHost: a\r\n" TOKEN "X-WP-Service: long\r\n\r\n") },
    { "unauthorized", 401, g_strdup ("GET / HTTP/1.1\r\nHost: a\r\n\r\n") },
    { "plain_http", 400, NULL },
  };
  g_autofree char *dir = g_dir_make_tmp ("wp-metrics-XXXXXX", NULL),
                  *tokens = g_build_filename (dir, "tokens", NULL);
  g_autofree char *option = g_strconcat ("--token-file=", tokens, NULL);
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_client_free);
  g_autoptr (WpHarness) server = NULL;

  g_assert_true (g_file_set_contents_full (tokens, "secret\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_setenv ("WP_HTTP_TLS", "yes", TRUE);
  server = wp_harness_start (option, "-d", "delay:request", "--max-body=200000", "--header-timeout=1s",
                             "--body-timeout=1s", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    for (guint j = 0; j <= i; j++)
      {
        g_ptr_array_add (clients, (refusals[i].request ? wp_client_new
                                                       : wp_client_new_raw) (wp_harness_port (server)));
        wp_client_send (clients->pdata[clients->len - 1],
                        refusals[i].request ? refusals[i].request : "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      }
  for (guint i = 0, n = 0; i < G_N_ELEMENTS (refusals); i++)
    for (guint j = 0; j <= i; j++)
      g_assert_cmpuint (wp_client_read_status (clients->pdata[n++]), ==, refusals[i].status);
  check_metrics (server);
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *figure = g_strconcat ("refused.", refusals[i].reason, NULL);

      wp_harness_await_stat (server, figure, i + 1);
      g_free (refusals[i].request);
    }
  g_assert_cmpfloat (wp_harness_stat (server, "refused.memory"), ==, 0);
  g_assert_cmpfloat (wp_harness_stat (server, "ledger.received"), ==, 0);
  g_unsetenv ("WP_HTTP_TLS");
  remove (tokens);
  remove (dir);
}

static void
test_refused_for_memory (void)
{
  g_autofree char *request
      = with ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n", 'a', 200000, "");
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--max-pending=64k", NULL);
  g_autoptr (GHashTable) stats = NULL;

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
      g_autoptr (WpHttpResponse) response = NULL;

      wp_client_send (client, request);
      response = wp_client_read (client);
      g_assert_nonnull (response);
      g_assert_cmpuint (response->status, ==, 503);
      g_assert_cmpstr (response->body, ==, "The server's memory budget for pending requests is exhausted.\n");
    }
  wp_harness_await_stat (server, "connections", 0);
  check_metrics (server);
  stats = read_stats (server);
  check_between (stats, "refused.memory", 5, 5);
  check_between (stats, "pending_bytes", 0, 0);
  for (const Expected *one = untouched; !g_str_equal (one->figure, "refused.memory"); one++)
    check_between (stats, one->figure, 0, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/a-full-server", test_a_full_server);
  g_test_add_func ("/metrics/rejected", test_rejected);
  g_test_add_func ("/metrics/timed-out", test_timed_out);
  g_test_add_func ("/metrics/failed", test_failed);
  g_test_add_func ("/metrics/recovered", test_recovered);
  g_test_add_func ("/metrics/refused", test_refused);
  g_test_add_func ("/metrics/refused-for-memory", test_refused_for_memory);

  return g_test_run ();
}
