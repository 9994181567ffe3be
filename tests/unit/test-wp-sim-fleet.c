/* wp-sim --instances as a user runs it. */
#include <math.h>
#include <string.h>

#include "tests/unit/sim-run.h"

/* Eight at once, 100 ms each, and two more long after, 300 ms and 100 ms. */
static const char trace[] = "arrival,service\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n0,0.1\n"
                            "5,0.3\n5.1,0.1\n";

static const char access_log[] = "192.0.2.1 - - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n"
                                 "192.0.2.1 - - [29/Nov/2026:10:00:01 +0000] \"GET / HTTP/1.1\" 200 5\n";

static SimRun *
run_on (const char *arguments, int status)
{
  SimRun *run = sim_run_new ();

  sim_run_write (run, "trace.csv", trace);
  sim_run_write (run, "access.log", access_log);
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s -> %d %s", arguments, run->status, run->err);
  g_assert_cmpint (run->status, ==, status);

  return run;
}

static JsonObject *
model_of (JsonObject *report, guint i)
{
  return json_array_get_object_element (json_object_get_array_member (report, "models"), i);
}

static double
number (JsonObject *object, const char *group, const char *name)
{
  return json_object_get_double_member (json_object_get_object_member (object, group), name);
}

/* Two servers of one worker: four rounds each. The shared queue has the places and workers of both. */
static void
test_json (void)
{
  g_autoptr (SimRun) run
      = run_on ("--instances=2 --workers=1 --queue=3 --ack=stored --format=json trace.csv", 0);
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *fleet = model_of (report, 0), *shared = model_of (report, 1);

  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (report, "models")), ==, 2);
  g_assert_cmpint (json_object_get_int_member (fleet, "instances"), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (fleet, "balance"), ==, "round-robin");
  g_assert_cmpint (json_object_get_int_member (fleet, "queue"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (fleet, "workers"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (fleet, "requests"), ==, 10);
  g_assert_cmpint ((gint64) number (fleet, "depth", "max"), ==, 6);
  g_assert_cmpfloat_with_epsilon (number (fleet, "wait", "mean"), 0.12, 1e-9);
  g_assert_cmpint (json_object_get_int_member (shared, "instances"), ==, 1);
  g_assert_true (json_object_get_null_member (shared, "balance"));
  g_assert_cmpint (json_object_get_int_member (shared, "queue"), ==, 6);
  g_assert_cmpint (json_object_get_int_member (shared, "workers"), ==, 2);
  g_assert_cmpfloat_with_epsilon (number (report, "sharing", "wait_mean"), 0, 1e-9);
}

/* In turn, one server gets both of the long services, and the other is idle. */
static void
test_sharing_saves (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival,service\n0,0.1\n0,0\n0.01,0.1\n");
  sim_run_go (run, "--instances=2 -w 1 -q 5 --slo=wait.max<50ms trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "balance: round-robin\n"));
  g_assert_nonnull (strstr (run->out,
                            "one shared queue: wait 30.0 ms shorter on average, 90.0 ms shorter at p99; "
                            "response 90.0 ms shorter at p99\n"));
  g_assert_nonnull (strstr (run->out, "2 servers     shared queue\n"));
  g_assert_nonnull (strstr (run->out, "2 x 5               10\n"));
  g_assert_nonnull (strstr (run->out, "wait.max<50ms                 not met              met\n"));
}

/* It judges the servers, not the shared queue. */
static void
test_gate (void)
{
  g_autoptr (SimRun) passed = run_on ("--instances=2 -w 1 -q 3 --gate trace.csv", 0);
  g_autoptr (SimRun) failed = run_on ("--instances=2 -w 1 -q 2 --gate trace.csv", 1);
  g_autoptr (SimRun) rejected
      = run_on ("--instances=2 -m BufferedChannel -q 2 --when-full=reject --gate trace.csv", 1);

  g_assert_cmpstr (passed->out, ==,
                   "gate passed: --instances=2 --workers=1 --queue=3: blocked 0; rejected 0; timed_out 0; "
                   "wait.p99 300 ms\n");
  g_assert_cmpstr (failed->out, ==,
                   "gate failed: --instances=2 --workers=1 --queue=2: blocked 2, not blocked==0\n");
  g_assert_cmpstr (rejected->out, ==, "gate failed: --instances=2 --queue=2: rejected 2, not rejected==0\n");
}

static void
test_seed_and_warning (void)
{
  const char *random = "--instances=3 -w 1 -q 9 --balance=random --format=json trace.csv --seed=";
  g_autofree char *first = g_strconcat (random, "1", NULL), *second = g_strconcat (random, "2", NULL);
  g_autoptr (SimRun) one = run_on (first, 0), again = run_on (first, 0), other = run_on (second, 0);
  g_autoptr (SimRun) unseen = run_on ("--instances=2 --balance=least trace.csv", 0);

  g_assert_cmpstr (one->out, ==, again->out);
  g_assert_cmpstr (one->out, !=, other->out);
  g_assert_nonnull (strstr (unseen->out, "warning: with --ack=accepted a request is open until its job is "
                                         "accepted, so a balancer does not see what waits in a server"));
}

static void
assert_refused (const char *arguments, const char *message)
{
  g_autoptr (SimRun) run = run_on (arguments, 2);

  g_assert_cmpstr (run->out, ==, "");
  g_assert_true (g_str_has_prefix (run->err, "wp-sim: "));
  g_assert_nonnull (strstr (run->err, message));
  g_assert_cmpstr (strchr (run->err, '\n'), ==, "\n");
}

static void
test_usage (void)
{
  static const char *const one_run[] = { "--plan", "--sweep=queue=1:2", "--margin=2", "--sensitivity=1ms" };
  static const char *const one_server[] = { "--report=r.html", "--at=1s" };
  static const char *const with_stages[]
      = { "--jobs=j.csv", "--series=s.csv", "--plot=p.svg", "--warmup=1s" };

  for (guint i = 0; i < G_N_ELEMENTS (one_run); i++)
    {
      g_autofree char *arguments = g_strconcat ("--instances=2 trace.csv ", one_run[i], NULL);

      assert_refused (arguments, "--instances is one run of a trace or --synthetic: it does not go with");
    }
  for (guint i = 0; i < G_N_ELEMENTS (one_server); i++)
    {
      g_autofree char *arguments = g_strconcat ("--instances=2 trace.csv ", one_server[i], NULL);

      assert_refused (arguments, "which show one server");
    }
  for (guint i = 0; i < G_N_ELEMENTS (with_stages); i++)
    {
      g_autofree char *arguments
          = g_strconcat ("--instances=2 --http-time=1ms trace.csv ", with_stages[i], NULL);

      assert_refused (
          arguments, "--instances with --http-time does not go with --against, --jobs, --series, --plot and");
    }
  assert_refused ("--instances=2 access.log", "access.log: the log has no request times");
  assert_refused ("--balance=least trace.csv", "--balance needs --instances");
  assert_refused ("--instances=2 --balance=last trace.csv",
                  "--balance: \"last\" is not a balance: round-robin, random or least");
  assert_refused ("--instances=0 trace.csv", "--instances: \"0\" is not a number from 1 to 1000");
  assert_refused ("--instances=2 --mode=all trace.csv", "--instances simulates WorkerPool");
  assert_refused ("--instances=2 --mode=Default trace.csv", "--instances simulates WorkerPool");
  assert_refused ("--instances=2 --service=batch:1ms:0 --patience=1s trace.csv",
                  "--instances with --service=batch: does not go with --http-time, --patience,");
  assert_refused ("--instances=2 --service=batch:1ms:0 --when-full=reject trace.csv",
                  "--instances with --service=batch: does not go with --http-time, --patience,");
  assert_refused ("--instances=2 --service=batch:1ms:0 --dispatcher=spawning trace.csv",
                  "--instances with --service=batch: needs the bounded dispatcher");
  assert_refused ("--instances=1000 -q 4294968 trace.csv", "over 4,294,967,294 places or workers");
}

/* Each server has one HTTP thread, which passes four of the eight on, 10 ms each; the shared queue has two.
 */
static void
test_http_stages (void)
{
  const char *arguments = "--instances=2 -w 4 -q 9 --http-time=10ms trace.csv";
  g_autofree char *in_json = g_strconcat (arguments, " --format=json", NULL);
  g_autoptr (SimRun) text = run_on (arguments, 0), run = run_on (in_json, 0);
  g_autoptr (JsonObject) report = sim_run_json (run);

  g_assert_nonnull (strstr (text->out, "HTTP threads: 0.978 % busy; wait "));
  g_assert_nonnull (strstr (text->out, ", at most 30.0 ms\n"));
  g_assert_cmpfloat_with_epsilon (number (model_of (report, 0), "wait", "max"), 0, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (model_of (report, 0), "response", "max"), 0.3, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (model_of (report, 1), "response", "max"), 0.3, 1e-9);
}

/* Of eight at once each server gets four: one alone, then three, in commits of 10 ms and 1 ms per row. So
 * does each worker of a shared queue, which gives to them in turn. */
static void
test_commits (void)
{
  const char *arguments = "--instances=2 -w 4 -q 9 --service=batch:10ms:1ms trace.csv";
  g_autofree char *in_json = g_strconcat (arguments, " --format=json", NULL);
  g_autoptr (SimRun) text = run_on (arguments, 0), run = run_on (in_json, 0);
  g_autoptr (JsonObject) report = sim_run_json (run);

  g_assert_nonnull (strstr (text->out, "balance: round-robin\none shared queue: wait the same on average"));
  g_assert_cmpfloat_with_epsilon (number (model_of (report, 0), "response", "max"), 0.024, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (model_of (report, 1), "response", "max"), 0.024, 1e-9);
  g_assert_cmpfloat (number (report, "sharing", "wait_p99"), ==, 0);
}

/* What each request met in the fleet, and the states of the fleet and of the shared queue. */
static void
test_files (void)
{
  g_autoptr (SimRun) jobs = run_on ("--instances=2 -w 1 -q 9 --jobs=- trace.csv", 0);
  g_autoptr (SimRun) series
      = run_on ("--instances=2 -w 1 -q 9 --balance=random --seed=3 --series=- --interval=5s trace.csv", 0);
  g_autoptr (SimRun) csv = run_on ("--instances=2 -w 1 -q 9 --format=csv trace.csv", 0);
  g_autoptr (SimRun) plot = run_on ("--instances=2 -w 1 -q 9 --plot=p.svg trace.csv", 0);
  g_autofree char *svg = sim_run_read (plot, "p.svg");

  g_assert_nonnull (strstr (jobs->out, "\n5.000000000,0.300000000,,,5.000000000,5.000000000,5.300000000,"));
  g_assert_nonnull (strstr (jobs->out, "\n5.100000000,0.100000000,,,5.100000000,5.100000000,5.200000000,"));
  g_assert_true (g_str_has_prefix (series->out, "time,mode,depth,parked,busy\n0.000000000,2 servers,6,0,2\n"
                                                "0.000000000,shared queue,6,0,2\n"));
  g_assert_true (
      g_str_has_prefix (csv->out, "mode,queue,workers,dispatcher,when_full,instances,balance,requests,"));
  g_assert_nonnull (strstr (csv->out, "\nWorkerPool,9,1,bounded,block,2,round-robin,10,"));
  g_assert_nonnull (strstr (csv->out, "\nWorkerPool,18,2,bounded,block,1,,10,"));
  g_assert_nonnull (strstr (svg, "<svg"));
}

/* --- against --- */

#define FLEET "--instances=2 --balance=round-robin --against=one.csv --against=two.csv trace.csv"

/* The requests of trace.csv by turns: @which of two servers. Its clock begins with its own first request. */
static void
write_turns (SimRun *self, const char *name, guint which, const char *arguments, gboolean ids)
{
  g_autoptr (GString) text = g_string_new (ids ? "arrival,service,id\n" : "arrival,service\n");
  g_autofree char *command = g_strconcat (arguments, " turns.csv --jobs=", name, NULL);

  for (guint i = which; i < 40; i += 2)
    {
      g_string_append_printf (text, "0.%03u,0.%03u", 20 * (i - which), 50 + i % 7);
      g_string_append_printf (text, ids ? ",r%u\n" : "\n", i);
    }
  sim_run_write (self, "turns.csv", text->str);
  sim_run_go (self, command, NULL);
  g_assert_cmpint (self->status, ==, 0);
}

/* The records are what the model makes of each server's share, at the sizes of @one and @two. */
static SimRun *
run_against (const char *one, const char *two, gboolean ids, const char *arguments)
{
  SimRun *self = sim_run_new ();
  g_autoptr (GString) text = g_string_new ("arrival,service,id\n");

  for (guint i = 0; i < 40; i++)
    g_string_append_printf (text, "0.%03u,0.%03u,r%u\n", 20 * i, 50 + i % 7, i);
  sim_run_write (self, "trace.csv", text->str);
  write_turns (self, "one.csv", 0, one, ids);
  write_turns (self, "two.csv", 1, two, ids);
  sim_run_go (self, arguments, NULL);

  return self;
}

static void
test_against (void)
{
  const char *sizes = "-m WorkerPool -q 3 -w 1 --ack=stored";
  g_autoptr (SimRun) run = run_against (sizes, sizes, TRUE, FLEET " --format=json"), text = NULL;
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *against = json_object_get_object_member (report, "against");
  JsonArray *metrics = json_object_get_array_member (against, "metrics"),
            *instances = json_object_get_array_member (against, "instances");

  g_assert_cmpint (run->status, ==, 0);
  g_assert_cmpstr (json_object_get_string_member (against, "verdict"), ==, "agrees");
  g_assert_cmpfloat (json_object_get_double_member (against, "depth_curve_error"), ==, 0);
  for (guint i = 0; i < json_array_get_length (metrics); i++)
    g_assert_cmpfloat (
        fabs (json_object_get_double_member (json_array_get_object_element (metrics, i), "error")), <, 1e-6);
  g_assert_cmpuint (json_array_get_length (instances), ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      JsonObject *instance = json_array_get_object_element (instances, i);

      g_assert_true (json_object_get_boolean_member (instance, "within"));
      g_assert_cmpint (json_object_get_int_member (instance, "requests"), ==, 20);
      g_assert_cmpstr (json_object_get_string_member (instance, "file"), ==, i == 0 ? "one.csv" : "two.csv");
    }
  text = run_against (sizes, sizes, TRUE, FLEET);
  g_assert_cmpint (text->status, ==, 0);
  g_assert_nonnull (
      strstr (text->out, "2 servers, balanced by round-robin, each of: WorkerPool, queue 3, 1 worker"));
  g_assert_nonnull (strstr (text->out, "\nmeasurement: one.csv two.csv"));
  g_assert_nonnull (strstr (text->out,
                            "\ntwo.csv: 20 requests; on its own arrivals every metric is within 2 %, "
                            "the depth curve within 3 %\n"));
  g_assert_nonnull (strstr (text->out, " 40 to 40  yes\n"));
  g_assert_false (json_object_get_null_member (json_array_get_object_element (metrics, 0), "range"));
}

/* One server was slower by a twentieth: however far off both may be together, a server has its 2 %.
 */
static void
test_one_is_off (void)
{
  const char *sizes = "-m WorkerPool -q 3 -w 1 --ack=stored",
             *slow = "-m WorkerPool -q 3 -w 1 --ack=stored --service-scale=1.05";
  g_autoptr (SimRun) run = run_against (sizes, slow, TRUE, FLEET " --tolerance=100%");
  g_autoptr (SimRun) strict = run_against (sizes, slow, TRUE, FLEET " --tolerance=1%");

  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (
      strstr (run->out, "\none.csv: 20 requests; on its own arrivals every metric is within 2 %"));
  g_assert_nonnull (strstr (run->out, "\ntwo.csv: 20 requests; on its own arrivals NOT every metric is"));
  g_assert_nonnull (strstr (run->out, ", the depth curve within 100 %:\n  two.csv on its own arrivals\n"));
  g_assert_cmpint (strict->status, ==, 1);
  g_assert_nonnull (strstr (strict->out, "\nNot agreed: not every metric is within 1 %"));
  g_assert_nonnull (strstr (strict->out, "wait.p50, "));
}

static void
assert_not_compared (SimRun *run, const char *message)
{
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_nonnull (strstr (run->err, message));
}

static void
test_against_usage (void)
{
  const char *sizes = "-m WorkerPool -q 3 -w 1 --ack=stored";
  g_autoptr (SimRun) nameless = run_against (sizes, sizes, FALSE, FLEET);
  g_autoptr (SimRun) three = run_against (sizes, sizes, TRUE, FLEET " --against=one.csv");
  g_autoptr (SimRun) alone
      = run_against (sizes, sizes, TRUE, "--against=one.csv --against=two.csv trace.csv");
  g_autoptr (SimRun) client = run_against (sizes, sizes, TRUE, FLEET " --client=client.csv");
  g_autoptr (SimRun) sizeless = run_against ("-m Default", "-m Default", TRUE, FLEET);
  g_autoptr (SimRun) others = run_against (sizes, "-m WorkerPool -q 3 -w 2 --ack=stored", TRUE, FLEET);

  assert_not_compared (nameless,
                       "one.csv: no request has an id of the trace; the records of several servers are "
                       "compared by id");
  assert_not_compared (three,
                       "--against is given 3 times, and there is a record for each server: --instances=2\n");
  assert_not_compared (alone,
                       "--against is given 2 times, and there is a record for each server: --instances=1\n");
  assert_not_compared (client, "--client does not go with --instances and --fronts");
  assert_not_compared (sizeless, "--instances simulates WorkerPool");
  g_assert_nonnull (strstr (others->out, "the prediction uses workers 1, the measurement used 2"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim/fleet/json", test_json);
  g_test_add_func ("/wp-sim/fleet/sharing", test_sharing_saves);
  g_test_add_func ("/wp-sim/fleet/gate", test_gate);
  g_test_add_func ("/wp-sim/fleet/seed", test_seed_and_warning);
  g_test_add_func ("/wp-sim/fleet/http-stages", test_http_stages);
  g_test_add_func ("/wp-sim/fleet/commits", test_commits);
  g_test_add_func ("/wp-sim/fleet/files", test_files);
  g_test_add_func ("/wp-sim/fleet/usage", test_usage);
  g_test_add_func ("/wp-sim/fleet/against", test_against);
  g_test_add_func ("/wp-sim/fleet/one-is-off", test_one_is_off);
  g_test_add_func ("/wp-sim/fleet/against-usage", test_against_usage);

  return g_test_run ();
}
