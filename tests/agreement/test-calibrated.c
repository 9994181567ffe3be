/* test-calibrated.c - predictions from one calibration: heavier traffic into SQLite and PostgreSQL, the
 * highest rate of an HTTP thread, and wrk's figures before a full queue and before a saturated HTTP thread.
 * Each must be within 10 %, computed from the prediction's own input and the record of the calibration alone.
 * Commits are paced, and SQLite's file is in memory if the system has such a folder: on a shared disk, or on
 * a processor that sleeps between requests, the time of a commit changes with the load. A run that the
 * machine disturbed is repeated, with its calibration, up to four times; a failure prints the figures of each
 * run. */
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/agreement/wp-program.h"
#include "tests/e2e/wp-harness.h"
#ifdef WP_HAVE_LIBPQ
#include "tests/e2e/wp-postgres.h"
#endif

#define TRIES  5
#define WITHIN 0.1

static GString *figures; /* of all runs of the test until now */

static void G_GNUC_PRINTF (1, 2) report (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list values;

  va_start (values, format);
  text = g_strdup_vprintf (format, values);
  va_end (values);
  g_test_message ("%s", text);
  g_string_append_printf (figures, "%s\n", text);
}

/* One run of a few. */
static void
assert_one_good (const char *what, gboolean (*run) (gconstpointer data), gconstpointer data)
{
  gboolean good = FALSE;

  g_string_truncate (figures, 0);
  for (guint i = 0; i < TRIES && !good; i++)
    {
      report ("%s, run %u", what, i + 1);
      good = run (data);
    }
  if (!good)
    g_printerr ("%s", figures->str);
  g_assert_true (good);
}

static JsonObject *
parse (JsonParser *parser, const char *text)
{
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);

  return json_node_get_object (json_parser_get_root (parser));
}

/* One job is as good as 10 %, and so is 0.2 ms, as in the table of every comparison; of the blocked, five: of
 * 2,000 requests so many more or fewer meet a full queue by chance, since the commits of another run are
 * drawn. */
static gboolean
is_near (const char *what, double predicted, double measured, double absolute)
{
  gboolean near = fabs (predicted - measured) <= MAX (WITHIN * fabs (measured), absolute);

  report ("%-24s predicted %-10.5g measured %-10.5g %+.1f %%%s", what, predicted, measured,
          measured != 0 ? 100 * (predicted - measured) / measured : 0, near ? "" : "  not within 10 %");

  return near;
}

/* --- SQLite and PostgreSQL --- */

typedef struct {
  const char *name, *mode, *queue, *workers;
  double capacity; /* of these workers: in each commit of 5 ms as many rows */
  double share;    /* of the capacity: the traffic to predict */
  gboolean in_postgresql;
} Load;

static const Load loads[] = {
  { "/calibrated/sqlite/one-worker/60", "BufferedChannel", "5", "1", 200, 0.6, FALSE },
  { "/calibrated/sqlite/one-worker/90", "BufferedChannel", "5", "1", 200, 0.9, FALSE },
  { "/calibrated/sqlite/eight-workers/60", "WorkerPool", "12", "8", 1600, 0.6, FALSE },
  { "/calibrated/sqlite/eight-workers/90", "WorkerPool", "12", "8", 1600, 0.9, FALSE },
  { "/calibrated/postgresql/one-worker/10", "BufferedChannel", "5", "1", 200, 0.1, TRUE },
  { "/calibrated/postgresql/one-worker/90", "BufferedChannel", "5", "1", 200, 0.9, TRUE },
  { "/calibrated/postgresql/eight-workers/10", "WorkerPool", "12", "8", 1600, 0.1, TRUE },
  { "/calibrated/postgresql/eight-workers/90", "WorkerPool", "12", "8", 1600, 0.9, TRUE },
};

#ifdef WP_HAVE_LIBPQ
static WpPostgres *postgres; /* NULL: it is not installed */

/* Returns: (transfer full): the option that names the empty database; NULL: there is none */
static char *
empty_postgresql (void)
{
  g_autofree char *uri = postgres ? wp_postgres_uri (postgres, "wp", "wp", NULL) : NULL;

  if (postgres)
    g_free (wp_postgres_run (postgres, "TRUNCATE wp_jobs"));
  return postgres ? g_strconcat ("--database=", uri, NULL) : NULL;
}

static void
start_postgresql (void)
{
  if (wp_postgres_is_there ())
    postgres = wp_postgres_new ();
}

static void
stop_postgresql (void)
{
  g_clear_pointer (&postgres, wp_postgres_free);
}
#else
static char *
empty_postgresql (void)
{
  return NULL;
}

static void
start_postgresql (void)
{
}

static void
stop_postgresql (void)
{
}
#endif

/* Poisson traffic at @share of the capacity, recorded as @name. FALSE: the replayer was late. */
static gboolean
record (const Load *load, WpHarness *files, double share, const char *name, char **trace)
{
  g_autofree char *csv = g_strdup_printf ("%s-trace.csv", name), *spec = NULL, *text = NULL,
                  *path = wp_harness_path (files, name);
  g_autoptr (WpHarness) server = NULL;
  g_autofree char *database
      = load->in_postgresql ? empty_postgresql () : g_strdup ("--database=sqlite:wp.db");
  g_autofree char *url = NULL, *seed = g_strdup_printf ("--seed=%d", g_test_rand_int_range (1, 1000000)),
                  *output = NULL;
  gboolean on_time;

  *trace = wp_harness_path (files, csv);
  spec = g_strdup_printf ("--generate=poisson:rate=%.0f,duration=%ds", share * load->capacity,
                          share < 0.2 ? 6 : 2);
  g_assert_cmpint (wp_program_run ("sim/wp-sim", (const char *[]){ spec, seed, "--ids", NULL }, &text, NULL),
                   ==, 0);
  g_assert_true (g_file_set_contents (*trace, text, -1, NULL));
  server = wp_harness_start ("--mode", load->mode, "--queue", load->queue, "--workers", load->workers,
                             database, "--commit-pace=5ms", "--record", path, NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server));
  on_time = wp_program_run ("runtime/wp-replay", (const char *[]){ *trace, url, NULL }, &output, NULL) == 0;
  wp_harness_stop (server);

  return on_time;
}

/* The record of the light load gives the cost of a commit; the record of the heavy load is only compared. */
static gboolean
predicts (WpHarness *files, const char *light, const char *heavy, const char *trace)
{
  g_autofree char *light_path = wp_harness_path (files, light), *heavy_path = wp_harness_path (files, heavy),
                  *output = NULL;
  g_autofree char *service = g_strdup_printf ("--service=batch:from:%s", light_path);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *metrics;
  gboolean all = TRUE;
  static const struct {
    const char *name;
    double absolute;
  } judged[] = { { "response.p50", 0.0002 },
                 { "response.p99", 0.0002 },
                 { "blocked", 5 },
                 { "depth.max", 1 },
                 { "throughput", 0 } };

  wp_program_run ("sim/wp-sim",
                  (const char *[]){ "--against", heavy_path, service, "--format=json", trace, NULL }, &output,
                  NULL);
  metrics = json_object_get_array_member (json_object_get_object_member (parse (parser, output), "against"),
                                          "metrics");
  for (guint i = 0; i < G_N_ELEMENTS (judged); i++)
    for (guint j = 0; j < json_array_get_length (metrics); j++)
      {
        JsonObject *metric = json_array_get_object_element (metrics, j);

        if (g_str_equal (json_object_get_string_member (metric, "name"), judged[i].name))
          all &= is_near (judged[i].name, json_object_get_double_member (metric, "predicted"),
                          json_object_get_double_member (metric, "measured"), judged[i].absolute);
      }

  return all;
}

static gboolean
predicts_from_light (gconstpointer data)
{
  const Load *load = data;
  g_autoptr (WpHarness) files = wp_harness_start ("--database=delay:0s", NULL); /* for its folder */
  g_autofree char *light = NULL, *heavy = NULL;
  gboolean good = record (load, files, 0.3, "light.csv", &light)
                  && record (load, files, load->share, "heavy.csv", &heavy);

  if (good)
    good = predicts (files, "light.csv", "heavy.csv", heavy);
  else
    report ("the replayer was late");
  wp_harness_stop (files);

  return good;
}

static void
test_database (gconstpointer data)
{
  g_autofree char *database = empty_postgresql ();

  if (((const Load *) data)->in_postgresql && !database)
    {
      g_test_skip ("PostgreSQL is not installed");
      return;
    }
  assert_one_good (((const Load *) data)->name, predicts_from_light, data);
}

/* --- wrk --- */

typedef struct {
  double rate, p50, p99;
} Wrk;

/* Takes the server, and stops it. */
static Wrk
measure (WpHarness *taken, guint clients)
{
  g_autoptr (WpHarness) server = taken;
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", wp_harness_port (server)),
                  *connections = g_strdup_printf ("-c%u", clients);
  g_autofree char *output = NULL;

  g_assert_cmpint (wp_program_run ("wrk",
                                   (const char *[]){ "-t1", connections, "-d2s", "--latency", url, NULL },
                                   &output, NULL),
                   ==, 0);
  wp_harness_stop (server);

  return (Wrk){ wp_program_seconds (output, "Requests/sec:"), wp_program_seconds (output, " 50% "),
                wp_program_seconds (output, " 99% ") };
}

static Wrk
predict (guint clients, const char *const *words)
{
  g_autofree char *number = g_strdup_printf ("--clients=%u", clients), *output = NULL;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *model, *latency;

  g_ptr_array_add (all, number);
  g_ptr_array_add (all, (gpointer) "--duration=3s");
  g_ptr_array_add (all, (gpointer) "--format=json");
  for (; *words; words++)
    g_ptr_array_add (all, (gpointer) *words);
  g_ptr_array_add (all, NULL);
  g_assert_cmpint (wp_program_run ("sim/wp-sim", (const char *const *) all->pdata, &output, NULL), ==, 0);
  model = json_array_get_object_element (json_object_get_array_member (parse (parser, output), "models"), 0);
  latency = json_object_get_object_member (model, "latency");

  return (Wrk){ json_object_get_double_member (model, "throughput"),
                json_object_get_double_member (latency, "p50"),
                json_object_get_double_member (latency, "p99") };
}

static gboolean
lacks_wrk (void)
{
  g_autofree char *path = g_find_program_in_path ("wrk");

  if (!path)
    g_test_skip ("no wrk");

  return !path;
}

/* K and c small, each update 10 ms: 64 clients, of whom most are parked. */
static gboolean
predicts_full_queue (gconstpointer data)
{
  const char *ack = data;
  Wrk predicted = predict (64, (const char *[]){ "--mode=WorkerPool", "--workers=4", "--queue=8",
                                                 "--service=10ms", ack, NULL });
  Wrk measured = measure (wp_harness_start ("--mode=WorkerPool", "--workers=4", "--queue=8",
                                            "--database=delay:10ms", ack, NULL),
                          64);

  return is_near ("requests/s", predicted.rate, measured.rate, 0)
         & is_near ("p50", predicted.p50, measured.p50, 0) & is_near ("p99", predicted.p99, measured.p99, 0);
}

static void
test_full_queue (gconstpointer data)
{
  if (!lacks_wrk ())
    assert_one_good ("64 clients of a full queue", predicts_full_queue, data);
}

/* Returns the HTTP time per request, ns. */
static double
calibrate_http_time (WpHarness *files)
{
  g_autofree char *path = wp_harness_path (files, "http.csv"), *output = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();

  measure (wp_harness_start ("--threads=1", "--mode=WorkerPool", "--database=delay:0s", "--record", path,
                             NULL),
           64);
  g_assert_cmpint (wp_program_run ("sim/wp-sim",
                                   (const char *[]){ "--calibrate", path, "--format=json", NULL }, &output,
                                   NULL),
                   ==, 0);

  return 1e9
         * json_object_get_double_member (json_object_get_object_member (parse (parser, output), "arrivals"),
                                          "http_time");
}

/* Learnt from 64 clients. */
static gboolean
predicts_http_thread (gconstpointer data)
{
  guint clients = GPOINTER_TO_UINT (data);
  g_autoptr (WpHarness) files = wp_harness_start ("--database=delay:0s", NULL); /* for its folder */
  g_autofree char *http_time = g_strdup_printf ("--http-time=%.0fns", calibrate_http_time (files)),
                  *path = wp_harness_path (files, "other.csv");
  Wrk predicted = predict (clients, (const char *[]){ "--mode=WorkerPool", "--service=0", http_time, NULL });
  Wrk measured = measure (wp_harness_start ("--threads=1", "--mode=WorkerPool", "--database=delay:0s",
                                            "--record", path, NULL),
                          clients);

  wp_harness_stop (files);

  return is_near ("requests/s at most", predicted.rate, measured.rate, 0);
}

/* The highest rate of an HTTP thread. */
static void
test_saturated_http_thread (void)
{
  if (lacks_wrk ())
    return;
  assert_one_good ("32 clients", predicts_http_thread, GUINT_TO_POINTER (32));
  assert_one_good ("256 clients", predicts_http_thread, GUINT_TO_POINTER (256));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  figures = g_string_new (NULL);
  start_postgresql ();
  if (access ("/dev/shm", W_OK) == 0)
    g_setenv ("TMPDIR", "/dev/shm", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (loads); i++)
    g_test_add_data_func (loads[i].name, &loads[i], test_database);
  g_test_add_data_func ("/calibrated/full-queue/accepted", "--ack=accepted", test_full_queue);
  g_test_add_data_func ("/calibrated/full-queue/stored", "--ack=stored", test_full_queue);
  g_test_add_func ("/calibrated/saturated-http-thread", test_saturated_http_thread);

  status = g_test_run ();
  stop_postgresql ();

  return status;
}
