/* fuzz-trace.c - any bytes as a trace (libFuzzer): no crash, rows in order, one clear line of error, the same
 * at every chunk size. The first byte chooses the chunk size and the options; the rest is the file. It is
 * built once for each kind of input, FUZZ_INPUT; and with FUZZ_FILES, where lines of --log-format, --where
 * and
 * --columns come before up to three files, with a byte 30 between them. */
#include <stdlib.h>
#include <string.h>

#include "sim/trace/wp-trace-private.h"

#ifndef FUZZ_FILES
#define FUZZ_FILES 0
#endif
#define MAX_FILES 3
#define SEPARATOR 30 /* ASCII's record separator */

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t size);

typedef struct {
  const char *data[MAX_FILES];
  gsize size[MAX_FILES];
  guint n;
} Files;

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

static WpTrace *
open_files (const Files *files, gsize chunk_bytes, const WpTraceOptions *options, GError **error)
{
  WpInput *inputs[MAX_FILES];

  for (guint i = 0; i < files->n; i++)
    inputs[i] = wp_input_open_data ("t", files->data[i], files->size[i]);

  return wp_trace_open_inputs (inputs, files->n, chunk_bytes, options, error);
}

/* As for --logged-workers=none: the response times become services. */
static gboolean
put_responses (WpTrace *trace, GError **error)
{
  g_autofree gint64 *arrivals = NULL, *responses = NULL;
  gsize n;

  if (!FUZZ_FILES || !wp_trace_has_column (trace, "response"))
    return TRUE;
  if (!wp_trace_load_responses (trace, &arrivals, &responses, &n, error))
    return FALSE;
  for (gsize i = 1; i < n; i++)
    g_assert (arrivals[i] >= arrivals[i - 1]);
  wp_trace_put_services (trace, responses);

  return TRUE;
}

static Outcome
run (const Files *files, gsize chunk_bytes, const WpTraceOptions *options)
{
  Outcome outcome = { g_string_new (NULL), 0, 0, 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (WpTrace) trace = open_files (files, chunk_bytes, options, &error);

  if (trace != NULL && put_responses (trace, &error) && read_all (trace, &outcome, &error))
    return outcome;
  g_assert (error != NULL && g_utf8_validate (error->message, -1, NULL)
            && strchr (error->message, '\n') == NULL);
  g_string_assign (outcome.error, error->message);

  return outcome;
}

/* Of two faults the first one is reported, and a fault behind the last requested row is not; the amount that
 * is read ahead, of each file, decides which these are. */
static gboolean
depends_on_chunks (const Files *files, const char *message)
{
  return files->n > 1 || strstr (message, "gzip") != NULL || strstr (message, "zstd") != NULL
         || strstr (message, "1 MiB") != NULL;
}

/* Takes a line off @files->data[0]; NULL: it is empty, or there is none. */
static char *
take_word (Files *files)
{
  const char *text = files->data[0];
  const char *end = memchr (text, '\n', files->size[0]);
  gsize len = end != NULL ? (gsize) (end - text) : files->size[0];
  gsize taken = end != NULL ? len + 1 : len;

  files->data[0] += taken;
  files->size[0] -= taken;

  return len > 0 ? g_strndup (text, len) : NULL;
}

static void
split_files (Files *files)
{
  const char *end;

  while (files->n < MAX_FILES
         && (end = memchr (files->data[files->n - 1], SEPARATOR, files->size[files->n - 1])) != NULL)
    {
      files->data[files->n] = end + 1;
      files->size[files->n] = files->size[files->n - 1] - (gsize) (end + 1 - files->data[files->n - 1]);
      files->size[files->n - 1] = (gsize) (end - files->data[files->n - 1]);
      files->n++;
    }
}

static void
check (const Files *files, gsize chunk_bytes, const WpTraceOptions *options)
{
  Outcome one = run (files, chunk_bytes, options), other = run (files, 65536, options);

  if (!depends_on_chunks (files, one.error->str) && !depends_on_chunks (files, other.error->str))
    g_assert_cmpstr (one.error->str, ==, other.error->str);
  g_assert (
      *one.error->str != '\0' || *other.error->str != '\0'
      || (one.n_rows == other.n_rows && one.sum == other.sum && one.out_of_order == other.out_of_order));
  g_string_free (one.error, TRUE);
  g_string_free (other.error, TRUE);
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
  Files files = { { (const char *) data + 1 }, { size - 1 }, 1 };
  g_autofree char *log_format = NULL, *where = NULL, *map = NULL;

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
  if (FUZZ_FILES)
    {
      options.log_format = log_format = take_word (&files);
      options.where = where = take_word (&files);
      options.columns = map = take_word (&files);
      split_files (&files);
      if (!g_utf8_validate (log_format ? log_format : "", -1, NULL)
          || !g_utf8_validate (where ? where : "", -1, NULL) || !g_utf8_validate (map ? map : "", -1, NULL))
        return 0; /* nor is the message */
    }
  check (&files, 1 + (data[0] >> 4), &options);

  return 0;
}
