/* wp-sim on bad input, and when it is interrupted: one line, exit 2, nothing left behind. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/sim-run.h"

static void
assert_one_line (const char *text)
{
  const char *end = strchr (text, '\n');

  g_assert_true (g_str_has_prefix (text, "wp-sim: "));
  g_assert_nonnull (end);
  g_assert_cmpstr (end, ==, "\n");
}

static void
assert_refused (const char *arguments, const char *what)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival,service\n0,1\n1,1\n");
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s -> %s", arguments, run->err);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  assert_one_line (run->err);
  g_assert_nonnull (strstr (run->err, what));
  g_assert_cmpuint (sim_run_count_files (run), ==, 1);
}

static void
test_usage (void)
{
  assert_refused ("", "no trace: give a file, or - for standard input");
  assert_refused ("- trace.csv -", "standard input can be read once only");
  assert_refused ("trace.csv none.csv", "none.csv: No such file");
  assert_refused ("--moed=all trace.csv", "unknown option --moed; did you mean --mode?");
  assert_refused ("-m pool trace.csv", "--mode: \"pool\" is not a mode");
  assert_refused ("-q -1 trace.csv", "--queue: \"-1\" is not a number");
  assert_refused ("-w 0 trace.csv", "--workers: \"0\" is not a number from 1");
  assert_refused ("--when-full=reject --block-timeout=1s trace.csv", "exclude each other");
  assert_refused ("--format=xml trace.csv", "--format: \"xml\" is not a format: text, json or csv");
  assert_refused ("--scale=0 trace.csv", "--scale: \"0\" is not a number above 0");
  assert_refused ("--service-scale=inf trace.csv", "--service-scale: \"inf\"");
  assert_refused ("--limit=0 trace.csv", "--limit: \"0\" is not a number from 1");
  assert_refused ("--patience=soon trace.csv", "--patience: \"soon\" is not a time");
  assert_refused ("--interval=0 trace.csv", "--interval: \"0\" is not a time above 0");
  assert_refused ("--seed=x trace.csv", "--seed: \"x\" is not a number");
  assert_refused ("-s gamma:2 trace.csv", "\"gamma:2\" is not a service time");
  assert_refused ("-s uniform:2s:1s trace.csv", "2s is more than 1s");
  assert_refused ("--jobs=jobs.csv trace.csv", "--jobs writes one mode: select it with --mode");
  assert_refused ("-m default --jobs=x --series=x trace.csv", "would write the same file");
  assert_refused ("-m default --jobs=x.csv --series=./x.csv trace.csv", "would write the same file");
  assert_refused ("-m default --plot=x.svg --series=./x.svg trace.csv", "would write the same file");
  assert_refused ("-m default --service=from:trace.csv --jobs=./trace.csv --synthetic=poisson:rate=1,n=9",
                  "an output would overwrite a file that is read");
  assert_refused ("--client=x trace.csv", "--client needs --against");
  assert_refused ("--against=- -", "standard input can be read once only");
}

static void
test_tolerances (void)
{
  static const char *const tolerances[]
      = { "abc", "2", "101%", "-1%", "%", "", "nan", "0x1", "2%%", "1e1", "." };

  for (guint i = 0; i < G_N_ELEMENTS (tolerances); i++)
    {
      g_autofree char *arguments = g_strdup_printf ("--tolerance=%s trace.csv", tolerances[i]);

      assert_refused (arguments, "is not a share, such as 2% or 0.02");
    }
}

static void
test_files (void)
{
  assert_refused ("missing.csv", "missing.csv: No such file or directory");
  assert_refused ("--against=missing.csv trace.csv", "missing.csv: No such file or directory");
  assert_refused ("--against= trace.csv", "\"\": No such file or directory");
  assert_refused ("-s from:missing.csv trace.csv", "missing.csv: No such file or directory");
  assert_refused ("-s from:trace.csv trace.csv", "no row has both");
  assert_refused (".", "Is a directory");
  assert_refused ("--series=. trace.csv", ".: cannot write: Is a directory");
  assert_refused ("--series=nowhere/series.csv trace.csv",
                  "nowhere/series.csv: cannot write: No such file or directory");
  assert_refused ("--columns=arrival=when trace.csv", "when");
}

/* The partial file of a run with a bad row is removed, and an older file of that name is unchanged. */
static void
test_bad_row_leaves_no_output (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *before = NULL;

  sim_run_write (run, "trace.csv", "arrival\n0\n1\nabc\n");
  sim_run_write (run, "jobs.csv", "as before");
  sim_run_go (run, "-m default --jobs=jobs.csv --series=series.csv trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_cmpstr (run->err, ==, "wp-sim: trace.csv:4: column \"arrival\": \"abc\" is not a time\n");
  g_assert_cmpuint (sim_run_count_files (run), ==, 2);
  before = sim_run_read (run, "jobs.csv");
  g_assert_cmpstr (before, ==, "as before");
}

/* A file that is written anew keeps its mode; a new one has the umask's. */
static void
test_modes_of_files (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *old = g_build_filename (run->folder, "jobs.csv", NULL),
                  *new = g_build_filename (run->folder, "series.csv", NULL);
  mode_t mask = umask (027);
  struct stat status;

  sim_run_write (run, "trace.csv", "arrival\n0\n");
  sim_run_write (run, "jobs.csv", "as before");
  g_assert_cmpint (chmod (old, 0604), ==, 0);
  sim_run_go (run, "-m default --jobs=jobs.csv --series=series.csv trace.csv", NULL);
  umask (mask);
  g_assert_cmpint (run->status, ==, 0);
  g_assert_cmpint (stat (old, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0604);
  g_assert_cmpint (stat (new, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0640);
}

static void
test_an_empty_trace (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival\n");
  sim_run_go (run, "trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 2);
  assert_one_line (run->err);
}

static void
test_times_beyond_292_years (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival,service\n0,9e9\n0,9e9\n");
  sim_run_go (run, "-m BufferedChannel trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpstr (run->err, ==, "wp-sim: trace.csv: the simulated time passes 292 years\n");
}

/* More than pipe and buffers hold: once all is written, the run is in the midst of it. */
static void
feed (int input)
{
  g_autoptr (GString) rows = g_string_new ("arrival\n");

  for (guint i = 0; i < 1000000; i++)
    g_string_append_printf (rows, "%u\n", i);
  for (gsize done = 0; done < rows->len;)
    {
      gssize n = write (input, rows->str + done, rows->len - done);

      g_assert_no_errno ((int) n);
      done += (gsize) n;
    }
}

static char *
read_all (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
  close (fd);

  return g_string_free (text, FALSE);
}

static void
test_interrupted (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  int input, output, errors, status;
  GPid pid
      = sim_run_start (run, "-m default --jobs=jobs.csv --series=series.csv -", &input, &output, &errors);
  g_autofree char *out = NULL, *err = NULL;

  feed (input);
  g_assert_cmpuint (sim_run_count_files (run), ==, 2); /* both half-written, under other names */
  g_assert_no_errno (kill (pid, SIGINT));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  out = read_all (output);
  err = read_all (errors);
  close (input);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGINT);
  g_assert_cmpstr (out, ==, "");
  assert_one_line (err);
  g_assert_nonnull (strstr (err, "interrupted after "));
  g_assert_cmpuint (sim_run_count_files (run), ==, 0);
}

/* `wp-sim | true` is no news. */
static void
test_output_without_reader (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  int input, output, errors, status;
  GPid pid = sim_run_start (run, "-", &input, &output, &errors);
  g_autofree char *err = NULL;

  close (output);
  g_assert_cmpint (write (input, "arrival\n0\n", 10), ==, 10);
  close (input);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  err = read_all (errors);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGPIPE);
  g_assert_cmpstr (err, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-errors/usage", test_usage);
  g_test_add_func ("/wp-sim-errors/tolerances", test_tolerances);
  g_test_add_func ("/wp-sim-errors/files", test_files);
  g_test_add_func ("/wp-sim-errors/bad-row-leaves-no-output", test_bad_row_leaves_no_output);
  g_test_add_func ("/wp-sim-errors/modes-of-files", test_modes_of_files);
  g_test_add_func ("/wp-sim-errors/an-empty-trace", test_an_empty_trace);
  g_test_add_func ("/wp-sim-errors/times-beyond-292-years", test_times_beyond_292_years);
  g_test_add_func ("/wp-sim-errors/interrupted", test_interrupted);
  g_test_add_func ("/wp-sim-errors/output-without-reader", test_output_without_reader);

  return g_test_run ();
}
