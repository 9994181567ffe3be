/* Text, CSV and JSON of one run have the same figures; and figures that no other test reads as numbers. */
#include <math.h>
#include <string.h>

#include "tests/unit/sim-run.h"

#define LABELS 22 /* columns of a line's two labels */
#define CELL   17 /* and of each model's figure */

/* The text's lines, by their labels: a line without a label belongs to the one above. */
static const struct {
  const char *label, *sublabel, *figure;
} lines[] = {
  { "accepted", "", "accepted" },
  { "rejected", "", "rejected" },
  { "timed out", "", "timed_out" },
  { "abandoned", "", "abandoned" },
  { "blocked", "", "blocked" },
  { "  at once", "", "blocked_peak" },
  { "  blocked time", "mean", "blocked_time.mean" },
  { "", "p50", "blocked_time.p50" },
  { "", "p95", "blocked_time.p95" },
  { "", "p99", "blocked_time.p99" },
  { "", "max", "blocked_time.max" },
  { "wait", "mean", "wait.mean" },
  { "", "p50", "wait.p50" },
  { "", "p95", "wait.p95" },
  { "", "p99", "wait.p99" },
  { "", "max", "wait.max" },
  { "response", "mean", "response.mean" },
  { "", "p50", "response.p50" },
  { "", "p90", "response.p90" },
  { "", "p95", "response.p95" },
  { "", "p99", "response.p99" },
  { "", "p99.9", "response.p999" },
  { "", "max", "response.max" },
  { "client latency", "mean", "latency.mean" },
  { "", "p50", "latency.p50" },
  { "", "p90", "latency.p90" },
  { "", "p95", "latency.p95" },
  { "", "p99", "latency.p99" },
  { "", "p99.9", "latency.p999" },
  { "", "max", "latency.max" },
  { "queue depth", "mean", "depth.mean" },
  { "", "p95", "depth.p95" },
  { "", "p99", "depth.p99" },
  { "", "max", "depth.max" },
  { "full for", "", "time_full" },
  { "  first at", "", "first_full" },
  { "busy workers", "mean", "busy.mean" },
  { "", "max", "busy.max" },
  { "utilisation", "", "utilisation" },
  { "makespan", "", "makespan" },
  { "throughput", "", "throughput" },
  { "queue", "", "queue" },
  { "workers", "", "workers" },
};

static SimRun *
run_ok (const char *arguments)
{
  SimRun *run = sim_run_new ();

  sim_run_go (run, arguments, NULL);
  g_test_message ("%s", arguments);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);

  return run;
}

/* "response.p90" of a model; NaN: null, or not there. */
static double
figure_of (JsonObject *object, const char *name)
{
  const char *dot = strchr (name, '.');
  g_autofree char *group = dot ? g_strndup (name, (gsize) (dot - name)) : NULL;
  JsonObject *inner = !group                                   ? object
                      : json_object_has_member (object, group) ? json_object_get_object_member (object, group)
                                                               : NULL;
  const char *member = dot ? dot + 1 : name;

  if (!inner || !json_object_has_member (inner, member) || json_object_get_null_member (inner, member))
    return NAN;

  return json_object_get_double_member (inner, member);
}

/* As people read it: "1,234", "12.3 ms", "41.1 %", "338/s"; NaN: "-". */
static double
read_cell (const char *cell)
{
  static const struct {
    const char *unit;
    double scale;
  } units[] = { { " ns", 1e-9 }, { " us", 1e-6 }, { " ms", 1e-3 }, { " s", 1 },
                { " %", 0.01 },  { "/s", 1 },     { "", 1 } };
  g_auto (GStrv) thousands = g_strsplit (cell, ",", -1);
  g_autofree char *digits = g_strjoinv ("", thousands);
  char *end;
  double value = g_ascii_strtod (digits, &end);

  if (g_str_equal (cell, "-") || g_str_equal (cell, "no limit"))
    return NAN;
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (end, units[i].unit))
      return value * units[i].scale;
  g_error ("\"%s\" is no figure", cell);
}

/* To three digits. */
static void
assert_told (const char *figure, double notify, double value)
{
  if (isnan (value) ? isnan (notify) : fabs (notify - value) <= 0.0051 * fabs (value))
    return;
  g_error ("%s: the report says %g, not %g", figure, notify, value);
}

static int
find_line (const char *label, const char *sublabel, guint after)
{
  for (guint i = after; i < G_N_ELEMENTS (lines); i++)
    if (g_str_equal (lines[i].label, label) && g_str_equal (lines[i].sublabel, sublabel))
      return (int) i;

  return -1;
}

static void
check_line (const char *line, int which, JsonArray *models)
{
  for (guint i = 0; i < json_array_get_length (models); i++)
    {
      g_autofree char *cell = g_strstrip (g_strndup (line + LABELS + i * CELL, CELL));

      assert_told (lines[which].figure, read_cell (cell),
                   figure_of (json_array_get_object_element (models, i), lines[which].figure));
    }
}

/* Returns how many lines of the table there are, from the one after the modes to the throughput. */
static guint
check_text (const char *text, JsonArray *models)
{
  g_auto (GStrv) all = g_strsplit (text, "\n", -1);
  guint n = 0, above = 0;

  for (char **line = all; *line; line++)
    if (strlen (*line) == LABELS + CELL * json_array_get_length (models))
      {
        g_autofree char *label = g_strchomp (g_strndup (*line, 16)),
                        *sublabel = g_strchomp (g_strndup (*line + 16, 6));
        gboolean follows = *label == '\0' && *sublabel != '\0';
        int which = find_line (label, sublabel, follows ? above : 0);

        if (which < 0 || (which == 0 && *label == '\0'))
          continue; /* the modes, and what they do when they are full */
        check_line (*line, which, models);
        above = (guint) which;
        n++;
      }

  return n;
}

static void
check_csv (const char *csv, JsonArray *models)
{
  g_auto (GStrv) rows = g_strsplit (csv, "\n", -1);
  g_auto (GStrv) names = g_strsplit (rows[0], ",", -1);

  g_assert_cmpuint (g_strv_length (rows), ==, json_array_get_length (models) + 2);
  g_assert_cmpuint (g_strv_length (names), ==, 59);
  for (guint i = 0; i < json_array_get_length (models); i++)
    {
      JsonObject *model = json_array_get_object_element (models, i);
      g_auto (GStrv) cells = g_strsplit (rows[i + 1], ",", -1);

      g_assert_cmpuint (g_strv_length (cells), ==, g_strv_length (names));
      g_assert_cmpstr (cells[0], ==, json_object_get_string_member (model, "mode"));
      for (guint j = 1; names[j]; j++)
        if (g_str_equal (names[j], "dispatcher") || g_str_equal (names[j], "when_full"))
          g_assert_cmpstr (cells[j], ==,
                           json_object_get_null_member (model, names[j])
                               ? ""
                               : json_object_get_string_member (model, names[j]));
        else if (*cells[j] == '\0')
          g_assert_true (isnan (figure_of (model, names[j])));
        else
          g_assert_cmpfloat (g_ascii_strtod (cells[j], NULL), ==, figure_of (model, names[j]));
    }
}

/* @n_lines: of the text's table, so that none goes by unseen. */
static void
check_same (const char *arguments, guint n_lines)
{
  g_autofree char *as_json = g_strconcat (arguments, " --format=json", NULL),
                  *as_csv = g_strconcat (arguments, " --format=csv", NULL);
  g_autoptr (SimRun) text = run_ok (arguments), json = run_ok (as_json), csv = run_ok (as_csv);
  g_autoptr (JsonObject) report = sim_run_json (json);
  JsonArray *models = json_object_get_array_member (report, "models");

  g_assert_cmpuint (check_text (text->out, models), ==, n_lines);
  check_csv (csv->out, models);
}

static void
test_text_csv_and_json (void)
{
  check_same ("--synthetic poisson:rate=400,n=4000 -s exp:12ms -w 4 -q 20 --block-timeout 60ms --no-plan",
              34);
  check_same (
      "--synthetic poisson:rate=400,n=4000 -s exp:12ms -m workerpool -w 4 -q 20 --patience 60ms --ack stored --no-plan",
      34);
  check_same (
      "--synthetic poisson:rate=400,n=4000 -s exp:3ms -m bufferedchannel -q 3 --when-full reject --no-plan",
      28);
  check_same ("--clients 20 --think exp:5ms --limit 3000 -s exp:3ms -m workerpool -w 4 -q 3 --ack stored",
              40);
}

/* Ten seconds with 1, 2, ..., 10 requests, each a tenth of a second longer than the one before: what the
 * first lines say. */
static void
test_traffic (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) text = sim_run_new (), json = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonObject *traffic;
  guint n = 0;

  for (guint second = 0; second < 10; second++)
    for (guint i = 0; i <= second; i++)
      g_string_append_printf (trace, "%u.%02u,%u.%u\n", second, i, n / 10, n % 10), n++;
  sim_run_write (text, "trace.csv", trace->str);
  sim_run_go (text, "--no-plan trace.csv", NULL);
  sim_run_write (json, "trace.csv", trace->str);
  sim_run_go (json, "--no-plan --format=json trace.csv", NULL);
  report = sim_run_json (json);
  traffic = json_object_get_object_member (report, "trace");
  g_assert_cmpint (json_object_get_int_member (traffic, "requests"), ==, 55);
  g_assert_cmpfloat (json_object_get_double_member (traffic, "duration"), ==, 9.09);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (traffic, "rate_mean"), 55 / 9.09, 1e-9);
  g_assert_cmpfloat (json_object_get_double_member (traffic, "rate_peak_1s"), ==, 10);
  /* of 1 to 9 */
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (traffic, "dispersion_1s"), 7.5 / 5, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (traffic, "service_mean"), 2.7, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (traffic, "service_p99"), 5.4, 0.0054);
  g_assert_nonnull (strstr (
      text->out,
      "trace.csv (CSV): 55 requests in 9.09 s\n"
      "arrivals: 6.05/s on average, 10 in the fullest second; bursty: 1.50 times as variable as Poisson traffic\n"
      "service: 2.70 s on average, p99 5.40 s\n"));
}

/* A thousand at once before one thread that takes 1 ms for each: they wait 0, 1, ..., 999 ms, two of them no
 * longer than half of it. */
static void
test_http_stage (void)
{
  static const struct {
    const char *figure;
    double one, two;
  } waits[] = {
    { "wait.mean", 0.4995, 0.2495 }, { "wait.p50", 0.499, 0.249 },  { "wait.p90", 0.899, 0.449 },
    { "wait.p99", 0.989, 0.494 },    { "wait.p999", 0.998, 0.499 }, { "wait.max", 0.999, 0.499 },
    { "utilisation", 1, 1 },
  };
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");

  for (guint i = 0; i < 1000; i++)
    g_string_append (trace, "0,0\n");
  for (guint threads = 1; threads <= 2; threads++)
    {
      g_autofree char *arguments
          = g_strdup_printf ("--http-time 1ms --http-threads %u -m default --format=json trace.csv", threads);
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (JsonObject) report = NULL;

      sim_run_write (run, "trace.csv", trace->str);
      sim_run_go (run, arguments, NULL);
      report = sim_run_json (run);
      for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
        {
          double expected = threads == 1 ? waits[i].one : waits[i].two;

          g_assert_cmpfloat_with_epsilon (figure_of (json_object_get_object_member (report, "http_stage"),
                                                     waits[i].figure),
                                          expected, 0.001 * expected);
        }
    }
}

/* Ten seconds with one request each, which do not count, and then a hundred at once, 10 ms each: from the
 * first of these on it is always busy. */
static void
test_http_stage_after_warm_up (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;

  for (guint i = 0; i < 110; i++)
    g_string_append_printf (trace, "%u,0\n", MIN (i, 10));
  sim_run_write (run, "trace.csv", trace->str);
  sim_run_go (run, "--http-time 10ms --warmup 10 -m default --format=json trace.csv", NULL);
  report = sim_run_json (run);
  g_assert_cmpfloat_with_epsilon (
      figure_of (json_object_get_object_member (report, "http_stage"), "utilisation"), 1, 1e-9);
  g_assert_cmpfloat_with_epsilon (
      figure_of (json_object_get_object_member (report, "http_stage"), "wait.mean"), 0.495, 1e-9);
}

/* Three at once reach the queue after 10, 20 and 30 ms. The first is served until 40; the others' clients
 * leave 25 ms after they came, the last of them before it is in the queue at all. */
static void
test_patience_behind_http_stage (void)
{
  static const char *const threads[] = { "1", "2" };

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autofree char *arguments
          = g_strconcat ("--http-time 10ms --patience 25ms -m workerpool -w 1 -q 0 --format=json --threads ",
                         threads[i], " trace.csv", NULL);
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (JsonObject) report = NULL;
      JsonObject *model;

      sim_run_write (run, "trace.csv", "arrival,service\n0,0.03\n0,0.03\n0,0.03\n");
      sim_run_go (run, arguments, NULL);
      g_assert_cmpstr (run->err, ==, "");
      report = sim_run_json (run);
      model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
      g_assert_cmpfloat (figure_of (model, "accepted"), ==, 1);
      g_assert_cmpfloat (figure_of (model, "abandoned"), ==, 2);
    }
}

/* A request that arrives as the warm-up ends counts. */
static void
test_end_of_warm_up (void)
{
  static const struct {
    const char *warm_up;
    int counted;
  } cases[] = { { "--warmup 0", 5 },     { "--warmup 2", 3 },      { "--warmup 1s", 3 },
                { "--warmup 999ms", 3 }, { "--warmup 1.001s", 2 }, { "--warmup 4", 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *arguments
          = g_strconcat (cases[i].warm_up, " -m workerpool --format=json trace.csv", NULL);
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (JsonObject) report = NULL;

      sim_run_write (run, "trace.csv", "arrival,service\n0,0.1\n0.5,0.1\n1,0.1\n1.5,0.1\n2,0.1\n");
      sim_run_go (run, arguments, NULL);
      report = sim_run_json (run);
      g_assert_cmpfloat (
          figure_of (json_array_get_object_element (json_object_get_array_member (report, "models"), 0),
                     "requests"),
          ==, cases[i].counted);
    }
}

static void
check_keys (JsonNode *node)
{
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        check_keys (json_array_get_element (array, i));
    }
  else if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter each;
      const char *name;
      JsonNode *member;

      json_object_iter_init (&each, json_node_get_object (node));
      while (json_object_iter_next (&each, &name, &member))
        {
          if (strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_.") < strlen (name))
            g_error ("the key \"%s\"", name);
          check_keys (member);
        }
    }
}

/* Words in keys are joined by underscores, as in CSV, in every report. */
static void
test_keys (void)
{
  static const char *const arguments[]
      = { "trace.csv",
          "--slo wait.p99.5<1s --http-time 1ms trace.csv",
          "--sweep workers=1:2,queue=0:1 trace.csv",
          "--against=record.csv trace.csv",
          "--calibrate record.csv",
          "--sensitivity=1ms --at 1s trace.csv",
          "--dispatch-time=1ms trace.csv",
          "--synthetic poisson:rate=10,n=1000 --service exp:1ms --theory -m bufferedchannel",
          "--clients 3 --limit 100 --service 1ms",
          "--logged-workers=auto --columns=response=latency log.csv" };

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      g_autofree char *command = g_strconcat ("--format=json ", arguments[i], NULL);
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (JsonNode) root = NULL;

      sim_run_write (run, "trace.csv", "arrival,service\n0,0.1\n0.5,0.1\n1,0.1\n1.5,0.1\n2,0.1\n");
      sim_run_write (run, "log.csv", "arrival,latency\n0,0.1\n0.5,0.1\n1,0.1\n1.5,0.1\n2,0.1\n");
      sim_run_go (run, "-m workerpool -w 1 -q 1 --jobs=record.csv trace.csv", NULL);
      sim_run_go (run, command, NULL);
      g_test_message ("%s -> %s", command, run->err);
      root = json_from_string (run->out, NULL);
      g_assert_nonnull (root);
      check_keys (root);
    }
}

/* Three jobs of 10 ms at once, each 5 ms after the one worker is free, and no other later. */
static void
test_dispatch_time (void)
{
  const char *options = "--dispatch-time 5ms -m workerpool -w 1 -q 5 --format=json --at 12ms";
  g_autofree char *arguments = g_strconcat (options, " --jobs jobs.csv trace.csv", NULL);
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (SimRun) closed = sim_run_new ();
  g_autoptr (JsonObject) report = NULL, loop = NULL;
  g_autofree char *jobs = NULL;
  JsonObject *model, *at;

  sim_run_write (run, "trace.csv", "arrival,service\n0,0.01\n0,0.01\n0,0.01\n");
  sim_run_go (run, arguments, NULL);
  report = sim_run_json (run);
  model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
  g_assert_cmpfloat_with_epsilon (figure_of (model, "wait.mean"), 0.020, 1e-9);
  g_assert_cmpfloat_with_epsilon (figure_of (model, "wait.max"), 0.035, 1e-9);
  g_assert_cmpfloat_with_epsilon (figure_of (model, "response.max"), 0.045, 1e-9);
  g_assert_cmpfloat_with_epsilon (figure_of (model, "depth.mean"), 1, 1e-9); /* 2, 1 and 0, for 15 ms each */
  g_assert_cmpfloat_with_epsilon (figure_of (model, "busy.mean"), 1, 1e-9);
  at = json_array_get_object_element (
      json_object_get_array_member (json_object_get_object_member (report, "at"), "models"), 0);
  g_assert_cmpint (json_object_get_int_member (at, "depth"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (at, "busy"), ==, 1);
  jobs = sim_run_read (run, "jobs.csv");
  g_assert_nonnull (strstr (jobs, "0.035")); /* the start of the last */

  sim_run_go (
      closed,
      "--clients 1 --limit 200 --dispatch-time 5ms -s 10ms --ack stored -m workerpool -w 2 --format=json",
      NULL);
  loop = sim_run_json (closed);
  model = json_array_get_object_element (json_object_get_array_member (loop, "models"), 0);
  g_assert_cmpfloat_with_epsilon (figure_of (model, "throughput"), 1 / 0.015, 1e-6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-report/text-csv-and-json", test_text_csv_and_json);
  g_test_add_func ("/wp-sim-report/dispatch-time", test_dispatch_time);
  g_test_add_func ("/wp-sim-report/patience-behind-http-stage", test_patience_behind_http_stage);
  g_test_add_func ("/wp-sim-report/traffic", test_traffic);
  g_test_add_func ("/wp-sim-report/end-of-warm-up", test_end_of_warm_up);
  g_test_add_func ("/wp-sim-report/http-stage", test_http_stage);
  g_test_add_func ("/wp-sim-report/http-stage-after-warm-up", test_http_stage_after_warm_up);
  g_test_add_func ("/wp-sim-report/keys", test_keys);

  return g_test_run ();
}
