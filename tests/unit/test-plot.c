/* Pictures are whole, of the right size, and have the expected texts. */
#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/plot/wp-plot.h"
#include "tests/unit/sim-run.h"

static const char trace[] = "arrival,service\n0,1\n0,1\n0,1\n0,1\n0,2\n3,1\n3.5,0.25\n10,1\n";

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  const char *element = g_markup_parse_context_get_element (context);

  if (g_str_equal (element, "text") || g_str_equal (element, "title"))
    g_string_append_printf (data, "%.*s\n", (int) length, text);
}

/* Well-formed XML all through; returns its texts and titles, one per line. */
static char *
parse_svg (const char *svg)
{
  static const GMarkupParser parser = { .text = on_text };
  GString *texts = g_string_new (NULL);
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, texts, NULL);
  g_autoptr (GError) error = NULL;

  g_markup_parse_context_parse (context, svg, (gssize) strlen (svg), &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (svg, "<title>"));
  g_assert_nonnull (strstr (svg, "viewBox=\"0 0 900 "));
  g_assert_null (strstr (svg, "<use")); /* letters are no shapes */

  return g_string_free (texts, FALSE);
}

static void
assert_lines (const char *text, const char *const *lines)
{
  g_auto (GStrv) found = g_strsplit (text, "\n", -1);

  for (; *lines; lines++)
    if (!g_strv_contains ((const char *const *) found, *lines))
      g_error ("\"%s\" is not in\n%s", *lines, text);
}

static void
assert_png (SimRun *run, const char *name, guint32 width, guint32 height)
{
  g_autofree char *path = g_build_filename (run->folder, name, NULL);
  g_autofree char *data = NULL;
  gsize length;
  guint32 size[2];

  g_assert_true (g_file_get_contents (path, &data, &length, NULL));
  g_assert_cmpuint (length, >, 1000);
  g_assert_cmpmem (data, 8, "\x89PNG\r\n\x1a\n", 8);
  memcpy (size, data + 16, sizeof size);
  g_assert_cmpuint (GUINT32_FROM_BE (size[0]), ==, width);
  g_assert_cmpuint (GUINT32_FROM_BE (size[1]), ==, height);
  g_assert_cmpmem (data + length - 8, 4, "IEND", 4);
}

static SimRun *
run_sim (const char *arguments)
{
  SimRun *run = sim_run_new ();

  sim_run_write (run, "trace.csv", trace);
  sim_run_go (run, arguments, NULL);
  g_test_message ("%s", run->err);

  return run;
}

static void
test_one_mode (void)
{
  static const char *const lines[] = { "trace.csv: 8 requests",
                                       "WorkerPool: queue 2, 1 worker",
                                       "in the queue",
                                       "parked",
                                       "capacity 2",
                                       "jobs",
                                       "time since the first arrival",
                                       "2 s",
                                       "Response and wait",
                                       "response",
                                       "wait",
                                       "90 %",
                                       "cumulative share of the started requests",
                                       "100 ms",
                                       NULL };
  g_autoptr (SimRun) run = run_sim ("-m workerpool -q 2 -w 1 --plot=a.svg trace.csv");
  g_autofree char *svg = sim_run_read (run, "a.svg");
  g_autofree char *texts = NULL;

  g_assert_cmpint (run->status, ==, 0);
  g_assert_nonnull (strstr (run->out, "throughput")); /* the report is there as ever */
  texts = parse_svg (svg);
  assert_lines (texts, lines);
  g_assert_null (strstr (texts, "measured"));
  g_assert_nonnull (strstr (svg, "width=\"900px\""));
  g_assert_nonnull (strstr (svg, "rgb(98%"));          /* the area of the parked */
  g_assert_nonnull (strstr (svg, "stroke-dasharray")); /* capacity, and wait */
  g_assert_cmpuint (sim_run_count_files (run), ==, 2);
}

static void
test_all_modes (void)
{
  static const char *const lines[] = { "Default",
                                       "in service (no queue)",
                                       "BufferedChannel: queue 10,000",
                                       "WorkerPool: queue 0, 5 workers",
                                       "capacity 10,000 (far above)",
                                       NULL };
  g_autoptr (SimRun) run = run_sim ("--plot=a.SVG trace.csv");
  g_autofree char *svg = sim_run_read (run, "a.SVG");
  g_autofree char *texts = parse_svg (svg);

  g_assert_cmpint (run->status, ==, 0);
  assert_lines (texts, lines);
  sim_run_go (run, "--plot=a.png trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  assert_png (run, "a.png", 900, 40 + 3 * 270 + 340);
  sim_run_go (run, "-m default --plot=b.png trace.csv", NULL);
  assert_png (run, "b.png", 900, 40 + 270 + 340);
}

static void
test_against (void)
{
  static const char *const lines[] = { "trace.csv: 8 requests, predicted and measured", "measured",
                                       "with parked, measured", "WorkerPool", NULL };
  g_autoptr (SimRun) run = run_sim ("-m workerpool -q 2 -w 1 --jobs=measured.csv trace.csv");
  g_autofree char *svg = NULL;
  g_autofree char *texts = NULL;

  sim_run_go (run, "--against=measured.csv --plot=a.svg trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  svg = sim_run_read (run, "a.svg");
  texts = parse_svg (svg);
  assert_lines (texts, lines);
}

/* Default ends after 10 ms, one worker after 5 s: each has its own axis. The measured curve lies where the
 * report puts it: the first request came a second early, so that all others are a second late by the first's
 * clock. */
static void
test_time_axes (void)
{
  g_autoptr (GString) burst = g_string_new ("arrival,service\n");
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (WpPlotData) data = NULL;
  WpPolicy policy;
  WpRow rows[] = { WP_ROW_INIT, WP_ROW_INIT };
  g_autofree char *svg = NULL;
  g_autofree char *texts = NULL;

  for (guint i = 0; i < 500; i++)
    g_string_append (burst, "0,0.01\n");
  sim_run_write (run, "trace.csv", burst->str);
  sim_run_go (run, "-w 1 -q 1000 --plot=a.svg trace.csv", NULL);
  svg = sim_run_read (run, "a.svg");
  texts = parse_svg (svg);
  g_assert_nonnull (strstr (texts, "\n10 ms\n"));
  g_assert_nonnull (strstr (texts, "\n5 s\n"));
  wp_policy_init (&policy, WP_MODE_WORKER_POOL);
  data = wp_plot_data_new (&policy, 1);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      rows[i].arrival_ns = rows[i].accepted_ns = rows[i].started_ns = 2 * i * WP_NS_PER_S;
      rows[i].finished_ns = rows[i].ended_ns = rows[i].started_ns + WP_NS_PER_S;
    }
  wp_plot_data_measure (data, rows, G_N_ELEMENTS (rows), WP_NS_PER_S);
  g_assert_cmpint (wp_downsample_end (wp_plot_data_measured (data)->busy), ==, 2 * WP_NS_PER_S);
}

/* A day is near to ten hours on a logarithmic axis of many decades: no text is over another. */
static void
test_ticks_are_apart (void)
{
  static const char text[] = "<text x=\"71.0\" y=\""; /* right-aligned at an axis of times or jobs */
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *svg = NULL;
  double last = -INFINITY;
  guint n = 0;

  sim_run_write (run, "trace.csv", "arrival,service\n0,0.000001\n0,900000\n0,1\n");
  sim_run_go (run, "-m Default --plot=a.svg trace.csv", NULL);
  svg = sim_run_read (run, "a.svg");
  for (const char *at = svg; (at = strstr (at, text)); n++)
    {
      double y = g_ascii_strtod (at += strlen (text), NULL);

      g_assert_cmpfloat (fabs (y - last), >=, 11);
      last = y;
    }
  g_assert_cmpuint (n, >, 8);
  g_assert_nonnull (strstr (svg, "rotate(-90 12.0 ")); /* 4,000,000 has room beside the axis's name */
}

/* Nearly empty data still gives a picture. */
static void
test_bare_traces (void)
{
  static const char *const texts[]
      = { "arrival,service\n0,0\n", "arrival,service\n5,0\n5,0\n", "arrival,service\n0,0.000000001\n",
          "arrival,service\n0,9000000000\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autofree char *svg = NULL;
      g_autofree char *shown = NULL;

      sim_run_write (run, "a<b>&\x01\xff.csv", texts[i]);
      sim_run_go (run, "-q 0 -w 1 --when-full=reject --plot=a.svg a<b>&\x01\xff.csv", NULL);
      g_assert_cmpint (run->status, ==, 0);
      svg = sim_run_read (run, "a.svg");
      shown = parse_svg (svg);
      g_assert_nonnull (strstr (shown, "a<b>&?"));
      g_assert_null (strstr (svg, "nan"));
      g_assert_null (strstr (svg, "inf"));
    }
}

static void
test_refusals (void)
{
  static const struct {
    const char *arguments, *message;
  } cases[] = {
    { "--plot=a.jpg trace.csv", "wp-sim: --plot: \"a.jpg\" ends in neither .svg nor .png\n" },
    { "--plot=- trace.csv", "wp-sim: --plot: \"-\" ends in neither .svg nor .png\n" },
    { "--plot=.svg trace.csv", "wp-sim: --plot: \".svg\" ends in neither .svg nor .png\n" },
    { "--plot=no/a.svg trace.csv", "wp-sim: no/a.svg: cannot write: No such file or directory\n" },
    { "--plot=a.svg --series=a.svg trace.csv",
      "wp-sim: --plot and another option would write the same file\n" },
    { "--plot=a.svg missing.csv", "wp-sim: missing.csv: No such file or directory\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = run_sim (cases[i].arguments);

      g_assert_cmpint (run->status, ==, 2);
      g_assert_cmpstr (run->err, ==, cases[i].message);
      g_assert_cmpuint (sim_run_count_files (run), ==, 1);
    }
}

static void
test_bad_trace_leaves_no_file (void)
{
  g_autoptr (SimRun) run = sim_run_new ();

  sim_run_write (run, "trace.csv", "arrival\n1\nx\n");
  sim_run_go (run, "--plot=a.png trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 2);
  g_assert_cmpuint (sim_run_count_files (run), ==, 1);
}

#define N_XS 12
#define N_YS 8

static void
test_heat_map (void)
{
  static const char *const lines[] = { "a sweep",
                                       "workers",
                                       "queue (jobs)",
                                       "wait.p99",
                                       "20.1 s",
                                       "objective met",
                                       "not met",
                                       "frontier",
                                       "12",
                                       "700",
                                       "current: 1 worker, queue 1,000 (not on this map)",
                                       "recommended: 9 workers, queue 250",
                                       NULL };
  static const char *const names[] = { "map.svg", "map.png" };
  g_autoptr (SimRun) run = sim_run_new ();
  double xs[N_XS], ys[N_YS], values[N_XS * N_YS];
  gboolean meets[N_XS * N_YS];
  g_autofree char *svg = NULL;
  g_autofree char *texts = NULL;

  for (int i = 0; i < N_XS; i++)
    xs[i] = i + 1;
  for (int j = 0; j < N_YS; j++)
    {
      ys[j] = j * 100;
      for (int i = 0; i < N_XS; i++)
        {
          values[j * N_XS + i] = i == 0 && j == 0 ? (double) NAN : 20 * exp (-0.6 * i) + 0.01 * j;
          meets[j * N_XS + i] = values[j * N_XS + i] < 1 && i + j > 7;
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      WpHeatMap map = { "a sweep",
                        "workers",
                        "queue (jobs)",
                        xs,
                        ys,
                        N_XS,
                        N_YS,
                        "wait.p99",
                        WP_UNIT_TIME,
                        values,
                        meets,
                        NULL,
                        { TRUE, 1, 1000 },
                        { TRUE, 9, 250 } };
      g_autofree char *path = g_build_filename (run->folder, names[i], NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (WpAtomicFile) output = wp_atomic_file_new (path, FALSE, &error);
      const WpPlotFormat *format = wp_plot_format_find (path, &error);

      g_assert_true (format->plot_heat_map (&map, output, &error) && wp_atomic_file_commit (output, &error));
      g_assert_no_error (error);
    }
  assert_png (run, "map.png", 900, 40 + 62 + 260 + 60);
  svg = sim_run_read (run, "map.svg");
  texts = parse_svg (svg);
  assert_lines (texts, lines);
}

/* The sizes given and those that a plan recommends are marked; a cell that is pointed at says what it comes
 * to. */
static void
test_marks (void)
{
  static const char *const lines[]
      = { "current: 3 workers, queue 2", "recommended: 5 workers, queue 0",
          "5 workers, queue 0: blocked 0; wait.p99 0 s",
          "1 worker, queue 2: blocked 3, not blocked==0; wait.p99 4.00 s, not wait.p99<1s", NULL };
  g_autoptr (SimRun) run
      = run_sim ("-w 3 -q 2 --slo blocked==0 --slo wait.p99<1s --sweep workers=1:6,queue=0:3 "
                 "--plot=a.svg trace.csv");
  g_autofree char *svg = sim_run_read (run, "a.svg");
  g_autofree char *texts = parse_svg (svg);

  g_assert_cmpint (run->status, ==, 0);
  assert_lines (texts, lines);
}

/* One cell, one value, none at all. */
static void
test_smallest_heat_map (void)
{
  static const double one = 1, values[] = { 0, NAN, INFINITY };
  static const gboolean meets = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      WpHeatMap map
          = { "", "", "", &one, &one, 1, 1, "", WP_UNIT_TIME, &values[i], &meets, NULL, { 0 }, { 0 } };
      g_autoptr (SimRun) run = sim_run_new ();
      g_autofree char *path = g_build_filename (run->folder, "a.svg", NULL);
      g_autofree char *svg = NULL;
      g_autofree char *texts = NULL;
      g_autoptr (WpAtomicFile) output = wp_atomic_file_new (path, FALSE, NULL);

      g_assert_true (wp_plot_format_find (path, NULL)->plot_heat_map (&map, output, NULL)
                     && wp_atomic_file_commit (output, NULL));
      svg = sim_run_read (run, "a.svg");
      texts = parse_svg (svg);
      g_assert_null (strstr (svg, "nan"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plot/one-mode", test_one_mode);
  g_test_add_func ("/plot/all-modes", test_all_modes);
  g_test_add_func ("/plot/against", test_against);
  g_test_add_func ("/plot/time-axes", test_time_axes);
  g_test_add_func ("/plot/ticks-are-apart", test_ticks_are_apart);
  g_test_add_func ("/plot/bare-traces", test_bare_traces);
  g_test_add_func ("/plot/refusals", test_refusals);
  g_test_add_func ("/plot/bad-trace-leaves-no-file", test_bad_trace_leaves_no_file);
  g_test_add_func ("/plot/heat-map", test_heat_map);
  g_test_add_func ("/plot/marks", test_marks);
  g_test_add_func ("/plot/smallest-heat-map", test_smallest_heat_map);

  return g_test_run ();
}
