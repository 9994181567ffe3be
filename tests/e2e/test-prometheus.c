/* Prometheus' own tools on /metrics, on the alerts and on Grafana's dashboard, and a real Prometheus. */
#include "tests/e2e/wp-prometheus.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

static char *
ask_metrics (const WpHarness *server)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (admin, "/metrics", NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);

  return g_steal_pointer (&response->body);
}

static char *
read_source (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), name, NULL);
  char *text;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
check_promtool (const char *const *words, const char *input)
{
  gboolean ok;
  g_autofree char *said = wp_promtool_run (words, input, &ok);

  if (!ok)
    g_error ("promtool %s %s: %s", words[0], words[1], said);
}

/* With all metrics that do not depend on traffic. */
static WpHarness *
start_server (void)
{
  return wp_harness_start ("-m", "workerpool", "-q", "2", "-w", "1", "--journal=wp.journal", NULL);
}

static void
test_metrics_are_clean (void)
{
  static const char *const words[] = { "check", "metrics", NULL };
  g_autoptr (WpHarness) server = start_server ();
  g_autofree char *metrics = ask_metrics (server), *said = NULL;
  gboolean ok;

  said = wp_promtool_run (words, metrics, &ok);
  g_assert_cmpstr (said, ==, "");
  g_assert_true (ok);
  g_free (said);
  said = wp_promtool_run (words, "# TYPE wp_x_total gauge\nwp_x_total 1\n", &ok);
  g_assert_false (ok);
}

/* (element-type utf8): "wp_ready", "wp_wait_seconds_bucket" */
static GHashTable *
exported_names (void)
{
  g_autoptr (WpHarness) server = start_server ();
  g_autofree char *metrics = ask_metrics (server);
  g_auto (GStrv) lines = g_strsplit (metrics, "\n", -1);
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (char **line = lines; **line; line++)
    if (**line != '#')
      g_hash_table_add (names, g_strndup (*line, strcspn (*line, "{ ")));
  return names;
}

/* Forecasts are exported only once there are any: their names are those in the source. */
static gboolean
is_of_forecast (const char *name)
{
  g_autofree char *source = read_source ("runtime/http/wp-forecast-pages.c");
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", name + strlen ("wp_"));

  return g_str_has_prefix (name, "wp_") && strstr (source, quoted);
}

/* Each metric that @text names is exported. Returns: how many it names. */
static guint
check_names (const char *text, GHashTable *names)
{
  g_autoptr (GRegex) regex = g_regex_new ("\\b(?:wp|process)_[a-z0-9_]+", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint n = 0;

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match); g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 0);

      if (!g_hash_table_contains (names, name) && !is_of_forecast (name))
        g_error ("/metrics has no %s", name);
      n++;
    }
  return n;
}

static void
test_alerts_name_metrics (void)
{
  g_autoptr (GHashTable) names = exported_names ();
  g_autofree char *rules = read_source ("data/prometheus/wp.rules.yml");

  g_assert_cmpuint (check_names (rules, names), >=, 5);
}

typedef struct {
  GHashTable *names, *ids;
  GString *rules; /* the expressions, as recording rules */
  guint n;        /* of them */
} Dashboard;

/* Grafana's variables get a value of their kind. */
static void
check_expression (Dashboard *self, const char *expression)
{
  g_autoptr (GString) text = g_string_new (expression);
  g_autofree char *quoted = NULL;

  g_assert_cmpuint (check_names (expression, self->names), >, 0);
  g_string_replace (text, "$__rate_interval", "1m", 0);
  g_string_replace (text, "$__range", "1h", 0);
  g_string_replace (text, "$instance", ".*", 0);
  g_assert_null (strchr (text->str, '$'));
  quoted = g_strescape (text->str, NULL);
  g_string_append_printf (self->rules, "  - record: r%u\n    expr: \"%s\"\n", self->n++, quoted);
}

static void
check_grid (JsonObject *panel, guint8 grid[200][24])
{
  JsonObject *pos = json_object_get_object_member (panel, "gridPos");
  gint64 x = json_object_get_int_member (pos, "x"), y = json_object_get_int_member (pos, "y"),
         w = json_object_get_int_member (pos, "w"), h = json_object_get_int_member (pos, "h");

  g_assert_true (x >= 0 && w > 0 && x + w <= 24 && y >= 0 && h > 0 && y + h <= 200);
  for (gint64 i = y; i < y + h; i++)
    for (gint64 j = x; j < x + w; j++)
      g_assert_cmpuint (grid[i][j]++, ==, 0);
}

static void
check_source (JsonObject *object)
{
  JsonObject *source = json_object_get_object_member (object, "datasource");

  g_assert_cmpstr (json_object_get_string_member (source, "type"), ==, "prometheus");
  g_assert_cmpstr (json_object_get_string_member (source, "uid"), ==, "${datasource}");
}

static void
check_panel (Dashboard *self, JsonObject *panel)
{
  static const char *const kinds[] = { "stat", "timeseries", NULL };
  JsonArray *targets = json_object_get_array_member (panel, "targets");
  JsonObject *config = json_object_get_object_member (panel, "fieldConfig");
  g_autoptr (GHashTable) refs = g_hash_table_new (g_str_hash, g_str_equal);

  g_assert_true (g_hash_table_add (self->ids, GINT_TO_POINTER (json_object_get_int_member (panel, "id"))));
  g_assert_true (g_strv_contains (kinds, json_object_get_string_member (panel, "type")));
  g_assert_cmpuint (strlen (json_object_get_string_member (panel, "title")), >, 0);
  g_assert_cmpuint (strlen (json_object_get_string_member (panel, "description")), >, 0);
  g_assert_nonnull (
      json_object_get_string_member (json_object_get_object_member (config, "defaults"), "unit"));
  g_assert_nonnull (json_object_get_array_member (config, "overrides"));
  check_source (panel);
  g_assert_cmpuint (json_array_get_length (targets), >, 0);
  for (guint i = 0; i < json_array_get_length (targets); i++)
    {
      JsonObject *target = json_array_get_object_element (targets, i);

      check_source (target);
      g_assert_true (g_hash_table_add (refs, (gpointer) json_object_get_string_member (target, "refId")));
      check_expression (self, json_object_get_string_member (target, "expr"));
    }
}

static void
check_rules (const char *rules)
{
  g_autofree char *dir = g_dir_make_tmp ("wp-prometheus-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "rules.yml", NULL);
  const char *const words[] = { "check", "rules", file, NULL };

  g_assert_true (g_file_set_contents (file, rules, -1, NULL));
  check_promtool (words, "");
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_dashboard (void)
{
  g_autofree char *text = read_source ("data/grafana/wp.json");
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  g_autoptr (GHashTable) names = exported_names (), ids = g_hash_table_new (NULL, NULL);
  g_autoptr (GString) rules = g_string_new ("groups:\n- name: wp\n  rules:\n");
  Dashboard dashboard = { names, ids, rules, 0 };
  guint8 grid[200][24] = { { 0 } };
  JsonObject *object;
  JsonArray *panels;

  g_assert_nonnull (root);
  object = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (object, "uid"), ==, "wp-server");
  g_assert_cmpstr (json_object_get_string_member (object, "title"), ==, "wp-server");
  g_assert_cmpint (json_object_get_int_member (object, "schemaVersion"), >=, 36);
  g_assert_false (json_object_has_member (object, "id")); /* Grafana gives one when it imports */
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (
                        json_object_get_object_member (object, "templating"), "list")),
                    ==, 2);
  panels = json_object_get_array_member (object, "panels");
  g_assert_cmpuint (json_array_get_length (panels), >, 0);
  for (guint i = 0; i < json_array_get_length (panels); i++)
    {
      check_panel (&dashboard, json_array_get_object_element (panels, i));
      check_grid (json_array_get_object_element (panels, i), grid);
    }
  check_rules (rules->str);
}

/* The alert of a full queue fires, in a Prometheus that knows of it by its scrapes alone. */
static void
test_scraped (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "workerpool", "-q", "2", "-w", "1", "-d", "delay:1h", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (WpPrometheus) prometheus = wp_prometheus_new (server);

  wp_prometheus_await (prometheus, "wp_requests_received_total", "0");
  wp_prometheus_await (prometheus, "absent (ALERTS)", "1");
  for (guint i = 0; i < 3; i++)
    {
      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  wp_prometheus_await (prometheus, "wp_requests_received_total", "3");
  wp_prometheus_await (prometheus, "wp_wait_seconds_count", "1");
  wp_prometheus_await (prometheus, "ALERTS{alertname=\"WpQueueWasFull\", alertstate=\"firing\"}", "1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prometheus/metrics-are-clean", test_metrics_are_clean);
  g_test_add_func ("/prometheus/alerts-name-metrics", test_alerts_name_metrics);
  g_test_add_func ("/prometheus/dashboard", test_dashboard);
  g_test_add_func ("/prometheus/scraped", test_scraped);

  return g_test_run ();
}
