/* The source of an arrival: which clock it is of, in which unit, and what is reported of it. */
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-trace-private.h"

#define S    WP_NS_PER_S
#define MS   WP_NS_PER_MS
#define NONE WP_TIME_NONE

static const gsize chunks[] = { 1, 65536 };

#define SPREAD                                                                                               \
  "stamps are whole seconds: their requests are spread evenly over them (--stamps=as-is leaves them)"
#define AS_IS                                                                                                \
  "arrivals are whole seconds, several at once, and are taken as they are (--stamps=spread spreads them)"
#define TURNED                                                                                               \
  "stamps without a zone go back by an hour: where summer time ended, two hours are read as one (log UTC, "  \
  "or the offset from it)"

typedef struct {
  const char *columns, *text;
  WpStampMode stamps;
  gint64 arrivals_ns[3], first_service_ns;
  const char *note; /* the only one, or NULL */
} Case;

static WpTrace *
open_case (const Case *item, gsize chunk_bytes)
{
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  g_autoptr (GError) error = NULL;
  WpTrace *trace;

  options.columns = item->columns;
  options.stamps = item->stamps;
  trace = wp_trace_open_input (wp_input_open_data ("t", item->text, strlen (item->text)), chunk_bytes,
                               &options, &error);
  g_assert_no_error (error);

  return trace;
}

static void
check (const Case *cases, gsize n_cases)
{
  for (gsize i = 0; i < n_cases; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
        g_autoptr (WpTrace) trace = open_case (&cases[i], chunks[j]);
        g_autoptr (GError) error = NULL;
        gsize n;
        const WpRow *rows = wp_trace_load (trace, &n, &error);

        g_test_message ("%s", cases[i].text);
        g_assert_no_error (error);
        g_assert_cmpuint (n, ==, 3);
        for (gsize k = 0; k < n; k++)
          g_assert_cmpint (rows[k].arrival_ns, ==, cases[i].arrivals_ns[k]);
        g_assert_cmpint (rows[0].service_ns, ==, cases[i].first_service_ns);
        wp_trace_append_notes (trace, notes);
        g_assert_cmpstr (notes->len > 0 ? notes->pdata[0] : NULL, ==, cases[i].note);
        g_assert_cmpuint (notes->len, ==, cases[i].note != NULL);
      }
}

/* Summands since 1970 are seconds in any unit; in a product they are the numbers that they are. */
static void
test_units (void)
{
  static const Case cases[] = {
    { "arrival=b,service=e-b",
      "b,e\n1767319445123,1767319445125\n1767319445124,1767319445130\n1767319445223,1767319445230\n",
      WP_STAMPS_AUTO,
      { 0, MS, 100 * MS },
      2 * MS,
      "arrivals are milliseconds since 1970, by their size" },
    { "arrival=b,service=(e-b)/1000",
      "b,e\n1767319445123,1767319445125\n1767319445124,1767319445130\n1767319445223,1767319445230\n",
      WP_STAMPS_AUTO,
      { 0, MS, 100 * MS },
      2 * MS,
      "arrivals are milliseconds since 1970, by their size" },
    { "arrival=b,service=e-b",
      "b,e\n1767319445123456789,1767319445123456791\n1767319445123456790,2026-01-02T02:04:06Z\n"
      "1767319445123456989,1767319446\n",
      WP_STAMPS_AUTO,
      { 0, 1, 200 },
      2,
      "arrivals are nanoseconds since 1970, by their size" },
    { "arrival=b/1000-d,service=d",
      "b,d\n1767319445250,0.25\n1767319446250,0.25\n1767319447250,0.25\n",
      WP_STAMPS_AUTO,
      { 0, S, 2 * S },
      250 * MS,
      NULL },
    { NULL,
      "arrival\n1767319445.5\n1767319445501\n1767319445502000\n",
      WP_STAMPS_AUTO,
      { 0, MS, 2 * MS },
      NONE,
      "arrivals are milliseconds and microseconds since 1970, by their size" },
  };

  check (cases, G_N_ELEMENTS (cases));
}

/* A stamp that is computed lies on whole seconds as any other does. */
static void
test_computed_seconds (void)
{
  static const Case cases[] = {
    { "arrival=b/1000",
      "b\n1767319445000\n1767319445000\n1767319446000\n",
      WP_STAMPS_AUTO,
      { 0, 500 * MS, 1250 * MS },
      NONE,
      SPREAD },
    { "arrival=b/1000",
      "b\n1767319445000\n1767319445000\n1767319446000\n",
      WP_STAMPS_AS_IS,
      { 0, 0, S },
      NONE,
      AS_IS },
    { "arrival=b/1000-d,service=d",
      "b,d\n1767319445000,0.1\n1767319445000,0.1\n1767319446000,0.1\n",
      WP_STAMPS_AUTO,
      { 0, 500 * MS, 1250 * MS },
      100 * MS,
      SPREAD },
    { "arrival=(b-116444736000000000)/1e7",
      "b\n134117930450000000\n134117930450000000\n134117930460000000\n",
      WP_STAMPS_AUTO,
      { 0, 500 * MS, 1250 * MS },
      NONE,
      SPREAD },
    { "arrival=b*60", "b\n1\n1\n2\n", WP_STAMPS_AUTO, { 0, 0, 60 * S }, NONE, AS_IS },
    { "arrival=b*60", "b\n1\n1\n2\n", WP_STAMPS_SPREAD, { 0, 500 * MS, 60250 * MS }, NONE, SPREAD },
    { "arrival=(b-25569)*86400",
      "b\n46024.5\n46024.5000000001\n46025\n",
      WP_STAMPS_AUTO,
      { 0, 8640, 43200 * S },
      NONE,
      NULL },
  };

  check (cases, G_N_ELEMENTS (cases));
}

/* Local time says one hour twice where summer time ends. */
static void
test_turned_back (void)
{
  static const Case cases[] = {
    { NULL,
      "arrival\n2025-10-26 02:30:00.5\n2025-10-26 02:59:59.5\n2025-10-26 02:00:00.5\n",
      WP_STAMPS_AUTO,
      { 0, 1800 * S, 3599 * S },
      NONE,
      TURNED },
    { NULL,
      "arrival\n2025-10-26 02:30:00.5 +0200\n2025-10-26 02:59:59.5 +0200\n2025-10-26 02:00:00.5 +0100\n",
      WP_STAMPS_AUTO,
      { 0, 1799 * S, 1800 * S },
      NONE,
      NULL },
    { NULL,
      "arrival\n2025-10-26T02:30:00.5Z\n2025-10-26T02:59:59.5Z\n2025-10-26T02:00:00.5Z\n",
      WP_STAMPS_AUTO,
      { 0, 1800 * S, 3599 * S },
      NONE,
      NULL },
    /* rows without any order */
    { NULL,
      "arrival\n2025-10-26 02:59:59.5\n2025-10-26 02:00:00.5\n2025-10-26 01:00:00.5\n",
      WP_STAMPS_AUTO,
      { 0, 3600 * S, 7199 * S },
      NONE,
      NULL },
    /* a year's end, 29 February and a leap second are moments like others */
    { NULL,
      "arrival\n2024-02-28T23:59:59.5Z\n2024-02-29T00:00:00.5Z\n2024-03-01T00:00:00Z\n",
      WP_STAMPS_AUTO,
      { 0, S, 86400500 * MS },
      NONE,
      NULL },
    { NULL,
      "arrival\n\"2016-12-31T23:59:59,5Z\"\n2016-12-31t23:59:60.5z\n2017-01-01 01:00:01+01\n",
      WP_STAMPS_AUTO,
      { 0, S, 1500 * MS },
      NONE,
      NULL },
  };

  check (cases, G_N_ELEMENTS (cases));
}

/* What the message suggests reads the trace. */
static void
check_suggestion (const Case *item, const char *message)
{
  const char *start = strstr (message, "--columns '");
  g_autofree char *columns = NULL;
  Case pasted = *item;
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;

  if (start == NULL)
    return;
  start += strlen ("--columns '");
  pasted.columns = columns = g_strndup (start, strcspn (start, "'"));
  trace = open_case (&pasted, 4096);
  g_assert_nonnull (wp_trace_load (trace, &n, &error));
  g_assert_no_error (error);
}

static void
test_errors (void)
{
  static const struct {
    const char *columns, *text, *message;
  } cases[] = {
    /* two clocks in one file */
    { NULL, "arrival\n0\n1\n1767319445\n",
      "t:4: column \"arrival\": \"1767319445\" counts from 1970, and the first arrival does not" },
    { NULL, "arrival\n0\n1\n588888885\n",
      "t:4: column \"arrival\": \"588888885\" counts from 1970, and the first arrival does not" },
    { NULL, "arrival\n0.5\n2026-01-02T02:04:06Z\n",
      "t:3: column \"arrival\": \"2026-01-02T02:04:06Z\" counts from 1970, and the first arrival does not" },
    { NULL, "arrival\n1767319445000\n0\n",
      "t:3: column \"arrival\": \"0\" does not count from 1970, as the first arrival does" },
    { NULL, "arrival,service\n1767319445,1\n0,1\n",
      "t:3: column \"arrival\": \"0\" does not count from 1970, as the first arrival does" },
    { "arrival=a-b", "a,b\n1767319445,1\n0,1\n",
      "t:3: column \"a\": \"0\" does not count from 1970, as the first arrival does" },
    { "arrival=a/1000", "a\n1767319445000\n0\n",
      "t:3: column \"arrival\": a/1000 does not count from 1970, as the first arrival does" },
    /* counts of 100 ns */
    { NULL, "arrival\n134117930450000000\n",
      "t:2: column \"arrival\": \"134117930450000000\" has the size of a file time of Windows: say --columns "
      "'arrival=([arrival]-116444736000000000)/1e7'" },
    { "arrival=a-b", "a,b\n639029162450000000,1\n",
      "t:2: column \"a\": \"639029162450000000\" has the size of .NET's ticks: say --columns "
      "'arrival=([a]-621355968000000000)/1e7'" },
    { "arrival=1+a", "a\n134117930450000000\n",
      "t:2: column \"a\": \"134117930450000000\" has the size of a file time of Windows: say --columns "
      "'arrival=([a]-116444736000000000)/1e7'" },
    { NULL, "arrival\n50000000000\n", "t:2: column \"arrival\": \"50000000000\" is more than 292 years" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chunks); j++)
      {
        Case item = { cases[i].columns, cases[i].text, WP_STAMPS_AUTO, { 0 }, NONE, NULL };
        g_autoptr (WpTrace) trace = open_case (&item, chunks[j]);
        g_autoptr (GError) error = NULL;
        gsize n;

        g_assert_null (wp_trace_load (trace, &n, &error));
        g_assert_error (error, WP_ERROR, WP_ERROR_BAD_TRACE);
        g_assert_cmpstr (error->message, ==, cases[i].message);
        check_suggestion (&item, error->message);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stamps/units", test_units);
  g_test_add_func ("/stamps/computed-seconds", test_computed_seconds);
  g_test_add_func ("/stamps/turned-back", test_turned_back);
  g_test_add_func ("/stamps/errors", test_errors);

  return g_test_run ();
}
