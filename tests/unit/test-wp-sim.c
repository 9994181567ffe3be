/* wp-sim as a user runs it: its output and its files. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "tests/unit/sim-run.h"

/* Five at once, 100 ms each, and one more long after. */
static const char burst[] = "arrival,service,id\n0,0.1,a\n0,0.1,b\n0,0.1,c\n0,0.1,d\n0,0.1,e\n2.5,0.1,f\n";
static const char shuffled[] = "arrival,service,id\n2.5,0.1,f\n0,0.1,a\n0,0.1,b\n0,0.1,c\n0,0.1,d\n0,0.1,e\n";

static void
assert_done (SimRun *run, int status)
{
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, status);
}

static JsonObject *
model_of (JsonObject *report, guint i)
{
  return json_array_get_object_element (json_object_get_array_member (report, "models"), i);
}

static double
number (JsonObject *object, const char *group, const char *name)
{
  JsonObject *inner = group ? json_object_get_object_member (object, group) : object;

  g_assert_true (json_object_has_member (inner, name));
  g_assert_false (json_object_get_null_member (inner, name));

  return json_object_get_double_member (inner, name);
}

static void
assert_members (JsonObject *object, const char *const *names)
{
  g_autoptr (GList) members = json_object_get_members (object);
  GList *member = members;

  for (; *names; names++, member = member->next)
    {
      g_assert_nonnull (member);
      g_assert_cmpstr (member->data, ==, *names);
    }
  g_assert_null (member);
}

/* Exactly the names of the specification, in its order. */
static void
test_json_shape (void)
{
  static const char *const top[]
      = { "recommendation", "trace", "models", "plan", "headroom", "assumed", NULL };
  static const char *const trace[]
      = { "requests",     "duration",    "rate_mean",    "rate_peak_1s", "dispersion_1s",
          "service_mean", "service_p99", "out_of_order", "format",       NULL };
  static const char *const model[] = { "mode",           "queue",          "workers",
                                       "dispatcher",     "when_full",      "ack",
                                       "keep_abandoned", "recommended",    "requests",
                                       "accepted",       "rejected",       "timed_out",
                                       "abandoned",      "blocked",        "blocked_peak",
                                       "blocked_time",   "accept_latency", "wait",
                                       "response",       "depth",          "time_full",
                                       "first_full",     "busy",           "utilisation",
                                       "makespan",       "throughput",     NULL };
  static const char *const spread[] = { "mean", "p50", "p90", "p95", "p99", "p999", "max", NULL };
  static const char *const depth[] = { "mean", "p50", "p95", "p99", "max", NULL };
  static const char *const busy[] = { "mean", "max", NULL };
  g_autoptr (SimRun) run = sim_run_on (burst, "--format=json trace.csv");
  g_autoptr (JsonObject) report = NULL;

  assert_done (run, 0);
  report = sim_run_json (run);
  assert_members (report, top);
  assert_members (json_object_get_object_member (report, "trace"), trace);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (report, "models")), ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      JsonObject *one = model_of (report, i);

      assert_members (one, model);
      assert_members (json_object_get_object_member (one, "blocked_time"), spread);
      assert_members (json_object_get_object_member (one, "response"), spread);
      assert_members (json_object_get_object_member (one, "depth"), depth);
      assert_members (json_object_get_object_member (one, "busy"), busy);
    }
}

/* Any percentile in every format: of an option, and of an objective. */
static void
test_percentiles (void)
{
  g_autoptr (SimRun) json
      = sim_run_on (burst, "--format=json --no-plan --percentiles=75 --slo=wait.p99.5<1s trace.csv");
  g_autoptr (SimRun) csv = sim_run_on (burst, "--format=csv --percentiles=p75,99.5,99.9 trace.csv");
  g_autoptr (SimRun) text = sim_run_on (burst, "--no-plan --percentiles=75 trace.csv");
  g_autoptr (SimRun) many = sim_run_on (burst, "--percentiles=1,2,3,4,5 trace.csv");
  g_autoptr (JsonObject) report = NULL;

  assert_done (json, 0);
  report = sim_run_json (json);
  g_assert_cmpfloat (number (model_of (report, 1), "wait", "p75"), >=,
                     number (model_of (report, 1), "wait", "p50"));
  g_assert_cmpfloat (number (model_of (report, 1), "wait", "p99.5"), <=,
                     number (model_of (report, 1), "wait", "max"));
  g_assert_cmpfloat (number (model_of (report, 1), "depth", "p75"), >=, 0);
  assert_done (csv, 0);
  g_assert_nonnull (strstr (csv->out, ",wait.p75"));
  g_assert_nonnull (strstr (csv->out, ",response.p99.5"));
  g_assert_null (strstr (csv->out, "p99.9"));
  g_assert_nonnull (strstr (text->out, "\n                p75 "));
  g_assert_nonnull (strstr (text->out, "\n                p95 "));
  g_assert_cmpint (many->status, ==, 2);
  g_assert_nonnull (strstr (many->err, "\"p5\" is one percentile too many"));
}

/* No digit more than it takes to read the same number again, in JSON and in CSV. */
static void
test_shortest_numbers (void)
{
  g_autoptr (SimRun) run
      = sim_run_on ("arrival,service,id\n0,0.1,\"1.10\"\n", "-m Default --format=json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);

  g_assert_nonnull (strstr (run->out, "\"makespan\" : 0.1,"));
  g_assert_nonnull (strstr (run->out, "\"throughput\" : 10\n"));
  sim_run_go (run, "-m Default --format=csv trace.csv", NULL);
  g_assert_true (g_str_has_suffix (run->out, ",0.1,10\n"));
}

static void
test_unused_fields (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "--format=json -q 3 -w 2 trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *none = model_of (report, 0), *one = model_of (report, 1), *pool = model_of (report, 2);

  g_assert_cmpstr (json_object_get_string_member (none, "mode"), ==, "Default");
  g_assert_true (json_object_get_null_member (none, "queue"));
  g_assert_true (json_object_get_null_member (none, "workers"));
  g_assert_true (json_object_get_null_member (none, "dispatcher"));
  g_assert_true (json_object_get_null_member (none, "when_full"));
  g_assert_true (json_object_get_null_member (none, "utilisation"));
  g_assert_true (json_object_get_null_member (none, "time_full"));
  g_assert_true (json_object_get_null_member (none, "first_full"));
  g_assert_cmpint (json_object_get_int_member (one, "queue"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (one, "workers"), ==, 1);
  g_assert_true (json_object_get_null_member (one, "dispatcher"));
  g_assert_cmpstr (json_object_get_string_member (one, "when_full"), ==, "block");
  g_assert_cmpint (json_object_get_int_member (pool, "workers"), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (pool, "dispatcher"), ==, "bounded");
  g_assert_true (json_object_get_null_member (json_object_get_object_member (pool, "blocked_time"), "mean"));
  g_assert_true (json_object_get_null_member (pool, "first_full") == FALSE);
}

static void
test_figures_of_a_burst (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "--format=json -m workerpool -q 1 -w 2 trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *trace = json_object_get_object_member (report, "trace"), *model = model_of (report, 0);

  assert_done (run, 0);
  g_assert_cmpfloat (number (trace, NULL, "duration"), ==, 2.5);
  g_assert_cmpfloat (number (trace, NULL, "rate_mean"), ==, 2.4);
  g_assert_cmpfloat (number (trace, NULL, "rate_peak_1s"), ==, 5);
  g_assert_cmpfloat (number (trace, NULL, "dispersion_1s"), ==, 5);
  g_assert_cmpfloat (number (trace, NULL, "service_p99"), ==, 0.1);
  g_assert_cmpfloat (number (model, NULL, "accepted"), ==, 6);
  g_assert_cmpfloat (number (model, NULL, "blocked"), ==, 2);
  g_assert_cmpfloat (number (model, NULL, "blocked_peak"), ==, 2);
  g_assert_cmpfloat (number (model, "blocked_time", "mean"), ==, 0.1);
  g_assert_cmpfloat (number (model, "wait", "max"), ==, 0.2);
  g_assert_cmpfloat_with_epsilon (number (model, "response", "mean"), 1.0 / 6, 1e-12);
  g_assert_cmpfloat (number (model, "depth", "max"), ==, 1);
  g_assert_cmpfloat_with_epsilon (number (model, "depth", "mean"), 0.2 / 2.6, 1e-12);
  g_assert_cmpfloat (number (model, NULL, "time_full"), ==, 0.2);
  g_assert_cmpfloat (number (model, NULL, "first_full"), ==, 0);
  g_assert_cmpfloat (number (model, NULL, "makespan"), ==, 2.6);
  g_assert_cmpfloat_with_epsilon (number (model, NULL, "utilisation"), 0.6 / 2.6 / 2, 1e-12);
}

static void
test_csv (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "--format=csv -q 1 -w 2 trace.csv");
  g_auto (GStrv) lines = g_strsplit (run->out, "\n", -1);
  g_auto (GStrv) head = g_strsplit (lines[0], ",", -1);

  assert_done (run, 0);
  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  g_assert_true (g_str_has_prefix (lines[0], "mode,queue,workers,dispatcher,when_full,requests,accepted,"));
  g_assert_true (g_str_has_prefix (lines[1], "Default,,,,,6,6,0,0,0,0,0,,"));
  g_assert_true (g_str_has_prefix (lines[3], "WorkerPool,1,2,bounded,block,6,6,0,0,0,2,2,0.1"));
  for (guint i = 1; i < 4; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], ",", -1);

      g_assert_cmpuint (g_strv_length (cells), ==, g_strv_length (head));
    }
}

static const char burst_jobs[]
    = "arrival,service,id,bytes,accepted,started,finished,ended,outcome,blocked\n"
      "0.000000000,0.100000000,a,,0.000000000,0.000000000,0.100000000,0.100000000,stored,0\n"
      "0.000000000,0.100000000,b,,0.000000000,0.100000000,0.200000000,0.200000000,stored,0\n"
      "0.000000000,0.100000000,c,,,,,0.050000000,timed_out,1\n"
      "0.000000000,0.100000000,d,,,,,0.050000000,timed_out,1\n"
      "0.000000000,0.100000000,e,,,,,0.050000000,timed_out,1\n"
      "2.500000000,0.100000000,f,,2.500000000,2.500000000,2.600000000,2.600000000,stored,0\n";

static void
test_jobs (void)
{
  static const char *const traces[] = { burst, shuffled };

  for (guint i = 0; i < G_N_ELEMENTS (traces); i++)
    {
      g_autoptr (SimRun) run
          = sim_run_on (traces[i], "-m BufferedChannel -q 1 --block-timeout=50ms --jobs=jobs.csv trace.csv");
      g_autofree char *jobs = sim_run_read (run, "jobs.csv");

      assert_done (run, 0);
      g_assert_cmpuint (sim_run_count_files (run), ==, 2);
      g_assert_true (g_str_has_suffix (jobs, burst_jobs));
      g_assert_nonnull (strstr (jobs, "# mode: BufferedChannel\n# queue: 1\n"));
      g_assert_nonnull (strstr (jobs, "# version: "));
    }
}

static void
test_series (void)
{
  static const char expected[] = "time,mode,depth,parked,busy\n"
                                 "0.000000000,BufferedChannel,2,2,1\n0.000000000,WorkerPool,2,1,2\n"
                                 "0.100000000,BufferedChannel,2,1,1\n0.100000000,WorkerPool,1,0,2\n"
                                 "0.200000000,BufferedChannel,2,0,1\n0.200000000,WorkerPool,0,0,1\n"
                                 "0.300000000,BufferedChannel,1,0,1\n0.300000000,WorkerPool,0,0,0\n"
                                 "0.400000000,BufferedChannel,0,0,1\n"
                                 "0.500000000,BufferedChannel,0,0,0\n";
  g_autoptr (SimRun) run
      = sim_run_on ("arrival,service\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n", "-q 2 -w 2 --series=- trace.csv");
  g_autoptr (GString) bounded = g_string_new (NULL);
  g_auto (GStrv) lines = g_strsplit (run->out, "\n", -1);

  assert_done (run, 0); /* the report gives way */
  g_assert_cmpstr (lines[1], ==, "0.000000000,Default,0,0,5");
  for (char **line = lines; *line; line++)
    if (**line && !strstr (*line, ",Default,"))
      g_string_append_printf (bounded, "%s\n", *line);
  g_assert_cmpstr (bounded->str, ==, expected);
}

static void
test_order_and_standard_input (void)
{
  g_autoptr (SimRun) sorted = sim_run_on (burst, "--format=json -q 1 -w 2 trace.csv");
  g_autoptr (SimRun) unsorted = sim_run_on (shuffled, "--format=json -q 1 -w 2 trace.csv");
  g_autoptr (SimRun) piped = sim_run_new ();
  g_autoptr (JsonObject) report = sim_run_json (unsorted);
  g_autofree char *mended = NULL;
  char *notify;

  g_assert_cmpfloat (number (json_object_get_object_member (report, "trace"), NULL, "out_of_order"), ==, 5);
  mended = g_strdup (unsorted->out);
  notify = strstr (mended, "\"out_of_order\" : 5");
  g_assert_nonnull (notify);
  memcpy (notify + strlen ("\"out_of_order\" : "), "0", 1);
  g_assert_cmpstr (mended, ==, sorted->out);
  sim_run_go (piped, "--format=json -q 1 -w 2 -", shuffled);
  g_assert_cmpstr (piped->out, ==, unsorted->out);
}

/* All observers restart with a trace that turns out to be out of order; ids and bytes are kept. */
static void
test_side_files_of_an_unsorted_trace (void)
{
  static const char one[] = "arrival,service,id,bytes\n0,0.1,a,7\n0,0.1,b,\n1,0.1,c,9\n",
                    other[] = "arrival,service,id,bytes\n1,0.1,c,9\n0,0.1,a,7\n0,0.1,b,\n";
  static const char arguments[]
      = "--no-plan -m bufferedchannel --at 0.05s --jobs=jobs.csv --series=series.csv --format=json trace.csv";
  g_autoptr (SimRun) sorted = sim_run_on (one, arguments), unsorted = sim_run_on (other, arguments);
  g_autofree char *jobs = sim_run_read (sorted, "jobs.csv"), *series = sim_run_read (sorted, "series.csv");
  g_autofree char *other_jobs = sim_run_read (unsorted, "jobs.csv"),
                  *other_series = sim_run_read (unsorted, "series.csv");
  g_autoptr (JsonObject) report = sim_run_json (unsorted);
  JsonArray *states = json_object_get_array_member (json_object_get_object_member (report, "at"), "models");

  g_assert_cmpstr (other_jobs, ==, jobs);
  g_assert_cmpstr (other_series, ==, series);
  g_assert_nonnull (strstr (jobs, "\n0.000000000,0.100000000,a,7,"));
  g_assert_nonnull (strstr (jobs, "\n0.000000000,0.100000000,b,,"));
  g_assert_nonnull (strstr (jobs, "\n1.000000000,0.100000000,c,9,"));
  g_assert_cmpint (json_object_get_int_member (json_array_get_object_element (states, 0), "depth"), ==, 1);
}

/* So they do where many rows were shown before the late one was found. */
static void
test_side_files_restart (void)
{
  static const char arguments[]
      = "-m workerpool -w 2 -q 4 --jobs=jobs.csv --series=series.csv --interval=100ms --at=2s --format=json trace.csv";
  static const char header[] = "arrival,service\n", first[] = "0,0.5\n";
  g_autoptr (GString) rows = g_string_new (NULL);
  g_autofree char *early = NULL, *late = NULL, *jobs = NULL, *other_jobs = NULL, *series = NULL,
                  *other_series = NULL;
  g_autoptr (SimRun) sorted = NULL, unsorted = NULL;
  g_autoptr (JsonObject) report = NULL, other = NULL;

  for (guint i = 1; i <= 3000; i++)
    g_string_append_printf (rows, "%u.%03u,0.003\n", i / 1000, i % 1000);
  early = g_strconcat (header, first, rows->str, NULL);
  late = g_strconcat (header, rows->str, first, NULL);
  sorted = sim_run_on (early, arguments);
  unsorted = sim_run_on (late, arguments);
  jobs = sim_run_read (sorted, "jobs.csv");
  series = sim_run_read (sorted, "series.csv");
  other_jobs = sim_run_read (unsorted, "jobs.csv");
  other_series = sim_run_read (unsorted, "series.csv");
  report = sim_run_json (sorted);
  other = sim_run_json (unsorted);
  g_assert_cmpstr (other_jobs, ==, jobs);
  g_assert_cmpstr (other_series, ==, series);
  g_assert_true (
      json_node_equal (json_object_get_member (other, "at"), json_object_get_member (report, "at")));
}

/* The next moment would be beyond 292 years. */
static void
test_series_at_longest_times (void)
{
  g_autoptr (SimRun) run = sim_run_on ("arrival,service\n0,9200000000\n",
                                       "-m default --series=- --interval=3000000000s trace.csv");

  assert_done (run, 0);
  g_assert_cmpstr (
      run->out, ==,
      "time,mode,depth,parked,busy\n0.000000000,Default,0,0,1\n3000000000.000000000,Default,0,0,1\n"
      "6000000000.000000000,Default,0,0,1\n9000000000.000000000,Default,0,0,1\n");
}

/* One processor is busy with four jobs of a hundred years for too long; enough workers are not. It is
 * reported, from any thread. */
static void
test_a_model_that_takes_too_long (void)
{
  static const char years[] = "arrival,service\n0,3000000000\n0,3000000000\n0,3000000000\n0,3000000000\n";

  for (guint threads = 1; threads <= 2; threads++)
    {
      g_autofree char *arguments
          = g_strdup_printf ("--threads=%u --no-plan --format=json trace.csv", threads);
      g_autoptr (SimRun) run = sim_run_on (years, arguments);

      g_assert_cmpint (run->status, ==, 2);
      g_assert_cmpstr (run->out, ==, "");
      g_assert_cmpstr (run->err, ==, "wp-sim: trace.csv: the simulated time passes 292 years\n");
    }
}

/* As many threads as may be, the same figures: a warm-up by time, too, and of a trace that is long enough for
 * them. */
static void
test_threads_and_a_warm_up (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) one = NULL, two = NULL;

  for (guint i = 0; i < 30000; i++)
    g_string_append_printf (trace, "%u.%03u,0.00%u\n", i / 1000, i % 1000, 1 + i * i % 7);
  one = sim_run_on (trace->str, "--threads=1 --warmup=3s --no-plan --format=json -w 4 -q 10 trace.csv");
  two = sim_run_on (trace->str, "--threads=2 --warmup=3s --no-plan --format=json -w 4 -q 10 trace.csv");
  assert_done (one, 0);
  g_assert_cmpstr (two->out, ==, one->out);
}

static void
test_equal_seeds (void)
{
  /* drawn again from the first after sorting */
  g_autoptr (SimRun) one = sim_run_on ("arrival\n1\n2\n0\n", "--format=json -s exp:1s trace.csv");
  g_autoptr (SimRun) same = sim_run_on ("arrival\n0\n1\n2\n", "--format=json -s exp:1s trace.csv");
  g_autoptr (SimRun) other = sim_run_on ("arrival\n0\n1\n2\n", "--format=json -s exp:1s --seed=2 trace.csv");

  g_assert_cmpstr (strstr (one->out, "\"models\""), ==, strstr (same->out, "\"models\""));
  g_assert_cmpstr (strstr (other->out, "\"models\""), !=, strstr (same->out, "\"models\""));
}

static void
test_scales_and_limit (void)
{
  g_autoptr (SimRun) run
      = sim_run_on (burst, "--format=json -m default --scale=2 --service-scale=3 trace.csv");
  g_autoptr (SimRun) few = sim_run_on (
      burst, "--format=json -m default --limit=2 --service=1s --service-always --service-scale=2 trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  g_autoptr (JsonObject) limited = sim_run_json (few);

  g_assert_cmpfloat (number (model_of (report, 0), NULL, "makespan"), ==, 1.55);
  g_assert_cmpfloat (number (model_of (report, 0), "response", "max"), ==, 0.3);
  g_assert_cmpfloat (number (model_of (limited, 0), NULL, "requests"), ==, 2);
  g_assert_cmpfloat (number (model_of (limited, 0), "response", "mean"), ==, 2);
}

static void
assert_golden (const SimRun *run, const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "tests", "golden", name, NULL);
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;

  if (g_getenv ("WP_UPDATE_GOLDEN")) /* look at the difference before you commit it */
    g_file_set_contents (path, run->out, -1, NULL);
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (run->out, ==, expected);
}

static void
test_golden_text (void)
{
  g_autoptr (SimRun) run = sim_run_on (shuffled, "-q 1 -w 2 trace.csv");
  g_autoptr (SimRun) refusing
      = sim_run_on (burst, "-m WorkerPool -q 1 -w 2 --block-timeout=0.1s --patience=50ms trace.csv");

  assert_done (run, 0);
  assert_golden (run, "wp-sim.txt");
  assert_golden (refusing, "wp-sim-patience.txt");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim/json-shape", test_json_shape);
  g_test_add_func ("/wp-sim/percentiles", test_percentiles);
  g_test_add_func ("/wp-sim/shortest-numbers", test_shortest_numbers);
  g_test_add_func ("/wp-sim/unused-fields", test_unused_fields);
  g_test_add_func ("/wp-sim/figures-of-a-burst", test_figures_of_a_burst);
  g_test_add_func ("/wp-sim/csv", test_csv);
  g_test_add_func ("/wp-sim/jobs", test_jobs);
  g_test_add_func ("/wp-sim/series", test_series);
  g_test_add_func ("/wp-sim/order-and-standard-input", test_order_and_standard_input);
  g_test_add_func ("/wp-sim/side-files-of-an-unsorted-trace", test_side_files_of_an_unsorted_trace);
  g_test_add_func ("/wp-sim/side-files-restart", test_side_files_restart);
  g_test_add_func ("/wp-sim/series-at-longest-times", test_series_at_longest_times);
  g_test_add_func ("/wp-sim/a-model-that-takes-too-long", test_a_model_that_takes_too_long);
  g_test_add_func ("/wp-sim/threads-and-a-warm-up", test_threads_and_a_warm_up);
  g_test_add_func ("/wp-sim/equal-seeds", test_equal_seeds);
  g_test_add_func ("/wp-sim/scales-and-limit", test_scales_and_limit);
  g_test_add_func ("/wp-sim/golden-text", test_golden_text);

  return g_test_run ();
}
