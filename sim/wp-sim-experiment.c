#include "sim/wp-sim-experiment.h"

#include <string.h>

#define DEFAULT_PRECISION 0.01

struct _WpSimExperiment {
  const WpSimOptions *options;
  char *name;
  WpExperiment study;
  WpBatchMeans *parts[WP_N_MODES];
  WpConfidence confidence[WP_N_MODES];
};

WpSimExperiment *
wp_sim_experiment_new (const WpSimOptions *options)
{
  WpSimExperiment *self = g_new0 (WpSimExperiment, 1);
  const WpDrawOptions *draw = &options->draw;

  self->options = options;
  self->study = (WpExperiment){ .patience_ns = options->patience_ns,
                                .synthetic = draw->synthetic,
                                .scale = options->trace.scale,
                                .clients = draw->clients,
                                .service = options->services,
                                .think = options->thinks,
                                .service_scale = options->trace.service_scale,
                                .dispatch = options->dispatches };
  self->study.clients.http_stage = options->http_stage;
  self->study.clients.limit_rows = options->trace.limit_rows;
  self->name = g_strdup_printf ("%u client%s, thinking %s, answered when %s", draw->clients.clients,
                                draw->clients.clients == 1 ? "" : "s", draw->think ? draw->think : "0",
                                draw->clients.until_stored ? "stored" : "accepted");
  for (guint i = 0; i < WP_N_MODES; i++)
    self->parts[i] = wp_batch_means_new ();

  return self;
}

void
wp_sim_experiment_free (WpSimExperiment *self)
{
  for (guint i = 0; i < WP_N_MODES; i++)
    wp_batch_means_free (self->parts[i]);
  g_free (self->name);
  g_free (self);
}

const char *
wp_sim_experiment_name (const WpSimExperiment *self)
{
  return self->name;
}

void
wp_sim_experiment_watch (WpSimExperiment *self, WpRun *run)
{
  wp_run_warm_up (run, self->study.clients.warmup_rows, self->study.clients.warmup_ns);
  if (self->study.synthetic && self->options->draw.replications == 0
      && !wp_sim_options_are_of_fleet (self->options))
    wp_run_watch_parts (run, self->parts);
}

gboolean
wp_sim_experiment_run_closed (WpSimExperiment *self, WpReport *report, GPtrArray *notes, GError **error)
{
  self->study.policies = report->policies;
  self->study.n_models = report->n_models;
  if (!wp_experiment_run (&self->study, self->options->seed, self->parts, report->summary, &report->traffic,
                          error))
    return FALSE;
  report->n_drawn = report->traffic.requests;
  if (report->n_models > 1)
    g_ptr_array_add (notes,
                     g_strdup_printf ("arrivals depend on each mode's responses; those above are of %s",
                                      wp_mode_name (report->policies[report->n_models - 1].mode)));

  return TRUE;
}

static void
note_dispatch (const WpSimExperiment *self, GPtrArray *notes)
{
  if (self->options->dispatch)
    g_ptr_array_add (
        notes, g_strdup_printf (
                   "--dispatch-time: a worker is busy for %s before each job, which is part of the wait",
                   self->options->dispatch));
}

static void
note_warm_up (const WpSimExperiment *self, GPtrArray *notes)
{
  char time[WP_TIME_BUFFER];

  if (self->study.clients.warmup_rows > 0)
    g_ptr_array_add (notes, g_strdup_printf ("warm-up: the first %" G_GUINT64_FORMAT
                                             " requests are simulated but not counted",
                                             self->study.clients.warmup_rows));
  if (self->study.clients.warmup_ns != WP_TIME_NONE)
    g_ptr_array_add (notes,
                     g_strdup_printf ("warm-up: requests of the first %s are simulated but not counted",
                                      wp_time_format_people (time, self->study.clients.warmup_ns)));
}

/* The first replication is the reported run. */
static gboolean
replicate (WpSimExperiment *self, WpReport *report, double precision, GError **error)
{
  guint n = self->options->draw.replications, stride = report->n_models;
  g_autofree WpSummary *summary = g_new (WpSummary, (gsize) n * stride);

  memcpy (summary, report->summary, stride * sizeof *summary);
  if (!wp_experiment_replicate (&self->study, self->options->seed, n - 1,
                                wp_sim_options_threads (self->options), summary + stride, error))
    return FALSE;
  for (guint i = 0; i < stride; i++)
    wp_confidence_from_runs (&self->confidence[i], summary + i, n, stride, precision);

  return TRUE;
}

gboolean
wp_sim_experiment_finish (WpSimExperiment *self, WpReport *report, GPtrArray *notes, GError **error)
{
  const WpDrawOptions *draw = &self->options->draw;
  double precision = draw->precision > 0 ? draw->precision : DEFAULT_PRECISION;

  note_dispatch (self, notes);
  note_warm_up (self, notes);
  if ((!draw->synthetic && draw->clients.clients == 0) || wp_sim_options_are_of_fleet (self->options))
    return TRUE;
  self->study.policies = report->policies;
  self->study.n_models = report->n_models;
  if (draw->replications > 0 && !replicate (self, report, precision, error))
    return FALSE;
  for (guint i = 0; i < report->n_models; i++)
    {
      if (draw->replications == 0
          && !wp_experiment_intervals (&self->study, i, self->parts[i], &report->summary[i], precision,
                                       &self->confidence[i], error))
        return FALSE;
      self->confidence[i].has_theory = draw->theory;
      if (draw->theory
          && !wp_experiment_theory (&self->study, i, &report->summary[i], &self->confidence[i].theory, error))
        return FALSE;
    }
  report->confidence = self->confidence;
  if (draw->replications > 0)
    g_ptr_array_add (notes, g_strdup_printf ("the table shows the first run, seed %" G_GUINT64_FORMAT
                                             "; the means of all %u follow it",
                                             self->options->seed, draw->replications));

  return TRUE;
}
