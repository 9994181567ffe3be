/* --plan, --slo, --sweep and --at as a user gives them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/sim-run.h"

/* Five at once, 100 ms each, and one more long after. */
static const char burst[] = "arrival,service,id\n0,0.1,a\n0,0.1,b\n0,0.1,c\n0,0.1,d\n0,0.1,e\n2.5,0.1,f\n";

static void
assert_says (SimRun *run, int status, const char *says)
{
  g_assert_cmpint (run->status, ==, status);
  if (!strstr (status == 2 ? run->err : run->out, says))
    g_error ("no \"%s\" in:\n%s%s", says, run->out, run->err);
}

static void
assert_point (JsonArray *plan, guint i, const char *question, double scale, gint64 workers, gint64 queue_jobs,
              gboolean does)
{
  JsonObject *point = json_array_get_object_element (plan, i);

  g_assert_cmpstr (json_object_get_string_member (point, "question"), ==, question);
  g_assert_cmpfloat (json_object_get_double_member (point, "scale"), ==, scale);
  g_assert_cmpint (json_object_get_int_member (point, "workers"), ==, workers);
  g_assert_cmpint (json_object_get_int_member (point, "queue"), ==, queue_jobs);
  g_assert_cmpint (json_object_get_boolean_member (point, "meets"), ==, does);
  g_assert_cmpuint (json_object_get_size (point), ==, 5);
}

/* The first lines; and the sizes are those of WorkerPool. */
static void
test_verdict (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "trace.csv");
  g_autoptr (SimRun) assumed = sim_run_on (burst, "--service=50ms --service-always --margin=2 trace.csv");
  g_autoptr (SimRun) given = sim_run_on (burst, "-w 2 trace.csv");
  g_autoptr (SimRun) below = sim_run_on (burst, "--margin=0.5 trace.csv");
  g_autoptr (SimRun) sized = sim_run_on (burst, "--margin=2 -q 7 trace.csv");

  g_assert_true (g_str_has_prefix (
      run->out,
      "Use --workers=1 --queue=4: nobody blocks, p99 of waiting 400 ms; good up to 24.9 times this traffic.\n"
      "At 1.5 times, a queue of 3 would block 1 request.\n\ntrace.csv (CSV): 6 requests in 2.50 s\n"));
  assert_says (run, 0, "\nqueue                                 -           10,000                4\n");
  assert_says (run, 0, "\nworkers                        no limit                1                1\n");
  assert_says (run, 0, "        1 worker needs queue 4: blocked 0; queue 3: 1\n");
  g_assert_true (
      g_str_has_prefix (assumed->out, "Assuming 50.0 ms per request (--service): use --workers=1"));
  g_assert_true (g_str_has_prefix (given->out, "trace.csv (CSV): "));
  assert_says (below, 2, "--margin is at least 1");
  assert_says (sized, 2, "given neither --workers nor --queue");
}

/* Its words where a figure is next to its bound, is none, or fails at the traffic as it is. */
static void
test_verdict_words (void)
{
  static const struct {
    const char *trace, *arguments;
    int status;
    const char *says;
  } cases[] = {
    { burst, "--margin=1 --slo=wait.max<400ms trace.csv", 0,
      "Use --workers=2 --queue=0: wait.max 200 ms; good at any traffic.\n"
      "At this traffic, 1 worker would fail wait.max<400ms: 400 ms, 1.00 times the bound.\n" },
    { "arrival,service\n0,0.9996\n0,1\n", "--slo=wait.p99<1s trace.csv", 0,
      "Use --workers=1 --queue=0: p99 of waiting 999.6 ms; good at any traffic.\n" },
    { "arrival,service\n0,1.0004\n0,1\n", "--slo=wait.p99<1s trace.csv", 0,
      "At 1.5 times, 1 worker would fail wait.p99<1s: 1.0004 s, 1.0004 times the bound.\n" },
    { burst, "--slo=blocked_time.p99<1ms trace.csv", 0,
      "Use --workers=1 --queue=4: nobody blocks; good up to 25.2 times this traffic.\n" },
    { "arrival,service\n0,1\n10,1\n", "--slo=throughput>0.2 --margin=2 trace.csv", 1,
      "Use --workers=1 --queue=0: throughput 0.182/s, not throughput>0.2; good from 2 times this traffic "
      "on.\n" },
    { "arrival,service\n0,1\n10,1\n", "--slo=throughput>0.2 --slo=wait.max<=0s --margin=2 trace.csv", 1,
      "; good from 2 to 9.9 times this traffic.\n" },
    { "arrival,service\n0,1\n1.005,1\n", "--margin=1 trace.csv", 0,
      "Use --workers=1 --queue=0: nobody blocks, p99 of waiting 0 s; good for this traffic, and hardly for "
      "more.\n" },
    { "arrival,service\n0,0.1\n9,\n", "--service=2s trace.csv", 0,
      "Assuming 2.00 s for 1 of 2 requests (--service): use --workers=1 " },
    { burst, "--http-time=300ms trace.csv", 0, /* 1.8 s of the 2.8 s to the end of the last */
      "; good as far as the HTTP threads go, 1.5 times this traffic.\n" },
    { burst, "--when-full=reject trace.csv", 0,
      "Use --workers=1 --queue=4: nobody is rejected, p99 of waiting 400 ms; good " },
    { burst, "--slo=timed_out==0 --block-timeout=10ms trace.csv", 0,
      "Use --workers=1 --queue=4: nobody times out; good " },
    { burst, "--slo=first_full>1s trace.csv", 0, "Use --workers=1 --queue=5: never full; good " },
    { burst, "--slo=busy.max<=3 --slo=wait.max<50ms trace.csv", 1,
      "No size meets busy.max<=3 and the others at 1.5 times this traffic: 5, 1.67 times the bound, with more "
      "workers than are ever busy.\n" },
    { burst, "--slo=depth.max<1 --slo=blocked==0 -w 2 trace.csv", 0,
      "        2 workers: no queue meets depth.max<1 and the others: 3, 3.00 times the bound, without a "
      "limit\n" },
    { burst, "--slo=throughput>9000 trace.csv", 1,
      "No size meets throughput>9000 at 1.5 times this traffic: 3.40/s, with more workers than are ever "
      "busy.\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = sim_run_on (cases[i].trace, cases[i].arguments);

      assert_says (run, cases[i].status, cases[i].says);
    }
}

static void
assert_gate (const char *trace, gint64 workers, gint64 queue_jobs, double scale, int status)
{
  g_autofree char *arguments
      = g_strdup_printf ("--gate -w %d -q %d --scale=%g trace.csv", (int) workers, (int) queue_jobs, scale);
  g_autoptr (SimRun) run = sim_run_on (trace, arguments);

  g_test_message ("%s: %s", arguments, run->out);
  g_assert_cmpint (run->status, ==, status);
}

/* Recommended sizes meet the objectives at the margin and up to their headroom, and not with a worker or a
 * place less. */
static void
test_recommended (void)
{
  g_autoptr (SimRun) trace
      = sim_run_on ("", "--generate=poisson:rate=200,duration=30s --service=exp:50ms --seed=3");
  g_autoptr (SimRun) run = sim_run_on (trace->out, "--format=json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *sizes = json_object_get_object_member (report, "recommendation");
  gint64 workers = json_object_get_int_member (sizes, "workers"),
         queue_jobs = json_object_get_int_member (sizes, "queue");
  double good = json_object_get_double_member (sizes, "good_until");
  JsonArray *models = json_object_get_array_member (report, "models");
  JsonObject *pool = json_array_get_object_element (models, 2);

  g_assert_cmpint (workers, >, 10);
  g_assert_cmpfloat (good, >=, 1.5);
  assert_gate (trace->out, workers, queue_jobs, 1.5, 0);
  assert_gate (trace->out, workers - 1, queue_jobs, 1.5, 1);
  assert_gate (trace->out, workers, queue_jobs - 1, 1.5, 1);
  assert_gate (trace->out, workers, queue_jobs, good, 0);
  assert_gate (trace->out, workers, queue_jobs, good * 1.02, 1);
  g_assert_true (json_object_get_boolean_member (pool, "recommended"));
  g_assert_false (json_object_get_boolean_member (json_array_get_object_element (models, 1), "recommended"));
  g_assert_cmpint (json_object_get_int_member (pool, "workers"), ==, workers);
  g_assert_cmpint (json_object_get_int_member (pool, "queue"), ==, queue_jobs);
  g_assert_cmpint (json_object_get_int_member (pool, "blocked"), ==, 0);
}

/* As CSV, and beside a file of the depths. */
static void
test_recommended_everywhere (void)
{
  g_autoptr (SimRun) run = sim_run_on ("arrival,service\n0,1\n0,1\n0,1\n", "--format=csv trace.csv");
  g_autofree char *pool = g_strdup (strstr (run->out, "\nWorkerPool,"));
  g_autofree char *series = NULL;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_true (g_str_has_prefix (pool, "\nWorkerPool,0,3,"));
  sim_run_go (run, "--format=csv --no-plan trace.csv", NULL);
  g_assert_nonnull (strstr (run->out, "\nWorkerPool,10000,10000,"));
  sim_run_go (run, "--series=depth.csv trace.csv", NULL);
  g_assert_true (g_str_has_prefix (run->out, "Use --workers=3 --queue=0: "));
  series = sim_run_read (run, "depth.csv");
  g_assert_nonnull (strstr (series, "\n0.000000000,WorkerPool,0,0,3\n"));
}

/* One line that says why, and the exit status. */
static void
test_gate (void)
{
  static const struct {
    const char *arguments;
    int status;
    const char *says;
  } cases[] = {
    { "--gate -q 3 -w 2 trace.csv", 0,
      "gate passed: --workers=2 --queue=3: blocked 0; rejected 0; timed_out 0; wait.p99 200 ms\n" },
    { "--gate -q 1 -w 2 trace.csv", 1, "gate failed: --workers=2 --queue=1: blocked 2, not blocked==0\n" },
    { "--gate -q 1 -w 2 --slo=blocked<50% --slo=wait.p99<200ms -m workerpool trace.csv", 1,
      "gate failed: --workers=2 --queue=1: wait.p99 200 ms, not wait.p99<200ms\n" },
    { "--gate -q 4 -m bufferedchannel trace.csv", 0,
      "gate passed: --queue=4: blocked 0; rejected 0; timed_out 0; wait.p99 400 ms\n" },
    { "--gate -q 1 -w 2 --service=50ms --service-always trace.csv", 1,
      "gate failed, assuming 50.0 ms per request (--service): --workers=2 --queue=1: blocked 2, not "
      "blocked==0\n" },
    { "--gate trace.csv", 2, "--gate judges given sizes: add --workers and --queue" },
    { "--gate -q 1 -m default trace.csv", 2, "--gate: Default has no sizes to judge" },
    { "--gate -q 1 --plan trace.csv", 2, "--gate judges one run" },
    { "--gate -q 1 --format=csv trace.csv", 2, "--gate reports in text and JSON only" },
  };
  g_autoptr (SimRun) json = sim_run_on (burst, "--gate -q 1 -w 2 --format=json trace.csv");
  g_autoptr (JsonObject) report = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = sim_run_on (burst, cases[i].arguments);

      assert_says (run, cases[i].status, cases[i].says);
      if (cases[i].status < 2)
        g_assert_cmpstr (run->out, ==, cases[i].says);
    }
  g_assert_cmpint (json->status, ==, 1);
  report = sim_run_json (json);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (report, "models")), ==, 1);
}

/* A sweep of drawn traffic is that of the trace which would be written. */
static void
test_synthetic_sweep (void)
{
  const char *const drawn = "=poisson:rate=100,duration=20s --service=exp:100ms --seed=7";
  g_autofree char *generate = g_strconcat ("--generate", drawn, NULL);
  g_autofree char *synthetic
      = g_strconcat ("--sweep=workers=9:12,scale=1:2 --format=csv --synthetic", drawn, NULL);
  g_autoptr (SimRun) trace = sim_run_on ("", generate);
  g_autoptr (SimRun) from_trace
      = sim_run_on (trace->out, "--sweep=workers=9:12,scale=1:2 --format=csv trace.csv");
  g_autoptr (SimRun) run = sim_run_on ("", synthetic);

  g_assert_cmpint (run->status, ==, 0);
  g_assert_cmpint (from_trace->status, ==, 0);
  g_assert_cmpuint (strlen (run->out), >, 500);
  g_assert_cmpstr (run->out, ==, from_trace->out);
}

/* Objectives that were given are judged of each mode, in any simulation. */
static void
test_objectives_of_each_mode (void)
{
  g_autoptr (SimRun) run
      = sim_run_on (burst,
                    "--no-plan -q 1 -w 2 --slo=blocked<20% --slo=accept_latency.p999<=100.000ms trace.csv");
  g_autoptr (SimRun) closed = sim_run_on (
      burst, "-m WorkerPool -w 2 --clients=2 --service=100ms --limit=100 --ack=stored --slo=latency.p50<1ms");
  g_autoptr (SimRun) json
      = sim_run_on (burst,
                    "--format=json -m WorkerPool -q 1 -w 2 --slo=blocked==2 --slo=blocked==3 trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (json);
  JsonObject *model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
  JsonArray *objectives = json_object_get_array_member (model, "objectives");

  assert_says (run, 0,
               "\nobjectives\n"
               "  blocked<20%                       met          not met          not met\n"
               "  accept_latency.p999<=100.000ms    met          not met              met\n");
  assert_says (closed, 0, "  latency.p50<1ms               not met\n");
  g_assert_cmpuint (json_array_get_length (objectives), ==, 2);
  g_assert_true (json_object_get_boolean_member (json_array_get_object_element (objectives, 0), "met"));
  g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (objectives, 1), "slo"), ==,
                   "blocked==3");
  g_assert_false (json_object_get_boolean_member (json_array_get_object_element (objectives, 1), "met"));
}

static void
test_json (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "--format=json -q 1 -w 2 trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonArray *plan = json_object_get_array_member (report, "plan");

  g_assert_cmpint (run->status, ==, 0);
  assert_point (plan, 0, "workers", 1, 4, 1, TRUE); /* four at work, one in the queue */
  assert_point (plan, 1, "workers", 1, 3, 1, FALSE);
  assert_point (plan, 2, "queue", 1, 2, 3, TRUE);
  assert_point (plan, 3, "queue", 1, 2, 2, FALSE);
  g_assert_cmpfloat (json_object_get_double_member (report, "headroom"), ==, 1);
  g_assert_false (json_object_get_boolean_member (report, "assumed"));
}

static void
test_text (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "-q 1 -w 2 trace.csv");
  g_autoptr (SimRun) enough = sim_run_on (burst, "-q 0 -w 5 trace.csv");
  g_autoptr (SimRun) more = sim_run_on (burst, "-q 1 -w 8 trace.csv"),
                     fewer = sim_run_on (burst, "-q 1 -w 3 trace.csv");
  g_autoptr (SimRun) channel = sim_run_on (burst, "-m BufferedChannel -q 3 --plan trace.csv");

  assert_says (run, 0, "a queue of 1 needs 4 workers: blocked 0; 3 workers: 1\n");
  assert_says (run, 0, "2 workers need queue 3: blocked 0; queue 2: 1\n");
  assert_says (run, 0, "headroom of 2 workers and a queue of 1: none: it is full at times\n");
  assert_says (enough, 0, "a queue of 0 needs 5 workers: blocked 0; 4 workers: 1\n");
  assert_says (enough, 0, "5 workers need queue 0, the minimum\n");
  assert_says (more, 0,
               "8 workers need queue 0, the minimum\n"
               "        sufficient workers + queue: 1 + 4, 4 + 1, 5 + 0\n"); /* 8 + 0 only has more */
  assert_says (fewer, 0,
               "3 workers need queue 2: blocked 0; queue 1: 1\n"
               /* the given ones among them */
               "        sufficient workers + queue: 1 + 4, 3 + 2, 4 + 1");
  assert_says (channel, 0, "the processor needs queue 4: blocked 0; queue 3: 1\n");
}

/* 6,000 at once before one worker that rejects: with a queue of K all but K + 1 are. Whether a longer queue
 * rejects fewer is not known of every trace, so they are tried in turn, up to some thousands; what is found
 * beyond them is assumed, and said to be. */
static void
test_assumed (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) searched = NULL, tried = NULL, json = NULL;
  g_autoptr (JsonObject) report = NULL;
  static const char assumed[] = "  assumed: a smaller size may suffice; not all were tried, to save time\n";

  for (guint i = 0; i < 6000; i++)
    g_string_append (trace, "0,1\n");
  searched
      = sim_run_on (trace->str, "-m BufferedChannel --when-full=reject --plan --slo=rejected<10% trace.csv");
  assert_says (searched, 0, "  1x    the processor needs queue 5,400: rejected 599; queue 5,399: 600\n");
  assert_says (searched, 0, assumed);
  tried
      = sim_run_on (trace->str, "-m BufferedChannel --when-full=reject --plan --slo=rejected<90% trace.csv");
  assert_says (tried, 0, "  1x    the processor needs queue 600: rejected 5,399; queue 599: 5,400\n");
  g_assert_null (strstr (tried->out, "assumed"));
  json = sim_run_on (
      trace->str, "-m BufferedChannel --when-full=reject --plan --slo=rejected<10% --format=json trace.csv");
  report = sim_run_json (json);
  g_assert_true (json_object_get_boolean_member (report, "assumed"));
}

/* All at one instant: line and workers trade one for one. */
static void
test_frontier_between_workers_and_queue (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) few = NULL, many = NULL;

  for (guint i = 0; i < 50; i++)
    g_string_append (trace, "3.5,0.02\n");
  few = sim_run_on (trace->str, "-q 5 -w 3 trace.csv");
  many = sim_run_on (trace->str, "-q 40 -w 50 trace.csv");
  assert_says (few, 0, "sufficient workers + queue: 1 + 49, 3 + 47, 7 + 43, 21 + 29, 45 + 5\n");
  assert_says (many, 0, "sufficient workers + queue: 1 + 49, 14 + 36, 27 + 23, 50 + 0\n");
}

/* 1.0004 s would read 1.00 s, and 999.6 ms too. */
static void
test_figures_differ_from_bound (void)
{
  static const char trace[] = "arrival,service\n0,0.9996\n0,0.0008\n0,1\n";
  g_autoptr (SimRun) run = sim_run_on (trace, "--slo wait.max<1s trace.csv");
  g_autoptr (SimRun) sweep = sim_run_on (trace, "--slo wait.max<1s --sweep workers=1:2 trace.csv");

  assert_says (run, 0, "needs 2 workers: wait.max 800 us; 1 worker: 1.0004 s\n");
  assert_says (sweep, 0, "no (wait.max 1.0004 s)\n");
}

static void
test_objectives (void)
{
  g_autoptr (SimRun) never = sim_run_on (burst, "--slo response.p50<99ms trace.csv");
  g_autoptr (SimRun) both
      = sim_run_on (burst, "-q 0 -w 2 --slo blocked<=50% --slo wait.max<=200ms trace.csv");
  g_autoptr (SimRun) rejecting
      = sim_run_on (burst, "-q 0 -w 2 --when-full=reject --slo rejected<=1 trace.csv");
  g_autoptr (SimRun) without = sim_run_on (burst, "--no-plan --slo response.p50<99ms trace.csv");

  assert_says (
      never, 1,
      "a queue of 10,000: no number of workers meets response.p50<99ms: 100 ms, 1.01 times the bound, "
      "with more than are ever busy\n");
  g_assert_true (g_str_has_prefix (
      never->out, "No size meets response.p50<99ms at 1.5 times this traffic: 100 ms, 1.01 times "
                  "the bound, with more workers than are ever busy.\n\ntrace.csv (CSV): "));
  assert_says (both, 0, "a queue of 0 needs 2 workers: blocked 3; 1 worker: 4\n");
  assert_says (rejecting, 0, "a queue of 0 needs 4 workers: rejected 1; 3 workers: 2\n");
  g_assert_cmpint (without->status, ==, 0);
  g_assert_null (strstr (without->out, "plan for"));
}

static void
test_no_plan (void)
{
  static const char *const without[]
      = { "-m WorkerPool trace.csv", "--format=csv trace.csv", "--jobs=- -m Default trace.csv",
          "--series=- trace.csv", "--dispatcher=spawning trace.csv" };

  for (guint i = 0; i < G_N_ELEMENTS (without); i++)
    {
      g_autoptr (SimRun) run = sim_run_on (burst, without[i]);

      g_assert_cmpint (run->status, ==, 0);
      g_assert_null (strstr (run->out, "plan for"));
    }
}

static void
test_snapshot (void)
{
  g_autoptr (SimRun) run = sim_run_on (burst, "--at=150ms -q 1 -w 2 --format=json --no-plan trace.csv");
  g_autoptr (SimRun) text = sim_run_on (burst, "--at=150ms -q 1 -w 2 --no-plan trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *at = json_object_get_object_member (report, "at");
  JsonObject *channel = json_array_get_object_element (json_object_get_array_member (at, "models"), 1);
  JsonObject *none = json_array_get_object_element (json_object_get_array_member (at, "models"), 0);

  g_assert_cmpfloat (json_object_get_double_member (at, "time"), ==, 0.15);
  g_assert_cmpstr (json_object_get_string_member (channel, "mode"), ==, "BufferedChannel");
  g_assert_cmpint (json_object_get_int_member (channel, "depth"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (channel, "parked"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (channel, "busy"), ==, 1);
  g_assert_cmpfloat (json_object_get_double_member (channel, "oldest_age"), ==, 0.15);
  g_assert_true (json_object_get_null_member (none, "oldest_age"));
  assert_says (text, 0, "at 150 ms       depth                 0                1                1\n");
}

/* A trace with ties, lines and quiet times, long enough for threads. */
static char *
make_trace (gboolean with_service)
{
  GString *text = g_string_new (with_service ? "arrival,service\n" : "arrival\n");
  guint64 state = 1;
  gint64 now_us = 0;

  for (guint i = 0; i < 12000; i++)
    {
      state = state * 6364136223846793005u + 1442695040888963407u;
      now_us += (gint64) (state >> 33) % 2000;
      g_string_append_printf (text, "%.6f", (double) now_us / 1e6);
      if (with_service)
        g_string_append_printf (text, ",%.6f", (double) ((state >> 20) % 7000) / 1e6);
      g_string_append_c (text, '\n');
    }

  return g_string_free (text, FALSE);
}

/* Cells of the first line of a CSV text after its header, from column @from on. */
static char *
figures_of (const char *csv, guint line, guint from)
{
  g_auto (GStrv) lines = g_strsplit (csv, "\n", -1);
  g_auto (GStrv) cells = g_strsplit (lines[line], ",", -1);

  return g_strjoinv (",", cells + from);
}

static void
check_sweep (const char *trace, const char *policy)
{
  g_autofree char *arguments = g_strdup_printf (
      "--sweep=workers=2:6:2,queue=0:20:10,queue=5,scale=1:2,service=0.5,service=1.5 --threads=2 --format=csv %s trace.csv",
      policy);
  g_autoptr (SimRun) sweep = sim_run_on (trace, arguments);
  g_autofree char *all = g_strdup (sweep->out);
  g_auto (GStrv) lines = g_strsplit (all, "\n", -1);
  g_autofree char *one_thread = NULL;

  g_assert_cmpint (sweep->status, ==, 0);
  g_assert_cmpuint (g_strv_length (lines), ==, 1 + 2 * 2 * 3 * 4 + 1);
  for (guint i = 1; i < g_strv_length (lines) - 1; i += 5)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], ",", 6);
      g_autofree char *single = g_strdup_printf (
          "--scale=%s --service-scale=%s -w %s -q %s -m WorkerPool --format=csv %s trace.csv", cells[1],
          cells[2], cells[3], cells[4], policy);
      g_autofree char *swept = figures_of (all, i, 6);
      g_autofree char *alone = NULL;

      sim_run_go (sweep, single, NULL);
      g_assert_cmpint (sweep->status, ==, 0);
      alone = figures_of (sweep->out, 1, 5);
      g_assert_cmpstr (swept, ==, alone);
    }
  one_thread = g_strdup_printf ("--threads=1 %s", arguments + 0);
  memcpy (strstr (one_thread, "--threads=2"), "--threads=1", strlen ("--threads=1"));
  sim_run_go (sweep, one_thread, NULL);
  g_assert_cmpstr (sweep->out, ==, all);
}

static void
test_sweep_equals_single_runs (void)
{
  static const char *const policies[]
      = { "--seed=7",
          "--when-full=reject",
          "--block-timeout=3ms",
          "--patience=2ms",
          "--http-time=900us",
          "--http-time=1100us --http-threads=2 --patience=5ms",
          "--http-time=900us --when-full=reject",
          "--dispatch-time=exp:2ms --seed=3",
          "--dispatch-time=1ms --block-timeout=3ms --http-time=900us --warmup=7001",
          "--warmup=5000",
          "--warmup=4096 --patience=2ms --ack=stored --http-time=500us",
          "--service=batch:1ms:100us --warmup=5000 --http-time=900us" };
  g_autofree char *with_service = make_trace (TRUE);
  g_autofree char *without = make_trace (FALSE), *unsorted = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (policies); i++)
    check_sweep (with_service, policies[i]);
  check_sweep (without, "--service=exp:3ms");
  /* it is read twice, and each row has its own draw all the same */
  unsorted = g_strconcat (without, "0\n", NULL);
  check_sweep (unsorted, "--service=exp:3ms");
}

/* The trace is read at once for all scales, but the warm-up is that of --scale, as in a run. */
static void
test_sweep_warms_up_at_scale (void)
{
  g_autofree char *trace = make_trace (TRUE);
  g_autoptr (SimRun) sweep
      = sim_run_on (trace, "--sweep=workers=4,queue=10 --scale=3 --warmup=1s --format=csv trace.csv");
  g_autofree char *swept = figures_of (sweep->out, 1, 6), *alone = NULL;

  sim_run_go (sweep, "-w 4 -q 10 -m WorkerPool --scale=3 --warmup=1s --format=csv trace.csv", NULL);
  g_assert_cmpint (sweep->status, ==, 0);
  alone = figures_of (sweep->out, 1, 5);
  g_assert_cmpstr (swept, ==, alone);
}

/* The range of a metric in the first model. */
static void
get_range (JsonObject *sensitivity, const char *name, double *low, double *high)
{
  JsonObject *model = json_array_get_object_element (json_object_get_array_member (sensitivity, "models"), 0);
  JsonArray *ranges = json_object_get_array_member (model, "ranges");

  for (guint i = 0; i < json_array_get_length (ranges); i++)
    {
      JsonObject *range = json_array_get_object_element (ranges, i);

      if (g_str_equal (json_object_get_string_member (range, "name"), name))
        {
          *low = json_object_get_double_member (range, "low");
          *high = json_object_get_double_member (range, "high");
          return;
        }
    }
  g_error ("no range of %s", name);
}

/* A plan counts what a run counts, behind the same stages: its sizes pass the gate, and smaller ones do not.
 */
static void
test_plan_of_all_stages (void)
{
  static const char *const options[]
      = { "--http-time=800us", "--dispatch-time=exp:4ms", "--warmup=6000", "--warmup=6s",
          "--dispatch-time=2ms --http-time=800us --warmup=100 --seed=5" };
  g_autofree char *trace = make_trace (TRUE);

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *arguments
          = g_strconcat ("--margin=1 --slo=wait.p95<20ms --slo=blocked==0 trace.csv ", options[i], NULL);
      g_autoptr (SimRun) plan = sim_run_on (trace, arguments);
      guint workers, queue_jobs;

      g_test_message ("%s -> %.100s%s", arguments, plan->out, plan->err);
      g_assert_cmpint (plan->status, ==, 0);
      g_assert_cmpint (sscanf (plan->out, "Use --workers=%u --queue=%u:", &workers, &queue_jobs), ==, 2);
      for (guint less = 0; less < 3; less++)
        {
          g_autofree char *gate
              = g_strdup_printf ("--gate -w %u -q %u --slo=wait.p95<20ms --slo=blocked==0 trace.csv %s",
                                 workers - (less == 1), queue_jobs - (less == 2), options[i]);

          sim_run_go (plan, gate, NULL);
          g_test_message ("%s -> %s", gate, plan->out);
          g_assert_cmpint (plan->status, ==, less > 0);
        }
    }
}

/* Requests wait for nobody but the HTTP thread and a dispatch of 20 to 30 ms: lags of 1 ms change no wait by
 * more. */
static void
test_sensitivity_behind_stages (void)
{
  g_autoptr (SimRun) run = sim_run_on (
      "arrival,service\n0,1\n0,9\n20,1\n40,1\n60,1\n",
      "--sensitivity=1ms --http-time=500ms --dispatch-time=uniform:20ms:30ms --warmup=2 --format=json trace.csv");
  g_autoptr (JsonNode) node = json_from_string (run->out, NULL);
  JsonObject *sensitivity = json_object_get_object_member (json_node_get_object (node), "sensitivity");
  double low, high;

  get_range (sensitivity, "wait.mean", &low, &high);
  g_assert_cmpfloat (low, >=, 0.02);
  g_assert_cmpfloat (high, <=, 0.03);
  get_range (sensitivity, "response.max", &low, &high); /* that of 9 s is not counted */
  g_assert_cmpfloat (high, <, 2);
}

/* With one service scale the services are drawn as the trace is read: they begin again where a late row is
 * found. */
static void
test_sweep_of_an_unsorted_trace (void)
{
  static const char arguments[] = "--sweep=workers=2:3 --service=exp:3ms --format=csv trace.csv";
  g_autofree char *rows = make_trace (FALSE);
  g_autofree char *late = g_strconcat (rows, "0\n", NULL),
                  *early = g_strconcat ("arrival\n0\n", rows + strlen ("arrival\n"), NULL);
  g_autoptr (SimRun) sorted = sim_run_on (early, arguments), unsorted = sim_run_on (late, arguments);

  g_assert_cmpint (sorted->status, ==, 0);
  g_assert_cmpstr (unsorted->out, ==, sorted->out);
}

static void
test_sweep_text_and_json (void)
{
  g_autoptr (SimRun) text = sim_run_on (burst, "--sweep=workers=2,queue=2:3 trace.csv");
  g_autoptr (SimRun) json
      = sim_run_on (burst, "-m BufferedChannel --sweep=queue=4,workers=3 --format=json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (json);
  JsonArray *rows = json_object_get_array_member (report, "sweep");
  JsonObject *row = json_array_get_object_element (rows, 0);

  assert_says (text, 0, "        2        2             6             1");
  assert_says (text, 0, "  no (blocked 1)\n");
  assert_says (text, 0, "trace.csv: 6 requests, WorkerPool\nobjectives: ");
  sim_run_go (text, "--sweep=workers=2,queue=2:3 --service=50ms --service-always trace.csv", NULL);
  assert_says (text, 0, ", WorkerPool\nnote: services: --service=50ms for 6 requests\nobjectives: ");
  assert_says (text, 0, "  yes\n");
  g_assert_cmpuint (json_array_get_length (rows), ==, 1);
  g_assert_cmpint (json_object_get_int_member (row, "workers"), ==, 1);
  g_assert_true (json_object_get_boolean_member (row, "meets"));
  g_assert_cmpint (json_object_get_int_member (row, "blocked"), ==, 0);
}

/* Ten jobs of 1 s each at once, for forty: twelve workers bear a fifth more. The report names the first
 * failure, and its traffic. */
static void
test_headroom_text (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) fails = NULL, full = NULL;

  for (guint i = 0; i < 400; i++)
    g_string_append_printf (trace, "%u.%u,1\n", i / 10, i % 10);
  fails = sim_run_on (trace->str, "-m workerpool -q 1000 -w 12 --plan --slo=wait.p99<100ms trace.csv");
  full = sim_run_on (trace->str, "-m workerpool -q 5 -w 12 --plan --slo=wait.p99<100s trace.csv");
  assert_says (fails, 0, "  headroom of 12 workers and a queue of 1,000: fails wait.p99<100ms at 1.2");
  assert_says (full, 0, "  headroom of 12 workers and a queue of 5: full at 1.2");
}

/* By scale, service, workers and queue, however they were given; five at once are blocked by fewer than five
 * places. */
static void
test_sweep_in_order (void)
{
  static const char expected[]
      = "1,1,1,3,false\n1,1,1,4,true\n1,1,2,3,true\n1,1,2,4,true\n1,2,1,3,false\n1,2,1,4,true\n1,2,2,3,true\n1,2,2,4,true\n"
        "2,1,1,3,false\n2,1,1,4,true\n2,1,2,3,true\n2,1,2,4,true\n2,2,1,3,false\n2,2,1,4,true\n2,2,2,3,true\n2,2,2,4,true\n";
  g_autoptr (SimRun) run = sim_run_on (
      burst,
      "--sweep=queue=4,service=2,workers=2,scale=2,scale=1,workers=1,service=1,queue=3 --format=csv trace.csv");
  g_auto (GStrv) lines = g_strsplit (run->out, "\n", -1);
  g_autoptr (GString) rows = g_string_new (NULL);

  g_assert_true (g_str_has_prefix (lines[0], "mode,scale,service_scale,workers,queue,meets,"));
  for (guint i = 1; lines[i] && *lines[i]; i++)
    {
      g_auto (GStrv) cells = g_strsplit (lines[i], ",", -1);

      g_assert_cmpstr (cells[0], ==, "WorkerPool");
      g_string_append_printf (rows, "%s,%s,%s,%s,%s\n", cells[1], cells[2], cells[3], cells[4], cells[5]);
    }
  g_assert_cmpstr (rows->str, ==, expected);
}

static void
test_bad_options (void)
{
  static const struct {
    const char *arguments, *says;
  } bad[] = {
    { "--slo wait.p100<1s trace.csv",
      "--slo: \"wait.p100<1s\": \"p100\" is not a percentile, such as p95 or p99.5" },
    { "--slo=blocked==0 --generate=poisson:rate=100,duration=1s", "--slo judges a prediction" },
    { "--slo=blocked==0 -m Default --format=csv trace.csv", "--slo reports in text and JSON" },
    { "--gate -w 2 --slo=latency.p99<1s trace.csv", /* null, which met any bound */
      "--slo: latency is of --clients: the time from arrival to finish is response" },
    { "--plan --no-plan trace.csv", "--plan and --no-plan exclude each other" },
    { "--plan --format=csv trace.csv", "text and JSON only" },
    { "--plan -m Default trace.csv", "neither queue nor workers" },
    { "--plan --dispatcher=spawning trace.csv", "needs the bounded dispatcher" },
    { "--sweep=workers trace.csv", "--sweep: \"workers\" is not workers=" },
    { "--sweep=worker=1:2 trace.csv", "did you mean workers=?" },
    { "--sweep=workers=0:3 trace.csv", "--sweep: workers: \"0\" is not a number from 1" },
    { "--sweep=queue=5:3 trace.csv", "the end is before the beginning" },
    { "--sweep=queue=0:9:0 trace.csv", "\"0\" is not a number from 1" },
    { "--sweep=queue=1:2:3:4 trace.csv", "not a value, FROM:UNTIL" },
    { "--sweep=queue=0:5000000 trace.csv", "more than a million" },
    { "--sweep=queue=0:2000,workers=1:2000 trace.csv", "more than a million" },
    { "--sweep=scale=0:1 trace.csv", "is not a number above 0" },
    { "--sweep=scale=1e-10 trace.csv", "a scale is from 1e-9 to 1e9" },   /* it was rounded to 0 */
    { "--sweep=service=84e21 trace.csv", "a scale is from 1e-9 to 1e9" }, /* a step of 1 came nowhere */
    { "--sweep=queue=1 -m Default trace.csv", "Default mode has neither" },
    { "--sweep=queue=1 --series=x trace.csv", "does not go with" },
    { "--sweep=queue=1 --clients=2 --limit=9", "--sweep needs a trace or --synthetic" },
    { "--sweep=queue=1 --warmup=9h trace.csv", "wp-sim: trace.csv: the warm-up is longer than the trace" },
    { "--sweep=queue=1,service=1:2 --warmup=9h trace.csv",
      "wp-sim: trace.csv: the warm-up is longer than the trace" },
    { "--warmup=6 trace.csv", "wp-sim: trace.csv: the warm-up is longer than the trace" },
    { "--margin=1e10 trace.csv", "--margin is at most 1e9" },
    { "--sweep=queue=1 --synthetic=poisson:rate=9,duration=9s --theory",
      "--sweep does not go with --replications" },
    { "--sensitivity=0 trace.csv", "--sensitivity" },
    { "--sensitivity=1ms --clients=2 --limit=9", "--sensitivity needs a trace or --synthetic" },
    { "--sensitivity=1ms --sweep=queue=1 trace.csv", "--sensitivity does not go with --sweep" },
    { "--sensitivity=1ms --clients=2 --limit=9", "--sensitivity needs a trace or --synthetic: arrivals of" },
    { "--plan --clients=2 --limit=9", "--plan needs a trace or --synthetic: arrivals of" },
    { "--sensitivity=1ms --format=csv trace.csv", "--sensitivity reports in text and JSON only" },
    { "--at=x trace.csv", "--at: \"x\" is not a time" },
    { "--at=1s --format=csv trace.csv", "--at reports in the text" },
    { "--threads=0 trace.csv", "--threads: \"0\" is not a number from 1" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (SimRun) run = sim_run_on (burst, bad[i].arguments);

      assert_says (run, 2, bad[i].says);
      g_assert_cmpstr (run->out, ==, "");
    }
}

/* The output of wp-sim with a terminal as its standard error. */
static char *
run_on_terminal (SimRun *run, const char *arguments)
{
  int terminal = posix_openpt (O_RDWR | O_NOCTTY), side;
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[4096];
  int status;
  gssize n;
  GPid pid;

  g_assert_cmpint (terminal, >=, 0);
  g_assert_cmpint (grantpt (terminal) | unlockpt (terminal), ==, 0);
  side = open (ptsname (terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_assert_cmpint (side, >=, 0);
  pid = sim_run_start_on (run, arguments, side);
  close (side);
  /* an error (EIO) once nobody has it open for writing */
  while ((n = read (terminal, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  close (terminal);

  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* 1,500 jobs at once, and an objective that has every number of workers tried. */
static void
test_progress_on_a_terminal (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (GString) trace = g_string_new ("arrival,service\n");
  g_autofree char *shown = NULL;

  for (guint i = 0; i < 1500; i++)
    g_string_append_printf (trace, "0,%u.5\n", i);
  sim_run_write (run, "trace.csv", trace->str);
  shown = run_on_terminal (run, "-m WorkerPool --plan -w 20 -q 10 --slo=wait.p50==1ns trace.csv");
  g_assert_nonnull (strstr (shown, "\r\033[Kplan: "));
  g_assert_nonnull (strstr (shown, " rows/s"));
  g_assert_true (g_str_has_suffix (shown, "\r\033[K")); /* wiped at the end */
}

static void
assert_one_line (const char *arguments, const char *line)
{
  g_autoptr (SimRun) run = sim_run_on ("", arguments);

  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_cmpstr (run->err, ==, line);
}

/* 65,536 requests of 16 bytes fit into 1 MiB, and one more does not; a sweep of two service scales holds 32
 * bytes of each. */
static void
test_memory (void)
{
#define DRAWN "--synthetic=constant:rate=1000 --service=1ms "
  g_autoptr (SimRun) plan = sim_run_on ("", DRAWN "--limit=65536 --memory=1m -m WorkerPool --plan");
  g_autoptr (SimRun) sweep
      = sim_run_on ("",
                    DRAWN "--limit=32768 --memory=1m --sweep=workers=1:2,service=1,service=2 --format=csv");

  g_assert_cmpint (plan->status, ==, 0);
  g_assert_cmpint (sweep->status, ==, 0);
  assert_one_line (
      DRAWN "--limit=65537 --memory=1m -m WorkerPool --plan",
      "wp-sim: 65537 rows need 2 MiB of memory, and there are 1.0: give --memory=2m, or fewer rows by --limit, or --no-plan\n");
  assert_one_line (
      DRAWN "--limit=65537 --memory=1m --sweep=workers=1:2",
      "wp-sim: 65537 rows need 2 MiB of memory, and there are 1.0: give --memory=2m, or fewer rows by --limit\n");
  assert_one_line (
      DRAWN "--limit=65536 --memory=1m --sweep=workers=1:2,service=1,service=2",
      "wp-sim: 65536 rows need 2 MiB of memory, and there are 1.0: give --memory=2m, or fewer rows by --limit\n");
#undef DRAWN
}

/* A job of 1 s and one of 10 ms come at once, the long one first: microseconds decide whether the other waits
 * for 1 s or 10 ms, and whether one worker does. */
static void
test_sensitivity (void)
{
  const char *trace = "arrival,service\n0,1\n0,0.01\n3,0.01\n";
  g_autoptr (SimRun) json = sim_run_on (
      trace, "--plan -m WorkerPool -w 1 -q 5 --slo=wait.max<0.5s --sensitivity=50us --format=json trace.csv");
  g_autoptr (SimRun) text
      = sim_run_on (trace, "--plan -m WorkerPool -w 1 -q 5 --slo=wait.max<0.5s --sensitivity=50us trace.csv");
  g_autoptr (SimRun) calm
      = sim_run_on ("arrival,service\n0,1\n3,1\n6,1\n", "-w 1 -q 5 --sensitivity=50us trace.csv");
  g_autoptr (JsonNode) node = json_from_string (json->out, NULL);
  JsonObject *sensitivity = json_object_get_object_member (json_node_get_object (node), "sensitivity");
  JsonArray *sizes = json_object_get_array_member (sensitivity, "sizes");
  gboolean flips = FALSE;
  double low, high;

  get_range (sensitivity, "wait.max", &low, &high);
  g_assert_cmpfloat_with_epsilon (low, 0.01, 60e-6);
  g_assert_cmpfloat_with_epsilon (high, 1, 1e-3); /* percentiles and extremes within 0.1 % */
  g_assert_cmpfloat (json_object_get_double_member (sensitivity, "lag"), ==, 50e-6);
  for (guint i = 0; i < json_array_get_length (sizes); i++)
    {
      JsonObject *size = json_array_get_object_element (sizes, i);
      gint64 otherwise = json_object_get_int_member (size, "otherwise");

      if (json_object_get_double_member (size, "scale") == 1
          && json_object_get_int_member (size, "workers") == 1
          && !json_object_get_boolean_member (size, "meets"))
        flips = otherwise > 0 && otherwise < 15;
    }
  g_assert_true (flips);
  assert_says (text, 0, "\nsensitivity: the figures of 15 runs with arrivals late by up to 50.0 us\n");
  assert_says (text, 0,
               "  the plan depends on it:\n  at 1x the traffic 1 worker with a queue of 5 meets the ");
  assert_says (calm, 0, "  the sizes of the plan are the same in all runs\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-plan/sensitivity", test_sensitivity);
  g_test_add_func ("/wp-sim-plan/verdict", test_verdict);
  g_test_add_func ("/wp-sim-plan/verdict-words", test_verdict_words);
  g_test_add_func ("/wp-sim-plan/recommended", test_recommended);
  g_test_add_func ("/wp-sim-plan/recommended-everywhere", test_recommended_everywhere);
  g_test_add_func ("/wp-sim-plan/gate", test_gate);
  g_test_add_func ("/wp-sim-plan/synthetic-sweep", test_synthetic_sweep);
  g_test_add_func ("/wp-sim-plan/objectives-of-each-mode", test_objectives_of_each_mode);
  g_test_add_func ("/wp-sim-plan/json", test_json);
  g_test_add_func ("/wp-sim-plan/text", test_text);
  g_test_add_func ("/wp-sim-plan/assumed", test_assumed);
  g_test_add_func ("/wp-sim-plan/frontier-between-workers-and-queue",
                   test_frontier_between_workers_and_queue);
  g_test_add_func ("/wp-sim-plan/figures-differ-from-bound", test_figures_differ_from_bound);
  g_test_add_func ("/wp-sim-plan/objectives", test_objectives);
  g_test_add_func ("/wp-sim-plan/no-plan", test_no_plan);
  g_test_add_func ("/wp-sim-plan/snapshot", test_snapshot);
  g_test_add_func ("/wp-sim-plan/sweep-equals-single-runs", test_sweep_equals_single_runs);
  g_test_add_func ("/wp-sim-plan/sweep-warms-up-at-scale", test_sweep_warms_up_at_scale);
  g_test_add_func ("/wp-sim-plan/plan-of-all-stages", test_plan_of_all_stages);
  g_test_add_func ("/wp-sim-plan/sensitivity-behind-stages", test_sensitivity_behind_stages);
  g_test_add_func ("/wp-sim-plan/sweep-of-an-unsorted-trace", test_sweep_of_an_unsorted_trace);
  g_test_add_func ("/wp-sim-plan/sweep-text-and-json", test_sweep_text_and_json);
  g_test_add_func ("/wp-sim-plan/headroom-text", test_headroom_text);
  g_test_add_func ("/wp-sim-plan/sweep-in-order", test_sweep_in_order);
  g_test_add_func ("/wp-sim-plan/progress-on-a-terminal", test_progress_on_a_terminal);
  g_test_add_func ("/wp-sim-plan/memory", test_memory);
  g_test_add_func ("/wp-sim-plan/bad-options", test_bad_options);

  return g_test_run ();
}
