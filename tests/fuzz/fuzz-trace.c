/* fuzz-trace.c - any bytes as a trace (libFuzzer): no crash, rows in order, one clear line of error, the same
 * at every chunk size. The first byte chooses the chunk size and the options; the rest is the file. It is
 * built once for each kind of input, FUZZ_INPUT. */
#include <stdlib.h>
#include <string.h>

#include "sim/trace/wp-trace-private.h"

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size);

typedef struct {
  GString *error; /* "" if it was read to the end */
  guint64 n_rows, out_of_order;
  gint64 sum; /* of all that the rows say */
} Outcome;

static void
add_rows (Outcome *outcome, const WpRow *rows, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      const WpRow *row = &rows[i];

      g_assert (row->arrival_ns >= 0 && (row->service_ns >= 0 || row->service_ns == WP_TIME_NONE));
      g_assert (i == 0 || row->arrival_ns >= rows[i - 1].arrival_ns);
      g_assert (row->bytes >= -1 && row->blocked >= -1 && row->blocked <= 1
                && row->outcome <= WP_OUTCOME_FAILED);
      outcome->sum
          = (gint64) ((guint64) outcome->sum * 31
                      + (guint64) (row->arrival_ns ^ row->service_ns ^ row->finished_ns ^ row->bytes));
      if (row->id != NULL)
        outcome->sum ^= g_str_hash (row->id);
    }
  outcome->n_rows += n;
}

static gboolean
read_all (WpTrace *trace, Outcome *outcome, GError **error)
{
  const WpRow *rows;
  WpRead read;
  gsize n;

  while ((read = wp_trace_read (trace, &rows, &n, error)) != WP_READ_END)
    {
      if (read == WP_READ_ERROR)
        return FALSE;
      if (read == WP_READ_ROWS)
        add_rows (outcome, rows, n);
      else
        {
          if (!wp_trace_sort (trace, error))
            return FALSE;
          outcome->sum = 0;
          outcome->n_rows = 0;
        }
    }
  g_assert (outcome->n_rows > 0);
  outcome->out_of_order = wp_trace_out_of_order (trace);

  return TRUE;
}

static Outcome
run (const char *data, gsize size, gsize chunk_bytes, const WpTraceOptions *options)
{
  Outcome outcome = { g_string_new (NULL), 0, 0, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace
      = wp_trace_open_input (wp_input_open_data ("t", data, size), chunk_bytes, options, &error);

  if (trace != NULL && read_all (trace, &outcome, &error))
    return outcome;
  g_assert (error != NULL && g_utf8_validate (error->message, -1, NULL)
            && strchr (error->message, '\n') == NULL);
  g_string_assign (outcome.error, error->message);

  return outcome;
}

/* Of two faults the first one is reported, and a fault behind the last requested row is not; the amount that
 * is read ahead decides which these are. */
static gboolean
depends_on_chunks (const char *message)
{
  return strstr (message, "gzip") != NULL || strstr (message, "zstd") != NULL
         || strstr (message, "1 MiB") != NULL;
}

int
LLVMFuzzerTestOneInput (const unsigned char *data, size_t size)
{
  static const char *const columns[][4]
      = { [WP_INPUT_AUTO] = { NULL, "service=request_time", "id=time", "arrival=a-b" },
          [WP_INPUT_W3C] = { NULL, "arrival=time-[time-taken]/1e3", "id=time,arrival=time", "service=x" },
          [WP_INPUT_LOG] = { NULL, "service=request_time", "id=time", "arrival=b-c" },
          [WP_INPUT_CSV]
          = { NULL, "arrival=a,service=b*2", "arrival=a/(b-1),id=[c]", "arrival=arrival,bytes=-service" },
          [WP_INPUT_CLF] = { NULL, "arrival=time-request_time*1e6,service=status",
                             "id=time,bytes=sent,service=time", "id=request" },
          [WP_INPUT_JSONL]
          = { NULL, "arrival=a,service=b.c*2", "arrival=a/(b-1),id=b.c", "arrival=arrival,bytes=-service" } };
  static const char *const formats[]
      = { "$a [$b] \"$c\" $upstream_d $rest", "%h %l %u %t \"%r\" %>s %b %D", "haproxy", "alb" };
  WpTraceOptions options = WP_TRACE_OPTIONS_INIT;
  Outcome one, other;

  if (size == 0)
    return 0;
  options.input = FUZZ_INPUT == WP_INPUT_LOG ? WP_INPUT_AUTO : FUZZ_INPUT;
  options.columns = columns[FUZZ_INPUT][data[0] & 3];
  if (FUZZ_INPUT == WP_INPUT_LOG)
    options.log_format = formats[data[0] >> 4 & 3];
  options.max_bad = data[0] & 4 ? 0.5 : -1;
  options.stamps = data[0] & 8 ? WP_STAMPS_SPREAD : WP_STAMPS_AUTO;
  options.reads_requests = data[0] >> 1 & 1;
  options.scale = data[0] & 4 ? 0.3 : 1;
  options.limit_rows = data[0] & 8 ? 3 : 0;
  one = run ((const char *) data + 1, size - 1, 1 + (data[0] >> 4), &options);
  other = run ((const char *) data + 1, size - 1, 65536, &options);
  if (!depends_on_chunks (one.error->str) && !depends_on_chunks (other.error->str))
    g_assert_cmpstr (one.error->str, ==, other.error->str);
  g_assert (
      *one.error->str != '\0' || *other.error->str != '\0'
      || (one.n_rows == other.n_rows && one.sum == other.sum && one.out_of_order == other.out_of_order));
  g_string_free (one.error, TRUE);
  g_string_free (other.error, TRUE);

  return 0;
}
