#include "sim/trace/wp-trace-kinds.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/trace/wp-clf.h"
#include "sim/trace/wp-csv.h"
#include "sim/trace/wp-foreign.h"
#include "sim/trace/wp-jsonl.h"
#include "sim/trace/wp-log.h"
#include "sim/trace/wp-w3c.h"

/* in the order of WpInputFormat */
static const WpTraceFormatKind *const kinds[]
    = { NULL, &wp_csv_kind, &wp_clf_kind, &wp_jsonl_kind, &wp_w3c_kind, &wp_log_kind };

const char *const wp_stamp_names[] = { "auto", "spread", "as-is", NULL };

const char *const wp_input_names[] = { "auto", "csv", "clf", "jsonl", "w3c", NULL };

/* Of W3C's extended logs. */
static const char *const directives[]
    = { "#Version:", "#Fields:", "#Software:", "#Date:", "#Start-Date:", "#Remark:", NULL };

static gboolean
begins_with (const char *line, gsize len, const char *const *words)
{
  for (; *words != NULL; words++)
    if (len >= strlen (*words) && g_ascii_strncasecmp (line, *words, strlen (*words)) == 0)
      return TRUE;

  return FALSE;
}

/* A header of CSV has nothing of this, and is known without a look at more lines: they may come slowly. */
static gboolean
looks_logged (const char *line, gsize len)
{
  static const char *const balancers[] = { "http 2", "https 2", "h2 2", "grpcs 2", "ws 2", "wss 2", NULL };

  return *line == '[' || memmem (line, len, " [", 2) != NULL || memmem (line, len, " {\"", 3) != NULL
         || begins_with (line, len, balancers);
}

static gboolean
is_object (gpointer unused, char *line, gsize len)
{
  return len > 1 && *line == '{' && line[len - 1] == '}';
}

/* By more than one line; *@log_format is the name of the format of WP_INPUT_LOG. */
static WpInputFormat
detect_log (WpTraceFormat *probe, const char **log_format, GError **error)
{
  g_autoptr (GError) fault = NULL;
  WpTraceFormatSample sample;
  guint n_lines;

  if (!wp_trace_format_sample (probe, &sample, error))
    return WP_INPUT_AUTO;
  if (2 * wp_trace_format_count (probe, sample, is_object, NULL, &n_lines) > n_lines)
    return WP_INPUT_JSONL; /* behind a prefix, or after what the program said as it started */
  *log_format = wp_log_detect (probe, &fault);
  if (*log_format == NULL && fault == NULL && wp_clf_detect (probe, &fault))
    return WP_INPUT_CLF;
  if (fault != NULL)
    g_propagate_error (error, g_steal_pointer (&fault));

  return *log_format != NULL ? WP_INPUT_LOG : WP_INPUT_AUTO;
}

/* Of a line of # the next one that is none, or is a directive of W3C's; all stay in the window. FALSE with
 * the input's error. */
static gboolean
pass_remarks (WpTraceFormat *probe, char **line, gsize *len, GError **error)
{
  g_autoptr (GError) fault = NULL;
  gsize at = 0;

  while (**line == '#' && !begins_with (*line, *len, directives))
    if (!wp_trace_format_peek (probe, &at, line, len, &fault))
      break;
  if (fault != NULL)
    g_propagate_error (error, g_steal_pointer (&fault));

  return fault == NULL;
}

/* By the first line, and others if need be. */
static WpInputFormat
detect_by_line (WpTraceFormat *probe, const WpTraceOptions *options, const char *line, gsize len,
                const char **log_format, GError **error)
{
  g_autoptr (GError) fault = NULL;
  WpInputFormat found = WP_INPUT_AUTO;

  if (*line == '{')
    return WP_INPUT_JSONL;
  if (*line == '#')
    return begins_with (line, len, directives) ? WP_INPUT_W3C : WP_INPUT_CSV;
  if (looks_logged (line, len) || (options->columns == NULL && memmem (line, len, "arrival", 7) == NULL))
    found = detect_log (probe, log_format, &fault);
  if (fault == NULL)
    return found != WP_INPUT_AUTO ? found : WP_INPUT_CSV;
  g_propagate_error (error, g_steal_pointer (&fault));

  return WP_INPUT_AUTO;
}

/* Looks at the first lines and takes none but blank ones. WP_INPUT_AUTO with @error. */
static WpInputFormat
detect (WpTraceFormat *probe, const WpTraceOptions *options, const char **log_format, GError **error)
{
  WpReadBuffer *window = &probe->window;
  char *line;
  gsize len;
  WpTraceFormatStatus status = wp_trace_format_line (probe, TRUE, &line, &len, error);

  if (status != WP_TRACE_FORMAT_ROW)
    return status == WP_TRACE_FORMAT_END ? WP_INPUT_CSV : WP_INPUT_AUTO;
  window->at = line;
  window->line = probe->row_line;
  if (!wp_foreign_check_line (window, line, len, error) || !pass_remarks (probe, &line, &len, error))
    return WP_INPUT_AUTO;

  return detect_by_line (probe, options, line, len, log_format, error);
}

/* Of --log-format, which --input may name too. */
static gboolean
choose_log (WpTraceOptions *options, GError **error)
{
  gboolean is_json = wp_log_is_json (options->log_format);

  if (options->input != WP_INPUT_AUTO && options->input != (is_json ? WP_INPUT_JSONL : WP_INPUT_CLF))
    return wp_fail (error, WP_ERROR_USAGE, "--log-format=%s and --input=%s exclude each other",
                    options->log_format, wp_input_names[options->input]);
  options->input = is_json ? WP_INPUT_JSONL : WP_INPUT_LOG;

  return TRUE;
}

/* The format of @options, or that of the first lines if it is open. */
static gboolean
choose_input (WpTraceFormat *probe, WpTraceOptions *options, GError **error)
{
  if (options->log_format != NULL)
    return choose_log (options, error);
  if (options->input == WP_INPUT_AUTO)
    options->input = detect (probe, options, &options->log_format, error);

  return options->input != WP_INPUT_AUTO;
}

WpTraceFormat *
wp_trace_kinds_open (WpInput *input, gsize chunk_bytes, const WpTraceOptions *options, GError **error)
{
  WpTraceFormat probe = { NULL };
  WpTraceOptions chosen = *options;
  g_autoptr (WpTraceFormat) self = NULL;

  wp_read_buffer_init (&probe.window, input, chunk_bytes);
  if (wp_foreign_check (&probe.window, error) && wp_read_buffer_skip_bom (&probe.window, error)
      && choose_input (&probe, &chosen, error))
    self = wp_trace_format_new (kinds[chosen.input], &probe.window, &chosen, error);
  wp_read_buffer_clear (&probe.window);

  return g_steal_pointer (&self);
}
