#include "sim/model/wp-model-private.h"

#define BATCH 256 /* all of it stays in the first cache */

/* Of one batch, whose every request is parked, then waits. */
typedef struct {
  gint64 blocked_ns[BATCH], waits_ns[BATCH], responses_ns[BATCH];
  WpUint128 blocked_total_ns, waits_total_ns, responses_total_ns, services_total_ns;
} Batch;

/* The last one accepted is so only after all of these have come, so each of them finds the queue full, and
 * gets its place when the front of it starts. Where two start at one moment, or a job with its acceptance, a
 * place is free for no time, and makes no difference. */
static gboolean
is_saturated (const WpModel *self, gint64 last_arrival_ns)
{
  return self->entered_ns > last_arrival_ns && self->waiting.length == self->full_jobs
         && self->may_wait_ns == G_MAXINT64;
}

static gboolean
recur (WpModel *self, Batch *batch, const WpRow *rows, const gint64 *services_ns, gsize n)
{
  WpRing *waiting = &self->waiting;

  for (gsize i = 0; i < n; i++)
    {
      gint64 arrival_ns = rows[i].arrival_ns, service_ns = services_ns[i];
      gint64 accepted_ns = wp_ring_front (waiting),
             started_ns = wp_server_times_next (&self->workers, arrival_ns), finished_ns;

      if (G_UNLIKELY (__builtin_add_overflow (started_ns, service_ns, &finished_ns)))
        return FALSE;
      wp_server_times_take (&self->workers, started_ns, finished_ns);
      wp_ring_pop (waiting);
      wp_ring_push (waiting, started_ns);
      wp_model_park (self, arrival_ns, accepted_ns);
      self->last_ns = MAX (self->last_ns, finished_ns);
      batch->blocked_total_ns += (guint64) (batch->blocked_ns[i] = accepted_ns - arrival_ns);
      batch->waits_total_ns += (guint64) (batch->waits_ns[i] = started_ns - arrival_ns);
      batch->responses_total_ns += (guint64) (batch->responses_ns[i] = finished_ns - arrival_ns);
      batch->services_total_ns += (guint64) service_ns;
      self->entered_ns = accepted_ns;
    }

  return TRUE;
}

static gboolean
offer_batch (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n)
{
  Batch batch;

  batch.blocked_total_ns = batch.waits_total_ns = batch.responses_total_ns = batch.services_total_ns = 0;
  if (!recur (self, &batch, rows, services_ns, n))
    return FALSE;
  wp_histogram_add_many (self->blocked_time, batch.blocked_ns, n, batch.blocked_total_ns);
  wp_histogram_add_many (self->wait, batch.waits_ns, n, batch.waits_total_ns);
  wp_histogram_add_many (self->response, batch.responses_ns, n, batch.responses_total_ns);
  wp_model_count_depth (self, self->entered_ns); /* it was full all the while */
  self->parked_own_ns += batch.blocked_total_ns;
  self->service_ns += batch.services_total_ns;
  self->accepted += n;
  self->blocked += n;

  return TRUE;
}

gboolean
wp_model_offer_saturated (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  for (gsize done = 0, n; done < n_rows; done += n)
    {
      n = MIN (n_rows - done, BATCH);
      if (!(is_saturated (self, rows[done + n - 1].arrival_ns)
                ? offer_batch (self, rows + done, services_ns + done, n)
                : wp_model_offer_any (self, rows + done, services_ns + done, n, NULL)))
        return FALSE;
    }

  return TRUE;
}
