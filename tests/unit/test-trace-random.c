#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-csv-fast.h"
#include "sim/trace/wp-trace-private.h"
#include "tests/unit/gzip.h"

#define S WP_NS_PER_S

/* Digits, and what stands near them. */
static void
random_number_text (char text[64])
{
  static const char characters[] = "00112345678999.,,..-+e \n\r\"x";
  int kind = g_test_rand_int_range (0, 4);
  int len = g_test_rand_int_range (0, 24);
  int integer = g_test_rand_int_range (0, 12);

  for (int i = 0; i < len; i++)
    text[i] = kind == 0      ? characters[g_test_rand_int_range (0, sizeof characters - 1)]
              : i == integer ? '.'
                             : (char) ('0' + g_test_rand_int_range (0, 10));
  text[len] = kind == 1   ? ','
              : kind == 2 ? '\n'
                          : characters[g_test_rand_int_range (0, sizeof characters - 1)];
  for (int i = len + 1; i < 64; i++)
    text[i] = (char) g_test_rand_int ();
}

static void
test_fast_numbers_equal_scalar (void)
{
  for (int i = 0; i < 300000; i++)
    {
      char text[64];
      gint64 fast_ns = -1, scalar_ns = -1, general_ns = -2;
      const char *fast, *scalar;

      random_number_text (text);
      text[62] = '\n';
      fast = wp_csv_fast_seconds (text, &fast_ns);
      scalar = wp_csv_fast_seconds_scalar (text, &scalar_ns);
      g_assert_true (fast == scalar);
      if (fast == NULL)
        continue;
      g_assert_cmpint (fast_ns, ==, scalar_ns);
      g_assert_true (wp_time_parse_seconds (text, (gsize) (fast - text), &general_ns));
      g_assert_cmpint (fast_ns, ==, general_ns);
    }
}

/* A random table, as rows and as one of the many texts that say it. */
typedef struct {
  GArray *rows; /* of WpRow, in the file's order, arrivals as written */
  GString *text;
  GStringChunk *ids;
} Table;

enum { ARRIVAL, SERVICE, RESPONSE, ID, BYTES, FINISHED, OUTCOME, BLOCKED, JUNK, N_KINDS };

static const char *const kind_names[]
    = { "arrival", "service", "response", "id", "bytes", "finished", "outcome", "blocked", "junk" };

static void
append_cell (GString *text, const char *cell)
{
  gboolean quotes = strpbrk (cell, ",\"\r\n") != NULL || g_test_rand_int_range (0, 6) == 0;

  if (!quotes)
    {
      g_string_append (text, cell);
      return;
    }
  g_string_append_c (text, '"');
  for (; *cell != '\0'; cell++)
    g_string_append_len (text, *cell == '"' ? "\"\"" : cell, *cell == '"' ? 2 : 1);
  g_string_append_c (text, '"');
}

static char *
cell_text (int kind, const WpRow *row)
{
  static const char *const junk[] = { "", "x", "a,b", "\"", "1\n2", "\r\n", "\xff\xfe", "ü", "# z" };
  char buffer[WP_TIME_BUFFER];

  switch (kind)
    {
    case ARRIVAL:
      wp_time_format_seconds (buffer, row->arrival_ns);
      if (row->arrival_ns % S == 0 && g_test_rand_bit ())
        return g_strdup_printf ("%" G_GINT64_FORMAT, row->arrival_ns / S);
      if (row->arrival_ns >= 0 && g_test_rand_int_range (0, 20) == 0)
        wp_time_format_iso8601 (buffer, row->arrival_ns);
      return g_strdup (buffer);
    case SERVICE:
      return g_strdup (wp_time_format_seconds (buffer, row->service_ns));
    case RESPONSE:
      return g_strdup (wp_time_format_seconds (buffer, row->response_ns));
    case FINISHED:
      return g_strdup (wp_time_format_seconds (buffer, row->finished_ns));
    case ID:
      return g_strdup (row->id != NULL ? row->id : "");
    case BYTES:
      return row->bytes < 0 ? g_strdup ("") : g_strdup_printf ("%" G_GINT64_FORMAT, row->bytes);
    case OUTCOME:
      return g_strdup (wp_outcome_name (row->outcome));
    case BLOCKED:
      return g_strdup (row->blocked < 0 ? "" : row->blocked == 0 ? "0" : "1");
    default:
      return g_strdup (junk[g_test_rand_int_range (0, G_N_ELEMENTS (junk))]);
    }
}

static WpRow
random_row (Table *table, const gboolean *has, gint64 *arrival_ns, gboolean sorted)
{
  static const char *const ids[] = { "a", "b,c", "\"q\"", "line\nbreak", "café", " blank ", "\r" };
  WpRow row = WP_ROW_INIT;

  *arrival_ns += g_test_rand_int_range (0, 3) * (g_test_rand_bit () ? S : 7);
  if (!sorted && g_test_rand_int_range (0, 8) == 0)
    *arrival_ns -= 3 * S + 1;
  row.arrival_ns = *arrival_ns;
  if (has[SERVICE] && g_test_rand_int_range (0, 9) > 0)
    row.service_ns = g_test_rand_int_range (0, G_MAXINT32);
  if (has[RESPONSE] && g_test_rand_int_range (0, 9) > 0)
    row.response_ns = g_test_rand_int_range (0, G_MAXINT32);
  if (has[FINISHED] && g_test_rand_bit ())
    row.finished_ns = *arrival_ns + g_test_rand_int_range (0, G_MAXINT32);
  if (has[BYTES])
    row.bytes = g_test_rand_int_range (-1, 1000);
  if (has[ID] && g_test_rand_bit ())
    row.id = g_string_chunk_insert (table->ids, ids[g_test_rand_int_range (0, G_N_ELEMENTS (ids))]);
  if (has[OUTCOME])
    row.outcome = (WpOutcome) g_test_rand_int_range (0, 6);
  if (has[BLOCKED])
    row.blocked = g_test_rand_int_range (-1, 2);

  return row;
}

static void
shuffle (int *values, int n)
{
  for (int i = n - 1; i > 0; i--)
    {
      int j = g_test_rand_int_range (0, i + 1);
      int held = values[i];

      values[i] = values[j];
      values[j] = held;
    }
}

static void
table_init (Table *table)
{
  const char *ends[] = { "\n", "\r\n" };
  gboolean has[N_KINDS] = { TRUE };
  gboolean sorted = g_test_rand_bit ();
  gboolean simple = g_test_rand_int_range (0, 3) == 0; /* arrival,service or arrival,response: the fast path
                                                        */
  int second = g_test_rand_bit () ? SERVICE : RESPONSE;
  int order[N_KINDS] = { 0 }, n_columns = 0;
  gint64 arrival_ns = g_test_rand_int_range (simple ? 0 : -1000, 1000) * S;

  *table
      = (Table){ g_array_new (FALSE, FALSE, sizeof (WpRow)),
                 g_string_new (g_test_rand_bit () ? "" : "\xef\xbb\xbf# a: b\r\n"), g_string_chunk_new (64) };
  for (int kind = 0; kind < N_KINDS; kind++)
    {
      has[kind] = simple ? kind == ARRIVAL || kind == second : kind == ARRIVAL || g_test_rand_bit ();
      if (has[kind])
        order[n_columns++] = kind;
    }
  if (!simple)
    shuffle (order, n_columns);
  for (int i = 0; i < n_columns; i++)
    g_string_append_printf (table->text, i == 0 ? "%s" : ",%s", kind_names[order[i]]);
  for (int n = g_test_rand_int_range (1, 400); n > 0; n--)
    {
      WpRow row = random_row (table, has, &arrival_ns, sorted);

      g_string_append (table->text, ends[g_test_rand_bit ()]);
      if (g_test_rand_int_range (0, 30) == 0)
        g_string_append (table->text, ends[g_test_rand_bit ()]);
      for (int i = 0; i < n_columns; i++)
        {
          g_autofree char *cell = cell_text (order[i], &row);

          if (i > 0)
            g_string_append_c (table->text, ',');
          append_cell (table->text, cell);
        }
      g_array_append_val (table->rows, row);
    }
  if (g_test_rand_bit ())
    g_string_append (table->text, ends[g_test_rand_bit ()]);
}

static void
table_clear (Table *table)
{
  g_array_unref (table->rows);
  g_string_free (table->text, TRUE);
  g_string_chunk_free (table->ids);
}

static int
compare_arrivals (gconstpointer a, gconstpointer b)
{
  const WpRow *left = a, *right = b;

  return left->arrival_ns < right->arrival_ns ? -1 : left->arrival_ns > right->arrival_ns;
}

/* Sorts and subtracts the origin; returns how many rows were out of order. */
static guint64
table_expect (Table *table)
{
  WpRow *rows = (WpRow *) table->rows->data;
  gint64 latest_ns = G_MININT64, origin_ns;
  guint64 n = 0;

  for (guint i = 0; i < table->rows->len; i++)
    {
      n += rows[i].arrival_ns < latest_ns;
      latest_ns = MAX (latest_ns, rows[i].arrival_ns);
    }
  g_array_sort (table->rows, compare_arrivals); /* GLib's sort is stable */
  origin_ns = rows[0].arrival_ns;
  for (guint i = 0; i < table->rows->len; i++)
    {
      rows[i].arrival_ns -= origin_ns;
      if (rows[i].finished_ns != WP_TIME_NONE)
        rows[i].finished_ns -= origin_ns;
    }

  return n;
}

static void
assert_rows_equal (const WpRow *a, const WpRow *b)
{
  g_assert_cmpint (a->arrival_ns, ==, b->arrival_ns);
  g_assert_cmpint (a->service_ns, ==, b->service_ns);
  g_assert_cmpint (a->response_ns, ==, b->response_ns);
  g_assert_cmpint (a->finished_ns, ==, b->finished_ns);
  g_assert_cmpint (a->accepted_ns, ==, b->accepted_ns);
  g_assert_cmpint (a->bytes, ==, b->bytes);
  g_assert_cmpstr (a->id, ==, b->id);
  g_assert_cmpint (a->outcome, ==, b->outcome);
  g_assert_cmpint (a->blocked, ==, b->blocked);
}

/* Batch by batch, as a simulator would; what comes before a disorder is forgotten. */
static void
check_stream (WpTrace *trace, const GArray *expected, gboolean sorted)
{
  g_autoptr (GError) error = NULL;
  const WpRow *rows;
  WpRead read;
  gsize n, at = 0;

  while ((read = wp_trace_read (trace, &rows, &n, &error)) != WP_READ_END)
    {
      g_assert_no_error (error);
      if (read == WP_READ_DISORDER)
        {
          g_assert_false (sorted);
          g_assert_true (wp_trace_sort (trace, &error));
          sorted = TRUE;
          at = 0;
          continue;
        }
      g_assert_cmpuint (n, >, 0);
      for (gsize i = 0; i < n && sorted; i++)
        assert_rows_equal (&rows[i], &g_array_index (expected, WpRow, at + i));
      at += n;
    }
  g_assert_cmpuint (at, ==, expected->len);
}

/* Those of rows that have no service; the stream is sorted then. */
static void
check_responses (WpTrace *trace, const GArray *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree gint64 *arrivals = NULL, *responses = NULL;
  gsize n;

  g_assert_true (wp_trace_load_responses (trace, &arrivals, &responses, &n, &error));
  g_assert_cmpuint (n, ==, expected->len);
  for (gsize i = 0; i < n; i++)
    {
      const WpRow *row = &g_array_index (expected, WpRow, i);

      g_assert_cmpint (arrivals[i], ==, row->arrival_ns);
      g_assert_cmpint (responses[i], ==, row->service_ns == WP_TIME_NONE ? row->response_ns : WP_TIME_NONE);
    }
}

static WpInput *
open_table (const Table *table, GBytes **packed)
{
  if (g_test_rand_bit ())
    return wp_input_open_data ("t.csv", table->text->str, table->text->len);
  *packed = gzip (table->text->str, table->text->len);

  return wp_input_open_data ("t.csv.gz", g_bytes_get_data (*packed, NULL), g_bytes_get_size (*packed));
}

/* Three rows that all happen to have a date of whole seconds would be spread otherwise. */
static void
test_random_tables (void)
{
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;

  options.stamps = WP_STAMPS_AS_IS;
  for (int i = 0; i < 600; i++)
    {
      gsize chunk
          = (gsize) (g_test_rand_bit () ? g_test_rand_int_range (1, 40) : g_test_rand_int_range (40, 5000));
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) packed = NULL;
      g_autoptr (WpTrace) trace = NULL;
      guint64 out_of_order;
      gboolean is_sorted;
      Table table;

      table_init (&table);
      trace = wp_trace_open_input (open_table (&table, &packed), chunk, &options, &error);
      g_assert_no_error (error);
      out_of_order = table_expect (&table);
      is_sorted = wp_trace_has_column (trace, "response") && g_test_rand_bit ();
      if (is_sorted)
        check_responses (trace, table.rows);
      check_stream (trace, table.rows, is_sorted || out_of_order == 0);
      g_assert_cmpuint (wp_trace_out_of_order (trace), ==, out_of_order);
      table_clear (&table);
      g_clear_pointer (&trace, wp_trace_free);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trace-random/fast-numbers-equal-scalar", test_fast_numbers_equal_scalar);
  g_test_add_func ("/trace-random/random-tables", test_random_tables);

  return g_test_run ();
}
