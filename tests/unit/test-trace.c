#include <string.h>

#include "sim/base/wp-error.h"
#include "tests/unit/first-error.h"
#include "sim/trace/wp-read-buffer.h"
#include "sim/trace/wp-time-scale.h"
#include "tests/unit/open-data.h"

#define S  WP_NS_PER_S
#define MS WP_NS_PER_MS

static WpTrace *
open_text (const char *text, const WpTraceOptions *options, GError **error)
{
  return open_data ("t.csv", text, strlen (text), options, error);
}

static const WpRow *
load_text (const char *text, const WpTraceOptions *options, WpTrace **trace, gsize *n)
{
  g_autoptr (GError) error = NULL;
  const WpRow *rows;

  *trace = open_text (text, options, &error);
  g_assert_no_error (error);
  rows = wp_trace_load (*trace, n, &error);
  g_assert_no_error (error);

  return rows;
}

static void
test_all_columns (void)
{
  g_autoptr (WpTrace) trace = NULL;
  gsize n;
  const WpRow *rows
      = load_text ("\xef\xbb\xbf# mode: WorkerPool\r\n#a remark\r\n\r\n# when-full : block \r\n"
                   "outcome,id, arrival ,colour,service,bytes,blocked,accepted,started,finished,ended\r\n"
                   "stored,\"x \"\"1\"\"\r\ny\",10.5,red,0.25,7,1,11,11.5,11.75,12\r\n\r\n"
                   ",,10.500000001,,,,,,,,",
                   NULL, &trace, &n);

  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpint (rows[0].arrival_ns, ==, 0);
  g_assert_cmpint (rows[0].service_ns, ==, 250 * MS);
  g_assert_cmpint (rows[0].accepted_ns, ==, 500 * MS);
  g_assert_cmpint (rows[0].started_ns, ==, S);
  g_assert_cmpint (rows[0].finished_ns, ==, 1250 * MS);
  g_assert_cmpint (rows[0].ended_ns, ==, 1500 * MS);
  g_assert_cmpint (rows[0].bytes, ==, 7);
  g_assert_cmpstr (rows[0].id, ==, "x \"1\"\r\ny");
  g_assert_cmpint (rows[0].outcome, ==, WP_OUTCOME_STORED);
  g_assert_cmpint (rows[0].blocked, ==, 1);
  g_assert_cmpint (rows[1].arrival_ns, ==, 1);
  g_assert_cmpint (rows[1].service_ns, ==, WP_TIME_NONE);
  g_assert_cmpint (rows[1].accepted_ns, ==, WP_TIME_NONE);
  g_assert_cmpint (rows[1].ended_ns, ==, WP_TIME_NONE);
  g_assert_cmpint (rows[1].bytes, ==, -1);
  g_assert_null (rows[1].id);
  g_assert_cmpint (rows[1].outcome, ==, WP_OUTCOME_NONE);
  g_assert_cmpint (rows[1].blocked, ==, -1);
  g_assert_cmpstr (wp_trace_note (trace, "mode"), ==, "WorkerPool");
  g_assert_cmpstr (wp_trace_note (trace, "when-full"), ==, "block");
  g_assert_null (wp_trace_note (trace, "a remark"));
  g_assert_true (wp_trace_has_column (trace, "service"));
  g_assert_false (wp_trace_has_column (trace, "colour"));
}

static void
test_times (void)
{
  static const struct {
    const char *first, *second;
    gint64 between_ns;
  } cases[] = {
    { "0", "0.000000001", 1 },
    { "-1.5", "1", 2500 * MS },
    { "1e-3", "2E-3", MS },
    { " 1", "2 ", S },
    { "+1", "1.0", 0 },
    { "1700162223.979960000", "1700162223.979960001", 1 },
    { "2023-11-16 18:17:03.9799600", "2023-11-16T19:17:04.97996+01:00", S },
    { "-4000000000", "5000000000", G_GINT64_CONSTANT (9000000000000000000) },
    { "-1", "9223372035.854775807", G_MAXINT64 },
    { "0000000000000000001", "12345678.123456789", G_GINT64_CONSTANT (12345677123456789) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("arrival,finished\n%s,%s\n%s,\n", cases[i].first,
                                               cases[i].second, cases[i].second);
      g_autoptr (WpTrace) trace = NULL;
      gsize n;
      const WpRow *rows = load_text (text, NULL, &trace, &n);

      g_assert_cmpint (rows[0].arrival_ns, ==, 0);
      g_assert_cmpint (rows[0].finished_ns, ==, cases[i].between_ns);
      g_assert_cmpint (rows[1].arrival_ns, ==, cases[i].between_ns);
    }
}

/* Two rows each: at 0.5 s for 100 ms, at 1.5 s for 250 ms. */
static void
test_dialects (void)
{
  static const char *const texts[] = {
    "arrival,service\n0.5,0.1\n1.5,0.25\n",
    "arrival;service\n0,5;0,1\n1,5;0,25\n",
    "arrival;service\n\"0,5\";\"0,1\"\n\"1,5\";\"0,25\"\n",
    "arrival\tservice\n0,5\t0.1\n1.5\t0,25\n",
    "arrival ; service\n+0,5 ; 1,0e-1\n 1,5;250,0ms\n",
    "arrival;\"note, and, more\";service\n0,5;a,b;0,1\n1,5;;0,25\n",
    "sep=;\r\narrival;service\r\n0,5;0,1\r\n1,5;0,25\r\n",
    "\xef\xbb\xbfSEP=\t\narrival\tservice\n0,5\t0,1\n1,5\t0,25\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (WpTrace) trace = NULL;
      gsize n;
      const WpRow *rows = load_text (texts[i], NULL, &trace, &n);

      g_assert_cmpuint (n, ==, 2);
      g_assert_cmpint (rows[1].arrival_ns, ==, S);
      g_assert_cmpint (rows[0].service_ns, ==, 100 * MS);
      g_assert_cmpint (rows[1].service_ns, ==, 250 * MS);
    }
}

static const struct {
  const char *columns; /* --columns */
  const char *text;
  const char *message;
} bad_texts[] = {
  { NULL, "", "t.csv:1: an empty trace: it has no header" },
  { NULL, "\xef\xbb\xbf", "t.csv:1: an empty trace: it has no header" },
  { NULL, "# mode: Default\n\n", "t.csv:3: an empty trace: it has no header" },
  { NULL, "arrival,service\n", "t.csv:2: an empty trace: no row follows the header" },
  { NULL, "arrival,service\r\n\r\n", "t.csv:3: an empty trace: no row follows the header" },
  { NULL, "time,service\n1,2\n",
    "t.csv:1: no column \"arrival\"; the columns are \"time\", \"service\"; say which has the time, as in --columns 'arrival=[time]'" },
  { NULL, "date,total_time\n1,2\n",
    "t.csv:1: no column \"arrival\"; the columns are \"date\", \"total_time\"; say which has the time, as in --columns 'arrival=[date]'" },
  { NULL, "0.5,0.1\n1.5,0.2\n",
    "t.csv:1: no column \"arrival\": the first line has values; put the names of the columns above it, such as arrival,service" },
  { NULL, "2026-11-29 10:00:00,0.1\n2026-11-29 10:00:01,0.2\n",
    "t.csv:1: no column \"arrival\": the first line has values; put the names of the columns above it, such as arrival,service" },
  { NULL, "arrival|service\n1|2\n",
    "t.csv:1: no column \"arrival\"; the only column is \"arrival|service\": cells are separated by commas, semicolons or tabs" },
  { NULL, "time took\n1 2\n",
    "t.csv:1: no column \"arrival\"; the only column is \"time took\": cells are separated by commas, semicolons or tabs" },
  { NULL, "arrival,service\r1,2\r",
    "t.csv:1: this is text with a carriage return for each end of a line: convert it, tr '\\r' '\\n' < 't.csv'" },
  { NULL, "[{\"arrival\":1},{\"arrival\":2}]\n",
    "t.csv:1: this is a JSON array: convert it, jq -c '.[]' 't.csv'" },
  { NULL, "\n[\n {\"arrival\":1}\n]\n", "t.csv:2: this is a JSON array: convert it, jq -c '.[]' 't.csv'" },
  { NULL, "{\n \"arrival\":1\n}\n", "t.csv:1: this is JSON over several lines: convert it, jq -c . 't.csv'" },
  { NULL, "{\"__REALTIME_TIMESTAMP\":\"1796010584000000\",\"MESSAGE\":\"GET /\"}\n",
    "t.csv:1: this is a log of journalctl, with the server's lines in it: convert it, jq -r .MESSAGE 't.csv'" },
  { NULL, "\n# a: b\narrival,arrival\n1,2\n", "t.csv:3: column \"arrival\" is there twice" },
  { NULL, "arrival,service\n0.5,0.012\nabc,0.010\n", "t.csv:3: column \"arrival\": \"abc\" is not a time" },
  { NULL, "arrival,service\n,1\n", "t.csv:2: column \"arrival\": \"\" is not a time" },
  { NULL, "arrival\n1\ninf\n", "t.csv:3: column \"arrival\": \"inf\" is not a time" },
  { NULL, "arrival\nnan\n", "t.csv:2: column \"arrival\": \"nan\" is not a time" },
  { NULL, "arrival\n1e400\n", "t.csv:2: column \"arrival\": \"1e400\" is more than 292 years" },
  { NULL, "arrival\n9223372037\n", "t.csv:2: column \"arrival\": \"9223372037\" is more than 292 years" },
  { NULL, "arrival\n9999-12-31T23:59:59Z\n",
    "t.csv:2: column \"arrival\": \"9999-12-31T23:59:59Z\" is not from 1678 to 2261" },
  { NULL, "# a: b\narrival\n1\n# at=1 pressure=\xad\n",
    "t.csv:4: a line \"# at=...\": pressure: \"?\" is not a share from 0 to 1" },
  { NULL, "arrival;service\n1.234,5;1\n", "t.csv:2: column \"arrival\": \"1.234,5\" is not a time" },
  { NULL, "arrival;service\n1,234,5;1\n", "t.csv:2: column \"arrival\": \"1,234,5\" is not a time" },
  { NULL, "arrival,service\n0,1e400\n", "t.csv:2: column \"service\": \"1e400\" is more than 292 years" },
  { NULL, "arrival\n-5000000000\n5000000000\n",
    "t.csv:3: a time of more than 292 years from the first arrival" },
  { NULL, "arrival\n-5000000000\n1\n2\n5000000000\n6000000000\n",
    "t.csv:5: a time of more than 292 years from the first arrival" },
  { NULL, "arrival\n-9000000000\n1\n2\n999999999\n999999999\n999999999\n",
    "t.csv:5: a time of more than 292 years from the first arrival" },
  { NULL, "arrival\n-1\n-5000000000\n5000000000\n",
    "t.csv: a time of more than 292 years from the first arrival" },
  { NULL, "arrival,ended\n-5000000000,5000000000\n",
    "t.csv:2: a time of more than 292 years from the first arrival" },
  { NULL, "arrival\n2023-02-30T00:00:00Z\n",
    "t.csv:2: column \"arrival\": \"2023-02-30T00:00:00Z\" is not a time" },
  { NULL, "arrival\n17000000000123\n", /* ms of the year 2508 */
    "t.csv:2: column \"arrival\": \"17000000000123\" is more than 292 years" },
  { NULL, "arrival\n1,5\n", "t.csv:2: 2 cells, the header has 1" },
  { NULL, "arrival,a,b\n1,2,3\n1\n", "t.csv:3: 1 cell, the header has 3" },
  { NULL, "arrival,service\n1,2,\n", "t.csv:2: 3 cells, the header has 2" },
  { NULL, "arrival,service\n1,2\n1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19\n",
    "t.csv:3: 19 cells, the header has 2" },
  { NULL, "arrival,service\n1,-2\n", "t.csv:2: column \"service\": \"-2\" is negative" },
  { NULL, "arrival,service\n1,2\n1,fast\n",
    "t.csv:3: column \"service\": \"fast\" is not a time in seconds" },
  { NULL, "arrival,service\n1,2023-01-01T00:00:00Z\n",
    "t.csv:2: column \"service\": \"2023-01-01T00:00:00Z\" is not a time in seconds" },
  { NULL, "arrival,bytes\n1,-1\n", "t.csv:2: column \"bytes\": \"-1\" is not a whole number of bytes" },
  { NULL, "arrival,bytes\n1,9223372036854775808\n",
    "t.csv:2: column \"bytes\": \"9223372036854775808\" is not a whole number of bytes" },
  { NULL, "arrival,outcome\n1,lost\n",
    "t.csv:2: column \"outcome\": \"lost\" is not stored, rejected, timed_out, abandoned or failed" },
  { NULL, "arrival,blocked\n1,2\n", "t.csv:2: column \"blocked\": \"2\" is not 0 or 1" },
  { NULL, "arrival,blocked\n1,01\n", "t.csv:2: column \"blocked\": \"01\" is not 0 or 1" },
  { NULL, "arrival,id\n1,\"a\n2,b\n", "t.csv:2: a quote that is not closed" },
  { NULL, "arrival,id\n1,\"a\nb\"\n2,\"a\"b\n", "t.csv:4: text after a closing quote" },
  { NULL, "arrival\n\"1\n2\"\n", "t.csv:2: column \"arrival\": \"1\\x0a2\" is not a time" },
  { NULL, "arrival\n1\r2\n", "t.csv:2: column \"arrival\": \"1\\x0d2\" is not a time" },
  { NULL, "arrival\n\xff\"\\\xc3\xa9\n",
    "t.csv:2: column \"arrival\": \"\\xff\\\"\\\\\xc3\xa9\" is not a time" },
  { NULL, "arrival\n0123456789012345678901234567890123456789x1\n",
    "t.csv:2: column \"arrival\": \"0123456789012345678901234567890123456789...\" is not a time" },
  { NULL, "arrival\n# no note here\n", "t.csv:2: column \"arrival\": \"# no note here\" is not a time" },
  { NULL, "# a: 1\narrival,id\n1,x\n# a: 2\narrival,id\n",
    "t.csv:4: a note that differs from those at the top: another trace begins here" },
  { NULL, "arrival,id\n1,x\n# a: 1\n",
    "t.csv:3: a note that differs from those at the top: another trace begins here" },
  { NULL, "arrival,id\n1,x\narrival,service\n", "t.csv:3: column \"arrival\": \"arrival\" is not a time" },
  { NULL, "arrival\n\n\n1\n\nx\n", "t.csv:6: column \"arrival\": \"x\" is not a time" },
  { NULL,
    "\xff\xfe"
    "a",
    "t.csv:1: this is UTF-16: convert it, iconv -f UTF-16 -t UTF-8 't.csv'" },
  { "arrival=t", "t\n1\nx\n", "t.csv:3: column \"t\": \"x\" is not a time" },
  { "arrival", "t\n1\n", "--columns: \"arrival\" is not NAME=EXPRESSION" },
  { "", "t\n1\n", "--columns: \"\" is not NAME=EXPRESSION" },
  { "arrival=t,", "t\n1\n", "--columns: \"\" is not NAME=EXPRESSION" },
  { "arrivl=t", "t\n1\n",
    "--columns: \"arrivl\" is not a column of a trace: arrival, service, id, bytes, accepted, started, finished, ended, outcome, blocked, response, method, path, status" },
  { "arrival=t,arrival=t", "t\n1\n", "--columns: \"arrival\" is given twice" },
  { "arrival=t,id=t+1", "t\n1\n", "--columns: \"id\" takes a column, not arithmetic" },
  { "arrival=Tmestamp", "Timestamp\n1\n",
    "--columns: arrival: no column \"Tmestamp\"; did you mean \"Timestamp\"?" },
  { "arrival=t,service=n*", "t,n\n1,2\n", "--columns: service: \"n*\" ends too early" },
  { "arrival=t,service=n", "t,n,n\n1,2,3\n", "--columns: service: column \"n\" is there twice" },
  { "arrival=t-n", "t,n\n1,2\n2,\n", "t.csv:3: column \"arrival\": t-n has no value in this row" },
  { "arrival=t,service=2*n", "t,n\n1,2\n2,x\n", "t.csv:3: column \"n\": \"x\" is not a number" },
  { "arrival=t,service=1/n", "t,n\n1,2\n2,0\n",
    "t.csv:3: column \"service\": 1/n comes to nan, which is not a time" },
  { "arrival=t,service=1-n", "t,n\n1,2\n",
    "t.csv:2: column \"service\": 1-n comes to -1, which is not a time" },
  { "arrival=t*1e10", "t\n1\n", "t.csv:2: column \"arrival\": t*1e10 comes to 1e+10, which is not a time" },
  { "arrival=t,bytes=t*-1", "t\n1\n",
    "t.csv:2: column \"bytes\": t*-1 comes to -1, which is not a number of bytes" },
};

static void
test_bad_texts (void)
{
  static const gsize chunks[] = { 1, 7, 4096 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad_texts); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
        int code
            = g_str_has_prefix (bad_texts[i].message, "--columns") ? WP_ERROR_BAD_VALUE : WP_ERROR_BAD_TRACE;
        g_autoptr (GError) error = NULL;

        options.columns = bad_texts[i].columns;
        error = first_error (wp_input_open_data ("t.csv", bad_texts[i].text, strlen (bad_texts[i].text)),
                             chunks[j], &options);
        g_assert_nonnull (error);
        g_assert_cmpstr (error->message, ==, bad_texts[i].message);
        g_assert_error (error, WP_ERROR, code);
      }
}

/* As where the parts of a rotated record are put together; the columns are those that are read fast, and
 * others. */
static void
test_rewinds (void)
{
  static const char *const headers[] = { "arrival,service", "arrival,service,id" };
  static const gsize chunks[] = { 1, 7, 4096 };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        const char *id = i == 0 ? "" : ",#a: 1";
        g_autofree char *text = g_strdup_printf (
            "# a: 1\n# b: x,y\n%s\n1,2%s\n\n# a: 1\n# b: x,y\n%s\n3,4%s\n# a: 1\r\n%s\r\n# a: 1", headers[i],
            id, headers[i], id, headers[i]);
        g_autoptr (GError) error = NULL;
        g_autoptr (WpTrace) trace = wp_trace_open_input (wp_input_open_data ("t.csv", text, strlen (text)),
                                                         chunks[j], NULL, &error);
        const WpRow *rows;
        gsize n;

        g_assert_no_error (error);
        rows = wp_trace_load (trace, &n, &error);
        g_assert_no_error (error);
        g_assert_cmpuint (n, ==, 2);
        g_assert_cmpint (rows[1].arrival_ns, ==, 2 * S);
        g_assert_cmpint (rows[1].service_ns, ==, 4 * S);
        g_assert_cmpstr (rows[1].id, ==, i == 0 ? NULL : "#a: 1");
      }
}

static void
test_nul_bytes (void)
{
  static const struct {
    const char *text;
    gsize len;
    const char *message;
  } cases[] = {
    { "arrival\n1\0002\n", 12, "t.csv:2: column \"arrival\": \"1\\x002\" is not a time" },
    { "arrival,id\n1,a\0b\n", 17, "t.csv:2: column \"id\": \"a\\x00b\" has a NUL byte" },
    { "arrival,blocked\n1,1\0\n", 21, "t.csv:2: column \"blocked\": \"1\\x00\" is not 0 or 1" },
    { "\0\0\0\0", 4, "t.csv:1: the name of a column has a NUL byte" },
    { "arrival,service\0x\n1,2\n", 22, "t.csv:1: the name of a column has a NUL byte" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error
          = first_error (wp_input_open_data ("t.csv", cases[i].text, cases[i].len), 4096, NULL);

      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, cases[i].message);
    }
}

static void
test_endless_rows (void)
{
  static const char *const heads[] = { "", "arrival\n1\n", "arrival\n1\n\"", "# ", "arrival,id\n1,a\n2," };
  static const char *const lines[] = { "1", "3", "3", "1", "3" };

  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      g_autofree char *filler = g_strnfill (3 * 1024 * 1024, '7');
      g_autofree char *text = g_strconcat (heads[i], filler, NULL);
      g_autofree char *message = g_strdup_printf ("t.csv:%s: a row of more than 1 MiB", lines[i]);
      g_autoptr (GError) error = first_error (wp_input_open_data ("t.csv", text, strlen (text)), 65536, NULL);

      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==, message);
    }
}

/* One of a million bytes is no such row, and one of a million and a half is, with the chunks that files are
 * read in. */
static void
test_long_rows (void)
{
  static const struct {
    gsize bytes;
    gboolean taken;
  } rows[] = { { 1000000, TRUE }, { 1024 * 1024 + 2 * WP_READ_BUFFER_CHUNK_BYTES, FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *filler = g_strnfill (rows[i].bytes, '7');
      g_autofree char *text = g_strdup_printf ("arrival,id\n1,%s\n2,b\n", filler);
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = open_text (text, NULL, &error);
      const WpRow *loaded;
      gsize n;

      g_assert_no_error (error);
      loaded = wp_trace_load (trace, &n, &error);
      if (rows[i].taken)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (n, ==, 2);
          g_assert_cmpuint (strlen (loaded[0].id), ==, rows[i].bytes);
        }
      else
        {
          g_assert_null (loaded);
          g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
          g_assert_cmpstr (error->message, ==, "t.csv:2: a row of more than 1 MiB");
        }
    }
}

/* A thousand notes are taken, twice where the rows must be sorted; one more is not. */
static void
test_many_notes (void)
{
  for (guint n_notes = 1000; n_notes <= 1001; n_notes++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = NULL;
      gsize n;

      for (guint i = 1; i <= n_notes; i++)
        g_string_append_printf (text, "# note%u: %u\n", i, i);
      g_string_append (text, "arrival\n2\n1\n");
      trace = open_text (text->str, NULL, &error);
      if (n_notes == 1001)
        {
          g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
          g_assert_cmpstr (error->message, ==, "t.csv:1001: more than 1000 notes");
          continue;
        }
      g_assert_no_error (error);
      g_assert_nonnull (wp_trace_load (trace, &n, &error));
      g_assert_cmpuint (n, ==, 2);
      g_assert_cmpstr (wp_trace_note (trace, "note1000"), ==, "1000");
    }
}

/* Changes of the sizes are kept in memory: a hundred thousand of them, before the rows and between them. */
static void
test_many_changes (void)
{
  for (guint where = 0; where <= 1; where++)
    for (guint n_changes = 100000; n_changes <= 100001; n_changes++)
      {
        g_autoptr (GString) text = g_string_new ("# a: b\n");
        g_autoptr (GError) error = NULL;
        g_autoptr (WpTrace) trace = NULL;
        gint64 origin_ns;
        gsize n;

        if (where == 1)
          g_string_append (text, "arrival\n0\n");
        for (guint i = 0; i < n_changes; i++)
          g_string_append (text, "# at=1 workers=2\n");
        g_string_append (text, where == 0 ? "arrival\n0\n1\n" : "1\n");
        trace = open_text (text->str, NULL, &error);
        if (trace != NULL && wp_trace_load (trace, &n, &error) != NULL)
          g_assert_cmpuint (wp_trace_moments (trace, &origin_ns)->sizes->len, ==, 100000);
        if (n_changes == 100001)
          g_assert_cmpstr (error->message, ==,
                           where == 0
                               ? "t.csv:100002: a line \"# at=...\": more than 100000 changes of the sizes"
                               : "t.csv:100004: a line \"# at=...\": more than 100000 changes of the sizes");
        else
          g_assert_no_error (error);
      }
}

static void
test_error_is_repeated (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;
  g_autoptr (WpTrace) trace = open_text ("arrival\nx\n1\n", NULL, &error);
  const WpRow *rows;
  gsize n;

  g_assert_cmpint (wp_trace_read (trace, &rows, &n, &error), ==, WP_READ_ERROR);
  g_assert_cmpint (wp_trace_read (trace, &rows, &n, &again), ==, WP_READ_ERROR);
  g_assert_cmpstr (error->message, ==, again->message);
}

static void
test_columns_option (void)
{
  g_autoptr (WpTrace) trace = NULL;
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  gsize n;
  const WpRow *rows;

  options.columns
      = "arrival=TIMESTAMP, service = 0.030+0.020*GeneratedTokens ,id=[a,b],bytes=ContextTokens*4";
  rows = load_text ("TIMESTAMP,ContextTokens,GeneratedTokens,\"a,b\",service\n"
                    "2023-11-16 18:17:03.9799600,4808,10,x,9\n2023-11-16 18:17:04.0319600,3180,8,y,9\n",
                    &options, &trace, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpint (rows[1].arrival_ns, ==, 52 * MS);
  g_assert_cmpint (rows[0].service_ns, ==, 230 * MS);
  g_assert_cmpint (rows[1].service_ns, ==, 190 * MS);
  g_assert_cmpint (rows[0].bytes, ==, 19232);
  g_assert_cmpstr (rows[1].id, ==, "y");
  g_assert_true (wp_trace_has_column (trace, "bytes"));
}

static void
test_scale (void)
{
  g_autoptr (WpTrace) trace = NULL;
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  gsize n;
  const WpRow *rows;

  options.scale = 3;
  options.service_scale = 0.5;
  rows = load_text ("arrival,service,accepted\n10,1,10.5\n11,,\n12,0.000000003,12\n", &options, &trace, &n);
  g_assert_cmpint (rows[0].arrival_ns, ==, 0);
  g_assert_cmpint (rows[1].arrival_ns, ==, 333333333);
  g_assert_cmpint (rows[2].arrival_ns, ==, 666666667);
  g_assert_cmpint (rows[0].service_ns, ==, 500 * MS);
  g_assert_cmpint (rows[1].service_ns, ==, WP_TIME_NONE);
  g_assert_cmpint (rows[2].service_ns, ==, 2);
  g_assert_cmpint (rows[0].accepted_ns, ==, 500 * MS);
  g_assert_cmpint (wp_time_scale_arrival (12345, 1.0), ==, 12345);
  g_assert_cmpint (wp_time_scale_arrival (G_MAXINT64, 1e-300), ==, G_MAXINT64);
  g_assert_cmpint (wp_time_scale_service (WP_TIME_NONE, 7), ==, WP_TIME_NONE);
}

static void
test_scaled_too_far (void)
{
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  const char *text = "arrival,service\n0,1\n1,1\n";
  g_autoptr (GError) error = NULL;

  options.scale = 1e-12;
  error = first_error (wp_input_open_data ("t.csv", text, strlen (text)), 4096, &options);
  g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
  g_assert_nonnull (strstr (error->message, "a time of more than 292 years, once it is scaled"));
}

static void
test_limit_counts_all_rows (void)
{
  g_autoptr (WpTrace) trace = NULL;
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  gsize n;
  const WpRow *rows;

  options.limit_rows = 3;
  rows = load_text ("arrival,id\n5,a\n7,b\n6,c\n1,d\nabc,e\n", &options, &trace, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpstr (rows[0].id, ==, "a");
  g_assert_cmpstr (rows[1].id, ==, "c");
  g_assert_cmpint (rows[2].arrival_ns, ==, 2 * S);
  g_assert_cmpuint (wp_trace_out_of_order (trace), ==, 1);
}

static void
test_stable_sort_with_note (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = open_text ("arrival,id\n5,a\n7,b\n6,c\n7,d\n5,e\n8,f\n", NULL, &error);
  static const char *const ids[] = { "a", "e", "c", "b", "d", "f" };
  static const gint64 arrivals[] = { 0, 0, 1, 2, 2, 3 };
  const WpRow *rows;
  gsize n;

  g_assert_cmpint (wp_trace_read (trace, &rows, &n, &error), ==, WP_READ_DISORDER);
  g_assert_true (wp_trace_sort (trace, &error));
  g_assert_cmpint (wp_trace_read (trace, &rows, &n, &error), ==, WP_READ_ROWS);
  g_assert_cmpuint (n, ==, 6);
  for (gsize i = 0; i < n; i++)
    {
      g_assert_cmpstr (rows[i].id, ==, ids[i]);
      g_assert_cmpint (rows[i].arrival_ns, ==, arrivals[i] * S);
    }
  g_assert_cmpint (wp_trace_read (trace, &rows, &n, &error), ==, WP_READ_END);
  g_assert_cmpuint (wp_trace_out_of_order (trace), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trace/all-columns", test_all_columns);
  g_test_add_func ("/trace/times", test_times);
  g_test_add_func ("/trace/dialects", test_dialects);
  g_test_add_func ("/trace/bad-texts", test_bad_texts);
  g_test_add_func ("/trace/nul-bytes", test_nul_bytes);
  g_test_add_func ("/trace/endless-rows", test_endless_rows);
  g_test_add_func ("/trace/long-rows", test_long_rows);
  g_test_add_func ("/trace/many-notes", test_many_notes);
  g_test_add_func ("/trace/rewinds", test_rewinds);
  g_test_add_func ("/trace/many-changes", test_many_changes);
  g_test_add_func ("/trace/error-is-repeated", test_error_is_repeated);
  g_test_add_func ("/trace/columns-option", test_columns_option);
  g_test_add_func ("/trace/scale", test_scale);
  g_test_add_func ("/trace/scaled-too-far", test_scaled_too_far);
  g_test_add_func ("/trace/limit-counts-all-rows", test_limit_counts_all_rows);
  g_test_add_func ("/trace/stable-sort-with-note", test_stable_sort_with_note);

  return g_test_run ();
}
