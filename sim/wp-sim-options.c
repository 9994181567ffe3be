#include "sim/wp-sim-options.h"

#include <stdio.h>
#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-memory.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-text.h"
#include "sim/model/wp-calibration.h"
#include "sim/model/wp-service-time.h"
#include "sim/plan/wp-slo.h"
#include "sim/plan/wp-sweep-spec.h"
#include "sim/plot/wp-plot.h"
#include "sim/report/wp-format.h"
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

gboolean
wp_sim_options_need_services (const WpSimOptions *self)
{
  return self->jobs || self->series || self->plot || self->report || self->against || self->plan.plan
         || self->plan.gate || self->plan.slos || self->plan.at_ns != WP_TIME_NONE
         || wp_sim_options_are_of_fleet (self)
         || (self->policy.given & (WP_POLICY_QUEUE | WP_POLICY_WORKERS));
}

void
wp_sim_options_fail_services (const WpSimOptions *self, GError **error)
{
  g_autofree char *names = g_strjoinv (", ", self->paths);

  g_set_error (
      error, WP_ERROR, WP_ERROR_BAD_TRACE,
      "%s: the log has no request times: say how long a request takes, --service=60ms, or where that is, "
      "--columns response=NAME",
      names);
}

guint
wp_sim_options_threads (const WpSimOptions *self)
{
  return self->plan.threads > 0 ? self->plan.threads : CLAMP (g_get_num_processors (), 1, MAX_THREADS);
}

static gboolean
is_csv (const WpSimOptions *self)
{
  return g_str_equal (self->format->name, "csv");
}

static gboolean
is_spawning (const WpSimOptions *self)
{
  return self->policy.dispatcher == WP_DISPATCHER_SPAWNING && self->policy.mode != WP_MODE_BUFFERED_CHANNEL;
}

/* Does a report of these options have a plan, though none was asked for? */
static gboolean
is_planned_by_default (const WpSimOptions *self)
{
  return !self->plan.no_plan && !self->plan.sweep && !self->plan.gate && !wp_sim_options_are_of_fleet (self)
         && self->policy.mode == WP_MODE_ALL && !is_csv (self) && !is_spawning (self) && !self->against
         && !self->jobs && !self->series && !wp_sim_options_are_drawn (self);
}

gboolean
wp_sim_options_want_plan (const WpSimOptions *self)
{
  return self->plan.plan || is_planned_by_default (self);
}

WpStages
wp_sim_options_stages (const WpSimOptions *self)
{
  return (WpStages){ self->http_stage, self->dispatches, self->seed, self->draw.clients.warmup_rows,
                     self->draw.clients.warmup_ns };
}

char *
wp_sim_options_warn_of_groups (const WpSimOptions *self, const WpTrace *trace, guint64 n_taken)
{
  const char *database = wp_trace_note (trace, "database");
  g_autofree char *names = g_strjoinv (",", self->paths);

  if (n_taken == 0 || self->service_always || wp_service_time_is_batch (self->service)
      || !wp_commit_is_of (database))
    return NULL;

  return g_strdup_printf (
      "the service times of %s contain the wait for a commit, which its database (%s) makes for many rows at "
      "once: simulate the commits, --service=batch:from:%s",
      names, database, names);
}

/* Does nothing say where services come from, or what has no commits? */
static gboolean
may_learn (const WpSimOptions *self, const WpTrace *trace)
{
  for (char **path = self->paths; *path; path++)
    if (g_str_equal (*path, "-") || !g_file_test (*path, G_FILE_TEST_IS_REGULAR)
        || (self->paths[1] && strchr (*path, ',')))
      return FALSE; /* it cannot be read twice, or named in a list */

  return !self->service_is_given && !self->service_always && !self->trace.columns
         && self->logged.choice == WP_LOGGED_BY_DEFAULT && !self->against && !self->dispatch
         && !wp_sim_options_are_of_fleet (self) && wp_commit_is_of (wp_trace_note (trace, "database"));
}

static void
learn_commits (WpSimOptions *self)
{
  g_autofree char *names = g_strjoinv (",", self->paths);
  g_autoptr (GPtrArray) records = wp_calibration_load (names, NULL);
  char commits[WP_FORMAT_CELL], rows[WP_FORMAT_CELL];
  guint64 n_commits = 0;
  guint most_rows = 0;

  for (guint i = 0; records && i < records->len; i++)
    {
      const WpCalibration *record = records->pdata[i];

      if (!wp_calibration_is_good (record))
        return;
      n_commits += record->n_commits;
      most_rows = MAX (most_rows, record->most_seen);
    }
  if (!records)
    return;
  self->services = wp_service_time_new_learnt (records);
  g_free (self->service);
  self->service = g_strconcat ("batch:from:", names, NULL);
  self->learnt = g_strdup_printf (
      "services: %s commits of up to %s rows learnt from this record, --service=%s; another --service "
      "overrides it",
      wp_format_whole (commits, (double) n_commits), wp_format_whole (rows, most_rows), self->service);
}

gboolean
wp_sim_options_open_services (WpSimOptions *self, const WpTrace *trace, GError **error)
{
  if (trace && may_learn (self, trace))
    learn_commits (self);
  if (!self->services)
    self->services = wp_service_time_new (self->service, 1, self->service_always, self->seed, error);

  return self->services != NULL;
}

void
wp_sim_options_print_learnt (const WpSimOptions *self)
{
  g_autofree char *line = self->learnt ? wp_text_escape (self->learnt) : NULL;

  if (line)
    fprintf (stderr, "wp-sim: %s\n", line);
}

gboolean
wp_sim_options_may_try_sizes (const WpSimOptions *self)
{
  return self->policy.mode != WP_MODE_DEFAULT && self->policy.mode != WP_MODE_BUFFERED_CHANNEL
         && !is_spawning (self) && !wp_sim_options_are_drawn (self);
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

gboolean
wp_sim_options_run_checks (const WpSimCheck *checks, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    if (checks[i].is_wrong)
      {
        g_set_error_literal (error, WP_ERROR, WP_ERROR_USAGE, checks[i].message);
        return FALSE;
      }

  return TRUE;
}

static gboolean
check_calibrate (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { self->against || self->plan.sweep || self->jobs || self->series || self->plot
          || wp_sim_options_are_drawn (self),
      "--calibrate only reads a record: use the options that it prints for a prediction" },
    { is_csv (self), "--calibrate reports in text and JSON only" },
  };

  return !self->calibrate || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

/* Theory and traces have a service time for each request, and nothing else. */
static gboolean
check_recursion (const WpSimOptions *self, GError **error)
{
  const char *drawn = self->draw.theory ? "--theory" : self->draw.generate ? "--generate" : NULL;
  const char *what = wp_service_time_is_batch (self->service) ? "--service=batch:"
                     : self->http_stage.time_ns > 0           ? "--http-time"
                     : self->dispatch                         ? "--dispatch-time"
                                                              : NULL;

  if (drawn && what)
    g_set_error (error, WP_ERROR, WP_ERROR_USAGE, "%s is not available with %s", drawn, what);

  return !drawn || !what;
}

static gboolean
is_stream (const char *path)
{
  return g_strcmp0 (path, "-") == 0;
}

/* @spec: NULL, or a service time, which may be from:FILE or batch:from:FILE,FILE... */
static gboolean
is_drawn_from (const char *spec, const char *output)
{
  const char *from = spec ? strstr (spec, "from:") : NULL;
  g_auto (GStrv) files = from ? g_strsplit (from + strlen ("from:"), ",", -1) : NULL;

  for (char **file = files; file && *file; file++)
    if (wp_options_same_file (output, *file))
      return TRUE;

  return FALSE;
}

static gboolean
is_input (const WpSimOptions *self, const char *output)
{
  for (char **path = self->paths; *path; path++)
    if (wp_options_same_file (output, *path))
      return TRUE;

  for (guint i = 0; self->against && i < self->against->len; i++)
    if (wp_options_same_file (output, self->against->pdata[i]))
      return TRUE;

  return wp_options_same_file (output, self->client) || is_drawn_from (self->service, output)
         || is_drawn_from (self->dispatch, output);
}

/* Of all inputs. */
static guint
count_streams (const WpSimOptions *self)
{
  guint n = (guint) is_stream (self->client);

  for (guint i = 0; self->against && i < self->against->len; i++)
    n += (guint) is_stream (self->against->pdata[i]);

  for (char **path = self->paths; *path; path++)
    n += (guint) is_stream (*path);

  return n;
}

/* The same name, or "./" before one. */
static gboolean
is_same_output (const char *a, const char *b)
{
  g_autofree char *first = a ? g_canonicalize_filename (a, NULL) : NULL,
                  *second = b ? g_canonicalize_filename (b, NULL) : NULL;

  return first && g_strcmp0 (first, second) == 0;
}

static gboolean
check_files (const WpSimOptions *self, GError **error)
{
  g_autofree char *n_records
      = g_strdup_printf ("--against is given %u times, and there is a record for each server: --instances=%u",
                         self->against ? self->against->len : 0, MAX (self->fleet.instances, 1));
  const WpSimCheck checks[] = {
    { self->client && !self->against, "--client needs --against" },
    { self->client && wp_sim_options_are_of_fleet (self),
      "--client does not go with --instances and --fronts" },
    { self->shared.fronts > 0 && self->against && self->against->len < 2,
      "--against is given once; with --fronts give the record of each front and of each worker" },
    { self->shared.fronts == 0 && self->against && self->against->len != MAX (self->fleet.instances, 1),
      n_records },
    { self->jobs && !self->against && self->policy.mode == WP_MODE_ALL && !wp_sim_options_are_of_fleet (self),
      "--jobs writes one mode: select it with --mode" },
    { is_same_output (self->jobs, self->series), "--jobs and --series would write the same file" },
    { self->report && (self->calibrate || self->draw.generate),
      "--report is of predictions: it does not go with --calibrate and --generate" },
    { is_same_output (self->report, self->jobs) || is_same_output (self->report, self->series)
          || is_same_output (self->report, self->plot),
      "--report and another option would write the same file" },
    { is_same_output (self->plot, self->jobs) || is_same_output (self->plot, self->series),
      "--plot and another option would write the same file" },
    { is_input (self, self->jobs) || is_input (self, self->series) || is_input (self, self->plot)
          || is_input (self, self->report),
      "an output would overwrite a file that is read" },
    { count_streams (self) > 1, "standard input can be read once only" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_drawn (const WpSimOptions *self, GError **error)
{
  const WpDrawOptions *draw = &self->draw;
  gboolean closed = draw->clients.clients > 0, simulated = draw->synthetic || closed;
  const WpSimCheck checks[] = {
    { draw->digits > 0 && !draw->generate, "--digits needs --generate" },
    { draw->ids && !draw->generate, "--ids needs --generate" },
    { draw->think && !closed, "--think needs --clients" },
    { wp_service_time_is_batch (draw->think),
      "--think: batch: is for a database: give a time, or a distribution" },
    { draw->clients.duration_ns != WP_TIME_NONE && !closed,
      "--duration needs --clients; other traffic has it in its SPEC" },
    { draw->replications > 0 && !simulated, "--replications needs --synthetic or --clients" },
    { draw->precision > 0 && !simulated, "--precision needs --synthetic or --clients" },
    { draw->theory && !simulated,
      "--theory needs --synthetic or --clients: the distributions of a trace are unknown" },
    { !!draw->generate + !!draw->synthetic + closed > 1,
      "--generate, --synthetic and --clients exclude each other" },
    { closed && draw->clients.duration_ns == WP_TIME_NONE && self->trace.limit_rows == 0,
      "--clients: no end: give --duration or --limit" },
    { closed && (self->jobs || self->series || self->plot || self->report || self->against),
      "--jobs, --series, --plot, --report and --against are not available with --clients, whose arrivals "
      "depend on the mode" },
    { closed && self->trace.scale != 1.0, "--scale does not go with --clients: give more clients" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_plan (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { self->plan.no_plan, "--plan and --no-plan exclude each other" },
    { self->against != NULL, "--plan does not go with --against" },
    { self->plan.sweep != NULL, "--plan does not go with --sweep" },
    { is_csv (self), "--plan reports in text and JSON only" },
    { self->draw.generate || self->draw.clients.clients > 0,
      "--plan needs a trace or --synthetic: arrivals of --clients depend on the sizes" },
    { self->policy.mode == WP_MODE_DEFAULT, "--plan: Default mode has neither queue nor workers to size" },
    { is_spawning (self), "--plan needs the bounded dispatcher: the spawning one has an unbounded queue" },
  };

  return !self->plan.plan || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_sweep (const WpSimOptions *self, GError **error)
{
  const WpDrawOptions *draw = &self->draw;
  const WpSimCheck checks[] = {
    { self->against || self->series || self->jobs || self->plan.at_ns != WP_TIME_NONE,
      "--sweep does not go with --against, --series, --jobs and --at" },
    { draw->generate || draw->clients.clients > 0,
      "--sweep needs a trace or --synthetic: arrivals of --clients depend on the sizes" },
    { draw->replications > 0 || draw->precision > 0 || draw->theory,
      "--sweep does not go with --replications, --precision and --theory: every row is one whole run" },
    { self->policy.mode == WP_MODE_DEFAULT, "--sweep: Default mode has neither queue nor workers to size" },
    { is_spawning (self), "--sweep needs the bounded dispatcher: the spawning one has an unbounded queue" },
  };

  return !self->plan.sweep || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_margin (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { self->plan.margin < 1, "--margin is at least 1: the traffic as it is" },
    { !wp_sim_options_want_sizes (self),
      "--margin belongs to the plan of a trace with --mode=all that is given neither --workers nor --queue" },
  };

  return self->plan.margin == 0 || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_gate (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { self->plan.plan || self->plan.sweep || self->against || self->calibrate || self->draw.generate,
      "--gate judges one run: it does not go with --plan, --sweep, --against, --calibrate and --generate" },
    { self->policy.mode == WP_MODE_DEFAULT, "--gate: Default has no sizes to judge" },
    { (self->policy.given & (WP_POLICY_QUEUE | WP_POLICY_WORKERS)) == 0,
      "--gate judges given sizes: add --workers and --queue" },
    { is_csv (self), "--gate reports in text and JSON only" },
  };

  return !self->plan.gate || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

/* --sensitivity simulates again only the recursion, on rows in memory. */
static gboolean
check_sensitivity (const WpSimOptions *self, GError **error)
{
  const WpDrawOptions *draw = &self->draw;
  const WpSimCheck checks[] = {
    { draw->generate || draw->clients.clients > 0,
      "--sensitivity needs a trace or --synthetic: arrivals of --clients depend on the responses" },
    { self->plan.sweep || self->plan.gate || self->calibrate,
      "--sensitivity does not go with --sweep, --gate and --calibrate" },
    { self->against != NULL,
      "--sensitivity is for a prediction without a measurement: --against has the range for the record's "
      "own lags" },
    { is_csv (self), "--sensitivity reports in text and JSON only" },
  };

  return self->plan.sensitivity_ns == 0 || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_dispatch (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { self->dispatches && wp_service_time_commit (self->dispatches),
      "--dispatch-time: a job is not dispatched in groups" },
    { self->dispatch && wp_service_time_is_batch (self->service),
      "--dispatch-time is not available with --service=batch:, whose writer takes what waits" },
    { self->dispatch && (self->against || self->calibrate),
      "--dispatch-time does not go with --against and --calibrate: wp-server has none" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_questions (const WpSimOptions *self, GError **error)
{
  gboolean at = self->plan.at_ns != WP_TIME_NONE;
  const WpSimCheck checks[] = {
    { self->plan.slos && (self->draw.generate || self->against || self->calibrate),
      "--slo judges a prediction: it does not go with --generate, --against and --calibrate" },
    { self->plan.slos && is_csv (self) && !self->plan.sweep,
      "--slo reports in text and JSON, and in the CSV of --sweep" },
    { at && self->draw.clients.clients > 0, "--at is not available with --clients" },
    { at && (is_csv (self) || self->against), "--at reports in the text and JSON of a run only" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check (const WpSimOptions *self, guint n_traces, GError **error)
{
  const WpSimCheck checks[] = {
    { n_traces > 0 && self->calibrate,
      "--calibrate takes no trace: use the options that it prints for a prediction" },
    { n_traces > 0 && wp_sim_options_are_drawn (self), "a trace and generated traffic exclude each other" },
    { n_traces == 0 && !self->calibrate && !wp_sim_options_are_drawn (self),
      "no trace: give a file, or - for standard input" },
  };
  const WpSimCheck threads
      = { self->http_stage.threads > 0 && self->http_stage.time_ns == 0, "--http-threads needs --http-time" };
  const WpSimCheck logged[] = {
    { self->logged.choice != WP_LOGGED_BY_DEFAULT && n_traces == 0, "--logged-workers needs a trace" },
    { self->logged.choice != WP_LOGGED_BY_DEFAULT && self->service_always,
      "--logged-workers and --service-always exclude each other" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error)
         && wp_policy_check (&self->policy, error) && wp_sim_options_check_fleet (self, error)
         && check_calibrate (self, error) && wp_sim_options_run_checks (logged, G_N_ELEMENTS (logged), error)
         && wp_sim_options_run_checks (&threads, 1, error) && check_recursion (self, error)
         && check_files (self, error) && check_drawn (self, error) && check_plan (self, error)
         && check_sweep (self, error) && check_gate (self, error) && check_sensitivity (self, error)
         && check_dispatch (self, error) && check_margin (self, error) && check_questions (self, error);
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
      static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.,:/+%@";
      g_autofree char *quoted = **word != '\0' && strspn (*word, plain) == strlen (*word)
                                    ? g_strdup (*word)
                                    : g_shell_quote (*word);

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
                          .max_lag_ns = DEFAULT_MAX_LAG_NS,
                          .interval_ns = DEFAULT_INTERVAL_NS,
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
  if ((self->dispatch
       && !open_times ("--dispatch-time", self->dispatch, WP_DISPATCH_STREAM, &self->dispatches, error))
      || !open_times ("--think", self->draw.think ? self->draw.think : "0", WP_THINK_STREAM, &self->thinks,
                      error)
      || !check (self, g_strv_length (traces), error))
    return FALSE;
  if ((self->plan.gate || wp_sim_options_are_of_fleet (self)) && self->policy.mode == WP_MODE_ALL)
    self->policy.mode = WP_MODE_WORKER_POOL;
  if (self->plan.gate && !self->plan.slos)
    self->plan.slos = wp_slos_new_default ();
  if (self->tolerance == NOT_GIVEN)
    self->tolerance
        = wp_sim_options_are_of_fleet (self) ? WP_AGREEMENT_FLEET_TOLERANCE : WP_AGREEMENT_TOLERANCE;
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
