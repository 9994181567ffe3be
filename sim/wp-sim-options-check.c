#include <string.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-options.h"
#include "sim/model/wp-service-time.h"
#include "sim/plan/wp-slo.h"
#include "sim/wp-sim-options.h"

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
    { wp_sim_options_are_csv (self), "--calibrate reports in text and JSON only" },
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

/* In a service time, as is_drawn_from(). */
static guint
count_drawn_streams (const char *spec)
{
  const char *from = spec ? strstr (spec, "from:") : NULL;
  g_auto (GStrv) files = from ? g_strsplit (from + strlen ("from:"), ",", -1) : NULL;
  guint n = 0;

  for (char **file = files; file && *file; file++)
    n += (guint) is_stream (*file);

  return n;
}

/* Of all inputs. */
static guint
count_streams (const WpSimOptions *self)
{
  guint n = (guint) is_stream (self->client) + count_drawn_streams (self->service)
            + count_drawn_streams (self->dispatch) + count_drawn_streams (self->draw.think);

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
    { self->tolerance >= 0 && !self->against, "--tolerance needs --against" },
    { self->max_lag_ns != WP_TIME_NONE && !self->against, "--max-lag needs --against" },
    { self->interval_ns != WP_TIME_NONE && !self->series, "--interval needs --series" },
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
    { wp_sim_options_are_csv (self), "--plan reports in text and JSON only" },
    { self->draw.generate || self->draw.clients.clients > 0,
      "--plan needs a trace or --synthetic: arrivals of --clients depend on the sizes" },
    { self->policy.mode == WP_MODE_DEFAULT, "--plan: Default mode has neither queue nor workers to size" },
    { wp_sim_options_are_spawning (self),
      "--plan needs the bounded dispatcher: the spawning one has an unbounded queue" },
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
    { wp_sim_options_are_spawning (self),
      "--sweep needs the bounded dispatcher: the spawning one has an unbounded queue" },
  };

  return !self->plan.sweep || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_margin (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { self->plan.margin < 1, "--margin is at least 1: the traffic as it is" },
    { self->plan.margin > 1e9, "--margin is at most 1e9" },
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
    { wp_sim_options_are_csv (self), "--gate reports in text and JSON only" },
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
    { wp_sim_options_are_csv (self), "--sensitivity reports in text and JSON only" },
  };

  return self->plan.sensitivity_ns == 0 || wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
check_dispatch (const WpSimOptions *self, GError **error)
{
  const WpSimCheck checks[] = {
    { wp_service_time_is_batch (self->dispatch), "--dispatch-time: a job is not dispatched in groups" },
    { self->dispatch && wp_service_time_is_batch (self->service),
      "--dispatch-time is not available with --service=batch:, whose writer takes what waits" },
    { self->dispatch && (self->against || self->calibrate),
      "--dispatch-time does not go with --against and --calibrate: wp-server has none" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

static gboolean
judges_latency (const WpSimOptions *self)
{
  for (guint i = 0; self->plan.slos && i < self->plan.slos->len; i++)
    if (g_str_has_prefix (((const WpSlo *) g_ptr_array_index (self->plan.slos, i))->metric->name, "latency."))
      return TRUE;

  return FALSE;
}

static gboolean
check_questions (const WpSimOptions *self, GError **error)
{
  gboolean at = self->plan.at_ns != WP_TIME_NONE;
  const WpSimCheck checks[] = {
    { self->plan.slos && (self->draw.generate || self->against || self->calibrate),
      "--slo judges a prediction: it does not go with --generate, --against and --calibrate" },
    { self->plan.slos && wp_sim_options_are_csv (self) && !self->plan.sweep,
      "--slo reports in text and JSON, and in the CSV of --sweep" },
    { judges_latency (self) && self->draw.clients.clients == 0,
      "--slo: latency is of --clients: the time from arrival to finish is response" },
    { at && self->draw.clients.clients > 0, "--at is not available with --clients" },
    { at && (wp_sim_options_are_csv (self) || self->against),
      "--at reports in the text and JSON of a run only" },
  };

  return wp_sim_options_run_checks (checks, G_N_ELEMENTS (checks), error);
}

gboolean
wp_sim_options_check (const WpSimOptions *self, guint n_traces, GError **error)
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
