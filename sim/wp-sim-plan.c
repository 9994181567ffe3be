#include "sim/wp-sim-plan.h"

#include <stdio.h>

#include "sim/base/wp-error.h"
#include "sim/base/wp-text.h"
#include "sim/model/wp-engine-spec.h"
#include "sim/model/wp-synthetic.h"
#include "sim/report/wp-chart.h"
#include "sim/compare/wp-measurement.h"
#include "sim/run/wp-progress.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-plan.h"
#include "sim/plot/wp-html-report.h"
#include "sim/plot/wp-sweep-plot.h"

struct _WpSimPlan {
  const WpSimOptions *options;
  GPtrArray *slos;
  WpTraceBuffer *buffer; /* NULL: neither sizes are tried nor other arrivals */
  WpCommit *commit;      /* of a database that commits in groups; or NULL */
  WpStages stages;
  gboolean tries_sizes;
  gboolean may_plan; /* else they are for the report only */
  WpPlan *plan;
  WpFleetPlan *fleet_plan; /* of a shared queue, instead */
  WpPolicy policy;         /* of the plan */
  WpRecommendation recommendation;
  gboolean is_recommended; /* sizes were looked for */
  WpSensitivity *sensitivity;
  gboolean has_at;
  WpSnapshot at;
  WpChart *chart; /* NULL: there is none */
  guint charted;  /* its model */
  char *chart_text;
};

static GPtrArray *
slos_of (const WpSimOptions *options)
{
  return options->plan.slos ? g_ptr_array_ref (options->plan.slos) : wp_slos_new_default ();
}

WpSimPlan *
wp_sim_plan_new (const WpSimOptions *options, gboolean may_plan)
{
  WpSimPlan *self = g_new0 (WpSimPlan, 1);

  self->options = options;
  self->slos = slos_of (options);
  self->policy = options->policy;
  self->policy.n_changes = 0; /* sizes of the plan stay */
  if (self->policy.mode == WP_MODE_ALL)
    self->policy.mode = WP_MODE_WORKER_POOL;
  self->stages = wp_sim_options_stages (options);
  self->has_at = options->plan.at_ns != WP_TIME_NONE;
  self->may_plan = may_plan && wp_sim_options_want_plan (options);
  self->tries_sizes
      = may_plan
        && (self->may_plan
            || (options->report && !options->against && wp_sim_options_may_try_sizes (options)));
  if (self->tries_sizes || options->plan.sensitivity_ns > 0)
    self->buffer = wp_trace_buffer_new (wp_sim_options_memory (options), 1);

  return self;
}

void
wp_sim_plan_free (WpSimPlan *self)
{
  g_ptr_array_unref (self->slos);
  g_clear_pointer (&self->buffer, wp_trace_buffer_free);
  g_clear_pointer (&self->commit, wp_commit_unref);
  g_clear_pointer (&self->plan, wp_plan_free);
  g_clear_pointer (&self->fleet_plan, wp_fleet_plan_free);
  g_clear_pointer (&self->sensitivity, wp_sensitivity_free);
  g_clear_pointer (&self->chart, wp_chart_free);
  g_free (self->chart_text);
  g_free (self);
}

static gboolean
on_offer (gpointer buffer, const WpBatch *batch, GError **error)
{
  wp_trace_buffer_add (buffer, batch->rows, batch->services_ns, batch->n_rows);

  return TRUE;
}

static gboolean
on_restart (gpointer buffer, GError **error)
{
  wp_trace_buffer_clear (buffer);

  return TRUE;
}

static const WpObserver buffer_observer = { FALSE, on_restart, on_offer, NULL };

/* The text report has a chart of the last model that has a queue. */
static gboolean
find_charted (WpSimPlan *self, const WpReport *report)
{
  if (!g_str_equal (self->options->format->name, "text") || self->options->against
      || wp_sim_options_are_of_fleet (self->options) || wp_sim_options_are_drawn (self->options))
    return FALSE;
  for (guint i = report->n_models; i-- > 0;)
    if (wp_policy_uses (&report->policies[i], WP_POLICY_QUEUE))
      {
        self->charted = i;
        return TRUE;
      }

  return FALSE;
}

void
wp_sim_plan_watch_rows (WpSimPlan *self, WpRun *run, const WpServiceTime *service)
{
  WpCommit *commit = wp_service_time_commit (service);

  if (!self->buffer)
    return;
  wp_run_watch (run, &buffer_observer, self->buffer);
  self->commit = commit ? wp_commit_ref (commit) : NULL;
}

void
wp_sim_plan_watch (WpSimPlan *self, WpRun *run, const WpReport *report)
{
  if (self->has_at)
    {
      wp_snapshot_init (&self->at, self->options->plan.at_ns, report->n_models);
      wp_run_sample (run, &wp_snapshot_sampler, &self->at, self->at.at_ns, 0);
    }
  if (find_charted (self, report))
    {
      self->chart = wp_chart_new ();
      wp_run_follow (run, self->charted, WP_STATE_DEPTH, wp_chart_depth (self->chart));
    }
}

static char *
draw_chart (const WpSimPlan *self, const WpReport *report)
{
  const WpPolicy *policy = &report->policies[self->charted];
  GString *text = g_string_new (NULL);
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  wp_chart_draw (self->chart, text, wp_mode_name (policy->mode), layout.queue_jobs, wp_chart_columns (),
                 wp_chart_is_utf8 ());

  return g_string_free (text, FALSE);
}

static WpSearchSetup
setup_of (const WpSimPlan *self)
{
  return (WpSearchSetup){ self->buffer,
                          self->policy,
                          self->options->patience_ns,
                          self->slos,
                          wp_sim_options_threads (self->options),
                          self->commit,
                          &self->stages };
}

static WpPlan *
make_plan (WpSimPlan *self, GError **error)
{
  WpSearchSetup setup = setup_of (self);
  g_autoptr (WpProgress) progress = wp_progress_new ("plan: ", NULL);
  WpPlan *plan;

  wp_trace_buffer_watch (self->buffer, wp_progress_add, progress);
  plan = wp_plan_new (&setup, self->slos, error);
  wp_trace_buffer_watch (self->buffer, NULL, NULL);

  return plan;
}

static gboolean
make_fleet_plan (WpSimPlan *self, const WpReport *report, GError **error)
{
  WpFleetPlanSetup setup
      = { self->buffer, report->shared, report->policies[0], NULL, self->commit, self->slos };
  g_auto (WpEngineSpec) engine = { NULL };
  g_autoptr (WpProgress) progress = wp_progress_new ("plan: ", NULL);

  if (!wp_engine_spec_parse (&engine, self->options->engine, self->options->seed, error))
    return FALSE;
  setup.confirm = engine.confirm;
  wp_trace_buffer_watch (self->buffer, wp_progress_add, progress);
  self->fleet_plan = wp_fleet_plan_new (&setup, error);
  wp_trace_buffer_watch (self->buffer, NULL, NULL);

  return self->fleet_plan != NULL;
}

static double
margin_of (const WpSimPlan *self)
{
  return self->options->plan.margin > 0 ? self->options->plan.margin : WP_RECOMMENDATION_MARGIN;
}

/* The sizes are for more traffic than there is: has the record of the commits so much? */
static void
warn_of_margin (const WpSimPlan *self, WpReport *report)
{
  double heaviest = self->commit ? wp_commit_heaviest (self->commit) : 0, rate = report->traffic.rate_mean,
         margin = self->recommendation.margin;
  char most[WP_FORMAT_CELL], planned[WP_FORMAT_CELL];

  if (heaviest > 0 && self->recommendation.is_found && rate <= WP_COMMIT_BEYOND * heaviest
      && margin * rate > WP_COMMIT_BEYOND * heaviest)
    g_ptr_array_add (
        report->warnings,
        g_strdup_printf ("the sizes are for %.4g times this traffic, %s requests per second, and the "
                         "record of the commits has %s: calibrate at that load too, "
                         "--service=batch:from:RECORD,RECORD",
                         margin, wp_format_whole (planned, margin * rate), wp_format_whole (most, heaviest)));
}

gboolean
wp_sim_plan_recommend (WpSimPlan *self, WpReport *report, GError **error)
{
  WpSearchSetup setup = setup_of (self);
  g_autoptr (WpProgress) progress = wp_progress_new ("sizes: ", NULL);
  gboolean done;

  if (!wp_trace_buffer_check (self->buffer, ", or --no-plan", error))
    return FALSE;
  wp_trace_buffer_watch (self->buffer, wp_progress_add, progress);
  done = wp_recommendation_find (&self->recommendation, &setup, margin_of (self), error);
  wp_trace_buffer_watch (self->buffer, NULL, NULL);
  if (!done)
    g_prefix_error (error, "%s: ", report->trace);
  self->is_recommended = done;
  warn_of_margin (self, report);
  if (done && self->recommendation.is_found)
    {
      self->policy.workers = self->recommendation.workers;
      self->policy.queue_jobs = self->recommendation.queue_jobs;
      for (guint i = 0; i < report->n_models; i++)
        if (report->policies[i].mode == WP_MODE_WORKER_POOL)
          report->policies[i] = self->policy;
    }

  return done;
}

const WpTraceBuffer *
wp_sim_plan_rows (const WpSimPlan *self)
{
  return self->tries_sizes ? self->buffer : NULL;
}

static gboolean
find_sensitivity (WpSimPlan *self, WpReport *report, GError **error)
{
  WpSensitivitySetup setup = { self->buffer,
                               report->policies,
                               report->n_models,
                               self->options->patience_ns,
                               self->commit,
                               &self->stages,
                               self->options->plan.sensitivity_ns,
                               self->options->seed,
                               wp_sim_options_threads (self->options),
                               report->plan,
                               report->recommendation };
  g_autoptr (WpProgress) progress = NULL;

  if (setup.lag_ns == 0)
    return TRUE;
  if (!wp_trace_buffer_check (self->buffer, ", or no --sensitivity", error))
    return FALSE;
  progress = wp_progress_new ("sensitivity: ", NULL);
  report->sensitivity = self->sensitivity = wp_sensitivity_new (&setup, wp_progress_add, progress, error);

  return self->sensitivity != NULL;
}

gboolean
wp_sim_plan_finish (WpSimPlan *self, WpReport *report, GError **error)
{
  if (report->n_models == 0)
    return TRUE;
  if (self->buffer && self->may_plan && !wp_sim_options_are_csv (self->options) /* which has no plan */
      && (!wp_trace_buffer_check (self->buffer, ", or --no-plan", error)
          || !(report->shared.fronts > 0 ? make_fleet_plan (self, report, error)
                                         : (self->plan = make_plan (self, error)) != NULL)))
    return FALSE;
  if (self->chart)
    self->chart_text = draw_chart (self, report);
  report->plan = self->plan;
  report->fleet_plan = self->fleet_plan;
  report->recommendation = self->is_recommended ? &self->recommendation : NULL;
  report->slos = self->options->plan.slos;
  report->chart = self->chart_text;
  report->at = self->has_at ? &self->at : NULL;

  return find_sensitivity (self, report, error);
}

#define MAP_COLUMNS 16
#define MAP_ROWS    10
#define MAP_LEAST   3
#define MAX_SIZE    G_MAXINT32                     /* that is tried beside the marked ones */
#define MAP_PASSED  (G_GUINT64_CONSTANT (1) << 28) /* rows to simulate for a map: a few seconds */

/* Sizes up to half as much again as the larger of the marked ones, which are there too. */
static char *
choose_sizes (const WpSimPlan *self, guint n_workers, guint n_queues)
{
  const WpPolicy *given = wp_sim_options_given_sizes (self->options);
  const WpRecommendation *recommended = &self->recommendation;
  GString *spec = g_string_new (NULL);
  guint64 workers = given ? given->workers : 1, queue_jobs = given ? given->queue_jobs : 0;

  if (given)
    g_string_append_printf (spec, "workers=%u,queue=%u,", given->workers, given->queue_jobs);
  if (recommended->is_found)
    {
      g_string_append_printf (spec, "workers=%u,queue=%u,", recommended->workers, recommended->queue_jobs);
      workers = MAX (workers, recommended->workers);
      queue_jobs = MAX (queue_jobs, recommended->queue_jobs);
    }
  workers = (workers * 3 / 2 + n_workers) / n_workers;
  queue_jobs = queue_jobs * 3 / 2 / (n_queues - 1) + 1; /* from 0 on */
  for (guint i = 1; i <= n_workers; i++)
    g_string_append_printf (spec, "workers=%" G_GUINT64_FORMAT ",", MIN (i * workers, MAX_SIZE));
  for (guint i = 0; i < n_queues; i++)
    g_string_append_printf (spec, "queue=%" G_GUINT64_FORMAT "%s", MIN (i * queue_jobs, MAX_SIZE),
                            i + 1 < n_queues ? "," : "");

  return g_string_free (spec, FALSE);
}

static WpSweep *
try_sizes (WpSimPlan *self, GError **error)
{
  WpSweepSetup setup = { .policy = self->policy,
                         .patience_ns = self->options->patience_ns,
                         .scale = 1,
                         .service_scale = 1,
                         .commit = self->commit,
                         .stages = &self->stages,
                         .threads = wp_sim_options_threads (self->options) };
  guint64 n_rows = MAX (wp_trace_buffer_length (self->buffer), 1);
  guint n_workers = MAP_COLUMNS, n_queues = MAP_ROWS;
  g_autofree char *sizes = NULL;
  g_autoptr (WpSweepSpec) spec = NULL;

  while (n_workers * n_queues * n_rows > MAP_PASSED && n_queues > MAP_LEAST)
    {
      n_workers = MAX (n_workers / 2, MAP_LEAST);
      n_queues = MAX (n_queues / 2, MAP_LEAST);
    }
  sizes = choose_sizes (self, n_workers, n_queues);
  spec = wp_sweep_spec_parse (sizes, error);

  return spec ? wp_sweep_run_rows (g_steal_pointer (&spec), self->buffer, &setup, self->slos, error) : NULL;
}

gboolean
wp_sim_plan_map (WpSimPlan *self, const WpReport *report, WpSweep **sizes, GError **error)
{
  WpSearchSetup setup = setup_of (self);

  *sizes = NULL;
  if (!self->tries_sizes || report->n_models == 0 || self->policy.mode != WP_MODE_WORKER_POOL)
    return TRUE;
  if (!wp_trace_buffer_check (self->buffer, ", or no --report", error)
      || (!self->is_recommended
          && !wp_recommendation_find (&self->recommendation, &setup, margin_of (self), error))
      || !(*sizes = try_sizes (self, error)))
    return FALSE;
  (*sizes)->recommendation = self->recommendation;

  return TRUE;
}

gboolean
wp_sim_plan_is_unmet (const WpSimPlan *self)
{
  if (self->fleet_plan)
    return !self->fleet_plan->points[0].is_found;

  return self->plan ? !self->plan->met : self->options->plan.plan;
}

/* Keeps @warning in @kept; NULL: there is none. */
static void
warn (GPtrArray *kept, char *warning)
{
  g_autofree char *line = warning ? wp_text_escape (warning) : NULL;

  if (line)
    fprintf (stderr, "wp-sim: warning: %s\n", line);
  if (warning)
    g_ptr_array_add (kept, warning);
}

/* A sweep judges sizes, for which services have to be known. */
static gboolean
take_logged (WpTrace *trace, const WpSimOptions *options, GPtrArray *notes, GError **error)
{
  WpLogged logged;

  if (!wp_logged_apply (trace, &options->logged, &logged, error))
    return FALSE;
  if (wp_logged_is_unknown (&logged))
    g_set_error (
        error, WP_ERROR, WP_ERROR_BAD_TRACE,
        "--sweep: it cannot be determined whether the response times of %s contain waiting: the log %s: "
        "give --logged-workers=N or none",
        wp_trace_name (trace), wp_logged_reason_text (logged.found.reason));
  else if (logged.is_there)
    {
      g_ptr_array_add (notes, wp_logged_describe (&logged));
      warn (notes, wp_logged_warn (&logged));
    }

  return !wp_logged_is_unknown (&logged);
}

static gboolean
check_services (const WpSweep *sweep, const WpTrace *trace, const WpSimOptions *options, GError **error)
{
  if (options->service_is_given || !wp_trace_is_log (trace) || sweep->n_drawn < sweep->requests)
    return TRUE;
  wp_sim_options_fail_services (options, error);

  return FALSE;
}

/* With its services, as far as it shows them. */
static WpTrace *
open_swept (WpSimOptions *options, const WpTraceOptions *trace_options, GPtrArray *notes, GError **error)
{
  g_autoptr (WpTrace) trace
      = options->draw.synthetic
            ? wp_synthetic_open (options->draw.synthetic, options->seed, 1, options->trace.limit_rows, error)
            : wp_trace_open_files ((const char *const *) options->paths, trace_options, error);

  if (!trace || (!options->service_always && !take_logged (trace, options, notes, error)))
    return NULL;

  return wp_sim_options_open_services (options, trace, error) ? g_steal_pointer (&trace) : NULL;
}

/* The page of --report, opened before the sweep, so that a bad name is found at once. *@page: NULL without.
 */
static gboolean
open_page (const WpSimOptions *options, const WpSweepSpec *spec, WpHtmlReport **page, GError **error)
{
  if (!options->report)
    return TRUE;
  if (spec->scales->len > 1 || spec->services->len > 1)
    return wp_fail (error, WP_ERROR_USAGE, "--report of a --sweep takes one scale and one service scale");

  return (*page = wp_html_report_new (options->report, NULL, 0, error)) != NULL;
}

/* What the services of the sweep are, and what its trace's reader assumed. */
static void
add_notes (GPtrArray *notes, const WpSweep *sweep, const WpTrace *trace, const WpSimOptions *options)
{
  char drawn[WP_FORMAT_CELL];

  if (options->learnt)
    g_ptr_array_add (notes, g_strdup (options->learnt));
  else if (sweep->n_drawn > 0)
    g_ptr_array_add (notes, g_strdup_printf ("services: --service=%s for %s request%s", options->service,
                                             wp_format_whole (drawn, (double) sweep->n_drawn),
                                             sweep->n_drawn == 1 ? "" : "s"));
  wp_trace_append_notes (trace, notes);
}

/* Writes @page, unless it is NULL. Returns the report. */
static char *
report_sweep (const WpSweep *sweep, const WpTrace *trace, const WpSimOptions *options, WpHtmlReport *page,
              GPtrArray *notes, GError **error)
{
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  WpReport report = { .trace = wp_trace_name (trace), .warnings = warnings, .notes = notes };

  warn (warnings, wp_sim_options_warn_of_groups (options, trace, sweep->requests - sweep->n_drawn));
  if (g_str_equal (options->format->name, "csv"))
    wp_sim_options_print_learnt (options);
  add_notes (notes, sweep, trace, options);
  if (page
      && !wp_html_report_commit (page, &report, options->command, sweep, wp_sim_options_given_sizes (options),
                                 error))
    return NULL;

  return wp_report_sweep (sweep, report.trace, notes, options->format->name);
}

char *
wp_sim_plan_sweep (WpSimOptions *options, GError **error)
{
  g_autoptr (WpSweepSpec) spec = wp_sweep_spec_parse (options->plan.sweep, error);
  WpStages stages = wp_sim_options_stages (options);
  WpSweepSetup setup = { .policy = options->policy,
                         .patience_ns = options->patience_ns,
                         .scale = options->trace.scale,
                         .service_scale = options->trace.service_scale,
                         .service_always = options->service_always,
                         .seed = options->seed,
                         .threads = wp_sim_options_threads (options),
                         .memory_bytes = wp_sim_options_memory (options),
                         .stages = &stages };
  WpTraceOptions trace_options = options->trace;
  g_autoptr (GPtrArray) slos = slos_of (options);
  g_autoptr (WpTrace) trace = NULL;
  g_autoptr (WpSweep) sweep = NULL;
  g_autoptr (WpHtmlReport) page = NULL;
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);

  if (!spec || !open_page (options, spec, &page, error))
    return NULL;
  if (setup.policy.mode == WP_MODE_ALL)
    setup.policy.mode = WP_MODE_WORKER_POOL;
  if (options->plot || page)
    setup.margin = WP_RECOMMENDATION_MARGIN;
  trace_options.scale = 1;
  stages.warmup_scale = options->trace.scale;
  if (spec->services->len > 0)
    trace_options.service_scale = spec->services->len == 1 ? g_array_index (spec->services, double, 0) : 1;
  if (!(trace = open_swept (options, &trace_options, notes, error))
      || !wp_measurement_take_ack (trace, &setup.policy, error))
    return NULL;
  setup.services = options->services;
  if (!(sweep = wp_sweep_run (g_steal_pointer (&spec), trace, &setup, slos, error))
      || !check_services (sweep, trace, options, error)
      || (options->plot
          && !wp_sweep_plot (sweep, wp_sim_options_given_sizes (options), wp_trace_name (trace),
                             options->plot, error)))
    return NULL;

  return report_sweep (sweep, trace, options, page, notes, error);
}
