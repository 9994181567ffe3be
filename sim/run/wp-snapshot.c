#include "sim/run/wp-snapshot.h"

void
wp_snapshot_init (WpSnapshot *self, gint64 at_ns, guint n_models)
{
  *self = (WpSnapshot){ .at_ns = at_ns, .n_models = n_models };
  for (guint i = 0; i < n_models; i++)
    self->states[i].oldest_ns = WP_TIME_NONE;
}

/* Of a request that arrived until @now_ns. */
static void
count (WpState *self, gint64 now_ns, gint64 arrival_ns, const WpRequestResult *result)
{
  /* the line of the parked */
  gint64 left_ns = result->accepted_ns != WP_TIME_NONE ? result->accepted_ns : result->ended_ns;
  gboolean parked = result->blocked && left_ns > now_ns;
  gboolean queued = result->accepted_ns != WP_TIME_NONE && result->accepted_ns <= now_ns
                    && wp_request_result_left_queue (result) > now_ns;

  self->parked += parked;
  self->depth += queued;
  self->busy
      += result->started_ns != WP_TIME_NONE && result->started_ns <= now_ns && result->finished_ns > now_ns;
  if ((parked || queued) && self->oldest_ns == WP_TIME_NONE)
    self->oldest_ns = arrival_ns;
}

static gboolean
on_offer (gpointer observer, const WpBatch *batch, GError **error)
{
  WpSnapshot *self = observer;

  for (gsize row = 0; row < batch->n_rows && batch->rows[row].arrival_ns <= self->at_ns; row++)
    for (guint i = 0; i < self->n_models; i++)
      count (&self->states[i], self->at_ns, batch->rows[row].arrival_ns, &batch->results[i][row]);

  return TRUE;
}

static gboolean
on_restart (gpointer observer, GError **error)
{
  WpSnapshot *self = observer;

  wp_snapshot_init (self, self->at_ns, self->n_models);

  return TRUE;
}

const WpObserver wp_snapshot_observer = { TRUE, on_restart, on_offer, NULL };
