#include "runtime/forecast/wp-forecaster.h"

#include "runtime/forecast/wp-commit-cost.h"
#include "runtime/forecast/wp-score.h"
#include "sim/base/wp-time.h"

#include <math.h>

#define MOST_ROWS 1000 /* of a commit, see wp-batch-writer.h */

struct _WpForecaster {
  const WpSampleRing *ring;
  WpTrafficWindow *window;
  WpCommitCostMean cost;
  WpScore scores[WP_N_HORIZONS];
  GRand *random;
  WpPolicy policy; /* of the last observation */
  WpOutlook outlook;
};

WpForecaster *
wp_forecaster_new (const WpSampleRing *ring)
{
  WpForecaster *self = g_new0 (WpForecaster, 1);

  self->ring = ring;
  self->window = wp_traffic_window_new ();
  self->random = g_rand_new_with_seed (1);
  self->outlook.resized_ns = WP_TIME_NONE;
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    self->outlook.horizons[i].at = (WpDepthAt){ NAN, NAN, NAN };
  return self;
}

void
wp_forecaster_free (WpForecaster *self)
{
  wp_traffic_window_free (self->window);
  g_rand_free (self->random);
  g_free (self->outlook.headline);
  g_free (self);
}

/* With a pace, a commit lasts for that at least. */
static void
set_commits (WpForecaster *self, const WpServerState *state, WpCapacitySystem *system)
{
  double pace_s = (double) state->pace_ns / WP_NS_PER_S, full_s;

  system->commits = TRUE;
  system->most_rows = MOST_ROWS;
  wp_commit_cost_observe (&self->cost, state->n_commits, state->commit_rows, state->commit_ns);
  wp_commit_cost_get (&self->cost, &system->commit_s, &system->row_s);
  full_s = system->commit_s + MIN (system->workers, MOST_ROWS) * system->row_s;
  if (pace_s > full_s)
    {
      system->commit_s = pace_s;
      system->row_s = 0;
    }
}

static void
set_system (WpForecaster *self, const WpServerState *state)
{
  WpLayout layout;

  wp_policy_layout (&state->policy, &layout);
  self->outlook.system = (WpCapacitySystem){
    .workers = layout.workers,
    .queue_jobs = layout.queue_jobs,
    .queued = state->queued,
    .parked = state->parked,
  };
  if (state->commits)
    set_commits (self, state, &self->outlook.system);
}

/* A forecast that was made for other sizes is not judged by what came of these. */
static void
forget_forecasts (WpForecaster *self)
{
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      wp_score_forget_pending (&self->scores[i]);
      self->outlook.horizons[i].at = (WpDepthAt){ NAN, NAN, NAN };
    }
}

static gboolean
has_same_sizes (const WpPolicy *a, const WpPolicy *b)
{
  return a->workers == b->workers && a->queue_jobs == b->queue_jobs && a->when_full == b->when_full
         && a->block_timeout_ns == b->block_timeout_ns;
}

/* The window needs no new beginning: arrivals and services are those of any sizes. */
static void
observe_traffic (WpForecaster *self, const WpServerState *state)
{
  WpOutlook *outlook = &self->outlook;
  WpTrafficMark mark = { state->now_ns,    state->arrived, state->rejected,
                         state->timed_out, state->full_ns, state->worker_ns };

  if (outlook->until.at_ns > 0 && !has_same_sizes (&self->policy, &state->policy)) /* not the first */
    {
      forget_forecasts (self);
      outlook->resized_ns = mark.at_ns;
    }
  self->policy = state->policy;
  wp_traffic_window_observe (self->window, &mark, self->ring);
  wp_traffic_window_get_load (self->window, &outlook->load);
  outlook->from = *wp_traffic_window_begin (self->window);
  outlook->until = mark;
}

static void
simulate (WpForecaster *self, const WpServerState *state)
{
  WpDepthAt depths[WP_N_HORIZONS];

  wp_depth_forecast (self->window, &self->outlook.load, &state->policy, &self->outlook.system,
                     state->in_service, self->random, depths);
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      self->outlook.horizons[i].at = depths[i];
      if (!isnan (depths[i].depth))
        wp_score_predict (&self->scores[i], state->now_ns + wp_horizons_s[i] * WP_NS_PER_S, depths[i].depth,
                          (double) state->queued);
    }
}

/* Each forecast is judged when its time has come. */
static void
judge_forecasts (WpForecaster *self, const WpServerState *state)
{
  for (guint i = 0; i < WP_N_HORIZONS; i++)
    {
      WpHorizon *horizon = &self->outlook.horizons[i];

      wp_score_observe (&self->scores[i], state->now_ns, (double) state->queued);
      horizon->error = wp_score_error (&self->scores[i]);
      horizon->skill = wp_score_skill (&self->scores[i]);
      horizon->shows = wp_score_is_significant (&self->scores[i]);
      horizon->due = horizon->shows ? self->scores[i].due : NAN;
    }
}

const WpOutlook *
wp_forecaster_observe (WpForecaster *self, const WpServerState *state)
{
  WpOutlook *outlook = &self->outlook;

  observe_traffic (self, state);
  set_system (self, state);
  wp_capacity_judge (&outlook->capacity, &outlook->load, &outlook->system);
  g_free (outlook->headline);
  outlook->headline = wp_capacity_headline (&outlook->capacity, &outlook->system);
  judge_forecasts (self, state);
  if (state->simulates && state->policy.mode != WP_MODE_DEFAULT && (!state->commits || state->pace_ns > 0))
    simulate (self, state);

  return outlook;
}
