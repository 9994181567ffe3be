/* Clients that leave while their jobs are queued: --ack=stored drops those jobs, in every way in which wp-sim
 * simulates. */
#include <string.h>

#include "tests/unit/sim-run.h"

/* One worker, a queue of two, jobs of 1 s: the second and third leave at 0.7 s, where the fourth, which was
 * parked, gets a place. It leaves at 0.8 s; the worker is idle from 1 s on, and the fifth is served at once.
 */
#define ROWS  "arrival,service,id\n0,1,a\n0,1,b\n0,1,c\n0.1,1,d\n1.1,1,e\n"
#define SIZES "-m bufferedchannel -q 2 --patience 700ms"

static SimRun *
run_on (const char *notes, const char *arguments)
{
  SimRun *run = sim_run_new ();
  g_autofree char *trace = g_strconcat (notes, ROWS, NULL);

  sim_run_write (run, "trace.csv", trace);
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s -> %d %s", arguments, run->status, run->err);
  g_assert_cmpint (run->status, ==, 0);

  return run;
}

static JsonObject *
model_of (JsonObject *report)
{
  return json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
}

/* @kept: what the JSON says of keep_abandoned */
static void
check_model (JsonObject *model, const char *ack, gboolean kept)
{
  gboolean drops = g_str_equal (ack, "stored") && !kept;

  g_assert_cmpstr (json_object_get_string_member (model, "ack"), ==, ack);
  g_assert_cmpint (json_object_get_boolean_member (model, "keep_abandoned"), ==, kept);
  g_assert_cmpint (json_object_get_int_member (model, "requests"), ==, 5);
  g_assert_cmpint (json_object_get_int_member (model, "accepted"), ==, drops ? 5 : 4);
  g_assert_cmpint (json_object_get_int_member (model, "abandoned"), ==, drops ? 3 : 1);
  g_assert_cmpint (json_object_get_int_member (model, "blocked"), ==, 1);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (model, "makespan"), drops ? 2.1 : 4, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (model, "throughput"), drops ? 2 / 2.1 : 1,
                                  1e-9);
  g_assert_cmpfloat_with_epsilon (
      json_object_get_double_member (json_object_get_object_member (model, "wait"), "max"), drops ? 0 : 2,
      1e-9);
}

static void
check_json (const char *notes, const char *options, const char *ack, gboolean kept)
{
  g_autofree char *arguments = g_strconcat (SIZES " --format json", options, " trace.csv", NULL);
  g_autoptr (SimRun) run = run_on (notes, arguments);
  g_autoptr (JsonObject) report = sim_run_json (run);

  check_model (model_of (report), ack, kept);
}

static void
test_figures (void)
{
  check_json ("", "", "accepted", FALSE);
  check_json ("", " --ack stored", "stored", FALSE);
  check_json ("", " --ack stored --keep-abandoned", "stored", TRUE);
  check_json ("", " --ack accepted --keep-abandoned", "accepted", TRUE);
  /* event by event */
  check_json ("", " --ack stored --service batch:1s:0s:1 --service-always", "stored", FALSE);
}

/* A server's record says how it answered. One of version 0.1.0 says nothing of abandoned jobs: it kept them.
 */
static void
test_notes (void)
{
  static const char dropped[] = "# ack: stored\n# keep-abandoned: false\n",
                    kept[] = "# ack: stored\n# keep-abandoned: true\n";

  check_json (dropped, "", "stored", FALSE);
  check_json (kept, "", "stored", TRUE);
  check_json ("# ack: stored\n", "", "stored", TRUE);
  check_json (dropped, " --ack accepted", "accepted", FALSE);
  check_json (dropped, " --keep-abandoned", "stored", TRUE);
}

static void
test_bad_note (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "# ack: maybe\n" ROWS);
  sim_run_go (run, "trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (
      run->err, ==,
      "wp-sim: trace.csv: note \"ack\": \"maybe\" is not an acknowledgement: accepted or stored\n");
}

static void
test_text (void)
{
  static const struct {
    const char *options, *line;
  } cases[] = {
    { "", "\npatience: a parked client leaves after 700 ms\n" },
    { " --ack stored",
      "\npatience: a client leaves after 700 ms (ack stored); its job is dropped unless it has started\n" },
    { " --ack stored --keep-abandoned",
      "\npatience: a client leaves after 700 ms (ack stored); its job runs on once it is queued\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *arguments = g_strconcat (SIZES, cases[i].options, " trace.csv", NULL);
      g_autoptr (SimRun) run = run_on ("", arguments);

      g_assert_nonnull (strstr (run->out, cases[i].line));
    }
}

static void
test_jobs (void)
{
  g_autoptr (SimRun) run = run_on ("", SIZES " --ack stored --jobs - trace.csv");

  g_assert_nonnull (strstr (run->out, "# ack: stored\n# keep-abandoned: false\n"));
  g_assert_nonnull (
      strstr (run->out, "\narrival,service,id,bytes,accepted,started,finished,ended,outcome,blocked\n"));
  g_assert_nonnull (
      strstr (run->out, "\n0.000000000,1.000000000,c,,0.000000000,,,0.700000000,abandoned,0\n"));
  g_assert_nonnull (
      strstr (run->out, "\n0.100000000,1.000000000,d,,0.700000000,,,0.800000000,abandoned,1\n"));
}

static void
test_over_time (void)
{
  g_autoptr (SimRun) series = run_on ("", SIZES " --ack stored --series - --interval 375ms trace.csv");
  g_autoptr (SimRun) at = run_on ("", SIZES " --ack stored --at 0.75s --format json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (at);
  JsonObject *state;

  g_assert_cmpstr (
      series->out, ==,
      "time,mode,depth,parked,busy\n0.000000000,BufferedChannel,2,0,1\n0.375000000,BufferedChannel,2,1,1\n"
      "0.750000000,BufferedChannel,1,0,1\n1.125000000,BufferedChannel,0,0,1\n1.500000000,BufferedChannel,0,0,1\n"
      "1.875000000,BufferedChannel,0,0,1\n");
  state = json_array_get_object_element (
      json_object_get_array_member (json_object_get_object_member (report, "at"), "models"), 0);
  g_assert_cmpint (json_object_get_int_member (state, "depth"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (state, "parked"), ==, 0);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (state, "oldest_age"), 0.65, 1e-9);
}

/* Each row of a sweep is what a run of its own says. */
static void
test_sweep (void)
{
  g_autoptr (SimRun) run = run_on (
      "",
      "-m workerpool --ack stored --patience 700ms --format json --sweep workers=1:3,queue=0:3 trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonArray *rows = json_object_get_array_member (report, "sweep");

  g_assert_cmpuint (json_array_get_length (rows), ==, 12);
  for (guint i = 0; i < 12; i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      g_autofree char *arguments = g_strdup_printf (
          "-m workerpool -w %u -q %u --ack stored --patience 700ms --format json trace.csv", 1 + i / 4,
          i % 4);
      g_autoptr (SimRun) alone = run_on ("", arguments);
      g_autoptr (JsonObject) one = sim_run_json (alone);

      g_assert_cmpint (json_object_get_int_member (row, "accepted"), ==,
                       json_object_get_int_member (model_of (one), "accepted"));
      g_assert_cmpint (json_object_get_int_member (row, "abandoned"), ==,
                       json_object_get_int_member (model_of (one), "abandoned"));
      g_assert_cmpfloat (json_object_get_double_member (row, "makespan"), ==,
                         json_object_get_double_member (model_of (one), "makespan"));
    }
}

/* With --ack=stored nobody is blocked by a queue of three, and three leave all the same: only workers help.
 */
static void
test_plan (void)
{
  static const char arguments[]
      = "-m workerpool -q 3 -w 1 --patience 700ms --plan --slo abandoned==0 --slo blocked==0 ";
  g_autofree char *stored = g_strconcat (arguments, "--ack stored trace.csv", NULL),
                  *accepted = g_strconcat (arguments, "trace.csv", NULL);
  g_autoptr (SimRun) run = run_on ("", stored), other = run_on ("", accepted),
                     noted = run_on ("# ack: stored\n# keep-abandoned: false\n", accepted);

  g_assert_nonnull (strstr (run->out, "1x    a queue of 3 needs 4 workers: abandoned 0; 3 workers: 1\n"));
  g_assert_nonnull (strstr (run->out, "1 worker: no queue meets abandoned==0: 3, without a limit\n"));
  g_assert_nonnull (strstr (run->out, "headroom of 1 worker and a queue of 3: none: it is full at times\n"));
  g_assert_nonnull (strstr (other->out, "1x    a queue of 3 needs 1 worker, the minimum\n"));
  g_assert_cmpstr (noted->out, ==, run->out);
}

/* Two clients who think for 2 ms, and one worker, whose jobs take 10 ms. Each leaves after 8 ms, be its job
 * in service, and sends again at 10, 20, ... ms: of two jobs one is served, and the other dropped before the
 * worker is free. */
static void
test_clients (void)
{
  static const struct {
    const char *ack;
    int abandoned;
    double makespan;
  } cases[] = { { "stored", 5, 0.060 }, { "stored --keep-abandoned", 0, 0.110 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint group = 0; group < 2; group++)
      {
        g_autofree char *arguments = g_strdup_printf (
            "-m bufferedchannel --clients 2 --limit 11 --think 2ms --patience 8ms --service %s --format json --ack %s",
            group ? "batch:10ms:0s:1" : "10ms", cases[i].ack);
        g_autoptr (SimRun) run = run_on ("", arguments);
        g_autoptr (JsonObject) report = sim_run_json (run);
        JsonObject *model = model_of (report);

        g_assert_cmpint (json_object_get_int_member (model, "requests"), ==, 11);
        g_assert_cmpint (json_object_get_int_member (model, "abandoned"), ==, cases[i].abandoned);
        g_assert_cmpfloat_with_epsilon (json_object_get_double_member (model, "makespan"), cases[i].makespan,
                                        1e-9);
        g_assert_cmpfloat_with_epsilon (
            json_object_get_double_member (json_object_get_object_member (model, "latency"), "mean"), 0.008,
            1e-9);
        g_assert_cmpfloat_with_epsilon (
            json_object_get_double_member (json_object_get_object_member (model, "latency"), "max"), 0.008,
            1e-9);
      }
}

static void
test_theory (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_go (
      run,
      "--synthetic poisson:rate=50,n=2000 -m workerpool -w 1 -q 5 --when-full reject -s exp:10ms --theory --patience 20ms --ack stored",
      NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "none is known for clients that leave"));
  sim_run_go (
      run,
      "--synthetic poisson:rate=50,n=2000 -m workerpool -w 1 -q 5 --when-full reject -s exp:10ms --theory --patience 20ms",
      NULL);
  /* nobody is parked, and queued requests have their responses */
  g_assert_null (strstr (run->out, "none is known for clients that leave"));
}

static void
test_against (void)
{
  static const char record[]
      = "# mode: BufferedChannel\n# queue: 2\n# ack: stored\n# keep-abandoned: false\n"
        "arrival,service,id,accepted,started,finished,outcome,blocked,ended\n0,1,a,0,0,1,stored,0,1\n0,,b,0,,,abandoned,0,0.7\n"
        "0,,c,0,,,abandoned,0,0.7\n0.1,,d,0.7,,,abandoned,1,0.8\n1.1,1,e,1.1,1.1,2.1,stored,0,2.1\n";
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", ROWS);
  sim_run_write (run, "measured.csv", record);
  sim_run_go (run, "--against measured.csv --patience 700ms trace.csv", NULL);
  g_test_message ("%s%s", run->out, run->err);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "5 matched by id, 5 of them with the same outcome\n"));
  sim_run_go (run, "--against measured.csv --patience 700ms --ack accepted trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (
      strstr (run->out, "warning: the prediction uses ack accepted, the measurement used stored\n"));
  sim_run_go (run, "--against measured.csv --patience 700ms --keep-abandoned trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (
      strstr (run->out, "warning: the prediction uses keep-abandoned true, the measurement used false\n"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-ack/figures", test_figures);
  g_test_add_func ("/wp-sim-ack/notes", test_notes);
  g_test_add_func ("/wp-sim-ack/bad-note", test_bad_note);
  g_test_add_func ("/wp-sim-ack/text", test_text);
  g_test_add_func ("/wp-sim-ack/jobs", test_jobs);
  g_test_add_func ("/wp-sim-ack/over-time", test_over_time);
  g_test_add_func ("/wp-sim-ack/sweep", test_sweep);
  g_test_add_func ("/wp-sim-ack/plan", test_plan);
  g_test_add_func ("/wp-sim-ack/clients", test_clients);
  g_test_add_func ("/wp-sim-ack/theory", test_theory);
  g_test_add_func ("/wp-sim-ack/against", test_against);

  return g_test_run ();
}
