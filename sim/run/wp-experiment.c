#include "sim/run/wp-experiment.h"

#include <gio/gio.h>
#include <math.h>

#include "sim/model/wp-arrivals.h"
#include "sim/model/wp-synthetic.h"
#include "sim/run/wp-closed-loop.h"

#define REPLICATION_STREAM 0x7265706c00000000 /* "repl" */

static WpServiceTime *
copy_dispatch (const WpExperiment *self, guint64 seed)
{
  return self->dispatch ? wp_service_time_copy (self->dispatch, 1, TRUE, seed) : NULL;
}

static gboolean
run_open (const WpExperiment *self, guint64 seed, WpBatchMeans *const *parts, WpSummary *summary,
          WpTrafficSummary *traffic, GError **error)
{
  g_autoptr (WpTrace) trace
      = wp_synthetic_open (self->synthetic, seed, self->scale, self->clients.limit_rows, error);
  g_autoptr (WpServiceTime) service = wp_service_time_copy (self->service, self->service_scale, TRUE, seed);
  g_autoptr (WpServiceTime) dispatch = copy_dispatch (self, seed);
  g_autoptr (WpRun) run = NULL;

  if (!trace)
    return FALSE;
  run = wp_run_new (trace, service, self->policies, self->n_models, self->patience_ns);
  wp_run_set_http_stage (run, &self->clients.http_stage);
  wp_run_set_dispatch (run, dispatch);
  wp_run_warm_up (run, self->clients.warmup_rows, self->clients.warmup_ns);
  if (parts)
    wp_run_watch_parts (run, parts);

  return wp_run_execute (run, summary, traffic, error);
}

static gboolean
run_clients (const WpExperiment *self, guint i, WpServiceTime *service, WpServiceTime *think,
             WpServiceTime *dispatch, WpBatchMeans *parts, WpSummary *summary, WpTrafficSummary *traffic,
             GError **error)
{
  WpLayout layout;

  wp_policy_layout (&self->policies[i], &layout);
  if (wp_service_time_commit (service))
    return wp_closed_loop_bulk_run (&self->clients, &layout, self->patience_ns, service, think, parts,
                                    summary, traffic, error);

  return wp_closed_loop_run (&self->clients, &layout, self->patience_ns, service, think, dispatch, parts,
                             summary, traffic, error);
}

/* Each model has its own arrivals, which depend on its responses; the n-th request has the same service time
 * in all. */
static gboolean
run_closed (const WpExperiment *self, guint64 seed, WpBatchMeans *const *parts, WpSummary *summary,
            WpTrafficSummary *traffic, GError **error)
{
  g_autoptr (WpServiceTime) service = wp_service_time_copy (self->service, self->service_scale, TRUE, seed);
  g_autoptr (WpServiceTime) think = wp_service_time_copy (self->think, 1, TRUE, seed);
  g_autoptr (WpServiceTime) dispatch = copy_dispatch (self, seed);

  wp_service_time_use_stream (think, WP_THINK_STREAM);
  for (guint i = 0; i < self->n_models; i++)
    {
      wp_service_time_restart (service);
      wp_service_time_restart (think);
      if (dispatch)
        wp_service_time_restart (dispatch);
      if (!run_clients (self, i, service, think, dispatch, parts ? parts[i] : NULL, &summary[i], traffic,
                        error))
        {
          g_prefix_error (error, "%s: ", wp_mode_name (self->policies[i].mode));
          return FALSE;
        }
    }

  return TRUE;
}

gboolean
wp_experiment_run (const WpExperiment *self, guint64 seed, WpBatchMeans *const *parts, WpSummary *summary,
                   WpTrafficSummary *traffic, GError **error)
{
  return (self->synthetic ? run_open : run_closed) (self, seed, parts, summary, traffic, error);
}

typedef struct {
  const WpExperiment *study;
  guint64 seed;
  WpSummary *summary;
  GMutex mutex;
  GError *error; /* under the mutex: the first */
} Replication;

/* Of seed and index: the seeds beside @seed have runs of their own. */
static guint64
hash_seed (guint64 seed, guint index)
{
  WpRandom random;

  wp_random_init (&random, seed, REPLICATION_STREAM + index);

  return wp_random_next (&random);
}

static void
replicate (gpointer data, gpointer user_data)
{
  guint i = GPOINTER_TO_UINT (data) - 1;
  Replication *self = user_data;
  WpTrafficSummary traffic;
  GError *error = NULL;

  if (wp_experiment_run (self->study, hash_seed (self->seed, i), NULL,
                         self->summary + i * self->study->n_models, &traffic, &error))
    return;
  g_mutex_lock (&self->mutex);
  if (self->error)
    g_error_free (error);
  else
    self->error = error;
  g_mutex_unlock (&self->mutex);
}

gboolean
wp_experiment_replicate (const WpExperiment *self, guint64 seed, guint n, guint threads, WpSummary *summary,
                         GError **error)
{
  Replication shared = { self, seed, summary };
  GThreadPool *pool
      = g_thread_pool_new (replicate, &shared, threads > 0 ? (int) threads : (int) g_get_num_processors (),
                           TRUE, error);

  if (!pool)
    return FALSE;
  g_mutex_init (&shared.mutex);
  for (guint i = 0; i < n; i++)
    g_thread_pool_push (pool, GUINT_TO_POINTER (i + 1), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&shared.mutex);
  if (!shared.error)
    return TRUE;
  g_propagate_error (error, shared.error);

  return FALSE;
}

/* May a client leave while it is parked, queued or in service? */
static gboolean
may_leave (const WpExperiment *self, const WpLayout *layout)
{
  gboolean awaits_update = !self->synthetic && self->clients.until_stored;

  return self->patience_ns != WP_TIME_NONE && (!layout->rejects || layout->drops_queued || awaits_update);
}

/* A worker is busy with a job for its dispatch and its service. */
static void
add_dispatch (const WpExperiment *self, WpMoments *service)
{
  double variance = service->cv2 * service->mean_ns * service->mean_ns;
  WpMoments moments;

  if (!self->dispatch)
    return;
  wp_service_time_moments (self->dispatch, &moments);
  variance += moments.cv2 * moments.mean_ns * moments.mean_ns;
  service->shape = WP_SHAPE_GENERAL;
  service->mean_ns += moments.mean_ns;
  service->cv2 = service->mean_ns > 0 ? variance / (service->mean_ns * service->mean_ns) : 0;
}

/* The simulated system, for the closed forms. */
static gboolean
describe (const WpExperiment *self, guint model, const WpSummary *summary, WpTheoryCase *simulated,
          GError **error)
{
  g_autoptr (WpServiceTime) service = wp_service_time_copy (self->service, self->service_scale, TRUE, 0);
  g_autoptr (WpArrivals) arrivals
      = self->synthetic ? wp_arrivals_new (self->synthetic, 0, TRUE, error) : NULL;

  *simulated = (WpTheoryCase){ .traffic = WP_TRAFFIC_CLIENTS, .clients = self->clients.clients };
  if (self->synthetic && !arrivals)
    return FALSE;
  if (arrivals)
    {
      simulated->traffic = wp_arrivals_is_poisson (arrivals)    ? WP_TRAFFIC_POISSON
                           : wp_arrivals_is_constant (arrivals) ? WP_TRAFFIC_CONSTANT
                                                                : WP_TRAFFIC_OTHER;
      simulated->rate = wp_arrivals_rate (arrivals) * self->scale;
    }
  else
    wp_service_time_moments (self->think, &simulated->think);
  wp_service_time_moments (service, &simulated->service);
  add_dispatch (self, &simulated->service);
  simulated->in_groups = wp_service_time_commit (service) != NULL;
  wp_policy_layout (&self->policies[model], &simulated->layout);
  simulated->responds_at_acceptance = !self->clients.until_stored;
  simulated->patient
      = simulated->layout.block_timeout_ns == WP_TIME_NONE && !may_leave (self, &simulated->layout);
  simulated->requests = summary->requests;
  simulated->blocked = summary->blocked > 0;

  return TRUE;
}

gboolean
wp_experiment_theory (const WpExperiment *self, guint model, const WpSummary *summary, WpTheory *theory,
                      GError **error)
{
  WpTheoryCase simulated;

  if (!describe (self, model, summary, &simulated, error))
    return FALSE;
  wp_theory_find (theory, &simulated);

  return TRUE;
}

/* The requests that intervals of the mean wait take; 0: unknown. Arrivals of no known kind are taken as
 * Poisson, the least of them. A queue that refuses requests forgets sooner. */
static double
requests_needed (const WpTheoryCase *simulated, const WpSummary *summary)
{
  double load = simulated->rate * simulated->service.mean_ns / WP_NS_PER_S / simulated->layout.workers;
  double cv2 = simulated->traffic == WP_TRAFFIC_CONSTANT ? 0 : 1;
  gboolean refuses = summary->rejected + summary->timed_out + summary->abandoned > 0;

  if (simulated->traffic == WP_TRAFFIC_CLIENTS || simulated->layout.workers == WP_UNBOUNDED || refuses
      || simulated->in_groups || load >= 1)
    return 0;

  return round (WP_INDEPENDENT_LEAST * wp_theory_relaxation (load, cv2, simulated->service.cv2));
}

gboolean
wp_experiment_intervals (const WpExperiment *self, guint model, const WpBatchMeans *parts,
                         const WpSummary *summary, double precision, WpConfidence *confidence, GError **error)
{
  WpTheoryCase simulated;

  if (!describe (self, model, summary, &simulated, error))
    return FALSE;
  wp_confidence_from_parts (confidence, parts, precision);
  confidence->run_requests = summary->requests;
  confidence->requests_needed = requests_needed (&simulated, summary);

  return TRUE;
}
