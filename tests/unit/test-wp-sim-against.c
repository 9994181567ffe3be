/* wp-sim --against: notes, judgement, warnings, exit status. */
#include <string.h>

#include "tests/unit/sim-run.h"

#define NOTES                                                                                                \
  "# mode: BufferedChannel\n# queue: 1\n# workers: 10000\n# when-full: block\n# block-timeout: none\n# started: 2026-11-23T10:00:00Z\n"
#define HEADER "arrival,service,id,accepted,started,finished,ended,outcome,blocked\n"

/* Three at once through a queue of one, as a server that is a little late would record them. */
static const char record[] = NOTES
    "# ack: stored\n# database: delay:request\n" HEADER
    "0,1.001,a,0,0,1.001,1.001,stored,0\n0.0001,1,b,0.0001,1.001,2.001,2.001,stored,0\n0.0002,1,c,1.001,2.001,3.001,3.001,stored,1\n";
static const char input[] = "arrival,service,id\n0,1,a\n0,1,b\n0,1,c\n";

static SimRun *
run_with (const char *measured, const char *client, const char *arguments)
{
  SimRun *run = sim_run_new ();

  sim_run_write (run, "trace.csv", input);
  sim_run_write (run, "measured.csv", measured);
  if (client)
    sim_run_write (run, "client.csv", client);
  sim_run_go (run, arguments, NULL);

  return run;
}

static JsonObject *
metric (JsonObject *against, const char *name)
{
  JsonArray *metrics = json_object_get_array_member (against, "metrics");

  for (guint i = 0; i < json_array_get_length (metrics); i++)
    if (g_str_equal (json_object_get_string_member (json_array_get_object_element (metrics, i), "name"),
                     name))
      return json_array_get_object_element (metrics, i);
  g_error ("no metric %s", name);
}

static void
test_agreement (void)
{
  g_autoptr (SimRun) run = run_with (record, NULL, "--against=measured.csv --format=json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *against = json_object_get_object_member (report, "against");
  JsonObject *model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);

  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (report, "models")), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (model, "mode"), ==, "BufferedChannel"); /* of the notes */
  g_assert_cmpint (json_object_get_int_member (model, "queue"), ==, 1);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (against, "metrics")), ==, 17);
  g_assert_true (json_object_get_boolean_member (against, "within"));
  g_assert_cmpstr (json_object_get_string_member (against, "verdict"), ==, "agrees");
  g_assert_cmpfloat (json_object_get_double_member (against, "depth_curve_error"), <, 0.01);
  g_assert_cmpint (json_object_get_int_member (metric (against, "blocked"), "measured"), ==, 1);
  g_assert_cmpfloat (json_object_get_double_member (metric (against, "accepted"), "error"), ==, 0);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (metric (against, "makespan"), "error"),
                                  -0.001 / 3.001, 1e-12);
  /* the first came so much earlier than the others */
  g_assert_cmpfloat (json_object_get_double_member (against, "clock_shift"), ==, 0.0001);
}

#define POOL                                                                                                 \
  "# mode: WorkerPool\n# queue: 0\n# workers: 1\n# when-full: block\n# block-timeout: none\n# database: delay:request\n"

/* One worker without a queue; at 0.5 s a second worker, and a place for the third; at 1.2 s requests are
 * rejected, and at 1.5 s there is one worker again, whose two jobs go on. A later file may have the last line
 * once more. */
static const char changed[]
    = POOL HEADER "0,1,a,0,0,1,1,stored,0\n"
                  "# at=0.5 workers=2 queue=1 when-full=block block-timeout=none pressure=0.1\n"
                  "0.1,1,b,0.5,0.5,1.5,1.5,stored,1\n0.2,1,c,0.5,1,2,2,stored,1\n"
                  "# at=1.2 workers=2 queue=1 when-full=reject block-timeout=none\n"
                  "1.3,1,d,1.3,1.5,2.5,2.5,stored,0\n1.4,1,e,,,,1.4,rejected,0\n"
                  "# at=1.6 workers=1 queue=1 when-full=reject block-timeout=none\n"
                  "# at=1.6 workers=1 queue=1 when-full=reject block-timeout=none\n"
                  "2.1,1,f,2.1,2.5,3.5,3.5,stored,0\n";

/* The prediction follows the changes of the record, so it equals it. */
static void
test_sizes_change (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "measured.csv", changed);
  sim_run_go (run, "--against=measured.csv measured.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "6 matched by id, 6 of them with the same outcome"));
  g_assert_nonnull (strstr (run->out, "differs by 0 s in the median, 0 s at p99, 0 s at most"));
  g_assert_nonnull (strstr (run->out, "model check: equals the record, given its arrivals and services"));
  g_assert_nonnull (
      strstr (run->out, "the sizes are those of the start, and change as in the record (4 times)"));

  sim_run_go (run, "--against=measured.csv -w 1 measured.csv", NULL);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (strstr (run->out,
                            "the sizes of measured.csv changed while it was written, and those of the "
                            "prediction, which are given, do not"));
}

/* What does not follow them says so. */
static void
test_sizes_change_refused (void)
{
  static const struct {
    const char *line, *arguments, *message;
  } cases[] = {
    { "# at=0.5 workers=2\n", "--warmup=1 --against=measured.csv trace.csv",
      "measured.csv: the sizes changed while it was written (a line \"# at=...\"): that does not go with --warmup" },
    { "# at=0.5 workers=2\n", "--service=batch:1ms:1ms --service-always --against=measured.csv trace.csv",
      "--service=batch: does not go with a record whose sizes changed while it was written" },
    { "# at=0.5 workers=2\n", "--instances=1 --against=measured.csv trace.csv",
      "(a line \"# at=...\"): that does not go with the records of several servers" },
    { "# at=0.5 workers=0\n", "--against=measured.csv trace.csv",
      "measured.csv:9: a line \"# at=...\": workers: \"0\" is not a number from 1 to" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *measured = g_strconcat (POOL HEADER "0,1,a,0,0,1,1,stored,0\n", cases[i].line, NULL);
      g_autoptr (SimRun) run = run_with (measured, NULL, cases[i].arguments);

      g_assert_cmpint (run->status, ==, 2);
      if (!strstr (run->err, cases[i].message))
        g_error ("%s", run->err);
    }
}

/* Two at once for one worker without a queue: the outcome of the second depends on the policy of the notes,
 * each of its keys. */
static void
test_policy_from_notes (void)
{
  static const struct {
    const char *notes, *second, *counted;
  } cases[] = {
    { "# when-full: block\n# block-timeout: 0.5s\n", ",,,0.5,timed_out,1", "timed_out" },
    { "# when-full: reject\n# block-timeout: none\n", ",,,0,rejected,0", "rejected" },
    { "# when-full: block\n# block-timeout: none\n", "1,1,2,2,stored,1", "blocked" },
    { "# dispatcher: spawning\n", "0,1,2,2,stored,0", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *measured
          = g_strconcat ("# mode: WorkerPool\n# queue: 0\n# workers: 1\n", cases[i].notes,
                         HEADER "0,1,a,0,0,1,1,stored,0\n0,1,b,", cases[i].second, "\n", NULL);
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (JsonObject) report = NULL;
      JsonObject *model;

      sim_run_write (run, "trace.csv", "arrival,service,id\n0,1,a\n0,1,b\n");
      sim_run_write (run, "measured.csv", measured);
      sim_run_go (run, "--against=measured.csv --format=json trace.csv", NULL);
      g_test_message ("%s%s", cases[i].notes, run->err);
      g_assert_cmpint (run->status, ==, 0);
      report = sim_run_json (run);
      model = json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
      if (cases[i].counted)
        g_assert_cmpint (json_object_get_int_member (model, cases[i].counted), ==, 1);
      else
        g_assert_cmpstr (json_object_get_string_member (model, "dispatcher"), ==, "spawning");
    }
}

/* Of seven, each a millisecond later than the one before, the text has the five worst; it shows an outcome
 * where the prediction has another one. */
static void
test_five_worst_errors (void)
{
  g_autoptr (GString) trace = g_string_new ("arrival,service,id\n"),
                      measured = g_string_new ("# mode: Default\n" HEADER);
  g_autoptr (SimRun) run = sim_run_new ();

  for (guint i = 1; i <= 7; i++)
    {
      g_string_append_printf (trace, "%u,0.5,r%u\n", i, i);
      if (i < 7)
        g_string_append_printf (measured, "%u,,r%u,%u,%u,%u.50%u,%u.50%u,stored,0\n", i, i, i, i, i, i, i, i);
      else
        g_string_append_printf (measured, "%u,0.5,r%u,%u,%u,,%u.50%u,failed,0\n", i, i, i, i, i, i);
    }
  sim_run_write (run, "trace.csv", trace->str);
  sim_run_write (run, "measured.csv", measured->str);
  sim_run_go (run, "--against=measured.csv trace.csv", NULL);
  g_test_message ("%s%s", run->out, run->err);
  for (guint i = 1; i <= 7; i++)
    {
      g_autofree char *line = g_strdup_printf ("\nr%u ", i);

      g_assert_cmpint (strstr (run->out, line) != NULL, ==, i > 2);
    }
  g_assert_nonnull (strstr (run->out, "-7.00 ms   measured failed, predicted stored\n"));
  g_assert_nonnull (strstr (run->out, "\nmodel check: equals the record"));
}

static void
test_disagreement (void)
{
  g_autoptr (SimRun) run = run_with (record, NULL, "--against=measured.csv --service-scale=1.1 trace.csv");
  g_autoptr (SimRun) tolerant
      = run_with (record, NULL, "--against=measured.csv --service-scale=1.02 --tolerance=5% trace.csv");
  g_autoptr (SimRun) strict = run_with (record, NULL, "--against=measured.csv --tolerance=0 trace.csv");

  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (strstr (run->out, "Not agreed: not every metric is within 2 %"));
  g_assert_nonnull (strstr (run->out, "makespan, depth curve\n"));
  g_assert_cmpint (tolerant->status, ==, 0);
  g_assert_nonnull (strstr (tolerant->out, "Agreed: every metric is within 5 %"));
  g_assert_cmpint (strict->status, ==, 1);
}

static void
test_given_options_win (void)
{
  g_autoptr (SimRun) run = run_with (record, NULL, "--against=measured.csv -q 5 --format=json trace.csv");

  g_assert_cmpint (run->status, ==, 1);
  g_assert_cmpstr (run->err, ==, "wp-sim: warning: the prediction uses queue 5, the measurement used 1\n");
}

static void
test_measurement_as_input (void)
{
  g_autoptr (SimRun) run = run_with (record, NULL, "--against=measured.csv ./measured.csv");
  g_autoptr (SimRun) copied = run_with (record, record, "--against=measured.csv client.csv");

  g_assert_nonnull (strstr (run->out, "warning: measured.csv is both the input and the measurement"));
  /* equal notes say so */
  g_assert_nonnull (strstr (copied->out, "warning: measured.csv is both the input and the measurement"));
}

static void
test_a_prediction_is_no_measurement (void)
{
  g_autoptr (SimRun) run = run_with ("", NULL, "-m WorkerPool -w 2 -q 0 --jobs=jobs.csv trace.csv");

  g_assert_cmpint (run->status, ==, 0);
  sim_run_go (run, "--against=jobs.csv trace.csv", NULL); /* sizes from its notes */
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "WorkerPool, queue 0, 2 workers, block\n"));
  g_assert_nonnull (strstr (run->out, "warning: jobs.csv is a prediction by wp-sim, not a measurement"));
}

static void
test_requests_on_one_side (void)
{
  static const char two[] = NOTES HEADER "0,1,c,0,0,1,1,stored,0\n0,1,z,0,1,2,2,stored,0\n";
  g_autoptr (SimRun) run = run_with (two, NULL, "--against=measured.csv trace.csv");

  g_assert_nonnull (strstr (
      run->out,
      "1 matched by id, 1 of them with the same outcome; 2 only in the prediction; 1 only in the measurement\n"));
}

static void
test_client_view (void)
{
  static const char fine[]
      = "id,arrival,sent,answered,status,outcome,ended\n"
        "c,0.0002,0.0002,3.0012,200,stored,3.0012\na,0,0,1.0012,200,stored,1.0012\nb,0.0001,0,2.0012,200,stored,2.0012\n";
  static const char bad[] = "id,arrival,ended,outcome\na,0,1.5,stored\nb,0,2.5,stored\nc,0,3,failed\n";
  g_autoptr (SimRun) run = run_with (record, fine, "--against=measured.csv --client=client.csv trace.csv");
  g_autoptr (SimRun) other = run_with (record, bad, "--against=measured.csv --client=client.csv trace.csv");

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (
      run->out,
      "client.csv, 3 requests matched; latency differs from the server's response by 200 us in the median, 200 us at most\n"));
  g_assert_null (strstr (run->out, "warning"));
  g_assert_nonnull (strstr (other->out, "warning: the client recorded 2 answered 2xx, the server 3\n"));
  g_assert_nonnull (strstr (other->out, "warning: the client recorded 1 failed, the server 0\n"));
  g_assert_nonnull (strstr (
      other->out, "warning: 1 request was answered differently in the client's record and the server's\n"));
  g_assert_nonnull (strstr (
      other->out,
      "warning: the client's latency differs from the server's: by 499 ms or more for half of the requests\n"));
}

/* The counts are right, and so is the median; but the server has claimed one request's fate for another, and
 * a client had its response before the server says that there was one. */
static void
test_falsified_record_is_found (void)
{
  static const char doctored[] = NOTES
      "# ack: accepted\n" HEADER
      "0,1,a,0,0,1,1,stored,0\n0.1,,b,,,,0.2,rejected,1\n0.2,1,c,0.2,1,2,2,stored,0\n0.3,1,d,0.9,2,3,3,stored,1\n";
  static const char seen[]
      = "id,arrival,ended,outcome\na,0,0.001,stored\nb,0.1,0.101,stored\nc,0.2,0.3,rejected\nd,0.3,0.4,stored\n";
  g_autoptr (SimRun) run = run_with (doctored, seen, "--against=measured.csv --client=client.csv trace.csv");

  g_assert_null (strstr (run->out, "the client recorded"));
  g_assert_nonnull (strstr (
      run->out, "warning: 2 requests were answered differently in the client's record and the server's\n"));
  g_assert_nonnull (
      strstr (run->out, "warning: 1 request was answered before the server recorded them as accepted\n"));
}

static gboolean
tells_of_crossing (const char *measured, const char *left)
{
  g_autofree char *client
      = g_strdup_printf ("id,arrival,ended,outcome\na,0,%s,abandoned\nb,0.2,0.3,abandoned\n", left);
  g_autoptr (SimRun) run
      = run_with (measured, client, "--against=measured.csv --client=client.csv trace.csv");
  gboolean is_noted = strstr (run->out, "; 1 left within 10.0 ms of the response\n") != NULL;

  g_assert_cmpint (is_noted, ==, strstr (run->out, "warning") == NULL);
  g_assert_cmpint (
      is_noted, !=,
      strstr (run->out,
              "warning: 1 request was answered differently in the client's record and the server's\n")
          != NULL);

  return is_noted;
}

/* Some ms before or after it was accepted the client left, and never read its response: two stories, both
 * true. Further apart, one of them is not; but for a client that waits for an update that is under way. */
static void
test_response_crosses_a_leaving_client (void)
{
  static const char accepted[]
      = NOTES "# ack: accepted\n" HEADER "0,1,a,0.1,0.1,1.1,1.1,stored,1\n0.2,,b,,,,0.3,abandoned,1\n";
  static const char stored[]
      = NOTES "# ack: stored\n" HEADER "0,1,a,0.1,0.1,1.1,1.1,stored,1\n0.2,,b,,,,0.3,abandoned,1\n";
  static const char timed_out[]
      = NOTES "# ack: accepted\n" HEADER "0,,a,,,,0.1,timed_out,1\n0.2,,b,,,,0.3,abandoned,1\n";
  static const char *const in_the_moment[] = { "0.0901", "0.1003", "0.1099" }, *const apart[]
                                                                               = { "0.089", "0.111", "0.4" };

  for (guint i = 0; i < G_N_ELEMENTS (apart); i++)
    {
      g_assert_true (tells_of_crossing (accepted, in_the_moment[i]));
      g_assert_true (tells_of_crossing (timed_out, in_the_moment[i]));
      g_assert_false (tells_of_crossing (accepted, apart[i]));
      g_assert_false (tells_of_crossing (timed_out, apart[i]));
    }
  g_assert_true (tells_of_crossing (stored, "0.0901"));
  g_assert_true (tells_of_crossing (stored, "0.4"));
  g_assert_true (tells_of_crossing (stored, "1.1099"));
  g_assert_false (tells_of_crossing (stored, "0.089"));
  g_assert_false (tells_of_crossing (stored, "1.111"));
}

/* A queued job that was dropped with its client was accepted, and answered by nobody. */
static void
test_queued_client_that_left (void)
{
  static const char dropped[]
      = NOTES "# ack: stored\n" HEADER "0,,a,0,,,0.1,abandoned,0\n0.2,1,b,0.2,0.2,1.2,1.2,stored,0\n";
  static const char left[] = "id,arrival,ended,outcome\na,0,0.1003,abandoned\nb,0.2,1.2003,stored\n";
  static const char answered[] = "id,arrival,ended,outcome\na,0,0.1003,stored\nb,0.2,1.2003,stored\n";
  g_autoptr (SimRun) run = run_with (dropped, left, "--against=measured.csv --client=client.csv trace.csv");
  g_autoptr (SimRun) denied
      = run_with (dropped, answered, "--against=measured.csv --client=client.csv trace.csv");

  g_assert_null (strstr (run->out, "warning"));
  g_assert_nonnull (strstr (
      denied->out, "warning: 1 request was answered differently in the client's record and the server's\n"));
}

/* Two requests, accepted after @after_s: a client that had its responses @later_s after that is believed, up
 * to 2 ms or a fiftieth. */
static void
check_client_latency (double after_s, double later_s, gboolean differs)
{
  g_autofree char *measured = g_strdup_printf (
      NOTES "# ack: accepted\n" HEADER "0,,a,%g,%g,%g,%g,stored,1\n0.5,,b,%g,%g,%g,%g,stored,1\n", after_s,
      after_s, after_s, after_s, 0.5 + after_s, 0.5 + after_s, 0.5 + after_s, 0.5 + after_s);
  g_autofree char *client = g_strdup_printf ("id,arrival,ended,outcome\na,0,%g,stored\nb,0.5,%g,stored\n",
                                             after_s + later_s, 0.5 + after_s + later_s);
  g_autoptr (SimRun) run
      = run_with (measured, client, "--against=measured.csv --client=client.csv trace.csv");

  g_assert_cmpint (strstr (run->out, "warning: the client's latency differs from the server's") != NULL, ==,
                   differs);
}

static void
test_client_clock_tolerance (void)
{
  check_client_latency (0.01, 0.0019, FALSE);
  check_client_latency (0.01, 0.0021, TRUE);
  check_client_latency (1, 0.019, FALSE);
  check_client_latency (1, 0.021, TRUE);
}

/* A job that failed later was answered by 200, unless its client waited for the update. */
static void
test_a_job_that_failed (void)
{
  static const char failed[] = HEADER "0,1,a,0,0,,1,failed,0\n0.2,1,b,0.2,0.2,1.2,1.2,stored,0\n";
  static const struct {
    const char *ack, *outcome, *ended;
    gboolean differs;
  } cases[] = {
    { "accepted", "stored", "0.0003", FALSE },
    { "accepted", "failed", "1.0003", TRUE },
    { "stored", "failed", "1.0003", FALSE },
    { "stored", "stored", "1.0003", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *measured = g_strconcat (NOTES "# ack: ", cases[i].ack, "\n", failed, NULL);
      g_autofree char *client = g_strconcat ("id,arrival,ended,outcome\na,0,", cases[i].ended, ",",
                                             cases[i].outcome, "\nb,0.2,1.2003,stored\n", NULL);
      g_autoptr (SimRun) run
          = run_with (measured, client, "--against=measured.csv --client=client.csv trace.csv");

      g_assert_cmpint (strstr (run->out, "warning: 1 request was answered differently") != NULL, ==,
                       cases[i].differs);
    }
}

/* A server that says that a client left which has its response is believed by nobody, however close the two
 * are. */
static void
test_response_that_the_server_denies (void)
{
  static const char denied[]
      = NOTES "# ack: accepted\n" HEADER "0,,a,,,,0.1,abandoned,1\n0.2,1,b,0.2,0.2,1.2,1.2,stored,0\n";
  static const char seen[] = "id,arrival,ended,outcome\na,0,0.1003,stored\nb,0.2,0.201,stored\n";
  g_autoptr (SimRun) run = run_with (denied, seen, "--against=measured.csv --client=client.csv trace.csv");

  g_assert_nonnull (strstr (
      run->out, "warning: 1 request was answered differently in the client's record and the server's\n"));
}

static void
test_worst_errors (void)
{
  g_autoptr (SimRun) run = run_with (record, NULL, "--against=measured.csv --service-scale=1.1 trace.csv");
  g_autoptr (SimRun) json
      = run_with (record, NULL, "--against=measured.csv --service-scale=1.1 --format=json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (json);
  JsonArray *largest
      = json_object_get_array_member (json_object_get_object_member (report, "against"), "largest");
  JsonObject *first = json_array_get_object_element (largest, 0);

  g_assert_cmpuint (json_array_get_length (largest), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (first, "id"), ==, "c");
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (first, "arrival"), 0, 1e-12);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (first, "predicted"), 3.3, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (first, "measured"), 3.0008, 1e-9);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (first, "error"), 0.2992, 1e-9);
  g_assert_cmpstr (json_object_get_string_member (first, "measured_outcome"), ==, "stored");
  g_assert_nonnull (strstr (run->out, "Largest errors in the time from arrival to end:\n"));
  g_assert_nonnull (
      strstr (run->out, "\nc                             0 s         3.30 s       3.00 s     +299 ms\n"));
}

static void
assert_refused (const char *measured, const char *arguments, const char *message)
{
  g_autoptr (SimRun) run = run_with (measured, NULL, arguments);

  g_assert_cmpstr (run->err, ==, message);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_cmpint (run->status, ==, 2);
}

static void
test_bad_records (void)
{
  assert_refused (
      "arrival\n0\n", "--against=measured.csv trace.csv",
      "wp-sim: measured.csv: no columns \"accepted\" and \"outcome\": it is not a record of wp-server\n");
  assert_refused (
      HEADER "0,1,a,0,0,1,1,stored,0\n", "--against=measured.csv trace.csv",
      "wp-sim: --against compares one mode: select it with --mode (measured.csv has no note \"mode\")\n");
  assert_refused (record, "--against=measured.csv -m all trace.csv",
                  "wp-sim: --against compares one mode: select it with --mode\n");
  assert_refused (
      "# mode: Pool\n" HEADER "0,1,a,0,0,1,1,stored,0\n", "--against=measured.csv trace.csv",
      "wp-sim: measured.csv: note \"mode\": \"Pool\" is not a mode: Default, BufferedChannel or WorkerPool\n");
  assert_refused (NOTES HEADER "1,1,a,0,0,1,1,stored,0\n", "--against=measured.csv trace.csv",
                  "wp-sim: measured.csv:8: request a was accepted before it arrived\n");
}

/* No figure is made of a row that can't be true; the line says which. Sorted rows keep theirs. */
static void
test_contradictory_rows (void)
{
  static const struct {
    const char *rows, *message;
  } cases[] = {
    { "0,1,a,0,0,1,1,rejected,0\n", "8: request a was refused, and has a finish" },
    { "0,1,a,0,,,1,timed_out,0\n", "8: request a was refused, and accepted" },
    { "0,1,,0,0,,1,stored,0\n", "8: the request was stored, and has no finish" },
    { "0,1,a,0,0,1,1,stored,0\n1,1.5,b,1,1,2,2,stored,0\n",
      "9: request b has a service that is not its finish less its start" },
    { "0,1,a,0,0,1,1,stored,0\n1,1,a,1,1,2,2,stored,0\n", "9: request a is on line 8 too" },
    { "0,1,a,0,0,1,0.5,stored,0\n",
      "8: request a ended before it arrived, was accepted, started or finished" },
    { "0,1,a,0,0,1,1,abandoned,0\n", "8: request a left, and was started" },
    { "0,1,a,0,0,1,1,passed,0\n", "8: request a was passed, and has a finish" },
    { "3,1,a,3,3,4,4,stored,0\n0,1,b,0,0,1,1,stored,0\n1,1,a,1,1,2,2,stored,0\n",
      "10: request a is on line 8 too" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *measured = g_strconcat (NOTES HEADER, cases[i].rows, NULL);
      g_autofree char *message = g_strdup_printf ("wp-sim: measured.csv:%s\n", cases[i].message);

      assert_refused (measured, "--against=measured.csv trace.csv", message);
    }
}

#define ONE_PLACE "# mode: WorkerPool\n# queue: 0\n# workers: 1\n# when-full: reject\n# block-timeout: none\n"

/* The second was planned for the moment at which the first ends. The first came 5 ms late, and so the second
 * was refused: the model says the same of these arrivals, and what it said of the planned ones nobody could
 * know. */
static void
test_agrees_as_replayed (void)
{
  static const char late[] = ONE_PLACE "# database: delay:request\n" HEADER
                                       "0,1,a,0,0,1,1,stored,0\n0.995,1,b,,,,0.995,rejected,0\n";
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonObject *against, *makespan;

  sim_run_write (run, "trace.csv", "arrival,service,id\n0,1,a\n1,1,b\n");
  sim_run_write (run, "measured.csv", late);
  sim_run_go (run, "--against=measured.csv --format=json trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  against = json_object_get_object_member (report, "against");
  makespan = metric (against, "makespan");
  g_assert_cmpstr (json_object_get_string_member (against, "verdict"), ==, "agrees_as_replayed");
  g_assert_false (json_object_get_boolean_member (against, "within"));
  g_assert_cmpfloat (json_object_get_double_member (makespan, "as_replayed"), ==, 1);
  g_assert_cmpfloat (json_array_get_double_element (json_object_get_array_member (makespan, "range"), 0), <=,
                     1);
  g_assert_cmpfloat (json_array_get_double_element (json_object_get_array_member (makespan, "range"), 1), >=,
                     2);
  g_assert_false (json_object_get_boolean_member (makespan, "predictable"));
  sim_run_go (run, "--against=measured.csv --max-lag=4ms trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (
      strstr (run->out,
              "\nas replayed: arrivals late by 0 s in the median, 5.00 ms at p99; services as asked for\n"));
  g_assert_nonnull (strstr (run->out, "\nAgreed as replayed, not as planned: "));
  g_assert_nonnull (strstr (run->out, "\nwarning: arrivals were late by 5.00 ms at p99, more than "
                                      "--max-lag=4.00 ms: the run says little of the prediction, so the exit "
                                      "status is 1\n"));
  g_assert_nonnull (strstr (run->out, "not predictable to 2 %: with lags like this run's"));
}

/* A record that the model can't come to, whatever arrived, is an error; what it cannot judge it names. */
static void
test_model_on_the_record (void)
{
  static const char two_at_once[]
      = ONE_PLACE HEADER "0,1,a,0,0,1,1,stored,0\n0.5,1,b,0.5,0.5,1.5,1.5,stored,0\n";
  static const char left[] = "# mode: WorkerPool\n# queue: 0\n# workers: 1\n" HEADER
                             "0,1,a,0,0,1,1,stored,0\n0.5,,b,,,,0.9,abandoned,1\n0.6,1,c,1,1,2,2,stored,1\n";
  static const char sqlite[] = ONE_PLACE "# database: sqlite:wp.db\n" HEADER "0,1,a,0,0,1,1,stored,0\n";
  g_autoptr (SimRun) run = run_with (two_at_once, NULL, "--against=measured.csv trace.csv"),
                     parked = run_with (left, NULL, "--against=measured.csv trace.csv"),
                     other = run_with (sqlite, NULL, "--against=measured.csv --format=json trace.csv");
  g_autoptr (JsonObject) report = sim_run_json (other);

  g_assert_nonnull (strstr (run->out, "\nmodel check: ERROR: the model differs from the record"));
  g_assert_nonnull (strstr (parked->out, "\nmodel check: equals the record"));
  g_assert_cmpint (other->status, ==, 1);
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (report, "against"),
                                                  "verdict"),
                   ==, "does_not_agree");
}

static void
test_golden (void)
{
  g_autoptr (SimRun) run = run_with (record, NULL, "--against=measured.csv --service-scale=1.01 trace.csv");
  g_autofree char *path
      = g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "tests", "golden", "wp-sim-against.txt", NULL);
  g_autofree char *expected = NULL;

  if (g_getenv ("WP_UPDATE_GOLDEN"))
    g_file_set_contents (path, run->out, -1, NULL);
  g_assert_true (g_file_get_contents (path, &expected, NULL, NULL));
  g_assert_cmpstr (run->out, ==, expected);
}

/* Lines of printed letters, and nothing that a terminal obeys. */
static void
assert_printed (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *at = text; *at; at = g_utf8_next_char (at))
    g_assert_true (*at == '\n' || g_unichar_isprint (g_utf8_get_char (at)));
}

static guint
count_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  return g_strv_length (lines);
}

/* Ids, file names and notes are whatever somebody gave them: in the report they stay on their line, in their
 * order. In JSON they are as they are. */
static void
test_odd_names (void)
{
  static const char odd_input[]
      = "arrival,service,id\n0,1,\x1b[2Ja\n0,1,\xe2\x80\xae\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b\xe4\xba\x94\xe5\x85\xad\xe4\xb8\x83\xe5\x85\xab\xe4\xb9\x9d\xe5\x8d\x81\xe5\x8d\x81\xe5\x8d\x81\xe5\x8d\x81\n0,1,\"c\nd\"\n";
  static const char odd_record[] = NOTES
      "# ack: stored\n# database: delay:\x1b]0;x\x07\n" HEADER "0,1.001,\x1b[2Ja,0,0,1.001,1.001,stored,0\n"
      "0.0001,1,\xe2\x80\xae\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b\xe4\xba\x94\xe5\x85\xad\xe4\xb8\x83\xe5\x85\xab\xe4\xb9\x9d\xe5\x8d\x81\xe5\x8d\x81\xe5\x8d\x81\xe5\x8d\x81,0.0001,1.001,2.001,2.001,stored,0\n"
      "0.0002,1,\"c\nd\",1.001,2.001,3.001,3.001,stored,1\n";
  g_autoptr (SimRun) plain = run_with (record, NULL, "--against=measured.csv trace.csv"),
                     run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonArray *largest;

  sim_run_write (run, "t\x1b[31m\xe2\x80\xae\n.csv", odd_input);
  sim_run_write (run, "m\x1b[31m\n.csv", odd_record);
  sim_run_go (run, "--against=m\x1b[31m\n.csv t\x1b[31m\xe2\x80\xae\n.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  assert_printed (run->out);
  g_assert_cmpuint (count_lines (run->out), ==, count_lines (plain->out));
  g_assert_nonnull (strstr (run->out, "prediction:  t\\x1b[31m\\u202e\\n.csv, "));
  g_assert_nonnull (strstr (run->out, "\nmeasurement: m\\x1b[31m\\n.csv, delay:\\x1b]0;x\\x07, "));
  g_assert_nonnull (strstr (run->out, "\n\\x1b[2Ja         "));
  g_assert_nonnull (strstr (run->out, "\n\\u202e\xe4\xb8\x80\xe4\xba\x8c"));
  g_assert_nonnull (strstr (run->out, "\nc\\nd              "));

  sim_run_go (run, "--against=m\x1b[31m\n.csv t\x1b[31m\xe2\x80\xae\n.csv --format=json", NULL);
  report = sim_run_json (run);
  largest = json_object_get_array_member (json_object_get_object_member (report, "against"), "largest");
  g_assert_cmpstr (json_object_get_string_member (json_array_get_object_element (largest, 0), "id"), ==,
                   "\x1b[2Ja");

  sim_run_go (run, "no\x1b[31m\nsuch.csv", NULL);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->err, ==, "wp-sim: no\\x1b[31m\\nsuch.csv: No such file or directory\n");
}

/* The second came 100 ms late, and its client left 450 ms after its planned time, 50 ms before there was
 * room: had its patience begun at its arrival, it would have been served. */
static void
test_patience_from_planned_time (void)
{
  static const char late[]
      = "# mode: WorkerPool\n# queue: 0\n# workers: 1\n# when-full: block\n# block-timeout: none\n"
        "# database: delay:request\n" HEADER "0,1,a,0,0,1,1,stored,0\n0.6,1,b,,,,0.95,abandoned,1\n";
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  JsonObject *against;

  sim_run_write (run, "trace.csv", "arrival,service,id\n0,1,a\n0.5,1,b\n");
  sim_run_write (run, "measured.csv", late);
  sim_run_go (run, "--against=measured.csv --patience=450ms --max-lag=1s --format=json trace.csv", NULL);
  report = sim_run_json (run);
  against = json_object_get_object_member (report, "against");
  g_assert_cmpint (json_object_get_int_member (metric (against, "accepted"), "measured"), ==, 1);
  g_assert_cmpfloat (json_object_get_double_member (metric (against, "accepted"), "as_replayed"), ==, 1);
}

/* The machine's pressure stands between the rows: its mean decides, over a tenth the run was disturbed. */
static void
test_disturbed_run (void)
{
  static const char *const pressures[] = { "0.10", "0.24" };

  for (guint i = 0; i < G_N_ELEMENTS (pressures); i++)
    {
      g_auto (GStrv) parts = g_strsplit (record, "0.0001,1,b", 2);
      g_autofree char *measured
          = g_strconcat (parts[0], "# at=1.0 pressure=0.06\n# at=2.0 pressure=", pressures[i], "\n0.0001,1,b",
                         parts[1], NULL);
      g_autoptr (SimRun) text = run_with (measured, NULL, "--against=measured.csv trace.csv");
      g_autoptr (SimRun) run = run_with (measured, NULL, "--against=measured.csv --format=json trace.csv");
      g_autoptr (JsonObject) report = sim_run_json (run);
      JsonObject *against = json_object_get_object_member (report, "against");

      g_assert_cmpint (text->status, ==, 0);
      g_assert_cmpint (strstr (text->out,
                               "warning: the run of measured.csv was disturbed: a task waited for a "
                               "processor in 15 % of its time, 24 % in the worst second")
                           != NULL,
                       ==, i == 1);
      g_assert_cmpint (json_object_get_boolean_member (against, "disturbed"), ==, i == 1);
      g_assert_cmpstr (json_object_get_string_member (against, "verdict"), ==, "agrees");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-against/agreement", test_agreement);
  g_test_add_func ("/wp-sim-against/sizes-change", test_sizes_change);
  g_test_add_func ("/wp-sim-against/sizes-change-refused", test_sizes_change_refused);
  g_test_add_func ("/wp-sim-against/policy-from-notes", test_policy_from_notes);
  g_test_add_func ("/wp-sim-against/five-worst-errors", test_five_worst_errors);
  g_test_add_func ("/wp-sim-against/disagreement", test_disagreement);
  g_test_add_func ("/wp-sim-against/given-options-win", test_given_options_win);
  g_test_add_func ("/wp-sim-against/measurement-as-input", test_measurement_as_input);
  g_test_add_func ("/wp-sim-against/a-prediction-is-no-measurement", test_a_prediction_is_no_measurement);
  g_test_add_func ("/wp-sim-against/requests-on-one-side", test_requests_on_one_side);
  g_test_add_func ("/wp-sim-against/client-view", test_client_view);
  g_test_add_func ("/wp-sim-against/falsified-record-is-found", test_falsified_record_is_found);
  g_test_add_func ("/wp-sim-against/response-crosses-a-leaving-client",
                   test_response_crosses_a_leaving_client);
  g_test_add_func ("/wp-sim-against/queued-client-that-left", test_queued_client_that_left);
  g_test_add_func ("/wp-sim-against/client-clock-tolerance", test_client_clock_tolerance);
  g_test_add_func ("/wp-sim-against/a-job-that-failed", test_a_job_that_failed);
  g_test_add_func ("/wp-sim-against/response-that-the-server-denies", test_response_that_the_server_denies);
  g_test_add_func ("/wp-sim-against/worst-errors", test_worst_errors);
  g_test_add_func ("/wp-sim-against/bad-records", test_bad_records);
  g_test_add_func ("/wp-sim-against/contradictory-rows", test_contradictory_rows);
  g_test_add_func ("/wp-sim-against/agrees-as-replayed", test_agrees_as_replayed);
  g_test_add_func ("/wp-sim-against/disturbed-run", test_disturbed_run);
  g_test_add_func ("/wp-sim-against/patience-from-planned-time", test_patience_from_planned_time);
  g_test_add_func ("/wp-sim-against/model-on-the-record", test_model_on_the_record);
  g_test_add_func ("/wp-sim-against/golden", test_golden);
  g_test_add_func ("/wp-sim-against/odd-names", test_odd_names);

  return g_test_run ();
}
