#include "sim/run/wp-time-series.h"

#include "sim/model/wp-timeline.h"

#define BUFFER_BYTES (64 * 1024)

struct _WpTimeSeries {
  WpAtomicFile *output;
  gint64 interval_ns, next_ns;
  gboolean at_end; /* the next moment is past 292 years */
  guint n_models;
  const char *names[WP_N_MODES];
  WpTimeline *timelines[WP_N_MODES];
  GString *buffer;
};

static void
begin (WpTimeSeries *self)
{
  self->next_ns = 0;
  self->at_end = FALSE;
  g_string_assign (self->buffer, "time,mode,depth,parked,busy\n");
  for (guint i = 0; i < self->n_models; i++)
    {
      g_clear_pointer (&self->timelines[i], wp_timeline_free);
      self->timelines[i] = wp_timeline_new ();
    }
}

WpTimeSeries *
wp_time_series_new (WpAtomicFile *output, gint64 interval_ns, const WpPolicy *policies, guint n_models)
{
  WpTimeSeries *self = g_new0 (WpTimeSeries, 1);

  self->output = output;
  self->interval_ns = interval_ns;
  self->n_models = n_models;
  for (guint i = 0; i < n_models; i++)
    self->names[i] = wp_mode_name (policies[i].mode);
  self->buffer = g_string_sized_new (BUFFER_BYTES);
  begin (self);

  return self;
}

void
wp_time_series_free (WpTimeSeries *self)
{
  for (guint i = 0; i < self->n_models; i++)
    wp_timeline_free (self->timelines[i]);
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
sample (WpTimeSeries *self, guint model, GError **error)
{
  WpMoment moment = wp_timeline_at (self->timelines[model], self->next_ns);
  char time[WP_TIME_BUFFER];

  g_string_append_printf (self->buffer,
                          "%s,%s,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "\n",
                          wp_time_format_seconds (time, self->next_ns), self->names[model], moment.depth,
                          moment.parked, moment.busy);

  return self->buffer->len < BUFFER_BYTES - 256 || flush (self, error);
}

static void
step (WpTimeSeries *self)
{
  self->at_end = self->next_ns > G_MAXINT64 - self->interval_ns;
  if (!self->at_end)
    self->next_ns += self->interval_ns;
}

/* A request that finds all jobs finished is accepted, so that no moment before an arrival is past the last
 * finish. */
static gboolean
sample_before (WpTimeSeries *self, gint64 arrival_ns, GError **error)
{
  for (; self->next_ns < arrival_ns && !self->at_end; step (self))
    for (guint i = 0; i < self->n_models; i++)
      if (!sample (self, i, error))
        return FALSE;

  return TRUE;
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpTimeSeries *self = observer;

  for (gsize row = 0; row < batch->n_rows; row++)
    {
      if (!sample_before (self, batch->rows[row].arrival_ns, error))
        return FALSE;
      for (guint i = 0; i < self->n_models; i++)
        wp_timeline_offer (self->timelines[i], batch->rows[row].arrival_ns, &batch->results[i][row]);
    }

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpTimeSeries *self = observer;

  begin (self);

  return wp_atomic_file_restart (self->output, error);
}

static gboolean
on_finish (gpointer observer, GError **error)
{
  WpTimeSeries *self = observer;
  gboolean any = TRUE;

  for (; any && !self->at_end; step (self))
    {
      any = FALSE;
      for (guint i = 0; i < self->n_models; i++)
        if (self->next_ns <= wp_timeline_last (self->timelines[i]))
          {
            any = TRUE;
            if (!sample (self, i, error))
              return FALSE;
          }
    }

  return flush (self, error);
}

const WpObserver wp_time_series_observer = { TRUE, on_restart, on_offer, on_finish };
