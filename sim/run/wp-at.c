#include "sim/run/wp-at.h"

void
wp_at_init (WpAt *self, gint64 at_ns, guint n_models)
{
  *self = (WpAt){ .at_ns = at_ns, .n_models = n_models };
  for (guint i = 0; i < n_models; i++)
    self->states[i].oldest_ns = WP_TIME_NONE;
}

/* Of a request that arrived until @now_ns. */
static void
count (WpState *self, gint64 now_ns, gint64 arrival_ns, const WpVerdict *verdict)
{
  /* the line of the parked */
  gint64 left_ns = verdict->accepted_ns != WP_TIME_NONE ? verdict->accepted_ns : verdict->ended_ns;
  gboolean parked = verdict->blocked && left_ns > now_ns;
  gboolean queued = verdict->accepted_ns != WP_TIME_NONE && verdict->accepted_ns <= now_ns
                    && wp_verdict_left_queue (verdict) > now_ns;

  self->parked += parked;
  self->depth += queued;
  self->busy += verdict->started_ns != WP_TIME_NONE && verdict->started_ns <= now_ns
                && verdict->finished_ns > now_ns;
  if ((parked || queued) && self->oldest_ns == WP_TIME_NONE)
    self->oldest_ns = arrival_ns;
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpAt *self = observer;

  for (gsize row = 0; row < batch->n_rows && batch->rows[row].arrival_ns <= self->at_ns; row++)
    for (guint i = 0; i < self->n_models; i++)
      count (&self->states[i], self->at_ns, batch->rows[row].arrival_ns, &batch->verdicts[i][row]);

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpAt *self = observer;

  wp_at_init (self, self->at_ns, self->n_models);

  return TRUE;
}

const WpObserver wp_at_observer = { TRUE, on_restart, on_offer, NULL };
