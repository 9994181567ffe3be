#include "sim/wp-sim-options.h"

#include <math.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/plot/wp-plot.h"
#include "sim/model/wp-service-time.h"

#define DEFAULT_SERVICE "500ms"
#define DEFAULT_SEED 1
#define MOST_FRONT_THREADS 1024   /* as wp-server has it at most */
#define DEFAULT_INTERVAL_NS (100 * WP_NS_PER_MS)

static gboolean
set_text (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);

  return TRUE;
}

static gboolean
on_mode (const char *option, const char *value, gpointer data, GError **error)
{
  WpPolicy *policy = data;

  if (g_ascii_strcasecmp (value, "all") != 0)
    return wp_policy_set (policy, "mode", value, error);
  policy->mode = WP_MODE_ALL;
  policy->given |= WP_POLICY_MODE;

  return TRUE;
}

static gboolean
on_text (const char *option, const char *value, gpointer data, GError **error)
{
  WpSimOptions *self = data;
  const struct { const char *option; char **field; } fields[] = {
    { "--service", &self->service }, { "-s", &self->service }, { "--against", &self->against }, { "--client", &self->client },
    { "--series", &self->series }, { "--calibrate", &self->calibrate }, { "--jobs", &self->jobs }, { "--columns", (char **) &self->trace.columns }
  };

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (g_str_equal (fields[i].option, option))
      return set_text (fields[i].field, value);
  g_return_val_if_reached (FALSE);
}

static gboolean
on_service_always (const char *option, const char *value, gpointer data, GError **error)
{
  ((WpSimOptions *) data)->service_always = TRUE;

  return TRUE;
}

static gboolean
on_seed (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_options_parse_uint (value, 0, G_MAXUINT64, &((WpSimOptions *) data)->seed, error);
}

static gboolean
on_scale (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_options_parse_positive (value, &((WpSimOptions *) data)->trace.scale, error);
}

static gboolean
on_service_scale (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_options_parse_positive (value, &((WpSimOptions *) data)->trace.service_scale, error);
}

static gboolean
on_limit (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_options_parse_count (value, 1, G_MAXUINT64, &((WpSimOptions *) data)->trace.limit_rows, error);
}

static gboolean
on_patience (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_time_parse_duration (value, &((WpSimOptions *) data)->patience_ns, error);
}

static gboolean
on_front (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_time_parse_duration (value, &((WpSimOptions *) data)->front.time_ns, error);
}

static gboolean
on_front_threads (const char *option, const char *value, gpointer data, GError **error)
{
  guint64 threads;

  if (!wp_options_parse_count (value, 1, MOST_FRONT_THREADS, &threads, error))
    return FALSE;
  ((WpSimOptions *) data)->front.threads = (guint) threads;

  return TRUE;
}

static gboolean
on_interval (const char *option, const char *value, gpointer data, GError **error)
{
  gint64 *interval_ns = &((WpSimOptions *) data)->interval_ns;

  if (!wp_time_parse_duration (value, interval_ns, error))
    return FALSE;
  if (*interval_ns > 0)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is no interval: it must be more than 0", value);

  return FALSE;
}

/* 2% or 0.02, 100% at most, so that a bare 2 is not taken for 200 %. */
static gboolean
on_tolerance (const char *option, const char *value, gpointer data, GError **error)
{
  gsize length = strlen (value);
  gboolean is_percent = g_str_has_suffix (value, "%");
  g_autofree char *number = g_strndup (value, length - is_percent);
  gboolean is_number = *number != '\0' && strspn (number, "0123456789.") == strlen (number);
  char *end = number;
  double share = is_number ? g_ascii_strtod (number, &end) / (is_percent ? 100 : 1) : NAN;

  if (is_number && *end == '\0' && share <= 1)
    {
      ((WpSimOptions *) data)->tolerance = share;
      return TRUE;
    }
  g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" is not a share, such as 2%% or 0.02", value);

  return FALSE;
}

static gboolean
on_format (const char *option, const char *value, gpointer data, GError **error)
{
  const WpReportFormat *format = wp_report_format_find (value, error);

  ((WpSimOptions *) data)->format = format;

  return format != NULL;
}

static gboolean
on_input (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_input_format_parse (value, &((WpSimOptions *) data)->trace.input, error);
}

static gboolean
on_plot (const char *option, const char *value, gpointer data, GError **error)
{
  return wp_plot_format_find (value, error) != NULL && set_text (&((WpSimOptions *) data)->plot, value);
}

#define CALL(name, letter, function, text, value) { name, letter, 0, G_OPTION_ARG_CALLBACK, function, text, value }

static const GOptionEntry trace_entries[] = {
  CALL ("input", 0, on_input, "what TRACE is: csv (default); clf, an access log of nginx or Apache; jsonl, JSON lines", "KIND"),
  CALL ("columns", 0, on_text, "where other files have it: arrival=TIMESTAMP,service=0.03+0.02*Tokens", "MAP"),
  CALL ("scale", 0, on_scale, "X times the traffic: arrivals are divided by X", "X"),
  CALL ("service-scale", 0, on_service_scale, "service times X", "X"),
  CALL ("limit", 0, on_limit, "the first N rows only", "N"),
  CALL ("service", 's', on_text,
        "service where the trace has none (default 500ms): " WP_SERVICE_FORMS, "SPEC"),
  { "service-always", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, on_service_always, "use --service even where the trace has its own", NULL },
  CALL ("seed", 0, on_seed, "of what is drawn (1); equal seeds, equal runs", "N"),
  CALL ("front", 0, on_front, "HTTP threads before the queue: each request takes one of them for so long (none; --calibrate says it)", "TIME"),
  CALL ("front-threads", 0, on_front_threads, "of --front: how many there are (1)", "N"),
  CALL ("patience", 0, on_patience,
        "a parked client leaves after that long (never); with --ack=stored one whose job is queued too", "TIME"),
  { NULL }
};

static const GOptionEntry answer_entries[] = {
  CALL ("calibrate", 0, on_text, "no TRACE: learn from a server's record what its database and its front cost, as options of a prediction", "FILE"),
  CALL ("against", 0, on_text, "compare with what a server recorded; sizes left out are taken from its notes; exit 1 outside the tolerance", "FILE"),
  CALL ("tolerance", 0, on_tolerance, "of --against: 2% (default) or 0.02", "SHARE"),
  CALL ("client", 0, on_text, "of --against: what wp-replay -o wrote, to see whether client and server agree", "FILE"),
  CALL ("series", 0, on_text, "write depth, parked and busy over time, CSV; - is standard output", "FILE"),
  CALL ("interval", 0, on_interval, "of --series (100ms)", "TIME"),
  CALL ("jobs", 0, on_text, "write the prediction for every request of one mode, a trace; - is standard output", "FILE"),
  CALL ("plot", 0, on_plot, "draw depth over time and percentiles of response, or of --sweep the heat map: FILE.svg or FILE.png", "FILE"),
  CALL ("format", 0, on_format, "text (default), json or csv", "FORMAT"),
  { NULL }
};

/* The policy's own, but a mode may be "all" here. */
static GOptionEntry *
make_policy_entries (void)
{
  GArray *entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const GOptionEntry *entry = wp_policy_entries; entry->long_name; entry++)
    {
      GOptionEntry copy = *entry;

      if (g_str_equal (copy.long_name, "mode"))
        {
          copy.arg_data = on_mode;
          copy.description = "all (default), Default, BufferedChannel or WorkerPool, in any letter case";
        }
      g_array_append_val (entries, copy);
    }

  return (GOptionEntry *) g_array_free (entries, FALSE);
}

static gboolean
fail_usage (GError **error, const char *message)
{
  g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, message);

  return FALSE;
}

static gboolean
is_stream (const char *path)
{
  return g_strcmp0 (path, "-") == 0;
}

static gboolean
is_input (const WpSimOptions *self, const char *output)
{
  return wp_options_same_file (output, self->path) || wp_options_same_file (output, self->against) || wp_options_same_file (output, self->client);
}

/* Planning stands on a recursion that group commit and a front before the queue are not part of. */
static gboolean
check_group_commit (const WpSimOptions *self, GError **error)
{
  const char *what = g_ascii_strncasecmp (self->service, "batch:", strlen ("batch:")) == 0 ? "--service=batch:" : self->front.time_ns > 0 ? "--front" : NULL;
  const char *with = self->plan.plan ? "--plan" : self->plan.sweep ? "--sweep" : self->draw.theory ? "--theory" : self->draw.generate ? "--generate" : NULL;

  if (!what || !with)
    return TRUE;
  g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "%s is not there for %s%s", with, what,
               self->plan.plan || self->plan.sweep ? " (compare sizes by a run of each, with --queue and --workers)" : "");

  return FALSE;
}

static gboolean
check (const WpSimOptions *self, GError **error)
{
  if (!wp_policy_check (&self->policy, error))
    return FALSE;
  if (self->calibrate && (self->against || self->plan.sweep || self->jobs || self->series || self->plot || wp_draw_options_given (&self->draw)))
    return fail_usage (error, "--calibrate only reads a record: predict with what it prints");
  if (self->calibrate && g_str_equal (self->format->name, "csv"))
    return fail_usage (error, "--calibrate is in text and JSON only");
  if (self->front.threads > 0 && self->front.time_ns == 0)
    return fail_usage (error, "--front-threads belongs to --front");
  if (!check_group_commit (self, error))
    return FALSE;
  if (self->client && !self->against)
    return fail_usage (error, "--client belongs to --against");
  if (self->jobs && !self->against && self->policy.mode == WP_MODE_ALL)
    return fail_usage (error, "--jobs writes one model: say which with --mode");
  if (self->jobs && g_strcmp0 (self->jobs, self->series) == 0)
    return fail_usage (error, "--jobs and --series would write the same file");
  if (self->plot && (g_strcmp0 (self->plot, self->jobs) == 0 || g_strcmp0 (self->plot, self->series) == 0))
    return fail_usage (error, "--plot and another option would write the same file");
  if (is_input (self, self->jobs) || is_input (self, self->series) || is_input (self, self->plot))
    return fail_usage (error, "an output would overwrite a file that is read");
  if (is_stream (self->path) + is_stream (self->against) + is_stream (self->client) > 1)
    return fail_usage (error, "standard input can be read once only");

  return wp_draw_options_check (self, error) && wp_plan_options_check (self, error);
}

static gboolean
finish (WpSimOptions *self, GError **error)
{
  if (!check (self, error))
    return FALSE;
  self->front.threads = MAX (self->front.threads, 1);
  self->draw.clients.front = self->front;
  self->draw.clients.until_stored = self->policy.ack == WP_ACK_STORED;

  return TRUE;
}

static void
init (WpSimOptions *self)
{
  *self = (WpSimOptions) {
    .trace = WP_TRACE_OPTIONS_INIT, .service = g_strdup (DEFAULT_SERVICE), .seed = DEFAULT_SEED, .patience_ns = WP_TIME_NONE,
    .tolerance = WP_AGAINST_TOLERANCE, .interval_ns = DEFAULT_INTERVAL_NS, .format = &wp_report_formats[0]
  };
  wp_policy_init (&self->policy, WP_MODE_ALL);
  wp_draw_options_init (&self->draw);
  wp_plan_options_init (&self->plan);
}

gboolean
wp_sim_options_parse (WpSimOptions *self, int *argc, char ***argv, GError **error)
{
  g_autofree GOptionEntry *policy_entries = make_policy_entries ();
  const GOptionEntry *const tables[] = { policy_entries, trace_entries, wp_draw_entries, wp_plan_entries, answer_entries, NULL };

  init (self);
  if (!wp_options_parse ("TRACE", "Replays a request trace through a model of wp-server's three modes, and predicts queue depth, blocking\n"
                                  "and latency. TRACE is CSV with a column \"arrival\", gzipped or not; - is standard input.",
                         tables, self, argc, argv, error))
    return FALSE;
  if (*argc == 1 && (wp_draw_options_given (&self->draw) || self->calibrate))
    return finish (self, error);
  if (self->calibrate)
    return fail_usage (error, "a trace beside --calibrate, which simulates nothing: predict with what it prints");
  if (wp_draw_options_given (&self->draw))
    return fail_usage (error, "a trace beside traffic that is drawn: give one or the other");
  if (*argc != 2)
    return fail_usage (error, *argc < 2 ? "no trace: give a file, or - for standard input" : "one trace at a time");
  self->path = g_strdup ((*argv)[1]);

  return finish (self, error);
}

void
wp_sim_options_clear (WpSimOptions *self)
{
  g_free ((char *) self->trace.columns);
  g_free (self->path);
  g_free (self->service);
  g_free (self->against);
  g_free (self->calibrate);
  g_free (self->client);
  g_free (self->series);
  g_free (self->jobs);
  g_free (self->plot);
  wp_draw_options_clear (&self->draw);
  wp_plan_options_clear (&self->plan);
}
