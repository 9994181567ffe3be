#include "runtime/replay/wp-replay-options.h"

#include "runtime/replay/wp-fleet.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"

#define DEFAULT_TIMEOUT_NS (600 * WP_NS_PER_S)
#define DEFAULT_MAX_LAG_NS (10 * WP_NS_PER_MS)

static gboolean
on_text (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;

  if (g_str_equal (name, "--columns"))
    {
      g_free (self->columns);
      self->trace.columns = self->columns = g_strdup (value);
      return TRUE;
    }
  g_free (self->output);
  self->output = g_strdup (value);
  return TRUE;
}

static gboolean
on_input (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;

  return wp_input_format_parse (value, &self->trace.input, error);
}

static gboolean
on_scale (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;

  return wp_options_parse_positive (value, g_str_equal (name, "--scale") ? &self->trace.scale : &self->trace.service_scale, error);
}

static gboolean
on_limit (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;

  return wp_options_parse_count (value, 1, G_MAXINT64, &self->trace.limit_rows, error);
}

static gboolean
on_connections (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;
  guint64 number;

  if (!wp_options_parse_count (value, 1, G_MAXUINT32, &number, error))
    return FALSE;
  if (number > wp_fleet_room ())
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "%s is over %u, which is what the file limit allows",
                   value, wp_fleet_room ());
      return FALSE;
    }
  self->sender.connections = number;
  return TRUE;
}

static gboolean
on_time (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;
  gint64 *field = g_str_equal (name, "--patience") ? &self->sender.patience_ns
                  : g_str_equal (name, "--timeout") ? &self->sender.timeout_ns : &self->max_lag_ns;

  if (!wp_time_parse_duration (value, field, error))
    return FALSE;
  if (*field > 0)
    return TRUE;

  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a time over 0", value);
  return FALSE;
}

static gboolean
on_method (const char *name, const char *value, gpointer data, GError **error)
{
  static const char *const methods[] = { "GET", "POST", "PUT", NULL };
  WpReplayOptions *self = data;

  if (!g_strv_contains (methods, value))
    {
      g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not GET, POST or PUT", value);
      return FALSE;
    }
  g_free (self->method);
  self->sender.method = self->method = g_strdup (value);
  return TRUE;
}

static gboolean
on_format (const char *name, const char *value, gpointer data, GError **error)
{
  WpReplayOptions *self = data;

  self->json = g_str_equal (value, "json");
  if (self->json || g_str_equal (value, "text"))
    return TRUE;

  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not text or json", value);
  return FALSE;
}

static const GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_CALLBACK, on_text, "Write what became of each request; - is standard output", "FILE" },
  { "scale", 0, 0, G_OPTION_ARG_CALLBACK, on_scale, "X times the traffic: arrivals are divided by X", "X" },
  { "service-scale", 0, 0, G_OPTION_ARG_CALLBACK, on_scale, "Service times are multiplied by X", "X" },
  { "limit", 0, 0, G_OPTION_ARG_CALLBACK, on_limit, "Only the first N rows of the file", "N" },
  { "input", 0, 0, G_OPTION_ARG_CALLBACK, on_input, "What TRACE is: csv (default), clf (an access log) or jsonl (JSON lines)", "KIND" },
  { "columns", 0, 0, G_OPTION_ARG_CALLBACK, on_text, "From other columns: arrival=TIMESTAMP,service=Tokens*0.02", "MAP" },
  { "connections", 0, 0, G_OPTION_ARG_CALLBACK, on_connections, "At most N (default: what the file limit has room for)", "N" },
  { "patience", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "Leave so long after the planned time (default: never)", "TIME" },
  { "timeout", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "No answer so long after that time is a failure (default: 10min)", "TIME" },
  { "max-lag", 0, 0, G_OPTION_ARG_CALLBACK, on_time, "A run with a lag p99 over this is not valid (default: 10ms)", "TIME" },
  { "method", 0, 0, G_OPTION_ARG_CALLBACK, on_method, "GET, POST or PUT (default: GET without a body, POST with one)", "NAME" },
  { "format", 0, 0, G_OPTION_ARG_CALLBACK, on_format, "Of the report: text (default) or json", "FORMAT" },
  { NULL }
};

void
wp_replay_options_init (WpReplayOptions *self)
{
  *self = (WpReplayOptions) {
    .trace = WP_TRACE_OPTIONS_INIT,
    .sender = { .connections = wp_fleet_room (), .patience_ns = WP_TIME_NONE, .timeout_ns = DEFAULT_TIMEOUT_NS },
    .max_lag_ns = DEFAULT_MAX_LAG_NS,
  };
}

void
wp_replay_options_clear (WpReplayOptions *self)
{
  g_free (self->columns);
  g_free (self->method);
  g_free (self->output);
}

gboolean
wp_replay_options_parse (WpReplayOptions *self, int argc, char **argv, GError **error)
{
  static const GOptionEntry *const tables[] = { entries, NULL };
  static const char summary[] =
    "Sends the requests of TRACE to the server at URL, each at its own time, whether or not earlier ones were answered, and\n"
    "tells how long the answers took from the moment each was due. Exit status: 0 every request was answered, or left by\n"
    "--patience, and the schedule was kept; 1 the schedule was not kept, or requests failed; 2 bad usage, input or I/O.";

  if (!wp_options_parse ("TRACE URL", summary, tables, self, &argc, &argv, error))
    return FALSE;
  if (argc != 3)
    {
      g_set_error (error, WP_ERROR, WP_ERROR_USAGE, argc < 3 ? "what is needed: a trace and a URL (see --help)"
                   : "only a trace and a URL can be given: what is \"%s\"?", argc > 3 ? argv[3] : "");
      return FALSE;
    }
  self->trace_path = argv[1];
  self->url = argv[2];
  if (!wp_options_same_file (self->output, self->trace_path))
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "--output would overwrite the trace, %s", self->trace_path);
  return FALSE;
}
