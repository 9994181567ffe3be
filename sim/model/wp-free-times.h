/* wp-free-times.h - when each worker is free again: a heap that grows only to the most that were ever busy at once. */
#pragma once

#include <glib.h>

/**
 * WpFreeTimes:
 *
 * One free time a worker that was ever needed. While the times come in order (constant service, one worker, a quiet trace) they
 * are a sorted ring, O(1) a job; the first that does not makes them a 4-ary heap, O(log n) a job (LaMarca and Ladner, 1996:
 * four children are half a cache line).
 *
 * A plain value, made by wp_free_times_init(). The functions are inline, for the model's loop.
 */
typedef struct {
  gint64 *times;      /* as a heap: root at 0, children of i from 4 i + 1; unused slots hold G_MAXINT64 */
  gsize n;            /* workers that were ever needed: the most jobs in service at once */
  gsize limit;        /* workers there are */
  gsize mask;         /* capacity - 1; capacity is a power of two */
  gboolean in_order;  /* a sorted ring instead, from @head on */
  gsize head;         /* 0 in a heap */
} WpFreeTimes;

void wp_free_times_init (WpFreeTimes *self, guint workers);
void wp_free_times_clear (WpFreeTimes *self);

/* For the two below only: one more worker is free again at @end; the ring becomes a heap. */
void wp_free_times_add (WpFreeTimes *self, gint64 end);
void wp_free_times_make_heap (WpFreeTimes *self);

/* The earliest time at which a worker is free for a job that arrives at @arrival, which may be @arrival itself. */
static inline gint64
wp_free_times_next (const WpFreeTimes *self, gint64 arrival)
{
  if (self->n < self->limit)
    return arrival;

  return MAX (arrival, self->times[self->head]);
}

static inline gsize
wp_free_times_least_child (const gint64 *times, gsize first)
{
  gsize left = first + (times[first + 1] < times[first]);
  gsize right = first + 2 + (times[first + 3] < times[first + 2]);

  return left + ((right - left) & -(gsize) (times[right] < times[left]));   /* no branch: it would be a coin's toss */
}

static inline void
wp_free_times_replace_least (WpFreeTimes *self, gint64 end)
{
  gint64 *times = self->times;
  gsize i = 0;

  for (gsize first = 1; first < self->n; first = 4 * i + 1)
    {
      gsize child = wp_free_times_least_child (times, first);

      if (times[child] >= end)
        break;
      times[i] = times[child];
      i = child;
    }
  times[i] = end;
}

/* The worker that is free soonest takes a job at @start, as wp_free_times_next() said, and is free again at @end >= @start. */
static inline void
wp_free_times_take (WpFreeTimes *self, gint64 start, gint64 end)
{
  if (G_UNLIKELY (self->n == 0 || (self->n < self->limit && self->times[self->head] > start)))
    {
      wp_free_times_add (self, end);
      return;
    }
  if (self->in_order)
    {
      if (G_LIKELY (end >= self->times[(self->head + self->n - 1) & self->mask]))
        {
          self->times[(self->head + self->n) & self->mask] = end;   /* with no slot spare, that is the head's own */
          self->head = (self->head + 1) & self->mask;
          return;
        }
      wp_free_times_make_heap (self);
    }
  wp_free_times_replace_least (self, end);
}
