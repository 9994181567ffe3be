#include <string.h>

#include "sim/model/wp-model-private.h"

#define BATCH     256  /* stays in the first-level cache */
#define DEEP_JOBS 1024 /* each smaller depth has a bucket of its own */
/* The sum of BATCH such times fits 64 bits, and so does one of them times DEEP_JOBS. */
#define SMALL_NS (G_GINT64_CONSTANT (1) << 53)

/* One batch after the recursion: all responses, and the arrivals and waits of the jobs that wait. Their
 * starts follow the earlier ones in the ring. */
typedef struct {
  gint64 arrivals_ns[BATCH + 2]; /* and two sentinels */
  gint64 waits_ns[BATCH + 1], responses_ns[BATCH];
  gsize n_waits;
  guint64 waits_total_ns, responses_total_ns, services_total_ns;
  gint64 free_ns; /* when the worker is free after the last job */
} Batch;

/* Makes the waiting jobs contiguous, with room for a batch behind them. Returns the first. */
static gint64 *
make_room (WpRing *ring)
{
  gint64 kept[DEEP_JOBS];

  while (ring->items == NULL || ring->mask + 1 < 4 * (ring->length + BATCH + 2))
    wp_ring_grow (ring);
  if ((ring->head & ring->mask) + ring->length + BATCH + 2 <= ring->mask + 1)
    return ring->items + (ring->head & ring->mask);
  for (gsize i = 0; i < ring->length; i++)
    kept[i] = ring->items[(ring->head + i) & ring->mask];
  memcpy (ring->items, kept, ring->length * sizeof *kept);
  ring->head = 0;

  return ring->items;
}

/* s = max (a, F), F = s + v. FALSE: a time is so long that sums may overflow; the model is unchanged. */
static gboolean
recur (const WpModel *self, Batch *batch, gint64 *starts_ns, const WpRow *rows, const gint64 *services_ns,
       gsize n)
{
  gint64 free_ns = self->workers.n > 0 ? self->workers.times[self->workers.head] : 0;
  gint64 all = rows[n - 1].arrival_ns - self->counted_ns, signs = 0;
  guint64 waits_ns = 0, total_ns = 0, services_total_ns = 0;
  gsize waits = 0;

  for (gsize i = 0; i < n; i++)
    {
      gint64 arrival_ns = rows[i].arrival_ns, service_ns = services_ns[i];
      gint64 start_ns = MAX (arrival_ns, free_ns), wait_ns = start_ns - arrival_ns, response_ns;

      free_ns = (gint64) ((guint64) start_ns + (guint64) service_ns);
      response_ns = (gint64) ((guint64) free_ns - (guint64) arrival_ns);
      batch->responses_ns[i] = response_ns;
      batch->arrivals_ns[waits] = arrival_ns; /* overwritten unless the job waits */
      batch->waits_ns[waits] = wait_ns;
      starts_ns[waits] = start_ns;
      waits += wait_ns > 0;
      waits_ns += (guint64) wait_ns;
      total_ns += (guint64) response_ns;
      services_total_ns += (guint64) service_ns;
      all |= response_ns | service_ns;
      signs |= free_ns;
    }
  batch->arrivals_ns[waits] = batch->arrivals_ns[waits + 1] = G_MAXINT64;
  batch->n_waits = waits;
  batch->waits_total_ns = waits_ns;
  batch->responses_total_ns = total_ns;
  batch->services_total_ns = services_total_ns;
  batch->free_ns = free_ns;

  return signs >= 0 && (guint64) all < (guint64) SMALL_NS;
}

/* Sets the least and the greatest depth that lasted for any time. */
static void
note_extremes (WpHistogram *depth, gint64 greatest)
{
  while (greatest > depth->max && depth->weights[greatest] == 0)
    greatest--;
  depth->max = MAX (depth->max, greatest);
  for (gint64 least = 0; least < depth->min && least <= depth->max; least++)
    if (depth->weights[least] > 0)
      depth->min = least;
}

/* Merges the sorted arrivals and starts, one event per step; at equal times starts come first. The next
 * candidates are loaded one event ahead, as the loads would be the critical path. */
static void
count_depth (WpModel *self, const Batch *batch, const gint64 *starts)
{
  const gint64 *arrivals = batch->arrivals_ns, *end = arrivals + batch->n_waits, *first_start = starts;
  guint64 *weights = self->depth->weights;
  gint64 depth = (gint64) self->waiting.length, now_ns = self->counted_ns,
         greatest = depth + (gint64) batch->n_waits;
  gint64 arrival_ns = arrivals[0], next_arrival_ns = arrivals[1], start_ns = starts[0],
         next_start_ns = starts[1];
  guint64 sum = 0;

  while (arrivals < end)
    {
      gsize starts_first = start_ns <= arrival_ns;
      gint64 event_ns = MIN (start_ns, arrival_ns);
      gint64 chosen = -(gint64) starts_first;
      guint64 passed_ns = (guint64) (event_ns - now_ns);

      weights[depth] += passed_ns;
      sum += passed_ns * (guint64) depth;
      now_ns = event_ns;
      /* a conditional would become an unpredictable branch */
      start_ns ^= (start_ns ^ next_start_ns) & chosen;
      arrival_ns ^= (arrival_ns ^ next_arrival_ns) & ~chosen;
      starts += starts_first;
      arrivals += 1 - starts_first;
      depth += 1 - 2 * (gint64) starts_first;
      next_start_ns = starts[1];
      next_arrival_ns = arrivals[1];
    }
  self->depth->total += (guint64) (now_ns - self->counted_ns);
  self->depth->sum += sum;
  note_extremes (self->depth, greatest);
  self->counted_ns = now_ns;
  self->waiting.head += (gsize) (starts - first_start);
  self->waiting.length = (gsize) depth;
}

static gboolean
offer_batch (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n)
{
  gint64 *starts = make_room (&self->waiting);
  Batch batch;

  if (!recur (self, &batch, starts + self->waiting.length, rows, services_ns, n))
    return wp_model_offer_general (self, rows, services_ns, n, NULL);
  wp_histogram_add_many (self->response, batch.responses_ns, n, batch.responses_total_ns);
  wp_histogram_add_many (self->wait, batch.waits_ns, batch.n_waits, batch.waits_total_ns);
  if (batch.n_waits > 0)
    count_depth (self, &batch, starts);
  wp_server_times_take (&self->workers, wp_server_times_next (&self->workers, rows[0].arrival_ns),
                        batch.free_ns);
  self->entered_ns = rows[n - 1].arrival_ns;
  self->last_ns = batch.free_ns;
  self->service_ns += batch.services_total_ns;
  self->accepted += n;

  return TRUE;
}

gboolean
wp_model_offer_single (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  while (n_rows > 0)
    {
      gsize n = MIN (n_rows, BATCH);
      gboolean fits = self->waiting.length + n < MIN (self->layout.queue_jobs, DEEP_JOBS)
                      && self->entered_ns <= rows[0].arrival_ns;

      if (!(fits ? offer_batch (self, rows, services_ns, n)
                 : wp_model_offer_general (self, rows, services_ns, n, NULL)))
        return FALSE;
      rows += n;
      services_ns += n;
      n_rows -= n;
    }

  return TRUE;
}
