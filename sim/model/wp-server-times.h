/* wp-server-times.h - the free times of the workers (Kiefer-Wolfowitz vector). */
#pragma once

#include <glib.h>

/**
 * WpServerTimes:
 * One free time per worker that was ever busy. While the times are in order (constant service, one worker,
 * light load) they are a sorted ring, O(1) per job. The first time out of order turns them into a 4-ary heap,
 * O(log n) per job (LaMarca and Ladner, 1996: four children are half a cache line). Once all workers have
 * been busy, the number is fixed and they become a tournament of losers (Knuth, The Art of Computer
 * Programming vol. 3, 5.4.1): the path to the root is known in advance, so that only comparisons depend on
 * each other.
 *
 * A plain value; wp_server_times_init() initialises it. The functions are inline, for the model's loop.
 */
typedef struct {
  gint64 *times; /* heap: root at 0, children of i from 4 i + 1, unused slots hold G_MAXINT64. Tournament: the
                  * winner at 0, the loser of match k at k, fed by matches 2 k and 2 k + 1; worker i starts at
                  * n + i */
  guint32 *players;  /* the worker of each time in a tournament; NULL: not a tournament */
  gsize n;           /* workers that were ever busy: the most jobs in service at once */
  gsize limit;       /* all workers */
  gsize mask;        /* capacity - 1; capacity is a power of two */
  gboolean in_order; /* a sorted ring, starting at @head */
  gsize head;        /* 0 in a heap */
} WpServerTimes;

void wp_server_times_init (WpServerTimes *self, guint workers);
void wp_server_times_clear (WpServerTimes *self);

/* For the inline functions: adds a worker that is free at @end; turns the ring into a heap. */
void wp_server_times_add (WpServerTimes *self, gint64 end);
void wp_server_times_leave_order (WpServerTimes *self);

/* The earliest start of a job that arrives at @arrival; @arrival itself if a worker is idle. */
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

  /* no branch: it would be unpredictable */
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

/* The earliest free worker is busy from @start, which wp_server_times_next() returned, to @end >= @start. */
G_ALWAYS_INLINE static inline void
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
          /* if the ring is full, this is the head's slot */
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
