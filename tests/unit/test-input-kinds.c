/* Access logs and JSON lines: accepted and refused texts; the same table in every format gives the same
 * rows. */
#include <string.h>
#include <unistd.h>

#include "sim/base/wp-error.h"
#include "tests/unit/first-error.h"
#include "tests/unit/gzip.h"
#include "tests/unit/open-data.h"

#define S  WP_NS_PER_S
#define MS WP_NS_PER_MS

static const gsize chunks[] = { 1, 7, 65536 };

static WpTraceOptions
options_of (WpInputFormat input, const char *columns)
{
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;

  options.input = input;
  options.columns = columns;

  return options;
}

static WpTrace *
load_text (const char *text, WpInputFormat input, const char *columns, gsize chunk_bytes, const WpRow **rows,
           gsize *n)
{
  WpTraceOptions options = options_of (input, columns);
  g_autoptr (GError) error = NULL;
  WpTrace *trace
      = wp_trace_open_input (wp_input_open_data ("t", text, strlen (text)), chunk_bytes, &options, &error);

  g_assert_no_error (error);
  *rows = wp_trace_load (trace, n, &error);
  g_assert_no_error (error);

  return trace;
}

#define DATE(second, rest) "h - - [10/Oct/2000:13:55:" second " -0700] \"GET / HTTP/1.0\" 200 5" rest "\n"

static const struct {
  const char *text;
  const char *columns;
  gint64 arrivals_ns[4], responses_ns[4]; /* ended by -1 */
} logs[] = {
  { DATE ("36", ""), NULL, { 0, -1 }, { WP_TIME_NONE } },
  { DATE ("36", "") DATE ("36", "") DATE ("37", ""),
    NULL,
    { 0, 500 * MS, 1250 * MS, -1 },
    { WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE } },
  { DATE ("36", " \"-\" \"a \\\" b\" 0.5") DATE ("37", " \"-\" \"-\" 1.250"),
    NULL,
    { 0, 250 * MS, -1 },
    { 500 * MS, 1250 * MS } },
  { DATE ("36", " 0.000") DATE ("36", " 0.500"), NULL, { 0, 0, -1 }, { 0, 500 * MS } }, /* equal arrivals */
  { DATE ("36", " 0.000") DATE ("36", " 0.750"), NULL, { 0, 250 * MS, -1 }, { 750 * MS, 0 } }, /* sorted */
  { DATE ("36", " 0.000") DATE ("36", " 0.750"), "arrival=time", { 0, 500 * MS, -1 }, { 0, 750 * MS } },
  { DATE ("36", " \"-\" \"-\" rt=0.25 urt=\"0.1, 0.2\"") DATE ("37", " \"-\" \"-\" rt=0.5"),
    NULL,
    { 0, 750 * MS, -1 },
    { 250 * MS, 500 * MS } },
  { DATE ("36", " \"-\" \"-\" up:7 request_time:\"0.25\"") DATE ("37", " \"-\" \"-\" request_time:\"0.5\""),
    NULL,
    { 0, 750 * MS, -1 },
    { 250 * MS, 500 * MS } },
  { DATE ("36", " \"-\" \"-\" 12 \"web\" \"http://10.0.0.2:80\" 3ms")
        DATE ("37", " \"-\" \"-\" 13 \"web\" \"http://10.0.0.2:80\" 40ms"),
    NULL,
    { 0, S, -1 },
    { 3 * MS, 40 * MS } },
  { DATE ("36", " \"-\" \"-\" 817 0.25") DATE ("37", " \"-\" \"-\" 20 0.5"),
    NULL,
    { 0, 750 * MS, -1 },
    { 250 * MS, 500 * MS } },
  /* no bare number */
  { DATE ("36", " \"-\" \"1.5\"") DATE ("37", " \"x\" y"),
    NULL,
    { 0, S, -1 },
    { WP_TIME_NONE, WP_TIME_NONE } },
  { DATE ("37", "") DATE ("36", "") DATE ("37", ""),
    NULL,
    { 0, 750 * MS, 1250 * MS, -1 },
    { WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE } },
  { DATE ("36.25", "") DATE ("36.5", "") DATE ("36.123456789", ""),
    NULL,
    { 0, 126543211, 376543211, -1 },
    { WP_TIME_NONE, WP_TIME_NONE, WP_TIME_NONE } },
  { "::1 x a b [29/feb/2024:23:59:59 +0000]  \"\\x22\" -  -\n\r\n2001:db8::1 - - [01/Mar/2024:01:00:00 +0100] \"\" 404 - - \"0.5\" \"end\"",
    NULL,
    { 0, S, -1 },
    { WP_TIME_NONE, WP_TIME_NONE } },
  { "\xef\xbb\xbf"
    "h - - [10/Oct/1900:00:00:00 +0000] \"GET /\" 200 5\r\n",
    NULL,
    { 0, -1 },
    { WP_TIME_NONE } },
};

static void
test_logs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        const WpRow *rows;
        gsize n, k;
        g_autoptr (WpTrace) trace
            = load_text (logs[i].text, WP_INPUT_CLF, logs[i].columns, chunks[j], &rows, &n);

        g_assert_nonnull (trace);
        for (k = 0; logs[i].arrivals_ns[k] >= 0; k++)
          {
            g_assert_cmpuint (k, <, n);
            g_test_message ("log %" G_GSIZE_FORMAT ", row %" G_GSIZE_FORMAT, i, k);
            g_assert_cmpint (rows[k].arrival_ns, ==, logs[i].arrivals_ns[k]);
            g_assert_cmpint (rows[k].response_ns, ==, logs[i].responses_ns[k]);
            g_assert_cmpint (rows[k].service_ns, ==, WP_TIME_NONE);
            g_assert_cmpint (rows[k].bytes, ==, -1);
          }
        g_assert_cmpuint (k, ==, n);
      }
}

static void
test_log_columns (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const WpRow *rows;
  g_autoptr (WpTrace) trace = NULL;
  gsize n;

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (text, "h%d - - [10/Oct/2000:13:%02d:%02d +0000] \"GET /\" 200 %d 0.5\n", i,
                            i / 60, i % 60, i);
  trace = load_text (text->str, WP_INPUT_CLF, "id=time,bytes=sent*2", 65536, &rows, &n);
  g_assert_cmpuint (n, ==, 1000);
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("10/Oct/2000:13:%02d:%02d +0000", (int) i / 60, (int) i % 60);

      g_assert_cmpstr (rows[i].id, ==, id);
      g_assert_cmpint (rows[i].bytes, ==, 2 * (gint64) i);
    }
}

static void
test_log_notes (void)
{
  static const struct {
    const char *text, *columns, *notes;
  } cases[] = {
    { DATE ("36", "") DATE ("36", ""), NULL,
      "stamps are whole seconds: their requests are spread evenly over them (--stamps=as-is leaves them);"
      "the log has no request times: its stamps are taken for the arrivals" },
    { DATE ("36", ""), NULL, "the log has no request times: its stamps are taken for the arrivals" },
    { DATE ("36.5", " 0.5"), NULL,
      "the log's request times are taken off its stamps, which nginx sets at the end of a request" },
    { DATE ("36.5", " 5ms"), "service=sent",
      "the log's stamps are taken for the arrivals: Traefik sets them at the start of a request" },
    { DATE ("36.5", " 0.5"), "arrival=time,service=sent", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
      g_autofree char *notes = NULL;
      const WpRow *rows;
      gsize n;
      g_autoptr (WpTrace) trace = load_text (cases[i].text, WP_INPUT_CLF, cases[i].columns, 65536, &rows, &n);

      wp_trace_append_notes (trace, lines);
      g_ptr_array_add (lines, NULL);
      notes = g_strjoinv (";", (GStrv) lines->pdata);
      g_assert_cmpstr (notes, ==, cases[i].notes);
    }
}

static void
test_json_lines (void)
{
  static const char text[]
      = "\xef\xbb\xbf{ \"t\" : 1700000000.123456789, \"n\": {\"o\": -2, \"p\": {\"q\": \"w\\u00e9\\ud83d\\ude00\\\"\\n\"}}, \"list\": [1, {\"t\": [\"]\"]}] }\r\n"
        "\r\n \t\n"
        "{\"t\":\"2023-11-14T22:13:21Z\",\"service\":5e-1,\"blocked\":true,\"new\":1,\"n\":null,\"bytes\":7}\n"
        "{\"n\":{\"p\":{},\"o\":0},\"outcome\":\"stored\",\"t\":1.7000000021234567891e9,\"blocked\":false,\"service\":\"\"}";

  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++)
    {
      const WpRow *rows;
      gsize n;
      g_autoptr (WpTrace) trace
          = load_text (text, WP_INPUT_JSONL, "arrival=t,id=n.p.q", chunks[i], &rows, &n);

      g_assert_nonnull (trace);
      g_assert_cmpuint (n, ==, 3);
      g_assert_cmpstr (rows[0].id, ==, "wé😀\"\n");
      g_assert_cmpint (rows[0].service_ns, ==, WP_TIME_NONE);
      g_assert_cmpint (rows[1].arrival_ns, ==, 876543211);
      g_assert_cmpint (rows[1].service_ns, ==, 500 * MS);
      g_assert_cmpint (rows[1].blocked, ==, 1);
      g_assert_cmpint (rows[1].bytes, ==, 7);
      g_assert_null (rows[1].id);
      g_assert_cmpint (rows[2].arrival_ns, ==, 2 * S);
      g_assert_cmpint (rows[2].outcome, ==, WP_OUTCOME_STORED);
      g_assert_cmpint (rows[2].blocked, ==, 0);
      g_assert_cmpint (rows[2].bytes, ==, -1);
    }
}

static void
test_json_arithmetic (void)
{
  const WpRow *rows;
  gsize n;
  g_autoptr (WpTrace) trace = load_text (
      "{\"ms\":1700000000000,\"n\":{\"out\":3},\"a key\":\"4\"}\n{\"a key\":5,\"ms\":1700000000001.5,\"n\":{\"out\":0}}\n"
      "{\"ms\":1700000000002,\"n\":{\"out\":NaN}}\n",
      WP_INPUT_JSONL, "arrival=ms/1000,service=0.5+n.out*0.25,bytes=[a key]*2", 65536, &rows, &n);

  g_assert_nonnull (trace);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (rows[0].service_ns, ==, 1250 * MS);
  g_assert_cmpint (rows[0].bytes, ==, 8);
  g_assert_cmpint (rows[1].arrival_ns, ==, 1500000);
  g_assert_cmpint (rows[1].service_ns, ==, 500 * MS);
  g_assert_cmpint (rows[2].service_ns, ==, WP_TIME_NONE);
}

#define UNCLEAR " may be a request time, a size or an id: say which with --log-format, e.g. --log-format="

#define FIVE(rest) DATE ("36", rest) DATE ("36", rest) DATE ("36", rest) DATE ("36", rest) DATE ("36", rest)
#define MANY(rest) FIVE (rest) FIVE (rest) FIVE (rest) FIVE (rest)

#define EXPECTED " is no line of an access log: expected "

static const struct {
  WpInputFormat input;
  const char *columns, *text, *message;
} bad_texts[] = {
  { WP_INPUT_CLF, NULL, "", "t:1: an empty trace: it has no row" },
  { WP_INPUT_CLF, NULL, "\n \r\n", "t:3: an empty trace: it has no row" },
  { WP_INPUT_CLF, NULL, DATE ("36", "") "x\n",
    "t:2: \"x\"" EXPECTED "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]" },
  { WP_INPUT_CLF, NULL, "h - - [10/Okt/2000:13:55:36 -0700] \"\" 200 1",
    "t:1: \"h - - [10/Okt/2000:13:55:36 -0700] \\\"\\\" 20...\"" EXPECTED
    "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]" },
  { WP_INPUT_CLF, NULL, "h - - [31/Feb/2000:13:55:36 -0700] \"\" 200 1",
    "t:1: \"h - - [31/Feb/2000:13:55:36 -0700] \\\"\\\" 20...\"" EXPECTED
    "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]" },
  { WP_INPUT_CLF, NULL, "h - - [10/Oct/2000:13:55:36] \"\" 200 1",
    "t:1: \"h - - [10/Oct/2000:13:55:36] \\\"\\\" 200 1\"" EXPECTED
    "HOST IDENT USER and a stamp, such as [10/Oct/2000:13:55:36 -0700]" },
  { WP_INPUT_CLF, NULL, "- - - [10/Oct/2000:13:55:36 -0700] GET\n",
    "t:1: \"- - - [10/Oct/2000:13:55:36 -0700] GET\"" EXPECTED "the request in quotes, after the stamp" },
  { WP_INPUT_CLF, NULL, "- - - [10/Oct/2000:13:55:36 -0700] \"\\\"\n",
    "t:1: \"- - - [10/Oct/2000:13:55:36 -0700] \\\"\\\\\\\"\"" EXPECTED
    "the request in quotes, after the stamp" },
  { WP_INPUT_CLF, NULL, "- - - [10/Oct/2000:13:55:36 -0700] \"\" 20",
    "t:1: \"- - - [10/Oct/2000:13:55:36 -0700] \\\"\\\" 20\"" EXPECTED
    "a status of three digits, or -, after the request" },
  { WP_INPUT_CLF, NULL, "- - - [10/Oct/2000:13:55:36 -0700] \"\" 200",
    "t:1: \"- - - [10/Oct/2000:13:55:36 -0700] \\\"\\\" 20...\"" EXPECTED
    "the bytes sent, after the status" },
  { WP_INPUT_CLF, NULL, "- - - [10/Oct/2000:13:55:36 -0700] \"\" 200 x",
    "t:1: \"- - - [10/Oct/2000:13:55:36 -0700] \\\"\\\" 20...\"" EXPECTED
    "the bytes sent, or -, after the status" },
  { WP_INPUT_CLF, NULL, DATE ("36", " \"-\" \"x"),
    "t:1: \"h - - [10/Oct/2000:13:55:36 -0700] \\\"GET ...\"" EXPECTED "a closing quote" },
  { WP_INPUT_CLF, NULL, MANY (" 0.5") DATE ("36", " 5") DATE ("36", " 0.5"),
    "t:21: \"h - - [10/Oct/2000:13:55:36 -0700] \\\"GET ...\"" EXPECTED
    "a request time with a point, as in the first lines" },
  { WP_INPUT_CLF, NULL, MANY ("") DATE ("36", " 0.5") DATE ("36", ""),
    "t:21: \"h - - [10/Oct/2000:13:55:36 -0700] \\\"GET ...\"" EXPECTED
    "no request time after the size, as in the first lines" },
  { WP_INPUT_CLF, NULL, MANY (" 0.5") DATE ("36", " 0.5 0.5") DATE ("36", " 0.5"),
    "t:21: \"h - - [10/Oct/2000:13:55:36 -0700] \\\"GET ...\"" EXPECTED
    "one number with a point after the size, as in the first lines" },
  { WP_INPUT_CLF, NULL, DATE ("36", " 0.5") DATE ("36", " 5"),
    "t:2: \"5\"" UNCLEAR
    "common for none, or the server's own format, such as '%h %l %u %t \"%r\" %>s %b %{ms}T'" },
  { WP_INPUT_CLF, NULL, DATE ("36", " \"-\" \"-\" 250000"),
    "t:1: \"250000\"" UNCLEAR
    "combined+D for Apache's %D, combined+rt for a request time in seconds, combined for none, or the server's "
    "own format, such as '%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" %{ms}T'" },
  { WP_INPUT_CLF, NULL, DATE ("36", " \"-\" \"-\" rt=5"),
    "t:1: \"rt=5\"" UNCLEAR "combined for none, or the server's own format" },
  { WP_INPUT_CLF, NULL, DATE ("36", " 0.5 0.25"),
    "t:1: \"0.5 0.25\"" UNCLEAR "common for none, or the server's own format" },
  { WP_INPUT_CLF, NULL, DATE ("36", " 9999999999.5"),
    "t:1: column \"arrival\": time-request_time comes to -9.02879e+09, which is not a time" },
  { WP_INPUT_CLF, NULL, DATE ("36", " 0.5") DATE ("36", ""),
    "t:2: column \"arrival\": time-request_time has no value in this row" },
  { WP_INPUT_CLF, NULL, "h - - [10/Oct/1700:13:55:36 -0700] \"\" 200 1 5000000000.0",
    "t:1: column \"arrival\": time-request_time comes to -1.34959e+10, which is not a time" },
  { WP_INPUT_CLF, NULL,
    "h - - [10/Oct/1678:13:55:36 -0700] \"\" 200 1\nh - - [10/Oct/2261:13:55:36 -0700] \"\" 200 1",
    "t:2: a time of more than 292 years from the first arrival" },
  { WP_INPUT_CLF, "arrival=tme", DATE ("36", ""),
    "--columns: arrival: no column \"tme\"; did you mean \"time\"?" },
  { WP_INPUT_CLF, "response=urt", DATE ("36", " rt=0.5 urt=0.4"),
    "--columns: response: no column \"urt\"; the columns are \"time\", \"host\", \"user\", \"request\", "
    "\"status\", \"sent\", \"request_time\"; others have names by --log-format" },
  { WP_INPUT_CLF, "service=host+1", DATE ("36", ""), "t:1: column \"host\": \"h\" is not a number" },
  { WP_INPUT_CLF, NULL, "\xff\xfeh", "t:1: this is UTF-16: convert it, iconv -f UTF-16 -t UTF-8 't'" },

  { WP_INPUT_JSONL, NULL, "", "t:1: an empty trace: it has no row" },
  { WP_INPUT_JSONL, NULL, "arrival\n1\n", "t:1: at byte 1: expected an object: {, found \"arrival\"" },
  { WP_INPUT_JSONL, NULL, "[]", "t:1: at byte 1: expected an object: {, found \"[]\"" },
  { WP_INPUT_JSONL, NULL, "{}",
    "t:1: no column \"arrival\"; the columns are none; say which has the time, as in --columns 'arrival=[NAME]'" },
  { WP_INPUT_JSONL, NULL, "\n{\"a\":1}",
    "t:2: no column \"arrival\"; the columns are \"a\"; say which has the time, as in --columns 'arrival=[NAME]'" },
  { WP_INPUT_JSONL, "arrival=a", "{\"a\":null}\n{}\n", "t:3: an empty trace: no row has an arrival" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1}\n{\"arrival\":[1]}\n",
    "t:2: column \"arrival\": \"[...]\" is not a time" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":\"soon\"}", "t:1: column \"arrival\": \"soon\" is not a time" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1e400}",
    "t:1: column \"arrival\": \"1e400\" is more than 292 years" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":9223372037}",
    "t:1: column \"arrival\": \"9223372037\" is more than 292 years" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"service\":-1}", "t:1: column \"service\": \"-1\" is negative" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":nan}", "t:1: at byte 12: expected a value, found \"nan}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":-Infinity}",
    "t:1: at byte 13: expected a value, found \"Infinity}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":01}", "t:1: at byte 13: expected a comma or }, found \"1}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1.}", "t:1: at byte 14: expected a digit, found \"}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":.5}", "t:1: at byte 12: expected a value, found \".5}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1e}", "t:1: at byte 14: expected a digit, found \"}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":+1}", "t:1: at byte 12: expected a value, found \"+1}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1",
    "t:1: at byte 13: expected a comma or }, found the end of the line" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,}", "t:1: at byte 14: expected a key in quotes, found \"}\"" },
  { WP_INPUT_JSONL, NULL, "{arrival:1}", "t:1: at byte 2: expected a key in quotes, found \"arrival:1}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\" 1}", "t:1: at byte 12: expected a colon, found \"1}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1} {",
    "t:1: at byte 15: expected nothing more in this line, found \"{\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":\"1}",
    "t:1: at byte 15: expected a closing quote, found the end of the line" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"id\":\"a\tb\"}",
    "t:1: at byte 21: a control character in a string, which must be escaped" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"id\":\"\\x\"}",
    "t:1: at byte 21: expected an escape such as \\n or \\u00e9, found \"x\\\"}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"id\":\"\\u12g\"}",
    "t:1: at byte 24: expected four hexadecimal digits, found \"g\\\"}\"" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"id\":\"\\ud800x\"}",
    "t:1: at byte 26: the first half of a surrogate pair stands alone" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"id\":\"\\udc00\"}",
    "t:1: at byte 26: the second half of a surrogate pair stands alone" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"id\":\"\\u0000\"}",
    "t:1: column \"id\": \"\\x00\" has a NUL byte" },
  { WP_INPUT_JSONL, NULL, "{\"\\u0000\":1}", "t:1: at byte 11: a key with a NUL character" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1,\"arrival\":2}", "t:1: at byte 25: a key that is there twice" },
  { WP_INPUT_JSONL, NULL, "{\"arrival\":1}\n{\"arrival\":1,\"id\":1,\"id\":2}\n",
    "t:2: at byte 27: a key that is there twice" },
  { WP_INPUT_JSONL, "service=Tokns*2", "{\"arrival\":1,\"Tokens\":2}",
    "t: no line has the key \"Tokns\"; did you mean \"Tokens\"?" },
  { WP_INPUT_JSONL, "service=a*2", "{\"arrival\":1,\"a\":2}\n{\"arrival\":1,\"a\":[]}\n",
    "t:2: column \"a\": \"[...]\" is not a number" },
};

static void
test_bad_texts (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_texts); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        WpTraceOptions options = options_of (bad_texts[i].input, bad_texts[i].columns);
        g_test_message ("%s", bad_texts[i].message);
        g_autoptr (GError) error
            = first_error (wp_input_open_data ("t", bad_texts[i].text, strlen (bad_texts[i].text)), chunks[j],
                           &options);

        g_assert_nonnull (error);
        g_assert_cmpstr (error->message, ==, bad_texts[i].message);
      }
}

static void
test_deep_nesting (void)
{
  static const char *const opens[] = { "[", "{\"a\":" };

  for (gsize i = 0; i < G_N_ELEMENTS (opens); i++)
    {
      WpTraceOptions options = options_of (WP_INPUT_JSONL, NULL);
      g_autoptr (GString) text = g_string_new ("{\"arrival\":1,\"x\":");
      g_autoptr (GError) error = NULL;

      for (int depth = 0; depth < 100000; depth++)
        g_string_append (text, opens[i]);
      error = first_error (wp_input_open_data ("t", text->str, text->len), 65536, &options);
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, ": more than 64 objects and arrays inside one another"));
    }
}

/* The line's own object is not inside of anything: 64 arrays in it are taken, and 65 are not. */
static void
test_just_deep_enough (void)
{
  for (guint depth = 64; depth <= 65; depth++)
    {
      WpTraceOptions options = options_of (WP_INPUT_JSONL, NULL);
      g_autofree char *opens = g_strnfill (depth, '['), *closes = g_strnfill (depth, ']');
      g_autofree char *text = g_strdup_printf ("{\"arrival\":1,\"x\":%s%s}\n", opens, closes);
      g_autoptr (GError) error = NULL;
      g_autoptr (WpTrace) trace = open_data ("t", text, strlen (text), &options, &error);
      gsize n;

      if (depth == 64)
        {
          g_assert_no_error (error);
          g_assert_nonnull (wp_trace_load (trace, &n, &error));
          g_assert_cmpuint (n, ==, 1);
        }
      else
        {
          g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
          g_assert_nonnull (strstr (error->message, ": more than 64 objects and arrays inside one another"));
        }
    }
}

static void
test_nul_bytes_and_endless_lines (void)
{
  static const struct {
    WpInputFormat input;
    const char *head;
    gsize len;
    const char *message;
  } cases[] = {
    { WP_INPUT_CLF, "\0\0\0\0", 4, "t:1: \"\\x00\\x00\\x00\\x00\" is no line" },
    { WP_INPUT_CLF, "- - - [10/Oct/2000:13:55:36\0-0700] \"\" 200 1", 44,
      "t:1: \"- - - [10/Oct/2000:13:55:36\\x00-0700] \\\"\\\" 20...\" is no line" },
    { WP_INPUT_JSONL, "\0", 1, "t:1: at byte 1: expected an object: {, found \"\\x00\"" },
    { WP_INPUT_JSONL, "{\"arrival\":1}\n{\"arrival\":\"\0\"}\n", 30,
      "t:2: at byte 13: a control character in a string" },
  };
  static const char *const heads[] = { "", "h - - [", "{\"arrival\":1}\n{\"" };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      WpTraceOptions options = options_of (cases[i].input, NULL);
      g_autoptr (GError) error
          = first_error (wp_input_open_data ("t", cases[i].head, cases[i].len), 4096, &options);

      g_assert_nonnull (error);
      g_assert_true (g_str_has_prefix (error->message, cases[i].message));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (heads); i++)
    {
      WpTraceOptions options = options_of (*heads[i] == '{' ? WP_INPUT_JSONL : WP_INPUT_CLF, NULL);
      g_autofree char *filler = g_strnfill (3 * 1024 * 1024, '7');
      g_autofree char *text = g_strconcat (heads[i], filler, NULL);
      g_autoptr (GError) error = first_error (wp_input_open_data ("t", text, strlen (text)), 65536, &options);

      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, ==,
                       *heads[i] == '{' ? "t:2: a row of more than 1 MiB" : "t:1: a row of more than 1 MiB");
    }
}

static void
test_gzip (void)
{
  const char text[] = DATE ("36", " 0.000") DATE ("36", " 0.750") DATE ("39", " 0.001");
  g_autoptr (GBytes) packed = gzip (text, strlen (text));
  WpTraceOptions options = options_of (WP_INPUT_CLF, NULL);
  gsize len, n;
  const char *data = g_bytes_get_data (packed, &len);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) cut = NULL;
  g_autoptr (WpTrace) trace = open_data ("t.gz", data, len, &options, &error);
  const WpRow *rows = wp_trace_load (trace, &n, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (rows[2].arrival_ns, ==, 3499 * MS);
  g_assert_cmpuint (wp_trace_out_of_order (trace), ==, 1);
  cut = first_error (wp_input_open_data ("t.gz", data, len - 9), 65536, &options);
  g_assert_nonnull (cut);
  g_assert_true (g_regex_match_simple (
      "^t\\.gz:[0-9]+: at byte [0-9]+: the gzip data end early: a truncated file\\?$", cut->message, 0, 0));
}

/* The same random rows as CSV and as JSON lines, keys in a new order in each line. */
static void
append_json (GString *text, const char *const *names, char **cells, gsize n)
{
  gsize order[8];

  for (gsize i = 0; i < n; i++)
    order[i] = i;
  for (gsize i = n - 1; i > 0; i--)
    {
      gsize j = (gsize) g_test_rand_int_range (0, (gint32) i + 1), swapped = order[i];

      order[i] = order[j];
      order[j] = swapped;
    }
  g_string_append_c (text, '{');
  for (gsize i = 0; i < n; i++)
    {
      const char *cell = cells[order[i]];
      gboolean is_text = strcmp (names[order[i]], "id") == 0 || strcmp (names[order[i]], "outcome") == 0;

      g_string_append_printf (text, "%s\"%s\":%s", i > 0 ? "," : "", names[order[i]],
                              g_test_rand_bit () ? " " : "");
      if (*cell == '\0')
        g_string_append (text, g_test_rand_bit () ? "null" : "\"\"");
      else if (is_text || g_test_rand_int_range (0, 5) == 0)
        g_string_append_printf (text, "\"%s\"", cell);
      else
        g_string_append (text, cell);
    }
  g_string_append (text, g_test_rand_bit () ? "}\n" : " }\r\n");
}

static char **
random_cells (gint64 *arrival_ns)
{
  char buffer[WP_TIME_BUFFER];
  char **cells = g_new0 (char *, 6);
  static const char *const outcomes[] = { "", "stored", "rejected" };

  *arrival_ns += g_test_rand_int_range (-1, 4) * (g_test_rand_bit () ? S : 7);
  cells[0] = g_strdup (wp_time_format_seconds (buffer, *arrival_ns));
  cells[1] = g_strdup (
      g_test_rand_bit () ? "" : wp_time_format_seconds (buffer, g_test_rand_int_range (0, G_MAXINT32)));
  cells[2] = g_test_rand_bit () ? g_strdup ("") : g_strdup_printf ("id %d", g_test_rand_int_range (0, 50));
  cells[3]
      = g_test_rand_bit () ? g_strdup ("") : g_strdup_printf ("%d", g_test_rand_int_range (0, G_MAXINT32));
  cells[4] = g_strdup (outcomes[g_test_rand_int_range (0, G_N_ELEMENTS (outcomes))]);

  return cells;
}

static void
assert_equal_rows (const WpRow *one, const WpRow *other)
{
  g_assert_cmpint (one->arrival_ns, ==, other->arrival_ns);
  g_assert_cmpint (one->service_ns, ==, other->service_ns);
  g_assert_cmpint (one->bytes, ==, other->bytes);
  g_assert_cmpint (one->outcome, ==, other->outcome);
  g_assert_cmpstr (one->id, ==, other->id);
}

static void
test_random_tables_are_equal (void)
{
  static const char *const names[] = { "arrival", "service", "id", "bytes", "outcome" };

  for (int round = 0; round < 300; round++)
    {
      g_autoptr (GString) csv = g_string_new ("arrival,service,id,bytes,outcome\n");
      g_autoptr (GString) json = g_string_new (NULL);
      gint64 arrival_ns = g_test_rand_bit () ? 0 : G_GINT64_CONSTANT (1700000000123456789);
      int n_rows = g_test_rand_int_range (1, 600);
      g_autoptr (WpTrace) one = NULL;
      g_autoptr (WpTrace) other = NULL;
      const WpRow *rows, *others;
      gsize n, n_others;

      for (int i = 0; i < n_rows; i++)
        {
          g_auto (GStrv) cells = random_cells (&arrival_ns);
          g_autofree char *line = g_strjoinv (",", cells);

          g_string_append_printf (csv, "%s\n", line);
          append_json (json, names, cells, G_N_ELEMENTS (names));
        }
      one = load_text (csv->str, WP_INPUT_CSV, NULL, 65536, &rows, &n);
      other = load_text (json->str, WP_INPUT_JSONL, NULL, (gsize) g_test_rand_int_range (1, 5000), &others,
                         &n_others);
      g_assert_cmpuint (n, ==, n_others);
      g_assert_cmpuint (wp_trace_out_of_order (one), ==, wp_trace_out_of_order (other));
      for (gsize i = 0; i < n; i++)
        assert_equal_rows (&rows[i], &others[i]);
    }
}

/* "METHOD TARGET" of each row, and its status, joined by |. */
static char *
requests_of (const char *text, const char *columns, gboolean reads_requests)
{
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  const WpRow *rows;
  gsize n_rows;

  options.columns = columns;
  options.reads_requests = reads_requests;
  trace = open_data ("t", text, strlen (text), &options, &error);
  rows = trace ? wp_trace_load (trace, &n_rows, &error) : NULL;
  if (!rows)
    return g_strdup (error->message);
  for (gsize i = 0; i < n_rows; i++)
    {
      g_string_append_printf (all, "%s%s", i > 0 ? "|" : "", rows[i].request ? rows[i].request : "none");
      if (rows[i].status > 0)
        g_string_append_printf (all, " %d", rows[i].status);
    }
  return g_strdup (all->str);
}

/* For wp-replay: by the usual names, out of request lines, and as --columns says; relative to the origin. */
static void
test_requests (void)
{
  static const struct {
    const char *text, *columns, *expected;
  } cases[] = {
    { "arrival,method,path,status\n0,GET,/a,200\n1,,/b,-\n2,POST,,503\n3,,,\n", NULL,
      "GET /a 200| /b|POST  503|none" },
    { "arrival,path\n2,/late\n1,/early\n", NULL, " /early| /late" }, /* sorted */
    { "t,verb,url\n0,PUT,https://h.example:8443?q=1\n", "arrival=t,method=verb,path=url", "PUT /?q=1" },
    { "{\"ts\":1.5,\"request\":{\"method\":\"GET\",\"uri\":\"/x?y\"},\"status\":404}\n", NULL,
      "GET /x?y 404" },
    { "#Software: Microsoft Internet Information Services 10.0\n"
      "#Fields: date time cs-method cs-uri-stem cs-uri-query time-taken\n"
      "2026-11-29 10:00:00 GET /a b=c 5\n2026-11-29 10:00:01 POST /d - 5\n",
      NULL, "GET /a?b=c|POST /d" },
    { "h - - [29/Nov/2026:10:00:00 +0000] \"GET http://h:80/p?q HTTP/1.1\" 200 5\n"
      "h - - [29/Nov/2026:10:00:01 +0000] \"OPTIONS * HTTP/1.1\" 204 0\n"
      "h - - [29/Nov/2026:10:00:02 +0000] \"-\" 408 0\n"
      "h - - [29/Nov/2026:10:00:03 +0000] \"GET http://h HTTP/1.1\" 301 0\n",
      NULL, "GET /p?q 200|OPTIONS * 204|none 408|GET / 301" },
    { "arrival,path\n0,a/b\n", NULL,
      "t:2: column \"path\": \"a/b\" is not a request target such as /in/put?a=1" },
    { "arrival,path\n0,/caf\xc3\xa9\n", NULL,
      "t:2: column \"path\": \"/caf\xc3\xa9\" is not a request target such as /in/put?a=1" },
    { "arrival,path,path\n0,/,/\n", NULL, "t:1: column \"path\" is there twice" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *found = requests_of (cases[i].text, cases[i].columns, TRUE);

      g_assert_cmpstr (found, ==, cases[i].expected);
    }
}

/* wp-sim reads neither, whatever they hold. */
static void
test_requests_unread (void)
{
  static const char *const texts[]
      = { "arrival,path,path,status,method\n0,a b,c,999999,G T\n", "arrival,path\n0,a/b\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *found = requests_of (texts[i], NULL, FALSE);
      g_autofree char *named = requests_of (texts[i], "method=arrival,status=arrival", FALSE);

      g_assert_cmpstr (found, ==, "none");
      g_assert_cmpstr (named, ==, "none");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/input-kinds/requests", test_requests);
  g_test_add_func ("/input-kinds/requests-unread", test_requests_unread);
  g_test_add_func ("/input-kinds/logs", test_logs);
  g_test_add_func ("/input-kinds/log-columns", test_log_columns);
  g_test_add_func ("/input-kinds/log-notes", test_log_notes);
  g_test_add_func ("/input-kinds/json-lines", test_json_lines);
  g_test_add_func ("/input-kinds/json-arithmetic", test_json_arithmetic);
  g_test_add_func ("/input-kinds/bad-texts", test_bad_texts);
  g_test_add_func ("/input-kinds/deep-nesting", test_deep_nesting);
  g_test_add_func ("/input-kinds/just-deep-enough", test_just_deep_enough);
  g_test_add_func ("/input-kinds/nul-bytes-and-endless-lines", test_nul_bytes_and_endless_lines);
  g_test_add_func ("/input-kinds/gzip", test_gzip);
  g_test_add_func ("/input-kinds/random-tables-are-equal", test_random_tables_are_equal);

  return g_test_run ();
}
