/* The model whose sizes change during a run. At one instant the change comes first: what happens then,
 * happens at the new sizes. */
#include "sim/model/wp-model-private.h"

void
wp_model_changes_begin (WpModel *self, gint64 patience_ns)
{
  self->changes = g_new0 (WpModelChanges, 1);
  self->changes->started_ns = G_MININT64;
  self->changes->layout = self->layout;
  self->changes->retired = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->changes->busy = g_array_new (FALSE, FALSE, sizeof (WpJobTime));
  self->changes->patience_ns = patience_ns;
}

void
wp_model_changes_free (WpModelChanges *self)
{
  g_array_unref (self->retired);
  g_array_unref (self->busy);
  wp_time_heap_clear (&self->parked);
  g_free (self);
}

/* The change after the first @n; NULL: none. */
static const WpSizeChange *
change_after (const WpModel *self, guint n)
{
  return n < self->layout.n_changes ? &self->layout.changes[n] : NULL;
}

void
wp_model_changes_arrive (WpModel *self, gint64 arrival_ns)
{
  WpModelChanges *changes = self->changes;
  const WpSizeChange *change;

  while ((change = change_after (self, changes->policies)) && change->at_ns <= arrival_ns)
    {
      self->layout.rejects = change->rejects;
      self->layout.block_timeout_ns = change->block_timeout_ns;
      wp_model_set_patience (self, changes->patience_ns);
      changes->policies++;
    }
}

/* With fewer workers those go that are free first: while more jobs than workers are in service, none starts
 * before the number of them is below that of the workers. They come back, with the jobs that they may still
 * have, when there are more workers again. */
static void
set_workers (WpModel *self, guint workers)
{
  GArray *retired = self->changes->retired;
  WpServerTimes *times = &self->workers;
  gsize n_kept;

  for (gsize i = 0; i < times->n; i++)
    g_array_append_val (retired, times->times[(times->head + i) & times->mask]);
  g_array_sort (retired, wp_time_compare);
  n_kept = MIN (retired->len, workers);
  wp_server_times_clear (times);
  wp_server_times_init (times, workers);
  for (gsize i = retired->len - n_kept; i < retired->len; i++)
    wp_server_times_add (times, g_array_index (retired, gint64, i));
  g_array_set_size (retired, (guint) (retired->len - n_kept));
}

gint64
wp_model_changes_start (WpModel *self, gint64 arrival_ns)
{
  WpModelChanges *changes = self->changes;

  for (;;)
    {
      const WpSizeChange *change = change_after (self, changes->workers);
      gint64 started_ns = MAX (wp_server_times_next (&self->workers, arrival_ns), changes->started_ns);

      if (!change || (change->at_ns > arrival_ns && change->at_ns > started_ns))
        return started_ns;
      if (self->workers.limit != change->workers)
        set_workers (self, change->workers);
      changes->started_ns = change->at_ns;
      changes->workers++;
    }
}

/* The depth is counted up to the change: then another number of places is full. */
static void
set_queue (WpModel *self, const WpSizeChange *change)
{
  if (change->queue_jobs == self->layout.queue_jobs)
    return;
  wp_model_leave_queue_until (self, change->at_ns);
  if (self->requests > 0 && self->counted_ns < change->at_ns)
    wp_model_count_depth (self, change->at_ns);
  self->layout.queue_jobs = change->queue_jobs;
  self->full_jobs = self->layout.can_be_full && change->queue_jobs > 0 ? change->queue_jobs : G_MAXSIZE;
}

/* When the request that arrives at @arrival_ns gets a place by the present sizes. */
static gint64
find_acceptance (const WpModel *self, gint64 arrival_ns, gint64 started_ns)
{
  gsize queue_jobs = self->layout.queue_jobs, length = self->waiting.length;
  gint64 accepted_ns = MAX (arrival_ns, self->entered_ns);

  if (queue_jobs == 0)
    return started_ns;
  if (length >= queue_jobs)
    accepted_ns = MAX (accepted_ns, wp_ring_at (&self->waiting, length - queue_jobs));

  return accepted_ns;
}

gint64
wp_model_changes_accept (WpModel *self, gint64 arrival_ns, gint64 started_ns)
{
  WpModelChanges *changes = self->changes;

  for (;;)
    {
      const WpSizeChange *change = change_after (self, changes->queues);
      gint64 accepted_ns = find_acceptance (self, arrival_ns, started_ns);

      if (!change || (change->at_ns > arrival_ns && change->at_ns > accepted_ns))
        return accepted_ns;
      set_queue (self, change);
      self->entered_ns = MAX (self->entered_ns, change->at_ns);
      changes->queues++;
    }
}

void
wp_model_changes_serve (WpModel *self, gint64 from_ns, gint64 until_ns)
{
  const WpJobTime span = { from_ns, until_ns, self->changes->busy->len };

  g_array_append_val (self->changes->busy, span);
}

static void
unpark (WpModel *self, gint64 now_ns)
{
  WpTimeHeap *parked = &self->changes->parked;

  while (parked->length > 0 && *wp_time_heap_first (parked) <= now_ns)
    {
      gint64 ended_ns = *wp_time_heap_first (parked);

      self->parked_ns += (WpUint128) parked->length * (guint64) (ended_ns - self->parked_counted_ns);
      self->parked_counted_ns = ended_ns;
      wp_time_heap_pop (parked);
    }
  if (parked->length > 0)
    self->parked_ns += (WpUint128) parked->length * (guint64) (now_ns - self->parked_counted_ns);
  self->parked_counted_ns = now_ns;
}

void
wp_model_changes_park (WpModel *self, gint64 arrival_ns, gint64 ended_ns)
{
  unpark (self, arrival_ns);
  wp_time_heap_push (&self->changes->parked, ended_ns);
  self->blocked_peak = MAX (self->blocked_peak, self->changes->parked.length);
}

/* A rendezvous is full while all workers are busy, which a change of their number may begin or end. */
static void
count_rendezvous_full (WpModel *self)
{
  gint64 first_full_ns, full_ns = wp_summary_find_busy (&self->changes->layout, self->changes->busy,
                                                        self->first_ns, self->last_ns, &first_full_ns);

  self->time_full_ns += full_ns;
  if (full_ns > 0 && (self->first_full_ns == WP_TIME_NONE || first_full_ns < self->first_full_ns))
    self->first_full_ns = first_full_ns;
}

void
wp_model_changes_finish (WpModel *self)
{
  const WpSizeChange *change;

  unpark (self, G_MAXINT64);
  while ((change = change_after (self, self->changes->queues)) && change->at_ns < self->last_ns)
    {
      set_queue (self, change);
      self->changes->queues++;
    }
  if (self->layout.can_be_full)
    count_rendezvous_full (self);
}
