/* wp-server-times.h - when each worker is free again; it grows only to the most that were ever busy at once.
 */
#pragma once

#include <glib.h>

/**
 * WpServerTimes:
 *
 * One free time a worker that was ever needed. While the times come in order (constant service, one worker, a
 * quiet trace) they are a sorted ring, O(1) a job; the first that does not makes them a 4-ary heap, O(log n)
 * a job (LaMarca and Ladner, 1996: four children are half a cache line). Once every worker there is was
 * needed, no more come, and they are a tournament of losers (Knuth, The Art of Computer Programming vol.
 * 3, 5.4.1): the way of the next one to the top is known before any time on it, so that nothing waits for a
 * comparison but the next comparison.
 *
 * A plain value, made by wp_server_times_init(). The functions are inline, for the model's loop.
 */
typedef struct {
  gint64 *times;     /* as a heap: root at 0, children of i from 4 i + 1; unused slots hold G_MAXINT64. As a
                      * tournament: the winner     at 0, who lost match k at k, matches 2 k and 2 k + 1 before it;
                      * worker i begins at n + i */
  guint32 *players;  /* the worker of each time of a tournament; NULL: it is none */
  gsize n;           /* workers that were ever needed: the most jobs in service at once */
  gsize limit;       /* workers there are */
  gsize mask;        /* capacity - 1; capacity is a power of two */
  gboolean in_order; /* a sorted ring instead, from @head on */
  gsize head;        /* 0 in a heap */
} WpServerTimes;

void wp_server_times_init (WpServerTimes *self, guint workers);
void wp_server_times_clear (WpServerTimes *self);

/* For those below only: one more worker is free again at @end; a ring that is one no longer takes its next
 * time. */
void wp_server_times_add (WpServerTimes *self, gint64 end);
void wp_server_times_leave_order (WpServerTimes *self);

/* The earliest time at which a worker is free for a job that arrives at @arrival, which may be @arrival
 * itself. */
static inline gint64
wp_server_times_next (const WpServerTimes *self, gint64 arrival)
{
  if (self->n < self->limit)
    return arrival;

  return MAX (arrival, self->times[self->head]);
}

static inline gsize
wp_server_times_least_child (const gint64 *times, gsize first)
{
  gsize left = first + (times[first + 1] < times[first]);
  gsize right = first + 2 + (times[first + 3] < times[first + 2]);

  /* no branch: it would be a coin's toss */
  return left + ((right - left) & -(gsize) (times[right] < times[left]));
}

static inline void
wp_server_times_replace_least (WpServerTimes *self, gint64 end)
{
  gint64 *times = self->times;
  gsize i = 0;

  for (gsize first = 1; first < self->n; first = 4 * i + 1)
    {
      gsize child = wp_server_times_least_child (times, first);

      if (times[child] >= end)
        break;
      times[i] = times[child];
      i = child;
    }
  times[i] = end;
}

static inline void
wp_server_times_replace_winner (WpServerTimes *self, gint64 end)
{
  gint64 *times = self->times;
  guint32 *players = self->players, player = players[0];

  for (gsize match = (self->n + player) / 2; match > 0; match /= 2)
    {
      gint64 ahead = times[match] - end; /* all times lie within 292 years: no overflow */
      gint64 wins = ahead >> 63;         /* no branch here either */
      guint32 exchanged = (players[match] ^ player) & (guint32) wins;

      times[match] -= ahead & wins;
      end += ahead & wins;
      players[match] ^= exchanged;
      player ^= exchanged;
    }
  times[0] = end;
  players[0] = player;
}

/* The worker that is free soonest takes a job at @start, as wp_server_times_next() said, and is free again at
 * @end >= @start. */
static inline void
wp_server_times_take (WpServerTimes *self, gint64 start, gint64 end)
{
  if (G_UNLIKELY (self->n == 0 || (self->n < self->limit && self->times[self->head] > start)))
    {
      wp_server_times_add (self, end);
      return;
    }
  if (self->in_order)
    {
      if (G_LIKELY (end >= self->times[(self->head + self->n - 1) & self->mask]))
        {
          /* with no slot spare, that is the head's own */
          self->times[(self->head + self->n) & self->mask] = end;
          self->head = (self->head + 1) & self->mask;
          return;
        }
      wp_server_times_leave_order (self);
    }
  if (self->players)
    wp_server_times_replace_winner (self, end);
  else
    wp_server_times_replace_least (self, end);
}
