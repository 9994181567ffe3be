/* wp-sim on excerpts of logs that real servers wrote (tests/logs/README.md), with their known truth. */
#include <math.h>
#include <string.h>

#include "tests/unit/sim-run.h"

/* @options: of wp-sim, without blanks in their values */
typedef struct {
  const char *file, *options;
  guint workers;
  double service_mean; /* s */
} Queued;

static void
check_queued (const Queued *expected)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *arguments = g_strdup_printf ("--format=json %s%s/tests/logs/%s", expected->options,
                                                g_getenv ("WP_SOURCE_ROOT"), expected->file);
  JsonObject *report, *logged;
  double service_mean;

  g_test_message ("%s", expected->file);
  sim_run_go (run, arguments, NULL);
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  logged = json_object_get_object_member (json_object_get_object_member (report, "trace"), "logged");
  g_assert_cmpstr (json_object_get_string_member (logged, "verdict"), ==, "queued");
  g_assert_cmpint (json_object_get_int_member (logged, "workers"), ==, expected->workers);
  service_mean = json_object_get_double_member (logged, "service_mean");
  g_assert_cmpfloat (fabs (service_mean / expected->service_mean - 1), <, 0.05);
  json_object_unref (report);
}

/* Stamps of a real, busy server are late by a few of them, so that some services would be negative. */
static void
test_queued (void)
{
  static const Queued logs[] = {
    { "haproxy.log.gz", "", 8, 0.04 },
    { "nginx-mixed.json.gz", "--where=request~*/api/* ", 8, 0.0425 },
    { "pino.json.gz", "", 20, 0.06 },
    { "apache-microseconds.json.gz", "--columns=arrival=[time],response=[duration_us]/1e6 ", 8, 0.04 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (logs); i++)
    check_queued (&logs[i]);
}

static void
test_begins_in_a_busy_period (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *file = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "tests/logs/haproxy.log.gz", NULL);

  sim_run_go (run, file, NULL);
  g_assert_nonnull (strstr (run->out, " It begins in a busy period: the first 8 services are not known, "));
}

/* Static files, probes and web sockets in one log with the requests that reach the workers. */
static void
test_mixed (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *file
      = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "tests/logs/nginx-mixed.json.gz", NULL);

  sim_run_go (run, file, NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_true (g_str_has_prefix (run->out, "No sizes are recommended: "));
  g_assert_nonnull (
      strstr (run->out, "; --where 'request~*/api/*' takes the requests that reach the workers"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/real-logs/queued", test_queued);
  g_test_add_func ("/real-logs/begins-in-a-busy-period", test_begins_in_a_busy_period);
  g_test_add_func ("/real-logs/mixed", test_mixed);

  return g_test_run ();
}
