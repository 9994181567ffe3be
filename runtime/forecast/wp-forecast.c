#include "runtime/forecast/wp-forecast.h"

#include <math.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sim/base/wp-time.h"

#define PERIOD_NS WP_NS_PER_S
#define CPU_SHARE 0.03 /* of a core, for simulations */
#define NICENESS  19

struct _WpForecast {
  WpEngine *engine;
  gboolean commits;
  WpSampleRing *ring;
  WpForecaster *forecaster; /* used by the thread */
  GThread *thread;

  GMutex mutex; /* guards the rest */
  GCond stop;
  gboolean stops;
  WpOutlook outlook; /* its headline is owned */

  GMutex asking; /* one question at a time */
};

static void
read_state (WpForecast *self, WpServerState *state)
{
  WpDatabase *database = wp_engine_get_database (self->engine);
  WpLedger ledger;

  wp_engine_count (self->engine, &ledger, NULL);
  *state = (WpServerState){
    .now_ns = wp_time_monotonic (),
    .arrived = ledger.received + ledger.recovered + ledger.taken,
    .rejected = ledger.rejected,
    .timed_out = ledger.timed_out,
    .full_ns = ledger.full_ns,
    .worker_ns = ledger.worker_ns,
    .queued_peak = ledger.recent_queued_peak,
    .queued = ledger.queued,
    .parked = ledger.parked,
    .in_service = ledger.in_service,
    .policy = wp_engine_get_policy (self->engine),
    .commits = self->commits,
    .pace_ns = database->pace_ns,
    .n_commits = wp_decimal_histogram_count (&database->commit_ns, WP_DECIMAL_BOUNDS),
    .commit_rows = database->commit_rows.sum,
    .commit_ns = database->commit_ns.sum,
  };
}

/* Of this thread. */
static gint64
cpu_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * WP_NS_PER_S + time.tv_nsec;
}

static void
publish (WpForecast *self, const WpOutlook *outlook)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  g_free (self->outlook.headline);
  self->outlook = *outlook;
  self->outlook.headline = g_strdup (outlook->headline);
}

/* Returns: FALSE: the thread ends. */
static gboolean
sleep_for (WpForecast *self, gint64 ns)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 until_us = g_get_monotonic_time () + ns / WP_NS_PER_US;

  while (!self->stops && g_cond_wait_until (&self->stop, &self->mutex, until_us))
    ;
  return !self->stops;
}

/* A simulation that took long is followed by a longer time without one. */
static gpointer
observe (gpointer data)
{
  WpForecast *self = data;
  gint64 next_ns = 0;

  setpriority (PRIO_PROCESS, (id_t) gettid (), NICENESS); /* of the thread alone, on Linux */
  do
    {
      gint64 began_ns = cpu_time ();
      WpServerState state;

      read_state (self, &state);
      state.simulates = state.now_ns >= next_ns;
      publish (self, wp_forecaster_observe (self->forecaster, &state));
      if (state.simulates)
        next_ns = state.now_ns + (gint64) ((double) (cpu_time () - began_ns) / CPU_SHARE);
    }
  while (sleep_for (self, PERIOD_NS));

  return NULL;
}

WpForecast *
wp_forecast_new (WpEngine *engine, const char *database)
{
  WpForecast *self = g_new0 (WpForecast, 1);
  WpServerState state;

  self->engine = engine;
  self->commits = g_str_has_prefix (database, "sqlite:") || g_str_has_prefix (database, "postgres");
  self->ring = wp_sample_ring_new ();
  self->forecaster = wp_forecaster_new (self->ring);
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->asking);
  g_cond_init (&self->stop);
  wp_engine_set_samples (engine, self->ring);
  read_state (self, &state);
  publish (self, wp_forecaster_observe (self->forecaster, &state));
  self->thread = g_thread_new ("wp-forecast", observe, self);

  return self;
}

void
wp_forecast_stop (WpForecast *self)
{
  g_mutex_lock (&self->mutex);
  self->stops = TRUE;
  g_cond_signal (&self->stop);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
}

void
wp_forecast_free (WpForecast *self)
{
  wp_forecaster_free (self->forecaster);
  wp_sample_ring_free (self->ring);
  g_free (self->outlook.headline);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->asking);
  g_cond_clear (&self->stop);
  g_free (self);
}

void
wp_forecast_get (WpForecast *self, WpOutlook *outlook)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  *outlook = self->outlook;
  outlook->headline = g_strdup (self->outlook.headline);
}

double
wp_forecast_take_due (WpForecast *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  double due = self->outlook.horizons[0].due;

  self->outlook.horizons[0].due = NAN;
  return due;
}

WpPolicy
wp_forecast_get_policy (WpForecast *self)
{
  return wp_engine_get_policy (self->engine);
}

const char *
wp_forecast_what_if (WpForecast *self, const WpPolicy *policy, double traffic, WpWhatIf *answer)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->asking);
  WpServerState state;
  WpOutlook outlook;

  wp_forecast_get (self, &outlook);
  g_free (outlook.headline);
  read_state (self, &state);
  if (state.commits && state.pace_ns == 0)
    return WP_FORECAST_NOT_PACED;
  if (!wp_what_if (answer, self->ring, &outlook, &state, policy, traffic))
    return WP_FORECAST_NO_DATA;

  return NULL;
}
