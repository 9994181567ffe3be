/* /history.json has what happened, once per second; its sums are the figures of /stats.json. */
#include "tests/e2e/wp-harness.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

static char *
ask (const WpHarness *server, const char *path, guint status)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));
  g_autoptr (WpHttpResponse) response = NULL;

  wp_client_get (admin, path, NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, status);

  return g_steal_pointer (&response->body);
}

static JsonObject *
read_history (const WpHarness *server, const char *query)
{
  g_autofree char *path = g_strconcat ("/history.json", query, NULL);
  g_autofree char *text = ask (server, path, 200);
  g_autoptr (JsonNode) root = json_from_string (text, NULL);

  g_assert_nonnull (root);
  return json_object_ref (json_node_get_object (root));
}

/* 0 is added for null. *@n: its values that are not null. */
static double
sum (JsonObject *history, const char *name, guint *n)
{
  JsonArray *column = json_object_get_array_member (history, name);
  double total = 0;

  *n = 0;
  for (guint i = 0; i < json_array_get_length (column); i++)
    if (!json_array_get_null_element (column, i))
      {
        total += json_array_get_double_element (column, i);
        ++*n;
      }
  return total;
}

static gboolean
has_null (JsonObject *history, const char *name)
{
  guint n;

  sum (history, name, &n);
  return n < json_array_get_length (json_object_get_array_member (history, name));
}

/* Until all that is in the history by now, or the machine stalled. */
static JsonObject *
await_stored (const WpHarness *server, double stored)
{
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      JsonObject *history = read_history (server, "?period=1h");
      guint n;

      if (sum (history, "stored", &n) >= stored || has_null (history, "received"))
        return history;
      json_object_unref (history);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (50000);
    }
}

static void
test_equals_stats (void)
{
  static const char *const columns[]
      = { "depth",         "depth_peak",      "parked",         "busy",           "queue_limit",
          "workers_limit", "depth_forecast",  "received",       "stored",         "failed",
          "refused_full",  "refused_timeout", "refused_other",  "full_s",         "wait_p50_s",
          "wait_p95_s",    "wait_p99_s",      "response_p50_s", "response_p95_s", "response_p99_s",
          "commit_p50_s",  "commit_p99_s",    "rows_per_commit" };
  g_autoptr (WpHarness) server
      = wp_harness_start ("-m", "workerpool", "-q", "7", "-w", "2", "--ack=stored", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (JsonObject) history = NULL;
  guint n, n_rows;

  for (guint i = 0; i < 20; i++)
    {
      wp_client_post (client, "/", NULL, "x", 1);
      g_assert_cmpuint (wp_client_read_status (client), ==, 200);
    }
  history = await_stored (server, 20);
  g_assert_cmpstr (json_object_get_string_member (history, "mode"), ==, "WorkerPool");
  g_assert_cmpint (json_object_get_int_member (history, "workers"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (history, "queue"), ==, 7);
  g_assert_cmpint (json_object_get_int_member (history, "step_s"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (history, "period_s"), ==, 3600);
  sum (history, "time", &n_rows);
  g_assert_cmpuint (n_rows, >, 0);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    g_assert_cmpuint (json_array_get_length (json_object_get_array_member (history, columns[i])), ==, n_rows);
  if (has_null (history, "received"))
    return;
  g_assert_cmpfloat (sum (history, "received", &n), ==, 20);
  g_assert_cmpfloat (sum (history, "stored", &n), ==, 20);
  g_assert_cmpfloat (sum (history, "failed", &n), ==, 0);
  g_assert_cmpfloat (sum (history, "queue_limit", &n), ==, 7 * n_rows);
  g_assert_cmpfloat (sum (history, "workers_limit", &n), ==, 2 * n_rows);
  g_assert_cmpfloat (sum (history, "response_p50_s", &n), >, 0);
  g_assert_cmpfloat (sum (history, "rows_per_commit", &n), >=, 1);
}

static JsonObject *
await_row (const WpHarness *server)
{
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      JsonObject *history = read_history (server, "?period=1h");
      guint n;

      sum (history, "time", &n);
      if (n > 0)
        return history;
      json_object_unref (history);
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (50000);
    }
}

/* A reload loses no row. */
static void
test_reload (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", "--record=record.csv", NULL);
  g_autoptr (JsonObject) before = NULL, after = NULL;
  g_autofree char *record = NULL, *moved = NULL;
  JsonArray *rows;

  before = await_row (server);
  record = wp_harness_path (server, "record.csv");
  moved = wp_harness_path (server, "moved.csv");
  g_assert_cmpint (g_rename (record, moved), ==, 0);
  wp_harness_signal (server, SIGHUP);
  wp_harness_await_file (server, "record.csv", "arrival");
  after = read_history (server, "?period=1h");
  rows = json_object_get_array_member (after, "time");
  g_assert_cmpint (json_array_get_int_element (rows, 0), ==,
                   json_array_get_int_element (json_object_get_array_member (before, "time"), 0));
  g_assert_cmpfloat (json_object_get_double_member (after, "started"), ==,
                     json_object_get_double_member (before, "started"));
}

/* The server was stopped for more than two seconds: two steps at least have no value, and what the stop hid
 * is of none of them. */
static void
test_a_stop_is_a_gap (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  wp_harness_signal (server, SIGSTOP);
  g_usleep (2200000); /* time passes, nothing is awaited */
  wp_harness_signal (server, SIGCONT);
  for (gint64 until_us = g_get_monotonic_time () + WP_PATIENCE_US;;)
    {
      g_autoptr (JsonObject) history = read_history (server, "?period=5m");
      guint n_received, n_times;

      sum (history, "received", &n_received);
      sum (history, "time", &n_times);
      if (n_times >= n_received + 2)
        break;
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (50000);
    }
}

static void
test_default_mode (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("-m", "default", "-d", "delay:0", NULL);
  g_autoptr (JsonObject) history = read_history (server, "");

  g_assert_true (json_object_get_null_member (history, "queue"));
  g_assert_true (json_object_get_null_member (history, "workers"));
  g_assert_cmpint (json_object_get_int_member (history, "period_s"), ==, 300);
}

static void
test_bad_query (void)
{
  static const struct {
    const char *path, *line;
  } bad[] = {
    { "/history.json?period=2h", "period is 5m, 1h or 1d\n" },
    { "/history.json?period=", "period is 5m, 1h or 1d\n" },
    { "/history.json?since=now", "since is a unix time in seconds\n" },
    { "/history.json?since=inf", "since is a unix time in seconds\n" },
    { "/history.json?since=", "since is a unix time in seconds\n" },
    { "/history.json?last=5m", "the parameters are period and since\n" },
  };
  g_autoptr (WpHarness) server = wp_harness_start ("-d", "delay:0", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *line = ask (server, bad[i].path, 400);

      g_assert_cmpstr (line, ==, bad[i].line);
    }
  g_free (ask (server, "/history.json?period=1d&since=1e99", 200));
  g_free (ask (server, "/history.json?since=-1e308&period=5m", 200));
  g_free (ask (server, "/history.json?period", 400));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/history/equals-stats", test_equals_stats);
  g_test_add_func ("/history/reload", test_reload);
  g_test_add_func ("/history/a-stop-is-a-gap", test_a_stop_is_a_gap);
  g_test_add_func ("/history/default-mode", test_default_mode);
  g_test_add_func ("/history/bad-query", test_bad_query);

  return g_test_run ();
}
