#include "runtime/server/wp-sampler.h"

#include <math.h>

#include "runtime/engine/wp-full-log.h"
#include "runtime/http/wp-http-thread.h"

struct _WpSampler {
  WpHistory *history;
  WpEngine *engine;
  GPtrArray *http_threads;
  WpForecast *forecast; /* NULL: none */
  WpFullLog full;
  guint timer;
};

static gboolean on_step (gpointer data);

/* Timers of the loop have milliseconds: one later is after the end of the step. */
static void
await_step (WpSampler *self)
{
  gint64 now_ns = wp_history_clock (), left_ns = wp_history_next (self->history, now_ns) - now_ns;

  self->timer
      = g_timeout_add_full (G_PRIORITY_HIGH, (guint) (left_ns / WP_NS_PER_MS) + 1, on_step, self, NULL);
}

static guint64
count_refusals (const WpSampler *self)
{
  guint64 counts[WP_N_HTTP_ERRORS] = { 0 }, n = 0;

  for (guint i = 0; i < self->http_threads->len; i++)
    wp_http_thread_add_refusals (self->http_threads->pdata[i], counts);
  for (WpHttpError i = 0; i < WP_N_HTTP_ERRORS; i++)
    n += counts[i];
  return n;
}

static void
set_limits (WpHistorySource *source, const WpPolicy *policy)
{
  WpLayout layout;

  wp_policy_layout (policy, &layout);
  source->queue_limit = layout.can_be_full ? layout.queue_jobs : NAN;
  source->workers_limit = layout.workers == WP_UNBOUNDED ? NAN : layout.workers;
}

static gboolean
on_step (gpointer data)
{
  WpSampler *self = data;
  const WpDatabase *database = wp_engine_get_database (self->engine);
  WpHistorySource source = { .refused = count_refusals (self),
                             .times = wp_engine_get_times (self->engine),
                             .commit_ns = &database->commit_ns,
                             .commit_rows = &database->commit_rows,
                             .depth_forecast = self->forecast ? wp_forecast_take_due (self->forecast) : NAN };
  WpPolicy policy = wp_engine_get_policy (self->engine);

  set_limits (&source, &policy);
  wp_engine_sample (self->engine, &source.ledger);
  wp_full_log_step (&self->full, &source.ledger, wp_time_monotonic ());
  wp_history_add (self->history, wp_history_clock (), &source);
  await_step (self);

  return G_SOURCE_REMOVE;
}

WpSampler *
wp_sampler_new (WpHistory *history, WpEngine *engine, GPtrArray *http_threads, WpForecast *forecast)
{
  WpSampler *self = g_new0 (WpSampler, 1);

  self->history = history;
  self->engine = engine;
  self->http_threads = http_threads;
  self->forecast = forecast;
  await_step (self);

  return self;
}

void
wp_sampler_free (WpSampler *self)
{
  g_source_remove (self->timer);
  g_free (self);
}
