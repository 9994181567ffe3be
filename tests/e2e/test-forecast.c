/* Too few workers for the traffic: the server says so, and what would suffice; and what if. */
#include "tests/e2e/wp-harness.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define ROWS  100
#define BURST 20

static WpHttpResponse *
ask (const WpHarness *server, const char *path)
{
  g_autoptr (WpClient) admin = wp_client_new (wp_harness_admin_port (server));

  wp_client_get (admin, path, NULL);
  return wp_client_read (admin);
}

static JsonObject *
ask_json (const WpHarness *server, const char *path)
{
  g_autoptr (WpHttpResponse) response = ask (server, path);
  g_autoptr (JsonNode) root = NULL;

  g_assert_cmpuint (response->status, ==, 200);
  root = json_from_string (response->body, NULL);
  g_assert_nonnull (root);
  return json_node_dup_object (root);
}

static void
assert_answer (const WpHarness *server, const char *path, guint status, const char *text)
{
  g_autoptr (WpHttpResponse) response = ask (server, path);

  g_assert_cmpuint (response->status, ==, status);
  if (!strstr (response->body, text))
    g_error ("%s: %s", path, response->body);
}

/* Each 5 ms or more, for each server so many that they are enough for a slow one too. */
static void
send_both (WpClient *const clients[2])
{
  for (guint i = 0; i < 2 * BURST; i++)
    wp_client_get (clients[i % 2], "/", NULL);
  for (guint i = 0; i < 2 * BURST; i++)
    g_assert_cmpuint (wp_client_read_status (clients[i % 2]), ==, 200);
  g_usleep (5000);
}

static gboolean
has_verdict (const WpHarness *server)
{
  g_autoptr (JsonObject) forecast = ask_json (server, "/forecast.json");

  return !g_str_equal (json_object_get_string_member (forecast, "verdict"), "unknown");
}

/* The same traffic for both, each update takes 100 ms: one has a worker, the other thousands. */
static void
test_verdict (void)
{
  g_autoptr (WpHarness) few = wp_harness_start ("--mode=WorkerPool", "--workers=1", "--queue=100000",
                                                "--database=delay:100ms", NULL),
                        many = wp_harness_start ("--mode=WorkerPool", "--workers=10000", "--queue=100000",
                                                 "--database=delay:100ms", NULL);
  WpClient *const clients[]
      = { wp_client_new (wp_harness_port (few)), wp_client_new (wp_harness_port (many)) };
  gint64 patience_us = g_get_monotonic_time () + 3 * WP_PATIENCE_US;
  g_autoptr (JsonObject) forecast = NULL, other = NULL;
  const char *headline;
  gint64 needed;

  do
    for (guint i = 0; i < 20; i++)
      send_both (clients);
  while (!(has_verdict (few) && has_verdict (many)) && g_get_monotonic_time () < patience_us);

  forecast = ask_json (few, "/forecast.json");
  headline = json_object_get_string_member (forecast, "headline");
  needed = json_object_get_int_member (forecast, "workers_needed");
  g_test_message ("%s", headline);
  g_assert_cmpstr (json_object_get_string_member (forecast, "verdict"), ==, "too_few");
  g_assert_true (g_str_has_prefix (headline, "1 worker is too few, "));
  g_assert_cmpint (needed, >, 1);
  g_assert_cmpfloat (json_object_get_double_member (forecast, "holds_up_to"), <, 1);

  assert_answer (few, "/metrics", 200, "\nwp_capacity_workers_needed ");
  assert_answer (few, "/metrics", 200, "\nwp_capacity_traffic_ratio ");

  other = ask_json (many, "/forecast.json");
  headline = json_object_get_string_member (other, "headline");
  g_assert_cmpstr (json_object_get_string_member (other, "verdict"), ==, "holds");
  g_assert_true (g_str_has_prefix (headline, "10000 workers hold up to "));
  g_assert_true (json_object_get_null_member (other, "full_in_s"));

  for (guint i = 0; i < 2; i++)
    wp_client_free (clients[i]);
  wp_harness_stop (many);
}

/* Waits until the last job's times are there to be read. */
static JsonObject *
await_what_if (const WpHarness *server, const char *path, gint64 rows)
{
  for (gint64 end_us = g_get_monotonic_time () + WP_PATIENCE_US; g_get_monotonic_time () < end_us;)
    {
      JsonObject *answer = ask_json (server, path);

      if (json_object_get_int_member (answer, "requests") == rows)
        return answer;
      json_object_unref (answer);
    }
  g_assert_not_reached ();
}

static JsonObject *
simulate (const WpHarness *server)
{
  g_autofree char *record = wp_harness_path (server, "record.csv"),
                  *sim = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "sim", "wp-sim", NULL);
  const char *argv[] = { sim,         "--mode=WorkerPool", "--workers=2", "--queue=20", "--scale=1.2",
                         "--no-plan", "--format=json",     record,        NULL };
  g_autofree char *output = NULL;
  g_autoptr (JsonNode) root = NULL;
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, &output, NULL, &status, NULL));
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  root = json_from_string (output, NULL);
  return json_object_ref (json_array_get_object_element (
      json_object_get_array_member (json_node_get_object (root), "models"), 0));
}

static double
take (JsonObject *object, const char *member)
{
  return json_object_get_double_member (object, member);
}

/* The same figures, to the last digit, as wp-sim has for the record of the same requests: a burst, so that
 * the smaller queue is full. */
static void
test_what_if_is_wp_sim (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--mode=WorkerPool", "--workers=4", "--queue=1000",
                                                   "--database=delay:request", "--record=record.csv", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (JsonObject) answer = NULL, model = NULL;
  JsonObject *predicted, *wait;

  for (guint i = 0; i < ROWS; i++)
    {
      g_autofree char *header = g_strdup_printf ("X-WP-Service: 0.%03u\r\n", 1 + i * 7 % 13);

      wp_client_get (client, "/", header);
    }
  for (guint i = 0; i < ROWS; i++)
    g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "ledger.stored", ROWS);
  answer = await_what_if (server, "/what-if.json?workers=2&queue=20&traffic=1.2", ROWS);
  wp_client_free (g_steal_pointer (&client));
  wp_harness_stop (server);

  model = simulate (server);
  predicted = json_object_get_object_member (answer, "predicted");
  wait = json_object_get_object_member (model, "wait");
  g_assert_cmpfloat (take (predicted, "wait_p50_s"), ==, take (wait, "p50"));
  g_assert_cmpfloat (take (predicted, "wait_p99_s"), ==, take (wait, "p99"));
  g_assert_cmpfloat (take (predicted, "full_s"), ==, take (model, "time_full"));
  g_assert_cmpfloat (take (predicted, "utilisation"), ==, take (model, "utilisation"));
  g_assert_cmpint (json_object_get_int_member (predicted, "blocked"), ==,
                   json_object_get_int_member (model, "blocked"));
  g_assert_cmpint (json_object_get_int_member (predicted, "blocked"), >, 0);
  g_assert_cmpint (json_object_get_int_member (predicted, "depth_peak"), ==,
                   json_object_get_int_member (json_object_get_object_member (model, "depth"), "max"));
}

/* Three requests of 2 s at once for one worker and one place: the last is refused at once, or parked for
 * too long. The model says what happened, and the server what it counted. */
static void
check_refused (const char *option, const char *member)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--mode=WorkerPool", "--workers=1", "--queue=1",
                                                   "--database=delay:request", option, NULL);
  g_autoptr (JsonObject) answer = NULL;
  static const char *const figures[] = { "measured", "predicted" };
  g_autofree char *stat = g_strconcat ("ledger.", member, NULL);
  WpClient *clients[3];

  for (guint i = 0; i < 3; i++)
    {
      clients[i] = wp_client_new (wp_harness_port (server));
      wp_client_get (clients[i], "/", "X-WP-Service: 2\r\n");
    }
  wp_harness_await_stat (server, stat, 1);
  wp_harness_await_stat (server, "ledger.stored", 2);
  for (guint i = 0; i < 3; i++)
    wp_client_free (clients[i]);
  answer = await_what_if (server, "/what-if.json", 3);
  g_assert_true (json_object_get_null_member (answer, "sizes_changed_s"));
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *of = json_object_get_object_member (answer, figures[i]);

      g_assert_cmpint (json_object_get_int_member (of, member), ==, 1);
      g_assert_cmpint (
          json_object_get_int_member (of, "rejected") + json_object_get_int_member (of, "timed_out"), ==, 1);
      g_assert_cmpint (json_object_get_int_member (of, "depth_peak"), ==, 1);
      g_assert_cmpfloat (take (of, "full_s"), >, 0);
    }
  g_assert_cmpfloat (take (json_object_get_object_member (answer, "measured"), "full_s"), ==,
                     wp_harness_stat (server, "time_full"));
  wp_harness_stop (server);
}

static void
test_refused (void)
{
  check_refused ("--when-full=reject", "rejected");
  check_refused ("--block-timeout=1ms", "timed_out");
}

static void
test_bad_questions (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--mode=WorkerPool", "--database=delay:1ms", NULL);

  assert_answer (server, "/what-if.json?workers=0", 400, "workers: \"0\" is not a number");
  assert_answer (server, "/what-if.json?queue=-1", 400, "queue: \"-1\" is not a number");
  assert_answer (server, "/what-if.json?traffic=0", 400, "traffic: ");
  assert_answer (server, "/what-if.json?traffic=1001", 400, "traffic: \"1001\" is not from 0.001 to 1000");
  assert_answer (server, "/what-if.json?traffic=1e-9", 400, "traffic: \"1e-9\" is not from");
  assert_answer (server, "/what-if.json?mode=Default", 400, "mode: /what-if.json takes only workers");
  assert_answer (server, "/what-if.json?workers=1&workers=2", 400, "\"workers\" is given twice\n");
  assert_answer (server, "/what-if.json?queue=1&traffic=2&%71ueue=1", 400, "\"queue\" is given twice\n");
  assert_answer (server, "/what-if.json?6", 400, "the query is not NAME=VALUE");
  assert_answer (server, "/what-if.json?workers=2&6", 400, "the query is not NAME=VALUE");
  assert_answer (server, "/what-if.json?workers=2%00x", 400, "the query is not NAME=VALUE");
  assert_answer (server, "/what-if.json?a%0Ab=1", 400, "a\\nb: /what-if.json takes only workers");
  assert_answer (server, "/what-if.json", 409, "No request has ended yet.");
  assert_answer (server, "/forecast.json", 200, "\"unknown\"");
  assert_answer (server, "/metrics", 200, "\nwp_forecast_full_seconds +Inf\n");
  wp_harness_stop (server);
}

/* Commits as fast as they can: no model of the depth. */
static void
test_not_paced (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--mode=WorkerPool", NULL);

  assert_answer (server, "/what-if.json", 409, "Without --commit-pace");
  wp_harness_stop (server);
}

/* Four requests nearly at once, before a commit of 200 ms each for the one worker to try: three are queued.
 */
static void
test_paced (void)
{
  g_autoptr (WpHarness) server
      = wp_harness_start ("--mode=WorkerPool", "--workers=10", "--commit-pace=200ms", NULL);
  g_autoptr (WpClient) client = wp_client_new (wp_harness_port (server));
  g_autoptr (JsonObject) answer = NULL;
  JsonObject *predicted;

  for (guint i = 0; i < 4; i++)
    wp_client_get (client, "/", NULL);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (wp_client_read_status (client), ==, 200);
  wp_harness_await_stat (server, "ledger.stored", 4);
  answer = await_what_if (server, "/what-if.json?workers=1&traffic=1000", 4);
  predicted = json_object_get_object_member (answer, "predicted");
  g_assert_cmpint (json_object_get_int_member (predicted, "depth_peak"), ==, 3);
  g_assert_cmpfloat (take (predicted, "wait_p99_s"), >, 0.3);
  wp_client_free (g_steal_pointer (&client));
  wp_harness_stop (server);
}

static void
test_off (void)
{
  g_autoptr (WpHarness) server = wp_harness_start ("--forecast=off", "--database=delay:1ms", NULL);

  assert_answer (server, "/forecast.json", 404, "There is no forecast with --forecast=off.");
  assert_answer (server, "/what-if.json?workers=2", 404, "There is no forecast with --forecast=off.");
  wp_harness_stop (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/verdict", test_verdict);
  g_test_add_func ("/forecast/what-if-is-wp-sim", test_what_if_is_wp_sim);
  g_test_add_func ("/forecast/refused", test_refused);
  g_test_add_func ("/forecast/bad-questions", test_bad_questions);
  g_test_add_func ("/forecast/not-paced", test_not_paced);
  g_test_add_func ("/forecast/paced", test_paced);
  g_test_add_func ("/forecast/off", test_off);

  return g_test_run ();
}
