/* wp-sim - simulates a trace in the three modes of wp-server and predicts depth, blocking and latency. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim/compare/wp-comparison.h"
#include "sim/run/wp-generate.h"
#include "sim/base/wp-error.h"
#include "sim/base/wp-interrupt.h"
#include "sim/run/wp-job-output.h"
#include "sim/base/wp-options.h"
#include "sim/base/wp-process.h"
#include "sim/base/wp-text.h"
#include "sim/plot/wp-html-report.h"
#include "sim/plot/wp-plot-file.h"
#include "sim/run/wp-progress.h"
#include "sim/report/wp-format.h"
#include "sim/report/wp-report-calibration.h"
#include "sim/report/wp-report-fleet.h"
#include "sim/run/wp-timeline.h"
#include "sim/wp-sim-options.h"
#include "sim/wp-sim-plan.h"
#include "sim/wp-sim-experiment.h"
#include "sim/wp-sim-fleet.h"
#include "sim/model/wp-synthetic.h"

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_BAD = 2 };

/* The output files and their writers; NULL: not given. */
typedef struct {
  WpAtomicFile *jobs_output, *series_output;
  WpJobOutput *jobs;
  WpTimeSeries *series;
  WpPlotFile *plot;
  WpHtmlReport *html;
} SideFiles;

static void
side_files_clear (SideFiles *self)
{
  g_clear_pointer (&self->jobs, wp_job_output_free);
  g_clear_pointer (&self->series, wp_time_series_free);
  g_clear_pointer (&self->plot, wp_plot_file_free);
  g_clear_pointer (&self->html, wp_html_report_free);
  g_clear_pointer (&self->jobs_output, wp_atomic_file_free);
  g_clear_pointer (&self->series_output, wp_atomic_file_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SideFiles, side_files_clear)

static gboolean
side_files_open (SideFiles *self, const WpSimOptions *options, const WpReport *report, WpRun *run,
                 GError **error)
{
  gboolean is_fleet = report->fleet.instances > 0; /* is shown alone, at the sizes of all */
  char cells[WP_N_MODES][WP_FORMAT_CELL];
  const char *names[WP_N_MODES];

  if (options->jobs)
    {
      if (!(self->jobs_output = wp_atomic_file_new (options->jobs, FALSE, error)))
        return FALSE;
      self->jobs = wp_job_output_new (self->jobs_output, &report->policies[0]);
      wp_run_watch (run, &wp_job_output_observer, self->jobs);
    }
  if (options->series)
    {
      if (!(self->series_output = wp_atomic_file_new (options->series, FALSE, error)))
        return FALSE;
      for (guint i = 0; i < report->n_models; i++)
        names[i] = wp_report_fleet_name_model (cells[i], report, i);
      self->series = wp_time_series_new (self->series_output, names, report->n_models);
      wp_run_sample (run, &wp_time_series_sampler, self->series, 0, options->interval_ns);
    }
  if (options->plot)
    {
      if (!(self->plot = wp_plot_file_new (options->plot, report->policies + is_fleet,
                                           is_fleet ? 1 : report->n_models, error)))
        return FALSE;
      wp_plot_file_watch (self->plot, run);
    }
  if (options->report)
    {
      if (!(self->html = wp_html_report_new (options->report, report->policies, report->n_models, error)))
        return FALSE;
      wp_html_report_watch (self->html, run);
    }

  return TRUE;
}

static gboolean
write_html (WpHtmlReport *self, const WpSimOptions *options, WpSimPlan *plan, const WpReport *report,
            GError **error)
{
  g_autoptr (WpSweep) sizes = NULL;

  return wp_sim_plan_map (plan, report, &sizes, error)
         && wp_html_report_commit (self, report, options->command, sizes,
                                   wp_sim_options_given_sizes (options), error);
}

/* After all that the report says is known. */
static gboolean
side_files_commit (SideFiles *self, const WpSimOptions *options, WpSimPlan *plan, const WpReport *report,
                   GError **error)
{
  const WpComparison *against = report->against;

  return (!self->html || write_html (self->html, options, plan, report, error))
         && (!self->plot
             || wp_plot_file_commit (self->plot, report->trace, report->traffic.requests,
                                     against ? against->measured : NULL, against ? against->shift_ns : 0,
                                     error))
         && (!self->jobs_output || wp_atomic_file_commit (self->jobs_output, error))
         && (!self->series_output || wp_atomic_file_commit (self->series_output, error));
}

static void
choose_models (WpReport *report, const WpPolicy *policy)
{
  gboolean all = policy->mode == WP_MODE_ALL;

  report->n_models = all ? WP_N_MODES : 1;
  for (guint i = 0; i < report->n_models; i++)
    {
      report->policies[i] = *policy;
      if (all)
        report->policies[i].mode = (WpModeKind) i;
      if (report->policies[i].mode == WP_MODE_WORKER_POOL && policy->dispatcher == WP_DISPATCHER_SPAWNING)
        g_ptr_array_add (report->warnings,
                         g_strdup ("the spawning dispatcher's queue is unbounded: no request blocks, "
                                   "and memory grows with the queue"));
    }
}

/* A log that says nothing of services is good for its traffic only: what --service stands for is not
 * invented. */
static gboolean
check_services (const WpSimOptions *options, const WpTrace *trace, WpReport *report, GError **error)
{
  const char *program = g_get_prgname ();
  guint64 n_taken = report->traffic.requests - report->n_drawn;
  char *warning = wp_sim_options_warn_of_groups (options, trace, n_taken);

  report->waits_in_service = warning != NULL;
  if (warning)
    g_ptr_array_add (report->warnings, warning);
  if (options->service_is_given || !wp_trace_is_log (trace) || n_taken > 0)
    return TRUE;
  if (wp_sim_options_need_services (options))
    {
      wp_sim_options_fail_services (options, error);
      return FALSE;
    }
  report->lacks_service = TRUE;
  report->n_models = 0;
  g_ptr_array_add (
      report->warnings,
      g_strdup_printf ("the log has no request times, so nothing is simulated: say how long a request takes, "
                       "%s --service=60ms%s, or let the server log it (nginx: $request_time, Apache: %%D)",
                       program, options->command + strlen (program)));

  return TRUE;
}

/* A commit's cost is constant beyond the heaviest load that was measured, which no database knows of. */
static void
warn_of_load (WpServiceTime *service, const WpReport *report)
{
  WpCommit *commit = wp_service_time_commit (service);
  double heaviest = commit ? wp_commit_heaviest (commit) : 0;
  char mean[WP_FORMAT_CELL], most[WP_FORMAT_CELL];

  if (heaviest > 0 && report->traffic.rate_mean > WP_COMMIT_BEYOND * heaviest)
    g_ptr_array_add (report->warnings,
                     g_strdup_printf ("the traffic is beyond what was measured: %s requests per second, and "
                                      "the record of the commits has %s: such predictions were off by up to "
                                      "10 times; calibrate at this load",
                                      wp_format_whole (mean, report->traffic.rate_mean),
                                      wp_format_whole (most, heaviest)));
}

/* Are sizes to be recommended, before the models run? */
static gboolean
wants_sizes (const WpSimOptions *options, const WpSimPlan *plan)
{
  return wp_sim_options_want_sizes (options) && wp_sim_plan_rows (plan);
}

/* Where sizes are to be recommended, the models wait for them: rows and services only. */
static gboolean
read_rows (const WpSimOptions *options, WpTrace *trace, WpServiceTime *service, WpSimPlan *plan,
           WpReport *report, GError **error)
{
  g_autoptr (WpRun) run = wp_run_new (trace, service, NULL, 0, WP_TIME_NONE);
  WpProgress *progress;
  gboolean read;

  if (!wants_sizes (options, plan))
    return TRUE;
  progress = wp_progress_new ("", trace);
  wp_sim_plan_watch_rows (plan, run, service);
  wp_run_watch (run, &wp_progress_observer, progress);
  read = wp_run_execute (run, NULL, &report->traffic, error);
  report->n_drawn = wp_service_time_drawn (service);
  wp_progress_free (progress);

  return read && check_services (options, trace, report, error)
         && (report->lacks_service || wp_sim_plan_recommend (plan, report, error));
}

/* Of the trace, or of its rows where they have been read. */
static gboolean
go (const WpSimOptions *options, const WpTrace *trace, WpRun *run, WpServiceTime *service, WpSimPlan *plan,
    WpReport *report, GError **error)
{
  if (wants_sizes (options, plan))
    return report->lacks_service
           || wp_run_execute_rows (run, wp_sim_plan_rows (plan), report->summary, &report->traffic, error);
  wp_sim_plan_watch_rows (plan, run, service);
  if (!wp_run_execute (run, report->summary, &report->traffic, error))
    return FALSE;
  report->n_drawn = wp_service_time_drawn (service);

  return check_services (options, trace, report, error);
}

/* Sends the trace through all models and observers. */
static gboolean
run_models (const WpSimOptions *options, WpTrace *trace, WpSimExperiment *study, WpSimPlan *plan,
            WpReport *report, WpRowList *predicted, SideFiles *files, GError **error)
{
  g_autoptr (WpServiceTime) service = wp_service_time_copy (options->services, options->trace.service_scale,
                                                            options->service_always, options->seed);
  g_autoptr (WpServiceTime) dispatch
      = options->dispatches ? wp_service_time_copy (options->dispatches, 1, TRUE, options->seed) : NULL;
  g_autoptr (WpProgress) progress = NULL;
  g_auto (WpEngineSpec) engine = { NULL };
  WpHttpStageOptions http_stage = options->http_stage;
  g_autoptr (WpRun) run = NULL;

  if (!wp_sim_fleet_open_engine (options, service, &engine, report, error)
      || !read_rows (options, trace, service, plan, report, error))
    return FALSE;
  if (wp_service_time_commit (service) && options->policy.n_changes > 0)
    return wp_fail (error, WP_ERROR_USAGE,
                    "--service=batch: does not go with a record whose sizes changed while it was written (a "
                    "line \"# at=...\")");
  progress = wp_progress_new ("", trace);
  run = wp_run_new (trace, service, report->policies, report->n_models, options->patience_ns);
  http_stage.threads *= MAX (options->fleet.instances, 1); /* of the shared queue beside a fleet */
  if (options->shared.fronts == 0)
    wp_run_set_http_stage (run, &http_stage);
  wp_run_set_dispatch (run, dispatch);
  wp_run_set_fleet (run, &report->fleet);
  wp_run_set_shared_queue (run, &report->shared, engine.confirm);
  wp_run_set_threads (run, wp_sim_options_threads (options));
  wp_sim_experiment_watch (study, run);
  wp_sim_plan_watch (plan, run, report);
  wp_run_watch (run, &wp_progress_observer, progress);
  if (predicted)
    wp_run_watch (run, &wp_job_keeper, predicted);
  if (!side_files_open (files, options, report, run, error)
      || !go (options, trace, run, service, plan, report, error))
    return FALSE;
  wp_run_shared_queue_figures (run, &report->shared_figures);
  report->has_http_stage = wp_run_http_stage_summary (run, &report->http_stage);
  warn_of_load (service, report);

  return TRUE;
}

/* Does a side file use standard output, so that no report is printed there? */
static gboolean
has_stdout (const WpSimOptions *options)
{
  return g_strcmp0 (options->jobs, "-") != 0 && g_strcmp0 (options->series, "-") != 0;
}

static gboolean
print_text (const char *text, GError **error)
{
  g_autoptr (WpAtomicFile) output = wp_atomic_file_new ("-", FALSE, error);

  return output && wp_atomic_file_write (output, text, strlen (text), error)
         && wp_atomic_file_commit (output, error);
}

static gboolean
print_report (const WpSimOptions *options, const WpReport *report, GError **error)
{
  gboolean printed = has_stdout (options);

  if (!printed || report->gate || g_str_equal (options->format->name, "csv"))
    wp_sim_options_print_learnt (options);
  if (!printed || !options->format->has_warnings || report->gate)
    for (guint i = 0; i < report->warnings->len; i++)
      {
        g_autofree char *warning = wp_text_escape (g_ptr_array_index (report->warnings, i));

        fprintf (stderr, "wp-sim: warning: %s\n", warning);
      }
  if (printed)
    {
      g_autofree char *text = options->format->write (report);

      return print_text (text, error);
    }

  return TRUE;
}

static WpTrace *
open_trace (const WpSimOptions *options, GError **error)
{
  if (options->draw.synthetic)
    return wp_synthetic_open (options->draw.synthetic, options->seed, options->trace.scale,
                              options->trace.limit_rows, error);

  return wp_trace_open_files ((const char *const *) options->paths, &options->trace, error);
}

/* A run that was replayed late says little of the prediction, unless it was hardly late. */
static gboolean
is_accepted (const WpSimOptions *options, const WpComparison *comparison)
{
  WpAgreementLevel level = wp_comparison_level (comparison);

  return level == WP_AGREES
         || (level == WP_AGREES_AS_REPLAYED && comparison->replayed.lag_p99_ns <= options->max_lag_ns);
}

static void
warn_of_lag (const WpSimOptions *options, const WpComparison *comparison, GPtrArray *warnings)
{
  char lag[WP_TIME_BUFFER], limit[WP_TIME_BUFFER];

  if (wp_comparison_level (comparison) == WP_AGREES_AS_REPLAYED && !is_accepted (options, comparison))
    g_ptr_array_add (warnings,
                     g_strdup_printf ("arrivals were late by %s at p99, more than --max-lag=%s: the run says "
                                      "little of the prediction, so the exit status is 1",
                                      wp_time_format_people (lag, comparison->replayed.lag_p99_ns),
                                      wp_time_format_people (limit, options->max_lag_ns)));
}

static int
choose_status (const WpSimOptions *options, const WpSimPlan *plan, const WpLogged *logged,
               const WpReport *report)
{
  gboolean gate_fails
      = options->plan.gate
        && (wp_logged_is_unknown (logged) || wp_slos_first_failure (options->plan.slos, &report->summary[0]));

  return gate_fails || wp_sim_plan_is_unmet (plan)
                 || (report->against && !is_accepted (options, report->against))
             ? EXIT_NO
             : EXIT_DONE;
}

static WpComparison *
compare (const WpSimOptions *options, const WpTrace *trace, const WpRowList *predicted,
         const GPtrArray *measured, const WpReport *report, GError **error)
{
  gsize n_rows;
  const WpRow *rows = wp_row_list_rows (predicted, &n_rows);
  WpComparison *comparison;

  for (guint i = 0; i < measured->len; i++)
    wp_measurement_warn (measured->pdata[i], trace, options->paths[0], report->warnings);
  if (report->shared.fronts > 0)
    return wp_comparison_new_shared (&options->policy, &report->summary[0], rows, n_rows, measured,
                                     options->tolerance, error);
  if (report->fleet.instances > 0)
    return wp_comparison_new_fleet (&options->policy, &report->fleet, &report->summary[0], rows, n_rows,
                                    measured, options->patience_ns, options->tolerance, error);

  comparison = wp_comparison_new (&options->policy, &report->summary[0], rows, n_rows, measured->pdata[0],
                                  options->patience_ns, options->tolerance, options->client, report->warnings,
                                  error);
  if (comparison)
    warn_of_lag (options, comparison, report->warnings);

  return comparison;
}

static void
note_changes (const WpPolicy *policy, GPtrArray *notes)
{
  if (policy->n_changes > 0)
    g_ptr_array_add (notes, g_strdup_printf ("the sizes are those of the start, and change as in the record "
                                             "(%u time%s)",
                                             policy->n_changes, policy->n_changes == 1 ? "" : "s"));
}

/* @trace: NULL with a closed loop. */
static int
simulate (const WpSimOptions *options, WpTrace *trace, const WpLogged *logged, const GPtrArray *measured,
          GPtrArray *warnings, GError **error)
{
  g_autoptr (WpSimExperiment) study = wp_sim_experiment_new (options);
  g_autoptr (WpSimPlan) plan = wp_sim_plan_new (options, !wp_logged_is_unknown (logged));
  g_autoptr (WpRowList) predicted = measured ? wp_row_list_new () : NULL;
  g_autoptr (WpComparison) comparison = NULL;
  g_auto (SideFiles) files = { NULL };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *doubt = wp_logged_warn (logged);
  const char *twice = wp_options_find_repeated ((const char *const *) options->paths);
  WpReport report = { .service = options->service,
                      .service_is_learnt = options->learnt != NULL,
                      .patience_ns = options->patience_ns,
                      .warnings = warnings };

  if (twice)
    g_ptr_array_add (warnings, g_strdup_printf ("%s is given twice: its requests count twice", twice));
  report.files = (const char *const *) options->paths;
  report.trace = trace ? wp_trace_name (trace) : wp_sim_experiment_name (study);
  report.found = trace ? wp_trace_title (trace) : NULL;
  report.notes = notes;
  report.gate = options->plan.gate && g_str_equal (options->format->name, "text");
  report.logged = logged->is_there ? logged : NULL;
  if (doubt)
    g_ptr_array_add (warnings, g_steal_pointer (&doubt));
  choose_models (&report, &options->policy);
  wp_sim_fleet_choose (options, &report);
  if (!(trace ? run_models (options, trace, study, plan, &report, predicted, &files, error)
              : wp_sim_experiment_run_closed (study, &report, notes, error))
      || !wp_sim_experiment_finish (study, &report, notes, error)
      || !wp_sim_plan_finish (plan, &report, error))
    return EXIT_BAD;
  if (trace)
    wp_trace_append_notes (trace, notes);
  if (options->learnt)
    g_ptr_array_add (notes, g_strdup (options->learnt));
  note_changes (&options->policy, notes);
  if (measured
      && !(report.against = comparison = compare (options, trace, predicted, measured, &report, error)))
    return EXIT_BAD;

  return side_files_commit (&files, options, plan, &report, error) && print_report (options, &report, error)
             ? choose_status (options, plan, logged, &report)
             : EXIT_BAD;
}

static int
sweep (WpSimOptions *options, GError **error)
{
  g_autofree char *text = wp_sim_plan_sweep (options, error);

  return text && print_text (text, error) ? EXIT_DONE : EXIT_BAD;
}

static int
calibrate (const WpSimOptions *options, GError **error)
{
  g_autofree char *text
      = wp_report_calibration (options->calibrate, g_str_equal (options->format->name, "json"), error);

  return text && print_text (text, error) ? EXIT_DONE : EXIT_BAD;
}

static int
generate (const WpSimOptions *options, GError **error)
{
  const WpDrawOptions *draw = &options->draw;
  const WpTraceOptions *trace = &options->trace;
  g_autoptr (WpArrivals) arrivals
      = wp_arrivals_new (draw->generate, options->seed, trace->limit_rows > 0, error);
  g_autoptr (WpServiceTime) service
      = arrivals ? wp_service_time_new (options->service, trace->service_scale, TRUE, options->seed, error)
                 : NULL;
  WpGenerate job = { draw->generate,
                     options->service,
                     options->seed,
                     trace->scale,
                     trace->service_scale,
                     trace->limit_rows,
                     draw->digits > 0 ? draw->digits : 9,
                     draw->ids };

  return service && wp_generate_write (&job, arrivals, service, STDOUT_FILENO, error) ? EXIT_DONE : EXIT_BAD;
}

/* What the model of sizes that change does not go with. */
static gboolean
check_changes (const WpSimOptions *options, const GPtrArray *measured, GError **error)
{
  const char *with
      = measured->len > 1 || options->shared.fronts > 0 || options->fleet.instances > 0
            ? "the records of several servers"
        : options->draw.clients.warmup_rows > 0 || options->draw.clients.warmup_ns != WP_TIME_NONE
            ? "--warmup"
            : NULL;

  for (guint i = 0; with && i < measured->len; i++)
    if (wp_measurement_changes (measured->pdata[i]))
      return wp_fail (
          error, WP_ERROR_USAGE,
          "%s: the sizes changed while it was written (a line \"# at=...\"): that does not go with %s",
          wp_measurement_path (measured->pdata[i]), with);
  return TRUE;
}

/* The records of --against, whose notes complete the policy. */
static gboolean
load_records (WpSimOptions *options, GPtrArray *measured, GPtrArray *warnings, GError **error)
{
  for (guint i = 0; i < options->against->len; i++)
    {
      WpMeasurement *record = wp_measurement_load (options->against->pdata[i], TRUE, error);

      if (!record)
        return FALSE;
      g_ptr_array_add (measured, record);
      if ((wp_measurement_is_worker (record) || wp_measurement_is_front (record))
          && options->shared.fronts == 0)
        return wp_fail (
            error, WP_ERROR_USAGE,
            "--against: %s is of a %s of a shared queue: with --fronts give the records of the fronts and of "
            "the workers",
            wp_measurement_path (record), wp_measurement_is_worker (record) ? "worker" : "front");
      if (options->shared.fronts == 0 && !wp_measurement_complete (record, &options->policy, warnings, error))
        return FALSE;
    }

  return check_changes (options, measured, error) && wp_policy_check (&options->policy, error)
         && wp_sim_options_check_fleet (options, error);
}

static int
run (char **argv, GError **error)
{
  g_auto (WpSimOptions) options = { 0 };
  g_autoptr (GPtrArray) measured = g_ptr_array_new_with_free_func ((GDestroyNotify) wp_measurement_free);
  g_autoptr (WpTrace) trace = NULL;
  WpLogged logged = { 0 };
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);

  if (!wp_sim_options_parse (&options, argv, error))
    return EXIT_BAD;
  if (options.calibrate)
    return calibrate (&options, error);
  if (options.draw.generate)
    return generate (&options, error);
  if (options.plan.sweep)
    return sweep (&options, error);
  if (options.against && !load_records (&options, measured, warnings, error))
    return EXIT_BAD;
  if (options.draw.clients.clients == 0
      && (!(trace = open_trace (&options, error)) || !wp_measurement_take_ack (trace, &options.policy, error)
          || (!options.service_always && !wp_logged_apply (trace, &options.logged, &logged, error))))
    return EXIT_BAD;
  if (!wp_sim_options_open_services (&options, trace, error))
    return EXIT_BAD;

  return simulate (&options, trace, &logged, options.against ? measured : NULL, warnings, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int status;

  wp_process_begin ("wp-sim");
  wp_process_catch_messages (wp_interrupt_clean_up);
  wp_interrupt_catch ();
  status = run (argv, &error);

  return wp_process_end (error ? wp_options_fail (error) : status);
}
