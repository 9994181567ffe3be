/* forecast-run.h - a server that exists only as numbers: its requests, its queue, and the forecast that
 * observes it once per second. */
#pragma once

#include "runtime/forecast/wp-forecaster.h"
#include "sim/base/wp-time.h"

typedef struct {
  gint64 arrival_ns, started_ns, finished_ns;
} ForecastJob;

typedef struct {
  WpPolicy policy;
  GArray *jobs; /* (element-type ForecastJob) */
  WpSampleRing *ring;
  WpForecaster *forecaster;
  gint64 *free_ns; /* of the workers */
  gint64 now_ns;
  guint64 worker_ns;
  guint seen, ended;  /* jobs that have arrived, and those added to the ring */
  gboolean simulates; /* the depth is forecast too */
} ForecastRun;

#define FORECAST_ORIGIN_NS G_GINT64_CONSTANT (1000000000000)

static inline void
forecast_run_init (ForecastRun *self, guint workers, guint queue_jobs)
{
  *self = (ForecastRun){ .jobs = g_array_new (FALSE, FALSE, sizeof (ForecastJob)),
                         .ring = wp_sample_ring_new (),
                         .free_ns = g_new0 (gint64, workers),
                         .now_ns = FORECAST_ORIGIN_NS };
  wp_policy_init (&self->policy, WP_MODE_WORKER_POOL);
  self->policy.workers = workers;
  self->policy.queue_jobs = queue_jobs;
  self->forecaster = wp_forecaster_new (self->ring);
  wp_forecaster_observe (self->forecaster,
                         &(WpServerState){ .now_ns = self->now_ns, .policy = self->policy });
}

static inline void
forecast_run_clear (ForecastRun *self)
{
  wp_forecaster_free (self->forecaster);
  wp_sample_ring_free (self->ring);
  g_array_unref (self->jobs);
  g_free (self->free_ns);
}

/* In order of arrival. */
static inline void
forecast_run_add (ForecastRun *self, gint64 arrival_ns, gint64 service_ns)
{
  guint first = 0;
  ForecastJob job;

  for (guint i = 1; i < self->policy.workers; i++)
    if (self->free_ns[i] < self->free_ns[first])
      first = i;
  arrival_ns += FORECAST_ORIGIN_NS;
  job = (ForecastJob){ arrival_ns, MAX (arrival_ns, self->free_ns[first]), 0 };
  job.finished_ns = self->free_ns[first] = job.started_ns + service_ns;
  g_array_append_val (self->jobs, job);
}

/* Adds the jobs that have ended; those that have not count in @state. */
static inline void
forecast_run_count (ForecastRun *self, WpServerState *state)
{
  guint64 waiting = 0;

  for (guint i = 0; i < self->seen; i++)
    {
      ForecastJob *job = &g_array_index (self->jobs, ForecastJob, i);

      if (i >= self->ended && job->finished_ns <= self->now_ns)
        {
          WpSample sample = { job->arrival_ns, job->started_ns - job->arrival_ns,
                              job->finished_ns - job->started_ns, FALSE };

          wp_sample_ring_add (self->ring, i, &sample);
        }
      state->in_service += job->started_ns <= self->now_ns && job->finished_ns > self->now_ns;
      waiting += job->started_ns > self->now_ns;
    }
  while (self->ended < self->seen
         && g_array_index (self->jobs, ForecastJob, self->ended).finished_ns <= self->now_ns)
    self->ended++;
  state->queued = MIN (waiting, self->policy.queue_jobs);
  state->parked = waiting - state->queued;
}

/* One second passes. */
static inline const WpOutlook *
forecast_run_step (ForecastRun *self, WpServerState *state)
{
  self->now_ns += WP_NS_PER_S;
  self->worker_ns += self->policy.workers * (guint64) WP_NS_PER_S;
  while (self->seen < self->jobs->len
         && g_array_index (self->jobs, ForecastJob, self->seen).arrival_ns <= self->now_ns)
    self->seen++;
  *state = (WpServerState){ .now_ns = self->now_ns,
                            .arrived = self->seen,
                            .worker_ns = self->worker_ns,
                            .policy = self->policy,
                            .simulates = self->simulates };
  forecast_run_count (self, state);

  return wp_forecaster_observe (self->forecaster, state);
}
