/* The page that --report writes: whole, by itself, and with the figures of the JSON. */
#include <string.h>

#include "tests/unit/sim-run.h"

static const char trace[] = "arrival,service\n0,1\n0,1\n0,1\n0,1\n0,2\n3,1\n3.5,0.25\n10,1\n";

/* The contents of a page, by element. */
typedef struct {
  GHashTable *figures; /* by the metric's name: (element-type double) GArray of those in its row */
  GPtrArray *items;    /* texts of <li> */
  GPtrArray *hints;    /* of the map */
  char *title, *verdict, *command;
  guint n_pictures;
} Page;

static void
page_free (Page *self)
{
  g_hash_table_unref (self->figures);
  g_ptr_array_unref (self->items);
  g_ptr_array_unref (self->hints);
  g_free (self->title);
  g_free (self->verdict);
  g_free (self->command);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Page, page_free)

static void
on_element (GMarkupParseContext *context, const char *element, const char **names, const char **values,
            gpointer data, GError **error)
{
  const char *metric = NULL, *value = NULL;
  GArray *figures;
  Page *page = data;

  page->n_pictures += g_str_equal (element, "svg");
  for (guint i = 0; names[i]; i++)
    {
      g_assert_false (g_str_equal (names[i], "src") || g_str_equal (names[i], "href"));
      if (g_str_equal (names[i], "class"))
        metric = values[i];
      if (g_str_equal (names[i], "value"))
        value = values[i];
    }
  if (!g_str_equal (element, "data"))
    return;
  if (!(figures = g_hash_table_lookup (page->figures, metric)))
    {
      figures = g_array_new (FALSE, FALSE, sizeof (double));
      g_hash_table_insert (page->figures, g_strdup (metric), figures);
    }
  g_array_append_vals (figures, &(double){ g_ascii_strtod (value, NULL) }, 1);
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data, GError **error)
{
  const GSList *stack = g_markup_parse_context_get_element_stack (context);
  const char *element = stack->data, *parent = stack->next ? stack->next->data : "";
  Page *page = data;

  if (g_str_equal (element, "li"))
    g_ptr_array_add (page->items, g_strndup (text, length));
  else if (g_str_equal (element, "title") && g_str_equal (parent, "rect"))
    g_ptr_array_add (page->hints, g_strndup (text, length));
  else if (g_str_equal (element, "title"))
    page->title = g_strndup (text, length);
  else if (g_str_equal (element, "p"))
    page->verdict = g_strndup (text, length);
  else if (g_str_equal (element, "code"))
    page->command = g_strndup (text, length);
}

/* Fails where the page is not well-formed, or refers to anything outside it. */
static Page *
read_page (SimRun *run, const char *name)
{
  static const GMarkupParser parser = { .start_element = on_element, .text = on_text };
  g_autofree char *html = sim_run_read (run, name);
  Page *page = g_new0 (Page, 1);
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, page, NULL);
  g_autoptr (GError) error = NULL;

  page->figures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
  page->items = g_ptr_array_new_with_free_func (g_free);
  page->hints = g_ptr_array_new_with_free_func (g_free);
  g_markup_parse_context_parse (context, html, (gssize) strlen (html), &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (html, "http://"));
  g_assert_null (strstr (html, "https://"));
  g_assert_null (strstr (html, "url("));
  g_assert_null (strstr (html, "@import"));
  g_assert_nonnull (strstr (html, "prefers-color-scheme: dark"));
  g_assert_nonnull (strstr (html, "name=\"viewport\""));

  return page;
}

static gboolean
is_in (const GPtrArray *texts, const char *text)
{
  return g_ptr_array_find_with_equal_func ((GPtrArray *) texts, text, g_str_equal, NULL);
}

/* The value "wait.p99" of a model; NULL where it is null. */
static JsonNode *
find_value (JsonObject *model, const char *metric)
{
  g_auto (GStrv) parts = g_strsplit (metric, ".", 2);
  JsonNode *node = json_object_get_member (model, parts[0]);

  g_assert_nonnull (node);
  if (parts[1])
    node = json_object_get_member (json_node_get_object (node), parts[1]);
  g_assert_nonnull (node);

  return json_node_is_null (node) ? NULL : node;
}

static void
assert_equal_figures (const Page *page, JsonArray *models)
{
  GHashTableIter each;
  gpointer metric, figures;

  g_hash_table_iter_init (&each, page->figures);
  while (g_hash_table_iter_next (&each, &metric, &figures))
    {
      guint at = 0;

      for (guint i = 0; i < json_array_get_length (models); i++)
        {
          JsonNode *node = find_value (json_array_get_object_element (models, i), metric);

          if (!node)
            continue;
          g_assert_cmpuint (at, <, ((GArray *) figures)->len);
          g_assert_cmpfloat (json_node_get_double (node), ==, g_array_index ((GArray *) figures, double, at));
          at++;
        }
      g_assert_cmpuint (at, ==, ((GArray *) figures)->len);
    }
}

static void
test_figures (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (JsonObject) report = NULL;
  g_autoptr (Page) page = NULL;
  JsonObject *recommendation;

  sim_run_write (run, "trace.csv", trace);
  sim_run_go (run, "--format=json --slo wait.p99.5<1s --slo blocked==0 --report=a.html trace.csv", NULL);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);
  report = sim_run_json (run);
  recommendation = json_object_get_object_member (report, "recommendation");
  page = read_page (run, "a.html");
  assert_equal_figures (page, json_object_get_array_member (report, "models"));
  g_assert_cmpuint (g_hash_table_size (page->figures), >, 40);
  g_assert_nonnull (g_hash_table_lookup (page->figures, "wait.p99.5"));
  g_assert_cmpstr (page->verdict, ==, json_object_get_string_member (recommendation, "verdict"));
  g_assert_cmpstr (page->title, ==, "wp-sim: trace.csv");
  g_assert_cmpstr (page->command, ==,
                   "wp-sim --format=json --slo 'wait.p99.5<1s' --slo blocked==0 --report=a.html trace.csv");
  g_assert_true (is_in (page->items, "trace.csv (CSV): 8 requests in 10.0 s"));
  g_assert_true (is_in (page->hints, "5 workers, queue 0: wait.p99.5 0 s; blocked 0"));
  g_assert_true (is_in (
      page->hints, "1 worker, queue 0: wait.p99.5 4.00 s, not wait.p99.5<1s; blocked 6, not blocked==0"));
  g_assert_cmpuint (page->n_pictures, ==, 5); /* three modes, percentiles, the map */
}

/* Sizes that are given are judged, and marked, whatever the format and the exit status. */
static void
test_given_sizes (void)
{
  static const char *const arguments[]
      = { "-m workerpool -w 2 -q 1 --report=a.html trace.csv", "--gate -w 2 -q 1 --report=a.html trace.csv",
          "-w 2 -q 1 --format=csv --report=a.html trace.csv" };

  for (guint i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (Page) page = NULL;
      g_autofree char *html = NULL;

      sim_run_write (run, "trace.csv", trace);
      sim_run_go (run, arguments[i], NULL);
      g_assert_cmpint (run->status, ==, i == 1 ? 1 : 0);
      page = read_page (run, "a.html");
      g_assert_cmpstr (
          page->verdict, ==,
          "--workers=2 --queue=1 does not meet the objectives: blocked 2, not blocked==0; rejected 0; "
          "timed_out 0; wait.p99 2.00 s, not wait.p99<1s. For 1.5 times this traffic: --workers=5 "
          "--queue=0.");
      html = sim_run_read (run, "a.html");
      g_assert_nonnull (strstr (html, ">current: 2 workers, queue 1</text>"));
      g_assert_nonnull (strstr (html, ">recommended: 5 workers, queue 0</text>"));
    }
}

/* The verdict on given sizes begins with the services that it assumes. */
static void
test_assumed_services (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (Page) page = NULL;

  sim_run_write (run, "trace.csv", "arrival\n0\n0\n");
  sim_run_go (run, "-w 2 -q 1 --report=a.html trace.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  page = read_page (run, "a.html");
  g_assert_true (g_str_has_prefix (
      page->verdict,
      "Assuming 500 ms per request (--service): --workers=2 --queue=1 meets the objectives: "));
}

/* A mode without sizes has neither a verdict nor a map. */
static void
test_no_sizes (void)
{
  static const struct {
    const char *arguments;
    guint n_pictures;
  } cases[] = { { "-m default --report=a.html trace.csv", 2 },
                { "-m bufferedchannel -q 3 --report=a.html trace.csv", 2 },
                { "--synthetic poisson:rate=10,n=100 --report=a.html", 4 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (Page) page = NULL;

      sim_run_write (run, "trace.csv", trace);
      sim_run_go (run, cases[i].arguments, NULL);
      g_test_message ("%s -> %s", cases[i].arguments, run->err);
      g_assert_cmpint (run->status, ==, 0);
      page = read_page (run, "a.html");
      g_assert_null (page->verdict);
      g_assert_cmpuint (page->n_pictures, ==, cases[i].n_pictures);
      g_assert_cmpuint (page->hints->len, ==, 0);
    }
}

/* Where nobody knows the services, the page says so first. */
static void
test_unknown_services (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (Page) page = NULL;
  const char *last;

  sim_run_write (run, "log.csv", "arrival,latency\n0,1\n0,1\n0,2\n1,1\n");
  sim_run_go (run, "--columns response=latency --report=a.html log.csv", NULL);
  g_assert_cmpint (run->status, ==, 0);
  page = read_page (run, "a.html");
  g_assert_cmpstr (
      page->verdict, ==,
      "No sizes are recommended: it cannot be determined whether the log's response times contain "
      "waiting (see the warning).");
  last = page->items->pdata[page->items->len - 1];
  g_assert_true (g_str_has_prefix (last, "Warning: it cannot be determined whether"));
  g_assert_cmpuint (page->hints->len, ==, 0);
}

/* The map reaches half as far again as the marked sizes, but no further than sizes go. */
static void
test_largest_sizes (void)
{
  g_autoptr (SimRun) run = sim_run_new ();
  g_autoptr (Page) near = NULL, page = NULL;

  sim_run_write (run, "trace.csv", trace);
  sim_run_go (run, "-w 100 -q 900 --report=a.html trace.csv", NULL);
  near = read_page (run, "a.html");
  g_assert_true (
      is_in (near->hints, "160 workers, queue 1,359: blocked 0; rejected 0; timed_out 0; wait.p99 0 s"));
  sim_run_go (run, "-w 4000000000 -q 4000000000 --report=a.html trace.csv", NULL);
  g_assert_cmpstr (run->err, ==, "");
  g_assert_cmpint (run->status, ==, 0);
  page = read_page (run, "a.html");
  g_assert_true (is_in (page->hints,
                        "4,000,000,000 workers, queue 4,000,000,000: blocked 0; rejected 0; timed_out 0; "
                        "wait.p99 0 s"));
}

/* Names are text, whatever they look like. */
static void
test_escapes (void)
{
  static const char name[] = "<b>&\"'{{command}}\x01\xff.csv";
  g_autoptr (SimRun) run = sim_run_new ();
  g_autofree char *arguments = g_strconcat ("--report=a.html ", name, NULL);
  g_autofree char *html = NULL;
  g_autoptr (Page) page = NULL;

  sim_run_write (run, name, trace);
  sim_run_go (run, arguments, NULL);
  g_assert_cmpint (run->status, ==, 0);
  html = sim_run_read (run, "a.html");
  g_assert_null (strstr (html, "<b>"));
  page = read_page (run, "a.html"); /* nothing of the name is a mark of the template */
  g_assert_nonnull (strstr (page->title, "<b>&\"'{{command}}\\x01\\xff.csv"));
  g_assert_null (strstr (page->title, "--report"));
}

/* Of a page's data elements: the only figure of that name. */
static double
only_figure (const Page *page, const char *side, const char *metric)
{
  g_autofree char *name = g_strconcat (side, " ", metric, NULL);
  GArray *figures = g_hash_table_lookup (page->figures, name);

  g_assert_nonnull (figures);
  g_assert_cmpuint (figures->len, ==, 1);

  return g_array_index (figures, double, 0);
}

/* Three at once through a queue of one; the record has the same, or its last response is later. */
static void
test_against (void)
{
  static const struct {
    const char *last, *verdict;
    double measured;
    int status;
  } cases[] = { { "1,c,1.001,2.001,3.001,3.001", "Agreed: every metric is within 2 %", 3.0008, 0 },
                { "2,c,1.001,2.001,4.001,4.001", "Not agreed: not every metric is within 2 %", 4.0008, 1 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autoptr (Page) page = NULL;
      g_autofree char *html = NULL, *record = NULL;

      record = g_strdup_printf ("# mode: BufferedChannel\n# queue: 1\n# workers: 10000\n# when-full: block\n"
                                "# ack: stored\n# database: delay:request\n"
                                "arrival,service,id,accepted,started,finished,ended,outcome,blocked\n"
                                "0,1.001,a,0,0,1.001,1.001,stored,0\n"
                                "0.0001,1,b,0.0001,1.001,2.001,2.001,stored,0\n"
                                "0.0002,%s,stored,1\n",
                                cases[i].last);
      sim_run_write (run, "trace.csv", "arrival,service,id\n0,1,a\n0,1,b\n0,1,c\n");
      sim_run_write (run, "measured.csv", record);
      sim_run_go (run, "--against=measured.csv --report=a.html trace.csv", NULL);
      g_test_message ("%s", run->err);
      g_assert_cmpint (run->status, ==, cases[i].status);
      page = read_page (run, "a.html");
      g_assert_true (g_str_has_prefix (page->verdict, cases[i].verdict));
      g_assert_null (strchr (page->verdict, '\n'));
      g_assert_cmpfloat (only_figure (page, "predicted", "response.p99"), ==, 3);
      g_assert_cmpfloat_with_epsilon (only_figure (page, "measured", "response.p99"), cases[i].measured,
                                      1e-9);
      g_assert_cmpuint (page->n_pictures, ==, 2);
      html = sim_run_read (run, "a.html");
      g_assert_nonnull (strstr (html, "<h2>Predicted and measured</h2>"));
      g_assert_nonnull (strstr (html, ">with parked, measured<")); /* the curve of depth */
      g_assert_true ((strstr (html, "<td>NO</td>") != NULL) == (cases[i].status == 1));
    }
}

/* The page of a sweep has its map, whatever the format. */
static void
test_sweep (void)
{
  static const char *const formats[] = { "text", "csv", "json" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autofree char *arguments
          = g_strconcat ("--sweep workers=1:5,queue=0:1 --report=a.html --format=", formats[i], " trace.csv",
                         NULL);
      g_autoptr (Page) page = NULL;

      sim_run_write (run, "trace.csv", trace);
      sim_run_go (run, arguments, NULL);
      g_assert_cmpstr (run->err, ==, "");
      g_assert_cmpint (run->status, ==, 0);
      page = read_page (run, "a.html");
      g_assert_cmpstr (page->title, ==, "wp-sim: trace.csv");
      g_assert_cmpstr (
          page->verdict, ==,
          "2 of 10 sizes meet the objectives. For 1.5 times this traffic: --workers=5 --queue=0.");
      g_assert_true (is_in (page->items, "trace.csv: 8 requests, WorkerPool"));
      g_assert_cmpuint (page->hints->len, ==, 10);
      g_assert_true (
          is_in (page->hints, "5 workers, queue 0: blocked 0; rejected 0; timed_out 0; wait.p99 0 s"));
      g_assert_cmpuint (page->n_pictures, ==, 1);
    }
}

static void
test_refusals (void)
{
  static const struct {
    const char *arguments, *message;
  } cases[] = {
    { "--report=a.htm trace.csv", "wp-sim: --report: \"a.htm\" does not end in .html\n" },
    { "--report=- trace.csv", "wp-sim: --report: \"-\" does not end in .html\n" },
    { "--report=no/a.html trace.csv", "wp-sim: no/a.html: cannot write: No such file or directory\n" },
    { "--report=trace.html trace.html", "wp-sim: an output would overwrite a file that is read\n" },
    { "--report=a.html --series=a.html trace.csv",
      "wp-sim: --report and another option would write the same file\n" },
    { "--report=a.html --calibrate trace.csv",
      "wp-sim: --report is of predictions: it does not go with --calibrate and --generate\n" },
    { "--report=a.html --sweep workers=1:3,scale=1:2 trace.csv",
      "wp-sim: --report of a --sweep takes one scale and one service scale\n" },
    { "--report=no/a.html --sweep workers=1:3 trace.csv",
      "wp-sim: no/a.html: cannot write: No such file or directory\n" },
    { "--report=a.html --clients 3 --limit 10",
      "wp-sim: --jobs, --series, --plot, --report and --against are not available with --clients, whose "
      "arrivals depend on the mode\n" },
    { "-m workerpool -w 1 -q 1 --report=a.html --memory 16 trace.csv",
      "wp-sim: 8 rows need 1 MiB of memory, and there are 0.0: give --memory=1m, or fewer rows by --limit, or no "
      "--report\n" },
    { "--report=a.html access.log",
      "wp-sim: access.log: the log has no request times: say how long a request takes, --service=60ms, or "
      "where that is, --columns response=NAME\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (SimRun) run = sim_run_new ();
      g_autofree char *html = NULL;

      sim_run_write (run, "trace.csv", trace);
      sim_run_write (run, "trace.html", trace);
      sim_run_write (run, "access.log",
                     "1.2.3.4 - - [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n");
      sim_run_go (run, cases[i].arguments, NULL);
      g_assert_cmpint (run->status, ==, 2);
      g_assert_cmpstr (run->err, ==, cases[i].message);
      g_assert_cmpuint (sim_run_count_files (run), ==, 3);
      html = sim_run_read (run, "trace.html");
      g_assert_cmpstr (html, ==, trace);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wp-sim-html/figures", test_figures);
  g_test_add_func ("/wp-sim-html/given-sizes", test_given_sizes);
  g_test_add_func ("/wp-sim-html/no-sizes", test_no_sizes);
  g_test_add_func ("/wp-sim-html/unknown-services", test_unknown_services);
  g_test_add_func ("/wp-sim-html/largest-sizes", test_largest_sizes);
  g_test_add_func ("/wp-sim-html/escapes", test_escapes);
  g_test_add_func ("/wp-sim-html/assumed-services", test_assumed_services);
  g_test_add_func ("/wp-sim-html/against", test_against);
  g_test_add_func ("/wp-sim-html/sweep", test_sweep);
  g_test_add_func ("/wp-sim-html/refusals", test_refusals);

  return g_test_run ();
}
