#include "sim/wp-model-private.h"

#define BATCH 256                                     /* all of it stays in the first cache */
#define DEEP_JOBS 1024                                /* below it, each depth has a bucket of its own */
#define SMALL_NS (G_GINT64_CONSTANT (1) << 53)        /* BATCH of such times add up in 64 bits, and so does one of them times DEEP_JOBS */

/* One batch, after the recursion. */
typedef struct {
  gint64 arrivals_ns[BATCH + 2];      /* and two that are never reached */
  gint64 waits_ns[BATCH], responses_ns[BATCH];
  guint64 waits_total_ns, responses_total_ns, services_total_ns;
  gint64 free_ns;                     /* the worker is, after the last */
} Batch;

/* s = max (a, F), F = s + v. FALSE: a time is so long that sums or times may overflow; nothing has been changed. */
static gboolean
recur (const WpModel *self, Batch *batch, const WpRow *rows, const gint64 *services_ns, gsize n)
{
  gint64 free_ns = self->workers.n > 0 ? self->workers.times[self->workers.head] : 0;
  gint64 all = 0;

  batch->waits_total_ns = batch->responses_total_ns = batch->services_total_ns = 0;
  for (gsize i = 0; i < n; i++)
    {
      gint64 arrival_ns = rows[i].arrival_ns;
      gint64 start_ns = MAX (arrival_ns, free_ns);

      free_ns = (gint64) ((guint64) start_ns + (guint64) services_ns[i]);
      batch->arrivals_ns[i] = arrival_ns;
      batch->waits_ns[i] = start_ns - arrival_ns;
      batch->responses_ns[i] = free_ns - arrival_ns;
      batch->waits_total_ns += (guint64) batch->waits_ns[i];
      batch->responses_total_ns += (guint64) batch->responses_ns[i];
      batch->services_total_ns += (guint64) services_ns[i];
      all |= batch->responses_ns[i] | services_ns[i] | (free_ns < 0 ? G_MAXINT64 : 0);
    }
  all |= batch->arrivals_ns[n - 1] - self->counted_ns;
  batch->arrivals_ns[n] = batch->arrivals_ns[n + 1] = G_MAXINT64;
  batch->free_ns = free_ns;

  return (guint64) all < (guint64) SMALL_NS;
}

/* Of all; total and sum are known. */
static void
count_responses (WpHistogram *histogram, const Batch *batch, gsize n)
{
  gint64 min = histogram->min, max = histogram->max;

  for (gsize i = 0; i < n; i++)
    {
      gint64 value = batch->responses_ns[i];

      histogram->weights[wp_histogram_bucket (value)]++;
      min = MIN (min, value);
      max = MAX (max, value);
    }
  histogram->min = min;
  histogram->max = max;
  histogram->total += n;
  histogram->sum += batch->responses_total_ns;
}

/* Of those that waited: the others add nothing, to a bucket that is theirs alone. */
static void
count_waits (WpHistogram *histogram, const Batch *batch, gsize n)
{
  gint64 min = histogram->min, max = histogram->max;
  guint64 waited = 0;

  for (gsize i = 0; i < n; i++)
    {
      gint64 value = batch->waits_ns[i];

      histogram->weights[wp_histogram_bucket (value)] += value > 0;
      waited += value > 0;
      min = MIN (min, value > 0 ? value : G_MAXINT64);
      max = MAX (max, value > 0 ? value : -1);
    }
  histogram->min = min;
  histogram->max = max;
  histogram->total += waited;
  histogram->sum += batch->waits_total_ns;
}

/* Merges arrivals and starts, both in order, one event a step; at one instant starts come first. A request that need not wait enters and
 * leaves at once, which takes no time. What may come next is loaded one event ahead, for the loads would be the longest link of the chain. */
static void
count_depth (WpModel *self, const Batch *batch, gsize n)
{
  WpRing *waiting = &self->waiting;
  const gint64 *starts = waiting->times, *arrivals = batch->arrivals_ns;
  guint64 *weights = self->depth->weights;
  gsize mask = waiting->mask, head = waiting->head, arrived = 0;
  gint64 depth = (gint64) waiting->length, now_ns = self->counted_ns, max = self->depth->max;
  gint64 arrival_ns, next_arrival_ns, start_ns, next_start_ns;
  guint64 sum = 0;

  for (gsize i = 0; i < n; i++)
    waiting->times[(head + waiting->length + i) & mask] = arrivals[i] + batch->waits_ns[i];
  arrival_ns = arrivals[0], next_arrival_ns = arrivals[1];
  start_ns = starts[head & mask], next_start_ns = starts[(head + 1) & mask];
  while (arrived < n)
    {
      gsize starts_first = start_ns - arrival_ns < (depth > 0);
      gint64 event_ns = starts_first ? start_ns : arrival_ns;
      guint64 passed_ns = (guint64) (event_ns - now_ns);

      weights[depth] += passed_ns;
      sum += passed_ns * (guint64) depth;
      max = passed_ns > 0 && depth > max ? depth : max;
      now_ns = event_ns;
      head += starts_first;
      arrived += 1 - starts_first;
      depth += 1 - 2 * (gint64) starts_first;
      start_ns = starts_first ? next_start_ns : start_ns;
      arrival_ns = starts_first ? arrival_ns : next_arrival_ns;
      next_start_ns = starts[(head + 1) & mask];
      next_arrival_ns = arrivals[arrived + 1];
    }
  self->depth->total += (guint64) (now_ns - self->counted_ns);
  self->depth->sum += sum;
  self->depth->max = max;
  for (gint64 least = 0; least < self->depth->min && least <= max; least++)
    if (weights[least] > 0)
      self->depth->min = least;
  self->counted_ns = now_ns;
  waiting->head = head;
  waiting->length = (gsize) depth;
}

static gboolean
offer_batch (WpModel *self, const WpRow *rows, const gint64 *services_ns, gsize n)
{
  Batch batch;

  if (!recur (self, &batch, rows, services_ns, n))
    return wp_model_offer_any (self, rows, services_ns, n, NULL);
  while (self->waiting.times == NULL || self->waiting.length + n > self->waiting.mask)
    wp_ring_grow (&self->waiting);
  count_responses (self->response, &batch, n);
  count_waits (self->wait, &batch, n);
  count_depth (self, &batch, n);
  wp_free_times_take (&self->workers, wp_free_times_next (&self->workers, rows[0].arrival_ns), batch.free_ns);
  self->entered_ns = batch.arrivals_ns[n - 1];
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
      gboolean fits = self->waiting.length + n < MIN (self->layout.queue_jobs, DEEP_JOBS) && self->entered_ns <= rows[0].arrival_ns;

      if (!(fits ? offer_batch (self, rows, services_ns, n) : wp_model_offer_any (self, rows, services_ns, n, NULL)))
        return FALSE;
      rows += n;
      services_ns += n;
      n_rows -= n;
    }

  return TRUE;
}
