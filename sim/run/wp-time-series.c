#include "sim/run/wp-time-series.h"

#define BUFFER_BYTES (64 * 1024)

struct _WpTimeSeries {
  WpAtomicFile *output;
  const char *names[WP_N_MODES];
  GString *buffer;
};

static void
begin (WpTimeSeries *self)
{
  g_string_assign (self->buffer, "time,mode,depth,parked,busy\n");
}

WpTimeSeries *
wp_time_series_new (WpAtomicFile *output, const WpPolicy *policies, guint n_models)
{
  WpTimeSeries *self = g_new0 (WpTimeSeries, 1);

  self->output = output;
  for (guint i = 0; i < n_models; i++)
    self->names[i] = wp_mode_name (policies[i].mode);
  self->buffer = g_string_sized_new (BUFFER_BYTES);
  begin (self);

  return self;
}

void
wp_time_series_free (WpTimeSeries *self)
{
  g_string_free (self->buffer, TRUE);
  g_free (self);
}

static gboolean
flush (WpTimeSeries *self, GError **error)
{
  gboolean written = wp_atomic_file_write (self->output, self->buffer->str, self->buffer->len, error);

  g_string_truncate (self->buffer, 0);

  return written;
}

static gboolean
on_sample (gpointer sampler, guint model, gint64 now_ns, const WpState *state, GError **error)
{
  WpTimeSeries *self = sampler;
  char time[WP_TIME_BUFFER];

  g_string_append_printf (self->buffer,
                          "%s,%s,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "\n",
                          wp_time_format_seconds (time, now_ns), self->names[model], state->depth,
                          state->parked, state->busy);

  return self->buffer->len < BUFFER_BYTES - 256 || flush (self, error);
}

static gboolean
on_restart (gpointer sampler, GError **error)
{
  WpTimeSeries *self = sampler;

  begin (self);

  return wp_atomic_file_restart (self->output, error);
}

static gboolean
on_finish (gpointer sampler, GError **error)
{
  return flush (sampler, error);
}

const WpStateSampler wp_time_series_sampler
    = { .restart = on_restart, .sample = on_sample, .finish = on_finish };
