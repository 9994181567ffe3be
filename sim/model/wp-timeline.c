#include "sim/model/wp-timeline.h"

#include "sim/model/wp-ring.h"

struct _WpTimeline {
  WpMoment moment;
  WpRing acceptances, leavings, parked_ends; /* to come; a model's are in order; leavings of the queue */
  GArray *finishes;                          /* to come; a binary heap of gint64 */
  gint64 last_ns;
};

WpTimeline *
wp_timeline_new (void)
{
  WpTimeline *self = g_new0 (WpTimeline, 1);

  self->finishes = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->last_ns = WP_TIME_NONE;

  return self;
}

void
wp_timeline_free (WpTimeline *self)
{
  wp_ring_clear (&self->acceptances);
  wp_ring_clear (&self->leavings);
  wp_ring_clear (&self->parked_ends);
  g_array_unref (self->finishes);
  g_free (self);
}

static void
heap_push (GArray *heap, gint64 time)
{
  gint64 *times;
  guint i = heap->len;

  g_array_append_val (heap, time);
  times = (gint64 *) heap->data;
  for (; i > 0 && times[(i - 1) / 2] > time; i = (i - 1) / 2)
    times[i] = times[(i - 1) / 2];
  times[i] = time;
}

static void
heap_pop (GArray *heap)
{
  gint64 *times = (gint64 *) heap->data;
  gint64 last = times[heap->len - 1];
  guint n = heap->len - 1, i = 0;

  for (guint child = 1; child < n; child = 2 * i + 1)
    {
      child += child + 1 < n && times[child + 1] < times[child];
      if (times[child] >= last)
        break;
      times[i] = times[child];
      i = child;
    }
  times[i] = last;
  g_array_set_size (heap, n);
}

/* A job that is dropped from the queue is as good as one that is served in no time then. */
void
wp_timeline_offer (WpTimeline *self, gint64 arrival_ns, const WpRequestResult *result)
{
  gboolean finishes = result->finished_ns != WP_TIME_NONE;

  if (result->blocked)
    {
      self->moment.parked++;
      wp_ring_push (&self->parked_ends,
                    result->accepted_ns != WP_TIME_NONE ? result->accepted_ns : result->ended_ns);
    }
  if (result->accepted_ns == WP_TIME_NONE)
    return;
  wp_ring_push (&self->acceptances, result->accepted_ns);
  wp_ring_push (&self->leavings, wp_request_result_left_queue (result));
  heap_push (self->finishes, finishes ? result->finished_ns : result->ended_ns);
  self->last_ns = MAX (self->last_ns, result->finished_ns); /* WP_TIME_NONE is less than any time */
}

static guint64
pop_until (WpRing *times, gint64 now_ns)
{
  guint64 popped = 0;

  for (; times->length > 0 && wp_ring_front (times) <= now_ns; popped++)
    wp_ring_pop (times);

  return popped;
}

WpMoment
wp_timeline_at (WpTimeline *self, gint64 now_ns)
{
  guint64 left = pop_until (&self->leavings, now_ns);

  self->moment.parked -= pop_until (&self->parked_ends, now_ns);
  self->moment.depth += pop_until (&self->acceptances, now_ns);
  self->moment.depth -= left;
  self->moment.busy += left;
  for (; self->finishes->len > 0 && g_array_index (self->finishes, gint64, 0) <= now_ns; self->moment.busy--)
    heap_pop (self->finishes);

  return self->moment;
}

static gint64
earlier (gint64 one_ns, const WpRing *times)
{
  if (times->length == 0)
    return one_ns;

  return one_ns == WP_TIME_NONE ? wp_ring_front (times) : MIN (one_ns, wp_ring_front (times));
}

gint64
wp_timeline_next (const WpTimeline *self)
{
  gint64 next_ns = self->finishes->len > 0 ? g_array_index (self->finishes, gint64, 0) : WP_TIME_NONE;

  next_ns = earlier (next_ns, &self->acceptances);
  next_ns = earlier (next_ns, &self->leavings);

  return earlier (next_ns, &self->parked_ends);
}

gint64
wp_timeline_last (const WpTimeline *self)
{
  return self->last_ns;
}
