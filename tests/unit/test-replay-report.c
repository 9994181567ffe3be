/* wp-replay's counters and report: latency and lag from the planned times, the verdict by the 99th
 * percentile, outcomes by status. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/replay/wp-replay-report.h"

#define MS WP_NS_PER_MS

/* A millisecond apart; each is sent @lag_ns after its time, and answered a millisecond after that. */
static void
add (WpTally *tally, gsize i, gint64 lag_ns, guint status)
{
  gint64 planned_ns = (gint64) i * MS;

  wp_tally_sent (tally, i, planned_ns, planned_ns + lag_ns);
  wp_tally_answered (tally, i, planned_ns, planned_ns + lag_ns + MS, status, status == 503);
}

static WpReplayReport
report_of (const WpTally *tally)
{
  static WpStatusSet expect;

  g_assert_true (wp_status_set_parse (&expect, "200-399,429,503", NULL));
  return (WpReplayReport){ .url = "http://127.0.0.1:1/",
                           .tally = tally,
                           .n_requests = wp_tally_length (tally),
                           .max_lag_ns = 10 * MS,
                           .expect = &expect,
                           .n_connections = 1 };
}

static char *
print (const WpReplayReport *report, void (*how) (const WpReplayReport *self, FILE *out))
{
  char *text = NULL;
  gsize len = 0;
  FILE *out = open_memstream (&text, &len);

  how (report, out);
  g_assert_cmpint (fclose (out), ==, 0);

  return text;
}

static void
assert_near (gint64 ns, gint64 expected_ns)
{
  g_assert_cmpint (ns, >=, expected_ns - expected_ns / 100);
  g_assert_cmpint (ns, <=, expected_ns + expected_ns / 100);
}

/* A server that stalls is charged for all requests due meanwhile: a response a millisecond after a late
 * sending is a late response. */
static void
test_latency_is_from_the_plan (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (3, NULL);

  add (tally, 0, 0, 200);
  add (tally, 1, 500 * MS, 200);
  add (tally, 2, 500 * MS, 200);
  assert_near (wp_histogram_quantile (wp_tally_latency (tally), 0.5), 501 * MS);
  assert_near (wp_histogram_quantile (wp_tally_lag (tally), 0.5), 500 * MS);
  g_assert_cmpint (wp_tally_result (tally, 1)->sent_ns, ==, 501 * MS);
  g_assert_cmpint (wp_tally_result (tally, 1)->ended_ns, ==, 502 * MS);
}

/* A request that is sent again counts from its first sending. */
static void
test_first_sending_counts (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (1, NULL);

  wp_tally_sent (tally, 0, 0, MS);
  wp_tally_sent (tally, 0, 0, 900 * MS);
  g_assert_cmpuint (wp_tally_n_sent (tally), ==, 1);
  g_assert_cmpint (wp_tally_result (tally, 0)->sent_ns, ==, MS);
  g_assert_cmpint (wp_histogram_max (wp_tally_lag (tally)), ==, MS);
}

static gboolean
is_valid_with (guint n_late)
{
  g_autoptr (WpTally) tally = wp_tally_new (1000, NULL);
  WpReplayReport report = report_of (tally);
  g_autofree char *text = NULL;

  for (gsize i = 0; i < 1000; i++)
    add (tally, i, i < n_late ? 50 * MS : 0, 200);
  text = print (&report, wp_replay_report_print_text);
  g_assert_true (wp_replay_report_is_valid (&report)
                 == !strstr (text, "not valid: the schedule lag's p99, "));

  return wp_replay_report_is_valid (&report);
}

/* Few that are late spoil the run, though half are in time; very few do not. */
static void
test_verdict_is_by_p99 (void)
{
  g_assert_true (is_valid_with (0));
  g_assert_true (is_valid_with (5));
  g_assert_false (is_valid_with (20));
  g_assert_false (is_valid_with (400));
}

/* Of 1,000 requests: @n_failed without a response, @n_errors with a 500. */
static gboolean
is_valid_without (guint n_failed, guint n_errors)
{
  g_autoptr (WpTally) tally = wp_tally_new (1000, NULL);
  WpReplayReport report = report_of (tally);
  g_autofree char *text = NULL;

  for (gsize i = 0; i < 1000; i++)
    if (i < n_failed)
      {
        wp_tally_sent (tally, i, 0, MS);
        wp_tally_failed (tally, i, 2 * MS, "why");
      }
    else
      add (tally, i, 0, i < n_failed + n_errors ? 500 : i % 2 ? 429 : 302);
  text = print (&report, wp_replay_report_print_text);
  g_assert_true (
      wp_replay_report_is_valid (&report)
      == !strstr (text, " of 1000 requests, over 1 %, had no response, or a status that --expect"));

  return wp_replay_report_is_valid (&report);
}

static void
test_expected_statuses (void)
{
  g_assert_true (is_valid_without (0, 0));
  g_assert_true (is_valid_without (5, 5));
  g_assert_false (is_valid_without (11, 0));
  g_assert_false (is_valid_without (0, 11));
  g_assert_false (is_valid_without (6, 6));
}

static void
test_status_sets (void)
{
  static const char *const bad[]
      = { "", "2xx", "200-", "-200", "20", "1000", "299-200", "200,,201", "200;201" };
  WpStatusSet set;

  g_assert_true (wp_status_set_parse (&set, "204,400-401", NULL));
  for (guint i = 0; i < WP_STATUSES; i++)
    g_assert_cmpint (set.has[i], ==, i == 204 || i == 400 || i == 401);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (wp_status_set_parse (&set, bad[i], &error));
      g_assert_nonnull (strstr (error->message, "is not a list of statuses such as 200-399,429,503"));
    }
}

static void
test_nothing_sent_is_not_valid (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (2, NULL);
  WpReplayReport report = report_of (tally);
  g_autofree char *text = NULL, *json = NULL;

  wp_tally_failed (tally, 0, MS, "Couldn't connect to server");
  g_assert_false (wp_replay_report_is_valid (&report));
  text = print (&report, wp_replay_report_print_text);
  g_assert_true (g_str_has_suffix (text, "\nnot valid: no request was sent\n"));
  json = print (&report, wp_replay_report_print_json);
  g_assert_nonnull (strstr (json, "\"valid\" : false"));
}

static void
test_outcomes (void)
{
  static const struct {
    guint status;
    WpOutcome outcome;
  } cases[] = {
    { 200, WP_OUTCOME_STORED }, { 202, WP_OUTCOME_STORED }, { 204, WP_OUTCOME_STORED },
    { 302, WP_OUTCOME_FAILED }, { 400, WP_OUTCOME_FAILED }, { 422, WP_OUTCOME_FAILED },
    { 500, WP_OUTCOME_FAILED }, { 502, WP_OUTCOME_FAILED }, { 503, WP_OUTCOME_REJECTED },
    { 504, WP_OUTCOME_FAILED },
  };
  g_autoptr (WpTally) tally = wp_tally_new (G_N_ELEMENTS (cases) + 2, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      add (tally, i, 0, cases[i].status);
      g_assert_cmpint (wp_tally_result (tally, i)->outcome, ==, cases[i].outcome);
      g_assert_cmpuint (wp_tally_result (tally, i)->status, ==, cases[i].status);
      g_assert_cmpuint (wp_tally_n_status (tally, cases[i].status), ==, 1);
    }
  wp_tally_left (tally, G_N_ELEMENTS (cases), MS);
  wp_tally_failed (tally, G_N_ELEMENTS (cases) + 1, MS, "no response in time");
  g_assert_cmpint (wp_tally_result (tally, G_N_ELEMENTS (cases))->outcome, ==, WP_OUTCOME_ABANDONED);
  g_assert_cmpint (wp_tally_result (tally, G_N_ELEMENTS (cases) + 1)->outcome, ==, WP_OUTCOME_FAILED);
  g_assert_cmpuint (wp_tally_n_answered (tally), ==, G_N_ELEMENTS (cases));
  g_assert_cmpuint (wp_tally_n_failed (tally), ==, 1);
  g_assert_cmpuint (wp_tally_n_left (tally), ==, 1);
}

/* A 503 is a rejection only where the server says when to come again. */
static void
test_rejections (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (4, NULL);

  for (gsize i = 0; i < 4; i++)
    wp_tally_sent (tally, i, 0, 0);
  wp_tally_answered (tally, 0, 0, MS, 503, FALSE);
  wp_tally_answered (tally, 1, 0, MS, 503, TRUE);
  wp_tally_answered (tally, 2, 0, MS, 429, FALSE);
  wp_tally_answered (tally, 3, 0, MS, 500, TRUE);
  g_assert_cmpint (wp_tally_result (tally, 0)->outcome, ==, WP_OUTCOME_FAILED);
  g_assert_cmpint (wp_tally_result (tally, 1)->outcome, ==, WP_OUTCOME_REJECTED);
  g_assert_cmpint (wp_tally_result (tally, 2)->outcome, ==, WP_OUTCOME_REJECTED);
  g_assert_cmpint (wp_tally_result (tally, 3)->outcome, ==, WP_OUTCOME_FAILED);
}

/* 100 requests that went out 4 ms late and were answered a millisecond after that. */
static void
test_lag_of_the_client (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (100, NULL);
  WpReplayReport report = report_of (tally);
  g_autofree char *text = NULL, *json = NULL;
  g_autoptr (JsonNode) root = NULL;

  for (gsize i = 0; i < 100; i++)
    add (tally, i, 4 * MS, i < 3 ? 307 : 200);
  text = print (&report, wp_replay_report_print_text);
  g_assert_nonnull (strstr (text, "\nown lag       4.00 ms of the latency's p99\n"));
  g_assert_nonnull (strstr (text, "\nredirected    3 (not followed)\n"));
  json = print (&report, wp_replay_report_print_json_line);
  g_assert_true (strchr (json, '\n') == json + strlen (json) - 1);
  root = json_from_string (json, NULL);
  g_assert_nonnull (root);
  assert_near ((gint64) (json_object_get_double_member (json_node_get_object (root), "own_lag_of_p99") * 1e9),
               4 * MS);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (root), "redirected"), ==, 3);
}

/* An interval has the counts since the last call, and nothing before the first one. */
static void
test_intervals (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (10, NULL);
  g_autoptr (WpTallyInterval) first = NULL, second = NULL;

  add (tally, 0, 0, 200);
  g_assert_null (wp_tally_take_interval (tally));
  add (tally, 1, MS, 200);
  wp_tally_failed (tally, 2, MS, "why");
  wp_tally_left (tally, 3, MS);
  first = wp_tally_take_interval (tally);
  second = wp_tally_take_interval (tally);
  g_assert_cmpuint (wp_histogram_count (first->latency), ==, 1);
  g_assert_cmpuint (wp_histogram_count (first->lag), ==, 1);
  g_assert_cmpuint (first->n_failed, ==, 1);
  g_assert_cmpuint (first->n_left, ==, 1);
  g_assert_cmpuint (wp_histogram_count (second->latency) + second->n_failed + second->n_left, ==, 0);
  g_assert_cmpuint (wp_histogram_count (wp_tally_latency (tally)), ==, 2);
}

/* Every figure of the report, by its value. */
static void
test_figures (void)
{
  g_autoptr (WpTally) tally = wp_tally_new (5, NULL);
  WpReplayReport report = report_of (tally);
  g_autofree char *text = NULL, *words = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *json;

  for (gsize i = 0; i < 3; i++)
    add (tally, i, MS, i == 2 ? 503 : 200);
  wp_tally_sent (tally, 3, 3 * MS, 3 * MS);
  wp_tally_left (tally, 3, 1000 * MS);
  wp_tally_failed (tally, 4, 2000 * MS, "why");
  report.out_of_order = 7;
  report.was_interrupted = TRUE;
  text = print (&report, wp_replay_report_print_json);
  root = json_from_string (text, NULL);
  g_assert_nonnull (root);
  json = json_node_get_object (root);
  g_assert_cmpint (json_object_get_int_member (json, "requests"), ==, 5);
  g_assert_cmpint (json_object_get_int_member (json, "sent"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (json, "answered"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (json, "failed"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json, "left"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json, "out_of_order"), ==, 7);
  g_assert_cmpint (json_object_get_int_member (json, "connections"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (json, "statuses"), "503"), ==,
                   1);
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (json, "failures"), "why"), ==,
                   1);
  g_assert_cmpfloat_with_epsilon (
      json_object_get_double_member (json_object_get_object_member (json, "latency"), "mean"), 0.002, 1e-9);
  g_assert_cmpfloat_with_epsilon (
      json_object_get_double_member (json_object_get_object_member (json, "lag"), "mean"), 0.00075, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (json, "max_lag"), 0.01, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (json, "duration"), 2, 1e-9);
  /* 3 intervals in 3 ms */
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (json, "rate_sent"), 3 / 0.003, 1e-6);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (json, "rate_answered"), 1.5, 1e-9);
  g_assert_true (json_object_get_boolean_member (json, "interrupted"));
  g_assert_false (json_object_get_boolean_member (json, "valid")); /* one of five has no response */
  g_assert_cmpint (json_object_get_int_member (json, "unexpected"), ==, 1);
  words = print (&report, wp_replay_report_print_text);
  g_assert_true (g_str_has_prefix (words, "requests      5 (7 were out of order: sorted), interrupted\n"
                                          "sent          4, 1000/s, over 1 connection\n"
                                          "answered      3 (200: 2, 503: 1)\n"
                                          "failed        1\n"
                                          "              1 why\n"
                                          "left          1\n"
                                          "latency       p50 2.00 ms, "));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replay-report/latency-is-from-the-plan", test_latency_is_from_the_plan);
  g_test_add_func ("/replay-report/first-sending-counts", test_first_sending_counts);
  g_test_add_func ("/replay-report/verdict-is-by-p99", test_verdict_is_by_p99);
  g_test_add_func ("/replay-report/expected-statuses", test_expected_statuses);
  g_test_add_func ("/replay-report/status-sets", test_status_sets);
  g_test_add_func ("/replay-report/nothing-sent-is-not-valid", test_nothing_sent_is_not_valid);
  g_test_add_func ("/replay-report/outcomes", test_outcomes);
  g_test_add_func ("/replay-report/rejections", test_rejections);
  g_test_add_func ("/replay-report/lag-of-the-client", test_lag_of_the_client);
  g_test_add_func ("/replay-report/intervals", test_intervals);
  g_test_add_func ("/replay-report/figures", test_figures);
  return g_test_run ();
}
