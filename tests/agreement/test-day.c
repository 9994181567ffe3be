/* test-day.c - a day in the life, in a minute. Two servers get the same traffic, which grows evenly beyond
 * what their workers can do. One is attended: its verdict warns, an alert fires, and workers are added on its
 * page before its queue is full. The other is left alone until its queue is full, as the measure of how long
 * before that the warning came. Nothing is lost by either, and the model agrees with both records. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "tests/agreement/wp-program.h"
#include "tests/e2e/wp-browser.h"
#include "tests/e2e/wp-harness.h"
#include "tests/e2e/wp-prometheus.h"

#define TOKEN        "adm1n-token"
#define RAMP         "--ramp=10:210"
#define DURATION_S   60
#define SERVICE      "--service=exp:40ms" /* four workers do 100 per second: half of the way */
#define LEAST_LEAD_S 5                    /* it is some 30 s where the machine is not busy */

typedef struct {
  WpHarness *server;
  WpChild *replay;
  gint64 began_us;
} Site;

static double
now_s (const Site *site)
{
  return (double) (g_get_monotonic_time () - site->began_us) / G_USEC_PER_SEC;
}

static void
start_server (Site *site)
{
  g_autofree char *tokens = NULL;

  site->server = wp_harness_new ();
  tokens = wp_harness_path (site->server, "admin-tokens");
  g_assert_true (g_file_set_contents_full (tokens, TOKEN "\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  wp_harness_start_again (site->server, "--mode=WorkerPool", "--workers=4", "--queue=1500",
                          "--database=delay:request", "--record=record.csv",
                          "--admin-token-file=admin-tokens", NULL);
}

static void
start_replay (Site *site)
{
  g_autofree char *dir = wp_harness_path (site->server, "replay"),
                  *url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (site->server)),
                  *duration = g_strdup_printf ("--duration=%us", DURATION_S),
                  *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-replay", NULL);

  g_assert_cmpint (g_mkdir (dir, 0700), ==, 0);
  site->replay = wp_child_new (dir, (char *[]){ program, RAMP, duration, SERVICE, url, NULL }, NULL);
  site->began_us = g_get_monotonic_time ();
}

static JsonObject *
read_forecast (const Site *site)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (site->server));
  g_autoptr (WpHttpResponse) response = NULL;
  g_autoptr (JsonNode) root = NULL;

  wp_client_get (admin, "/forecast.json", NULL);
  response = wp_client_read (admin);
  g_assert_nonnull (response);
  g_assert_cmpuint (response->status, ==, 200);
  root = json_from_string (response->body, NULL);
  g_assert_nonnull (root);

  return json_node_dup_object (root);
}

static gboolean
is_warned (const Site *site)
{
  g_autoptr (JsonObject) forecast = read_forecast (site);

  return g_str_equal (json_object_get_string_member (forecast, "verdict"), "too_few")
         && !json_object_get_null_member (forecast, "full_in_s");
}

static gboolean
was_full (const Site *site)
{
  return wp_harness_stat (site->server, "time_full") > 0;
}

/* Returns: when it came about, since the traffic began */
static double
await (const Site *site, gboolean (*condition) (const Site *site))
{
  gint64 until_us = site->began_us + 2 * DURATION_S * G_USEC_PER_SEC;

  while (!condition (site))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (100000);
    }
  return now_s (site);
}

/* 0: it has no verdict */
static gint64
read_workers_needed (const Site *site)
{
  g_autoptr (JsonObject) forecast = read_forecast (site);

  g_test_message ("%.1f s: %s", now_s (site), json_object_get_string_member (forecast, "headline"));
  return json_object_get_int_member (forecast, "workers_needed");
}

/* As many as suffice, on the page. Returns: (transfer full): their number */
static char *
add_workers_on_page (const Site *site, WpBrowser *browser)
{
  g_autofree char *workers = NULL, *applied = NULL;
  gint64 needed;

  wp_browser_open (browser, wp_harness_admin_port (site->server), "/", NULL);
  wp_browser_await (browser,
                    "/^4 workers are too few, /.test (document.getElementById ('verdict').textContent)");
  do
    needed = read_workers_needed (site);
  while (needed <= 4);
  workers = g_strdup_printf ("%" G_GINT64_FORMAT, needed);
  applied
      = g_strdup_printf ("document.getElementById ('applied').textContent === 'workers is %s now'", workers);
  wp_browser_apply_workers (browser, workers, TOKEN);
  wp_browser_await (browser, applied);
  wp_browser_assert_quiet (browser);

  return g_steal_pointer (&workers);
}

static void
add_workers (const Site *site, const char *workers)
{
  g_autofree char *request = g_strdup_printf ("PUT /workers HTTP/1.1\r\nHost: localhost\r\n"
                                              "Authorization: Bearer " TOKEN "\r\n"
                                              "Content-Length: %zu\r\n\r\n%s",
                                              strlen (workers), workers);
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (site->server));

  wp_client_send (admin, request);
  g_assert_cmpuint (wp_client_read_status (admin), ==, 200);
}

/* Every request was answered, and is stored. */
static void
end (Site *site)
{
  g_autofree char *report = NULL;

  g_assert_true (wp_child_wait (site->replay, g_get_monotonic_time () + 4 * WP_PATIENCE_US));
  report = wp_harness_read_file (site->server, "replay/" WP_CHILD_OUTPUT);
  if (!strstr (report, "failed        0\n"))
    g_error ("%s", report);
  wp_child_free (site->replay);
  wp_harness_stop (site->server);
  g_assert_cmpuint (wp_harness_ledger (site->server, "received"), >, 5000);
  g_assert_cmpuint (wp_harness_ledger (site->server, "stored"), ==,
                    wp_harness_ledger (site->server, "received"));
}

/* The model, given the record, has what was measured, with the change of workers where it was. */
static void
check_agreement (const Site *site)
{
  g_autofree char *record = wp_harness_path (site->server, "record.csv"),
                  *against = g_strconcat ("--against=", record, NULL), *output = NULL, *notes = NULL;
  const char *const words[] = { against, record, NULL };
  int status = wp_program_run ("sim/wp-sim", words, &output, &notes);

  if (status != 0 || !strstr (output, "\nAgreed: ") || !strstr (output, "change as in the record (1 time)"))
    g_error ("%d %s%s", status, notes, output);
}

/* Returns: for how long the queue of the attended server would have been full with its first workers */
static double
simulate_unattended (const Site *site)
{
  g_autofree char *record = wp_harness_path (site->server, "record.csv"), *output = NULL, *notes = NULL;
  const char *const words[]
      = { "--mode=WorkerPool", "--workers=4", "--queue=1500", "--no-plan", "--format=json", record, NULL };
  g_autoptr (JsonNode) root = NULL;
  JsonArray *models;

  g_assert_cmpint (wp_program_run ("sim/wp-sim", words, &output, &notes), ==, 0);
  root = json_from_string (output, NULL);
  models = json_object_get_array_member (json_node_get_object (root), "models");

  return json_object_get_double_member (json_array_get_object_element (models, 0), "time_full");
}

static void
test_day (void)
{
  Site attended, alone;
  g_autoptr (WpPrometheus) prometheus = NULL;
  g_autoptr (WpBrowser) browser = wp_browser_new ();
  g_autofree char *workers = NULL;
  double warned_s, fired_s, applied_s, full_s, simulated_s;

  start_server (&attended);
  start_server (&alone);
  prometheus = wp_prometheus_new (attended.server);
  wp_prometheus_await (prometheus, "wp_requests_received_total", "0");
  start_replay (&attended);
  start_replay (&alone);

  warned_s = await (&attended, is_warned);
  wp_prometheus_await (prometheus, "ALERTS{alertname=\"WpQueueWillBeFull\", alertstate=\"firing\"}", "1");
  fired_s = now_s (&attended);
  g_clear_pointer (&prometheus, wp_prometheus_free);
  workers = add_workers_on_page (&attended, browser);
  applied_s = now_s (&attended);
  g_assert_false (was_full (&attended));
  g_assert_false (was_full (&alone));
  full_s = await (&alone, was_full);
  add_workers (&alone, workers);
  g_assert_cmpfloat (full_s - warned_s, >=, LEAST_LEAD_S);

  end (&attended);
  end (&alone);
  check_agreement (&attended);
  check_agreement (&alone);
  simulated_s = simulate_unattended (&attended);
  g_assert_cmpfloat (simulated_s, >, 0);
  g_test_message (
      "warned after %.1f s, alert after %.1f s, workers added after %.1f s; left alone, the queue "
      "was full after %.1f s: %.1f s after the warning; never full when attended, by the model full "
      "for %.1f s without the added workers; %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT
      " requests stored, none lost",
      warned_s, fired_s, applied_s, full_s, full_s - warned_s, simulated_s,
      wp_harness_ledger (attended.server, "stored"), wp_harness_ledger (alone.server, "stored"));
  wp_harness_free (attended.server);
  wp_harness_free (alone.server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/day", test_day);

  return g_test_run ();
}
