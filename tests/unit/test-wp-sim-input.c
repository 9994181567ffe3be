/* wp-sim on logs and JSON lines, on endless lines, and on files of no known format: notes, warnings and
 * refusals. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/sim-run.h"

static const char nginx[] = "h - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\" 0.000\n"
                            "h - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\" 0.700\n"
                            "h - - [10/Oct/2000:13:55:39 -0700] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\" 0.001\n";

static SimRun *
run_file (const char *name, const char *text, const char *arguments)
{
  SimRun *run = sim_run_new ();

  sim_run_write (run, name, text);
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s", run->err);

  return run;
}

static void
test_log_assumptions_are_noted (void)
{
  g_autoptr (SimRun) run = run_file ("access.log", nginx, "--input=CLF access.log");
  JsonObject *report, *trace;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_true (g_str_has_prefix (run->out, "No sizes are recommended: it cannot be determined "));
  g_assert_nonnull (strstr (run->out, "\norder: sorted; 1 row came after a later arrival\n"));
  g_assert_nonnull (strstr (
      run->out,
      "\nnote: stamps are whole seconds: their requests are spread evenly over them (--stamps=as-is leaves them)\n"));
  g_assert_nonnull (strstr (
      run->out,
      "\nnote: the log's request times are taken off its stamps, which nginx sets at the end of a request\n"));
  g_assert_nonnull (strstr (
      run->out, "\nwarning: it cannot be determined whether the log's response times contain waiting: the "
                "log has fewer than 1,000 requests with a response time; they are taken as "
                "service times, and no sizes are recommended: --logged-workers=N takes "));
  g_assert_null (strstr (run->out, "\nplan for "));
  sim_run_go (run, "--input=clf --format=json access.log", NULL);
  report = sim_run_json (run);
  trace = json_object_get_object_member (report, "trace");
  g_assert_cmpint (json_object_get_int_member (trace, "requests"), ==, 3);
  g_assert_cmpint (json_object_get_int_member (trace, "out_of_order"), ==, 1);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (trace, "notes")), ==, 2);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (trace, "duration"), 3.449, 1e-9);
  json_object_unref (report);
}

/* Of a sorted log, and of one that is longer than a read. */
static void
test_each_row_of_a_log_has_its_service (void)
{
  g_autoptr (SimRun) run
      = run_file ("access.log", nginx, "--input=clf -m default --jobs=jobs.csv access.log");
  g_autoptr (GString) apache = g_string_new (NULL);
  g_autofree char *sorted = sim_run_read (run, "jobs.csv");
  g_autofree char *streamed = NULL;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (sorted, ",0.000000000,,"));
  g_assert_nonnull (strstr (sorted, ",0.700000000,,"));
  g_assert_nonnull (strstr (sorted, ",0.001000000,,"));
  for (int i = 0; i < 1000; i++)
    g_string_append_printf (apache, "h - - [10/Oct/2000:13:%02d:%02d +0000] \"GET /\" 200 5 \"-\" \"-\" %d\n",
                            i / 60, i % 60, 1000 + i);
  sim_run_write (run, "access.log", apache->str);
  sim_run_go (run, "--log-format=combined+D -m default --jobs=jobs.csv access.log", NULL);
  g_assert_cmpint (run->status, ==, 0);
  streamed = sim_run_read (run, "jobs.csv");
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *row = g_strdup_printf ("\n%d.000000000,0.00%d000,,", i, 1000 + i);

      g_assert_nonnull (strstr (streamed, row));
    }
}

static void
test_json_lines_from_a_pipe (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *jobs = NULL;

  sim_run_go (
      run, "--input=jsonl --columns arrival=at,service=tokens*0.5,id=who.name -m default --jobs=jobs.csv -",
      "{\"at\":\"2024-01-01T00:00:01.5Z\",\"tokens\":3,\"who\":{\"name\":\"b\"}}\n{\"who\":{\"name\":\"a\"},\"at\":\"2024-01-01T00:00:00Z\",\"tokens\":1}\n");
  g_assert_cmpint (run->status, ==, 0);
  g_assert_null (strstr (run->out, "note:"));
  jobs = sim_run_read (run, "jobs.csv");
  g_assert_nonnull (strstr (jobs, "\n0.000000000,0.500000000,a,,"));
  g_assert_nonnull (strstr (jobs, "\n1.500000000,1.500000000,b,,"));
}

/* @n requests, one every 33.5 ms on average, of 60 ms on average, behind @workers, 16 at most. */
static char *
make_log (guint n, guint workers)
{
  GString *text = g_string_new (NULL);
  guint random = 1;
  guint64 free_ms[16] = { 0 }, now_ms = 0;

  for (guint i = 0; i < n; i++)
    {
      guint first = 0;
      guint64 end_ms;

      for (guint j = 1; j < workers; j++)
        first = free_ms[j] < free_ms[first] ? j : first;
      random = random * 1664525 + 1013904223;
      now_ms += (random >> 16) % 68;
      random = random * 1664525 + 1013904223;
      free_ms[first] = end_ms = MAX (now_ms, free_ms[first]) + 20 + (random >> 16) % 81;
      g_string_append_printf (text, "{\"arrival\":%" G_GUINT64_FORMAT ".%03u,\"response\":%.3f}\n",
                              now_ms / 1000, (guint) (now_ms % 1000), (double) (end_ms - now_ms) / 1000);
    }

  return g_string_free (text, FALSE);
}

static JsonObject *
logged_of (SimRun *run, const char *arguments)
{
  g_autoptr (JsonObject) report = NULL;

  sim_run_go (run, arguments, NULL);
  report = sim_run_json (run);

  return json_object_ref (
      json_object_get_object_member (json_object_get_object_member (report, "trace"), "logged"));
}

static void
test_waiting_is_removed (void)
{
  g_autofree char *log = make_log (5000, 2);
  g_autoptr (SimRun) run = run_file ("t", log, "--input=jsonl t");
  g_autoptr (JsonObject) logged = NULL;
  g_autoptr (JsonObject) given = NULL;
  g_autoptr (JsonObject) none = NULL;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "\nThe log's response times contain waiting: "));
  g_assert_nonnull (strstr (run->out, " are service (2 workers).\n"));
  g_assert_nonnull (strstr (run->out, "plan for WorkerPool"));
  logged = logged_of (run, "--input=jsonl --format=json t");
  g_assert_cmpstr (json_object_get_string_member (logged, "verdict"), ==, "queued");
  g_assert_cmpint (json_object_get_int_member (logged, "workers"), ==, 2);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (logged, "service_mean"), 0.06, 0.002);
  g_assert_cmpfloat (json_object_get_double_member (logged, "response_mean"), >, 0.08);
  given = logged_of (run, "--input=jsonl --format=json --no-plan --logged-workers=2 t");
  g_assert_cmpfloat (json_object_get_double_member (given, "service_mean"), ==,
                     json_object_get_double_member (logged, "service_mean"));
  none = logged_of (run, "--input=jsonl --format=json --no-plan --logged-workers=None t");
  g_assert_cmpstr (json_object_get_string_member (none, "verdict"), ==, "not_queued");
  g_assert_true (json_object_get_null_member (none, "workers"));
  g_assert_cmpfloat (json_object_get_double_member (none, "service_mean"), ==,
                     json_object_get_double_member (logged, "response_mean"));
}

/* As Tomcat and lighttpd have stamps, of the ends: five requests at once, and none comes after a later one.
 */
static void
test_stamps_of_ends (void)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (SimRun) run = NULL;
  const char *warning = "\nwarning: the log is in order of its stamps though its requests overlap: ";

  for (int i = 0; i < 2000; i++)
    g_string_append_printf (log, "%d,%d,/\n", 1796010000 + i / 100, i % 7 == 0 ? 110000 : 40000);
  run = run_file ("t", log->str, "--log-format=%{sec}t,%D,%U t");
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, warning));
  sim_run_go (
      run,
      "--log-format=%{sec}t,%D,%U --columns=arrival=start_sec-duration_us/1e6,response=duration_us/1e6 t",
      NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_null (strstr (run->out, warning));
}

/* Behind 16 workers nobody waits: how many there are does not show, but that some run at once does. */
static void
test_no_waiting (void)
{
  g_autofree char *log = make_log (5000, 16);
  g_autoptr (SimRun) run = run_file ("t", log, "--input=jsonl t");
  g_autoptr (JsonObject) logged = NULL;
  JsonArray *range;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "\nThe log's response times contain no waiting, or hardly any: "));
  g_assert_nonnull (strstr (run->out, "plan for WorkerPool"));
  logged = logged_of (run, "--input=jsonl --format=json --no-plan t");
  g_assert_cmpstr (json_object_get_string_member (logged, "verdict"), ==, "not_queued");
  g_assert_true (json_object_get_null_member (logged, "workers"));
  range = json_object_get_array_member (logged, "range");
  g_assert_cmpint (json_array_get_int_element (range, 0), >=, 2);
  g_assert_cmpint (json_array_get_int_element (range, 0), <=, 16);
  g_assert_true (json_array_get_null_element (range, 1));
}

/* Too few workers make services negative: perhaps requests never reached these. */
static void
test_hint_at_where (void)
{
  g_autofree char *log = make_log (5000, 2);
  g_auto (GStrv) lines = g_strsplit (log, "{", -1);
  g_autofree char *with_path = g_strjoinv ("{\"uri\":\"/api/x\",", lines);
  g_autoptr (SimRun) run = run_file ("t", log, "--no-plan --logged-workers=1 t");

  g_assert_nonnull (strstr (run->out, "\nwarning: behind 1 worker "));
  g_assert_nonnull (strstr (run->out, " of the services would be negative: "));
  g_assert_nonnull (strstr (run->out, "; --where 'PATH~/api/*' takes the requests that reach the workers\n"));
  sim_run_go (run, "--logged-workers=1 t", NULL);
  g_assert_true (
      g_str_has_prefix (run->out, "Assuming --logged-workers=1 (see the warning): use --workers="));
  sim_run_go (run, "--logged-workers=1 --sweep=workers=1:2 t", NULL);
  g_assert_nonnull (strstr (run->err, "wp-sim: warning: behind 1 worker "));
  sim_run_write (run, "t", with_path);
  sim_run_go (run, "--no-plan --logged-workers=1 t", NULL);
  g_assert_nonnull (strstr (run->out, "; --where '[uri]~/api/*' takes "));
  sim_run_go (run, "--no-plan --logged-workers=1 --where=[uri]~/api/* t", NULL);
  g_assert_cmpint (run->status, ==, 0);
  sim_run_go (run, "--no-plan --logged-workers=9999 t", NULL);
  g_assert_nonnull (
      strstr (run->out, " contain no waiting: they are taken as service times (9999 workers, as given).\n"));
}

static void
test_several_files (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  JsonObject *report, *trace;
  JsonArray *files;

  sim_run_write (run, "old", "arrival,service\n1,0.5\n4,0.5\n");
  sim_run_write (run, "new", "arrival,service\n3,0.5\n6,0.5\n");
  sim_run_write (run, "empty", "");
  sim_run_go (run, "--no-plan new old", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "new and old (CSV): 4 requests in 5.00 s\n"));
  g_assert_cmpstr (run->err, ==, "");
  sim_run_go (run, "--no-plan --format=json - empty new ./new",
              "{\"arrival\":2,\"service\":1}\n{\"arrival\":5}\n");
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->err, "wp-sim: warning: ./new is given twice: its requests count twice\n"));
  report = sim_run_json (run);
  trace = json_object_get_object_member (report, "trace");
  files = json_object_get_array_member (trace, "files");
  g_assert_cmpint (json_object_get_int_member (trace, "requests"), ==, 6);
  g_assert_cmpint (json_object_get_int_member (trace, "out_of_order"), ==, 0);
  g_assert_cmpstr (json_object_get_string_member (trace, "format"), ==, "JSON lines, CSV");
  g_assert_cmpuint (json_array_get_length (files), ==, 4);
  g_assert_cmpstr (json_array_get_string_element (files, 1), ==, "empty");
  json_object_unref (report);
  sim_run_go (run, "--sweep=workers=1:2 --format=csv new old", NULL);
  g_assert_cmpint (run->status, ==, 0);
}

/* Stamps of whole seconds, services of 60 ms: the line says what to log. */
static void
test_hint_at_finer_stamps (void)
{
  g_autofree char *fine = make_log (5000, 2);
  g_autoptr (GRegex) milliseconds = g_regex_new ("\\.[0-9]+,", 0, 0, NULL);
  g_autofree char *log = g_regex_replace_literal (milliseconds, fine, -1, 0, ",", 0, NULL);
  g_autoptr (SimRun) run = run_file ("t", log, "--input=jsonl t");

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "has stamps that are too coarse for its times; "));
  g_assert_nonnull (strstr (run->out, "; finer stamps may decide it (nginx: $msec, Apache: %{msec}t)\n"));
}

/* Too few rows: the run goes on without a plan, unless that was asked for; a sweep needs to know. */
static void
test_unknown_workers (void)
{
  g_autofree char *log = make_log (999, 2);
  g_autoptr (SimRun) run = run_file ("t", log, "--input=jsonl --format=json t");
  g_autoptr (JsonObject) report = sim_run_json (run);
  JsonObject *logged
      = json_object_get_object_member (json_object_get_object_member (report, "trace"), "logged");

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->err, "wp-sim: warning: it cannot be determined "));
  g_assert_cmpstr (json_object_get_string_member (logged, "verdict"), ==, "unknown");
  g_assert_true (json_object_get_null_member (logged, "range"));
  g_assert_true (json_object_get_null_member (report, "plan"));
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (report, "models")), ==, 3);
  sim_run_go (run, "--input=jsonl --plan t", NULL);
  g_assert_cmpint (run->status, ==, 1);
  sim_run_go (run, "--input=jsonl --sweep=workers=1:3 t", NULL);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (
      run->err, ==,
      "wp-sim: --sweep: it cannot be determined whether the response times of t contain waiting: the log has "
      "fewer than 1,000 requests with a response time: give --logged-workers=N or none\n");
  sim_run_go (run, "--input=jsonl --gate -w 1000 --slo=blocked==0 t", NULL);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_true (g_str_has_prefix (run->out, "gate not passed (see the warning): --workers=1000 "));
  sim_run_go (run, "--input=jsonl --logged-workers=2 --plan t", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "plan for WorkerPool"));
}

/* Services are not invented for a log: its traffic is printed, and what to type. */
static void
test_a_log_without_request_times (void)
{
  static const char log[] = "h - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5\n";
  static const char *const refused[]
      = { "-w 2", "-q 1", "--plan", "-m default --jobs=-", "--sweep=workers=1", "--at=1s" };
  g_autoptr (SimRun) run = run_file ("t", log, "--input=clf t");
  g_autoptr (JsonObject) report = NULL;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "t (access log): 1 request in 0 s\n"));
  g_assert_null (strstr (run->out, "\nservice: "));
  g_assert_null (strstr (run->out, "accepted"));
  g_assert_nonnull (
      strstr (run->out, "\nwarning: the log has no request times, so nothing is simulated: say how long a "
                        "request takes, wp-sim --service=60ms --input=clf t, "));
  sim_run_write (run, "it's", log);
  sim_run_go (run, "--input=clf it's", NULL);
  g_assert_nonnull (strstr (run->out, ", wp-sim --service=60ms --input=clf 'it'\\''s', or "));
  sim_run_go (run, "--input=clf --format=json t", NULL);
  report = sim_run_json (run);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (report, "models")), ==, 0);
  g_assert_true (json_object_get_null_member (report, "plan"));
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *arguments = g_strconcat ("--input=clf ", refused[i], " t", NULL);

      sim_run_go (run, arguments, NULL);
      g_assert_cmpint (run->status, ==, 2);
      g_assert_cmpstr (
          run->err, ==,
          "wp-sim: t: the log has no request times: say how long a request takes, --service=60ms, or where "
          "that is, --columns response=NAME\n");
      g_assert_cmpstr (run->out, ==, "");
    }
  sim_run_go (run, "--input=clf --service=60ms t", NULL);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "\nservice: 60.0 ms on average"));
  g_assert_nonnull (strstr (run->out, "plan for WorkerPool"));
}

static void
test_refusals (void)
{
  static const struct {
    const char *arguments, *message;
  } cases[] = {
    { "--input=xml t", "wp-sim: --input: \"xml\" is not a kind of input: auto, csv, clf, jsonl or w3c\n" },
    { "--logged-workers=0 t", "wp-sim: --logged-workers: \"0\" is not a number of workers, auto or none\n" },
    { "--logged-workers=2 t",
      "wp-sim: --logged-workers: t has no response times of requests without a service: --columns response=NAME says "
      "where they are\n" },
    { "--logged-workers=2 --service-always t",
      "wp-sim: --logged-workers and --service-always exclude each other\n" },
    { "--logged-workers=2 --synthetic=poisson:rate=1,duration=1s",
      "wp-sim: --logged-workers needs a trace\n" },
    { "--input=clf .", "wp-sim: .: Is a directory\n" },
    { "--tolerance=5% t", "wp-sim: --tolerance needs --against\n" },
    { "--max-lag=1ms t", "wp-sim: --max-lag needs --against\n" },
    { "--interval=1s t", "wp-sim: --interval needs --series\n" },
    { "--service=from:- -", "wp-sim: standard input can be read once only\n" },
    { "--service=batch:from:a,- --dispatch-time=from:- t", "wp-sim: standard input can be read once only\n" },
    { "--input=jsonl t", "wp-sim: t:1: at byte 1: expected an object: {, found \"arrival\"\n" },
    { "--input=clf t",
      "wp-sim: t:1: \"arrival\" is no line of an access log: expected HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700] (2 of 2 rows are bad, more than --max-bad=1%)\n" },
    { "--columns arrival=x t", "wp-sim: --columns: arrival: no column \"x\"; the columns are \"arrival\"\n" },
    { "--log-format=nginx t",
      "wp-sim: --log-format: \"nginx\" is no log_format of nginx ($time_local ...), no LogFormat of Apache (%t ...), and none of the names common, combined, combined+rt, combined+D, combinedio, vhost_combined, ingress-nginx, haproxy, envoy, istio, clb, squid, alb, caddy, traefik\n" },
    { "--max-bad=2 t", "wp-sim: --max-bad: \"2\" is not a share, such as 2% or 0.02\n" },
    { "--stamps=even t", "wp-sim: --stamps: \"even\" is not a way to take stamps: auto, spread or as-is\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = run_file ("t", "arrival\n1\n", cases[i].arguments);

      g_assert_cmpint (run->status, ==, 2);
      g_assert_cmpstr (run->err, ==, cases[i].message);
      g_assert_cmpstr (run->out, ==, "");
    }
}

/* Offers a line of 1 GB, and counts what is taken of it before it is refused. */
static void
assert_endless_line (const char *arguments, const char *head, const char *message)
{
  g_autoptr (SimRun) run = sim_run_new ();
  int input, errors, status;
  GPid pid = sim_run_start (run, arguments, &input, NULL, &errors);
  g_autofree char *block = g_strnfill (1 << 20, '7');
  char text[1000];
  gssize taken = 0, n = write (input, head, strlen (head));

  for (int i = 0; i < 1024 && n > 0; i++)
    {
      n = write (input, block, 1 << 20);
      taken += MAX (n, 0);
    }
  g_assert_cmpint (taken, <, 16 << 20);
  close (input);
  n = read (errors, text, sizeof text - 1);
  text[MAX (n, 0)] = '\0';
  close (errors);
  g_assert_cmpstr (text, ==, message);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 2);
}

static void
test_endless_lines (void)
{
  assert_endless_line ("-", "arrival\n", "wp-sim: standard input:2: a row of more than 1 MiB\n");
  assert_endless_line ("--input=clf -", "h - - [", "wp-sim: standard input:1: a row of more than 1 MiB\n");
  assert_endless_line ("--input=jsonl -",
                       "{\"arrival\":", "wp-sim: standard input:1: a row of more than 1 MiB\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  signal (SIGPIPE, SIG_IGN);
  g_test_add_func ("/wp-sim-input/log-assumptions-are-noted", test_log_assumptions_are_noted);
  g_test_add_func ("/wp-sim-input/each-row-of-a-log-has-its-service", test_each_row_of_a_log_has_its_service);
  g_test_add_func ("/wp-sim-input/json-lines-from-a-pipe", test_json_lines_from_a_pipe);
  g_test_add_func ("/wp-sim-input/waiting-is-removed", test_waiting_is_removed);
  g_test_add_func ("/wp-sim-input/unknown-workers", test_unknown_workers);
  g_test_add_func ("/wp-sim-input/no-waiting", test_no_waiting);
  g_test_add_func ("/wp-sim-input/stamps-of-ends", test_stamps_of_ends);
  g_test_add_func ("/wp-sim-input/hint-at-where", test_hint_at_where);
  g_test_add_func ("/wp-sim-input/hint-at-finer-stamps", test_hint_at_finer_stamps);
  g_test_add_func ("/wp-sim-input/several-files", test_several_files);
  g_test_add_func ("/wp-sim-input/a-log-without-request-times", test_a_log_without_request_times);
  g_test_add_func ("/wp-sim-input/refusals", test_refusals);
  g_test_add_func ("/wp-sim-input/endless-lines", test_endless_lines);

  return g_test_run ();
}
