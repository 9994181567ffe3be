/* wp-sim --fronts as a user runs it. */
#include <string.h>

#include "tests/unit/sim-run.h"

/* Four at once, and one alone. */
static const char trace[] = "arrival,id\n0,a\n0,b\n0,c\n0,d\n1,e\n";

#define TIMES "--engine=confirm=4ms,deliver=1ms,retry=3ms --service=batch:10ms:1ms"

static SimRun *
run_on (const char *arguments, int status)
{
  SimRun *run = sim_run_new ();

  sim_run_write (run, "trace.csv", trace);
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s -> %d %s", arguments, run->status, run->err);
  g_assert_cmpint (run->status, ==, status);

  return run;
}

static JsonObject *
model_of (JsonObject *report)
{
  return json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
}

static double
number (JsonObject *object, const char *group, const char *name)
{
  return json_object_get_double_member (json_object_get_object_member (object, group), name);
}

/* A front needs 2 ms per request, so two of the four are published at 2 ms and two at 4 ms. At 7 ms the one
 * worker has the first two, of which it commits one at once; then two, then the fourth alone from 30 ms on.
 */
static void
test_json (void)
{
  g_autoptr (SimRun) run = run_on ("--fronts=2 --workers=1 --batch=2 --queue=2 --http-time=2ms " TIMES
                                   " --format=json trace.csv",
                                   0);
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *model = model_of (report);

  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (json_object_get_int_member (model, "fronts"), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (model, "balance"), ==, "round-robin");
  g_assert_cmpstr (json_object_get_string_member (model, "engine"), ==, "confirm=4ms,deliver=1ms,retry=3ms");
  g_assert_cmpint (json_object_get_int_member (model, "batch"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (model, "commits"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (model, "requests"), ==, 5);
  g_assert_cmpfloat_with_epsilon (number (model, "wait", "max"), 0.030, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (model, "response", "max"), 0.041, 1e-9);
  g_assert_cmpint ((gint64) number (model, "depth", "max"), ==, 2);
}

/* The worker holds two, the third is in a queue with no place for more, and the fourth is refused. At 16 ms
 * the first is stored, at 20 ms that is acknowledged and the third leaves; the front offers the fourth half a
 * try later, which takes it another confirm. At 31 ms the worker has credit for it. */
static void
test_jobs (void)
{
  g_autoptr (SimRun) run = run_on ("--fronts=1 --workers=1 --batch=2 --queue=0 "
                                   "--engine=confirm=4ms,deliver=1ms,retry=3ms,prefetch=2 "
                                   "--service=batch:10ms:1ms --jobs=- trace.csv",
                                   0);

  g_assert_nonnull (strstr (
      run->out, "\n0.000000000,0.022000000,b,,0.004000000,0.005000000,0.027000000,0.027000000,stored,0\n"));
  g_assert_nonnull (strstr (
      run->out, "\n0.000000000,0.017000000,d,,0.025500000,0.032000000,0.049000000,0.049000000,stored,1\n"));
}

/* A queue of ten places that is full takes jobs again with eight, or as --engine says. The worker stores one
 * at a time and takes one: the next is accepted three commits of 10 ms after the queue was full, or at the
 * first. */
static void
test_reopen (void)
{
  g_autoptr (GString) jobs = g_string_new ("arrival,id\n");
  static const struct {
    const char *reopen, *accepted;
  } cases[] = { { "", "0.030000000" }, { ",reopen=100%", "0.010000000" }, { ",reopen=0.5", "0.060000000" } };

  for (guint i = 0; i < 13; i++) /* one with the worker, eleven, and one that is refused */
    g_string_append_printf (jobs, "0,j%u\n", i);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *arguments
          = g_strdup_printf ("--fronts=1 --workers=1 --batch=1 --queue=10 "
                             "--engine=confirm=0,retry=0,prefetch=1%s --service=batch:10ms:0 --jobs=- t.csv",
                             cases[i].reopen);
      g_autofree char *row = g_strdup_printf (",j12,,%s,", cases[i].accepted);
      g_autoptr (SimRun) run = sim_run_new ();

      sim_run_write (run, "t.csv", jobs->str);
      sim_run_go (run, arguments, NULL);
      g_test_message ("%s: %s%s", arguments, run->out, run->err);
      g_assert_cmpint (run->status, ==, 0);
      g_assert_nonnull (strstr (run->out, row));
    }
}

static void
test_text_and_csv (void)
{
  g_autoptr (SimRun) text = run_on ("--fronts=3 --workers=2 --queue=100 --batch=50 --balance=random " TIMES
                                    " --slo=response.p99<1s trace.csv",
                                    0);
  g_autoptr (SimRun) csv
      = run_on ("--fronts=3 --workers=2 --queue=1000 --batch=50 " TIMES " --format=csv trace.csv", 0);

  g_assert_nonnull (strstr (text->out, "fronts: 3, arrivals random, threads 0.00 % busy; engine: "
                                       "confirm=4ms,deliver=1ms,retry=3ms\ncommits: "));
  g_assert_nonnull (strstr (text->out, " shared queue\n"));
  g_assert_nonnull (strstr (text->out, "response.p99<1s                   met\n"));
  g_assert_true (g_str_has_prefix (
      csv->out, "mode,queue,workers,dispatcher,when_full,fronts,balance,batch,rows_per_commit,requests,"));
  g_assert_nonnull (strstr (csv->out, "\nWorkerPool,1000,2,bounded,block,3,round-robin,50,"));
}

static void
test_series (void)
{
  g_autoptr (SimRun) run
      = run_on ("--fronts=2 --workers=1 --batch=2 --queue=10 " TIMES " --series=- --interval=8ms trace.csv",
                0);

  g_assert_true (g_str_has_prefix (run->out, "time,mode,depth,parked,busy\n0.000000000,shared queue,0,4,0\n"
                                             "0.008000000,shared queue,2,0,2\n"));
}

/* Each commit takes 10 ms and 1 ms for each of its 20 jobs at most, so a worker stores 667 per second at
 * best: 2,000 and 4,000 per second need over 3 and 6. A front passes 1,000 per second. */
static void
test_plan (void)
{
  const char *fleet = "--fronts=1 --workers=1 --batch=20 --http-time=1ms " TIMES
                      " --synthetic=constant:rate=2200,duration=5s --plan --slo=response.p99<100ms";
  g_autofree char *json_arguments = g_strconcat (fleet, " --format=json", NULL),
                  *unmet_arguments = g_strconcat (fleet, " --slo=response.p50<10ms", NULL);
  g_autoptr (SimRun) run = run_on (json_arguments, 0), text = run_on (fleet, 0),
                     unmet = run_on (unmet_arguments, 1);
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonArray *points = json_object_get_array_member (report, "fleet_plan");
  JsonObject *once = json_array_get_object_element (points, 0),
             *twice = json_array_get_object_element (points, 1);

  g_assert_cmpint (json_object_get_int_member (once, "workers"), ==, 4);
  g_assert_cmpint (json_object_get_int_member (once, "fronts"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (once, "queue"), >=, 20);
  g_assert_cmpstr (json_object_get_string_member (once, "fails"), ==, "response.p99<100ms");
  g_assert_cmpint (json_object_get_int_member (twice, "workers"), >=, 7);
  g_assert_cmpint (json_object_get_int_member (twice, "fronts"), ==, 5);
  g_assert_nonnull (strstr (text->out,
                            "\nplan for the fleet: response.p99<100ms\n  1x the traffic: 4 workers, "
                            "3 fronts, a queue of "));
  g_assert_nonnull (strstr (text->out, "; one worker less fails response.p99<100ms\n"));
  g_assert_nonnull (
      strstr (unmet->out, "  1x the traffic: no number of workers and fronts meets response.p50<10ms\n"));
}

/* A front's record: publishes of 2 ms and 6 ms, and one that waited for a place. */
static void
test_confirms_of_a_record (void)
{
  const char *front = "arrival,accepted,ended,outcome,blocked\n0,0.002,0.002,passed,0\n"
                      "0.5,0.506,0.506,passed,0\n1,1.9,1.9,passed,1\n";
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  double least, most;

  sim_run_write (run, "front.csv", front);
  sim_run_go (run,
              "--fronts=1 --workers=1 --engine=deliver=1ms,confirm=from:front.csv --service=batch:0:1ms "
              "--synthetic=constant:rate=100,duration=1s --format=json",
              NULL);
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  least = number (model_of (report), "accept_latency", "p50");
  most = number (model_of (report), "accept_latency", "max");
  g_assert_cmpfloat (least, >=, 0.002);
  g_assert_cmpfloat_with_epsilon (most, 0.006, 1e-9);
  g_assert_cmpfloat_with_epsilon (number (model_of (report), "accept_latency", "mean"), 0.004, 1e-4);
}

/* --- against --- */

#define RECORDED "--fronts=2 --workers=2 --batch=4 --queue=100 --http-time=1ms " TIMES
#define AGAINST  RECORDED " --against=f0.csv --against=f1.csv --against=w0.csv --against=w1.csv trace.csv"

/* As records are: @which of two fronts, or of two workers, whose clock is ahead, with services @scale times
 * as long. Each @cells is a row of --jobs. */
static void
write_record (SimRun *self, const char *name, guint which, gboolean is_worker, char **lines, double scale)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint row = 0;

  g_string_assign (text, is_worker
                             ? "arrival,service,id,bytes,enqueued,started,finished,ended,outcome,blocked\n"
                             : "arrival,id,bytes,accepted,ended,outcome,blocked\n");
  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) cells = g_strsplit (*line, ",", -1);
      double arrival, accepted, started, finished;

      if (g_strv_length (cells) < 10 || g_str_equal (cells[0], "arrival") || row++ % 2 != which)
        continue;
      arrival = g_ascii_strtod (cells[0], NULL);
      accepted = g_ascii_strtod (cells[4], NULL);
      started = g_ascii_strtod (cells[5], NULL);
      finished = started + scale * (g_ascii_strtod (cells[6], NULL) - started);
      if (is_worker)
        g_string_append_printf (text, "%.9f,,%s,,%.9f,%.9f,%.9f,%.9f,stored,0\n", 70 + started, cells[2],
                                70 + arrival, 70 + started, 70 + finished, 70 + finished);
      else
        g_string_append_printf (text, "%.9f,%s,,%.9f,%.9f,passed,0\n", arrival, cells[2], accepted, accepted);
    }
  sim_run_write (self, name, text->str);
}

/* The records are what the model makes, with commits that take @scale times as long. */
static SimRun *
run_against (double scale, gboolean ids, const char *arguments)
{
  SimRun *self = sim_run_new ();
  g_autoptr (GString) text = g_string_new (ids ? "arrival,id\n" : "arrival\n");
  g_autofree char *jobs = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 400; i++)
    g_string_append_printf (text, ids ? "%u.%03u,r%u\n" : "%u.%03u\n", i * 5 / 1000, i * 5 % 1000, i);
  sim_run_write (self, "trace.csv", text->str);
  sim_run_go (self, RECORDED " --jobs=jobs.csv trace.csv", NULL);
  g_assert_cmpint (self->status, ==, 0);
  jobs = sim_run_read (self, "jobs.csv");
  lines = g_strsplit (jobs, "\n", -1);
  for (guint i = 0; i < 2; i++)
    {
      write_record (self, i == 0 ? "f0.csv" : "f1.csv", i, FALSE, lines, 1);
      write_record (self, i == 0 ? "w0.csv" : "w1.csv", i, TRUE, lines, scale);
    }
  sim_run_go (self, arguments, NULL);
  g_test_message ("%s%s", self->out, self->err);

  return self;
}

static void
test_against (void)
{
  g_autoptr (SimRun) text = run_against (1, TRUE, AGAINST);
  g_autoptr (SimRun) json = run_against (1, TRUE, AGAINST " --format=json");
  g_autoptr (SimRun) slow = run_against (1.5, TRUE, AGAINST);
  g_autoptr (JsonObject) report = sim_run_json (json);
  JsonObject *against = json_object_get_object_member (report, "against"),
             *records = json_object_get_object_member (against, "records");
  JsonArray *metrics = json_object_get_array_member (against, "metrics");
  guint n_judged = 0;

  g_assert_cmpint (text->status, ==, 0);
  g_assert_nonnull (strstr (text->out, "2 fronts and one shared queue: WorkerPool, queue 100, 2 workers"));
  g_assert_nonnull (strstr (text->out,
                            "\nrecords:     of 2 fronts and 2 workers, joined by id; from confirm to "
                            "start 1.00 ms at p10\n"));
  g_assert_nonnull (
      strstr (text->out, "\nAgreed: response.p50, response.p99 and depth.mean are within 10 % "));
  g_assert_cmpint (json->status, ==, 0);
  g_assert_cmpstr (json_object_get_string_member (against, "verdict"), ==, "agrees");
  g_assert_cmpint (json_object_get_int_member (records, "fronts"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (records, "workers"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (records, "unstored"), ==, 0);
  for (guint i = 0; i < json_array_get_length (metrics); i++)
    {
      JsonObject *metric = json_array_get_object_element (metrics, i);

      n_judged += !json_object_get_null_member (metric, "ok");
      if (!json_object_get_null_member (metric, "ok"))
        g_assert_cmpfloat_with_epsilon (json_object_get_double_member (metric, "error"), 0, 1e-3);
    }
  g_assert_cmpuint (n_judged, ==, 3);
  g_assert_cmpint (slow->status, ==, 1);
  g_assert_nonnull (strstr (slow->out,
                            "\nNot agreed: not each of response.p50, response.p99 and depth.mean is "
                            "within 10 % (or 1 job, or 0.2 ms):\n  response.p50, response.p99\n"));
}

/* A job that a front did not get accepted is no job that was lost. */
static void
test_failed_at_front (void)
{
  g_autoptr (SimRun) run = run_against (1, TRUE, "--synthetic=constant:rate=1,duration=1s");
  g_autofree char *record = sim_run_read (run, "f0.csv");
  const char *row = strstr (record, ",passed,0\n"), *rest = row + strlen (",passed,0\n"), *head = row;
  g_autoptr (GString) text = NULL;

  for (guint commas = 0; commas < 2; commas++) /* accepted, ended */
    while (*--head != ',')
      ;
  text = g_string_new_len (record, head - record);
  g_string_append_printf (text, ",,9,failed,0\n%s", rest);
  sim_run_write (run, "f0.csv", text->str);
  sim_run_go (run, AGAINST " --format=json", NULL);
  {
    g_autoptr (JsonObject) report = sim_run_json (run);
    JsonObject *against = json_object_get_object_member (report, "against");

    g_assert_cmpint (
        json_object_get_int_member (json_object_get_object_member (against, "records"), "unstored"), ==, 0);
  }
}

/* A job that no worker stored is counted, and is no failure of the comparison. */
static void
test_unstored (void)
{
  g_autoptr (SimRun) run
      = run_against (1, TRUE, RECORDED " --against=f0.csv --against=f1.csv --against=w0.csv trace.csv");

  g_assert_nonnull (strstr (run->out, "of 2 fronts and 1 worker, joined by id; 200 accepted by a front and "
                                      "stored by no worker; from confirm"));
}

static void
assert_not_compared (const char *arguments, gboolean ids, const char *message)
{
  g_autoptr (SimRun) run = run_against (1, ids, arguments);

  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_nonnull (strstr (run->err, message));
  g_assert_cmpstr (strchr (run->err, '\n'), ==, "\n");
}

static void
test_against_usage (void)
{
  assert_not_compared (
      RECORDED " --against=f0.csv trace.csv", TRUE,
      "--against is given once; with --fronts give the record of each front and of each worker");
  assert_not_compared (RECORDED " --against=f0.csv --against=f1.csv trace.csv", TRUE,
                       "--against: 0 of the records are of a worker: with --fronts give the records of the "
                       "fronts and of the workers");
  assert_not_compared (RECORDED " --against=w0.csv --against=w1.csv trace.csv", TRUE,
                       "--against: 2 of the records are of a worker: with --fronts give the records of the "
                       "fronts and of the workers");
  assert_not_compared ("--mode=WorkerPool --against=w0.csv trace.csv", TRUE,
                       "--against: w0.csv is of a worker of a shared queue: with --fronts give the records");
  assert_not_compared ("--mode=WorkerPool --against=f0.csv trace.csv", TRUE,
                       "--against: f0.csv is of a front of a shared queue: with --fronts give the records");
  assert_not_compared (RECORDED " --against=jobs.csv --against=w0.csv trace.csv", TRUE,
                       "--against: jobs.csv is of a server without a shared queue: with --fronts give");
  assert_not_compared (AGAINST, FALSE, "f0.csv: no request has an id of the trace");
  assert_not_compared (AGAINST " --client=f0.csv", TRUE,
                       "--client does not go with --instances and --fronts");
}

static void
assert_refused (const char *arguments, const char *message)
{
  g_autofree char *all = g_strconcat (arguments, " trace.csv", NULL);
  g_autoptr (SimRun) run = run_on (all, 2);

  g_assert_cmpstr (run->out, ==, "");
  g_assert_true (g_str_has_prefix (run->err, "wp-sim: "));
  g_assert_nonnull (strstr (run->err, message));
  g_assert_cmpstr (strchr (run->err, '\n'), ==, "\n");
}

#define FLEET "--fronts=2 --workers=2 " TIMES " "

static void
test_usage (void)
{
  static const char *const with_fronts[][2] = {
    { "--instances=2", "--fronts and --instances exclude each other" },
    { "--balance=least", "--balance=round-robin or random" },
    { "--mode=Default", "leave --mode out" },
    { "--mode=all", "leave --mode out" },
    { "--dispatcher=spawning", "leave --dispatcher=spawning out" },
    { "--ack=stored", "it has no --ack=stored" },
    { "--when-full=reject", "tries again until there is a place" },
    { "--block-timeout=1s", "tries again until there is a place" },
    { "--patience=1s", "tries again until there is a place" },
    { "--dispatch-time=1ms", "--dispatch-time is " },
    { "--workers=65537", "--fronts: --workers is over 65536 processes" },
    { "--batch=0", "--batch: \"0\" is not a number from 1" },
    { "--sweep=queue=1:2", "--fronts is one run" },
    { "--margin=2", "--fronts is one run" },
    { "--sensitivity=1ms", "--fronts is one run" },
    { "--at=1s", "--fronts does not go with --report and --at" },
    { "--report=r.html", "--fronts does not go with --report and --at" },
  };
  static const char *const engines[][2] = {
    { "", "--engine: \"\" is empty" },
    { "deliver=1ms", "confirm is missing" },
    { "confirm=4ms,deliver=x", "\"x\" " },
    { "confirm=4ms,confirm=5ms", "confirm is given twice" },
    { "confirm=4ms,deliver=1ms,deliver=1ms", "deliver is given twice" },
    { "retry=1ms,confirm=4ms,retry=2ms", "retry is given twice" },
    { "confirm=4ms,delay=1ms", "is not an engine" },
    { "confirm=4ms,prefetch=0", "\"0\" is not a number from 1 to 65535" },
    { "confirm=4ms,prefetch=5", "prefetch=5 is less than the 1000 jobs of a commit" },
    { "confirm=4ms,reopen=80", "\"80\" is not a share above 0" },
    { "acks=4ms", "\"acks=4ms\" is not an engine: confirm=TIME" },
    { "confirm=from:", "confirm=from: names no file" },
    { "confirm=from:none.csv", "none.csv: No such file" },
    { "confirm=from:trace.csv", "trace.csv: no row has a confirm without waiting for a place" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (with_fronts); i++)
    {
      g_autofree char *arguments = g_strconcat (FLEET, with_fronts[i][0], NULL);

      assert_refused (arguments, with_fronts[i][1]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (engines); i++)
    {
      g_autofree char *arguments
          = g_strdup_printf ("--fronts=2 --workers=2 --service=batch:1ms:0 --engine=%s", engines[i][0]);

      assert_refused (arguments, engines[i][1]);
    }
  assert_refused ("--fronts=2 --workers=2 --service=batch:1ms:0", "--fronts needs the engine's times");
  assert_refused ("--fronts=2 --workers=2 --engine=confirm=1ms", "--fronts needs --service=batch:");
  assert_refused ("--fronts=2 " TIMES, "--fronts needs --workers");
  assert_refused ("--fronts=0 --workers=2 " TIMES, "--fronts: \"0\" is not a number from 1 to 10000");
  assert_refused ("--engine=confirm=1ms", "--engine needs --fronts");
  assert_refused ("--batch=5", "--batch needs --fronts");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim/fronts/json", test_json);
  g_test_add_func ("/wp-sim/fronts/jobs", test_jobs);
  g_test_add_func ("/wp-sim/fronts/reopen", test_reopen);
  g_test_add_func ("/wp-sim/fronts/text-and-csv", test_text_and_csv);
  g_test_add_func ("/wp-sim/fronts/series", test_series);
  g_test_add_func ("/wp-sim/fronts/plan", test_plan);
  g_test_add_func ("/wp-sim/fronts/record", test_confirms_of_a_record);
  g_test_add_func ("/wp-sim/fronts/against", test_against);
  g_test_add_func ("/wp-sim/fronts/unstored", test_unstored);
  g_test_add_func ("/wp-sim/fronts/failed-at-front", test_failed_at_front);
  g_test_add_func ("/wp-sim/fronts/against-usage", test_against_usage);
  g_test_add_func ("/wp-sim/fronts/usage", test_usage);

  return g_test_run ();
}
