#include "runtime/forecast/wp-depth-forecast.h"

#include <math.h>

#include "sim/base/wp-time.h"
#include "sim/wpsim/wpsim.h"

#define MOST_REQUESTS 1000000 /* of a forecast, in all its runs */
#define RUNS          20
#define LEAST_RUNS    5
#define LEAST_SAMPLES 50

const guint wp_horizons_s[WP_N_HORIZONS] = { 10, 60 };

typedef struct {
  const gint64 *gaps_ns, *services_ns;
  guint n, at;
  double gap_scale, service_scale;
  double growth; /* of the rate, as a share per ns */
} Source;

WpsimModel *
wp_forecast_model_new (const WpPolicy *policy, const WpCapacitySystem *system)
{
  WpsimModel *model;
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  model = wpsim_model_new ((WpsimMode) policy->mode, policy->workers,
                           MIN (layout.queue_jobs, WPSIM_MAX_QUEUE), NULL);
  if (!model)
    return NULL;
  if (policy->when_full == WP_WHEN_FULL_REJECT || policy->block_timeout_ns == 0)
    wpsim_model_set_reject (model);
  else if (policy->block_timeout_ns != WP_TIME_NONE)
    wpsim_model_set_block_timeout (model, policy->block_timeout_ns);
  if (system->commits)
    wpsim_model_set_commit (model, (gint64) (system->commit_s * WP_NS_PER_S),
                            (gint64) (system->row_s * WP_NS_PER_S), system->most_rows);
  return model;
}

/* The sum of twelve uniform numbers less six. */
static double
draw_normal (GRand *random)
{
  double sum = -6;

  for (guint i = 0; i < 12; i++)
    sum += g_rand_double (random);
  return sum;
}

/* Around 1. */
static double
draw_factor (GRand *random, double error)
{
  return CLAMP (1 + error * draw_normal (random), 0.2, 5);
}

static gint64
next_service (Source *self)
{
  self->at = self->at > 0 ? self->at - 1 : self->n - 1; /* they are latest first */
  return (gint64) ((double) self->services_ns[self->at] * self->service_scale);
}

/* After next_service(). @now_ns: of the arrival before, since the forecast was made. */
static gint64
next_gap (const Source *self, gint64 now_ns)
{
  return (gint64) ((double) self->gaps_ns[self->at] * self->gap_scale / (1 + self->growth * (double) now_ns));
}

/* A job in service has a part of its service before it. */
static gboolean
feed_backlog (WpsimModel *model, Source *source, guint64 in_service, guint64 waiting, GRand *random)
{
  for (guint64 i = 0; i < in_service + waiting; i++)
    {
      gint64 service_ns = next_service (source);

      if (i < in_service)
        service_ns = (gint64) (g_rand_double (random) * (double) service_ns);
      if (!wpsim_model_feed (model, 0, service_ns, NULL))
        return FALSE;
    }
  return TRUE;
}

/* @depths: (out): at the first @n horizons */
static gboolean
run (WpsimModel *model, Source *source, guint n, double depths[WP_N_HORIZONS])
{
  gint64 service_ns = next_service (source), now_ns = next_gap (source, 0);
  WpsimState state;

  for (guint i = 0; i < n; i++)
    {
      for (; now_ns <= wp_horizons_s[i] * WP_NS_PER_S; now_ns += next_gap (source, now_ns))
        {
          if (!wpsim_model_feed (model, now_ns, service_ns, NULL))
            return FALSE;
          service_ns = next_service (source);
        }
      if (!wpsim_model_get_state (model, wp_horizons_s[i] * WP_NS_PER_S, &state, NULL))
        return FALSE;
      depths[i] = (double) state.queued;
    }
  return TRUE;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static void
summarise (double *depths, guint n, WpDepthAt *at)
{
  double sum = 0;

  qsort (depths, n, sizeof *depths, compare);
  for (guint i = 0; i < n; i++)
    sum += depths[i];
  *at = (WpDepthAt){ sum / n, depths[n / 10], depths[n - 1 - n / 10] };
}

/* How many horizons can be computed, and in how many runs. */
static guint
choose_size (const WpOfferedLoad *load, guint64 backlog, guint *n_runs)
{
  for (guint n = WP_N_HORIZONS; n > 0; n--)
    {
      double requests = load->rate * wp_horizons_s[n - 1] + (double) backlog;

      *n_runs = (guint) MIN (RUNS, MOST_REQUESTS / MAX (requests, 1));
      if (*n_runs >= LEAST_RUNS)
        return n;
    }
  return 0;
}

static double
mean_gap (const gint64 *gaps_ns, guint n)
{
  double sum_ns = 0;

  for (guint i = 0; i < n; i++)
    sum_ns += (double) gaps_ns[i];
  return sum_ns / n;
}

void
wp_depth_forecast (const WpTrafficWindow *window, const WpOfferedLoad *load, const WpPolicy *policy,
                   const WpCapacitySystem *system, guint64 in_service, GRand *random,
                   WpDepthAt depths[WP_N_HORIZONS])
{
  double found[WP_N_HORIZONS][RUNS], of_run[WP_N_HORIZONS];
  guint64 waiting = system->queued + system->parked;
  guint n_runs, n = choose_size (load, in_service + waiting, &n_runs);
  Source source = { .n = wp_traffic_window_get_samples (window, &source.gaps_ns, &source.services_ns) };
  double gap_ns = source.n > 0 ? mean_gap (source.gaps_ns, source.n) : 0;

  for (guint i = 0; i < WP_N_HORIZONS; i++)
    depths[i] = (WpDepthAt){ NAN, NAN, NAN };
  if (source.n < LEAST_SAMPLES || gap_ns <= 0 || load->rate <= 0)
    return;
  source.growth = load->growth / load->rate / WP_NS_PER_S;
  for (guint i = 0; i < n_runs; i++)
    {
      g_autoptr (WpsimModel) model = wp_forecast_model_new (policy, system);

      source.at = (guint) g_rand_int_range (random, 0, (gint32) source.n);
      source.service_scale = draw_factor (random, load->service_error);
      source.gap_scale = WP_NS_PER_S / (load->rate * draw_factor (random, load->rate_error) * gap_ns);
      if (!model || !feed_backlog (model, &source, in_service, waiting, random)
          || !run (model, &source, n, of_run))
        return;
      for (guint horizon = 0; horizon < n; horizon++)
        found[horizon][i] = of_run[horizon];
    }
  for (guint horizon = 0; horizon < n; horizon++)
    summarise (found[horizon], n_runs, &depths[horizon]);
}
