/* wp-replay's record and report: each is written even if the other cannot be, and however the run ends. */
#include <signal.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/trace/wp-trace.h"
#include "tests/unit/http-server.h"
#include "tests/unit/replay-run.h"

#define ANY_LAG "--max-lag=1h" /* a busy machine is no failure of these tests */
#define TRACE   "id,arrival\na,0\nb,0.01\nc,0.02\n"

/* The record has these requests, and nothing but them. */
static void
check_record (const ReplayRun *run, const char *const *ids, WpOutcome outcome)
{
  g_autofree char *path = replay_run_path (run, "out.csv");
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = wp_trace_open (path, NULL, &error);
  const WpRow *rows;
  gsize n_rows;

  g_assert_no_error (error);
  rows = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_rows, ==, g_strv_length ((char **) ids));
  for (gsize i = 0; i < n_rows; i++)
    {
      g_assert_cmpstr (rows[i].id, ==, ids[i]);
      g_assert_cmpint (rows[i].outcome, ==, outcome);
    }
}

static void
assert_one_line (const ReplayRun *run, const char *line)
{
  g_assert_cmpstr (replay_run_err (run), ==, line);
}

static const char *const all[] = { "a", "b", "c", NULL };

static void
test_report_can_not_be_written (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start_by ("exec \"$0\" \"$@\" >/dev/full", TRACE,
                                                   http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 2);
  assert_one_line (run, "wp-replay: cannot write the report: No space left on device\n");
  check_record (run, all, WP_OUTCOME_STORED);
}

/* The reader of its output has left: that is an error, and no signal ends the run. */
static void
test_report_has_no_reader (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("{ \"$0\" \"$@\"; echo $? >status; } | { exec <&-; : >closed; }", TRACE,
                             http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);
  g_autofree char *closed = replay_run_path (run, "closed"), *status = NULL;
  gint64 until_us = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!g_file_test (closed, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);
    }
  http_server_release (server);
  replay_run_wait (run);
  status = replay_run_read (run, "status");
  g_assert_cmpstr (status, ==, "2\n");
  assert_one_line (run, "wp-replay: cannot write the report: Broken pipe\n");
  check_record (run, all, WP_OUTCOME_STORED);
}

/* The report is printed all the same. */
static void
test_record_can_not_be_written (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start (TRACE, http_server_url (server), "-o", "/dev/full", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 2);
  assert_one_line (run, "wp-replay: /dev/full: cannot write: No space left on device\n");
  g_assert_nonnull (strstr (replay_run_out (run), "answered      3 (200: 3)\n"));
}

static void
test_neither_can_be_written (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("exec \"$0\" \"$@\" >/dev/full", TRACE, http_server_url (server), "-o",
                             "/dev/full", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 2);
  assert_one_line (run, "wp-replay: /dev/full: cannot write: No space left on device\n"
                        "wp-replay: cannot write the report: No space left on device\n");
}

/* Nor does the file of latencies wait for either. */
static void
test_hdr_alone_can_be_written (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run
      = replay_run_start_by ("exec \"$0\" \"$@\" >/dev/full", TRACE, http_server_url (server), "-o",
                             "/dev/full", "--hdr=out.hgrm", ANY_LAG, NULL);
  g_autofree char *text = NULL;

  g_assert_cmpint (replay_run_wait (run), ==, 2);
  assert_one_line (run, "wp-replay: /dev/full: cannot write: No space left on device\n"
                        "wp-replay: cannot write the report: No space left on device\n");
  text = replay_run_read (run, "out.hgrm");
  g_assert_nonnull (text);
  g_assert_nonnull (strstr (text, ", Total count    =            3]\n"));
}

/* A limit of the size of files is a disk that is full: no signal kills, and nothing half-written is left. */
static void
test_record_too_large (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (GString) csv = g_string_new ("arrival\n");
  g_autoptr (ReplayRun) run = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < 300; i++)
    g_string_append_printf (csv, "0.%04u\n", i);
  run = replay_run_start_by ("ulimit -f 16; \"$0\" \"$@\"; s=$?; ls out.csv*; exit $s", csv->str,
                             http_server_url (server), "-o", "out.csv", "--connections=4", ANY_LAG, NULL);
  g_assert_cmpint (replay_run_wait (run), ==, 2);
  g_assert_true (
      g_str_has_suffix (replay_run_err (run), "ls: cannot access 'out.csv*': No such file or directory\n"));
  g_assert_nonnull (strstr (replay_run_err (run), "wp-replay: out.csv: cannot write: File too large\n"));
  g_assert_nonnull (strstr (replay_run_out (run), "answered      300 (200: 300)\n"));
  text = replay_run_read (run, "out.csv");
  g_assert_null (text);
}

/* The record gets no number of a standard descriptor, and what is printed does not get into it. */
static void
test_closed_descriptors (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start_by ("exec \"$0\" \"$@\" <&- >&- 2>&-", TRACE,
                                                   http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);
  g_autofree char *text = NULL;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  check_record (run, all, WP_OUTCOME_STORED);
  text = replay_run_read (run, "out.csv");
  g_assert_nonnull (text);
  g_assert_true (g_str_has_prefix (text, "# recorded-by: wp-replay"));
  g_assert_null (strstr (text, "schedule lag"));
}

static mode_t
mode_of (const ReplayRun *run, const char *name)
{
  g_autofree char *path = replay_run_path (run, name);
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  return status.st_mode & 07777;
}

/* A new file is private under any umask; an existing file keeps its mode. */
static void
test_mode (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) open = replay_run_start_by ("umask 0; exec \"$0\" \"$@\"", TRACE,
                                                    http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);
  g_autoptr (ReplayRun) narrow
      = replay_run_start_by ("umask 0777; exec \"$0\" \"$@\"", TRACE, http_server_url (server), "-o",
                             "out.csv", ANY_LAG, NULL);
  g_autoptr (ReplayRun) there
      = replay_run_start_by ("umask 077; : >out.csv; chmod 640 out.csv; exec \"$0\" \"$@\"", TRACE,
                             http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (open), ==, 0);
  g_assert_cmpint (replay_run_wait (narrow), ==, 0);
  g_assert_cmpint (replay_run_wait (there), ==, 0);
  g_assert_cmphex (mode_of (open, "out.csv"), ==, 0600);
  g_assert_cmphex (mode_of (narrow, "out.csv"), ==, 0600);
  g_assert_cmphex (mode_of (there, "out.csv"), ==, 0640);
}

/* Ctrl-C, kill(1), a terminal that is closed: the run ends, and what was measured is there. The second of two
 * that come together is the shell's, or a script's that had the first too. */
static void
check_signals (int first, int second)
{
  static const char *const ids[] = { "a", NULL };
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("id,arrival\na,0\nb,10000\n", http_server_url (server), "-o",
                                                "out.csv", ANY_LAG, NULL);
  g_autofree char *text = NULL;

  g_assert_true (http_server_wait_requests (server, 1));
  replay_run_signal (run, first);
  if (second)
    replay_run_signal (run, second);
  /* two that wait are taken in order of number */
  g_assert_cmpint (replay_run_wait (run), ==, second ? -MIN (first, second) : -first);
  g_assert_nonnull (strstr (replay_run_out (run), "interrupted\n"));
  check_record (run, ids, WP_OUTCOME_NONE);
  text = replay_run_read (run, "out.csv");
  g_assert_nonnull (text);
  g_assert_nonnull (strstr (text, "# interrupted: yes\n"));
}

static void
test_signals (void)
{
  check_signals (SIGINT, 0);
  check_signals (SIGTERM, 0);
  check_signals (SIGHUP, 0);
}

static void
test_signal_that_is_repeated (void)
{
  check_signals (SIGHUP, SIGTERM);
}

/* nohup(1) */
static void
test_signal_that_is_ignored (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_HOLD, 0);
  g_autoptr (ReplayRun) run = replay_run_start_by ("trap '' HUP; exec \"$0\" \"$@\"", TRACE,
                                                   http_server_url (server), "-o", "out.csv", ANY_LAG, NULL);

  g_assert_true (http_server_wait_requests (server, 3));
  replay_run_signal (run, SIGHUP);
  http_server_release (server);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  check_record (run, all, WP_OUTCOME_STORED);
}

/* The columns that HdrHistogram's tools read: the values rise to the greatest, the counts to all. */
static void
test_hdr (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (GString) csv = g_string_new ("arrival\n");
  g_autoptr (ReplayRun) run = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  double value = 0, percentile = -1, rest = 0;
  guint n_rows = 0;
  gint64 count = 0;

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (csv, "0.%03u\n", i);
  run = replay_run_start (csv->str, http_server_url (server), "--hdr=out.csv.hgrm", ANY_LAG, NULL);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  text = replay_run_read (run, "out.csv.hgrm");
  g_assert_nonnull (text);
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpstr (lines[0], ==, "       Value     Percentile TotalCount 1/(1-Percentile)");
  for (guint i = 2; lines[i] && lines[i][0] != '#'; i++, n_rows++)
    {
      double last_value = value, last_percentile = percentile;

      g_assert_cmpint (sscanf (lines[i], "%lf %lf %" G_GINT64_FORMAT " %lf", &value, &percentile, &count,
                               &rest),
                       ==, count == 200 ? 3 : 4);
      g_assert_true (value >= last_value && percentile > last_percentile);
    }
  g_assert_cmpuint (n_rows, >, 10);
  g_assert_true (percentile == 1 && count == 200);
  g_assert_nonnull (strstr (text, "\n#[Mean    = "));
  g_assert_nonnull (strstr (text, ", Total count    =          200]\n"));
}

/* A line for each second, then the report as one line; the counts of the seconds are those of the run. */
static void
check_json_lines (const char *threads)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n0.1\n1.5\n2.2\n", http_server_url (server),
                                                "--format=jsonl", threads, ANY_LAG, NULL);
  g_auto (GStrv) lines = NULL;
  gint64 n_sent = 0;
  guint n;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  lines = g_strsplit (replay_run_out (run), "\n", -1);
  n = g_strv_length (lines) - 1; /* nothing after the last end of a line */
  g_assert_cmpuint (n, >=, 2);   /* a line for 1 s, 2 s or both, and the report */
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (JsonNode) root = json_from_string (lines[i], NULL);
      gint64 sent = json_object_get_int_member (json_node_get_object (root), "sent");

      n_sent += i + 1 < n ? sent : 0;
      g_assert_true (i + 1 < n || sent == 4);
    }
  g_assert_cmpint (n_sent, >=, 2); /* of the first second */
  g_assert_cmpint (n_sent, <=, 4);
}

static void
test_json_lines (void)
{
  check_json_lines ("--threads=1");
  check_json_lines ("--threads=2");
}

/* Standard output is a pipe that is full, and nobody reads it: all is sent, and the record written. */
static void
test_reader_stops (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start_by (
      "mkfifo pipe && exec 9<>pipe && { dd if=/dev/zero of=pipe bs=4096 count=1024 oflag=nonblock 2>dd; "
      "exec \"$0\" \"$@\" >pipe; }",
      "arrival\n0\n1.2\n2.3\n", http_server_url (server), "--format=jsonl", "-o", "out.csv", ANY_LAG, NULL);
  g_autofree char *record = replay_run_path (run, "out.csv");
  gint64 until_us = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  g_assert_true (http_server_wait_requests (server, 3));
  while (!g_file_test (record, G_FILE_TEST_EXISTS))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until_us);
      g_usleep (1000);
    }
}

/* Runs @script, for sh(1), and returns its standard output; it ends with status 0. */
static char *
output_of (const ReplayRun *run, const char *script)
{
  g_autofree char *dir = replay_run_path (run, ".");
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_autofree char *program = g_build_filename (g_getenv ("WP_BUILD_ROOT"), "runtime", "wp-replay", NULL);
  g_autoptr (GSubprocess) process = NULL;
  char *text = NULL;

  g_subprocess_launcher_set_cwd (launcher, dir);
  process = g_subprocess_launcher_spawn (launcher, NULL, "/bin/sh", "-c", script, program, NULL);
  g_assert_nonnull (process);
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &text, NULL, NULL));
  g_test_message ("%s", text);
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
  return text;
}

/* Two records of one trace, paired by id; and the same in JSON and as a plot, in which both have a name. */
static void
test_compare (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (GString) csv = g_string_new ("id,arrival\n");
  g_autoptr (ReplayRun) run = NULL;
  g_autofree char *text = NULL, *again = NULL, *json = NULL, *plot = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *b;

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (csv, "r%u,0.%03u\n", i, i);
  run = replay_run_start_by ("\"$0\" \"$@\" -o a.csv && exec \"$0\" \"$@\" -o b.csv", csv->str,
                             http_server_url (server), ANY_LAG, NULL);
  g_assert_cmpint (replay_run_wait (run), ==, 0);
  text = output_of (run, "exec $0 compare a.csv b.csv");
  again = output_of (run, "exec $0 compare a.csv b.csv");
  g_assert_cmpstr (text, ==, again);
  g_assert_true (g_str_has_prefix (text, "A: a.csv: 200 requests in 199 ms, 200 responses (200: 200)\n"));
  g_assert_nonnull (strstr (text, "\np50  "));
  g_assert_nonnull (strstr (text, "\n95 % confidence: 200 requests paired by id, 20 blocks of 9.95 ms"));

  json = output_of (run, "exec $0 compare --format=json a.csv b.csv");
  root = json_from_string (json, NULL);
  g_assert_nonnull (root);
  g_assert_true (json_object_get_boolean_member (json_node_get_object (root), "paired"));
  b = json_object_get_object_member (json_node_get_object (root), "b");
  g_assert_cmpstr (json_object_get_string_member (b, "file"), ==, "b.csv");
  g_assert_cmpint (json_object_get_int_member (json_object_get_object_member (b, "statuses"), "200"), ==,
                   200);
  g_assert_cmpfloat (json_object_get_double_member (json_object_get_object_member (b, "latency"), "p99"), >,
                     0);

  g_free (output_of (run, "$0 compare a.csv b.csv --plot=p.svg || grep -q 'without plots'"));
  if ((plot = replay_run_read (run, "p.svg"))) /* a build without cairo has none */
    g_assert_true (strstr (plot, ">a.csv<") && strstr (plot, ">b.csv<"));
}

static void
test_compare_refuses (void)
{
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start ("arrival\n0\n", http_server_url (server), ANY_LAG, NULL);
  g_autofree char *one = NULL, *none = NULL, *missing = NULL, *streams = NULL, *same = NULL, *name = NULL;

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  streams = output_of (run, "$0 compare - - <trace.csv; test $? = 2");
  g_assert_cmpstr (streams, ==, "wp-replay: standard input can be read once only\n");
  same = output_of (run, "cp trace.csv t.svg; $0 compare trace.csv t.svg --plot=./t.svg; test $? = 2");
  g_assert_cmpstr (same, ==, "wp-replay: --plot would overwrite t.svg, which is read\n");
  g_free (output_of (run, "printf 'arrival,ended,status\\n0,1,200\\n' >\"$(printf '\\377')\""));
  name = output_of (run, "$0 compare --format=json \"$(printf '\\377')\" \"$(printf '\\377')\"");
  g_assert_nonnull (strstr (name, "\"file\" : \"\357\277\275\""));
  one = output_of (run, "$0 compare trace.csv; test $? = 2");
  g_assert_cmpstr (one, ==, "wp-replay: compare takes two records: wp-replay compare a.csv b.csv\n");
  none = output_of (run, "$0 compare trace.csv trace.csv; test $? = 2");
  g_assert_nonnull (strstr (none, "trace.csv has no column \"ended\" or \"response\""));
  missing = output_of (run, "$0 compare no.csv trace.csv; test $? = 2");
  g_assert_nonnull (strstr (missing, "no.csv: "));
}

/* A slip of the hand costs no file. */
static void
test_read_files_are_kept (void)
{
  static const char *const cases[][2] = {
    { "trace.csv -o ./trace.csv", "--output would overwrite trace.csv, which is read" },
    { "trace.csv --hdr=trace.csv", "--hdr would overwrite trace.csv, which is read" },
    { "--rate=5 --limit=1 --body=trace.csv -o trace.csv",
      "--output would overwrite trace.csv, which is read" },
    { "trace.csv -o new.csv --hdr=new.csv", "--output and --hdr would write the same file" },
  };
  g_autoptr (HttpServer) server = http_server_new (HTTP_SERVER_RESPOND, 0);
  g_autoptr (ReplayRun) run = replay_run_start (TRACE, http_server_url (server), ANY_LAG, NULL);

  g_assert_cmpint (replay_run_wait (run), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script
          = g_strdup_printf ("$0 %s %s; test $? = 2", cases[i][0], http_server_url (server)),
          *said = output_of (run, script), *expected = g_strdup_printf ("wp-replay: %s\n", cases[i][1]);
      g_autofree char *trace = replay_run_read (run, "trace.csv");

      g_assert_cmpstr (said, ==, expected);
      g_assert_cmpstr (trace, ==, TRACE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/replay-outputs/report-can-not-be-written", test_report_can_not_be_written);
  g_test_add_func ("/replay-outputs/report-has-no-reader", test_report_has_no_reader);
  g_test_add_func ("/replay-outputs/record-can-not-be-written", test_record_can_not_be_written);
  g_test_add_func ("/replay-outputs/neither-can-be-written", test_neither_can_be_written);
  g_test_add_func ("/replay-outputs/hdr-alone-can-be-written", test_hdr_alone_can_be_written);
  g_test_add_func ("/replay-outputs/record-too-large", test_record_too_large);
  g_test_add_func ("/replay-outputs/closed-descriptors", test_closed_descriptors);
  g_test_add_func ("/replay-outputs/mode", test_mode);
  g_test_add_func ("/replay-outputs/signals", test_signals);
  g_test_add_func ("/replay-outputs/signal-that-is-repeated", test_signal_that_is_repeated);
  g_test_add_func ("/replay-outputs/signal-that-is-ignored", test_signal_that_is_ignored);
  g_test_add_func ("/replay-outputs/hdr", test_hdr);
  g_test_add_func ("/replay-outputs/json-lines", test_json_lines);
  g_test_add_func ("/replay-outputs/reader-stops", test_reader_stops);
  g_test_add_func ("/replay-outputs/compare", test_compare);
  g_test_add_func ("/replay-outputs/compare-refuses", test_compare_refuses);
  g_test_add_func ("/replay-outputs/read-files-are-kept", test_read_files_are_kept);
  return g_test_run ();
}
