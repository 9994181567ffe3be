/* wp-sim with generated traffic, as a user runs it: written and simulated traffic are the same; a bad
 * specification is one line. */
#include <math.h>
#include <string.h>

#include "tests/unit/sim-run.h"

static char *
run_ok (SimRun *run, const char *arguments, const char *input)
{
  sim_run_go (run, arguments, input);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);

  return g_strdup (run->out);
}

/* The traffic and the models of the JSON, which both have; what a file was found to be is of one only. */
static char *
figures_of (const char *json)
{
  g_auto (GStrv) parts = g_strsplit (json, ",\n    \"format\" : \"CSV\"", 2);
  g_autofree char *joined = g_strjoinv ("", parts);
  const char *models = strstr (joined, "\"models\""), *end = models ? strstr (models, "\n  ]") : NULL;

  g_assert_nonnull (end);

  return g_strndup (joined, (gsize) (end - joined));
}

static void
assert_same (const char *spec, const char *service, const char *drawing, const char *model)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *generate = g_strdup_printf ("--generate %s -s %s %s", spec, service, drawing);
  g_autofree char *synthetic
      = g_strdup_printf ("--synthetic %s -s %s %s %s --format json", spec, service, drawing, model);
  g_autofree char *replay = g_strdup_printf ("%s --format json -", model);
  g_autofree char *trace = run_ok (run, generate, NULL);
  g_autofree char *read = run_ok (run, replay, trace), *drawn = run_ok (run, synthetic, NULL);
  g_autofree char *read_figures = figures_of (read), *drawn_figures = figures_of (drawn);

  g_test_message ("%s", synthetic);
  g_assert_cmpstr (read_figures, ==, drawn_figures);
}

static void
test_same (void)
{
  assert_same ("poisson:rate=50,n=30000", "exp:18ms", "--seed 1", "-m bufferedchannel");
  assert_same ("poisson:rate=50,n=30000", "exp:18ms", "--seed 77 --scale 1.07 --service-scale 0.9",
               "-q 20 -w 2");
  assert_same ("mmpp:rates=10:200,sojourns=2s:200ms,duration=300s", "hyperexp:30ms:2", "--seed 2",
               "-q 5 -w 3 --when-full reject");
  assert_same ("poisson:rate=20:900,duration=40s", "exp:20ms", "--seed 4 --scale 1.3", "-w 9");
  assert_same ("diurnal:rate=50,amplitude=0.7,period=60s,n=20000", "pareto:20ms:1.3:5s", "--limit 15000",
               "-w 2 -q 0 --patience 50ms");
  assert_same ("constant:rate=30,duration=100s", "lognormal:33ms:0.2", "--seed 3", "-w 1 -q 7 --warmup 500");
}

/* The column of @index, one cell a line. */
static char *
column_of (const char *csv, guint index)
{
  g_auto (GStrv) lines = g_strsplit (csv, "\n", -1);
  GString *column = g_string_new (NULL);

  for (guint i = 0; lines[i]; i++)
    if (*lines[i] != '\0' && *lines[i] != '#')
      {
        g_auto (GStrv) cells = g_strsplit (lines[i], ",", -1);

        g_string_append_printf (column, "%s\n", cells[index]);
      }

  return g_string_free (column, FALSE);
}

static void
test_common_random_numbers (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *one
      = run_ok (run, "--generate mmpp:rates=10:200,sojourns=2s:200ms,n=5000 -s exp:18ms", NULL);
  g_autofree char *again
      = run_ok (run, "--generate mmpp:rates=10:200,sojourns=2s:200ms,n=5000 -s exp:18ms", NULL);
  g_autofree char *other
      = run_ok (run, "--generate mmpp:rates=10:200,sojourns=2s:200ms,n=5000 -s lognormal:18ms:3", NULL);
  g_autofree char *faster = run_ok (run, "--generate poisson:rate=9,n=5000 -s exp:18ms", NULL);
  g_autofree char *reseeded = run_ok (run, "--generate poisson:rate=9,n=5000 -s exp:18ms --seed 2", NULL);
  g_autofree char *arrivals = column_of (one, 0), *other_arrivals = column_of (other, 0);
  g_autofree char *services = column_of (one, 1), *faster_services = column_of (faster, 1);

  g_assert_cmpstr (one, ==, again);
  g_assert_cmpstr (arrivals, ==, other_arrivals);
  g_assert_cmpstr (services, ==, faster_services);
  g_assert_cmpstr (faster, !=, reseeded);
}

static void
test_written (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *text
      = run_ok (run, "--generate constant:rate=3,n=3 -s 0.1234567 --digits 6 --ids --seed 5", NULL);

  g_assert_true (g_str_has_prefix (text, "# generator: wp-sim "));
  g_assert_nonnull (
      strstr (text, "\n# arrivals: constant:rate=3,n=3\n# service: 0.1234567\n# seed: 5\narrival,service,id\n"
                    "0.000000,0.123457,1\n0.333333,0.123457,2\n0.666667,0.123457,3\n"));
}

static JsonObject *
confidence_of (SimRun *run)
{
  g_autoptr (JsonObject) report = sim_run_json (run);

  return json_object_ref (
      json_array_get_object_element (json_object_get_array_member (report, "confidence"), 0));
}

static void
test_theory (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) confidence = NULL;
  g_autofree char *text
      = run_ok (run,
                "--synthetic poisson:rate=50,n=200000 -s exp:14ms -m bufferedchannel --theory --warmup 1000",
                NULL);

  g_assert_nonnull (strstr (text, "\nBufferedChannel: 95 % confidence by batch means, "));
  g_assert_nonnull (strstr (text, "\ntheory: M/M/1, Kleinrock"));
  g_assert_nonnull (strstr (text, "   inside\n"));
  g_free (run_ok (
      run,
      "--synthetic poisson:rate=50,n=20000 -s exp:14ms -m bufferedchannel --theory --replications 10 --format json",
      NULL));
  confidence = confidence_of (run);
  g_assert_cmpstr (json_object_get_string_member (confidence, "method"), ==, "replications");
  g_assert_cmpint (json_object_get_int_member (confidence, "n"), ==, 10);
  g_assert_cmpstr (json_object_get_string_member (confidence, "theory"), ==, "M/M/1");
  g_free (text);
  text = run_ok (run,
                 "--synthetic mmpp:rates=1:9,sojourns=1s:1s,n=100 -s exp:14ms -m bufferedchannel --theory",
                 NULL);
  g_assert_nonnull (strstr (
      text,
      "BufferedChannel: the run is too short for confidence intervals\ntheory: no closed form: arrivals are not Poisson"));
}

static double
mean_of (SimRun *run, const char *metric)
{
  g_autoptr (JsonObject) confidence = confidence_of (run);
  JsonArray *metrics = json_object_get_array_member (confidence, "metrics");

  for (guint i = 0; i < json_array_get_length (metrics); i++)
    if (g_str_equal (json_object_get_string_member (json_array_get_object_element (metrics, i), "name"),
                     metric))
      return json_object_get_double_member (json_array_get_object_element (metrics, i), "mean");
  g_error ("no metric %s", metric);
}

static double
mean_wait (const char *options)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *arguments
      = g_strconcat ("--synthetic poisson:rate=50,n=2000 -s exp:14ms -m bufferedchannel --format json ",
                     options, NULL);
  g_autoptr (JsonObject) report = NULL;
  JsonObject *model;

  g_free (run_ok (run, arguments, NULL));
  if (strstr (options, "--replications"))
    return mean_of (run, "wait.mean");
  report = sim_run_json (run);
  model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);

  return json_object_get_double_member (json_object_get_object_member (model, "wait"), "mean");
}

/* By Whitt's rule a run at a load of 0.9 needs 36,000 requests, less variable ones fewer; a queue
 * that refuses forgets sooner. */
static void
test_runs_too_short_for_their_load (void)
{
  static const struct {
    const char *options, *warning;
  } cases[] = {
    { "poisson:rate=90,n=20000 -s exp:10ms -m bufferedchannel -q 10000", ": run 36,000 requests or more\n" },
    { "poisson:rate=90,n=40000 -s exp:10ms -m bufferedchannel -q 10000", NULL },
    { "poisson:rate=90,n=20000 -s 10ms -m bufferedchannel -q 10000", NULL },
    { "poisson:rate=90,n=20000 -s exp:10ms -m bufferedchannel -q 5 --when-full reject", NULL },
    { "poisson:rate=780,n=100000 -s exp:10ms -m workerpool -w 8 -q 10000",
      ": run 624,000 requests or more\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autofree char *options = g_strconcat ("--synthetic ", cases[i].options, NULL);
      g_autofree char *text = run_ok (run, options, NULL);
      const char *warning = strstr (text, "; too narrow, the run is too short for its load");

      g_test_message ("%s", cases[i].options);
      g_assert_nonnull (strstr (text, "95 % confidence by batch means, 8 of "));
      g_assert_cmpint (warning != NULL, ==, cases[i].warning != NULL);
      g_assert_true (!warning || strstr (warning, cases[i].warning));
    }
}

/* The first is the run without them; the others are of no seed beside, so that studies of two seeds share
 * none. */
static void
test_replications_have_seeds_of_their_own (void)
{
  double first = mean_wait ("--seed 5"), next = mean_wait ("--seed 6");
  double second = 2 * mean_wait ("--seed 5 --replications 2") - first;
  double third = 3 * mean_wait ("--seed 5 --replications 3") - first - second;

  g_assert_cmpfloat (fabs (second - next), >, 1e-9);
  g_assert_cmpfloat (fabs (third - next), >, 1e-9);
  g_assert_cmpfloat (fabs (third - second), >, 1e-9);
  g_assert_cmpfloat (2 * mean_wait ("--seed 5 --replications 2") - first, ==, second); /* and the same again
                                                                                        */
}

/* Twice what the workers can do: the intervals are of the clock by which the counted jobs have started, and
 * no more than two are busy then. */
static void
test_utilisation_at_most_one (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  g_free (run_ok (
      run, "--synthetic poisson:rate=10,n=40000 -s 250ms -m workerpool -w 2 -q 100000 --format json", NULL));
  g_assert_cmpfloat (mean_of (run, "busy.mean"), <=, 2);
  g_assert_cmpfloat (mean_of (run, "throughput"), <=, 8 + 1e-9);
}

static void
test_clients (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  g_autofree char *text
      = run_ok (run, "--clients 64 --duration 10s -s 10ms -m workerpool -w 4 --ack stored", NULL);

  /* 400 per second, and the 60 that wait */
  g_assert_nonnull (strstr (text, "64 clients, thinking 0, answered when stored: 4,060 requests"));
  g_free (run_ok (run, "--clients 10 --think 1s --limit 1000 -s 1ms --format json", NULL));
  report = sim_run_json (run);
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (report, "trace"), "requests"),
                   ==, 1000);
}

/* A member of one object of the only model. */
static double
figure_of (JsonObject *report, const char *group, const char *name)
{
  JsonObject *model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);

  return json_object_get_double_member (group ? json_object_get_object_member (model, group) : model, name);
}

/* Two clients of one worker, who think as long as it serves: the second waits for the first once, at 0, and
 * is never in its way again. A request that would go out as the duration ends does not. So it is with a
 * database that commits each row by itself. */
static void
test_clients_equal_trace (void)
{
  static const struct {
    const char *arguments;
    int counted;
    double latency_max, latency_mean;
  } cases[] = {
    { "--duration 100ms", 10, 0.020, 0.011 },
    { "--duration 101ms", 11, 0.020, 0.12 / 11 },
    { "--duration 100ms --warmup 2", 8, 0.010, 0.010 },
    { "--duration 100ms --warmup 20ms", 8, 0.010, 0.010 }, /* what is sent at 20 ms counts */
    { "--duration 100ms --warmup 21ms", 7, 0.010, 0.010 },
    /* the second's wait counts, the first's response does not */
    { "--limit 10 --warmup 1", 9, 0.020, 0.1 / 9 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint group = 0; group < 2; group++)
      {
        g_autofree char *arguments = g_strdup_printf (
            "--clients 2 --think 10ms --ack stored -m bufferedchannel --format json %s -s %s",
            cases[i].arguments, group ? "batch:10ms:0s:1" : "10ms");
        g_autoptr (SimRun) run = sim_run_new ();
        g_autoptr (JsonObject) report = NULL;

        g_test_message ("%s", arguments);
        g_free (run_ok (run, arguments, NULL));
        report = sim_run_json (run);
        g_assert_cmpfloat (figure_of (report, NULL, "requests"), ==, cases[i].counted);
        g_assert_cmpfloat_with_epsilon (figure_of (report, "latency", "max"), cases[i].latency_max, 1e-12);
        g_assert_cmpfloat_with_epsilon (figure_of (report, "latency", "mean"), cases[i].latency_mean, 1e-12);
      }
}

static void
assert_refused (const char *arguments, const char *what)
{
  g_autoptr (SimRun) run = sim_run_new ();
  const char *end;

  sim_run_go (run, arguments, NULL);
  g_test_message ("%s -> %s", arguments, run->err);
  end = strchr (run->err, '\n');
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_true (g_str_has_prefix (run->err, "wp-sim: "));
  g_assert_cmpstr (end, ==, "\n");
  g_assert_nonnull (strstr (run->err, what));
}

static void
test_refusals (void)
{
  static const struct {
    const char *arguments, *what;
  } table[] = {
    { "--generate uniform:rate=1,n=1", "arrivals are constant:, poisson:, mmpp: or diurnal:" },
    { "--dispatch-time x trace.csv", "--dispatch-time: \"x\" is not a service time" },
    { "--dispatch-time batch:1ms:1ms trace.csv", "--dispatch-time: a job is not dispatched in groups" },
    { "--dispatch-time 1ms -s batch:1ms:1ms trace.csv",
      "--dispatch-time is not available with --service=batch:" },
    { "--dispatch-time 1ms --theory --clients 1 --limit 1",
      "--theory is not available with --dispatch-time" },
    { "--dispatch-time 1ms -m workerpool --against r.csv trace.csv",
      "--dispatch-time does not go with --against" },
    { "--generate poisson", "no \"rate\"" },
    { "--generate poisson:rate=1,n", "\"n\" is not of the form key=value" },
    { "--generate poisson:rate=1", "no end: give \"duration\" or \"n\"" },
    { "--generate poisson:rat=1,n=1", "poisson has no \"rat\"; did you mean \"rate\"?" },
    { "--generate poisson:rate=1,rate=2,n=1", "\"rate\" is given twice" },
    { "--generate poisson:rate=0,n=1", "rate: \"0\" is not a number above 0" },
    { "--generate poisson:rate=nan,n=1", "rate: \"nan\" is not a number above 0" },
    { "--generate poisson:rate=2e9,n=1", "more than one request per nanosecond" },
    { "--generate poisson:rate=1,n=0", "n: \"0\" is not a number from 1" },
    { "--generate poisson:rate=1,duration=soon", "duration: \"soon\" is not a time" },
    { "--generate poisson:rate=1,duration=0", "duration: \"0\" is not a time above 0" },
    { "--generate poisson:rate=0.001,duration=1ms", "no request arrives within its duration" },
    { "--synthetic poisson:rate=0.001,duration=1ms", "no request arrives " },
    { "--generate poisson:rate=1:x,duration=5s", "rate: \"x\" is not a number above 0" },
    { "--generate poisson:rate=1:0,duration=5s", "rate: \"0\" is not a number above 0" },
    { "--generate constant:rate=1:2,n=3", "no \"duration\", within which the rate goes" },
    { "--generate diurnal:rate=1:2,amplitude=0,period=1h,n=3", "rate: \"1:2\" is not a number above 0" },
    { "--generate mmpp:rates=1:2,n=3", "no \"sojourns\"" },
    { "--generate mmpp:rates=1:2,sojourns=1s,n=3", "\"1s\" is not a list of 2 to 16 states" },
    { "--generate mmpp:rates=1:2,sojourns=1s:1s:1s,n=3", "2 rates, but 3 sojourns" },
    { "--generate mmpp:rates=0:0,sojourns=1s:1s,n=3", "every rate is 0" },
    { "--generate diurnal:rate=1,amplitude=1.5,period=1h,n=3", "the rate would fall below 0" },
    { "--generate poisson:rate=1,n=1 -s hyperexp:1s:1", "CV must be more than 1" },
    { "--generate poisson:rate=1,n=1 -s pareto:2s:1.5:1s", "the mean must be between 0 and 1s" },
    { "--generate poisson:rate=1,n=1 -s pareto:2s:1.5", "is not a service time" },
    { "--generate poisson:rate=1e-9,n=30", "more than 292 years" },
    { "--generate poisson:rate=1,n=1 --digits 0", "--digits: \"0\" is not a number from 1 to 9" },
    { "--generate poisson:rate=1,n=1 trace.csv", "exclude each other" },
    { "--generate poisson:rate=1,n=1 --synthetic poisson:rate=1,n=1", "exclude each other" },
    { "--digits 3 trace.csv", "--digits needs --generate" },
    { "--ids trace.csv", "--ids needs --generate" },
    { "--theory trace.csv", "--theory needs --synthetic or --clients" },
    { "--replications 3 trace.csv", "--replications needs" },
    { "--replications 1 --synthetic poisson:rate=1,n=9", "is not a number from 2" },
    { "--precision 0 --synthetic poisson:rate=1,n=9", "\"0\" is not a share above 0" },
    { "--precision 200% --synthetic poisson:rate=1,n=9", "\"200%\" is not a share above 0" },
    { "--warmup 10 --synthetic poisson:rate=1,n=9", "the warm-up is longer than the trace" },
    { "--warmup x --synthetic poisson:rate=1,n=9", "--warmup: \"x\" is not a time" },
    { "--clients 0 --duration 1s", "--clients: \"0\" is not a number from 1" },
    { "--clients 5", "no end: give --duration or --limit" },
    { "--clients 5 --duration 0", "\"0\" is not a time above 0" },
    { "--clients 5 --duration 1s --ack maybe", "\"maybe\" is not an acknowledgement: accepted or stored" },
    { "--clients 5 --duration 1s --think gamma:1", "\"gamma:1\" is not a service time" },
    { "--clients 5 --duration 1s -m default --jobs x", "are not available with --clients" },
    { "--clients 5 --duration 1s -m default", "Default: simulated time does not" },
    { "-m bufferedchannel --ack stored --clients 5 --duration 1s --warmup 2s",
      "the warm-up is longer than the run" },
    { "--think 1s trace.csv", "--think needs --clients" },
    { "--clients 5 --duration 1s --think batch:1ms:1us", "--think: batch: is for a database" },
    { "--duration 1s trace.csv", "--duration needs --clients" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    assert_refused (table[i].arguments, table[i].what);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-drawn/same-as-written", test_same);
  g_test_add_func ("/wp-sim-drawn/common-random-numbers", test_common_random_numbers);
  g_test_add_func ("/wp-sim-drawn/written", test_written);
  g_test_add_func ("/wp-sim-drawn/theory", test_theory);
  g_test_add_func ("/wp-sim-drawn/utilisation-at-most-one", test_utilisation_at_most_one);
  g_test_add_func ("/wp-sim-drawn/runs-too-short-for-their-load", test_runs_too_short_for_their_load);
  g_test_add_func ("/wp-sim-drawn/replications-have-seeds-of-their-own",
                   test_replications_have_seeds_of_their_own);
  g_test_add_func ("/wp-sim-drawn/clients", test_clients);
  g_test_add_func ("/wp-sim-drawn/clients-equal-trace", test_clients_equal_trace);
  g_test_add_func ("/wp-sim-drawn/refusals", test_refusals);

  return g_test_run ();
}
