/* test-sample.c - the sample trace through server and simulator: every metric of the comparison within 5 %, in all three modes.
 *
 * A run in which the replayer was not on time, as it says itself, tells nothing of the two where they differ; it is made again. */
#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "tests/e2e/wp-harness.h"

#define TRIES 3

typedef struct {
  const char *name, *mode, *queue, *workers, *service_scale;
  gboolean fills;            /* the queue is full for part of the run */
} Cell;

static const Cell cells[] = {
  { "/agreement/sample/default", "Default", "100", "4", "--service-scale=0.05", FALSE },
  { "/agreement/sample/buffered-channel", "BufferedChannel", "100", "1", "--service-scale=0.00225", TRUE },
  { "/agreement/sample/worker-pool", "WorkerPool", "100", "4", "--service-scale=0.005", TRUE },
};

/* Runs a program of the build to its end; returns its exit status, or -1 if it did not end by itself. */
static int
run (const char *program, const char *const *words, char **output)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *path = g_build_filename (g_getenv ("WP_BUILD_ROOT"), program, NULL);
  g_autoptr(GSubprocess) process = NULL;
  g_autoptr(GError) error = NULL;

  g_ptr_array_add (argv, path);
  for (; *words; words++)
    g_ptr_array_add (argv, (gpointer) *words);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_newv ((const char *const *) argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, output, NULL, &error);
  g_assert_no_error (error);

  return g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : -1;
}

static char *
trace_path (void)
{
  return g_build_filename (g_getenv ("WP_SOURCE_ROOT"), "data", "traces", "azure-code.csv", NULL);
}

/* Replays the sample to a server of this cell, which then drains. FALSE: the replayer was not on time. */
static gboolean
measure (WpHarness *server, const Cell *cell)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server));
  g_autofree char *trace = trace_path (), *client = wp_harness_path (server, "client.csv"), *output = NULL;
  int status = run ("runtime/wp-replay", (const char *[]) { trace, url, "--scale=200", cell->service_scale, "-o", client, NULL }, &output);

  g_test_message ("%s", output);
  g_assert_cmpint (status, >=, 0);
  wp_harness_stop (server);

  return status == 0;
}

static JsonObject *
first_model (JsonObject *report)
{
  return json_array_get_object_element (json_object_get_array_member (report, "models"), 0);
}

/* Every metric and the curve, as the report has them; what is wrong is told. */
static gboolean
agrees (JsonObject *against)
{
  JsonArray *metrics = json_object_get_array_member (against, "metrics");
  gboolean all = TRUE;

  g_assert_cmpuint (json_array_get_length (metrics), >=, 17);
  for (guint i = 0; i < json_array_get_length (metrics); i++)
    {
      JsonObject *metric = json_array_get_object_element (metrics, i);

      if (json_object_get_boolean_member (metric, "ok"))
        continue;
      g_test_message ("%s: not within 5 %%", json_object_get_string_member (metric, "name"));
      all = FALSE;
    }
  if (!json_object_get_null_member (against, "depth_curve_error"))
    {
      double error = json_object_get_double_member (against, "depth_curve_error");

      g_test_message ("depth curve: %.2f %%", error * 100);
      all = all && error <= 0.05;
    }
  return all;
}

static gboolean
compare (WpHarness *server, const Cell *cell)
{
  g_autofree char *trace = trace_path (), *measured = wp_harness_path (server, "measured.csv"), *output = NULL;
  g_autoptr(JsonParser) parser = json_parser_new ();
  g_autoptr(GError) error = NULL;
  JsonObject *report;

  run ("sim/wp-sim", (const char *[]) { "--against", measured, "--tolerance=5%", "--format=json", "--scale=200", cell->service_scale,
                                        trace, NULL }, &output);
  g_assert_true (json_parser_load_from_data (parser, output, -1, &error));
  report = json_node_get_object (json_parser_get_root (parser));

  /* The test is worth something only if the queue was full for a part. */
  g_assert_cmpint (json_object_get_int_member (first_model (report), "accepted"), ==, 8819);
  g_assert_cmpint (json_object_get_int_member (first_model (report), "blocked") > 100, ==, cell->fills);

  return agrees (json_object_get_object_member (report, "against"));
}

static void
test_cell (gconstpointer data)
{
  const Cell *cell = data;

  for (guint i = 0; i < TRIES; i++)
    {
      g_autoptr(WpHarness) server = wp_harness_start ("--mode", cell->mode, "--queue", cell->queue, "--workers", cell->workers,
                                                      "--database", "delay:request", "--record", "measured.csv", NULL);
      gboolean on_time = measure (server, cell);

      if (compare (server, cell))
        return;
      if (on_time)
        break;
      g_test_message ("the replayer was late; once more");
    }
  g_test_fail_printf ("%s: not within 5 %%", cell->mode);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    g_test_add_data_func (cells[i].name, &cells[i], test_cell);
  return g_test_run ();
}
