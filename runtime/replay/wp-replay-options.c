#include "runtime/replay/wp-replay-options.h"

#include "runtime/replay/wp-replay-compare.h"

#include "runtime/replay/wp-connection-pool.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/trace/wp-trace-option-table.h"

#define DEFAULT_TIMEOUT_NS (600 * WP_NS_PER_S)
#define DEFAULT_MAX_LAG_NS (10 * WP_NS_PER_MS)

#define DEFAULT_WAIT_NS (5 * WP_NS_PER_S)

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL };
static const char *const formats[] = { "text", "json", "jsonl", NULL }; /* WpReplayFormat */

static gboolean
parse_method (gpointer field, const char *value, GError **error)
{
  const char **method = field;

  for (guint i = 0; methods[i]; i++)
    if (g_str_equal (methods[i], value))
      {
        *method = methods[i];
        return TRUE;
      }
  return wp_fail (error, WP_ERROR_BAD_VALUE, "\"%s\" is not GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
                  value);
}

static gboolean
add_header (gpointer field, const char *value, GError **error)
{
  GPtrArray **headers = field;

  if (!wp_request_template_check_header (value, error))
    return FALSE;
  if (!*headers)
    *headers = g_ptr_array_new_null_terminated (0, g_free, TRUE);
  g_ptr_array_add (*headers, g_strdup (value));
  return TRUE;
}

static gboolean
parse_expect (gpointer field, const char *value, GError **error)
{
  return wp_status_set_parse (field, value, error);
}

#define FIELD(member) WP_FIELD (WpReplayOptions, member)

static const WpOption options[]
    = { { "connections", 0, WP_OPTION_COUNT, "N", FIELD (sender.connections),
          "most connections (as many as the file limit allows)", 1, G_MAXUINT32 },
        { "threads", 0, WP_OPTION_COUNT, "N", FIELD (n_threads),
          "threads that send, each its share of the requests over its share of the connections (1)", 1, 256 },
        { "patience", 0, WP_OPTION_TIME, "TIME", FIELD (sender.patience_ns),
          "leave that long after the planned time of a request (never)", 1 },
        { "timeout", 0, WP_OPTION_TIME, "TIME", FIELD (sender.timeout_ns),
          "a request fails without a response that long after its planned time (10min)", 1 },
        { "max-lag", 0, WP_OPTION_TIME, "TIME", FIELD (max_lag_ns),
          "a run is not valid if the p99 of its schedule lag exceeds this (10ms)", 1 },
        { "expect", 0, WP_OPTION_OTHER, "LIST", FIELD (expect),
          "a run is not valid if over 1 % of its requests have another status, or none (200-399,429,503)",
          .parse = parse_expect },
        { "wait", 0, WP_OPTION_TIME, "TIME", FIELD (wait_ns),
          "wait that long for a server that does not take connections yet (5s)" },
        { NULL } };

static const WpOption traffic_options[] = {
  { "rate", 0, WP_OPTION_FACTOR, "R", FIELD (drawn.rate),
    "draw requests at R per second; there is no TRACE then" },
  { "ramp", 0, WP_OPTION_TEXT, "R1:R2", FIELD (drawn.ramp), "at a rate that goes evenly from R1 to R2" },
  { "clients", 0, WP_OPTION_COUNT, "P", FIELD (drawn.clients),
    "a closed loop, as of wrk: each of P clients waits for its response before it sends its next request", 1,
    1000000 },
  { "think", 0, WP_OPTION_TEXT, "SPEC", FIELD (drawn.think),
    "their think time, from a response to the next request, in the form of --service (0)" },
  { "duration", 0, WP_OPTION_TIME, "TIME", FIELD (drawn.duration_ns), "for that long", 1 },
  { "arrivals", 0, WP_OPTION_TEXT, "SPEC", FIELD (drawn.arrivals),
    "poisson (default) or constant; or all of it, as of wp-sim: mmpp:rates=50:500,sojourns=10s:1s" },
  { "service", 0, WP_OPTION_TEXT, "SPEC", FIELD (drawn.service),
    "their service times, as of wp-sim: exp:20ms (none)" },
  { "seed", 0, WP_OPTION_INTEGER, "N", FIELD (drawn.seed),
    "seed of random numbers: with the same one, wp-sim --generate writes what is sent (1)", 0, G_MAXUINT64 },
  { NULL }
};

static const WpOption request_options[] = {
  { "method", 0, WP_OPTION_OTHER, "NAME", FIELD (method),
    "of all requests: GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS (the trace's, else GET without a body, "
    "POST with one)",
    .names = methods, .parse = parse_method },
  { "allow-methods", 0, WP_OPTION_TEXT, "LIST", FIELD (allowed_methods),
    "methods that a trace may have; another one ends the run before it starts (GET,HEAD)",
    .check = wp_method_list_check },
  { "header", 0, WP_OPTION_OTHER, "LINE", FIELD (headers),
    "a header of all requests, \"Name: value\"; as often as needed", .parse = add_header },
  { "body", 0, WP_OPTION_FILE, "FILE", FIELD (body_file),
    "the body of all requests (of each as many bytes as its row says)" },
  { "token-file", 0, WP_OPTION_FILE, "FILE", FIELD (token_file),
    "send the first bearer token of FILE, which others cannot read" },
  { "cacert", 0, WP_OPTION_FILE, "FILE", FIELD (ca_file),
    "trust the authorities whose certificates are in FILE, not the system's" },
  { "insecure", 0, WP_OPTION_FLAG, NULL, FIELD (is_insecure),
    "take any certificate, whoever signed it and for whatever host" },
  { NULL }
};

static const WpOption output_options[]
    = { { "output", 'o', WP_OPTION_FILE, "FILE", FIELD (output),
          "write the outcome of each request; - is standard output" },
        { "format", 0, WP_OPTION_CHOICE, "FORMAT", FIELD (format),
          "format of the report: text (default), json, or jsonl (also a line each second of the run)",
          .names = formats },
        { "hdr", 0, WP_OPTION_FILE, "FILE", FIELD (hdr_file),
          "write the latencies as HdrHistogram does, in ms" },
        { NULL } };

static const WpOptionGroup groups[]
    = { { "Trace", wp_trace_options, G_STRUCT_OFFSET (WpReplayOptions, trace), 0 },
        { "Sending", options, 0, 0 },
        { "Generated traffic", traffic_options, 0, 0 },
        { "Requests", request_options, 0, 0 },
        { "Output", output_options, 0, 0 },
        { NULL, NULL, 0, 0 } };

static const WpCommandLine command_line = {
  "[TRACE...] URL",
  "Sends the requests of TRACE, or drawn ones, to the server at URL, each at its own time, whether or not\n"
  "earlier ones were answered, and reports the latencies from the moment each request was due. Exit status:\n"
  "0 the run is valid: the schedule was kept, and requests were answered as expected; 1 it is not;\n"
  "2 bad usage, input or I/O.\n"
  "`wp-replay compare A B` compares two records of -o: see wp-replay compare --help.",
  groups, "compare", &wp_replay_compare_command_line
};

void
wp_replay_options_init (WpReplayOptions *self)
{
  *self = (WpReplayOptions){
    .trace = WP_TRACE_OPTIONS_INIT,
    .sender = { .connections = wp_connection_pool_raise_limit (),
                .patience_ns = WP_TIME_NONE,
                .timeout_ns = DEFAULT_TIMEOUT_NS },
    .max_lag_ns = DEFAULT_MAX_LAG_NS,
    .wait_ns = DEFAULT_WAIT_NS,
    .n_threads = 1,
    .drawn.seed = 1,
  };
  self->trace.reads_requests = TRUE;
  wp_status_set_parse (&self->expect, WP_EXPECT_DEFAULT, NULL);
}

void
wp_replay_options_clear (WpReplayOptions *self)
{
  wp_options_clear (&command_line, self);
  g_free (self->trace_paths);
  g_clear_pointer (&self->headers, g_ptr_array_unref);
}

/* @words: traces and a URL, or a URL alone where the traffic is drawn. */
static gboolean
take_words (WpReplayOptions *self, char **words, GError **error)
{
  guint n = g_strv_length (words), needed = wp_drawn_traffic_is_requested (&self->drawn) ? 1 : 2;

  if (n < needed)
    g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE,
                         needed == 1 ? "a URL is needed (see --help)"
                                     : "what is needed: a trace and a URL, or a URL and --rate (see --help)");
  else if (n > needed && needed == 1)
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE,
                 "only a URL can be given where the traffic is drawn: what is \"%s\"?", words[n - 2]);
  else
    {
      self->url = words[n - 1];
      if (needed == 2)
        self->trace_paths = g_memdup2 (words, n * sizeof *words);
      if (self->trace_paths)
        self->trace_paths[n - 1] = NULL;
      return TRUE;
    }
  return FALSE;
}

static gboolean
check_traces (const WpReplayOptions *self, GError **error)
{
  guint n_streams = 0;

  if (!self->trace_paths && self->trace.columns)
    return wp_fail (error, WP_ERROR_USAGE, "--columns reads a trace, and there is none");
  for (const char **path = self->trace_paths; path && *path; path++)
    n_streams += g_str_equal (*path, "-");

  return n_streams <= 1 || wp_fail (error, WP_ERROR_USAGE, "standard input can be read once only");
}

/* Of what the run reads it overwrites nothing. */
static gboolean
check_output (const WpReplayOptions *self, const char *option, const char *output, GError **error)
{
  const char *const files[] = { self->body_file, self->token_file, self->ca_file };
  const char *input = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (wp_options_same_file (output, files[i]))
      input = files[i];
  for (const char **path = self->trace_paths; path && *path; path++)
    if (wp_options_same_file (output, *path))
      input = *path;

  return !input || wp_fail (error, WP_ERROR_USAGE, "%s would overwrite %s, which is read", option, input);
}

static gboolean
check_files (const WpReplayOptions *self, GError **error)
{
  if (self->output && g_strcmp0 (self->output, self->hdr_file) == 0)
    return wp_fail (error, WP_ERROR_USAGE, "--output and --hdr would write the same file");
  return check_traces (self, error) && check_output (self, "--output", self->output, error)
         && check_output (self, "--hdr", self->hdr_file, error);
}

gboolean
wp_replay_options_parse (WpReplayOptions *self, char **argv, GError **error)
{
  g_autofree char **words = wp_options_parse (&command_line, self, argv, error);

  if (!words || !wp_drawn_traffic_check (&self->drawn, self->trace.limit_rows, error)
      || !take_words (self, words, error))
    return FALSE;
  if (self->drawn.clients > 0 && self->trace.scale != 1.0)
    g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE,
                         "--scale does not go with --clients: give more clients");
  else if (MAX (self->sender.connections, self->drawn.clients) > wp_connection_pool_raise_limit ())
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE,
                 "%s: %u is over %u connections, which is what the file limit allows",
                 self->drawn.clients > self->sender.connections ? "--clients" : "--connections",
                 MAX (self->sender.connections, self->drawn.clients), wp_connection_pool_raise_limit ());
  else if (self->drawn.clients > self->sender.connections)
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "--clients: %u clients need as many --connections, not %u",
                 self->drawn.clients, self->sender.connections);
  else if (self->n_threads > (self->drawn.clients > 0 ? self->drawn.clients : self->sender.connections))
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "--threads: %u threads need as many %s", self->n_threads,
                 self->drawn.clients > 0 ? "--clients" : "--connections");
  else
    return check_files (self, error);
  return FALSE;
}
