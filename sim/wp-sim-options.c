#include "sim/wp-sim-options.h"

#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-text.h"
#include "sim/model/wp-service-time.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-sweep-spec.h"
#include "sim/plot/wp-plot.h"
#include "sim/trace/wp-trace-option-table.h"

#define DEFAULT_SERVICE     "500ms"
#define DEFAULT_SEED        1
#define DEFAULT_INTERVAL_NS (100 * WP_NS_PER_MS)
#define NOT_GIVEN           (-1.0)
#define DEFAULT_MAX_LAG_NS  (10 * WP_NS_PER_MS) /* as wp-replay's */
#define MAX_HTTP_THREADS    1024                /* at least wp-server's maximum */
#define MAX_CLIENTS         100000000
#define MAX_REPLICATIONS    100000
#define MAX_THREADS         1024

/* A number, bare or with k, is a number of requests; with m it is minutes. */
static gboolean
parse_warmup (gpointer field, const char *value, GError **error)
{
  WpClosedLoopOptions *self = field;

  self->warmup_rows = 0;
  self->warmup_ns = WP_TIME_NONE;
  if (*value != '\0' && strspn (value, "0123456789kK") == strlen (value))
    return wp_options_parse_count (value, 0, G_MAXUINT64, &self->warmup_rows, error);

  return wp_time_parse_duration (value, &self->warmup_ns, error);
}

static gboolean
parse_slo (gpointer field, const char *value, GError **error)
{
  GPtrArray **slos = field;
  WpSlo *slo = wp_slo_parse (value, error);

  if (!slo)
    return FALSE;
  if (!*slos)
    *slos = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_slo_free);
  g_ptr_array_add (*slos, slo);

  return TRUE;
}

/* For every report of the process, which is why no field has them. */
static gboolean
parse_percentiles (gpointer field G_GNUC_UNUSED, const char *value, GError **error)
{
  g_auto (GStrv) names = g_strsplit (value, ",", -1);

  for (char **name = names; *name; name++)
    {
      g_autofree char *full = g_strconcat (**name == 'p' ? "" : "p", *name, NULL);

      if (!wp_metric_add_percentile (full, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
add_record (gpointer field, const char *value, GError **error G_GNUC_UNUSED)
{
  GPtrArray **against = field;

  if (!*against)
    *against = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (*against, g_strdup (value));

  return TRUE;
}

/* Repeated, it adds to the earlier values. */
static gboolean
parse_sweep (gpointer field, const char *value, GError **error)
{
  char **sweep = field;
  g_autofree char *text = *sweep ? g_strconcat (*sweep, ",", value, NULL) : g_strdup (value);
  g_autoptr (WpSweepSpec) spec = wp_sweep_spec_parse (text, error);

  if (!spec)
    return FALSE;
  g_free (*sweep);
  *sweep = g_steal_pointer (&text);

  return TRUE;
}

static gboolean
check_plot (const char *value, GError **error)
{
  return wp_plot_format_find (value, error) != NULL;
}

static gboolean
check_report (const char *value, GError **error)
{
  if (!g_str_has_suffix (value, ".html"))
    g_set_error (error, WP_ERROR, WP_ERROR_BAD_VALUE, "\"%s\" does not end in .html", value);

  return g_str_has_suffix (value, ".html") && wp_plot_panels (error);
}

/* as WpModeKind */
static const char *const mode_names[] = { "Default", "BufferedChannel", "WorkerPool", "all", NULL };
static const char *const format_names[] = { "text", "json", "csv", NULL }; /* as wp_report_formats */

#define FIELD(member) WP_FIELD (WpSimOptions, member)

static const WpOption mode_options[]
    = { { "mode", 'm', WP_OPTION_CHOICE, "MODE", WP_FIELD (WpPolicy, mode),
          "simulate all (default), Default, BufferedChannel or WorkerPool, in any letter case",
          .names = mode_names, .what = "a mode", .given = WP_POLICY_MODE },
        { NULL } };

static const WpOption model_options[] = {
  { "patience", 0, WP_OPTION_TIME, "TIME", FIELD (patience_ns),
    "a parked client leaves after TIME; with --ack=stored, so does a client whose job is queued (never)" },
  { "http-time", 0, WP_OPTION_TIME, "TIME", FIELD (http_stage.time_ns),
    "HTTP thread time per request before the queue; --calibrate measures it (none)" },
  { "http-threads", 0, WP_OPTION_COUNT, "N", FIELD (http_stage.threads), "HTTP threads of --http-time (1)", 1,
    MAX_HTTP_THREADS },
  { "dispatch-time", 0, WP_OPTION_TEXT, "SPEC", FIELD (dispatch),
    "time from a free worker to the start of its job, in the form of --service: workers that poll, or "
    "containers that start (0)" },
  { "front", 0, WP_OPTION_TIME, "TIME", FIELD (http_stage.time_ns) },
  { "front-threads", 0, WP_OPTION_COUNT, "N", FIELD (http_stage.threads), NULL, 1, MAX_HTTP_THREADS },
  { NULL }
};

static const WpOption trace_options[] = {
  { "service", 's', WP_OPTION_TEXT, "SPEC", FIELD (service),
    "service time where the trace has none (" DEFAULT_SERVICE "): " WP_SERVICE_FORMS },
  { "service-always", 0, WP_OPTION_FLAG, NULL, FIELD (service_always),
    "use --service even where the trace has a service time" },
  { "logged-workers", 0, WP_OPTION_OTHER, "N|auto|none", FIELD (logged),
    "take the waiting out of the response times of another server's log: behind N workers, first come, first "
    "served; auto (default for logs) finds N, or that nobody waited; none: they are service times",
    .parse = wp_logged_option_parse },
  { "seed", 0, WP_OPTION_INTEGER, "N", FIELD (seed),
    "seed of random numbers; equal seeds give equal runs (1)", 0, G_MAXUINT64 },
  { NULL }
};

static const WpOption draw_options[] = {
  { "generate", 0, WP_OPTION_TEXT, "SPEC", FIELD (draw.generate),
    "without TRACE: write a trace to standard output, with the service times of --service: "
    "poisson:rate=100,duration=60s, constant:, mmpp: or diurnal:" },
  { "digits", 0, WP_OPTION_INTEGER, "N", FIELD (draw.digits),
    "with --generate: digits of the seconds' fraction, 1 to 9; fewer than 9 are rounded (9)", 1, 9 },
  { "ids", 0, WP_OPTION_FLAG, NULL, FIELD (draw.ids), "with --generate: number the requests in a column id" },
  { "synthetic", 0, WP_OPTION_TEXT, "SPEC", FIELD (draw.synthetic),
    "without TRACE: simulate the trace that --generate=SPEC would write, without storing it" },
  { "clients", 0, WP_OPTION_COUNT, "P", FIELD (draw.clients.clients),
    "without TRACE: a closed loop, as of wrk: each of P clients waits for its response before it sends its "
    "next request",
    1, MAX_CLIENTS },
  { "think", 0, WP_OPTION_TEXT, "SPEC", FIELD (draw.think),
    "with --clients: think time, from a response to the next request, in the form of --service (0)" },
  { "duration", 0, WP_OPTION_TIME, "TIME", FIELD (draw.clients.duration_ns),
    "with --clients: send no request after TIME (or end the run by --limit)", 1 },
  { "warmup", 0, WP_OPTION_OTHER, "TIME|N", FIELD (draw.clients),
    "simulate the first TIME, or the first N requests, without counting them: 10s or 1000 (0)",
    .parse = parse_warmup },
  { "replications", 0, WP_OPTION_COUNT, "R", FIELD (draw.replications),
    "repeat drawn traffic R times with other seeds, on all cores: means with 95 % confidence intervals", 2,
    MAX_REPLICATIONS },
  { "precision", 0, WP_OPTION_SHARE, "SHARE", FIELD (draw.precision),
    "report how many runs, or parts of one, narrow the interval to SHARE of the mean (1%)", 1 },
  { "theory", 0, WP_OPTION_FLAG, NULL, FIELD (draw.theory),
    "with drawn traffic: print queueing theory's values beside the simulated ones, where a closed form is "
    "known" },
  { NULL }
};

static const WpOption plan_options[] = {
  { "plan", 0, WP_OPTION_FLAG, NULL, FIELD (plan.plan),
    "find the sizes that meet the SLOs at 1x and 2x the traffic (default with --mode=all in text and "
    "JSON); holds the trace "
    "in memory at 16 bytes per request; exit status 1 if no sizes do" },
  { "no-plan", 0, WP_OPTION_FLAG, NULL, FIELD (plan.no_plan), "simulate the given sizes only" },
  { "margin", 0, WP_OPTION_FACTOR, "X", FIELD (plan.margin),
    "without --workers and --queue: recommend sizes that meet the SLOs at X times the traffic, 1 or more "
    "(1.5)" },
  { "slo", 0, WP_OPTION_OTHER, "EXPR", FIELD (plan.slos),
    "service-level objective, may be repeated: METRIC<VALUE with a metric of the JSON report, "
    "such as response.p99<1s or blocked<0.1% (of the requests); replaces the default: "
    "blocked==0, rejected==0, timed_out==0, wait.p99<1s",
    .parse = parse_slo },
  { "gate", 0, WP_OPTION_FLAG, NULL, FIELD (plan.gate),
    "for CI: print one line instead of the report, and exit with status 1 unless the given sizes meet the "
    "objectives" },
  { "sweep", 0, WP_OPTION_OTHER, "SPEC", FIELD (plan.sweep),
    "simulate every combination, one row each: workers=1:64,queue=0:1000:100,scale=1:2:0.5,service=1 "
    "(repeat a name for a list)",
    .parse = parse_sweep },
  { "at", 0, WP_OPTION_TIME, "TIME", FIELD (plan.at_ns),
    "print the state at TIME: depth, parked, busy, age of the oldest waiting request" },
  { "sensitivity", 0, WP_OPTION_TIME, "TIME", FIELD (plan.sensitivity_ns),
    "repeat the simulation 15 times with arrivals late by up to TIME: the range of each figure, and the "
    "sizes of the plan that depend on it",
    1 },
  { "threads", 0, WP_OPTION_COUNT, "N", FIELD (plan.threads),
    "threads for --plan, --sweep and --replications (one per core)", 1, MAX_THREADS },
  { "memory", 0, WP_OPTION_SIZE, "SIZE", FIELD (plan.memory_bytes),
    "memory for the requests of --plan and --sweep, 16 bytes each, 32 where several service scales are "
    "swept (a quarter of what "
    "the process may have)",
    1, G_MAXINT64 },
  { NULL }
};

static const WpOption output_options[] = {
  { "format", 0, WP_OPTION_CHOICE, "FORMAT", FIELD (format_index),
    "format of the report: text (default), json or csv", .names = format_names, .what = "a format" },
  { "percentiles", 0, WP_OPTION_OTHER, "LIST", FIELD (format_index),
    "percentiles beside those of every report, four at most: 75,99.5; those of --slo are added by themselves",
    .parse = parse_percentiles },
  { "series", 0, WP_OPTION_FILE, "FILE", FIELD (series),
    "write depth, parked and busy over time, as CSV; - is standard output" },
  { "interval", 0, WP_OPTION_TIME, "TIME", FIELD (interval_ns),
    "with --series: time between two rows (100ms)", 1 },
  { "jobs", 0, WP_OPTION_FILE, "FILE", FIELD (jobs),
    "write the prediction for every request of one mode, as a trace; - is standard output" },
  { "plot", 0, WP_OPTION_FILE, "FILE", FIELD (plot),
    "draw depth over time and response percentiles, or with --sweep a heat map: FILE.svg or FILE.png",
    .check = check_plot },
  { "report", 0, WP_OPTION_FILE, "FILE", FIELD (report),
    "write the result for a pull request, as one page of HTML that needs no other file: FILE.html",
    .check = check_report },
  { "against", 0, WP_OPTION_OTHER, "FILE", FIELD (against),
    "compare with a record of wp-server, whose notes give the sizes that were not set; exit status 1 "
    "outside the tolerance; with --instances once for each server, with --fronts for each front and worker",
    .parse = add_record },
  { "tolerance", 0, WP_OPTION_SHARE, "SHARE", FIELD (tolerance),
    "with --against: accepted error, 2% (default; with --instances and --fronts 10%) or 0.02" },
  { "max-lag", 0, WP_OPTION_TIME, "TIME", FIELD (max_lag_ns),
    "with --against: where the prediction agrees only as replayed, the most that the p99 of late arrivals "
    "may be (10ms)" },
  { "client", 0, WP_OPTION_FILE, "FILE", FIELD (client),
    "with --against: a record of wp-replay --output, to compare the views of client and server" },
  { "calibrate", 0, WP_OPTION_FILE, "RECORD", FIELD (calibrate),
    "without TRACE: fit the costs of database and HTTP threads to a record of wp-server; prints options "
    "for a prediction" },
  { NULL }
};

static const WpOptionGroup groups[]
    = { { "Model", mode_options, G_STRUCT_OFFSET (WpSimOptions, policy), G_STRUCT_OFFSET (WpPolicy, given) },
        { NULL, wp_policy_options + 1, G_STRUCT_OFFSET (WpSimOptions, policy),
          G_STRUCT_OFFSET (WpPolicy, given) },
        { NULL, model_options, 0, 0 },
        { NULL, wp_sim_fleet_options, G_STRUCT_OFFSET (WpSimOptions, fleet),
          G_STRUCT_OFFSET (WpFleetOptions, given) },
        { NULL, wp_sim_shared_queue_options, 0, 0 },
        { "Trace", wp_trace_options, G_STRUCT_OFFSET (WpSimOptions, trace), 0 },
        { NULL, trace_options, 0, 0 },
        { "Generated traffic", draw_options, 0, 0 },
        { "Sizes", plan_options, 0, 0 },
        { "Output", output_options, 0, 0 },
        { NULL, NULL, 0, 0 } };

static const WpCommandLine command_line = {
  "TRACE...",
  "Replays a request trace through a model of wp-server's three modes, and predicts queue depth, blocking\n"
  "and latency. TRACE is a CSV trace or an access log, packed or not; - is standard input. Several files are\n"
  "one trace, in order of time.",
  groups
};

gboolean
wp_sim_options_are_of_fleet (const WpSimOptions *self)
{
  return self->fleet.instances > 0 || self->shared.fronts > 0;
}

gboolean
wp_sim_options_are_drawn (const WpSimOptions *self)
{
  return self->draw.generate || self->draw.synthetic || self->draw.clients.clients > 0;
}

guint64
wp_sim_options_memory (const WpSimOptions *self)
{
  return self->plan.memory_bytes > 0 ? self->plan.memory_bytes : wp_memory_available () / 4;
}

guint
wp_sim_options_threads (const WpSimOptions *self)
{
  return self->plan.threads > 0 ? self->plan.threads : CLAMP (g_get_num_processors (), 1, MAX_THREADS);
}

gboolean
wp_sim_options_are_csv (const WpSimOptions *self)
{
  return g_str_equal (self->format->name, "csv");
}

gboolean
wp_sim_options_are_spawning (const WpSimOptions *self)
{
  return self->policy.dispatcher == WP_DISPATCHER_SPAWNING && self->policy.mode != WP_MODE_BUFFERED_CHANNEL;
}

/* Does a report of these options have a plan, though none was asked for? */
static gboolean
is_planned_by_default (const WpSimOptions *self)
{
  return !self->plan.no_plan && !self->plan.sweep && !self->plan.gate && !wp_sim_options_are_of_fleet (self)
         && self->policy.mode == WP_MODE_ALL && !wp_sim_options_are_spawning (self) && !self->against
         && !wp_sim_options_are_drawn (self);
}

gboolean
wp_sim_options_want_plan (const WpSimOptions *self)
{
  return self->plan.plan || is_planned_by_default (self);
}

WpStages
wp_sim_options_stages (const WpSimOptions *self)
{
  return (WpStages){ self->http_stage,
                     self->dispatches,
                     self->seed,
                     self->draw.clients.warmup_rows,
                     self->draw.clients.warmup_ns,
                     1 };
}

gboolean
wp_sim_options_may_try_sizes (const WpSimOptions *self)
{
  return self->policy.mode != WP_MODE_DEFAULT && self->policy.mode != WP_MODE_BUFFERED_CHANNEL
         && !wp_sim_options_are_spawning (self) && !wp_sim_options_are_drawn (self);
}

const WpPolicy *
wp_sim_options_given_sizes (const WpSimOptions *self)
{
  const guint sizes = WP_POLICY_QUEUE | WP_POLICY_WORKERS;

  return (self->policy.given & sizes) == sizes ? &self->policy : NULL;
}

gboolean
wp_sim_options_want_sizes (const WpSimOptions *self)
{
  return self->policy.mode == WP_MODE_ALL && (self->policy.given & (WP_POLICY_QUEUE | WP_POLICY_WORKERS)) == 0
         && wp_sim_options_want_plan (self);
}

/* @times: (out): of @spec, on its own random stream. */
static gboolean
open_times (const char *option, const char *spec, guint64 stream, WpServiceTime **times, GError **error)
{
  *times = wp_service_time_new (spec, 1, TRUE, 0, error);
  if (*times)
    wp_service_time_use_stream (*times, stream);
  else
    g_prefix_error (error, "%s: ", option);

  return *times != NULL;
}

/* As it was typed, as far as the shell's words show. */
static char *
join_command (char **argv)
{
  GString *command = g_string_new (g_get_prgname ());

  for (char **word = argv + 1; *word; word++)
    {
      g_autofree char *quoted = wp_text_quote (*word);

      g_string_append_printf (command, " %s", quoted);
    }

  return g_string_free (command, FALSE);
}

gboolean
wp_sim_options_parse (WpSimOptions *self, char **argv, GError **error)
{
  g_autofree char **traces = NULL;

  *self = (WpSimOptions){ .trace = WP_TRACE_OPTIONS_INIT,
                          .seed = DEFAULT_SEED,
                          .patience_ns = WP_TIME_NONE,
                          .tolerance = NOT_GIVEN,
                          .max_lag_ns = WP_TIME_NONE,
                          .interval_ns = WP_TIME_NONE,
                          .draw = { .clients = { .duration_ns = WP_TIME_NONE, .warmup_ns = WP_TIME_NONE } },
                          .plan = { .at_ns = WP_TIME_NONE } };
  self->command = join_command (argv);
  wp_policy_init (&self->policy, WP_MODE_ALL);
  if (!(traces = wp_options_parse (&command_line, self, argv, error)))
    return FALSE;
  self->paths = g_strdupv (traces);
  self->service_is_given = self->service != NULL;
  if (!self->service)
    self->service = g_strdup (DEFAULT_SERVICE);
  self->format = &wp_report_formats[self->format_index];
  if (!wp_sim_options_check (self, g_strv_length (traces), error)
      || (self->dispatch
          && !open_times ("--dispatch-time", self->dispatch, WP_DISPATCH_STREAM, &self->dispatches, error))
      || !open_times ("--think", self->draw.think ? self->draw.think : "0", WP_THINK_STREAM, &self->thinks,
                      error))
    return FALSE;
  if ((self->plan.gate || wp_sim_options_are_of_fleet (self)) && self->policy.mode == WP_MODE_ALL)
    self->policy.mode = WP_MODE_WORKER_POOL;
  if (self->plan.gate && !self->plan.slos)
    self->plan.slos = wp_slos_new_default ();
  if (self->tolerance == NOT_GIVEN)
    self->tolerance
        = wp_sim_options_are_of_fleet (self) ? WP_AGREEMENT_FLEET_TOLERANCE : WP_AGREEMENT_TOLERANCE;
  if (self->max_lag_ns == WP_TIME_NONE)
    self->max_lag_ns = DEFAULT_MAX_LAG_NS;
  if (self->interval_ns == WP_TIME_NONE)
    self->interval_ns = DEFAULT_INTERVAL_NS;
  self->http_stage.threads = MAX (self->http_stage.threads, 1);
  self->draw.clients.http_stage = self->http_stage;
  self->draw.clients.until_stored = self->policy.ack == WP_ACK_STORED;

  return TRUE;
}

void
wp_sim_options_clear (WpSimOptions *self)
{
  wp_options_clear (&command_line, self);
  g_strfreev (self->paths);
  g_free (self->command);
  g_free (self->learnt);
  g_clear_pointer (&self->services, wp_service_time_free);
  g_clear_pointer (&self->dispatches, wp_service_time_free);
  g_clear_pointer (&self->thinks, wp_service_time_free);
  g_free (self->plan.sweep);
  g_clear_pointer (&self->against, g_ptr_array_unref);
  g_clear_pointer (&self->plan.slos, g_ptr_array_unref);
}
