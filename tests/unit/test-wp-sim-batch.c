/* wp-sim with group commit, behind an HTTP stage, and calibrating from a record, as a user runs it. */
#include <math.h>
#include <string.h>

#include "tests/unit/sim-run.h"

static JsonObject *
first_model (SimRun *run)
{
  g_autoptr (JsonObject) report = sim_run_json (run);

  return json_object_ref (json_array_get_object_element (json_object_get_array_member (report, "models"), 0));
}

static JsonObject *
model_of (SimRun *run, const char *arguments, const char *input)
{
  sim_run_go (run, arguments, input);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);

  return first_model (run);
}

static double
number (JsonObject *object, const char *group, const char *name)
{
  return json_object_get_double_member (group ? json_object_get_object_member (object, group) : object, name);
}

/* Four at once: one, and then three in a commit. The trace's service times do not count. */
static void
test_group_commit (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) model
      = model_of (run, "-m workerpool -w 10 --service batch:1ms:100us --format json -",
                  "arrival,service\n0,9\n0,9\n0,9\n0,9\n");

  g_assert_cmpfloat_with_epsilon (number (model, "response", "max"), 0.0024, 1e-9);
  /* percentiles are within 0.1 % */
  g_assert_cmpfloat_with_epsilon (number (model, "response", "p50"), 0.0024, 0.0000024);
  g_assert_cmpfloat_with_epsilon (number (model, NULL, "makespan"), 0.0024, 1e-9);
}

/* Every observer sees each row once, in order, with its result. */
static void
test_rows_come_out_in_order (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (GString) trace = g_string_new ("arrival,id\n");
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (trace, "%u.%03u,id%u\n", i / 1000, i % 1000, i);
  sim_run_go (run, "-m workerpool -w 3 -q 2 --block-timeout 5ms --service batch:7ms:300us --jobs - -",
              trace->str);
  g_assert_cmpint (run->status, ==, 0);
  lines = g_strsplit (run->out, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    if (g_ascii_isdigit (*lines[i]))
      {
        g_autofree char *id = g_strdup_printf (",id%u,", n++);

        g_assert_nonnull (strstr (lines[i], id));
        g_assert_true (strstr (lines[i], "stored") || strstr (lines[i], "timed_out"));
      }
  g_assert_cmpuint (n, ==, 5000);
}

/* The service of a job is how long it was in service, commits before its own included: three at once, the
 * first of which goes alone. */
static void
test_service_with_group_commit (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_go (run, "-m workerpool -w 3 --service batch:7ms:1ms --jobs - -", "arrival,id\n0,a\n0,b\n0,c\n");
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (
      run->out, "\n0.000000000,0.008000000,a,,0.000000000,0.000000000,0.008000000,0.008000000,stored,0\n"
                "0.000000000,0.017000000,b,,0.000000000,0.000000000,0.017000000,0.017000000,stored,0\n"
                "0.000000000,0.017000000,c,,0.000000000,0.000000000,0.017000000,0.017000000,stored,0\n"));
}

/* A record that wp-sim wrote itself teaches what it was made with; a prediction from it is that record again.
 */
static void
test_round_trip (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) model = NULL, again = NULL, report = NULL;
  JsonObject *commit;
  double p99;

  sim_run_go (run, "--generate poisson:rate=3000,n=20000 --ids", NULL);
  sim_run_write (run, "trace.csv", run->out);
  model = model_of (
      run,
      "-m workerpool -w 64 --service batch:300us:20us:1000:80us --jobs record.csv --format json trace.csv",
      NULL);
  p99 = number (model, "response", "p99");
  sim_run_go (run, "--calibrate record.csv --format json", NULL);
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  g_assert_true (json_object_get_boolean_member (report, "group_commit"));
  g_assert_cmpstr (json_object_get_string_member (report, "service"), ==, "batch:from:record.csv");
  commit = json_object_get_object_member (report, "commit");
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "fixed"), 300e-6, 1e-6);
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "row"), 20e-6, 1e-6);
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "idle"), 80e-6, 1e-6);
  again = model_of (run, "-m workerpool -w 64 --service batch:from:record.csv --format json trace.csv", NULL);
  g_assert_cmpfloat_with_epsilon (number (again, "response", "p99"), p99, 0.01 * p99);
}

/* Commits are slower at the light load than at the heavy one, as on a processor that sleeps: either record
 * alone misleads about the load between. */
static void
test_records_at_two_loads (void)
{
  static const struct {
    const char *name, *rate, *service;
  } records[] = { { "light", "1000", "batch:500us:20us" },
                  { "heavy", "3000", "batch:300us:20us" },
                  { "between", "2000", "batch:400us:20us" } };
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) between = NULL, predicted = NULL, by_light = NULL;
  double p50;

  for (guint i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_autofree char *generate
          = g_strdup_printf ("--generate poisson:rate=%s,n=20000 --ids", records[i].rate);
      g_autofree char *trace = g_strconcat (records[i].name, "-trace.csv", NULL);
      g_autofree char *record = g_strdup_printf ("-m workerpool -w 64 --service %s --jobs %s.csv %s",
                                                 records[i].service, records[i].name, trace);

      sim_run_go (run, generate, NULL);
      sim_run_write (run, trace, run->out);
      sim_run_go (run, record, NULL);
    }
  between = model_of (run, "-m workerpool -w 64 --service batch:400us:20us --format json between-trace.csv",
                      NULL);
  predicted = model_of (
      run, "-m workerpool -w 64 --service batch:from:light.csv,heavy.csv --format json between-trace.csv",
      NULL);
  sim_run_go (run, "-m workerpool -w 64 --service batch:from:light.csv --format json between-trace.csv",
              NULL);
  g_assert_true (g_str_has_prefix (run->err, "wp-sim: warning: the traffic is beyond what was measured: "));
  by_light = first_model (run);
  p50 = number (between, "response", "p50");
  g_assert_cmpfloat_with_epsilon (number (predicted, "response", "p50"), p50, 0.02 * p50);
  g_assert_cmpfloat (number (by_light, "response", "p50"), >, 1.15 * p50);
}

static void
test_calibrate_prints_options (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_go (run, "--generate poisson:rate=300,n=3000 --ids --service uniform:1ms:30ms", NULL);
  sim_run_write (run, "trace.csv", run->out);
  sim_run_go (run, "-m workerpool -w 64 --jobs delay.csv trace.csv", NULL);
  sim_run_go (run, "--calibrate delay.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "predict with --service=from:delay.csv --service-always\n"));
  sim_run_go (run, "-m workerpool -w 64 --service batch:300us:20us --jobs groups.csv trace.csv", NULL);
  sim_run_go (run, "--calibrate groups.csv", NULL);
  g_assert_nonnull (strstr (run->out, "predict with --service=batch:from:groups.csv\n"));
  g_assert_nonnull (strstr (run->out, "commit:      300 us and 20.0 us per row"));
}

/* A client that sends a request again, as it may, costs the record nothing. */
static void
test_calibrates_repeated_id (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "record.csv",
                 "arrival,id,accepted,started,finished,ended,outcome,blocked\n"
                 "0,a,0,0,0.01,0.01,stored,0\n1,a,1,1,1.01,1.01,stored,0\n");
  sim_run_go (run, "--calibrate record.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "record.csv: 2 updates"));
}

/* Two threads of 1 ms: four that come at once leave two by two; the queue sees them then. */
static void
test_http_stage (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) model
      = model_of (run, "-m bufferedchannel --http-time 1ms --http-threads 2 --service 1us --format json -",
                  "arrival\n0\n0\n0\n0\n");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *stage = json_object_get_object_member (report, "http_stage");

  g_assert_cmpfloat_with_epsilon (number (model, NULL, "makespan"), 0.001002, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (stage, NULL, "utilisation"), 1, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (stage, "wait", "max"), 0.001, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (stage, "wait", "mean"), 0.0005, 1e-9);
}

/* Requests that a warm-up leaves in the HTTP stage arrive after it; Little's law is checked in every run. */
static void
test_warm_up_behind_http_stage (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) model = model_of (
      run,
      "--synthetic poisson:rate=900,n=20000 --warmup 100 -m bufferedchannel -q 3 --http-time 200us --service exp:1ms --format json",
      NULL);
  g_autoptr (JsonObject) closed = model_of (
      run,
      "--clients 9 --limit 20000 --warmup 100 -m bufferedchannel -q 3 --front 200us --service exp:1ms --format json",
      NULL);

  g_assert_cmpint (json_object_get_int_member (model, "requests"), ==, 19900);
  g_assert_cmpint (json_object_get_int_member (closed, "requests"), ==, 19900);
}

#define RECORD "arrival,id,accepted,started,finished,ended,outcome\n"

/* One row of a record, that is served at once. */
static void
add_update (GString *record, guint at_ms, guint lasts_us)
{
  double at = at_ms / 1000.0, end = at + lasts_us / 1e6;

  g_string_append_printf (record, "%.3f,,%.3f,%.3f,%.6f,%.6f,stored\n", at, at, at, end, end);
}

static JsonObject *
calibrate (GString *record, char **text)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "record.csv", record->str);
  sim_run_go (run, "--calibrate record.csv", NULL);
  g_assert_cmpstr (run->err, ==, "");
  *text = g_strdup (run->out);
  sim_run_go (run, "--calibrate record.csv --format json", NULL);

  return sim_run_json (run);
}

/* Commits of one row, 1.2 ms each, and of four, 2.7 ms: 0.7 ms and 0.5 a row. Two of a hundred take 2 ms
 * more, and are in the spread alone. */
static void
test_calibrates_commits (void)
{
  g_autoptr (GString) record = g_string_new (RECORD);
  g_autoptr (JsonObject) report = NULL;
  g_autofree char *text = NULL;
  JsonObject *commit;

  for (guint i = 0; i < 100; i++)
    for (guint row = 0; row < (i % 2 ? 4 : 1); row++)
      add_update (record, 20 * i, (i % 2 ? 2700 : 1200) + (i == 50 || i == 51 ? 2000 : 0));
  report = calibrate (record, &text);
  commit = json_object_get_object_member (report, "commit");
  g_assert_cmpint (json_object_get_int_member (report, "updates"), ==, 250);
  g_assert_cmpint (json_object_get_int_member (report, "commits"), ==, 100);
  g_assert_cmpint (json_object_get_int_member (commit, "most_seen"), ==, 4);
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "fixed"), 0.0007, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "row"), 0.0005, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "off_p50"), 0, 1e-8);
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "off_p99"), 0.002, 2e-6);
  /* but the first */
  g_assert_cmpfloat_with_epsilon (number (commit, NULL, "mean"), (49 * 0.0012 + 50 * 0.0027 + 0.004) / 99,
                                  1e-9);
  g_assert_nonnull (strstr (
      text,
      "record.csv: 250 updates in 100 commits\ncommit:      700 us and 500 us per row; an idle writer starts 0 s late\n"));
  g_assert_nonnull (
      strstr (text, "measured:    1 to 4 rows, 2.50 on average; a commit took 2.00 ms on average\n"));
  g_assert_nonnull (
      strstr (text, " of it, 99 % within 2.00 ms; it explains 100 % of the variance without outliers\n"));
  g_assert_nonnull (strstr (
      text,
      "capacity:    at least 1,481 rows/s, in commits of 4, the largest measured; 833 in commits of 1\n"));
  g_assert_nonnull (
      strstr (text, "warning: fewer than 1,000 commits: the predicted tail rests on a few of them\n"));
}

/* Commits of one row take 1 ms or 9 in turn, whatever the fit makes of it, at 50 rows per second; and four
 * times as many requests are simulated with it. */
static void
test_calibrations_to_doubt (void)
{
  static const char *const notes[] = { "", "# commit-pace: 0.01s\n" };

  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      g_autofree char *head = g_strconcat ("# database: sqlite:x.db\n", notes[i], RECORD, NULL);
      g_autoptr (GString) record = g_string_new (head);
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (JsonObject) report = NULL;
      g_autofree char *text = NULL;

      for (guint k = 0; k < 1200; k++)
        add_update (record, 20 * k, k % 2 ? 1000 : 9000);
      report = calibrate (record, &text);
      g_assert_cmpint (strstr (text, "warning: commits were not paced") != NULL, ==, i == 0);
      g_assert_nonnull (strstr (text, "warning: the fit explains little of the variance (R² 0.0"));
      g_assert_true (json_object_get_boolean_member (json_object_get_object_member (report, "commit"),
                                                     "capacity_is_least"));

      sim_run_write (run, "record.csv", record->str);
      sim_run_go (run, "-m workerpool -w 9 -s batch:from:record.csv --synthetic constant:rate=200,n=1000",
                  NULL);
      g_assert_nonnull (strstr (run->out,
                                "warning: the traffic is beyond what was measured: 200 requests per "
                                "second, and the record of the commits has 50"));
      sim_run_go (run, "-m workerpool -w 9 -s batch:from:record.csv --synthetic constant:rate=50,n=1000",
                  NULL);
      g_assert_cmpint (run->status, ==, 0);
      g_assert_null (strstr (run->out, "beyond what was measured"));
    }
}

/* 999 commits are few, and 1,000 are not. */
static void
test_few_commits (void)
{
  for (guint n_commits = 999; n_commits <= 1000; n_commits++)
    {
      g_autoptr (GString) record = g_string_new ("# database: sqlite:x.db\n" RECORD);
      g_autoptr (JsonObject) report = NULL;
      g_autofree char *text = NULL;

      for (guint i = 0; i < n_commits; i++)
        add_update (record, 10 * i, 1000);
      report = calibrate (record, &text);
      g_assert_cmpint (json_object_get_int_member (report, "commits"), ==, (gint64) n_commits);
      g_assert_cmpint (strstr (text, "warning: fewer than 1,000 commits") != NULL, ==, n_commits == 999);
    }
}

/* In tenths of a second 3, 1, 2, 5, 2 and 4 requests, and one in a seventh, which is not whole: half of them
 * have up to 3. */
static void
test_calibrates_http_stage (void)
{
  static const guint counts[] = { 3, 1, 2, 5, 2, 4, 1 };
  g_autoptr (GString) record = g_string_new ("# threads: 2\n" RECORD);
  g_autoptr (JsonObject) report = NULL;
  g_autofree char *text = NULL;
  JsonObject *arrivals;

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    for (guint j = 0; j < counts[i]; j++)
      add_update (record, 100 * i + 10 * j, 1000);
  report = calibrate (record, &text);
  arrivals = json_object_get_object_member (report, "arrivals");
  g_assert_cmpfloat_with_epsilon (number (arrivals, NULL, "rate_p50"), 30, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (arrivals, NULL, "rate_max"), 50, 1e-9);
  g_assert_cmpint (json_object_get_int_member (arrivals, "http_threads"), ==, 2);
  g_assert_cmpfloat_with_epsilon (number (arrivals, NULL, "http_time"), 2 / 30.0, 1e-9);
  g_assert_nonnull (strstr (text, "arrivals:    median 30/s, peak 50/s (over 100 ms)\n"));
}

/* P clients on N threads of T: N/T requests per second, and PT/N for each, whatever is behind. */
static void
test_saturated_http_stage (void)
{
  static const char *const services[] = { "1us", "batch:1us:0us" };

  for (guint i = 0; i < G_N_ELEMENTS (services); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autofree char *arguments = g_strdup_printf (
          "--clients 64 --limit 100000 --warmup 1000 -m workerpool --http-time 20us --http-threads 2 --service %s --format json",
          services[i]);
      g_autoptr (JsonObject) model = model_of (run, arguments, NULL);

      g_assert_cmpfloat_with_epsilon (number (model, NULL, "throughput"), 100000, 500);
      g_assert_cmpfloat_with_epsilon (number (model, "latency", "p50"), 640e-6, 7e-6);
      g_assert_cmpfloat_with_epsilon (number (model, "latency", "max"), 640e-6, 25e-6);
    }
}

/* Before a full queue the workers set the pace, and each client waits its turn. */
static void
test_clients_before_a_full_queue (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) model = model_of (
      run, "--clients 64 --duration 20s --warmup 2s -m workerpool -w 4 -q 8 --service 10ms --format json",
      NULL);

  g_assert_cmpfloat_with_epsilon (number (model, NULL, "throughput"), 400, 4);
  g_assert_cmpfloat_with_epsilon (number (model, "latency", "p50"), 64 / 400.0, 0.011);
}

/* All 64 in each commit: woken writer, fixed cost, 64 rows. */
static void
test_clients_until_stored (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) model = model_of (
      run,
      "--clients 64 --limit 64000 --warmup 640 --ack stored -m workerpool --service batch:1ms:10us:1000:100us --format json",
      NULL);

  g_assert_cmpfloat_with_epsilon (number (model, "latency", "p50"), 0.00174, 1e-5);
  g_assert_cmpfloat_with_epsilon (number (model, NULL, "throughput"), 64 / 0.00174, 100);
  g_assert_cmpfloat_with_epsilon (number (model, "busy", "max"), 64, 1e-9);
}

/* Traffic that one writer bears only because it commits many rows at once. */
#define GROUPS "--service=batch:2ms:50us:1000:100us"

static void
write_traffic (SimRun *run)
{
  sim_run_go (run, "--generate poisson:rate=900,n=5000 --ids", NULL);
  sim_run_write (run, "trace.csv", run->out);
}

/* The figures of a run with these sizes at that traffic. */
static gboolean
passes (SimRun *run, double scale, gint64 workers, gint64 queue)
{
  g_autofree char *arguments = g_strdup_printf ("--gate " GROUPS " --scale %g -w %" G_GINT64_FORMAT
                                                " -q %" G_GINT64_FORMAT " trace.csv",
                                                scale, workers, queue);

  sim_run_go (run, arguments, NULL);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_true (run->status == 0 || run->status == 1);

  return run->status == 0;
}

/* Each result of the plan is that of a run with its sizes, and so is each neighbour that fails. */
static void
test_plan (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonObject *recommended, *pool;
  JsonArray *plan;
  gint64 workers, queue;

  write_traffic (run);
  sim_run_go (run, GROUPS " --format=json trace.csv", NULL);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  recommended = json_object_get_object_member (report, "recommendation");
  workers = json_object_get_int_member (recommended, "workers");
  queue = json_object_get_int_member (recommended, "queue");
  g_assert_true (g_str_has_prefix (json_object_get_string_member (recommended, "verdict"),
                                   "Assuming batch:2ms:50us:1000:100us (--service): use --workers="));
  g_assert_cmpint (workers, >, 1);
  g_assert_true (passes (run, 1.5, workers, queue));
  g_assert_false (passes (run, 1.5, workers, queue - 1));
  g_assert_false (passes (run, 1.5, workers - 1, queue));
  pool = json_array_get_object_element (json_object_get_array_member (report, "models"), 2);
  g_assert_true (json_object_get_boolean_member (pool, "recommended"));
  g_assert_cmpint (json_object_get_int_member (pool, "workers"), ==, workers);
  g_assert_true (json_object_get_boolean_member (report, "assumed"));
  plan = json_object_get_array_member (report, "plan");
  g_assert_cmpuint (json_array_get_length (plan), >=, 8);
  for (guint i = 0; i < json_array_get_length (plan); i++)
    {
      JsonObject *point = json_array_get_object_element (plan, i);

      g_assert_true (passes (run, number (point, NULL, "scale"),
                             json_object_get_int_member (point, "workers"),
                             json_object_get_int_member (point, "queue"))
                     == json_object_get_boolean_member (point, "meets"));
    }
}

/* Clients that leave, and requests that are turned away, change what follows; objectives that nothing meets.
 */
static void
test_plan_with_refusals (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  write_traffic (run);
  sim_run_go (run, GROUPS " --when-full=reject --plan --format=json trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  sim_run_go (run, GROUPS " --patience=5ms --ack=stored --slo abandoned==0 --plan --format=json trace.csv",
              NULL);
  g_assert_cmpint (run->status, ==, 0);
  sim_run_go (run, GROUPS " --slo response.p99<2ms trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (strstr (run->out, "no size meets response.p99<2ms at 1.5 times this traffic: "));
}

/* Commits of 1 s, whichever of two requests comes first: the other waits for that commit and its own. */
static void
test_sensitivity (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonArray *ranges;
  gboolean is_there = FALSE;

  sim_run_write (run, "trace.csv", "arrival\n0\n0.00001\n9\n");
  sim_run_go (run, "-m workerpool -w 9 -q 9 --service=batch:1s:0 --sensitivity=1ms --format=json trace.csv",
              NULL);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  ranges = json_object_get_array_member (
      json_array_get_object_element (
          json_object_get_array_member (json_object_get_object_member (report, "sensitivity"), "models"), 0),
      "ranges");
  for (guint i = 0; i < json_array_get_length (ranges); i++)
    {
      JsonObject *range = json_array_get_object_element (ranges, i);

      if (!g_str_equal (json_object_get_string_member (range, "name"), "response.max"))
        continue;
      is_there = TRUE;
      g_assert_cmpfloat_with_epsilon (number (range, NULL, "low"), 2, 0.004);
      g_assert_cmpfloat_with_epsilon (number (range, NULL, "high"), 2, 0.004);
    }
  g_assert_true (is_there);
}

/* Each row is a run of its own. */
static void
test_sweep (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) sweep = NULL;
  JsonArray *rows;

  write_traffic (run);
  sim_run_go (run, GROUPS " --sweep workers=1:4,queue=0:40:20,service=1:2 --format=json trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  sweep = sim_run_json (run);
  rows = json_object_get_array_member (sweep, "sweep");
  g_assert_cmpuint (json_array_get_length (rows), ==, 4 * 3 * 2);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      g_autofree char *arguments
          = g_strdup_printf ("-m workerpool " GROUPS " --service-scale %g -w %" G_GINT64_FORMAT
                             " -q %" G_GINT64_FORMAT " --format=json trace.csv",
                             number (row, NULL, "service_scale"), json_object_get_int_member (row, "workers"),
                             json_object_get_int_member (row, "queue"));
      g_autoptr (JsonObject) model = model_of (run, arguments, NULL);

      g_assert_cmpint (json_object_get_int_member (model, "blocked"), ==,
                       json_object_get_int_member (row, "blocked"));
      g_assert_cmpfloat (number (model, "response", "p99"), ==, number (row, "response", "p99"));
      g_assert_cmpfloat (number (model, "depth", "mean"), ==, number (row, "depth", "mean"));
    }
}

/* Rows of a record, as many as @limit says, without the note that names its database. */
static char *
make_rows (SimRun *run, const char *limit)
{
  g_autofree char *arguments
      = g_strdup_printf ("-m workerpool -w 64 " GROUPS " --limit=%s --jobs=- trace.csv", limit);

  write_traffic (run);
  sim_run_go (run, arguments, NULL);
  g_assert_cmpint (run->status, ==, 0);

  return g_strdup (run->out);
}

/* The service times of a record of SQLite contain the wait for the commit: with too few commits for a fit, a
 * warning names the options. */
static void
test_service_of_a_record (void)
{
  static const char *const arguments[] = { "record.csv", "--format=json record.csv",
                                           "--sweep workers=1:2 record.csv", "--gate -w 9 -q 9 record.csv" };
  static const char *const databases[]
      = { "sqlite:wp.db", "postgresql://wp@db1/jobs", "postgres://wp@db1/jobs" };
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *rows = make_rows (run, "500");

  for (guint i = 0; i < G_N_ELEMENTS (arguments) * G_N_ELEMENTS (databases); i++)
    {
      const char *database = databases[i / G_N_ELEMENTS (arguments)];
      const char *command = arguments[i % G_N_ELEMENTS (arguments)];
      g_autofree char *record = g_strdup_printf ("# database: %s\n%s", database, rows);
      g_autofree char *warning = g_strdup_printf (
          "the service times of record.csv contain the wait for a commit, which its database (%s) makes "
          "for many rows at once: simulate the commits, --service=batch:from:record.csv\n",
          database);

      sim_run_write (run, "record.csv", record);
      sim_run_go (run, command, NULL);
      g_test_message ("%s, %s -> %s", database, command, run->err);
      g_assert_nonnull (strstr (command == arguments[0] ? run->out : run->err, warning));
      g_assert_true (command != arguments[0]
                     || g_str_has_prefix (run->out, "Assuming that no service time contains waiting (see the "
                                                    "warning): use --workers="));
    }
  sim_run_go (run, "--service=batch:from:record.csv record.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_true (g_str_has_prefix (run->out, "Assuming batch:from:record.csv (--service): use --workers="));
  g_assert_null (strstr (run->out, "contain the wait"));
  g_assert_nonnull (strstr (run->out, "warning: the sizes are for 1.5 times this traffic, "));
  sim_run_go (run, "--service=batch:from:record.csv --margin=1 record.csv", NULL);
  g_assert_null (strstr (run->out, "warning: "));
}

static SimRun *
with_learnt_record (const char *database)
{
  SimRun *run = sim_run_new ();
  g_autofree char *rows = make_rows (run, "5000");
  g_autofree char *record = g_strdup_printf ("%s%s", database, rows);

  sim_run_write (run, "record.csv", record);

  return run;
}

/* The figures of --format=json, in the report's text, from the models on. */
static char *
figures_of (SimRun *run, const char *arguments)
{
  sim_run_go (run, arguments, NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "\"models\""));

  return g_strdup (strstr (run->out, "\"models\""));
}

/* A record with enough commits is simulated with them, as if they had been asked for, and every report says
 * so. */
static void
test_learns_from_a_record (void)
{
  static const char *const others[]
      = { "--format=csv record.csv", "--gate -w 64 -q 64 record.csv",
          "--sweep workers=1:2 --format=csv record.csv", "-m workerpool --jobs=- record.csv" };
  g_autoptr (SimRun) run = with_learnt_record ("# database: sqlite:wp.db\n");
  g_autofree char *asked = figures_of (run, "--service=batch:from:record.csv --format=json record.csv");
  g_autofree char *learnt = figures_of (run, "--format=json record.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  const char *note = " rows learnt from this record, --service=batch:from:record.csv; another --service "
                     "overrides it\n";
  JsonObject *trace = json_object_get_object_member (report, "trace");

  g_assert_cmpstr (learnt, ==, asked);
  g_assert_null (strstr (run->err, "contain the wait"));
  g_assert_cmpstr (json_object_get_string_member (trace, "service_learnt"), ==, "batch:from:record.csv");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (trace, "notes")), ==, 1);
  sim_run_go (run, "record.csv", NULL);
  g_assert_true (g_str_has_prefix (
      run->out, "Assuming the commits of this record (--service overrides): use --workers="));
  g_assert_nonnull (strstr (run->out, note));
  g_assert_null (strstr (run->out, "contain the wait"));
  sim_run_go (run, "--sweep workers=1:2 record.csv", NULL);
  g_assert_nonnull (strstr (run->out, "\nnote: services: "));
  g_assert_nonnull (strstr (run->out, note));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      sim_run_go (run, others[i], NULL);
      g_test_message ("%s -> %s", others[i], run->err);
      g_assert_cmpint (run->status, ==, 0);
      g_assert_true (g_str_has_prefix (run->err, "wp-sim: services: "));
      g_assert_nonnull (strstr (run->err, note));
    }
}

/* What comes through a pipe is there once: a second reader would find nothing. */
static void
test_record_is_read_once (void)
{
  static const char *const arguments[]
      = { "--service=batch:from:@ -m workerpool -w 9 --synthetic poisson:rate=100,n=500 --replications=3",
          "--service=batch:from:@ --sweep workers=1:2,service=1,service=2 trace.csv",
          "--service=from:@ -m workerpool -w 9 --synthetic poisson:rate=10,n=500 --theory",
          "--service=from:@ -m workerpool -w 9 --clients=3 --limit=500 --replications=2",
          "--service=1ms --dispatch-time=from:@ -m workerpool -w 9 --synthetic poisson:rate=10,n=500",
          "--service=1ms --think=from:@ -m workerpool -w 9 --clients=3 --limit=500 --replications=2" };
  g_autoptr (SimRun) run = with_learnt_record ("");
  g_autofree char *record = sim_run_read (run, "record.csv");

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      g_auto (GStrv) words = g_strsplit (arguments[i], "@", 2);
      g_autofree char *of_file = g_strjoinv ("record.csv", words), *of_pipe = g_strjoinv ("-", words);
      g_auto (GStrv) parts = NULL;
      g_autofree char *expected = NULL;

      sim_run_go (run, of_file, NULL);
      g_assert_cmpint (run->status, ==, 0);
      parts = g_strsplit (run->out, "record.csv", -1);
      expected = g_strjoinv ("-", parts);
      sim_run_go (run, of_pipe, record);
      g_test_message ("%s -> %s", of_pipe, run->err);
      g_assert_cmpint (run->status, ==, 0);
      g_assert_cmpstr (run->out, ==, expected);
    }
}

/* A commit of one row, and one of the three rows that came meanwhile, every 20 ms; @spread_ms: one in two of
 * each takes so much longer. */
static char *
make_commits (guint n_cycles, guint spread_ms)
{
  GString *record = g_string_new ("# database: sqlite:wp.db\n" RECORD);

  for (guint i = 0; i < n_cycles; i++)
    {
      guint first_ms = 1 + (i % 2) * spread_ms, second_ms = first_ms + 1 + (i / 2 % 2) * spread_ms;

      add_update (record, 20 * i, 1000 * first_ms);
      for (guint row = 0; row < 3; row++)
        {
          double at = 0.02 * i + 0.0005, end = 0.02 * i + 0.001 * second_ms;

          g_string_append_printf (record, "%.4f,,%.4f,%.4f,%.6f,%.6f,stored\n", at, at, at, end, end);
        }
    }

  return g_string_free (record, FALSE);
}

/* 1,000 commits are learnt, 998 are too few, and of many that vary without their rows nothing is learnt. */
static void
test_learns_from_a_good_fit (void)
{
  static const struct {
    guint n_cycles, spread_ms;
    gboolean learns;
  } cases[] = { { 500, 0, TRUE }, { 499, 0, FALSE }, { 1000, 8, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *record = make_commits (cases[i].n_cycles, cases[i].spread_ms);
      g_autoptr (SimRun) run = sim_run_new ();

      sim_run_write (run, "record.csv", record);
      sim_run_go (run, "-m workerpool -w 9 record.csv", NULL);
      g_assert_cmpint (run->status, ==, 0);
      g_test_message ("%s", run->out);
      g_assert_cmpint (strstr (run->out, " commits of up to 3 rows learnt from this record, ") != NULL, ==,
                       cases[i].learns);
    }
}

/* No commits are learnt where options say where services come from, where standard input cannot be read
 * twice, where commits are not modelled, and where the database makes none. */
static void
test_learns_nothing (void)
{
  static const char *const arguments[] = { "--service=20ms record.csv",
                                           "--service-always record.csv",
                                           "-",
                                           "--dispatch-time=1ms record.csv",
                                           "--columns=service=service record.csv",
                                           "--instances=2 -w 9 -q 9 record.csv",
                                           "plain.csv" };
  g_autoptr (SimRun) run = with_learnt_record ("# database: sqlite:wp.db\n");
  g_autoptr (SimRun) delayed = with_learnt_record ("# database: delay:request\n");
  g_autofree char *record = sim_run_read (run, "record.csv"), *plain = sim_run_read (delayed, "record.csv");

  sim_run_write (run, "plain.csv", plain);
  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      sim_run_go (run, arguments[i], g_str_equal (arguments[i], "-") ? record : NULL);
      g_test_message ("%s -> %s", arguments[i], run->err);
      g_assert_cmpint (run->status, ==, 0);
      g_assert_null (strstr (run->out, "learnt"));
      g_assert_null (strstr (run->out, "the commits of this record"));
    }
}

static void
assert_refused (const char *arguments, const char *what)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival,service\n0,1\n1,1\n");
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s -> %s", arguments, run->err);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_nonnull (strstr (run->err, what));
  g_assert_true (strchr (run->err, '\n') == run->err + strlen (run->err) - 1);
}

static void
test_usage (void)
{
  assert_refused ("--service batch:1ms trace.csv", "\"batch:1ms\" is not a service time");
  assert_refused ("--service batch:1ms:x trace.csv", "\"batch:1ms:x\" is not a service time");
  assert_refused ("--service batch:1ms:1us:0 trace.csv", "is not a number from 1 to");
  assert_refused ("--service batch:from:none.csv trace.csv", "none.csv: ");
  assert_refused ("--service batch:from:trace.csv trace.csv", "it is not a record of wp-server");
  assert_refused ("--service batch:from:none.csv,trace.csv trace.csv", "none.csv: ");
  assert_refused ("--service batch:from:none.csv, trace.csv", "none.csv: ");
  assert_refused ("--service batch:1ms:1us --generate poisson:rate=1,n=2",
                  "--generate is not available with --service=batch:");
  assert_refused ("--http-threads 2 trace.csv", "--http-threads needs --http-time");
  assert_refused ("--http-threads 0 trace.csv", "is not a number from 1 to");
  assert_refused ("--calibrate trace.csv", "it is not a record of wp-server");
  assert_refused ("--calibrate trace.csv trace.csv", "--calibrate takes no trace");
  assert_refused ("--calibrate trace.csv --against trace.csv", "--calibrate only reads a record");
  assert_refused ("--calibrate trace.csv --format csv", "--calibrate reports in text and JSON only");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-batch/group-commit", test_group_commit);
  g_test_add_func ("/wp-sim-batch/rows-come-out-in-order", test_rows_come_out_in_order);
  g_test_add_func ("/wp-sim-batch/service-with-group-commit", test_service_with_group_commit);
  g_test_add_func ("/wp-sim-batch/round-trip", test_round_trip);
  g_test_add_func ("/wp-sim-batch/records-at-two-loads", test_records_at_two_loads);
  g_test_add_func ("/wp-sim-batch/calibrations-to-doubt", test_calibrations_to_doubt);
  g_test_add_func ("/wp-sim-batch/calibrate-prints-options", test_calibrate_prints_options);
  g_test_add_func ("/wp-sim-batch/calibrates-repeated-id", test_calibrates_repeated_id);
  g_test_add_func ("/wp-sim-batch/calibrates-commits", test_calibrates_commits);
  g_test_add_func ("/wp-sim-batch/few-commits", test_few_commits);
  g_test_add_func ("/wp-sim-batch/calibrates-http-stage", test_calibrates_http_stage);
  g_test_add_func ("/wp-sim-batch/http-stage", test_http_stage);
  g_test_add_func ("/wp-sim-batch/warm-up-behind-http-stage", test_warm_up_behind_http_stage);
  g_test_add_func ("/wp-sim-batch/saturated-http-stage", test_saturated_http_stage);
  g_test_add_func ("/wp-sim-batch/clients-before-a-full-queue", test_clients_before_a_full_queue);
  g_test_add_func ("/wp-sim-batch/clients-until-stored", test_clients_until_stored);
  g_test_add_func ("/wp-sim-batch/plan", test_plan);
  g_test_add_func ("/wp-sim-batch/plan-with-refusals", test_plan_with_refusals);
  g_test_add_func ("/wp-sim-batch/sensitivity", test_sensitivity);
  g_test_add_func ("/wp-sim-batch/sweep", test_sweep);
  g_test_add_func ("/wp-sim-batch/service-of-a-record", test_service_of_a_record);
  g_test_add_func ("/wp-sim-batch/learns-from-a-record", test_learns_from_a_record);
  g_test_add_func ("/wp-sim-batch/learns-from-a-good-fit", test_learns_from_a_good_fit);
  g_test_add_func ("/wp-sim-batch/learns-nothing", test_learns_nothing);
  g_test_add_func ("/wp-sim-batch/record-is-read-once", test_record_is_read_once);
  g_test_add_func ("/wp-sim-batch/usage", test_usage);

  return g_test_run ();
}
