/* Several files as one trace. */
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-trace-private.h"

#define MAX_FILES        5
#define LOG(stamp, rest) "::1 - - [" stamp " +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"" rest "\n"

static WpTrace *
open_texts (const char *const *names, const char *const *texts, gsize chunk_bytes,
            const WpTraceOptions *options, GError **error)
{
  WpInput *inputs[MAX_FILES];
  guint n = g_strv_length ((char **) names);

  for (guint i = 0; i < n; i++)
    inputs[i] = wp_input_open_data (names[i], texts[i], strlen (texts[i]));

  return wp_trace_open_inputs (inputs, n, chunk_bytes, options, error);
}

/* A row of the file that is drawn: in which form it stands there. */
typedef struct {
  gint64 arrival_ns, service_ns;
  guint file;
} Drawn;

static int
compare_drawn (gconstpointer a, gconstpointer b)
{
  const Drawn *one = a, *two = b;

  if (one->arrival_ns != two->arrival_ns)
    return one->arrival_ns < two->arrival_ns ? -1 : 1;

  return (int) one->file - (int) two->file;
}

static void
append_row (GString *text, const Drawn *row, gboolean is_json, guint64 id)
{
  g_string_append_printf (text,
                          is_json ? "{\"id\":\"%" G_GUINT64_FORMAT "\",\"arrival\":%" G_GINT64_FORMAT
                                    ".%09" G_GINT64_FORMAT ",\"service\":0.%09" G_GINT64_FORMAT "}\n"
                                  : "%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT
                                    ",0.%09" G_GINT64_FORMAT "\n",
                          id, row->arrival_ns / WP_NS_PER_S, row->arrival_ns % WP_NS_PER_S, row->service_ns);
}

/* Files that overlap, or follow one another, each in order unless @is_mixed. */
static void
check_drawn (gboolean is_mixed)
{
  static const char *const names[] = { "a", "b", "c", "d" };
  guint n_files = (guint) g_test_rand_int_range (2, 5), n = (guint) g_test_rand_int_range (1, 3000);
  gsize chunk_bytes = (gsize) g_test_rand_int_range (1, 3000), n_rows;
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autofree Drawn *rows = g_new (Drawn, n);
  WpInput *inputs[MAX_FILES];
  GString *texts[MAX_FILES];
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *read;
  gint64 time_ns = 0;
  guint file = 0, run = (guint) g_test_rand_int_range (1, 600);
  guint limit = g_test_rand_bit () || is_mixed ? 0 : (guint) g_test_rand_int_range (1, 4000);

  for (guint i = 0; i < n_files; i++)
    texts[i] = g_string_new (i % 2 == 1 ? "" : "id,arrival,service\n");
  for (guint i = 0; i < n; i++)
    {
      time_ns += g_test_rand_int_range (0, 3) * 1000;
      if (i % run == 0)
        file = (guint) g_test_rand_int_range (0, (gint) n_files);
      rows[i] = (Drawn){ time_ns, g_test_rand_int_range (0, 1000000000), file };
    }
  qsort (rows, n, sizeof *rows, compare_drawn);
  for (guint i = 0; i < n; i++)
    append_row (texts[rows[i].file], &rows[i], rows[i].file % 2 == 1, i);
  if (is_mixed && n > 1 && rows[0].arrival_ns < rows[n - 1].arrival_ns) /* the first row again, at the end */
    append_row (texts[rows[0].file], &rows[0], rows[0].file % 2 == 1, n);
  for (guint i = 0; i < n_files; i++)
    inputs[i] = wp_input_open_data (names[i], texts[i]->str, texts[i]->len);
  options.limit_rows = limit;
  trace = wp_trace_open_inputs (inputs, n_files, chunk_bytes, &options, &error);
  g_assert_no_error (error);
  read = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  if (!is_mixed)
    {
      g_assert_cmpuint (n_rows, ==, limit > 0 ? MIN (limit, n) : n);
      g_assert_cmpuint (wp_trace_out_of_order (trace), ==, 0);
      for (guint i = 0; i < n_rows; i++)
        {
          g_assert_cmpint (read[i].arrival_ns, ==, rows[i].arrival_ns - rows[0].arrival_ns);
          g_assert_cmpint (read[i].service_ns, ==, rows[i].service_ns);
          g_assert_cmpuint (g_ascii_strtoull (read[i].id, NULL, 10), ==, i);
        }
    }
  for (guint i = 1; i < n_rows; i++)
    g_assert_cmpint (read[i - 1].arrival_ns, <=, read[i].arrival_ns);
  for (guint i = 0; i < n_files; i++)
    g_string_free (texts[i], TRUE);
}

static void
test_in_order (void)
{
  for (int i = 0; i < 300; i++)
    check_drawn (FALSE);
}

static void
test_out_of_order (void)
{
  for (int i = 0; i < 100; i++)
    check_drawn (TRUE);
}

static void
assert_lines (const WpTrace *trace, const char *const *expected)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  wp_trace_append_notes (trace, lines);
  for (guint i = 0; i < lines->len; i++)
    g_test_message ("%s", (const char *) g_ptr_array_index (lines, i));
  g_assert_cmpuint (lines->len, ==, g_strv_length ((char **) expected));
  for (guint i = 0; i < lines->len; i++)
    g_assert_cmpstr (g_ptr_array_index (lines, i), ==, expected[i]);
}

/* Each file's format is its own: what it says of a request is what counts. */
static void
test_formats (void)
{
  static const char *const names[] = { "new.log", "empty.log", "old.log", "middle.jsonl", NULL };
  static const char *const texts[]
      = { LOG ("01/Nov/2026:10:00:09", " rt=1.000"), "",
          LOG ("01/Nov/2026:10:00:01", " rt=0.500") LOG ("01/Nov/2026:10:00:03", " rt=0.500") "bad\n",
          "{\"time_iso8601\":\"2026-11-01T10:00:05+00:00\",\"request_time\":2}\n"
          "{\"request_time\":3}\n" };
  static const char *const notes[]
      = { "columns by their names: --columns 'arrival=[time_iso8601]-[request_time],response=[request_time]'",
          "the log's request times are taken off its stamps, which nginx sets at the end of a request",
          "empty.log is empty", "middle.jsonl: 1 line without an arrival was left out",
          "old.log: 1 bad row of 3 was left out: old.log:3: " };
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  const WpRow *rows;
  gsize n_rows;

  options.max_bad = 0.5;
  trace = open_texts (names, texts, 100, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (wp_trace_name (trace), ==, "new.log, old.log and middle.jsonl");
  g_assert_cmpstr (wp_trace_title (trace), ==, "access log, JSON lines of nginx");
  rows = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_rows, ==, 4);
  g_assert_cmpint (rows[2].arrival_ns, ==, 2500 * WP_NS_PER_MS);
  g_assert_cmpint (rows[3].arrival_ns, ==, 7500 * WP_NS_PER_MS);
  g_assert_cmpint (rows[3].response_ns, ==, 1000 * WP_NS_PER_MS);
  wp_trace_append_notes (trace, lines);
  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      gboolean found = FALSE;

      for (guint k = 0; k < lines->len; k++)
        found |= g_str_has_prefix (g_ptr_array_index (lines, k), notes[i]);
      if (!found)
        g_error ("no note \"%s\"", notes[i]);
    }
}

static void
test_header_alone (void)
{
  static const char *const names[] = { "head.csv", "rows.csv", NULL };
  static const char *const texts[] = { "arrival,service\n", "arrival,service\n1,0.5\n2,0.5\n" };
  static const char *const notes[] = { "head.csv has no row", NULL };
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_rows;

  trace = open_texts (names, texts, 4096, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (wp_trace_load (trace, &n_rows, &error));
  g_assert_cmpuint (n_rows, ==, 2);
  assert_lines (trace, notes);
}

#define STAMP(second) "2026-11-01T10:00:" second "Z,0."

/* The rows' services are 0.1 s, 0.2 s... in the order that they ought to have. */
static void
assert_spread (const char *const *names, const char *const *texts, const gint64 *arrivals_ms)
{
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *rows;
  gsize n_rows;

  trace = open_texts (names, texts, 4096, NULL, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_assert_cmpint (rows[i].arrival_ns, ==, arrivals_ms[i] * WP_NS_PER_MS);
      g_assert_cmpint (rows[i].service_ns, ==, (gint64) (i + 1) * 100 * WP_NS_PER_MS);
    }
  g_assert_cmpint (arrivals_ms[n_rows], ==, -1);
}

/* A log that was rotated within a second, in any order on the command line: the lines of that second are
 * spread as one. */
static void
test_shared_seconds (void)
{
  static const char *const names[] = { "access.log", "access.log.2", "access.log.1", NULL };
  static const char old[]
      = "arrival,service\n" STAMP ("01") "1\n" STAMP ("01") "2\n" STAMP ("02") "3\n" STAMP ("02") "4\n";
  /* alone, neither of these would be spread */
  static const char in_between[] = "arrival,service\n" STAMP ("02") "5\n";
  static const char new[] = "arrival,service\n" STAMP ("02") "6\n" STAMP ("03") "7\n";
  static const char *const three[] = { new, old, in_between };

  assert_spread (names, three, (const gint64[]){ 0, 500, 875, 1125, 1375, 1625, 2250, -1 });
}

/* Logs of two servers, whose lines mingle in each second, are spread each by itself. */
static void
test_overlapping_seconds (void)
{
  static const char *const names[] = { "a.log", "b.log", NULL };
  static const char *const texts[]
      = { "arrival,service\n" STAMP ("01") "2\n" STAMP ("02") "4\n" STAMP ("02") "6\n",
          "arrival,service\n" STAMP ("01") "1\n" STAMP ("01") "3\n" STAMP ("02") "5\n" };

  assert_spread (names, texts, (const gint64[]){ 0, 250, 500, 1000, 1250, 1500, -1 });
}

/* Of one file with its header again in the middle, too. */
static void
test_header_again (void)
{
  static const char *const names[] = { "a.csv", "b.csv", NULL };
  static const char *const texts[]
      = { "arrival,service\n1,0.5\n3,0.5\narrival,service\n5,0.5\n", "arrival,service\n2,0.25\n4,0.25\n" };
  static const char *const none[] = { NULL };
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *rows;
  gsize n_rows;

  trace = open_texts (names, texts, 4096, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (wp_trace_title (trace), ==, "CSV");
  rows = wp_trace_load (trace, &n_rows, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_rows, ==, 5);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_assert_cmpint (rows[i].arrival_ns, ==, (gint64) i * WP_NS_PER_S);
      g_assert_cmpint (rows[i].service_ns, ==, (i % 2 == 0 ? 500 : 250) * WP_NS_PER_MS);
    }
  assert_lines (trace, none);
}

static void
test_refused (void)
{
  static const struct {
    const char *first, *second, *message;
  } cases[] = {
    { "arrival\n1\n", "arrival\n2\nx\n", "b:3: column \"arrival\": \"x\" is not a time" },
    { "arrival\n1\n", "arrival,service\n2,1\n",
      "a (CSV) and b (CSV) cannot be one trace: b says how long a request takes by other columns; --columns "
      "names them" },
    { LOG ("01/Nov/2026:10:00:09", " rt=1.000"), LOG ("01/Nov/2026:10:00:10", ""),
      "a (access log) and b (access log) cannot be one trace: a says how long a request takes by other "
      "columns; --columns names them" },
    { "arrival\n1\n", "arrival\n2026-11-01T10:00:00Z\n",
      "a and b cannot be one trace: the arrivals of only one are dates" },
    { "", "", "b:1: an empty trace: it has no header" },
    { "arrival\n", "arrival\n", "a:2: an empty trace: no row follows the header" },
    { "arrival\n1\n", "PAR1", "b:1: this is Parquet: convert it, parquet-tools csv 'b'" },
  };
  static const char *const names[] = { "a", "b", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      const char *const texts[] = { cases[i].first, cases[i].second };
      g_autoptr (WpTrace) trace = open_texts (names, texts, 4096, NULL, &error);
      gsize n_rows;

      if (trace != NULL)
        g_assert_null (wp_trace_load (trace, &n_rows, &error));
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

/* A column of an option that one of the files does not have: which one. */
static void
test_column_missing (void)
{
  static const char *const names[] = { "a", "b", NULL };
  static const char *const texts[] = { "arrival,kind\n1,x\n", "arrival\n2\n" };
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (GError) of_where = NULL, of_columns = NULL;

  options.where = "kind==x";
  g_assert_null (open_texts (names, texts, 4096, &options, &of_where));
  g_assert_cmpstr (of_where->message, ==, "b: --where: no column \"kind\"; the columns are \"arrival\"");
  options = (WpTraceOptions) WP_TRACE_OPTIONS_INIT;
  options.columns = "id=kind";
  g_assert_null (open_texts (names, texts, 4096, &options, &of_columns));
  g_assert_true (g_str_has_prefix (of_columns->message, "b: --columns: id: no column \"kind\""));
}

/* The pressure of a trace is that of all its files. */
static void
test_pressure (void)
{
  static const char *const names[] = { "a", "b", NULL };
  static const char *const texts[]
      = { "# source: wp-server\narrival\n0\n# at=1 pressure=0.25\n2\n",
          "# source: wp-server\narrival\n1\n# at=1 pressure=0.5\n3\n# at=2 pressure=0.75\n" };
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = open_texts (names, texts, 4096, NULL, &error);
  WpTracePressure pressure;
  gsize n_rows;

  g_assert_no_error (error);
  g_assert_nonnull (wp_trace_load (trace, &n_rows, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_rows, ==, 4);
  pressure = wp_trace_pressure (trace);
  g_assert_cmpuint (pressure.n, ==, 3);
  g_assert_cmpfloat (pressure.sum, ==, 1.5);
  g_assert_cmpfloat (pressure.max, ==, 0.75);
}

static void
test_too_many (void)
{
  g_autofree const char **paths = g_new0 (const char *, 258);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 257; i++)
    paths[i] = "missing.csv";
  g_assert_null (wp_trace_open_files (paths, NULL, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_USAGE);
  g_assert_true (g_str_has_prefix (error->message, "257 files are more than 256: join them"));
  g_clear_error (&error);
  paths[256] = NULL;
  g_assert_null (wp_trace_open_files (paths, NULL, &error));
  g_assert_error (error, WP_ERROR, WP_ERROR_IO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trace-files/in-order", test_in_order);
  g_test_add_func ("/trace-files/out-of-order", test_out_of_order);
  g_test_add_func ("/trace-files/formats", test_formats);
  g_test_add_func ("/trace-files/header-alone", test_header_alone);
  g_test_add_func ("/trace-files/shared-seconds", test_shared_seconds);
  g_test_add_func ("/trace-files/overlapping-seconds", test_overlapping_seconds);
  g_test_add_func ("/trace-files/header-again", test_header_again);
  g_test_add_func ("/trace-files/refused", test_refused);
  g_test_add_func ("/trace-files/column-missing", test_column_missing);
  g_test_add_func ("/trace-files/pressure", test_pressure);
  g_test_add_func ("/trace-files/too-many", test_too_many);

  return g_test_run ();
}
